/**
 * Reads a Compose project on the host, with the host's Compose if there is one, else with the
 * built-in reader. Starts no container.
 */
import { dirname, isAbsolute, join, normalize } from "node:path/posix";
import { isMap, mapAt, ownValue } from "../maps.mts";
import type { CommandResult, Shell } from "../shell.mts";
import { homeDir, isOlder } from "../text.mts";
import { composeFileNames, composeFilesOf } from "./project.mts";
import { isLocalContext } from "./rebase.mts";
import { newerKeyOf } from "./key-versions.mts";
import { type ReadProject, readProjectFiles } from "./reader.mts";
import { lineOf, literally, refusalsOf, unsetVariablesOf } from "./refusals.mts";
import { environmentOf, mountsOf } from "./service.mts";
import type {
  ComposeModel,
  ComposeProject,
  ComposeService,
  PathKind,
  ProjectProblem,
  ProjectRequest,
} from "./types.mts";
import { dotEnv, envFileFlaws } from "./variables.mts";

/** A Compose program on the host. */
export interface HostCompose {
  /** The command that starts it. */
  command: string[];
  version: string;
}

/** Compose runs in the project's folder, here and in the VM: `${PWD}/data` is `./data`. */
const inFolder = { PWD: "." };

/** Timeout for one run of Compose, seconds. */
export const composeTimeout = 20;

/** Finds the host's Compose, version 2 or later; undefined if there is none. */
export async function findCompose(shell: Shell): Promise<HostCompose | undefined> {
  for (const command of [["docker", "compose"], ["docker-compose"]]) {
    const { ok, out } = await answerOf(shell, [...command, "version", "--short"]);
    const version = /^v?(\d+\.\d+\S*)/.exec(out.trim())?.[1];
    if (ok && version && !isOlder(version, "2")) return { command, version };
  }
  return undefined;
}

/**
 * Reads a project. Errors in the project are returned as `refusals`, never thrown.
 *
 * `compose`: the host's Compose, from {@link findCompose}. Without it, the built-in reader reads
 * the files.
 */
export async function readProject(
  shell: Shell,
  request: ProjectRequest,
  compose: HostCompose | undefined,
): Promise<ComposeProject> {
  const { folder } = request;
  const at = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  const [dotenv, names] = await Promise.all([
    shell.read(at(".env")).catch(() => undefined),
    shell.list(folder).catch((): string[] => []),
  ]);
  const given = { ...inFolder, ...request.variables };
  const env: Record<string, string> = { ...dotEnv(dotenv ?? "", given), ...given };
  const files = request.files ?? composeFilesOf(names, env);
  const profiles = request.profiles.length > 0
    ? request.profiles
    : (env.COMPOSE_PROFILES ?? "").split(",").filter(Boolean);
  const texts: Record<string, string> = {};
  const readText = async (path: string) => {
    const text = await shell.read(at(path)).catch(() => undefined);
    if (text !== undefined) texts[path] = text;
    return text !== undefined;
  };
  const envExamples = dotenv === undefined ? names.filter((name) => /^\.?env[._-]|\.env$/i.test(name)).sort() : [];
  const dotEnvNames = Object.keys(dotEnv(dotenv ?? ""));
  const base = { ...request, files, profiles, texts, dotEnvNames, envExamples, unsetVariables: [], paths: {} };
  if (files.length === 0) {
    const message = `there is no Compose file in ${folder}: ${composeFileNames.join(", ")}`;
    return { ...base, readBy: "none", refusals: [{ message }] };
  }
  const there = await Promise.all(files.map(readText));
  const missing = files.filter((_, i) => !there[i]);
  if (missing.length > 0) {
    const refusals = missing.map((file): ProjectProblem => ({ message: `there is no file ${file}`, file }));
    return { ...base, readBy: "none", refusals };
  }
  // the built-in reader helps to find the lines of Compose's errors
  const envTexts: Record<string, string> = {};
  const readEnv = async (path: string) => {
    const text = await shell.read(at(path)).catch(() => undefined);
    if (text !== undefined) envTexts[path] = text;
    return text !== undefined;
  };
  let own = readProjectFiles(files, texts, env);
  for (let round = 0; round < 8; round++) {
    const unread = own.envFiles.map(({ path }) => path).filter((path) => !Object.hasOwn(envTexts, path));
    const found = await Promise.all([...own.wanted.map(readText), ...unread.map(readEnv)]);
    if (!found.includes(true)) break;
    own = readProjectFiles(files, texts, env, envTexts);
  }
  const absent = own.envFiles.filter(({ path, required }) => required && !Object.hasOwn(envTexts, path));
  own = { ...own, refusals: [...own.refusals, ...absent.map(({ path }) => absentEnvFile(path, texts))] };
  if (own.model) {
    const enabled = enabledServices(own.model, profiles);
    const flaws = await envFileRefusals(shell, { folder, files, model: own.model, enabled }, dotenv);
    own = { ...own, refusals: [...own.refusals, ...flaws] };
  }
  const answer: Partial<ComposeProject> = compose
    ? await askCompose(shell, compose, { ...request, files, profiles }, texts, own, dotenv !== undefined)
    : { ...(own.model ? { model: own.model } : {}), ...plain(own, texts) };
  const written = own.model ? { written: own.model } : {};
  const project: ComposeProject = { ...base, readBy: "reader", refusals: [], ...answer, ...written };
  const { model } = project;
  if (model && !project.enabled) project.enabled = enabledServices(model, profiles);
  project.unsetVariables = [...project.unsetVariables, ...unsetInherited(project, env)];
  return { ...project, paths: await kindsOf(shell, [...namedPaths(project), ...Object.keys(envTexts).map(at)]) };
}

