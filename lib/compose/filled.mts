/** Fills in the variables of a Compose file, and records those without a value. */
import { isMap } from "../maps.mts";
import { visible } from "../text.mts";
import { lineOf, literally } from "./refusals.mts";
import type { ComposeProject, ProjectProblem } from "./types.mts";
import { interpolate, variableFix } from "./variables.mts";

/** A text in which variables have no value. */
export type Emptied = NonNullable<ComposeProject["emptied"]>[string];

/** What filling in variables finds. */
export interface FillResults {
  refusals: ProjectProblem[];
  /** By the name of the variable. */
  unsetVariables: Map<string, ProjectProblem>;
  /** By the text that is left. */
  emptied: Map<string, Emptied>;
}

/** A Compose file and the values of its variables. */
export interface FillSource {
  file: string;
  text: string;
  values: Record<string, string | undefined>;
}

/** The data of a Compose file with its variables filled in. What is wrong with them is added to `results`. */
export function filled(value: unknown, source: FillSource, results: FillResults): unknown {
  if (Array.isArray(value)) return value.map((one) => filled(one, source, results));
  if (isMap(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, source, results)]));
  }
  return typeof value === "string" && value.includes("$") ? filledText(value, source, results) : value;
}

function filledText(value: string, { file, text: whole, values }: FillSource, results: FillResults): string {
  const { refusals, unsetVariables, emptied } = results;
  const { text, missing, broken } = interpolate(value, values);
  if (broken) {
    const first = literally(value.split("\n").find((line) => line.includes("${"))!.trim());
    const place = lineOf({ [file]: whole }, new RegExp(first)) ?? { file };
    refusals.push({
      message: `${visible(value)} has a \${ that starts no valid variable: write $$ for a dollar sign`,
      mend: variableFix(value),
      unread: true,
      ...place,
    });
  }
  if (missing.length > 0 && text !== "") {
    const before = emptied.get(text);
    emptied.set(text, { ...before, names: [...new Set([...before?.names ?? [], ...missing.map(({ name }) => name)])] });
  }
  for (const { name, required } of missing) {
    const place = lineOf({ [file]: whole }, new RegExp(`\\$\\{?${literally(name)}\\b`)) ?? { file };
    if (required !== undefined) {
      if (!refusals.some(({ variable }) => variable === name)) {
        refusals.push({ message: `${name} has no value: ${required}`, variable: name, ...place });
      }
    } else if (!unsetVariables.has(name)) {
      unsetVariables.set(name, { message: `${name} has no value`, variable: name, ...place });
    }
  }
  return text;
}
