import type { Failure } from "../types.mts";
import { commandFix, doctorFix } from "../../../fixes.mts";
import { rows } from "../rows.mts";

/** Errors of other programs that run VMs: Lima, Multipass, VMware, Xen, TrueNAS, and QEMU started by scripts. */
export const otherHypervisorFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    source: "Lima, Colima, Vagrant VMware Utility; abiosoft/colima#786 (2023-08), hashicorp/vagrant#13360 (2024-03)",
  }, [
    [
      "provider.access",
      "symptom",
      /(?:\[hostagent\] (?:QEMU has (?:already )?exited|failed to open the QMP socket|Driver stopped)|error starting vm: error at ')/,
      "the VM of Lima or Colima did not come up; its own log says why",
      "Read ~/.lima/NAME/ha.stderr.log and serial.log (Colima: ~/.colima/_lima/colima); lines before " +
      "[hostagent] count",
      "QEMU and Lima for the same processor (uname -m); on macOS: colima start --vm-type vz",
    ],
    [
      "provider.access",
      "symptom",
      /(?:timed out while trying to start the VMware machine|Vagrant VMware Utility (?:driver|service)|error occurred while executing `vmrun`)/,
      "VMware did not start the VM, or Vagrant's helper for it does not run: the box is for another processor, or " +
      "VMware or the helper were not set up",
      "Start VMware once by hand; on ARM (Apple Silicon) the box has to be for arm64",
      "Install vagrant-vmware-utility again, and update vagrant-vmware-desktop",
    ],
    [
      "tools.present",
      "cause",
      /No such file or directory: '(?:\S{0,60}\/)?(?:virtiofsd|qemu-\S{2,30}|swtpm|virsh|vagrant|packer|ssh|rsync|xorriso|genisoimage)'/,
      "a program that a script starts is not installed, or is outside of PATH (virtiofsd: /usr/libexec or " +
      "/usr/lib/qemu)",
      doctorFix("tools.present"),
      "Install its package: virtiofsd, qemu-utils, swtpm, openssh-client, xorriso",
    ],
    [
      "provider.mode",
      "symptom",
      /virtiofsd\S{0,40} \(exit status [1-9]|virtiofsd\S{0,30}: .{0,60}(?:Failed to|failed to|Error (?:binding|creating|entering|connecting))/,
      "virtiofsd, which shares a folder with the VM, ended or does not start: the folder is missing, it is not " +
      "allowed to read it, or its socket is left over",
      commandFix("Read its log", "journalctl -b --no-pager -g virtiofsd -n 30", { root: true }),
    ],
    [
      "provider.mode",
      "note",
      /Failure when trying to set the limit to \d{1,9}, the hard limit/,
      "virtiofsd may open fewer files than it wanted, which is mostly enough",
      "If nothing else is wrong: nothing to do",
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "canonical/multipass, QEMU, libvirt (libxl); read 2026-11" }, [
    [
      "verify.ssh",
      "symptom",
      /(?:launch|start|restart) failed: The following errors occurred: (?:[\w-]{1,40}: )?timed out waiting for/,
      "the VM of Multipass runs and did not answer in time: its system still boots, or cloud-init still installs",
      "Wait, then look: multipass list; multipass exec NAME -- cloud-init status --wait; more time: --timeout 900",
      "If it never answers: a firewall or VPN of the host keeps it from its network",
    ],
    [
      "provider.access",
      "cause",
      /Error getting https?:\/\/\S{1,160}: Host \S{1,80} not found/,
      "Multipass reached no server with images: this host resolves no names, or has no network",
      commandFix("Check whether names are resolved", "getent hosts cloud-images.ubuntu.com"),
    ],
    [
      "provider.version",
      "cause",
      /Failed to open module: \S{1,120}\.so[\d.]{0,6}: (?:undefined symbol|version [`'‘])/,
      "QEMU's program and its modules are of two releases: one from a snap or built by hand, the other from " +
      "the distribution",
      "Remove one of them, or install all packages of QEMU in one release",
    ],
    [
      "provider.access",
      "cause",
      /reds_init_socket: getaddrinfo\(\S{1,80}\): \S/,
      "the address at which the VM's SPICE screen is to listen is none of this host: IPv6 is off (::1), or its name " +
      "is unknown",
      "Let it listen at 127.0.0.1: <listen type='address' address='127.0.0.1'/> (virsh edit NAME)",
    ],
    [
      "provider.access",
      "cause",
      /reds\S{0,40}: binding socket to \S{1,60} failed/,
      "the port for the VM's SPICE screen is in use, most often by another VM",
      commandFix("Find out by which program", "ss -lntp"),
      "Use another port, or port='-1' autoport='yes' in libvirt",
    ],
    [
      "provider.access",
      "symptom",
      /failed to initialize spice server/,
      "QEMU could not set up the VM's SPICE screen: most often its port is another VM's; a line before it may say more",
      commandFix("Check what listens", "ss -lntp"),
      "Use another port, or port='-1' autoport='yes' in libvirt",
    ],
    [
      "tools.present",
      "cause",
      /could not find '\/[^']{1,80}', please install it/,
      "a program that QEMU starts for this option is not installed (smbd for a folder by SMB)",
      "Install the package (samba), or share the folder by virtiofs or 9p",
    ],
    [
      "provider.access",
      "symptom",
      /libxenlight (?:failed|does not|cannot)/,
      "Xen refused what libvirt asked; its own logs say why",
      commandFix("Read them", "tail -n 40 /var/log/libvirt/libxl/*.log; xl dmesg | tail -n 40", { root: true }),
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "hashicorp/vagrant (locales), hashicorp/packer (plugin-getter), LXC; read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /(?:collides with a non-hostonly network|conflicting host only adapter with DHCP|specified host network could not be found|Specific bridge '[^']{1,60}' not found)/,
      "the address or bridge in the Vagrantfile is one that another network of this host uses, or that is not there",
      commandFix("List the networks of this host", "ip -brief address"),
      "Choose another address: VirtualBox allows host-only networks in 192.168.56.0/21",
    ],
    [
      "provider.access",
      "symptom",
      /(?:lxc-start: \S{1,40}: .{0,120}Failed|lxc_init: \d{1,5} |Failed to run lxc\.hook\.|cgfsng\.c: )/,
      "an LXC container did not start; the first of LXC's lines names the step (a hook, a device, a mount, a cgroup)",
      "Show it with all messages: lxc-start -n NAME -F -l DEBUG (Proxmox: pct start ID --debug)",
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "Xen (tools/libs/light), TrueNAS (middlewared); read 2026-11" }, [
    [
      "gpu.driver",
      "cause",
      /(?:libxl__device_pci_\w{3,24}: .{0,40}PCI device \S{4,16} is not assignable|pciback\S{0,20}: .{0,80}(?:fail|error|not found))/,
      "Xen cannot give the card to the VM: it is not bound to xen-pciback",
      commandFix("Bind it, then see it", "xl pci-assignable-add 01:00.0 && xl pci-assignable-list", { root: true }),
      "At boot: xen-pciback.hide=(0000:01:00.0)(0000:01:00.1) on the kernel's command line",
    ],
    [
      "provider.access",
      "symptom",
      /libxl\S{0,4}: error: .{0,160}(?:spawn failed|unable to add pci devices|failed to|did not|cannot|unable)/,
      "Xen could not create the VM or one of its devices; the first error of libxl and the VM's log say why",
      commandFix("Read the device model's log", "tail -n 40 /var/log/xen/qemu-dm-NAME.log", { root: true }),
      commandFix("And Xen's own", "xl dmesg | tail -n 40", { root: true }),
    ],
    [
      "gpu.in-use",
      "cause",
      /(?:pptdev: |is not available or part of critical devices|(?:Device|GPU)\S{0,3} .{0,40}(?:is not isolated|not detached)|Please (?:isolate|select).{0,40}GPU)/,
      "TrueNAS keeps the device for itself: it is not isolated, is its only GPU, or shares its IOMMU group " +
      "with parts " +
      "that it needs",
      "System, Advanced, Isolated GPU Devices: choose the card, which must not be the only one, and reboot",
      doctorFix("iommu"),
    ],
  ]),
];
