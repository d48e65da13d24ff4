import { commandFix, doctorFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

/** Words of virt-install, virt-clone, virt-xml and virt-manager. */
const near = /virt-(?:install|clone|xml|manager|viewer)|virtinst|virtManager|\blibvirt|\bvirsh/i;
const list = commandFix("List the VMs", "virsh -c qemu:///system list --all");
const nodes = commandFix("Show the names of the host's devices", "virsh -c qemu:///system nodedev-list --cap pci");

/** Errors of virt-install and virt-manager about what they are asked for. */
export const virtInstallFailures = (): Failure[] => [
  ...rows({ layer: "provider", near, source: "virt-manager (virtinst, virtManager), read 2026-11" }, [
    [
      "gpu.match",
      "cause",
      anyOf(
        /Did not find a matching node device for '|'? ?corresponds to multiple node devices/,
        /Unknown hostdev address string format|Expected PCI format string for '|Unsupported node device type '/,
        /Could not find matching device 'pci_|no node device with matching name 'pci_/,
      ),
      "libvirt has no device of that name: it is written pci_0000_01_00_0 (domain, bus, slot, function, with " +
      "underscores) or 01:00.0 for --hostdev, and an address changes with the slots",
      nodes,
      doctorFix("gpu"),
    ],
    [
      "provider.access",
      "cause",
      /Could not find domain '|does not have VM '/,
      "libvirt has no VM of that name in this connection",
      list,
      "Your own connection (qemu:///session) has other VMs than the system's (qemu:///system)",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /(?:Size must be specified|size is required) for non.existent (?:volume|disk)|Improper value for 'size'/,
        /Don't know how to create storage for path|Device type '\w{2,10}' requires a path/,
        /Storage volume must be specified as vol=|Format attribute not supported for this volume type/,
        /Cannot use storage \/\S{1,160}: |Clone onto existing storage volume is not currently supported/,
        /(?:usb|virtio|sata|scsi|ide)' disk must not be empty/,
      ),
      "a disk of the VM is not described in full: it has no file and no size, or its folder is no pool of libvirt; " +
      "only a CD drive can be empty",
      "Write --disk path=FILE (one that exists) or --disk size=20; in XML, remove the <disk> without <source>",
      commandFix("List the pools", "virsh -c qemu:///system pool-list --all --details"),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Unknown \S{2,30} options: (?!\['nvram)|Unknown '\S{1,40}' value '|Option '\S{1,40}' had no value set|must be 'yes' or 'no'/,
        /Don't know how to match device type '|Unknown autoconsole type|Unhandled command line options/,
        /Filesystem target '\S{1,120}' must be an absolute path|must be above 5900, or -1 for auto/,
        /location kernel\/initrd (?:may only|must) be specified|Kernel arguments are only supported with location/,
        /Install method does not support initrd injections|NFS URL installs are no longer supported/,
      ),
      "virt-install does not take an option or value so: it is misspelt, incomplete, or does not go with the others",
      "Read what that option takes: virt-install --OPTION=help (for example --disk=help)",
    ],
    [
      "provider.mode",
      "cause",
      /Total CPUs implied by topology \(/,
      "sockets × dies × cores × threads of the VM is not its number of CPUs",
      "Correct --vcpus, or leave the topology out",
    ],
    [
      "guest.firmware",
      "cause",
      anyOf(
        /Couldn't configure UEFI: |Libvirt version does not support UEFI/,
        /(?:SEV|SEV-SNP|TDX) launch security requires a Q35 UEFI machine/,
      ),
      "libvirt finds no UEFI firmware that fits this VM: OVMF is not installed, or the machine type is not q35",
      "Install it (apt: ovmf; dnf: edk2-ovmf; pacman: edk2-ovmf; zypper: qemu-ovmf-x86_64), and use q35",
    ],
    [
      "provider.access",
      "cause",
      /The MAC address '\S{1,20}' is in use by another virtual machine|already in use by another (?:network|guest)/,
      "another VM or network of libvirt has that address or name",
      list,
      "Leave it out, so that a free one is chosen",
    ],
    [
      "provider.mode",
      "cause",
      /Domain to clone must be shutoff|Domain with devices to clone must be (?:shutoff|paused)/,
      "only a VM that is off can be cloned",
      "Shut it down first: virsh shutdown NAME",
    ],
    [
      "tools.present",
      "note",
      /Unable to connect to graphical console: virt-viewer not installed|Permissions on '\S{1,200}' did not stick/,
      "a remark of virt-install; the VM is made all the same",
      "Nothing to do; for the VM's screen install virt-viewer",
    ],
    [
      "provider.access",
      "fallback",
      /virt-(?:install|clone|xml)(?: \d{1,8}\])?:? (?:error|ERROR)\b|ERROR list index out of range|virt-(?:install|clone|xml) --[^]{1,400}\nERROR /,
      "virt-install reports an error, for the reason in its line",
      "Show each step of it: virt-install --debug …",
      "If it ends in a Python traceback: update virt-install (virt-manager's package)",
    ],
  ]),
];
