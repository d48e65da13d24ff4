// The real `up` on this machine, from a bare machine to a VM with its services, and stopped
// half-way in every way.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { lanMac } from "../../lib/host/lan.mts";
import { standIns } from "../fake.mts";
import { until } from "../until.mts";
import { runScript, says, type Started, startScript } from "./script.mts";
import { stackTests } from "./stacks.mts";

const test = suite("up for real");

const work = mkdtempSync(join(tmpdir(), "homelab-gpu-e2e-"));
const home = join(work, "my lab");
// unique to this run: another run may be active
const box = `homelab-gpu/e2e-${process.pid}`;
/** A copy of it, as a box that is not built here. */
const otherBox = `homelab-gpu/other-${process.pid}`;
// a separate cache, so that the image is built; packages come from the machine's cache, and so does
// a finished image with the same inputs, which its name shows
const cache = join(work, "cache");
const images = join(cache, "homelab-gpu/images");
const sharedImages = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "homelab-gpu/images");
const shared = join(sharedImages, "packages");
const env: NodeJS.ProcessEnv = {
  ...process.env,
  ...{ XDG_CACHE_HOME: cache, XDG_CONFIG_HOME: join(work, "none"), HOMELAB_GPU_TIMEOUT_FACTOR: "20" },
};
for (const name of ["NODE_OPTIONS", "FORCE_COLOR", "NO_COLOR"]) delete env[name];

/** The output of the VM's kernel. */
const serialLog = `/var/log/libvirt/qemu/homelab-gpu-e2e-${process.pid}.log`;
const hostile = 'it\'s "#{1+1}" ${HOME} `id` $(id)\nsecond line';
/** The size of the data disk, GiB; at first there is none. */
let dataSize = 0;
/** A folder of the host that the VM gets. */
const media = join(work, 'it\'s "my" media');
/**
 * Another computer: a network namespace behind a cable. The VM gets as its LAN first a bridge that has the
 * cable's end on this host, and later this end itself.
 */
const other = {
  namespace: `homelab-gpu-${process.pid}`,
  here: `hl${process.pid}a`,
  there: `hl${process.pid}b`,
  bridge: `hl${process.pid}br`,
};
let network = "";
let dhcp: ChildProcess | undefined;
/** Whether the VM gets another box. */
let isOtherBox = false;
const config = (more = "") => `
machines:
  - name: e2e
    ${isOtherBox ? `box: ${otherBox}` : `box: ${box}\n    image: {debootstrap: trixie}`}
    memory: 2048
    autostart: true
    disk: 66 GiB
    ${dataSize > 0 ? `data: ${dataSize} GiB` : ""}
    folders: [{from: "../it's \\"my\\" media", to: "/srv/it's \\"my\\" media"}]
    ${network}
    ${isOtherBox ? "" : 'provision: ["./my setup #{1}.sh"]'}
    libvirt: 'l.serial type: "file", source: {path: "${serialLog}"}'
    gpu: {}
services:
  web:
    image: e2e/web
    command: [sh, -c, "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www"]
    ports: ["8080:8080"]
    environment: {HOSTILE: ${JSON.stringify(hostile.replaceAll("$", "$$$$"))}}
    volumes: ["kept:/kept", "/srv/it's \\"my\\" media:/media"]
    restart: always
    stop_grace_period: 1s
  needs-a-gpu: {image: e2e/web, gpu: 1}
${more}`;

/** Without these services, above all the manager that each login starts, emulation takes less time. */
const setup = `#!/bin/sh
set -eu
printf 'FROM homelab-gpu/busybox\\nRUN echo made here >/made\\n' | docker build -q -t e2e/web -
systemctl mask user@.service e2scrub_reap.service grub-common.service
`;

/** The finished images in a folder: an unfinished one has another name. */
const wholeIn = (folder: string) =>
  readdirSync(folder).filter((name, _, all) => /\.qcow2$/.test(name) && all.includes(`${name}.sha256`));
