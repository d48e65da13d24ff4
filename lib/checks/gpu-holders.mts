import type { Card } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Verdict } from "./types.mts";
import type { Holder, Host } from "../host/types.mts";
import { isProxmox } from "../host/distributions.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { isVfioDriver } from "../resolve/cards.mts";
import { joinList } from "../text.mts";
import { bindingAtBoot } from "./gpu-driver.mts";
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
export function holdersVerdict(card: Card, host: Host, running: boolean): Verdict {
  const { holders, pci = [] } = host;
  const nodes = nodesOf(card);
  const held = holders?.processes.filter(({ node }) => nodes.includes(node)) ?? [];
  if (held.length === 0 && card.gpu.driver === "nvidia" && card.gpu.nvidiaMinor === undefined) {
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
      [...stopsOf(held, vm, host), ...(vm ? [] : kept(card, host))],
    );
  }
  // a node of an unlisted device may be this card's, if vfio-pci holds the card
  const ownNodes = pci.flatMap(({ vfioDevice }) => (vfioDevice ? [`/dev/vfio/devices/${vfioDevice}`] : []));
  const open = holders.processes.filter(({ node }) =>
    node.startsWith("/dev/vfio/devices/") && !ownNodes.includes(node)
  );
  const unmapped = card.assignedFunctions.some(({ driver, vfioDevice }) => isVfioDriver(driver ?? "") && !vfioDevice);
  if (open.length > 0 && unmapped && !running) {
    return unknown(
      `${[...new Set(open.map(({ command, pid }) => `${command} (${pid})`))].join(", ")} holds ${
        [...new Set(open.map(({ node }) => node))].join(", ")
      }; could not read whether that is this card`,
      [{ read: `/sys/bus/pci/devices/${card.gpu.bdf}/vfio-dev`, value: "not read" }],
      stopsOf(open, true, host),
    );
  }
  if (host.container !== undefined) {
    return unknown("could not read every process: a container can hide those of its host", [
      { read: "/proc/*/fd", value: `in a container (${host.container})` },
    ], [remedies.outside]);
  }
  if (!holders.all) {
    // each open of a device node counts as a use of its driver's module, whoever opened it
    const idle = idleDrivers(card, host);
    if (idle) return pass("no process uses the card: none has a device node of its driver open", idle);
    return unknown("only your own processes could be read: run doctor as root to read all", [{
      read: "/proc/*/fd",
      value: "other users' processes could not be read",
    }]);
  }
  return pass("no process uses the card", [{ read: "/proc/*/fd", value: `none of ${nodes.join(" ")}` }]);
}

/** The modules that have the device nodes of a card, by the driver that holds it (lsmod shows their uses). */
const nodeModules: Record<string, string[]> = {
  nvidia: ["nvidia", "nvidia_uvm", "nvidia_modeset", "nvidia_drm"],
  nouveau: ["nouveau"],
  amdgpu: ["amdgpu"],
  radeon: ["radeon"],
  i915: ["i915"],
  xe: ["xe"],
};

/** Which of these modules use another one (lsmod shows them after its number of uses). */
const userModules: Record<string, string[]> = {
  nvidia: ["nvidia_uvm", "nvidia_modeset"],
  nvidia_modeset: ["nvidia_drm"],
};

/**
 * The uses of the modules of the card's driver, if all of them are other modules: then no process has a node of any
 * card of this driver open (kernel, file_operations.owner). Undefined if one has, or if that was not read.
 */
function idleDrivers({ gpu }: Card, { kernel: { users = {} } }: Host): Evidence[] | undefined {
  const modules = (nodeModules[gpu.driver ?? ""] ?? []).flatMap((name) =>
    users[name] ? [{ name, ...users[name] }] : []
  );
  // a module whose number of uses was not read can be loaded all the same: then another one counts it as a user
  const isRead = modules.some(({ name }) => name === gpu.driver) &&
    modules.every((module) => module.modules <= (userModules[module.name] ?? []).filter((name) => users[name]).length);
  if (!isRead || modules.some(({ references, modules }) => references > modules)) return undefined;
  return modules.map(({ name, references }) => ({
    read: `/sys/module/${name}/refcnt`,
    value: references === 0 ? "0" : `${references}, all by other modules`,
  }));
}

