/** Which VirtualBox versions each Vagrant version supports. */
import { isOlder } from "../text.mts";
import type { Source } from "./sources.mts";

/** A release of VirtualBox, and the first Vagrant that supports it. */
export interface VagrantPair extends Source {
  virtualbox: string;
  vagrant: string;
}

const changelog = { source: "https://github.com/hashicorp/vagrant (CHANGELOG.md)", checked: "2026-11-26" } as const;

/**
 * The newest first. Vagrant refuses a VirtualBox version newer than it supports
 * (plugins/providers/virtualbox/driver/meta.rb).
 */
export const vagrantPairs: VagrantPair[] = [
  { virtualbox: "7.2", vagrant: "2.4.9", ...changelog },
  { virtualbox: "7.1", vagrant: "2.4.2", ...changelog },
  { virtualbox: "7.0", vagrant: "2.3.2", ...changelog },
];

/**
 * The oldest Vagrant that supports a version of VirtualBox. `newer`: the version is newer than the
 * table.
 */
export function vagrantFor(virtualbox: string): { needs?: string; newer: boolean } {
  const series = /^\d+\.\d+/.exec(virtualbox)?.[0] ?? virtualbox;
  const row = vagrantPairs.find((pair) => !isOlder(series, pair.virtualbox));
  const newest = vagrantPairs[0]!.virtualbox;
  return { ...(row ? { needs: row.vagrant } : {}), newer: isOlder(newest, series) };
}
