import type { ResolvedMachine } from "../resolve/types.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { applianceOf } from "../host/appliances.mts";
import { initramfsOf, rebuildInitramfs } from "../host/initramfs.mts";
import { moduleOption } from "../host/module-options.mts";
import type { Fix } from "../findings.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { guest, guestByName, virtualization } from "./host-virtualization.mts";
import { fail, pass, unknown, warn } from "./results.mts";

/**
 * Free space, MiB: below the first value nothing can be built, below `ample` space is tight. A base
 * image, a box and a new VM need 3 GiB.
 */
const room = { least: 4096, withoutImage: 1024, ample: 16384 } as const;

/** The host: architecture, virtualization, memory, disk, and whether it is itself a VM. */
export const hostChecks: Check[] = [
  {
    id: "host.architecture",
    about: "whether the host's CPU is x86_64, like the guests",
    why: "guests are x86_64: on another architecture every instruction is emulated, and a card cannot be " +
      "passed through",
    confirm: { linux: "uname -m", windows: "$env:PROCESSOR_ARCHITECTURE", macos: "uname -m" },
    check: (host, { machines }) => architecture(host, machines),
  },
  {
    id: "host.virtualization",
    about: "whether VMs run on the hardware or are emulated",
    why: "without hardware virtualization every instruction of the guest is emulated: about ten times slower",
    confirm: { linux: "grep -cE 'vmx|svm' /proc/cpuinfo", windows: "systeminfo", macos: "sysctl kern.hv_support" },
    check: (host, { machines }) => virtualization(host, machines),
  },
  {
    id: "host.memory",
    about: "whether the machines fit into the host's memory",
    why: "a passed-through card may write anywhere in the guest's memory, so the host pins all of it at start",
    confirm: {
      linux: "free -m",
      windows: "Get-CimInstance Win32_OperatingSystem | Select-Object FreePhysicalMemory",
      macos: "vm_stat",
    },
    check: (host, { machines }) => memory(host, machines.filter(({ running }) => !running)),
  },
  {
    id: "host.disk",
    about: "whether there is space for images and disks",
    why: "images and VM disks grow while they are built and used",
    confirm: {
      linux: "df -h /var/lib/libvirt/images",
      windows: "Get-PSDrive -PSProvider FileSystem",
      macos: "df -h ~",
    },
    check: (host, { machines }) => disk(host, machines),
  },
  {
    id: "host.guest",
    about: "whether this host is itself a VM, which needs an IOMMU from its outer hypervisor",
    why: "a VM can pass through only devices that it has",
    confirm: {
      linux: "systemd-detect-virt",
      windows: "(Get-CimInstance Win32_ComputerSystem).Model",
      macos: "sysctl kern.hv_vmm_present",
    },
    check: (host, { machines }) =>
      machines.some(({ gpus }) => gpus.length > 0)
        ? [host.os.platform === "linux" ? guest(host) : guestByName(host)]
        : [],
  },
];

/** Hypervisors that cannot emulate another architecture (VirtualBox's manual, 7.1: Arm hosts run Arm guests only). */
const withoutEmulation = ["hyperv", "virtualbox"];

function architecture({ os, cpu }: Host, machines: ResolvedMachine[]): Verdict[] {
  const emulated = os.platform === "linux" ? machines.filter(({ provider }) => provider === "libvirt") : [];
  const native = machines.filter(({ provider }) => withoutEmulation.includes(provider));
  if (emulated.length === 0 && native.length === 0) return [];
  const evidence = [{
    read: { linux: "/proc/sys/kernel/arch", windows: "PROCESSOR_ARCHITECTURE", macos: "uname -m", other: "uname -m" }[
      os.platform
    ],
    value: os.arch ?? "not read",
  }];
  if (os.arch === undefined) {
    return [unknown("could not read the host's architecture", evidence)];
  }
  if (os.arch === "x86_64") return [pass("x86_64, like the guests", evidence)];
  const fix = [
    manualFix(
      /^i.86$/.test(os.arch) && cpu.flags?.includes("lm")
        ? "This processor has 64 bits: install a system for x86_64 on it"
        : "Run this on an x86_64 host",
    ),
  ];
  const difference = `guests are x86_64 but this host is ${os.arch}`;
  if (native.length > 0) {
    const names = [...new Set(native.map(({ provider }) => provider))].join(" and ");
    return [fail(`${difference}: ${names} cannot emulate another architecture`, evidence, fix)];
  }
  return emulated.some(({ gpus }) => gpus.length > 0)
    ? [
      fail(`${difference}: they would be emulated, and no GPU can be passed to an emulated guest`, evidence, fix),
    ]
    : [warn(`${difference}: they are emulated, which is slow`, evidence, fix)];
}

