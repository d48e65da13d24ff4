/** What `docker compose config` says on standard error, as problems with their place. */
import type { ProjectProblem } from "./types.mts";

/** A line that Compose refuses a project with, in plain text: log fields and the path of the project's folder taken off. */
export function refusalsOf(stderr: string, folder: string): ProjectProblem[] {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line && !/^time=.*level=/.test(line));
  const text = lines.join(" ").replaceAll(`${folder}/`, "").replace(/: invalid compose project$/, "")
    .replace(/^validating \S+: /, "");
  if (text === "") return [];
  // one sentence for each file that the schema refuses: "validating FILE: …"
  const [, named] = /(?:validating|parsing|yaml: |while parsing|file) ?([^\s:]+\.ya?ml):/.exec(text) ?? [];
  const [, line] = /\bline (\d+)/.exec(text) ?? [];
  return [{ message: text, ...(named ? { file: named } : {}), ...(line ? { line: Number(line) } : {}) }];
}

/** Variables that Compose put an empty text for, by its warnings; each once. */
export function unsetVariablesOf(stderr: string): string[] {
  const found = [...stderr.matchAll(/The \\?"([^"\\]+)\\?" variable is not set/g)].map(([, name]) => name!);
  return [...new Set(found)].sort();
}

/** The service that a refusal is about, by the words of Compose. */
export function serviceOfRefusal(message: string): string | undefined {
  return /\bservices\.([A-Za-z0-9_-]+)/.exec(message)?.[1] ?? /\bservice "([^"]+)"/.exec(message)?.[1];
}

/** Where something stands in texts: the first line that names it; a comment does not count. */
export function lineOf(texts: Record<string, string>, pattern: RegExp): { file: string; line: number } | undefined {
  for (const [file, text] of Object.entries(texts)) {
    const index = text.split("\n").findIndex((line) => pattern.test(line.replace(/(^|\s)#.*$/, "")));
    if (index >= 0) return { file, line: index + 1 };
  }
  return undefined;
}

/** A pattern for a text as it is. */
export const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
