// The script on a fake Windows without any box: it converts an image of Debian to a disk of Hyper-V, the
// real Packer builds a box from it, the real Vagrant creates a VM with it, copy-driver.ps1 and
// receive-driver.sh bring a driver to its Debian, and real Docker runs the services.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { type Answer, driver, startWindows, type Windows } from "./windows.mts";

const test = suite("a box of Hyper-V");
// the addresses of the VM before and after a restart of the host; run.sh has a network of its own
const [first, second] = ["127.77.1.1", "127.77.1.2"];
const made = process.env.HYPERV_BOX!;

let windows: Windows;
const took: string[] = [];
let boots = 0;
async function run(words: string): Promise<Answer> {
  const began = Date.now();
  const answer = await windows.run(words);
  boots += answer.out.match(/Starting VM, booting|Machine booted/g)?.length ?? 0;
  took.push(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${words}`);
  return answer;
}
const page = async (address: string) => (await (await fetch(`http://${address}:8080/`)).text()).trim();
const isRunning = (id: number) => existsSync(`/proc/${id}`) && !/\) Z /.test(readFileSync(`/proc/${id}/stat`, "utf8"));

beforeAll(test, async () => {
  windows = await startWindows(first, { disks: true });
  windows.change((state) => state.cim.Win32_ComputerSystem[0].NumberOfLogicalProcessors = 1);
  writeFileSync(
    `${windows.lab}/homelab-gpu.yaml`,
    `machines:
  - name: c
    box: homelab-gpu/built
    image: {file: ${JSON.stringify(`${made}/image.qcow2`)}}
    cpus: 1
    memory: 1024
    gpu: {enabled: true, vendor_id: 10de, device_id: 2786}
    provision: [./setup.sh]
services:
  web:
    image: homelab-gpu/busybox
    command: [sh, -c, "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www"]
    ports: ["8080:8080"]
    restart: always
  ml: {image: homelab-gpu/busybox, command: sleep infinity, gpu: 1}
`,
  );
  writeFileSync(`${windows.lab}/setup.sh`, "#!/bin/sh\necho 'this script was run' >/etc/setup\n");
});
test.after(async () => {
  await windows?.end();
  process.stdout.write(`\n${took.join("\n")}\nBoots: ${boots}\n`);
});

test("the image has the daemon by which Packer gets the address of its VM", () => {
  assert.match(readFileSync(`${made}/status`, "utf8"), /^Package: hyperv-daemons\nStatus: install ok installed$/m);
});

let qemu = 0;
test("up builds a box, creates a VM with a partition and the driver, and the services run in Docker", async () => {
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, /Add the box homelab-gpu\/built to Vagrant/);
  assert.match(out, /host driver is 591\.74, guest has none: copying it/);
  assert.match(out, new RegExp(`c is up at ${first}: .*, proven`), out);
  assert.match(out, /ml +running +NVIDIA GeForce RTX 4070/);
  assert.equal(changes.filter((change) => /^(New-VM|New-VHD|Start-VM) /.test(change)).length, 3);
  assert.is(await page(first), "hello");
  qemu = windows.state().vms[0].process;
  assert.ok(isRunning(qemu));
});

test("a second up has nothing to do", async () => {
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, /nothing to do/);
  assert.equal(changes, []);
});

test("up after an update of the host's driver copies the driver", async () => {
  writeFileSync(`${windows.system}/System32/${driver}/nvcubins.bin`, "595.10");
  windows.change((state) => state.cim.Win32_VideoController[0].DriverVersion = "32.0.15.9510");
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, /host driver is 595\.10, guest has 591\.74: copying it/);
  assert.equal(changes, []);
});

test("after a restart of the host the VM has another address: ssh, verify and up use it", async () => {
  await windows.move(second);
  const guest = await run("ssh c -- cat /usr/lib/wsl/homelab-gpu.txt /etc/setup");
  assert.is(guest.code, 0, guest.out);
  assert.match(guest.out, /^595\.10 .*\nthis script was run$/m);
  const verified = await run("verify");
  assert.is(verified.code, 0, verified.out);
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, new RegExp(`c is up at ${second}: .*, proven`), out);
  assert.equal(changes, []);
  assert.is(await page(second), "hello");
});

test("down stops the VM, destroy leaves nothing", async () => {
  const down = await run("down");
  assert.is(down.code, 0, down.out);
  assert.not.ok(isRunning(qemu));
  const { code, out } = await run("destroy --yes");
  assert.is(code, 0, out);
  assert.equal(windows.state().vms, []);
  assert.equal(readdirSync(`${windows.lab}/.homelab-gpu/ssh`), []);
});

test.run();
