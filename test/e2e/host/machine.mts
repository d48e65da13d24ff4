/** An emulated host with an IOMMU and a card to pass, controlled over its serial console. */
import { Buffer } from "node:buffer";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Serial } from "../../serial.mts";

/** The options of the host, in addition to the output of `build.sh`. */
export interface HostOptions {
  /** The folder that `build.sh` printed. */
  built: string;
  /** Raw ext4 disks; each is mounted below `/` under its label. Nothing is written to them. */
  disks?: string[];
  /**
   * File for the changes of the root disk: a later boot with it continues from there. Without it,
   * changes are discarded.
   */
  changes?: string;
  /** A kernel or initramfs other than the built one. */
  kernel?: string;
  initrd?: string;
  /** Further kernel arguments. */
  append?: string;
  /** The port of this machine, on 127.0.0.1, that reaches its port 22. */
  sshPort?: number;
  /** Whether a network card is in the card's IOMMU group, as on many cheap boards. */
  crowded?: boolean;
  /** Timeout for the boot, seconds. Default: 1200. */
  patience?: number;
  /** Called with every line that the host prints. */
  show?: (line: string) => void;
}

/** A running host. */
export interface EmulatedHost {
  /** Duration of the boot, seconds. */
  booted: number;
  /**
   * Runs a line with `sh` and waits for its end. Throws after this many seconds, 3600 by default.
   */
  tell(command: string, seconds?: number): Promise<{ code: number; out: string }>;
  /** Shuts it down. */
  off(): Promise<void>;
  /** Ends it as a power failure would. */
  kill(): Promise<void>;
}

/**
 * The card: an ATI Rage 128 of two functions in one slot, 02:00.0 and 02:00.1 on the host. QEMU has
 * no companion device of that vendor.
 */
export const card = { vendor_id: "1002", device_id: "5046", functions: ["0000:02:00.0", "0000:02:00.1"] };

/** A typical config, for a guest that boots in seconds. */
export const config = `machines:
  - name: gpu-vm
    box: homelab-gpu/tiny
    cpus: 1
    memory: 256
    gpu: {enabled: true, vendor_id: ${card.vendor_id}, device_id: ${card.device_id}, mode: passthrough}
`;

/** The config with a box that is built, from this file. */
export const builtConfig = (file: string) => config.replace("    cpus", `    image: {file: ${file}}\n    cpus`);

const written = (path: string, text: string) => `echo ${Buffer.from(text).toString("base64")} | base64 -d >${path}`;

/** A command of one line that writes a config on the host, in a folder of its user. */
export const writeConfig = (text = config, folder = "/lab") =>
  `mkdir -p ${folder} && ${written(`${folder}/homelab-gpu.yaml`, text)} && chown -R me ${folder}`;

/**
 * A command of one line after which the host can build a box: with stand-ins for Packer, which would boot
 * a VM of Debian in this emulated machine, and for a program that it needs. What they build is the tiny box.
 */
export const installPacker = [
  written(
    "/usr/local/bin/packer",
    '#!/bin/sh\ncase $1 in build) cp /srv/tiny/tiny.box box.box ;; *) echo "Packer v1.6.6" ;; esac\n',
  ),
  "printf '#!/bin/sh\\n' >/usr/local/bin/xorriso",
  "chmod 755 /usr/local/bin/packer /usr/local/bin/xorriso",
].join(" && ");

/**
 * A command of one line that starts an SSH server, where `me` logs in with this public key. It prints the
 * server's public key.
 */
export const startSshServer = (key: string) =>
  [
    "install -d -m 700 -o me /home/me/.ssh",
    written("/home/me/.ssh/authorized_keys", `${key}\n`),
    "dropbearkey -t ed25519 -f /run/dropbear.key 2>/dev/null | grep ^ssh-",
    "dropbear -r /run/dropbear.key -P /run/dropbear.pid",
  ].join(" && ");

/**
 * The start of a command line that runs as an ordinary user: `me`, who may use libvirt and sudo, or
 * `stranger`, who may not.
 */
export const as = (user: "me" | "stranger") =>
  `setpriv --reuid=${user} --regid=${user} --init-groups env HOME=/home/${user} USER=${user} HOMELAB_GPU_TIMEOUT_FACTOR=20 NODE_COMPILE_CACHE=/home/${user}/.cache/node`;

/**
 * The parts of this project that the host gets on a disk with the label `project`, and how the
 * script is started there.
 */
export const parts = ["homelab-gpu.mts", "lib", "scripts", "templates", "package.json", "node_modules"];
export const script = `${as("me")} node /project/node_modules/zx/build/cli.js /project/homelab-gpu.mts`;

