import process from "node:process";
import type { Host } from "../../host/types.mts";
import {
  asFinding,
  type Cause,
  failures,
  firstError,
  likelyCauses,
  type Setting,
} from "../../verify/failures/index.mts";
import { checks } from "../../checks/index.mts";
import { idsNamed, unknownCheck } from "../check-names.mts";
import { type Context, log, styleFor } from "../context.mts";
import { readProbe } from "../probe.mts";
import { loadConfig } from "../load-config.mts";
import { formatFinding } from "../print.mts";
import { rowsOf } from "../screen.mts";
import { asset } from "../../plan/assets.mts";
import { decodeLog } from "../../encoding.mts";
import { parseHost } from "../../host/parse.mts";
import { failedStep } from "../../run/failed.mts";
import { UserError } from "../../errors.mts";
import { machineIds } from "../../findings.mts";
import { wrap, wrapBefore } from "../../text.mts";
import { self } from "../../self.mts";
import { jsonText } from "../../urls.mts";

/** What to do about a log without a known error. */
function unknownLines(text: string, width: number): string[] {
  const step = [width, "  → ", "    "] as const;
  const isEmpty = text.trim() === "";
  const first = isEmpty ? "this log is empty" : "homelab-gpu knows no error in this log";
  const error = firstError(text);
  const read = isEmpty
    ? wrapBefore("Give a file with text, or pipe a command's output:", `COMMAND 2>&1 | ${self("explain -")}`, ...step)
    : [
      ...(error
        ? wrap(`Read the first error and the lines around it. Line ${error.number}: ${error.line}`, ...step)
        : wrap("No line reports an error: use the output with the error", ...step)),
      ...wrap("Most texts are known in English only: repeat the command with LC_ALL=C", ...step),
    ];
  return [
    ...wrap(first, width),
    ...read,
    ...wrapBefore("Check this host:", self("doctor"), ...step),
    ...wrapBefore("Check a running VM:", self("verify"), ...step),
  ];
}

/** Bytes of a log that are read: the end of a longer one, where a program reports why it failed. */
const limit = 64 * 2 ** 20;

/**
 * `explain [LOG or CHECK]`: what the errors in a log mean and how to fix them; for the id of a
 * check or of a group, its page. `-` is standard input. Without an argument: on a terminal the log of the
 * last step that failed, elsewhere standard input.
 */
export async function explain(context: Context): Promise<number> {
  const { shell, options, args: [word, ...more] } = context;
  if (more.length > 0) throw new UserError(`explain takes one LOG, but got ${more[0]} too`);
  const host = options.host ? parseHost(await readProbe(context)) : undefined;
  const lines = word === undefined ? [] : await pageOf(context, word);
  if (lines.length > 0) {
    shell.stdout(`${lines.join("\n")}\n`);
    return 0;
  }
  const { text, setting } = word === undefined && shell.terminal.in
    ? await lastFailed(context, host)
    : { text: await readLog(context, word ?? "-"), setting: host ? { host } : {} };
  return report(context, likelyCauses(text, setting), text);
}

function report(context: Context, causes: Cause[], text: string): number {
  const { shell, options } = context;
  if (options.json) {
    shell.stdout(`${jsonText({ schema: "homelab-gpu/explain/2", causes })}\n`);
  } else {
    const style = styleFor(context, "out");
    const { out, rows = Infinity } = shell.terminal;
    const lines = causes.length > 0
      ? fitting(
        causes.map((cause) => formatFinding(asFinding(cause), style)),
        out && !style.verbose ? rows : Infinity,
        style.width,
      )
      : unknownLines(text, style.width);
    shell.stdout(`${lines.join("\n")}\n`);
  }
  return causes.length > 0 ? 0 : 1;
}

/** The first causes, at least one, as many as fit a screen of that size, and how many more there are. */
function fitting(causes: string[][], rows: number, width: number): string[] {
  const all = causes.flat();
  if (rowsOf(all, width) < rows) return all;
  // a line for the others, one for the prompt
  let count = causes.length;
  while (count > 1 && rowsOf(causes.slice(0, count).flat(), width) + 2 > rows) count--;
  const more = causes.length - count;
  return [...causes.slice(0, count).flat(), ...(more > 0 ? [`and ${more} more, less likely (-v shows all)`] : [])];
}

