import type { ResolvedMachine } from "../types.mts";

/** The values of a VM without a GPU in the Vagrantfile, for any provider; memory in MiB. */
export function plainVm({ name, cpus, memory }: ResolvedMachine, prefix: string) {
  return { vmname: prefix + name, cpus, memory };
}
