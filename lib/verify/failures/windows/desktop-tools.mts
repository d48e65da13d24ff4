import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hresult, rows } from "../rows.mts";

const winget = /winget|Windows Package Manager|msstore|0x8a15|Found .{1,80} \[\S{1,80}\]/i;
const parallels = /parallels|prlctl|prlsrvctl|\.pvm\b/i;
const sources = commandFix("Set its sources up again, as administrator", "winget source reset --force", { root: true });

/** Messages of WinGet and Parallels Desktop. */
export const desktopToolFailures = (): Failure[] => [
  ...rows({ layer: "packages", near: winget, source: "microsoft/winget-cli (returnCodes.md), read 2026-11" }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /Installer hash does not match/i,
        hresult(0x8a150011, 0x8a15002e),
      ),
      "the publisher's file is not the one that WinGet's list names: the publisher replaced it, or a proxy " +
      "changed it",
      "Wait for WinGet's list to be corrected, or install the program from its publisher's page",
      commandFix("Check whether a newer list has it", "winget source update"),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /server certificate did not match any of the expected values/i,
        /Failed (?:when|in) (?:searching|opening|attempting to update)(?: the)? source/i,
        hresult(0x8a15005e, 0x8a15000f, 0x8a15003b, 0x8a150045, 0x8a15004b),
      ),
      "WinGet does not reach one of its sources, or a proxy or virus scanner opens its encrypted connection",
      "Name the source that works: winget install --source winget NAME",
      sources,
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /No package found matching input criteria|Multiple packages found matching input criteria/i,
        hresult(0x8a150014, 0x8a150016),
      ),
      "WinGet finds no such package, or more than one",
      commandFix("Search for its id", "winget search NAME"),
      "Name it by its id: winget install --exact --id PUBLISHER.NAME",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /No applicable (?:installer|upgrade) (?:was )?found|blocked by (?:Group )?policy/i,
        /requires administrator privileges|cannot be run from an administrator context|install technology is different/i,
        hresult(0x8a150010, 0x8a15002b, 0x8a15001b, 0x8a15001c, 0x8a15003a, 0x8a150019, 0x8a150056),
      ),
      "WinGet has no installer for this Windows, or needs an administrator, or a policy forbids it",
      "Run it as administrator (or without, where its message says so); with a policy, ask who manages the computer",
    ],
    [
      "tools.present",
      "symptom",
      /(?:Installer failed with exit code|Exitcode|code de sortie|código de salida|codice di uscita)\s?: ?\d|Installer failed security check|0x8a150006|0x8a150049/i,
      "the installer that WinGet started failed, for the reason in its own log",
      "Restart Windows if an update waits, then run it again; 1602 and 1603: end the program that the update replaces",
      commandFix("Show the log", "winget --info"),
    ],
    [
      "tools.present",
      "cause",
      /\bwinget'? is not recognized as (?:the name|an internal)|term 'winget' is not recognized/i,
      "this Windows has no WinGet: it comes with the package App Installer, which is missing or of another user",
      "Install or update App Installer from the Microsoft Store; or take Vagrant, Packer and VirtualBox " +
      "from their pages",
    ],
    [
      "tools.present",
      "fallback",
      /0x8a15[0-9a-f]{4}\b/i,
      "WinGet failed, for the reason after its number",
      commandFix("Check what it means", "winget error 0x8A15…"),
      sources,
    ],
  ]),
  ...rows({
    layer: "provider",
    near: parallels,
    source: "Parallels Desktop (prlctl); Parallels/vagrant-parallels#326 (2018-09), #500 (2025-03), #401",
  }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /activated for a limited period of time that has now expired|trial (?:period|version) has expired/,
        /PrlHandle_FromString: Invalid argument|(?:license|activation) (?:is not valid|has expired|key is not)/i,
      ),
      "Parallels Desktop has no valid licence: Vagrant needs the Pro or Business edition, activated",
      commandFix("Show the licence", "prlsrvctl info --license"),
      "Activate it in Parallels Desktop, then start the VM again",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /(?:Standard|edition).{0,80}(?:not|only) (?:supported|available).{0,40}(?:Pro|Business)/,
        /detected that you have an edition of Parallels Desktop for Mac installed that is not supported/,
      ),
      "Vagrant's plugin does not know this edition or release of Parallels Desktop: the plugin is older, or the " +
      "edition is Standard, which has no command line",
      "Update the plugin: vagrant plugin uninstall vagrant-parallels, then vagrant plugin install vagrant-parallels",
      commandFix("Check the edition; it has to be Pro, Business or Enterprise", "prlsrvctl info --license"),
    ],
    [
      "guest.image",
      "cause",
      /virtual machine ID is invalid|remove the virtual machine from the list and add it again/,
      "Parallels' list has a VM whose files are at another place or were changed, such as the box's own",
      commandFix("List the VMs and their folders", "prlctl list --all --info"),
      "Take it out of the list (prlctl unregister NAME keeps its files), then run vagrant up again",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /use an ISO or VHDX image file with an ARM-based operating system|can't be started on Mac computers with Apple/i,
        /The configuration file you specified is invalid/,
      ),
      "the box is for another kind of processor, or has no image for Parallels: a Mac with Apple's chip " +
      "runs ARM64 systems only",
      "Use a box that has parallels and arm64 (bento/debian-12, bento/ubuntu-24.04), and remove the old " +
      "one: vagrant box remove NAME",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Parallels VM image \(\*\.pvm(?: or \*\.macvm)?\) could not be found|couldn't fetch the box image ID/,
        /External disk image could not be found|VM cloning failed! Please ensure/,
      ),
      "the box or the VM's disk is incomplete: its files were moved or deleted, or the box is for another provider",
      "Remove the VM and the box (vagrant destroy, which deletes the VM's disk; vagrant box remove NAME), and fetch " +
      "the box again",
    ],
    [
      "tools.present",
      "cause",
      /could not detect Parallels Desktop(?: Pro)?!|Parallels provider works only on|`prlctl` binary/,
      "Vagrant finds no Parallels Desktop with the program prlctl, which only its Pro and Business editions have",
      commandFix("Check whether it is there", "which prlctl && prlctl --version"),
      "Install Parallels Desktop Pro or Business on a Mac, and start it once",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /version of Parallels Desktop(?: for Mac)? installed that is not supported/,
        /Parallels Desktop is complaining that the installation/,
      ),
      "this Parallels Desktop is too old for Vagrant's plugin, or its installation is incomplete",
      "Update Parallels Desktop, or install it again",
      commandFix("Update the plugin", "vagrant plugin update vagrant-parallels"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Parallels DHCP leases file is not accessible|Shared network interface was not found/,
        /host is not connected to Shared network/,
      ),
      "Vagrant does not learn the VM's address: Parallels' shared network is off, or its list of addresses is not " +
      "readable",
      commandFix(
        "List the networks and who may read the list",
        "sh -c 'prlsrvctl net list; ls -l /Library/Preferences/Parallels'",
      ),
      "In Parallels Desktop: Settings, Network, Shared: Connect Mac to this network",
    ],
    [
      "host.folder",
      "cause",
      /unable to mount Parallels Desktop shared folders|Parallels Tools (?:were not detected|ISO file does not exist)/,
      "the VM has no Parallels Tools, or too old ones, so that shared folders do not work",
      "Install them in the VM (prlctl installtools NAME), then vagrant reload; for this project, rsync folders " +
      "need none",
    ],
    [
      "provider.access",
      "cause",
      /Parallels Desktop virtual machine with the name '[^']{1,80}' already exists/,
      "another VM of Parallels has that name already",
      commandFix("List the VMs", "prlctl list --all"),
      "Give the machine another name, or delete the old VM (prlctl delete NAME), which deletes its disk",
    ],
    [
      "provider.access",
      "symptom",
      /Failed to (?:start|resume|register|clone|configure) the VM: /,
      "Parallels refused it, for the reason after the colon",
      commandFix("List the VMs and their state", "prlctl list --all --full"),
      "Start it once in Parallels Desktop's window, which shows the whole message",
    ],
  ]),
];
