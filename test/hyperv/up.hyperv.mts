// The script on a fake Windows with the real Vagrant: the scripts of its Hyper-V provider run in real
// PowerShell, and Start-VM starts a VM of QEMU.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { own } from "../fake.mts";
import { stateOf } from "../windows/recorded.mts";
import { box } from "./guest.mts";
import { type Answer, driver, startWindows, type Where, type Windows } from "./windows.mts";

const test = suite("a VM of Hyper-V");

// the addresses of the VM before and after a restart of the host; run.sh has a network of its own
const [first, second] = ["127.77.0.1", "127.77.0.2"];

let windows: Windows;
let boots = 0;
const took: string[] = [];
async function run(words: string, where?: Where): Promise<Answer> {
  const began = Date.now();
  const answer = await windows.run(words, where);
  // a start that Hyper-V refuses is no boot
  if (answer.out.includes("Machine booted")) boots++;
  const seconds = ((Date.now() - began) / 1000).toFixed(0).padStart(4);
  took.push(`${seconds} s  ${words}, ${answer.requests.length} requests to PowerShell`);
  return answer;
}
/** The PowerShell processes of this program among those of a command; the others are Vagrant's. */
const ours = ({ requests }: Answer) =>
  requests.flatMap((line) => /hyperv_gpu|copy-driver|Invoke-Expression|Get-VM \|/.exec(line)?.[0] ?? []);
const isRunning = (id: number) => existsSync(`/proc/${id}`) && !/\) Z /.test(readFileSync(`/proc/${id}/stat`, "utf8"));

