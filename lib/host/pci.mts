import { isOnRootBus } from "./onboard.mts";
import type { PciFunction } from "./pci-types.mts";

const bdf = "[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]";
const attribute = new RegExp(`^(${bdf})/([a-z0-9_-]+):(.*)$`);

/** Every full PCI address (domain, bus, device, function) in a text. */
export const bdfs: RegExp = new RegExp(bdf, "g");

/**
 * Parses the probe's sections `pci` and `pci-names` into PCI functions, sorted by address.
 * Undefined if the bus was not read.
 */
export function parsePci(lines: string[] | undefined, names: string[] = []): PciFunction[] | undefined {
  if (!lines?.includes("read:yes")) return undefined;
  const all = new Map<string, PciFunction>();
  for (const line of lines) {
    const [, address, key, raw] = attribute.exec(line) ?? [];
    if (!address || !key || raw === undefined) continue;
    let fn = all.get(address);
    if (!fn) {
      all.set(address, fn = { bdf: address, bars: [], upstreamBridges: [], drm: [], displays: [], mediated: false });
    }
    readAttribute(fn, key, raw.trim());
  }
  const functions = [...all.values()].sort((a, b) => (a.bdf < b.bdf ? -1 : 1));
  markVirtualFunctions(functions);
  const called = readNames(names);
  for (const fn of functions) {
    const name = called.get(`${fn.vendor}/${fn.device}`);
    if (name !== undefined) fn.name = name;
  }
  return functions;
}

/**
 * Marks virtual functions. They have a link to their physical function. Where a text has no links,
 * functions count as virtual if they are in the slot of a function with active virtual functions,
 * have its class and vendor, and have no virtual functions themselves.
 */
function markVirtualFunctions(functions: PciFunction[]): void {
  if (functions.some(({ physicalFunction }) => physicalFunction)) return;
  for (const owner of functions) {
    if (!owner.activeVirtualFunctions) continue;
    for (const fn of functions) {
      const same = slotOf(fn) === slotOf(owner) && fn.vendor === owner.vendor && fn.class === owner.class;
      if (same && fn !== owner && fn.virtualFunctions === undefined) fn.physicalFunction = owner.bdf;
    }
  }
}

/**
 * Parses `10de:NVIDIA Corporation` and `10de/2786:AD104 [GeForce RTX 4070]`, in the form of
 * pci.ids, into names by `VENDOR/DEVICE`. The text in brackets is the marketing name, for vendors
 * and devices.
 */
function readNames(lines: string[]): Map<string, string> {
  const called = new Map<string, string>();
  for (const line of lines) {
    const [, id, name] = /^([0-9a-f]{4}(?:\/[0-9a-f]{4})?):(.+)$/.exec(line) ?? [];
    if (id && name) called.set(id, name.replace(/[^\x20-\x7e]/g, "").trim());
  }
  const sold = (name: string) => /\[([^\]]+)\]\s*$/.exec(name)?.[1] ?? name;
  const maker = (name = "") =>
    sold(name).split("/")[0]!.replace(
      /,? *\b(Corporation|Corp|Inc|Co|Ltd|Limited|Technology|Semiconductor)\b\.?,?/g,
      "",
    ).trim();
  return new Map(
    [...called].filter(([id]) => id.includes("/")).map(([id, name]) => {
      const by = maker(called.get(id.slice(0, 4)));
      const short = sold(name);
      return [id, by === "" || short.startsWith(by) ? short : `${by} ${short}`];
    }),
  );
}

