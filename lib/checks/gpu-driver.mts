import { applianceOf } from "../host/appliances.mts";
import { isBuiltInDisplay } from "../host/built-in-display.mts";
import type { Card } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { initramfsOf, rebuildInitramfs } from "../host/initramfs.mts";
import { imageHasVfio, imageLacksOptions, loadedBeforeVfio, loadsVfioFirst } from "../host/initramfs-order.mts";
import { refreshEntries } from "../host/kernel-arguments.mts";
import { removeModuleLines, withoutModules } from "../host/module-options.mts";
import { ownFiles } from "../host/own-files.mts";
import {
  blacklists,
  cutList,
  emptyInstalls,
  goneModules,
  isImageScript,
  isPending,
  loadingObstacles,
  misspeltIds,
  ownLoading,
  refusedByKernel,
  replacedSourceOf,
  strayIds,
  unnamedBindings,
  vfioSourceOf,
} from "../host/vfio-ids.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { isVfioDriver } from "../resolve/cards.mts";
import { checkGroup } from "./iommu-group.mts";
import { cannotHaveIommu } from "./iommu-enabled.mts";
import { joinList } from "../text.mts";
import { fail, pass, unknown, warn } from "./results.mts";

/**
 * Kernel modules of a graphics card's companions, by the name of the driver in each
 * (drivers/usb/host/xhci-pci.c, sound/hda).
 */
const companionModules: Record<string, string> = { xhci_hcd: "xhci-pci", snd_hda_intel: "snd-hda-intel" };

/** The advice to bind a card at boot, which `prepare` does; empty where `prepare` refuses the card. */
export function bindingAtBoot(card: Card, host: Host): Fix[] {
  const { os } = host;
  const refused = isBuiltInDisplay(card.gpu, host) || cannotHaveIommu(host) || applianceOf(host)?.keepsNothing ||
    (os.arch !== undefined && os.arch !== "x86_64") ||
    checkGroup(card, host).status === "fail";
  return refused ? [] : [remedies.bindAtBoot];
}

