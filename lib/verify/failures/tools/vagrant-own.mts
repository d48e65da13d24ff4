import type { Failure } from "../types.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const boxes = commandFix("List the boxes that are here", "vagrant box list");
const plugins = commandFix("List the plugins", "vagrant plugin list");
const validate = commandFix("Check the Vagrantfile", "vagrant validate");
const boxPage =
  "Show the box's page at portal.cloud.hashicorp.com for its versions, providers and architectures, or write image: " +
  "in the config";

/** What Ruby says about letters: other programs in Ruby print it too. */
const letters = (): Failure[] =>
  rows({
    layer: "provider",
    near: /vagrant/i,
    shared: true,
    source: "Ruby 3 (encodings) in Vagrant, read 2026-11",
  }, [
    [
      "host.folder",
      "cause",
      anyOf(
        // the line of Ruby's trace names the file; hashicorp/vagrant, issues 11431, 11975, 12928, 2022-11
        /in ['`][^'\n]{1,60}': .{1,160}\(Encoding::(?:UndefinedConversionError|CompatibilityError)\)/,
        /incompatible character encodings: [\w-]{1,20} and [\w-]{1,20}/,
      ),
      "Vagrant cannot convert a letter outside ASCII in a path: the name of the user, or the folder of the lab or of " +
      "Vagrant",
      "Set VAGRANT_HOME to a folder with plain letters, such as C:\\vagrant.d, and move the config to such a folder",
    ],
  ]);

