/** Places of the paths that a Compose project names: in its folder or outside, copied into the VM or not. */
import type { ComposeProject, PathKind } from "../compose/types.mts";
import { baseOf, hostPath } from "../compose/paths.mts";

/** A path as the checks use it. */
interface Place {
  /** Absolute path on the host. */
  path: string;
  kind: PathKind;
  /** It is known to exist. */
  exists: boolean;
  /** Whether it is in the project's folder. */
  inside: boolean;
  /** How messages name it: relative to the folder if it is inside. */
  shown: string;
  /** It is in the folder but is not copied into the VM. */
  leftOut: boolean;
}

/** The place of a path as the project has it; undefined for a path of another computer. */
export function placeOfPath(written: string, project: ComposeProject): Place | undefined {
  const { folder, paths, copied } = project;
  const path = hostPath(written, baseOf(project));
  if (path === undefined) return undefined;
  const inside = path === folder || path.startsWith(`${folder}/`);
  const shown = inside && path !== folder ? path.slice(folder.length + 1) : written;
  const kind = paths[path] ?? "unknown";
  const exists = kind === "file" || kind === "folder";
  const leftOut = inside && path !== folder && exists && copied !== undefined &&
    !copied.some((one) => one === shown || one.startsWith(`${shown}/`));
  return { path, kind, exists, inside, shown, leftOut };
}

/** A message about a path that is not copied into the VM. */
export const leftOutMessage = (start: string) => `${start}, which .dockerignore excludes from the copy in the VM`;

/** What to do about a file of the project that does not exist: copy the example of an `.env`, or create it. */
export function creation(shown: string, { envExamples = [] }: ComposeProject, hint = ""): string {
  return shown === ".env" && envExamples[0]
    ? `Copy ${envExamples[0]} to .env, and fill it in`
    : `Create ${shown}${hint}`;
}
