import type { Check, Evidence, Fix, Host, Settled, Verdict } from "../types.mts";
import { initramfsOf } from "../boot.mts";
import { ampleWindow, barsOf, type Card, cardsOf, iommuBits, limitOf, windowOf } from "../gpus.mts";
import { isDisplay, slotOf } from "../pci.mts";
import { isOlder } from "../versions.mts";
import { eachCard } from "./iommu.mts";
import { remedies } from "../fixes.mts";

/** The card itself: who holds it, what the host shows on it, whether it can be reset, wakes up, and fits. */
export const cardChecks: Check[] = [
  {
    id: "gpu.driver",
    about: "which host driver holds the card, and what will happen",
    why: "the host's driver has to let go of the card before the VM gets it",
    confirm: "lspci -nnk -d ::03xx",
    look: (host, config) => eachCard(host, config, (card) => driver(card, host)),
  },
  {
    id: "gpu.in-use",
    about: "which processes hold the card open",
    why: "a driver whose device is open cannot let go: the VM's start, and libvirt with it, would hang",
    confirm: "fuser -v /dev/dri/* /dev/nvidia*",
    look: (host, config) =>
      config.machines.flatMap((machine) =>
        cardsOf(machine, host).map((card) => ({ machine: machine.name, ...inUse(card, host, machine.running) }))
      ),
  },
  {
    id: "gpu.display",
    about: "whether the host shows its picture on the card",
    why: "the host loses its picture with the card",
    confirm: "cat /sys/bus/pci/devices/*/boot_vga",
    look: (host, config) => eachCard(host, config, (card) => display(card, host)),
  },
  {
    id: "gpu.reset",
    about: "whether the kernel can reset the card between VMs",
    why: "a card that is not reset keeps the last VM's state, and the next start of the VM fails",
    confirm: "cat /sys/bus/pci/devices/*/reset_method",
    look: (host, config) => eachCard(host, config, (card) => reset(card, host)),
  },
  {
    id: "gpu.power",
    about: "whether the card answers",
    why: "a card without power does not answer the VM",
    confirm: "cat /sys/bus/pci/devices/*/power_state",
    look: (host, config) => eachCard(host, config, power),
  },
  {
    id: "gpu.window",
    about: "whether the card's memory regions fit into the guest's address space",
    why: "a guest that finds no addresses for the card's memory leaves the card out",
    confirm: "npx zx homelab-gpu.mts doctor gpu.window",
    look: window,
  },
];

// ---------------------------------------------------------------------------------------------- what the host does with it

function driver(card: Card, host: Host): Verdict {
  const held = card.passed.filter(({ driver }) => typeof driver === "string" && driver !== "vfio-pci");
  const evidence = card.passed.map(({ bdf, driver, driverOverride }) => ({
    read: `/sys/bus/pci/devices/${bdf}/driver`,
    value: `${driver === undefined ? "not read" : (driver ?? "none")}${
      driverOverride ? `, driver_override ${driverOverride}` : ""
    }`,
  }));
  if (card.passed.some(({ driver }) => driver === undefined)) {
    return { status: "unknown", says: "which drivers hold the card was not read", evidence };
  }
  if (held.length === 0) {
    const bound = card.passed.every(({ driver }) => driver === "vfio-pci");
    return {
      status: "pass",
      says: bound ? "vfio-pci holds the card already" : "no host driver holds the card",
      evidence,
    };
  }
  const lines = configuredFor(card, host);
  if (lines.length > 0) {
    const initramfs = initramfsOf(host);
    return {
      status: "warn",
      says: `vfio-pci is configured for this card and ${
        held.map(({ driver }) => driver).join(", ")
      } has it: not rebooted since, or missing from the early boot image`,
      evidence: [...evidence, ...lines.map(({ file, text }) => ({ read: `/etc/${file}`, value: text }))],
      fix: [{
        say: initramfs ? `Make the early boot image anew (${initramfs.name})` : "Make the early boot image anew",
        run: initramfs?.rebuild ?? null,
        root: true,
        reboot: true,
        safe: false,
      }],
    };
  }
  const names = held.map(({ bdf, driver }) => `${driver} holds ${bdf}`).join(", ");
  const risky = held.some(({ driver }) => /^(nvidia|nouveau|amdgpu|radeon|i915|xe)$/.test(driver ?? ""));
  return {
    status: "warn",
    says: `${names}: libvirt takes the card when the VM starts and gives it back when it stops${
      risky ? ", which graphics drivers do not always survive" : ""
    }`,
    evidence,
    fix: risky ? [{ ...atBoot, say: "Surer: bind the card to vfio-pci at boot" }] : [],
  };
}

