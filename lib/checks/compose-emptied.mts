/** Variables without a value, with what they leave of the mounts, images and ports that they are in. */
import type { ComposeProject, ProjectProblem } from "../compose/types.mts";
import { enabledOf } from "../compose/enabled.mts";
import { grantsOf } from "../compose/grants.mts";
import { attachedNetworks } from "../compose/service.mts";
import { literally } from "../compose/refusals.mts";
import { isOptionalIn, isSecretName, variablesIn } from "../compose/variables.mts";
import type { Fix } from "../findings.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";
import { blockOf, type ProjectFlaw } from "./compose-flaw.mts";
import { databasePasswords } from "./compose-databases.mts";
import { desktopVariables } from "./compose-desktop.mts";
import { literalDollar, shellDollar, splitDollars } from "./compose-dollars.mts";
import { copyOfEnv, envOf } from "./compose-paths.mts";

/** What is left of a text whose variables have no value. */
export interface Emptied {
  text: string;
  names: string[];
  /** It does not work: Compose or Docker refuses it. */
  fails: boolean;
}

/** Takes out the flaws of texts whose variables have no value: {@link unsetFlaws} reports the variable. */
export function withoutEmptied(flaws: ProjectFlaw[], project: ComposeProject): {
  kept: ProjectFlaw[];
  emptied: Emptied[];
} {
  const records = Object.entries(project.emptied ?? {});
  const unset = new Set([...project.unsetVariables, ...project.refusals].map(({ variable }) => variable));
  // several variables can leave the same text: $CONFIG/app and $CACHE/app
  const causesOf = ({ text }: ProjectFlaw) =>
    text === undefined || text === ""
      ? []
      : records.filter(([left, { names }]) =>
        (left === text || left.startsWith(`${text}:`)) && names.some((one) => unset.has(one))
      );
  const caused = flaws.flatMap((flaw) =>
    causesOf(flaw).map(([text, { names }]): Emptied => ({ text, names, fails: flaw.status === "fail" }))
  );
  const refused = records.flatMap(([text, { names, refused }]) => refused ? [{ text, names, fails: true }] : []);
  return { kept: flaws.filter((flaw) => causesOf(flaw).length === 0), emptied: [...refused, ...caused] };
}

/**
 * The variables that the example of a project's missing `.env` has, where a flaw says to copy that example: they have
 * values then.
 */
export function variablesOfExample(flaws: ProjectFlaw[], { envExamples = [] }: ComposeProject): string[] {
  const title = flaws.map(({ fix }) => fix?.title ?? "").find((one) => /^Copy \S+ to \.env,/.test(one));
  return envExamples.find(({ file }) => title?.startsWith(`Copy ${file} to`))?.names ?? [];
}

/**
 * Whether a variable is used only in blocks of services that no active profile starts. A block with an anchor may be
 * that of another service too.
 */
