import type { Failure } from "../types.mts";
import { commandFix, doctorFix, remedies } from "../../../fixes.mts";
import { libvirtSource, powerCycle, vfioWords, vmWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const drivers = commandFix("Check which driver has the card", "lspci -nnk -d ::03xx");

/** Sentences of libvirt about a VM's devices and definition that no other table has, by topic. */
export const libvirtDefinitionFailures = (): Failure[] => [
  ...rows({ layer: "vfio", near: vfioWords, source: libvirtSource }, [
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /PCI device \S{1,20} is (?:already |still )?in use(?! by driver)/,
        /Not (?:resetting|detaching|reattaching) active device \S/,
        /PCI slot \S{1,20} already in use/,
      ),
      "libvirt counts the card as used: another VM has it, or a part of it (its audio function) stayed with one",
      remedies.otherVm,
      "If no VM has it: restart libvirt's daemon, which then counts again",
    ],
    [
      "gpu.match",
      "symptom",
      /Failed to (?:open config space file|read from) '\/sys\/bus\/pci\/devices/,
      "libvirt cannot read a PCI device: it runs in a container with a read-only /sys, or the device left the bus",
      "If it is not the card: nothing to do; otherwise see that the card is there and answers",
      drivers,
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /drivers\/vfio-pci\/(?:bind|new_id)['"]?: (?:write error: )?(?:invalid argument|no such device)/,
        /stat \/dev\/vfio\/(?:\d{1,4}|devices\/vfio\d{1,4}): no such file/,
      ),
      "vfio-pci does not have the card: the IOMMU is off (invalid argument), or another driver took the card (again)",
      drivers,
      doctorFix("iommu.enabled"),
      remedies.bindAtBoot,
    ],
    [
      "gpu.reset",
      "cause",
      /Active \S{1,20} devices on bus with \S{1,20}, not doing bus reset/,
      "the card can only be reset together with other devices on its bus, and one of them is in use",
      "Pass all functions of the card (its audio, USB) to the same VM, and leave the others to vfio-pci",
      doctorFix("gpu.reset"),
      powerCycle,
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /Failed to probe driver \S{1,20}: |Attempting to use unknown stub driver|No stub driver configured for PCI/,
        /Invalid device \S{1,20} driver file|Failed to (?:un)?bind PCI device \S{1,20} (?:from|to)/,
        /host device driver name '\w{1,12}' is not supported/,
      ),
      "libvirt could not give the card to vfio-pci: that module does not load here, or the VM's definition names " +
      "an old driver (kvm)",
      commandFix("Load it", "modprobe vfio-pci", { root: true }),
      drivers,
      remedies.bindAtBoot,
    ],
    [
      "gpu.match",
      "cause",
      /mdev device not found|mediated device \S{1,40} is not found|could not access \/sys\/bus\/mdev/,
      "the virtual GPU (mdev) that the VM asks for does not exist: it has to be created again after each boot of " +
      "the host",
      commandFix("List them", "ls /sys/bus/mdev/devices"),
      "Create it with mdevctl define --auto, which keeps it over a boot",
    ],
    [
      "provider.mode",
      "cause",
      /command 'device_add': Property '[\w.-]{1,60}' can't find value/,
      "QEMU did not open that disk: its module for the disk's kind (qemu-block-extra) is missing, or QEMU was " +
      "updated while the VM ran",
      "Install the module (apt: qemu-block-extra; dnf: qemu-block-curl and others), then shut the VM down and start it",
    ],
    [
      "provider.mode",
      "symptom",
      anyOf(
        /unable to execute QEMU command 'device_add'/,
        /unable to execute QEMU command 'device_del'|Bus '?\S{0,20}'? ?does not support hotplugging/,
      ),
      "a device could not be added to or removed from the running VM",
      "Shut the VM down, change its definition, and start it again; to add cards at run time it needs free " +
      "pcie-root-ports",
    ],
    [
      "provider.mode",
      "symptom",
      /Resetting the Virtual Machine is required/,
      "the VM crashed or was stopped by QEMU, and goes on only after a reset",
      commandFix("Read the VM's own log", "tail -n 40 /var/log/libvirt/qemu/NAME.log", { root: true }),
      "Then reset it: virsh reset NAME",
    ],
    [
      "host.memory",
      "cause",
      /cannot limit locked memory (?:of process \d{1,9} )?to/,
      "libvirt is not allowed to raise the limit on locked memory that a VM with a card needs: it runs in a " +
      "container, or as your user",
      "Use qemu:///system rather than qemu:///session; in a container: give it the capability SYS_RESOURCE or " +
      "ulimits: {memlock: -1}",
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source: libvirtSource }, [
    [
      "guest.firmware",
      "cause",
      anyOf(
        /ACPI must be enabled in order to use UEFI|ACPI requires UEFI on this architecture/,
        /Secure boot (?:is supported (?:with|for)|requires SMM)/,
        /Only EFI firmware permits NVRAM|NVRAM (?:template )?is not permitted when/,
      ),
      "the VM's UEFI firmware needs settings that its definition lacks: ACPI, machine type q35, and SMM for " +
      "Secure Boot",
      "Write <acpi/> and <smm state='on'/> in features, and machine='q35'; or use firmware without Secure Boot",
      "On ARM: <os firmware='efi'>, or a loader together with its nvram",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /machine type '[^']{1,40}' is not supported by emulator/,
        /machine type '[^']{1,40}' does not support/,
      ),
      "this QEMU does not have the machine type of the VM's definition: the VM was made with a newer or another QEMU",
      commandFix("List the types", "qemu-system-x86_64 -machine help"),
      "Write machine='q35' in the domain (virsh edit): libvirt then takes the newest that there is",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Unknown CPU model \S{1,40}|unable to find CPU model/,
        /require extended interrupt mode|Maximum CPUs greater than/,
        /CPU topology doesn't match (?:maximum|desired|the)/,
      ),
      "the VM asks for a CPU model, a number of CPUs or a topology that QEMU or its machine type does not have",
      "Use cpu mode='host-passthrough', and sockets × cores × threads equal to vcpus; above 255 CPUs: a vIOMMU " +
      "with eim='on'",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /could not find capabilities for arch|Host does not support virtualization type '|unable to find (?:the|any) emulator|No emulator found for/,
        /cannot execute binary \/\S{1,80}: (?:No such file|Exec format)|Cannot find QEMU binary/,
        /cannot execute binary \/\S{0,60}(?:qemu|kvm)\S{0,30}: Permission denied/,
      ),
      "QEMU for that architecture is not installed, or libvirt cannot run the emulator that the VM's definition names",
      commandFix("Check what libvirt knows", "virsh -c qemu:///system capabilities"),
      "Write <emulator>/usr/bin/qemu-system-x86_64</emulator>; one elsewhere (/usr/local/bin, a script) needs its x " +
      "bit and a line in AppArmor's profile",
    ],
    [
      "provider.access",
      "cause",
      /cannot execute binary \/\S{1,80}: Permission denied|swtpm_setup'\. exitstatus ?: ?126\b/,
      "AppArmor or SELinux forbids libvirt to run the program that the line names, or it has no x bit",
      commandFix("Read what was refused", "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'", { root: true }),
      "Update the policy with libvirt (selinux-policy, AppArmor's profiles), and use the distribution's program",
    ],
    [
      "guest.image",
      "cause",
      /storage type 'dir' requires use of storage format 'fat'/,
      "a CD or disk of the VM's definition is a folder: no ISO file was chosen in it",
      "Choose the file itself (virt-manager: Browse), or virsh edit NAME",
    ],
    [
      "provider.mode",
      "cause",
      /per-device boot elements cannot be used together with os\/boot elements/,
      "the VM's definition has two kinds of boot order: <boot dev='…'/> in <os>, and <boot order='…'/> in a device",
      "Remove one of the two (virsh edit NAME)",
    ],
    [
      "provider.mode",
      "cause",
      /domain already has an? (?:iommu|TPM|vsock|watchdog|memballoon|rng|panic) device/i,
      "the VM has a device of that kind already, and one is all that it can have",
      "Detach the other one first, or change it (virsh edit NAME); see it: virsh dumpxml NAME",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /virtiofs is not (?:yet )?supported in session mode/,
        /could not start virtiofsd/,
        /\bvirtiofsd\S{0,12} (?:died|failed|exited)/,
      ),
      "a shared folder by virtiofs does not start: virtiofsd is missing or is not allowed to read the folder, or " +
      "libvirt runs as your user",
      "Install virtiofsd, use qemu:///system, and give the VM shared memory (memoryBacking, access mode='shared')",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /IDE controllers are unsupported for this|Target domain has no PCI support/,
        /(?:is|are) not supported by this QEMU binary|not supported (?:with|in) this QEMU binary/,
      ),
      "the VM's definition has a device that its machine type or this QEMU does not have (q35 has no IDE)",
      "Use SATA or virtio disks with q35, and remove devices such as SPICE or QXL that this QEMU was built without",
    ],
  ]),
];
