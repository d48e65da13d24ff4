import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near =
  /packer|checksum from checksum file|qemu|hyperv|==> \S{1,60}: |\bpkr\b|Some builds didn't complete|--> [\w.-]{1,60}: /i;

/** What Packer and its plugins for QEMU and Hyper-V say about settings, downloads of plugins and their steps. */
export const packerBuilderFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near,
    source: "hashicorp/packer 1.15, packer-plugin-qemu, packer-plugin-hyperv (their sources), read 2026-11",
  }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /checksum for \S{1,120} not found in SHA256SUMS/,
        /could not (?:find a packer-plugin-\S{1,120} file in|write final plugin binary file|create final plugin binary)/,
        /checksum mismatch for \S{1,120}: expected \S/,
      ),
      "Packer's plugin could not be installed: what was downloaded is incomplete or is not what its list of " +
      "checksums names, or the plugin folder is not writable",
      commandFix("List the plugins and their folder", "packer plugins installed"),
      "Delete ~/.config/packer/plugins (Packer installs them again), see the free space, and run packer init again",
    ],
    [
      "tools.present",
      "cause",
      /could not get sha256 checksum file for .{1,200} Get "https/,
      "Packer could not download a plugin: the network or a proxy ended the connection, as the end of the line says",
      "Run packer init again; behind a proxy, set HTTPS_PROXY",
    ],
    [
      "provider.lines",
      "cause",
      anyOf(
        /Unknown (?:builder|provisioner|post-processor|data source) "[\w-]{2,60}"/,
        /Either a script file or inline script must be|Only (?:a script file or an inline|one of script or scripts)/,
        /Must supply an 'elevated_user'|Environment variable not in format 'key=value'|Destination must be specified/,
        /Direction must be one of: download, upload|Cannot specify source file AND content/,
      ),
      "a block of the Packer template is incomplete, has settings that exclude each other, or names a type that no " +
      "installed plugin has",
      commandFix("Check the template", "packer validate ."),
      "A type of a plugin needs the plugin in required_plugins, and packer init",
    ],
    [
      "guest.image",
      "cause",
      /Timeout waiting for machine to restart/,
      "Packer waited for the VM to come back after a restart, and it did not in time (windows-restart: 5 minutes)",
      'Write restart_timeout = "30m" in that provisioner; watch the VM\'s screen for what it waits for',
    ],
    [
      "guest.image",
      "cause",
      /refusing to override existing file/,
      "Proxmox has a file of that name already, and without a checksum it does not know whether it is the same",
      'Write iso_checksum (or "file:" and the publisher\'s list), or use the existing file with iso_file',
    ],
    [
      "guest.image",
      "cause",
      /no checksum found in: |unsupported checksum type/,
      "the checksum that the template names does not belong to that image: its list has no line for it, or the " +
      "publisher replaced the image",
      "Open both addresses in a browser, and correct iso_url and iso_checksum together; a list is written as " +
      '"file:https://…/SHA256SUMS"',
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Error getting the bridge \S{1,20} interface|Error getting an IPv4 address from the bridge/,
        /net_bridge is only supported in Linux/,
      ),
      "Packer's net_bridge names a bridge that this host does not have, or that has no IPv4 address",
      commandFix("List the bridges", "ip -brief address show type bridge"),
    ],
    [
      "provider.version",
      "cause",
      /Error (?:determining|parsing) qemu version: |(?:version of qemu) {1,2}on your host doesn't support display mode/,
      "Packer could not learn the release of QEMU, or this QEMU lacks the display that the template names",
      commandFix("Check whether it runs", "qemu-system-x86_64 --version && qemu-system-x86_64 -display help"),
      'Write display = "none" and headless = true in the template',
    ],
    [
      "provider.access",
      "symptom",
      /Error opening QMP socket: /,
      "QEMU ended right after its start, so Packer does not reach it; its own error says why",
      commandFix("Read it", "sh -c 'PACKER_LOG=1 packer build . 2>&1 | grep -i \"qemu stderr\"'"),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Fixed VHD disks (?:are (?:not supported|only supported)|do not support)|Generation 2 VMs don't support/,
        /(?:vTPM|TPM) is only supported on|Error enabling TPM: /,
        /maximum of 64 additional SCSI|only 2 ide controllers available|not enough drive letters available/,
      ),
      "the template asks for what this kind of VM does not have (Hyper-V: fixed disks and floppies are for " +
      "generation 1, a TPM for generation 2)",
      "Correct generation, use_fixed_vhd_format, enable_tpm or floppy_files in the template",
    ],
    [
      "hyperv.switch",
      "cause",
      /Error creating switch: |Error setting (?:vlan|switch)|No internet connection found via external switch/,
      "Hyper-V's switch could not be created or set",
      commandFix("List the switches", "Get-VMSwitch | Format-List Name, SwitchType"),
      'Write switch_name = "Default Switch" in the template',
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /Error (?:cloning|creating|exporting|starting|stopping|compacting) (?:virtual machine|vm|VM|disks): /,
        /: PowerShell error: /,
      ),
      "Hyper-V or QEMU refused a step of Packer, for the reason after the colon",
      "Run packer build with PACKER_LOG=1 and -on-error=ask, and read the first error",
    ],
  ]);
