// Saved hosts, parsed once per run.
import { readdirSync } from "node:fs";
import { parseHost } from "../lib/host/parse.mts";
import type { Host } from "../lib/host/types.mts";
import { own, root } from "./fake.mts";

/** The names of all saved hosts in test/hosts. */
export const hostNames: string[] = readdirSync(`${root}/test/hosts`).filter((name) => name.endsWith(".txt")).map((
  name,
) => name.slice(0, -4)).sort();

/** Saved hosts of different kinds, for unit tests of whole commands. The sweep `hosts` takes all. */
export const someHosts: string[] = [
  "h200-server-ubuntu",
  "macos-apple-silicon",
  "old-board-shared-group-debian11",
  "rtx4070-desktop-debian12",
  "vm-without-gpu",
  "windows-11-laptop-two-cards",
  "wsl2-ubuntu",
];

const parsed = new Map<string, Host>();

/** The saved host of this name in test/hosts: a copy that the test may change. */
export function savedHost(name: string): Host {
  if (!parsed.has(name)) parsed.set(name, parseHost(own(`test/hosts/${name}.txt`)));
  return structuredClone(parsed.get(name)!);
}
