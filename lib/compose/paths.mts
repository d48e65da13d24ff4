/** The files and folders of the host that a Compose project names. */
import { basename, dirname, isAbsolute, join, normalize } from "node:path/posix";
import { isMap, mapAt, ownValue } from "../maps.mts";
import { homeDir } from "../text.mts";
import type { BuiltStart } from "./dockerfile-start.mts";
import { inputsOf } from "./inputs.mts";
import { isLocalContext } from "./rebase.mts";
import { flagOf, mountsOf, texts } from "./service.mts";
import type { ComposeProject, ComposeService } from "./types.mts";

/**
 * The folder that a project's relative paths start at: that of its first Compose file
 * (docs.docker.com, --project-directory).
 */
export function baseOf({ folder, files }: Pick<ComposeProject, "folder" | "files">): string {
  const [first = ""] = files;
  return isAbsolute(first) ? dirname(first) : join(folder, dirname(first));
}

/** Every host path that a project names, absolute. */
export function namedPaths(
  project: Pick<ComposeProject, "folder" | "files" | "model" | "written" | "starts">,
): string[] {
  const named = [project.model, project.written].flatMap((model) => {
    if (!model) return [];
    const sections = [model.configs, model.secrets].flatMap((section) => Object.values(section ?? {}));
    return [
      ...Object.entries(model.services).flatMap(([name, body]) =>
        servicePaths(body, ownValue(project.starts ?? {}, name))
      ),
      ...sections.flatMap((one) => (isMap(one) && typeof one.file === "string" ? [one.file] : [])),
      ...Object.values(model.volumes ?? {}).flatMap((one) => volumeFolder(one) ?? []),
    ];
  });
  return [...new Set(named.flatMap((path) => hostPath(path, baseOf(project)) ?? []))];
}

/** The folder of a volume of the driver local (`o: bind`); undefined for any other volume. */
export function volumeFolder(volume: unknown): string | undefined {
  const { driver, driver_opts } = isMap(volume) ? volume : {};
  const { o, device } = isMap(driver_opts) ? driver_opts : {};
  const local = driver === undefined || driver === null || driver === "" || driver === "local";
  return local && typeof device === "string" && /(^|,)r?bind(,|$)/.test(String(o ?? "")) ? device : undefined;
}

/** The host paths of a service: bind mounts, env files, its build context and Dockerfile, what its command reads. */
function servicePaths(service: ComposeService, built?: BuiltStart): string[] {
  const context = buildContext(service);
  return [
    ...mountsOf(service).flatMap(({ type, source }) => (type === "bind" && source ? [source] : [])),
    ...envFiles(service).map(({ path }) => path),
    ...(context === undefined ? [] : [context]),
    ...(dockerfileOf(service) ?? []),
    ...containerfileOf(service),
    ...labelFiles(service),
    ...seccompFiles(service),
    ...additionalContexts(service).map(({ path }) => path),
    ...inputsOf(service, built).map(({ source }) => source),
  ];
}

/** The label files of a service. */
export function labelFiles({ label_file }: ComposeService): string[] {
  return [label_file ?? []].flat().filter((one): one is string => typeof one === "string");
}

/** The files of seccomp profiles, which Compose reads: `seccomp=./profile.json`. */
export function seccompFiles({ security_opt }: ComposeService): string[] {
  return texts(security_opt).flatMap((one) => {
    const [, path = "unconfined"] = /^seccomp[=:](.+)$/.exec(one) ?? [];
    return ["unconfined", "builtin", "runtime/default"].includes(path) || path.startsWith("{") ? [] : [path];
  });
}

/** The folders of the host under `build.additional_contexts`, with their names. */
export function additionalContexts(service: ComposeService): { name: string; path: string }[] {
  const { additional_contexts: all } = mapAt(service, "build");
  const pairs = Array.isArray(all)
    ? all.map((one) => String(one).split(/=(.*)/s) as [string, string?])
    : isMap(all)
    ? Object.entries(all)
    : [];
  return pairs.flatMap(([name, path]) => typeof path === "string" && isLocalContext(path) ? [{ name, path }] : []);
}

/**
 * The Dockerfile in a local build context, and `dockerfile`, which BuildKit takes instead of
 * `Dockerfile` where that does not exist (moby/moby#10858; buildkit, dockerui/config.go; read
 * 2026-11-27); undefined if there is none, or if the project contains its text.
 */
export function dockerfileOf(service: ComposeService): [string, ...string[]] | undefined {
  const context = buildContext(service);
  const { dockerfile, dockerfile_inline } = mapAt(service, "build");
  if (context === undefined || dockerfile_inline !== undefined) return undefined;
  const name = typeof dockerfile === "string" ? dockerfile : "Dockerfile";
  const path = isAbsolute(name) ? name : join(context, name);
  return basename(path) === "Dockerfile" ? [path, join(dirname(path), "dockerfile")] : [path];
}

/**
 * The Containerfile of a local build context whose Dockerfile is not named: Podman takes it, and Docker does not
 * (podman-build(1); docs.docker.com/reference/cli/docker/buildx/build, --file).
 */
export function containerfileOf(service: ComposeService): string[] {
  const context = buildContext(service);
  const { dockerfile, dockerfile_inline } = mapAt(service, "build");
  const isNamed = dockerfile_inline !== undefined || dockerfile !== undefined;
  return context === undefined || isNamed ? [] : [join(context, "Containerfile")];
}

/** The build context of a service, if it is a folder of the host; undefined for a remote one. */
export function buildContext({ build }: ComposeService): string | undefined {
  const context = typeof build === "string" ? build : isMap(build) ? String(build.context ?? ".") : undefined;
  return context !== undefined && isLocalContext(context) ? context : undefined;
}

/**
 * The env files of a service: whether each one is required, and whether its lines have Docker's
 * format rather than Compose's (`format: raw`).
 */
export function envFiles({ env_file }: ComposeService): { path: string; required: boolean; raw: boolean }[] {
  return [env_file ?? []].flat().flatMap((one) =>
    typeof one === "string"
      ? [{ path: one, required: true, raw: false }]
      : isMap(one) && typeof one.path === "string"
      ? [{ path: one.path, required: flagOf(one.required) !== false, raw: one.format === "raw" }]
      : []
  );
}

/** A path made absolute on the host; undefined for a Windows path, which is not a path of this host. */
export function hostPath(path: string, folder: string): string | undefined {
  if (/^[A-Za-z]:[\\/]/.test(path) || path.startsWith("\\")) return undefined;
  // `/$HOME/x`: the home folder of root in the VM is `/~`
  if (/^\/+~(\/|$)/.test(path)) return hostPath(path.replace(/^\/+/, ""), folder);
  if (/^~(\/|$)/.test(path)) return normalize(join(homeDir(), path.slice(1))).replace(/(.)\/$/, "$1");
  return normalize(isAbsolute(path) ? path : join(folder, path)).replace(/(.)\/$/, "$1");
}
