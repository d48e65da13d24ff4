// Commands whose machines are on another host: this machine, through an OpenSSH server on 127.0.0.1, where Vagrant,
// libvirt and the VM's ssh are stand-ins. On this side, none of them may be called.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { letGo } from "../sweep/lab.mts";
import { until } from "../until.mts";
import { connectionOf, type FarHost, farHost, type Started } from "./far-host.mts";

const test = suite("machines on another host");
let far: FarHost;
const file = (name: string) => far.file(name);
const start = (...words: string[]) => far.start(...words);
const run = (...words: string[]) => far.run(...words);

beforeAll(test, async () => {
  far = await farHost();
  far.config(
    "hosts: {gpubox: {ssh: root@gpubox}}\nmachines: [{name: a, host: gpubox, box: lab/x, cpus: 2, memory: 1024}]\n" +
      "services: {web: {image: x}}\n",
  );
});

test.after(() => far.end());

test("a login without the right to write there is an error with the path, and nothing is made", async () => {
  const text = readFileSync(file("lab/homelab-gpu.yaml"), "utf8");
  far.config(text.replace("root@gpubox", "plain@gpubox"));
  const { code, said } = await run("up", "--yes");
  far.config(text);
  assert.is(code, 1, said);
  assert.match(said, /^homelab-gpu: cannot create .*far\/homelab-gpu\/lab\/\.homelab-gpu: no permission$/m);
  assert.not.match(said, /^ +at /m, "no stack");
  far.nothingRanHere();
});

test("plan and up work there, and a second up has nothing to do", async () => {
  const planned = await run("plan");
  assert.match(planned.said, /host: gpubox \(ssh:\/\/root@gpubox\)/);
  assert.match(planned.said, /homelab-gpu\/lab\/\.homelab-gpu/);
  assert.not.ok(existsSync(far.lab), "plan touches nothing");
  const first = await run("up", "--yes");
  assert.is(first.code, 0, first.said);
  assert.ok(existsSync(`${far.lab}/Vagrantfile`));
  assert.ok(readdirSync(`${far.lab}/logs`).length > 2);
  assert.not.ok(existsSync(file("lab/.homelab-gpu")), "nothing is written here");
  const again = await run("up", "--yes");
  assert.match(again.said, /nothing to do/);
  assert.is(again.code, 0);
  const status = await run("status");
  assert.match(status.said, /^a: running|^a .*running/m, status.said);
  far.nothingRanHere();
});

test("a name of this machine is refused if other machines are on this machine", async () => {
  const text = readFileSync(file("lab/homelab-gpu.yaml"), "utf8");
  far.config(text.replace("machines: [", "machines: [{name: b, box: lab/x}, ").replace(/^services.*$/m, ""));
  const { code, said } = await run("up", "--yes");
  far.config(text);
  assert.is(code, 2, said);
  assert.match(said, /:2:\d+: this machine and gpubox are the same host: its boot ID is the same\n/);
  assert.match(said, /\n {6}write {2}no host: for this machine\n/);
  far.nothingRanHere();
});

/** Runs `act` while a step of `up` waits at the other end; gives what `up` printed, its code, and the step's process. */
async function during(act: (up: Started) => Promise<void> | void) {
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
  assert.not.ok(existsSync(`${far.lab}/lock`));
});

test("a lost connection ends the step, and the next up goes on", async () => {
  const { code, said, id } = await during(({ child }) =>
    void process.kill(connectionOf(child.pid!, "gpubox"), "SIGKILL")
  );
  assert.is(code, 1, said);
  assert.match(said, /the connection to root@gpubox was lost: the next run continues from here/);
  assert.not.match(said, /^ +at /m, "no stack");
  await until("the end of the step", () => !existsSync(`/proc/${id}`));
  assert.ok(existsSync(`${far.lab}/lock`), "what holds it has ended");
  for (const name of readdirSync(file("far/hold"))) rmSync(file(`far/hold/${name}`));
  const next = await run("up", "--yes");
  assert.is(next.code, 0, next.said);
  assert.not.ok(existsSync(`${far.lab}/lock`));
});

test("Ctrl-C ends the step at the other end", async () => {
  const { code, said, id } = await during(({ child }) => void child.kill("SIGINT"));
  assert.is(code, 130, said);
  await until("the end of the step", () => !existsSync(`/proc/${id}`));
  for (const name of readdirSync(file("far/hold"))) rmSync(file(`far/hold/${name}`));
  assert.not.ok(existsSync(`${far.lab}/lock`));
  assert.is((await run("up", "--yes")).code, 0);
});

test("an unknown host key and another one are refused, and none is accepted", async () => {
  for (
    const [known, text] of [["none", /does not know the host key/], [
      "changed",
      /has changed, so ssh refuses it/,
    ]] as const
  ) {
    far.client(known);
    const before = readFileSync(file(known), "utf8");
    const { code, said } = await run("status");
    assert.is(code, 1, said);
    assert.match(said, text);
    assert.is(readFileSync(file(known), "utf8"), before);
  }
  far.client("known");
});

test("destroy leaves no VM", async () => {
  assert.is((await run("ssh", "a", "--", "true")).code, 0);
  assert.is((await run("destroy", "--yes")).code, 0);
  assert.equal(readdirSync(file("far/domains")), []);
  far.nothingRanHere();
});

test.run();
