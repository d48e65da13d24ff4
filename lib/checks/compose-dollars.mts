/** Dollar signs that may be part of a value, as of a password or of its hash, where Compose reads a variable. */
import type { ComposeProject, ProjectProblem } from "../compose/types.mts";
import { enabledOf } from "../compose/enabled.mts";
import { environmentOf } from "../compose/service.mts";
import { isWithin } from "../compose/variables.mts";
import { joinList } from "../text.mts";

/** The key `image` and its value in a line. */
const imageValue = /(?<![\w.-])image["']?\s*:\s*("[^"]*"|'[^']*'|(\$\{[^}]*\}|[^\s,}])*)/;

/** Variables without a value, split: those whose dollar sign may be part of a value, and the others. */
export function splitDollars(found: ProjectProblem[], project: ComposeProject): {
  literal: ProjectProblem[];
  rest: ProjectProblem[];
} {
  const { texts, envExamples = [] } = project;
  // the variable of a command that the service's own environment sets is for the container's shell
  const own = enabledOf(project).flatMap(([, service]) =>
    Object.entries(environmentOf(service)).flatMap(([name, value]) => value ? [name] : [])
  );
  const isLiteral = ({ variable, file, line, within }: ProjectProblem) => {
    if (envExamples.some(({ names }) => names.includes(variable!))) return false;
    const written = file === undefined || line === undefined ? undefined : texts[file]?.split("\n")[line - 1];
    // the name of an image has none
    const others = (written ?? "").replace(imageValue, "");
    return within || own.includes(variable!) || isWithin(variable!, others);
  };
  const literal = found.filter(isLiteral);
  return { literal, rest: found.filter((one) => !literal.includes(one)) };
}

/** What to do about variables that may be parts of values with a dollar sign: in a Compose file, and in an env file. */
export function literalDollar(found: ProjectProblem[]): string {
  const many = found.length > 1;
  const placesOf = (all: ProjectProblem[]) => joinList([...new Set(all.map(({ file, line }) => `${file}:${line}`))]);
  const inEnv = found.filter(({ within }) => within);
  const others = found.filter(({ within }) => !within);
  const ways = [
    ...(others.length > 0 ? [`write $$ (${placesOf(others)})`] : []),
    ...(inEnv.length > 0 ? [`put the value in single quotes (${placesOf(inEnv)})`] : []),
  ];
  return `If the dollar sign${many ? "s are" : " is"} part of the value${many ? "s" : ""}, ${joinList(ways)}; ` +
    `otherwise set ${joinList(found.map(({ variable }) => variable!))}`;
}
