// npm run bench: how long what is felt takes, each as a ratio to a named thing in the same run. Rounds alternate between the two,
// so that a machine whose speed drifts is fair to both; medians are shown.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-bench-"));
const rounds = Number(process.env.ROUNDS ?? 9);
const print = (text: string) => process.stdout.write(`${text}\n`);

interface Subject {
  name: string;
  command: string[];
  cwd?: string;
}

const node = (
  words: string[],
): string[] => [
  process.execPath,
  ...(process.version.startsWith("v20.") ? ["--import", join(root, "node_modules/tsx/dist/loader.mjs")] : []),
  join(root, "homelab-gpu.mts"),
  ...words,
];
const env = { ...process.env, VAGRANT_CHECKPOINT_DISABLE: "1" };
delete (env as { NODE_OPTIONS?: string }).NODE_OPTIONS;

function once({ command: [program, ...words], cwd = root }: Subject): number {
  const start = performance.now();
  const { error, status } = spawnSync(program!, words, { cwd, env, stdio: "ignore" });
  if (error || status === 127 || status === 2) {
    throw new Error(`${program} ${words.join(" ")}: ${error?.message ?? `code ${status}`}`);
  }
  return performance.now() - start;
}
const median = (times: number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!;

/** Measures some things in turn, and prints each as a ratio to the first. */
function compare(title: string, subjects: Subject[], wanted = ""): void {
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
}

function fakeTree(devices: number): string {
  const tree = join(work, `tree-${devices}`);
  mkdirSync(join(tree, "sys/bus/pci/devices"), { recursive: true });
  mkdirSync(join(tree, "sys/bus/pci/drivers/nvidia"), { recursive: true });
  for (let i = 0; i < devices; i++) {
    const bdf = `0000:${(i >> 5).toString(16).padStart(2, "0")}:${(i & 31).toString(16).padStart(2, "0")}.0`;
    const device = join(tree, "sys/devices/pci0000:00", bdf);
    mkdirSync(device, { recursive: true });
    const files: Record<string, string> = {
      class: i % 64 === 1 ? "0x030000" : "0x020000",
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
    symlinkSync(`../../../kernel/iommu_groups/${i}`, join(device, "iommu_group"));
    symlinkSync(`../../../devices/pci0000:00/${bdf}`, join(tree, "sys/bus/pci/devices", bdf));
    const group = join(tree, "sys/kernel/iommu_groups", String(i));
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

const has = (program: string) => !spawnSync(program, ["--version"], { stdio: "ignore" }).error;

try {
  const saved = join(root, "test/hosts/vm-without-gpu.txt");
  print(`Node ${process.version}, ${rounds} rounds, medians`);
  compare("Start-up", [
    { name: "node -e 0", command: [process.execPath, "-e", "0"] },
    ...(process.version.startsWith("v20.")
      ? [{
        name: "node --import tsx -e 0",
        command: [process.execPath, "--import", join(root, "node_modules/tsx/dist/loader.mjs"), "-e", "0"],
      }]
      : []),
    { name: "homelab-gpu.mts --version", command: node(["--version"]) },
    { name: "homelab-gpu.mts doctor", command: node(["doctor"]) },
  ], "doctor at most start-up plus 300 ms");
  if (has("vagrant")) {
    compare("Doctor, beside Vagrant", [
      { name: "vagrant --version", command: ["vagrant", "--version"] },
      { name: "homelab-gpu.mts doctor", command: node(["doctor"]) },
    ]);
  } else print("\nvagrant is not here: doctor was not measured against it");
  const probe = (devices: number) => ({
    name: `probe, ${devices} PCI devices`,
    command: ["sh", join(root, "scripts/probe-linux.sh"), fakeTree(devices)],
  });
  compare("Probe", [probe(64), probe(1024)], "at most 12 times, under 500 ms");
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
} finally {
  rmSync(work, { recursive: true });
}
