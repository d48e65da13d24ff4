import type { ResolvedMachine } from "../resolve/types.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { joinGroupFix, manualFix, remedies } from "../fixes.mts";
import { acceleratorOf } from "../resolve/resolve.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";

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
    check: (host, { machines }) => architecture(host, machines.filter(({ provider }) => provider === "libvirt")),
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

function architecture({ os }: Host, machines: ResolvedMachine[]): Verdict[] {
  if (os.platform !== "linux" || machines.length === 0) return [];
  const evidence = [{ read: "/proc/sys/kernel/arch", value: os.arch ?? "not read" }];
  if (os.arch === undefined) {
    return [unknown("could not read the host's architecture", evidence)];
  }
  if (os.arch === "x86_64") return [pass("x86_64, like the guests", evidence)];
  const fix = [manualFix("Run this on an x86_64 host")];
  return machines.some(({ gpus }) => gpus.length > 0)
    ? [
      fail(
        `guests are x86_64 but this host is ${os.arch}: they would be emulated, and no GPU can be passed to an ` +
          "emulated guest",
        evidence,
        fix,
      ),
    ]
    : [warn(`guests are x86_64 but this host is ${os.arch}: they are emulated, which is slow`, evidence, fix)];
}

function virtualization(host: Host, machines: ResolvedMachine[]): Verdict[] {
  const own = machines.filter(({ provider }) => provider === "libvirt");
  // vmx and svm exist on x86 only; host.architecture reports emulation on others
  if (own.length > 0 && host.os.platform === "linux" && host.os.arch && !/^(x86_64|i.86)$/.test(host.os.arch)) {
    return [skip(`applies to x86 only, but this host is ${host.os.arch}`)];
  }
  if (own.length === 0) return [hardware(host)];
  // provider.host reports that libvirt's VMs need Linux
  if (host.os.platform === "linux") return accelerated(host, own);
  return machines.length > own.length ? [hardware(host)] : [];
}

/**
 * Checks hardware virtualization for providers other than libvirt, which cannot fall back to
 * emulation.
 */
function hardware({ hardwareVirtualization: able, os, cpu }: Host): Verdict {
  const shown = os.platform === "linux" && cpu.flags ? cpu.flags.some((flag) => /vmx|svm/.test(flag)) : able;
  const evidence = [{
    read: os.platform === "windows"
      ? "HypervisorPresent, VirtualizationFirmwareEnabled"
      : os.platform === "macos"
      ? "sysctl kern.hv_support"
      : "/proc/cpuinfo flags",
    value: shown === undefined ? "not read" : shown ? "yes" : "no",
  }];
  if (shown === undefined) {
    return unknown("could not read whether this host has hardware virtualization", evidence);
  }
  return shown ? pass("hardware virtualization", evidence) : fail(
    "hardware virtualization is off, but only libvirt VMs can run without it",
    evidence,
    // Macs have no such setting
    os.platform === "macos" ? [] : [remedies.virtualization],
  );
}

function accelerated(host: Host, machines: ResolvedMachine[]): Verdict[] {
  const flags = host.cpu.flags;
  const evidence = [
    {
      read: "/proc/cpuinfo flags",
      value: flags ? (flags.filter((flag) => /vmx|svm/.test(flag)).join(" ") || "neither vmx nor svm") : "not readable",
    },
    {
      read: "/dev/kvm",
      value: !host.kvm.device ? "not there" : host.kvm.access === false ? "present, no permission" : "there",
    },
  ];
  const able = acceleratorOf(host) === "kvm";
  const verdicts: Verdict[] = [];
  const emulated = machines.filter(({ accelerator }) => accelerator === "tcg");
  const forced = machines.filter(({ accelerator }) => accelerator === "kvm" && !able);
  if (emulated.length > 0) {
    verdicts.push(
      able ? warn("software emulation (tcg), set in the config: slow", evidence) : flags || !host.kvm.device
        ? warn(
          `${
            flags && !flags.some((flag) => /vmx|svm/.test(flag)) ? "the CPU shows neither vmx nor svm" : "no /dev/kvm"
          }: software emulation, slow`,
          evidence,
          [turnOn(host)],
        )
        : unknown("could not read the CPU's flags: software emulation, slow", evidence),
    );
  }
  if (forced.length > 0) {
    verdicts.push(
      warn(
        `accelerator: kvm is forced for ${
          forced.map(({ name }) => name).join(", ")
        }, but this host shows no support for it: guests may hang`,
        evidence,
      ),
    );
  }
  if (able && host.kvm.access === false && machines.some(({ accelerator, image }) => accelerator === "kvm" && image)) {
    verdicts.push(
      fail("no rights on /dev/kvm, which Packer needs to build the box", evidence, [joinGroupFix("kvm", host.joined)]),
    );
  }
  return verdicts.length > 0 ? verdicts : [pass("hardware virtualization (KVM)", evidence)];
}

