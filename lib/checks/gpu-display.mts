import type { Card, Resolved } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { isBuiltInDisplay } from "../host/built-in-display.mts";
import { commandFix, firmwareFix, manualFix, remedies } from "../fixes.mts";
import { isHarmlessDriver, isVfioDriver } from "../resolve/cards.mts";
import { isDisplay, isIntegrated, isPortable, slotOf } from "../host/pci.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import { isApple, vendorIds } from "../host/vendors.mts";
import { bindingAtBoot } from "./gpu-driver.mts";
import { isVm, outer } from "./outer-hypervisor.mts";

/**
 * The other cards that the console could use. Not included: 3D controllers (class 0302), which have
 * no outputs, functions left to user space, and cards that are passed to a VM of this config.
 */
function ways({ gpu }: Card, host: Host, { machines }: Resolved): PciFunction[] {
  const passedFunctions = machines.flatMap(({ cards }) => cards).flatMap((card) => [
    ...card.assignedFunctions,
    ...card.virtualFunctions,
  ]);
  // virtual functions have no outputs; other functions in the card's slot are passed or blocked
  // with it
  return (host.pci ?? []).filter((fn) =>
    isDisplay(fn) && !fn.class?.startsWith("0302") && !isHarmlessDriver(fn.driver ?? "") &&
    fn.physicalFunction === undefined && !passedFunctions.includes(fn) &&
    (slotOf(fn) !== slotOf(gpu) || fn.bdf === gpu.physicalFunction)
  );
}

function outputs({ displays, connectors }: PciFunction): string {
  return displays.join(" ") || (connectors === 0 ? "no connectors" : "no display connected to it");
}

/** Whether the host displays on the card, and which other card it could use. */
export function displayVerdict(card: Card, host: Host, config: Resolved): Verdict {
  // the display may be attached to the other GPU of a board with two
  const displaying = card.assignedFunctions.find((fn) => isDisplay(fn) && (fn.bootVga || fn.displays.length > 0));
  const gpu = displaying ?? card.gpu;
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
    return unknown("could not read whether the host displays on it", evidence);
  }
  if (!shows) return pass("the host does not display on the card", evidence);
  if (isVfioDriver(gpu.driver ?? "")) {
    return pass("the host no longer displays on the card", evidence);
  }
  const others = ways(card, host, config);
  const reasons = [
    gpu.bootVga ? "it is the boot VGA" : "",
    buffers.length > 0 ? "the firmware framebuffer is on it" : "",
    gpu.displays.length > 0 ? "a display is connected to it" : "",
  ].filter(Boolean).join(", ");
  // A graphics driver that reports connectors, none with a display: the card is not in use for
  // display. NVIDIA's driver reports no connectors without modesetting
  // (nvidia-drm/nvidia-drm-drv.c, nv_drm_load), so displays may still be attached.
  const dark = buffers.length === 0 && gpu.displays.length === 0 && gpu.drm.length > 0;
  if (others.length === 0 && dark && gpu.connectors === undefined) {
    return unknown(
      `this may be the host's only display GPU (${reasons}): could not read whether a display is connected to it`,
      evidence,
    );
  }
  const unseen = dark && gpu.connectors !== undefined && gpu.connectors > 0;
  if (others.length === 0 && !unseen) {
    return fail(
      `this is the host's only display GPU (${reasons}): passing it through blanks the console and can hang the host`,
      evidence,
      [
        ...otherDisplay(gpu, [], host),
        ...(isBuiltInDisplay(card.gpu, host) ? [leftToHost] : []),
        ...partitioning(
          card.gpu,
          otherDisplay(gpu, [], host).length > 0 || isBuiltInDisplay(card.gpu, host) ? "Or keep" : "Keep",
        ),
        ...bindingAtBoot(card, host).map((fix) => ({
          ...fix,
          title: "Without a display: bind the card to vfio-pci at boot, so that the host never uses it",
        })),
      ],
    );
  }
  return warn(
    `${reasons}: this host's console goes dark when the VM takes the card`,
    evidence,
    otherDisplay(gpu, others, host),
  );
}

/** What to do where only the built-in display shows the host. */
const leftToHost = manualFix(
  "Leave the card to this host, whose built-in display needs it (remove gpu:): containers on this host can use it " +
    "without a VM",
);

/**
 * A card of Intel that can have virtual functions can stay on the host: a VM gets one of them (mode: partition). Other
 * makers' cards need a driver with a licence, or one that hosts rarely have.
 */
function partitioning({ vendor, virtualFunctions }: PciFunction, keep: string): Fix[] {
  return vendor === vendorIds.intel && virtualFunctions
    ? [
      manualFix(
        `${keep} the card on the host and give the VM a virtual function, of which this card can have ` +
          `${virtualFunctions}: write mode: partition instead of passthrough`,
      ),
    ]
    : [];
}

/**
 * Lets a Mac display on the processor's graphics. Its firmware reads a variable for that (kernel,
 * drivers/platform/x86/apple-gmux.c); only kernels of t2linux have the module's option (t2linux/wiki,
 * docs/guides/hybrid-graphics.md; both read 2026-11-27).
 */
function macDisplay({ os }: Host): Fix {
  const title = "Let the Mac display on the processor's graphics";
  return /\bt2\b/i.test(os.kernel ?? "")
    ? commandFix(
      `${title} (the module apple-gmux switches to it)`,
      "sh -c 'echo options apple-gmux force_igd=y >/etc/modprobe.d/apple-gmux.conf'",
      { root: true, reboot: true },
    )
    : manualFix(`${title}: gpu-switch -i sets the firmware's variable for it (https://github.com/0xbb/gpu-switch)`, {
      root: true,
      reboot: true,
    });
}

/** How the host can display on another card. `others`: its other cards with outputs. */
function otherDisplay(gpu: PciFunction, others: PciFunction[], host: Host): Fix[] {
  if (isVm(host)) return [outer.display];
  if (isApple(host.dmi)) return others.some((fn) => isIntegrated(fn, host.pci)) ? [macDisplay(host)] : [];
  if (isPortable(host) && !isIntegrated(gpu, host.pci) && others.length === 0) {
    return [
      firmwareFix(
        "Turn on hybrid graphics in the firmware setup, so that the host displays on the processor's graphics",
      ),
    ];
  }
  if (!isIntegrated(gpu, host.pci)) return [remedies.display];
  if (others.length > 0) {
    return [
      firmwareFix("Connect the display to the other card, and choose that as primary display in the firmware setup"),
    ];
  }
  return isPortable(host)
    ? []
    : [firmwareFix("Add a card for the host's display, and choose it as primary display in the firmware setup")];
}
