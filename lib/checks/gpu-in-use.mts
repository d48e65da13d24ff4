import type { Card, Resolved } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { initramfsOf, rebuildInitramfs } from "../host/initramfs.mts";
import { ownFiles } from "../host/own-files.mts";
import { goneModules, imageHasVfio, replacedSourceOf, vfioSourceOf } from "../host/vfio-ids.mts";
import { commandFix, firmwareFix, manualFix, remedies } from "../fixes.mts";
import { harmlessDrivers } from "../resolve/cards.mts";
import { isDisplay, isIntegrated, isPortable, slotOf } from "../host/pci.mts";
import { checkGroup } from "./iommu-group.mts";
import { cannotHaveIommu } from "./iommu-enabled.mts";
import { eachCard } from "./each.mts";
import { fail, pass, unknown, warn } from "./results.mts";

/** The host's use of the card: the driver and processes that hold it, and the display on it. */
export const gpuInUseChecks: Check[] = [
  {
    id: "gpu.driver",
    about: "which host driver holds the card, whether vfio-pci can take it, and what will happen",
    why: "the host's driver must release the card before the VM gets it",
    confirm: "lspci -nnk -d ::03xx",
    check: (host, config) => eachCard(host, config, (card, { provider }) => driver(card, host, provider)),
  },
  {
    id: "gpu.in-use",
    about: "which processes hold the card open",
    why: "a driver cannot release a device that is open: the start of the VM would hang, and libvirt with it",
    confirm: "fuser -v /dev/dri/* /dev/nvidia*",
    check: (host, config) =>
      config.machines.flatMap((machine) =>
        eachCard(host, { ...config, machines: [machine] }, (card) => inUse(card, host, machine.running))
      ),
  },
  {
    id: "gpu.display",
    about: "whether the host uses the card as a display",
    why: "the host's console goes dark when the VM takes the card",
    confirm: "cat /sys/bus/pci/devices/*/boot_vga",
    check: (host, config) => eachCard(host, config, (card) => display(card, host, config)),
  },
];

/**
 * Kernel modules of a graphics card's companions, by the name of the driver in each
 * (drivers/usb/host/xhci-pci.c, sound/hda).
 */
const companionModules: Record<string, string> = { xhci_hcd: "xhci-pci", snd_hda_intel: "snd-hda-intel" };

/** The advice to bind a card at boot, which `prepare` does; empty where `prepare` refuses the card. */
function bindingAtBoot(card: Card, host: Host): Fix[] {
  const { os } = host;
  const refused = cannotHaveIommu(host) || (os.arch !== undefined && os.arch !== "x86_64") ||
    checkGroup(card, host).status === "fail";
  return refused ? [] : [remedies.bindAtBoot];
}

