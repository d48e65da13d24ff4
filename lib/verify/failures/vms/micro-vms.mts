import type { Failure } from "../types.mts";
import { commandFix, doctorFix, lessMemory } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hostErrors } from "../fixes.mts";
import { rows } from "../rows.mts";

const kataLog = commandFix("Read what Kata and its VM logged", "journalctl -t kata -b --no-pager -n 60", {
  root: true,
});
const gpuConfig =
  "Use Kata's own configuration for cards (runtime class kata-qemu-nvidia-gpu), with its kernel and image";

/** Errors of Kata Containers, Cloud Hypervisor and Harvester, which run containers or systems of clusters in VMs. */
export const microVmFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    source:
      "Kata Containers (src/runtime, src/agent), read 2026-11; kata-containers/kata-containers#10470 (2024-10), " +
      "#2185 (2021-07), #10360 (2024-09), #8793 (2024-01), #7612 (2023-08), #9129 (2024-02), #5594 (2022-11)",
  }, [
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /Failed to Check if grpc server is working|timed out connecting to (?:hybrid )?vsock|failed to create shim(?: task)?: Dead agent/,
      ),
      "the VM of a Kata container started, and Kata's agent in it does not answer: the guest's kernel or image does " +
      "not boot, or boots longer than Kata waits, as with much memory and a passed card",
      kataLog,
      "Show the guest's console: enable_debug = true in Kata's configuration.toml, for hypervisor, agent and runtime",
      gpuConfig,
      "If it only boots slowly: raise dial_timeout and create_container_timeout in configuration.toml",
    ],
    [
      "provider.access",
      "cause",
      /listen unix \/run\/vc\/vm\/\S{1,100}: bind: address already in use/,
      "the VM of an earlier Kata container of that name still runs, or left its folder behind",
      commandFix("Check whether it still runs", "pgrep -af /run/vc/vm/"),
      "Remove that container and task first (ctr task rm -f NAME, ctr container rm NAME), or take another name",
      "Only when no process uses the folder: delete /run/vc/vm/NAME",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /cold_plug_vfio= or hot_plug_vfio= |hot_plug_vfio port is not configured|because cold_plug_vfio is disabled/,
        /Incorrect hot plug configuration \S{1,40} for device \S{1,40} found/,
      ),
      "Kata's configuration names no port by which a card goes into the VM",
      'Write cold_plug_vfio = "root-port" into configuration.toml (hypervisor section) and leave hot_plug_vfio at ' +
      '"no-port"',
      gpuConfig,
    ],
    [
      "provider.version",
      "cause",
      /Unknown device type vfio-\w{2,6}/,
      "the agent in Kata's guest image does not know the kind of device that the runtime gives it: image and runtime " +
      "are of different releases, or the image was built without it",
      "Install runtime, kernel and image of one release of Kata",
      gpuConfig,
    ],
    [
      "provider.mode",
      "cause",
      /VfioDeviceMgr\(InvalidOperation\)/,
      "Dragonball, the VM program in Kata's runtime-rs, was built or set up without hot-plug of PCI devices, and " +
      "cannot take the card",
      "Use QEMU as Kata's VM program for containers with a card",
      gpuConfig,
    ],
    [
      "provider.mode",
      "cause",
      /Number of PCIe (?:Root|Switch) Ports exceeed allowed max|Cannot create PCIe topology/,
      "the VM of the Kata container has fewer PCIe ports than devices are passed to it",
      "Raise pcie_root_port in configuration.toml (hypervisor section) to the number of cards at least",
    ],
    [
      "gpu.driver",
      "cause",
      /Cannot get (?:all )?VFIO devices? from IOMMU(?:FD| group) with device/,
      "Kata finds no VFIO device for the node that the container was given: the card is not bound to vfio-pci, or " +
      "its group has another number since the last boot",
      commandFix("List the groups, and who has each device", "sh -c 'ls /dev/vfio; lspci -nnk'"),
      doctorFix("gpu"),
    ],
    [
      "verify.service",
      "cause",
      /mount operation failed: \/run\/containerd\/\S{1,160}\/rootfs\/proc\/driver\/nvidia: no such file/,
      "NVIDIA's hook on the host prepares a container that runs elsewhere, as Kata's in a VM: the host's driver is " +
      "not there, so --gpus and the runtime nvidia do not work",
      "Leave --gpus out, and pass the card by VFIO (--device /dev/vfio/GROUP) or by Kata's device plugin",
      gpuConfig,
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    source: "Cloud Hypervisor (vmm, pci, arch), read 2026-11; cloud-hypervisor/cloud-hypervisor#6845 (2024-11), " +
      "#5749 (2023-09), #6147 (2024-04)",
  }, [
    [
      "host.memory",
      "cause",
      /IommuDmaMap\(Error\(12\)\)/,
      "Cloud Hypervisor cannot lock the VM's memory for the card: the limit on locked memory is too low, or the " +
      "host's memory too small",
      commandFix("Show the limit of this shell", "ulimit -l"),
      "Raise it where Cloud Hypervisor is started: ulimit -l unlimited, or LimitMEMLOCK=infinity in its unit",
      lessMemory,
    ],
    [
      "gpu.window",
      "cause",
      /IommuDmaMap\(Error\((?:17|22)\)\)/,
      "Cloud Hypervisor gave two memory regions the same addresses in the VM, or such as the host's IOMMU does not " +
      "translate: seen with a second card that was added while the VM ran",
      "Give the VM its cards before it starts (--device; Kata: cold_plug_vfio), and update Cloud Hypervisor",
      "Or run that VM by QEMU",
      hostErrors,
    ],
    [
      "gpu.in-use",
      "symptom",
      /IommuDmaMap\(Error\(\d{1,3}\)\)|Failed to DMA map VFIO device|Failed to map VFIO MMIO region/,
      "the kernel did not let Cloud Hypervisor map memory for the passed card, for the reason of that error number",
      hostErrors,
      doctorFix("iommu"),
    ],
    [
      "guest.image",
      "cause",
      /KernelLoad\((?:Elf|Bzimage|PE)\(|KernelMissingPvhHeader|Kernel lacks PVH header/,
      "the file that Cloud Hypervisor was given as kernel is none that it can start: no vmlinux or bzImage with an " +
      "entry for PVH, and no firmware",
      "Boot a disk by firmware: --firmware CLOUDHV.fd (from Cloud Hypervisor's edk2) or hypervisor-fw",
      "A kernel of your own: build it with CONFIG_PVH=y",
    ],
    [
      "guest.image",
      "cause",
      /Error locking disk images: Another instance likely holds a lock|Cannot lock images of all block devices/,
      "another VM, or one that still runs, has a disk of this VM open",
      commandFix("Check which VMs run", "pgrep -af cloud-hypervisor"),
      "Stop it, or give each VM an image of its own",
    ],
  ]),
  ...rows({ layer: "vfio", source: "Harvester (pcidevices); harvester/harvester#5957 (2024-06)" }, [
    [
      "gpu.in-use",
      "cause",
      /pcideviceclaim \S{1,60} is already in use with vm/,
      "Harvester keeps the device for that VM, and does not take passthrough from it before",
      "Stop the VM, remove the device from it (Edit Config, PCI Devices), save, and then disable passthrough",
    ],
  ]),
];
