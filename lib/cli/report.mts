/** Prints findings and VMs. */
import { notesFor } from "../checks/index.mts";
import type { Finding } from "../findings.mts";
import type { Host } from "../host/types.mts";
import { counted } from "../text.mts";
import { type Context, log, selfFor, styleFor } from "./context.mts";
import type { Inspection } from "./inspect.mts";
import { formatFinding, formatFindings } from "./print.mts";
import { fittedLines } from "./screen.mts";
import { unseen } from "./seen-warnings.mts";

/** Prints findings to standard output. */
export function printFindings(context: Context, findings: Finding[], host: Host): void {
  const style = { ...styleFor(context, "out", host), notes: notesFor(host) };
  context.shell.stdout(`${formatFindings(findings, style).join("\n")}\n`);
}

/** Prints the findings of checks to standard output: on a terminal, so that they fit. */
export function printChecks(context: Context, findings: Finding[], host: Host): void {
  context.shell.stdout(`${checkLines(context, findings, host).join("\n")}\n`);
}

/** What {@link printChecks} prints, below one line. */
export function checkLines(context: Context, findings: Finding[], host: Host): string[] {
  const { out, rows = 24 } = context.shell.terminal;
  const style = { ...styleFor(context, "out", host), notes: notesFor(host) };
  const next = { text: "Next: see more with", command: selfFor(context, "doctor") };
  // the line above, and the prompt
  return fittedLines(findings, style, out ? rows - 2 : undefined, next);
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
