/** Findings, plans, changes → lines. Pure: the caller prints them. */
import chalk from "chalk";
import { type Evidence, type Finding, type Fix, isReady, type Notes, type Status } from "../findings.mts";
import { continued } from "./continued.mts";
import { diffLines } from "./diff.mts";
import { commandLine } from "../plan/command-line.mts";
import type { FileChange, Step } from "../plan/types.mts";
import { scheduleOf } from "../plan/stages.mts";
import { shellCommand } from "../render.mts";
import { counted, visible, wrap } from "../text.mts";

/** The style of lines. */
export interface Style {
  color: boolean;
  /** Columns. */
  width: number;
  /** Evidence and passes in full. */
  verbose: boolean;
  /** The reader is root: commands need no sudo. */
  root: boolean;
  /** The host has no sudo: su runs what needs root. */
  su?: boolean;
  /** Commands are for PowerShell; their long lines are not broken. */
  powershell?: boolean;
  /** Passed and skipped checks are shown too, and what was read for each. */
  passes?: boolean;
  /**
   * Why each check matters, and how to confirm that it is fixed; absent where that is not shown.
   */
  notes?: Notes;
}

type Paint = (text: string) => string;

const marks: Record<Status, { mark: string; paint: Paint }> = {
  fail: { mark: "✗", paint: (text) => chalk.red(text) },
  warn: { mark: "!", paint: (text) => chalk.yellow(text) },
  unknown: { mark: "?", paint: (text) => chalk.magenta(text) },
  pass: { mark: "✓", paint: (text) => chalk.green(text) },
  skip: { mark: "-", paint: (text) => chalk.dim(text) },
};

/** Adds colours if the style has them. chalk does not know NO_COLOR, so its own detection is not used. */
function painted(style: Style, paint: Paint): Paint {
  chalk.level = style.color ? (chalk.level || 1) : 0;
  return style.color ? paint : (text) => text;
}

/** A heading. */
export function heading(text: string, style: Style): string {
  return painted(style, (one) => chalk.bold(one))(visible(text));
}

/**
 * Findings, the worst first, then in the catalogue's order; passes are shown only if verbose. A sentence with counts
 * ends them.
 */
export function formatFindings(findings: Finding[], style: Style): string[] {
  const order: Status[] = style.verbose ? ["fail", "warn", "unknown", "pass", "skip"] : [
    "fail",
    "warn",
    "unknown",
  ];
  const sorted = order.flatMap((status) => findings.filter((finding) => finding.status === status));
  const lines = formatAll(sorted, style);
  if (style.passes && !style.verbose) {
    lines.push(
      ...findings.filter(({ status }) => status === "pass").flatMap((finding) => formatFinding(finding, style)),
    );
  }
  if (style.passes && !style.verbose) lines.push(...skipped(findings, style));
  return [...lines, "", ...wrap(sentence(findings), style.width)];
}

/** The skipped checks, grouped by reason. */
function skipped(findings: Finding[], style: Style): string[] {
  const skips = findings.filter(({ status }) => status === "skip");
  return [...new Set(skips.map(({ message }) => message))].flatMap((message) => {
    const same = skips.filter((finding) => finding.message === message);
    const ids = [...new Set(same.map(({ check, machine }) => (machine ? `${check} (${machine})` : check)))];
    return [
      ...marked("skip", visible(`${ids.join(", ")}: ${message}`), style),
      ...same[0]!.fix.flatMap((one) => formatFix(one, style)),
    ];
  });
}

/** Findings in full; why a check matters and how to confirm it is shown once. */
export function formatAll(findings: Finding[], style: Style): string[] {
  const shown = new Set<string>();
  return findings.flatMap((finding) => {
    const { check, status } = finding;
    const own = shown.has(check) ? { ...style, notes: {} } : style;
    if (status !== "pass" && status !== "skip") shown.add(check);
    return formatFinding(finding, own);
  });
}

