// status-guest.sh and the scripts that apply services, with recording programs and a test tree in
// place of /sys.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { guestStatusOf } from "../../lib/verify/guest-status.mts";
import { dockerServiceName } from "../../lib/verify/swarm-status.mts";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("status");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-status-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const inspected = `service:homelab-gpu/web running 0 0 healthy always /homelab-gpu-web-1
port:homelab-gpu/web 0.0.0.0 8080 80/tcp
port:homelab-gpu/web :: 8080 80/tcp
service:immich/db exited 3 0 none no /immich-db-1`;

/** Runs the script with these programs and files of /sys. */
function asked(
  folder: string,
  programs: Record<string, string>,
  files: Record<string, string> = {},
  ...words: string[]
) {
  const put = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    return join(folder, path);
  };
  mkdirSync(`${folder}/sys`, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    if (text.startsWith("->")) symlinkSync(text.slice(2), put(`sys/${path}`));
    else writeFileSync(put(`sys/${path}`), text);
  }
  const env = { ...standIns(folder, programs), SYS: `${folder}/sys`, ETC: `${folder}/etc` };
  const { status, stdout, stderr } = spawnSync("sh", [`${root}/scripts/status-guest.sh`, ...words], {
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr, answer: guestStatusOf(stdout) };
}

const docker = `case "$1" in ps) echo 1; echo 2 ;; inspect) printf '%s\\n' '${inspected}' ;; esac`;
const nothing = { docker: "exit 1", "nvidia-smi": "exit 9" };

test("the address in the LAN is that of the card that set-lan.sh named", ({ folder }) => {
  const cards = {
    "class/net/ens5/address": "52:54:00:99:99:99\n",
    "class/net/ens5/device/x": "",
    "class/net/ens6/address": "52:54:00:01:02:03\n",
    "class/net/ens6/device/x": "",
    "class/net/ens6.20/address": "52:54:00:01:02:03\n",
  };
  const ip =
    `case "$*" in *' ens6 '*) echo '3: ens6    inet 192.168.1.50/24 brd 192.168.1.255 scope global ens6' ;; esac`;
  assert.is(asked(folder, { ...nothing, ip }, cards).answer!.lan, undefined);
  mkdirSync(`${folder}/etc`);
  writeFileSync(`${folder}/etc/homelab-gpu-lan`, "52:54:00:01:02:03\n");
  assert.is(asked(folder, { ...nothing, ip }, cards).answer!.lan, "192.168.1.50");
});

test("services of the config and of stacks are listed with ports and containers", ({ folder }) => {
  const { status, answer } = asked(folder, { ...nothing, docker });
  assert.is(status, 0);
  assert.equal([answer!.engine, answer!.services.map(({ name, state, ports }) => [name, state, ports])], ["answers", [
    ["immich/db", "exited with code 3", []],
    ["web", "running (healthy)", [8080]],
  ]]);
  assert.equal(answer!.containers.map(({ name }) => name).sort(), ["homelab-gpu-web-1", "immich-db-1"]);
  assert.is(answer!.disks[0]!.mount, "/");
});

