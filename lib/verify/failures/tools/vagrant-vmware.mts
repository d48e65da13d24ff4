import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Messages of Vagrant's providers for VMware and Parallels that no other table has. */
export const vagrantVmwareFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near: /vmware|parallels|vagrant|==> /i,
    source: "hashicorp/vagrant-vmware-desktop, Parallels/vagrant-parallels (locales/en.yml), read 2026-11",
  }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /provided for `base_address` is not within the allowed range|no available slots on the (?:VMware|Parallels Desktop) VM/,
        /product does not support IPv6 in a robust way|invalid protocol type has been provided for a port forward/,
        /NFS requires a static IP to be configured/,
      ),
      "the Vagrantfile asks for a network that VMware or Parallels does not offer: an address outside of " +
      "the range, too many adapters, IPv6, or NFS without a fixed address",
      "Correct that network in the Vagrantfile, as the message says; NFS needs config.vm.network " +
      '"private_network", ip: …',
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /"package" command is not supported with VMware|Floppy disk configuration not yet supported/,
        /'linked_clone_snapshot' specified could not be found|attempting to symlink your shared folders into place/,
      ),
      "the Vagrantfile or command asks for what Vagrant's provider for VMware or Parallels does not do, or " +
      "for a snapshot that is not there",
      "Remove that setting; Packer makes boxes of VMware; vmware__symlink: false at the synced folder " +
      "leaves the link out",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /driver was started with a path to a VM that doesn't exist|clone directory given is not a directory/,
        /clone folder that Vagrant is attempting to use|^Disk \S{1,80} not created!/,
      ),
      "the VM's folder or file is not where Vagrant expects it: it was moved or deleted, or the disk is full",
      "Check the folder that the message names. If the VM is gone: vagrant destroy, then vagrant up",
    ],
    [
      "provider.access",
      "cause",
      /Vagrant VMware helper must be run as root|Invalid command to Vagrant VMware helper/,
      "Vagrant's helper for VMware is not installed as its service, or is of another release than the plugin",
      "Install Vagrant's VMware utility again, then: vagrant plugin update vagrant-vmware-desktop",
      commandFix("Show the service (Linux)", "systemctl status vagrant-vmware-utility"),
    ],
    [
      "tools.present",
      "cause",
      /used to read TCP\/IP routing tables in order|Failed to load the TCP\/IP routing tables for/,
      "Vagrant cannot read this computer's routes: netstat is not installed, or failed",
      "Install it (apt, dnf, pacman, zypper: net-tools)",
    ],
    [
      "provider.access",
      "cause",
      /VMware machine cannot be destroyed be[ac]{1,2}use it is still running/,
      "the VMware VM still runs, so that Vagrant does not delete it",
      "Shut it down (vagrant halt --force, or in VMware), then try again",
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /a utility for controlling VMware machines|causing VMware to cancel the current operation/,
        /current list of available VMware adapters|There was an error while command execution\. The command and stderr/,
        /Failed to parse the JSON string! Please report this as a bug of Parallels/,
      ),
      "VMware or Parallels refused what Vagrant asked for: its own message is in the lines below",
      "Read the lines below it (Stderr:, or the log that it names), and start the VM once in VMware or " +
      "Parallels itself",
    ],
  ]);
