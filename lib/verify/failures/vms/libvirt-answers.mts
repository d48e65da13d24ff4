import type { Failure } from "../types.mts";
import { commandFix, doctorFix, remedies } from "../../../fixes.mts";
import { self } from "../../../self.mts";
import { anyOf } from "../../../text.mts";
import { install, vmWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const vmLog = commandFix("Read the VM's own log", "tail -n 40 /var/log/libvirt/qemu/NAME.log", { root: true });
const daemonLog = commandFix("Read what libvirt says", "journalctl -u libvirtd -u virtqemud -b --no-pager -n 50", {
  root: true,
});
const edit = "Correct the VM's definition at what the line names: virsh edit NAME";
const source = "libvirt (src/util/virerror.c, src/qemu, src/network), read 2026-11";

/** Messages of libvirt that differ by what the system answered, and the kinds of its errors. */
export const libvirtAnswerFailures = (): Failure[] => [
  {
    pattern: /module 'libvirt(?:mod)?' has no attribute '(?:VIR_|vir)\w{2,40}/,
    check: "provider.version",
    layer: "provider",
    message:
      "Python's libvirt module is not the one that the program expects: it is older, or a module of another package " +
      "named libvirt hides it",
    fix: [
      commandFix("Check which one Python loads", "python3 -c 'import libvirt; print(libvirt.__file__)'"),
      commandFix("Remove one that pip installed", "pip uninstall libvirt-python"),
      install("Install the distribution's", {
        apt: "python3-libvirt",
        dnf: "python3-libvirt",
        pacman: "libvirt-python",
      })({}),
    ],
    source: "libvirt-python, virt-manager; virt-manager/virt-manager#842 (2025-02)",
  },
  {
    pattern:
      /find 'swtpm(?:_setup)?' binary in \$PATH|swtpm.{0,60}not found|Default TPM 'swtpm' could not be found|swtpm at \S{1,80} is not an executable/,
    check: "tools.present",
    layer: "provider",
    message: "the VM has an emulated TPM, and swtpm is not installed on this host",
    fix: (setting) => [
      install("Install it", {
        apt: "swtpm swtpm-tools",
        dnf: "swtpm swtpm-tools",
        pacman: "swtpm",
        zypper: "swtpm",
      })(setting),
      commandFix("Restart libvirt, which looks for it at its start", "systemctl restart libvirtd", { root: true }),
    ],
    source: "libvirt (src/util/virtpm.c); stefanberger/swtpm#463 (2021-06)",
  },
  ...rows({ layer: "network", source: `${source}; virt-manager/virt-manager#1011 (2025-11)` }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /(?:get index for|get interface|Cannot get interface (?:MTU|flags|MAC|index) (?:on|for)|interface) '?(?:en|eth|wl|br|bond|vmbr)[\w.-]{0,14}'?: No such device/,
        /(?:get index for|Cannot get) interface .{0,12}(?<![a-z])(?:en|eth|wl|br|bond)[\w.-]{0,14}'?: No such device/,
        /link dev(?:ice)? '?(?:en|eth|wl|br)[\w.-]{0,14}'? .{0,20}(?:not found|does not exist)/,
      ),
      "the network interface or bridge of the host that the VM's definition names is not there: an adapter was " +
      "unplugged or renamed",
      commandFix("List them", "ip -brief link"),
      "Name another one in the VM's interface (virsh edit), or use libvirt's network default",
    ],
    [
      "provider.access",
      "cause",
      /interface (?:MTU|flags|MAC|index) (?:on|for) '?virbr\d{1,3}'?: No such device/,
      "the bridge of libvirt's network is missing: the network is not active, or its bridge was removed",
      remedies.network,
      commandFix("List the networks and their state", "virsh -c qemu:///system net-list --all"),
      "If it is active there: net-destroy, then net-start it, which creates the bridge again",
    ],
  ]),
  ...rows({ layer: "provider", source: `${source}; BigAnteater/KVM-GPU-Passthrough#16 (2022-06)` }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /'spicevmc' not supported without spice graphics/,
        /(?:chardev|channel|redirdev|audio) .{0,40}without spice graphics/,
      ),
      "the VM's definition has parts of SPICE (channel spicevmc, redirdev, audio type spice) and no SPICE graphics",
      "Remove them with the graphics (virsh edit NAME), or add <graphics type='spice'/> again",
    ],
    [
      "provider.access",
      "cause",
      /Failed to define domain from .{1,160} error: operation failed: domain '[^']{1,80}' already exists with uuid/,
      "libvirt has a VM of that name already, with another uuid",
      commandFix("Show it", "virsh -c qemu:///system list --all"),
      "Write that uuid into the file, or take another name; to remove the old definition: virsh undefine " +
      "--nvram NAME",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /failed to get domain '[^']{1,80}'(?! error: Domain)/,
      ),
      "libvirt has no VM of that name in this connection: root's and your own (qemu:///system, qemu:///session) " +
      "are different",
      commandFix("Show the system's VMs", "virsh -c qemu:///system list --all"),
      commandFix("And your own", "virsh -c qemu:///session list --all"),
    ],
  ]),
  ...rows({ layer: "provider", source }, [
    [
      "guest.firmware",
      "cause",
      /Unable to find 'bios' firmware/,
      "the VM's definition asks for firmware='bios', which libvirt looks up among descriptions of firmware, and " +
      "distributions ship none for SeaBIOS",
      "Leave the attribute out (virt-install: no --boot firmware=bios): BIOS is what a VM has without it",
    ],
    [
      "guest.firmware",
      "cause",
      /Unable to rename file '\(null\)\.new' to '\(null\)'/,
      "the VM's definition names a firmware file and no place for its variables (nvram), and this libvirt finds none " +
      "by itself",
      "Leave the paths to libvirt: virt-install --boot uefi, or <os firmware='efi'> without <loader> and <nvram>",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Cannot access (?:storage|backing) file '[^']{1,200}'(?: of storage file '[^']{1,200}')?(?: \(as uid:\d{1,9}, gid:\d{1,9}\))?: No such file/,
        /Could not open backing file: Could not open '[^']{1,200}': No such file/,
      ),
      "a disk file of the VM, or the image that it is based on, does not exist: it was deleted, or is elsewhere now",
      commandFix("Check which files the VM names", "virsh -c qemu:///system domblklist NAME"),
      `Put the file back, or recreate the VM: ${self("up --recreate")}; with Vagrant: vagrant destroy, then ` +
      "vagrant up",
      commandFix("Have libvirt read the pool again", "virsh -c qemu:///system pool-refresh default"),
    ],
    [
      "provider.access",
      "note",
      /Failed to (?:read AppArmor profiles list|open file) '\/sys\/kernel\/security\/apparmor\/profiles': Permission denied/,
      "libvirt's daemon of your own user (qemu:///session) cannot read AppArmor's list, which is harmless",
      "If nothing else is wrong: nothing to do; look for another error",
    ],
    [
      "host.memory",
      "cause",
      /open backing store \S{1,160}(?:hugepages|hugetlbfs)\S{0,160} for guest RAM: Permission denied/,
      "QEMU's user is not allowed to write to the huge pages' folder: hugetlbfs was mounted, or libvirt's folder " +
      "in it made, with other permissions",
      commandFix("Restart libvirt, which sets the permissions of its folder there", "systemctl restart libvirtd", {
        root: true,
      }),
      commandFix("Show the mount's permissions", "findmnt -t hugetlbfs -o TARGET,OPTIONS"),
    ],
  ]),
];

