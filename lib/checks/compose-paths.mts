/** Places of the paths that a Compose project names: in its folder or outside, copied into the VM or not. */
import type { ComposeProject, PathKind } from "../compose/types.mts";
import { dirname, isAbsolute, relative } from "node:path/posix";
import { baseOf, hostPath } from "../compose/paths.mts";
import { manualFix } from "../fixes.mts";
import { shellWord } from "../render.mts";
import { homeDir, joinList } from "../text.mts";

/** A path as the checks use it. */
export interface Place {
  /** Absolute path on the host. */
  path: string;
  kind: PathKind;
  /** It is known to exist. */
  exists: boolean;
  /** Whether it is in the project's folder. */
  inside: boolean;
  /** How messages name it: relative to the folder if it is inside. */
  relativePath: string;
  /** It is in the folder but is not copied into the VM. */
  leftOut: boolean;
}

/** The place of a path as the project has it; undefined for a path of another computer. */
export function placeOfPath(written: string, project: ComposeProject): Place | undefined {
  const { folder, paths, copied } = project;
  const path = hostPath(written, baseOf(project));
  if (path === undefined) return undefined;
  const inside = path === folder || path.startsWith(`${folder}/`);
  const shown = inside && path !== folder ? path.slice(folder.length + 1) : written.replace(/^\/+(?=~(\/|$))/, "");
  const kind = paths[path] ?? "unknown";
  const exists = kind === "file" || kind === "folder";
  const leftOut = inside && path !== folder && exists && copied !== undefined &&
    !copied.some((one) => one === shown || one.startsWith(`${shown}/`));
  return { path, kind, exists, inside, relativePath: shown, leftOut };
}

/**
 * The source of a mount as a file has it, where only Compose read the project: it prints absolute paths for relative
 * ones.
 */
export const asWritten = (source: string, project: ComposeProject): string =>
  project.readBy === "compose" && isAbsolute(source) &&
    !Object.values(project.texts).some((text) => text.includes(source))
    ? `./${relative(baseOf(project), source)}`
    : source;

/** How paths of the project are copied although `.dockerignore` excludes them. */
export const keepFix = (all: string[]) => {
  // a line for a folder is for what is in it too
  const paths = all.filter((path) => !all.some((other) => path.startsWith(`${other}/`)));
  return manualFix(
    `Write ${joinList(paths.map((path) => `!${path}`))} at the end of .dockerignore${
      paths.length > 1 ? ", each on a line" : ""
    }`,
  );
};

/** How a project whose Compose files name paths outside its folder is copied with them. */
export function parentFix(outside: string[], { folder, files, outside: all = [] }: ComposeProject): string {
  const above = (paths: string[]) =>
    parents(folder).find((one) => paths.every((path) => `${path}/`.startsWith(`${one}/`))) ?? "/";
  // the folder of all that a user has is too much to copy
  const isHome = (path: string) =>
    /^\/((home|media|mnt|opt|root|srv|tmp|usr|var)?|home\/[^/]+)$/.test(path) || path === homeDir();
  const parent = [above([...outside, ...all]), above(outside)].find((one) => !isHome(one)) ?? "/";
  if (isHome(parent) || files.some((file) => isAbsolute(file))) {
    const [it, its, path] = outside.length > 1 ? ["them", "their", "paths"] : ["it", "its", "path"];
    return `Copy ${it} into the project's folder, and write ${its} ${path} there (./…)`;
  }
  const steps = folder.slice(parent.length + 1).split("/");
  const moved = files.map((file) => [...steps, file.replace(/^(\.\/)+/, "")].join("/"));
  return `Set the stack's path to ${parent}, and add env: {COMPOSE_FILE: "${moved.join(":")}"}`;
}

/** The folders above a path, the nearest one first. */
function parents(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...parents(above)];
}

/** A message about a path that is not copied into the VM. */
export const leftOutMessage = (start: string) => `${start}, which .dockerignore excludes from the copy in the VM`;

