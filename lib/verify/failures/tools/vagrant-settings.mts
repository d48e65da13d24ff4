import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = /vagrant|libvirt|network configuration \d{1,2} for machine/i;
const validate = commandFix("Check the Vagrantfile", "vagrant validate");

/** What vagrant-libvirt says about the settings in a Vagrantfile, and about volumes and states of its VMs. */
export const vagrantSettingFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near,
    source: "vagrant-libvirt/vagrant-libvirt (lib/vagrant-libvirt/config.rb, locales), read 2026-11",
  }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /Bus AND slot AND function must be specified|Bus and device and\/or vendor and\/or product must be specified/,
      ),
      "a setting of vagrant-libvirt that passes a device is incomplete: libvirt.pci needs bus, slot and function, " +
      "libvirt.usb a bus and device or a vendor and product",
      commandFix("List the addresses", "lspci -nn -D"),
      "Write libvirt.pci :domain => '0x0000', :bus => '0x01', :slot => '0x00', :function => '0x0'",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /cannot set cpu_(?:model|features) with|CPU (?:topology must have all of|Feature name AND policy must)/,
        /does not support \/domain\/cpu XML|The total number of numa_nodes|numa_nodes\[:cpus\] must be in format/,
        /Only (?:four cdroms|two floppies) may be attached|Defined only for 1 network for boot/,
        /(?:Source type|Channel type|Clock timer name|Access mode|Option (?:allow|mode)) must be specified/,
        /The TPM Path must be fully qualified|Currently only passthrough mode is supported!/,
        /Feature name AND state must be specified|Input type AND bus must be specified|guestfwd requires/,
        /Launch security type only supports SEV|only one of \[clock_absolute, clock_adjustment/,
      ),
      "a setting of vagrant-libvirt in the Vagrantfile is incomplete, or two settings exclude each other",
      validate,
      "Correct the setting that the message names: vagrant-libvirt's documentation lists its parts",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /URI and qemu_use_session configuration conflict|@uri set to invalid uri/,
        /9p synced_folder cannot mount host path .{1,200} when using qemu session/,
      ),
      "the Vagrantfile's connection to libvirt is contradictory: the system's (qemu:///system) and the user's own " +
      "(qemu:///session) are mixed",
      "Write libvirt.uri = 'qemu:///system' and leave qemu_use_session out: a passed card needs the system's",
    ],
    [
      "network.lan",
      "cause",
      /public_network referencing host device '[^']{1,80}' which does not exist/,
      "the Vagrantfile bridges to a network card that this host does not have",
      commandFix("Show the host's cards and bridges", "ip -brief link"),
    ],
    [
      "storage.disk",
      "cause",
      /Encountered a duplicate volume name '[^']{1,120}' generated for disk/,
      "two disks of the VM got the same volume name",
      "Give each extra disk its own :path or :device in the Vagrantfile",
    ],
    [
      "provider.access",
      "fallback",
      /Error while uploading image to storage pool: |Error while downloading volume '[^']{1,120}' from storage pool/,
      "the box's image could not be copied into or out of libvirt's storage pool, for the reason after the colon: " +
      "most often a full disk or a broken connection",
      commandFix("Show the pool's free space", "virsh -c qemu:///system pool-info default"),
      "Delete the incomplete copy (virsh -c qemu:///system vol-list default; vol-delete), and try again",
    ],
    [
      "provider.access",
      "symptom",
      /The Libvirt domain is (?:suspended|shutting down)\. |domain is not created\. Please run `vagrant up`/,
      "the VM is not in the state that the command needs: it sleeps, shuts down, or does not exist",
      commandFix("Check the state of the VMs", "virsh -c qemu:///system list --all"),
      "Suspended: vagrant resume; gone: vagrant up",
    ],
  ]);