/** One finding: mark, check, machine, text; then how to fix it; verbose, what was read. */
export function formatFinding(finding: Finding, style: Style): string[] {
  const { check, machine, status, message, fix } = finding;
  const about = machine ? `${check} (${machine}): ` : `${check}: `;
  const detailed = status === "fail" || style.verbose || style.passes;
  return [
    ...marked(status, visible(about + message), style),
    ...(detailed ? evidenceLines(finding, style) : []),
    ...(["fail", "warn", "unknown"].includes(status) ? mending(check, status, fix, style) : []),
  ];
}

/** The evidence that neither message nor fix contains; with verbose, all of it. */
export function evidenceLines({ message, evidence, fix }: Finding, style: Style): string[] {
  const dim = painted(style, (text) => chalk.dim(text));
  return evidence.flatMap((one) => {
    const { read, value } = one;
    const text = style.verbose || !isSaid(message, one) ? `${read}: ${value}` : read;
    const isRepeated = text === read &&
      (!/\S:\d+$|\.ya?ml$/.test(read) || fix.some(({ title }) => title.includes(read)));
    return isRepeated ? [] : wrap(visible(text), style.width, "    ", "      ").map(dim);
  });
}

/** Whether a message contains a fact: its value, or the name of a program that was not found. */
function isSaid(message: string, { read, value }: Evidence): boolean {
  const program = /^(\S+) in PATH$/.exec(read)?.[1];
  return program && value === "not found" ? message.includes(program) : value.length > 3 && message.includes(value);
}

/** Why it matters, how to fix it, and how to confirm that. */
function mending(check: string, status: Status, fix: Fix[], style: Style): string[] {
  const dim = painted(style, (text) => chalk.dim(text));
  const note = style.notes?.[check];
  const explains = note && (status === "fail" || style.verbose);
  return [
    ...(explains ? wrap(`why: ${note.why}`, style.width, "    ", "      ").map(dim) : []),
    ...fix.flatMap((one) => formatFix(one, style)),
    ...(explains && fix.length > 0 ? wrap(`to confirm: ${note.confirm}`, style.width, "    ", "      ").map(dim) : []),
  ];
}

/** A text after the mark of a status. */
export function marked(status: Status, text: string, style: Style): string[] {
  const { mark, paint } = marks[status];
  const [first = "", ...more] = wrap(text, style.width, `${mark} `);
  return [painted(style, paint)(mark) + first.slice(mark.length), ...more];
}

/** Items of one or more lines, with their numbers; further lines are indented below the first. */
export function formatNumbered(items: string[][]): string[] {
  return items.flatMap((lines, i) => lines.map((line, j) => (j === 0 ? `  ${i + 1}. ${line}` : `   ${line}`)));
}

/** What to do, and the command that does it. */
export function formatFix({ title, command: run, root, reboot }: Fix, style: Style): string[] {
  const text = title + (reboot && run !== "reboot" ? ", then reboot" : "") + (run ? ":" : "");
  const command = run && (root && !style.root ? asRoot(run, style.su) : run);
  return [
    ...wrap(visible(text), style.width, "  → ", "    "),
    ...(command ? commandLines(visible(command), style) : []),
  ];
}

function commandLines(command: string, style: Style): string[] {
  const lines = style.powershell ? [`      ${command}`] : continued(command, style.width, "      ");
  return lines.map(painted(style, (text) => chalk.bold(text)));
}

/** su keeps the user's PATH, which on Debian lacks the folders of root's programs (su(1), ALWAYS_SET_PATH). */
export const inRootsPath = (run: string): string => `PATH=$PATH:/usr/sbin:/sbin; ${run}`;

/**
 * A command line that needs root, for a user who is not root: each of its commands gets a sudo. `su`: the host has no
 * sudo.
 */
export function asRoot(run: string, su = false): string {
  return su ? `su -c ${shellCommand(inRootsPath(run))}` : run.split(" && ").map((part) => `sudo ${part}`).join(" && ");
}