/** The files of an image: the image, and its checksum, which is written last. */
const filesOf = (name: string) => [name, `${name}.sha256`];

/** Processes of a program that work in this lab's folder. */
const ofThisLab = (program: string) =>
  spawnSync("pgrep", ["-f", program], { encoding: "utf8" }).stdout.split("\n").filter((id) => {
    try {
      return readlinkSync(`/proc/${id}/cwd`).startsWith(home);
    } catch {
      return false;
    }
  });

const ofLab = ["--config", join(home, "homelab-gpu.yaml")];
/** Starts the script with this lab's config, and reports its time. */
function start(...words: string[]): Started {
  const began = Date.now();
  const one = startScript([...ofLab, ...words], env);
  const current = { words, said: one.said };
  active.add(current);
  one.ended.then(() => {
    active.delete(current);
    process.stdout.write(`\n${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${words.join(" ")}`);
  });
  return one;
}
async function run(...words: string[]): Promise<{ code: number; said: string }> {
  const { said, ended } = start(...words);
  const code = await ended;
  heard.push(said());
  return { code, said: said() };
}
/** The output of all finished runs. */
const heard: string[] = [];
/** The runs that have not ended. */
const active = new Set<{ words: string[]; said: () => string }>();
// a tier that takes too long is ended: the log then shows its last state, and nothing is left
process.once("SIGTERM", () => {
  for (const { words, said } of active) process.stdout.write(`\nended in: ${words.join(" ")}\n${endOf(said())}\n`);
  if (existsSync(serialLog)) {
    process.stdout.write(`\nthe VM's console:\n${readFileSync(serialLog, "utf8").slice(-3000)}\n`);
  }
  process.stdout.write(
    `\n${runScript([...ofLab, "destroy", "--yes", "--data"], env).split("\n").slice(-4).join("\n")}\n`,
  );
  removeRest();
  process.exit(143);
});

/**
 * The step that a killed run left: its process group, and those of its processes that are still
 * running.
 */
interface Left {
  group: number;
  members: () => string[];
}

/**
 * Runs the script until it prints a text, then kills it as a power failure would. Its step is
 * stopped first (SIGSTOP), so it certainly still exists when the next run starts, which must end
 * it. Otherwise it would run on, or end because nobody reads its output. With `before`, the step
 * that an earlier run left, this run must end that one first.
 */
async function killed(at: RegExp, before: Left | undefined, ...words: string[]): Promise<{ said: string; left: Left }> {
  const one = start(...words);
  if (before) await ends(before, one);
  await says(one, at);
  // the step's output may arrive before the lock has its process group
  const left = await until("the step in the lock", stoppedStep);
  one.child.kill("SIGKILL");
  await one.ended;
  heard.push(one.said());
  return { said: one.said(), left };
}

/** Stops the processes of the last step in the lock; undefined if none is running. */
function stoppedStep(): Left | undefined {
  const text = readFileSync(join(home, ".homelab-gpu/lock"), "utf8");
  const { group } = (JSON.parse(text) as { steps?: { group: number }[] }).steps?.at(-1) ?? {};
  if (!group) return undefined;
  const members = () =>
    ask("ps", "-eo", "pgid=,stat=,args=").split("\n").filter((line) =>
      parseInt(line) === group && !/^ *\d+ +Z/.test(line)
    );
  try {
    process.kill(-group, "SIGSTOP");
  } catch {
    return undefined;
  }
  return members().length > 0 ? { group, members } : undefined;
}

/** Waits until a run has told such a step to end, lets the step continue, and waits for its end. */
async function ends({ group, members }: Left, one: Started): Promise<void> {
  await says(one, new RegExp(`left a step running \\(process group ${group}\\)`));
  try {
    process.kill(-group, "SIGCONT");
  } catch {
    // it was killed at once, because it did not end in time
  }
  await until(`the end of process group ${group}`, () => members().length === 0);
}

