import { UserError } from "../../errors.mts";
import { asFinding, likelyCauses } from "../../verify/failures/index.mts";
import { formatFinding } from "../print.mts";
import { type Context, log, readNamed, styleFor } from "../context.mts";
import { wrap } from "../../text.mts";

const unknown = [
  "nothing in this log is known to homelab-gpu",
  "→ Look at the first error in it: later ones often follow from that. Texts are known in English only (LC_ALL=C)",
  "→ What stands in the way on this host: npx zx homelab-gpu.mts doctor",
  "→ What does not work in a running VM: npx zx homelab-gpu.mts verify",
];

/** `explain [LOG]`: what the errors in a log mean and what mends them. Without LOG, or for `-`, standard input. */
export async function explain(session: Context): Promise<number> {
  const { shell, options, args: [path = "-", ...more] } = session;
  if (more.length > 0) throw new UserError(`explain takes one LOG, and no ${more[0]}`);
  if (path === "-" && shell.terminal.in) log(session, "reading standard input; Ctrl-D ends it");
  const text = await readNamed(shell, path);
  const causes = likelyCauses(text);
  if (options.json) {
    shell.stdout(`${JSON.stringify({ schema: "homelab-gpu/explain/2", causes }, null, 2)}\n`);
  } else {
    const look = styleFor(session, "out");
    const lines = causes.length > 0
      ? causes.flatMap((cause) => formatFinding(asFinding(cause), look))
      : unknown.flatMap((text, i) => wrap(text, look.width, i > 0 ? "  " : "", "    "));
    shell.stdout(`${lines.join("\n")}\n`);
  }
  return causes.length > 0 ? 0 : 1;
}
