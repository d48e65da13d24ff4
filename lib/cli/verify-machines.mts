/** Turns the output of verify steps into findings. */
import type { Finding } from "../findings.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { stacksOf } from "../plan/machine-services.mts";
import { driverVersion, partitionRequest } from "../resolve/partition.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { verifyMachine } from "../verify/layers.mts";
import type { Context } from "./context.mts";
import type { Inspection } from "./inspect.mts";

/** The findings from the output of these machines' verify steps. */
export async function verifyMachines(
  { shell }: Context,
  { loaded, resolved, lab }: Inspection,
  machines: ResolvedMachine[],
): Promise<Finding[]> {
  const judged = await Promise.all(machines.map(async (machine) => {
    const { name } = machine;
    const guests = lab.machines[name]?.hardware?.assignedFunctions ?? [];
    const passed = (machine.assignedFunctions ?? []).map((fn) => {
      const guest = guests.find(({ host }) => host === fn.bdf)?.guest;
      return {
        fn,
        ...(guest ? { guest } : {}),
        ...(machine.provider === "libvirt" ? {} : { viaHypervisor: true as const }),
      };
    });
    const services = resolved.services.filter(({ machine }) => machine === name);
    const request = partitionRequest(machine);
    const driver = request?.hostDriver;
    const version = driver && driverVersion(driver);
    const part = isNvidiaRequest(request) ? (version ? { driver: version } : {}) : undefined;
    const stacks = stacksOf(machine, resolved).map((stack) => stack.name);
    const text = await shell.read(`${loaded.folder}/verify/${name}.txt`);
    return verifyMachine(name, text, services, passed, part, stacks).findings;
  }));
  return judged.flat();
}
