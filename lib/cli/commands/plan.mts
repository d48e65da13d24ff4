import { notesFor } from "../../checks/index.mts";
import { makePlan } from "../../plan/plan.mts";
import { findingLines, planLines } from "../print.mts";
import { changesOf } from "../../run/steps.mts";
import { lookOf, readTexts, type Session, survey, talk } from "../context.mts";

/** `plan [machine…]`: what `up` would write and run. Touches nothing. */
export async function plan(session: Session): Promise<number> {
  const { shell, options } = session;
  const found = await survey(session, undefined, session.words);
  const { source, names, settled, host, lab } = found;
  const { files, steps, findings: stops } = makePlan(settled, host, lab, await readTexts(session, source.config), {
    recreate: options.recreate,
    names,
  });
  const changes = await changesOf(session, source.folder, files);
  const findings = [...found.findings, ...stops];
  const ok = !findings.some(({ status }) => status === "fail");
  if (options.json) {
    const shown = {
      schema: "homelab-gpu/plan/1",
      files: changes.map(({ path, change, text }) => ({ path, change, text })),
      steps: steps.map(({ title, command, cwd = "." }) => ({ title, command, cwd })),
      findings,
    };
    shell.print(`${JSON.stringify(shown, null, 2)}\n`);
    return ok ? 0 : 1;
  }
  talk(session, `config: ${source.name}`);
  if (source.left.length > 0) talk(session, `without a GPU these services are left out: ${source.left.join(", ")}`);
  const look = { ...lookOf(session, "out", host), notes: notesFor(host) };
  const lines = ok
    ? planLines(source.folder, changes, steps, look)
    : [...planLines(source.folder, changes, steps, look), "", "Not before this is mended:"];
  shell.print(`${[...lines, ...(ok ? [] : findingLines(findings, look))].join("\n")}\n`);
  return ok ? 0 : 1;
}
