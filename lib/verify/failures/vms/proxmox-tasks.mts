import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const config = commandFix("Show the VM's settings", "qm config ID", { root: true });
const cards = commandFix("List the addresses and drivers", "lspci -nnk -d ::03xx");
const storages = commandFix("List the storages and what each may hold", "pvesm status && cat /etc/pve/storage.cfg", {
  root: true,
});
const source = "proxmox/qemu-server (src/PVE), read 2026-08";

/** What Proxmox VE's own programs refuse, by topic. */
export const proxmoxTaskFailures = (): Failure[] => [
  ...rows({ layer: "vfio", source }, [
    [
      "gpu.exclusive",
      "cause",
      anyOf(
        /device '[^']{1,40}' assigned more than once/,
        /could not find a free device for 'hostpci/,
      ),
      "the same card is in two settings of the VM, or each card of the mapping is in use by another VM",
      config,
      commandFix("Check which VMs have a card", "grep -H hostpci /etc/pve/qemu-server/*.conf", { root: true }),
    ],
    [
      "gpu.match",
      "cause",
      /(?:PCI device|USB(?: device)?|directory) mapping (?:invalid|not found)/,
      "the hardware is not what the resource mapping says: the card or USB device has another address now, " +
      "or is gone",
      cards,
      "Correct the entry under Datacenter, Resource Mappings",
    ],
    [
      "gpu.match",
      "cause",
      anyOf(
        /does not support mediated devices/,
        /pci device '[^']{1,40}' has no (?:type|available instances)/,
        /could not create (?:mediated device|'[^']{1,40}' for pci devices)/,
        /vgpu type '[^']{1,40}' not available|no nvidia sysfs api for|could not set vgpu type/,
      ),
      "the card has no virtual GPU (mdev, vGPU) of that type free: its host driver offers none, or all " +
      "are in use",
      "To give the whole card to the VM: remove mdev= from hostpci0",
      commandFix("List the types that there are", "ls /sys/bus/pci/devices/*/mdev_supported_types", { root: true }),
    ],
    [
      "provider.mode",
      "cause",
      /legacy IGD assignment|only one device can be assigned in legacy-igd mode/,
      "legacy-igd=1 is for one Intel graphics device at 00:02.0, with machine type pc (i440fx), vga: none " +
      "and its ROM",
      "Remove legacy-igd=1 from hostpci0, or write -machine pc -vga none and no pcie=1",
    ],
    [
      "provider.access",
      "cause",
      /only root can (?:set|modify|delete) '[^']{1,40}' config/,
      "only root@pam may set that option (a device by its address, args): another user or an API token was used",
      "For a device: map it (Datacenter, Resource Mappings), give the user Mapping.Use on it, and write mapping=NAME",
      "Leave another option out, or log in as root@pam with its password: an API token of root does not do",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /can't migrate VM which uses local devices/,
        /can't migrate (?:running )?VM .{0,60}hostpci/,
      ),
      "a VM with a card of this node cannot move to another node",
      "Shut it down, and use a resource mapping that has a card on both nodes, or remove hostpci0 first",
    ],
    [
      "provider.mode",
      "cause",
      /to use Intel vIOMMU please set the machine type|cannot set aw-bits if no vIOMMU|Intel vIOMMU supports only 39/,
      "the VM's own IOMMU (viommu) needs the machine type q35, and an address width of 39 or 48 bits",
      "Write it: qm set ID -machine q35,viommu=intel",
    ],
  ]),
  ...rows({ layer: "hypervisor", source }, [
    [
      "host.memory",
      "cause",
      anyOf(
        /your system doesn't support hugepages|hugepages option is not enabled|hugepage allocation failed/,
        /numa (?:needs to be enabled|hostnodes need to be defined) to use hugepages/,
        /is not a positive even integer; cannot use for hugepages/,
        /not supported when hugepages are enabled/,
      ),
      "the VM asks for huge pages (hugepages:) and cannot get them: NUMA is off, or too few pages are free in " +
      "one piece",
      commandFix("Check what is free", "grep -i huge /proc/meminfo"),
      "Write numa: 1 for the VM, and reserve 1 GiB pages at boot: default_hugepagesz=1G hugepagesz=1G hugepages=16",
      "Or go without: qm set ID -delete hugepages",
    ],
    [
      "host.memory",
      "cause",
      anyOf(
        /minimum memory must be \d|memory can't be lower than|balloon value too large/,
        /memory size \(\d{1,9}\) must be aligned|total memory for NUMA nodes must be equal/,
        /NUMA needs to be enabled for memory hotplug|Memory hotplug does not work in combination/,
        /cannot add more memory than max mem|Total memory is bigger than/,
      ),
      "the VM's memory settings do not go together (memory, balloon, numa, hotplug)",
      config,
      "With a passed card: one fixed size, balloon: 0, and no memory in hotplug:",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /Installed QEMU version '[^']{1,20}' is too old|Detected old QEMU binary/,
        /Installed qemu-server \(max feature level/,
      ),
      "the VM was made with a newer QEMU than this node has",
      commandFix("Update the node", "apt-get update && apt-get dist-upgrade", { root: true }),
      "Or choose an older machine version that the node has: qm set ID -machine pc-q35-8.1",
    ],
    [
      "host.memory",
      "cause",
      /host NUMA node\d{1,3} doesn't exist|missing NUMA node\d{1,3} (?:cpus|memory)/,
      "the VM's NUMA settings name a node that this host does not have",
      commandFix("List the nodes", "lscpu | grep -i numa"),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /virtiofsd is not installed/,
        /missing libraries for 'virtio-gl' detected/,
      ),
      "a package that this setting of the VM needs is not installed on the node",
      commandFix("virtio-fs", "apt-get install -y virtiofsd", { root: true }),
      commandFix("VirGL (virtio-gl)", "apt-get install -y libgl1 libegl1", { root: true }),
    ],
    [
      "provider.mode",
      "cause",
      /failed to start swtpm: pid file/,
      "the VM's emulated TPM (swtpm) did not start: its state disk is gone, or swtpm is not installed",
      config,
      "A lab needs no TPM: qm set ID -delete tpmstate0 removes it (Windows' BitLocker keys in it are lost)",
    ],
    [
      "guest.firmware",
      "note",
      /no efidisk configured! Using temporary efivars disk/,
      "the VM uses UEFI and has no disk for its variables: its boot order is lost at each stop, which harms " +
      "little else",
      "Add one: qm set ID -efidisk0 STORAGE:1,efitype=4m,pre-enrolled-keys=0",
    ],
    [
      "guest.firmware",
      "note",
      /EFI disk without 'ms-cert=2023\w{0,2}' option/,
      "a remark: the VM's UEFI variables do not have Microsoft's certificates of 2023, which only Secure Boot needs",
      "Without Secure Boot: nothing to do",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /can't (?:hotplug|unplug) (?:bootdisk|device) '|error on hot-?(?:un)?plug(?:ging)? device '/,
      ),
      "the device cannot be added to or removed from the running VM: its guest holds it, or it cannot be hot-plugged",
      "Shut the VM down, change the setting, and start it",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /snapshot feature is not available|does not support taking new snapshots/,
        /VM .{0,30}passed-?through .{0,60}(?:snapshot|suspend)/,
      ),
      "this VM cannot be saved with its state: a disk's storage has no snapshots, or a card is passed to it",
      "Shut it down and take a backup (vzdump), or a snapshot without its memory on a storage that can",
      storages,
    ],
    [
      "provider.access",
      "cause",
      /hookscript error for \d{1,9} on (?:pre|post)-(?:start|stop)/,
      "the VM's hook script ended with an error, and Proxmox stopped there",
      "Run it by hand to see its error: the path in the line, then ID pre-start",
      "Or turn it off: qm set ID -delete hookscript",
    ],
  ]),
  ...rows({ layer: "provider", source }, [
    [
      "provider.access",
      "cause",
      /cluster not ready - no quorum/,
      "the cluster has no majority: the other node is off, and Proxmox changes and starts nothing",
      "Start the other nodes. If this node is to work alone now: pvecm expected 1",
      commandFix("Show the cluster's state", "pvecm status", { root: true }),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /unable to create VM \d{1,9}: config file already exists/,
        /(?:VM|CT) \d{1,9} already (?:exists|running)/,
      ),
      "a VM with that id exists already, or runs already",
      commandFix("List the VMs", "qm list", { root: true }),
      "Use it, or take the next free id: pvesh get /cluster/nextid",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /does not support (?:vm images|content[- ]type)|Content type '\w{1,20}' is not available on storage/,
        /is not in the snippets directory|content type '\w{1,20}' is not available/,
        /content type needs to be 'images' or 'iso'/,
      ),
      "that storage is not allowed to hold this kind of file (images, iso, snippets)",
      "Allow it: pvesm set STORAGE --content images,iso,snippets, or take another storage",
      storages,
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /lvcreate '[^']{1,80}' error: .{0,120}(?:Insufficient free space|out of data space)/,
        /zfs error: .{0,120}out of space|Cannot create new thin volume, free space in thin pool/,
        /thin pool \S{1,60} .{0,60}(?:threshold|reached)/,
      ),
      "the storage of the VM's disk is full",
      commandFix("Check how full each one is", "pvesm status && lvs && zfs list", { root: true }),
      remedies.room,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /you can't start a vm if it's a template|VM \d{1,9} is a template/,
      ),
      "that VM is a template, and only its clones can start",
      "Clone it: qm clone ID NEWID --full",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /netdev net\d{1,2}: MTU '\d{1,5}' is (?:bigger|smaller)/,
        /network interface 'net\d{1,2}' has no mac address|Interface 'net\d{1,2}' not attached to any bridge/,
      ),
      "a network setting of the VM does not fit the bridge of the node",
      config,
      "Write it again: qm set ID -net0 virtio,bridge=vmbr0",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Permission check failed \(\/|(?:403|Forbidden:|message":) ?"?Permission check failed/,
        /401 (?:No ticket|authentication failure|invalid PVE ticket|no such user)/,
      ),
      "that user or API token is not allowed to do this on the node: a privilege is missing, or privilege " +
      "separation took it away",
      "Give it the privilege that the line names (Datacenter, Permissions): VM.Config.*, Mapping.Use, SDN.Use; " +
      "downloads need Datastore.AllocateTemplate and Sys.AccessNetwork; with some on a pool only, name it (pool=)",
    ],
    [
      "provider.mode",
      "symptom",
      /400 Parameter verification failed|Parameter verification failed\./,
      "Proxmox does not take a parameter; the lines below that one name it and what it expects",
      manualFix("Correct that parameter; pvesh usage PATH -v, man qm and man qm.conf have the forms"),
    ],
  ]),
];

/** Tasks of Proxmox VE that failed for a reason that no other entry knows. */
export const proxmoxOtherFailures = (): Failure[] => [
  ...rows({ layer: "provider", source }, [
    [
      "provider.access",
      "fallback",
      /TASK ERROR: (?!start failed|command)\S/,
      "Proxmox ended the task, for the reason after “TASK ERROR”",
      config,
      commandFix("Read the node's log of that time", "journalctl -b --no-pager -n 80", { root: true }),
      doctorFix("gpu"),
    ],
    [
      "provider.access",
      "fallback",
      /TASK ERROR: command '[^']{1,400}' failed: /,
      "Proxmox ended the task, since a program that it ran failed; the lines above are that program's",
      "Run the program in a terminal to see its whole error",
    ],
  ]),
];