/** The end of a log. Throws {@link UserError} if the file does not exist. */
async function readLog(context: Context, path: string): Promise<string> {
  if (path === "-" && context.shell.terminal.in) log(context, "paste the log, then press Ctrl-D");
  const read = await context.shell.readTail(path, limit).catch((error: unknown) => {
    throw error instanceof UserError ? new UserError(error.message) : error;
  });
  if (read === undefined) {
    // build.out is a file, gpu.nope a check
    const isName = /^[a-z]+(\.[a-z-]+)?$/i.test(path) && !/\.(log|txt|out|err)$/i.test(path);
    throw new UserError(
      isName
        ? unknownCheck(`there is no file and no check ${path}`, path, explainableIds())
        : `there is no file ${path}`,
    );
  }
  const { text, skipped } = read;
  if (skipped > 0) {
    const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
    log(
      context,
      `the log is large: only its last ${mib(limit)} MiB are read, ${
        mib(skipped)
      } MiB before them are skipped; line numbers start there`,
    );
  }
  return decodeLog(text);
}

/**
 * The log of the last step that failed, and what is known of the place where it ran: this host,
 * unless another is named.
 */
async function lastFailed(context: Context, named: Host | undefined): Promise<{ text: string; setting: Setting }> {
  const folder = await loadConfig(context).then(({ folder }) => folder, () => `${process.cwd()}/.homelab-gpu`);
  const failed = await failedStep(context.shell, folder);
  if (!failed && context.on) throw new UserError("no step failed in the last run", 1);
  if (!failed) log(context, "no step failed in the last run here");
  if (!failed) return { text: await readLog(context, "-"), setting: named ? { host: named } : {} };
  const { title, log: path, program } = failed;
  log(context, `the last step that failed: ${title} (${path}); to read standard input instead: explain -`);
  const text = await readLog(context, path);
  const host = named ?? await readProbe(context).then(parseHost, () => undefined);
  return { text, setting: { program, ...(host ? { host } : {}) } };
}

/** The ids of which a page can be shown. */
const explainableIds = () => [...checks.map(({ id }) => id), ...machineIds];

/**
 * The pages of a check, or of each one in a group; none where neither has that name. The page of one check lists as
 * many errors of logs as the screen has lines for.
 */
async function pageOf(context: Context, name: string): Promise<string[]> {
  const { shell, options: { verbose: isVerbose } } = context;
  const ids = idsNamed(name, explainableIds());
  if (ids.length === 0) return [];
  const pages = (await asset(shell, "lib/checks/README.md")).split(/^## /m);
  const { out, rows = Infinity } = shell.terminal;
  for (let most = isVerbose ? Infinity : mostErrors;; most--) {
    const lines = wrapped(
      ids.flatMap((id, i) => [
        ...(i > 0 ? [""] : []),
        ...checkLines(id, pages.find((page) => page.startsWith(`${id}\n`)) ?? "", most),
      ]),
      styleFor(context, "out").width,
    );
    if (isVerbose || ids.length > 1 || !out || lines.length < rows || most === 0) return lines;
  }
}

/** Lines of a page in that many columns. The own command that a line ends with is not broken. */
function wrapped(page: string[], width: number): string[] {
  const own = self("");
  return page.flatMap((line) => {
    const at = line.indexOf(own);
    if (at > 0) return wrapBefore(line.slice(0, at).trimEnd(), line.slice(at), width, "", "    ");
    return wrap(line, width, "", line.startsWith("  - ") ? "    " : "  ");
  });
}

/** Errors of logs that a page lists; with `-v`, all of them. */
const mostErrors = 3;

/** One page: its section of lib/checks/README.md without Markdown, and at most so many errors that lead to it. */
function checkLines(id: string, page: string, most: number): string[] {
  const errors = failures().filter((failure) => failure.check === id).map(({ message }) => message);
  const shown = errors.slice(0, most);
  const rest = errors.length - shown.length;
  const command = id.startsWith("verify.")
    ? "verify"
    : machineIds.some((one) => one === id)
    ? undefined
    : `doctor ${id}`;
  // as in Markdown, a line that begins no part continues the one above
  const parts = page.split("\n").slice(1).join(" ").split(/ (?=\*\*[A-Z])/).map((one) => one.trim()).filter(Boolean);
  const text = parts.map((part) =>
    `  ${
      part.replace(/^\*\*(.*?)\*\* /, "$1: ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/`\.$/, "`")
        .replaceAll("`", "")
    }`
  );
  return [
    id,
    ...text,
    ...(command === undefined ? [] : [`  Run it: ${self(command)}`]),
    ...(shown.length > 0 ? ["  Errors in logs that lead here:", ...shown.map((error) => `  - ${error}`)] : []),
    ...(rest > 0
      ? [
        shown.length > 0
          ? `  - and ${rest} more (-v shows all)`
          : `  Errors in logs that lead here: ${rest} (-v shows all)`,
      ]
      : []),
  ];
}
