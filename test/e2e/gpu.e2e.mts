// Passes a real card to a VM and takes it back: the project runs on an emulated host with an IOMMU,
// with the real Vagrant, libvirt, QEMU and VFIO.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { root, standIns } from "../fake.mts";
import { freePort } from "../sshd.mts";
import {
  as,
  bootHost,
  builtConfig,
  card,
  type EmulatedHost,
  type HostOptions,
  installPacker,
  makeDisk,
  oneFile,
  startSshServer,
  writeConfig,
} from "./host/machine.mts";
import { startScript } from "./script.mts";

const test = suite("a card into a VM and back");

const work = mkdtempSync(join(tmpdir(), "homelab-gpu-card-"));
const changes = join(work, "host.qcow2");
const project = join(work, "project.img");
/** The folder of the lab on the host. Commands over SSH from this machine find it by the name of their folder. */
const lab = "/home/me/homelab-gpu/lab";
const here = join(work, "lab");
let built = "";
let host: EmulatedHost;
let before: string[] = [];

const tell = (command: string) => host.tell(command);
/** The number of boots of the emulated host, and of VMs on it. */
let [boots, vms] = [0, 0];
const took: string[] = [];
/** Runs the script there, and records its duration. */
async function run(words: string): Promise<{ code: number; out: string }> {
  const began = Date.now();
  const answer = await tell(`cd ${lab} && ${oneFile} ${words}`);
  if (/^homelab-gpu: \d+\/\d+ (Create|Start) the VM/m.test(answer.out)) vms++;
  record(began, words);
  return answer;
}
/**
 * Runs the script on this machine, for a lab on the host, and records its duration. Meanwhile the host runs a
 * command: only then does its first process reap the processes that have ended, and libvirt waits for that.
 */
