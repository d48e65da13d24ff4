/**
 * Reads a Compose project on the host, with the host's Compose if there is one, else with the
 * built-in reader. Starts no container.
 */
import { isAbsolute, join } from "node:path/posix";
import { ownValue } from "../maps.mts";
import type { Shell } from "../shell.mts";
import { composeFileNames, composeFilesOf } from "./project.mts";
import { readProjectFiles } from "./reader.mts";
import { lineOf, literally } from "./refusals.mts";
import type { ComposeProject, PathKind, ProjectProblem, ProjectRequest } from "./types.mts";
import { dotEnv, envFileFlaws } from "./variables.mts";
import { askCompose, findCompose, type HostCompose, inFolder } from "./host-compose.mts";
import { absentEnvFile, readerResult } from "./problem-places.mts";
import { baseOf, envFiles, hostPath, namedPaths } from "./paths.mts";
import { enabledOf, enabledServices } from "./enabled.mts";
import { inheritedVariables } from "./service.mts";

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
    : { ...(own.model ? { model: own.model } : {}), ...readerResult(own, texts) };
  const written = own.model ? { written: own.model } : {};
  const project: ComposeProject = { ...base, readBy: "reader", refusals: [], ...answer, ...written };
  const { model } = project;
  if (model && !project.enabled) project.enabled = enabledServices(model, profiles);
  project.unsetVariables = [...project.unsetVariables, ...unsetInherited(project, env)];
  return { ...project, paths: await kindsOf(shell, [...namedPaths(project), ...Object.keys(envTexts).map(at)]) };
}

/** The errors that Compose reports for `.env` and for the env files of enabled services. */
async function envFileRefusals(
  shell: Shell,
  project: Pick<ComposeProject, "folder" | "files" | "model" | "enabled">,
  dotenv = "",
): Promise<ProjectProblem[]> {
  const { folder } = project;
  const paths = enabledOf(project).flatMap(([, service]) =>
    envFiles(service).filter(({ raw }) => !raw).map(({ path }) => path)
  );
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
  const { texts } = project;
  const names = new Set(enabledOf(project).flatMap(([, service]) => inheritedVariables(service)));
  return [...names].filter((name) => ownValue(values, name) === undefined).map((variable) => ({
    message: `${variable} has no value`,
    variable,
    ...lineOf(texts, new RegExp(`(^|[\\s"'{\\[,-])${literally(variable)}($|[\\s"':,}\\]])`)),
  }));
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
