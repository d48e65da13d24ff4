/** Reads the folders of stacks, and the files that inline services name, into projects that can be copied. */
import process from "node:process";
import { resolve } from "node:path";
import type { Service, Stack } from "../config/types.mts";
import { configErrorAt, type Flaw } from "../config/parse.mts";
import {
  composeFilesOf,
  ignorePatterns,
  type Project,
  projectOf,
  type Stacks,
  travelRules,
  variableNames,
} from "../compose/project.mts";
import { dotEnv, envFileMissing } from "../compose/variables.mts";
import { ownValue } from "../maps.mts";
import { inlineMissing, inlineVariables } from "../compose/inline.mts";
import type { ComposeProject } from "../compose/types.mts";
import { noComposeFile } from "../compose/no-compose-file.mts";
import { hereOf, type Shell } from "../shell.mts";
import type { LoadedConfig } from "./load-config.mts";

/**
 * Reads the folders of all stacks, and the files that inline services name. Throws ConfigError that names every
 * folder, file and variable that is missing.
 */
export async function readStacks(
  there: Shell,
  { config, text, name, home }: Pick<LoadedConfig, "config" | "text" | "name" | "home">,
): Promise<Stacks> {
  const flaws: Flaw[] = [];
  const shell = hereOf(there);
  const of = (stacks: Stack[]) =>
    Promise.all(
      stacks.map((stack, i) =>
        readStack(shell, stack, `stacks.${stack.place ?? config.places?.stacks[i] ?? i}`, flaws)
      ),
    );
  const inline = config.machines.map((machine) => {
    const services = config.services.filter((service) => service.machine === machine.name);
    return readInline(shell, services, machine.name, home, flaws);
  });
  const [stacks, inSwarm, ofServices] = await Promise.all([
    of(config.stacks),
    of(config.swarm?.stacks ?? []),
    Promise.all(inline),
  ]);
  if (flaws.length > 0) throw configErrorAt(text, name, flaws);
  return {
    own: [...ofServices, ...stacks].filter((one) => one !== undefined),
    inSwarm: inSwarm.filter((one) => one !== undefined),
  };
}

async function readStack(shell: Shell, stack: Stack, at: string, flaws: Flaw[]): Promise<Project | undefined> {
  const { path } = stack;
  const [names, envFile = "", dockerignore = ""] = await Promise.all([
    shell.list(path),
    shell.read(`${path}/.env`),
    shell.read(`${path}/.dockerignore`),
  ]);
  const own = stackVariables(stack, at, flaws);
  const composeFiles = composeFilesOf(names, { ...dotEnv(envFile, own), ...own });
  if (composeFiles.length === 0) {
    const message = await noComposeFile(shell, path, names);
    flaws.push({ path: `${at}.path`, message });
    return undefined;
  }
  const outside = composeFiles.filter((file) => leaves(file));
  for (const file of outside) {
    flaws.push({
      path: `${at}.path`,
      message: `COMPOSE_FILE names ${file} outside the folder: it is not copied into the VM`,
    });
  }
  const named = [...new Set([...composeFiles.filter((file) => !leaves(file)), ...names.filter(isYaml)])];
  const hasGit = names.includes(".git");
  const project = hasGit || dockerignore.trim() !== "" ? await readOwn(shell, stack, composeFiles, own) : undefined;
  const files = project && dockerignore.trim() !== "" ? namedFiles(project) : [];
  const patterns = ignorePatterns(dockerignore, !project || !hasGit || readsGit(project));
  const [texts, entries = []] = await Promise.all([
    // a folder may have such a name too
    Promise.all(named.map((file) => shell.read(`${path}/${file}`).catch(() => undefined))),
    shell.walk(path, travelRules(patterns, composeFiles, files).enters),
  ]);
  for (const [i, file] of named.entries()) {
    if (texts[i] === undefined && composeFiles.includes(file)) {
      const message = names.includes(file)
        ? `cannot read ${path}/${file}: it is a folder, a link to nothing, or you have no permission`
        : `COMPOSE_FILE names ${file}, but ${path} has no such file`;
      flaws.push({ path: `${at}.path`, message });
    }
  }
  const broken = entries.find((entry) => /[\r\n]/.test(entry.path));
  if (broken) {
    flaws.push({
      path: `${at}.path`,
      message: `${path} has a name with a line break, which cannot be copied: ${JSON.stringify(broken.path)}`,
    });
  }
  const ofEnvFile = envFileMissing(envFile, own).map(({ name }) => `\${${name}}`);
  const caller = fromCaller(variableNames([...texts, ...ofEnvFile].join("\n")));
  return projectOf(stack, {
    ...{ composeFiles, dockerignore: patterns, named: files, names, entries },
    variables: { ...caller, ...own },
  });
}