/** What to do about a file of the project that does not exist: copy its example, or create it. */
export function creation(shown: string, project: ComposeProject): string {
  const example = project.examples?.[`${project.folder}/${shown}`] ??
    (shown === ".env" ? project.envExamples?.[0]?.file : undefined);
  if (project.envExamples?.some(({ file, encrypted }) => file === example && encrypted)) {
    return decryption(example!, shown);
  }
  return example === undefined ? `Create ${shown}` : `Copy ${example} to ${shown}, and fill it in`;
}

// SOPS takes the format from the end of a name, such as .enc; --output writes nothing if it cannot decrypt
const decryption = (file: string, to: string) =>
  `Decrypt ${file} to ${to}: sops -d --input-type dotenv --output-type dotenv --output ${shellWord(to)} ${
    shellWord(file)
  }`;

/** The most files that a fix names again: the message has them all. */
export const mostNamed = 8;

/** How several missing files come into being. */
export function creations(items: string[], project: ComposeProject): string {
  const copied = items.map((one) => creation(one, project)).filter((one) => one.startsWith("Copy "));
  const rest = items.filter((one) => creation(one, project).startsWith("Create "));
  const rests = copied.length > 0 ? "the others" : "them";
  const [first = ""] = copied;
  // such as the templates of many env files
  const copies = copied.length > 4
    ? [first.replace(", and fill it in", `, the ${copied.length - 1} others in the same way, and fill them in`)]
    : copied;
  return [...copies, ...(rest.length > 0 ? [`Create ${rest.length > mostNamed ? rests : joinList(rest)}`] : [])].join(
    ". ",
  );
}

/** How messages name the `.env` of a project. */
export const envOf = ({ envFile }: ComposeProject) => envFile ?? "the project's .env";

/**
 * How a project gets values for these variables from the example of its `.env` that has most of them; undefined if it
 * has none.
 */
export function copyOfEnv({ envExamples = [] }: ComposeProject, variables: string[]): string | undefined {
  const lacks = ({ names }: { names: string[] }) => variables.filter((name) => !names.includes(name));
  const [best] = [...envExamples].sort((a, b) => lacks(a).length - lacks(b).length);
  if (!best) return undefined;
  const left = lacks(best);
  if (best.encrypted) return decryption(best.file, ".env");
  return `Copy ${best.file} to .env in the project's folder${left.length > 0 ? `, and set ${left.join(", ")}` : ""}`;
}

/** Whether paths are in submodules of Git, whose folders are empty or absent after a plain clone. */
export const ofSubmodules = (paths: string[], { submodules = [] }: Pick<ComposeProject, "submodules">): boolean =>
  paths.every((path) => submodules.some((one) => path === one || path.startsWith(`${one}/`)));

/** What to do about a submodule that is not fetched. */
export const fetchSubmodules =
  "Get the submodules: run git submodule update --init --recursive in the project's folder";

/** Whether a folder of a submodule has nothing in it: a plain clone leaves it so. */
export const isUnfetched = (
  shown: string,
  { submodules, copied }: Pick<ComposeProject, "submodules" | "copied">,
): boolean =>
  ofSubmodules([shown], submodules ? { submodules } : {}) && copied !== undefined &&
  !copied.some((one) => one.startsWith(`${shown}/`));

/** What to do about several files for which a fix says what to do about one. */
export function forSeveral(mend: string, files: string[], project: ComposeProject): string {
  if (!/^(Create|Copy .* and fill it in)/.test(mend)) {
    return mend.replace(/^Copy it into/, "Copy them into").replace("write its path", "write their paths").replace(
      /^Write !.*? at the end/,
      `Write ${joinList(files.map((file) => `!${file}`))} at the end`,
    ).replace(/^Put a file at .*/, `Put files at ${joinList(files)}`);
  }
  const made = files.map((file) => creation(file, project));
  const absent = files.filter((_, i) => made[i]!.startsWith("Create "));
  const copies = made.filter((one) => !one.startsWith("Create "));
  return [...(absent.length > 0 ? [absent.length > 3 ? "Create them" : `Create ${joinList(absent)}`] : []), ...copies]
    .join("; ");
}
