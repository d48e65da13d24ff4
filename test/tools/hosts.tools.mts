// Commands whose machines are on another host: this machine, through an OpenSSH server on 127.0.0.1, where Vagrant,
// libvirt and the VM's ssh are stand-ins. On this side, none of them may be called.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";
import { type SshServer, startSshd } from "../sshd.mts";
import { starting } from "../start.mts";
import { letGo, programs } from "../sweep/lab.mts";
import { until } from "../until.mts";

const test = suite("machines on another host");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-hosts-"));
const file = (name: string) => join(work, name);
const far = file("far");
const lab = join(far, "homelab-gpu/lab/.homelab-gpu");
const calls = file("calls");
let server: SshServer;
let env: NodeJS.ProcessEnv;

test.before(async () => {
  for (const folder of ["far", "far/domains", "far/hold", "lab"]) mkdirSync(file(folder));
  const set = `DOMAINS='${far}/domains'; HOLD=$(cat '${far}/held' 2>/dev/null)\n`;
  const there = Object.fromEntries(Object.entries(programs).map(([name, text]) => [name, set + text]));
  const path = standIns(far, there).PATH!;
  server = await startSshd(work, ["other"], `${path} HOME=${far}`);
  server.known("known", "host");
  server.known("changed", "other");
  writeFileSync(file("none"), "");
  client("known");
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  const never = `echo "$0 $*" >>'${calls}'; exit 99`;
  env = standIns(work, {
    ssh: `echo "$*" >>'${file("sshs")}'; exec ${ssh} -F '${file("ssh_config")}' "$@"`,
    ...{ virsh: never, vagrant: never, packer: never },
  });
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR"]) delete env[name];
  config("hosts: {gpubox: {ssh: root@gpubox}}");
});

test.after(() => {
  server.process.kill();
  rmSync(work, { recursive: true, force: true });
});

/** The client's configuration, with a file of known host keys. */
function client(known: string): void {
  writeFileSync(
    file("ssh_config"),
    `Host gpubox\n  HostName 127.0.0.1\n  Port ${server.port}\n  IdentityFile ${file("user")}\n` +
      `  IdentitiesOnly yes\n  UserKnownHostsFile ${file(known)}\n  GlobalKnownHostsFile none\n`,
  );
}

function config(hosts: string, more = ""): void {
  writeFileSync(
    file("lab/homelab-gpu.yaml"),
    `${hosts}\nmachines: [{name: a, host: gpubox, box: lab/x, cpus: 2, memory: 1024${more}}]\n` +
      "services: {web: {image: x}}\n",
  );
}

/** Starts a command; `said` is what it printed so far. */
function start(...words: string[]) {
  const child = spawn(process.execPath, [...starting, `${root}/homelab-gpu.mts`, ...words], {
    cwd: file("lab"),
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said += String(chunk));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, ended, said: () => said };
}

async function run(...words: string[]) {
  const { ended, said } = start(...words);
  return { code: await ended, said: said() };
}

test("plan and up work there, and a second up has nothing to do", async () => {
  const planned = await run("plan");
  assert.match(planned.said, /host: gpubox \(ssh:\/\/root@gpubox\)/);
  assert.match(planned.said, /homelab-gpu\/lab\/\.homelab-gpu/);
  assert.not.ok(existsSync(lab), "plan touches nothing");
  const first = await run("up", "--yes");
  assert.is(first.code, 0, first.said);
  assert.ok(existsSync(`${lab}/Vagrantfile`));
  assert.ok(readdirSync(`${lab}/logs`).length > 2);
  assert.not.ok(existsSync(file("lab/.homelab-gpu")), "nothing is written here");
  const again = await run("up", "--yes");
  assert.match(again.said, /nothing to do/);
  assert.is(again.code, 0);
  const status = await run("status");
  assert.match(status.said, /^a: running|^a .*running/m, status.said);
  assert.not.ok(existsSync(calls), "no program of a lab runs here");
});

