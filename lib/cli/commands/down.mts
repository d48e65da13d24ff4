import type { Step } from "../../plan/types.mts";
import type { LabMachine } from "../../host/lab.mts";
import { vagrantEnv } from "../../plan/vm-steps.mts";
import type { Context } from "../context.mts";
import { loadConfig } from "../load-config.mts";
import { machinesOf, runWork } from "../machine-work.mts";
import { checkGpusReturned } from "../gpu-return.mts";

/** `down [machine…]`: shuts the machines down, also those that the config has no longer; `up` starts them again. */
export async function down(context: Context): Promise<number> {
  const source = await loadConfig(context);
  const { code, names } = await runWork(context, source, "down", {
    nothing: "no machine is running",
    choose: (machines) => machines.flatMap(([name, { bootId }]) => (bootId === undefined ? [] : [name])),
    steps: (names, lab) => machinesOf(lab, names).map(([name, machine]) => shutdown(name, machine)),
    action: (names) => `down of ${names.join(", ")}`,
  });
  if (code !== 0 || context.options.dryRun) return code;
  return (await checkGpusReturned(context, source, names)).includes("fail") ? 1 : 0;
}

/** A machine that was never reached would not see the request to shut down. */
function shutdown(name: string, { state, domain, provider = "libvirt" }: LabMachine): Step {
  const title = `Shut ${name} down`;
  return state === "half-made" && provider === "libvirt"
    ? { queue: name, title, command: ["virsh", "-c", "qemu:///system", "destroy", domain] }
    : { queue: name, title, command: ["vagrant", "halt", name], env: vagrantEnv };
}
