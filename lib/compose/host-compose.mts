/** The host's Compose: its model of a project, and what it refuses. */
import { isAbsolute, join } from "node:path/posix";
import { isMap, mapAt } from "../maps.mts";
import type { CommandResult, Shell } from "../shell.mts";
import { isOlder } from "../text.mts";
import { doubleMerge } from "./double-merges.mts";
import { newerKeyOf } from "./key-versions.mts";
import type { ReadProject } from "./reader.mts";
import { lineOf, literally, refusalsOf, unsetVariablesOf } from "./refusals.mts";
import type { ComposeModel, ComposeProject, ProjectProblem, ProjectRequest } from "./types.mts";
import { isStray } from "./stray-services.mts";
import { placed, readerResult } from "./problem-places.mts";

/** A Compose program on the host. */
export interface HostCompose {
  /** The command that starts it. */
  command: string[];
  version: string;
}

/**
 * The variables of root in a VM: Compose runs there as root (scripts/apply-stack.sh, with sudo).
 * `/~` is root's home (`hostPath`); with its slash it is an absolute path in a container too.
 */
export const ofGuest = {
  HOME: "/~",
  USER: "root",
  LOGNAME: "root",
  SHELL: "/bin/bash",
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
};

/** Timeout for one run of Compose, seconds. */
const composeTimeout = 20;

/** The result if it is not known whether the host has Compose. */
export interface UnknownCompose {
  /** The reason. */
  noAnswer: string;
}

/** Finds the host's Compose, version 2 or later; undefined if there is none. */
export async function findCompose(shell: Shell): Promise<HostCompose | UnknownCompose | undefined> {
  let silent: string | undefined;
  for (const command of [["docker", "compose"], ["docker-compose"]]) {
    const answer = await answerOf(shell, [...command, "version", "--short"]);
    const version = /^v?(\d+\.\d+\S*)/.exec(answer.out.trim())?.[1];
    if (answer.ok && version && !isOlder(version, "2")) return { command, version };
    if (isEnded(answer)) silent ??= `${command.join(" ")} version did not answer in time`;
  }
  return silent === undefined ? undefined : { noAnswer: silent };
}

/**
 * Reads a project with the host's Compose. `own`: the built-in reader's result, which helps to find
 * lines, and is returned where this Compose is too old for a key.
 */
export async function askCompose(
  shell: Shell,
  { command, version }: HostCompose,
  { name, folder, files, profiles, variables = {} }: ProjectRequest & { files: string[] },
  texts: Record<string, string>,
  own: ReadProject,
  /** Whether the project's folder has a `.env`. */
  hasDotEnv: boolean,
): Promise<Partial<ComposeProject>> {
  // as in apply-stack.sh: paths are relative to the first file, and .env is in the folder
  const envFile = files[0]!.includes("/") && hasDotEnv ? ["--env-file", join(folder, ".env")] : [];
  const ask = (profiles: string[]) =>
    answerOf(
      shell,
      [
        ...[...command, ...envFile, "-p", name],
        ...files.flatMap((file) => ["-f", isAbsolute(file) ? file : join(folder, file)]),
        ...profiles.flatMap((profile) => ["--profile", profile]),
        ...["config", "--format", "json"],
      ],
      variables,
      folder,
    );
  const profiled = Object.values(texts).some((text) => /\bprofiles\s*:/.test(text));
  const [enabled, whole] = await Promise.all([ask(profiles), profiled ? ask(["*"]) : undefined]);
  const all = modelOf(whole ?? enabled);
  const started = modelOf(enabled);
  const ended = !started && isEnded(enabled);
  const ownRefusals = readerResult(own, texts).refusals;
  const refused = started || ended ? [] : refusalsOf(enabled.err, folder);
  // the built-in reader has the place of each
  const isMerged = (message: string) =>
    /mapping key "<<" already defined/.test(message) && ownRefusals.some((one) => one.message === doubleMerge);
  const hasStray = ownRefusals.some(({ stray }) => stray);
  const distinct = refused.filter(({ message }) =>
    !isEmptied(message, own) && !isMerged(message) && !(hasStray && isStray(message))
  );
  const refusals = refused.length === 0
    ? []
    : withOwn(distinct.map((one) => placed(one, texts, ownRefusals)), ownRefusals);
  const order = own.unsetVariables.map(({ variable }) => variable);
  const unset = unsetVariablesOf(enabled.err).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  if (!started && refused.length === 0) {
    const noAnswer = ended ? "Compose did not answer in time" : `Compose ended with exit code ${enabled.code}`;
    return readByReader(own, texts, version, noAnswer);
  }
  const newer = own.model && newerKeyOf(refusals.map(({ message }) => message), version, own.model, texts);
  if (newer) {
    const noAnswer = `this host has Compose ${version}, but ${newer.name} needs ${newer.from}`;
    return readByReader(own, texts, version, noAnswer);
  }
  return {
    readBy: "compose",
    composeVersion: version,
    // a project that Compose refuses may have further errors
    ...(all ?? own.model ? { model: all ?? own.model } : {}),
    ...(started ? { enabled: Object.keys(started.services) } : {}),
    refusals,
    // Compose may stop before it names them all
    unsetVariables: refused.length > 0 ? own.unsetVariables : unset.map((variable) => ({
      message: `${variable} has no value`,
      variable,
      ...lineOf(texts, new RegExp(`\\$\\{?${literally(variable)}\\b`)),
    })),
  };
}