let left: Left | undefined;
const ask = (command: string, ...words: string[]) => execFileSync(command, words, { encoding: "utf8" });
const virsh = (words: string) => ask("virsh", "-q", "-c", "qemu:///system", words);
const endOf = (text: string) => text.replace(/.*Progress: \d+%.*\n?/g, "").slice(-4000);

/** The prefix of this lab's domains: another run may have a machine of the same name. */
const prefix = () =>
  /default_prefix = '([^']*)'/.exec(readFileSync(join(home, ".homelab-gpu/Vagrantfile"), "utf8"))![1]!;

/** Networks of other programs. */
let otherNetworks: string[] = [];

beforeAll(test, () => {
  // read from the files, since libvirt may not run yet, or not be installed
  const defined = "/etc/libvirt/qemu/networks";
  otherNetworks = existsSync(defined)
    ? readdirSync(defined).flatMap((name) => /^(.+)\.xml$/.exec(name)?.[1] ?? []).filter((name) => name !== "default")
    : [];
  mkdirSync(home, { recursive: true });
  mkdirSync(media);
  writeFileSync(join(media, "film"), "a film\n");
  mkdirSync(images, { recursive: true });
  mkdirSync(shared, { recursive: true });
  symlinkSync(shared, join(images, "packages"));
  writeFileSync(join(home, "homelab-gpu.yaml"), config());
  writeFileSync(join(home, "my setup #{1}.sh"), setup);
});

/** Removes what `destroy` of the lab leaves. */
function removeRest(): void {
  dhcp?.kill();
  for (const link of [other.here, other.bridge]) spawnSync("ip", ["link", "delete", link], { stdio: "ignore" });
  spawnSync("ip", ["netns", "delete", other.namespace], { stdio: "ignore" });
  // if an earlier test failed, there may be no box, or no Vagrant
  for (const name of [box, otherBox]) {
    spawnSync("vagrant", ["box", "remove", "--force", "--all", name], { stdio: "ignore" });
  }
  rmSync(work, { recursive: true, force: true });
  rmSync(serialLog, { force: true });
}
test.after(async () => {
  await run("destroy", "--yes", "--data");
  removeRest();
  const boots = heard.join("").match(/Starting VM, booting|Waiting for domain to get an IP address/g) ?? [];
  process.stdout.write(`\nBoots: ${boots.length}\n`);
});

test("without a GPU and without --no-gpu, up says what is missing and changes nothing", async () => {
  const { code, said } = await run("up", "--yes");
  assert.is(code, 1, endOf(said));
  assert.match(said, /✗ gpu\.present \(e2e\): no NVIDIA GPU detected on host/);
  assert.match(said, /up --no-gpu/);
  assert.equal(readdirSync(home).sort(), ["homelab-gpu.yaml", "my setup #{1}.sh"]);
});

test("a run that is killed while it builds the image leaves no partial image", async () => {
  const one = await killed(/I: Extracting /, undefined, "up", "--no-gpu", "--yes");
  left = one.left;
  assert.match(one.said, /without a GPU these services are left out: needs-a-gpu/);
  assert.equal(wholeIn(images), []);
  for (const name of wholeIn(sharedImages).flatMap(filesOf)) symlinkSync(join(sharedImages, name), join(images, name));
});

test("after a kill during Packer, the next run keeps the image, and Vagrant has no partial box", async () => {
  const one = await killed(/Waiting for SSH to become available/, left, "up", "--no-gpu");
  left = one.left;
  assert.not.ok(ask("vagrant", "box", "list").includes(box));
  for (const name of wholeIn(images).filter((name) => !wholeIn(sharedImages).includes(name)).flatMap(filesOf)) {
    const part = join(sharedImages, `${name}.${process.pid}.part`);
    cpSync(join(images, name), part);
    renameSync(part, join(sharedImages, name));
  }
});

test("a run is killed while Vagrant boots the VM", async () => {
  const one = await killed(/Waiting for domain to get an IP address/, left, "up", "--no-gpu");
  left = one.left;
  assert.match(one.said, /already (?:built|downloaded): /, "the image is not built again");
  assert.equal(ofThisLab("qemu-system"), [], "no VM of Packer's is left");
});

