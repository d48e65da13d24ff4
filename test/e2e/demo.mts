// npm run demo: passes a card to a VM and takes it back, on an emulated host without a GPU, for you
// to watch. After that you can type commands, which run on the host as root, until `exit`. Takes
// about ten minutes; the first run also builds the host's disk.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bootHost, makeDisk, parts, script, writeConfig } from "./host/machine.mts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-demo-"));
const print = (text: string) => void process.stdout.write(`${text}\n`);

print("making the emulated host, if there is none yet …");
const built = execFileSync("sh", [join(root, "test/e2e/host/build.sh")], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
}).trim();
makeDisk(join(work, "project.img"), "project", parts.map((name) => join(root, name)));
print("booting it …");
const host = await bootHost({
  built,
  disks: [join(work, "project.img")],
  show: (line) => /^host: done \d+$/.test(line) || print(line),
  append: "emulated.minutes=600",
});
try {
  await host.tell(writeConfig);
  const steps = [
    "cat /lab/homelab-gpu.yaml",
    "lspci -nnk -s 02:00",
    `${script} doctor`,
    `${script} up`,
    "lspci -nnk -s 02:00",
    `${script} ssh -- cat '/sys/bus/pci/devices/*/uevent' | grep -B2 -A2 1002:5046`,
    `${script} down`,
    "lspci -nnk -s 02:00",
  ];
  for (const step of steps) {
    print(`\n$ ${step.replace(script, "npx zx homelab-gpu.mts")}`);
    await host.tell(`cd /lab && ${step}`, 900);
  }
  print("\nNow it is yours (its `up` is: homelab-gpu up); `exit` ends it.");
  await host.tell(
    `printf '#!/bin/sh\\ncd /lab && exec ${script} "$@"\\n' >/usr/local/bin/homelab-gpu; chmod 755 /usr/local/bin/homelab-gpu`,
  );
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: "emulated# " });
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() === "exit") break;
    if (line.trim()) await host.tell(line, 1800).catch((error: Error) => print(error.message));
    lines.prompt();
  }
} finally {
  await host.kill();
  rmSync(work, { recursive: true });
}