/** Compose stops at its first error: the built-in reader's other ones are reported too. */
function withOwn(refusals: ProjectProblem[], own: ProjectProblem[]): ProjectProblem[] {
  const isKnown = ({ file, line }: ProjectProblem) => refusals.some((one) => one.file === file && one.line === line);
  return [...refusals, ...own.filter((one) => one.line !== undefined && !isKnown(one))];
}

/** Whether Compose refuses what is left of a text whose variable has no value: the variable is reported. */
const isEmptied = (message: string, { emptied }: ReadProject) =>
  Object.entries(emptied).some(([text, { refused }]) =>
    refused &&
    (text === ""
      ? ofNothing.test(message)
      : (text.length > 2 && message.includes(text)) || message === `No port specified: ${text}<empty>` ||
        (/^[:=]/.test(text) && message.endsWith("bad host name ''")))
  );

/** Compose's words for a value that is empty (run with 2.26.1 on 2026-11-28). */
const ofNothing =
  /parsing "": invalid syntax|invalid size: ''|invalid duration ""|invalid boolean: *$|invalid empty volume spec|invalid value ""|No port specified: <empty>$/;

/** Whether a program was ended before it answered, by a timeout or by a signal. */
const isEnded = ({ code, timedOut }: CommandResult) => timedOut === true || code === null || code === 124;

/** The built-in reader's result for a project for which the host's Compose gave no answer. */
const readByReader = (
  own: ReadProject,
  texts: Record<string, string>,
  composeVersion: string,
  noAnswer: string,
): Partial<ComposeProject> => ({
  ...(own.model ? { model: own.model } : {}),
  ...readerResult(own, texts),
  ...{ readBy: "reader", composeVersion, noAnswer },
});

function modelOf({ ok, out }: CommandResult): ComposeModel | undefined {
  if (!ok) return undefined;
  try {
    const data = JSON.parse(out);
    return isMap(data) ? { ...data, services: withoutNulls(mapAt(data, "services")) } : undefined;
  } catch {
    return undefined;
  }
}

/** The services of Compose's answer without the keys that they do not have: it prints `"command": null` for these. */
const withoutNulls = (services: Record<string, unknown>): ComposeModel["services"] =>
  Object.fromEntries(
    Object.keys(services).map((name) => [
      name,
      Object.fromEntries(Object.entries(mapAt(services, name)).filter(([, value]) => value !== null)),
    ]),
  );

const answerOf = (shell: Shell, command: string[], variables: Record<string, string> = {}, cwd?: string) =>
  shell.capture(command, {
    env: {
      ...{ USER: ofGuest.USER, LOGNAME: ofGuest.LOGNAME },
      ...(cwd === undefined ? {} : { PWD: cwd }),
      ...variables,
      COMPOSE_ANSI: "never",
    },
    limit: composeTimeout,
    ...(cwd === undefined ? {} : { cwd }),
  });
