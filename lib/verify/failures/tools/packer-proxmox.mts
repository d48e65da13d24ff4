import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = /packer|proxmox|:8006\/api2|==> \S{1,60}: |Some builds didn't complete|errors? occurred:/i;
const task = "Open that task in Proxmox's web page (double click in the list below): its log has QEMU's own error";

/** What Packer's plugin for Proxmox says: its own checks, and what Proxmox answers to it. */
export const packerProxmoxFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near,
    source:
      "hashicorp/packer-plugin-proxmox (its source, 2026-07); #320 (2025-04), #179 (2023-03), hashicorp/packer#7693 " +
      "(2019-05), #11071 (2021-06)",
  }, [
    [
      "provider.mode",
      "cause",
      /500 no such file '\/(?:version|nodes|cluster|access|storage)\S{0,60}'/,
      "the address of Proxmox's interface lacks its path: the server looks for a file instead",
      "Write proxmox_url with the path: https://HOST:8006/api2/json",
    ],
    [
      "provider.mode",
      "cause",
      /unable to parse volume filename '[^']{1,80}<nil>'/,
      "the disk has no format, which a storage made of files (directory, NFS) needs",
      'Write format = "qcow2" (or "raw") in that disks block, or use a storage with volumes (LVM-thin, ZFS)',
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /errors?\\?"?:\{.{0,200}invalid format - unable to parse (?:network|drive) options/,
        /invalid format - (?:unable to parse|format error)/,
      ),
      "Proxmox does not accept a network or disk of the template: a value in it has the wrong form or is missing",
      "Compare network_adapters (model, bridge) and disks (type, disk_size, storage_pool, format) with the plugin's " +
      "page",
      commandFix("On the node, see what such a line looks like", "qm config ID"),
    ],
    [
      "provider.access",
      "cause",
      /storage\/\S{1,60}\/upload"?: .{0,80}(?:use of closed network connection|connection reset by peer|broken pipe)/,
      "Proxmox ended the upload of an ISO before it was complete, as it does if the user or API token may not upload " +
      "there, or the storage takes no ISOs",
      commandFix("On the node, read its answer (403: not allowed)", "grep upload /var/log/pveproxy/access.log"),
      "Give the token Datastore.AllocateTemplate and Datastore.AllocateSpace on that storage (with privilege " +
      "separation, the token itself)",
    ],
    [
      "provider.mode",
      "cause",
      /Error (?:creating|starting) VM: .{0,80}storage '[^']{1,60}' does not exist/,
      "the node has no storage of that name",
      commandFix("On the node, see the storages and what they may hold", "pvesm status"),
      "Write one of them as storage_pool (disks) and iso_storage_pool (ISOs)",
    ],
    [
      "provider.access",
      "symptom",
      /Error starting VM: .{0,60}QEMU exited with code \d{1,3}/,
      "QEMU ended on the Proxmox node as soon as the VM started; its reason is in the log of that task, on the node",
      task,
      commandFix("Or start the VM there by hand, and read its error", "qm start ID"),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /found (?:matching VM \(ID: \d{1,9}, name: [^)]{1,80}\), but it is not a template|multiple VMs with name)/,
        /one of clone_vm or clone_vm_id must be specified|clone_vm and clone_vm_id cannot both/,
      ),
      "the template to clone is not named clearly: it is missing, is not a template, or several VMs have that name",
      "Write clone_vm_id with the number of a template (qm template ID makes one of a VM)",
    ],
    [
      "provider.lines",
      "cause",
      anyOf(
        /(?:proxmox_url|password or token|template_name|iso_storage_pool|storage_pool|node) must (?:also )?be (?:specified|set|a valid)/,
        /ISOs must be of type ide, sata or scsi|iso_path should match pattern|iso_download_pve can only be used/,
        /one of iso_file, iso_url, or a combination of cd_files|when specifying iso_url in an? \w{4,20} block/,
        /efi_storage_pool not set|tpm_storage_pool not set|storage_pool not set for storage of generated ISO/,
        /pcie requires q35 machine type|legacy_igd requires|io thread option requires|host contains invalid PCI ID/,
        /the host and the mapping key cannot both|either the host or the mapping key/,
        /cloud_init is set to true, but cloud_init_storage_pool|Found no free controller of type \S{1,20} for a cloud-init/,
        /SSD emulation is not supported on virtio disks|bus index can't be higher than/,
      ),
      "the Packer template for Proxmox lacks a value, or two of its values exclude each other, as the line says",
      commandFix("Correct it, and check the template", "packer validate ."),
      'A passed card needs machine = "q35" for pcie, and host or mapping, not both',
    ],
    [
      "verify.ssh",
      "cause",
      /Found no IP addresses on VM|Interface \S{1,30} (?:not found in VM|only has loopback addresses)/,
      "Packer asks the VM's guest agent for an address, and the VM has none there: no DHCP, or another interface",
      "Install and start qemu-guest-agent during the installation, or write ssh_host",
      "Check on the VM's console whether its network is up; vm_interface must be the guest's own name",
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /Error converting VM to template|Error updating template: |Cannot eject ISO from cdrom drive/,
      ),
      "the build is done, and Proxmox refused a change to the finished VM, for the reason after the colon",
      "Check whether the VM is still locked or runs (qm unlock ID; qm stop ID), then build again",
      "If the VM lacks such a CD drive: write unmount = true only for ISOs of the boot_iso and additional blocks",
    ],
  ]);
