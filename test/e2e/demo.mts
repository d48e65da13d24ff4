// npm run demo: passes a card to a VM, proves it and takes it back, on an emulated host without a
// GPU. It runs to its end without input; the exit code is 0 if every step succeeded, else 1.
// dist/demo.txt and dist/demo.svg keep its output. On a terminal you can then type commands, which
// run on the host as root, until `exit`.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { pictureOf, themes } from "../../scripts/picture.mts";
import { bootHost, makeDisk, parts, script, writeConfig } from "./host/machine.mts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-demo-"));
const began = Date.now();
const print = (text: string) => void process.stdout.write(`${text}\n`);
const elapsed = () => {
  const seconds = Math.round((Date.now() - began) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};
/** The shown part of the run: commands and their output. */
const seen: string[] = [];
const record = (text: string) => {
  const line = text.replaceAll("/project/homelab-gpu.mts", "homelab-gpu.mts");
  seen.push(line);
  print(line);
};

/** The commands, with an introduction for each. */
const steps = [
  { about: "the config", command: "cat /lab/homelab-gpu.yaml" },
  { about: "the card is the host's", command: "lspci -nnk -s 02:00" },
  { about: "check", command: `${script} doctor` },
  { about: "the card goes to a VM", command: `${script} up` },
  { about: "the host has given it to vfio-pci", command: "lspci -nnk -s 02:00" },
  {
    about: "the VM has it",
    command: `${script} ssh -- cat '/sys/bus/pci/devices/*/uevent' | grep -B2 -A2 1002:5046`,
  },
  { about: "the card comes back", command: `${script} down` },
  { about: "the card is the host's again", command: "lspci -nnk -s 02:00" },
];

print(
  `demo: ${steps.length} steps on an emulated host, without KVM: about 10 minutes on 4 fast cores, 30 on slow ones;`,
);
print("demo: the first run also builds the host's disk, which takes about 10 minutes more");
print(`demo: ${elapsed()} making the emulated host, if there is none yet …`);
// prints a message before any long silence
const waiting = setInterval(() => print(`demo: ${elapsed()} …`), 30_000);
let failed: string | undefined;
try {
  const built = execFileSync("sh", [join(root, "test/e2e/host/build.sh")], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
  makeDisk(join(work, "project.img"), "project", parts.map((name) => join(root, name)));
  print(`demo: ${elapsed()} booting it …`);
  let shown: (line: string) => void = print;
  const host = await bootHost({
    built,
    disks: [join(work, "project.img")],
    show: (line) => /host: done \d+$/.test(line) || shown(line),
    append: "emulated.minutes=600",
  });
  try {
    await host.tell(writeConfig());
    shown = record;
    for (const [i, { about, command }] of steps.entries()) {
      print(`\ndemo: ${elapsed()} ${i + 1}/${steps.length} ${about}`);
      record(`$ ${command.replace(script, "npx zx homelab-gpu.mts")}`);
      const { code } = await host.tell(`cd /lab && ${command}`, 3600);
      record("");
      if (code === 0) continue;
      failed = `step ${i + 1}, ${about}: exit code ${code}`;
      break;
    }
    shown = print;
    if (process.stdin.isTTY && process.stdout.isTTY) await prompt(host.tell);
  } finally {
    await host.kill();
  }
} catch (error) {
  failed = error instanceof Error ? error.message : String(error);
} finally {
  clearInterval(waiting);
  rmSync(work, { recursive: true });
}
if (seen.length > 0) {
  mkdirSync(join(root, "dist"), { recursive: true });
  writeFileSync(join(root, "dist/demo.txt"), `${seen.join("\n").trimEnd()}\n`);
  writeFileSync(join(root, "dist/demo.svg"), pictureOf(seen, themes.dark, "homelab-gpu on an emulated host"));
  print("demo: recorded in dist/demo.txt and dist/demo.svg");
}
print(failed === undefined ? `demo: all went well, ${elapsed()}` : `demo: failed after ${elapsed()}: ${failed}`);
process.exitCode = failed === undefined ? 0 : 1;

/** Lets the user type commands for the host, until `exit`. */
async function prompt(tell: (command: string, seconds: number) => Promise<unknown>): Promise<void> {
  print("\nNow it is yours (its `up` is: homelab-gpu up); `exit` ends it.");
  const command = `#!/bin/sh\\ncd /lab && exec ${script} "$@"\\n`;
  await tell(`printf '${command}' >/usr/local/bin/homelab-gpu; chmod 755 /usr/local/bin/homelab-gpu`, 60);
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: "emulated# " });
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() === "exit") break;
    if (line.trim()) await tell(line, 1800).catch((error: Error) => print(error.message));
    lines.prompt();
  }
}
