// Commands for a running lab: status of machines, logs, ssh-config, up --pull.
import { Ajv } from "ajv";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chosenContainers, logCommand, type Logged, logs } from "../lib/cli/commands/logs.mts";
import { sshConfig } from "../lib/cli/commands/ssh-config.mts";
import { plan } from "../lib/cli/commands/plan.mts";
import { down } from "../lib/cli/commands/down.mts";
import { status } from "../lib/cli/commands/status.mts";
import { up } from "../lib/cli/commands/up.mts";
import { main } from "../lib/cli/main.mts";
import { UserError } from "../lib/errors.mts";
import { diskLine, gpuLine, guestStatusOf } from "../lib/verify/guest-status.mts";
import { own } from "./fake.mts";
import { World } from "./world.mts";

const test = suite("day two");

const answer = (lines: string) => `homelab-gpu-status 1\n${lines}end:yes\n`;
const gpus = (...lines: string[]) => guestStatusOf(answer(lines.map((line) => `${line}\n`).join("")))!.gpus;

test("a guest's answer counts only if it is complete", () => {
  assert.ok(guestStatusOf(answer("")));
  assert.is(guestStatusOf("homelab-gpu-status 1\nengine:answers\n"), undefined, "cut off");
  assert.is(guestStatusOf("motd\nhomelab-gpu-status 1\nend:yes\n"), undefined);
  assert.is(guestStatusOf(""), undefined);
});

test("NVIDIA: the values of nvidia-smi are read; missing values are left out", () => {
  assert.equal(gpus("gpu-nvidia:00000000:06:00.0, NVIDIA GeForce RTX 4070, 37, 5120, 12282, 54, 120.52, 200.00"), [{
    name: "NVIDIA GeForce RTX 4070",
    address: "0000:06:00.0",
    busyPercent: 37,
    memoryUsedMiB: 5120,
    memoryTotalMiB: 12282,
    temperatureC: 54,
    powerW: 120.52,
    powerLimitW: 200,
  }]);
  const [bare] = gpus("gpu-nvidia:00010000:0A:00.0, GRID, A16-4Q, [N/A], 12, 4096, [Not Supported], [N/A], [N/A]");
  assert.equal(bare, { name: "GRID, A16-4Q", address: "00010000:0a:00.0", memoryUsedMiB: 12, memoryTotalMiB: 4096 });
  assert.equal(gpus("gpu-nvidia:no devices were found", "gpu-nvidia:a, b"), []);
});

test("AMD and Intel: bytes, thousandths of a degree and millionths of a watt are converted", () => {
  assert.equal(
    gpus(
      "gpu-sysfs:0000:06:00.0 driver=amdgpu id_vendor=0x1002 id_device=0x744c busy=5 vram_used=1073741824 " +
        "vram_total=25753026560 temperature=48000 power=31000000 power_limit=303000000",
      "gpu-sysfs:0000:07:00.0 driver=xe id_vendor=0x8086 id_device=0x56a0 clock=600 temperature=none",
    ),
    [{
      name: "AMD card 1002:744c",
      address: "0000:06:00.0",
      busyPercent: 5,
      memoryUsedMiB: 1024,
      memoryTotalMiB: 24560,
      temperatureC: 48,
      powerW: 31,
      powerLimitW: 303,
    }, { name: "Intel card 8086:56a0", address: "0000:07:00.0", clockMHz: 600 }],
  );
});

test("a card and a file system are one line each, with the known values", () => {
  assert.is(
    gpuLine({
      name: "X",
      address: "a",
      busyPercent: 3,
      memoryUsedMiB: 512,
      memoryTotalMiB: 23034,
      temperatureC: 41,
      powerW: 16.3,
      powerLimitW: 72,
    }),
    "X: 3 % busy, 512 of 23034 MiB, 41 °C, 16 of 72 W",
  );
  assert.is(gpuLine({ name: "X", address: "a" }), "X");
  assert.is(gpuLine({ name: "X", address: "a", powerW: 9.6 }), "X: 10 W");
  assert.is(diskLine({ mount: "/", sizeMiB: 65536, usedMiB: 3277 }), "/: 3.2 of 64 GiB used");
});

const config = `machines:
  - {name: a, box: lab/x, cpus: 2, memory: 1024}
  - {name: b, box: lab/y, cpus: 2, memory: 1024}
services:
  web: {image: x/web, machine: a}
`;
const containers = `service:web running 0 0 healthy always homelab-gpu-web-1
port:web 0.0.0.0 8080 80/tcp
service:immich/db running 0 0 none always immich-db-1
service:immich/server exited 3 0 none no immich-server-1
engine:answers
`;
const busy = "gpu-nvidia:00000000:06:00.0, NVIDIA L4, 3, 512, 23034, 41, 16.32, 72.00\ndisk:/ 67108864 3355443\n";

/** A lab whose machine `a` gives this answer. */
async function lab(lines: string): Promise<World> {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.answers["ssh -F ssh/a"] = { out: answer(lines) };
  [world.output, world.calls] = [[], []];
  return world;
}