/** How many findings of each status there are: `3 passed`, `1 warning`. What was skipped is not counted. */
export function countsOf(findings: Finding[]): string[] {
  const count = (status: Status) => findings.filter((finding) => finding.status === status).length;
  const [fails, warns, unknowns, passes] = [count("fail"), count("warn"), count("unknown"), count("pass")];
  return [
    ...(passes > 0 ? [`${passes} passed`] : []),
    ...(warns > 0 ? [counted(warns, "warning")] : []),
    ...(unknowns > 0 ? [`${unknowns} unknown`] : []),
    ...(fails > 0 ? [`${fails} failed`] : []),
  ];
}

/** The verdict on all findings, with their counts. */
export function sentence(findings: Finding[]): string {
  const has = (...statuses: Status[]) => findings.some(({ status }) => statuses.includes(status));
  const verdict = has("fail")
    ? "Not ready"
    : !has("pass", "warn")
    ? "Nothing was checked"
    : isReady(findings)
    ? "Ready"
    : "Not everything was checked";
  return `${[verdict, countsOf(findings).join(", ")].filter(Boolean).join(": ")}.`;
}

/**
 * What `up` would write and run. `brief`: the new files of a folder in one line, and steps without their commands; a
 * change to a file is shown all the same.
 */
export function formatPlan(
  folder: string,
  changes: FileChange[],
  steps: Step[],
  style: Style,
  brief = false,
): string[] {
  const green = painted(style, (text) => chalk.green(text));
  const red = painted(style, (text) => chalk.red(text));
  const bold = painted(style, (text) => chalk.bold(text));
  const written = changes.filter(({ change }) => change !== "same");
  const lines = written.length > 0 ? [bold(`Files in ${folder}:`)] : [];
  const linesOf = ({ text }: FileChange) => text.split("\n").length - 1;
  const [created, updated] = ["create", "update"].map((kind) => written.filter(({ change }) => change === kind));
  for (const files of brief ? byFolder(created!) : created!.map((file) => [file])) {
    const [{ path, text, secret }] = files as [FileChange];
    const name = files.length === 1 ? path : `${folderOf(path)}: ${counted(files.length, "file")}`;
    const count = files.reduce((sum, file) => sum + linesOf(file), 0);
    lines.push(green(`  + ${name}`) + ` (${counted(count, "line")})`);
    if (style.verbose && !secret) {
      for (const line of text.replace(/\n$/, "").split("\n")) lines.push(`      ${visible(line)}`);
    }
  }
  for (const { path, before, text, secret } of updated!) {
    lines.push(`  ~ ${path}`);
    if (secret) continue;
    lines.push(
      ...diffLines(before, text).map(visible).map((line) =>
        `      ${line.startsWith("+") ? green(line) : line.startsWith("-") ? red(line) : line}`
      ),
    );
  }
  if (steps.length > 0) lines.push(...(lines.length > 0 ? [""] : []), bold(`Steps, in ${folder}:`));
  steps.forEach((step, i) => {
    const command = visible(`$ ${commandLine(step)}`);
    const shown = brief ? [] : style.powershell ? [`     ${command}`] : continued(command, style.width, "     ");
    lines.push(`  ${i + 1}. ${step.title}${step.here ? " (on this machine)" : ""}`, ...shown);
  });
  if (scheduleOf(steps).some((queues) => queues.length > 1)) {
    lines.push(...wrap("Steps of different boxes, and of different machines, run side by side.", style.width, "  "));
  }
  return lines.length > 0 ? lines : ["Nothing to do."];
}

/** The folder of a file, without those below that of a box. */
const folderOf = (path: string) => /^(packer\/[^/]+|[^/]+)(?=\/)/.exec(path)?.[0] ?? "";

/** Files of one folder together, in the order of the first of each; those in no folder alone. */
function byFolder(files: FileChange[]): FileChange[][] {
  const keyOf = ({ path }: FileChange) => folderOf(path) || path;
  return [...new Set(files.map(keyOf))].map((key) => files.filter((file) => keyOf(file) === key));
}