test("services of the Swarm have the names of their stacks, and those that do not run their logs", ({ folder }) => {
  const swarm = `case "$1 $2" in
'node ls') echo 'a Ready Active' ;;
'service ls') printf 'homelab-gpu-swarm_site 2/2\\nmy_app_web 0/1 (max 1 per node)\\nmy_app_v1.db 1/1\\n' ;;
'service inspect') printf 'homelab-gpu-swarm_site homelab-gpu-swarm\\nmy_app_web my_app\\nmy_app_v1.db my_app\\n' ;;
'service ps') printf '%s\\n' 'my_app_web.1 - Ready Rejected 3 seconds ago|"no image"' 'my_app_v1.db.1 a Running Running 1 second ago|' ;;
'service logs') echo "$*" ;;
esac`;
  const of = (how: string, ...words: string[]) => {
    const env = { ...standIns(folder, { ...nothing, docker: swarm }), SWARM: how, SYS: `${folder}/sys`, ETC: folder };
    const { stdout } = spawnSync("sh", [`${root}/scripts/status-guest.sh`, ...words], { env, encoding: "utf8" });
    return guestStatusOf(stdout)!.swarm;
  };
  assert.is(of(""), undefined);
  const services = of("yes")!.services;
  assert.equal(services.map(({ name, running, wanted, nodes }) => [name, running, wanted, nodes]), [
    ["site", 2, 2, []],
    ["my_app/web", 0, 1, []],
    ["my_app/v1.db", 1, 1, ["a"]],
  ]);
  assert.equal(services.map(({ error, log }) => [error, log])[1], ['"no image"', undefined]);
  assert.equal(of("logs")!.services.map(({ log }) => log), [
    undefined,
    ["service logs --raw --tail 20 my_app_web"],
    undefined,
  ]);
  assert.equal(of("yes", "services")!.services.map(({ name }) => dockerServiceName(name)), [
    "homelab-gpu-swarm_site",
    "my_app_web",
    "my_app_v1.db",
  ]);
});

test("services of the Swarm that end on purpose are named, with the log of those that are not complete", ({ folder }) => {
  const swarm = `case "$1 $2" in
'service ls') printf 'my_app_once 0/1\\nmy_app_job 0/1 (1/1 completed)\\nmy_app_bad 0/1 (0/1 completed)\\nmy_app_web 1/1\\n' ;;
'service inspect') printf 'my_app_%s my_app %s\\n' once none job on-failure bad '' web any ;;
'service ps') printf '%s\\n' 'my_app_once.1 a Shutdown Complete 3 seconds ago|' 'my_app_bad.1 a Shutdown Failed 1 second ago|"exit 1"' ;;
'service logs') echo "log of $6" ;;
esac`;
  const env = { ...standIns(folder, { ...nothing, docker: swarm }), SWARM: "logs", SYS: `${folder}/sys`, ETC: folder };
  const { stdout } = spawnSync("sh", [`${root}/scripts/status-guest.sh`], { env, encoding: "utf8" });
  const { services } = guestStatusOf(stdout)!.swarm!;
  assert.equal(services.map(({ name, completed, lost, log }) => [name, completed, lost, log]), [
    ["my_app/once", 1, undefined, ["log of my_app_once"]],
    ["my_app/job", 1, undefined, undefined],
    ["my_app/bad", undefined, 1, ["log of my_app_bad"]],
    ["my_app/web", undefined, undefined, undefined],
  ]);
});

test("an image that a node of the Swarm cannot pull comes with the answer of its registry", ({ folder }) => {
  const swarm = `case "$1 $2" in
'service ls') printf 'my_app_web 0/1\\nmy_app_old 1/1\\n' ;;
'service inspect') case "$*" in *Image*) echo "$5 x/$5" ;; *) printf 'my_app_web my_app any\\nmy_app_old my_app any\\n' ;; esac ;;
'service ps') printf '%s Rejected 3 seconds ago|"No such image: x"\\n' 'my_app_web.1 b Ready' 'my_app_old.1 b Shutdown' ;;
'manifest inspect') printf 'errors:\\ndenied: requested access to %s is denied\\n' "$3" >&2; exit 1 ;;
esac`;
  const env = { ...standIns(folder, { ...nothing, docker: swarm }), SWARM: "yes", SYS: `${folder}/sys`, ETC: folder };
  const { stdout } = spawnSync("sh", [`${root}/scripts/status-guest.sh`], { env, encoding: "utf8" });
  assert.equal(guestStatusOf(stdout)!.swarm!.services.map(({ error }) => error), [
    '"No such image: x": errors: denied: requested access to x/my_app_web is denied',
    undefined,
  ]);
});

