import type { Failure } from "../types.mts";
import { commandFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = /proxmox|\bpve|TASK ERROR|qm (?:start|set|create)|qemu-server|hostpci|VMID|vzdump|\/usr\/bin\/kvm|kvm: /i;
const config = commandFix("Show the VM's settings", "qm config ID");
const cards = commandFix("List the addresses and drivers", "lspci -nnk -d ::03xx");

/** Task errors of Proxmox VE by topic. */
export const proxmoxFailures = (): Failure[] => [
  ...rows({ layer: "hypervisor", source: "bpg/terraform-provider-proxmox#1353 (2024-06); PVE/QMPClient.pm" }, [
    [
      "provider.access",
      "fallback",
      anyOf(
        /qmp command '(?!guest-)[\w-]{1,60}' failed - (?:unable to connect to VM \d{1,9} qmp socket|got timeout)/,
        /unable to connect to VM \d{1,9} qmp socket - timeout/,
      ),
      "the VM's QEMU does not answer Proxmox: at a start with a passed card it first reserves all of the VM's " +
      "memory, " +
      "which takes long with much of it; later it hangs, or its disk does",
      "At a start: wait, and start it by qm start ID --timeout 600, or give it less memory or hugepages",
      commandFix("Check what it does: D is a wait for a disk", "ps -o pid,stat,etime,cmd -C kvm", { root: true }),
      commandFix("Read the kernel's log", "journalctl -k -b --no-pager -n 60", { root: true }),
    ],
  ]),
  ...rows({ layer: "vfio", near, source: "Proxmox VE (qemu-server, PCI.pm), general knowledge of 8.x, 2026-11" }, [
    [
      "gpu.match",
      "cause",
      anyOf(
        /no pci device info for device/,
        /cannot find mapped device '|PCI device mapping not found for/,
      ),
      "Proxmox finds no device at that address: the card moved to another address, as after a change of hardware " +
      "or firmware, or does not answer",
      cards,
      "Write its address again: qm set ID -hostpci0 ADDRESS,pcie=1, or correct it under Datacenter, Resource " +
      "Mappings",
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        / PCI group to VFIO '|Cannot bind \S{1,14} to vfio/,
      ),
      "Proxmox could not give the card to vfio-pci: its host driver does not let go of it",
      cards,
      remedies.bindAtBoot,
    ],
    [
      "gpu.reset",
      "cause",
      /can't reset PCI device|error resetting PCI device/,
      "the card could not be reset before the VM's start: it has no reset that works, or another VM or driver has it",
      cards,
      remedies.powerCycle,
    ],
    [
      "provider.mode",
      "cause",
      /q35 machine model is not enabled/,
      "pcie=1 of a passed card needs the machine type q35",
      "Write it: qm set ID -machine q35 (a Windows guest may have to be activated again)",
    ],
  ]),
  ...rows({
    layer: "provider",
    near,
    source: "Proxmox VE (qemu-server, pve-storage), general knowledge of 8.x, 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /VM is locked \([\w-]{3,20}\)|CT is locked \(\w{3,20}\)|can't lock file '\/(?:var|run)\/lock\//,
      "another task of Proxmox has that VM (a backup, snapshot or migration), or one ended without releasing it",
      commandFix("List the tasks that run", "pvesh get /cluster/tasks --output-format text", { root: true }),
      "If none has it: qm unlock ID",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /(?:volume|storage) '[^']{1,120}' (?:does not exists?|is not (?:online|available|enabled))/,
        /no such logical volume|unable to find storage|can't activate LV/,
        /EFI base image '[^']{1,120}' not found/,
      ),
      "a disk, ISO or storage that the VM names is gone or offline",
      config,
      commandFix("List the storages", "pvesm status", { root: true }),
      "Remove the drive from the VM (an ISO that was deleted: qm set ID -ide2 none), or bring the storage back",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /unable to parse value of '\w{1,20}'|MAX \d{1,4} vcpus allowed per VM/,
      ),
      "a setting of the VM is written in a way that Proxmox does not take, or asks for more than the node has",
      config,
      "Correct that key in /etc/pve/qemu-server/ID.conf; man qm.conf has the forms",
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /VM quit\/powerdown failed/,
        /Configuration file '\S{1,120}\.conf' does not exist/,
      ),
      "the VM did not do what Proxmox asked it for: it hangs, runs no guest agent, or does not exist",
      commandFix("Check its state", "qm status ID --verbose", { root: true }),
      "If it hangs: qm stop ID; with a passed card that no longer answers, the host has to be restarted",
    ],
  ]),
];
