/**
 * Reads a Compose project on the host, with the host's Compose if there is one, else with the
 * built-in reader. Starts no container.
 */
import { dirname, isAbsolute, join } from "node:path/posix";
import { decodeFile } from "../encoding.mts";
import { ownValue } from "../maps.mts";
import type { Shell } from "../shell.mts";
import { composeFileNames, composeFilesOf } from "./project.mts";
import { readProjectFiles } from "./reader.mts";
import { lineOf, literally } from "./refusals.mts";
import { lineOfFilled } from "./value-lines.mts";
import type { ComposeProject, ProjectProblem, ProjectRequest } from "./types.mts";
import { dotEnv, envFileFlaws, envFileMissing } from "./variables.mts";
import { askCompose, type HostCompose, ofGuest, type UnknownCompose } from "./host-compose.mts";
import { absentEnvFile, readerResult } from "./problem-places.mts";
import { inOwnFolder, ownFolder, withOwnFolder } from "./own-folder.mts";
import { readDockerfiles } from "./dockerfile.mts";
import { type ProjectReads, projectReads } from "./project-reads.mts";
import { baseOf, envFiles, hostPath, namedPaths } from "./paths.mts";
import { enabledOf, enabledServices } from "./enabled.mts";
import { inheritedVariables } from "./service.mts";
import { readEnvExamples, readExamples } from "./examples.mts";
import { readLogins } from "./registries.mts";
import { readStartScripts } from "./start-scripts.mts";
import { readUnused } from "./unused-files.mts";

/**
 * Reads a project. Errors in the project are returned as `refusals`, never thrown.
 *
 * `compose`: the host's Compose, from {@link findCompose}. Without it, the built-in reader reads
 * the files.
 */