test("images that cannot be pulled are asked for once each and at the same time, as are logs", ({ folder }) => {
  const names = ["a", "b", "c", "d", "e"].map((name) => `my_app_${name}`);
  const swarm = `case "$1 $2" in
'service ls') printf '%s 0/1\\n' ${names.join(" ")} ;;
'service inspect') case "$*" in
  *Image*) shift 4; for n; do case $n in *_e) echo "$n x/d" ;; *) echo "$n x/\${n#my_app_}" ;; esac; done ;;
  *) printf '%s my_app any\\n' ${names.join(" ")} ;; esac ;;
'service ps') printf '%s.1 b Ready Rejected 3 seconds ago|"No such image: x"\\n' ${names.join(" ")} ;;
'manifest inspect') echo "$3" >>'${folder}/asked'; sleep 1; echo "denied: $3" >&2; exit 1 ;;
'service logs') sleep 1; printf 'line of %s %s\\n' "$6" 1 "$6" 2 ;;
esac`;
  const env = { ...standIns(folder, { ...nothing, docker: swarm }), SWARM: "logs", SYS: `${folder}/sys`, ETC: folder };
  const began = Date.now();
  const { stdout } = spawnSync("sh", [`${root}/scripts/status-guest.sh`], { env, encoding: "utf8" });
  // one after another they take 9 seconds
  assert.ok(Date.now() - began < 6000, `${Date.now() - began} ms`);
  const { services } = guestStatusOf(stdout)!.swarm!;
  assert.equal(
    services.map(({ error }) => error),
    ["a", "b", "c", "d", "d"].map((image) => `"No such image: x": denied: x/${image}`),
  );
  assert.equal(services.map(({ log }) => log), names.map((name) => [`line of ${name} 1`, `line of ${name} 2`]));
  assert.equal(readFileSync(`${folder}/asked`, "utf8").trim().split("\n").sort(), ["x/a", "x/b", "x/c", "x/d"]);
});

test("what stayed on the system disk beside a data disk is listed", ({ folder }) => {
  assert.equal(asked(folder, nothing).answer!.originals, []);
  mkdirSync(`${folder}/etc`, { recursive: true });
  writeFileSync(`${folder}/etc/homelab-gpu-data-originals`, "/srv 2048\n/var/lib/docker 4194304\n");
  assert.equal(asked(folder, nothing).answer!.originals, [
    { path: "/srv", sizeMiB: 2 },
    { path: "/var/lib/docker", sizeMiB: 4096 },
  ]);
});

test("an engine that does not answer is not an engine without containers", ({ folder }) => {
  assert.is(asked(folder, nothing).answer!.engine, "silent");
  const none = asked(folder, { ...nothing, docker: "exit 0" }).answer!;
  assert.equal([none.engine, none.services], ["answers", []]);
});

test("NVIDIA cards are listed as nvidia-smi prints them; its error is not a card", ({ folder }) => {
  const line = "00000000:06:00.0, NVIDIA L4, 3, 512, 23034, 41, 16.32, 72.00";
  const smi =
    `case "$*" in *--query-gpu=pci.bus_id,name,utilization.gpu,*noheader* | *noheader*--query-gpu=*) echo '${line}' ;; esac`;
  assert.is(asked(folder, { docker, "nvidia-smi": smi }).answer!.gpus[0]!.powerLimitW, 72);
  const broken = "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9";
  assert.equal(asked(folder, { docker, "nvidia-smi": broken }).answer!.gpus, []);
});