function absentEnvFile(path: string, texts: Record<string, string>): ProjectProblem {
  const place = lineOf(texts, new RegExp(literally(path.split("/").at(-1)!)));
  return { message: `there is no file ${path}, which is the env_file of an include`, ...place };
}

/**
 * The folder that a project's relative paths start at: that of its first Compose file
 * (docs.docker.com, --project-directory).
 */
export function baseOf({ folder, files }: Pick<ComposeProject, "folder" | "files">): string {
  const [first = ""] = files;
  return isAbsolute(first) ? dirname(first) : join(folder, dirname(first));
}

/** The errors that Compose reports for `.env` and for the env files of enabled services. */
async function envFileRefusals(
  shell: Shell,
  project: Pick<ComposeProject, "folder" | "files" | "model" | "enabled">,
  dotenv = "",
): Promise<ProjectProblem[]> {
  const { folder, model, enabled } = project;
  const services = Object.entries(model?.services ?? {}).filter(([name]) => enabled?.includes(name) ?? true);
  const paths = services.flatMap(([, service]) => envFiles(service).filter(({ raw }) => !raw).map(({ path }) => path));
  const named = [...new Set(paths.flatMap((path) => hostPath(path, baseOf(project)) ?? []))];
  const read = await Promise.all(named.map((path) => shell.read(path).catch(() => undefined)));
  const all = [[join(folder, ".env"), dotenv] as const, ...named.map((path, i) => [path, read[i] ?? ""] as const)];
  const texts = new Map(all);
  return [...texts].flatMap(([path, text]) => {
    const file = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
    return envFileFlaws(text).map(({ line, message }) => ({ message: `${file}: ${message}`, file, line }));
  });
}

/** Variables that services inherit from the caller's environment and that are not set there. */
function unsetInherited(project: ComposeProject, values: Record<string, string>): ProjectProblem[] {
  const { model, enabled, texts } = project;
  const services = Object.entries(model?.services ?? {}).filter(([name]) => enabled?.includes(name) ?? true);
  const names = new Set(services.flatMap(([, service]) => inheritedVariables(service)));
  return [...names].filter((name) => ownValue(values, name) === undefined).map((variable) => ({
    message: `${variable} has no value`,
    variable,
    ...lineOf(texts, new RegExp(`(^|[\\s"'{\\[,-])${literally(variable)}($|[\\s"':,}\\]])`)),
  }));
}

