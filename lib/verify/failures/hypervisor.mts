import type { Failure } from "./types.mts";
import { commandFix, doctorFix, firmwareFix, guestFix, joinGroupFix, manualFix, remedies } from "../../fixes.mts";
import { anyOf } from "../../text.mts";

/** What libvirt, QEMU and Vagrant say of making a VM. */
export const hypervisorFailures: Failure[] = [
  // -------------------------------------------------------------------------------------------------- guest's firmware
  {
    pattern: anyOf(
      /unable to find any master var store/,
      /Unable to find (?:any firmware to satisfy|'efi' firmware)/,
      /open (?:file )?'[^']{0,160}(?:OVMF|AAVMF|ovmf|edk2)[^']{0,80}': No such file/,
    ),
    check: "guest.firmware",
    says: "the guest's UEFI firmware (OVMF), or the template of its variables, is not where it is looked for",
    fix: [doctorFix("guest.firmware"), manualFix("Install OVMF by your distribution's package")],
    source: "libvirt 9.0 and later, QEMU 7.2; foxlet/macOS-Simple-KVM#15, mroboff/vm-curator#23",
  },
  {
    pattern: anyOf(
      /Key was rejected by service/,
      /Loading of (?:unsigned module|module with unavailable key) is rejected/,
      /unsigned module loading is restricted/,
    ),
    check: "guest.firmware",
    says: "Secure Boot is on and refuses a driver that was built on this machine",
    fix: [
      manualFix("Start the VM with OVMF without Secure Boot"),
      manualFix("Or use a driver that the distribution has signed (Ubuntu: linux-modules-nvidia-…)"),
    ],
    source: "kmod and Linux; NVIDIA/gpu-driver-container#44",
  },
  // ----------------------------------------------------------------------------------------------- KVM, libvirt, disks
  {
    pattern: anyOf(
      /Could not access KVM kernel module: Permission denied/i,
      /failed to initialize kvm: Permission denied/i,
    ),
    check: "host.virtualization",
    says: "no rights on /dev/kvm",
    fix: [joinGroupFix("kvm")],
    source: "QEMU 7.2, seen as an ordinary user",
  },
  {
    pattern: anyOf(
      /Could not access KVM kernel module: No such/i,
      /failed to initialize kvm: No such/i,
      /Domain requires KVM, but it is not available/i,
      /could not find capabilities for .{0,60}domaintype=kvm/i,
    ),
    check: "host.virtualization",
    says: "there is no hardware virtualization (KVM) here",
    fix: [
      firmwareFix("Turn on VT-x or SVM in the firmware set-up; in a VM, nested virtualization in the outer one"),
      manualFix("Or write accelerator: tcg, which emulates and is slow"),
    ],
    source: "QEMU 7.2, libvirt 9.0",
  },
  {
    pattern: /Unable to open \/dev\/net\/tun|could not open \/dev\/net\/tun: No such/,
    check: "provider.access",
    says: "the kernel module tun is not loaded, and without it no VM gets a network",
    fix: [
      commandFix("Load it", "modprobe tun", { root: true }),
      manualFix("If there is no such module, the kernel was updated and the host not rebooted since", { reboot: true }),
    ],
    source: "libvirt 9.0, seen through vagrant-libvirt; QEMU",
  },
  {
    pattern: anyOf(
      /Network is already in use by interface/,
      /error creating bridge interface \S{1,20} ?: File exists/,
    ),
    check: "provider.access",
    says: "libvirt's network has addresses or a bridge that something else on this host has already",
    fix: [
      commandFix("See which networks there are", "virsh -c qemu:///system net-list --all"),
      commandFix("See whose addresses and bridges these are", "ip address"),
    ],
    source: "libvirt 9.0; vagrant-libvirt/vagrant-libvirt#617, #670",
  },
  {
    pattern: /dnsmasq: failed to create listening socket for \S{1,60}: Address already in use/,
    check: "provider.access",
    says: "another name server on this host listens where libvirt's network wants its own",
    fix: [commandFix("See which", "ss -lnup 'sport = :53 or sport = :67'", { root: true })],
    source: "dnsmasq, as libvirt shows it",
  },
  {
    pattern: /[Nn]etwork '[^']{1,80}' is not active/,
    check: "provider.access",
    says: "a libvirt network is inactive",
    fix: [remedies.network, manualFix("If the line names another network, start that one")],
    source: "libvirt 9.0; vagrant-libvirt/vagrant-libvirt#60, #116",
  },
  {
    pattern: /no network with matching name '/,
    check: "provider.access",
    says: "libvirt has no network of that name",
    fix: [
      manualFix("Define it with virsh net-define; libvirt brings the default one as networks/default.xml"),
      commandFix("See which there are", "virsh -c qemu:///system net-list --all"),
    ],
    source: "libvirt 9.0",
  },
  {
    pattern: anyOf(
      /Storage pool not found/,
      /storage pool '[^']{1,80}' is not active/,
      /No usable storage pool found/,
      /No storage pools are defined/,
    ),
    check: "provider.access",
    says: "libvirt's storage pool is missing or inactive",
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
    ),
    check: "provider.access",
    says: "no rights on libvirt's socket",
    fix: [joinGroupFix("libvirt")],
    source: "libvirt 9.0, seen as an ordinary user",
  },
  {
    pattern: /connect socket to '[^']{1,160}': (?:No such file|Connection refused)/,
    check: "provider.access",
    says: "libvirt is not running, or one of its daemons (virtlogd, virtnetworkd) is not",
    fix: [doctorFix("provider.access")],
    source: "libvirt 9.0, seen with no daemon and with a dead one's socket",
  },
  {
    pattern: /Cannot access storage file '[^']{1,200}' \(as uid/,
    check: "provider.access",
    says: "libvirt's QEMU runs as a user of its own, which may not read that file",
    fix: [manualFix("Put the file below /var/lib/libvirt/images, or let others pass through the folders above it")],
    source: "libvirt 9.0",
  },
  {
    pattern: /no space left on device|don't have enough free space in/i,
    check: "host.disk",
    says: "a disk is full: this host's, or the VM's if it was said in there",
    fix: [
      commandFix("See which", "df -h"),
      remedies.room,
      guestFix("In the VM: see what Docker keeps", "docker system df"),
    ],
    source: "C library (ENOSPC), apt",
  },
  {
    pattern: anyOf(
      /Checksums? did not match/,
      /checksum of the downloaded box did not match/,
      /calculated checksum of the requested file does not match/,
      /is not what it should be: its sha/,
    ),
    check: "host.disk",
    says: "a download is not what its publisher says: cut short, damaged, or replaced since",
    fix: [
      manualFix("Run it again: a part that was fetched is thrown away"),
      manualFix("If that is no help, compare the checksum in the config with the publisher's"),
    ],
    source: "Packer 1.6, Vagrant 2.3 (locales/en.yml), scripts/get-image.sh",
  },
  // ----------------------------------------------------------------------------------------------------------- Hyper-V
  {
    pattern: /not compliant with currently set group policy/,
    check: "hyperv.policy",
    says: "Windows Server refuses to divide a card without SR-IOV unless policy lets it",
    fix: [doctorFix("hyperv.policy")],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV, Microsoft's page on GPU partitioning",
  },
  {
    pattern: /upper MMIO region that is above the supported physical address range/,
    check: "hyperv.card",
    says: "the CPU's addresses are too short for the room that the VM keeps for its part of the card",
    fix: [
      commandFix(
        "Give it less room, which up then leaves alone",
        "Get-VM | Where-Object State -eq Off | Set-VM -HighMemoryMappedIoSpace 1GB",
      ),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#40, #153, #278 (36 bits: Core i of the second and third generation)",
  },
  {
    pattern: /parameter cannot be found that matches parameter name 'InstancePath'/,
    check: "hyperv.choice",
    says: "Windows 10 cannot be told which card to divide",
    fix: [doctorFix("hyperv.choice")],
    source: "PowerShell; jamesstringer90/Easy-GPU-PV#5, #254",
  },
  {
    pattern: /GPU Partition.{0,80}: Error 'Insufficient system resources/,
    check: "hyperv.card",
    says: "Hyper-V has no part of the card left for the VM, or the VM still has one of a card that is gone",
    fix: [
      commandFix("See which parts VMs have", "Get-VM | Get-VMGpuPartitionAdapter | Select-Object VMName, InstancePath"),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#361, #417, #316",
  },
];
