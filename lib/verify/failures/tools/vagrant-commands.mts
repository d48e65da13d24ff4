import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Vagrant's name, its lines, and words of those of its sentences that do not name it. */
const near = anyOf(
  /vagrant|==> |hyper-v|(?:SMB|NFS) (?:shared|synced) folders|SSH within the guest machine|provider capability/i,
  /same nfs host path|^Guest provider '|WinRM communicator|routable to this machine from/i,
);
const validate = commandFix("Check the Vagrantfile", "vagrant validate");
const status = commandFix("List the machines", "vagrant global-status --prune");

/** What Vagrant and its plugins say about a command, a snapshot, an upload, a shared folder or what the guest lacks. */
export const vagrantCommandFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near,
    source: "hashicorp/vagrant, vagrant-libvirt, Parallels/vagrant-parallels (locales), read 2026-11",
  }, [
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /SSH connection was unexpectedly closed by the remote end/,
        /Guest communication could not be established! This is usually because/,
      ),
      "Vagrant lost the VM's SSH, or does not reach it: the VM stopped or restarts, or SSH does not run in it",
      "Open its screen (virsh console NAME, or the provider's window), then vagrant reload",
      commandFix("Check whether it runs", "vagrant status"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /appears Vagrant doesn't know how to do this with your guest OS/,
        /The \S{1,40} network type is not supported for this box or guest/,
        /No renderers compatible with netplan are available on guest/,
        /guest VM does not have NetworkManager installed/,
        /provider capability which is required for advanced networking to work with this guest/,
      ),
      "Vagrant cannot set up that in this guest: the box lacks the program for it, or Vagrant does not know its system",
      "Use another box, or leave the setting out: config.ssh.insert_key = false, and no network of that kind",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /cloud-init is not found\. Please ensure that cloud-init is installed/,
        /cloud init command '[^']{1,120}' failed on guest|Failed to build iso image\. The following command/,
      ),
      "Vagrant's cloud_init needs cloud-init in the box, and a program on the host that makes ISO files",
      commandFix("Install the program (Fedora: xorriso; Arch: cdrtools)", "apt-get install -y xorriso genisoimage", {
        root: true,
      }),
      "Use a box with cloud-init, such as cloud-image/debian-13",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /trying to forward a host IP that does not exist|host-only network to be created\. Please add a host-only/,
        /(?:attempted to export the same nfs host path|sharing directories with whitespace in their path)/,
        /While loading the Vagrantfile, the provider override specified a new box/,
        /box version constraint with a direct box file|URLs for a box can't be specified when adding/,
        /(?:checksum type is not supported by Vagrant|compression type requested for upload)/,
        /Ansible compatibility mode \(\S{1,20}\) is in conflict with|`vagrant ssh -c` requires key-based SSH/,
        /requested communicator '[^']{1,40}' could not be found|winrm command requires a WinRM communicator/,
        /requested auto (?:start|stop) action for the Hyper-V VM is not/,
        /`?vm_integration_services`?(?: is set to an unexpected value|\. Type received)/,
        /Invalid type provided for `plugins`|The defined alias is not valid/,
      ),
      "a setting of the Vagrantfile, or an option of the command, is not one that Vagrant accepts there",
      validate,
      "Correct the setting that the message names",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /provider '?\S{1,30}'? does not support the (?:disk feature|cleaning up disks)|does not support shrinking disk sizes/,
        /No support for package with Libvirt/,
      ),
      "this provider does not have that function (snapshots, disks, package), or has no snapshot of that name",
      commandFix("List the snapshots", "vagrant snapshot list"),
      "With libvirt: virsh snapshot-create-as NAME NAME-OF-SNAPSHOT; disks by libvirt.storage",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /clone environment hasn't been created yet|Creation of the linked clone failed|The VM cloning failed!/,
        /Failed to create lock-file for master VM/,
        /External disk image could not be found\. In case of linked clone/,
      ),
      "Vagrant could not copy the VM that it clones from: that VM, its disk or its snapshot was removed or never " +
      "created",
      status,
      "Remove the machine (vagrant destroy deletes its data), then vagrant up; or set linked_clone = false",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /The VM import failed! Try running|A customization command failed:/,
        /An error occurred while uploading the file\. The error message/,
        /An error occurred while (?:rsyncing|executing post-rsync)/,
        /Vagrant Cloud request failed - |No domain found\. \S/,
      ),
      "Vagrant shows the error of another program; the lines after “Stderr” or after the sentence say which",
      "Run the command that it shows by hand, and explain that text",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /already in progress\. This may be caused by other Vagrant processes/,
        /(?:download|upload) was interrupted by an external signal|exited after cleanup due to external interrupt/,
      ),
      "another Vagrant does the same now, or the command was stopped by hand or by a time limit",
      commandFix("Check whether another one runs", "pgrep -af vagrant"),
      "Run it again when none does",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /in a way that requires a TTY|was not invoked properly\. The help|An invalid option was specified\. The help/,
        /`Vagrantfile` already exists in this directory|source path provided for upload cannot be found/,
        /Vagrantfile template '[^']{1,160}' does not exist|flag does not take any arguments/,
        /not currently working within a Vagrant project directory/,
        /box '[^']{1,120}' is not a versioned box|This machine doesn't have a box\. Won't update/,
      ),
      "Vagrant does not accept the command like this: a wrong option or path, another folder, or no terminal for a " +
      "question",
      commandFix("Show the command's options (replace up)", "vagrant up --help"),
      "In scripts, answer in advance: vagrant destroy -f, --no-tty",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Failed to automatically repair installed Vagrant plugins/,
        /registered guest capability '[^']{1,60}' for|data directory \(.{1,160}\) is in a structure Vagrant doesn't/,
        /provider of the machine you're trying to work with reported an invalid state/,
      ),
      "Vagrant's plugins or its folder do not fit this Vagrant: they were written by another version",
      "Reinstall the plugins: vagrant plugin expunge --reinstall",
      commandFix("Show both versions", "sh -c 'vagrant --version; vagrant plugin list'"),
    ],
    [
      "host.folder",
      "cause",
      anyOf(
        /machine doesn't support SMB, has not been properly configured|SMB shared folders require running Vagrant with/,
        /SMB synced folders require the account password to be stored|version 3 or later is required for SMB synced/,
        /couldn't detect an IP address that was routable to this machine from/,
        /Mounting NFS shared folders failed\. This is most often/,
      ),
      "the shared folder (SMB or NFS) cannot be set up: its server's part on the host, its permissions, or its " +
      "client in the guest is missing",
      'Use another kind: config.vm.synced_folder ".", "/vagrant", type: "rsync"; or disabled: true',
      "SMB needs an administrator's terminal in Windows; NFS needs nfs-common (Debian) or nfs-utils in the guest",
    ],
    [
      "host.disk",
      "cause",
      /Error creating path for serial port output log/,
      "vagrant-libvirt is not allowed to create the file for the VM's serial port that the Vagrantfile names",
      "Name a folder that libvirt-qemu may write to, such as one below /var/log/libvirt/qemu",
    ],
    [
      "guest.image",
      "cause",
      /Ansible software could not be found!|requested Ansible version \(\S{1,20}\) was not found/,
      "the provisioner needs Ansible (in that version), and it is not installed there",
      "Install it where the message says (on the host, or in the guest with ansible_local), or remove the provisioner",
    ],
    [
      "provider.access",
      "note",
      anyOf(
        /The environment has not yet been created\. Run `vagrant up`|The Libvirt domain is not created\. Run/,
        /VM not created\. Moving on|Domain is not suspended\./,
      ),
      "the machine does not exist yet, or not in that state: nothing was done",
      commandFix("Create it", "vagrant up"),
    ],
  ]);