test("the next run finishes the work; a parallel run names the process with the lock", async () => {
  const first = start("up", "--no-gpu");
  await ends(left!, first);
  await says(first, /Create the VM/);
  // it is stopped while the other run checks the lock
  first.child.kill("SIGSTOP");
  const second = await run("up", "--no-gpu");
  first.child.kill("SIGCONT");
  assert.is(second.code, 1);
  assert.match(
    second.said,
    new RegExp(`“up” is running in .*my lab/\\.homelab-gpu \\(process ${first.child.pid}, since`),
  );
  assert.is(await first.ended, 0, endOf(first.said()));
  heard.push(first.said());
  assert.match(first.said(), /Remove the VM e2e, which an earlier run left incomplete/);
  assert.not.match(first.said(), /Build the box/, "the box was whole");
  assert.match(first.said(), /e2e is up at [\d.]+: web, proven/);
});

test("another up has nothing to do: no step, and no call of Vagrant, Packer or the VM", async () => {
  // each records its arguments, then runs the real program
  const log = join(work, "started");
  const names = ["vagrant", "packer", "virsh", "ssh", "qemu-img", "apt-get", "debootstrap", "curl"];
  const recording = standIns(
    join(work, "recording"),
    Object.fromEntries(names.map((name) => [name, `echo "${name} $*" >>'${log}'\nPATH=$\{PATH#*:} exec ${name} "$@"`])),
  );
  writeFileSync(log, "");
  const { PATH } = env;
  env.PATH = recording.PATH;
  const { code, said } = await run("up", "--no-gpu");
  env.PATH = PATH;
  assert.is(code, 0);
  assert.match(said, /nothing to do\n.*e2e is up/s);
  assert.not.match(said, /homelab-gpu: \d+\/\d+ /, "no step was begun");
  // its version is the host's, and libvirt is asked which domains run
  const started = readFileSync(log, "utf8").split("\n").filter(Boolean);
  assert.equal(started.filter((line) => !/^virsh |^packer version$|^\S+ --version$/.test(line)), []);
});