function readAttribute(fn: PciFunction, key: string, value: string): void {
  const hex = /^0x([0-9a-f]+)$/.exec(value)?.[1];
  switch (key) {
    case "class":
    case "vendor":
    case "device":
    case "revision":
      if (hex) fn[key] = hex;
      break;
    case "subsystem_vendor":
      if (hex) fn.subsystem = `${hex}:${fn.subsystem ?? ""}`;
      break;
    case "subsystem_device":
      if (hex) fn.subsystem = `${fn.subsystem ?? ""}${hex}`;
      break;
    case "driver":
      fn.driver = value === "none" ? null : value;
      break;
    case "iommu_group":
      if (value === "none" || /^\d+$/.test(value)) fn.group = value === "none" ? null : value;
      break;
    case "driver_override":
      if (value && value !== "(null)") fn.driverOverride = value;
      break;
    case "boot_vga":
      if (value === "0" || value === "1") fn.bootVga = value === "1";
      break;
    case "reset_method":
      fn.resets = value.split(" ").filter(Boolean);
      break;
    case "power_state":
      fn.power = value;
      break;
    case "resource":
      readRegion(fn, value);
      break;
    case "path":
      fn.upstreamBridges = (value.match(bdfs) ?? []).filter((address) => address !== fn.bdf);
      break;
    case "drm":
      fn.drm = value.split(" ");
      break;
    case "display":
      fn.displays.push(value);
      break;
    case "connectors":
      if (/^\d+$/.test(value)) fn.connectors = Number(value);
      break;
    case "config":
      fn.config = value.replaceAll(" ", "");
      break;
    case "nvidia-minor":
      if (/^\d+$/.test(value)) fn.nvidiaMinor = Number(value);
      break;
    case "instance":
      fn.instance = value;
      break;
    case "model":
      fn.model = value;
      break;
    case "sriov_totalvfs":
      if (/^\d+$/.test(value)) fn.virtualFunctions = Number(value);
      break;
    case "sriov_numvfs":
      if (/^\d+$/.test(value)) fn.activeVirtualFunctions = Number(value);
      break;
    case "physfn":
      if (new RegExp(`^${bdf}$`).test(value)) fn.physicalFunction = value;
      break;
    case "vfio-dev":
      fn.vfioDevice = value;
      break;
    case "index":
      fn.onboard = true;
      break;
    case "removable":
      fn.external = value === "removable";
      break;
    case "rom":
      if (value === "yes" || value === "none") fn.rom = value === "yes";
      break;
    case "unset":
      if (/^[0-5 ]*$/.test(value)) fn.unset = value.split(" ").filter(Boolean).map(Number);
      break;
    case "mdev":
      fn.mediated = value === "yes";
  }
}

/**
 * Parses `N:START END FLAGS` of a `resource` file, N counting from 1; flags are IORESOURCE_* of
 * linux/ioport.h.
 */
function readRegion(fn: PciFunction, text: string): void {
  const [, line, start, end, flags] = /^(\d+):(0x[0-9a-f]+) (0x[0-9a-f]+) (0x[0-9a-f]+)$/.exec(text) ?? [];
  if (!line || !start || !end || !flags) return;
  const bits = BigInt(flags);
  const index = Number(line) - 1;
  // there are six BARs; the seventh line is the option ROM, later ones belong to bridges and
  // virtual functions
  if (index > 5) return;
  if (bits & 0x100n) fn.ports = [...fn.ports ?? [], index];
  if (!(bits & 0x200n) || BigInt(end) < BigInt(start)) return;
  fn.bars.push({
    index,
    start: BigInt(start),
    size: BigInt(end) - BigInt(start) + 1n,
    is64Bit: Boolean(bits & 0x100000n),
    prefetch: Boolean(bits & 0x2000n),
    // IORESOURCE_UNSET: the region has a size but no address (linux/ioport.h)
    ...(bits & 0x20000000n || BigInt(start) === 0n ? { unplaced: true as const } : {}),
  });
}

/**
 * Display controllers: VGA (0300), XGA, 3D (0302, data-centre and laptop cards) and others (0380).
 */
export function isDisplay({ class: code }: PciFunction): boolean {
  return code?.startsWith("03") ?? false;
}

