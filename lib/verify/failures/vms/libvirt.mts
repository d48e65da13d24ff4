import type { Failure } from "../types.mts";
import { commandFix, doctorFix, joinGroupFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { vmWords } from "../fixes.mts";

/** Errors of libvirt about its permissions, networks and storage. */
export const libvirtFailures = (): Failure[] => [
  {
    pattern: anyOf(
      // In any language: «профиль AppArmor «libvirt-UUID»».
      /AppArmor[^\n'"«‘“=:]{0,16}['"«‘“]libvirt-[\da-f]{8}-|virt-aa-helper: error|cannot (?:load|update) AppArmor/,
      /apparmor="DENIED".{0,120}profile="(?:\/usr\/sbin\/)?(?:libvirt(?!-[\da-f]{8}-)|virt(?!-aa-helper" name="\/etc\/))/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "AppArmor's profile for this VM could not be loaded: a path in the VM's definition is refused, or the " +
      "profile is broken",
    fix: [
      commandFix("Read which path or rule", "journalctl -k --grep apparmor --no-pager -n 30", { root: true }),
      manualFix(
        "Allow a path outside of libvirt's folders in /etc/apparmor.d/local/abstractions/libvirt-qemu, or move the " +
          "file there",
      ),
      manualFix("A VM whose name begins with [, { or *, which AppArmor reads as a pattern: virsh domrename"),
      commandFix("Reload AppArmor's profiles", "systemctl reload apparmor", { root: true }),
    ],
    source: "libvirt; void-linux/void-packages#32562 (2021-08), virt-manager/virt-manager#1046 (2026-02)",
  },
  {
    pattern: /'?virtiofs'? requires shared memory|virtiofs.{0,40}requires .{0,20}(?:shared|memfd)/,
    check: "provider.mode",
    layer: "provider",
    message: "a virtiofs share needs the VM's memory to be shared memory, and it is not",
    fix: [
      manualFix(
        "Vagrant: libvirt.memorybacking :source, :type => 'memfd' and libvirt.memorybacking :access, :mode " +
          "=> 'shared'",
      ),
      manualFix("Or share the folder by rsync or NFS"),
    ],
    source: "libvirt; vagrant-libvirt/vagrant-libvirt#1806 (2024)",
  },
  {
    pattern: anyOf(
      /Storage pool not found|can't find storage pool '/,
      /storage pool '[^']{1,80}' is not active/,
      /No usable storage pool found/,
      /No storage pools are defined/,
      // vagrant-libvirt looks for active pools only
      /creating Libvirt storage pool: .{1,90} pool '[^']{1,60}' already exists with uuid/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "libvirt's storage pool is missing or inactive",
    fix: [
      commandFix("List them", "virsh -c qemu:///system pool-list --all"),
      commandFix("If it is in the list, start it", "virsh -c qemu:///system pool-start default"),
      commandFix(
        "If it is not, define it first",
        [
          "virsh -c qemu:///system pool-define-as default dir --target /var/lib/libvirt/images",
          "virsh -c qemu:///system pool-build default",
          "virsh -c qemu:///system pool-autostart default",
        ].join(" && "),
      ),
    ],
    source: "libvirt 9.0 (2023-01), vagrant-libvirt 0.11; vagrant-libvirt/vagrant-libvirt#282",
  },
  {
    pattern: anyOf(
      /connect socket to '[^']{1,160}': Permission denied/,
      /no polkit agent available|authentication (?:failed: access denied by policy|cancelled: user cancelled)/,
      /authentication unavailable: no polkit/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "this user has no permission to use libvirt's socket",
    fix: [joinGroupFix("libvirt")],
    source: "libvirt 9.0 (2023-01), seen as an ordinary user",
  },
  {
    pattern: /Connecting to libvirt daemon failed: virError/,
    check: "provider.access",
    strength: "note",
    layer: "provider",
    message: "KubeVirt's virt-launcher waits until libvirt's daemon runs, and tries again",
    fix: [manualFix("If the VM starts: nothing to do; otherwise look for another error")],
    source: "KubeVirt (virt-launcher), its log in general, 2026-11",
  },
  {
    pattern: /(?<!daemon failed: virError.{0,80})connect socket to '[^']{1,160}': (?:No such file|Connection refused)/,
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
    source: "libvirt 9.0 (2023-01), seen with no daemon and with a dead one's socket",
  },
  {
    pattern: anyOf(
      /Job for (?:libvirtd|virtqemud|virtnetworkd)\.service failed/,
      /(?:libvirtd|virtqemud|virtnetworkd)\.service: (?:Failed with result|Start request repeated|Main process exited)/,
      /(?:libvirtd|virtqemud|virtnetworkd)\.service[^]{0,200}Active: failed/,
    ),
    check: "provider.access",
    strength: "symptom",
    layer: "provider",
    message: "libvirt's daemon does not start, or ended: its own log says why",
    fix: [
      commandFix("Read its log", "journalctl -u libvirtd -u virtqemud -b --no-pager -n 50", { root: true }),
      manualFix("If AppArmor failed first: repair its profiles (apparmor_parser names the line), then start libvirt"),
    ],
    source: "systemd, libvirt; doomedraven/Tools#100 (2021-08)",
  },
];
