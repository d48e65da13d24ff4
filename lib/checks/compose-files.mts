/** Checks whether the files that a Compose project needs exist in the VM. */
import { resolve } from "node:path/posix";
import { grantsOf } from "../compose/grants.mts";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw, TopEntry } from "./compose-flaw.mts";
import { additionalContexts, buildContext, envFiles, labelFiles, seccompFiles } from "../compose/paths.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt, ownValue } from "../maps.mts";
import { joinList } from "../text.mts";
import { contextFlaws, pluralOf } from "./compose-contexts.mts";
import { fileVariableFix } from "./compose-emptied.mts";
import { creation, creations, envOf, forSeveral, leftOutMessage, parentFix, placeOfPath } from "./compose-paths.mts";

/** Flaws of a file that a project needs. `what`: its kind in messages, such as `the env file`. */
function needed(
  written: string,
  subject: string,
  project: ComposeProject,
  is: "file" | "folder" = "file",
): ProjectFlaw[] {
  const place = placeOfPath(written, project);
  if (!place) return [];
  const { kind, inside, relativePath: shown, leftOut } = place;
  const flaw = (message: string, mend: string): ProjectFlaw[] => {
    const [start, rest = ""] = message.split(/(?=, which)|(?= outside)/);
    // one missing file is one finding, and so are all missing files of secrets, and all missing env files
    const several = granted.test(subject);
    const isEnv = subject === "the env file" && rest === ", which does not exist";
    return [{
      ...{
        status: "fail",
        message,
        at: [...(subject === "the env file" ? linesOfEnvFile(written) : []), written, shown, shown.split("/").at(-1)!],
        fix: manualFix(mend),
        text: written,
      },
      fold: {
        kind: several ? `granted${rest}` : isEnv ? "missing env file" : message,
        verb: ["needs", "need"],
        item: several || isEnv ? shown : start!.replace("needs ", ""),
        ...(isEnv ? { list: (items) => `the env file${items.length > 1 ? "s" : ""} ${joinList(items)}` } : {}),
        rest: (many) => (many ? pluralOf(rest) : rest),
        ...(several ? { fix: (files) => manualFix(files.length > 1 ? forSeveral(mend, files, project) : mend) } : {}),
        ...(isEnv ? { fix: (items) => manualFix(creations(items, project)) } : {}),
      },
    }];
  };
  if (inside && /^[/~]/.test(written)) {
    return flaw(
      `needs ${subject} ${written} by its path on this host: the project's folder has another path in the VM`,
      `Write ./${shown}`,
    );
  }
  if (!inside) {
    const isAbsent = kind === "missing" && !/^[/~]/.test(written);
    return flaw(
      `needs ${subject} ${shown} outside the project's folder${
        isAbsent ? ", where it does not exist" : ": it is not copied into the VM"
      }`,
      /^[/~]/.test(written)
        ? "Copy it into the project's folder, and write its path there (./…)"
        : `${isAbsent ? `Create ${written}. ` : ""}${parentFix([place.path], project)}`,
    ).map((one) => (/^[/~]/.test(written) ? one : { ...one, outside: [place.path] }));
  }
  if (kind === "missing") {
    return flaw(
      `needs ${subject} ${shown}, which does not exist`,
      creation(shown, project),
    );
  }
  if (kind === "folder" && is === "file") {
    return flaw(`needs ${subject} ${shown}, which is a folder`, `Put a file at ${shown}`);
  }
  return leftOut
    ? flaw(leftOutMessage(`needs ${subject} ${shown}`), `Write !${shown} at the end of .dockerignore`)
    : [];
}

/** How the line of an env file begins: a mount may have the same name before it. */
const linesOfEnvFile = (path: string) =>
  ["env_file: ", "- ", "path: "].flatMap((start) => [`${start}${path}`, `${start}"${path}`, `${start}'${path}`])
    .concat("env_file:");

/** What messages call the file of a config or a secret. */
const granted = /^the (config|secret) /;

