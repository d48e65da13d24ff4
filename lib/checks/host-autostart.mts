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
    manualFix("Leave autostart: out, and start the machine by a task of this host's that runs up"),
  ]);
}

/** libvirt-guests saves VMs to disk at shutdown unless it is set to shut them down (libvirt-guests(8)). */
function withHost({ gpus }: ResolvedMachine, { systemd, programs, libvirt }: Host): Verdict {
  if (!programs || !libvirt) return unknown("libvirt was not asked");
  if (!systemd || libvirt.startsAtBoot === undefined) {
    return unknown("whether libvirt starts with this host could not be read");
  }
  const unit = "libvirtd" in programs ? "libvirtd" : "virtqemud";
  const evidence = [
    { read: "/etc/systemd/system/multi-user.target.wants", value: libvirt.startsAtBoot ? "libvirt" : "no libvirt" },
    { read: "ON_SHUTDOWN of libvirt-guests", value: libvirt.onShutdown ?? "not enabled" },
  ];
  if (!libvirt.startsAtBoot) {
    return warn("libvirt does not start with this host, and so none of its VMs does", evidence, [
      commandFix("Start it with the host", `systemctl enable ${unit}.service`, { root: true, safe: true }),
    ]);
  }
  if (gpus.length > 0 && libvirt.onShutdown === "suspend") {
    return warn("at shutdown libvirt-guests saves VMs to disk, which fails for one with a card", evidence, [
      commandFix(
        "Let it shut them down",
        `sh -c 'echo ON_SHUTDOWN=shutdown >>${libvirt.guestsFile ?? "/etc/sysconfig/libvirt-guests"}'`,
        { root: true },
      ),
    ]);
  }
  return pass("it starts and stops with this host", evidence);
}
