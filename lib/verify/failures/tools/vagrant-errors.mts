import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const status = commandFix("Show Vagrant's machines and their state", "vagrant global-status --prune");
const plugins = commandFix("List the plugins", "vagrant plugin list");
const console_ = "Look at the VM's screen: virt-manager, vagrant up --debug, or VirtualBox's window";
const validate = commandFix("Check the Vagrantfile", "vagrant validate");

/** Words of Vagrant and of the programs that it runs. */
const vagrantWords = anyOf(
  /vagrant|libvirt|virtualbox|vboxmanage|hyper-?v|guest communication|import_vm\.ps1/i,
  /(?:is|are) shown below|on the remote end|attempting to connect|==> (?!error|warning)[\w.-]{1,60}: /i,
);

/** Vagrant's and vagrant-libvirt's own errors by topic. */
export const vagrantErrorFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near: vagrantWords,
    source: "hashicorp/vagrant (templates/locales), vagrant-libvirt (locales), read 2026-11",
  }, [
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /SSH connection was (?:refused|aborted|reset)!|timed out while attempting to connect via SSH/,
        /While attempting to connect with SSH|SSH connection was unexpectedly closed/,
        /SSH is getting permission denied errors|Guest-specific operations were attempted/,
        /Failed to open an SSH channel|error occurred in the underlying SSH library/,
      ),
      "Vagrant reached no SSH server in the VM: it still boots, hangs, has no network, or its SSH server fails",
      console_,
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /private key to connect to .{0,40}via SSH|private key you(?:'re| are) attempting to (?:use|generate)/,
      ),
      "Vagrant cannot use the private key: its owner, mode or kind is wrong",
      "Set its mode to 600 and its owner to you; on a Windows drive in WSL, mount it with metadata",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /isn't installed for the provider|box '[^']{1,120}' .{0,60}(?:does not exist|isn't installed)/,
        /has no available version that/,
        /box you're (?:attempting to add|adding) (?:already|doesn't support the requested|has)/,
      ),
      "that box is not there for this provider, architecture or version",
      "See its page in the catalogue, and write a name, version and provider that exist",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /metadata associated with the box|error while downloading the metadata/,
        /metadata for the box was malformed|Invalid box metadata|No image (?:virtual size|format) specified/,
        /Wrong (?:image|disk) (?:image )?format specified|error when query the box image/,
      ),
      "the box or its description is damaged or incomplete",
      "Remove it (vagrant box remove NAME) and add it again; a box of one's own needs provider, format and " +
      "virtual_size in metadata.json",
    ],
    [
      "provider.mode",
      "symptom",
      anyOf(
        /errors in the configuration of this machine|syntax error in the following Vagrantfile/,
        /error loading a Vagrantfile|command was not invoked properly|invalid option was specified/,
      ),
      "the Vagrantfile or the command has an error, which is below",
      validate,
    ],
    [
      "tools.present",
      "symptom",
      anyOf(
        /unable to install the requested plugin|Bundler, the underlying system Vagrant|Could not find gem '/,
        /symbol lookup error: .{0,60}libvirt/,
        /plugin '[^']{1,60}' (?:could not be installed|is not currently installed)/,
        /Vagrant is missing plugins required|failed to install the requested plugin/,
        /Failed to parse the state file/,
      ),
      "a plugin of Vagrant is missing or could not be installed; the reason is below",
      plugins,
    ],
    [
      "provider.access",
      "cause",
      /active machine was found with a different provider/,
      "Vagrant already has this machine with another provider",
      status,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /machine index which stores all|newer version of Vagrant was run/,
        /directory you specified is not accessible|directory Vagrant will use to store/,
        /working directory for Vagrant doesn't exist|doesn't have the proper permissions/,
      ),
      "Vagrant cannot use its own folders (~/.vagrant.d, .vagrant): another user's or release's, or damaged",
      "Give them back to your user (chown), or remove the damaged file that it names",
    ],
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /guest operating system of the machine could not be detected|attempted to execute the capability '/,
        /Failed to mount folders in Linux guest|Mounting NFS shared folders failed/,
        /error when attempting to rsync|was not detected as installed in your guest|No NFS client was detected/,
      ),
      "a shared folder or network could not be set up in the VM: the guest lacks a program for it, or the share is " +
      "blocked",
      "Install rsync, nfs-common or virtiofs in the box, or turn that folder off (disabled: true)",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /NFS is reporting that your exports|(?:read|updated) (?:your current )?NFS exports/,
        /NFS requires a host-only network|same nfs host path/,
      ),
      "Vagrant cannot share the folder by NFS: /etc/exports is wrong, or cannot be written",
      "Correct /etc/exports (exportfs -ra names the line), or use another kind of share",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /requires a specific VM name|was not found configured for this Vagrant/,
        /target machine is required to run this|VM must be (?:created|running)/,
        /virtual machines matched the regular/,
      ),
      "the command needs a machine that this Vagrantfile defines and that is there",
      status,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /VBoxManage" command or one of its|error running VBoxManage/,
        /complaining that the installation is incomplete|created with a user that doesn't match/,
        /VM has become "?inaccessible/,
      ),
      "Vagrant cannot use VirtualBox or this VM of it: it is not installed wholly, or belongs to another user, or " +
      "its files are gone",
      commandFix("Check what VirtualBox says", "VBoxManage --version; VBoxManage list vms"),
    ],
    [
      "tools.present",
      "cause",
      /could not detect VirtualBox/,
      "Vagrant does not find VirtualBox's program VBoxManage: VirtualBox is not installed, or not in PATH (Windows: " +
      "VBOX_MSI_INSTALL_PATH)",
      "Install VirtualBox, and open a new window; a Mac with Apple's chip needs VirtualBox 7.1 or later",
      "For another provider: vagrant up --provider NAME, and remove commands of VirtualBox from the Vagrantfile",
    ],
    [
      "provider.access",
      "cause",
      /VirtualBox machine with the name '|name of your virtual machine couldn't be set/,
      "VirtualBox still has a VM or a folder of that name",
      commandFix("Check which", "VBoxManage list vms"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Network \S{1,60} (?:is not available\. Specify|exists but does not have dhcp)/,
        /does not match with network name|Error in specification of management network/,
      ),
      "the network that the Vagrantfile asks for conflicts with one that libvirt has",
      commandFix("Show libvirt's networks", "virsh -c qemu:///system net-list --all"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Volume for (?:box image|domain) is missing|No matching volume was found/,
        /Interface adapter number is already in use|interface adapters have been exhausted|duplicate volume name/,
      ),
      "a disk or network card of the VM's definition does not fit what libvirt has",
      commandFix("List the volumes", "virsh -c qemu:///system vol-list default"),
    ],
    [
      "guest.image",
      "cause",
      /A Hyper-V box should contain both|box you're using with the .{1,30}provider/,
      "that box is not complete for that provider: its VM or its disk is missing",
      "Add the box again, or another one that exists for the provider",
    ],
    [
      "tools.present",
      "cause",
      /load a configured plugin source|timed out \(https:\/\/gems\./,
      "the server from which Vagrant fetches plugins was not reached",
      "Try again; behind a proxy, set https_proxy",
      plugins,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Cause: VM version is unsupported|import a virtual machine\.[^]{0,20}Error Code: 32784/,
        /Compare-VM ?: A parameter that is not valid was passed/,
      ),
      "the box was made on a newer Hyper-V than this Windows has, which cannot read its VM",
      commandFix("List the versions that this Windows reads", "Get-VMHostSupportedVersion"),
      "Update Windows, or take a box (or an older version of it: config.vm.box_version) that was made on an older one",
    ],
    [
      "provider.access",
      "fallback",
      /occurred while executing a PowerShell script/,
      "a PowerShell script of Vagrant failed, for the reason below it",
      "Read the text below it; in Windows, run it as administrator",
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /There was an error talking to Libvirt|Error while connecting to Libvirt/,
        /Error while (?:creating|uploading|downloading|attaching|detaching|activating|removing|setting)/,
        /(?:error while|Error occurred while) creating|Cannot (?:create|revert|list) snapshot/,
      ),
      "libvirt refused what Vagrant asked for, for the reason after the colon",
      commandFix("Read what libvirt says", "journalctl -u libvirtd -u virtqemud -b --no-pager -n 50", { root: true }),
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /error occurred while executing (?:the action on|multiple actions)|error while executing `VBoxManage`/,
        /\bVagrant (?:failed to|was unable to|cannot|can't|could not|encountered) /,
        /vagrant\S{0,20} .{0,80}\(RuntimeError\)|gems\/(?:vagrant|fog)[\w-]{0,20}-[\d.]{3,8}\/[^\s:]{1,120}:\d{1,5}:in /,
      ),
      "Vagrant stopped; the lines below it say why",
      "Run it again with --debug, and read the first error",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Snapshot not found: |snapshot name `[^`]{1,60}` was not found|Error while deleting snapshot: /,
        /This provider doesn't support snapshots/,
      ),
      "the snapshot does not exist, or cannot be made or deleted: a VM with a passed card has none " +
      "of its running state",
      commandFix("List those of the VM", "virsh -c qemu:///system snapshot-list NAME"),
    ],
  ]);
