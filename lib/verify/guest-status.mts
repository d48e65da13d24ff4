/** The output of `status-guest.sh`: what runs in a guest, and the use of its cards and file systems. */
import { formatSize } from "../text.mts";
import { factsOf } from "./guest-facts.mts";
import { type SeenService, seenServices } from "./services.mts";
import { type SwarmStatus, swarmStatusOf } from "./swarm-status.mts";

/** A card in a guest. Values that its driver does not report are absent. */
export interface SeenGpu {
  name: string;
  /** `0000:06:00.0`, in the guest. */
  address: string;
  busyPercent?: number;
  memoryUsedMiB?: number;
  memoryTotalMiB?: number;
  temperatureC?: number;
  powerW?: number;
  powerLimitW?: number;
  clockMHz?: number;
}

/** A file system of a guest. */
export interface SeenDisk {
  mount: string;
  sizeMiB: number;
  usedMiB: number;
}

/** A folder on the system disk of a guest that its data disk has taken the place of. */
export interface SeenOriginal {
  path: string;
  sizeMiB: number;
}

/** A container of a Compose project. */
export interface SeenContainer {
  /** Its service; for a stack, STACK/SERVICE. */
  service: string;
  name: string;
}

/** The status of a guest. */
export interface GuestStatus {
  /** Whether its container engine answered. */
  engine: "answers" | "silent" | "missing";
  services: SeenService[];
  containers: SeenContainer[];
  gpus: SeenGpu[];
  disks: SeenDisk[];
  /** Folders that stayed on the system disk when they were copied to the data disk. */
  originals: SeenOriginal[];
  /** The Swarm that it manages; absent if it was not asked, or manages none. */
  swarm?: SwarmStatus;
  /** The address of its network card in the LAN; absent if it has none. */
  lan?: string;
}

/** Parses the output of status-guest.sh; undefined if it is incomplete. */
export function guestStatusOf(text: string): GuestStatus | undefined {
  if (!text.startsWith("homelab-gpu-status 1\n")) return undefined;
  const facts = factsOf(text);
  if (facts.one("end") !== "yes") return undefined;
  const engine = facts.one("engine");
  const lan = facts.one("lan");
  const swarm = swarmStatusOf(facts);
  return {
    engine: engine === "answers" || engine === "missing" ? engine : "silent",
    services: seenServices(facts),
    containers: facts.all("service").flatMap((value) => {
      const words = value.split(" ");
      const name = words.at(-1)!;
      // the name becomes an argument of a command in the guest
      return words.length > 2 && /^[\w.-]+$/.test(name) ? [{ service: words[0]!, name }] : [];
    }),
    gpus: [
      ...facts.all("gpu-nvidia").flatMap(nvidiaGpu),
      ...facts.all("gpu-sysfs").flatMap(sysfsGpu),
    ],
    ...(lan === undefined ? {} : { lan }),
    ...(swarm ? { swarm } : {}),
    originals: facts.all("original").flatMap((value) => {
      const [, path, size] = /^(\S+) (\d+)$/.exec(value) ?? [];
      return path ? [{ path, sizeMiB: Math.round(Number(size) / 1024) }] : [];
    }),
    disks: facts.all("disk").flatMap((value) => {
      const [, mount, size, used] = /^(\S+) (\d+) (\d+)$/.exec(value) ?? [];
      return mount
        ? [{ mount, sizeMiB: Math.round(Number(size) / 1024), usedMiB: Math.round(Number(used) / 1024) }]
        : [];
    }),
  };
}

/** The values of a card that were read. */
type Values = Partial<Record<Exclude<keyof SeenGpu, "name" | "address">, number>>;

function known(values: Record<keyof Values, number | undefined>): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/**
 * A line of `nvidia-smi --query-gpu=pci.bus_id,name,…`: `00000000:06:00.0, NVIDIA L4, 3, 512,
 * 23034, 41, 16.32, 72.00`. Values that a card does not have are `[N/A]` or `[Not Supported]`
 * (nvidia-smi(1)).
 */
