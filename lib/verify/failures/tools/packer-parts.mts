import type { Fix } from "../../../findings.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

/** Words of Packer's log. */
const near =
  /\bpacker\b|pkr\.hcl|Some builds didn't complete|Builds finished but no artifacts|==> (?:[\w-]{1,40}\.)?(?:qemu|virtualbox|vmware|hyperv|proxmox|vsphere|parallels|vagrant)[\w.-]{0,60}: |Build '[^']{1,80}' errored/i;
const log = manualFix("Read Packer's log: PACKER_LOG=1 packer build .");
const validate = commandFix("Check the template", "packer validate .");
const screen = manualFix("Watch the VM's screen: headless = false, or the address of VNC that the log names");

/** Steps of a build, by the words with which Packer or its plugins report them: the first that fits counts. */
const steps: [words: string, check: string, meaning: string, ...fix: Fix[]][] = [
  [
    "(?:snapshot)",
    "provider.mode",
    "a snapshot of the VM: it does not exist, exists already, or the VM still runs",
    manualFix("Show the VM's snapshots in the hypervisor; force_delete_snapshot = true replaces one of the same name"),
  ],
  [
    "(?:ovftool|export|compact|convert|packag|\\bcompress|artifact|\\bbox\\b)",
    "host.disk",
    "the result (export, conversion or box): no space, a missing program, or files that are not where it looks",
    commandFix("Check the free space", "df -h . /tmp"),
  ],
  [
    "(?:floppy|\\bCD\\b|cd_|\\bISO\\b|iso_|cdrom|guest additions|VMware Tools|virtio-win)",
    "guest.image",
    "a medium (ISO, CD, floppy, guest tools): a file is missing, cannot be read, or cannot be attached",
    manualFix("Check that each path in iso_url, cd_files, floppy_files and tools exists on this machine"),
  ],
  [
    "(?:\\bvnc|\\bvrdp|boot command|boot_|keyboard|scan ?code|typing)",
    "provider.access",
    "the keys that it types into the VM (boot_command, VNC)",
    screen,
  ],
  [
    "(?:\\bIP address|\\blease|\\bDHCP|network|\\bNAT\\b|forwarding|\\bport\\b|switch|\\bVLAN|\\bMAC\\b|" +
    "adapter|loopback)",
    "provider.access",
    "the VM's network: the address, port or switch is missing or taken",
    screen,
  ],
  [
    "(?:shut(?:ting)? ?down|stopping|halt)",
    "guest.image",
    "the end of the build: the VM did not shut down",
    manualFix("Write a shutdown_command that works without a password: sudo shutdown -P now"),
  ],
  [
    "(?:\\bssh|winrm|communicator|keypair|upload|private key)",
    "verify.ssh",
    "its connection to the VM (SSH, WinRM)",
    screen,
  ],
  [
    "(?:disk|hard drive|\\bvhdx?|vmdk|qcow|controller|NVMe)",
    "guest.image",
    "a disk of the VM: it could not be made, resized or attached",
    commandFix("Check the free space", "df -h . /tmp"),
  ],
  [
    "(?:\\bvmx\\b|clone|import|creating (?:VM|virtual machine)|registering|template|" +
    "starting (?:VM|(?:the )?virtual machine))",
    "provider.access",
    "the VM itself: the hypervisor did not create, import or start it",
    manualFix("Start a VM by hand in that hypervisor, to see whether it works at all"),
  ],
];
/** How Packer or a plugin reports the end of a build, behind the name of the source. */
const line = "(?:' errored(?: after [\\w ]{1,60})?: |\\b(?:error|failed|unable to) )" +
  "(?=.{0,300}(?:error|fail|unable|could not|cannot|can't|invalid|missing|not found|no |timeout|timed out|" +
  "expected|\\w: ))";

/** What stops Packer and its plugins before or in a step of the build. */
export const packerCauseFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near,
    source: "hashicorp/packer-plugin-sdk, -virtualbox, -vmware, -qemu, -hyperv (their own messages), read 2026-11",
  }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /failed creating \w{2,12} driver ?: (?:exec: \S{1,80} executable file not found|.{0,120}not found|Unable to initialize any driver)/,
        /VMware application not found: |(?:vmrun|vmplayer|vmware|ovftool|VBoxManage|prlctl)\S{0,6} not found(?: at|[:;] install)/,
        /driver initialization failed\. fix at least one driver|unable to read any valid registry key for VMware/,
        /ovftool is required to clone|error finding ovftool in path|failed to locate swtpm \(/,
      ),
      "Packer does not find the program of that builder (VirtualBox, VMware, Parallels, QEMU): it is not installed, " +
      "or not in PATH",
      "Install it, or build with another one: packer build -only=SOURCE .",
      commandFix("Check which of them exist", "command -v qemu-system-x86_64 VBoxManage vmrun vmplayer prlctl"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /xorriso : FAILURE : (?:Grafting failed|Cannot determine attributes of source file|Not a known file)/,
        /(?:genisoimage|mkisofs|xorrisofs|hdiutil|oscdimg)\S{0,4}: .{0,120}(?:No such file|Invalid node|Permission denied|not permitted|error)/,
        /Error (?:adding|copying) (?:a )?(?:file|dir(?:ectory)?|path)s? .{0,60}(?:floppy|CD)|CD (?:files|content) .{0,60}(?:not exist|no such)/,
        /Bad disk file '/,
      ),
      "a file for the CD or floppy that Packer makes (cd_files, cd_content, floppy_files) does not exist, or " +
      "cannot be read",
      "Correct the path: it is relative to the folder in which packer runs; write cd_content for a template",
      "For a seed of cloud-init the names are user-data, meta-data and the label cidata",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /\* \w{3,40}(?: type)? can only be \w{2,20}(?:,| or )|invalid '\w{3,40}'(?: type)? specified: |\* [^\n]{1,100} must be one of \S/,
        /\* '?\w{3,40}'? must be (?:less than|positive|a positive number|between) |\* '\w{3,40}' (?:is blank, but is |can only be )/,
        /\* '\w{3,40}' (?:must be explicitly specified|is required)|\b\w{3,40}_(?:count|size|port_min) cannot be greater than \d/,
        /Virtual machine requires (?:disk (?:block size|space)|memory size) [<>]=/,
        /(?:An invalid )?(?:number of cpus|memory size|amount of memory) was specified|invalid (?:number of cpu|amount of memory)/,
      ),
      "the template has a value that the builder does not take; the lines with * name the key",
      validate,
      "Show the key's page in the plugin's documentation for the values that it takes",
    ],
    [
      "provider.mode",
      "fallback",
      /\berror\(s\) occurred: {0,2}\n?\s{0,4}\* /,
      "Packer does not take the template; each line with * names a key and what is wrong with it",
      validate,
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /\[ERROR\] Requires .{2,40} or later; .{1,30} installed|version \S{1,20} is incompatible; requires version/,
        /installed version requires a license|error finding license file|\* no license found/,
        /VMware ESX is not supported by the plugin|driver is only supported on /,
      ),
      "the hypervisor's release or licence does not fit the plugin of Packer",
      "Update the hypervisor, or fix an older plugin in required_plugins",
    ],
    [
      "provider.mode",
      "cause",
      /Snapshot \S{1,80} does not exist on VM|No snapshots defined on VM|Target snapshot \S{1,80} already exists/,
      "the snapshot that the template starts from is not there, or the one that it makes exists already",
      "Show the VM's snapshots in the hypervisor, and correct attach_snapshot and target_snapshot",
    ],
  ]);

/** Errors of a build that no other entry knows, by the step that failed. */
export const packerPartFailures = (): Failure[] =>
  steps.map(([words, check, meaning, ...fix]): Failure => ({
    pattern: new RegExp(`${line}(?=.{0,240}${words})`),
    near,
    // many programs write such lines
    shared: true,
    check,
    strength: "symptom",
    layer: "provider",
    fallback: true,
    message: `Packer's build failed at ${meaning}, for the reason in its line`,
    fix: [...fix, log],
    source: "hashicorp/packer and its plugins (their messages by subject), read 2026-11",
  }));
