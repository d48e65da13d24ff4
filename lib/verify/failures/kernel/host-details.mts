import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { kernelArgument, vmWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const near = new RegExp(
  `vfio|lxc|incus|requested GPU device|device "gpu|nodedev|driver_override|hook|${vmWords.source}`,
  "i",
);
const drivers = commandFix("Check which driver has the card", "lspci -nnk -d ::03xx");
const kernel = commandFix("Read the kernel's lines", "dmesg --level err,warn | tail -n 40", { root: true });
const vmLog = commandFix("Read the VM's own log", "tail -n 40 /var/log/libvirt/qemu/NAME.log", { root: true });
const nothing = "If nothing else is wrong: nothing to do; look for another error";
const source = "Linux (drivers/vfio, drivers/iommu, arch/x86/kvm), QEMU, virt-install, read 2026-11";

/** Messages of the host's kernel, virsh and virt-install that say more than their general forms in other lists. */
export const hostDetailFailures = (): Failure[] => [
  ...rows({ layer: "kernel", source }, [
    [
      "host.virtualization",
      "cause",
      /could not insert 'kvm_(?:intel|amd)': (?:Operation not supported|Input\/output error)/,
      "the processor offers no hardware virtualization here: it is off in the firmware's setup, or this is a VM " +
      "without nesting",
      remedies.virtualization,
      doctorFix("host.virtualization"),
    ],
    [
      "iommu.enabled",
      "cause",
      /IOMMU not currently supported when SME is active/,
      "the kernel encrypts memory (SME), and then leaves this IOMMU off",
      kernelArgument("mem_encrypt=off")({}),
    ],
    [
      "host.virtualization",
      "note",
      anyOf(
        /took a split_lock trap at address/,
        /SMP vm created on host with unstable TSC/,
      ),
      "a remark of KVM about a guest: with split locks, the kernel slows the guest down on purpose",
      nothing,
      manualFix("If a guest (a game) stutters by it: the kernel argument split_lock_detect=off", {
        root: true,
        reboot: true,
      }),
    ],
  ]),
  ...rows({ layer: "vfio", near, source: `${source}; ilayna/Single-GPU-passthrough-amd-nvidia#28 (2023-12)` }, [
    [
      "gpu.driver",
      "cause",
      /\+ modprobe nvidia\w{0,10} modprobe: ERROR: could not insert 'nvidia\w{0,10}': No such device/,
      "NVIDIA's driver found no card that it may take: after the VM the card is still on vfio-pci, or did " +
      "not come back",
      drivers,
      commandFix("Give it back to the host", "virsh -c qemu:///system nodedev-reattach pci_0000_01_00_0", {
        root: true,
      }),
      "If it is not listed at all: power the host off and on",
    ],
    [
      "gpu.in-use",
      "cause",
      /vfio-pci.{0,40} failed with error -16\b|\/vfio-pci\/bind: (?:write error: )?device or resource busy/,
      "the kernel did not give the card to vfio-pci, since another driver, or the host's console, still uses it",
      drivers,
      remedies.bindAtBoot,
    ],
    [
      "gpu.in-use",
      "symptom",
      /\[<[0-9a-f]{1,16}>\] vfio_intx_handler/,
      "the card shares its interrupt line (INTx) with another device, and the kernel turned that line off: both hang",
      "Let the guest use MSI: NVIDIA's and AMD's drivers do, older Windows drivers need MSISupported=1 in " +
      "the registry",
      "Move the card, or the other device of that line (/proc/interrupts), to another slot",
    ],
    [
      "guest.firmware",
      "cause",
      /Lockdown: .{1,40}: direct PCI access is restricted/,
      "Secure Boot locks the host's kernel down, and a program is not allowed to reach the card past the driver",
      "QEMU with vfio-pci does not need it: run it so, or turn Secure Boot off in the host's firmware setup",
    ],
    [
      "gpu.display",
      "note",
      /No more image in the PCI ROM|Could not read option rom/,
      "the card's ROM, or the file given for it, has no image for this kind of firmware; computing needs none",
      "If the VM should show a picture through the card: give a ROM file that was read while the card was no boot GPU",
    ],
    [
      "gpu.match",
      "cause",
      /Failed to detect requested GPU device/,
      "LXD or Incus finds no card with that address or id: it is bound to another driver, or the address has changed",
      drivers,
      "List the cards that it knows: lxc info --resources (incus info --resources), and correct pci= of the device",
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /Duplicate ID '[^']{1,60}' for|Duplicate device ID '|Parameter '[^']{1,60}' (?:expects|is missing|is unexpected|must be)/,
        /Property '[^']{1,80}' cannot be set: /,
        /(?:kvm|qemu-system-\w{3,10}): -[\w-]{2,30}(?: \S{1,200})?: (?:invalid option|requires an argument|unknown option)/,
      ),
      "QEMU does not take an option: it is written wrong, is given twice, or this QEMU is too old or too new for it",
      "Correct it where it comes from: args: of the VM (Proxmox), qemu:commandline (libvirt), qemuargs (Packer)",
    ],
    [
      "provider.access",
      "cause",
      /CURL: Error opening file|Unknown protocol 'https?'|Could not open 'https?:\/\//,
      "QEMU cannot read its image or ISO from the network: no network at that time, or its block driver for https " +
      "is not installed",
      "Fetch the file first, and name the file; or install qemu-block-extra (Debian), qemu-block-curl (Fedora)",
    ],
    [
      "provider.access",
      "cause",
      /romfile '[^']{1,160}' (?:does not exist|not found)/,
      "the card's ROM file is not there: Proxmox looks for it in /usr/share/kvm",
      "Put it there, or remove romfile= from hostpci0: computing needs none",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /tpm-emulator: (?:Could not connect|Setting the stream|Failed to)/,
        /swtpm.{0,40}(?:terminated|No TPM state)/,
      ),
      "the VM's emulated TPM (swtpm) is gone or does not answer QEMU",
      "Stop the VM fully and start it again; if the error remains, read its log in /var/log/swtpm (Proxmox: " +
      "/run/qemu-server/ID.swtpm)",
      "A lab needs no TPM: remove it from the VM (virsh edit; qm set ID -delete tpmstate0)",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /Unable to (?:read from|write to) monitor: |client socket is closed/,
        /Could not initialize SPICE|Viewer was disconnected/,
      ),
      "the VM's QEMU, or libvirt's daemon, ended while something was connected to it",
      vmLog,
      kernel,
    ],
  ]),
  ...rows({
    layer: "provider",
    near:
      /virt-install|virsh|domain_definition|virt-manager|libguestfs|supermin|libvirt|osinfo|^ERROR {2}|--disk|--location|guest name/i,
    source,
  }, [
    [
      "provider.mode",
      "cause",
      /Unknown --(?!boot)[\w-]{3,20} options: \[/,
      "virt-install reads a part of the value as an option: an address with “=” or “,” in it, or a misspelt key",
      "Fetch the file first and name the file; see the keys: virt-install --disk help (--location help)",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Must specify storage creation parameters for non-existent path|Validating install media '[^']{1,200}' failed/,
        /Couldn't find kernel for install tree/,
      ),
      "virt-install does not find the medium: the file does not exist or cannot be read, or the address of " +
      "--location is not an install tree",
      "Check the path; for an ISO use --cdrom FILE or --location FILE,kernel=…,initrd=…; for a cloud image --import",
    ],
    [
      "provider.access",
      "cause",
      /Could not start storage pool '|Couldn't create (?:default )?storage (?:pool|volume)/,
      "libvirt's storage pool does not start: its folder is gone or cannot be used",
      commandFix("List the pools", "virsh -c qemu:///system pool-list --all --details"),
      commandFix(
        "Create its folder and start it",
        "virsh -c qemu:///system pool-build default; virsh -c qemu:///system pool-start default",
        { root: true },
      ),
    ],
    [
      "provider.access",
      "cause",
      /Guest name '[^']{1,80}' is already in use/,
      "libvirt has a VM of that name already",
      commandFix("Show it", "virsh -c qemu:///system list --all"),
      "Choose another --name, or remove the old one: virsh undefine --nvram NAME (its disk stays)",
    ],
    [
      "provider.access",
      "symptom",
      /may not be accessible by the hypervisor\. You will need to grant/,
      "QEMU's user is not allowed to pass through a folder above that file, such as your home",
      "Put the file below /var/lib/libvirt/images, or run setfacl -m u:libvirt-qemu:x FOLDER for each " +
      "folder that it names",
    ],
    [
      "provider.mode",
      "cause",
      /\(domain_definition\):\d{1,6}: /,
      "the VM's definition is not well-formed XML at the line that it names",
      "Correct it there: each element that is opened is closed again",
    ],
    [
      "provider.access",
      "fallback",
      /Unable to connect to libvirt (?:qemu|xen|lxc):\/\//,
      "virt-manager cannot reach libvirt: its daemon does not run, or this user has no permission",
      doctorFix("provider.access"),
      commandFix("Check what libvirt says", "journalctl -u libvirtd -u virtqemud -b --no-pager -n 50", { root: true }),
    ],
    [
      "tools.present",
      "cause",
      /supermin: failed to find a suitable kernel|supermin exited with error status/,
      "libguestfs starts a small VM with this host's kernel, and is not allowed to read it (Ubuntu makes " +
      "/boot/vmlinuz-* private), or there is none",
      commandFix("Let it read the kernel", "chmod 0644 /boot/vmlinuz-*", { root: true }),
      "In a container: install a kernel package, or use qemu-nbd on the host",
    ],
  ]),
];

/** What virsh says first, before the reason. */
export const virshFirstFailures = (): Failure[] =>
  rows({ layer: "provider", source }, [
    [
      "provider.access",
      "fallback",
      /^error: Failed to (?:start|create|define|undefine|save|restore|destroy|shutdown|reboot|reset|attach|detach|re-attach|resume|suspend|update) (?:domain|network|pool|device|vol|disk|interface|snapshot)/,
      "libvirt did not do it; the line below this one says why",
      vmLog,
    ],
  ]);
