import { notesFor } from "../../checks/index.mts";
import { explainFindings } from "../../findings.mts";
import { makePlan } from "../../plan/plan.mts";
import { formatFindings, formatPlan } from "../print.mts";
import { diffFiles } from "../../run/steps.mts";
import { type Context, inspect, log, readTexts, styleFor } from "../context.mts";
import { jsonText } from "../../urls.mts";

/** `plan [machine…]`: what `up` would write and run. Touches nothing. */
export async function plan(session: Context): Promise<number> {
  const { shell, options } = session;
  const found = await inspect(session, undefined, session.args);
  const { loaded, names, settled, host, lab } = found;
  const { files, steps, findings: stops } = makePlan(settled, host, lab, await readTexts(session, loaded.config), {
    recreate: options.recreate,
    names,
  });
  const changes = await diffFiles(session.shell, loaded.folder, files);
  const findings = [...found.findings, ...stops];
  const ok = !findings.some(({ status }) => status === "fail");
  if (options.json) {
    const shown = {
      schema: "homelab-gpu/plan/2",
      files: changes.map(({ path, change, text, secret }) => ({ path, change, text: secret ? null : text })),
      steps: steps.map(({ title, command, cwd = "." }) => ({ title, command, cwd })),
      findings: explainFindings(findings, notesFor(host)),
    };
    shell.stdout(`${jsonText(shown)}\n`);
    return ok ? 0 : 1;
  }
  log(session, `config: ${loaded.name}`);
  const withheld = [...loaded.withheldServices, ...found.withheld];
  if (withheld.length > 0) {
    log(session, `without a GPU these services are left out: ${withheld.join(", ")}`);
  }
  const look = { ...styleFor(session, "out", host), notes: notesFor(host) };
  const lines = ok
    ? formatPlan(loaded.folder, changes, steps, look)
    : [...formatPlan(loaded.folder, changes, steps, look), "", "Fix this first:"];
  shell.stdout(`${[...lines, ...(ok ? [] : formatFindings(findings, look))].join("\n")}\n`);
  return ok ? 0 : 1;
}
