import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const source = "Linux (audit), SELinux, setroubleshoot, AppArmor; fedora-selinux/selinux-policy#2759 (2025), " +
  "kubernetes/minikube#21548 (2025-09)";

/** Denials of SELinux and AppArmor for libvirt's daemons and a guest's agent, and profiles that do not load. */
export const vmDenialFailures = (): Failure[] =>
  rows({ layer: "kernel", source }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /SELinux is preventing \S{0,40}(?:qemu|virt|swtpm|dnsmasq|passt|libvirt|kvm)\S{0,30} from/,
        /avc: denied \{ [\w ]{2,40} \} .{0,300}:(?:virt(?!_qemu_ga|qemud_t|d_t)\w{2,20}_t|swtpm_t|dnsmasq_t|passt_t):/,
      ),
      "SELinux forbids a daemon of libvirt a file, mostly one below a home folder or with a wrong label",
      commandFix("Read which file, and its label", "ausearch -m avc -ts recent", { root: true }),
      "Keep the VM's files in /var/lib/libvirt/images; then give them their labels: restorecon -R /var/lib/libvirt",
      commandFix("If a file of the system is denied: update the policy", "dnf upgrade selinux-policy", { root: true }),
    ],
    [
      "host.guest",
      "note",
      /avc: denied \{ [\w ]{2,40} \} .{0,160}comm="qemu-ga"/,
      "SELinux in a guest forbids its agent (qemu-guest-agent) a folder, which is harmless for the VM or its card",
      "Nothing to do: look for another error",
    ],
    [
      "provider.access",
      "note",
      /apparmor="DENIED" operation="open" .{0,60}profile="virt-aa-helper" name="\/(?:etc|proc|sys)\//,
      "AppArmor forbids libvirt's helper for profiles a file of the system that it can do without",
      "Nothing to do: look for another error",
    ],
    [
      "provider.access",
      "cause",
      /AppArmor parser error for \S{1,120}(?:libvirt|virt-|qemu|swtpm|dnsmasq)/,
      "AppArmor cannot read a profile of libvirt or QEMU: it is from a newer release than AppArmor here, or " +
      "was edited badly; without it the daemon does not start",
      "The line names the file and line: take libvirt and AppArmor from one release of the distribution, or correct it",
      commandFix("Then load the profiles again", "systemctl reload apparmor", { root: true }),
    ],
  ]);
