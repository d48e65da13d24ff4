// The script on a fake Windows without any box: it converts an image of Debian to a disk of Hyper-V, the
// real Packer builds a box from it, the real Vagrant creates a VM with it, and real Docker runs a service.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Answer, startWindows, type Windows } from "./windows.mts";

const test = suite("a box of Hyper-V");
const address = "127.77.1.1";
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

test.before(async () => {
  windows = await startWindows(address, { disks: true });
  windows.change((state) => state.cim.Win32_ComputerSystem[0].NumberOfLogicalProcessors = 2);
  writeFileSync(
    `${windows.lab}/homelab-gpu.yaml`,
    `machines:
  - name: c
    box: homelab-gpu/built
    image: {file: ${JSON.stringify(`${made}/image.qcow2`)}}
    cpus: 2
    memory: 1024
    provision: [./setup.sh]
services:
  web:
    image: homelab-gpu/busybox
    command: [sh, -c, "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www"]
    ports: ["8080:8080"]
    restart: always
`,
  );
  // the manager that each login starts takes much time in emulation
  writeFileSync(`${windows.lab}/setup.sh`, "#!/bin/sh\nset -eu\nsystemctl mask user@.service e2scrub_reap.service\n");
});
test.after(async () => {
  await windows?.end();
  process.stdout.write(`\n${took.join("\n")}\nBoots: ${boots}\n`);
});

test("the image has the daemon by which Packer gets the address of its VM", () => {
  assert.match(readFileSync(`${made}/status`, "utf8"), /^Package: hyperv-daemons\nStatus: install ok installed$/m);
});

test("up builds a box, creates a VM with it, and the service runs in Docker", async () => {
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, /Add the box homelab-gpu\/built to Vagrant/);
  assert.ok(out.includes(`c is up at ${address}: web`), out);
  assert.equal(changes.filter((change) => /^(New-VM|New-VHD|Start-VM) /.test(change)).length, 3);
  assert.is((await (await fetch(`http://${address}:8080/`)).text()).trim(), "hello");
});

test("a second up has nothing to do", async () => {
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.match(out, /nothing to do/);
  assert.equal(changes, []);
});

test("destroy leaves nothing", async () => {
  const { code, out } = await run("destroy --yes");
  assert.is(code, 0, out);
  assert.equal(windows.state().vms, []);
  assert.equal(readdirSync(`${windows.lab}/.homelab-gpu/ssh`), []);
});

test.run();
