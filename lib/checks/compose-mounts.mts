/** Checks whether the mounts of a Compose project have in the VM what they have on the host. */
import { dirname, normalize } from "node:path/posix";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { isDrmNode } from "../compose/gpu-requests.mts";
import { baseOf, hostPath } from "../compose/paths.mts";
import { isOfMac, isPlaceholderPath } from "../compose/placeholders.mts";
import { flagOf, mountsOf } from "../compose/service.mts";
import type { Fix } from "../findings.mts";
import { manualFix } from "../fixes.mts";
import { isMap } from "../maps.mts";
import { isOfDesktop } from "./compose-desktop.mts";
import { isShareable, sharedPath, sharing, yamlWord } from "./compose-folders.mts";
import { insideFlaws, isExampled, isFileName, lineTexts } from "./compose-own-mounts.mts";
import { asWritten, envOf, parentFix, placeOfPath } from "./compose-paths.mts";
import { timezoneFlaws } from "./compose-timezone.mts";
import { variablesBehind } from "../compose/value-lines.mts";
import { anyOf, joinList } from "../text.mts";

/** Paths that every Linux VM has. */
export const vmPaths = anyOf(
  /^\/(proc|sys|dev|run|tmp|boot|bin|sbin|lib|lib64|usr(?!\/local\/.|\/src\/.)|var\/run|var\/log|var\/tmp|var\/lib\/docker|var\/lib\/containers|etc\/(localtime|timezone|os-release|machine-id|passwd|group|shadow|resolv\.conf|hosts|hostname|ssl|ca-certificates|OpenCL|vulkan|cdi|docker))(\/|$)/,
  // Debian's packages netbase, base-files, libc-bin, login and libpam-runtime, which every installation has
  /^\/etc\/(protocols|services|rpc|networks|nsswitch\.conf|host\.conf|ld\.so\..*|environment|profile|pam\.d|security|login\.defs|subuid|subgid|fstab|mtab|debian_version|issue|default\/locale)(\/|$)/,
  // the folders of Debian's package base-files
  /^\/usr\/local\/(bin|etc|games|include|lib|man|sbin|share|src)\/?$/,
  // cAdvisor's instructions mount /cgroup, where old systems had what /sys/fs/cgroup is: Docker creates an empty folder
  /^\/(etc|cgroup)?$/,
);
/** Folders of the computer on which a project was written that only some Linux systems have. */
const foreignFolders: { pattern: RegExp; what: string }[] = [
  { pattern: /^\/usr\/local\/cuda[^/]*(\/|$)/, what: "the CUDA toolkit of another computer" },
  { pattern: /^\/usr\/lib\/(aarch64|arm)[\w-]*(\/|$)/, what: "a folder of computers with ARM" },
];

/** The mounts of a service whose source differs between the VM and the host. */
export function mountFlaws(
  name: string,
  service: ComposeService,
  project: ComposeProject,
  machine: MountMachine,
): ProjectFlaw[] {
  const flaws = bindsOf(service, project.written?.services[name], project).flatMap((bind) =>
    mountFlaw(bind, project, machine).map((flaw) => ({ ...flaw, text: bind.raw }))
  );
  return flaws.filter((flaw, i) => flaws.findIndex(({ message }) => message === flaw.message) === i);
}

type MountMachine =
  & Pick<ResolvedMachine, "name" | "engine" | "provider" | "folders" | "image">
  & Partial<Pick<ResolvedMachine, "provision">>;

interface Bind {
  source: string;
  /** The source as it is written, with its variables filled in. */
  raw: string;
  target: string;
  /** It is written as an absolute path, or with `~`. */
  absolute: boolean;
  /** It is written with `~`: the home of the user that runs Compose in the VM. */
  atHome: boolean;
  /** False where Compose must not create a missing source; undefined where its version decides. */
  creates: boolean | undefined;
}

