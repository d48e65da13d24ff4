// npm run bench: measures the times that users notice, each as a ratio to a named reference in the
// same run. Rounds alternate between the two, so a drifting machine speed affects both alike.
// Prints medians. npm run bench -- status: only status against ssh; npm run bench -- ssh: only commands about another
// host; npm run bench -- cpu: only CPU times of the one file.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { up } from "../lib/cli/commands/up.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { likelyCauses } from "../lib/verify/failures/index.mts";
import { examineDamaged } from "./damaged.mts";
import { random, standIns } from "./fake.mts";
import { damagedConfig } from "./generated.mts";
import { startSshd } from "./sshd.mts";
import { farHost } from "./tools/far-host.mts";
import { World } from "./world.mts";

const root = fileURLToPath(new URL("..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-bench-"));
const rounds = Number(process.env.ROUNDS ?? 9);
const print = (text: string) => process.stdout.write(`${text}\n`);

interface Subject {
  name: string;
  command: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

const program = process.execPath;
const script = (
  words: string[],
): string[] => [
  ...(process.version.startsWith("v20.") ? ["--import", join(root, "node_modules/tsx/dist/loader.mjs")] : []),
  join(root, "homelab-gpu.mts"),
  ...words,
];
const node = (words: string[]) => [program, ...script(words)];
const env: NodeJS.ProcessEnv = { ...process.env, VAGRANT_CHECKPOINT_DISABLE: "1" };
delete env.NODE_OPTIONS;

function once({ command: [program, ...words], cwd = root, env: more }: Subject): number {
  const start = performance.now();
  const { error, status } = spawnSync(program!, words, { cwd, env: { ...env, ...more }, stdio: "ignore" });
  if (error || status === 127 || status === 2) {
    throw new Error(`${program} ${words.join(" ")}: ${error?.message ?? `code ${status}`}`);
  }
  return performance.now() - start;
}
const median = (times: number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!;

/** Measures the subjects in turn, and prints each as a ratio to the first. Gives the medians, in ms. */
function compare(title: string, subjects: Subject[], wanted = ""): number[] {
  subjects.forEach(once);
  const times = subjects.map((): number[] => []);
  for (let i = 0; i < rounds; i++) subjects.forEach((subject, j) => times[j]!.push(once(subject)));
  const medians = times.map(median);
  print(`\n${title}${wanted ? `   (wanted: ${wanted})` : ""}`);
  subjects.forEach(({ name }, i) => {
    const more = i === 0
      ? ""
      : `   ${(medians[i]! / medians[0]!).toFixed(2)} times, ${(medians[i]! - medians[0]!).toFixed(0)} ms more`;
    print(`  ${name.padEnd(44)} ${medians[i]!.toFixed(0).padStart(6)} ms${more}`);
  });
  return medians;
}

type TreeKind = "" | "virtual" | "cards" | "one-group";

/**
 * A tree of PCI devices. Every 64th is a graphics card, and each has its own IOMMU group, except:
 * `virtual`, where all but every 128th are virtual functions; `cards`, where all are graphics
 * cards; `one-group`, where all are in one group.
 */
function fakeTree(devices: number, kind: TreeKind = ""): string {
  const tree = join(work, `tree-${devices}${kind}`);
  mkdirSync(join(tree, "sys/bus/pci/devices"), { recursive: true });
  mkdirSync(join(tree, "sys/bus/pci/drivers/nvidia"), { recursive: true });
  const hex = (n: number) => n.toString(16).padStart(2, "0");
  const addressOf = (i: number) => `0000:${hex(i >> 5)}:${hex(i & 31)}.0`;
  for (let i = 0; i < devices; i++) {
    const bdf = addressOf(i);
    const groupNumber = kind === "one-group" ? 0 : i;
    const device = join(tree, "sys/devices/pci0000:00", bdf);
    mkdirSync(device, { recursive: true });
    const files: Record<string, string> = {
      class: kind === "cards" || i % 64 === 1 ? "0x030000" : "0x020000",
      vendor: "0x10de",
      device: "0x2786",
      subsystem_vendor: "0x1043",
      subsystem_device: "0x88e2",
      revision: "0xa1",
      driver_override: "(null)",
      boot_vga: "0",
      reset_method: "pm bus",
      power_state: "D0",
      d3cold_allowed: "1",
      numa_node: "-1",
      resource: `${"0x00000000fb000000 0x00000000fbffffff 0x0000000000040200\n".repeat(3)}${
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n".repeat(14)
      }`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(device, name), `${text}\n`);
    symlinkSync("../../../bus/pci/drivers/nvidia", join(device, "driver"));
    symlinkSync(`../../../kernel/iommu_groups/${groupNumber}`, join(device, "iommu_group"));
    if (kind === "virtual" && i % 128 > 0) symlinkSync(`../${addressOf(i - i % 128)}`, join(device, "physfn"));
    symlinkSync(`../../../devices/pci0000:00/${bdf}`, join(tree, "sys/bus/pci/devices", bdf));
    const group = join(tree, "sys/kernel/iommu_groups", String(groupNumber));
    mkdirSync(join(group, "devices"), { recursive: true });
    writeFileSync(join(group, "type"), "DMA-FQ\n");
    writeFileSync(join(group, "reserved_regions"), "0x00000000fee00000 0x00000000feefffff msi\n");
    symlinkSync(`../../../../devices/pci0000:00/${bdf}`, join(group, "devices", bdf));
  }
  return tree;
}

function config(machines: number): string {
  const path = join(work, `config-${machines}.yaml`);
  const names = Array.from(
    { length: machines },
    (_, i) => `  - {name: m${i}, box: lab/box-${i % 7}, image: debian-13}`,
  );
  const services = Array.from({ length: machines }, (_, i) => `  s${i}: {image: nginx, machine: m${i}}`);
  writeFileSync(path, `machines:\n${names.join("\n")}\nservices:\n${services.join("\n")}\n`);
  return path;
}

/** The paths of the runtimes by name; missing ones are installed. */
function runtimesHere(): Record<string, string> {
  const { status, stdout } = spawnSync("sh", [join(root, "test/runtimes.sh")], {
    encoding: "utf8",
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error("the runtimes could not be installed; the error is above");
  return Object.fromEntries(stdout.trim().split("\n").map((line) => line.split(" ")));
}

/** Builds the one file, and returns its path. */
function oneFile(): string {
  const path = join(work, "empty/homelab-gpu.mjs");
  const built = spawnSync(program, ["--import", "tsx", "scripts/bundle.mts", path], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (built.status !== 0) throw new Error("the one-file build failed; the error is above");
  return path;
}

/** Measures the script and the one-file build, for every way of starting them. */
function startUp(saved: string): void {
  const empty = dirname(oneFile());
  const { deno, ...nodes } = runtimesHere();
  for (const words of [["--version"], ["doctor", "--host", saved]]) {
    for (const [name, node] of Object.entries(nodes)) {
      const loader = name === "node20" ? ["--import", join(root, "node_modules/tsx/dist/loader.mjs")] : [];
      const path = { PATH: `${dirname(node)}:${process.env.PATH}` };
      compare(`${name}: ${words[0]}`, [
        { name: "node -e 0", command: [node, "-e", "0"] },
        { name: "node homelab-gpu.mts", command: [node, ...loader, join(root, "homelab-gpu.mts"), ...words] },
        { name: "npx zx homelab-gpu.mts", command: ["npx", "zx", "homelab-gpu.mts", ...words], env: path },
        { name: "node homelab-gpu.mjs", command: [node, "homelab-gpu.mjs", ...words], cwd: empty },
        {
          name: "npx -y zx homelab-gpu.mjs",
          command: ["npx", "-y", "zx", "homelab-gpu.mjs", ...words],
          cwd: empty,
          env: path,
        },
      ], name === "node24" && words[0] === "doctor" ? "the .mjs at most 150 ms more" : "");
    }
    compare(`deno: ${words[0]}`, [
      { name: "node -e 0", command: [nodes.node24!, "-e", "0"] },
      { name: "deno run homelab-gpu.mts", command: [deno!, "run", "-A", join(root, "homelab-gpu.mts"), ...words] },
      { name: "deno run homelab-gpu.mjs", command: [deno!, "run", "-A", "homelab-gpu.mjs", ...words], cwd: empty },
    ]);
  }
}

/** The CPU time of children that have ended, in ms (proc(5): clock ticks, 100 a second). */
const cpuOfChildren = (): number => {
  const fields = readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /, "").split(" ");
  return 10 * (Number(fields[13]) + Number(fields[14]));
};

/** Measures the CPU time of commands of the one file, with the programs they run: npm run bench -- cpu. */
async function cpuTimes(saved: string): Promise<void> {
  if (process.platform !== "linux") return;
  const built = oneFile();
  const lab = await idleLab(["a", "b", "c"], ":");
  const log = join(work, "vagrant.log");
  writeFileSync(
    log,
    "==> a: Starting domain.\nThere was an error talking to Libvirt. The error message is shown\nbelow:\n\n" +
      "Call to virDomainCreateWithFlags failed: internal error: qemu unexpectedly closed the monitor: " +
      "vfio 0000:01:00.0: group 1 is not viable\n",
  );
  const subjects: (Subject & { wanted?: string })[] = [
    { name: "node -e 0", command: ["-e", "0"] },
    { name: "doctor of a saved host", command: [built, "doctor", "--host", saved], wanted: "3" },
    { name: "doctor", command: [built, "doctor"], wanted: "4.5" },
    { name: "explain of a log", command: [built, "explain", log], wanted: "4" },
    { name: "up with nothing to do (3 machines)", command: [built, "up", "--no-gpu"], ...lab, wanted: "5" },
  ];
  const run = (subject: Subject): number => {
    const before = cpuOfChildren();
    // several runs: a clock tick is half of a start of Node
    for (let i = 0; i < 4; i++) once({ cwd: work, ...subject, command: [program, ...subject.command] });
    return (cpuOfChildren() - before) / 4;
  };
  for (const subject of subjects) run(subject);
  const times = subjects.map((): number[] => []);
  for (let i = 0; i < rounds; i++) subjects.forEach((subject, j) => times[j]!.push(run(subject)));
  print("\nCPU time of the one file, with the programs that it runs");
  subjects.forEach(({ name, wanted }, i) => {
    const ratio = (median(times[i]!) / median(times[0]!)).toFixed(2);
    print(`  ${name.padEnd(44)} ${ratio.padStart(6)} times${wanted ? `   (wanted: at most ${wanted})` : ""}`);
  });
}

/** Whether there are idle labs here: the checks of `up` ask libvirt. */
const libvirtAnswers = () =>
  spawnSync("virsh", ["-q", "-c", "qemu:///system", "list"], { stdio: "ignore" }).status === 0;

/** Compares commands that users know with this project's commands for the same purpose. */
async function besideOthers(): Promise<void> {
  if (!libvirtAnswers()) {
    print("\nlibvirt does not answer here: nothing was measured against vagrant status, virsh list and lspci");
    return;
  }
  const { cwd: lab, env: path } = await idleLab();
  const pairs: [string[], string[]][] = [
    [["vagrant", "status"], ["up", "--no-gpu"]],
    [["virsh", "-c", "qemu:///system", "list"], ["status"]],
    [["lspci", "-nnk"], ["doctor"]],
  ];
  for (const [command, words] of pairs) {
    if (!has(command[0]!)) {
      print(`\n${command[0]} is not here: nothing was measured against it`);
      continue;
    }
    compare(`Three machines that are up (a stand-in for libvirt's answer)`, [
      { name: command.join(" "), command, cwd: join(lab, ".homelab-gpu") },
      {
        name: `homelab-gpu.mts ${words.join(" ")}`,
        command: node(words),
        cwd: lab,
        env: path,
      },
    ], words[0] === "up" ? "at most 1.2 times" : "");
  }
}

/**
 * Compares `status` of one machine with a login to it by ssh. A server on this host answers in place of
 * the VM, with a Docker that has one service, and a stand-in in place of libvirt.
 */
async function statusAndSsh(): Promise<void> {
  if (process.getuid?.() !== 0) {
    print("\nstatus was not measured against ssh: the server needs root");
    return;
  }
  const { cwd: lab, env: path } = await idleLab(["a"], ":");
  const built = oneFile();
  const far = join(work, "far");
  mkdirSync(far);
  const service = "service:web running 0 0 none always web-1\nport:web 0.0.0.0 8080 80/tcp";
  standIns(far, {
    sudo: 'exec "$@"',
    docker: `case $1 in ps) echo 1 ;; inspect) printf '${service}\n' ;; esac`,
  });
  const server = await startSshd(far, [], `${far}/bin:/usr/bin:/bin:/usr/sbin:/sbin`);
  try {
    server.known("known", "host");
    const settings = { Host: "a", HostName: "127.0.0.1", Port: server.port, User: "root", IdentityFile: `${far}/user` };
    const more = { IdentitiesOnly: "yes", UserKnownHostsFile: `${far}/known`, GlobalKnownHostsFile: "none" };
    const text = Object.entries({ ...settings, ...more }).map(([key, value]) => `${key} ${value}\n`).join("");
    writeFileSync(join(lab, ".homelab-gpu/ssh/a"), text);
    const { stdout } = spawnSync(program, script(["status"]), { cwd: lab, env: { ...env, ...path }, encoding: "utf8" });
    if (!/^ +web +running/m.test(stdout)) throw new Error(`status does not show the service: ${stdout}`);
    compare("One machine that is up (a server on this host in place of the VM)", [
      { name: "ssh a true", command: ["ssh", "-F", join(lab, ".homelab-gpu/ssh/a"), "a", "true"] },
      { name: "node -e 0", command: [program, "-e", "0"] },
      { name: "homelab-gpu.mts status", command: node(["status"]), cwd: lab, env: path },
      { name: "homelab-gpu.mjs status", command: [program, built, "status"], cwd: lab, env: path },
    ], "at most 1.5 times");
  } finally {
    server.process.kill();
  }
}

/**
 * Compares commands with nothing to do, about a machine on another host, with the same ones on that host and a bare
 * login to it. The host is this machine, through a server on it; the VM and its programs are stand-ins, the probe is
 * the real one.
 */
async function overSsh(): Promise<void> {
  if (process.getuid?.() !== 0) {
    print("\nanother host was not measured: the server needs root");
    return;
  }
  const far = await farHost({ sh: probing });
  try {
    far.config(
      "hosts: {gpubox: {ssh: root@gpubox}}\nmachines: [{name: a, host: gpubox, box: lab/x, cpus: 2, memory: 1024}]\n" +
        "services: {web: {image: x}}\n",
    );
    for (const { code, said } of [await far.run("up", "--yes"), await far.near("up", "--yes")]) {
      if (code !== 0) throw new Error(`the lab is not up: ${said}`);
    }
    const { run, near } = far.starts;
    for (const words of [["up"], ["status"], ["doctor"]]) {
      const [login, local, over] = compare(`${words.join(" ")} of a machine that is up, on another host`, [
        { name: "ssh gpubox true", command: ["ssh", "root@gpubox", "true"], ...run },
        { name: `homelab-gpu.mts ${words.join(" ")}, on that host`, command: node(words), ...near },
        { name: `homelab-gpu.mts ${words.join(" ")}, over ssh`, command: node(words), ...run },
      ]);
      const ratio = (over! / (local! + login!)).toFixed(2);
      print(`  over ssh: ${ratio} times the other two together   (wanted: at most 1.3 times)`);
    }
  } finally {
    far.end();
  }
}

/** A shell that runs the probe, and then reports a host whose libvirt answers. */
const probing = `[ "$*" = -s ] || exec /bin/sh "$@"; /bin/sh -s >/dev/null; cat '${
  join(root, "test/hosts/vm-without-gpu.txt")
}'`;

/**
 * A lab of these machines after a finished `up`, and the variables of a `virsh` that runs `first` and then
 * reports all of them as running. By default it queries libvirt.
 */
async function idleLab(names = ["a", "b", "c"], first?: string): Promise<{ cwd: string; env: NodeJS.ProcessEnv }> {
  const lab = mkdtempSync(join(work, "lab-"));
  const machines = names.map((name) => `{name: ${name}, box: lab/${name}, cpus: 2, memory: 1024, accelerator: tcg}`);
  const here = process.cwd();
  process.chdir(lab);
  const world = new World(`machines: [${machines.join(", ")}]\n`, "vm-without-gpu");
  await world.runCommand(up, world.context([]));
  process.chdir(here);
  const boot = "/proc/sys/kernel/random/boot_id";
  for (const [path, text] of world.disk) {
    if (!path.startsWith(`${lab}/`)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text.replaceAll('"boot/', `"${readFileSync(boot, "utf8").trim()}/`));
  }
  const { PATH } = standIns(lab, {
    sh: probing,
    virsh: `${
      first ?? "PATH=$\{PATH#*:} virsh -q -c qemu:///system list >/dev/null"
    }\ncat <<'THREE'\n${world.virsh()}THREE`,
  });
  const { status, stdout, stderr } = spawnSync(program, script(["up", "--no-gpu"]), {
    cwd: lab,
    env: { ...env, PATH },
    encoding: "utf8",
  });
  if (status !== 0 || !stderr.includes("nothing to do")) throw new Error(`the lab is not idle: ${stdout}${stderr}`);
  return { cwd: lab, env: { PATH } };
}

/**
 * Measures reading in this process: ten times as many aliases, and the slowest of many damaged
 * configs and hosts compared with their median.
 */
function reading(): void {
  const timed = (act: () => void): number => {
    const start = performance.now();
    act();
    return performance.now() - start;
  };
  const row = (name: string, ms: number, first = ms) =>
    print(`  ${name.padEnd(44)} ${ms.toFixed(2).padStart(9)} ms   ${(ms / first).toFixed(1)} times`);

  const aliased = (count: number) => {
    const aliases = Array(count).fill("*a");
    const machine = `{name: a, box: lab/x, provision: [&a ./x, ${aliases}]}`;
    return `machines: [${machine}]\nservices: {web: {image: x, command: [${aliases}]}}\n`;
  };
  const parsed = (count: number) =>
    median(Array.from({ length: rounds }, () => timed(() => parseConfig(aliased(count)))));
  parsed(1500);
  print("\nA config with many aliases   (wanted: at most 15 times)");
  const few = parsed(1500);
  row("1,500 aliases, twice", few);
  row("15,000 aliases, twice", parsed(15_000), few);

  const sources = (i: number) => Array(30).fill(`*m${i - 1}`).join(", ");
  const levels = [1, 2, 3, 4, 5, 6].map((i) => ` - &m${i} {<<: [${sources(i)}]}\n`).join("");
  const read = (text: string) =>
    timed(() => {
      try {
        parseConfig(text);
      } catch {
        // its errors do not matter here
      }
    });
  const refused = (text: string) => median(Array.from({ length: rounds }, () => read(text)));
  print("\nConfigs that would make much of little");
  const plain = refused("machines: [{name: a, box: lab/x}]\n");
  row("a config of one machine", plain);
  row("merge keys six deep, 30 wide", refused(`machines:\n - &m0 {name: a, box: lab/x}\n${levels}`), plain);
  row("50,000 lists in lists", refused(`machines: ${"[".repeat(50_000)}`), plain);
  row("200,000 blanks", refused(`machines: ${" ".repeat(200_000)}`), plain);

  const line = "[   12.984386] pci 0000:00:1c.0: bridge window [mem 0xfb000000-0xfc0fffff] of group 1 is fine\n";
  const explained = (text: string) => median(Array.from({ length: rounds }, () => timed(() => likelyCauses(text))));
  print("\nA log of ten megabytes   (wanted: under 1 s)");
  const short = explained(line.repeat(1e5 / line.length));
  row("0.1 MB", short);
  row("10 MB", explained(line.repeat(1e7 / line.length)), short);
  for (const part of [": BAR 1 [mem ", "open '", "kernel headers for kernel "]) {
    row(`0.5 MB of “${part}”`, explained(part.repeat(5e5 / part.length)), short);
  }

  const foreign = "这是一行。 keine Berechtigung nicht\n";
  row("0.5 MB in other languages", explained(foreign.repeat(5e5 / foreign.length)), short);

  const spread = (title: string, times: number[]) => {
    print(`\n${title}   (wanted: under 200 ms)`);
    const middle = median(times);
    row("median", middle);
    row("longest", Math.max(...times), middle);
  };
  const dice = random(7);
  spread("20,000 damaged configs", Array.from({ length: 20_000 }, () => read(damagedConfig(dice))));
  const times: number[] = [];
  let last = performance.now();
  examineDamaged(5000, 7, () => {
    times.push(performance.now() - last);
    last = performance.now();
  });
  spread("5,000 damaged hosts", times);
}

const has = (program: string) => !spawnSync(program, ["--version"], { stdio: "ignore" }).error;

async function everything(): Promise<void> {
  const saved = join(root, "test/hosts/vm-without-gpu.txt");
  reading();
  startUp(saved);
  await cpuTimes(saved);
  await statusAndSsh();
  await overSsh();
  await besideOthers();
  const probe = (title: string, tree: string) => ({
    name: `probe, ${title}`,
    command: ["sh", join(root, "scripts/probe-linux.sh"), tree],
  });
  const plain = probe("1,024 PCI devices", fakeTree(1024));
  compare("Probe", [probe("64 PCI devices", fakeTree(64)), plain], "at most 12 times, under 500 ms");
  compare("Probe of 1,024 PCI devices", [
    plain,
    probe("1,016 virtual functions", fakeTree(1024, "virtual")),
    probe("1,024 graphics cards", fakeTree(1024, "cards")),
    probe("one group of 1,024", fakeTree(1024, "one-group")),
  ], "virtual functions and one group at most 1.2 times, cards 2 times");
  const large = join(work, "large.txt");
  writeFileSync(large, spawnSync("sh", [join(root, "scripts/probe-linux.sh"), join(work, "tree-1024")]).stdout);
  compare("A saved host of 1,024 PCI devices", [
    { name: "homelab-gpu.mts --version", command: node(["--version"]) },
    { name: "homelab-gpu.mts doctor --host", command: node(["doctor", "--host", large]) },
  ], "at most 300 ms more");
  compare(
    "Plan",
    [1, 10, 100].map((machines) => ({
      name: `plan, ${machines} ${machines === 1 ? "machine" : "machines"}`,
      command: node(["plan", "--json", "--host", saved, "--config", config(machines)]),
    })),
    "100 machines at most 2 times",
  );
  const lab = process.env.LAB ?? process.cwd();
  if (existsSync(join(lab, ".homelab-gpu/ssh"))) {
    compare(`Nothing to do, in ${lab}`, [
      { name: "vagrant up", command: ["vagrant", "up"], cwd: join(lab, ".homelab-gpu") },
      { name: "homelab-gpu.mts up", command: node(["up", ...(process.env.LAB_OPTIONS?.split(" ") ?? [])]), cwd: lab },
    ], "at most 1.2 times");
  } else print("\nno lab is up here: an idle up was not measured (LAB=FOLDER names one)");
}

print(`Node ${process.version}, ${rounds} rounds, medians`);
try {
  const only: Record<string, () => void | Promise<void>> = {
    status: statusAndSsh,
    ssh: overSsh,
    cpu: () => cpuTimes(join(root, "test/hosts/vm-without-gpu.txt")),
  };
  await (only[process.argv[2] ?? ""] ?? everything)();
} finally {
  rmSync(work, { recursive: true });
}
