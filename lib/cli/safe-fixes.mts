/** Runs the fixes that are safe to run unasked, or after a question. */
import type { Finding, Fix } from "../findings.mts";
import { powershell } from "../host/windows.mts";
import type { Host } from "../host/types.mts";
import type { Step } from "../plan/types.mts";
import type { Lock } from "../run/lock.mts";
import { runSteps } from "../run/steps.mts";
import { UserError } from "../errors.mts";
import { type Context, hasNoSudo, log, reporterOf, styleFor } from "./context.mts";
import { inspect, type Inspection } from "./inspect.mts";
import { asRoot, formatFinding } from "./print.mts";

/**
 * Runs the safe fixes, if `--yes` or a person agrees, as long as each round changes the findings;
 * returns the inspection after them. No command runs twice. Throws {@link UserError} if the fix of a
 * failure fails; if that of a warning fails, it says so, and the warning stays.
 */
export async function applySafeFixes(
  context: Context,
  first: Inspection,
  take: () => Promise<Lock>,
): Promise<Inspection> {
  const { shell, options } = context;
  let found = first;
  const ran = new Set<string>();
  const untried = (findings: Finding[]) => safeFixes(findings).filter(({ command }) => !ran.has(command!));
  const run = async (findings: Finding[]) => {
    const fixes = untried(findings);
    if (fixes.length === 0) return;
    for (const { command } of fixes) ran.add(command!);
    const steps = fixes.map((fix) => fixStep(fix, found.host));
    await runSteps(reporterOf(context), found.loaded.folder, steps, await take());
  };
  for (let round = 0; round < 4; round++) {
    const fails = found.findings.filter(({ status }) => status === "fail");
    const warnings = found.findings.filter(({ status }) => status === "warn");
    // a safe fix does not help while another failure has none
    if (untried([...fails, ...warnings]).length === 0 || fails.some((finding) => safeFixes([finding]).length === 0)) {
      return found;
    }
    if (!options.yes) {
      if (fails.length === 0 || !shell.terminal.in) return found;
      shell.stderr(
        `${fails.flatMap((finding) => formatFinding(finding, styleFor(context, "err", found.host))).join("\n")}\n`,
      );
      if (!(await shell.confirm("Run these commands?"))) return found;
    }
    await run(fails);
    try {
      await run(warnings);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      log(context, `${error.message}\nthis was the fix of a warning: the command goes on without it`);
    }
    const next = await inspect(context, found.loaded, context.args, "unproven");
    if (JSON.stringify(next.findings) === JSON.stringify(found.findings)) return next;
    found = next;
  }
  return found;
}

function safeFixes(findings: Finding[]): Fix[] {
  return findings.flatMap(({ fix }) => fix.filter(({ safe, command }) => safe && command));
}

function fixStep({ title, command, root }: Fix, host: Host): Step {
  if (host.os.platform === "windows") {
    return { title, command: powershell("-Command", command!) };
  }
  const sudo = root && host.uid !== 0;
  const run = sudo ? asRoot(command!, hasNoSudo(host)) : command!;
  return { title, command: ["sh", "-c", run], ...(sudo ? { terminal: true } : {}) };
}
