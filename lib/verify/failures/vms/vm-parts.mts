import type { Fix } from "../../../findings.mts";
import { commandFix, doctorFix, lessMemory, manualFix } from "../../../fixes.mts";
import { editDefinition, qemuOptions, vmWords } from "../fixes.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

const edit = manualFix(editDefinition);
const capabilities = commandFix("Check what this QEMU can do", "virsh -c qemu:///system domcapabilities --machine q35");
const options = manualFix(qemuOptions);
const networks = commandFix("List the networks and their state", "virsh -c qemu:///system net-list --all");
const volumes = commandFix("Show the VM's disks", "virsh -c qemu:///system domblklist NAME");
const states = commandFix("List the VMs and their states", "virsh -c qemu:///system list --all");
const refused = commandFix(
  "Check what AppArmor or SELinux refused",
  "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'",
  {
    root: true,
  },
);

/** Subjects of a message, by their words: check, meaning, fixes. The first that fits counts. */
type Subject = [words: string, check: string, meaning: string, ...fix: Fix[]];

const cpu: Subject = [
  "(?:\\bv?CPUs?\\b|\\bsmp\\b|topology|NUMA|cpuset|iothread|\\btsc|\\bmsr\\b|hyperv|accel|\\bkvm_|-cpu)",
  "provider.mode",
  "the CPU, its features or its topology: this host or release does not have them",
  manualFix("Use cpu mode='host-passthrough' without extra features, and correct cpus: or <vcpu>"),
];
const display: Subject = [
  "(?:graphics|\\bvnc|spice|\\bvideo|display|opengl|\\begl|\\bgtk|\\bsdl|virgl|" +
  "sound|audio|pulse|pipewire|\\balsa|\\bjack\\b)",
  "provider.mode",
  "the screen, its protocol (VNC, SPICE) or the sound: this host cannot do it so, and a lab needs none of them",
  manualFix("Remove the element or option, or use VNC on 127.0.0.1"),
];
const device: Subject = [
  "(?:hostdev|vfio|mdev|mediated|host device|iommu|\\bVFs?\\b|sr-?iov|host PCI|reset PCI|nodedev)",
  "gpu.in-use",
  "the passed device: it is in use, is not there, has no reset, or its driver does not let it go",
  doctorFix("gpu"),
  doctorFix("iommu"),
];
const memory: Subject = [
  "(?:memory|hugepage|huge ?page|hugetlb|memfd|balloon|nvdimm|\\bdimm|\\bRAM\\b|mlock)",
  "host.memory",
  "the VM's memory: there is not as much, or not of that kind (huge pages, shared, NUMA), as the definition asks for",
  lessMemory,
  commandFix("Check what is free", "grep -iE 'memavail|hugepages' /proc/meminfo"),
];
const network: Subject = [
  "(?:network|bridge|interface|\\btap\\b|macvtap|DHCP|dnsmasq|firewall|iptables|nftables|nwfilter|MAC " +
  "|netdev|vhost-net|vhost_net|" +
  "slirp|hostfwd|-nic|ifname)",
  "provider.access",
  "the VM's network: the bridge, interface or port that is named is missing, taken or not permitted",
  networks,
];
const firmware: Subject = [
  "(?:firmware|loader|UEFI|\\bBIOS|secure " +
  "boot|\\bROM\\b|romfile|\\btpm|acpi|smbios|nvram|pflash|fw_cfg|initrd|-kernel|-bios)",
  "guest.firmware",
  "the VM's firmware, TPM or kernel file: it is missing, of another variant, or not possible with this machine type",
  manualFix("Let libvirt choose: <os firmware='efi'> with the machine type q35; remove the TPM if it is not needed"),
];
const storage: Subject = [
  "(?:disk|volume|\\bpool|image|block|backing|cdrom|qcow2|" +
  "snapshot|checkpoint|floppy|storage|\\bdrives?\\b|\\bnbd|\\biso\\b|mirror)",
  "guest.image",
  "a disk, image or pool: it is missing, in use, of another format, or cannot be changed in this state",
  volumes,
  manualFix("Compare the paths and formats with qemu-img info FILE"),
];
const channel: Subject = [
  "(?:chardev|console|serial|channel|monitor|socket|\\bpty\\b|\\bqmp|pidfile|fd=)",
  "provider.access",
  "a channel between QEMU and the programs around it (console, monitor, socket): it could not be made, or broke off",
  states,
];
const shares: Subject = [
  "(?:virtio-?fs|vhost-user|\\b9p|fsdev|filesystem)",
  "provider.mode",
  "a shared folder: its helper (virtiofsd) does not run, or the VM's memory is not shared",
  manualFix("Install virtiofsd, and give the VM shared memory (memoryBacking, access mode='shared')"),
];
const usb: Subject = [
  "(?:\\busb|evdev|input-linux|keyboard|\\bmouse|redirdev|\\bhid\\b)",
  "provider.mode",
  "a USB or input device: it is unplugged, used by another program, or its controller is missing",
  commandFix("List the devices", "lsusb"),
];
const place: Subject = [
  "(?:\\bbus\\b|\\bslot|address|controller|multifunction|hot-?plug|machine|\\bports?\\b|function)",
  "provider.mode",
  "a place in the VM's machine: an address, bus or controller is used twice, does not exist, or is for " +
  "another machine type",
  manualFix("Remove the device's <address> (virsh edit) or addr=, so that a free place is chosen"),
];

