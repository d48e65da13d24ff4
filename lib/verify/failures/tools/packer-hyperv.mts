import type { Failure } from "../types.mts";
import { commandFix, doctorFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = /hyperv|hyper-v|packer|PowerShell error|GpuPartition/i;
const switches = commandFix("List the switches", "Get-VMSwitch | Format-List Name, SwitchType, AllowManagementOS");

/** Errors of Packer's Hyper-V plugin, which runs PowerShell, by topic. */
export const packerHypervFailures = (): Failure[] => [
  ...rows({
    layer: "provider",
    near,
    source: "hashicorp/packer-plugin-hyperv; hashicorp/packer#4947 (2017-05), packer-plugin-hyperv#65 (2022-03)",
  }, [
    [
      "provider.access",
      "cause",
      /virtual machine with the name .{1,100} is already defined in Hyper-V/,
      "an earlier build ended without deleting its VM",
      commandFix("List the VMs of builds, and delete that one in Hyper-V Manager", "Get-VM"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Compare-VM ?: .{0,60}virtual machine configuration .{0,60}(?:corrupt|not valid|could not be)/,
        /Compare-VM ?: Cannot validate argument on parameter 'Path'/,
        /to clone from does not exist|CloneFromVMCXPath does not exist|clone_from_vm(?:_name|cx_path) (?:must )?be specified/,
        /Unable to parse the clone_from_vmcx_path/,
      ),
      "the VM that Packer is to copy does not exist, or has no settings file there that Hyper-V can read, or is of a " +
      "newer Windows",
      "clone_from_vm_name is a VM of Get-VM, and can name one of its checkpoints",
      "clone_from_vmcx_path is the folder that has “Virtual Machines” in it: export the VM again on this Windows",
    ],
    [
      "provider.access",
      "cause",
      /Error exporting vm: .{0,80}(?:Move-Item|Export-VM) ?: .{0,40}(?:path|does not exist|denied)/,
      "Packer cannot move the exported VM: the folder for temporary files (TEMP, TMP) does not exist, or is not " +
      "writable",
      "Set TEMP to a folder that exists, without a short name (~1), in the PowerShell that runs Packer: $env:TEMP = " +
      "'C:\\Temp'",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /(?:PS|PowerShell) Hyper-V module is not loaded/,
        /Hyper-V (?:PowerShell )?module is not available|module 'Hyper-V' was not loaded because no valid module file/,
        /'\w{3,12}-V(?:M|HD)\w{0,40}' command was found in the module 'Hyper-V', but the module could not be loaded/,
      ),
      "Hyper-V's PowerShell module is not installed, or the feature Hyper-V is off",
      commandFix(
        "Turn it on as administrator, then restart Windows",
        "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All",
        { reboot: true },
      ),
      "Windows Home has no Hyper-V; if it is on, use Windows PowerShell 5.1 instead of PowerShell 7",
    ],
    [
      "provider.host",
      "cause",
      anyOf(
        /Applies to Windows 8\.1, Windows PowerShell 4\.0|Windows PowerShell version 4\.0 or higher is expected/,
        /Cannot find PowerShell in the path/,
      ),
      "Packer's Hyper-V builder finds no PowerShell of Windows: it works on Windows only, not in WSL",
      "Run packer.exe in PowerShell as administrator, in a folder of a Windows drive",
    ],
    [
      "guest.image",
      "cause",
      /(?:Secondary Dvd image|Guest additions iso) does not exist/,
      "a CD image of the template is not there: secondary_iso_images, or the one of the guest services",
      'Correct the path, or write guest_additions_mode = "disable"',
    ],
    [
      "hyperv.switch",
      "cause",
      anyOf(
        /Error getting host adapter ip address(?!: PowerShell error: At )/,
        /No network adapter is found with the given input/,
      ),
      "Windows itself has no adapter or address on the switch that Packer uses, so the VM cannot fetch " +
      "Packer's files",
      switches,
      "Use the Default Switch, or let Windows share the switch: AllowManagementOS on an external switch",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Error enabling Integration Service/,
        /No integration component is found with the given name/,
        // in every language
        /(?:En|Dis)able-VMIntegrationService ?: (?!You do not|Hyper-V was|Failed|The term)\S/,
      ),
      "Hyper-V does not know the integration service by that name: their names are translated, and this Windows is " +
      "not English",
      "Show their names in Hyper-V Manager, in the VM's settings under Integration Services",
      "Use a newer release of Packer's Hyper-V plugin, which looks them up by id",
    ],
    [
      "guest.image",
      "cause",
      /Error shutting down VM: PowerShell error|Stop-VM ?: Failed to stop/,
      "the VM did not shut down when it was asked: the guest has no integration services, or waits for " +
      "something on its screen",
      "Set shutdown_command in the template, and watch the VM's screen in Hyper-V Manager",
    ],
  ]),
  ...rows({
    layer: "provider",
    near,
    source: "hashicorp/packer#8194 (2019-10), #7259 (2019-02), hashicorp/vagrant#9774 (2018-05), " +
      "#13676 (2025-05), #13705 (2025-08)",
  }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /\\hyperv\\scripts\\\w{3,30}\.ps1 ?: A parameter cannot be found that matches/,
        /(?:Get|Set|New|Add|Import|Start)-VM\w{0,40} ?: A positional parameter cannot be found that accepts/,
        /Missing closing '\}' in statement block|Cannot process argument transformation on parameter 'VM'/,
      ),
      "a script of Vagrant or of Packer's Hyper-V plugin has a fault in this release, or was updated in part",
      "Update Vagrant: run the newest installer over the old one, and restart Windows",
      "Vagrant 2.4.6 to 2.4.9 do not import some boxes (parameter 'VM'): 2.4.5 does",
      "Packer: packer plugins install github.com/hashicorp/hyperv, and the newest Packer",
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /get-vhdx|prepare-build/,
    source: "scripts/get-vhdx.ps1, scripts/prepare-build.ps1 (2026-11)",
  }, [
    [
      "tools.present",
      "cause",
      /qemu-img is missing/,
      "the image cannot be converted to a disk of Hyper-V without qemu-img",
      doctorFix("tools.present"),
    ],
    [
      "guest.image",
      "cause",
      /get-vhdx: (?:cannot reach|cannot fetch) /,
      "the publisher's server of images cannot be reached, or the image is no longer there",
      "Open that address in a browser on this host; curl uses the proxy in HTTPS_PROXY",
      "Run it again: a partial download is continued",
    ],
    [
      "guest.image",
      "cause",
      anyOf(/is not a disk image \(qcow2/, /is only a part of an image: it refers to another file/),
      "the file of image: is not a complete disk image: it is compressed, or needs another file",
      "Decompress it, or convert it to one file: qemu-img convert -O qcow2 FILE NEW.qcow2",
    ],
    [
      "guest.image",
      "cause",
      anyOf(/is a sparse file, which Hyper-V refuses/, /has the attribute \w{1,20}, and Hyper-V refuses such disks/),
      "the disk of the box is compressed, encrypted or sparse on its drive, and Hyper-V refuses such disks",
      "Remove the attributes Compressed and Encrypted of the lab's folder in its properties",
      "Or move the lab to a folder that is neither",
    ],
    [
      "hyperv.switch",
      "cause",
      /prepare-build: Hyper-V has no virtual switch /,
      "the virtual switch of the config no longer exists",
      doctorFix("hyperv.switch"),
    ],
  ]),
];