/** Runs `act` while a step of `up` waits at the other end; gives what `up` printed, its code, and the step's process. */
async function during(act: (up: ReturnType<typeof start>) => Promise<void> | void) {
  assert.is((await run("destroy", "--yes")).code, 0);
  writeFileSync(file("far/held"), file("far/hold"));
  const up = start("up", "--yes");
  const id = await until("a step that waits", () => {
    if (up.child.exitCode !== null) throw new Error(up.said());
    const step = /^homelab-gpu: 1\/\d+ /m.test(up.said());
    const [waiting] = readdirSync(file("far/hold"));
    if (waiting && !step) letGo(file(`far/hold/${waiting}`));
    return step && waiting;
  });
  await act(up);
  writeFileSync(file("far/held"), "");
  const code = await up.ended;
  return { code, said: up.said(), id };
}

test("two runs exclude each other, by the lock at the other end", async () => {
  const { code, said } = await during(async () => {
    const other = await run("up", "--yes");
    assert.is(other.code, 1);
    assert.match(other.said, /“up” is running in .*far\/homelab-gpu\/lab\/\.homelab-gpu \(process \d+/);
    writeFileSync(file("far/held"), "");
    for (const name of readdirSync(file("far/hold"))) letGo(file(`far/hold/${name}`));
  });
  assert.is(code, 0, said);
  assert.not.ok(existsSync(`${lab}/lock`));
});

/** The ssh process of a run that holds the connection. */
function connectionOf(pid: number): number {
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).find((name) => {
    try {
      const [, , parent] = readFileSync(`/proc/${name}/stat`, "utf8").replace(/\(.*\)/s, "x").split(" ").slice(1);
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return Number(parent) === pid && words.includes("-M");
    } catch {
      return false;
    }
  });
  return Number(found);
}

test("a lost connection ends the step, and the next up goes on", async () => {
  const { code, said, id } = await during(({ child }) => void process.kill(connectionOf(child.pid!), "SIGKILL"));
  assert.is(code, 1, said);
  assert.match(said, /the connection to root@gpubox was lost: the next run continues from here/);
  assert.not.match(said, /^ +at /m, "no stack");
  await until("the end of the step", () => !existsSync(`/proc/${id}`));
  assert.ok(existsSync(`${lab}/lock`), "what holds it has ended");
  for (const name of readdirSync(file("far/hold"))) rmSync(file(`far/hold/${name}`));
  const next = await run("up", "--yes");
  assert.is(next.code, 0, next.said);
  assert.not.ok(existsSync(`${lab}/lock`));
});

test("Ctrl-C ends the step at the other end", async () => {
  const { code, said, id } = await during(({ child }) => void child.kill("SIGINT"));
  assert.is(code, 130, said);
  await until("the end of the step", () => !existsSync(`/proc/${id}`));
  for (const name of readdirSync(file("far/hold"))) rmSync(file(`far/hold/${name}`));
  assert.not.ok(existsSync(`${lab}/lock`));
  assert.is((await run("up", "--yes")).code, 0);
});

test("an unknown host key and another one are refused, and none is accepted", async () => {
  for (
    const [known, text] of [["none", /does not know the host key/], [
      "changed",
      /has changed, so ssh refuses it/,
    ]] as const
  ) {
    client(known);
    const before = readFileSync(file(known), "utf8");
    const { code, said } = await run("status");
    assert.is(code, 1, said);
    assert.match(said, text);
    assert.is(readFileSync(file(known), "utf8"), before);
  }
  client("known");
});

test("destroy leaves no VM, and ssh and prepare know the host", async () => {
  const { said } = await run("prepare");
  assert.match(said, /the machines are on gpubox: prepare --host ssh:\/\/root@gpubox shows what to do there/);
  assert.is((await run("ssh", "a", "--", "true")).code, 0);
  assert.is((await run("destroy", "--yes")).code, 0);
  assert.equal(readdirSync(file("far/domains")), []);
  assert.not.ok(existsSync(calls), "no program of a lab runs here");
});

test.run();
