import type { Failure } from "../types.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const shared = manualFix(
  "libvirt: <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking> (virsh edit NAME); QEMU: " +
    "-object memory-backend-memfd,id=mem,size=8G,share=on -machine memory-backend=mem",
);
const denied = commandFix(
  "Read what AppArmor or SELinux refused",
  "journalctl -k --grep 'apparmor|avc' --no-pager -n 30",
  {
    root: true,
  },
);
const owners = commandFix(
  "Find out to whom its folders belong",
  "ls -ldn /var/lib/libvirt/swtpm/* /var/lib/swtpm-localca",
  {
    root: true,
  },
);

/** The logs of the programs that run beside QEMU: virtiofsd and swtpm. */
export const vmHelperFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    near: /virtiofsd|vhost|qemu/i,
    source: "virtiofsd 1.13 (main.rs), QEMU 9 (hw/virtio); virtio-win/kvm-guest-drivers-windows#875 (2023-08)",
  }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /Waiting for daemon failed: HandleRequest\(InvalidParam\)/,
        /Failed initializing vhost-user memory map|vhost_set_mem_table failed/,
        /vhost VQ \d{1,3} ring restore failed: -22|vhost_set_vring_call failed: Invalid argument/,
      ),
      "a virtiofs share needs the VM's memory to be shared memory, which virtiofsd can map, and it is not",
      shared,
      "Vagrant: libvirt.memorybacking :source, :type => 'memfd' and libvirt.memorybacking :access, :mode => 'shared'",
    ],
    [
      "provider.mode",
      "symptom",
      /Waiting for daemon failed: HandleRequest\(|(?<!request: )Unexpected end-of-file before all data were read|Failed to set msg fds/,
      "QEMU and virtiofsd lost each other: one of them ended; the last line of the other one says why",
      commandFix("Read virtiofsd's log", "tail -n 20 /var/log/libvirt/qemu/NAME-fs0-virtiofsd.log", { root: true }),
      shared,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Error entering sandbox: .{0,120}(?:PermissionDenied|not permitted|can only be used by root)/,
        /Error dropping privileges|can't apply the child capabilities|Error entering sandbox: (?:Mount|Unshare)/,
      ),
      "virtiofsd is not allowed to set up its sandbox: it runs as your user or in a container, without user namespaces",
      "Let the system's libvirt start it (qemu:///system); as your user: --sandbox namespace, with lines of your " +
      "user in /etc/subuid and /etc/subgid",
      "In a container: --sandbox none, or allow user namespaces and an unmasked /proc",
    ],
    [
      "host.folder",
      "cause",
      /Error entering sandbox: .{0,60}NotFound|Failed to create internal filesystem representation/,
      "the folder that virtiofsd should share does not exist, or it cannot be opened",
      "Create it, or correct the path in the VM's definition; libvirt's virtiofsd runs as root, your own as you",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: /virtiofsd|vhost-user/i,
    shared: true,
    source: "virtiofsd 1.13 (main.rs), read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /Error creating listener: .{0,80}(?:AddrInUse|Address)/,
      "virtiofsd's socket is left over or in use by another virtiofsd",
      commandFix("Check whether one runs", "pgrep -a virtiofsd"),
      "If none does: remove the socket file of --socket-path",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: /swtpm|vtpm|libtpms|\btpm\b|tpm2/i,
    source: "swtpm 0.10, libtpms; stefanberger/swtpm#797 (2023-04), #642 (2022), read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /Need (?:read|write|read\/write) \w{6} on (?:(?:config|options) file|directory|issuer certificate|signing key|statedir)/,
        /User \S{1,32} cannot (?:access|read|write)\S{0,12} (?:directory|file|from file|to file) \S{0,120}(?:tpm|TPM)/,
        /SWTPM_NVRAM_\w{4,24}: Error \(fatal\) opening .{0,200}Permission denied/,
        /Could not (?:open lockfile|lock file) \S{0,160}(?:\.lock|tpm\S{0,60}): Permission denied/,
        /swtpm\S{0,12}: .{0,80}Could not (?:open|lock|write|create (?!\S{1,20} certificate))/,
      ),
      "swtpm is not allowed to read or write the folder of the VM's virtual TPM, or of its certificates",
      owners,
      "Give them to the user that the message names (tss, swtpm, or swtpm_user in /etc/libvirt/qemu.conf)",
      denied,
    ],
    [
      "provider.access",
      "cause",
      /Could not lock file \S{0,160}(?:\.lock|tpm\S{0,60}): Resource temporarily/,
      "another swtpm has the state of this virtual TPM: the VM runs already, or an old swtpm was left",
      commandFix("Check which ones run", "pgrep -a swtpm"),
      "Shut down the VM that has it; end an old one by its number",
    ],
    [
      "tools.present",
      "cause",
      /Could not find swtpm_cert in PATH|Error creating local CA's signing key|Could not create \S{1,20} certificate locally/,
      "swtpm could not create the certificates of the virtual TPM: its tools are missing, or is not allowed to " +
      "write their folder",
      "Install swtpm-tools and GnuTLS' certtool (apt: swtpm-tools gnutls-bin; dnf: swtpm-tools gnutls-utils)",
      owners,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Entering failure mode; code: \d{1,3}, location: NvPowerOn/,
        /Setting the stateblob \(type \d\) failed/,
      ),
      "the saved state of the virtual TPM is damaged, or from a newer libtpms than the one here",
      "If swtpm or libtpms was downgraded or the state was copied here: install the release that wrote it",
      "Else move /var/lib/libvirt/swtpm/UUID away, and the VM gets a new TPM: what was sealed in it is lost, so have " +
      "BitLocker's recovery key first",
    ],
    [
      "provider.mode",
      "symptom",
      anyOf(
        /swtpm process terminated unexpectedly|Could not start (?:the TPM (?:1\.2|2)|swtpm)\b|Failed to run swtpm '/,
        /Could not initialize (?:libtpms|the TPM)|Authoring the TPM state failed/,
      ),
      "the VM's virtual TPM (swtpm) ends at its start: most often AppArmor or SELinux forbids it its files, as with " +
      "Ubuntu 22.04's first profile",
      denied,
      "Update swtpm, libtpms and libvirt from the distribution",
    ],
  ]),
];
