/** A fake Windows with Hyper-V on this machine, on which the script runs and real VMs start. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { own, root } from "../fake.mts";
import { stateOf } from "../windows/recorded.mts";
import { programPath } from "../windows/windows.mts";
import { makeGuest, makeVagrantHome, vmConfig } from "./guest.mts";

// deno-lint-ignore no-explicit-any
type State = any;

/** One command and what it started. */
export interface Answer {
  code: number;
  out: string;
  /** Requests to PowerShell, one line each. */
  requests: string[];
  /** Changes by cmdlets, in order. */
  changes: string[];
}

/** Where a command runs. */
export interface Where {
  folder?: string;
  wsl?: boolean;
}

export interface Windows {
  /** The folder of the lab. */
  lab: string;
  /** The folder of Windows. */
  system: string;
  /** Runs the script in the folder of the lab, or in another one; with `wsl` not in Windows but inside WSL. */
  run(words: string, where?: Where): Promise<Answer>;
  state(): State;
  /** Changes the state between two commands. */
  change(by: (state: State) => void): void;
  /** Gives the running VM another address, as after a restart of the host. */
  move(to: string): Promise<void>;
  end(): Promise<void>;
}

/** The folder of the driver in the driver store of the recorded host. */
export const driver = "DriverStore/FileRepository/nv_dispi.inf_amd64_7d2b8a0c5ce04b5f";

const put = (path: string, text: string, mode = 0o644) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
};

// a request waits for its answer in a FIFO; after 15 minutes there is none
const client = (folder: string) =>
  `#!/bin/sh
d=$(mktemp -d '${folder}/requests/XXXXXX') || exit
printf '%s\\0' "$@" >"$d/args"
pwd >"$d/cwd"
case "$*" in *'[Console]::In'*) cat >"$d/stdin" ;; esac
mkfifo "$d/done"
code=$(timeout 900 sh -c 'echo "$1" >"$2" && cat "$1/done"' sh "$d" '${folder}/queue') || exit 1
cat "$d/out"
cat "$d/err" >&2
exit "$code"
`;

/**
 * Starts it; its VMs get this address. They run the tiny guest, or with `disks` what is on their disks:
 * then Packer builds boxes. Throws if PowerShell or the guest is not available.
 */
