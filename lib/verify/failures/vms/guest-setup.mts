import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hostErrors } from "../fixes.mts";
import { rows } from "../rows.mts";

const links = commandFix("List the interfaces and their addresses", "ip -brief address");
const disks = commandFix("List the disks, their partitions and file systems", "lsblk -f");
const exportsOf = "Check what the server offers: showmount -e SERVER (NFS), smbclient -L SERVER (SMB)";

/** Network settings, disks and mounts of a machine or of its guest, by program. */
export const guestSetupFailures = (): Failure[] => [
  ...rows({ layer: "network", source: "canonical/netplan (src/parse.c, src/validation.c), read 2026-11" }, [
    [
      "verify.ssh",
      "cause",
      anyOf(
        /(?:Error in network definition: \S|\/etc\/netplan\/\S{1,80}:\d{1,5}:\d{1,4}: (?:Error|Invalid YAML))/,
        /netplan\S{0,12}: .{0,80}(?:Invalid YAML|Error parsing YAML|Only version 2 is supported)/,
      ),
      "netplan does not accept a file of /etc/netplan: at the line and column that it names is an unknown key, a " +
      "wrong indentation, or a value of the wrong form",
      "Correct it there: addresses with a prefix (192.0.2.5/24), and a default route under “routes” (to, " +
      "via) in place of " +
      "“gateway”",
      commandFix("Then try it: without an answer the old settings come back", "netplan try", { root: true }),
    ],
    [
      "verify.ssh",
      "note",
      anyOf(
        /(?:Permissions for \/etc\/netplan\/\S{1,80} are too open|`gateway[46]` has been deprecated)/,
        /(?:Cannot call Open vSwitch: ovsdb-server\.service is not running|Falling back to a hard restart of systemd-networkd)/,
      ),
      "a warning of netplan that is harmless: the settings were taken",
      "If nothing else is wrong: nothing to do (chmod 600 FILE; routes: in place of gateway4:)",
    ],
  ]),
  ...rows({ layer: "network", source: "systemd (networkd), cloud-init; kubevirt/kubevirt#13376 (2024-11)" }, [
    [
      "verify.ssh",
      "symptom",
      /Failed to start .{0,60}Wait for Network to be (?:Configured|Online)|ci-info: \| (?:e[nt]\w{1,12}) \| False /,
      "the machine came up without its network: no DHCP server answered in time, or its network settings do not fit",
      links,
      "Check whether libvirt's network runs (virsh net-list --all), and that the host's firewall lets DHCP in from " +
      "virbr0",
    ],
  ]),
  ...rows({
    layer: "network",
    near: /networkd|NetworkManager|nmcli|dhclient|dhcpcd|udhcpc|DHCP|netplan|wait-online|connection activation/i,
    source: "systemd (networkd), NetworkManager (src/nmcli), ISC dhclient, read 2026-11",
  }, [
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /(?:Timeout occurred while waiting for network connectivity|Failed to wait for network: |wait-online\S{0,40}: .{0,60}(?:timed out|timeout|Failed with result))/,
        /(?:No DHCPOFFERS received|No working leases in persistent database|Unable to obtain a DHCP lease on)/,
        /(?:udhcpc: no lease, failing|dhcpcd\S{0,20}: timed out|DHCPv4 connection considered|no IPv4LL address)/,
        /(?:IP configuration could not be reserved|No suitable device found for this connection)/,
      ),
      "an interface of this machine got no address: its network has no DHCP server that answers, the interface has " +
      "another name than the settings say, or it has no link",
      links,
      commandFix(
        "For a VM of libvirt: see that its network runs, and who got an address",
        "virsh -c qemu:///system net-list --all; virsh -c qemu:///system net-dhcp-leases default",
      ),
      "A firewall of the host can drop DHCP (udp 67) from virbr0; an interface that is not needed gets " +
      "optional: true",
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /(?:Error: (?:unknown connection|Device) '[^']{1,40}'(?: not found)?\.|no such connection profile)/,
        /(?:Could not find (?:an )?interface "?\S{1,20}"?|Cannot find device "\S{1,20}")/,
      ),
      "a command or file names a network interface or connection that this machine does not have: most often " +
      "its name changed with the machine type or the slot",
      links,
      "Match it by its MAC address (“macaddress” in netplan) rather than by its name",
    ],
  ]),
  ...rows({
    layer: "kernel",
    near: /growpart|resize2fs|xfs_growfs|parted|sfdisk|mkfs|mke2fs|fdisk|lvextend|vgextend|pvresize/i,
    source: "canonical/cloud-utils (growpart), e2fsprogs, parted, util-linux, LVM 2, read 2026-11",
  }, [
    [
      "host.disk",
      "note",
      /(?:NOCHANGE: (?:partition|disk) \S{1,20} |filesystem is already \d{1,12} .{0,20}blocks long\. {1,2}Nothing to do)/,
      "nothing is wrong: the partition or file system already fills the room it has; a bigger disk is not there yet",
      "Enlarge the disk first (a VM's disk: qemu-img resize while it is off, virsh blockresize while it runs), " +
      "then run it again",
      disks,
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /(?:FAILED: (?:failed to (?:get start and end|dump sfdisk|make temp dir|read)|unable to determine|disk=)|failed \[(?:sfdisk|sgdisk|sfd_list))/,
        /(?:GPT PMBR size mismatch|Not all of the space available to \/dev\/\S{2,12} appears|backup GPT table is not)/,
      ),
      "the partition was not enlarged: the partition table still has the old size of the disk, or another " +
      "partition is behind it",
      disks,
      commandFix("Move the table's end to the end of the disk", "sgdisk -e /dev/DISK", { root: true }),
      "Then growpart /dev/DISK NUMBER; a partition after it (swap) has to go first",
    ],
    [
      "host.disk",
      "cause",
      /(?:Bad magic number in super-block while trying to open|is not a mounted XFS filesystem|Couldn't find valid filesystem superblock)/,
      "the program is for another kind of file system, or the device holds none: XFS grows by xfs_growfs, Btrfs by " +
      "btrfs filesystem resize, ext4 by resize2fs",
      disks,
      "Give the partition or volume, not the disk (/dev/vda1, /dev/mapper/…); XFS takes the mount point",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /(?:is apparently in use by the system; will not make|contains a mounted filesystem|(?:is|are) (?:currently )?in use.{0,40}(?:parted|sfdisk|--no-reread|refusing))/,
        /(?:unable to inform the kernel of the change|Re-reading the partition table failed\.?: Device or resource busy)/,
        /(?:appears to contain (?:an existing|a partition table|a \w{2,8} file)|Use the -f option to force overwrite)/,
      ),
      "the disk is in use, or holds data: the program refuses to write a new table or file system on it",
      disks,
      "Check that it is the right disk. Unmount it, turn its swap and LVM off, or reboot for the new table",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /(?:unrecogni[sz]ed disk label|Can't have overlapping partitions|is outside of the device|Unable to satisfy all constraints)/,
        /(?:Insufficient (?:free space: \d{1,9} extents|suitable allocatable extents)|Volume group "\S{1,40}" (?:not found|has insufficient))/,
      ),
      "the disk has no partition table yet, or no room at that place: a new disk needs mklabel first, a " +
      "volume group " +
      "a bigger or further disk",
      disks,
      "A new, empty disk: parted -s /dev/DISK mklabel gpt. LVM: pvresize or vgextend, then lvextend -r",
    ],
  ]),
  ...rows({ layer: "kernel", source: "util-linux, nfs-utils, cifs-utils, Linux (fs/9p, net/9p), read 2026-11" }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /unknown filesystem type '(?:virtiofs|9p|nfs4?|cifs|prl_fs|fuse\S{0,12}|exfat|ntfs3?|zfs|xfs|btrfs|vmhgfs)'/,
        /mount: .{0,80}(?:virtiofs|9p|prl_fs): No such device/,
      ),
      "the kernel of this machine has no driver for that kind of file system, or the program for it is not installed",
      commandFix("Check whether the module is there", "modprobe -v virtiofs", { root: true }),
      "virtiofs needs Linux 5.4 and its module (cloud kernels and older images lack it, RHEL has no 9p): use a " +
      "current image or share by NFS or rsync; nfs-common and cifs-utils for shares",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /9pnet_virtio: no channels available for device \S|9pnet: Could not find request transport: virtio|9p: Unknown \w{2,12} argument/,
        /mount -t (?:9p|virtiofs) [^]{1,300}?wrong fs type, bad option/,
      ),
      "the guest cannot mount the share (9p, virtiofs): its tag differs from the VM's definition, its module is not " +
      "loaded, or an option is unknown to it",
      "Compare the tag with <target dir='…'/> of the VM, and load the module: modprobe 9pnet_virtio (virtiofs)",
      "Vagrant: leave owner: and access: of the synced folder out (9p takes any, client, user or a number)",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /mount error\((?:13|112|113|111|115|110|2|5|6|16|22|95|121)\): \S/,
        /mount\.nfs\d?: (?:access denied by server|Connection (?:timed out|refused)|No route to host|Failed to resolve server|requested NFS version|Protocol not supported|an incorrect mount option|Stale file handle|mounting \S{1,160} failed, reason given by server)/,
        /(?:rpc\.statd is not running but is required|NFS: nfs4_discover_server_trunking unhandled error|CIFS: VFS: .{0,80}(?:STATUS_\w{4,30}|cifs_mount failed|cannot mount|error|Send error)|cifs_mount failed w\/return code)/,
      ),
      "the share cannot be mounted: the server does not answer, does not offer it to this machine, or asks " +
      "for another version, user or password",
      exportsOf,
      "SMB: name user and password (credentials=FILE; of Windows the account's own, no PIN), vers=3.0. NFS: " +
      "nfsvers=4, and the export for this machine's address. A firewall between them must let ports 445 or 2049 " +
      "through",
    ],
    [
      "host.disk",
      "cause",
      /(?:special device \/\S{1,120} does not exist|mount: \S{1,120}: mount point does not exist|can't find (?:UUID=|LABEL=|PARTUUID=|\/)\S{1,120}(?: in \/etc\/fstab|\.$))/,
      "the disk, or the folder where it should be mounted, does not exist: the device has another name here, or " +
      "its UUID changed when it was formatted",
      disks,
      "Write the UUID that blkid shows into /etc/fstab, with nofail, and create the folder",
    ],
  ]),
  ...rows({
    layer: "kernel",
    near: /kernel|grub|initramfs|initrd|dracut|init\b|boot/i,
    source: "Linux (init/main.c), GRUB 2, dracut, systemd, read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /(?:No working init found|Requested init \S{1,60} failed|Failed to execute \S{0,40}init \(error -\d{1,3}\))/,
        /(?:(?:switch_root|run-init): (?:failed|can't|opening)|Target filesystem doesn't have (?:requested )?\/\S{1,20}init|Failed to switch root)/,
      ),
      "the kernel found its root file system and no program to start on it: the disk is empty or damaged, is for " +
      "another processor, or the wrong partition was named as root",
      "Show the root= of the kernel's command line, and mount that disk in a rescue system",
      "A VM of this project: recreate it",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /(?<!grub2?-(?:probe|install|mkconfig): )error: (?:file `\S{1,120}' not found|unknown filesystem|no such device: [\w-]{2,40}\.|disk `\S{1,60}' not found|no such partition|attempt to read or write outside of (?:disk|partition)|you need to load the kernel first|symbol `\S{1,40}' not found|invalid arch)/,
        /(?:Minimal BASH-like line editing is supported|grub rescue>|error: (?:bad shim signature|\S{1,80} has invalid signature|prohibited by secure boot policy))/,
      ),
      "GRUB does not find or is not allowed to start the kernel: its files are on another disk or damaged, GRUB " +
      "and its modules are of two releases, or Secure Boot refuses the kernel's signature",
      "From a rescue system: grub-install on that disk, then update-grub (grub2-mkconfig)",
      "For “bad shim signature”: turn Secure Boot off, or start a kernel that the distribution signed",
    ],
    [
      "guest.image",
      "cause",
      /Can't write to \S{1,160}: Directory \S{1,160} does not exist or is not accessible/,
      "dracut has no folder for the initramfs: the EFI or boot partition is not mounted, or this system names the " +
      "file otherwise (kernel-install)",
      commandFix("Check which is mounted", "findmnt /boot /boot/efi /efi"),
      "Mount it (sudo mount /boot/efi), or use the distribution's own command (EndeavourOS: reinstall-kernels or " +
      "dracut-rebuild)",
    ],
    [
      "guest.image",
      "symptom",
      /(?:dracut\S{0,20}: (?:FATAL|FAILED|Failed to install|installkernel failed)|==> ERROR: (?:module not found|file not found|Hook|'\S{1,80}' must be))/,
      "the initramfs was not built, or lacks a module or file that its settings name: the next boot uses the " +
      "old one " +
      "or fails",
      "Remove the name that the line shows from /etc/initramfs-tools/modules, /etc/dracut.conf.d or " +
      "/etc/mkinitcpio.conf (kernel 6.2 and later have no vfio_virqfd), and build it again",
      hostErrors,
    ],
    [
      "guest.image",
      "note",
      /Initramfs unpacking failed: (?:Decoding failed|invalid magic at start of compressed archive)/,
      "a message that is harmless where the system goes on to boot (LZ4, or padding after a microcode archive)",
      guestFix("If it does not boot: rebuild the initramfs", "update-initramfs -u -k all"),
    ],
  ]),
];
