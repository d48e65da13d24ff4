// `up` for real on this machine, from a bare one to a VM with its services, and through every way of being stopped half way.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../fake.mts";
import { stackTests } from "./stacks.mts";

const test = suite("up for real");

const work = mkdtempSync(join(tmpdir(), "homelab-gpu-e2e-"));
const home = join(work, "my lab");
// a cache of its own, so that the image is really built; packages may come from the machine's
const cache = join(work, "cache");
const shared = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "homelab-gpu/images/packages");
const env: NodeJS.ProcessEnv = { ...process.env, XDG_CACHE_HOME: cache, XDG_CONFIG_HOME: join(work, "none") };
for (const name of ["NODE_OPTIONS", "FORCE_COLOR", "NO_COLOR"]) delete env[name];

const hostile = 'it\'s "#{1+1}" ${HOME} `id` $(id)\nsecond line';
const config = (more = "") => `
machines:
  - name: e2e
    box: homelab-gpu/e2e
    image: {debootstrap: trixie}
    memory: 2048
    provision: ["./my setup #{1}.sh"]
    gpu: {}
services:
  web:
    image: e2e/web
    command: [sh, -c, "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www"]
    ports: ["8080:8080"]
    environment: {HOSTILE: ${JSON.stringify(hostile.replaceAll("$", "$$$$"))}}
    restart: always
  needs-a-gpu: {image: e2e/web, gpu: 1}
${more}`;