export async function startWindows(address: string, { disks = false } = {}): Promise<Windows> {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-windows-"));
  const names = ["Windows", "my lab & $x (1)", "home"];
  const [system, lab, home] = names.map((name) => join(folder, name)) as [string, string, string];
  for (const path of [`${folder}/requests`, lab]) mkdirSync(path, { recursive: true });
  if (disks) {
    const packer = execFileSync("sh", ["-c", "command -v packer"], { encoding: "utf8" }).trim();
    put(`${folder}/vm.xml`, vmConfig("NAME", "DISK"));
    put(
      `${folder}/bin/packer`,
      `#!/bin/sh\nPACKER='${packer}' CONFIG='${folder}/vm.xml' exec sh '${root}/test/hyperv/packer.sh' "$@"\n`,
      0o755,
    );
  } else {
    makeGuest(folder);
  }
  makeVagrantHome(`${home}/.vagrant.d`);
  put(`${system}/System32/vmms.exe`, "");
  put(`${system}/System32/lxss/lib/libdxcore.so`, "");
  put(`${system}/System32/lxss/lib/nvidia-smi`, "#!/bin/sh\necho 'GPU 0: NVIDIA GeForce RTX 4070 (UUID: GPU-1)'\n");
  put(`${system}/System32/${driver}/nvcubins.bin`, "591.74");
  for (const name of ["powershell", "powershell.exe"]) put(`${folder}/bin/${name}`, client(folder), 0o755);
  const env: Record<string, string | undefined> = {
    ...process.env,
    HOME: home,
    PATH: `${folder}/bin:${process.env.PATH}`,
    SystemRoot: system,
    NO_COLOR: "1",
    POWERSHELL_TELEMETRY_OPTOUT: "1",
    POWERSHELL_UPDATECHECK: "Off",
  };
  delete env.VAGRANT_HOME;
  const machine = disks
    ? '-cpu Nehalem -machine q35 -bios /usr/share/ovmf/OVMF.fd -drive "file=$DISK,format=qcow2,if=virtio,cache=unsafe"'
    : `-cpu max -kernel '${folder}/vmlinuz' -initrd '${folder}/initrd'` +
      " -append 'console=ttyS0 quiet panic=-1 mitigations=off no_timer_check'";
  const ports = disks ? [22, 8080] : [22];
  const forwards = ports.map((port) => `,hostfwd=tcp:$ADDRESS:${port}-:${port}`).join("");
  const qemu = [
    "timeout -k 10 3600 qemu-system-x86_64 -accel tcg,thread=multi -smp $CPUS -m $MEMORY -nodefaults",
    '-display none -no-reboot -serial "file:$LOG" -monitor "unix:$LOG.monitor,server,nowait"',
    machine,
    `-netdev user,id=net,restrict=on${forwards} -device virtio-net-pci,netdev=net,romfile=`,
    // the VM has a whole card only if Hyper-V has assigned it one
    "$([ $CARDS = 0 ] || echo -device edu)",
    '</dev/null >"$LOG.qemu" 2>&1 & echo $!',
  ].join(" ");
  const file = `${folder}/state.json`;
  const read = (): State => JSON.parse(readFileSync(file, "utf8"));
  const write = (state: State) => writeFileSync(file, JSON.stringify(state));
  const state = stateOf(own("test/hosts/windows-11-pro-rtx4070.txt"));
  write({
    ...state,
    ...(disks ? { programs: { ...state.programs, "qemu-img": "qemu-img", packer: `${folder}/bin/packer` } } : {}),
    versions: { "vmms.exe": "10.0.26100.1" },
    // dropbear writes this when it listens; a VM with a disk has its address from its start
    ready: disks ? "" : "Not backgrounding",
    env: { SystemRoot: system, TMPDIR: folder },
    address,
    start: qemu,
    vms: [],
  });
  execFileSync("mkfifo", [`${folder}/queue`]);
  const log = `${folder}/log`;
  writeFileSync(log, "");
  const server: ChildProcess = spawn(programPath(), [
    "-NoLogo",
    "-NoProfile",
    "-NonInteractive",
    "-File",
    `${root}/test/windows/serve.ps1`,
    folder,
  ], { env, stdio: ["ignore", "inherit", "inherit"] });
  const kill = () => {
    for (const { process: id } of existsSync(file) ? read().vms : []) {
      try {
        if (id) process.kill(id);
      } catch {
        // it ended
      }
    }
    server.kill("SIGKILL");
  };
  process.once("exit", kill);
  for (let n = 0; !existsSync(`${folder}/ready`); n++) {
    if (server.exitCode !== null || n > 1200) throw new Error("the fake Windows did not start");
    await sleep(100);
  }
  return {
    lab,
    system,
    async run(words, { folder = lab, wsl = false } = {}) {
      const before = readFileSync(log, "utf8").length;
      const platform = "data:text/javascript,Object.defineProperty(process,'platform',{value:'win32'})";
      const [program, ...first] = wsl
        ? ["unshare", "-m", "sh", "-c", 'mount -t tmpfs run /run && : >/run/WSL && exec "$@"', "sh", process.execPath]
        : [process.execPath, "--import", platform];
      const child = spawn(program!, [
        ...first,
        `${root}/node_modules/zx/build/cli.js`,
        `${root}/homelab-gpu.mts`,
        ...words.split(" "),
      ], { cwd: folder, env: env as NodeJS.ProcessEnv, stdio: ["ignore", "pipe", "pipe"], timeout: 3_600_000 });
      let out = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => out += chunk);
      const code = await new Promise<number>((resolve) => child.on("close", (ended) => resolve(ended ?? -1)));
      const lines = readFileSync(log, "utf8").slice(before).split("\n").filter(Boolean);
      return {
        code,
        out,
        requests: lines.filter((line) => !line.startsWith("    ")),
        changes: lines.flatMap((line) => line.startsWith("    ") ? [line.trim()] : []),
      };
    },
    state: read,
    change(by) {
      const state = read();
      by(state);
      write(state);
    },
    async move(to) {
      const state = read();
      const [vm] = state.vms;
      const monitor = connect(`${vm.log}.monitor`);
      for (const port of ports) {
        monitor.write(`hostfwd_remove net tcp:${vm.address}:${port}\nhostfwd_add net tcp:${to}:${port}-:${port}\n`);
      }
      let heard = "";
      await new Promise<void>((resolve, reject) => {
        monitor.on("error", reject);
        monitor.on("data", (chunk) => {
          heard += chunk;
          // a prompt before each command, and one after the last
          if (heard.split("(qemu) ").length > 1 + 2 * ports.length) resolve();
        });
      });
      monitor.destroy();
      if (!heard.includes("removed")) throw new Error(heard);
      Object.assign(vm, { address: to, addresses: [to], since: new Date().toISOString() });
      state.address = to;
      write(state);
    },
    async end() {
      process.removeListener("exit", kill);
      const ended = new Promise((resolve) => server.once("exit", resolve));
      if (server.exitCode === null && server.signalCode === null) {
        writeFileSync(`${folder}/queue`, "end\n");
        await Promise.race([ended, sleep(30_000, undefined, { ref: false })]);
      }
      kill();
      rmSync(folder, { recursive: true });
    },
  };
}