function nvidiaGpu(line: string): SeenGpu[] {
  const parts = line.split(", ");
  if (parts.length < 8) return [];
  // a name may contain a comma
  const [address, ...rest] = parts;
  const [busy, used, total, temperature, power, limit] = rest.slice(-6).map((text) => numberIn(text));
  return [{
    name: rest.slice(0, -6).join(", "),
    address: address!.toLowerCase().replace(/^0{4}(?=[\da-f]{4}:)/, ""),
    ...known({
      busyPercent: busy,
      memoryUsedMiB: used,
      memoryTotalMiB: total,
      temperatureC: temperature,
      powerW: power,
      powerLimitW: limit,
      clockMHz: undefined,
    }),
  }];
}

/**
 * A line of values from the kernel's driver: amdgpu's gpu_busy_percent and mem_info_vram_* in bytes
 * (kernel.org, gpu/amdgpu), hwmon's temperatures in thousandths of a degree and power in millionths
 * of a watt (kernel.org, hwmon/sysfs-interface), Intel's clock in MHz.
 */
function sysfsGpu(line: string): SeenGpu[] {
  const [address, ...words] = line.split(" ");
  const values = Object.fromEntries(words.map((word) => [word.replace(/=.*/, ""), word.replace(/^[^=]*=/, "")]));
  const of = (key: string, unit = 1) => {
    const value = numberIn(values[key] ?? "");
    return value === undefined ? undefined : value / unit;
  };
  const whole = (value: number | undefined) => value === undefined ? undefined : Math.round(value);
  const maker = values.driver === "i915" || values.driver === "xe" ? "Intel" : "AMD";
  const ids = [values.id_vendor, values.id_device].map((id) => (id ?? "").replace(/^0x/, "")).join(":");
  return [{
    name: values.name ? values.name.replaceAll("_", " ") : `${maker} card ${ids}`,
    address: address!,
    ...known({
      busyPercent: of("busy"),
      memoryUsedMiB: whole(of("vram_used", 1024 ** 2)),
      memoryTotalMiB: whole(of("vram_total", 1024 ** 2)),
      temperatureC: whole(of("temperature", 1000)),
      powerW: tenths(of("power", 1e6)),
      powerLimitW: tenths(of("power_limit", 1e6)),
      clockMHz: of("clock"),
    }),
  }];
}

const tenths = (value: number | undefined) => value === undefined ? undefined : Math.round(value * 10) / 10;

function numberIn(text: string): number | undefined {
  return /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** A card in one line: `NVIDIA L4: 3 % busy, 512 of 23034 MiB, 41 °C, 16 of 72 W`. */
export function gpuLine({ name, ...of }: SeenGpu): string {
  const pair = (used: number | undefined, all: number | undefined, unit: string) =>
    used === undefined ? [] : [`${Math.round(used)}${all === undefined ? "" : ` of ${Math.round(all)}`} ${unit}`];
  const parts = [
    ...(of.busyPercent === undefined ? [] : [`${of.busyPercent} % busy`]),
    ...pair(of.memoryUsedMiB, of.memoryTotalMiB, "MiB"),
    ...(of.temperatureC === undefined ? [] : [`${of.temperatureC} °C`]),
    ...pair(of.powerW, of.powerLimitW, "W"),
    ...(of.clockMHz === undefined ? [] : [`${of.clockMHz} MHz`]),
  ];
  return parts.length > 0 ? `${name}: ${parts.join(", ")}` : name;
}

/** A file system in one line: `/: 12 of 64 GiB used`. */
export function diskLine({ mount, sizeMiB, usedMiB }: SeenDisk): string {
  const gibibytes = (size: number) => (size < 10 * 1024 ? (size / 1024).toFixed(1) : Math.round(size / 1024));
  return `${mount}: ${gibibytes(usedMiB)} of ${gibibytes(sizeMiB)} GiB used`;
}

/** The folders that stayed on the system disk, in one line. */
export function originalsLine(originals: SeenOriginal[]): string {
  const list = originals.map(({ path, sizeMiB }) => `${path} (${formatSize(sizeMiB * 1024 ** 2)})`).join(", ");
  return `also still on the system disk, as copied to the data disk: ${list}; scripts/data-originals.sh removes them`;
}
