// The script on a fake Windows with the real Vagrant: the scripts of its Hyper-V provider run in real
// PowerShell, and Start-VM starts a VM of QEMU.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { box } from "./guest.mts";
import { type Answer, driver, startWindows, type Windows } from "./windows.mts";

const test = suite("a VM of Hyper-V");

// the addresses of the VM before and after a restart of the host; run.sh has a network of its own
const [first, second] = ["127.77.0.1", "127.77.0.2"];

let windows: Windows;
let boots = 0;
const took: string[] = [];
async function run(words: string): Promise<Answer> {
  const began = Date.now();
  const answer = await windows.run(words);
  boots += answer.changes.filter((change) => change.startsWith("Start-VM ")).length;
  const seconds = ((Date.now() - began) / 1000).toFixed(0).padStart(4);
  took.push(`${seconds} s  ${words}, ${answer.requests.length} requests to PowerShell`);
  return answer;
}
const isRunning = (id: number) => existsSync(`/proc/${id}`) && !/\) Z /.test(readFileSync(`/proc/${id}/stat`, "utf8"));

test.before(async () => {
  windows = await startWindows(first);
  writeFileSync(
    `${windows.lab}/homelab-gpu.yaml`,
    `machines:
  - name: a
    box: ${box}
    cpus: 1
    memory: 256
    gpu: {enabled: true, vendor_id: 10de, device_id: 2786}
`,
  );
});
test.after(async () => {
  await windows?.end();
  process.stdout.write(`\n${took.join("\n")}\nBoots: ${boots}\n`);
});

test("doctor finds no problem", async () => {
  const { code, out } = await run("doctor");
  assert.is(code, 0, out);
});

let qemu = 0;
test("up: Vagrant imports the box, the VM gets a partition and starts, the driver goes to it", async () => {
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, /host driver is 591\.74, guest has none: copying it/);
  assert.ok(out.includes(`a is up at ${first}, proven`), out);
  const [vm] = windows.state().vms;
  assert.equal([vm.State, vm.SecureBoot, vm.adapters.length, vm.CheckpointType], ["Running", "Off", 1, "Disabled"]);
  assert.is(changes.filter((change) => change.startsWith("Add-VMGpuPartitionAdapter")).length, 1);
  qemu = vm.process;
  assert.ok(isRunning(qemu));
  const config = readFileSync(`${windows.lab}/.homelab-gpu/ssh/a`, "utf8");
  assert.not.match(config, /insecure/, "Vagrant replaced its public key");
});

test("a second up changes nothing", async () => {
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.equal(changes, []);
  assert.not.match(out, /copying it/);
});

test("up after an update of the host's driver copies the driver", async () => {
  writeFileSync(`${windows.system}/System32/${driver}/nvcubins.bin`, "595.10");
  windows.change((state) => state.cim.Win32_VideoController[0].DriverVersion = "32.0.15.9510");
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, /host driver is 595\.10, guest has 591\.74: copying it/);
  assert.equal(changes, []);
  const guest = await run("ssh a -- cat /usr/lib/wsl/homelab-gpu.txt");
  assert.match(guest.out, /^595\.10 /m);
});

test("after a restart of the host the VM has another address: ssh and up use it", async () => {
  await windows.move(second);
  const guest = await run("ssh a -- cat /usr/lib/wsl/homelab-gpu.txt");
  assert.is(guest.code, 0, guest.out);
  assert.match(guest.out, /^595\.10 /m);
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.ok(out.includes(`a is up at ${second}, proven`), out);
  assert.equal(changes, []);
});

test("down stops the VM, which keeps its partition", async () => {
  const { code, out } = await run("down");
  assert.is(code, 0, out);
  assert.not.ok(isRunning(qemu));
});

test("destroy leaves nothing", async () => {
  const { code, out } = await run("destroy --yes");
  assert.is(code, 0, out);
  assert.equal(windows.state().vms, []);
  const machines = `${windows.lab}/.homelab-gpu/.vagrant/machines`;
  assert.equal(existsSync(machines) ? readdirSync(machines) : [], []);
  assert.not.ok(existsSync(`${windows.lab}/.homelab-gpu/ssh/a`));
});

test.run();
