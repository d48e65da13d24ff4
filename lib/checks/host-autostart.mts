import { commandFix, manualFix } from "../fixes.mts";
import type { Host } from "../host/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** Whether machines with `autostart: true` start with the host, and go down with it. */
export const autostartChecks: Check[] = [
  {
    id: "host.autostart",
    about: "whether machines with autostart: true start and stop with this host",
    why: "libvirt starts VMs when its service starts, and a VM with a passed-through card cannot be saved to disk",
    confirm: "systemctl is-enabled libvirtd virtqemud libvirt-guests",
    check: (host, { machines }) =>
      machines.filter(({ autostart }) => autostart).map((machine) => ({
        machine: machine.name,
        ...(machine.provider === "libvirt" ? withHost(machine, host) : elsewhere(machine)),
      })),
  },
];

function elsewhere({ provider }: ResolvedMachine): Verdict {
  return fail(`autostart: is not available with ${provider}, only with libvirt`, [], [
    manualFix("Remove autostart:, and create a scheduled task on this host that runs up"),
  ]);
}

/** libvirt-guests saves VMs to disk at shutdown unless it is set to shut them down (libvirt-guests(8)). */
function withHost({ gpus }: ResolvedMachine, { systemd, programs, libvirt }: Host): Verdict {
  if (!programs || !libvirt) return unknown("libvirt was not queried");
  if (!systemd || libvirt.startsAtBoot === undefined) {
    return unknown("could not read whether libvirt starts with this host");
  }
  const unit = "libvirtd" in programs ? "libvirtd" : "virtqemud";
  const evidence = [
    { read: "/etc/systemd/system/multi-user.target.wants", value: libvirt.startsAtBoot ? "libvirt" : "no libvirt" },
    { read: "ON_SHUTDOWN of libvirt-guests", value: libvirt.onShutdown ?? "not enabled" },
  ];
  if (!libvirt.startsAtBoot) {
    return warn("libvirt does not start with this host, so its VMs do not start either", evidence, [
      commandFix("Start it with the host", `systemctl enable ${unit}.service`, { root: true, safe: true }),
    ]);
  }
  if (gpus.length > 0 && libvirt.onShutdown === "suspend") {
    return warn("at shutdown libvirt-guests saves VMs to disk, which fails for a VM with a card", evidence, [
      commandFix(
        "Let it shut down the VMs",
        `sh -c 'echo ON_SHUTDOWN=shutdown >>${libvirt.guestsFile ?? "/etc/sysconfig/libvirt-guests"}'`,
        { root: true },
      ),
    ]);
  }
  return pass("it starts and stops with this host", evidence);
}