/** Whole sentences of Vagrant and its plugins, by topic: most need no further context. */
export const vagrantOwnFailures = (): Failure[] => [
  ...letters(),
  ...rows({
    layer: "provider",
    source: "hashicorp/vagrant (templates/locales), vagrant-libvirt (locales), read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /attempting to add (?:doesn't support the requested architecture|has no available version)/,
        /The box '[^']{1,120}' (?:isn't installed for the provider|for the provider '\S{1,40}' isn't installed)/,
        /The box '[^']{1,120}' \(v\S{1,40}\) with provider/,
        /doesn't match the provider you specified|format of box version provided/,
        /Box '[^']{1,120}' not installed, can't check for updates/,
      ),
      "the box does not exist in that version, for that provider, or for that architecture",
      boxPage,
      boxes,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /metadata associated with the box '[^']{1,120}' appears/,
        /The metadata for the box was malformed|"metadata\.json" file for the box/,
        /Received error when query the box image details/,
        /error while downloading the metadata for this box/,
      ),
      "the box is damaged or incomplete: its download was cut off, or its publisher made it wrong",
      "Remove it and fetch it again: vagrant box remove NAME, then vagrant up",
      boxPage,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /box you're attempting to add already exists|box file directly\. Please pass the `--name`/,
        /The file you are attempting to upload does not exist/,
      ),
      "Vagrant cannot add the box: one of that name is here already, or its file or name is missing",
      boxes,
      "Add it again with --force, or with --name NAME for a file",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /There (?:was|is) an? (?:error|syntax error) .{0,60}(?:parsing|loading|in) (?:the|your|following) Vagrantfile/,
        /is not a known provisioner\. Please specify/,
        /duplicates :\w{2,20} attribute of disk|All available devices allocated under/,
        /tunnel UDP or TCP port not defined/,
        /Management network can't be disabled when VM use box/,
      ),
      "the Vagrantfile asks for something that Vagrant or its plugin does not know or cannot do, as the list below " +
      "that line says",
      validate,
      "A file that this project wrote: run up again; settings of your own go into the config",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Network \S{1,60} is not available\. Specify available network/,
        /No IP address found\.|Available interface adapters have been exhausted/,
      ),
      "libvirt has no network of that name, or gives the VM no address or no further adapter",
      commandFix("List the networks", "virsh -c qemu:///system net-list --all"),
      commandFix("List the addresses that were given", "virsh -c qemu:///system net-dhcp-leases vagrant-libvirt"),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /`ssh` (?:binary could not be found|executable not found in any directories)/,
        /`ssh` executable found in the PATH is a PuTTY Link/,
      ),
      "Vagrant finds no OpenSSH client on this machine",
      "Install OpenSSH's client (Windows: Settings, Optional features), and see that it comes first in PATH",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /error when attempting to rsync a (?:synced|share) folder/,
        /attempting to run the post rsync command/,
        /synced folder type '\S{1,40}' is reporting as unusable/,
        /No synced folder implementation is available/,
        /Failed to create the following shared folder on the host/,
        /Failed to mount folders in (?:Linux|Darwin) guest/,
        /Installation of rsync into the guest has failed/,
      ),
      "Vagrant could not share or copy a folder: its program is missing here or in the guest, or the path cannot " +
      "be read",
      "Read the error below that line; install rsync or nfs-common in the guest, or take another type of folder",
      "Or turn the folder off: config.vm.synced_folder '.', '/vagrant', disabled: true",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /The plugin '[^']{1,80}' could not be installed because it could not be found/,
        /The plugins failed to load properly|Failed to parse the state file "[^"]{1,200}"/,
        /The plugin '[^']{1,80}' is not currently installed/,
        /directory where plugins are installed \(the Vagrant home directory\) has a space/,
        /Vagrant's built-in bundler management mechanism is disabled/,
      ),
      "Vagrant does not find or cannot load a plugin: its name is wrong, it is for another Vagrant, or its list is " +
      "damaged",
      plugins,
      "Repair them after an update of Vagrant: vagrant plugin repair, or vagrant plugin expunge --reinstall",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /that was requested to back the machine .{0,80}isn't usable on this system/,
        /is reporting that it isn't usable|provider for this Vagrant-managed machine is reporting/,
        /Installation of the provider '[^']{1,40}' failed/,
        /doesn't support automatic installation\. This is a limitation of this provider/,
        /Failed to start domain: /,
      ),
      "Vagrant's provider does not work on this machine, for the reason that follows",
      "Check that the provider's program is installed and works without Vagrant",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Hyper-V cmdlets for PowerShell are not available/,
        /Hyper-V provider requires PowerShell to be available|Failed to locate the powershell executable/,
        /version of powershell currently installed on this host is less than/,
      ),
      "Vagrant does not find PowerShell or Hyper-V's cmdlets for it",
      commandFix(
        "Turn them on (as administrator)",
        "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V-All",
        { root: true, reboot: true },
      ),
      manualFix("Check that powershell.exe is on PATH (C:\\Windows\\System32\\WindowsPowerShell\\v1.0)"),
    ],
    [
      "provider.host",
      "cause",
      anyOf(
        /Vagrant will not operate outside the Windows Subsystem for Linux/,
        /unable to use the VirtualBox provider from the Windows Subsystem/,
        /unable to determine the location of this instance of the Windows Subsystem/,
        /The executable 'cmd\.exe' Vagrant is trying/,
      ),
      "Vagrant runs in WSL and reaches Windows' programs and folders only if it is allowed to",
      "Run it in PowerShell on Windows, or set VAGRANT_WSL_ENABLE_WINDOWS_ACCESS=1 in WSL and work in a " +
      "Windows folder",
      "If it does not find cmd.exe: turn [interop] on in /etc/wsl.conf (enabled, appendWindowsPath), then wsl " +
      "--shutdown",
    ],
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /Failed to upload a file to the guest VM via SCP|SSH server on the guest doesn't support SCP/,
        /SSH command completed, but Vagrant did not receive an exit status/,
        /configured shell \(config\.ssh\.shell\) is invalid/,
        /private key you are attempting to generate is not supported by the guest SSH server/,
      ),
      "Vagrant reached the VM by SSH and could not work in it: permissions, shell, SCP or kind of key do not fit",
      "Look at the VM by hand: vagrant ssh",
      "Old boxes and new OpenSSH: use a current box, or config.ssh.key_type = :ecdsa256",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Vagrant expected to find a storage controller called/,
        /VirtualBox only allows up to \w{1,6} disks to be attached/,
        /not able to detect a primary disk attached to the main controller/,
        /no available slots on the VirtualBox VM for the configured high-level network/,
        /adapter to attach a forwarded port to was not found/,
      ),
      "the VirtualBox VM does not have the controller, disk or adapter that the Vagrantfile names, or no place for " +
      "another",
      "Remove settings of disks and networks of your own, or recreate the VM",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /This Vagrant environment has specified that it requires the Vagrant version/,
        /calls to detect the version are returning empty/,
      ),
      "this Vagrant is not of the version that the Vagrantfile asks for, or VirtualBox does not say its own",
      "Install the Vagrant that its text names; start VBoxManage --version by hand and correct what it reports",
    ],
    [
      "provider.mode",
      "fallback",
      /There are errors in the configuration of this machine/,
      "the Vagrantfile has errors, which are listed below that line",
      validate,
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /This is an internal error that (?:users should never see|should be reported as a bug)/,
        /Vagrant attempted to call the action '\w{1,40}' on the provider/,
        /Invalid action chain, must ensure/,
      ),
      "a fault of Vagrant or of one of its plugins",
      plugins,
      "Update Vagrant and the plugin; see vagrant up --debug",
    ],
  ]),
];