test("status shows services with health and URLs, the card and the disk as they are now", async () => {
  const world = await lab(containers + busy);
  assert.is(await world.runCommand(status, world.context([])), 0);
  const said = world.output.join("");
  assert.match(said, /^ {2}web {12}running \(healthy\) {3}http:\/\/192\.168\.121\.5:8080$/m);
  assert.match(said, /^ {2}immich\/server {2}exited with code 3$/m);
  assert.match(said, /^ {2}NVIDIA L4: 3 % busy, 512 of 23034 MiB, 41 °C, 16 of 72 W$/m);
  assert.match(said, /^ {2}\/: 3\.2 of 64 GiB used$/m);
  assert.match(said, /^b: running .*\n {2}it does not answer over SSH/m, "the other one");
});

test("a machine that the config no longer has is found by its name, even if a service has that name now", async () => {
  const world = await lab(containers);
  world.config =
    `machines:\n  - {name: a, box: lab/x, cpus: 2, memory: 1024}\nservices:\n  b: {image: x/web, machine: a}\n`;
  assert.is(await world.runCommand(status, world.context(["b"])), 0, world.output.join(""));
  assert.match(world.output.join(""), /^b: running/m);
  assert.is(await world.runCommand(down, world.context(["b"])), 0, world.output.join(""));
  assert.equal([...world.domains].filter(([, number]) => number).map(([name]) => name.replace(/.*_/, "")), ["a"]);
});

test("status of a machine that does not answer shows its services as last proven", async () => {
  const world = await lab("");
  world.answers["ssh -F ssh/a"] = { code: 255, err: "No route to host" };
  assert.is(await world.runCommand(status, world.context([])), 0);
  assert.match(world.output.join(""), /^a: running .*\n {2}web {2}running\n {2}it does not answer over SSH: /m);
});

test("status logs in to each machine once, and before libvirt has said which of them run", async () => {
  const world = await lab(containers);
  await world.runCommand(status, world.context([]));
  const kinds = world.calls.filter((call) => /^(ssh|virsh)/.test(call)).map((call) => call.split(" ")[0]);
  assert.equal(kinds, ["ssh", "ssh", "virsh"]);
  world.calls = [];
  await world.runCommand(status, world.context(["a"]));
  assert.equal(world.calls.filter((call) => call.startsWith("ssh ")).length, 1, "a machine that was not named");
  assert.not.match(world.calls.join("\n"), /^(vagrant|packer)/m);
});

test("status takes no answer from the last address of a machine that is off", async () => {
  const world = await lab(containers + busy);
  for (const domain of world.domains.keys()) world.domains.set(domain, undefined);
  assert.is(await world.runCommand(status, world.context([])), 0);
  assert.match(world.output.join(""), /^a: off · box version \S+$/m);
  assert.not.match(world.output.join(""), /: running|NVIDIA L4/);
});

test("status --json: unknown values are null, and the output matches its schema", async () => {
  const world = await lab(containers + busy);
  assert.is(await world.runCommand(status, world.context([], { json: true })), 0);
  const shown: unknown = JSON.parse(world.output.find((one) => one.startsWith("{"))!);
  const fits = new Ajv({ strict: false }).compile(JSON.parse(own("templates/status.schema.json")));
  assert.ok(fits(shown), JSON.stringify(fits.errors));
  // deno-lint-ignore no-explicit-any
  const [a, b] = (shown as any).machines;
  assert.equal([a.answers, a.gpus[0].powerW, a.gpus[0].clockMHz, a.disks], [
    true,
    16.32,
    null,
    [{ mount: "/", sizeMiB: 65536, usedMiB: 3277 }],
  ]);
  assert.equal(
    a.services.map((one: { name: string; health: string; urls: string[] }) => [one.name, one.health, one.urls]),
    [
      ["web", "healthy", ["http://192.168.121.5:8080"]],
      ["immich/db", null, []],
      ["immich/server", null, []],
    ],
  );
  assert.equal([b.answers, b.gpus, b.disks], [false, [], []]);
});

const all: Logged[] = [
  { machine: "a", service: "web", container: "homelab-gpu-web-1" },
  { machine: "a", service: "immich/db", container: "immich-db-1" },
  { machine: "a", service: "immich/server", container: "immich-server-1" },
  { machine: "b", service: "paperless/db", container: "paperless-db-1" },
  { machine: "b", service: "paperless/web", container: "paperless-web-1" },
  { machine: "b", service: "n8n/n8n", container: "n8n-n8n-1" },
];
const chosen = (...words: string[]) => chosenContainers(all, words).map(({ container }) => container);
const refused = (...words: string[]) => {
  try {
    return chosen(...words).join();
  } catch (error) {
    assert.instance(error, UserError);
    return (error as UserError).message;
  }
};

