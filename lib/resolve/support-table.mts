/**
 * The support table: provider × way of passing a GPU × host × version. The checks, the README and
 * the schema's texts are derived from it.
 */
import { serverWithPartitions } from "../host/windows.mts";
import type { Mode } from "../config/types.mts";
import type { Source } from "./sources.mts";
import {
  all,
  always,
  fromBuild,
  type HostPredicate,
  isClientEdition,
  isHomeEdition,
  linux,
  macos,
  not,
  virtualboxBefore61,
  windows,
} from "./where.mts";

/** A plain VM, or a VM with a card in that mode. */
export type GpuUse = "plain" | Mode;

/** A row of the table. The first row whose host matches counts. */
export interface SupportRow extends Source {
  provider: string;
  uses: GpuUse[];
  /** The host and versions, as text. */
  host: string;
  /** Whether a host matches the row. */
  on: HostPredicate;
  verdict: "works" | "experimental" | "refused";
  /** Why it is refused, or what users should know. */
  message: string;
  /** What to do or write instead; absent where it works. */
  instead?: string;
  /** Where the row may or may not apply: what could not be read, and what depends on it. */
  unread?: string;
  /** The check that reports it. */
  check: "provider.host" | "provider.mode" | "provider.version";
}

const sources = {
  libvirt: "https://vagrant-libvirt.github.io/vagrant-libvirt/configuration.html",
  vfio: "https://docs.kernel.org/driver-api/vfio.html",
  hyperv: "https://learn.microsoft.com/virtualization/hyper-v-on-windows/reference/hyper-v-requirements",
  wsl: "https://learn.microsoft.com/windows/wsl/tutorials/gpu-compute",
  gpup: "https://learn.microsoft.com/windows-server/virtualization/hyper-v/gpu-partitioning",
  paravirtualization: "https://learn.microsoft.com/windows-hardware/drivers/display/gpu-paravirtualization",
  easy: "https://github.com/jamesstringer90/Easy-GPU-PV",
  dda: "https://learn.microsoft.com/windows-server/virtualization/hyper-v/plan/" +
    "plan-for-deploying-devices-using-discrete-device-assignment",
  pci: "https://docs.oracle.com/en/virtualization/virtualbox/6.0/admin/pcipassthrough.html",
  virtualbox: "https://www.virtualbox.org/wiki/Changelog-6.1",
  vagrantVirtualbox: "https://developer.hashicorp.com/vagrant/docs/providers/virtualbox",
  parallels: "https://kb.parallels.com/122807",
  vagrantParallels: "https://parallels.github.io/vagrant-parallels/docs/",
} as const;

/** The day on which the pages were last read. */
const checked = "2026-11-22";

const useLinux = "Run this on a Linux host with provider: libvirt";
const whole: GpuUse[] = ["passthrough"];
const gpu: GpuUse[] = ["passthrough", "partition"];
const any: GpuUse[] = ["plain", ...gpu];

type Rest = Partial<Pick<SupportRow, "instead" | "unread" | "check">>;
const row = (provider: string) =>
(
  uses: GpuUse[],
  host: string,
  on: HostPredicate,
  verdict: SupportRow["verdict"],
  message: string,
  source: string,
  rest: Rest = {},
): SupportRow => ({
  ...{ provider, uses, host, on, verdict, message, source, checked, check: "provider.host" },
  ...rest,
});
const libvirt = row("libvirt");
const hyperv = row("hyperv");
const virtualbox = row("virtualbox");
const parallels = row("parallels");

