/**
 * Checks whether the files and folders of the host that a Compose project names exist in the VM.
 */
import { dirname, isAbsolute } from "node:path/posix";
import type { ComposeProject, ComposeService, PathKind } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { isDrmNode } from "../compose/gpu-requests.mts";
import {
  additionalContexts,
  baseOf,
  buildContext,
  dockerfileOf,
  envFiles,
  hostPath,
  labelFiles,
} from "../compose/paths.mts";
import { mountsOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt, ownValue } from "../maps.mts";

/** Paths that every Linux VM has. */
const vmPaths =
  /^\/(proc|sys|dev|run|tmp|boot|lib|usr|var\/run|var\/log|var\/tmp|var\/lib\/docker|var\/lib\/containers|etc\/(localtime|timezone|os-release|machine-id|passwd|group|shadow|resolv\.conf|hosts|hostname|ssl|ca-certificates|OpenCL|vulkan|cdi|docker))(\/|$)|^\/(etc)?$/;
/**
 * A name that looks like a file's rather than a folder's: its ending is not a version or domain.
 */
const fileName =
  /(^|\/)(Dockerfile|Caddyfile|Makefile|Corefile|LICENSE|\.[a-z]+rc|[^/]*\.(conf|cfg|ini|json|jsonc|json5|ya?ml|toml|xml|env|properties|txt|md|sql|sh|py|js|ts|lua|php|html?|css|pem|key|crt|cer|p12|htpasswd|list|rules|tpl|tmpl|template|acl|hcl|nginx|vcl|csv|lic|gguf|safetensors))$/i;

/** A path as the checks use it. */
interface Place {
  /** Absolute path on the host. */
  path: string;
  kind: PathKind;
  /** Whether it is in the project's folder. */
  inside: boolean;
  /** How messages name it: relative to the folder if it is inside. */
  shown: string;
  /** It is in the folder but is not copied into the VM. */
  leftOut: boolean;
}

function placeOfPath(written: string, project: ComposeProject): Place | undefined {
  const { folder, paths, copied } = project;
  const path = hostPath(written, baseOf(project));
  if (path === undefined) return undefined;
  const inside = path === folder || path.startsWith(`${folder}/`);
  const shown = inside && path !== folder ? path.slice(folder.length + 1) : written;
  const kind = paths[path] ?? "unknown";
  const there = kind === "file" || kind === "folder";
  const leftOut = inside && path !== folder && there && copied !== undefined &&
    !copied.some((one) => one === shown || one.startsWith(`${shown}/`));
  return { path, kind, inside, shown, leftOut };
}

/** Flaws of a file that a project needs. `what`: its kind in messages, such as `the env file`. */
function needed(
  written: string,
  what: string,
  project: ComposeProject,
  is: "file" | "folder" = "file",
): ProjectFlaw[] {
  const place = placeOfPath(written, project);
  if (!place) return [];
  const { kind, inside, shown, leftOut } = place;
  const flaw = (message: string, mend: string): ProjectFlaw[] => [
    { status: "fail", message, at: [written, shown, shown.split("/").at(-1)!], fix: manualFix(mend) },
  ];
  if (inside && /^[/~]/.test(written)) {
    return flaw(
      `needs ${what} ${written} by its path on this host: in the VM the project's folder is another one`,
      `Write ./${shown}`,
    );
  }
  if (!inside) {
    return flaw(
      `needs ${what} ${written}, outside of the project's folder: the VM does not have it`,
      "Copy it into the project's folder, and name it there (./…)",
    );
  }
  if (kind === "missing") {
    return flaw(`needs ${what} ${shown}, which does not exist`, `Create ${shown}, often from an example beside it`);
  }
  if (kind === "folder" && is === "file") {
    return flaw(`needs ${what} ${shown}, which is a folder`, `Put a file at ${shown}`);
  }
  return leftOut ? flaw(leftOutMessage(`needs ${what} ${shown}`), `Write !${shown} at the end of .dockerignore`) : [];
}

const leftOutMessage = (start: string) => `${start}, which .dockerignore keeps out of the VM`;

/** The mounts of a service whose source differs between the VM and the host. */
export function mountFlaws(
  name: string,
  service: ComposeService,
  project: ComposeProject,
  machine: Pick<ResolvedMachine, "name" | "engine">,
): ProjectFlaw[] {
  const flaws = bindsOf(service, project.written?.services[name] ?? service, project).flatMap((bind) =>
    mountFlaw(bind, project, machine)
  );
  return flaws.filter((flaw, i) => flaws.findIndex(({ message }) => message === flaw.message) === i);
}