/**
 * The built-in reader's result, used without Compose: a named file that does not exist is a
 * refusal.
 */
function plain({ refusals, unsetVariables, wanted }: ReadProject, texts: Record<string, string>) {
  const absent = wanted.map((file): ProjectProblem => ({
    message: `there is no file ${file}, which a service extends or the project includes`,
    ...lineOf(texts, new RegExp(literally(file.split("/").at(-1)!))),
  }));
  return { refusals: [...refusals, ...absent], unsetVariables };
}

async function askCompose(
  shell: Shell,
  { command, version }: HostCompose,
  { name, folder, files, profiles, variables = {} }: ProjectRequest & { files: string[] },
  texts: Record<string, string>,
  own: ReadProject,
  hasDotEnv: boolean,
): Promise<Partial<ComposeProject>> {
  // the same as in apply-stack.sh: paths are relative to the first file, and .env is in the folder
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
  const refusals = started ? [] : refusalsOf(enabled.err, folder).map((one) => placed(one, texts, own.refusals));
  const newer = own.model && newerKeyOf(refusals.map(({ message }) => message), version, own.model, texts);
  if (newer) {
    const noAnswer = `this host has Compose ${version}, and ${newer.name} needs ${newer.from}`;
    return { model: own.model!, ...plain(own, texts), readBy: "reader", composeVersion: version, noAnswer };
  }
  if (!started && refusals.length === 0) {
    const why = enabled.code === null || enabled.code === 124
      ? "Compose did not answer in time"
      : `Compose ended with exit code ${enabled.code}`;
    return { readBy: "none", composeVersion: version, noAnswer: why };
  }
  return {
    readBy: "compose",
    composeVersion: version,
    // a project that Compose refuses may have further errors
    ...(all ?? own.model ? { model: all ?? own.model } : {}),
    ...(started ? { enabled: Object.keys(started.services) } : {}),
    refusals,
    unsetVariables: unsetVariablesOf(enabled.err).map((variable) => ({
      message: `${variable} has no value`,
      variable,
      ...lineOf(texts, new RegExp(`\\$\\{?${literally(variable)}\\b`)),
    })),
  };
}

/**
 * Adds the line of what a refusal names: the path of a key, a variable, a file, a name. `own`: the
 * refusals of the built-in reader.
 */
