import { commandFix, doctorFix, kernelLog, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

/** Words of KubeVirt, and of Harvester, which is built on it. */
const near =
  /kubevirt|virt-(?:launcher|handler|controller|operator|api)\b|SyncVMI|VirtualMachineInstance|\bvmi\b|harvester|pcidevices?\b|PCIDeviceClaim|server error\. command \w/i;
const vmi = commandFix("Read the events of the VM", "kubectl describe vmi NAME");
const launcher = commandFix(
  "Read what libvirt and QEMU say in the VM's pod",
  "kubectl logs -l vm.kubevirt.io/name=NAME -c compute --tail=60",
);
const node = commandFix(
  "Check what the nodes offer",
  "kubectl get nodes -o custom-columns=NAME:.metadata.name,HAS:.status.allocatable",
);

/** Errors of KubeVirt and of Harvester's controller of PCI devices, by what they are about. */
export const kubevirtFailures = (): Failure[] => [
  ...rows({ layer: "vfio", near, source: "KubeVirt, harvester/pcidevices (their own messages), read 2026-11" }, [
    [
      "gpu.match",
      "cause",
      /(?:HostDevice|GPU) \S{1,120} is not permitted in permittedHostDevices|is not permitted in (?:permittedHostDevices|kubevirt-host-device-plugin-config)/,
      "KubeVirt does not pass that resource on: it is not in permittedHostDevices of the KubeVirt resource",
      "Add it there, with the same resourceName as in the VM; Harvester: enable passthrough of each function of the " +
      "card (PCI Devices), which adds it",
      commandFix(
        "Check what is permitted",
        "kubectl get kubevirt -A -o jsonpath={..permittedHostDevices}",
      ),
    ],
    [
      "gpu.match",
      "cause",
      anyOf(
        /failed to create mdev type |failed to configure the desired mdev types|failed to remove mdev /,
        /VGPUType specified \S{1,60} is not available|error (?:writing to create file for|identifying) vgpu/,
        /error (?:enable MIG Mode|setting up MIG (?:configuration|instances)|performing sriovmanage operation)/,
      ),
      "the vGPU or MIG instance could not be created: the host's vGPU driver is not loaded, the card does not have " +
      "that profile, or no instance of it is left",
      "List the profiles that are free, on the node: mdevctl types, or nvidia-smi vgpu -c",
      "Stop the VMs that use the card, then change its profile",
      kernelLog,
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /failed to read (?:iommu_group|driver) link |Could not read (?:link|NUMA node) |could not stat the device: /,
        /no device \S{1,20} found at \/sys\/bus\/pci\/drivers\/vfio-pci|failed unbinding driver: /,
        /error checking vfio modules|device still bound to driver, will check again|group mismatch: sys /,
        /invalid allocation request: (?:unknown|invalid) device/,
      ),
      "the device plugin does not find the card where it was: it is not bound to vfio-pci, its address changed, or " +
      "the node has no IOMMU groups",
      doctorFix("gpu"),
      doctorFix("iommu"),
      "Disable and enable the passthrough of the card again, after the VM is off",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /could not determine iommufd (?:support|device)|no iommufd device found|Failed to read VFIO cdev directory/,
        /failed to (?:connect to|read from) IOMMUFD socket|IOMMUFD socket exists but failed/,
        /failed to (?:dup IOMMUFD FD|associate IOMMUFD FD with domain)/,
      ),
      "the VM uses iommufd, and the node's device nodes for it (/dev/iommu, /dev/vfio/devices) are not there or not " +
      "visible in the pod",
      commandFix("On the node", "ls -l /dev/iommu /dev/vfio/devices"),
      "Update the device plugin and KubeVirt together, or turn iommufd off",
    ],
    [
      "provider.mode",
      "cause",
      /HostDeviceNotLiveMigratable|VMI uses a PCI host device|vGPU live migration currently only supports a single vGPU/,
      "a VM with a passed card does not move to another node while it runs",
      "Stop it, and start it on the other node; drain the node with the VM off",
    ],
  ]),
  ...rows({ layer: "hypervisor", near, source: "KubeVirt (its own messages), read 2026-11" }, [
    [
      "host.virtualization",
      "cause",
      anyOf(
        /Insufficient devices\.kubevirt\.io\/kvm|failed to stat hypervisor device/,
        /hardware emulation device '\/dev\/kvm' not present/,
      ),
      "no node offers KVM to KubeVirt: virtualization is off there, or its module is not loaded",
      commandFix("On the node", "ls -l /dev/kvm"),
      doctorFix("host.virtualization"),
    ],
    [
      "guest.firmware",
      "cause",
      /EFI OVMF roms missing for booting in EFI mode/,
      "this KubeVirt's launcher image has no firmware of that kind (Secure Boot, SEV, TDX, or this architecture)",
      "Set firmware.bootloader.efi.secureBoot: false, or use a release that has it",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /failed to start virtqemud|virt(?:qemu|log)d exited, restarting|Domain notify server exited unexpectedly/,
        /with unresponsive command server|No command socket found for vmi|Failed to connect to socket .{0,80}launcher/,
      ),
      "libvirt in the VM's pod ended or does not answer: the pod was stopped, ran out of memory, or QEMU crashed",
      launcher,
      vmi,
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /Failed to collect all expected sidecar hook sockets|executing custom preStart hooks failed|MutateDomain RPC/,
        /sidecar socket \S{1,120} not ready|Hook sidecar does not expose a supported version/,
      ),
      "a hook sidecar of the VM did not start or failed; its container's log says why",
      commandFix("Read it", "kubectl logs -l vm.kubevirt.io/name=NAME --all-containers --tail=40"),
    ],
  ]),
  ...rows({ layer: "provider", near, source: "KubeVirt (its own messages); kubevirt/kubevirt#6731 (2021-11)" }, [
    [
      "host.disk",
      "cause",
      /unable to create \S{1,160}, not enough space, demanded size/,
      "the volume has not enough space for the disk of the VM",
      "Enlarge the volume, or make the disk smaller; file systems keep some 5 % for themselves",
    ],
    [
      "guest.image",
      "cause",
      /preparing host-disks failed: (?!unable to create)|Couldn't set Ownership on |chown \S{1,200}disk\.img: operation not permitted/,
      "KubeVirt is not allowed to make or own the disk on this storage: NFS with root_squash, or a read-only volume",
      "NFS: export it with no_root_squash, or owned by uid 107 (qemu); or use block storage",
      vmi,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /no file found in folder \S{1,120}, no disk present|more than one file found in folder|no supported file disk found/,
        /invalid image in containerDisk|failed to find a sourceFile in containerDisk|could not determine disk file in/,
      ),
      "the image of the containerDisk does not hold exactly one disk file in /disk",
      "Build it from scratch with one qcow2 or raw file in /disk, owned by 107:107",
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /containerdisk \S{1,80} still not ready|container disk socket path not found|kernelboot container still not ready/,
        /failed to bindmount containerDisk|waiting for containerdisks/,
        /preparing ephemeral (?:container disk )?images failed|creating \S{2,20}(?: \S{2,10})? disks? failed|generating local cloud-init data failed/,
      ),
      "a disk of the VM (containerDisk, cloud-init, secret) is not ready: its image does not load, or its source is " +
      "missing",
      vmi,
      launcher,
    ],
    [
      "provider.access",
      "symptom",
      /preparing the pod network failed|PCI-Address for SR-IOV network \S{1,80} not found/,
      "the network of the VM's pod could not be made: its network attachment does not exist, or gives no device",
      vmi,
      "Check that each name in networks is a NetworkAttachmentDefinition of this namespace",
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /server error\. command \w{3,40} failed: |"component":"virt-[a-z]{3,12}".{0,60}"level":"error"/,
        /Failed to sync vmi|handler (?:PCIDevice|GPU|VGPU|MIG|USBDevice|SRIOV)\w{0,40}: .{0,60}(?:error|fail)/,
        /pcidevices\.harvesterhci\.io\S{0,3} denied the request/,
      ),
      "KubeVirt or Harvester reports an error, for the reason in its message",
      vmi,
      launcher,
      node,
      manualFix("The first error of the launcher's log explains those after it"),
    ],
  ]),
];