export async function readProject(
  shell: Shell,
  request: ProjectRequest,
  compose: HostCompose | UnknownCompose | undefined,
): Promise<ComposeProject> {
  const { folder } = request;
  const at = (path: string) => (isAbsolute(path) ? inOwnFolder(path, folder) : join(folder, path));
  const reads = projectReads(shell);
  const isRead = (path: string) => !reads.failed.has(at(path));
  const [rootEnv, names] = await Promise.all([reads.read(at(".env")), reads.list(folder)]);
  const variables = { ...ofGuest, PWD: ownFolder, ...request.variables };
  const files = request.files ?? composeFilesOf(names, { ...dotEnv(rootEnv ?? "", variables), ...variables });
  // as in apply-stack.sh: without one in the project's folder, Compose takes that of its first file
  const envPath = join(rootEnv === undefined ? dirname(files[0] ?? "") : "", ".env");
  const dotenv = rootEnv ?? (envPath === ".env" || isAbsolute(envPath) ? undefined : await reads.read(at(envPath)));
  // Compose sets its project's name itself
  const set = { COMPOSE_PROJECT_NAME: request.name };
  const env: Record<string, string> = { ...set, ...dotEnv(dotenv ?? "", { ...set, ...variables }), ...variables };
  const profiles = request.profiles.length > 0
    ? request.profiles
    : (env.COMPOSE_PROFILES ?? "").split(",").filter(Boolean);
  const texts: Record<string, string> = {};
  const readText = async (path: string) => {
    const text = await reads.read(at(path));
    // Compose reads UTF-16 too, which editors of Windows write
    if (text !== undefined) texts[path] = /^[\udcfe\udcff]{2}/.test(text) ? decodeFile(text).text : text;
    return text !== undefined;
  };
  const envExamples = dotenv === undefined ? await readEnvExamples(reads, folder, names) : [];
  const dotEnvNames = Object.keys(dotEnv(dotenv ?? ""));
  const below = dotenv !== undefined && envPath !== ".env" ? { envFile: envPath } : {};
  const base = {
    ...request,
    ...below,
    files,
    profiles,
    texts,
    dotEnvNames,
    envExamples,
    unsetVariables: [],
    paths: {},
  };
  const unreadable = (paths: string[]): ComposeProject | undefined => {
    const noAnswer = paths.map((path) => reads.failed.get(at(path))).find(Boolean);
    return noAnswer === undefined ? undefined : { ...base, readBy: "none", refusals: [], noAnswer };
  };
  // without these variables or file names, any answer would be a guess
  const unknown = unreadable([".env", ...(request.files ? [] : [folder])]);
  if (unknown) return unknown;
  if (isGitCrypt(dotenv)) {
    return { ...base, dotEnvNames: [], readBy: "none", refusals: [encryptedProblem(envPath)] };
  }
  if (files.length === 0) {
    const message = `there is no Compose file in ${folder}: ${composeFileNames.join(", ")}`;
    return { ...base, readBy: "none", refusals: [{ message }] };
  }
  const fileTexts = await Promise.all(files.map(readText));
  const missing = files.filter((_, i) => !fileTexts[i]);
  const partly = unreadable(missing);
  if (partly) return partly;
  if (missing.length > 0) {
    const refusals = missing.map((file): ProjectProblem => ({ message: `there is no file ${file}`, file }));
    return { ...base, readBy: "none", refusals };
  }
  // the built-in reader helps to find the lines of Compose's errors
  const envTexts: Record<string, string> = {};
  const readEnv = async (path: string) => {
    const text = await reads.read(at(path));
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
  own = withOwnFolder(own, { folder, files });
  const absent = own.envFiles.filter(({ path, required }) =>
    required && !Object.hasOwn(envTexts, path) && isRead(path)
  );
  own = {
    ...own,
    wanted: own.wanted.filter(isRead),
    refusals: [...own.refusals, ...absent.map(({ path }) => absentEnvFile(path, texts))],
  };
  let unsetInEnvFiles: ProjectProblem[] = [];
  if (own.model) {
    const enabled = enabledServices(own.model, profiles);
    const texts = await envFileTexts(reads, { folder, files, model: own.model, enabled }, envPath, dotenv);
    const plain = texts.filter(({ text }) => !isGitCrypt(text));
    const missing = plain.flatMap(({ file, text }) => missingIn(file, text, file === envPath ? variables : env));
    own = { ...own, refusals: [...own.refusals, ...envFileRefusals(texts), ...missing.filter(isRequired)] };
    unsetInEnvFiles = missing.filter((one) => !isRequired(one));
  }
  const answer: Partial<ComposeProject> = compose && "command" in compose
    ? await askCompose(shell, compose, { ...request, files, profiles }, texts, own, rootEnv !== undefined)
    : { ...(own.model ? { model: own.model } : {}), ...readerResult(own, texts), ...compose };
  const written = {
    ...(own.model ? { written: own.model } : {}),
    ...(own.warnings.length > 0 ? { warnings: own.warnings } : {}),
    ...(own.incomplete ? { incomplete: true as const } : {}),
    ...(Object.keys(own.emptied).length > 0 ? { emptied: own.emptied } : {}),
  };
  const project: ComposeProject = { ...base, readBy: "reader", refusals: [], ...answer, ...written };
  const { model } = project;
  if (model && !project.enabled) project.enabled = enabledServices(model, profiles);
  const setLater = unsetInEnvFiles.filter((one) => one.setLater !== undefined);
  const unset = [...setLater, ...project.unsetVariables, ...unsetInEnvFiles, ...unsetInherited(project, env)];
  project.unsetVariables = unset.filter(({ variable }, i) =>
    unset.findIndex((other) => other.variable === variable) === i
  );
  const dockerfiles = await readDockerfiles(reads, { ...project, ...(own.model ? { model: own.model } : {}) });
  const startScripts = await readStartScripts(shell, { ...project, ...dockerfiles });
  const unreadFiles = new Map(reads.failed);
  const unusedFiles = await readUnused(projectReads(shell), project, names, env);
  const paths = [
    ...new Set([...namedPaths({ ...project, starts: dockerfiles.starts }), ...Object.keys(envTexts).map(at)]),
  ];
  const kinds = await Promise.all(paths.map(async (path) => [path, await reads.kind(path)] as const));
  // failures at other paths of the host do not matter for the VM
  const unread = [...reads.failed].filter(([path]) => unreadFiles.has(path) || path.startsWith(`${folder}/`));
  const unused = unusedFiles.length > 0 ? { unusedFiles } : {};
  const submodules = names.includes(".gitmodules") ? pathsIn((await reads.read(at(".gitmodules"))) ?? "") : [];
  const absentPaths = kinds.flatMap(([path, kind]) =>
    kind === "missing" && path.startsWith(`${folder}/`) ? [path] : []
  );
  const emptyFolders = (await Promise.all(
    kinds.map(async ([path, kind]) =>
      kind === "folder" && path.startsWith(`${folder}/`) &&
        (await reads.list(path)).every((one) => isKeeper.test(one))
        ? [path]
        : []
    ),
  )).flat();
  const logins = await readLogins(shell);
  const examples = await readExamples(projectReads(shell), folder, absentPaths);
  return {
    ...project,
    ...unused,
    ...(emptyFolders.length > 0 ? { emptyFolders } : {}),
    examples,
    ...dockerfiles,
    ...(Object.keys(startScripts).length > 0 ? { startScripts } : {}),
    ...(submodules.length > 0 ? { submodules } : {}),
    ...(logins.length > 0 ? { logins } : {}),
    unread: [
      ...unread.map(([, why]) => why),
      ...(project.readBy === "compose" ? [] : own.remote.map((name) => `${name} is on another computer`)),
    ],
    paths: Object.fromEntries(kinds),
  };
}

/** The files that keep an empty folder in Git. */
const isKeeper = /^\.(git)?keep$|^\.gitignore$|^\.placeholder$/;

/** The paths in a .gitmodules file. */
const pathsIn = (text: string) => [...text.matchAll(/^\s*path\s*=\s*(.+?)\/?\s*$/gm)].map(([, path]) => path!);

/** The texts of `.env` and of the env files of enabled services, by their paths as messages show them. */
async function envFileTexts(
  reads: ProjectReads,
  project: Pick<ComposeProject, "folder" | "files" | "model" | "enabled">,
  envPath: string,
  dotenv = "",
): Promise<{ file: string; text: string }[]> {
  const { folder } = project;
  const paths = enabledOf(project).flatMap(([, service]) =>
    envFiles(service).filter(({ raw }) => !raw).map(({ path }) => path)
  );
  const named = [...new Set(paths.flatMap((path) => hostPath(path, baseOf(project)) ?? []))];
  const read = await Promise.all(named.map(reads.read));
  const all = [[join(folder, envPath), dotenv] as const, ...named.map((path, i) => [path, read[i] ?? ""] as const)];
  return [...new Map(all)].map(([path, text]) => ({
    file: path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path,
    text,
  }));
}

/** The errors that Compose reports for env files. */
const envFileRefusals = (texts: { file: string; text: string }[]): ProjectProblem[] =>
  texts.flatMap(({ file, text }) =>
    isGitCrypt(text)
      ? [encryptedProblem(file)]
      : envFileFlaws(text).map(({ line, message }) => ({ message: `${file}: ${message}`, file, line }))
  );

/** Whether a file is one that git-crypt encrypted (AGWA/git-crypt, doc/multiple_keys.md and README; \0GITCRYPT\0). */
const isGitCrypt = (text: string | undefined): boolean => text?.startsWith("\0GITCRYPT\0") ?? false;

const encryptedProblem = (file: string): ProjectProblem => ({
  message: `${file} is encrypted by git-crypt: Compose cannot read it`,
  ...{ file, line: 1, mend: "Run git-crypt unlock in the repository, with its key" },
});

/**
 * The variables without a value that an env file's values use. Compose uses an empty text for them, and refuses those
 * of `${NAME:?…}`.
 */
const missingIn = (file: string, text: string, values: Record<string, string>): ProjectProblem[] =>
  envFileMissing(text, values).map(({ name, required, line, setLater, within }) => ({
    message: `${name} has no value${required === undefined ? "" : `: ${required}`}`,
    ...{ variable: name, file, line },
    ...(setLater === undefined ? {} : { setLater }),
    ...(within ? { within } : {}),
    ...(required === undefined ? {} : { required: true as const }),
  }));

const isRequired = ({ required }: ProjectProblem) => required === true;

/** Variables that services inherit from the caller's environment and that are not set there. */
function unsetInherited(project: ComposeProject, values: Record<string, string>): ProjectProblem[] {
  const { texts } = project;
  const names = new Set(enabledOf(project).flatMap(([, service]) => inheritedVariables(service)));
  return [...names].filter((name) => ownValue(values, name) === undefined).map((variable) => {
    const place = lineOf(texts, new RegExp(`(^|[\\s"'{\\[,-])${literally(variable)}($|[\\s"':,}\\]])`));
    return {
      message: `${variable} has no value`,
      variable,
      // a name may consist of variables, where the = is missing: `- HTTPS${HTTPS:-false}`
      ...(place ? { ...place, inherited: true as const } : lineOfFilled(texts, variable)),
    };
  });
}