test("values of the config arrive literally in the container, $ written as $$", async () => {
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

test("a container reads a folder of the host, and cannot write to it", async () => {
  const inContainer = (command: string) => run("ssh", "e2e", "--", `sudo docker exec homelab-gpu-web-1 ${command}`);
  assert.is((await inContainer("cat /media/film")).said, "a film\n");
  writeFileSync(join(media, "film"), "another film\n");
  const { code, said } = await inContainer("sh -c 'cat /media/film; touch /media/mark'");
  assert.is.not(code, 0);
  assert.match(said, /^another film\n[^]*Read-only file system/);
  assert.equal(readdirSync(media), ["film"]);
});

/** The content of a volume and of /srv in the VM, and the folders of the data disk that are mounted there. */
const dataInVm = async () =>
  (await run(
    "ssh",
    "e2e",
    "--",
    "sudo cat /var/lib/docker/volumes/homelab-gpu_kept/_data/file /srv/file; " +
      "findmnt -nro FSROOT /var/lib/docker; findmnt -nro FSROOT /srv; " +
      "sudo docker exec homelab-gpu-web-1 cat /kept/file",
  )).said;

test("without a data disk, a volume and /srv are on the system disk", async () => {
  const { code, said } = await run(
    "ssh",
    "e2e",
    "--",
    "sudo docker exec homelab-gpu-web-1 sh -c 'echo volume >/kept/file' && echo srv | sudo tee /srv/file",
  );
  assert.is(code, 0, endOf(said));
  assert.is(await dataInVm(), "volume\nsrv\nvolume\n");
});

test("status, verify and doctor report the running lab", async () => {
  assert.match((await run("status", "--no-gpu")).said, /e2e: running · [\d.]+ · 2 CPUs, 2048 MiB · web · proven/);
  const { machines: [now] } = JSON.parse(
    (await run("status", "--no-gpu", "--json")).said.replace(/^homelab-gpu: .*\n/gm, ""),
  );
  assert.equal([now.answers, now.services[0].urls.length, now.disks[0].mount], [true, 1, "/"]);
  assert.match((await run("logs", "web", "--tail", "5", "-n")).said, /sudo docker logs --tail 5 homelab-gpu-web-1/);
  assert.is((await run("logs", "web")).code, 0);
  assert.match((await run("ssh-config")).said, /^Host e2e$/m);
  const { code, said } = await run("verify", "--no-gpu");
  assert.is(code, 0, endOf(said));
  assert.match(said, /✓ verify\.service \(e2e\): service web runs/);
  assert.is((await run("doctor", "--no-gpu")).code, 0);
  assert.match(virsh(`dominfo ${prefix()}e2e`), /^Autostart: +enable$/m);
  const { said: blocks } = await run("ssh", "--", "df --output=size -BG / | tail -1");
  assert.match(blocks, /^ *6[45]G/m, "the root file system has the room of a disk that grew from 64 to 66 GiB");
  assert.match(virsh("net-info vagrant-libvirt"), /^Autostart: +yes$/m);
});

test("a changed service is applied and proven; one that fails is reported with its log", async () => {
  writeFileSync(
    join(home, "homelab-gpu.yaml"),
    config("  more: {image: e2e/web, command: [sleep, infinity], stop_grace_period: 1s}\n"),
  );
  // from here on the box differs from that of the VM, which stays
  appendFileSync(join(home, "my setup #{1}.sh"), "# changed\n");
  const changed = await run("up", "--no-gpu");
  assert.is(changed.code, 0, endOf(changed.said));
  assert.not.match(changed.said, /Start the VM|Create the VM|Build the box/);
  assert.match(
    changed.said,
    /! machine\.outdated \(e2e\): its box changed .*provision script my setup #\{1\}\.sh changed/,
  );
  assert.match(changed.said, /e2e is up at [\d.]+: (web, more|more, web)/);

  writeFileSync(
    join(home, "homelab-gpu.yaml"),
    config('  more: {image: e2e/web, command: [sh, -c, "echo boom; exit 3"]}\n'),
  );
  const broken = await run("up", "--no-gpu");
  assert.is(broken.code, 1);
  assert.match(broken.said, /✗ verify\.service \(e2e\): service more is exited with code 3\n.*log of more: boom/s);
});

/** Connects another computer, whose DHCP server knows the VM by its MAC address. */
function connectOther(mac: string): void {
  const { namespace, here, there, bridge } = other;
  ask("ip", "netns", "add", namespace);
  ask("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", namespace);
  ask("ip", "link", "add", bridge, "type", "bridge");
  ask("ip", "link", "set", here, "master", bridge, "up");
  ask("ip", "link", "set", bridge, "up");
  ask("ip", "address", "add", "198.51.100.1/24", "dev", bridge);
  ask("ip", "-n", namespace, "address", "add", "198.51.100.2/24", "dev", there);
  ask("ip", "-n", namespace, "link", "set", there, "up");
  dhcp = spawn("ip", [
    ...["netns", "exec", namespace, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0"],
    ...[`--interface=${there}`, "--bind-interfaces", `--dhcp-leasefile=${join(work, "leases")}`],
    // it names no router and no name server
    ...["--dhcp-option=3", "--dhcp-option=6", "--dhcp-range=198.51.100.10,198.51.100.20", "--pid-file="],
    `--dhcp-host=${mac},198.51.100.50`,
  ], { stdio: "ignore" });
}

/** Removes the bridge: the VM gets the end of the cable itself. */
function removeBridge(): void {
  ask("ip", "link", "delete", other.bridge);
  ask("ip", "address", "add", "198.51.100.1/24", "dev", other.here);
}

/** The command that fetches the page of the service by the VM's address in the LAN, within some seconds. */
const fetching = (seconds: number) =>
  ["curl", "-s", "--noproxy", "*", "-m", String(seconds), "http://198.51.100.50:8080/"] as const;
const ofOther = () => ask("ip", "netns", "exec", other.namespace, ...fetching(60));

stackTests(test, {
  write: (path, text) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  },
  config: (stacks) => config() + stacks,
  run: (...words) => run(...words, ...(words[0] === "up" ? ["--no-gpu", "--yes"] : [])),
  up: () => start("up", "--no-gpu", "--yes"),
  // the last `up` of the stacks starts the VM, with a data disk and a card in the LAN
  async beforeLast() {
    assert.is((await run("down")).code, 0);
    dataSize = 1;
    network = `network: {lan: ${other.bridge}}`;
    connectOther(lanMac(`${prefix()}e2e`));
  },
  last(said) {
    assert.match(said, /! storage\.data \(e2e\): up restarts its VM with a data disk, and copies /);
    assert.match(said, /Give e2e a data disk of 1 GiB[^]*Start the VM e2e[^]*Mount the data disk of e2e/);
    assert.match(said, new RegExp(`in the LAN \\(${other.bridge}\\): 198\\.51\\.100\\.50`));
    assert.match(said, /the originals stay on the system disk, under the mounts\n +to remove them\n +.*-- remove'/);
  },
});

test("the data of a VM without a data disk moved to its new one; the originals are removed on demand", async () => {
  assert.is(await dataInVm(), "volume\nsrv\n/docker\n/srv\nvolume\n");
  assert.is((await run("ssh", "--", "sudo docker exec homelab-gpu-web-1 cat /media/film")).said, "another film\n");
  assert.match((await run("status", "--no-gpu")).said, /also still on the system disk, .*\/var\/lib\/docker \(/);
  const removed = spawnSync("ssh", ["-F", "ssh/e2e", "e2e", "sudo sh -s -- remove"], {
    cwd: join(home, ".homelab-gpu"),
    input: readFileSync(join(home, ".homelab-gpu/scripts/data-originals.sh")),
    encoding: "utf8",
  });
  assert.is(removed.status, 0, removed.stderr);
  assert.match(removed.stdout, /deleted the original of \/var\/lib\/docker/);
  assert.not.match((await run("status", "--no-gpu")).said, /still on the system disk/);
  assert.is(await dataInVm(), "volume\nsrv\n/docker\n/srv\nvolume\n");
});

test("another computer in the LAN and this host reach a service by a bridge", () => {
  assert.is(ofOther(), "hello\n");
  assert.is(ask(...fetching(60)), "hello\n");
});

/** Stops libvirtd and starts it as after a start of the host. Running VMs go on. */
async function restartLibvirt(): Promise<void> {
  // libvirt starts VMs once per start of the host, and remembers that here
  const once = "/run/libvirt/qemu/autostarted";
  if (existsSync("/run/systemd/system")) {
    rmSync(once, { force: true });
    ask("systemctl", "restart", "libvirtd");
    return;
  }
  const running = () => spawnSync("pgrep", ["-x", "libvirtd"], { encoding: "utf8" }).stdout.trim();
  const id = running();
  // without one, the signal would go to 0, this process's own group
  assert.match(id, /^\d+$/, "libvirtd runs once");
  process.kill(Number(id), "SIGTERM");
  await until("the end of libvirtd", () => running() === "");
  rmSync(once, { force: true });
  ask("libvirtd", "-d");
}

test("down stops the VM; it starts with libvirt, and up waits for it and finds data and folders", async () => {
  assert.is((await run("down")).code, 0);
  const { said: status } = await run("status", "--no-gpu");
  assert.match(status, /e2e: off[^]*machine\.outdated \(e2e\): its box changed/);
  await restartLibvirt();
  await until("the start of the VM", () => {
    const { stdout } = spawnSync("virsh", ["-c", "qemu:///system", "domstate", `${prefix()}e2e`], { encoding: "utf8" });
    return /running/.test(stdout);
  });
  const { code, said } = await run("up", "--no-gpu");
  assert.is(code, 0, endOf(said));
  assert.match(said, /Wait until e2e answers/);
  assert.not.match(said, /(Start|Create|Restart) the VM/);
  assert.is(await dataInVm(), "volume\nsrv\n/docker\n/srv\nvolume\n");
  assert.is((await run("ssh", "--", "sudo docker exec homelab-gpu-web-1 cat /media/film")).said, "another film\n");
});

test("destroy keeps the data disk; the next VM, of another box, has it, enlarged", async () => {
  const boxes = join(process.env.VAGRANT_HOME ?? join(homedir(), ".vagrant.d"), "boxes");
  const folderOf = (name: string) => join(boxes, name.replace("/", "-VAGRANTSLASH-"));
  cpSync(folderOf(box), folderOf(otherBox), { recursive: true, mode: constants.COPYFILE_FICLONE });
  isOtherBox = true;
  dataSize = 2;
  network = `network: {lan: ${other.here}}`;
  writeFileSync(join(home, "homelab-gpu.yaml"), config());
  const gone = await run("destroy", "--yes");
  assert.is(gone.code, 0, endOf(gone.said));
  assert.match(gone.said, /kept: the data disk of e2e \(\S+_e2e-data\.qcow2\): 1 GiB, of which \d+ MiB are used/);
  assert.not.match(virsh("vol-list default"), new RegExp(`-VAGRANTSLASH-e2e-${process.pid}`));
  removeBridge();
  const { code, said } = await run("up", "--no-gpu", "--yes");
  assert.is(code, 0, endOf(said));
  assert.match(said, /Create the VM e2e/);
  assert.is(await dataInVm(), "volume\nsrv\n/docker\n/srv\nvolume\n");
  const { said: blocks } = await run("ssh", "--", "df --output=size -BM /srv | tail -1");
  assert.ok(parseInt(blocks, 10) > 1700, `the file system grew: ${blocks}`);
  assert.match(said, new RegExp(`in the LAN \\(${other.here}\\): 198\\.51\\.100\\.50`));
});

test("another computer in the LAN reaches a service; by a macvtap this host does not", async () => {
  assert.is(ofOther(), "hello\n");
  assert.is.not(spawnSync("curl", fetching(5).slice(1)).status, 0);
  assert.match((await run("status", "--no-gpu")).said, /in the LAN: 198\.51\.100\.50/);
});

test("a VM that started although another one failed is recorded, and not recreated", async () => {
  rmSync(join(home, ".homelab-gpu/ssh/e2e"));
  assert.match((await run("ssh", "--", "true")).said, /e2e was never reached: npx zx (\S+\/)?homelab-gpu\.m[jt]s up/);
  const { code, said } = await run("up", "--no-gpu");
  assert.is(code, 0, endOf(said));
  assert.match(said, /1\/1 Save the SSH config of e2e/);
});

test("Vagrant works by hand in the lab's folder", () => {
  const there = execFileSync("vagrant", ["ssh", "-c", "hostname"], {
    cwd: join(home, ".homelab-gpu"),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  assert.is(there.trim(), "e2e");
});

test("destroy --data leaves no domain, volume, network or file of the VM", async () => {
  const own = prefix();
  assert.match(virsh("list --all"), new RegExp(own), "it was there");
  const { code, said } = await run("destroy", "--yes", "--data");
  assert.is(code, 0, endOf(said));
  assert.not.match(virsh("list --all"), new RegExp(own));
  assert.not.match(virsh("vol-list default"), new RegExp(`${own}|-VAGRANTSLASH-(e2e|other)-${process.pid}`));
  const networks = virsh("net-list --all --name").split("\n").filter((name) => name && name !== "default");
  // vagrant-libvirt also removes its network of an earlier lab if no VM uses it
  assert.equal(networks.filter((name) => !otherNetworks.includes(name)), []);
  assert.not.ok(existsSync(join(home, ".homelab-gpu/ssh/e2e")));
  assert.match((await run("destroy", "--yes")).said, /there is nothing to remove/);
});

test.run();
