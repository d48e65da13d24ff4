import process from "node:process";
import type { Check } from "../../findings.mts";
import type { Host } from "../../host/types.mts";
import { asFinding, type Cause, failures, likelyCauses, type Setting } from "../../verify/failures/index.mts";
import { checks } from "../../checks/index.mts";
import { lookOf, readNamed, readProbe, readSource, type Session, talk } from "../context.mts";
import { oneFinding } from "../print.mts";
import { parseHost } from "../../host/parse.mts";
import { failedStep } from "../../run/failed.mts";
import { Trouble } from "../../errors.mts";
import { noSuch, wrapped } from "../../text.mts";

const unknown = [
  "nothing in this log is known to homelab-gpu",
  "→ Look at the first error in it: later ones often follow from that. Texts are known in English only (LC_ALL=C)",
  "→ What stands in the way on this host: npx zx homelab-gpu.mts doctor",
  "→ What does not work in a running VM: npx zx homelab-gpu.mts verify",
];

/** Bytes of a log that are read: of a longer one its end, where a program says why it gave up. */
const limit = 64 * 2 ** 20;

/**
 * `explain [LOG or CHECK]`: what the errors in a log mean and what mends them; for the id of a check or of a group, its page. `-` is
 * standard input. Without a word: the log of the last step that failed where a person types, standard input elsewhere.
 */
export async function explain(session: Session): Promise<number> {
  const { shell, options, words: [word, ...more] } = session;
  if (more.length > 0) throw new Trouble(`explain takes one LOG, and no ${more[0]}`);
  const host = options.host ? parseHost(await readNamed(shell, options.host)) : undefined;
  const page = word === undefined ? [] : pageOf(word, host?.os.platform ?? platforms[shell.platform] ?? "linux");
  if (page.length > 0) {
    shell.print(page.flatMap((line) => wrapped(line, lookOf(session, "out").width, "", "  ")).join("\n") + "\n");
    return 0;
  }
  const { text, setting } = word === undefined && shell.terminal.in
    ? await lastFailed(session, host)
    : { text: await readLog(session, word ?? "-"), setting: host ? { host } : {} };
  return report(session, likelyCauses(text, setting));
}

function report(session: Session, causes: Cause[]): number {
  const { shell, options } = session;
  if (options.json) {
    shell.print(`${JSON.stringify({ schema: "homelab-gpu/explain/1", causes }, null, 2)}\n`);
  } else {
    const look = lookOf(session, "out");
    const lines = causes.length > 0
      ? causes.flatMap((cause) => oneFinding(asFinding(cause), look))
      : unknown.flatMap((text, i) => wrapped(text, look.width, i > 0 ? "  " : "", "    "));
    shell.print(`${lines.join("\n")}\n`);
  }
  return causes.length > 0 ? 0 : 1;
}

/** The end of a log. Throws {@link Trouble} where there is none. */
async function readLog(session: Session, path: string): Promise<string> {
  if (path === "-" && session.shell.terminal.in) talk(session, "reading standard input; Ctrl-D ends it");
  const read = await session.shell.tail(path, limit).catch((error: unknown) => {
    throw error instanceof Trouble ? new Trouble(error.message) : error;
  });
  if (read === undefined) {
    throw new Trouble(
      /^[a-z]+\.[a-z-]+$/.test(path)
        ? `there is no file ${path}, and ${noSuch("check", path, known()).replace(/^there is /, "")}`
        : `there is no file ${path}`,
    );
  }
  const { text, skipped } = read;
  if (skipped > 0) {
    const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
    talk(
      session,
      `the log is large: its last ${mib(limit)} MiB are read, ${
        mib(skipped)
      } MiB before them are not; lines count from there`,
    );
  }
  return text;
}

/** The log of the last step that failed, and what is known of the place where it ran: this host, unless another is named. */
async function lastFailed(session: Session, named: Host | undefined): Promise<{ text: string; setting: Setting }> {
  const folder = await readSource(session).then(({ folder }) => folder, () => `${process.cwd()}/.homelab-gpu`);
  const failed = await failedStep(session.shell, folder);
  if (!failed) return { text: await readLog(session, "-"), setting: named ? { host: named } : {} };
  const { title, log, program } = failed;
  talk(session, `the last step that failed: ${title} (${log}); for standard input write explain -`);
  const text = await readLog(session, log);
  const host = named ?? await readProbe(session).then(parseHost, () => undefined);
  return { text, setting: { program, ...(host ? { host } : {}) } };
}

type Platform = Exclude<Host["os"]["platform"], "other">;
const platforms: Partial<Record<NodeJS.Platform, Platform>> = { win32: "windows", darwin: "macos" };

/** The ids of which a page can be shown: those of the checks, and those of the layers that logs lead to. */
const known = () => [...new Set([...checks.map(({ id }) => id), ...failures.map(({ check }) => check)])];

/** The pages of a check, or of each one in a group; none where neither has that name. */
function pageOf(name: string, platform: Host["os"]["platform"]): string[] {
  const system: Platform = platform === "other" ? "linux" : platform;
  const ids = known().filter((id) => id === name || id.startsWith(`${name}.`));
  return ids.flatMap((id, i) => [
    ...(i > 0 ? [""] : []),
    ...checkLines(id, checks.find((check) => check.id === id), system),
  ]);
}

/** One page: what the check looks at, why it matters, how to confirm it, and the errors that lead to it. */
function checkLines(id: string, check: Check | undefined, system: Platform): string[] {
  const errors = failures.filter((failure) => failure.check === id).map(({ says }) => says);
  const { about, why, confirm } = check ?? {};
  return [
    about ? `${id}: ${about}` : `${id}: what verify and logs tell of a running VM`,
    ...(why ? [`  why: ${why}`] : []),
    ...(confirm ? [`  to confirm: ${typeof confirm === "string" ? confirm : confirm[system]}`] : []),
    ...(check ? [`  to run it: npx zx homelab-gpu.mts doctor ${id}`] : []),
    ...(errors.length > 0 ? ["  errors that lead here:", ...errors.map((error) => `  - ${error}`)] : []),
  ];
}
