import type { Fix } from "../../../findings.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

const near = /VirtualBox|VBox|VERR_/i;
const source = "VirtualBox 7.0 (Main, VBoxManage: its 3,100 messages by subject, 2024-02), read 2026-11";
const log = manualFix("Read the first “error:” line and the VM's Logs/VBox.log");
const details = commandFix("Show the VM's settings", "VBoxManage showvminfo NAME");
const vms = commandFix("List the VMs, and those that run", "VBoxManage list vms; VBoxManage list runningvms");
const disks = commandFix("List the disks, and which VM has each", "VBoxManage list hdds");
const custom = "Correct or remove that line: vb.customize in the Vagrantfile, vboxmanage in Packer's template";

/** Subjects of a message, by their words: check, meaning, fixes. The first that fits counts. */
const subjects: [words: string, check: string, meaning: string, ...fix: Fix[]][] = [
  [
    "(?:guest (?:additions|control|session|process|property|file|director)|shared folder)",
    "provider.access",
    "the Guest Additions or a shared folder: they are missing in the guest, do not run, or are of another release",
    manualFix("Install the Guest Additions of VirtualBox's release in the guest, or share folders by rsync"),
  ],
  [
    "(?:\\bOV[FA]\\b|\\.ov[fa]\\b|appliance|virtual ?system)",
    "guest.image",
    "the box or appliance (OVF, OVA): a file of it is missing or damaged, or a newer VirtualBox exported it",
    manualFix("Remove the box and fetch it again (vagrant box remove NAME), or update VirtualBox"),
  ],
  [
    "(?:snapshot|clon(?:e|ing)|saved state|teleport)",
    "guest.image",
    "a snapshot, clone or saved state: it is not there, exists already, or the VM's state does not allow it",
    commandFix("Show the snapshots", "VBoxManage snapshot NAME list"),
  ],
  [
    "(?:\\bUSB)",
    "provider.mode",
    "USB: the controller or device is missing, is in use, or this user is not in the group vboxusers",
    manualFix('Turn USB off, which a lab does not need: vb.customize ["modifyvm", :id, "--usb", "off"]'),
  ],
  [
    "(?:network|adapter|\\bNIC\\b|\\bNAT\\b|DHCP|(?:host|network) ?interface|interface '|\\bMAC\\b|bridge|" +
    "host-?only|port forward)",
    "provider.access",
    "the VM's network: the adapter, network, rule or address that is named is missing, taken or not permitted",
    details,
    commandFix("Show the host's adapters", "VBoxManage list bridgedifs; VBoxManage list hostonlyifs"),
  ],
  [
    "(?:medium\\b|hard ?disk|\\bdisk|image|\\bDVD|floppy|\\bISO|storage|controller|\\bdrive|VMDK|VDI|VHD|encrypt|" +
    "bandwidth)",
    "guest.image",
    "a disk, CD or its controller: the file is missing, in use, damaged or of another format",
    disks,
    details,
  ],
  [
    "(?:\\bCPU|VT-x|AMD-V|VMX|\\bSVM|nested|paging|memory|\\bRAM\\b|NEM|hypervisor|APIC|chipset|IOMMU)",
    "host.virtualization",
    "the VM's CPU or memory: this host, its firmware or this VM's settings do not allow it",
    details,
    log,
  ],
  [
    "(?:graphics|video|VRAM|VRDE|monitor|display|screen|recording|\\b3D|audio|clipboard|drag and drop)",
    "provider.mode",
    "the VM's screen, sound or clipboard: this VirtualBox or host does not have it, and a lab needs none of them",
    manualFix("Turn it off: vb.gui = false, headless = true, --audio-driver none"),
  ],
  [
    "(?:extension pack|ext-?pack|plug-?in|firmware|\\bEFI|\\bTPM|NVRAM|BIOS|secure boot)",
    "provider.mode",
    "the VM's firmware, TPM, or VirtualBox's Extension Pack: it is missing or of another release",
    details,
  ],
  [
    "(?:machine\\b|session\\b|\\block|\\bstate|settings|register|\\bVM\\b)",
    "provider.access",
    "the VM or its settings file: it is in another state, in use by another program, or cannot be read",
    vms,
  ],
];

/** How VBoxManage reports an error, without the lines about its code and place. */
const line = "VBoxManage(?:\\.exe)?: error: (?!Details:|Context:|Code )";

/** What VirtualBox refuses, by its sentences, and by their subjects. */
export const virtualboxPartFailures = (): Failure[] => [
  ...rows({ layer: "hypervisor", near, source }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /VBoxManage(?:\.exe)?: error: (?:Syntax error: )?(?:Unknown (?:option|(?:sub-?)?command)|Invalid (?:parameter|command|argument|option))/,
        /VBoxManage(?:\.exe)?: error: (?:Syntax error: )?(?:Missing argument|Missing required option|Too (?:many|few) (?:parameters|arguments)|Not enough parameters)/,
        /VBoxManage(?:\.exe)?: error: (?:Syntax error: )?Invalid (?!guest OS)[\w -]{2,40} type '/,
      ),
      "this release of VirtualBox does not know that command, option or value: releases rename and remove some, or " +
      "it is misspelt or incomplete",
      "Show what it takes: the command without options prints its usage (VBoxManage modifyvm)",
      custom,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /is still attached to the following \d|because it (?:has|is) (?:\d{1,3} child|(?:still )?attached)|[Mm]edium '[^']{1,200}' is already attached to/,
        /has more than one child hard disk/,
      ),
      "that disk or CD is in use: another VM has it attached, or clones and snapshots build on it",
      disks,
      "Remove the VMs that use it first: VBoxManage unregistervm NAME --delete, which deletes their disks",
    ],
    [
      "provider.mode",
      "cause",
      /Could not find a (?:storage )?controller named|No storage device attached to device slot/,
      "the VM has no storage controller or device of that name: boxes and operating systems name them differently " +
      "(SATA, SATA Controller, IDE)",
      details,
      custom,
    ],
    [
      "guest.image",
      "cause",
      /Could not find a snapshot (?:named|with)|This machine does not have any snapshots/,
      "the VM has no snapshot of that name",
      commandFix("Show the snapshots", "VBoxManage snapshot NAME list"),
    ],
  ]),
  ...subjects.map(([words, check, meaning, ...fix]): Failure => ({
    pattern: new RegExp(`${line}(?=.{0,240}${words})`),
    check,
    strength: "symptom",
    layer: "hypervisor",
    fallback: true,
    message: `VirtualBox reports an error about ${meaning}`,
    fix: [...fix, ...(fix.includes(log) ? [] : [log])],
    source,
  })),
];
