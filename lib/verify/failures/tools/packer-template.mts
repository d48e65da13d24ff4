import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { packerProxmoxFailures } from "./packer-proxmox.mts";
import { rows } from "../rows.mts";

const near =
  /packer|pkr\.|pkrvars|required_plugins|==> [a-z][\w-]{0,40}\.[\w-]{1,40}: |Errors? validating|errors? occurred:|Failed to (?:prepare|initialize) build/i;
const validate = commandFix("Check the template", "packer validate .");
const init = commandFix("Install the plugins that the template names", "packer init .");
const upgrade = commandFix("Update the plugins", "packer init -upgrade .");

/** What Packer says about a template and its plugins, in more detail than the general entries. */
export const packerTemplateFailures = (): Failure[] => [
  ...packerProxmoxFailures(),
  ...rows({
    layer: "provider",
    near,
    source:
      "hashicorp/packer, packer-plugin-qemu, packer-plugin-sdk, read 2026-11; hashicorp/packer-plugin-proxmox#105 " +
      "(2022-08), shantanoo-desai/packer-ubuntu-server-uefi#10 (2023-06)",
  }, [
    [
      "provider.mode",
      "cause",
      /Did you mean to define a block of type "/,
      "the template writes a block as an argument: it takes no “=”",
      "Write NAME { … } instead of NAME = { … }",
      validate,
    ],
    [
      "provider.version",
      "cause",
      /An argument named "(?:efi_\w{3,30}|vtpm|tpm_\w{3,20}|cd_files|cd_content|http_content|use_\w{3,20}|qmp_\w{3,20}|qemu_img_args|cpu_model|sockets|cores|threads|detect_zeroes|disk_additional_size|skip_\w{3,30}|boot_steps|machine_type|accelerator)" is not expected here/,
      "the plugin that Packer uses here is too old for that key, or is not the one that the template means",
      'Name the plugin and its release in required_plugins (qemu: version = ">= 1.1.0", ' +
      'source = "github.com/hashicorp/qemu")',
      upgrade,
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /ignoring invalid remote binary \S{1,120}: wrong system, expected linux_(?!amd64|arm64)/,
        /wrong system, expected (?:linux_(?:s390x|ppc64le|riscv64|loong64|386|arm)|(?:freebsd|openbsd|netbsd)_)/,
      ),
      "that plugin is not published for this kind of machine",
      "Build the box on another machine (linux_amd64), or build the plugin from its source: packer plugins install " +
      "--path FILE github.com/hashicorp/qemu",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /no (?:release )?version found for constraints|no matching version found in releases/,
        /No installed plugin found matching the plugin constraints/,
      ),
      "no release of the plugin fits the version that the template asks for, or Packer's protocol",
      "Correct version in required_plugins, and update Packer",
      upgrade,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Plugin names must be normalized|Plugin source has a type with the|Invalid required_plugins/,
        /Duplicate required_plugin/,
        /provided source URL is invalid|Invalid github\.com URI/,
      ),
      "the block required_plugins is written wrong",
      'Write it as: required_plugins { qemu = { version = ">= 1.1.0", source = "github.com/hashicorp/qemu" } }',
      init,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Duplicate (?:variable|local definition)|Local variable \S{1,60} is defined twice/,
        /Variable declaration in a \.pkrvar file|Invalid default value for variable|Invalid variable name/,
        /was set but was not declared as an input variable/,
      ),
      "a variable of the template is defined twice, in the wrong file, or not at all",
      "Declare each once in a .pkr.hcl file, and give its value in a .pkrvars.hcl file or by -var",
      validate,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Bad (?:script|source) '[^']{1,160}': |Bad CD disk file '|Bad [Ff]loppy disk (?:file|directory) '/,
        /no matches found for file glob pattern|Error opening file for copy \S{1,160} to CD/,
        /Error finding "\S{1,120}": stat \S{1,160}: no such file/,
      ),
      "a script, file or folder (http_directory) that the template names does not exist",
      "Paths count from the folder in which packer runs: write ${path.root}/scripts/x.sh",
      validate,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /One of iso_url or iso_urls must be|Only one of iso_url or iso_urls|A checksum must be specified/,
        /An ssh_username must be specified|winrm_username must be specified/,
        /boot_command and boot_steps cannot be|boot command cannot be used when vnc is disabled/,
        /use_backing_file can only be enabled for QCOW2|skip_resize_disk can only be used/,
        /invalid (?:accelerator|format), only '|vnc_port_min cannot be below 5900|cpus must be a positive number/,
      ),
      "the template leaves out a key that the builder needs, or has two that do not go together",
      "Correct the key that the line names: each line below “error(s) occurred” is one",
      validate,
    ],
    [
      "guest.firmware",
      "cause",
      anyOf(
        /failed to (?:copy|read from) efivars|failed to create local efivars file|efivars file at/,
        /efi_firmware_(?:code|vars).{0,80}(?:no such file|not found|does not exist)/,
      ),
      "Packer does not find the UEFI firmware that the template names (efi_firmware_code, efi_firmware_vars)",
      commandFix("Check where it is", "ls /usr/share/OVMF /usr/share/edk2/x64 /usr/share/qemu"),
      "Install ovmf (edk2-ovmf), and write the paths that exist (since 2024 with 4M: OVMF_CODE_4M.fd)",
    ],
    [
      "provider.access",
      "cause",
      /Exhausted retries for getting file lock/,
      "another Packer run holds the lock of a cached file or a port",
      "End it, or wait for it; its lock files are in PACKER_CACHE_DIR (~/.cache/packer)",
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /SSH_AUTH_SOCK is not set|Cannot connect to SSH Agent/,
        /Error on (?:parsing|reading) SSH private key|ssh_private_key_file is invalid/,
      ),
      "Packer has no key for the VM: no SSH agent runs, or the key file is missing, encrypted or of an unknown form",
      "Start the agent and add the key (ssh-add), or write ssh_private_key_file with a key without passphrase",
    ],
    [
      "provider.mode",
      "fallback",
      /^Error: [A-Z][^\n]{3,120} (?:\n )?on \S{1,160}\.pkr(?:vars)?\.hcl line \d{1,5}/,
      "Packer does not accept the template, at the file and line that it names",
      validate,
      init,
    ],
  ]),
];
