/** Dollar signs that may be part of a value, as of a password or of its hash, where Compose reads a variable. */
import type { ComposeProject, ProjectProblem } from "../compose/types.mts";
import { enabledOf } from "../compose/enabled.mts";
import { environmentOf } from "../compose/service.mts";
import { isWithin, variablesIn } from "../compose/variables.mts";
import { joinList } from "../text.mts";
import { blockOf } from "./compose-flaw.mts";

/** The key `image` and its value in a line. */
const imageValue = /(?<![\w.-])image["']?\s*:\s*("[^"]*"|'[^']*'|(\$\{[^}]*\}|[^\s,}])*)/;

/** The keys of a service whose values run in its container. */
const ofContainer = /(^|[{,])\s*["']?(command|entrypoint|healthcheck)["']?\s*:/;

/** The texts of the command, the entrypoint and the health check of a service in a file. */
function commandsOf(file: string, text: string, service: string): string[] {
  return blockOf(file, text, service).flatMap(({ lines }) =>
    lines.flatMap((line, i) => {
      const [key, before] = ofContainer.exec(line) ?? [];
      if (key === undefined) return [];
      // in braces the value ends at the next key
      if (before !== "") return line.slice(line.indexOf(key) + key.length).split(/,\s*[\w-]+\s*:\s/)[0]!;
      const depth = line.search(/\S/);
      const rest = lines.slice(i + 1);
      const end = rest.findIndex((one) => one.trim() !== "" && one.search(/[^\s-]/) <= depth);
      return [line, ...rest.slice(0, end < 0 ? undefined : end)];
    })
  );
}

/**
 * Whether a variable is used only in commands of services whose own environment sets it: the container's shell may
 * fill it in.
 */
function isForShell(name: string, project: ComposeProject): boolean {
  const services = enabledOf(project).filter(([, service]) => environmentOf(service)[name]).map(([service]) => service);
  const places = Object.entries(project.texts).map(([file, text]) => {
    const own = services.flatMap((service) => commandsOf(file, text, service));
    const others = own.reduce((rest, one) => rest.replace(one, ""), text).replace(/(^|\s)#.*$/gm, "");
    return { isThere: variablesIn(own.join("\n")).includes(name), isElsewhere: variablesIn(others).includes(name) };
  });
  return places.some(({ isThere }) => isThere) && !places.some(({ isElsewhere }) => isElsewhere);
}

/**
 * Variables without a value, split: those whose dollar sign may be part of a value, those that may be for the
 * container's shell, and the others.
 */
export function splitDollars(found: ProjectProblem[], project: ComposeProject): {
  literal: ProjectProblem[];
  ofShell: ProjectProblem[];
  rest: ProjectProblem[];
} {
  const { texts, envExamples = [] } = project;
  const isInExample = ({ variable }: ProjectProblem) => envExamples.some(({ names }) => names.includes(variable!));
  const isLiteral = ({ variable, file, line, within }: ProjectProblem) => {
    const written = file === undefined || line === undefined ? undefined : texts[file]?.split("\n")[line - 1];
    // the name of an image has none
    const others = (written ?? "").replace(imageValue, "");
    return within || isWithin(variable!, others);
  };
  const unknown = found.filter((one) => !isInExample(one));
  const literal = unknown.filter(isLiteral);
  const ofShell = unknown.filter((one) => !literal.includes(one) && isForShell(one.variable!, project));
  return { literal, ofShell, rest: found.filter((one) => ![...literal, ...ofShell].includes(one)) };
}

const placesOf = (all: ProjectProblem[]) => joinList([...new Set(all.map(({ file, line }) => `${file}:${line}`))]);
const namesOf = (all: ProjectProblem[]) => joinList(all.map(({ variable }) => variable!));

/** What to do about variables in commands that the service's own environment sets. */
export const shellDollar = (found: ProjectProblem[]): string =>
  `If ${namesOf(found)} ${found.length > 1 ? "are" : "is"} for the container's shell, write $$ (${placesOf(found)}); ` +
  `otherwise set ${found.length > 1 ? "them" : "it"}`;

/** What to do about variables that may be parts of values with a dollar sign: in a Compose file, and in an env file. */
export function literalDollar(found: ProjectProblem[]): string {
  const many = found.length > 1;
  const inEnv = found.filter(({ within }) => within);
  const others = found.filter(({ within }) => !within);
  const ways = [
    ...(others.length > 0 ? [`write $$ (${placesOf(others)})`] : []),
    ...(inEnv.length > 0 ? [`put the value in single quotes (${placesOf(inEnv)})`] : []),
  ];
  return `If the dollar sign${many ? "s are" : " is"} part of the value${many ? "s" : ""}, ${joinList(ways)}; ` +
    `otherwise set ${namesOf(found)}`;
}