async function runFromHere(...words: string[]): Promise<{ code: number; out: string }> {
  const began = Date.now();
  const one = startFromHere(...words);
  let isOver = false;
  one.ended.then(() => isOver = true);
  while (!isOver) await tell("sleep 1");
  if (/^homelab-gpu: \d+\/\d+ (Create|Start) the VM/m.test(one.said())) vms++;
  record(began, `over SSH: ${words.join(" ")}`);
  return { code: await one.ended, out: one.said() };
}
let env: NodeJS.ProcessEnv = {};
const startFromHere = (...words: string[]) => startScript(["--config", join(here, "homelab-gpu.yaml"), ...words], env);
function record(began: number, what: string): void {
  took.push(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`);
}
/** `BDF driver` of every function. */
const drivers = async () =>
  (await tell(
    'for fn in /sys/bus/pci/devices/*; do printf "%s %s\\n" "${fn##*/}" "$(readlink "$fn/driver" | sed "s/.*\\///")"; done',
  )).out.split("\n");
const heldBy = (lines: string[]) =>
  card.functions.map((bdf) => lines.find((line) => line.startsWith(bdf))!.split(" ")[1]);
/**
 * The VM, by the id of its domain. Fails unless vfio-pci has the card, the other cards keep their drivers,
 * and the last proof saw both functions in the VM.
 */
async function provenVm(): Promise<string> {
  const now = await drivers();
  assert.equal(heldBy(now), ["vfio-pci", "vfio-pci"]);
  assert.equal(others(now), others(before), "a second card, left alone, keeps its driver");
  const { out } = await tell(`cat ${lab}/.homelab-gpu/verify/gpu-vm.txt`);
  assert.is(out.match(new RegExp(`${card.vendor_id}:${card.device_id}`, "g"))?.length, 2, out);
  return (await tell(`cat ${lab}/.homelab-gpu/.vagrant/machines/gpu-vm/libvirt/id`)).out;
}
/** The versions of the box in Vagrant, which leaves the folder of a removed version behind, empty. */
const versions = async () =>
  (await tell("cd /home/me/.vagrant.d/boxes/homelab-gpu-VAGRANTSLASH-tiny && ls -d */libvirt")).out.split("\n")
    .filter((line) => line.endsWith("/libvirt")).map((line) => line.slice(0, -"/libvirt".length));
const others = (lines: string[]) => lines.filter((line) => !card.functions.some((bdf) => line.startsWith(bdf)));

async function boot(options: Partial<HostOptions> = {}): Promise<void> {
  const began = Date.now();
  host = await bootHost({ built, disks: [project], changes, append: "emulated.minutes=180", ...options });
  record(began, "the emulated host boots");
  boots++;
}

beforeAll(test, async () => {
  built = execFileSync("sh", [`${root}/test/e2e/host/build.sh`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  })
    .trim();
  const bundled = join(work, "homelab-gpu.mjs");
  execFileSync(process.execPath, ["--import", "tsx", "scripts/bundle.mts", bundled], { cwd: root, stdio: "ignore" });
  makeDisk(project, "project", [bundled]);
  const sshPort = await freePort();
  await boot({ sshPort });
  await tell(`${writeConfig(builtConfig("/srv/tiny/tiny.box"), lab)} && ${installPacker}`);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(work, "user")]);
  const server = await tell(startSshServer(readFileSync(join(work, "user.pub"), "utf8").trim()));
  assert.is(server.code, 0, server.out);
  writeFileSync(join(work, "known"), `[127.0.0.1]:${sshPort} ${server.out.trim()}\n`);
  writeFileSync(
    join(work, "ssh_config"),
    `Host gpubox\n  HostName 127.0.0.1\n  Port ${sshPort}\n  User me\n  IdentityFile ${work}/user\n  IdentitiesOnly yes\n` +
      `  UserKnownHostsFile ${work}/known\n  GlobalKnownHostsFile none\n`,
  );
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  env = {
    ...standIns(join(work, "programs"), { ssh: `exec ${ssh} -F '${work}/ssh_config' "$@"` }),
    XDG_CONFIG_HOME: join(work, "none"),
    HOMELAB_GPU_TIMEOUT_FACTOR: "20",
  };
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR", "NO_COLOR"]) delete env[name];
  mkdirSync(here);
  writeFileSync(
    join(here, "homelab-gpu.yaml"),
    `hosts: {gpubox: {ssh: me@gpubox}}\n${
      builtConfig(`${built}/tiny.box`).replace("name: gpu-vm", "name: gpu-vm\n    host: gpubox")
    }`,
  );
});
test.after(async () => {
  await host?.kill();
  rmSync(work, { recursive: true });
  process.stdout.write(`\n${took.join("\n")}\nBoots: ${boots + vms}\n`);
});

test("doctor over SSH finds no problem", async () => {
  before = await drivers();
  assert.equal(heldBy(before), ["", ""], "no host driver has it");
  const { code, out } = await runFromHere("doctor");
  assert.is(code, 0, out);
  assert.match(out, /host: gpubox \(ssh:\/\/me@gpubox\)/);
});

test("doctor reports a user without permission for libvirt", async () => {
  const { code, out } = await tell(`cd ${lab} && ${oneFile.replace(as("me"), as("stranger"))} doctor provider.access`);
  assert.is(code, 1, out);
  assert.match(out, /✗ provider\.access: no permission to use libvirt: polkit does not let this user in/);
  assert.match(out, /sudo usermod -aG libvirt "\$USER"/);
});

test("up over SSH, whose connection is cut while Vagrant creates the VM, ends its step there", async () => {
  const began = Date.now();
  const one = startFromHere("up");
  let isOver = false;
  one.ended.then(() => isOver = true);
  while (!isOver && !/Creating domain with the following settings/.test(one.said())) await tell("sleep 1");
  assert.not.ok(isOver, one.said());
  // the connection, a child of the script
  spawnSync("pkill", ["-KILL", "-x", "-P", String(one.child.pid), "ssh"]);
  assert.is(await one.ended, 1, one.said());
  record(began, "over SSH: up, cut");
  vms++;
  assert.match(one.said(), /the connection to me@gpubox was lost: the next run continues from here/);
});

let vm = "";
const proven = /gpu-vm is up at [\d.]+ with 0000:02:00\.0, 0000:02:00\.1.*, proven/;
test("the next up over SSH finishes: the card is in the VM of a box that was built, by its ids and class", async () => {
  const { code, out } = await runFromHere("up");
  assert.is(code, 0, out);
  assert.not.match(out, /Build the box/, "the first one built it");
  assert.match(out, proven);
  vm = await provenVm();
  const guest = await runFromHere("ssh", "--", "cat /sys/bus/pci/devices/*/device");
  assert.match(guest.out, /0x5046/);
});

test("verify, status and another up over SSH", async () => {
  const { code, out } = await runFromHere("verify");
  assert.is(code, 0, out);
  assert.match(out, /✓ verify\.vfio \(gpu-vm\): vfio-pci has 0000:02:00\.0, 0000:02:00\.1/);
  assert.match(out, /✓ verify\.pci \(gpu-vm\): the VM has 0000:02:00\.0 \[0300\][^✓✗]*1002:5046[^✓✗]*\sas\s+0000:/);
  assert.match((await runFromHere("status")).out, /gpu-vm: running · [\d.]+ .*proven/);
  assert.match((await runFromHere("up")).out, /nothing to do/);
});

test("upgrade: the card goes to a VM of a new box, and the old box is removed after the proof", async () => {
  const [kept, old] = await versions() as [string, string];
  assert.match(`${kept} ${old}`, /^0 1\.\d+\.\d+$/);
  const { code, out } = await run("upgrade --yes");
  assert.is(code, 0, out);
  assert.match(out, proven);
  const after = await versions();
  assert.is(after.length, 2, after.join());
  assert.is(after[0], kept, "a box that was not built here stays");
  assert.is.not(after[1], old);
  assert.ok(out.includes(`gpu-vm is upgraded and proven: its box is homelab-gpu/tiny ${after[1]}`), out);
  const [isProven, isRemoved] = [/Prove gpu-vm/, /Remove the box homelab-gpu\/tiny/].map((step) => out.search(step));
  assert.ok(isProven! > 0 && isProven! < isRemoved!, out);
  assert.is.not(await provenVm(), vm);
});

test("down gives the card back", async () => {
  const down = await run("down");
  assert.is(down.code, 0, down.out);
  assert.match(down.out, /✓ gpu\.returned \(gpu-vm\): the host has its card back/);
  assert.equal(await drivers(), before);
});

test("up takes the card again, and is killed between the start of the domain and of the guest", async () => {
  const began = Date.now();
  await tell(`cd ${lab} && (setsid ${oneFile} up >${lab}/log 2>&1 & echo $! >${lab}/pid)`);
  // libvirt unbinds the card while it starts the domain: before that, nothing must be returned.
  // Parts of the run that outlive the kill may return it themselves: the card must only have been
  // unbound when the run was killed
  const held = card.functions.map((bdf) => `readlink /sys/bus/pci/devices/${bdf}/driver | grep -q vfio`).join(" && ");
  const { code: taken } = await tell(
    `taken=1; while kill -0 $(cat ${lab}/pid); do if ${held}; then taken=0; break; fi; sleep 0.2; done; kill -9 $(cat ${lab}/pid); exit $taken`,
  );
  record(began, "up, killed");
  assert.is(taken, 0, (await tell(`tail -5 ${lab}/log`)).out);
  assert.match((await tell("ls /var/lib/libvirt/qemu/nvram")).out, /_gpu-vm_VARS\.fd/);
});

test("destroy still gives the card back, and leaves no domain, volume or UEFI variables", async () => {
  const { code, out } = await run("destroy --yes");
  assert.is(code, 0, out);
  assert.match(out, /the host has its card back/);
  assert.equal(await drivers(), before);
  assert.not.match(
    (await tell("virsh -q list --all; virsh -q vol-list default; ls /var/lib/libvirt/qemu/nvram")).out,
    /gpu-vm/,
  );
});

/** Shuts the host down, and boots it again with the initramfs on its disk. */
async function reboot(options: Partial<HostOptions> = {}): Promise<void> {
  await host.off();
  const raw = join(work, "root.raw");
  execFileSync("qemu-img", ["convert", "-O", "raw", changes, raw]);
  const name =
    execFileSync("debugfs", ["-R", "ls -p /boot", raw], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .match(/initrd\.img-[^/]+/)![0];
  execFileSync("debugfs", ["-R", `dump /boot/${name} ${work}/initrd`, raw], { stdio: "ignore" });
  rmSync(raw);
  await boot({ initrd: join(work, "initrd"), ...options });
}

test("prepare binds the card at boot, and undoes that", async () => {
  const done = await run("prepare --apply --yes");
  assert.is(done.code, 0, done.out);
  const again = await run("prepare");
  assert.match(again.out, /nothing left to do but reboot/, again.out);
  await reboot();
  assert.equal(heldBy(await drivers()), ["vfio-pci", "vfio-pci"]);
  assert.equal(others(await drivers()), others(before));
  const driver = await run("doctor -v gpu.driver");
  assert.match(driver.out, /vfio-pci holds the card already/, driver.out);
  const bound = await run("prepare");
  assert.match(bound.out, /nothing to do: vfio-pci has the card/, bound.out);

  const undone = await run("prepare --undo --yes");
  assert.is(undone.code, 0, undone.out);
  // now with another device in the card's group, for the last test
  await reboot({ crowded: true });
  const known = new Set(before.map((line) => line.split(" ")[0]));
  assert.equal((await drivers()).filter((line) => known.has(line.split(" ")[0])), before);
  assert.is((await tell("ls /var/lib/homelab-gpu /etc/modprobe.d/homelab-gpu.conf")).code, 2, "nothing is left of it");
});

test("a network card in the group is refused by name, and nothing is written", async () => {
  await tell(`rm -rf ${lab}/.homelab-gpu; modprobe e1000e`);
  const { code, out } = await run("up --yes");
  assert.is(code, 1, out);
  assert.match(out, /✗ iommu\.group \(gpu-vm\): .*8086:10d3\)? Ethernet controller/s);
  assert.is((await tell(`ls -A ${lab}/.homelab-gpu`)).code, 2);
});

test.run();