/** Lines under /etc that give the card to vfio-pci: by its ids, or by its address. */
function configuredFor({ passed }: Card, { configured }: Host): Host["configured"] {
  return configured.filter(({ file, text }) =>
    (/^modprobe\.d\//.test(file) && /^options\s+vfio-pci\b/.test(text) &&
      passed.some(({ vendor, device }) => text.includes(`${vendor}:${device}`))) ||
    (/^udev\//.test(file) && /driver_override/.test(text) && passed.some(({ bdf }) => text.includes(bdf)))
  );
}

const atBoot = { run: "npx zx homelab-gpu.mts prepare", root: false, reboot: true, safe: false };

/** Device nodes that are this card's: DRM's, NVIDIA's by its minor number, VFIO's by its group. */
function nodesOf({ gpu, groups }: Card): string[] {
  return [
    ...gpu.drm.map((name) => `/dev/dri/${name}`),
    ...(gpu.nvidiaMinor === undefined ? [] : [`/dev/nvidia${gpu.nvidiaMinor}`]),
    ...groups.map((group) => `/dev/vfio/${group}`),
  ];
}

function inUse(card: Card, { holders }: Host, running: boolean): Verdict {
  const nodes = nodesOf(card);
  if (card.gpu.driver === "nvidia" && card.gpu.nvidiaMinor === undefined) {
    return {
      status: "unknown",
      says: "which of /dev/nvidia0, /dev/nvidia1 … is this card's could not be read",
      evidence: [{ read: `/proc/driver/nvidia/gpus/${card.gpu.bdf}/information`, value: "not read" }],
    };
  }
  if (nodes.length === 0) {
    return { status: "pass", says: "it has no device node that a process could hold", evidence: [] };
  }
  if (!holders) {
    return { status: "unknown", says: "open files were not looked at: this is another machine's tree", evidence: [] };
  }
  const held = holders.processes.filter(({ node }) => nodes.includes(node));
  const evidence = held.map(({ pid, node, command }) => ({ read: node, value: `held by ${command} (process ${pid})` }));
  if (held.length > 0) {
    const vm = held.every(({ node }) => node.startsWith("/dev/vfio/"));
    if (vm && running) return { status: "pass", says: "its own VM holds it", evidence };
    const names = [...new Set(held.map(({ command, pid }) => `${command} (${pid})`))].join(", ");
    return {
      status: "fail",
      says: `${names} ${
        new Set(held.map(({ pid }) => pid)).size === 1 ? "holds" : "hold"
      } the card: taking it away now would hang`,
      evidence,
      fix: [
        vm ? remedies.otherVm : stopOf(held.map(({ command }) => command)),
      ],
    };
  }
  if (!holders.all) {
    return {
      status: "unknown",
      says: "only your own processes could be looked at: run doctor as root to see all",
      evidence: [{ read: "/proc/*/fd", value: "others' are not readable" }],
    };
  }
  return {
    status: "pass",
    says: "no process holds it",
    evidence: [{ read: "/proc/*/fd", value: `none of ${nodes.join(" ")}` }],
  };
}

function stopOf(commands: string[]): Fix {
  if (commands.every((command) => command === "nvidia-persiste" || command === "nvidia-persistenced")) {
    return remedies.persistenced;
  }
  if (commands.some((command) => /^(Xorg|Xwayland|gnome-shell|kwin|sddm|gdm|lightdm|sway|Hyprland)/.test(command))) {
    return {
      say: "Stop the desktop, or show it on another card",
      run: "systemctl stop display-manager",
      root: true,
      reboot: false,
      safe: false,
    };
  }
  return { say: "End these processes", run: null, root: true, reboot: false, safe: false };
}

function display(card: Card, host: Host): Verdict {
  const { gpu } = card;
  const buffers = host.display.framebuffers.filter(({ bdf }) => card.passed.some((fn) => fn.bdf === bdf));
  const evidence: Evidence[] = [
    {
      read: `/sys/bus/pci/devices/${gpu.bdf}/boot_vga`,
      value: gpu.bootVga === undefined ? "not there" : gpu.bootVga ? "1" : "0",
    },
    {
      read: "/proc/iomem",
      value: buffers.map(({ name, bdf }) => `${name} on ${bdf}`).join(", ") || "no firmware framebuffer on it",
    },
    { read: "/sys/class/drm", value: gpu.displays.join(" ") || "no display connected to it" },
    { read: "/sys/class/vtconsole", value: host.display.consoles?.join(", ") ?? "not there" },
  ];
  // the firmware's choice alone shows nothing: a host without a console on it boots with a boot VGA all the same
  const { consoles } = host.display;
  const text = consoles === undefined || consoles.some((name) => /VGA|frame buffer/.test(name));
  const shows = (gpu.bootVga && text) || buffers.length > 0 || gpu.displays.length > 0;
  // every VGA controller has the file (drivers/pci/pci-sysfs.c, pci_dev_attrs_are_visible): without it, it was not read
  if (!shows && gpu.bootVga === undefined && gpu.class?.startsWith("0300")) {
    return { status: "unknown", says: "whether the host shows its picture on it could not be read", evidence };
  }
  if (!shows) return { status: "pass", says: "the host does not show its picture on it", evidence };
  if (gpu.driver === "vfio-pci") {
    return { status: "pass", says: "the host has given up its picture on it already", evidence };
  }
  const others = (host.pci ?? []).filter((fn) => isDisplay(fn) && slotOf(fn) !== slotOf(gpu));
  const what = [
    gpu.bootVga ? "it is the boot VGA" : "",
    buffers.length > 0 ? "a firmware framebuffer lies on it" : "",
    gpu.displays.length > 0 ? "a display is connected to it" : "",
  ].filter(Boolean).join(", ");
  const elsewhere: Fix = remedies.display;
  // with a graphics driver bound, an empty list of connectors means that nobody looks at it
  const unseen = gpu.displays.length === 0 && gpu.drm.length > 0;
  if (others.length === 0 && !unseen) {
    return {
      status: "fail",
      says:
        `it is the only card that this host shows its picture on (${what}): the console would go dark, and may take the host along`,
      evidence,
      fix: [elsewhere, {
        ...atBoot,
        say: "Without a display: bind the card to vfio-pci at boot, so that the host never uses it",
      }],
    };
  }
  return {
    status: "warn",
    says: `${what}: this host's console goes dark when the VM takes it`,
    evidence,
    fix: [elsewhere],
  };
}

// ------------------------------------------------------------------------------------------------------ the hardware

function reset({ gpu }: Card, { os }: Host): Verdict {
  const evidence = [{
    read: `/sys/bus/pci/devices/${gpu.bdf}/reset_method`,
    value: gpu.resets?.join(" ") ?? "not there",
  }];
  // the file came with 5.15, and a function that cannot be reset has none (drivers/pci/pci.c, reset_method_attr_is_visible)
  if (gpu.resets === undefined && (os.kernel === undefined || isOlder(os.kernel, "5.15"))) {
    return {
      status: "unknown",
      says: "how the card is reset could not be read: kernels before 5.15 do not tell",
      evidence,
    };
  }
  const methods = gpu.resets ?? [];
  if (methods.every((method) => method === "pm")) {
    const says = methods.length === 0
      ? "the kernel knows no way to reset the card"
      : "the kernel can reset the card by power state only";
    return {
      status: "warn",
      says: `${says}: the VM's first start works, the second may need a reboot of the host`,
      evidence,
      fix: [{
        say: "Some AMD cards: the out-of-tree module vendor-reset",
        run: null,
        root: true,
        reboot: false,
        safe: false,
      }],
    };
  }
  // function 0 of a card with several lists bus as well, and yet it may not be had: the list is made before the others are found
  return { status: "pass", says: `the kernel resets it by ${methods.join(" or ")}`, evidence };
}

function power({ passed }: Card): Verdict {
  const evidence = passed.map(({ bdf, power, config }) => ({
    read: `/sys/bus/pci/devices/${bdf}`,
    value: `power_state ${power ?? "not there"}${config ? `, config ${config}` : ""}`,
  }));
  if (passed.some(({ config }) => /^f{8}$/.test(config ?? ""))) {
    return {
      status: "warn",
      says: "the card's configuration space reads all ones: it has fallen off the bus",
      evidence,
      fix: [remedies.powerCycle],
    };
  }
  if (passed.some(({ power }) => power === "D3cold")) {
    return {
      status: "warn",
      says:
        "the card is without power (D3cold), and some do not come back (“Unable to change power state from D3cold to D0”)",
      evidence,
      fix: [remedies.awake],
    };
  }
  return passed.every(({ power }) => power === undefined)
    ? { status: "unknown", says: "the card's power state could not be read", evidence }
    : { status: "pass", says: "the card answers", evidence };
}

function window(host: Host, { machines }: Settled): Verdict[] {
  return machines.flatMap((machine): Verdict[] => {
    const cards = cardsOf(machine, host);
    if (cards.length === 0) return [];
    const bars = barsOf(cards);
    const needed = windowOf(cards);
    const cpu = host.cpu.physicalBits;
    const iommu = iommuBits(host);
    const bits = Math.min(cpu ?? Infinity, iommu ?? Infinity);
    const evidence: Evidence[] = [
      {
        read: "resource of all functions",
        value: `${bars.length} regions, 64-bit ones need a window of ${needed} MiB`,
      },
      { read: "/proc/cpuinfo address sizes", value: cpu === undefined ? "not read" : `${cpu} bits physical` },
      { read: "/sys/class/iommu/*/intel-iommu/cap", value: iommu === undefined ? "not there" : `${iommu} bits` },
    ];
    if (bars.length === 0) {
      return [{
        machine: machine.name,
        status: "unknown",
        says: "the card's memory regions could not be read",
        evidence,
      }];
    }
    if (bits === Infinity) {
      return [{
        machine: machine.name,
        status: "unknown",
        says: "the width of this host's addresses could not be read",
        evidence,
      }];
    }
    // the window lies at a multiple of its own size, above the guest's memory: twice its size must be addressable
    if (2 * needed * 2 ** 20 > 2 ** bits) {
      return [{
        machine: machine.name,
        status: "fail",
        says: `the card's regions need a window of ${needed} MiB, and this host's addresses have ${bits} bits`,
        evidence,
        fix: [remedies.smallRegions],
      }];
    }
    const says = needed > ampleWindow
      ? `a window of ${needed} MiB is written into the VM`
      : "its regions fit into the guest's ordinary window";
    const limit = limitOf(machine, host);
    const limited = limit === undefined ? "" : `; the VM's addresses are limited to the IOMMU's ${limit} bits`;
    return [{ machine: machine.name, status: "pass", says: says + limited, evidence }];
  });
}
