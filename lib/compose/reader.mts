/**
 * The built-in reader of Compose files, for hosts without Compose: YAML, keys and types, variables,
 * `extends`, several files.
 */
import { dirname, isAbsolute, join, relative } from "node:path/posix";
import { isMap, mapAt } from "../maps.mts";
import { readDocument } from "./document.mts";
import { documentsOf } from "./documents.mts";
import { mergeFiles } from "./merge.mts";
import type { Emptied } from "./filled.mts";
import { lineOf, literally } from "./refusals.mts";
import { rebased } from "./rebase.mts";
import type { ComposeModel, ComposeService, ProjectProblem } from "./types.mts";
import { dotEnv } from "./variables.mts";

/** The result of the built-in reader for a project. */
export interface ReadProject {
  model?: ComposeModel;
  refusals: ProjectProblem[];
  unsetVariables: ProjectProblem[];
  /** The texts in which a variable has no value, as they are without it. */
  emptied: Record<string, Emptied>;
  /** What Compose accepts and reads as something else than it looks like. */
  warnings: ProjectProblem[];
  /**
   * Files named by `extends` and `include` that were not among the texts, relative to the project's
   * folder.
   */
  wanted: string[];
  /** Files of other computers that it extends or includes: `https://github.com/…`. They are not read. */
  remote: string[];
  /** Whether the model lacks a file that is missing or that is not valid YAML. */
  incomplete: boolean;
  /**
   * Env files of included files (compose-spec, include). Of these, only those without `required`
   * may be missing.
   */
  envFiles: { path: string; required: boolean }[];
}

/**
 * Reads a project's files; later files override earlier ones.
 *
 * `files`: the Compose files in order. `texts`: the texts of these files and of those that they
 * extend or include, by path relative to the folder. `values`: values of variables. A file that is
 * missing from `texts` is listed in `wanted`: read it and call again. `envTexts`: the texts of the
 * `envFiles` of an earlier call.
 */
export function readProjectFiles(
  files: string[],
  texts: Record<string, string>,
  values: Record<string, string | undefined>,
  envTexts: Record<string, string> = {},
): ReadProject {
  const read = new Reading(files, texts, values, envTexts);
  const merged = files.map((file) => read.file(file)).reduce(mergeFiles, {});
  const services = Object.fromEntries(
    Object.entries(mapAt(merged, "services")).map(([name, body]) => [name, isMap(body) ? body : {}]),
  ) as Record<string, ComposeService>;
  const { unsetVariables, wanted } = read;
  const refusals = read.refusals.filter((one) => read.isUsed(one));
  const failed = refusals.length > 0 && Object.keys(services).length === 0;
  return {
    ...(failed ? {} : { model: { ...(merged as Partial<ComposeModel>), services } }),
    refusals,
    unsetVariables: [...unsetVariables.values()],
    warnings: read.warnings,
    emptied: Object.fromEntries(read.emptied),
    wanted: [...wanted],
    remote: [...read.remote],
    incomplete: wanted.size > 0 || read.remote.size > 0 || read.broken,
    envFiles: [...read.envFiles].map(([path, required]) => ({ path, required })),
  };
}

class Reading {
  readonly refusals: ProjectProblem[] = [];
  readonly warnings: ProjectProblem[] = [];
  readonly unsetVariables = new Map<string, ProjectProblem>();
  readonly wanted = new Set<string>();
  readonly remote = new Set<string>();
  /** A document was refused as a whole. */
  broken = false;
  readonly envFiles = new Map<string, boolean>();
  readonly emptied = new Map<string, Emptied>();
  readonly #texts: Record<string, string>;
  readonly #values: Record<string, string | undefined>;
  readonly #envTexts: Record<string, string>;
  /**
   * For included files, and those that they extend: the values of variables, and the folder of
   * relative paths.
   */
  readonly #settings = new Map<string, { values: Record<string, string | undefined>; folder?: string }>();
  readonly #documents = new Map<string, Record<string, unknown>>();
  /** The files that the project has or includes. */
  readonly #whole = new Set<string>();
  /** The services that are read of each file: of one that another extends, only some. */
  readonly #services = new Map<string, Set<string>>();

  readonly #files: string[];

  constructor(
    files: string[],
    texts: Record<string, string>,
    values: Record<string, string | undefined>,
    envTexts: Record<string, string>,
  ) {
    this.#envTexts = envTexts;
    this.#files = files;
    this.#texts = texts;
    this.#values = values;
  }