test("logs: names a service of the config, of a stack, a stack, or all", () => {
  assert.equal(chosen("web"), ["homelab-gpu-web-1"], "the config's own comes first");
  assert.equal(chosen("paperless/web", "server"), ["paperless-web-1", "immich-server-1"]);
  assert.equal(chosen("immich"), ["immich-db-1", "immich-server-1"]);
  assert.equal(chosen("immich/", "immich/db"), ["immich-db-1", "immich-server-1"], "each once");
  assert.is(chosen().length, all.length);
});

test("logs: an ambiguous service name is refused with the candidates", () => {
  assert.is(refused("db"), "db matches 2 names: logs immich/db or logs paperless/db");
  assert.is(refused("n8n"), "n8n matches 2 names: logs n8n/n8n or logs n8n/");
  assert.is(refused("n8n/n8n"), "n8n-n8n-1");
});

test("logs: an unknown name gets a suggestion", () => {
  assert.match(refused("sever"), /no service sever: did you mean server\?/);
  assert.match(refused("foo"), /no service foo; the services are immich\/db, /);
});

test("logs: one container is printed unchanged, several with their names, by the engine", () => {
  assert.is(logCommand("docker", ["w-1"], ["--tail", "9", "-f"]), "sudo docker logs --tail 9 -f w-1");
  assert.is(
    logCommand("podman", ["w-1", "d-1"], ["--tail", "all"]),
    `sudo sh -c 'for one; do podman logs --tail all "$one" 2>&1 | sed -u "s/^/$one | /"; done; wait' logs w-1 d-1`,
  );
  assert.match(logCommand("docker", ["w-1", "d-1"], ["-f"]), /\/" & done; wait' logs w-1 d-1$/);
});

test("logs -n shows the command, and asks the machine for its containers", async () => {
  const world = await lab(containers);
  assert.is(
    await world.runCommand(logs, world.context(["db"], { dryRun: true, follow: true })),
    0,
    world.output.join(""),
  );
  assert.match(world.output.join(""), /\$ ssh -F ssh\/a a 'sudo docker logs --tail 200 -f immich-db-1'/);
});

test("logs: a wrong --tail, unreachable machines and no container are one-line errors", async () => {
  const world = await lab(containers);
  const run = async (words: string[]) => {
    world.output = [];
    return [await main(words, world.context([]).shell), world.output.join("")] as const;
  };
  assert.match((await run(["logs", "web", "--tail", "many"])).join(), /^2,.*--tail needs a number of lines or all/s);
  world.answers["ssh -F ssh/a"] = { out: answer("engine:answers\n") };
  assert.match((await run(["logs"])).join(), /^1,.*no service has a container yet/s);
  delete world.answers["ssh -F ssh/a"];
  assert.match((await run(["logs"])).join(), /^1,.*no machine answered/s);
});

test("logs -f of services in two machines is refused with the commands to use", async () => {
  const world = await lab(containers);
  world.answers["ssh -F ssh/b"] = {
    out: answer("service:api running 0 0 none no homelab-gpu-api-1\nengine:answers\n"),
  };
  assert.is(await world.runCommand(logs, world.context([], { follow: true, dryRun: true })), 2);
  assert.match(world.output.join(""), /in a and b: name one, for example .*logs -f web/);
  assert.is(await world.runCommand(logs, world.context([], { dryRun: true })), 0, "one after the other");
});

test("ssh-config prints Vagrant's configuration with the machine's current address", async () => {
  const world = await lab("");
  assert.is(await world.runCommand(sshConfig, world.context(["b"])), 0);
  assert.is(world.output.join(""), "Host b\n  HostName 192.168.121.5\n");
  world.output = [];
  world.domains.set([...world.domains.keys()].find((name) => name.endsWith("_b"))!, undefined);
  assert.is(await world.runCommand(sshConfig, world.context([])), 0);
  assert.is(world.output.join(""), "Host a\n  HostName 192.168.121.5\n", "only those that run");
  assert.is(await world.runCommand(sshConfig, world.context(["b"])), 1);
  assert.match(world.output.at(-1)!, /b is not running \(off\)/);
});

test("up --pull applies and proves the services of a proven machine with newer images", async () => {
  const world = await lab("");
  assert.is(
    await world.runCommand(plan, world.context(["a"], { pull: true, verbose: true })),
    0,
    world.output.join(""),
  );
  assert.match(world.output.join(""), /Pull newer images and start the services of a\n.*sudo env PULL=yes sh -s/);
  assert.is(await world.runCommand(up, world.context(["a"], { pull: true })), 0, world.output.join(""));
  const steps = world.calls.filter((words) => words.startsWith("ssh "));
  assert.ok(steps.some((words) => words.includes("env PULL=yes sh -s")), steps.join("\n"));
  assert.match(steps.at(-1)!, /sudo sh -s -- \d+ web/);
  world.calls = [];
  assert.is(await world.runCommand(up, world.context(["a"])), 0);
  assert.not.ok(world.calls.some((words) => words.startsWith("ssh ")), "nothing to do without it");
});

test.run();
