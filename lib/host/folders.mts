/** Folders of the host that VMs get by virtiofs. */
import { createHash } from "node:crypto";
import type { Shell } from "../shell.mts";

/**
 * The tag of the virtiofs device of a folder, at most 36 characters (virtio 1.2, 5.11.4). It changes
 * with everything that needs another device or mount: the VM is compared with the config by its tags.
 */
export function folderTag({ from, to, readOnly }: { from: string; to: string; readOnly: boolean }): string {
  const all = createHash("sha256").update(`${from}\0${to}\0${readOnly ? "ro" : "rw"}`).digest("hex");
  return `homelab-gpu-${all.slice(0, 16)}`;
}

/** The tags of our virtiofs devices in a domain's XML (formatdomain.html: filesystem), sorted. */
export function folderTagsIn(xml: string): string[] {
  return [...xml.matchAll(/<filesystem [^]*?<\/filesystem>/g)]
    .flatMap(([text]) => /<target dir='(homelab-gpu-[0-9a-f]+)'/.exec(text)?.[1] ?? []).sort();
}

/** What is at a path of the host. `real`: the folder without symbolic links. */
export type FolderState =
  | { kind: "folder"; real: string }
  | { kind: "file" }
  | { kind: "missing" }
  | { kind: "unreadable" };

// NUL ends each answer: a path may contain line breaks
const script = `say() { printf '%s\\000' "$1"; }
for path do
  if [ -d "$path" ]; then
    real=$(cd -P -- "$path" 2>/dev/null && pwd -P) && say "folder $real" || say unreadable
  elif [ -e "$path" ]; then say file
  else
    while [ ! -e "$path" ] && [ "$path" != / ]; do path=$(dirname -- "$path"); done
    [ -x "$path" ] && say missing || say unreadable
  fi
done`;

/**
 * What is at these absolute paths of the host: one shell for all, none for no path. A path that it
 * gave no answer for is absent.
 */
export async function readFolders(shell: Shell, paths: string[]): Promise<Record<string, FolderState>> {
  const all = [...new Set(paths)];
  if (all.length === 0 || shell.platform !== "linux") return {};
  const { out } = await shell.capture(["sh", "-c", script, "sh", ...all], { about: "the folders of folders:" });
  const answers = out.split("\0");
  return Object.fromEntries(all.flatMap((path, i): [string, FolderState][] => {
    const [, kind, real] = /^(folder|file|missing|unreadable)(?: ([^]*))?$/.exec(answers[i] ?? "") ?? [];
    if (kind === "folder") return [[path, { kind, real: real! }]];
    return kind === "file" || kind === "missing" || kind === "unreadable" ? [[path, { kind }]] : [];
  }));
}
