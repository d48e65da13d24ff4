import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

const source = "libguestfs and guestfs-tools (virt-customize, -resize, -builder, -sysprep), read 2026-11";
const near = /libguestfs|guestfish|guestmount|virt-(?:customize|resize|sysprep|builder|sparsify|copy-in|edit|deploy)/;
const test = commandFix("Test libguestfs itself", "LIBGUESTFS_BACKEND=direct libguestfs-test-tool");
const parts = commandFix("List what is in the image", "virt-filesystems --all --long -h -a IMAGE");

/** Errors of libguestfs and of its tools that change disk images of VMs. */
export const libguestfsFailures = (): Failure[] =>
  rows({ layer: "provider", near, source }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /cannot find any suitable\s{1,9}libguestfs supermin|(?:curl|virt-resize) is not installed \(or does not work\)/,
        /no GNU Privacy Guard \(GnuPG, gpg\) binary was found|no kernel found in \S/,
      ),
      "a part of libguestfs is missing on this host: the small VM that it starts (its appliance), supermin or a tool",
      "Install all of it (apt: libguestfs-tools; dnf: guestfs-tools; pacman: guestfs-tools; NixOS: " +
      "libguestfs-with-appliance)",
      test,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /passt (?:exited with status|was killed with signal) \d|internal error: unexpected exit status from passt/,
        /^PID file open: Permission denied/,
      ),
      "passt, the network of libguestfs's small VM, does not start: as root it becomes nobody, who may not write to " +
      "root's folder, or AppArmor or SELinux forbids it",
      "Run the command without sudo on an image of your own; or, if the change needs no network, with --no-network",
      "Or remove the package passt: libguestfs then uses QEMU's own network",
    ],
    [
      "provider.access",
      "cause",
      /could not create appliance through libvirt|libguestfs.{0,30} could not connect to libvirt \(code|libvirt hypervisor doesn['’]t support qemu or KVM/,
      "libguestfs starts its small VM by libvirt, which may not read the image or does not run; it needs no libvirt",
      "Let it start QEMU itself: export LIBGUESTFS_BACKEND=direct, and run the command again in the same shell",
    ],
    [
      "tools.present",
      "symptom",
      anyOf(
        /guestfs_launch failed|libguestfs appliance (?:failed to start|crashed)/,
        /appliance closed the connection unexpectedly|qemu launched and contacted daemon, but state != READY/,
      ),
      "libguestfs's small VM did not start, or crashed: QEMU, KVM, the memory or this host's kernel " +
      "(/boot/vmlinuz-*, which Ubuntu keeps private) is not at its disposal",
      test,
      "Without KVM, as in a container or a VM: export LIBGUESTFS_BACKEND_SETTINGS=force_tcg",
      commandFix("Let it read this host's kernel", "chmod 0644 /boot/vmlinuz-*", { root: true }),
    ],
    [
      "provider.access",
      "note",
      /This user cannot access \/dev\/kvm, so libguestfs may run very slowly/,
      "libguestfs works without KVM, and slowly: your user is not in the group kvm",
      "If that is too slow: add your user to the group kvm, and log in again",
    ],
    [
      "provider.access",
      "cause",
      /security: cached appliance \S{1,120} is (?:not (?:a directory|owned by UID)|writable by group or other)/,
      "libguestfs does not trust its cached appliance, which belongs to another user or can be written by others",
      "Remove that folder (/var/tmp/.guestfs-UID); libguestfs builds it again",
    ],
    [
      "guest.image",
      "cause",
      /error: domain is a live virtual machine|Writing to the disks of a running virtual machine/,
      "the VM runs, and libguestfs does not write to the disk of a running VM",
      commandFix("Shut it down first", "virsh shutdown NAME"),
      "Or only read: --ro",
    ],
    [
      "host.disk",
      "cause",
      /There may not be enough free space on \S/,
      "the folder for temporary files has too little room for a copy of the disk image",
      "Choose another one: export TMPDIR=/a/folder/with/room",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /There is a deficit of \d{1,20} bytes|cannot use --(?:expand|shrink) when there is no (?:surplus|deficit)/,
        /images cannot be shrunk, the\s{1,9}output size is too small|output size is too large for this block device/,
        /new partition size is zero or negative|(?:will|might) be damaged by\s{1,9}shrinking/,
        /: partition size \d{1,20} < (?:filesystem|physical volume) size/,
      ),
      "the sizes do not go together: the new disk is smaller than what virt-resize shall write to it",
      "Make the new disk larger: qemu-img create -f qcow2 NEW.qcow2 40G",
      parts,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /(?:partition|logical volume) not found in the source disk image|the source disk has no partitions/,
        /unknown\/unavailable method for expanding|unknown partition table type|cannot detect input disk format/,
      ),
      "virt-resize does not find that partition in the image (/dev/sda5 is often the number of an older release), or " +
      "cannot enlarge its file system",
      parts,
      "A cloud image enlarges its own disk at its first boot: qemu-img resize IMAGE 40G is enough",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /no operating systems? (?:were |was )?found|no guest operating systems or multiboot OS found/,
        /dual\/multi-boot images are not supported|multi-boot operating systems are not supported/,
      ),
      "libguestfs finds no system in that image, or more than one: it is another kind of file, encrypted, or damaged",
      commandFix("Check the file", "qemu-img info IMAGE"),
      parts,
    ],
    [
      "guest.image",
      "cause",
      /host cpu \([^)\n]{1,20}\) and guest arch \([^)\n]{1,20}\) are not\s{1,9}compatible/,
      "the image is for another processor than this host's, so that nothing can be run or installed in it here",
      "Fetch the image for this host's processor, or do it at the first boot: --firstboot-install, --firstboot",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /cannot find os-version ['‘]|GPG failure: could not|checksum of template did not match|template not downloaded or/,
        /failed to download \S{1,200}: HTTP status|The index file downloaded from|there is no detached signature file/,
      ),
      "virt-builder does not have that template, or its download or its cache is broken",
      commandFix("List the templates", "virt-builder --list"),
      commandFix("Empty the cache", "virt-builder --delete-cache"),
    ],
    [
      "provider.mode",
      "cause",
      /^virt-\w{3,12}: error: (?:you (?:cannot|must) (?:use|give|pass) |--(?!install)[\w/-]{1,60}:? |too many parameters|.{0,40}Missing ['‘])/,
      "the command's options do not go together, or one is missing",
      manualFix("Correct the option that the line names; --help lists them"),
    ],
  ]);