function driver(card: Card, host: Host, provider: string): Verdict {
  const held = card.assignedFunctions.filter(({ driver }) => typeof driver === "string" && driver !== "vfio-pci");
  // VirtualBox does not use vfio-pci (manual of 6.0, 9.6)
  const needed = provider === "libvirt";
  // KVM does not run under Xen, so libvirt takes no card for a VM there
  const takesCard = needed && host.hypervisor === undefined;
  const vfio = vfioOf(host);
  const evidence = [
    ...card.assignedFunctions.map(({ bdf, driver, driverOverride }) => ({
      read: `/sys/bus/pci/devices/${bdf}/driver`,
      value: `${driver === undefined ? "not read" : (driver ?? "none")}${
        driverOverride ? `, driver_override ${driverOverride}` : ""
      }`,
    })),
    ...(needed ? [{ read: `vfio-pci in ${host.os.kernel ?? "the running kernel"}`, value: vfio ?? "not read" }] : []),
  ];
  if (card.assignedFunctions.some(({ driver }) => driver === undefined)) {
    return unknown("which drivers hold the card was not read", evidence);
  }
  if (card.assignedFunctions.every(({ driver }) => driver === "vfio-pci")) {
    return pass("vfio-pci holds the card already", evidence);
  }
  if (needed && vfio === "missing") return unloadable(host, evidence);
  if (held.length === 0) {
    return needed && vfio === undefined
      ? unknown(
        "no host driver holds the card, and whether this kernel has vfio-pci, which takes it, was not read",
        evidence,
      )
      : pass("no host driver holds the card", evidence);
  }
  const names = held.map(({ bdf, driver }) => `${driver} holds ${bdf}`).join(", ");
  const sources = card.assignedFunctions.map((fn) => ({ fn, source: vfioSourceOf(fn, host) }));
  const configured = sources.filter(({ source }) => source);
  const lines = [...new Map(configured.map(({ source }) => [source!.text, source!])).values()]
    .map(({ from, text }) => ({ read: from, value: text }));
  const takes = takesCard
    ? `: libvirt takes ${held.length > 1 ? "them" : "it"} when the VM starts and gives ${
      held.length > 1 ? "them" : "it"
    } back when it stops`
    : "";
  // a built-in driver binds before any module, so an initramfs cannot help
  const builtIn = ({ driver }: PciFunction) => host.kernel.builtin.includes(companionModules[driver ?? ""] ?? "");
  if (configured.length > 0 && (card.gpu.driver === "vfio-pci" || held.every(builtIn))) {
    const own = card.gpu.driver === "vfio-pci" ? "vfio-pci has the card, and " : "";
    return warn(`${own}${names}${takes}`, evidence);
  }
  if (configured.some(({ fn }) => held.includes(fn))) {
    return notTaken(held, sources, lines, evidence, host, bindingAtBoot(card, host));
  }
  if (configured.length > 0) {
    // a new initramfs has no effect on a function that no configuration line names
    return warn(
      `only ${
        configured.map(({ fn }) => fn.bdf).join(", ")
      } of the card is configured for vfio-pci, and ${names}${takes}`,
      [...evidence, ...lines],
      bindingAtBoot(card, host),
    );
  }
  const replaced = card.assignedFunctions.flatMap((fn) => replacedSourceOf(fn, host) ?? [])[0];
  if (replaced) {
    return warn(`${replaced.by} replaces the ids= of ${replaced.from}: vfio-pci does not get this card, and ${names}`, [
      ...evidence,
      { read: replaced.from, value: replaced.text },
    ], bindingAtBoot(card, host));
  }
  const risky = held.some(({ driver }) => /^(nvidia|nouveau|amdgpu|radeon|i915|xe)$/.test(driver ?? ""));
  return warn(
    takesCard
      ? `${names}: libvirt takes the card when the VM starts and gives it back when it stops${
        risky ? ", which graphics drivers do not always survive" : ""
      }`
      : names,
    evidence,
    risky ? bindingAtBoot(card, host) : [],
  );
}

/** How the running kernel has vfio-pci; undefined if that was not read. */
function vfioOf({ kernel }: Host): "loaded" | "built in" | "a module" | "missing" | undefined {
  const { loaded, builtin, built, available, replaced } = kernel;
  if (loaded.includes("vfio_pci")) return "loaded";
  if (builtin.includes("vfio-pci") || built?.CONFIG_VFIO_PCI === "y") return "built in";
  if (available?.includes("vfio-pci")) return "a module";
  return replaced || available !== undefined ? "missing" : undefined;
}

/**
 * Without vfio-pci the card cannot be passed: libvirt fails with “Failed to load PCI driver module
 * vfio-pci” (virpci.c).
 */
function unloadable({ os, kernel }: Host, evidence: Evidence[]): Verdict {
  const running = os.kernel ?? "the running kernel";
  if (kernel.replaced) {
    return fail(
      `vfio-pci cannot be loaded: the modules of ${running} are gone, and another kernel's are there`,
      evidence,
      [commandFix("Reboot into the installed kernel", "reboot", { root: true, reboot: true })],
    );
  }
  return fail(`${running} has no vfio-pci, which takes the card for the VM`, evidence, [
    manualFix(
      "Install the rest of this kernel's modules (Ubuntu: linux-modules-extra), or boot the distribution's ordinary kernel",
      { root: true, reboot: true },
    ),
  ]);
}

/**
 * Functions that are configured for vfio-pci but bound to another driver: the initramfs must
 * change, or the host must reboot.
 */
