/** Checks Vagrant and VirtualBox as a pair. */
import type { Host } from "../host/types.mts";
import { manualFix } from "../fixes.mts";
import { isOlder } from "../text.mts";
import { vagrantFor, vagrantPairs } from "../resolve/vagrant-pairs.mts";
import type { Verdict } from "./types.mts";
import { fail, pass, unknown } from "./results.mts";

/** Whether this host's Vagrant supports its VirtualBox; no verdict where a version was not read. */
export function vagrantAndVirtualbox({ versions: { vagrant, virtualbox } }: Host): Verdict[] {
  if (!vagrant || !virtualbox) return [];
  const { needs, newer } = vagrantFor(virtualbox);
  const evidence = [{ read: "vagrant version", value: vagrant }, { read: "VirtualBox version", value: virtualbox }];
  if (needs && isOlder(vagrant, needs)) {
    return [
      fail(`Vagrant ${vagrant} does not support VirtualBox ${virtualbox}: ${needs} or later does`, evidence, [
        manualFix("Install a newer Vagrant: https://developer.hashicorp.com/vagrant/install"),
      ]),
    ];
  }
  if (newer) {
    const newest = `VirtualBox ${vagrantPairs[0]!.virtualbox} is the newest that Vagrant is known to support`;
    return [unknown(`VirtualBox ${virtualbox} is newer than this program knows: ${newest}`, evidence)];
  }
  return [pass(`Vagrant ${vagrant} supports VirtualBox ${virtualbox}`, evidence)];
}