  /**
   * Whether a refusal is about what the project uses. Compose does not check the other services of a file that one
   * service of it is extended from (run with 2.26.1 on 2026-11-28).
   */
  isUsed({ message, file }: ProjectProblem): boolean {
    const names = this.#services.get(file ?? "");
    if (names === undefined || this.#whole.has(file!) || !message.startsWith("services.")) return true;
    return [...names].some((name) =>
      message.startsWith(`services.${name}.`) || message.startsWith(`services.${name} `)
    );
  }

  /** A file with its `extends` and `include` resolved; empty if it cannot be read. */
  file(path: string, above: string[] = []): Record<string, unknown> {
    this.#whole.add(path);
    const data = this.#data(path);
    if (above.includes(path)) {
      this.#includesItself([...above, path]);
      return {};
    }
    const included = (Array.isArray(data.include) ? data.include : []).flatMap((one) => {
      const names = (isMap(one) ? [one.path].flat() : [one]).filter((name) => typeof name === "string")
        .filter((name) => !this.#isRemote(name));
      this.#include(path, names, isMap(one) ? one : {});
      return names;
    }).map((name) => ({ name, data: this.file(relativeTo(path, name), [...above, path]) }));
    const services = Object.fromEntries(
      Object.keys(mapAt(data, "services")).map((name) => [name, this.#service(path, name, [])]),
    );
    for (const { name, data: other } of included) this.#conflicts(path, data, name, other);
    return mergeFiles(included.map(({ data }) => data).reduce(mergeFiles, {}), { ...data, services });
  }

  /** Whether a file is on another computer (docker/compose, pkg/remote/git.go and oci.go); it is noted then. */
  #isRemote(name: string): boolean {
    const is = /^(https?|ssh|git|oci):\/\/|^git@[\w.-]+:|^[\w./-]+\.git(#|$)/.test(name);
    if (is) this.remote.add(name);
    return is;
  }

  /** Reports a file that includes itself, once, at its own include. */
  #includesItself(files: string[]): void {
    const [first] = files.slice(files.indexOf(files.at(-1)!));
    if (this.refusals.some(({ message }) => message.endsWith("includes itself"))) return;
    const place = lineOf({ [first!]: this.#texts[first!] ?? "" }, /^["']?include["']?\s*:/) ?? { file: first! };
    this.refusals.push({ message: `${first} includes itself`, mend: "Remove the include that leads back", ...place });
  }

  /**
   * Sets the variables and the folder of included files. By default `project_directory` is the
   * folder of the first file, and `env_file` is the `.env` in it. The project's own variables
   * override them (compose-spec, include).
   */
  #include(path: string, names: string[], { project_directory, env_file }: Record<string, unknown>): void {
    const [first] = names;
    if (first === undefined) return;
    const named = typeof project_directory === "string" && project_directory !== "";
    const folder = named ? relativeTo(path, project_directory) : dirname(relativeTo(path, first));
    const written = [env_file ?? []].flat().filter((one) => typeof one === "string").map((one) =>
      relativeTo(path, one)
    );
    const envFiles = written.length > 0 ? written : [join(folder, ".env")];
    for (const one of envFiles) this.envFiles.set(one, this.envFiles.get(one) || written.length > 0);
    const outer = this.#valuesOf(path);
    const values = envFiles.reduce<Record<string, string | undefined>>(
      (earlier, one) => ({ ...earlier, ...dotEnv(this.#envTexts[one] ?? "", { ...earlier, ...outer }) }),
      {},
    );
    for (const name of names) {
      const settings = { values: { ...values, ...outer }, ...(named ? { folder } : {}) };
      if (!this.#settings.has(relativeTo(path, name))) this.#settings.set(relativeTo(path, name), settings);
    }
  }

  #valuesOf(path: string): Record<string, string | undefined> {
    return this.#settings.get(path)?.values ?? this.#values;
  }

  /**
   * Reports what an included file declares a second time, unless both declarations are the same
   * (compose-spec, include).
   */
  #conflicts(path: string, own: Record<string, unknown>, name: string, other: Record<string, unknown>): void {
    for (const section of ["services", "networks", "volumes", "configs", "secrets"]) {
      const [ours, theirs] = [mapAt(own, section), mapAt(other, section)];
      for (const key of Object.keys(ours)) {
        if (!Object.hasOwn(theirs, key) || JSON.stringify(ours[key]) === JSON.stringify(theirs[key])) continue;
        const place = lineOf({ [path]: this.#texts[path]! }, new RegExp(`^\\s+["']?${literally(key)}["']?\\s*:`)) ??
          { file: path };
        const message = `${section}.${key} is in ${name} too, which this file includes`;
        // a network that every included file declares
        if (!this.refusals.some((one) => one.file === path && one.message.startsWith(`${section}.${key} is in `))) {
          this.refusals.push({ message, ...place });
        }
      }
    }
  }

  #service(path: string, name: string, above: string[]): ComposeService {
    this.#services.set(path, (this.#services.get(path) ?? new Set()).add(name));
    const id = `${path}\n${name}`;
    const body = mapAt(mapAt(this.#data(path), "services"), name);
    if (above.includes(id)) {
      const place = lineOf({ [path]: this.#texts[path] ?? "" }, new RegExp(`^\\s+["']?${literally(name)}["']?\\s*:`));
      if (!this.refusals.some(({ message }) => message.endsWith("extends itself"))) {
        this.refusals.push({ message: `service ${name} extends itself`, ...(place ?? { file: path }) });
      }
      return body;
    }
    const { extends: base, ...own } = body;
    const named = typeof base === "string" ? { service: base } : isMap(base) ? base : undefined;
    if (!named || typeof named.service !== "string") return body;
    if (typeof named.file === "string" && this.#isRemote(named.file)) return own;
    const from = typeof named.file === "string" ? relativeTo(path, named.file) : path;
    if (!this.#settings.has(from) && !this.#files.includes(from)) {
      this.#settings.set(from, { values: this.#valuesOf(path) });
    }
    const services = mapAt(this.#data(from), "services");
    if (this.#texts[from] !== undefined && !Object.hasOwn(services, named.service)) {
      const place = lineOf({ [path]: this.#texts[path] ?? "" }, new RegExp(`\\b${literally(named.service)}\\b`));
      this.refusals.push({ message: `${name} extends ${named.service}, which ${from} does not have`, ...place });
    }
    // keys that refer to other services are not inherited (compose-spec, extends)
    const { depends_on: _, links: __, volumes_from: ___, ...inherited } = this.#service(from, named.service, [
      ...above,
      id,
    ]);
    return mergeFiles(inherited, own);
  }

  /** The data of an override file without services that have no keys there (run with 2.26.1 on 2026-11-29). */
  #withoutRepeated(path: string, data: Record<string, unknown>): Record<string, unknown> {
    const earlier = this.#files.slice(0, Math.max(this.#files.indexOf(path), 0));
    const services = mapAt(data, "services");
    const repeated = Object.keys(services).filter((name) =>
      services[name] === null && earlier.some((file) => isMap(mapAt(this.#documents.get(file) ?? {}, "services")[name]))
    );
    if (repeated.length === 0) return data;
    const kept = this.refusals.filter(({ file, message }) =>
      file !== path || !repeated.some((name) => message === `services.${name} must be a mapping`)
    );
    this.refusals.splice(0, Infinity, ...kept);
    const rest = Object.entries(services).filter(([name]) => !repeated.includes(name));
    return { ...data, services: Object.fromEntries(rest) };
  }

  #data(path: string): Record<string, unknown> {
    const cached = this.#documents.get(path);
    if (cached) return cached;
    this.#documents.set(path, {});
    const text = this.#texts[path];
    if (text === undefined) {
      this.wanted.add(path);
      return {};
    }
    // Compose refuses a file without content only if the others have none (run with 2.26.1 on 2026-11-28)
    const rest = Object.entries(this.#texts).some(([other, one]) => other !== path && !isBlank(one));
    if (isBlank(text) && rest) return {};
    const fill = { file: path, text, values: this.#valuesOf(path) };
    const read = documentsOf(text).map((document) => {
      const before = this.refusals.length;
      const data = readDocument(path, document, this, fill);
      this.broken ||= this.refusals.length > before && Object.keys(data).length === 0;
      return data;
    }).reduce(mergeFiles, {});
    const own = this.#withoutRepeated(path, read);
    const [first = ""] = this.#files;
    const folder = this.#settings.get(path)?.folder ?? dirname(path);
    const data = this.#files.includes(path)
      ? own
      : rebased(own, isAbsolute(folder) && !isAbsolute(first) ? folder : relative(dirname(first), folder));
    this.#documents.set(path, data);
    return data;
  }
}

/** Whether a file has only comments and empty lines. */
const isBlank = (text: string) => text.split("\n").every((line) => /^\ufeff?\s*(#.*)?$/.test(line));

/** The path that a file names, relative to the project's folder. */
function relativeTo(file: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(file), name);
}