beforeAll(test, async () => {
  windows = await startWindows(first);
  writeFileSync(
    `${windows.lab}/homelab-gpu.yaml`,
    `machines:
  - name: a
    box: ${box}
    cpus: 1
    memory: 256
    gpu: {enabled: true, vendor_id: 10de, device_id: 2786}
services:
  ml: {image: "nvidia/cuda:12.4.1-base-ubuntu22.04", command: sleep infinity, gpu: 1}
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

test("up inside WSL is refused with the line for Windows", async () => {
  const { code, out, changes } = await run("up --yes", { wsl: true });
  assert.is(code, 1, out);
  const text = out.replace(/\s+/g, " ");
  assert.match(text, "Vagrant's Hyper-V provider must run in Windows, not in WSL");
  assert.match(text, "cd 'C:\\lab'; npm.cmd ci; npx.cmd zx homelab-gpu.mts up");
  assert.equal([changes, readdirSync(windows.lab)], [[], ["homelab-gpu.yaml"]]);
});

let qemu = 0;
test("up: Vagrant imports the box, the VM gets a partition and the driver, its service runs", async () => {
  const answer = await run("up --yes");
  const { code, out, changes } = answer;
  assert.is(code, 0, out);
  assert.match(out, /host driver is 591\.74, guest has none: copying it/);
  assert.ok(out.includes(`a is up at ${first}: ml, proven`), out);
  assert.match(out, /ml +running +NVIDIA GeForce RTX 4070/);
  // the host, the host again with the lock held, the card, the driver, the host and the VM
  const probe = "Invoke-Expression";
  assert.equal(ours(answer), [probe, probe, "hyperv_gpu", "copy-driver", probe]);
  const [vm] = windows.state().vms;
  assert.equal([vm.State, vm.SecureBoot, vm.adapters.length, vm.CheckpointType], ["Running", "Off", 1, "Disabled"]);
  assert.is(changes.filter((change) => change.startsWith("Add-VMGpuPartitionAdapter")).length, 1);
  qemu = vm.process;
  assert.ok(isRunning(qemu));
  const config = readFileSync(`${windows.lab}/.homelab-gpu/ssh/a`, "utf8");
  assert.not.match(config, /insecure/, "Vagrant replaced its public key");
});

test("a second up changes nothing, with one PowerShell process", async () => {
  const { code, out, changes, requests } = await run("up --yes");
  assert.is(requests.length, 1, requests.join("\n"));
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

test("after a restart of the host the VM has another address: ssh, logs, status, verify and up use it", async () => {
  await windows.move(second);
  const guest = await run("ssh a -- cat /usr/lib/wsl/homelab-gpu.txt");
  assert.is(guest.code, 0, guest.out);
  assert.match(guest.out, /^595\.10 /m);
  assert.match((await run("logs ml")).out, /^ml says hello$/m);
  assert.match((await run("status")).out, new RegExp(`a: running · ${second} .* ml`));
  const verified = await run("verify");
  assert.is(verified.code, 0, verified.out);
  const { code, out, changes } = await run("up --yes");
  assert.is(code, 0, out);
  assert.ok(out.includes(`a is up at ${second}: ml, proven`), out);
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

const card = String.raw`PCI\VEN_10DE&DEV_25B6&SUBSYS_14A910DE&REV_A1\6&18C2E5D9&0&00200019`;
const cardIsBack = () => {
  const [{ enabled, dismounted }] = windows.state().devices;
  return enabled && !dismounted;
};

test("Windows Server: the whole card goes to the VM; if that does not start, the next up takes it back first", async () => {
  windows.change((state) => {
    const { versions, ready, env, address, start } = state;
    Object.assign(state, stateOf(own("test/hosts/windows-server-2025-dda.txt")), {
      ...{ versions, ready, env, address, start },
      devices: [{
        ...{ InstanceId: card, FriendlyName: "NVIDIA A16", Location: "PCIROOT(C0)#PCI(0300)#PCI(0000)" },
        ...{ Service: "nvlddmkm", enabled: true, dismounted: false, needs: 32768 },
      }],
      fail: { "Start-VM": "'b' failed to start. A hypervisor feature is not available to the user." },
    });
  });
  writeFileSync(
    `${windows.lab}/homelab-gpu.yaml`,
    `machines:
  - name: b
    box: ${box}
    cpus: 1
    memory: 256
    gpu: {enabled: true, vendor_id: 10de, device_id: 25b6, mode: passthrough}
`,
  );
  const failed = await run("up --yes");
  assert.is(failed.code, 1);
  assert.match(failed.out, /A hypervisor feature is not available to the user/);
  assert.equal(windows.state().vms[0].assigned, [card]);

  const { code, out, changes } = await run("up --yes");
  const way = changes.filter((change) => /Device|(New|Remove|Start)-VM /.test(change)).map((change) =>
    change.split(" ")[0]!.replace(/(VM)?(Host)?(Assignable|Pnp)Device/, "")
  );
  assert.equal(way, [
    "Remove-",
    "Mount-",
    "Enable-",
    "Remove-VM",
    "New-VM",
    "Disable-",
    "Dismount-",
    "Add-",
    "Start-VM",
  ]);
  assert.ok(isRunning(windows.state().vms[0].process));
  // the guest has the card; its box has no driver, which is the first layer that fails
  assert.match(readFileSync(`${windows.lab}/.homelab-gpu/verify/b.txt`, "utf8"), /^pci:\S+ 030200 10de:25b6 none$/m);
  assert.is(code, 1);
  assert.match(out, /verify\.module/);
});

test("Windows Server: destroy returns the card to the host", async () => {
  assert.not.ok(cardIsBack());
  const { code, out } = await run("destroy --yes");
  assert.is(code, 0, out);
  assert.match(out, /The host has its card back: NVIDIA A16, driver nvlddmkm/);
  assert.ok(cardIsBack());
  assert.equal(windows.state().vms, []);
});

test("Vagrant's scripts fail in a folder with a quote, which is why doctor refuses it on Windows", async () => {
  const folder = join(windows.lab, "O'Brien");
  mkdirSync(folder);
  writeFileSync(`${folder}/homelab-gpu.yaml`, readFileSync(`${windows.lab}/homelab-gpu.yaml`));
  const { code, out } = await run("up --yes", { folder });
  assert.is(code, 1);
  assert.match(out, /missing the terminator/);
  assert.match(out, /folder's or VM's name has a quote/);
  assert.ok(cardIsBack());
});

test.run();