/** Desktop programs, by their names as the kernel truncates them (15 characters). */
const desktops =
  /^(systemd-logind|seatd|plymouthd|X|Xorg|Xwayland|gnome-|mutter|gdm|kwin|plasma|sddm|lightdm|cosmic-|cinnamon|muffin|xfwm4|sway|Hyprland|niri|river|labwc|wayfire|weston|gamescope)/;

/**
 * Fixes that end these processes, one for each kind of process. `vm`: they hold the card for a VM.
 */
function stopsOf(held: Holder[], vm: boolean, host: Host): Fix[] {
  if (vm) return [stopVm(held, host)];
  const daemon = (command: string) => /^nvidia-persiste(nced)?$/.test(command);
  const [daemons, desktop, rest] = [
    held.filter(({ command }) => daemon(command)),
    held.filter(({ command }) => desktops.test(command)),
    held.filter(({ command }) => !daemon(command) && !desktops.test(command)),
  ];
  const stop = (title: string, unit: string) =>
    host.systemd ? commandFix(title, `systemctl stop ${unit}`, { root: true }) : manualFix(title, { root: true });
  // a desktop starts more programs that hold the card, which end with it
  const others = desktop.length > 0 ? [] : rest;
  const services = [...new Set(others.flatMap(({ runner }) => (runner?.endsWith(".service") ? [runner] : [])))];
  const engines = [...new Set(others.flatMap(({ runner }) => (runner && !services.includes(runner) ? [runner] : [])))];
  const loose = [...new Set(others.flatMap((one) => (one.runner ? [] : [formatHolder(one)])))];
  return [
    ...(daemons.length > 0 ? [stop(remedies.persistenced.title, "nvidia-persistenced")] : []),
    ...(desktop.length > 0 ? [stop("Stop the desktop, or run it on another card", "display-manager")] : []),
    ...services.map((service) => stop(`Stop the service ${service.replace(/\.service$/, "")}`, service)),
    ...engines.map((engine) =>
      manualFix(
        `Stop the container of ${formatEngine(engine)} that runs ${
          joinList([...new Set(others.filter(({ runner }) => runner === engine).map(formatHolder))])
        }`,
        { root: true },
      )
    ),
    ...(loose.length > 0
      ? [
        manualFix(`End ${joinList(loose)}; if a service runs ${loose.length === 1 ? "it" : "them"}, stop the service`, {
          root: true,
        }),
      ]
      : []),
  ];
}

const formatHolder = ({ command, pid }: Holder) => `${command} (${pid})`;

/** An engine by its name, and the command that lists its containers where one is known. */
function formatEngine(engine: string): string {
  const [name, list] = {
    docker: ["Docker", "docker ps"],
    podman: ["Podman", "podman ps"],
    kubernetes: ["Kubernetes", "kubectl get pods -A"],
    lxc: ["LXC", undefined],
  }[engine] ?? [engine, undefined];
  return `${name}${list ? ` (${list} lists them)` : ""}`;
}

/**
 * Binding the card at boot keeps it from all programs of the host. gpu.display names that for a card that the host
 * displays on.
 */
function kept(card: Card, host: Host): Fix[] {
  const shows = card.assignedFunctions.some(({ bootVga, displays }) => bootVga || displays.length > 0);
  return shows ? [] : bindingAtBoot(card, host).map((fix) => ({
    ...fix,
    title: "Or bind the card to vfio-pci at boot, so that no program of this host opens it",
  }));
}

/** How to shut down the VM that these processes run. */
function stopVm(held: Holder[], host: Host): Fix {
  // libvirt's VMs are QEMU processes; virsh does not list other programs that run VMs
  if (held.every(({ command }) => /^(qemu|kvm)/.test(command))) {
    return isProxmox(host)
      ? commandFix(
        "Check which VM has it (its PID is in the list), then shut that VM down: qm shutdown ID",
        "qm list",
        {
          root: true,
        },
      )
      : remedies.otherVm;
  }
  return commandFix(
    "Find out which VM that is, then shut it down with the program that started it",
    `ps -o pid,args -p ${[...new Set(held.map(({ pid }) => pid))].join(",")}`,
  );
}