/** The table. The last row of each provider and use matches all remaining hosts. */
export const supportTable: SupportRow[] = [
  libvirt(["plain"], "Linux", linux, "works", "", sources.libvirt),
  libvirt(["plain"], "others", always, "refused", "libvirt requires a Linux host", sources.libvirt, {
    instead: "Run this on a Linux host",
  }),
  libvirt(
    gpu,
    "other than Linux",
    not(linux),
    "refused",
    "libvirt GPU passthrough requires a Linux host",
    sources.vfio,
    {
      instead: "Run this on a Linux host",
    },
  ),
  libvirt(whole, "Linux", linux, "works", "by VFIO: needs an IOMMU", sources.vfio),
  libvirt(
    ["partition"],
    "Linux",
    linux,
    "refused",
    "libvirt passes whole cards: a GPU partition needs SR-IOV or vGPU, which GeForce cards do not support and " +
      "which other cards may need a licence for",
    sources.vfio,
    { instead: "Write mode: passthrough", check: "provider.mode" },
  ),

  hyperv(["plain"], "other than Windows", not(windows), "refused", "Hyper-V requires a Windows host", sources.hyperv, {
    instead: "Run this on a Windows host",
  }),
  hyperv(
    ["partition"],
    "other than Windows",
    not(windows),
    "refused",
    "Hyper-V GPU partitioning requires a Windows host",
    sources.gpup,
    { instead: useLinux },
  ),
  hyperv(
    whole,
    "other than Windows",
    not(windows),
    "refused",
    "Hyper-V GPU passthrough requires a Windows host",
    sources.dda,
    { instead: useLinux },
  ),
  hyperv(
    any,
    "WSL",
    ({ os }) => os.wsl,
    "refused",
    "Vagrant's Hyper-V provider must run in Windows, not in WSL",
    sources.wsl,
    { instead: "Run this in PowerShell on Windows" },
  ),
  hyperv(any, "Windows Home", isHomeEdition, "refused", "Windows Home has no Hyper-V", sources.hyperv, {
    instead: "Use Windows Pro, Enterprise, Education or Server. Without a GPU, provider: virtualbox works on this host",
  }),
  hyperv(["plain"], "Windows Pro, Enterprise, Education, Server", windows, "works", "", sources.hyperv),
  hyperv(
    ["partition"],
    "Windows 11",
    all(isClientEdition, fromBuild(22000)),
    "works",
    "Linux guests: Debian 12 and 13, Ubuntu 22.04 and 24.04",
    sources.paravirtualization,
  ),
  hyperv(
    ["partition"],
    "Windows 10, version 2004 and later",
    all(isClientEdition, fromBuild(19041)),
    "works",
    "on a host with one card that can be partitioned: Windows 10 cannot select one of several",
    sources.easy,
  ),
  hyperv(
    ["partition"],
    "Windows 10, before version 2004",
    isClientEdition,
    "refused",
    "Hyper-V GPU partitioning needs Windows 10 version 2004 (build 19041) or later",
    sources.easy,
    { instead: "Update Windows", check: "provider.version" },
  ),
  hyperv(
    ["partition"],
    "Windows Server 2025",
    fromBuild(26100),
    "works",
    "cards with SR-IOV; other cards only if a policy allows them",
    sources.gpup,
  ),
  hyperv(
    ["partition"],
    "Windows Server 2022",
    fromBuild(serverWithPartitions),
    "experimental",
    "experimental: Windows Server 2022 has the cmdlets, but Microsoft supports GPU partitioning only since Server 2025",
    sources.gpup,
    { check: "provider.mode" },
  ),
  hyperv(
    ["partition"],
    "Windows Server before 2022",
    windows,
    "refused",
    "Hyper-V GPU partitioning needs Windows Server 2022 or later",
    sources.gpup,
    { instead: "Update Windows, or write mode: passthrough", check: "provider.version" },
  ),
  hyperv(
    whole,
    "Windows 10 and 11",
    isClientEdition,
    "refused",
    "Hyper-V passes whole cards (Discrete Device Assignment) only on Windows Server: on Windows 10 and 11 the VM " +
      "does not start",
    sources.dda,
    { instead: "Write mode: partition", check: "provider.mode" },
  ),
  hyperv(
    whole,
    "Windows Server",
    windows,
    "experimental",
    "experimental: Discrete Device Assignment, only if the config sets mode: passthrough",
    sources.dda,
    { check: "provider.mode" },
  ),

  virtualbox(["plain"], "Linux", linux, "works", "", sources.vagrantVirtualbox),
  virtualbox(["plain"], "Windows", windows, "works", "", sources.vagrantVirtualbox),
  virtualbox(["plain"], "macOS", macos, "works", "", sources.vagrantVirtualbox),
  virtualbox(
    ["plain"],
    "others",
    always,
    "refused",
    "VirtualBox requires a Linux, Windows or macOS host",
    sources.vagrantVirtualbox,
    {
      instead: "Run this on a Linux host",
    },
  ),
  virtualbox(
    gpu,
    "other than Linux",
    not(linux),
    "refused",
    "VirtualBox GPU passthrough requires a Linux host",
    sources.pci,
    { instead: useLinux },
  ),
  virtualbox(["partition"], "Linux", linux, "refused", "VirtualBox cannot partition a card", sources.pci, {
    instead: "Write provider: libvirt and mode: passthrough",
    check: "provider.mode",
  }),
  virtualbox(
    whole,
    "Linux, VirtualBox before 6.1",
    virtualboxBefore61,
    "experimental",
    "experimental in VirtualBox: needs the extension pack and an IOMMU",
    sources.pci,
    {
      unread:
        "the version of VirtualBox could not be read: PCI passthrough is experimental up to 6.0 and removed in 6.1",
      check: "provider.version",
    },
  ),
  virtualbox(
    whole,
    "Linux, VirtualBox 6.1 and later",
    linux,
    "refused",
    "VirtualBox 6.1 removed PCI passthrough",
    sources.virtualbox,
    { instead: "Write provider: libvirt, which supports passthrough on this host", check: "provider.version" },
  ),

  parallels(["plain"], "macOS", macos, "works", "", sources.vagrantParallels),
  parallels(["plain"], "others", always, "refused", "Parallels requires a macOS host", sources.vagrantParallels, {
    instead: "Run this on a Mac",
  }),
  parallels(gpu, "any", always, "refused", "Parallels does not support GPU passthrough", sources.parallels, {
    instead: useLinux,
  }),
];
