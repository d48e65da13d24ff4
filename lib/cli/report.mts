/** Prints findings and VMs. */
import { notesFor } from "../checks/index.mts";
import { movedTo, thisMachine, wordFor } from "../config/placed.mts";
import type { Config } from "../config/types.mts";
import type { Finding } from "../findings.mts";
import type { Lab } from "../host/lab.mts";
import type { Host } from "../host/types.mts";
import { counted } from "../text.mts";
import { type Context, log, selfFor, styleFor } from "./context.mts";
import type { Inspection } from "./inspect.mts";
import { formatFinding, formatFindings } from "./print.mts";
import { unseen } from "./seen-warnings.mts";

/** Prints findings to standard output. */
export function printFindings(context: Context, findings: Finding[], host: Host): void {
  const style = { ...styleFor(context, "out", host), notes: notesFor(host) };
  context.shell.stdout(`${formatFindings(findings, style).join("\n")}\n`);
}

/** Prints the warnings: in full those that no earlier run showed, of the others their number. */
export async function printWarnings(context: Context, { findings, host, loaded }: Inspection): Promise<void> {
  if (context.options.quiet) return;
  const style = styleFor(context, "err", host);
  const warnings = findings.filter(({ status }) => status === "warn" || status === "unknown");
  const { fresh, seen } = context.options.verbose
    ? { fresh: warnings, seen: 0 }
    : await unseen(context.shell, loaded.folder, warnings);
  const lines = fresh.flatMap((finding) => formatFinding(finding, style));
  if (lines.length > 0) context.shell.stderr(`${lines.join("\n")}\n`);
  if (seen > 0) {
    log(
      context,
      `${counted(seen, "warning")} already shown by an earlier run: ${selfFor(context, "doctor")} shows them`,
    );
  }
}

/**
 * Prints a plan's own warnings, such as a VM whose box changed, in full: no other command than
 * `plan` and `status` shows them.
 */
export function printOutdated(context: Context, findings: Finding[], host: Host): void {
  if (context.options.quiet) return;
  const style = styleFor(context, "err", host);
  const lines = findings.filter(({ status }) => status === "warn").flatMap((finding) => formatFinding(finding, style));
  if (lines.length > 0) context.shell.stderr(`${lines.join("\n")}\n`);
}

/** Logs the VMs that the config no longer has, or has on another host. */
export function logOrphans(context: Context, { orphans }: Lab, config: Config): void {
  for (const [name, { state, cardTaken }] of Object.entries(orphans)) {
    const moved = movedTo(config, name);
    const host = context.on?.name;
    const where = moved ? `is on ${moved.host ?? thisMachine} in the config` : "is no longer in the config";
    const here = moved ? ` on ${host ?? thisMachine}` : "";
    // its name alone is the VM on the host that the config has for it
    const word = moved ? wordFor(host, name) : name;
    if (state === "absent" && !cardTaken) {
      log(context, `${name} ${where}, and its data disk still exists${here}; to remove it: destroy ${word} --data`);
      continue;
    }
    const left = state === "absent" ? "its card is not back on the host" : `its VM still exists${here}`;
    const fix = state === "absent" ? "to return it" : "to remove it";
    log(context, `${name} ${where}, and ${left}; ${fix}: destroy ${word}`);
  }
}
