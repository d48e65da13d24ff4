/** Checks whether the files and build contexts that a Compose project needs exist in the VM. */
import { isAbsolute } from "node:path/posix";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import {
  additionalContexts,
  buildContext,
  dockerfileOf,
  envFiles,
  labelFiles,
  seccompFiles,
} from "../compose/paths.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt, ownValue } from "../maps.mts";
import { joinList } from "../text.mts";
import {
  creation,
  creations,
  envOf,
  fetchSubmodules,
  forSeveral,
  isUnfetched,
  leftOutMessage,
  ofSubmodules,
  parentFix,
  placeOfPath,
} from "./compose-paths.mts";

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
        at: [written, shown, shown.split("/").at(-1)!],
        fix: manualFix(mend),
        text: written,
      },
      fold: {
        kind: several ? `granted${rest}` : isEnv ? "missing env file" : message,
        verb: ["needs", "need"],
        item: several ? shown : start!.replace("needs ", ""),
        rest: (many) => (many ? pluralOf(rest) : rest),
        ...(several ? { fix: (files) => manualFix(files.length > 1 ? forSeveral(mend, files, project) : mend) } : {}),
        ...(isEnv
          ? { fix: (items) => manualFix(creations(items.map((one) => one.replace("the env file ", "")), project)) }
          : {}),
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
    return flaw(
      `needs ${subject} ${written} outside the project's folder: it is not copied into the VM`,
      /^[/~]/.test(written)
        ? "Copy it into the project's folder, and write its path there (./…)"
        : parentFix([place.path], project),
    );
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

/** What messages call the file of a config or a secret. */
const granted = /^the (config|secret) /;

/** The end of a message about one file, for several. */
const pluralOf = (rest: string) =>
  rest.replace("does not exist", "do not exist").replace("which is a folder", "which are folders").replace(
    "it is not copied",
    "they are not copied",
  );

/** Env files, build contexts, configs and secrets of a service. */
export function neededFiles(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
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
    ...buildFlaws(own, project),
    ...(["configs", "secrets"] as const).flatMap((section) =>
      [...grantsOf(service[section]), ...(section === "secrets" ? grantsOf(mapAt(own, "build").secrets) : [])].flatMap(
        (grant): ProjectFlaw[] => {
          const declared = (written ?? model)?.[section]?.[grant];
          if (!isMap(declared)) return [];
          const what = `the ${section.slice(0, -1)} ${grant}`;
          const { file, environment, external } = declared;
          if (typeof file === "string" && !file.includes("$")) {
            return needed(file, `${what} from`, project).map((flaw) => ({ ...flaw, atTop: true }));
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
          return external
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

const isInDotEnv = ({ dotEnvNames = [] }: ComposeProject, name: string) => dotEnvNames.includes(name);

function grantsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one) =>
    typeof one === "string" ? [one] : isMap(one) && typeof one.source === "string" ? [one.source] : []
  );
}

function buildFlaws(service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const context = buildContext(service);
  const others = additionalContexts(service).filter(({ path }) => !path.includes("$")).flatMap(({ name, path }) =>
    needed(path, `the build context ${name}:`, project, "folder")
  );
  return [
    ...others,
    ...(context === undefined || context.includes("$") ? [] : contextFlaws(context, service, project)),
  ];
}

function contextFlaws(context: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const place = placeOfPath(context, project);
  if (!place) return [];
  const { dockerfile: named } = mapAt(service, "build");
  const flaw = (message: string, mend: string, ...at: string[]): ProjectFlaw[] => [
    { status: "fail", message, at: [...at, "context:", "build"], fix: manualFix(mend), text: context },
  ];
  if (place.inside && isAbsolute(context)) {
    return flaw(
      `is built from ${context} by its path on this host: the project's folder has another path in the VM`,
      `Write ${place.path === project.folder ? "." : `./${place.relativePath}`}`,
    );
  }
  if (!place.inside) {
    const ends = " outside the project's folder: it is not copied into the VM";
    return flaw(`is built from ${place.path}${ends}`, parentFix([place.path], project)).map((one) => ({
      ...one,
      fold: {
        ...{ kind: "context outside", verb: ["is built from", "are built from"], item: place.path },
        rest: (many) => (many ? pluralOf(ends) : ends),
        fix: (paths) => manualFix(parentFix(paths, project)),
      },
    }));
  }
  if (place.kind === "missing") {
    return flaw(
      `is built from ${place.relativePath}, which does not exist`,
      missingContext([place.relativePath], project),
    ).map((one) => ({
      ...one,
      fold: {
        ...{ kind: "missing context", verb: ["is built from", "are built from"], item: place.relativePath },
        rest: (many) => `, which ${many ? "do" : "does"} not exist`,
        fix: (items) => manualFix(missingContext(items, project)),
      },
    }));
  }
  if (place.path !== project.folder && isUnfetched(place.relativePath, project)) {
    return flaw(`is built from ${place.relativePath}, an empty submodule of Git`, fetchSubmodules).map((one) => ({
      ...one,
      fold: {
        ...{ kind: "submodule", verb: ["is built from", "are built from"], item: place.relativePath },
        rest: (many) => (many ? ", empty submodules of Git" : ", an empty submodule of Git"),
      },
    }));
  }
  const places = (dockerfileOf(service) ?? []).map((path) => placeOfPath(path, project));
  const file = places.find((one) => one?.kind !== "missing") ?? places[0];
  if (file?.kind === "missing") {
    const shown = file.relativePath;
    return flaw(
      `is built with ${shown}, which does not exist`,
      missingDockerfile([shown], project),
      ...(typeof named === "string" ? ["dockerfile:"] : []),
    ).map((one) => ({
      ...one,
      fold: {
        ...{ kind: "missing Dockerfile", verb: ["is built with", "are built with"], item: shown },
        rest: (many) => `, which ${many ? "do" : "does"} not exist`,
        fix: (items) => manualFix(missingDockerfile(items, project)),
      },
    }));
  }
  if (file?.leftOut) {
    return flaw(
      leftOutMessage(`is built with ${file.relativePath}`),
      `Write !${file.relativePath} at the end of .dockerignore`,
    );
  }
  return place.leftOut
    ? flaw(leftOutMessage(`is built from ${place.relativePath}`), `Remove ${place.relativePath} from .dockerignore`)
    : [];
}

function missingContext(paths: string[], project: ComposeProject): string {
  if (ofSubmodules(paths, project)) return fetchSubmodules;
  return paths.length === 1
    ? `Create the folder ${paths[0]} with its Dockerfile`
    : `Create the folders ${joinList(paths)} with their Dockerfiles`;
}

function missingDockerfile(paths: string[], project: ComposeProject): string {
  return ofSubmodules(paths, project)
    ? fetchSubmodules
    : `Create ${joinList(paths)}, or name another file (build.dockerfile)`;
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
    return [{
      status: "fail" as const,
      message: outside
        ? `the project extends or includes ${file} outside its folder: it is not copied into the VM`
        : leftOutMessage(`the project extends or includes ${file}`),
      at: [file, file.split("/").at(-1)!],
      fix: manualFix(
        outside
          ? "Copy it into the project's folder, or set the stack's path to the parent folder"
          : `Write !${file} at the end of .dockerignore`,
      ),
    }];
  });
}