interface Bind {
  source: string;
  target: string;
  /** It is written as an absolute path. */
  absolute: boolean;
  /** False where Compose must not create a missing source; undefined where its version decides. */
  creates: boolean | undefined;
}

/**
 * The bind mounts of a service. `written`: the service before Compose normalised its mounts to the
 * long form.
 */
function bindsOf(service: ComposeService, written: ComposeService, project: ComposeProject): Bind[] {
  const long = (Array.isArray(written.volumes) ? written.volumes : []).filter(isMap);
  const whole = (path: unknown) => hostPath(String(path), baseOf(project));
  return mountsOf(service).flatMap(({ type, source, target }): Bind[] => {
    if (type !== "bind" || !source || source.includes("$")) return [];
    const one = long.find((mount) =>
      mount.type === "bind" && whole(mount.source) === whole(source) && mount.target === target
    );
    const raw = mountsOf(written).find((mount) => mount.target === target)?.source ?? source;
    const create = one && (isMap(one.bind) ? one.bind.create_host_path : undefined);
    return [{
      source,
      target,
      absolute: /^[/~]/.test(raw),
      creates: one === undefined || create === true ? true : create === false ? false : undefined,
    }];
  });
}

function mountFlaw(
  { source, target, creates, absolute }: Bind,
  project: ComposeProject,
  machine: Pick<ResolvedMachine, "name" | "engine">,
): ProjectFlaw[] {
  const place = placeOfPath(source, project);
  if (!place) {
    return [{
      status: "fail",
      message: `mounts ${source}, which is a path of the computer that the project is from`,
      at: source,
      fix: manualFix("Use a path below the project's folder (./…), or a named volume"),
    }];
  }
  const { path, kind, inside, shown, leftOut } = place;
  const isFile = fileName.test(path) || fileName.test(target);
  const at = inside ? shown : source;
  if (inside && absolute) {
    return [{
      status: "fail",
      message: `mounts ${path} by its path on this host: in the VM the project's folder is another one`,
      at: lineTexts(source, target),
      fix: manualFix(`Write ${path === project.folder ? "." : `./${shown}`}`),
    }];
  }
  if (inside) {
    if (kind === "missing" && isFile) {
      return [{
        status: "fail",
        message: `mounts the file ${shown}, which does not exist: Docker would create a folder of that name`,
        at,
        fix: manualFix(`Create ${shown}`),
      }];
    }
    if (kind === "missing" && creates !== true) {
      return [{
        status: creates === false ? "fail" : "warn",
        message: `mounts the folder ${shown}, which does not exist: ${
          creates === false
            ? "create_host_path is false"
            : "in this long form some versions of Compose do not create it"
        }`,
        at,
        fix: manualFix(`Create ${shown}`),
      }];
    }
    if (leftOut) {
      return [{
        status: kind === "file" ? "fail" : "warn",
        message: leftOutMessage(`mounts ${shown}`) +
          (kind === "file" ? "" : ": the container starts on an empty folder"),
        at,
        fix: manualFix(`Take ${shown} out of .dockerignore, or use a named volume`),
      }];
    }
    if (kind === "folder" && fileName.test(path) && fileName.test(target)) {
      return [{
        status: "warn",
        message: `mounts ${shown} as ${target}, and it is a folder: Docker leaves one where a file was missing`,
        at,
        fix: manualFix(`Remove the folder ${shown}, and put the file there`),
      }];
    }
    return [];
  }
  if (/^\/(var\/)?run\/docker\.sock$/.test(path) && machine.engine === "podman") {
    return [{ status: "warn", message: `mounts ${path}, which engine: podman does not have`, at }];
  }
  const above = dirname(project.folder);
  const beside = above !== "/" && path.startsWith(`${above}/`);
  if ((vmPaths.test(path) && !beside) || isDrmNode(path)) return [];
  const shared = project.sharedFolders?.find(({ from }) => path === from || path.startsWith(`${from}/`));
  if (shared) {
    return shared.to === shared.from ? [] : [{
      status: "warn",
      message: `mounts ${path}, and ${machine.name} has that folder as ${shared.to}`,
      at,
      fix: manualFix(
        `Write ${shared.to}${path.slice(shared.from.length)} in the project, or to: ${shared.from} in folders:`,
      ),
    }];
  }
  const there = kind === "file" || kind === "folder";
  if (!there && creates === false) {
    return [{
      status: "fail",
      message: `mounts ${path}, which ${machine.name} does not have: create_host_path is false`,
      at: lineTexts(at, target),
      fix: manualFix("Move it into the project's folder, or use a named volume"),
    }];
  }
  const own = /^\/srv(\/|$)/.test(path);
  return [{
    status: (there && !own) || isFile ? "fail" : "warn",
    message: there
      ? `mounts ${path} of this host, which ${machine.name} does not have`
      : `mounts ${path}, which is an empty folder in ${machine.name} unless something creates it there`,
    at: lineTexts(at, target),
    fix: manualFix("Move it into the project's folder, or use a named volume"),
  }];
}

