import type { Host } from "../host/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { switchFor } from "../resolve/hyperv-switch.mts";
import { fail, pass, unknown } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** Which virtual switch of Hyper-V a machine is connected to. */
export const hypervSwitchChecks: Check[] = [
  {
    id: "hyperv.switch",
    about: "which virtual switch the VM is connected to",
    why: "with several switches Vagrant asks which one to use, and Windows Server has no Default Switch",
    confirm: "Get-VMSwitch",
    check: (host, { machines }) =>
      machines.filter(({ provider }) => provider === "hyperv" && host.os.platform === "windows").map((machine) => ({
        machine: machine.name,
        ...judge(machine, host),
      })),
  },
];

function judge({ network }: ResolvedMachine, host: Host): Verdict {
  const all = host.windows?.switches;
  const names = all?.map(({ name, type }) => `${name} (${type})`).join(", ") || "none";
  const evidence = [{ read: "Get-VMSwitch", value: all ? names : "not read" }];
  if (!all) return unknown("could not read which virtual switches Hyper-V has", evidence);
  const found = switchFor(network?.switch, host);
  if (found) return pass(`it is connected to ${found.name}`, evidence);
  if (network?.switch !== undefined) {
    return fail(`Hyper-V has no virtual switch ${network.switch}; it has ${names}`, evidence, [
      manualFix("Write the name of one of them, or remove network:"),
    ]);
  }
  if (all.length === 0) {
    return fail("Hyper-V has no virtual switch", evidence, [
      commandFix(
        "Create one that shares the network adapter Ethernet with the host",
        "New-VMSwitch -Name lab -NetAdapterName Ethernet -AllowManagementOS $true",
        { root: true },
      ),
    ]);
  }
  return fail(`Hyper-V has ${all.length} virtual switches but no Default Switch: ${names}`, evidence, [
    manualFix(`Choose one, for example network: {switch: ${all[0]!.name}}`),
  ]);
}
