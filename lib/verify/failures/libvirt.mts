import type { Failure } from "./types.mts";
import { commandFix, doctorFix, firmwareFix, joinGroupFix, manualFix, remedies } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { each, install, kernelArgument, vmWords } from "./fixes.mts";

/** What libvirt, QEMU and VirtualBox say of making a VM. */
export const libvirtFailures: Failure[] = [
  {
    pattern: /failed to find romfile "/,
    check: "provider.access",
    layer: "hypervisor",
    message: "QEMU does not find a ROM file: the card's own (romfile) at that path, or one of its package of ROMs",
    fix: each(
      manualFix("If it names a file of yours: correct the path, or remove it, since computing needs no ROM"),
      install("If it names efi-virtio.rom or the like: install QEMU's ROMs", {
        apt: "ipxe-qemu",
        dnf: "ipxe-roms-qemu",
        zypper: "qemu-ipxe",
      }),
    ),
    source: "QEMU (hw/pci)",
  },
  {
    pattern: /Security driver model '\w{1,20}' is not available/,
    check: "provider.access",
    layer: "provider",
    message: "the VM's definition asks for AppArmor or SELinux, which libvirt here does not use",
    fix: [
      manualFix("Remove its seclabel element (virsh edit), or turn that security driver on in /etc/libvirt/qemu.conf"),
    ],
    source: "libvirt",
  },
  {
    pattern: /Failed to (?:start|probe) QEMU binary|qemu-system\S{1,20}: error while loading shared libraries/,
    check: "tools.present",
    layer: "provider",
    message: "QEMU does not start at all: a library of it is missing, most often after a partial update",
    fix: [
      commandFix("Start it by hand, and read its error", "qemu-system-x86_64 --version"),
      manualFix("Complete the system's update, or install QEMU again, then restart libvirt"),
    ],
    source: "libvirt, glibc's loader",
  },
  {
    pattern: /Cannot access backing file '|QEMU Driver error : Unable to stat /,
    check: "guest.image",
    layer: "provider",
    message: "the VM's disk, or the image that it builds on, is gone, was moved, or may not be read",
    fix: [
      commandFix("See which", "qemu-img info --backing-chain DISK"),
      manualFix("If the box was removed or rebuilt: destroy the machine and create it again"),
    ],
    source: "libvirt",
  },
  {
    pattern: /Cannot use direct socket mode if no URI is set|error: failed to connect to the hypervisor/,
    check: "provider.access",
    strength: "symptom",
    layer: "provider",
    fallback: true,
    message: "virsh found no libvirt to talk to: none is installed or runs, or no address was given",
    fix: [
      commandFix("Say which", "virsh -c qemu:///system version"),
      commandFix("Start it", "systemctl enable --now libvirtd", { root: true }),
    ],
    source: "libvirt",
  },
  {
    pattern: anyOf(
      /system firmware block device .{0,80}has invalid size/,
      /device requires \d{5,9} bytes, .{0,80}block backend .{0,80}provides \d{3,9} bytes/,
    ),
    near: vmWords,
    check: "guest.firmware",
    layer: "hypervisor",
    message:
      "the VM's UEFI variables do not belong to its firmware image: one is the 2 MiB form, the other the 4 MiB form",
    fix: [
      commandFix("Write the variables from their template again", "virsh -c qemu:///system start NAME --reset-nvram"),
      manualFix("Use CODE and VARS of one set: OVMF_CODE_4M.fd with OVMF_VARS_4M.fd"),
    ],
    source: "QEMU (pc_sysfw.c, block)",
  },
  // -------------------------------------------------------------------------------------------------- guest's firmware
  {
    pattern: anyOf(
      /unable to find any master var store/,
      /Unable to find (?:any firmware to satisfy|'efi' firmware)/,
      /open (?:file )?'[^']{0,160}(?:OVMF|AAVMF|ovmf|edk2)[^']{0,80}': No such file/,
      /(?:OVMF|AAVMF)\w{0,20}\.fd\S{0,4}:? .{0,30}(?:No such file|does not exist|not found)/,
      /Failed to open file '[^']{0,160}(?:nvram|VARS)[^']{0,80}': No such file/,
    ),
    check: "guest.firmware",
    layer: "provider",
    message:
      "the guest's UEFI firmware (OVMF) is not at that path: it is not installed, or the distribution renamed its files",
    fix: each(
      doctorFix("guest.firmware"),
      install("Install OVMF", { apt: "ovmf", dnf: "edk2-ovmf", pacman: "edk2-ovmf", zypper: "qemu-ovmf-x86_64" }),
      commandFix(
        "See its files: Arch and Fedora have OVMF_CODE.4m.fd, Debian OVMF_CODE_4M.fd",
        "ls /usr/share/OVMF /usr/share/edk2/x64 /usr/share/edk2/ovmf",
      ),
      manualFix("Write the new paths into the domain (virsh edit), or let libvirt choose: <os firmware='efi'>"),
    ),
    source: "libvirt 9.0 and later, QEMU 7.2; thecmdrunner/quick-vm#3 (2025-08), mroboff/vm-curator#23",
  },
  // ----------------------------------------------------------------------------------------------- KVM
  {
    pattern: anyOf(
      /VERR_SVM_IN_USE|VERR_VMX_IN_VMX_ROOT_MODE/,
      /VirtualBox can't (?:enable the AMD-V extension|operate in VMX root mode)/,
      /VT-x is being used by another hypervisor/,
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message:
      "KVM holds the CPU's virtualization: since Linux 6.12 it takes it when its module loads, and VirtualBox gets none",
    fix: each(
      commandFix(
        "Unload KVM until the next boot (ends with an error while VMs of KVM run)",
        "modprobe -r kvm_intel kvm_amd kvm",
        {
          root: true,
        },
      ),
      kernelArgument("kvm.enable_virt_at_load=0"),
      manualFix("Or update VirtualBox (7.2.10 and later use KVM's own switch, and need that argument removed)"),
    ),
    source: "VirtualBox 7.1; VirtualBox/virtualbox#81 (2025-07), #141, #188 (2025-08), #711 (2026-06)",
  },
  {
    pattern: /VERR_SVM_HOST_SVME_NOT_ENABLED|Host API has not enabled SVME/,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "VirtualBox 7.2.10 lets KVM turn virtualization on, and kvm.enable_virt_at_load=0 keeps it off",
    fix: [
      commandFix(
        "Find where that is set, and remove it",
        "grep -rn enable_virt_at_load /etc/modprobe.d /usr/lib/modprobe.d /proc/cmdline",
      ),
      manualFix("Then reboot, or reload the KVM modules", { reboot: true }),
    ],
    source: "VirtualBox 7.2.10; VirtualBox/virtualbox#711 (2026-06)",
  },
  {
    pattern: anyOf(
      /VirtualBox is complaining that the kernel module is not loaded/,
      /The vboxdrv kernel module is not loaded|VERR_VM_DRIVER_NOT_(?:INSTALLED|ACCESSIBLE)/,
      /Kernel driver not installed \(rc=-1908\)|character device \/dev\/vboxdrv does not exist/,
    ),
    check: "provider.access",
    layer: "hypervisor",
    message: "VirtualBox's kernel module is not loaded: it was not built for this kernel, or Secure Boot refused it",
    fix: each(
      install("Install the headers of the kernel that runs", {
        apt: "linux-headers-$(uname -r)",
        dnf: "kernel-devel-$(uname -r)",
        pacman: "linux-headers",
      }),
      commandFix("Build and load it, and read why it fails", "/sbin/vboxconfig", { root: true }),
      manualFix("If its log says “Key was rejected”: enrol the key with mokutil, or turn Secure Boot off"),
    ),
    source: "Vagrant, VirtualBox; hashicorp/vagrant#13355 (2024-02)",
  },
  {
    pattern:
      /VERR_VMX_NO_VMX|VERR_SVM_NO_SVM|VERR_VMX_MSR_\w{1,30}|VERR_SVM_DISABLED|VERR_NEM_NOT_AVAILABLE|VT-x is (?:disabled in|not available)|AMD-V is (?:disabled in|not available)/,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "the CPU's virtualization is off in the firmware, or Windows' own hypervisor has it",
    fix: [
      remedies.virtualization,
      manualFix("On Windows: turn off Hyper-V and core isolation, or use provider: hyperv"),
    ],
    source: "VirtualBox 7",
  },
  {
    pattern: anyOf(
      /Could not access KVM kernel module: Permission denied/,
      /failed to initialize kvm: Permission denied/,
      /\/dev\/kvm\S{0,3} (?:is )?(?:not accessible|Permission denied|permission denied)/,
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message: "this user has no rights on /dev/kvm",
    fix: [joinGroupFix("kvm")],
    source: "QEMU 7.2, seen as an ordinary user",
  },
  {
    pattern: anyOf(
      /Could not access KVM kernel module: No such/,
      /failed to initialize kvm: (?:No such|Device or resource busy)/,
      /Domain requires KVM, but it is not available/,
      /could not find capabilities for .{0,60}domaintype=kvm/,
      /Host does not support domain type kvm/,
      /CPU mode 'host-passthrough' .{0,80}is not supported by hypervisor/,
      /kvm: (?:support for .{1,20} disabled by|disabled by) bios/,
      /KVM acceleration (?:can NOT be used|not available)/,
    ),
    near: vmWords,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "there is no hardware virtualization (KVM) here",
    fix: [
      firmwareFix("Turn on VT-x or SVM in the firmware's setup; in a VM, nested virtualization in the outer one"),
      manualFix("If VirtualBox runs a VM: stop it, since one of the two has the CPU's virtualization"),
      manualFix("Or write accelerator: tcg, which emulates and is slow"),
    ],
    source: "QEMU 7.2, libvirt 9.0",
  },
  {
    pattern: anyOf(
      /unsupported machine type:? ['"]?[\w.-]{0,40}/,
      /does not support machine type '/,
      /Host does not support .{0,60}with machine '/,
      /XML error: No PCI buses available/,
    ),
    near: vmWords,
    check: "provider.version",
    layer: "hypervisor",
    message:
      "this QEMU does not have that machine type: it was removed with a newer QEMU, or is one of a newer or another distribution's",
    fix: [
      commandFix("See which types there are", "qemu-system-x86_64 -machine help"),
      manualFix(
        "Write q35 in the domain (virsh edit), or machine_type: q35 for the provider; a GPU needs its PCI Express",
      ),
    ],
    source: "QEMU, libvirt; harvester/harvester#8630 (2025-07), Broadcom/sonic-VirtualSwitch#6 (2025-03)",
  },
  // ----------------------------------------------------------------------------------------------------------- rights
  {
    pattern:
      /cannot load AppArmor profile '|virt-aa-helper: error|internal error: cannot (?:load|update) AppArmor|apparmor="DENIED".{0,120}profile="(?:libvirt|virt-aa-helper)/,
    check: "provider.access",
    layer: "provider",
    message:
      "AppArmor's profile for this VM could not be loaded: a path in the VM's definition is refused, or the profile is broken",
    fix: [
      commandFix("Read which path or rule", "journalctl -k --grep apparmor --no-pager -n 30", { root: true }),
      manualFix(
        "Allow a path outside of libvirt's folders in /etc/apparmor.d/local/abstractions/libvirt-qemu, or move the file there",
      ),
      commandFix("Reload AppArmor's profiles", "systemctl reload apparmor", { root: true }),
    ],
    source: "libvirt; void-linux/void-packages#32562 (2021-08), kind to date",
  },
  {
    pattern: /'?virtiofs'? requires shared memory|virtiofs.{0,40}requires .{0,20}(?:shared|memfd)/,
    check: "provider.mode",
    layer: "provider",
    message: "a virtiofs share needs the VM's memory to be shared memory, and it is not",
    fix: [
      manualFix(
        "Vagrant: libvirt.memorybacking :source, :type => 'memfd' and libvirt.memorybacking :access, :mode => 'shared'",
      ),
      manualFix("Or share the folder by rsync or NFS"),
    ],
    source: "libvirt; vagrant-libvirt/vagrant-libvirt#1806 (2024)",
  },
  {
    pattern: /Unable to open \/dev\/net\/tun|could not open \/dev\/net\/tun: No such/,
    check: "provider.access",
    layer: "network",
    message: "the kernel module tun is not loaded, and without it no VM gets a network",
    fix: [
      commandFix("Load it", "modprobe tun", { root: true }),
      manualFix("If there is no such module: the kernel was updated, and the host not rebooted since", {
        reboot: true,
      }),
    ],
    source: "libvirt 9.0, seen through vagrant-libvirt; QEMU",
  },
  {
    pattern: /firewalld can't find the 'libvirt|INVALID_ZONE: libvirt/,
    check: "provider.access",
    layer: "network",
    message: "firewalld does not know libvirt's zone: libvirt was installed while firewalld ran",
    fix: [
      commandFix("Let firewalld read its zones again", "firewall-cmd --reload", { root: true }),
      commandFix("Then start the network", "virsh -c qemu:///system net-start default", { root: true }),
    ],
    source: "libvirt; libreswan/libreswan#2763 (2026-05)",
  },
  {
    pattern: anyOf(
      /Failed to (?:apply|add) firewall (?:rules?|command)/,
      /COMMAND_FAILED: '\S{0,30}(?:iptables|nft)\S{0,10} .{0,120}LIBVIRT/,
      /error: internal error: (?:Child process|Failed to run firewall command) .{0,80}(?:iptables|nft|ip6tables)/,
      /(?:Unable to find|cannot find) '(?:nft|iptables|ebtables)' binary/,
    ),
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message:
      "libvirt could not write its firewall rules: iptables or nftables is missing, or the kernel's modules for it are",
    fix: each(
      install("Install them", {
        apt: "iptables nftables",
        dnf: "iptables-nft nftables",
        pacman: "iptables-nft dnsmasq",
        zypper: "iptables nftables",
      }),
      manualFix('Or choose the other one: firewall_backend = "nftables" or "iptables" in /etc/libvirt/network.conf'),
      manualFix("If the kernel was updated and the host not rebooted since: reboot", { reboot: true }),
    ),
    source: "libvirt 10.4 and later",
  },
  {
    pattern: /Network is already in use by interface|error creating bridge interface \S{1,20} ?: File exists/,
    check: "provider.access",
    layer: "network",
    message: "something else on this host already has the addresses or the bridge of libvirt's network",
    fix: [
      commandFix("See which networks there are", "virsh -c qemu:///system net-list --all"),
      commandFix("See whose addresses and bridges these are", "ip address"),
    ],
    source: "libvirt 9.0; vagrant-libvirt/vagrant-libvirt#617, #670",
  },
  {
    pattern: /dnsmasq: failed to create listening socket for \S{1,60}: Address already in use/,
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message: "another name server on this host listens on the address that libvirt's network needs",
    fix: [commandFix("See which", "ss -lnup 'sport = :53 or sport = :67'", { root: true })],
    source: "dnsmasq, as libvirt shows it",
  },
  {
    pattern: /network '[^']{1,80}' is not active/,
    check: "provider.access",
    layer: "network",
    message: "a libvirt network is inactive",
    fix: [
      remedies.network,
      commandFix("Let it start by itself from now on", "virsh -c qemu:///system net-autostart default", { root: true }),
      manualFix("If the line names another network, start that one"),
    ],
    source: "libvirt 9.0; vagrant-libvirt/vagrant-libvirt#60, #116",
  },
  {
    pattern: /no network with matching name '|Cannot get interface MTU on '|failed to get mtu of bridge `/,
    check: "provider.access",
    layer: "network",
    message: "libvirt has no network or bridge of that name",
    fix: [
      manualFix("Define it with virsh net-define; libvirt brings the default one as networks/default.xml"),
      commandFix("See which there are", "virsh -c qemu:///system net-list --all"),
    ],
    source: "libvirt 9.0; vagrant-libvirt/vagrant-libvirt#1258 (2021-04)",
  },
  {
    pattern: anyOf(
      /Storage pool not found/,
      /storage pool '[^']{1,80}' is not active/,
      /No usable storage pool found/,
      /No storage pools are defined/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "libvirt's storage pool is missing or inactive",
    fix: [
      commandFix("See which there are", "virsh -c qemu:///system pool-list --all"),
      commandFix(
        "If there is no default, define it",
        [
          "virsh -c qemu:///system pool-define-as default dir --target /var/lib/libvirt/images",
          "virsh -c qemu:///system pool-autostart default",
        ].join(" && "),
      ),
      commandFix("Start it", "virsh -c qemu:///system pool-start default"),
    ],
    source: "libvirt 9.0, vagrant-libvirt 0.11; vagrant-libvirt/vagrant-libvirt#282",
  },
  {
    pattern: anyOf(
      /connect socket to '[^']{1,160}': Permission denied/,
      /no polkit agent available|authentication (?:failed: access denied by policy|cancelled: user cancelled)/,
      /authentication unavailable: no polkit/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "this user has no rights on libvirt's socket",
    fix: [joinGroupFix("libvirt")],
    source: "libvirt 9.0, seen as an ordinary user",
  },
  {
    pattern: /connect socket to '[^']{1,160}': (?:No such file|Connection refused)/,
    near: vmWords,
    check: "provider.access",
    layer: "provider",
    message: "libvirt is not running, or one of its daemons (virtlogd, virtnetworkd) is not",
    fix: [
      doctorFix("provider.access"),
      commandFix("Start it (older libvirt)", "systemctl enable --now libvirtd", { root: true }),
      commandFix(
        "Start its daemons (Fedora, openSUSE, newer libvirt)",
        "systemctl enable --now virtqemud.socket virtnetworkd.socket virtstoraged.socket virtlogd.socket",
        { root: true },
      ),
    ],
    source: "libvirt 9.0, seen with no daemon and with a dead one's socket",
  },
  {
    pattern: anyOf(
      /Cannot access storage file '[^']{1,200}'/,
      /cannot open file '[^']{1,200}': Permission denied/,
      /Could not open '[^']{1,200}\.(?:qcow2|img|iso|raw|fd)': Permission denied/,
    ),
    near: /libvirt|qemu|kvm|vagrant|packer|storage file/i,
    check: "provider.access",
    layer: "provider",
    message: "libvirt's QEMU runs as a user of its own, which may not read that file",
    fix: [
      manualFix(
        "Put the file below /var/lib/libvirt/images, or let others pass through the folders above it (chmod o+x)",
      ),
    ],
    source: "libvirt 9.0",
  },
  {
    pattern:
      /Failed to (?:create|open) file '[^']{0,200}': (?:Input\/output error|Permission denied|Read-only file system)/,
    near: vmWords,
    check: "host.disk",
    layer: "provider",
    message:
      "libvirt cannot write a file of the VM: its disk has errors or is read-only, or the folder belongs to another user",
    fix: [
      commandFix("See the disk's state", "findmnt -T /var/lib/libvirt", { root: true }),
      commandFix("Read the kernel's errors", "dmesg --level err,warn", { root: true }),
    ],
    source: "libvirt; joeknock90/Single-GPU-Passthrough#8 (2019-04)",
  },
  {
    pattern:
      /Cannot check QEMU binary|Cannot find suitable emulator for|no emulator found|unable to find a satisfying virtiofsd/,
    check: "tools.present",
    layer: "provider",
    message: "QEMU (or virtiofsd) is not installed for that architecture, or not at the path that the VM names",
    fix: [doctorFix("tools.present"), commandFix("See what libvirt finds", "virsh -c qemu:///system capabilities")],
    source: "libvirt 9.0",
  },
  {
    pattern:
      /Host CPU does not provide required features|CPU is incompatible with host CPU|guest CPU doesn't match specification/,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "the VM asks for a CPU that this host does not have",
    fix: [
      manualFix(
        "Use the host's own CPU (cpu_mode: host-passthrough), and recreate the VM if it came from another host",
      ),
    ],
    source: "libvirt 9.0",
  },
  {
    pattern: /cannot acquire state change lock/,
    check: "gpu.in-use",
    strength: "symptom",
    layer: "hypervisor",
    message:
      "libvirt still waits for an earlier start or stop of this VM, often since the host's driver does not let go of the card",
    fix: [
      commandFix("See which processes hang", "ps -eo pid,stat,wchan:32,cmd | grep ' D'"),
      commandFix("See which programs hold the card", "fuser -v /dev/dri/* /dev/nvidia*", { root: true }),
      manualFix("If the card hangs: reboot the host, and bind the card to vfio-pci at boot", { reboot: true }),
    ],
    source: "libvirt; QaidVoid/Complete-Single-GPU-Passthrough#44 (2024)",
  },
  {
    pattern: /Hook script execution failed/,
    check: "gpu.driver",
    layer: "provider",
    message: "a hook script of the host (/etc/libvirt/hooks) ended with an error, so libvirt does not start the VM",
    fix: [
      manualFix("Run the script by hand with the same words, and read its error"),
      manualFix("This project needs no hooks: remove them, and bind the card at boot"),
    ],
    source: "libvirt; single-GPU passthrough scripts",
  },
  {
    pattern: /PCI: slot \d{1,3} function \d not available for|Attempted double use of PCI Address/,
    check: "provider.mode",
    layer: "hypervisor",
    message: "two devices of the VM have the same PCI address",
    fix: [manualFix("Remove the address of one of them (virsh edit), so that libvirt chooses another")],
    source: "QEMU, libvirt; notAperson535/OneClick-macOS-Simple-KVM#63 (2023-01)",
  },
  {
    pattern: /load of migration failed: |error while loading state for instance/,
    check: "provider.version",
    layer: "hypervisor",
    message: "the VM's saved state does not fit this QEMU or these devices (a passed card cannot be saved at all)",
    fix: [
      commandFix("Throw the saved state away, then start the VM", "virsh -c qemu:///system managedsave-remove NAME"),
    ],
    source: "QEMU; NixOS/nixpkgs#63182 (2019-06), kind to date",
  },
  {
    pattern: /unexpectedly closed the monitor|process exited while connecting to monitor/,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    fallback: true,
    message: "QEMU ended at its start: its own error is the last line of that message without “warning”",
    fix: [commandFix("Read the VM's log", "tail -n 30 /var/log/libvirt/qemu/NAME.log", { root: true })],
    source: "libvirt 9.0",
  },
  {
    pattern: /Failed to get "(?:write|shared \\?"write\\?")" lock|Is another process using the image/,
    near: vmWords,
    check: "provider.access",
    layer: "provider",
    message: "another process, most often a VM that still runs, has the disk image open",
    fix: [
      commandFix("See which VM runs", "virsh -c qemu:///system list"),
      commandFix("See which process has it", "fuser -v IMAGE", { root: true }),
    ],
    source: "QEMU (block locking)",
  },
  {
    pattern:
      /End of file while reading data: Input\/output error|libvirtd quit during handshake: Input\/output error|Cannot recv data: Connection reset by peer/,
    near: vmWords,
    check: "provider.access",
    strength: "symptom",
    layer: "provider",
    message:
      "libvirt's daemon ended, or was restarted, while it was asked: it crashed, or a hook script or update ended it",
    fix: [
      commandFix("Read what it says", "journalctl -u libvirtd -u virtqemud --no-pager -n 50", { root: true }),
      commandFix("Restart it", "systemctl restart libvirtd", { root: true }),
      manualFix("If it happens each time a VM with a card starts: read the host's kernel log for the card's driver"),
    ],
    source:
      "libvirt; vagrant-libvirt/vagrant-libvirt#1133 (2020-08), QaidVoid/Complete-Single-GPU-Passthrough#44 (2024)",
  },
  {
    pattern: /cannot undefine domain with nvram/,
    check: "provider.access",
    layer: "provider",
    message: "libvirt removes a VM with UEFI only if it is told what to do with its variables",
    fix: [
      commandFix(
        "Remove its definition and its variables; its disk stays",
        "virsh -c qemu:///system undefine --nvram NAME",
      ),
    ],
    source: "libvirt",
  },
  {
    pattern: /virtiofsd died unexpectedly/,
    check: "provider.mode",
    layer: "provider",
    message: "virtiofsd, which shares a folder with the VM, ended: the folder is missing, or it may not read it",
    fix: [
      commandFix("Read its log", "tail -n 20 /var/log/libvirt/qemu/NAME-fs0-virtiofsd.log", { root: true }),
      manualFix("Create the folder, or share it by rsync or NFS"),
    ],
    source: "libvirt",
  },
  {
    pattern: /VBoxManage(?:\.exe)?: error: /,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    fallback: true,
    message: "VirtualBox refused a command, for the reason in its first error line",
    fix: [manualFix("Read the first “error:” line and the VM's Logs/VBox.log")],
    source: "VirtualBox",
  },
  {
    pattern: /IOMMU device: '\w{1,12}' is only supported with/,
    check: "provider.mode",
    layer: "hypervisor",
    message: "the VM has a virtual IOMMU, which goes with the machine type q35 only",
    fix: [
      manualFix("Write machine_type: q35, or remove the VM's own IOMMU (virsh edit): a passed card does not need it"),
    ],
    source: "libvirt",
  },
  {
    pattern: /hardware reports invalid configuration, MSIX PBA outside/,
    check: "gpu.reset",
    layer: "vfio",
    message: "the card answers wrongly: it hangs since its last user, or its configuration was not restored",
    fix: [manualFix("Shut the host down, wait ten seconds, and power it on", { root: true, reboot: true })],
    source: "QEMU (vfio)",
  },
  {
    pattern: /phys-bits too low \(\d{1,3}\)/,
    check: "gpu.window",
    layer: "hypervisor",
    message: "the vCPU has too few address bits for the VM's memory and the card's regions",
    fix: [
      manualFix("Use the host's own CPU (cpu_mode: host-passthrough), with <maxphysaddr mode='passthrough'/>"),
    ],
    source: "QEMU",
  },
  {
    pattern: /spice support is disabled|spice graphics are not supported/,
    near: vmWords,
    check: "provider.mode",
    layer: "hypervisor",
    message: "this QEMU is built without SPICE (RHEL 9 and its kin), and the VM asks for it",
    fix: [manualFix('Use VNC (libvirt.graphics_type = "vnc"), or none')],
    source: "QEMU, libvirt",
  },
];