/**
 * Texts to find a mount's line by: if the source contains a variable, the target still has its
 * written form.
 */
const lineTexts = (source: string, target: string) => [source, `:${target}`, target];

/**
 * Mounts of an inline service by a relative path: no files beside the config are copied, so that Docker would create an
 * empty folder, which is lost with the VM. Other paths are paths in the VM.
 */
export function inlineMountFlaws(service: ComposeService): ProjectFlaw[] {
  return mountsOf(service).flatMap(({ type, source = "", target }): ProjectFlaw[] => {
    if (type !== "bind" || !/^(\.|~)/.test(source)) return [];
    const isFile = fileName.test(source) || fileName.test(target);
    return [{
      status: isFile ? "fail" : "warn",
      message: `mounts ${source}, which is not copied into the VM: ${
        isFile ? "Docker would create a folder of that name" : "it starts on an empty folder, lost with the VM"
      }`,
      at: source,
      fix: manualFix("Use a named volume, or a stack (stacks:), whose folder is copied"),
    }];
  });
}

/** Env files, build contexts, configs and secrets of a service. */
export function neededFiles(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const { model, written, variables = {}, readBy } = project;
  // Compose's answer no longer has env files
  const own = written?.services[name] ?? service;
  const files = envFiles(own).filter(({ path }) => !path.includes("$"));
  const refused = (path: string) =>
    readBy === "compose" && project.refusals.some(({ message }) => message.includes(path));
  return [
    ...files.flatMap(({ path, required }) => {
      const flaws = needed(path, "the env file", project);
      const missing = placeOfPath(path, project)?.kind === "missing";
      return missing && (!required || refused(path)) ? [] : flaws;
    }),
    ...labelFiles(own).filter((path) => !path.includes("$")).flatMap((path) =>
      refused(path) ? [] : needed(path, "the label file", project)
    ),
    ...buildFlaws(own, project),
    ...(["configs", "secrets"] as const).flatMap((section) =>
      grantsOf(service[section]).flatMap((grant): ProjectFlaw[] => {
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
            fix: manualFix(`Set ${environment} in the project's .env`),
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
      })
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
    { status: "fail", message, at: [...at, "context:", "build"], fix: manualFix(mend) },
  ];
  if (place.inside && isAbsolute(context)) {
    return flaw(
      `is built from ${context} by its path on this host: in the VM the project's folder is another one`,
      `Write ${place.path === project.folder ? "." : `./${place.shown}`}`,
    );
  }
  if (!place.inside) {
    return flaw(
      `is built from ${place.path}, outside of the project's folder: it does not travel into the VM`,
      "Name the folder that has both as the stack's path, and its Compose file by env: {COMPOSE_FILE: …}",
    );
  }
  if (place.kind === "missing") {
    return flaw(
      `is built from ${place.shown}, which does not exist`,
      `Create the folder ${place.shown} with its Dockerfile`,
    );
  }
  const [dockerfile] = dockerfileOf(service) ?? [];
  const file = dockerfile === undefined ? undefined : placeOfPath(dockerfile, project);
  if (file?.kind === "missing") {
    return flaw(
      `is built with ${file.shown}, which does not exist`,
      `Create ${file.shown}, or name another (build.dockerfile)`,
      ...(typeof named === "string" ? ["dockerfile:"] : []),
    );
  }
  if (file?.leftOut) {
    return flaw(leftOutMessage(`is built with ${file.shown}`), `Write !${file.shown} at the end of .dockerignore`);
  }
  return place.leftOut
    ? flaw(leftOutMessage(`is built from ${place.shown}`), `Take ${place.shown} out of .dockerignore`)
    : [];
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
          `the project extends or includes ${file} by its path on this host: in the VM its folder is another one`,
        at: [file, within],
        fix: manualFix(`Write ./${within}`),
      }];
    }
    const leftOut = !outside && project.copied !== undefined && !project.copied.includes(file.replace(/^\.\//, ""));
    if (!outside && !leftOut) return [];
    return [{
      status: "fail" as const,
      message: outside
        ? `the project extends or includes ${file}, outside of its folder: the VM does not have it`
        : leftOutMessage(`the project extends or includes ${file}`),
      at: [file, file.split("/").at(-1)!],
      fix: manualFix(
        outside
          ? "Copy it into the project's folder, or name the folder above as the stack's path"
          : `Write !${file} at the end of .dockerignore`,
      ),
    }];
  });
}