function turnOn(host: Host) {
  const inside = host.cpu.flags?.includes("hypervisor");
  return manualFix(
    inside ? "This host is a VM: turn on nested virtualization in the outer hypervisor" : remedies.virtualization.title,
    { root: true, reboot: true },
  );
}

function memory(host: Host, machines: ResolvedMachine[]): Verdict[] {
  if (machines.length === 0) return [pass("the machines are running")];
  const { total, available } = host.memory;
  const wanted = machines.reduce((sum, machine) => sum + machine.memory, 0);
  const evidence = [
    { read: "memory of the machines", value: `${wanted} MiB` },
    {
      read: host.os.platform === "linux" ? "/proc/meminfo" : "memory of the host",
      value: `MemTotal ${total ?? "?"} MiB, MemAvailable ${available ?? "?"} MiB`,
    },
  ];
  if (total === undefined || available === undefined) {
    return [unknown("could not read the host's memory", evidence)];
  }
  // a device can write to all of the guest's memory, so a VM with a card has all of it pinned from
  // the start
  const pinned = machines.some(({ gpus }) => gpus.length > 0);
  const fix = [manualFix(`Give the machines less memory (memory:), or free memory: they need ${wanted} MiB`)];
  if (wanted > total || (pinned && wanted + 1024 > available)) {
    return [
      fail(
        `the machines need ${wanted} MiB, but ${available} of ${total} MiB are free${
          pinned ? "; with a GPU all of it is pinned" : ""
        }`,
        evidence,
        fix,
      ),
    ];
  }
  if (wanted > available) {
    return [warn(`the machines need ${wanted} MiB, but only ${available} MiB are free`, evidence, fix)];
  }
  return [pass(`${wanted} MiB needed, ${available} MiB free`, evidence)];
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
  // MiB that each data disk may still take
  const data = machines.flatMap(({ data: size, dataUsed = 0, provider }) =>
    size === undefined || provider !== "libvirt" ? [] : [Math.max(size - dataUsed, 0)]
  );
  if (data.length > 0) {
    evidence.push({
      read: "data: of the machines, less what their disks take",
      value: `${Math.ceil(data.reduce((sum, one) => sum + one, 0) / 1024)} GiB`,
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
    const what = built ? "the image" : "the VM's disk";
    return [fail(`no space for ${what}: ${least} MiB free, ${needed} needed`, evidence, fix)];
  }
  if (least < room.ample) {
    return [warn(`only ${least} MiB free for images and disks`, evidence, fix)];
  }
  // storage.data compares each disk with the free space; here all of them together
  const growth = data.reduce((sum, one) => sum + one, 0);
  if (data.length > 1 && images !== undefined && growth > images) {
    return [
      warn(
        `the data disks may take ${Math.ceil(growth / 1024)} GiB more, but only ${
          Math.floor(images / 1024)
        } GiB are free`,
        evidence,
        fix,
      ),
    ];
  }
  return [pass(`${Math.floor(least / 1024)} GiB free`, evidence)];
}

/**
 * Detects a VM where no CPU flag shows it: by the vendor and model that the hypervisor reports
 * (systemd's virt.c has the list).
 */
function guestByName({ dmi, os }: Host): Verdict {
  const model = [dmi.sys_vendor, dmi.product_name].filter(Boolean).join(" ");
  const evidence = [{ read: "maker and model", value: model || "not read" }];
  if (os.wsl || !model) return unknown("could not read whether this host is a VM", evidence);
  return /Virtual Machine|VMware|VirtualBox|QEMU|KVM|Xen|Parallels|Amazon EC2/i.test(model)
    ? warn("this host is itself a VM: it has only the GPU that the outer hypervisor gives it", evidence)
    : pass("this host is not a VM", evidence);
}

function guest({ cpu, dmi, container }: Host): Verdict {
  const evidence = [
    {
      read: "/proc/cpuinfo flags",
      value: cpu.flags === undefined
        ? "not readable"
        : cpu.flags.includes("hypervisor")
        ? "hypervisor"
        : "no hypervisor",
    },
    {
      read: "/sys/class/dmi/id",
      value: [dmi.sys_vendor, dmi.product_name].filter(Boolean).join(" ") || "not readable",
    },
  ];
  if (container !== undefined) {
    return warn(`this is a container (${container}): run homelab-gpu on the host itself`, evidence);
  }
  if (cpu.flags === undefined) {
    return unknown("could not read whether this host is a VM", evidence);
  }
  return cpu.flags.includes("hypervisor")
    ? warn(
      "this host is itself a VM: it can pass a card to its guests only if the outer hypervisor gives it the " +
        "card and a virtual IOMMU",
      evidence,
    )
    : pass("this host is not a VM", evidence);
}