/** Env files, build contexts, configs and secrets of a service. */
export function neededFiles(
  name: string,
  service: ComposeService,
  project: ComposeProject,
  engine?: ResolvedMachine["engine"],
): ProjectFlaw[] {
  const { model, written, variables = {} } = project;
  // Compose's answer no longer has env files
  const own = written?.services[name] ?? service;
  const files = envFiles(own).filter(({ path }) => path !== "" && !path.includes("$"));
  return [
    ...files.flatMap(({ path, required }) => {
      const missing = placeOfPath(path, project)?.kind === "missing";
      return missing && !required ? [] : needed(path, "the env file", project);
    }),
    ...labelFiles(own).filter((path) => !path.includes("$")).flatMap((path) => needed(path, "the label file", project)),
    ...seccompFiles(own).filter((path) => !path.includes("$")).flatMap((path) =>
      needed(path, "the seccomp profile", project)
    ),
    ...buildFlaws(own, project, engine),
    ...(["configs", "secrets"] as const).flatMap((section) =>
      [...grantsOf(service[section]), ...(section === "secrets" ? grantsOf(mapAt(own, "build").secrets) : [])].flatMap(
        (grant): ProjectFlaw[] => {
          const declared = (written ?? model)?.[section]?.[grant];
          if (!isMap(declared)) return [];
          const what = `the ${section.slice(0, -1)} ${grant}`;
          const { file, environment, external } = declared;
          if (file === "") return emptyFile(what, { section, key: grant }, project);
          if (typeof file === "string" && !file.includes("$")) {
            return needed(file, `${what} from`, project).map((flaw) => ({
              ...flaw,
              atTop: { section, key: grant },
            }));
          }
          if (
            typeof environment === "string" && ownValue(variables, environment) === undefined &&
            !isInDotEnv(project, environment)
          ) {
            return [{
              status: "fail",
              message: `needs ${what} from the variable ${environment}, which has no value`,
              at: environment,
              fix: manualFix(`Set ${environment} in ${envOf(project)}`),
            }];
          }
          // in a Swarm they may exist: swarm-externals.mts
          return external && !project.inSwarm
            ? [{
              status: "fail",
              message: `needs ${what}, which is external: only a swarm has these`,
              at: "external",
              fix: manualFix(`Give it a file: ${section} {${grant}: {file: ./${grant}.txt}}`),
            }]
            : [];
        },
      )
    ),
  ];
}

/**
 * A config or a secret whose `file` is empty: Compose takes the project's folder for it (run with 2.26.1 on
 * 2026-11-28).
 */
function emptyFile(what: string, atTop: TopEntry, project: ComposeProject): ProjectFlaw[] {
  const rest = (many: boolean) => `, whose file${many ? "s have" : " has"} no name: Compose takes the project's folder`;
  return [{
    status: "fail",
    message: `needs ${what}${rest(false)}`,
    at: `${atTop.key}:`,
    atTop,
    fix: fileVariableFix(project),
    fold: { kind: "nameless file", verb: ["needs", "need"], item: what, rest },
  }];
}

const isInDotEnv = ({ dotEnvNames = [] }: ComposeProject, name: string) => dotEnvNames.includes(name);

function buildFlaws(
  service: ComposeService,
  project: ComposeProject,
  engine: ResolvedMachine["engine"] | undefined,
): ProjectFlaw[] {
  const context = buildContext(service);
  const others = additionalContexts(service).filter(({ path }) => !path.includes("$")).flatMap(({ name, path }) =>
    needed(path, `the build context ${name}:`, project, "folder")
  );
  return [
    ...others,
    ...(context === undefined || context.includes("$") ? [] : contextFlaws(context, service, project, engine)),
  ];
}

/** Compose files outside the project's folder, or that are not copied. */
export function composeFileFlaws(project: ComposeProject): ProjectFlaw[] {
  return Object.keys(project.texts).flatMap((file) => {
    const outside = /^(\/|\.\.(\/|$))/.test(file);
    const within = file.startsWith(`${project.folder}/`) ? file.slice(project.folder.length + 1) : undefined;
    if (within !== undefined) {
      return [{
        status: "fail" as const,
        message:
          `the project extends or includes ${file} by its path on this host: its folder has another path in the VM`,
        at: [file, within],
        fix: manualFix(`Write ./${within}`),
      }];
    }
    const leftOut = !outside && project.copied !== undefined && !project.copied.includes(file.replace(/^\.\//, ""));
    if (!outside && !leftOut) return [];
    const at = [file, file.split("/").at(-1)!];
    if (!outside) {
      return [{
        status: "fail" as const,
        message: leftOutMessage(`the project extends or includes ${file}`),
        at,
        fix: manualFix(`Write !${file} at the end of .dockerignore`),
      }];
    }
    const says = "the project extends or includes";
    const rest = (many: boolean) => ` outside its folder: ${many ? "they are" : "it is"} not copied into the VM`;
    // an absolute path leads elsewhere in the VM, wherever the stack's folder is
    const isAbsolute = file.startsWith("/");
    const mend = (files: string[]) =>
      manualFix(
        isAbsolute
          ? files.length > 1
            ? "Copy them into the project's folder, and write their paths there (./…)"
            : "Copy it into the project's folder, and write its path there (./…)"
          : parentFix(files.map((one) => resolve(project.folder, one)), project),
      );
    return [{
      status: "fail" as const,
      message: `${says} ${file}${rest(false)}`,
      at,
      fix: mend([file]),
      ...(isAbsolute ? {} : { outside: [resolve(project.folder, file)] }),
      fold: { kind: `file outside ${isAbsolute}`, verb: [says, says], item: file, rest, fix: mend },
    }];
  });
}