/** The kinds of libvirt's errors, for those that no other entry knows. */
export const libvirtKindFailures = (): Failure[] => [
  ...rows({ layer: "provider", near: vmWords, source }, [
    [
      "provider.access",
      "fallback",
      /(?:error|libvirtError|failed|domain|Message=.?): (?:internal|unknown) error: \S/,
      "libvirt stopped with an error of its own, for the reason after “internal error”",
      daemonLog,
      vmLog,
    ],
    [
      "provider.mode",
      "fallback",
      /(?:error|libvirtError|failed|domain|Message=.?): (?:unsupported configuration|argument unsupported): \S/,
      "the VM's definition asks for something that this libvirt, QEMU or machine type does not do",
      edit,
      commandFix("Check what it can do", "virsh -c qemu:///system domcapabilities --machine q35"),
    ],
    [
      "provider.access",
      "fallback",
      /(?:error|libvirtError|failed|domain|Message=.?): Requested operation is not valid: \S/,
      "the VM, network or pool is not in a state in which libvirt can do that (running, shut off, saved, inactive)",
      commandFix("Check the states", "virsh -c qemu:///system list --all"),
    ],
    [
      "provider.access",
      "fallback",
      /(?:error|libvirtError|failed|domain|Message=.?): (?:operation failed|Operation not supported|this function is not supported by the connection driver|invalid argument(?!: \S{1,80}\s*$)): \S/,
      "libvirt could not do what was asked, for the reason after the last colon",
      daemonLog,
      vmLog,
    ],
    [
      "provider.access",
      "fallback",
      /(?:error|libvirtError|failed|domain): (?:Timed out during operation|authentication failed|authentication unavailable|access denied|cannot (?:open|connect))\b/,
      "libvirt's daemon did not let this user in, or did not answer in time",
      doctorFix("provider.access"),
      daemonLog,
    ],
  ]),
];
