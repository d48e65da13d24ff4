/** Parses the errors that `docker compose config` prints into problems with their place. */
import type { ProjectProblem } from "./types.mts";

/**
 * The errors with which Compose refuses a project, as plain text: without log fields and without
 * the path of the project's folder.
 */
export function refusalsOf(stderr: string, folder: string): ProjectProblem[] {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line && !/^time=.*level=/.test(line));
  // several errors, one in a line
  if (/^decoding failed due to the following error/.test(lines[0] ?? "") && lines.length > 1) {
    return lines.slice(1).flatMap((line) =>
      refusalsOf(line.replace(/^error decoding '(\w+)\[([^\]]+)\]([^']*)': /, "$1.$2$3: "), folder)
    );
  }
  const text = lines.join(" ").replaceAll(`${folder}/`, "").replace(/: invalid compose project$/, "")
    .replace(/^validating \S+: /, "");
  if (text === "") return [];
  // the schema error of a file: "validating FILE: …"
  const [, named] = /(?:validating|parsing|yaml: |while parsing|file) ?([^\s:]+\.ya?ml):/.exec(text) ?? [];
  const [, line] = /\bline (\d+)/.exec(text) ?? [];
  const mend = mends.find(([pattern]) => pattern.test(text))?.[1];
  return [{
    message: text,
    ...(named ? { file: named } : {}),
    ...(line ? { line: Number(line) } : {}),
    ...(mend === undefined ? {} : { mend }),
  }];
}

/** Errors of Compose (2.26.1 and 2.40.3) that do not say what to do. */
const mends: [RegExp, string][] = [
  [/time\.Time|time\.Date\(/, "Put the date in quotes"],
  [/non-string key/i, "Put the key in quotes"],
  [/unsupported value: ([-+]Inf|NaN)/, "Put the number in quotes"],
  [/empty compose file/, "The file has no content: get it again from its project, or write the services into it"],
  [/conflicts with imported resource/, "Declare it in one of the two files only, or in the same way in both"],
];

/** Variables that Compose warns about and replaces with an empty text; each one once. */
export function unsetVariablesOf(stderr: string): string[] {
  const found = [...stderr.matchAll(/The \\?"([^"\\]+)\\?" variable is not set/g)].map(([, name]) => name!);
  return [...new Set(found)].sort();
}

/** The service named in a Compose error. */
export function serviceOfRefusal(message: string): string | undefined {
  return /\bservices\.([A-Za-z0-9_-]+)/.exec(message)?.[1] ?? /\bservice "([^"]+)"/.exec(message)?.[1];
}

/** The place of a pattern in the texts: the first line that matches, except comments. */
export function lineOf(texts: Record<string, string>, pattern: RegExp): { file: string; line: number } | undefined {
  for (const [file, text] of Object.entries(texts)) {
    const index = text.split("\n").findIndex((line) => pattern.test(line.replace(/(^|\s)#.*$/, "")));
    if (index >= 0) return { file, line: index + 1 };
  }
  return undefined;
}

/** A pattern that matches the text literally. */
export const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