/**
 * Processing accelerators (class 12) are cards without outputs: AMD's Instinct MI300 and later,
 * Intel's Gaudi.
 */
export function isAccelerator({ class: code }: PciFunction): boolean {
  return code?.startsWith("12") ?? false;
}

/**
 * PCI-to-PCI bridges (class 0604), including root ports and switch ports: they determine groups and
 * are never passed to a VM.
 */
export function isBridge({ class: code }: PciFunction): boolean {
  return code?.startsWith("0604") ?? false;
}

/** The device of a function: its address without the function number, `0000:0a:00`. */
export function slotOf({ bdf }: PciFunction): string {
  return bdf.slice(0, bdf.lastIndexOf("."));
}

/**
 * Whether the host is a notebook, tablet or hand-held without exchangeable slots: by its SMBIOS chassis type (DMTF
 * DSP0134, 7.4.1), or by the Steam Deck's names.
 */
export function isPortable({ dmi }: { dmi: Record<string, string> }): boolean {
  const isDeck = dmi.sys_vendor === "Valve" && ["Jupiter", "Galileo"].includes(dmi.product_name ?? "");
  return isDeck || ["8", "9", "10", "11", "14", "30", "31", "32"].includes(dmi.chassis_type ?? "");
}

/**
 * Whether a display function is part of the processor: on the root bus, or with functions of AMD's processors (1022:
 * USB, audio, security processor) in its slot. All functions of a Radeon card have ATI's id (1002).
 */
export function isIntegrated(gpu: PciFunction, all: PciFunction[] = []): boolean {
  return isOnRootBus(gpu) || all.some((fn) => slotOf(fn) === slotOf(gpu) && fn.vendor === "1022");
}

/**
 * The name of a class code, as in lspci (PCI Code and ID Assignment); for uncommon codes the code itself.
 */
export function className({ class: code = "" }: PciFunction): string {
  return classNames[code.slice(0, 4)] ?? classNames[code.slice(0, 2)] ?? `class ${code || "unknown"}`;
}

const classNames: Record<string, string> = {
  "0100": "SCSI controller",
  "0101": "IDE controller",
  "0104": "RAID controller",
  "0106": "SATA controller",
  "0107": "SAS controller",
  "0108": "NVMe controller",
  "01": "storage controller",
  "0200": "Ethernet controller",
  "0280": "network controller",
  "02": "network controller",
  "0300": "VGA controller",
  "0302": "3D controller",
  "03": "display controller",
  "0401": "audio device",
  "0403": "audio device",
  "04": "multimedia controller",
  "0500": "memory controller",
  "0600": "host bridge",
  "0601": "ISA bridge",
  "0604": "PCI bridge",
  "06": "bridge",
  "07": "communication controller",
  "0805": "SD host controller",
  "08": "system peripheral",
  "0c03": "USB controller",
  "0c05": "SMBus",
  "0c80": "serial bus controller",
  "0c": "serial bus controller",
  "10": "encryption controller",
  "11": "signal processing controller",
  "12": "processing accelerator",
};

/**
 * The name of a function: `NVIDIA GeForce RTX 4070 (10de:2786)`, or only its ids where the host's
 * pci.ids has no name.
 */
export function nameOf({ vendor, device, name, model }: PciFunction): string {
  const ids = `${vendor ?? "?"}:${device ?? "?"}`;
  return name ? `${name} (${ids})` : model ? `${ids} ${model}` : ids;
}

/**
 * A short description of a function in the form of lspci -nn: `0000:0a:00.0 [0300] 10de:2786`,
 * followed by its name where it is known.
 */
export function formatFunction(fn: PciFunction): string {
  return `${fn.bdf} [${fn.class?.slice(0, 4) ?? "?"}] ${nameOf(fn)}`;
}

/** Addresses as one line: of a long list, the first three and the number of the others. */
export function formatAddresses(functions: PciFunction[]): string {
  const names = functions.map(({ bdf }) => bdf);
  return names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