const ofLibvirt: Subject[] = [
  device,
  [
    "(?:(?:this|the|by|with) QEMU|QEMU binary|QEMU does)",
    "provider.version",
    "the QEMU of this host: it cannot do what the definition asks for, as it is too old or a package of it " +
    "is missing",
    capabilities,
    manualFix("Update QEMU, or remove that element (virsh edit NAME)"),
  ],
  [
    "(?:guest agent)",
    "verify.ssh",
    "the guest's agent (qemu-guest-agent): it is not installed, does not run, or its channel is missing",
    manualFix("Install and start qemu-guest-agent in the guest, and add the channel org.qemu.guest_agent.0"),
  ],
  [
    "(?:AppArmor|SELinux|security " +
    "(?:driver|label|model)|cgroup|namespace|capabilit|polkit|permission|\\bhook|machined|systemd)",
    "provider.access",
    "the host's protection around the VM (cgroups, AppArmor, SELinux, polkit) or a hook script: it refused",
    refused,
  ],
  shares,
  firmware,
  memory,
  cpu,
  display,
  network,
  storage,
  channel,
  usb,
  place,
  [
    "(?:(?:already|not|currently|is) (?:in)?(?:active|running|paused|transient|persistent)|paused state|" +
    "managed save|\\bjob\\b)",
    "provider.access",
    "the state of the VM or connection: what was asked is not possible while it runs, is off, saved or busy",
    states,
  ],
  [
    "(?:XML|element|attribute|missing|unknown|invalid|must |cannot parse|malformed|mode '|type '|model " +
    "'|duplicate|range)",
    "provider.mode",
    "an element or value of the definition: it is missing, unknown or not permitted there",
    edit,
    commandFix("Check it", "virt-xml-validate FILE.xml domain"),
  ],
];
const ofQemu: Subject[] = [
  device,
  shares,
  firmware,
  storage,
  network,
  display,
  usb,
  memory,
  cpu,
  channel,
  place,
  [
    "(?:option|property|parameter|argument|value|invalid|not supported|unsupported|must |requires)",
    "provider.mode",
    "an option or its value: this release does not know it, or it does not go with the others",
    options,
  ],
];

const kinds = "(?:internal error|unsupported configuration|operation failed|operation is not valid|invalid " +
  "argument|argument unsupported|Operation not supported|supported by the connection driver|libvirtd|" +
  "libvirtError|virtqemud|virtnetworkd|virtstoraged|virtnodedevd)(?:\\[\\d{1,8}\\])?: " +
  // the level of a line in the daemon's log
  "(?!.{0,60}: (?:warning|info|debug) ?: )";