function notTaken(
  held: PciFunction[],
  sources: { fn: PciFunction; source: { from: string } | undefined }[],
  lines: Evidence[],
  evidence: Evidence[],
  host: Host,
  binding: Fix[],
): Verdict {
  const missed = held.filter(({ bdf }) => !sources.some(({ fn, source }) => fn.bdf === bdf && source));
  const some = missed.length > 0
    ? ` (${missed.map(({ bdf, driver }) => `${bdf}, which ${driver} holds`).join(", ")}: not configured)`
    : "";
  // the files that prepare writes load vfio-pci in the initramfs; other files may not
  const loads = imageHasVfio(host) || sources.some(({ source }) => source && ownFiles.includes(source.from));
  return warn(
    `configured for vfio-pci, but ${
      held.map(({ driver }) => driver).join(", ")
    } has bound it: reboot, or rebuild the initramfs${some}`,
    [...evidence, ...lines],
    [
      ...(loads ? goneModules(host) : []).map(({ from, module }) =>
        manualFix(`Remove ${module} from ${from}: it is a part of vfio since Linux 6.2, and the rebuild fails on it`, {
          root: true,
        })
      ),
      ...(loads ? [rebuildInitramfs(initramfsOf(host))] : []),
      ...(loads && missed.length === 0 ? [] : binding),
    ],
  );
}

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