function isOfDisabled(variable: string, project: ComposeProject): boolean {
  const enabled = new Set(enabledOf(project).map(([name]) => name));
  const disabled = Object.keys(project.model?.services ?? {}).filter((name) => !enabled.has(name));
  if (disabled.length === 0) return false;
  const pattern = new RegExp(`\\$\\{?${literally(variable)}\\b`);
  const lines = Object.entries(project.texts).flatMap(([file, text]) => {
    const blocks = disabled.flatMap((name) => blockOf(file, text, name)).filter(({ lines }) =>
      /:\s*(#.*)?$/.test(lines[0]!) && !lines.some((line) => /\s&\w/.test(line))
    );
    return text.split("\n").flatMap((line, i) =>
      pattern.test(line) ? [blocks.some(({ first, lines }) => i + 1 >= first && i + 1 < first + lines.length)] : []
    );
  });
  return lines.length > 0 && lines.every(Boolean);
}

/**
 * Whether a variable is used only below `args:` of builds: without a value the image is built without it, and what
 * that breaks in a `FROM` has a finding of its own.
 */
function isOfBuildArgs(variable: string, { texts }: ComposeProject): boolean {
  const pattern = new RegExp(`\\$\\{?${literally(variable)}\\b`);
  const below = Object.values(texts).flatMap((text) => {
    const lines = text.split("\n").map((line) => line.replace(/^\s*#.*/, ""));
    return lines.flatMap((line, i) => pattern.test(line) ? [isBelow("args", lines.slice(0, i + 1))] : []);
  });
  return below.length > 0 && below.every(Boolean);
}

/** Whether the last of these lines is in the value of a key; items of a list may be as deep as its key. */
function isBelow(key: string, lines: string[]): boolean {
  const own = new RegExp(`^\\s*["']?${key}["']?\\s*:`);
  let depth = Infinity;
  for (const line of lines.toReversed()) {
    const start = line.search(/\S/);
    if (start < 0 || start >= depth) continue;
    if (own.test(line)) return true;
    depth = /^\s*- /.test(line) ? start + 1 : start;
  }
  return false;
}

/** The value of `image:`, and an item of a list that is a variable, such as the name of a network. */
const ofImage = /\bimage["']?\s*:\s*[^,\n]*/g;
const ofItem = /(?<=^\s*-\s*["']?)\$(\w+|\{\w+\})(?=["']?\s*(#.*)?$)/gm;

/** The value of `source:` of a mount that is nothing but variables. */
const ofSource = /(?<![\w-])(source|src)["']?\s*:\s*["']?(\$\w+|\$\{\w+\})+["']?(?=\s*([,}#\n]|$))/g;

/** The value of `file:`, as of a config or a secret. */
const ofFile = /(?<![\w-])file["']?\s*:\s*[^,\n]*/g;

/** Whether a service gets a config or a secret with an empty `file`. */
function hasNamelessFile(project: ComposeProject): boolean {
  const { model, written = model } = project;
  const services = enabledOf(project).map(([name, service]) => ({ service, own: written?.services[name] ?? service }));
  return (["configs", "secrets"] as const).some((section) =>
    services.some(({ service, own }) =>
      [...grantsOf(service[section]), ...grantsOf(mapAt(own, "build")[section])].some((key) => {
        const one: unknown = written?.[section]?.[key];
        return isMap(one) && one.file === "";
      })
    )
  );
}

/** What to do about a `file:` whose variables have no value. */
export const fileVariableFix = (project: ComposeProject): Fix => variableFix(unsetIn(ofFile, project), project);

/** The variables without a value in what a pattern finds. */
function unsetIn(pattern: RegExp, { unsetVariables, texts }: ComposeProject): string[] {
  const unset = new Set(unsetVariables.map(({ variable }) => variable));
  const values = Object.values(texts).flatMap((text) => text.match(pattern) ?? []);
  return variablesIn(values.join("\n")).filter((name) => unset.has(name));
}

/** What to do about bind mounts in the long form whose variables have no value; undefined if none has such a one. */
export function sourceVariableFix(project: ComposeProject): Fix | undefined {
  const names = unsetIn(ofSource, project);
  return names.length > 0 ? variableFix(names, project) : undefined;
}

const isSourceless = (mount: unknown) => isMap(mount) && mount.type === "bind" && mount.source === "";

/** What to do about images whose variables have no value: these variables are named where they are known. */
export const imageVariableFix = (project: ComposeProject): Fix => variableFix(unsetIn(ofImage, project), project);

/** The message about a network whose name is a variable without a value. */
export const ofNameless = /is in a network without a name/;

/** A service in a network whose name is a variable without a value. */
export const namelessNetwork = (name: string, project: ComposeProject): ProjectFlaw => ({
  status: "fail",
  message: `${name} is in a network without a name: a variable under networks: has no value`,
  service: name,
  at: "networks:",
  fix: variableFix(unsetIn(ofItem, project), project),
});

function variableFix(names: string[], project: ComposeProject): Fix {
  const copy = names.length > 0 ? copyOfEnv(project, names) : undefined;
  return manualFix(copy ?? `Set ${names.length > 0 ? joinList(names) : "the variables"} in ${envOf(project)}`);
}

/** Variables of the caller's terminal, of its proxies and of paths of libraries, without which programs run too. */
const ofTerminal =
  /^(TERM|COLORTERM|LANG|LANGUAGE|LC_\w+|COLUMNS|LINES|SHLVL|LD_LIBRARY_PATH|PYTHONPATH|(https?|ftp|all|no)_proxy|(HTTPS?|FTP|ALL|NO)_PROXY)$/;

/**
 * The variables of a project without a value, except those in `copied`: those that break
 * something, passwords and keys, the others.
 */
export function unsetFlaws(project: ComposeProject, emptied: Emptied[], copied: string[] = []): ProjectFlaw[] {
  const { name: folder } = project;
  // a variable that the project requires in another place has a finding of its own
  const required = new Set(project.refusals.flatMap(({ variable }) => variable ?? []));
  const isLost = ({ variable = "" }: { variable?: string }) =>
    !copied.includes(variable) && !ofTerminal.test(variable) && !required.has(variable);
  const later = project.unsetVariables.filter(({ setLater }) => setLater !== undefined);
  // a file without a name has a finding of its own
  const ofFiles = hasNamelessFile(project) ? unsetIn(ofFile, project) : [];
  const unsetVariables = project.unsetVariables.filter((one) =>
    isLost(one) && !later.includes(one) && !ofFiles.includes(one.variable ?? "")
  );
  const breaks = (variable = "") => emptied.filter(({ names }) => names.includes(variable));
  const breaking = unsetVariables.filter(({ variable }) => breaks(variable).length > 0);
  const isExample = (name: string) => (project.envExamples ?? []).some(({ names }) => names.includes(name));
  const allTexts = Object.values(project.texts).join("\n");
  const used = unsetVariables.filter(({ variable = "" }) =>
    !isOfDisabled(variable, project) && (isExample(variable) || !isOfBuildArgs(variable, project))
  );
  const passwords = databasePasswords(project);
  const ofDatabase = used.filter(({ variable }) => passwords.some((one) => one.variable === variable));
  const isSecret = (one: typeof used[number]) => !ofDatabase.includes(one) && isSecretName(one.variable ?? "");
  const secret = used.filter((one) => !breaking.includes(one) && isSecret(one));
  const ofDesktop = desktopVariables(project);
  // an image without a name has a finding of its own, and so have a network and a mount
  const services = enabledOf(project).map(([, service]) => service);
  const ofNames = [
    ...(services.some(({ image }) => image === "") ? unsetIn(ofImage, project) : []),
    ...(services.some((service) => attachedNetworks(service).includes("")) ? unsetIn(ofItem, project) : []),
    ...(services.some(({ volumes }) => [volumes].flat().some(isSourceless)) ? unsetIn(ofSource, project) : []),
  ];
  const rest = used.filter((one) =>
    !breaking.includes(one) && !secret.includes(one) && !ofDatabase.includes(one) &&
    !isOptionalIn(allTexts, one.variable ?? "") &&
    ![...ofDesktop, ...ofNames].includes(one.variable ?? "") &&
    // a service that passes a variable on works without it, unless the project says to set it
    (!one.inherited || isExample(one.variable!))
  );
  const fails = emptied.some(({ names, fails }) => fails && breaking.some(({ variable }) => names.includes(variable!)));
  const flaw = (all: typeof secret, status: "fail" | "warn", effect: (them: string) => string): ProjectFlaw[] => {
    const { literal, ofShell, rest } = splitDollars(all, project);
    return [
      ...flawOf(literal, status, effect, literalDollar),
      ...flawOf(ofShell, status, effect, shellDollar),
      ...flawOf(rest, status, effect),
    ];
  };
  const flawOf = (
    found: typeof secret,
    status: "fail" | "warn",
    effect: (them: string) => string,
    mend?: (found: ProjectProblem[]) => string,
  ): ProjectFlaw[] => {
    if (found.length === 0) return [];
    const names = found.map(({ variable }) => variable!);
    return [{
      status,
      message: `${names.join(", ")} ${names.length > 1 ? "have" : "has"} no value${
        effect(names.length > 1 ? "them" : "it")
      }`,
      at: `{${names[0]}`,
      evidence: {
        read: [...new Set(found.map(({ file, line }) => (file ? `${folder}/${file}:${line ?? "?"}` : folder)))].join(
          ", ",
        ),
        value: "no value, no default",
      },
      fix: manualFix(
        mend?.(found) ?? copyOfEnv(project, names) ??
          `Set ${names.length > 8 ? "them" : names.join(", ")} in ${envOf(project)}${orEmpty(found, secret)}`,
      ),
    }];
  };
  const left = emptied.filter(({ names }) => breaking.some(({ variable }) => names.includes(variable!)));
  const texts = [...new Set(left.map(({ text }) => text === "" ? "an empty value" : `“${text}”`))];
  const listed = texts.length > 8 ? [...texts.slice(0, 8), `${texts.length - 8} more`] : texts;
  return [
    ...setLaterFlaw(later, folder),
    ...flaw(
      breaking,
      fails ? "fail" : "warn",
      () =>
        `, which leaves ${joinList(listed)}: ${
          fails ? "Compose or Docker refuses that" : "not the path that is meant"
        }`,
    ),
    ...flaw(
      ofDatabase.filter((one) => !breaking.includes(one)),
      "fail",
      () => {
        const services = [...new Set(passwords.map(({ service }) => service))];
        return `: ${joinList(services)} ${services.length > 1 ? "do" : "does"} not start without a password`;
      },
    ),
    ...flaw(secret, "warn", () => ": the service starts with an empty password or key"),
    ...flaw(rest, "warn", (them) => `: Compose replaces ${them} with an empty string, or omits ${them}`),
  ];
}

/** How to write keys of services that nobody uses here: with an empty default. `secret`: the passwords and keys. */
function orEmpty(found: ProjectProblem[], secret: ProjectProblem[]): string {
  const first = found.find((one) => secret.includes(one) && !one.inherited);
  const unused = found.length > 1 ? "such as this for those that you do not use" : "if you do not use it";
  return first ? `, or write an empty default ${unused}: \${${first.variable}:-}` : "";
}

/** Variables that an env file uses above the line that sets them. */
function setLaterFlaw(found: ProjectProblem[], project: string): ProjectFlaw[] {
  const [first] = found;
  if (!first) return [];
  const names = [...new Set(found.map(({ variable }) => variable!))];
  const many = names.length > 1;
  const lines = found.map(({ line }) => line!);
  return [{
    status: "warn",
    message: `${first.file} uses ${joinList(names)} above the ${many ? "lines that set them" : "line that sets it"}: ` +
      `${many ? "they are" : "it is"} empty there`,
    evidence: { read: `${project}/${first.file}:${first.line}`, value: `set in line ${first.setLater}` },
    fix: manualFix(
      `Move the line${many ? "s" : ""} ${joinList(found.map(({ setLater }) => String(setLater)))} of ${first.file} ` +
        `above line ${Math.min(...lines)}`,
    ),
  }];
}
