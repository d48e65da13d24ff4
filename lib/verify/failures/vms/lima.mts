import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const limaLog = "Read ~/.lima/NAME/ha.stderr.log and serial*.log (Colima: ~/.colima/_lima/colima)";
const restart = "End what is left of it and start it again: limactl stop -f NAME, limactl start NAME (Colima: colima " +
  "stop --force, colima start); disks are kept";

/** Errors of Lima, Colima, Multipass and UTM, which start VMs by QEMU or by macOS. */
export const limaFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    source: "lima-vm/lima (pkg, cmd), read 2026-11; lima-vm/lima#3081 (2025-01), #1039 (2022-08), " +
      "abiosoft/colima#527 (2022-12)",
  }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /driver is running but host agent is not|host agent is running but driver is not/,
        /another hostagent may already be running with pid|seems running \(hint: remove /,
      ),
      "a part of Lima's VM is left over from a crash or a reboot: its process runs without its host agent, or only a " +
      "file says so",
      restart,
    ],
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /failed to satisfy the (?:essential|optional|final) requirement \d|did not receive an event with the .{0,2}running.{0,2} status/,
        /for incoming conn \S{1,40}, error dialing "\S{1,60}:22"/,
      ),
      "the VM of Lima or Colima runs, and its SSH server was not reached in time: its system does not boot, boots " +
      "slowly without KVM or HVF, or has no address",
      `${limaLog}: the system's own messages say how far it came`,
      "If ssh itself fails there: an SSH agent or ~/.ssh/config of yours gets in between; try without it",
    ],
    [
      "verify.ssh",
      "symptom",
      /guest agent events closed unexpectedly|guest agent does not seem to be running; port forwards will not work/,
      "Lima's agent in the guest does not answer (yet), so that ports are not forwarded",
      "In the guest: systemctl status lima-guestagent; if it is missing, see /var/log/cloud-init-output.log",
      restart,
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /failed to find the QEMU binary for the architecture|could not find firmware for .{0,2}(?:x86_64|aarch64|armv7l|riscv64)/,
        /failed to locate virtiofsd|daemon .{0,2}socket_vmnet.{0,2} needs to be installed/,
      ),
      "Lima finds no QEMU for that processor, or lacks its firmware, virtiofsd or socket_vmnet",
      "Install the package that it names: qemu-system with ovmf or qemu-efi-aarch64, virtiofsd; macOS: brew install " +
      "qemu lima-additional-guestagents, socket_vmnet",
    ],
    [
      "provider.version",
      "cause",
      /limactl is running under rosetta, please reinstall lima with native arch/,
      "this Lima is for Intel and runs translated on Apple Silicon, where it cannot start VMs",
      "Install Homebrew's native release (in /opt/homebrew), and Lima by it",
    ],
    [
      "provider.access",
      "cause",
      /lacking the .{0,2}com\.apple\.security\.hypervisor.{0,2} entitlement|-accel hvf.{0,80}(?:HV_DENIED|ret = HV_ERROR)/,
      "macOS does not let QEMU use its hypervisor: the program is not signed with that right",
      "Install QEMU by Homebrew, which signs it, or sign it: codesign -s - --entitlements FILE --force " +
      "qemu-system-aarch64, with com.apple.security.hypervisor in FILE",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /-accel hvf.{0,80}HV_UNSUPPORTED/,
        /nested virtualization (?:is not supported on (?!this (?:Windows|machine))\S|requires macOS 15)/,
      ),
      "this Mac's processor or its macOS does not do what the VM asks of the hypervisor: nested virtualization, or a " +
      "page size that GPU acceleration needs",
      "Nested virtualization needs macOS 15 and an M3 or later: nestedVirtualization: false without them",
      "UTM 5: Settings, Display, Vulkan driver: Disabled",
    ],
    [
      "host.virtualization",
      "cause",
      /qemu-\S{1,30}: .{0,80}Error: (?:ret = )?HV_(?:NO_DEVICE|NO_RESOURCES|BUSY)\b/,
      "macOS' hypervisor has no VM left for QEMU: another program holds it, memory is short, or this macOS is a VM",
      commandFix("1 means that a VM is possible", "sysctl kern.hv_support"),
      "End other VMs, and give this one less memory",
    ],
    [
      "provider.mode",
      "symptom",
      /qemu-\S{1,30}: .{0,80}Error: (?:ret = )?HV_(?:ERROR|BAD_ARGUMENT)\b/,
      "macOS' hypervisor refused something that QEMU did while the VM ran: a fault of QEMU or UTM with this guest",
      "Update QEMU or UTM and macOS; to tell: start it without the hypervisor (-accel tcg), which is much slower",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    source: "canonical/multipass (src/client, src/platform), QEMU (migration), read 2026-11; " +
      "canonical/multipass#2354 (2021-11), #1384 (2020-02)",
  }, [
    [
      "provider.access",
      "cause",
      /cannot connect to the multipass socket|Please ensure multipassd is running/,
      "Multipass' daemon does not run, ended, or does not let this user in",
      commandFix("Linux: restart it and read its log", "snap restart multipass && snap logs multipass -n 50", {
        root: true,
      }),
      "macOS: sudo launchctl kickstart -k system/com.canonical.multipassd",
      "Windows: net stop Multipass, then net start Multipass",
      "A user who was not let in: multipass authenticate, with the passphrase of local.passphrase",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /Machine type received is '[^']{1,60}' and local is '|Error -\d{1,3} while loading VM state/,
        /Unknown savevm section or instance/,
      ),
      "the VM's saved state (suspend, managed save, snapshot) does not fit the QEMU that is to continue it: QEMU or " +
      "the VM's devices were changed since",
      "Discard the state, not the disk, so that the VM boots: libvirt: virsh managedsave-remove NAME; Multipass: " +
      "qemu-img snapshot -d suspend IMAGE, with the VM stopped",
      "Or go back to that QEMU, start the VM and shut it down in the guest",
    ],
    [
      "verify.ssh",
      "symptom",
      /Multipass dnsmasq (?:failed to start|died)/,
      "Multipass' DHCP server does not run, so that its VMs get no address: another program has its port, or its " +
      "configuration is damaged",
      commandFix("Check who listens there", "ss -lunp sport = :67 or sport = :53", { root: true }),
      commandFix("Then restart Multipass", "snap restart multipass", { root: true }),
    ],
  ]),
];
