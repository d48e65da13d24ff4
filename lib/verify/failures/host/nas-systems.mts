import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/**
 * Errors of systems that manage VMs and containers by a web page: TrueNAS, Unraid, Proxmox, XCP-ng,
 * CloudStack, Synology.
 */
export const nasSystemFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "truenas/apps#785 (2024-11), #942 (2024-11), #345 (2024-09), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      /Expected \[uuid\] to be set for GPU/,
      "TrueNAS keeps a choice of GPU for that app without the card's UUID, as from before an update or a driver",
      "Install NVIDIA's driver in the Apps settings, then open the app, clear its GPU, save, and choose it again",
      commandFix("Check that the driver knows the card, with its UUID", "nvidia-smi -L"),
    ],
    [
      "verify.service",
      "symptom",
      /Failed to render compose templates/,
      "TrueNAS could not make the app's Compose file from its settings, for the reason at the end of the message",
      "Open the app's settings, correct what the last line names, and save; update the app's catalog",
    ],
    [
      "verify.docker",
      "symptom",
      /Failed to start docker for Applications/,
      "Docker did not start on TrueNAS; its own log says why",
      commandFix("Read it", "journalctl -u docker -b --no-pager -n 50", { root: true }),
      "Then explain that text",
    ],
    [
      "verify.service",
      "fallback",
      /Failed '\w{2,12}' action for '[^'\n]{1,80}' app: Timed out waiting for response/,
      "TrueNAS stopped waiting for Docker Compose: the app's images download too slowly, or Docker or a disk hangs",
      commandFix("List the images and containers", "sh -c 'docker image ls; docker ps --all'", { root: true }),
      "Download the app's images by hand, which has no time limit (docker pull IMAGE), then start the app again",
      "If nothing is downloaded: journalctl -u docker -b, zpool status",
    ],
    [
      "verify.service",
      "fallback",
      /Failed '(?:up|down|pull|stop|restart)' action for '/,
      "TrueNAS' app did not start or stop: the message of Docker Compose is in the log that the line names",
      commandFix("Read it", "tail -n 40 /var/log/app_lifecycle.log", { root: true }),
      "Then explain that text",
    ],
  ]),
  ...rows({ layer: "vfio", source: "Unraid (vfio-pci at boot, /boot/config/vfio-pci.cfg), read 2026-11" }, [
    [
      "gpu.match",
      "cause",
      /Device \S{7,12} does not match [\da-f]{4}:[\da-f]{4}, unable to bind device/,
      "another device is now at the address that Unraid binds to vfio-pci at boot: addresses moved with a new card, " +
      "drive or firmware",
      "Tools, System Devices: choose the card again at its new address, save, reboot; then correct the VM's settings",
      commandFix("Check which address it has", "lspci -nn -d ::0300"),
    ],
  ]),
  ...rows({
    layer: "network",
    near: /docker|applications|truenas|middlewared|ix-apps/i,
    shared: true,
    source: "truenas/middleware (docker/state_setup.py, docker/state_management.py); truenas/apps#2926 (2025-08)",
  }, [
    [
      "verify.docker",
      "cause",
      /Unable to determine default interface|Default interface '[^'\n]{1,40}' is not in active state/,
      "TrueNAS starts Docker only when the network of the default route is up, and it was not",
      commandFix("Show the default route and the state of the interfaces", "sh -c 'ip route; ip -brief link'"),
      "Set the default gateway (Network, Global Configuration); check cable, bridge and bond",
      "Then start Docker: choose the apps' pool again (Apps, Configuration, Choose Pool), or restart the machine",
    ],
  ]),
  ...rows({ layer: "kernel", source: "truenas/middleware (docker/state_setup.py); truenas/apps#2926 (2025-08)" }, [
    [
      "host.disk",
      "cause",
      anyOf(
        /Missing "[^"\n]{1,200}" dataset\(s\) required for starting docker|Cannot start docker because .{1,80} is located in a locked dataset/,
        /dataset is not mounted on '\/mnt\/\.ix-apps|No such file or directory: '\/mnt\/\.ix-apps/,
      ),
      "the dataset of TrueNAS' apps (ix-apps) is not there: its pool is not imported, is locked, or is another one " +
      "than the chosen one",
      commandFix("Show the pools, and what is mounted", "sh -c 'zpool status -x; zfs list -o name,mounted,keystatus'", {
        root: true,
      }),
      "Import or unlock that pool (Storage), then choose it again (Apps, Configuration, Choose Pool)",
    ],
  ]),
  ...rows({ layer: "vfio", source: "truenas/middleware (plugins/vm); truenas/documentation#4576 (2026-05)" }, [
    [
      "gpu.driver",
      "cause",
      /VM will not start as .{1,200} device\(s\) are not available/,
      "TrueNAS cannot give the VM that device: the card is not kept from the host (isolated), another VM has it, or " +
      "it is gone",
      commandFix("Check which driver has it; vfio-pci is right", "lspci -nnk -d ::03xx"),
      "Choose the card in System, Advanced, Isolated GPU Devices, and restart; after an update: remove it there, " +
      "save, and choose it again",
    ],
  ]),
  ...rows({ layer: "packages", source: "Unraid (plugin manager), novidio/unraid-novidio-vgpu-driver#9 (2025-09)" }, [
    [
      "guest.driver",
      "cause",
      /Can't get latest \S{2,12} (?:vgpu )?driver version|found no installed local driver/,
      "Unraid's driver plugin could not read which drivers there are for this release of Unraid, and has none on " +
      "the flash drive",
      "Check that the server reaches github.com, and has a name server and the right time (Settings, Network and Date)",
      "Check that the plugin has drivers for this release of Unraid (its kernel), then install the plugin again",
    ],
    [
      "tools.present",
      "fallback",
      /plugin: (?:run failed: |\S{1,80} is not a plg file|.{1,120} download failure|bad file MD5|bad or missing)/,
      "Unraid's plugin manager could not install a plugin, for the reason in the lines above",
      "Install it from Apps (Community Applications), or by the full address of its .plg file",
    ],
  ]),
  ...rows({
    layer: "provider",
    near:
      /invalid format|parse (?:volume filename|\w{3,9} volume name)|\bpve|\bq?m(?:import)?\b|\bpct\b|TASK ERROR|proxmox|in volume group/i,
    shared: true,
    source: "Proxmox VE 8 (PVE/Storage); Telmate/terraform-provider-proxmox#781 (2023-05), " +
      "UntouchedWagons/Ubuntu-CloudInit-Docs#4 (2024-09)",
  }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /unable to parse (?:volume filename|(?:directory|lvm|zfs|rbd|iscsi|btrfs) volume name) '(?!\S{1,80}<nil>')/,
        /unable to parse volume ID '/,
      ),
      "the name of that disk or file does not fit its storage: a storage of files (directory, NFS) has " +
      "STORAGE:ID/vm-ID-disk-0.qcow2, one of volumes (LVM, ZFS) STORAGE:vm-ID-disk-0, and cloud-init's own files are " +
      "in STORAGE:snippets/",
      commandFix("Show the names as Proxmox writes them", "pvesm list STORAGE", { root: true }),
      "An imported disk has its name behind unused0 in qm config ID; a new one is written as STORAGE:SIZE",
    ],
    [
      "provider.access",
      "cause",
      /Logical Volume "vm-\d{1,9}-[\w-]{1,40}" already exists in volume group/,
      "a volume of that name exists: it belongs to a VM or container with the same number, on this or another node " +
      "or cluster, or is left over from an earlier one",
      commandFix("Check whether a VM or container of this cluster has it", "grep -rn VOLUME /etc/pve/nodes", {
        root: true,
      }),
      "Take another number for the new one, which is always safe",
      "Only if no line names it, and no other cluster or host uses this storage: pvesm free STORAGE:VOLUME deletes " +
      "it with its data",
    ],
  ]),
  ...rows({ layer: "vfio", source: "Proxmox VE 8 (qemu-server); Telmate/terraform-provider-proxmox#1029 (2024-08)" }, [
    [
      "gpu.match",
      "cause",
      /hostpci\d{1,2}\.(?:host|mapping): value does not match/,
      "Proxmox does not accept that hostpci: host= takes PCI addresses (0000:01:00.0), and the name of a resource " +
      "mapping belongs into mapping=",
      "Write mapping=NAME for a mapping (Terraform: mapping_id or mapping), otherwise the card's address",
      commandFix("On the node, see the card's address", "lspci -nn -d ::03xx"),
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "xcp-ng/xcp#279 (2019-09), #213 (2019-06), xapi-project/xen-api" }, [
    [
      "provider.access",
      "symptom",
      /Error: Connection refused \(calling connect/,
      "XCP-ng's toolstack (xapi) does not run, or only starts",
      commandFix("Check its state", "systemctl status xapi", { root: true }),
      commandFix("Start it again; VMs go on", "xe-toolstack-restart", { root: true }),
      "After a change of xen-pciback.hide: see that each address is written in full, as (0000:0b:00.0)",
    ],
    [
      "provider.access",
      "symptom",
      /Error from xenguesthelper|xc_dom_(?:build_image|boot)\S{0,30}: .{0,60}(?:panic|failed)/,
      "Xen could not build the VM; with a passed device most often its memory does not fit next to the card's " +
      "regions, or is not all reserved",
      "Give the VM fixed memory (dynamic minimum = maximum) and less of it, and start it without the card to compare",
      commandFix("Read what Xen says", "xl dmesg | tail -n 40", { root: true }),
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "apache/cloudstack (VirtualMachineManagerImpl), #12216 (2025-12), #7053 (2023-01)",
  }, [
    [
      "provider.access",
      "symptom",
      /InsufficientServerCapacityException|Unable to create a deployment for VM|Unable to orchestrate the start of VM/,
      "CloudStack found no host on which the VM can start, or its start failed on each: CPU, memory, a free GPU, " +
      "tags or storage do not fit",
      "Read the lines of the same job above: the planner names what each host lacks",
      commandFix("On the host: read why a start failed", "tail -n 80 /var/log/cloudstack/agent/agent.log", {
        root: true,
      }),
    ],
  ]),
  ...rows({ layer: "provider", source: "telnetdoogie/synology-docker#58 (2026-03), systemd, D-Bus, read 2026-11" }, [
    [
      "provider.access",
      "cause",
      /Failed to (?:get D-Bus connection|connect to (?:bus|system scope bus.{0,40})): (?:Connection refused|Operation not permitted|Permission denied|Host is down|No medium found)/,
      "the command cannot reach systemd: it was not run as root, or no systemd runs (a container, another user's " +
      "session)",
      "Run it with sudo; for a user's own unit (systemctl --user) log in as that user, without su or sudo",
    ],
  ]),
];
