import type { ResolvedMachine } from "../types.mts";

/** The values that a VM's block in the Vagrantfile has without a GPU, whatever the provider; memory in MiB. */
export function plainVm({ name, cpus, memory }: ResolvedMachine, prefix: string) {
  return { vmname: prefix + name, cpus, memory };
}