/** Starts the script (SCRIPT names another, such as the one-file build) as `npx zx` does, in one process that can be killed by its id. */
function start(...words: string[]): { child: ChildProcess; said: () => string; ended: Promise<number> } {
  const child = spawn(process.execPath, [
    "--import",
    "tsx",
    "node_modules/.bin/zx",
    process.env.SCRIPT ?? "homelab-gpu.mts",
    "--config",
    join(home, "homelab-gpu.yaml"),
    ...words,
  ], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => text += chunk);
  const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  return { child, said: () => text, ended };
}
async function run(...words: string[]): Promise<{ code: number; said: string; seconds: number }> {
  const began = Date.now();
  const { said, ended } = start(...words);
  const code = await ended;
  return { code, said: said(), seconds: (Date.now() - began) / 1000 };
}
/** Runs it until it says something, and some seconds more; then kills it, as a power cut would. */
async function killed(at: RegExp, seconds: number, ...words: string[]): Promise<string> {
  const { child, said, ended } = start(...words);
  let over = false;
  ended.then(() => over = true);
  while (!at.test(said())) {
    if (over) throw new Error(`it ended before it said ${at}:\n${said().slice(-3000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  child.kill("SIGKILL");
  await ended;
  return said();
}
/** The process group of the step that a killed run left, by the lock's own word, and its processes now. */
function left(): { group: number; members: () => string[] } {
  const { steps } = JSON.parse(readFileSync(join(home, ".homelab-gpu/lock"), "utf8"));
  const { group } = steps.at(-1);
  const members = () => ask("ps", "-eo", "pgid=,args=").split("\n").filter((line) => parseInt(line) === group);
  return { group, members };
}
let step: ReturnType<typeof left>;
const ask = (command: string, ...words: string[]) => execFileSync(command, words, { encoding: "utf8" });
const virsh = (words: string) => ask("virsh", "-q", "-c", "qemu:///system", words);
const told = (text: string) => text.replace(/.*Progress: \d+%.*\n?/g, "").slice(-4000);

test.before(() => {
  mkdirSync(home, { recursive: true });
  mkdirSync(join(cache, "homelab-gpu/images"), { recursive: true });
  mkdirSync(shared, { recursive: true });
  symlinkSync(shared, join(cache, "homelab-gpu/images/packages"));
  writeFileSync(join(home, "homelab-gpu.yaml"), config());
  writeFileSync(
    join(home, "my setup #{1}.sh"),
    "#!/bin/sh\nset -eu\nprintf 'FROM homelab-gpu/busybox\\nRUN echo made here >/made\\n' | docker build -q -t e2e/web -\n",
  );
});

test.after(async () => {
  await run("destroy");
  // where a test above failed there may be no box, or no Vagrant
  spawnSync("vagrant", ["box", "remove", "--force", "--all", "homelab-gpu/e2e"], { stdio: "ignore" });
  rmSync(work, { recursive: true, force: true });
});

test("without a GPU and without --no-gpu: says what is missing, writes and starts nothing", async () => {
  const { code, said } = await run("up", "--yes");
  assert.is(code, 1, told(said));
  assert.match(said, /✗ gpu\.present \(e2e\): no NVIDIA GPU detected on host/);
  assert.match(said, /up --no-gpu/);
  assert.equal(readdirSync(home).sort(), ["homelab-gpu.yaml", "my setup #{1}.sh"]);
});

test("killed while the image is built: nothing half made has its name", async () => {
  const said = await killed(/make-image: packages of trixie/, 15, "up", "--no-gpu", "--yes");
  assert.match(said, /without a GPU these services are left out: needs-a-gpu/);
  assert.equal(readdirSync(join(cache, "homelab-gpu/images")).filter((name) => /\.qcow2$/.test(name)), []);
  step = left();
});

test("killed while Packer builds the box: goes on from the image, and Vagrant gets no half box", async () => {
  // one that writes into a pipe that nobody reads any more may have ended by itself
  const running = step.members().length > 0;
  const said = await killed(/Provisioning with shell script: install-docker\.sh/, 10, "up", "--no-gpu");
  if (running) assert.match(said, new RegExp(`left a step running \\(process group ${step.group}\\)`));
  assert.equal(step.members(), [], "debootstrap's leftovers are ended first");
  step = left();
  assert.not.match(ask("vagrant", "box", "list"), /homelab-gpu\/e2e/);
});

test("killed while Vagrant boots the VM", async () => {
  const running = step.members().length > 0;
  const said = await killed(/Waiting for domain to get an IP address/, 5, "up", "--no-gpu");
  if (running) assert.match(said, new RegExp(`left a step running \\(process group ${step.group}\\)`));
  assert.equal(step.members(), [], "Packer's leftovers are ended first");
  assert.match(said, /have it: /, "the image is not built again");
  assert.is(
    ask("sh", "-c", "pgrep -fc '[q]emu-system.*-name box.qcow2' || true").trim(),
    "0",
    "no VM of Packer's is left",
  );
});

test("the next run finishes the job; meanwhile another is told who is at work", async () => {
  const first = start("up", "--no-gpu");
  while (!/Make the VM/.test(first.said())) {
    if (first.child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const second = await run("up", "--no-gpu");
  assert.is(second.code, 1);
  assert.match(
    second.said,
    new RegExp(`“up” is at work in .*my lab/\\.homelab-gpu \\(process ${first.child.pid}, since`),
  );
  assert.is(await first.ended, 0, told(first.said()));
  assert.match(first.said(), /Remove the VM e2e, which an earlier run left half made/);
  assert.not.match(first.said(), /Build the box/, "the box was whole");
  assert.match(first.said(), /e2e is up at [\d.]+: web, proven/);
});

test("run again, it finds nothing to do and says so in seconds", async () => {
  const { code, said, seconds } = await run("up", "--no-gpu");
  assert.is(code, 0);
  assert.match(said, /nothing to do\n.*e2e is up/s);
  assert.ok(seconds < 5, `${seconds} s`);
});

test("what the config says arrives literally in the container, $ written as $$", async () => {
  const { code, said } = await run(
    "ssh",
    "e2e",
    "--",
    "sudo docker exec homelab-gpu-web-1 sh -c 'printf %s \"$HOSTILE\"'",
  );
  assert.is(code, 0);
  assert.is(said, hostile);
  assert.match((await run("ssh", "--", "uname", "-a")).said, /^Linux e2e .*x86_64/);
  const address = /HostName (\S+)/.exec(readFileSync(join(home, ".homelab-gpu/ssh/e2e"), "utf8"))![1]!;
  assert.is(ask("curl", "-s", `http://${address}:8080/`), "hello\n");
});

test("status, verify and doctor say how it is", async () => {
  assert.match((await run("status", "--no-gpu")).said, /e2e: running · [\d.]+ · 2 CPUs, 2048 MiB · web · proven/);
  const { code, said } = await run("verify", "--no-gpu");
  assert.is(code, 0, told(said));
  assert.match(said, /✓ verify\.service \(e2e\): service web runs/);
  assert.is((await run("doctor", "--no-gpu")).code, 0);
});

test("picks up a changed service, and proves it; one that falls over is named with its log", async () => {
  writeFileSync(join(home, "homelab-gpu.yaml"), config("  more: {image: e2e/web, command: [sleep, infinity]}\n"));
  const changed = await run("up", "--no-gpu");
  assert.is(changed.code, 0, told(changed.said));
  assert.not.match(changed.said, /Start the VM|Make the VM/);
  assert.match(changed.said, /e2e is up at [\d.]+: web, more/);

  writeFileSync(
    join(home, "homelab-gpu.yaml"),
    config('  more: {image: e2e/web, command: [sh, -c, "echo boom; exit 3"]}\n'),
  );
  const broken = await run("up", "--no-gpu");
  assert.is(broken.code, 1);
  assert.match(broken.said, /✗ verify\.service \(e2e\): service more is exited with code 3\n.*log of more: boom/s);

  writeFileSync(join(home, "homelab-gpu.yaml"), config());
  assert.is((await run("up", "--no-gpu")).code, 0);
  assert.not.match((await run("ssh", "--", "sudo docker ps -a --format '{{.Names}}'")).said, /more/);
});

stackTests(test, {
  write: (path, text) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  },
  config: (stacks) => config() + stacks,
  run: (...words) => run(...words, ...(words[0] === "up" ? ["--no-gpu"] : [])),
});

test("down and up again", async () => {
  assert.is((await run("down")).code, 0);
  assert.match((await run("status")).said, /e2e: off/);
  const { code, said } = await run("up", "--no-gpu");
  assert.is(code, 0, told(said));
  assert.match(said, /Start the VM e2e/);
});

test("a VM that came up while another's failure ended the run is learnt of, and not made anew", async () => {
  rmSync(join(home, ".homelab-gpu/ssh/e2e"));
  assert.match((await run("ssh", "--", "true")).said, /e2e was never reached: npx zx homelab-gpu\.m[jt]s up/);
  const { code, said } = await run("up", "--no-gpu");
  assert.is(code, 0, told(said));
  assert.match(said, /1\/1 Learn how to reach e2e/);
});

test("by hand, in its folder, with Vagrant itself", () => {
  const there = execFileSync("vagrant", ["ssh", "-c", "hostname"], {
    cwd: join(home, ".homelab-gpu"),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  assert.is(there.trim(), "e2e");
});

test("destroy leaves no domain, volume, network or file of the VM", async () => {
  const prefix = /default_prefix = '([^']*)'/.exec(readFileSync(join(home, ".homelab-gpu/Vagrantfile"), "utf8"))![1]!;
  assert.match(virsh("list --all"), new RegExp(prefix), "it was there");
  const { code, said } = await run("destroy");
  assert.is(code, 0, told(said));
  assert.not.match(virsh("list --all"), new RegExp(prefix));
  assert.not.match(virsh("vol-list default"), new RegExp(`${prefix}|homelab-gpu-VAGRANTSLASH-e2e`));
  assert.not.match(virsh("net-list --all"), /vagrant-libvirt/);
  assert.not.ok(existsSync(join(home, ".homelab-gpu/ssh/e2e")));
  assert.match((await run("destroy")).said, /there is nothing to remove/);
});

test.run();