test("AMD and Intel cards are read from sysfs; connectors and other drivers are not cards", ({ folder }) => {
  const amd = "devices/pci0000:00/0000:06:00.0";
  const intel = "devices/pci0000:00/0000:07:00.0";
  const { stderr, answer } = asked(folder, nothing, {
    [`${amd}/driver`]: "->../../../bus/pci/drivers/amdgpu",
    "bus/pci/drivers/amdgpu/bind": "",
    [`${amd}/vendor`]: "0x1002\n",
    [`${amd}/device`]: "0x744c\n",
    [`${amd}/product_name`]: "Radeon PRO W7900\n",
    [`${amd}/gpu_busy_percent`]: "12\n",
    [`${amd}/mem_info_vram_used`]: "2147483648\n",
    [`${amd}/mem_info_vram_total`]: "48301604864\n",
    [`${amd}/hwmon/hwmon3/temp1_input`]: "51000\n",
    [`${amd}/hwmon/hwmon3/power1_average`]: "45000000\n",
    [`${amd}/hwmon/hwmon3/power1_cap`]: "241000000\n",
    "class/drm/card0/device": `->../../../${amd}`,
    "class/drm/card0-DP-1/device": `->../../../${amd}`,
    [`${intel}/driver`]: "->../../../bus/pci/drivers/i915",
    "bus/pci/drivers/i915/bind": "",
    [`${intel}/vendor`]: "0x8086\n",
    [`${intel}/device`]: "0x56a0\n",
    "class/drm/card1/device": `->../../../${intel}`,
    "class/drm/card1/gt_act_freq_mhz": "600\n",
    "devices/pci0000:00/0000:01.0/driver": "->../../../bus/pci/drivers/virtio",
    "bus/pci/drivers/virtio/bind": "",
    "class/drm/card2/device": "->../../../devices/pci0000:00/0000:01.0",
  });
  assert.is(stderr, "");
  assert.equal(answer!.gpus, [{
    name: "Radeon PRO W7900",
    address: "0000:06:00.0",
    busyPercent: 12,
    memoryUsedMiB: 2048,
    memoryTotalMiB: 46064,
    temperatureC: 51,
    powerW: 45,
    powerLimitW: 241,
  }, { name: "Intel card 8086:56a0", address: "0000:07:00.0", clockMHz: 600 }]);
});

test("with services alone, nothing else is read", ({ folder }) => {
  const log = `${folder}/smi`;
  const { answer } = asked(folder, { docker, "nvidia-smi": `touch '${log}'` }, {}, "services");
  assert.equal([answer!.services.length, answer!.disks, existsSync(log)], [2, [], false]);
});

/** Runs apply-services.sh in a folder with this Compose, which records its calls. */
function applied(folder: string, compose: string, env: NodeJS.ProcessEnv) {
  writeFileSync(`${folder}/compose.new.yaml`, "services:\n  web: {image: x}\n");
  const programs = {
    docker: `printf '%s\\n' "$*" >>'${folder}/asked'\n${compose}`,
    "podman-compose": "exit 1",
  };
  const { status, stderr } = spawnSync("sh", [`${root}/scripts/apply-services.sh`], {
    env: { ...standIns(folder, programs), SERVICES_ROOT: folder, STACKS_ROOT: `${folder}/srv`, ...env },
    encoding: "utf8",
  });
  return { status, stderr, asked: readFileSync(`${folder}/asked`, "utf8") };
}

test("PULL=yes pulls the images before the services start; without it nothing is pulled", ({ folder }) => {
  const plain = applied(folder, "", {});
  assert.equal([plain.status, plain.asked.includes(" pull ")], [0, false]);
  const { status, asked } = applied(folder, "", { PULL: "yes" });
  assert.is(status, 0);
  assert.match(asked, /compose\.new\.yaml pull -q --ignore-pull-failures\n[^]*up -d --remove-orphans/);
  assert.ok(existsSync(`${folder}/compose.yaml`));
});

test("an image that cannot be pulled affects no other service", ({ folder }) => {
  const { status, stderr, asked } = applied(folder, 'case "$*" in *" pull "*) exit 18 ;; esac', { PULL: "yes" });
  assert.is(status, 0);
  assert.match(stderr, /not every image could be fetched/);
  assert.match(asked, /up -d/);
});

test("templates for inspect use the field names of Docker's and Podman's types", () => {
  // for a JSON name such as HostIp, Docker falls back to the JSON text, which has no Health for a
  // container without a health check, and fails; Podman has no JSON names
  for (const name of ["status-guest", "verify-guest"]) {
    const templates = readFileSync(`${root}/scripts/${name}.sh`, "utf8").match(/\{\{.*\}\}/g)!.join("\n");
    assert.equal(templates.match(/\.HostIp\b|\.Id\b|\.HostIP\b/g), [".HostIP"], name);
  }
});

test.run();
