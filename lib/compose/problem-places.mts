/** Finds the lines of a project's files that its problems are about. */
import type { ReadProject } from "./reader.mts";
import { lineOf, literally } from "./refusals.mts";
import type { ProjectProblem } from "./types.mts";
import { joinList } from "../text.mts";
import { isRequired } from "./variables.mts";

/** The line that names a file. */
const lineOfFile = (path: string, texts: Record<string, string>) =>
  lineOf(texts, new RegExp(literally(path.split("/").at(-1)!)));

/** The problem of an include whose env file does not exist. */
export function absentEnvFile(path: string, texts: Record<string, string>): ProjectProblem {
  return { message: `there is no file ${path}, which is the env_file of an include`, ...lineOfFile(path, texts) };
}

/** The built-in reader's result for a host without Compose: named files that do not exist are a refusal. */
export function readerResult({ refusals, unsetVariables, wanted }: ReadProject, texts: Record<string, string>) {
  const [first] = wanted;
  const absent: ProjectProblem[] = first === undefined ? [] : [{
    message: wanted.length === 1
      ? `there is no file ${first}, which a service extends or the project includes`
      : `the files ${joinList(wanted)}, which services extend or the project includes, do not exist`,
    mend: `Get ${wanted.length === 1 ? first : "them"} into the project's folder (a submodule, or the project's own ` +
      `set-up), or remove ${wanted.length === 1 ? "it" : "their names"} there`,
    ...lineOfFile(first, texts),
  }];
  return { refusals: [...refusals, ...absent], unsetVariables };
}

/**
 * Adds the line of what a refusal names: the path of a key, a variable, a file or a name. `own`:
 * the refusals of the built-in reader.
 */
export function placed(problem: ProjectProblem, texts: Record<string, string>, own: ProjectProblem[]): ProjectProblem {
  const { message } = problem;
  // Compose reports the wrong line here, or no file
  if (/^(yaml|parsing|.*yaml: line)/.test(message)) {
    const [first, ...others] = Object.keys(texts);
    const single = others.length === 0 && problem.line !== undefined ? { file: first!, line: problem.line } : problem;
    const { file, line, mend } = own.find(({ line }) => line !== undefined) ?? single as ProjectProblem;
    return {
      ...problem,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(mend === undefined ? {} : { mend }),
    };
  }
  const [, variable] = /required variable (\S+) is missing/.exec(message) ?? [];
  if (variable !== undefined) {
    const message = problem.message.replace(
      /^.*required variable \S+ is missing a value:? ?/,
      `${variable} has no value: `,
    ).replace(/: $/, `: ${isRequired}`);
    const { file, line } = own.find((one) => one.variable === variable) ?? {};
    const place = file !== undefined && line !== undefined ? { file, line } : undefined;
    return { message, variable, ...(place ?? lineOf(texts, new RegExp(`\\$\\{${literally(variable)}\\b`))) };
  }
  const place = own.find(({ line }) => line !== undefined);
  // if the built-in reader refuses something too, it is most likely the same error
  const ownPlace = place && {
    file: place.file!,
    line: place.line!,
    ...(place.mend === undefined ? {} : { mend: place.mend }),
  };
  if (ownPlace && own.length === 1) return { ...problem, ...ownPlace };
  const keys = [...(/\b((?:services|networks|volumes|configs|secrets)\.[\w.-]+)/.exec(message)?.[1] ?? "").split(".")]
    .filter(Boolean);
  const [, property] = /propert(?:y|ies) '?([\w-]+)'? (?:is |are )?not allowed/.exec(message) ?? [];
  const [, text] = /^invalid interpolation format.* with another \$\. (.+)$/s.exec(message) ?? [];
  const written = text === undefined ? undefined : lineOf(texts, new RegExp(literally(text)));
  if (written) return { ...problem, ...ownPlace, ...written };
  const same = own.find(({ message: ours, line }) => line !== undefined && ours.startsWith(`${keys.join(".")} must `));
  if (same) {
    const { file, line, mend } = same;
    return { ...problem, file: file!, line: line!, ...(mend === undefined ? {} : { mend }) };
  }
  const found = lineOfPath(texts, property === undefined ? keys : [...keys, property]);
  if (found) {
    const { mend = emptyKeyMend(message, texts, found) } = own.find(({ file, line }) =>
      file === found.file && line === found.line
    ) ?? {};
    return { ...problem, ...found, ...(mend === undefined ? {} : { mend }) };
  }
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
  return { ...problem, ...(ownPlace ?? places.find(Boolean)) };
}

/** What to do about a key without a value, where Compose wants one: all that was below it is a comment. */
function emptyKeyMend(
  message: string,
  texts: Record<string, string>,
  { file, line }: { file: string; line: number },
): string | undefined {
  const [own = "", ...below] = texts[file]!.split("\n").slice(line - 1);
  const [, key] = /^\s*["']?([\w.-]+)["']?\s*:\s*(?:#.*)?$/.exec(own) ?? [];
  const next = below.find((one) => /^\s*[^\s#]/.test(one)) ?? "";
  // an item of its list, which may have the same indentation, or a deeper key
  if (/^\s*- /.test(next) ? next.search(/\S/) >= own.search(/\S/) : next.search(/\S/) > own.search(/\S/)) {
    return undefined;
  }
  return key !== undefined && /must be a (mapping|list|array|string)/.test(message)
    ? `Remove ${key}:, which has no value, or write its value`
    : undefined;
}

/** The line of a nested key: each key is searched for after its parent; the last one that is found counts. */
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