function inUse(card: Card, { holders, pci = [], systemd }: Host, running: boolean): Verdict {
  const nodes = nodesOf(card);
  if (card.gpu.driver === "nvidia" && card.gpu.nvidiaMinor === undefined) {
    return unknown("which of /dev/nvidia0, /dev/nvidia1 … is this card's could not be read", [{
      read: `/proc/driver/nvidia/gpus/${card.gpu.bdf}/information`,
      value: "not read",
    }]);
  }
  if (nodes.length === 0) {
    return pass("it has no device node that a process could hold");
  }
  if (!holders) {
    return unknown("open files were not looked at: this is another machine's tree");
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
      } the card: taking it away now would hang`,
      evidence,
      [
        stopOf(held, vm, systemd),
      ],
    );
  }
  // a node of an unlisted device may be this card's, if vfio-pci holds the card
  const told = pci.flatMap(({ vfioDevice }) => (vfioDevice ? [`/dev/vfio/devices/${vfioDevice}`] : []));
  const open = holders.processes.filter(({ node }) => node.startsWith("/dev/vfio/devices/") && !told.includes(node));
  const unmapped = card.assignedFunctions.some(({ driver, vfioDevice }) => driver === "vfio-pci" && !vfioDevice);
  if (open.length > 0 && unmapped && !running) {
    return unknown(
      `${[...new Set(open.map(({ command, pid }) => `${command} (${pid})`))].join(", ")} holds ${
        [...new Set(open.map(({ node }) => node))].join(", ")
      }, and whether that is this card could not be read`,
      [{ read: `/sys/bus/pci/devices/${card.gpu.bdf}/vfio-dev`, value: "not read" }],
      [stopOf(open, true, systemd)],
    );
  }
  if (!holders.all) {
    return unknown("only your own processes could be looked at: run doctor as root to see all", [{
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
      "See which VM that is, then shut it down by the program that started it",
      `ps -o pid,args -p ${[...new Set(held.map(({ pid }) => pid))].join(",")}`,
    );
  }
  if (commands.every((command) => command === "nvidia-persiste" || command === "nvidia-persistenced")) {
    return systemd ? remedies.persistenced : manualFix(remedies.persistenced.title, { root: true });
  }
  if (commands.some((command) => desktops.test(command))) {
    const title = "Stop the desktop, or show it on another card";
    return systemd
      ? commandFix(title, "systemctl stop display-manager", { root: true })
      : manualFix(title, { root: true });
  }
  return manualFix("End these processes", { root: true });
}

/**
 * The other cards that the console could use. Not included: 3D controllers (class 0302), which have
 * no outputs, functions left to user space, and cards that are passed to a VM of this config.
 */
function ways({ gpu }: Card, host: Host, { machines }: Resolved): PciFunction[] {
  const given = machines.flatMap(({ cards }) => cards).flatMap((card) => [
    ...card.assignedFunctions,
    ...card.virtualFunctions,
  ]);
  // virtual functions have no outputs; other functions in the card's slot are passed or blocked
  // with it
  return (host.pci ?? []).filter((fn) =>
    isDisplay(fn) && !fn.class?.startsWith("0302") && !harmlessDrivers.includes(fn.driver ?? "") &&
    fn.physicalFunction === undefined && !given.includes(fn) &&
    (slotOf(fn) !== slotOf(gpu) || fn.bdf === gpu.physicalFunction)
  );
}

function outputs({ displays, connectors }: PciFunction): string {
  return displays.join(" ") || (connectors === 0 ? "no connectors" : "no display connected to it");
}

function display(card: Card, host: Host, config: Resolved): Verdict {
  // the display may be attached to the other GPU of a board with two
  const shown = card.assignedFunctions.find((fn) => isDisplay(fn) && (fn.bootVga || fn.displays.length > 0));
  const gpu = shown ?? card.gpu;
  const buffers = host.display.framebuffers.filter(({ bdf }) => card.assignedFunctions.some((fn) => fn.bdf === bdf));
  const evidence: Evidence[] = [
    {
      read: `/sys/bus/pci/devices/${gpu.bdf}/boot_vga`,
      value: gpu.bootVga === undefined ? "not there" : gpu.bootVga ? "1" : "0",
    },
    {
      read: "/proc/iomem",
      value: buffers.map(({ name, bdf }) => `${name} on ${bdf}`).join(", ") || "no firmware framebuffer on it",
    },
    { read: "/sys/class/drm", value: outputs(gpu) },
    { read: "/sys/class/vtconsole", value: host.display.consoles?.join(", ") ?? "not there" },
  ];
  // the boot VGA flag alone proves nothing: a host without a console on the card has one too
  const { consoles } = host.display;
  const text = consoles === undefined || consoles.some((name) => /VGA|frame buffer/.test(name));
  const shows = (gpu.bootVga && text) || buffers.length > 0 || gpu.displays.length > 0;
  // every VGA controller has the file (drivers/pci/pci-sysfs.c, pci_dev_attrs_are_visible): if it
  // is missing, it was not read
  if (!shows && gpu.bootVga === undefined && gpu.class?.startsWith("0300")) {
    return unknown("whether the host displays on it could not be read", evidence);
  }
  if (!shows) return pass("the host does not display on it", evidence);
  if (gpu.driver === "vfio-pci") {
    return pass("the host no longer displays on it", evidence);
  }
  const others = ways(card, host, config);
  const what = [
    gpu.bootVga ? "it is the boot VGA" : "",
    buffers.length > 0 ? "a firmware framebuffer lies on it" : "",
    gpu.displays.length > 0 ? "a display is connected to it" : "",
  ].filter(Boolean).join(", ");
  // A graphics driver that reports connectors, none with a display: the card is not in use for
  // display. NVIDIA's driver reports no connectors without modesetting
  // (nvidia-drm/nvidia-drm-drv.c, nv_drm_load), so displays may be attached all the same.
  const dark = buffers.length === 0 && gpu.displays.length === 0 && gpu.drm.length > 0;
  if (others.length === 0 && dark && gpu.connectors === undefined) {
    return unknown(
      `this may be the host's only display GPU (${what}): whether a display is connected to it was not read`,
      evidence,
    );
  }
  const unseen = dark && gpu.connectors !== undefined && gpu.connectors > 0;
  if (others.length === 0 && !unseen) {
    return fail(
      `this is the host's only display GPU (${what}): passing it through blanks the console and can hang the host`,
      evidence,
      [
        ...otherDisplay(gpu, [], host),
        ...bindingAtBoot(card, host).map((fix) => ({
          ...fix,
          title: "Without a display: bind the card to vfio-pci at boot, so that the host never uses it",
        })),
      ],
    );
  }
  return warn(
    `${what}: this host's console goes dark when the VM takes the card`,
    evidence,
    otherDisplay(gpu, others, host),
  );
}

/** What lets the host show its picture elsewhere than on this card. `others`: its other cards with outputs. */
function otherDisplay(gpu: PciFunction, others: PciFunction[], host: Host): Fix[] {
  if (isPortable(host) && !isIntegrated(gpu, host.pci) && others.length === 0) {
    return [
      firmwareFix(
        "Turn on hybrid graphics in the firmware's set-up, so that the processor's graphics show the picture",
      ),
    ];
  }
  if (!isIntegrated(gpu, host.pci)) return [remedies.display];
  if (others.length > 0) return [firmwareFix("Choose the other card as primary display in the firmware's set-up")];
  return isPortable(host)
    ? []
    : [firmwareFix("Add a card for the host's own picture, and choose it as primary display in the firmware's set-up")];
}
