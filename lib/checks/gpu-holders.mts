import type { Card } from "../resolve/types.mts";
import type { Fix } from "../findings.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { fail, pass, unknown } from "./results.mts";

/**
 * The device nodes of this card: DRM nodes, NVIDIA's by minor number, VFIO's by group and by device
 * number.
 */
function nodesOf({ gpu, groups, assignedFunctions }: Card): string[] {
  return [
    ...gpu.drm.map((name) => `/dev/dri/${name}`),
    ...(gpu.nvidiaMinor === undefined ? [] : [`/dev/nvidia${gpu.nvidiaMinor}`]),
    ...groups.map((group) => `/dev/vfio/${group}`),
    // since 6.2 each device also has its own node, which iommufd opens
    // (Documentation/driver-api/vfio.rst)
    ...assignedFunctions.flatMap(({ vfioDevice }) => (vfioDevice ? [`/dev/vfio/devices/${vfioDevice}`] : [])),
  ];
}

/** Which processes hold the card open. `running`: the VM that gets it runs. */
export function holdersVerdict(card: Card, { holders, pci = [], systemd }: Host, running: boolean): Verdict {
  const nodes = nodesOf(card);
  if (card.gpu.driver === "nvidia" && card.gpu.nvidiaMinor === undefined) {
    return unknown("could not read which of /dev/nvidia0, /dev/nvidia1 … is this card's", [{
      read: `/proc/driver/nvidia/gpus/${card.gpu.bdf}/information`,
      value: "not read",
    }]);
  }
  if (nodes.length === 0) {
    return pass("it has no device node that a process could hold");
  }
  if (!holders) {
    return unknown("open files are not checked: the facts are from another machine's files");
  }
  const held = holders.processes.filter(({ node }) => nodes.includes(node));
  const evidence = held.map(({ pid, node, command }) => ({ read: node, value: `held by ${command} (process ${pid})` }));
  if (held.length > 0) {
    const vm = held.every(({ node }) => node.startsWith("/dev/vfio/"));
    if (vm && running) return pass("its own VM holds it", evidence);
    const names = [...new Set(held.map(({ command, pid }) => `${command} (${pid})`))].join(", ");
    return fail(
      `${names} ${
        new Set(held.map(({ pid }) => pid)).size === 1 ? "holds" : "hold"
      } the card: unbinding it now would hang`,
      evidence,
      [
        stopOf(held, vm, systemd),
      ],
    );
  }
  // a node of an unlisted device may be this card's, if vfio-pci holds the card
  const ownNodes = pci.flatMap(({ vfioDevice }) => (vfioDevice ? [`/dev/vfio/devices/${vfioDevice}`] : []));
  const open = holders.processes.filter(({ node }) =>
    node.startsWith("/dev/vfio/devices/") && !ownNodes.includes(node)
  );
  const unmapped = card.assignedFunctions.some(({ driver, vfioDevice }) => driver === "vfio-pci" && !vfioDevice);
  if (open.length > 0 && unmapped && !running) {
    return unknown(
      `${[...new Set(open.map(({ command, pid }) => `${command} (${pid})`))].join(", ")} holds ${
        [...new Set(open.map(({ node }) => node))].join(", ")
      }; could not read whether that is this card`,
      [{ read: `/sys/bus/pci/devices/${card.gpu.bdf}/vfio-dev`, value: "not read" }],
      [stopOf(open, true, systemd)],
    );
  }
  if (!holders.all) {
    return unknown("only your own processes could be read: run doctor as root to read all", [{
      read: "/proc/*/fd",
      value: "other users' processes could not be read",
    }]);
  }
  return pass("no process holds it", [{ read: "/proc/*/fd", value: `none of ${nodes.join(" ")}` }]);
}

/** Desktop programs, by their names as the kernel truncates them (15 characters). */
const desktops =
  /^(X|Xorg|Xwayland|gnome-|mutter|gdm|kwin|plasma|sddm|lightdm|cosmic-|cinnamon|muffin|xfwm4|sway|Hyprland|niri|river|labwc|wayfire|weston|gamescope)/;

/** A fix that ends these processes; `vm`: they hold the card for a VM. */
function stopOf(held: { pid: number; command: string }[], vm: boolean, systemd: boolean): Fix {
  const commands = held.map(({ command }) => command);
  if (vm) {
    // libvirt's VMs are QEMU processes; virsh does not list other programs that run VMs
    if (commands.every((command) => /^(qemu|kvm)/.test(command))) return remedies.otherVm;
    return commandFix(
      "Find out which VM that is, then shut it down with the program that started it",
      `ps -o pid,args -p ${[...new Set(held.map(({ pid }) => pid))].join(",")}`,
    );
  }
  if (commands.every((command) => command === "nvidia-persiste" || command === "nvidia-persistenced")) {
    return systemd ? remedies.persistenced : manualFix(remedies.persistenced.title, { root: true });
  }
  if (commands.some((command) => desktops.test(command))) {
    const title = "Stop the desktop, or run it on another card";
    return systemd
      ? commandFix(title, "systemctl stop display-manager", { root: true })
      : manualFix(title, { root: true });
  }
  return manualFix("End these processes", { root: true });
}