/** The bind mounts of a service. `before`: as it is written, before Compose printed it; undefined if not known. */
function bindsOf(service: ComposeService, before: ComposeService | undefined, project: ComposeProject): Bind[] {
  const written = before ?? service;
  const long = (Array.isArray(written.volumes) ? written.volumes : []).filter(isMap);
  const whole = (path: unknown) => hostPath(String(path), baseOf(project));
  return mountsOf(service).flatMap(({ type, source, target }): Bind[] => {
    if (type !== "bind" || !source || source.includes("$")) return [];
    const one = long.find((mount) =>
      mount.type === "bind" && whole(mount.source) === whole(source) && samePath(mount.target, target)
    );
    const found = mountsOf(written).find((mount) => samePath(mount.target, target))?.source ?? source;
    const raw = before === undefined ? asWritten(found, project) : found;
    const create = one && (isMap(one.bind) ? one.bind.create_host_path : undefined);
    return [{
      source,
      raw,
      target,
      absolute: /^[/~]/.test(raw),
      atHome: /^\/*~(\/|$)/.test(raw),
      creates: one === undefined ? true : flagOf(create),
    }];
  });
}

/** Whether two paths in a container are the same: Compose shortens `/a/./b/` to `/a/b`. */
const samePath = (a: unknown, b: string) =>
  normalize(String(a)).replace(/(.)\/$/, "$1") === normalize(b).replace(/(.)\/$/, "$1");

function mountFlaw(
  { source, raw, target, creates, absolute, atHome }: Bind,
  project: ComposeProject,
  machine: MountMachine,
): ProjectFlaw[] {
  const place = placeOfPath(source, project);
  if (!place) {
    // a warning reports the backslash before its variable
    if (/^\\\//.test(source)) return [];
    return [{
      status: "fail",
      message: `mounts ${source}, which is a path of Windows`,
      at: source,
      fix: manualFix("Use a path below the project's folder (./…), or a named volume"),
      fold: {
        ...{ kind: "windows", verb: ["mounts", "mount"], item: source },
        rest: (many) => (many ? ", which are paths of Windows" : ", which is a path of Windows"),
      },
    }];
  }
  const { path, inside, relativePath: shown } = place;
  // such a folder of this host says nothing of what is in it, and the VM has it too
  const exists = place.exists && !/^\/(mnt|media|home|opt|srv|root)$/.test(path);
  const isFile = isFileName(path) || isFileName(target) || isExampled(path, project);
  const at = inside ? shown : source;
  if (inside) return insideFlaws({ target, creates, absolute, source, isFile }, place, project);
  if (/^\/(var\/)?run\/docker\.sock$/.test(path) && machine.engine === "podman") {
    return [{ status: "warn", message: `mounts ${path}, which engine: podman does not have`, at }];
  }
  const foreign = foreignFolders.find(({ pattern }) => pattern.test(path));
  if (foreign && absolute) {
    return [{
      status: "warn",
      message: `mounts ${path}, ${foreign.what}: ${machine.name} does not have it`,
      at: lineTexts(at, target),
      fix: manualFix("Remove the mount: the image must contain these files itself"),
    }];
  }
  // compose-desktop.mts reports these
  if (isOfDesktop(path)) return [];
  const above = dirname(project.folder);
  // a path that is written relative to the project is meant on this host
  const onHost = !absolute || (above !== "/" && path.startsWith(`${above}/`));
  if (path === "/etc/timezone") return timezoneFlaws(at, machine);
  if ((vmPaths.test(path) && !onHost) || isDrmNode(path)) return [];
  const shared = absolute && !atHome ? sharedPath(path, machine) : undefined;
  if (shared === "there") return [];
  if (shared) {
    return [{
      status: exists ? "fail" : "warn",
      message: `mounts ${path}, but ${machine.name} has this folder of the host as ${shared.to}`,
      at: lineTexts(at, target),
      fix: manualFix(
        `Write ${shared.to}${path.slice(shared.from.length)} in the project, or to: ${
          yamlWord(shared.from)
        } in folders:`,
      ),
    }];
  }
  const shareable = absolute && !atHome && !isFile && isShareable(path, machine);
  const named = (many: boolean) => (many ? "named volumes" : "a named volume");
  const outsideFix = (paths: string[]) => {
    const many = paths.length > 1;
    if (isFile) return copyFix(many);
    return manualFix(
      shareable
        ? `${sharing(paths, machine)}; or use ${named(many)}`
        : `Move ${many ? "them" : "it"} into the project's folder, or use ${named(many)}`,
    );
  };
  if (!exists && creates === false) {
    return [{
      status: "fail",
      message: `mounts ${path}, which ${machine.name} does not have: create_host_path is false`,
      at: lineTexts(at, target),
      fix: outsideFix([path]),
      fold: {
        ...{ kind: `not created ${isFile} ${shareable}`, verb: ["mounts", "mount"], item: path, fix: outsideFix },
        rest: () => `, which ${machine.name} does not have: create_host_path is false`,
      },
    }];
  }
  if (absolute && !exists && isOfMac(path)) {
    const variables = variablesBehind(project.texts, lineTexts(source, target));
    return [{
      status: "warn",
      message: `mounts ${path}, a folder of a Mac`,
      at: lineTexts(at, target),
      fix: macFix([path], variables),
      fold: {
        ...{ kind: `mac ${variables.join()}`, verb: ["mounts", "mount"], item: path },
        rest: (many) => (many ? ", folders of a Mac" : ", a folder of a Mac"),
        fix: (paths) => macFix(paths, variables),
      },
    }];
  }
  if (absolute && !exists && isPlaceholderPath(path)) {
    // the value of a variable: that is the one place to change
    const written = Object.values(project.texts).some((text) => text.includes(raw));
    const names = written ? [] : placeholderVariables(project);
    const fixOf = (paths: string[]) =>
      manualFix(
        names.length > 0
          ? `Write your own folder as ${joinList(names)} in ${envOf(project)}`
          : paths.length > 1
          ? "Replace them with folders of the project (./…), or named volumes"
          : `Replace ${path} with a folder of the project (./…), or a named volume`,
      );
    return [{
      status: "warn",
      message: `mounts ${path}, a placeholder for your own folder`,
      at: lineTexts(at, target),
      fix: fixOf([path]),
      fold: {
        ...{ kind: `placeholder ${names.join()}`, verb: ["mounts", "mount"], item: path },
        rest: (many) => (many ? ", placeholders for your own folders" : ", a placeholder for your own folder"),
        fix: fixOf,
      },
    }];
  }
  const own = /^\/srv(\/|$)/.test(path);
  const item = atHome ? raw.replace(/^\/+/, "") : path;
  const ends = exists
    ? () => ` of this host, which ${machine.name} does not have`
    : (many: boolean) =>
      `, which ${many ? "are empty folders" : "is an empty folder"} in ${machine.name} unless something creates ${
        many ? "them" : "it"
      } there`;
  const ofProject = absolute && !exists && isFile ? sameFile(path, project) : undefined;
  const fixOf = (paths: string[]) =>
    ofProject !== undefined
      ? manualFix(`Write ./${ofProject}, which the project has`)
      : absolute
      ? outsideFix(paths)
      : manualFix(parentFix(paths, project));
  return [{
    status: (exists && !own) || isFile ? "fail" : "warn",
    message: `mounts ${item}${ends(false)}`,
    at: [raw, ...lineTexts(at, target)],
    fix: fixOf([path]),
    ...(absolute || ofProject !== undefined ? {} : { outside: [path] }),
    fold: {
      kind: `outside ${exists} ${absolute} ${shareable} ${isFile} ${ofProject ?? ""}`,
      ...{ verb: ["mounts", "mount"], item, rest: ends, fix: fixOf },
    },
  }];
}

/** What to do about files outside the project's folder. */
const copyFix = (many: boolean): Fix =>
  manualFix(
    many
      ? "Copy them into the project's folder, and write their paths there (./…)"
      : "Copy it into the project's folder, and write its path there (./…)",
  );

/** The file of the project that a path of another computer means: the one with the longest common end. */
function sameFile(path: string, project: ComposeProject): string | undefined {
  const parts = path.split("/").filter(Boolean);
  const base = baseOf(project);
  if (base !== project.folder) return undefined;
  return parts.map((_, i) => parts.slice(i).join("/")).find((end) => project.copied?.includes(end));
}

/** What to do about folders of a Mac: the variable in front of them is the one place to change. */
function macFix(paths: string[], variables: string[]): Fix {
  const [variable] = variables;
  return manualFix(
    variable !== undefined
      ? `Set ${variable} in the project's .env to a folder of the project (./…), or to one of this host (folders:)`
      : paths.length > 1
      ? "Replace them with folders of the project (./…), or named volumes"
      : `Replace ${paths[0]} with a folder of the project (./…), or a named volume`,
  );
}

/** The variables in `.env` that give mounts of a project a placeholder for their folder. */
function placeholderVariables({ model, texts, dotEnvNames = [] }: ComposeProject): string[] {
  const mounts = Object.values(model?.services ?? {}).flatMap(mountsOf);
  const names = mounts.flatMap(({ source = "", target }) =>
    isPlaceholderPath(source) ? variablesBehind(texts, lineTexts(source, target)) : []
  );
  return [...new Set(names)].filter((name) => dotEnvNames.includes(name));
}
