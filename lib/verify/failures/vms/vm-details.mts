import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { vmWords as words } from "../fixes.mts";
import { rows } from "../rows.mts";

const vmWords = new RegExp(`${words.source}|virtiofsd`, "i");
const version = commandFix("Show QEMU's version", "qemu-system-x86_64 --version");
const source = "QEMU (hw, qom, target/i386), libvirt (src/network, src/qemu), read 2026-11";

/** Messages of QEMU, libvirt and the kernel that say more than their general forms in other lists. */
export const vmDetailFailures = (): Failure[] => [
  // no other program says this
  ...rows({ layer: "hypervisor", source }, [
    [
      "host.virtualization",
      "cause",
      anyOf(
        /Host doesn't support requested features/,
        /guest CPU doesn't match specification: missing features|the CPU is incompatible with host CPU/,
      ),
      "the VM's CPU model has features that this host's processor, or its KVM, does not have",
      "Use the host's own model: cpu mode='host-passthrough' (libvirt), qm set ID -cpu host (Proxmox), -cpu " +
      "host (QEMU)",
    ],
  ]),
  ...rows({ layer: "hypervisor", source: `${source}; spice-gtk; quickemu-project/quickemu#1240 (2024-05)` }, [
    [
      "provider.mode",
      "cause",
      /neither port nor tls-port specified for spice/,
      "the VM's definition gives SPICE no port",
      "libvirt: <graphics type='spice' autoport='yes'/>; QEMU: -spice port=5930,disable-ticketing=on",
    ],
    [
      "provider.mode",
      "cause",
      /Nested (?:VMX )?virtualization does not support live migration/,
      "a VM that is allowed to run VMs itself (nested virtualization) cannot be migrated, saved or snapshotted while " +
      "it runs, by this QEMU and kernel",
      "Shut it down first; or take vmx (svm) from its CPU: <feature policy='disable' name='vmx'/>",
      "QEMU since 4.1 with Linux since 4.20 can: update both",
    ],
    [
      "provider.mode",
      "cause",
      /No machine specified, and there is no default/,
      "QEMU for this architecture (ARM, RISC-V) has no machine type of its own accord, and the command names none",
      "Write -machine virt; if a program starts QEMU (Multipass, Packer): update it, or name the type in its settings",
    ],
    [
      "provider.version",
      "cause",
      /-set device\.\S{1,80}: there is no device "/,
      "an argument -set in the VM's definition names a device of libvirt, which QEMU does not find since 6.2: " +
      "libvirt writes its devices as JSON",
      "Write it as <qemu:override> (libvirt 8.2 and later): <qemu:device alias='hostdev0'> <qemu:frontend> with " +
      "<qemu:property name='…' type='bool' value='true'/>",
    ],
    [
      "provider.access",
      "symptom",
      /An error occurred, but the cause is unknown/,
      "libvirt does not say what failed; its daemon's log and the VM's may",
      commandFix("Read its daemon's log", "journalctl -b --no-pager -n 50 -u 'virt*' -u libvirtd", { root: true }),
      "Read the VM's log in /var/log/libvirt (qemu, libxl or lxc)",
    ],
    [
      "provider.access",
      "symptom",
      /Boxes-\w{5,10} .{0,60}Failed to execute: virsh capabilities/,
      "GNOME Boxes cannot ask its own libvirt what this host can do, and takes it that there is no KVM",
      commandFix("Read why (flatpak)", "flatpak run --command=virsh org.gnome.Boxes capabilities"),
      "Or use virt-manager with the system's libvirt",
    ],
    [
      "provider.version",
      "cause",
      /Provider doesn't support resource: libvirt_\w/,
      "the release of Terraform's libvirt provider that is installed does not have that resource: it is older or " +
      "newer than the configuration",
      "Name the release that the configuration was written for (version in required_providers), then terraform init " +
      "-upgrade",
    ],
    [
      "provider.access",
      "symptom",
      /GSpice-\w{4,10}: .{0,40}main channel: failed to connect/,
      "the SPICE viewer reaches no server: the VM does not run, its QEMU has no SPICE, or it listens on another port",
      commandFix("Check what listens", "ss -ltn"),
      "Read the VM's log, or the lines of QEMU itself",
    ],
  ]),
  ...rows({ layer: "provider", source: "libvirt (virdevmapper.c), read 2026-11" }, [
    [
      "provider.access",
      "cause",
      /Unable to get devmapper targets for \S/,
      "libvirt cannot ask the device mapper about the VM's disk: most often its module (dm_mod) is not loaded",
      commandFix("Load it", "modprobe dm_mod", { root: true }),
      "So that it stays: write dm_mod into a file in /etc/modules-load.d",
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source: `${source}; pimox/pimox7#118 (2023-01)` }, [
    [
      "provider.mode",
      "cause",
      /XML error: No PCI buses available/,
      "the VM's machine type has no PCI bus for the card (isapc, microvm, or virt without PCI)",
      "Use machine type q35, with pcie-root and pcie-root-port controllers",
    ],
    [
      "provider.mode",
      "cause",
      /Bus 'ide\.\d' not found/,
      "the VM has a drive on IDE, which its machine type does not have (q35 names it SATA; aarch64 has none)",
      "Put the drive on another bus: scsi or sata (Proxmox: qm set ID -delete ide2, then -scsi2 or -sata2)",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /can't apply global [\w.-]{3,80}=|Property '[\w.-]{3,80}' not found/,
        /Property \S{1,80} (?:is not|isn't) (?:available|supported)|has no property named/,
      ),
      "QEMU does not know a property that it was given: this release or machine type names it otherwise, or " +
      "does not have it",
      "Remove it from the VM's arguments (Proxmox: args:; libvirt: qemu:commandline; Packer: qemuargs)",
      version,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /bridge '\w{1,15}' does not exist (?:kvm|qemu-system-\w{3,10}): -netdev/,
        /bridge 'vmbr\d{1,5}' does not exist/,
      ),
      "the bridge that the VM's network names does not exist on this node",
      commandFix("List them", "ip -brief link show type bridge"),
      "Create it under System, Network, and apply it; or name another: qm set ID -net0 virtio,bridge=vmbr0",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /not available for vfio-pci, in use by (?:VGA|qxl-vga|virtio-vga|bochs)/,
      ),
      "the card should get the PCI address that the VM's own graphics device has",
      "Remove the VM's graphics device (Proxmox: vga: none; libvirt: video model none), or the card's addr=",
    ],
    [
      "provider.mode",
      "symptom",
      anyOf(
        /setgroups\(\) failed with error=/,
        /virtiofsd.{0,80}(?:Error creating sandbox|can't (?:create|open) .{0,40}namespace)/,
        /failed to change credentials back to root|Error (?:entering|creating) sandbox/,
      ),
      "virtiofsd lacks a permission that it needs: it runs as your user, or in a container without user namespaces",
      "Let the system's libvirt start it (qemu:///system), or start the Rust virtiofsd with --sandbox none " +
      "as your user",
    ],
    [
      "provider.access",
      "cause",
      /Failed to open \/dev\/nbd\d{1,3}|\/dev\/nbd\d{1,3}\S{0,4}: No such (?:file|device)/,
      "the kernel's module for network block devices (nbd) is not loaded",
      commandFix("Load it", "modprobe nbd max_part=8", { root: true }),
      "Detach afterwards: qemu-nbd -d /dev/nbd0. For a look into an image without it: guestfish, virt-ls",
    ],
    [
      "provider.mode",
      "cause",
      /Unable to write to '\/sys\/fs\/cgroup\/\S{1,160}cpuset\.(?:mems|cpus)': (?!Permission)/,
      "libvirt could not give the VM its CPUs or memory nodes: cputune or numatune names some that are offline " +
      "or not allowed to machine.slice",
      commandFix("Check what is allowed", "cat /sys/fs/cgroup/machine.slice/cpuset.cpus.effective"),
      "Correct cputune and numatune (virsh edit NAME), or what limits machine.slice (isolated CPUs, AllowedCPUs=)",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: vmWords,
    source: `${source}; quickemu-project/quickgui#77 (2022-07), quickemu#1792 (2026-01), #1707 (2025-07)`,
  }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /Display \w{3,12} is incompatible with the GL context/,
        /egl: (?:eglInitialize|gbm_create_device|eglGetDisplay|eglBindAPI|eglChooseConfig|eglMakeCurrent|egl_init_ctx) failed/,
        /egl: (?:no config found|no drm render node|render node init failed|init failed|EGL_\w{6,40} not supported)|eglCreateContext failed/,
        /OpenGL support was not enabled in this build|SPICE GL support is local-only|\(X_GLXCreate\w{3,20}\)/,
        /(?:opengl|OpenGL) (?:is not available|not supported|support is disabled)/,
      ),
      "QEMU's display with OpenGL (gl=on, virtio-vga-gl) does not work here: the display that was chosen has " +
      "none, or the host's GPU driver or /dev/dri/renderD128 is missing",
      "Go without: gl=off and virtio-vga, or -display none with VNC; in libvirt remove <gl enable='yes'/>",
      commandFix("Show the host's render nodes", "ls -l /dev/dri"),
    ],
    [
      "provider.version",
      "cause",
      /(?:QEMU|Qemu) \d{1,2}\.\d{1,2}\.\d{1,2} or newer is required, detected/,
      "quickemu finds a QEMU that is too old; if the version that it detected is newer, it compares them wrongly, " +
      "as quickemu 4.9.7 does with QEMU 10",
      "Detected 10 or newer: update quickemu. Not the installed one: another program of that name is first in PATH",
      commandFix("Check which QEMU it finds", "which -a qemu-system-x86_64"),
    ],
    [
      "provider.version",
      "symptom",
      anyOf(
        /ERROR:\S{0,60}qemu\S{0,80}: assertion failed/,
        /qemu-\S{3,20}: \S{5,80}: \w{3,60}: Assertion `/,
      ),
      "QEMU stopped at a fault of its own (an assertion): a bug of this release, or a device that answers what " +
      "it does not expect",
      version,
      "Update QEMU; with a passed card, power the host off and on first, since a card that hangs causes it too",
    ],
    [
      "guest.image",
      "cause",
      /Backing file specified without backing format/,
      "qemu-img requires the format of the image below (since QEMU 6.1)",
      "Add it: qemu-img create -f qcow2 -b BASE.qcow2 -F qcow2 NEW.qcow2",
    ],
  ]),
  ...rows({ layer: "network", near: vmWords, source }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /firewall_backend '\w{3,12}' requested, but|no (?:usable|valid) firewall backend/,
        /unable to find .{0,20}(?:nft|iptables)\b.{0,20}binary/,
      ),
      "libvirt's network needs nft or iptables, and the configured one is not installed",
      commandFix("Check which there is", "command -v nft iptables"),
      'Install nftables, or write firewall_backend = "iptables" in /etc/libvirt/network.conf, and restart libvirt',
    ],
  ]),
  ...rows({ layer: "kernel", source: "Linux (init/main.c, kernel/module), read 2026-11" }, [
    [
      "iommu.acs",
      "cause",
      /Unknown kernel command line parameters "[^"]{0,300}pcie_acs_override/,
      "this kernel does not know pcie_acs_override: only kernels with the ACS override patch do (Proxmox, " +
      "linux-zen, liquorix)",
      doctorFix("iommu.group"),
      manualFix("Without the patch: move the card to a slot with a group of its own, or pass the whole group"),
    ],
    [
      "iommu.enabled",
      "cause",
      /Unknown kernel command line parameters "[^"]{0,300}(?:\b(?:intel|amd)_?immou|\biommu_(?:intel|amd)|\b(?:intel|amd)-iommu|\bvfio_pci_ids|\bvfio-pci-ids)\b/,
      "a kernel argument for the IOMMU or VFIO is misspelt, and does nothing",
      commandFix("Show the arguments", "cat /proc/cmdline"),
      "The right ones: intel_iommu=on, amd_iommu=on (default), iommu=pt, vfio-pci.ids=10de:2684,10de:22ba",
    ],
  ]),
];
