import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { vmWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const vmLog = commandFix("Read the VM's own log", "tail -n 40 /var/log/libvirt/qemu/NAME.log", { root: true });
const edit = "Correct the VM's definition (virsh edit NAME); virt-xml-validate names the element";
const daemonLog = commandFix("Read what libvirt says", "journalctl -u libvirtd -u virtqemud -b --no-pager -n 50", {
  root: true,
});

/** Errors of libvirt and virt-install by topic. */
export const virshFailures = (): Failure[] => [
  ...rows({ layer: "provider", near: vmWords, source: "libvirt (src), virt-install, general knowledge, 2026-11" }, [
    [
      "provider.access",
      "cause",
      /domain is already (?:running|active)|Domain is already active/,
      "the VM runs already",
      "Use it, or shut it down first: virsh shutdown NAME",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /failed to validate against schema|Extra element \w{1,30} in interleave|(?<!\.)XML error: (?!No PCI)/,
        /failed to parse (?:domain )?xml/,
        /(?:internal|XML) error: unknown [\w ]{3,40} '|Invalid value for (?:attribute|element) '\w/,
      ),
      "the VM's definition (XML) has an element or value that this libvirt does not accept",
      edit,
    ],
    [
      "gpu.match",
      "cause",
      /(?:Node )?device not found: no (?:node )?device (?:with matching name '|found with alias \S)/,
      "libvirt finds no device with that name: the card has another address now, or the VM does not have that device",
      commandFix("List the devices' names", "virsh -c qemu:///system nodedev-list --cap pci"),
      "The devices of a VM: virsh dumpxml NAME, in <alias name='…'/>",
    ],
    [
      "gpu.driver",
      "cause",
      /must be manually detached from the host/,
      "the VM's definition leaves the card's driver to you (managed='no'), and the card is not bound to vfio-pci",
      "Write managed='yes' in its hostdev (virsh edit NAME)",
      commandFix("Or bind it before the start", "virsh -c qemu:///system nodedev-detach pci_0000_01_00_0", {
        root: true,
      }),
    ],
    [
      "gpu.power",
      "cause",
      /Failed to (?:read|restore) PCI config space for \S/,
      "libvirt cannot read or restore the card's configuration: the card does not answer since a reset, or sleeps " +
      "without power",
      commandFix("Check what the kernel says about it", "dmesg --level err,warn", { root: true }),
      "Shut the VMs down, power the host off, wait ten seconds, and power it on",
    ],
    [
      "gpu.match",
      "cause",
      /(?:Did not find|find) USB device|USB device not found/,
      "a USB device that the VM should get is not plugged in, or has another address",
      "Remove it from the VM's definition, or plug it in",
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /PCI device \S{1,20} is not assignable|not bound to (?:a )?VFIO|list of active PCI devices/,
        /must be bound to vfio-pci|PCI device \S{1,20} is not managed/,
      ),
      "libvirt cannot give the card to the VM: it is not bound to vfio-pci, or its group is not",
      commandFix("Check which driver has it", "lspci -nnk -d ::03xx"),
    ],
    [
      "provider.access",
      "cause",
      /Unable to set (?:user and group to|security context|XATTR|SELinux context)|unable to set security/,
      "libvirt could not change the owner or label of a file of the VM: its file system does not allow it, or it " +
      "is a device of the host",
      "Move the file to /var/lib/libvirt/images, or set remember_owner = 0 or dynamic_ownership = 0 in qemu.conf",
    ],
    [
      "provider.access",
      "cause",
      /failed to load cgroup BPF prog|cgroup BPF|Failed to (?:enable|add) .{0,40}cgroup|virCgroup\w{1,40}/,
      "libvirt could not use control groups: it runs in a container, or they are not mounted as it expects",
      "In a container, set cgroup_controllers = [ ] in qemu.conf, or give the container the permission",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /cannot set CPU affinity on process|Invalid value '[^']{1,60}' for 'cpuset/,
        /vcpupin.{0,80}(?:invalid|out of range)/,
      ),
      "the VM is pinned to CPUs that this host does not have, or that are offline",
      "Correct cputune and numatune in the VM's definition (lscpu -e lists the CPUs)",
    ],
    [
      "host.memory",
      "cause",
      anyOf(
        /hugetlbfs filesystem is not mounted|hugepages?: .{0,40}not (?:supported|mounted)/,
        /Unable to (?:find|use) hugepage/,
      ),
      "the VM asks for huge pages, and the host has none mounted",
      "Reserve them (vm.nr_hugepages) and mount hugetlbfs, or remove memoryBacking",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Unable to add bridge \S{1,20} port|Cannot find bridge|Failed to (?:connect|add tap interface) to bridge/,
        /bridge \S{1,20} does not exist/,
      ),
      "the bridge that the VM's network uses does not exist, or does not take its port",
      commandFix("List them", "ip -brief link show type bridge"),
    ],
    [
      "guest.firmware",
      "cause",
      /Unable to find .{0,20}firmware/,
      "libvirt finds no UEFI firmware that has what the VM asks for: OVMF is not installed, or has no such variant " +
      "(Secure Boot, format)",
      "Install ovmf (edk2-ovmf), and ask for a variant that it has",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /monitor socket did not show up|End of file from (?:qemu )?monitor/,
        /shutting down, reason=(?:crashed|failed)/,
      ),
      "QEMU ended while it started or ran",
      vmLog,
    ],
    [
      "verify.ssh",
      "symptom",
      /QEMU guest agent is not (?:connected|responding|configured|available|running)|'guest-\w{3,30}' failed/,
      "the VM's guest agent does not answer, so that its address is not known: it is not installed, or the VM does " +
      "not boot",
      "Install qemu-guest-agent in the VM and add its channel",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /while domain managed save image exists|cannot (?:undefine|delete inactive) domain with/,
        /Refusing to undefine/,
      ),
      "libvirt does not remove the VM's definition: it still has snapshots, checkpoints, saved memory or UEFI " +
      "variables",
      "If none of these is needed, remove them with it: virsh undefine NAME --nvram --managed-save " +
      "--snapshots-metadata",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /Unknown OS name '|--os-variant\/--osinfo OS name is required|An install method must be specified/,
        /Error validating install location/,
      ),
      "virt-install does not accept its options: an unknown --osinfo (osinfo-db is older than the system), or no " +
      "installation source",
      "Update osinfo-db, or write --osinfo detect=on,require=off",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Cannot recv data: (?:Host key verification failed|Permission denied|ssh: )/,
        /qemu\+ssh:.{0,120}(?:Permission denied|Connection refused)/,
      ),
      "the connection to another host's libvirt (qemu+ssh) failed",
      "Log in once by ssh to that host, and add your key there",
    ],
    [
      "provider.access",
      "symptom",
      /Disconnected from qemu:\/\/\/\S{1,20} due to|(?<!daemon failed: virError.{0,80})Failed to connect socket to |unable to connect to server at/,
      "the connection to libvirt's daemon ended or was refused",
      daemonLog,
    ],
    [
      "provider.access",
      "fallback",
      /(?<!INFO set_name_of_domain: )Call to vir[A-Z]\w{3,40} failed: |libvirtError\b|Error (?:starting|creating) domain: |LibvirtError\(/,
      "libvirt refused a call, for the reason after the last colon",
      vmLog,
      daemonLog,
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /libvirt: {1,2}(?:error|QEMU Driver error|Domain Config error|XML-RPC error|Network Driver error)/,
        /Process exited prior to exec/,
      ),
      "libvirt reports an error of one of its parts",
      vmLog,
      daemonLog,
    ],
    [
      "provider.access",
      "fallback",
      /(?:libvirtd|virtqemud|virtnetworkd|virtlogd|virtstoraged)\[?\d{0,8}\]?: .{0,80}(?:error|failed|cannot)/,
      "libvirt's daemon logs an error",
      daemonLog,
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source: "Proxmox VE (qemu-server), general knowledge, 2026-11" }, [
    [
      "provider.access",
      "fallback",
      /start failed: (?:QEMU exited|command '.{0,40}kvm|org\.freedesktop)|TASK ERROR: start failed/,
      "Proxmox could not start the VM; QEMU's own line above says why",
      "Start it in a terminal to see QEMU's error: qm start ID",
    ],
    [
      "provider.access",
      "cause",
      /timeout waiting on systemd/,
      "an earlier run of this VM has not ended: its QEMU still holds the card or its memory",
      "End it: systemctl stop ID.scope, or qm stop ID; see the kernel's log if it does not go",
    ],
    [
      "gpu.match",
      "cause",
      /no PCI device found for/,
      "Proxmox cannot give the card to the VM: there is no device at that address, or it does not bind to vfio-pci",
      commandFix("List the addresses and drivers", "lspci -nnk -d ::03xx"),
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "libvirt (src/rpc), virt-manager; virt-manager/virt-manager#439 (2022-09), #184 (2020-11), " +
      "libvirt/libvirt#34 (2021-07), kind to date",
  }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /(?:End of file while reading data|Cannot recv data): .{0,40}\bnc: (?:command )?not found/,
        /Segmentation fault \(core dumped\) nc .{0,12}-U /,
        /(?:End of file while reading data|Cannot recv data): .{0,40}\bnc: invalid option -- .?U/,
        /remote host requires a version of netcat\/nc which supports the -U option/,
      ),
      "the connection to another host's libvirt needs nc with Unix sockets on that host: it is missing, or another nc",
      "Install it there: netcat-openbsd (Debian, Ubuntu), openbsd-netcat (Arch), nmap-ncat (Fedora)",
      "Or let libvirt's own helper do it (libvirt 8 and newer): qemu+ssh://USER@HOST/system?proxy=native",
    ],
    [
      "provider.access",
      "cause",
      /(?:End of file while reading data|Cannot recv data): (?:Ncat|nc: unix connect failed): Permission denied/,
      "the user on the other host has no permission to use libvirt's socket there",
      "On that host: add the user to the group libvirt (sudo usermod -aG libvirt USER), and log in again",
    ],
    [
      "provider.access",
      "cause",
      /(?:End of file while reading data|Cannot recv data): (?:Ncat|nc: unix connect failed): No such file/,
      "libvirt does not run on the other host, or its socket is elsewhere",
      "On that host: start libvirt (sudo systemctl start libvirtd, or virtqemud.socket with its parts)",
      "If it runs: add ?socket=/run/libvirt/virtqemud-sock, or its path there, to the address",
    ],
  ]),
];