function memory(host: Host, machines: ResolvedMachine[]): Verdict[] {
  if (machines.length === 0) return [pass("the machines are running")];
  const { total, available, hugePages = 0, arc, arcMin } = host.memory;
  const needed = machines.reduce((sum, machine) => sum + machine.memory, 0);
  const evidence = [
    { read: "memory of the machines", value: `${needed} MiB` },
    {
      read: host.os.platform === "linux" ? "/proc/meminfo" : "memory of the host",
      value: `MemTotal ${total ?? "?"} MiB, MemAvailable ${available ?? "?"} MiB`,
    },
    ...(hugePages > 0 ? [{ read: "/proc/meminfo, HugePages_Total", value: `${hugePages} MiB in huge pages` }] : []),
  ];
  // ZFS gives its cache back under pressure, down to the minimum; MemAvailable does not contain it (openzfs/zfs#10255).
  // In a container the numbers are those of its host.
  const hasCache = arc !== undefined && arcMin !== undefined && host.container === undefined;
  const cache = hasCache ? Math.max(0, arc - Math.max(arcMin, leastArcMax)) : 0;
  if (hasCache) {
    evidence.push({ read: "/proc/spl/kstat/zfs/arcstats", value: `size ${arc} MiB, c_min ${arcMin} MiB` });
  }
  if (total === undefined || available === undefined) {
    return [unknown("could not read the host's memory", evidence)];
  }
  // a device can write to all of the guest's memory, so a VM with a card has all of it pinned from
  // the start
  const pinned = machines.some(({ gpus }) => gpus.length > 0);
  const fix = [
    // vagrant-libvirt's VMs use ordinary memory, unless lines of libvirt: request others
    ...(hugePages > 0 && !machines.some(({ libvirt = "" }) => /hugepages/i.test(libvirt))
      ? [
        manualFix(
          `Reserve fewer huge pages (vm.nr_hugepages, or hugepages= of the kernel): they take ${hugePages} MiB, and ` +
            "these machines do not use them",
          { root: true },
        ),
      ]
      : []),
    manualFix(`Give the machines less memory (memory:), or free memory: they need ${needed} MiB`),
  ];
  const lacking = needed + 1024 - available;
  if (pinned && needed <= total && lacking > 0 && lacking < cache) {
    return [
      warn(
        `the machines need ${needed} MiB, and ${available} of ${total} MiB are free: the rest must come from ZFS's ` +
          `cache (ARC), of which ${cache} MiB can be given back, and that can be too slow for a VM with a GPU`,
        evidence,
        [...zfsCache(host, arc! - lacking), ...fix],
      ),
    ];
  }
  if (needed > total || (pinned && lacking > 0)) {
    return [
      fail(
        `the machines need ${needed} MiB, but ${available} of ${total} MiB are free${
          pinned ? "; with a GPU all of it is pinned" : ""
        }`,
        evidence,
        fix,
      ),
    ];
  }
  if (needed > available && needed < available + cache) {
    return [
      pass(
        `${needed} MiB needed, ${available} MiB free, and ZFS's cache (ARC) gives up to ${cache} MiB back when ` +
          "memory is short",
        evidence,
      ),
    ];
  }
  if (needed > available) {
    return [warn(`the machines need ${needed} MiB, but only ${available} MiB are free`, evidence, fix)];
  }
  return [pass(`${needed} MiB needed, ${available} MiB free`, evidence)];
}