function placed(problem: ProjectProblem, texts: Record<string, string>, own: ProjectProblem[]): ProjectProblem {
  const { message } = problem;
  // Compose reports the wrong line here, or no file
  if (/^(yaml|parsing|.*yaml: line)/.test(message)) {
    const { file, line } = own.find(({ line }) => line !== undefined) ?? problem;
    return { ...problem, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
  }
  const [, variable] = /required variable (\S+) is missing/.exec(message) ?? [];
  if (variable !== undefined) {
    const message = problem.message.replace(
      /^.*required variable \S+ is missing a value:? ?/,
      `${variable} has no value: `,
    ).replace(/: $/, "");
    return { message, variable, ...lineOf(texts, new RegExp(`\\$\\{${literally(variable)}\\b`)) };
  }
  const place = own.find(({ line }) => line !== undefined);
  // if the built-in reader refuses something too, it is most likely the same error
  const ours = place && { file: place.file!, line: place.line! };
  if (ours && own.length === 1) return { ...problem, ...ours };
  const keys = [...(/\b((?:services|networks|volumes|configs|secrets)\.[\w.-]+)/.exec(message)?.[1] ?? "").split(".")]
    .filter(Boolean);
  const [, property] = /propert(?:y|ies) '?([\w-]+)'? (?:is |are )?not allowed/.exec(message) ?? [];
  const found = lineOfPath(texts, property === undefined ? keys : [...keys, property]);
  if (found) return { ...problem, ...found };
  const [, absent] = /(?:env file|open|stat) (\S+?)(?: not found)?: /.exec(message) ?? [];
  const names = [
    ...(absent === undefined ? [] : [absent, absent.split("/").at(-1)!]),
    ...(/(?:undefined|mutually exclusive).*?[` ](\S+?)`?$/.exec(message)?.slice(1) ?? []),
    ...[...message.matchAll(/["`]([^"`]+)["`]/g)].map(([, name]) => name!).reverse(),
    ...(/undefined (?:network|volume|config|secret|service) (\S+)/.exec(message)?.slice(1) ?? []),
    ...[...message.matchAll(/([^\s/:]+\.[\w.-]+)(?=[:\s]|$)/g)].map(([, name]) => name!),
    ...(/: (\S+) -> /.exec(message)?.slice(1) ?? []),
  ];
  const places = names.map((name) =>
    lineOf(texts, new RegExp(`(^|[\\s"'/\\[,{-])${literally(name)}($|[\\s"':\\],}])`))
  );
  return { ...problem, ...(ours ?? places.find(Boolean)) };
}

/** The line of a nested key: each key is searched after its parent; the last one found counts. */
function lineOfPath(texts: Record<string, string>, keys: string[]): { file: string; line: number } | undefined {
  for (const [file, text] of Object.entries(texts)) {
    const lines = text.split("\n");
    let at = -1;
    let found = 0;
    for (const key of keys) {
      const next = lines.findIndex((line, i) =>
        i > at && new RegExp(`(^|[\\s{,])["']?${literally(key)}["']?\\s*:`).test(line)
      );
      if (next < 0) continue;
      [at, found] = [next, found + 1];
    }
    if (found > 1) return { file, line: at + 1 };
  }
  return undefined;
}

function modelOf({ ok, out }: CommandResult): ComposeModel | undefined {
  if (!ok) return undefined;
  try {
    const data = JSON.parse(out);
    return isMap(data) ? { ...data, services: mapAt(data, "services") as ComposeModel["services"] } : undefined;
  } catch {
    return undefined;
  }
}

const answerOf = (shell: Shell, command: string[], variables: Record<string, string> = {}, cwd?: string) =>
  shell.capture(command, {
    env: { ...inFolder, ...variables, COMPOSE_ANSI: "never" },
    limit: composeTimeout,
    ...(cwd === undefined ? {} : { cwd }),
  });

/**
 * The services that start with these profiles: those without a profile, and those with an enabled
 * one.
 */
export function enabledServices({ services }: ComposeModel, profiles: string[]): string[] {
  return Object.keys(services).filter((name) => {
    const own = services[name]!.profiles;
    return !Array.isArray(own) || own.length === 0 || profiles.includes("*") ||
      own.some((one) => profiles.includes(one));
  });
}

/** Every host path that a project names, absolute. */
export function namedPaths(project: Pick<ComposeProject, "folder" | "files" | "model" | "written">): string[] {
  const named = [project.model, project.written].flatMap((model) => {
    if (!model) return [];
    const sections = [model.configs, model.secrets].flatMap((section) => Object.values(section ?? {}));
    return [
      ...Object.values(model.services).flatMap(servicePaths),
      ...sections.flatMap((one) => (isMap(one) && typeof one.file === "string" ? [one.file] : [])),
      ...Object.values(model.volumes ?? {}).flatMap((one) => volumeFolder(one) ?? []),
    ];
  });
  return [...new Set(named.flatMap((path) => hostPath(path, baseOf(project)) ?? []))];
}

/** The folder behind a volume of the driver local (`o: bind`); undefined for any other volume. */
export function volumeFolder(volume: unknown): string | undefined {
  const { driver, driver_opts } = isMap(volume) ? volume : {};
  const { o, device } = isMap(driver_opts) ? driver_opts : {};
  const local = driver === undefined || driver === null || driver === "" || driver === "local";
  return local && typeof device === "string" && /(^|,)r?bind(,|$)/.test(String(o ?? "")) ? device : undefined;
}

/** The host paths of a service: bind mounts, env files, its build context and Dockerfile. */
function servicePaths(service: ComposeService): string[] {
  const context = buildContext(service);
  return [
    ...mountsOf(service).flatMap(({ type, source }) => (type === "bind" && source ? [source] : [])),
    ...envFiles(service).map(({ path }) => path),
    ...(context === undefined ? [] : [context]),
    ...(dockerfileOf(service) ?? []),
    ...labelFiles(service),
    ...additionalContexts(service).map(({ path }) => path),
  ];
}

/** The label files of a service. */
export function labelFiles({ label_file }: ComposeService): string[] {
  return [label_file ?? []].flat().filter((one): one is string => typeof one === "string");
}

/** The folders of the host under `build.additional_contexts`, with their names. */
export function additionalContexts(service: ComposeService): { name: string; path: string }[] {
  const { additional_contexts: all } = mapAt(service, "build");
  const pairs = Array.isArray(all)
    ? all.map((one) => String(one).split(/=(.*)/s) as [string, string?])
    : isMap(all)
    ? Object.entries(all)
    : [];
  return pairs.flatMap(([name, path]) => typeof path === "string" && isLocalContext(path) ? [{ name, path }] : []);
}

/**
 * The Dockerfile in a local build context; undefined if there is none, or if the project contains
 * its text.
 */
export function dockerfileOf(service: ComposeService): [string] | undefined {
  const context = buildContext(service);
  const { dockerfile, dockerfile_inline } = mapAt(service, "build");
  if (context === undefined || dockerfile_inline !== undefined) return undefined;
  const name = typeof dockerfile === "string" ? dockerfile : "Dockerfile";
  return [isAbsolute(name) ? name : join(context, name)];
}

/** The build context of a service, if it is a folder of the host; undefined for a remote one. */
export function buildContext({ build }: ComposeService): string | undefined {
  const context = typeof build === "string" ? build : isMap(build) ? String(build.context ?? ".") : undefined;
  return context !== undefined && isLocalContext(context) ? context : undefined;
}

/**
 * The env files of a service: whether each one is required, and whether its lines have Docker's
 * format rather than Compose's (`format: raw`).
 */
export function envFiles({ env_file }: ComposeService): { path: string; required: boolean; raw: boolean }[] {
  return [env_file ?? []].flat().flatMap((one) =>
    typeof one === "string"
      ? [{ path: one, required: true, raw: false }]
      : isMap(one) && typeof one.path === "string"
      ? [{ path: one.path, required: one.required !== false, raw: one.format === "raw" }]
      : []
  );
}

/**
 * A path made absolute on the host; undefined for a Windows path, which belongs to another
 * computer.
 */
export function hostPath(path: string, folder: string): string | undefined {
  if (/^[A-Za-z]:[\\/]/.test(path) || path.startsWith("\\")) return undefined;
  if (/^~(\/|$)/.test(path)) return normalize(join(homeDir(), path.slice(1))).replace(/(.)\/$/, "$1");
  return normalize(isAbsolute(path) ? path : join(folder, path)).replace(/(.)\/$/, "$1");
}

async function kindsOf(shell: Shell, paths: string[]): Promise<Record<string, PathKind>> {
  const kinds = await Promise.all(paths.map((path) => kindOf(shell, path)));
  return Object.fromEntries(paths.map((path, i) => [path, kinds[i]!]));
}

/** Finds out whether a path is a file or a folder. Sockets and devices count as files. */
async function kindOf(shell: Shell, path: string): Promise<PathKind> {
  try {
    if ((await shell.fingerprint(path)) === undefined) {
      return (await shell.list(path)).length > 0 ? "folder" : "missing";
    }
    if ((await shell.list(path)).length > 0) return "folder";
    // an empty folder has `.` below it, a file has nothing below it
    return (await shell.fingerprint(`${path}/.`)) === undefined ? "file" : "folder";
  } catch {
    return "unknown";
  }
}

/**
 * The variables that a service inherits from the caller's environment (`HF_TOKEN:` without a
 * value).
 */
export function inheritedVariables(service: ComposeService): string[] {
  // an item that is only a variable without a value has become an empty text
  return Object.entries(environmentOf(service)).flatMap(([name, value]) => value === null && name !== "" ? [name] : []);
}
