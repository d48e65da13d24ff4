import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near =
  /cloud-init|cloud-config|\/var\/lib\/cloud\/|cloud-localds|user-data|cidata|NoCloud|DataSource|nocloud|extended_status: |\w\.py\[(?:WARNING|ERROR|CRITICAL)\]: |boot_status_code: |\('[\w-]{3,60}', \w{3,60}(?:Error|Exception)\(/i;
const status = guestFix("Check its state and its errors", "cloud-init status --long");

/** Errors of cloud-init and of the programs that write its seed. */
export const cloudInitFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near,
    source: "canonical/cloud-init (cloudinit), read 2026-11; canonical/cloud-init#5389 (2024-06), #2544 (2023-05)",
  }, [
    [
      "guest.image",
      "symptom",
      /failed run of stage [a-z]|Unhandled non-exit error in (?:main )?stage/,
      "a stage of cloud-init stopped with an error: a value in the seed is one that it cannot use (init-local: " +
      "mostly in network-config); the last line of its traceback names it",
      guestFix("Read its log", "grep -B 2 -A 12 Traceback /var/log/cloud-init.log"),
      guestFix("Check the data", "cloud-init schema --system --annotate"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /(?:No|no) (?:local )?(?:instance )?datasource found|Exiting without datasource/,
        /Can not apply stage \w{4,12}, no datasource found|device \S{1,40} with label=\S{1,20} not a valid seed/,
        /Used fallback datasource|DataSourceNone|Datasource not found|No 'init' data source found|the datasource used was: None|Did not find any data source, searched classes/,
      ),
      "cloud-init found no data for this VM: the seed (a CD or disk with the label cidata) is not attached, or " +
      "lacks user-data or meta-data",
      "Attach the seed again; both user-data and meta-data must be in it (cloud-localds seed.iso user-data " +
      "meta-data)",
      guestFix("Check whether the guest has it", "lsblk -o NAME,LABEL"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Seed from \S{1,200} not supported by DataSourceNoCloud/,
        /Failed (?:to )?(?:fetch|read|reading) .{0,80}(?:seed|user-data|meta-data|vendor-data)/,
      ),
      "cloud-init cannot read the seed from the address that was given (ds=nocloud;s=…): the VM has no network so " +
      "early, or the address is wrong",
      "Give an address that ends in “/”, and use ds=nocloud-net with cloud-init before 23.3",
      "More reliable: a seed CD with the label cidata",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Invalid network-config(?: provided| \/\S{1,120})|network-config failed schema validation/,
        /(?:Cloud|network) config schema errors: (?:config|ethernets|network|version)\b(?!: Additional properties)/,
      ),
      "cloud-init does not accept the network-config: a key is wrong, or belongs to another version of its format",
      guestFix("Show the place", "cloud-init schema --system --annotate"),
      "Version 2 is a map “ethernets”, version 1 a list “config” with “subnets”; neither belongs in user-data",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Failed loading yaml blob|Invalid (?:cloud-config|user-?data|schema)|Cloud config schema (?:errors|deprecations)/,
        /Unhandled non-multipart \(text\/x-not-multipart\) userdata|user-data .{0,60}#cloud-config/,
        /cloud-config failed schema validation|File .{0,40}needs to begin with "#cloud-config"/,
      ),
      "cloud-init does not accept the user-data: its first line is not #cloud-config, its YAML is broken, or a key " +
      "is wrong",
      guestFix("Show the place", "cloud-init schema --system --annotate"),
      "Its first line is #cloud-config; a key “network” belongs into the seed's own file network-config",
    ],
    [
      "guest.image",
      "cause",
      /Failed running \/var\/lib\/cloud\/instance\/scripts\/\S{1,60}/,
      "a script of the user-data ended with an error: its own message is above, and its exit code in brackets (127: " +
      "a command that the image does not have)",
      guestFix("Read its output", "tail -n 60 /var/log/cloud-init-output.log"),
      "Correct the script, and make the VM again: it runs at the first boot only",
    ],
    [
      "guest.image",
      "symptom",
      /Failed to install packages: \[|\('package-update-upgrade-install', |cc_package_update_upgrade_install\.py\[WARNING\]/,
      "cloud-init could not install packages at the first boot: the VM had no network or name server yet, a name is " +
      "not in the package lists, or another apt held the lock",
      guestFix("Read what the package manager said", "tail -n 60 /var/log/cloud-init-output.log"),
      "Install them later by hand or a provisioner; set package_update to true in user-data for fresh lists",
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /Running module \S{1,40} \([^)]{1,80}\) failed|Failed to run module \S{1,40}/,
        /Failed (?:to start|running) .{0,20}cloud-(?:init|config|final)/,
        /errors? while running .{0,40}runcmd|Failed to run bootcmd|Runparts: \d{1,3} failures/,
      ),
      "a module of cloud-init failed in the VM (packages, runcmd, users): later ones still ran",
      guestFix("Read its log", "grep -iE 'warn|error|fail' /var/log/cloud-init.log"),
      status,
    ],
    [
      "guest.image",
      "symptom",
      /(?:cloud-init )?status: error|extended_status: (?:error|degraded)/,
      "cloud-init ended with errors; its list below that line names them",
      status,
    ],
    [
      "tools.present",
      "cause",
      /(?:cloud-localds|genisoimage|mkisofs|xorriso)\b.{0,20}(?:command not found|not found|No such file)/,
      "the program that writes cloud-init's seed is not installed",
      commandFix("Install it (Debian, Ubuntu)", "apt-get install -y cloud-image-utils genisoimage", { root: true }),
      "Fedora: cloud-utils and genisoimage; Arch: cloud-image-utils (AUR) or libisoburn (xorriso)",
    ],
  ]);