const option = "[\\w-]{2,20} \\S{1,260}: ";
/** A line of QEMU: its subject is in what stands behind the option that it names. */
const qemu = `(?:(?:qemu-(?:system-[\\w-]{2,12}|\\w{2,12}-softmmu|kvm): |QEMU\\[\\d{1,8}\\]: )` +
  `(?:-${option}|(?!-${option}))|kvm: -${option})` +
  "(?=.{0,300}(?:not |could|can't|fail|error|" +
  "invalid|unable|must|require|unknown|unsupported|missing|already|exceed|too |only|conflict|denied|without))";
const programs: [name: string, start: string, shared: Pick<Failure, "layer" | "near" | "source">, Subject[]][] = [
  ["libvirt", kinds, {
    layer: "provider",
    near: vmWords,
    source: "libvirt 9.0 (its 6,700 messages by subject, 2023-01), read 2026-11",
  }, ofLibvirt],
  ["QEMU", qemu, {
    layer: "hypervisor",
    source: "QEMU 7.2 (its messages by subject, 2022-12), read 2026-11",
  }, ofQemu],
];

/** Errors of libvirt about snapshots, vGPUs and its own releases. */
export const vmStateFailures = (): Failure[] =>
  rows({ layer: "provider", source: "libvirt 9.0 (qemu_snapshot.c, node_device_driver.c, rpc), read 2026-11" }, [
    [
      "provider.mode",
      "cause",
      /(?:internal (?:snapshots?|inactive snapshots?) .{0,80}(?:pflash|firmware|not supported|unsupported(?! for storage))|(?:snapshot|checkpoint)s? .{0,60}(?:raw|read-?only|nvram).{0,60}not (?:supported|possible))/,
      "a VM with UEFI, or with a disk that is not qcow2, has no internal snapshots before libvirt 10.10",
      "Shut it down and copy its disk, or take an external one: virsh snapshot-create-as NAME S1 --disk-only",
    ],
    [
      "provider.mode",
      "cause",
      /internal (?:inactive )?snapshots? .{0,60}unsupported for storage type/,
      "internal snapshots need a disk in qcow2, and this one is of another kind",
      "Shut the VM down, and copy its disk in place of a snapshot",
      "Or convert it (qemu-img convert -O qcow2 DISK.raw DISK.qcow2), and name the new file and type (virsh edit)",
    ],
    [
      "gpu.match",
      "cause",
      /mediated device.{0,100}(?:No such file|Invalid argument|No space left|Input\/output error)/,
      "the vGPU (mediated device) could not be created: the driver for it is not loaded, its type does not " +
      "exist on this " +
      "card, or no instance of it is left",
      commandFix("List the types and how many are free", "mdevctl types"),
      manualFix("NVIDIA: the vGPU driver of the host; Intel: i915.enable_gvt=1 (up to 10th generation)"),
    ],
    [
      "host.memory",
      "cause",
      /memory\.memsw\.\w{4,30}/,
      "the VM's definition limits swap, which this kernel does not count (no swap accounting)",
      manualFix("Remove swap_hard_limit from <memtune> (virsh edit), or boot with the kernel argument swapaccount=1"),
    ],
    [
      "provider.access",
      "cause",
      /failed to u?n?mount devfs on/,
      "libvirt could not give QEMU a /dev of its own: it runs in a container, or another mount holds the folder",
      manualFix("Write namespaces = [] into /etc/libvirt/qemu.conf, and restart libvirt"),
    ],
    [
      "provider.version",
      "cause",
      /unknown procedure: \d{1,3}\b/,
      "the program asks libvirt's daemon for something that this daemon does not have: it is older than the " +
      "program, or " +
      "was not restarted after an update",
      commandFix("Restart it, and see both releases", "systemctl restart libvirtd && virsh version --daemon", {
        root: true,
      }),
    ],
  ]);

/** Messages of libvirt and QEMU that no other entry knows, by what they are about. */
export const vmPartFailures = (): Failure[] =>
  programs.flatMap(([name, start, shared, subjects]) =>
    subjects.map(([words, check, meaning, ...fix]): Failure => ({
      pattern: new RegExp(`${start}(?=.{0,260}${words})`),
      check,
      strength: "symptom",
      fallback: true,
      message: `${name} reports an error about ${meaning}`,
      fix,
      ...shared,
    }))
  );