/** Which host driver holds the card, and whether libvirt or a reboot gives the card to vfio-pci. */
export function driverVerdict(card: Card, host: Host, provider: string): Verdict {
  const held = card.assignedFunctions.filter(({ driver }) => typeof driver === "string" && !isVfioDriver(driver));
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
    return unknown("could not read which drivers hold the card", evidence);
  }
  if (card.assignedFunctions.every(({ driver }) => isVfioDriver(driver ?? ""))) {
    // a driver_override is lost at the next boot; libvirt sets it too
    const lasts = card.assignedFunctions.every((fn) => fn.driverOverride === undefined || vfioSourceOf(fn, host));
    const [script] = lasts ? [] : [ownLoading(host), ...unnamedBindings(host)].filter((one) => one !== undefined);
    const owner = card.gpu.driver;
    return script
      ? pass(`${owner} holds the card already, and ${script.from} may bind it at each boot`, [...evidence, {
        read: script.from,
        value: script.text,
      }])
      : pass(
        `${owner} holds the card already${
          lasts ? "" : ", until the next boot unless a script of this host binds it then"
        }`,
        evidence,
      );
  }
  if (needed && vfio === "missing") return unloadable(host, evidence);
  const loading = needed && vfio !== "loaded" && vfio !== "built in";
  const refused = loading ? refusedByKernel(host) : undefined;
  if (refused) {
    return fail(
      `the kernel's argument ${refused} keeps vfio-pci, which takes the card for the VM, from being loaded`,
      [...evidence, { read: "/proc/cmdline", value: refused }],
      [withoutModules(host, refused, ["vfio-pci"])],
    );
  }
  const lists = loading ? blacklists(host) : [];
  const empty = loading ? emptyInstalls(host) : [];
  if (lists.length > 0) {
    return fail(
      "vfio-pci, which takes the card for the VM, is blacklisted, and libvirt does not load a blacklisted module",
      [...evidence, ...lists.map(({ from, text }) => ({ read: from, value: text }))],
      removeModuleLines(host, [...lists, ...empty]),
    );
  }
  if (empty.length > 0) {
    return fail(
      "modprobe's configuration keeps vfio-pci, which takes the card for the VM, from being loaded",
      [...evidence, ...empty.map(({ from, text }) => ({ read: from, value: text }))],
      removeModuleLines(host, empty),
    );
  }
  if (held.length === 0) {
    return needed && vfio === undefined
      ? unknown(
        "no host driver holds the card; could not read whether this kernel has vfio-pci, which takes it",
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
  if (configured.length > 0 && (isVfioDriver(card.gpu.driver ?? "") || held.every(builtIn))) {
    const own = isVfioDriver(card.gpu.driver ?? "") ? `${card.gpu.driver} has the card, and ` : "";
    const open = held.some((fn) => !builtIn(fn) && !configured.some((one) => one.fn === fn));
    return warn(`${own}${names}${takes}${cutNote(host)}`, evidence, open ? bindingAtBoot(card, host) : []);
  }
  if (configured.some(({ fn }) => held.includes(fn))) {
    return notTaken(held, sources, lines, evidence, host, bindingAtBoot(card, host));
  }
  if (configured.length > 0) {
    // a new initramfs has no effect on a function that no configuration line names
    return warn(
      `only ${
        configured.map(({ fn }) => fn.bdf).join(", ")
      } of the card is configured for vfio-pci, but ${names}${takes}`,
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
  const risky = held.some(({ driver }) => /^(nvidia|nouveau|NovaCore|amdgpu|radeon|i915|xe)$/.test(driver ?? ""));
  const stray = strayIds(host);
  const misspelt = misspeltIds(host);
  const [script] = unnamedBindings(host);
  const misspeltNote = misspelt ? `. The kernel does not read ${misspelt.text}: the argument is ${misspelt.meant}` : "";
  return warn(
    `${
      takesCard
        ? `${names}: libvirt takes the card when the VM starts and returns it when the VM stops${
          risky ? "; some graphics drivers crash then" : ""
        }`
        : names
    }${
      stray ? `; ${stray.from} names ${stray.ids.join(", ")} for vfio-pci, which no device of this host has` : ""
    }${misspeltNote}${cutNote(host)}${
      script ? `. ${script.from} gives devices to vfio-pci at boot; which ones could not be read` : ""
    }`,
    [
      ...evidence,
      ...(script ? [{ read: script.from, value: script.text }] : []),
      ...(stray ? [{ read: stray.from, value: stray.text }] : []),
      ...(misspelt ? [{ read: "the kernel's command line", value: misspelt.text }] : []),
    ],
    risky ? bindingAtBoot(card, host) : [],
  );
}

/** What a message says of a list of ids that a space cuts short; empty if there is none. */
function cutNote(host: Host): string {
  const cut = cutList(host);
  if (!cut) return "";
  return `. The list of ids in ${cut.from} ${
    cut.ids.length > 0 ? "ends with a comma" : "is empty"
  }: write it without spaces`;
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
      `vfio-pci cannot be loaded: the modules of ${running} are missing, only those of another kernel are installed`,
      evidence,
      [commandFix("Reboot into the installed kernel", "reboot", { root: true, reboot: true })],
    );
  }
  return fail(`${running} has no vfio-pci, which takes the card for the VM`, evidence, [
    manualFix(
      "Install the rest of this kernel's modules (Ubuntu: linux-modules-extra), or boot the distribution's " +
        "ordinary kernel",
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
  sources: { fn: PciFunction; source: { from: string; text: string } | undefined }[],
  lines: Evidence[],
  evidence: Evidence[],
  host: Host,
  binding: Fix[],
): Verdict {
  const missed = held.filter(({ bdf }) => !sources.some(({ fn, source }) => fn.bdf === bdf && source));
  const some = missed.length > 0
    ? ` (${missed.map(({ bdf, driver }) => `${bdf}, which ${driver} holds`).join(", ")}: not configured)`
    : "";
  const drivers = [...new Set(held.map(({ driver }) => driver ?? ""))];
  // the files that prepare writes load vfio-pci in the initramfs; other files may not
  const written = sources.some(({ source }) => source && ownFiles.includes(source.from));
  const before = loadedBeforeVfio(host, drivers);
  const early = imageHasVfio(host) || written || host.kernel.builtin.includes("vfio-pci") ||
    sources.some(({ source }) => source && isImageScript(source)) ||
    drivers.every((driver) => loadsVfioFirst(host, driver));
  // initramfs-tools loads the modules of its list by their names, which only the kernel's own
  // blacklist prevents, and an install command
  const byName = early && initramfsOf(host)?.kind === "initramfs-tools";
  const obstacle = loadingObstacles(host).find(({ text }) => !byName || /^(install|module_blacklist=)/.test(text));
  // the files that prepare writes put the options into the image
  const bare = !written && imageLacksOptions(host) &&
    sources.some(({ source }) => source !== undefined && /\/modprobe\.d\//.test(source.from));
  const loads = !before && early && !obstacle && !bare;
  const pending = sources.flatMap(({ source }) => source && isPending(host, source) ? [source] : [])[0];
  if (loads && pending && missed.length === 0) {
    return warn(
      `${joinList(drivers)} ${drivers.length === 1 ? "has" : "have"} the card: ${pending.text} is configured and ` +
        "takes effect at the next reboot",
      [...evidence, ...lines],
      [refreshEntries(host, pending.text), commandFix("Reboot", "reboot", { root: true, reboot: true })].filter((fix) =>
        fix !== undefined
      ),
    );
  }
  if (loads && held.every(({ group }) => group === null)) {
    return warn(
      `configured for vfio-pci, but ${joinList(drivers)} ${drivers.length === 1 ? "has" : "have"} bound it: ` +
        "vfio-pci takes no card while the IOMMU is off (iommu.enabled)",
      [...evidence, ...lines],
    );
  }
  return warn(
    `configured for vfio-pci, but ${joinList(drivers)} ${drivers.length === 1 ? "has" : "have"} bound it: ${
      obstacle
        ? `${obstacle.text} (${obstacle.from}) prevents loading vfio-pci at boot`
        : before
        ? `${before.from} loads ${before.module} before vfio-pci`
        : bare
        ? "the initramfs contains no file of /etc/modprobe.d, so vfio-pci gets no ids there"
        : early
        ? "reboot, or rebuild the initramfs"
        : "no file that was read loads vfio-pci earlier"
    }${some}`,
    [...evidence, ...lines, ...(before ? [{ read: before.from, value: before.text }] : [])],
    [
      ...(loads ? goneModules(host) : []).map(({ from, module }) =>
        manualFix(`Remove ${module} from ${from}: it is a part of vfio since Linux 6.2, and the rebuild fails on it`, {
          root: true,
        })
      ),
      ...(obstacle ? removeModuleLines(host, [obstacle], undefined, "If nothing else needs it") : []),
      ...(loads ? [rebuildInitramfs(initramfsOf(host))] : []),
      ...(loads && missed.length === 0 ? [] : binding),
    ],
  );
}
