/** The rules for folders of the host in a VM. */
import { normalize } from "node:path/posix";
import type { Reader } from "./reader.mts";

/** A path in a VM without `.`, `..`, doubled slashes and a slash at its end. */
export const guestPath = (path: string): string => normalize(path).replace(/(.)\/$/, "$1");

/** Paths of the VM's system: these folders, and all below them. */
const systemPaths =
  /^\/(bin|boot|dev|etc|lib|lib32|lib64|libx32|lost\+found|proc|root|run|sbin|sys|tmp|usr|var|home\/vagrant|opt\/homelab-gpu|srv\/homelab-gpu)(\/|$)/;
/** Folders that a folder may be in, but that it must not hide. */
const heldPaths = ["/", "/home", "/opt", "/srv"];

/** Why a folder cannot be mounted at a path in a VM, as the end of a sentence; undefined if it can. */
export function refusedTarget(path: string): string | undefined {
  if (heldPaths.includes(path)) return `would hide all that ${path} has in the VM`;
  const system = systemPaths.exec(path)?.[0].replace(/\/$/, "");
  if (system === undefined) return undefined;
  return path === system ? "belongs to the system of the VM" : `is in ${system}, which belongs to the system of the VM`;
}

/** Reports folders that cannot be mounted at their paths in a VM, alone or together. `at`: the list's place. */
export function checkFolders(folders: { from?: string; to?: string }[], at: string, reader: Reader): void {
  const taken: string[] = [];
  folders.forEach((folder, i) => {
    // a value that is wrong alone was reported before
    if (folder?.to === undefined) return;
    const to = guestPath(folder.to);
    const place = `${at}.${i}.to`;
    const refused = refusedTarget(to);
    const other = taken.find((one) => one === to || to.startsWith(`${one}/`) || one.startsWith(`${to}/`));
    if (refused !== undefined) {
      reader.at(place, `to: ${to} ${refused}`, `to: /mnt/${to.split("/").at(-1) || "media"}`);
    } else if (other === to) {
      reader.at(place, `two folders have the same to: ${to}`, `to: ${to}-2`);
    } else if (other !== undefined) {
      const [inner, outer] = to.length > other.length ? [to, other] : [other, to];
      reader.at(place, `to: ${inner} is in ${outer}, where another folder is mounted`, `to: ${to}-2, next to it`);
    }
    taken.push(to);
  });
}