/** The least limit of ZFS's cache, MiB (include/sys/arc_impl.h, MIN_ARC_MAX); it must also be over c_min. */
const leastArcMax = 64;

/**
 * Limits ZFS's cache to a size in MiB, now and at each boot. A limit below the cache's size makes it smaller only while
 * memory is short (zfs(4), zfs_arc_max).
 */
function zfsCache(host: Host, size: number): Fix[] {
  const bytes = size * 2 ** 20;
  const initramfs = initramfsOf(host);
  return [
    commandFix(
      `Limit ZFS's cache to ${size} MiB until the next boot: it gets smaller while memory is short, and does not ` +
        "grow again",
      `sh -c 'echo ${bytes} >/sys/module/zfs/parameters/zfs_arc_max'`,
      { root: true },
    ),
    // the last file in the order of the names decides
    moduleOption(host, "Limit it at each boot", "zz-zfs-cache", `zfs zfs_arc_max=${bytes}`),
    ...(initramfs?.rebuild ? [rebuildInitramfs(initramfs)] : []),
  ];
}

function disk(host: Host, machines: ResolvedMachine[]): Verdict[] {
  const { images, cache } = host.disk;
  const evidence = [
    {
      read: host.os.platform === "linux" ? "df /var/lib/libvirt/images" : "free space for VM disks",
      value: images === undefined ? "unknown" : `${images} MiB`,
    },
    { read: "free space in the cache folder", value: cache === undefined ? "unknown" : `${cache} MiB` },
  ];
  // MiB that each disk may still take, where the config names its size
  const disks = machines.filter(({ provider }) => provider === "libvirt").flatMap((
    { disk, diskUsed = 0, data, dataUsed = 0 },
  ) => [
    ...(disk === undefined ? [] : [Math.max(disk - diskUsed, 0)]),
    ...(data === undefined ? [] : [Math.max(data - dataUsed, 0)]),
  ]);
  const growth = disks.reduce((sum, one) => sum + one, 0);
  if (disks.length > 0) {
    evidence.push({
      read: "disk: and data: of the machines, less what their disks take",
      value: `${Math.ceil(growth / 1024)} GiB`,
    });
  }
  const sizes = [images, cache].filter((size) => size !== undefined);
  if (sizes.length === 0) return [unknown("could not read the free disk space", evidence)];
  const least = Math.min(...sizes);
  const busy = machines.every(({ running }) => running);
  const fix = [remedies.room];
  // without a build, only the VM's disk is written, which is thin
  const built = machines.some(({ image }) => image);
  const needed = built ? room.least : room.withoutImage;
  if (least < needed && !busy) {
    const consumer = built ? "the image" : "the VM's disk";
    return [fail(`no space for ${consumer}: ${least} MiB free, ${needed} needed`, evidence, fix)];
  }
  if (least < room.ample) {
    return [warn(`only ${least} MiB free for images and disks`, evidence, fix)];
  }
  const read = host.needs.mounts.map(({ point }) => point).concat(host.needs.untraced);
  const onDisk = read.some((point) => /^\/var(\/lib(\/libvirt(\/images)?)?)?$/.test(point));
  if (host.rootInMemory && !onDisk && machines.some(({ provider }) => provider === "libvirt")) {
    return [
      warn("the disks of VMs are in this host's memory, and lost at its next boot", [...evidence, {
        read: "/proc/self/mountinfo",
        value: "/ is in memory, and no disk is mounted at /var/lib/libvirt/images",
      }], [
        manualFix(
          `${applianceOf(host)?.keepsNothing ? "Install this system on a disk, or mount" : "Mount"} a disk at ` +
            "/var/lib/libvirt/images",
          { root: true },
        ),
      ]),
    ];
  }
  // storage.disk and storage.data compare each disk with the free space; here all of them together
  if (disks.length > 1 && images !== undefined && growth > images) {
    return [
      warn(
        `the disks of the machines may take ${Math.ceil(growth / 1024)} GiB more, but only ${
          Math.floor(images / 1024)
        } GiB are free`,
        evidence,
        fix,
      ),
    ];
  }
  return [pass(`${Math.floor(least / 1024)} GiB free`, evidence)];
}
