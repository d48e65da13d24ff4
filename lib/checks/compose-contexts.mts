/** Checks whether the build contexts of a Compose project, and the Dockerfiles in them, exist in the VM. */
import { isAbsolute } from "node:path/posix";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { containerfileOf, dockerfileOf } from "../compose/paths.mts";
import { manualFix } from "../fixes.mts";
import { mapAt } from "../maps.mts";
import { joinList } from "../text.mts";
import {
  fetchSubmodules,
  isUnfetched,
  leftOutMessage,
  ofSubmodules,
  parentFix,
  placeOfPath,
} from "./compose-paths.mts";

/** The end of a message about one file, for several. */
export const pluralOf = (rest: string) =>
  rest.replace("it does not", "they do not").replace("does not exist", "do not exist").replace(
    "which is a folder",
    "which are folders",
  ).replace(
    "it is not copied",
    "they are not copied",
  );

/** The flaws of a local build context, and of the Dockerfile in it. */
export function contextFlaws(
  context: string,
  service: ComposeService,
  project: ComposeProject,
  engine: ResolvedMachine["engine"] | undefined,
): ProjectFlaw[] {
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
      outside: [place.path],
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
    const other = containerfileOf(service).map((path) => placeOfPath(path, project)).find((one) => one?.exists);
    if (other && engine === "podman") return [];
    if (other) {
      return flaw(
        `is built with ${shown}, which does not exist: Docker does not take ${other.relativePath} by itself`,
        "Write dockerfile: Containerfile under build:",
      );
    }
    return flaw(
      `is built with ${shown}, which does not exist`,
      missingDockerfile([shown], project),
      ...(typeof named === "string" ? ["dockerfile:"] : []),
    ).map((one) => ({
      ...one,
      ...(typeof named === "string" ? { text: named } : {}),
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
