/** What stands between a VM that there is and the one that the config wants. */
import type { SettledMachine } from "../config/types.mts";
import type { Finding } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { Box } from "./box.mts";
import { firmwareOf } from "../host/ovmf.mts";
import { doctor, remedies } from "../fixes.mts";
import { ampleWindow, cardsOf, passedOf, windowOf } from "../resolve/cards.mts";
import type { Lab, LabMachine } from "../host/lab.mts";
import { described } from "../host/pci.mts";
import { isOwn } from "../resolve/providers.mts";

/** What the VM has and what the config wants, where only making it anew brings one to the other; undefined if there is nothing. */
export function outdated(
  machine: SettledMachine,
  host: Host,
  there: LabMachine,
  box: Box | undefined,
): Finding | undefined {
  if (there.state !== "off" && there.state !== "running") return undefined;
  const { made } = there;
  const passed = passedOf(machine, host) ?? [];
  const wanted = windowOf(cardsOf(machine, host));
  const differences = [
    { what: "its provider", has: there.provider, wants: machine.provider },
    { what: "its box", ...boxes(there, machine, box) },
    { what: "its accelerator", has: made?.accelerator, wants: machine.accelerator },
    {
      what: "its cards",
      has: made && listed(made.passed.map(({ host }) => host), host),
      wants: listed(passed.map(({ bdf }) => bdf), host),
    },
    {
      what: "its MMIO window",
      has: made && String(made.window ?? "the firmware's own"),
      wants: wanted > ampleWindow ? String(wanted) : "the firmware's own",
    },
  ].filter(({ has, wants }) => has !== undefined && wants !== undefined && has !== wants);
  if (differences.length === 0) return undefined;
  return {
    check: "machine.outdated",
    machine: machine.name,
    status: "fail",
    says: `${
      differences.map(({ what }) => what).join(" and ")
    } changed since the VM was made: it must be made anew, and what is in it is lost`,
    evidence: differences.flatMap(({ what, has, wants }) => [
      { read: `${what}, as the VM has it`, value: has! },
      { read: `${what}, as the config wants it`, value: wants! },
    ]),
    fix: [remedies.recreate],
  };
}

/** Functions by address, each with what is there now: an address alone does not tell that another device has taken it. */
function listed(addresses: string[], { pci }: Host): string {
  const there = [...addresses].sort().map((bdf) => {
    const fn = pci?.find((one) => one.bdf === bdf);
    return fn ? described(fn) : `${bdf} (nothing is there now)`;
  });
  return there.join(", ") || "none";
}

/** The box that a VM was made from and the one that it shall have: names where they differ, else versions. */
function boxes({ box: has, boxName }: LabMachine, machine: SettledMachine, box: Box | undefined) {
  if (boxName !== undefined && boxName !== machine.box) return { has: boxName, wants: machine.box };
  return { has, wants: box && (has?.startsWith(`${box.version}.`) ? has : box.version) };
}

/** A VM of which libvirt could not be asked. */
export function unasked({ name }: SettledMachine, { silent }: Lab): Finding {
  return {
    check: "provider.access",
    machine: name,
    status: "fail",
    says: "what there is of the VM is unknown, since libvirt does not answer",
    evidence: [{ read: "virsh", value: silent ?? "nothing" }],
    fix: [doctor("provider.access")],
  };
}

/** A machine whose card, or the firmware that its VM needs, is not known for sure: nothing can be rendered for it. */
export function unresolved(machine: SettledMachine, host: Host): Finding[] {
  if (!isOwn(machine.provider)) {
    return [{
      ...{
        check: "provider.host",
        machine: machine.name,
        status: "fail",
        evidence: [],
        fix: [doctor("provider.host")],
      },
      says: `no VM can be made with ${machine.provider}`,
    }];
  }
  if (machine.gpus.length === 0) return [];
  const lacks = (check: string, what: string): Finding => ({
    check,
    machine: machine.name,
    status: "fail",
    says: `which ${what} it gets is not known for sure, so that no VM can be made`,
    evidence: [],
    fix: [doctor(check)],
  });
  return [
    ...(passedOf(machine, host) ? [] : [lacks("gpu.match", "card")]),
    ...(machine.provider !== "libvirt" || firmwareOf(host) ? [] : [lacks("guest.firmware", "UEFI firmware")]),
  ];
}
