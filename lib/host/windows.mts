/** Parses what the probe prints about Windows and Hyper-V. */
import { plain } from "../lines.mts";
import type { Partitionable, VideoDriver, VirtualSwitch, Windows } from "./windows-types.mts";
import type { PciFunction } from "./pci-types.mts";
import { vendorIds } from "./vendors.mts";
import { compact, type Facts, number } from "./lines.mts";

/**
 * The command that starts PowerShell without a profile and non-interactively, with these arguments.
 */
export function powershell(...rest: string[]): string[] {
  return ["powershell.exe", "-NoLogo", "-NoProfile", "-NonInteractive", ...rest];
}

/**
 * The command that runs a PowerShell script; it bypasses the execution policy, which may refuse
 * scripts.
 */
export function powershellScript(...rest: string[]): string[] {
  return powershell("-ExecutionPolicy", "Bypass", ...rest);
}

/**
 * The first line of a PowerShell error, without the wrapping of Windows PowerShell (CLIXML: `#<
 * CLIXML`, tags, `_x000D_`) and the colours of PowerShell 7.
 */
export function plainPowershell(text: string): string {
  const inner = text.replace(/^#< CLIXML\s*/, "").replace(/<[^<>]*>/g, " ").replace(/_x000D_|_x000A_/gi, "\n");
  const lines = plain(inner).split("\n").map((line) => line.trim()).filter(Boolean);
  return (lines.find((line) => !/^(At line:|\+|Line \||\d+ \||\|)/.test(line)) ?? "").replace(/^\S+-\S+ ?: /, "");
}

/** The build of Windows Server 2022, the first Windows Server with the cmdlets for GPU partitions. */
export const serverWithPartitions = 20348;

/** The build of Windows Server 2025, the first one on which Microsoft supports GPU partitions. */
const serverWithSupport = 26100;

/** The policies that let Windows Server partition cards without SR-IOV, if both are 0. */
export const partitionPolicies = ["RequireSecureDeviceAssignment", "RequireSupportedDeviceAssignment"];

/** Whether both policies are 0; undefined if they were not read. */
export function allowsAnyCard({ policy }: Pick<Windows, "policy">): boolean | undefined {
  return policy && partitionPolicies.every((name) => policy[name] === 0);
}

/** Whether a card is partitioned by its own hardware: only paths of the others end in GPUPARAV. */
export function hasSriov({ path }: Partitionable): boolean {
  return !path.toUpperCase().endsWith("\\GPUPARAV");
}

/**
 * Why a new config gives a VM the whole card on this Windows, not a partition of it; undefined if a partition is
 * possible, or if that was not read. Client Windows passes no whole cards. `card`: its ids and instance; absent if
 * the cards were not read.
 */
export function wholeCardReason(windows: Windows | undefined, card?: PciFunction): string | undefined {
  const { product, build, partitionable } = windows ?? {};
  if (!windows || product === undefined || product === "client" || build === undefined) return undefined;
  if (build < serverWithPartitions) return "this Windows Server has no GPU partitions";
  const own = partitionable?.find(({ path }) => isPathOf(path, card));
  const allowed = allowsAnyCard(windows);
  if (build < serverWithSupport && !(own && allowed)) {
    return "Microsoft supports GPU partitions since Windows Server 2025";
  }
  if (card && card.vendor !== vendorIds.nvidia) return "partitions of cards from other makers than NVIDIA are untested";
  if (!card || !partitionable) return undefined;
  if (!own) return "Hyper-V cannot partition this card";
  return hasSriov(own) || allowed !== false ? undefined : "Windows Server refuses partitions of a card without SR-IOV";
}

function isPathOf(path: string, card: PciFunction | undefined): boolean {
  const { vendor, device, instance } = hardwareOf(path) ?? {};
  return card !== undefined && vendor === card.vendor && device === card.device &&
    instance?.toLowerCase() === card.instance?.toLowerCase();
}

/** Parses the probe's section `windows`. */
export function windowsOf(facts: Facts): Windows {
  const cmdlet = facts.one("cmdlet");
  return compact<Windows>({
    edition: facts.one("edition"),
    build: facts.number("build"),
    product: products[facts.one("product") ?? ""],
    elevated: facts.flag("elevated"),
    hypervPermission: facts.flag("hyperv-rights"),
    hyperv: facts.flag("hyperv"),
    hypervisor: facts.flag("hypervisor"),
    service: facts.one("service"),
    vbs: flagOf(facts.one("vbs")),
    cmdlet: cmdlet === "Get-VMHostPartitionableGpu" || cmdlet === "Get-VMPartitionableGpu" ? cmdlet : undefined,
    choice: facts.flag("choice"),
    switches: facts.flag("switches-read") ? facts.all("switch").map(virtualSwitch) : undefined,
    networkDrives: facts.flag("drives-read") ? facts.all("network-drive") : undefined,
    systemAccess: facts.flag("system-access"),
    vagrantHome: facts.one("vagrant-home"),
    partitionable: facts.flag("partitionable-read") ? facts.all("partitionable").map(partitionable) : undefined,
    partitionableError: facts.one("partitionable-error"),
    policy: facts.flag("policy-read")
      ? Object.fromEntries(
        facts.all("policy").flatMap((text) => {
          const [, name, value] = /^(\w+) (\d+)$/.exec(text) ?? [];
          return name ? [[name, Number(value)]] : [];
        }),
      )
      : undefined,
    drivers: facts.all("video").map(driver),
    libraries: facts.flag("libraries"),
  });
}

/** ProductType of Win32_OperatingSystem. */
const products: Record<string, Windows["product"]> = { 1: "client", 2: "domain controller", 3: "server" };

/**
 * VirtualizationBasedSecurityStatus of Win32_DeviceGuard: 2 means running, 1 configured but not
 * running, 0 off.
 */
function flagOf(status: string | undefined): boolean | undefined {
  return status === undefined ? undefined : status === "2";
}

/** `PATH|16,8,4|16` */
function partitionable(text: string): Partitionable {
  const [path = "", counts = "", count] = text.split("|");
  const valid = counts.split(",").flatMap((one) => number(one.trim()) ?? []);
  return compact<Partitionable>({ path, counts: valid.length > 0 ? valid : undefined, count: number(count) });
}

/** `ID|TYPE|NAME` */
function virtualSwitch(text: string): VirtualSwitch {
  const [id = "", type = "", ...name] = text.split("|");
  return { id, type, name: name.join("|") };
}

/** `ID|VERSION|STATUS|FOLDER|NAME`; FOLDER is `-` where there is none. */
function driver(text: string): VideoDriver {
  const [id = "", version, status, folder, ...name] = text.split("|");
  const nonEmpty = (value: string | undefined) => value || undefined;
  return compact<VideoDriver>({
    id,
    version: nonEmpty(version),
    status: nonEmpty(status),
    folder: folder === "-" ? null : nonEmpty(folder),
    name: nonEmpty(name.join("|")),
  });
}

/**
 * The vendor, the device and the last part of an instance id or instance path of Windows. Vendor
 * and device are lower case.
 */
export function hardwareOf(path: string): { vendor: string; device: string; instance: string } | undefined {
  const [, vendor, device, instance] =
    /PCI[P]?[#\\]VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})[^#\\]*[#\\]([^#\\]+)/i.exec(path) ?? [];
  return vendor && device && instance
    ? { vendor: vendor.toLowerCase(), device: device.toLowerCase(), instance }
    : undefined;
}

/**
 * The version of an NVIDIA driver as NVIDIA writes it, from Windows' version: the last five digits,
 * `32.0.15.9174` → `591.74`.
 */
export function nvidiaVersion(version: string | undefined): string | undefined {
  const digits = /(\d)\.(\d{4})$/.exec(version ?? "");
  return digits ? `${digits[1]}${digits[2]!.slice(0, 2)}.${digits[2]!.slice(2)}` : undefined;
}
