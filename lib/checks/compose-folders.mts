/** Which paths of a Compose project are in the folders of the host that its machine gets. */
import { refusedTarget } from "../config/folders.mts";
import type { SharedFolder } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";

type Machine = Pick<ResolvedMachine, "name" | "provider" | "folders">;

/** The folder of `folders:` that has a path of the host; `there`: the VM has a folder at this path. */
export function sharedPath(path: string, { folders = [] }: Machine): SharedFolder | "there" | undefined {
  const within = (folder: string) => path === folder || path.startsWith(`${folder}/`);
  return folders.some(({ to }) => within(to)) ? "there" : folders.find(({ from }) => within(from));
}

/** Whether a path may be a folder in `folders:`; folders of programs need not be on this host, or are the VM's. */
export const isShareable = (path: string, { provider }: Machine): boolean =>
  provider === "libvirt" && refusedTarget(path) === undefined && !/^\/opt\//.test(path);

/** The most folders that a sentence lists. */
const most = 12;

/** How paths of the host get into the VM, as a sentence. */
export function sharing(named: string[], { name }: Machine): string {
  const common = named.length > 3 ? commonFolders(named) : named;
  // one of the folders contains them
  const paths = common.filter((path) => !common.some((other) => path.startsWith(`${other}/`)));
  const all = paths.map(yamlWord).map((path) => `{from: ${path}, to: ${path}}`);
  const folders = [...all.slice(0, most), ...(all.length > most ? ["…"] : [])].join(", ");
  const them = paths.length < named.length ? "their folders" : paths.length > 1 ? "them" : "it";
  return `Share ${them} with ${name}: folders: [${folders}], with read_only: false if a ` +
    "service writes there";
}

/**
 * The folders that paths have in common, at least two deep, and three in `/home`: a few folders to share instead of
 * many. A path without such a folder stays as it is.
 */
export function commonFolders(paths: string[]): string[] {
  const deep = grouped(paths, (path) => path.startsWith("/home/") ? 4 : 3);
  // a folder of its own at the top, such as /docker-data
  return deep.length > 3 ? grouped(deep, (path) => ofSystem.test(path) ? path.split("/").length : 2) : deep;
}

/** Folders at the top of a file system with more in them than one project needs. */
const ofSystem = /^\/(data|etc|home|media|mnt|nas|opt|root|srv|storage|tmp|usr|var|vol(ume)?\d*)(\/|$)/;

/** Paths by their first parts, of which `depth` says how many count, the empty one before the first `/` included. */
function grouped(paths: string[], depth: (path: string) => number): string[] {
  const start = (path: string) => path.split("/").slice(0, depth(path)).join("/");
  return [...new Set(paths.map(start))].map((folder) => {
    const parts = paths.filter((path) => start(path) === folder).map((path) => path.split("/"));
    const [first = []] = parts;
    const differs = first.findIndex((part, i) => parts.some((other) => other[i] !== part));
    return (differs < 0 ? first : first.slice(0, differs)).join("/");
  });
}

/** A path as a value in a YAML mapping of one line. */
export const yamlWord = (path: string): string => (/^[\w./+@-]+$/.test(path) ? path : JSON.stringify(path));