/** A stack as the built-in reader reads it. */
async function readOwn(
  shell: Shell,
  { name, machine, path: folder, profiles }: Stack,
  files: string[],
  variables: Record<string, string>,
): Promise<ComposeProject> {
  const { readProject } = await import("../compose/read-project.mts");
  return await readProject(shell, { name, machine, folder, files, profiles, variables }, undefined);
}

/** The files of a stack that its Compose files name, relative to its folder: the project does not run without them. */
function namedFiles({ paths, texts, folder }: ComposeProject): string[] {
  const named = Object.entries(paths).flatMap(([path, kind]) =>
    // a file that could not be read may exist
    (kind === "file" || kind === "unknown") && path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []
  );
  return [...Object.keys(texts).filter((file) => !leaves(file)), ...named];
}

/** Whether a service builds from or mounts a folder with the stack's `.git`, or whether that is not known. */
const readsGit = ({ folder, model, paths }: ComposeProject) =>
  model === undefined ||
  Object.keys(paths).some((path) => `${folder}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${folder}/.git/`));

const isYaml = (name: string) => /\.ya?ml$/.test(name);

/** Whether a path leads out of the folder that it is relative to. */
const leaves = (path: string) => /^([\\/]|[A-Za-z]:[\\/]|\.\.([\\/]|$))/.test(path) || /[\\/]\.\.[\\/]/.test(path);

/** A variable of the caller's environment. Names that every object has, such as `toString`, are none. */
const callers = (name: string): string | undefined => ownValue(process.env, name);

/** The variables of these names that the caller's environment has. */
function fromCaller(names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = callers(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** A stack's own variables; those without a value have the caller's. */
function stackVariables({ name, env }: Stack, at: string, flaws: Flaw[]): Record<string, string> {
  const pairs = Object.entries(env).flatMap(([variable, written]): [string, string][] => {
    const value = written ?? callers(variable);
    if (value !== undefined) return [[variable, value]];
    const message = `stack ${name}: ${variable} has no value: the environment of this command does not set it`;
    flaws.push({ path: `${at}.env`, message });
    return [];
  });
  return Object.fromEntries(pairs);
}

/**
 * Values and files that inline services use: `.env`, env files, and variables of the caller's
 * environment.
 */
async function readInline(
  shell: Shell,
  services: Service[],
  machine: string,
  home: string,
  flaws: Flaw[],
): Promise<Project | undefined> {
  const { names, bare, envFiles } = inlineVariables(services);
  if (names.length === 0 && envFiles.length === 0) return undefined;
  const envText = await shell.read(`${home}/.env`);
  const dotenv = dotEnv(envText ?? "");
  for (const { service, variable } of bare) {
    if (callers(variable) === undefined && ownValue(dotenv, variable) === undefined) {
      const message =
        `service ${service}: ${variable} has no value: neither .env nor the environment of this command sets it`;
      flaws.push({ path: `services.${service}`, message });
    }
  }
  const files: Record<string, string> = {};
  let size = 0;
  const candidates = [
    ...(envText === undefined ? [] : [{ file: ".env", service: "", required: true }]),
    ...envFiles,
  ];
  for (const { file, service, required } of candidates) {
    if (leaves(file)) {
      const message = `service ${service}: env_file ${file} is outside the folder of the config: use a stack`;
      flaws.push({ path: `services.${service}`, message });
      continue;
    }
    const stamp = await shell.fingerprint(resolve(home, file));
    if (stamp === undefined && required) {
      flaws.push({
        path: `services.${service}`,
        message: `service ${service}: there is no file ${resolve(home, file)}`,
      });
    }
    if (stamp === undefined) continue;
    files[file.replace(/^(\.\/)+/, "")] = `f${stamp.replaceAll(" ", "-")}`;
    size += Number.parseInt(stamp) || 0;
  }
  const variables = fromCaller(names);
  const missing = inlineMissing(services, { ...dotenv, ...process.env });
  for (const { service, name, required } of missing) {
    if (required !== undefined) {
      flaws.push({ path: `services.${service}`, message: `service ${service}: ${name} has no value: ${required}` });
    }
  }
  const unset = missing.filter(({ required }) => required === undefined).map(({ service, name }) =>
    `${service}: ${name}`
  );
  if (Object.keys(files).length === 0 && Object.keys(variables).length === 0 && unset.length === 0) return undefined;
  return {
    ...{ name: "homelab-gpu", path: home, machine, profiles: [], env: {}, composeFiles: [], skipped: [] },
    ...{ files, size, variables, ...(unset.length > 0 ? { unset } : {}) },
  };
}
