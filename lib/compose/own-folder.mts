/**
 * `$PWD` in a project: Compose runs in the project's folder, on the host and in the VM, where it has another path. As
 * the source of a mount `$PWD/data` is `./data`; in a container it is an absolute path.
 */
import { relative } from "node:path/posix";
import { isMap } from "../maps.mts";
import { baseOf } from "./paths.mts";
import type { ComposeProject } from "./types.mts";

/** The value of `PWD` for the built-in reader: an absolute path that no file has. */
export const ownFolder = "/~+";

type Place = Pick<ComposeProject, "folder" | "files">;

/** A path with the value of {@link ownFolder} as a path of this host. */
export const inOwnFolder = (path: string, folder: string): string =>
  path === ownFolder || path.startsWith(`${ownFolder}/`) ? folder + path.slice(ownFolder.length) : path;

/** Keys whose values are paths in a container, or paths that are not relative to the project's folder. */
const absoluteKeys = ["target", "working_dir", "dockerfile", "tmpfs"];

/**
 * What the built-in reader read, with relative paths of the host for {@link ownFolder}, and the project's folder of
 * this host for the paths in containers.
 */
export function withOwnFolder<T>(value: T, project: Place): T {
  const own = relative(baseOf(project), project.folder) || ".";
  const relativeIn = (text: string) => text.replaceAll(ownFolder, own);
  const absoluteIn = (text: string) => text.replaceAll(ownFolder, project.folder);
  const mount = (text: string) => {
    const [source, ...target] = text.split(":");
    return [relativeIn(source!), ...target.map(absoluteIn)].join(":");
  };
  const visit = (one: unknown, key: string): unknown => {
    if (typeof one === "string") {
      return key === "volumes" ? mount(one) : absoluteKeys.includes(key) ? absoluteIn(one) : relativeIn(one);
    }
    if (Array.isArray(one)) return one.map((item) => visit(item, key));
    return isMap(one)
      ? Object.fromEntries(Object.entries(one).map(([name, item]) => [relativeIn(name), visit(item, name)]))
      : one;
  };
  // only a project with $PWD has it
  return JSON.stringify(value)?.includes(ownFolder) ? visit(value, "") as T : value;
}
