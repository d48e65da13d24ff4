// Preparations of saved hosts.
import { parseConfig } from "../lib/config/parse.mts";
import { preparationOf } from "../lib/plan/prepare.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { Host } from "../lib/host/types.mts";
import { savedHost } from "./hosts.mts";

/** The preparation of a saved host for a `gpu` in YAML, after a change of the host. */
export function prepared(name: string, gpu: string, change: (host: Host) => void = () => {}) {
  const host = savedHost(name);
  change(host);
  const { machines } = resolveConfig(parseConfig(`machines: [{name: a, box: lab/x, gpu: ${gpu}}]`), host);
  return preparationOf(machines[0]!.assignedFunctions!, host);
}

/** The configuration of a GRUB with these arguments. */
export const grubWith = (...words: string[]) => [
  { file: "/etc/default/grub", arguments: words, variable: "GRUB_CMDLINE_LINUX_DEFAULT", quote: '"' },
];
/** Changes a host to one whose IOMMU is off, with no argument for it. */
export const kernelOff = (host: Host) => {
  host.iommu.units = [];
  host.kernel.arguments = [];
  host.kernel.configurations = grubWith();
};

/** The same card with the programs and files of another distribution. */
export function preparedOn(id: string, programs: string[], change: (host: Host) => void = () => {}) {
  return prepared("rtx4070-desktop-debian12", "{}", (host) => {
    host.os = { ...host.os, id, like: [] };
    delete host.os.version;
    host.programs = Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`]));
    change(host);
  });
}
