/** Mounts of paths in a project's own folder: whether they exist and are copied into the VM. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { mountsOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";
import {
  creation,
  creations,
  fetchSubmodules,
  isUnfetched,
  keepFix,
  leftOutMessage,
  mostNamed,
  type Place,
} from "./compose-paths.mts";

/**
 * A name that looks like a file's rather than a folder's: its ending is not a version or domain, such as that of
 * `www.example.pl`, and it is the usual one of a key of SSH, unlike `easy_rsa`.
 */
const fileName =
  /(^|\/)(\.?(ssh|keys?|secrets?|cert(ificate)?s?)\/[\w.-]+_(rsa|ecdsa|ed25519)(_\w+)?|Dockerfile|Caddyfile|Makefile|Corefile|Modelfile|LICENSE|authorized_keys|known_hosts|(id|[\w.-]*_id|ssh[\w.-]*|[\w.-]*key)_(rsa|ecdsa|ed25519)(_\w+)?|[^/.]+\.pl|\.netrc|\.gitconfig|\.[a-z]+rc|[^/]*\.(conf|cfg|cnf|ini|json|jsonc|json5|ya?ml|toml|xml|env|properties|txt|md|sql|sh|py|rb|[cm]?js|ts|lua|php|html?|css|pem|key|crt|cer|p12|pfx|p8|ovpn|kdbx|htpasswd|list|rules|tpl|tmpl|template|j2|acl|hcl|nginx|vcl|csv|lic|log|db|sqlite3?|gguf|safetensors|onnx|pth?|ckpt|engine|pbtxt|zip|tgz|gz|xz|zst|tar|jks|pub|so(\.\d+)*))$/i;

/** Whether a path looks like that of a file rather than of a folder. */
export const isFileName = (path: string): boolean => fileName.test(path);

/** Whether a missing path with an ending has an example, such as `vllm.args.example`: it is a file. */
export const isExampled = (path: string, { examples }: ComposeProject): boolean =>
  examples?.[path] !== undefined && /[^/]\.\w+$/.test(path);

/**
 * Texts to find a mount's line by: if the source contains a variable, the target still has its
 * written form.
 */
export const lineTexts = (
  source: string,
  target: string,
): string[] => [source, `:${target}`, target, `${source}:${target}`];

interface OwnMount {
  source: string;
  target: string;
  /** It is written as an absolute path. */
  absolute: boolean;
  /** As of a bind: whether Compose creates a missing source. */
  creates: boolean | undefined;
  /** Its source or its target looks like a file. */
  isFile: boolean;
}

/** The flaws of a mount whose source is in the project's folder. */
export function insideFlaws(
  { source, target, absolute, creates, isFile }: OwnMount,
  { path, kind, relativePath: shown, leftOut }: Place,
  project: ComposeProject,
): ProjectFlaw[] {
  // a variable or an env file before the mount may name the same path
  const at = [`${shown}:`, shown, ...lineTexts(source, target)];
  if (absolute) {
    return [{
      status: "fail",
      message: `mounts ${path} by its path on this host: the project's folder has another path in the VM`,
      at: lineTexts(source, target),
      fix: manualFix(`Write ${path === project.folder ? "." : `./${shown}`}`),
    }];
  }
  if (!isFile && kind !== "file" && isUnfetched(shown, project)) {
    return [{
      status: "warn",
      message: `mounts ${shown} of a submodule of Git that is empty here`,
      at,
      fix: manualFix(fetchSubmodules),
      fold: {
        ...{ kind: "submodule", verb: ["mounts", "mount"], item: shown },
        rest: (
          many,
        ) => (many ? " of submodules of Git that are empty here" : " of a submodule of Git that is empty here"),
      },
    }];
  }
  if (kind === "missing" && isFile) {
    return [{
      status: "fail",
      message: `mounts the file ${shown}, which does not exist: Docker would create a folder of that name`,
      at,
      fix: manualFix(creation(shown, project)),
      fold: {
        ...{ kind: "missing file", verb: ["mounts", "mount"], item: shown },
        list: (items) => `the file${items.length > 1 ? "s" : ""} ${joinList(items)}`,
        rest: (many) =>
          many
            ? ", which do not exist: Docker would create folders of these names"
            : ", which does not exist: Docker would create a folder of that name",
        fix: (items) => manualFix(creations(items, project)),
      },
    }];
  }
  if (kind === "missing" && creates !== true) {
    return [{
      status: creates === false ? "fail" : "warn",
      message: `mounts the folder ${shown}, which does not exist: ${
        creates === false ? "create_host_path is false" : "some versions of Compose do not create it in this long form"
      }`,
      at,
      fix: manualFix(`Create ${shown}`),
      fold: {
        ...{ kind: `missing folder ${creates}`, verb: ["mounts", "mount"], item: shown },
        list: (items) => `the folder${items.length > 1 ? "s" : ""} ${joinList(items)}`,
        rest: (many) =>
          `, which ${many ? "do" : "does"} not exist: ${
            creates === false
              ? "create_host_path is false"
              : `some versions of Compose do not create ${many ? "them" : "it"} in this long form`
          }`,
        fix: (items) => manualFix(`Create ${items.length > mostNamed ? "them" : joinList(items)}`),
      },
    }];
  }
  // an empty folder, as Docker creates it in the VM
  if (leftOut && kind === "folder" && creates !== false && project.emptyFolders?.includes(path)) return [];
  if (leftOut) {
    const isNeeded = kind === "file" || creates === false;
    const then = kind === "file"
      ? () => ""
      : creates === false
      ? () => ", and create_host_path is false"
      : (many: boolean) =>
        many ? ": the containers start with empty folders" : ": the container starts with an empty folder";
    return [{
      status: isNeeded ? "fail" : "warn",
      message: leftOutMessage(`mounts ${shown}`) + then(false),
      at,
      fix: keepFix([shown]),
      fold: {
        ...{ kind: `left out ${kind} ${isNeeded}`, verb: ["mounts", "mount"], item: shown, fix: keepFix },
        rest: () => leftOutMessage("") + then(true),
      },
    }];
  }
  if (kind === "folder" && isFileName(path) && isFileName(target)) {
    return [{
      status: "warn",
      message:
        `mounts ${shown} as the file ${target}, but ${shown} is a folder: Docker creates one where a file is missing`,
      at,
      fix: manualFix(`Remove the folder ${shown}, and create the file`),
    }];
  }
  return [];
}

/**
 * Mounts of an inline service by a relative path, or one of Windows: files next to the config are not copied, so
 * Docker would create an empty folder, which is lost with the VM. Other paths are paths in the VM.
 */
export function inlineMountFlaws(service: ComposeService): ProjectFlaw[] {
  return mountsOf(service).flatMap(({ type, source = "", target }): ProjectFlaw[] => {
    const ofWindows = /^[A-Za-z]:[\\/]/.test(source);
    if (type !== "bind" || !ofWindows && !/^(\.|~)/.test(source)) return [];
    const isFile = isFileName(source) || isFileName(target);
    return [{
      status: isFile || ofWindows ? "fail" : "warn",
      message: `mounts ${source}, which is not copied into the VM: ${
        ofWindows
          ? "Docker in the VM knows no paths of Windows"
          : isFile
          ? "Docker would create a folder of that name"
          : "the container starts with an empty folder, which is deleted with the VM"
      }`,
      at: source,
      fix: manualFix("Use a named volume, or a stack (stacks:): its folder is copied"),
    }];
  });
}
