import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const packerWords =
  /packer|pkr\.hcl|==> (?!error|warning)[\w.-]{1,60}: |Some builds didn't complete|hashicorp|(?:Failed getting the|plugin) "github|a remote checksum|Datasource/i;
const validate = commandFix("Check the template", "packer validate .");
const init = commandFix("Install the plugins that the template names", "packer init .");
const log = "Read Packer's log: PACKER_LOG=1 packer build .";

/** Packer's and its QEMU plugin's own errors by topic. */
export const packerErrorFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near: packerWords,
    source: "hashicorp/packer, packer-plugin-qemu, read 2026-11",
  }, [
    [
      "provider.version",
      "cause",
      /Unsupported Packer Core version/,
      "the template asks for another release of Packer",
      "Install that release, or change required_version",
    ],
    [
      "provider.mode",
      "symptom",
      anyOf(
        /Unset variable|used variable must be set|Undefined (?:-var )?variable/,
        /Unsupported (?:argument|attribute|block type)|Missing (?:required argument|build block|source)/,
        /Invalid (?:reference|value for variable|source)|Argument or block definition required/,
        /Could not find any config file in|Could not guess format of|Failed to parse template|Failed preparing/,
        /Failed to prepare build/,
      ),
      "the template has an error at the place that it names: a variable without a value, or a key that the plugin " +
      "does not know",
      validate,
      init,
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Failed to (?:describe the plugin|discover installed plugins)|Incompatible API (?:MAJOR|MINOR)/,
        /Unrecognized remote plugin message|could not get binary for|fork\/exec \S{1,160}packer-plugin/,
        /Error (?:discovering|getting) plugin|Failed to load plugin(?!"| io\.)|plugin exited before we could/,
        /Datasource\.Execute failed|packer-plugin-\S{1,60} is not executable/,
      ),
      "a plugin of Packer does not start or could not be fetched: damaged, of another CPU, or in a folder that " +
      "forbids programs",
      init,
      "Remove its file below ~/.config/packer/plugins first; put PACKER_PLUGIN_PATH on a file system without noexec",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /could not get (?:sha256 )?checksum file for github\.com|could not find a local nor a remote checksum/,
        /Is the file present on the release and correctly named|could not install any compatible version of plugin/,
      ),
      "Packer could not get the plugin's release or its list of checksums: a proxy or firewall is in its way, the " +
      "repository moved or was renamed, or that version lacks the file for this system",
      commandFix(
        "See each address that it tries",
        "sh -c 'PACKER_LOG=1 packer init . 2>&1 | grep -iE \"getting|checksum|http\"'",
      ),
      "Show the plugin's releases on GitHub, and correct source and version in required_plugins; with Packer before " +
      "1.14 update Packer",
      init,
    ],
    [
      "host.disk",
      "symptom",
      anyOf(
        /Error (?:creating|converting|copying|resizing|moving converted) (?:hard drive|iso)|QemuImg error/,
        /Error opening iso/,
      ),
      "qemu-img could not make or convert the disk: its line says why (space, format, a missing file)",
      commandFix("Check the free space", "df -h . /tmp"),
      log,
    ],
    [
      "guest.image",
      "symptom",
      /Error getting (?:file )?checksum|error downloading checksum|Download failed/,
      "Packer could not fetch the image or its checksum: the address changed, or the network failed",
      "Open iso_url and iso_checksum in a browser; distributions delete old releases",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /Error (?:connecting to|handshaking with|finding) VNC|Error running boot command/,
        /Error connecting to QMP socket/,
      ),
      "Packer could not type into the VM: QEMU ended before (VNC), or Hyper-V has no keyboard for a VM that is not on",
      log,
    ],
    [
      "guest.image",
      "cause",
      /Timeout while waiting for machine to shut|Failed to send shutdown command|Failed to shutdown(?! domain)/,
      "Packer's VM did not shut down: shutdown_command is wrong for its user, or too slow",
      "Write one that works without a password: sudo shutdown -P now",
    ],
    [
      "provider.access",
      "symptom",
      /Cancelling build after receiving interrupt|errored(?: after .{1,60})?: Build was cancelled/,
      "the build was stopped by Ctrl+C or another signal, as by a time limit of CI: errors behind it follow from that",
      "Run packer build again, and let it end; in CI, raise the time limit of the job",
    ],
    [
      "verify.ssh",
      "symptom",
      /Timeout waiting for (?:WinRM|IP)|Error waiting for (?:SSH|WinRM)(?!.{0,120}\(retrying\))|Error uploading(?! shell script)|Upload failed/,
      "Packer did not reach its VM in time, or lost it",
      "Watch the VM's screen (headless = false, or VNC), and make ssh_timeout longer",
      log,
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /Error (?:executing|running) (?:Ansible|provisioner)/,
        /Provisioner .{0,40}failed/,
      ),
      "a provisioner failed in Packer's VM; its own error is in the lines above",
      log,
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /Build '[^']{1,80}' errored|Some builds didn't complete successfully|==> \S{1,60}: Error /,
        /Build was halted|\bpacker\S{0,20} .{0,40}error: /,
      ),
      "Packer gave up; the first error in the lines above says why",
      log,
    ],
  ]);
