/** Cards that a host has, but that are not on its PCI bus: laptops turn them off to save power. */
import type { Evidence, Fix } from "../findings.mts";
import type { Host } from "../host/types.mts";
import { manualFix } from "../fixes.mts";
import { pathOf } from "../host/vfio-ids.mts";

/** A rule of udev that takes NVIDIA's graphics cards off the bus (sysfs, remove), as EnvyControl writes it. */
const removing = [/\{remove\}\s*=\s*"1"/, /\{vendor\}\s*==\s*"0x10de"/, /\{class\}\s*==\s*"0x03/];

/** What turned a card of this host off, and how to turn it on. `nvidia`: the card is one of NVIDIA's. */
export function turnedOff({ configured, cardOff }: Host, nvidia: boolean): { evidence: Evidence[]; fixes: Fix[] } {
  const rule = nvidia
    ? configured.find(({ file, text }) => /(^|\/)udev\//.test(file) && removing.every((part) => part.test(text)))
    : undefined;
  // supergfxd takes the card off the bus at boot in its mode Integrated; this file shows only that it is in use
  const daemon = nvidia && !cardOff ? configured.find(({ file }) => file === "modprobe.d/supergfxd.conf") : undefined;
  const evidence = [
    ...[rule, daemon].flatMap((line) => line ? [{ read: pathOf(line.file), value: line.text }] : []),
    ...(cardOff ? [{ read: "/sys/devices/platform/asus-nb-wmi/dgpu_disable", value: "1" }] : []),
  ];
  const fixes = [
    ...(rule
      ? [
        manualFix(
          `${pathOf(rule.file)} removes NVIDIA's cards from the bus at boot: turn hybrid graphics on with the ` +
            "program that wrote it (prime-select on-demand, envycontrol -s hybrid), or delete that rule",
          { root: true, reboot: true },
        ),
      ]
      : []),
    ...(daemon
      ? [
        manualFix(
          "supergfxd turns this laptop's card off in its mode Integrated (supergfxctl -g shows the mode): if that is " +
            "the cause, turn the card on with supergfxctl -m Hybrid",
          { root: true, reboot: true },
        ),
      ]
      : []),
    ...(cardOff
      ? [
        manualFix(
          "This laptop's firmware turned the card off: turn it on with the program that sets this (supergfxctl -m " +
            "Hybrid, ROG Control Center)",
          { root: true, reboot: true },
        ),
      ]
      : []),
  ];
  return { evidence, fixes };
}
