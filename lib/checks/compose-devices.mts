/** Device nodes that a service uses: which of them the VM has, and how it gets others. */
import type { ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { devicesOf, flagOf, mountsOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";

interface Device {
  pattern: RegExp;
  what: string;
  /** Whether the VM never has it, so that Docker does not start the container. */
  certain: boolean;
  /** How the VM gets it: with its USB device, with a sound card, or with a module of the kernel. */
  way?: "usb" | "sound" | { module: string };
}

/**
 * Device nodes that a VM has only if a device is passed through, or a module is loaded. It has /dev/fuse, /dev/net/tun,
 * /dev/uinput, /dev/uhid, /dev/ppp, /dev/loop-control, /dev/cuse and /dev/snd/timer: the kernel loads these modules on
 * demand (modules.devname of Debian's linux-image-6.1.0-56-amd64, by depmod on 2026-11-27; Ubuntu has the first three
 * built in).
 */
const hostDevices: Device[] = [
  { pattern: /^\/dev\/(video\d*|v4l\/)/, what: "a camera or capture card", certain: true, way: "usb" },
  { pattern: /^\/dev\/(tty(USB|ACM)|serial\/)/, what: "a serial device", certain: true, way: "usb" },
  { pattern: /^\/dev\/(zigbee|zwave|rflink|ttyZ|rfid)/i, what: "a USB radio adapter", certain: true, way: "usb" },
  { pattern: /^\/dev\/(hidraw\d|usb\/|input\/by-id\/)/, what: "a USB device", certain: true, way: "usb" },
  // each bus of the VM has a hub, which is its device 001
  { pattern: /^\/dev\/bus\/usb\/\d+\/(?!001$)\d+$/, what: "a USB device", certain: true, way: "usb" },
  { pattern: /^\/dev\/bus\/usb/, what: "USB devices, such as a Coral", certain: false, way: "usb" },
  { pattern: /^\/dev\/snd(\/|$)/, what: "sound", certain: false, way: "sound" },
  { pattern: /^\/dev\/nbd\d/, what: "a network block device", certain: true, way: { module: "nbd" } },
  { pattern: /^\/dev\/infiniband(\/|$)/, what: "an InfiniBand or RDMA adapter", certain: true },
  { pattern: /^\/dev\/(apex(_\d|$)|hailo\d|accel\/)/, what: "an accelerator card", certain: true },
  {
    pattern:
      /^\/dev\/(ttyAMA|dvb|cec\d|lirc|i2c|gpio(mem|chip)|spidev|vc(hiq|io|sm)|rga|mpp_service|dma_heap|mali|input\/event|ipmi|mei)/,
    what: "a device",
    certain: true,
  },
  { pattern: /^\/dev\/(nvhost|nvmap|tegra)/, what: "a Jetson's GPU", certain: true },
  { pattern: /^\/dev\/tpm(rm)?\d/, what: "a TPM", certain: false },
  {
    pattern: /^\/dev\/(sd[a-z]|nvme\d|disk\/by-[\w-]+\/.|sr\d|sg\d|st\d|nst\d|md\d|zfs$|mapper\/(?!control$))/,
    what: "a disk or drive",
    certain: true,
  },
  { pattern: /^\/dev\/kvm$/, what: "nested virtualization", certain: false },
  {
    // a name that no VM has of its own, such as one of a udev rule
    pattern:
      /^\/dev\/(?!(null|zero|full|u?random|tty(S?\d*)|console|ptmx|pts|fd|std(in|out|err)|shm|mqueue|hugepages|fuse|cuse|net|ppp|uinput|uhid|loop|btrfs-control|autofs|kmsg|log|mem|port|rtc|hpet|watchdog|input|mapper|disk|block|char|cpu(_dma_latency)?|vd[a-z]|fb\d|vga_arbiter|dri|kfd|dxg|nvidia\w*|vfio|vhost|vsock|rfkill|snapshot|nvram|zram|dm-|userfaultfd|bus$|initctl|xconsole)([-\d/]|$))[\w.-]/,
    what: "a device of another computer",
    certain: false,
  },
];

type Machine = Pick<ResolvedMachine, "provider" | "libvirt" | "provision" | "name">;

/**
 * Devices that the VM has and that a container may not open without `devices:` (moby, oci/defaults.go; read
 * 2026-11-28). /dev/net/tun is not one of them: earlier versions of runc allow it.
 */
const notAllowed = /^\/dev\/(uinput|uhid|fuse|ppp|kmsg|loop-control)$/;

/** Devices that a service only mounts: the engine shows their nodes, and the kernel refuses to open them. */
function mountedFlaws(service: ComposeService): ProjectFlaw[] {
  const { privileged, device_cgroup_rules: rules } = service;
  if (flagOf(privileged) === true || (Array.isArray(rules) && rules.length > 0)) return [];
  const listed = devicesOf(service).map(({ source }) => source);
  const found = mountsOf(service).flatMap(({ source }) =>
    source !== undefined && notAllowed.test(source) && !listed.includes(source) ? [source] : []
  );
  return [...new Set(found)].map((source): ProjectFlaw => ({
    status: "warn",
    message: `mounts ${source} under volumes:, which does not let it open the device`,
    at: source,
    fix: manualFix(`Write it under devices: [${source}] instead`),
    fold: {
      ...{ kind: "mounted device", verb: ["mounts", "mount"], item: source },
      rest: (many, several) =>
        ` under volumes:, which does not let ${several ? "them" : "it"} open the device${many ? "s" : ""}`,
      fix: (items) =>
        manualFix(`Write ${items.length > 1 ? "them" : "it"} under devices: [${items.join(", ")}] instead`),
    },
  }));
}

/** Device nodes that the VM does not have, of `devices` and of mounts, and those that a service cannot open. */
export function deviceFlaws(service: ComposeService, machine: Machine): ProjectFlaw[] {
  const sources = [
    ...devicesOf(service).map(({ source }) => source),
    ...mountsOf(service).flatMap(({ source }) => (source?.startsWith("/dev/") ? [source] : [])),
  ];
  const absent = [...new Set(sources)].flatMap((source): ProjectFlaw[] => {
    const found = hostDevices.find(({ pattern }) => pattern.test(source));
    if (!found || isGiven(found, machine)) return [];
    const listed = devicesOf(service).some((one) => one.source === source);
    const end = found.way === "sound"
      ? "but the VM has no sound card, except outputs of its GPU"
      : typeof found.way === "object"
      ? `which the VM does not have until its kernel loads ${found.way.module}`
      : "which the VM does not have: only the GPU is passed through";
    return [{
      status: found.certain && listed ? "fail" : "warn",
      message: `uses ${source} (${found.what}), ${end}`,
      at: source,
      fix: manualFix(mendOf(found, machine, source)),
      fold: {
        ...{ kind: `device ${JSON.stringify(found.way)}`, verb: ["uses", "use"], item: `${source} (${found.what})` },
        rest: () => `, ${end}`,
        fix: () => manualFix(mendOf(found, machine, "these devices")),
      },
    }];
  });
  return [...absent, ...mountedFlaws(service)];
}

/** Whether the user's own lines give the VM such a device. */
function isGiven({ way }: Device, { libvirt = "", provision }: Machine): boolean {
  const lines = libvirt.replace(/#.*/g, "");
  if (way === "usb") return /\bl\.(usb|redirdev)\b/.test(lines);
  if (way === "sound") return /\bl\.sound_type\b/.test(lines);
  return way !== undefined && provision.length > 0;
}

function mendOf({ way }: Device, { provider, name }: Machine, what: string): string {
  const remove = `Remove ${what} from the service`;
  if (typeof way === "object") {
    const file = `/etc/modules-load.d/${way.module}.conf`;
    return `Write provision: for ${name} with a script that runs: echo ${way.module} >${file}`;
  }
  if (provider !== "libvirt") return remove;
  if (way === "usb") {
    return `${remove}, or give ${name} the USB device: libvirt: 'l.usb vendor: "0x1a6e", product: "0x089a"' ` +
      "(lsusb prints its numbers)";
  }
  return way === "sound" ? `${remove}, or give ${name} a sound card: libvirt: 'l.sound_type = "ich9"'` : remove;
}