/** How the one file is started if it is on that disk instead: it starts in half of the time. */
export const oneFile = `${as("me")} node /project/homelab-gpu.mjs`;

const devices = (crowded: boolean) => [
  // as wide as the CPU: a limit would need another entry in qemuargs, and those of the box and of
  // the config are not merged
  "intel-iommu,intremap=on,aw-bits=48",
  // the host's own card comes first, so the firmware boots with it
  "pcie-root-port,id=own,chassis=1,slot=1,addr=4",
  "VGA,bus=own",
  `pcie-root-port,id=card,chassis=2,slot=2,addr=5.0,multifunction=on${crowded ? ",disable-acs=on" : ""}`,
  "ati-vga,bus=card,addr=0.0,multifunction=on",
  "ati-vga,bus=card,addr=0.1",
  ...(crowded ? ["pcie-root-port,id=beside,chassis=3,slot=3,addr=5.1,disable-acs=on", "e1000e,bus=beside"] : []),
  "virtio-net-pci,netdev=net,romfile=",
];

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Boots a host. Throws if it is not ready in time, or if QEMU exits. */
export async function bootHost(options: HostOptions): Promise<EmulatedHost> {
  const { built, disks = [], crowded = false, append = "", sshPort } = options;
  const began = Date.now();
  const work = mkdtempSync(join(tmpdir(), "homelab-gpu-host-"));
  const root = options.changes ?? join(work, "root.qcow2");
  if (!existsSync(root)) {
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", `${built}/root.img`, root]);
  }
  const child = spawn("qemu-system-x86_64", [
    ...[
      "-accel",
      "tcg,thread=multi,tb-size=1024",
      "-machine",
      "q35,kernel-irqchip=split",
      "-cpu",
      "max,la57=off,pku=off",
    ],
    // with two CPUs, the host's kernel panicked in the virtualization that QEMU emulates
    ...["-smp", "1", "-m", "4096", "-nodefaults", "-display", "none", "-vga", "none", "-serial", "stdio", "-no-reboot"],
    ...devices(crowded).flatMap((device) => ["-device", device]),
    ...["-netdev", `user,id=net,restrict=on${sshPort ? `,hostfwd=tcp:127.0.0.1:${sshPort}-:22` : ""}`],
    ...["-drive", `if=virtio,format=qcow2,cache=unsafe,file=${root}`],
    ...disks.flatMap((disk) => ["-drive", `if=virtio,format=raw,snapshot=on,file=${disk}`]),
    ...["-kernel", options.kernel ?? `${built}/vmlinuz`, "-initrd", options.initrd ?? `${built}/initrd`],
    ...[
      "-append",
      `console=ttyS0 quiet panic=-1 root=/dev/vda rw mitigations=off no_timer_check init=/sbin/emulated-init intel_iommu=on ${append}`,
    ],
  ], { stdio: ["pipe", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  const ended = () => process.exit(130);
  process.once("exit", kill);
  for (const signal of signals) process.once(signal, ended);
  const closed = new Promise<void>((resolve) =>
    child.on("close", () => {
      process.removeListener("exit", kill);
      for (const signal of signals) process.removeListener(signal, ended);
      rmSync(work, { recursive: true });
      resolve();
    })
  );
  const end = async () => {
    kill();
    await closed;
  };
  const serial = new Serial(child, "emulated host", options.show);
  try {
    await serial.until(/host: ready$/, (options.patience ?? 1200) * 1000);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    booted: (Date.now() - began) / 1000,
    async tell(command, seconds = 3600) {
      if (/\n/.test(command)) throw new Error(`not one line: ${command}`);
      child.stdin.write(`${command}\n`);
      const { lines, match } = await serial.until(/^(.*)host: done (\d+)$/, seconds * 1000);
      return { code: Number(match[2]), out: [...lines, match[1]!].join("\n") };
    },
    async off() {
      child.stdin.write("off\n");
      const timer = setTimeout(kill, 300_000);
      await closed;
      clearTimeout(timer);
    },
    kill: end,
  };
}

/** Creates a disk that the host mounts as `/LABEL`, with files and folders of this machine. */
export function makeDisk(file: string, label: string, contents: string[]): void {
  const tree = mkdtempSync(join(tmpdir(), "homelab-gpu-disk-"));
  for (const path of contents) {
    cpSync(path, join(tree, path.split("/").at(-1)!), { recursive: true, verbatimSymlinks: true });
  }
  execFileSync("truncate", ["-s", "1G", file]);
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-L", label, "-d", tree, file]);
  rmSync(tree, { recursive: true });
}
