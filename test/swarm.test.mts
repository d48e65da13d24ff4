// `cluster: swarm`: what the config accepts, the file that is deployed, and the steps of up, --recreate and destroy.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { destroy } from "../lib/cli/commands/destroy.mts";
import { logs } from "../lib/cli/commands/logs.mts";
import { plan } from "../lib/cli/commands/plan.mts";
import { up } from "../lib/cli/commands/up.mts";
import { verify } from "../lib/cli/commands/verify.mts";
import { filledService } from "../lib/compose/swarm-values.mts";
import { swarmFile } from "../lib/compose/swarm.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { schemaOf } from "../lib/config/schema.mts";
import { runChecks } from "../lib/checks/index.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { likelyCauses } from "../lib/verify/failures/index.mts";
import { guestStatusOf } from "../lib/verify/guest-status.mts";
import { swarmFindings } from "../lib/verify/swarm-layers.mts";
import { swarmLines } from "../lib/verify/swarm-status.mts";
import { savedHost } from "./hosts.mts";
import { World } from "./world.mts";

const test = suite("cluster: swarm");
const machines = (...more: string[]) =>
  `machines:\n  - {name: a, box: lab/y, cpus: 2, memory: 1024${more[0] ?? ""}}\n` +
  `  - {name: b, box: lab/y, cpus: 2, memory: 1024${more[1] ?? ""}}\n`;
const config = `cluster: swarm\n${machines()}services:\n  web: {image: x/web, ports: ["8080:80"]}\n` +
  "  own: {image: x/own, machine: b}\n";
const wrong = (text: string) => {
  try {
    parseConfig(text);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};
const service = (keys: string) => wrong(`cluster: swarm\n${machines()}services:\n  web:\n    image: x\n${keys}`);

test("a service without a machine is the Swarm's, and the first machine is the manager", () => {
  const { swarm, services } = parseConfig(config);
  assert.is(swarm?.manager, "a");
  assert.equal(swarm?.services.map(({ name }) => name), ["web"]);
  assert.equal(services.map(({ name, machine }) => [name, machine]), [["own", "b"]]);
  assert.is(
    parseConfig(config.replace("cluster: swarm\n", "").replace("{image: x/web", "{machine: a, image: x/web")).swarm,
    undefined,
  );
  assert.equal((schemaOf() as { properties: { cluster: { enum: string[] } } }).properties.cluster.enum, ["swarm"]);
  assert.match(wrong(config.replace("swarm", "swam")), /cluster must be swarm[^]*write\s+cluster: swarm/);
});

test("machines that cannot be nodes are refused, each with its line", () => {
  const of = (...more: string[]) => wrong(`cluster: swarm\n${machines(...more)}`);
  assert.is(of(), "");
  assert.match(
    of("", ", engine: podman"),
    /:4:\d+: cluster: swarm joins Docker Engines, and b has Podman[^]*engine: docker/,
  );
  assert.match(of(", provider: virtualbox"), /:3:\d+: cluster: swarm needs VMs that reach each other/);
  const runtime = ", gpu: {device_id: 2786}, driver: {default_runtime: false}";
  assert.match(of(runtime), /:3:\d+: cluster: swarm needs NVIDIA's runtime as the default runtime of a/);
  assert.match(of(", network: {lan: br0}"), /:4:\d+: the nodes of a Swarm need one network/);
  assert.is(of(", network: {lan: br0}", ", network: {lan: br0}"), "");
  assert.is(wrong(`cluster: swarm\n${machines()}stacks: [{path: ./x}]\n`), "");
  assert.is(wrong(`cluster: swarm\n${machines()}stacks: [{path: ./x, machine: b}]\n`), "");
  const hosts = "hosts: {far: {ssh: me@far}}\n";
  const apart = wrong(`cluster: swarm\n${hosts}${machines("", ", host: far")}`);
  assert.match(apart, /:4:\d+: the nodes of a Swarm on several hosts need a network card[^]*:5:\d+: the nodes/);
  assert.is(wrong(`cluster: swarm\n${hosts}${machines(", host: far", ", host: far")}`), "");
});

test("a node with an NVIDIA card has NVIDIA's runtime as the default one", () => {
  const of = (text: string) => parseConfig(text).machines.map(({ driver }) => driver.defaultRuntime);
  const cards = machines(", gpu: {device_id: 2786}", ", gpu: {vendor_id: 1002, device_id: 744c}");
  assert.equal(of(`cluster: swarm\n${cards}`), [true, undefined]);
  assert.equal(of(cards), [undefined, undefined]);
});

test("what a Swarm ignores is refused with its line and with what has the effect", () => {
  for (
    const [keys, says] of [
      [
        "    restart: always\n",
        /:8:5: service web: a Swarm ignores or refuses restart:[^]*restart_policy: {condition: any}/,
      ],
      ['    restart: "no"\n', /restart_policy: {condition: none}/],
      ["    restart: on-failure:3\n", /restart_policy: {condition: on-failure, max_attempts: 3}/],
      ["    deploy: {mode: global, replicas: 2}\n", /:8:5: service web: a Swarm refuses replicas: with mode: global/],
      [
        "    deploy: {mode: replicated-job, update_config: {order: start-first}}\n",
        /refuses update_config: with mode: repl/,
      ],
      ["    deploy: {mode: daemon}\n", /a Swarm has no mode: daemon/],
      ["    deploy: {restart_policy: {condition: always}}\n", /has no restart_policy with condition: always/],
      ['    ports: ["80:80"]\n    deploy: {endpoint_mode: dnsrr}\n', /refuses ports: with endpoint_mode: dnsrr/],
      ["    deploy: {placement: {constraints: [node.name == a]}}\n", /no node can meet the constraint node\.name == a/],
      ["    shm_size: 1g\n", /shm_size:[^]*\/dev\/shm/],
      ["    tmpfs: [/x]\n", /tmpfs:[^]*type: tmpfs/],
      ["    devices: [/dev/x]\n", /devices:[^]*machine: NAME/],
      ["    ipc: host\n", /ipc:/],
      ["    privileged: true\n", /privileged:/],
      ["    network_mode: host\n", /network_mode:/],
      ["    gpus: all\n", /gpus:[^]*gpu: 1/],
      ["    depends_on: {web: {condition: service_healthy}}\n", /:8:5: service web: a Swarm ignores the condition/],
      ['    ports: ["127.0.0.1:80:80"]\n', /publishes a port on all addresses of all nodes/],
      ["    ports: [{target: 80, published: 80, host_ip: 127.0.0.1}]\n", /publishes a port on all addresses/],
      ["    volumes: [./data:/data]\n", /\.\/data is not on the nodes/],
      ["    deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}\n", /reservations\.devices/],
      ["    deploy: {resources: {reservations: {generic_resources: []}}}\n", /generic_resources: does not work/],
      ["    build: .\n", /build cannot be used/],
      ["    gpu: 1\n", /:8:10: service web needs a GPU, and no machine of the Swarm has an NVIDIA card/],
    ] as const
  ) assert.match(service(keys), says, keys);
  const fine = '    command: "echo $$HOME"\n    depends_on: []\n    ports: ["80:80", "53:53/udp"]\n' +
    "    volumes: [data:/data, /srv/x:/x]\n    x-note: {restart: 1}\n" +
    "    deploy: {replicas: 2, mode: replicated-job, restart_policy: {condition: on-failure}}\n";
  assert.is(service(fine), "");
  // on a machine, all of them are Compose's
  assert.is(service("    machine: a\n    restart: always\n    shm_size: 1g\n"), "");
});

test("a service whose name Docker refuses with the stack's name before it has its line", () => {
  const of = (name: string) => wrong(`cluster: swarm\n${machines()}services:\n  ${name}: {image: x}\n`);
  assert.is(of("w".repeat(45)), "");
  // the time does not grow with each further letter by a factor
  assert.match(of(`${"w".repeat(60)}.b`), /has other characters than letters, digits, - and _/);
  assert.match(of("db-"), /name of service db- ends with - or _[^,]/);
  assert.match(
    of("w".repeat(46)),
    /:6:3: the name of service w+ is homelab-gpu-swarm_w+ in Docker, with 64[^]*at most 45/,
  );
  assert.match(of("web.app"), /:6:3: the name of service web\.app has other characters[^]*write\s+web-app/);
});

test("services that need each other are both in the Swarm or both on one machine", () => {
  const of = (web: string, db: string) =>
    wrong(`cluster: swarm\n${machines()}services:\n  web: {image: x, depends_on: [db]${web}}\n  db: {image: x${db}}\n`);
  assert.is(of("", ""), "");
  assert.is(of(", machine: a", ", machine: a"), "");
  assert.match(of("", ", machine: a"), /service web needs db, but only one of them runs in the Swarm[^]*machine: a/);
  assert.match(of(", machine: a", ""), /only one of them runs in the Swarm[^]*both without machine:/);
});

test("variables and env files become values, which docker stack deploy does not replace again", () => {
  const filled = filledService(
    {
      ...{ name: "s", machine: "a" },
      body: {
        image: "x:${TAG:-1}",
        command: ["sh", "-c", "echo $$HOME ${TAG}"],
        env_file: [".env"],
        environment: ["OWN", "URL=http://${HOST}/", "NONE"],
        deploy: { replicas: "${COUNT}" },
      },
    },
    { TAG: "2", HOST: "h", COUNT: "3", OWN: "a$b" },
    ["FILE=f\nURL=no\n"],
  );
  assert.equal(filled.service.body, {
    image: "x:2",
    command: ["sh", "-c", "echo $$HOME 2"],
    deploy: { replicas: 3 },
    environment: { FILE: "f", URL: "http://h/", OWN: "a$$b" },
  });
  assert.equal(filled.missing, [{ name: "NONE" }]);
  assert.ok(filled.filled);
  const plain = filledService({ name: "s", machine: "a", body: { image: "x", command: "echo $$A" } }, {}, []);
  assert.equal(plain.service.body, { image: "x", command: "echo $$A" });
  assert.not.ok(plain.filled);
});

test("values from .env are in a file that only its owner reads, and plan does not show them", async () => {
  const world = new World(config.replace("image: x/web,", "image: x/web, environment: [TOKEN],"), "vm-without-gpu");
  const without = await world.runCommand(up, world.context([])).then(() => "", (error: Error) => error.message);
  assert.match(without, /:6:3: service web: TOKEN has no value: neither \.env nor the environment/);
  world.disk.set(`${process.cwd()}/.env`, "TOKEN=hidden\n");
  world.output = [];
  assert.is(await world.runCommand(plan, world.context([], { verbose: true })), 0, world.output.join(""));
  assert.match(world.output.join(""), /compose\/swarm\.yaml/);
  assert.not.match(world.output.join(""), /hidden/);
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(world.disk.get(`${world.folder}/compose/swarm.yaml`)!, /TOKEN: hidden/);
});

test("gpu: is a constraint on a label, beside the user's own, and chooses cards", () => {
  const file = (gpu: number | "all", body = {}) =>
    swarmFile([{ name: "g", machine: "a", gpu, body: { image: "x", ...body } }]);
  assert.match(file(1), /constraints:\n\s+- node\.labels\.homelab-gpu\.gpu-1==yes\n/);
  assert.match(file(2), /NVIDIA_VISIBLE_DEVICES: 0,1\n[^]*gpu-2==yes/);
  assert.match(file("all"), /NVIDIA_VISIBLE_DEVICES: all\n[^]*gpu-1==yes/);
  const own = file(1, {
    environment: ["NVIDIA_VISIBLE_DEVICES=1", "A=b"],
    deploy: { replicas: 2, placement: { constraints: ["node.hostname==a"] } },
  });
  assert.match(own, /NVIDIA_VISIBLE_DEVICES: "?1"?\n/);
  assert.match(own, /replicas: 2\n[^]*- node\.hostname==a\n\s+- node\.labels/);
  assert.not.match(
    swarmFile([{ name: "w", machine: "a", body: { image: "x", depends_on: ["g"] } }]),
    /depends_on|NVIDIA/,
  );
  assert.match(swarmFile([]), /^services: \{\}$/m);
});

const swarmCalls = (world: World) =>
  world.operations.filter((one) => one.startsWith("start ")).map((one) => one.slice(6))
    .filter((one) => /swarm|remove-vm|-- (start|leave)$/.test(one))
    .map((one) => one.replace(/^ssh -F \S+ (\S+) /, "$1: "));
const state = (world: World) => JSON.parse(world.disk.get(`${world.folder}/state.json`)!);

test("up joins, labels and deploys; a second up does nothing; a changed service is deployed", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(swarmCalls(world), [
    "a: sudo sh -s -- start",
    "sh scripts/join-swarm.sh join a b",
    "sh scripts/join-swarm.sh label a a b",
    "a: sudo mkdir -p /opt/homelab-gpu && sudo sh -c 'umask 077 && cat >/opt/homelab-gpu/swarm.new.yaml'",
    "a: sudo sh -s -- homelab-gpu-swarm 180",
  ]);
  assert.equal(state(world).swarm.nodes, ["a", "b"]);
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.match(world.output.join(""), /nothing to do/);
  assert.equal(swarmCalls(world), []);
  world.config = config.replace("x/web", "x/web:2");
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.is(swarmCalls(world).at(-1), "a: sudo sh -s -- homelab-gpu-swarm 180");
  assert.match(world.disk.get(`${world.folder}/compose/swarm.yaml`)!, /x\/web:2/);
});

test("a step of the Swarm that fails is done again by the next up", async () => {
  const world = new World(config, "vm-without-gpu");
  world.failing = "homelab-gpu-swarm 180";
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.equal(state(world).swarm, { manager: "a", nodes: ["a", "b"] });
  delete world.failing;
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.is(swarmCalls(world).length, 5);
});

test("a node leaves before its VM is removed; with the manager the others leave", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const other = world.copy();
  assert.is(await world.runCommand(destroy, world.context(["b"])), 0, world.output.join(""));
  assert.equal(swarmCalls(world).map((one) => one.split(" ").slice(0, 4).join(" ")), [
    "sh scripts/join-swarm.sh leave a",
    `sh scripts/remove-vm.sh b ${[...other.domains.keys()].at(-1)}`,
  ]);
  assert.equal(state(world).swarm, { manager: "a", nodes: ["a"] });
  assert.is(await other.runCommand(destroy, other.context(["a"])), 0, other.output.join(""));
  assert.is(swarmCalls(other)[0], "sh scripts/join-swarm.sh alone b");
  assert.is(state(other).swarm, undefined);
  assert.is(await other.runCommand(destroy, other.context([])), 0);
  assert.not.ok(swarmCalls(other).some((one) => /leave|alone/.test(one)));
});

test("--recreate drains the node first, and it joins again", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config.replace("name: b, box: lab/y", "name: b, box: lab/z");
  assert.is(await world.runCommand(up, world.context([], { recreate: true, yes: true })), 0, world.output.join(""));
  assert.match(swarmCalls(world).join("\n"), /leave a b\n[^]*remove-vm\.sh b [^]*join a b\n/);
});

test("another first machine is refused while the manager of the Swarm exists", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const [, a, b] = /(.*name: a.*\n)(.*name: b.*\n)/.exec(config)!;
  world.output = [];
  world.config = config.replace(`${a}${b}`, `${b}${a}`);
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.equal(swarmCalls(world), []);
  assert.match(world.output.join(""), /a manages the Swarm, and the config now has b as its first machine/);
  assert.match(world.output.join(""), /Write a as the first machine/);
  world.output = [];
  world.config = config.replace(a!, "");
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.match(world.output.join(""), /destroy a\b/);
  // its VM is removed, and the Swarm ended
  assert.is(await world.runCommand(destroy, world.context(["a"])), 0, world.output.join(""));
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(state(world).swarm.manager, "b");
});

test("the questions of destroy and --recreate name the Swarm that ends", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const asked = async (command: typeof up, words: string[], set = {}) => {
    const context = world.context(words, { yes: false, ...set });
    let question = "";
    context.shell.confirm = (text) => {
      question = text;
      return Promise.resolve(false);
    };
    Object.assign(context.shell, { terminal: { ...context.shell.terminal, in: true, err: true } });
    assert.is(await world.runCommand(command, context), 1, world.output.join(""));
    return question;
  };
  assert.match(
    await asked(destroy, ["a"]),
    /^Remove a .*:\n {2}ends: {2}the Swarm of a, with its services on b\nContinue\?$/,
  );
  assert.is(await asked(destroy, ["b"]), "Remove b and everything in it?");
  assert.is(await asked(destroy, []), "Remove a, b and everything in them?");
  world.config = config.replace("name: a, box: lab/y", "name: a, box: lab/z");
  assert.match(
    await asked(up, [], { recreate: true }),
    /^ {2}ends: {2}the Swarm of a, with its services; a new one starts/m,
  );
});

test("destroy that is interrupted after a node has left: the next up lets it join again", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.failing = "remove-vm.sh";
  await world.runCommand(destroy, world.context(["b"])).catch(() => {});
  delete world.failing;
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(swarmCalls(world).join("\n"), /^sh scripts\/join-swarm\.sh join a b$/m);
});

test("without cluster: the machines leave the Swarm, the manager last", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config.replace("cluster: swarm\n", "").replace("{image: x/web", "{machine: a, image: x/web");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(swarmCalls(world), ["b: sudo sh -s -- leave", "a: sudo sh -s -- leave"]);
  assert.is(state(world).swarm, undefined);
});

/** What the manager answers: a service of the config, and one of a stack without a running task. */
const answered = `homelab-gpu-status 1
engine:answers
swarm-node:a Ready Active
swarm-node:b Ready Active
swarm-service:web 1/1
swarm-service:my_app/db 0/1
swarm-task:web.1 b Running Running${" "}
swarm-task:my_app/db.1 a Ready Rejected "No such image: x/db:1"
service-log-my_app/db:cannot start
end:yes
`;

test("logs of services of the Swarm come from the manager", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(logs, world.context(["nothing"])), 2);
  assert.match(world.output.join(""), /there is no service nothing; the services are own, web/);
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.answers["ssh -F ssh/a"] = { out: answered.replace(/swarm-(node|task).*\n/g, "") };
  world.answers["ssh -F ssh/b"] = {
    out: "homelab-gpu-status 1\nengine:answers\nservice:own running 0 0 none no homelab-gpu-own-1\nend:yes\n",
  };
  const shown = async (...words: string[]) => {
    world.output = [];
    assert.is(await world.runCommand(logs, world.context(words, { dryRun: true })), 0, world.output.join(""));
    return world.output.join("");
  };
  assert.match(await shown("web"), /ssh\/a a 'sudo docker service logs --tail 200 homelab-gpu-swarm_web'/);
  assert.match(await shown("my_app"), /'sudo docker service logs --tail 200 my_app_db'/);
  const all = await shown();
  assert.match(all, /for one in homelab-gpu-swarm_web my_app_db; do docker service logs --tail 200/);
  assert.match(all, /ssh\/b b 'sudo docker logs --tail 200 homelab-gpu-own-1'/);
});

test("verify names a node that is away, and a service that does not run with its log", async () => {
  const expected = { manager: "a", services: ["web", "other"], stacks: ["my_app"], running: ["a", "b", "c"] };
  const found = swarmFindings(expected, guestStatusOf(answered)!.swarm);
  assert.equal(found.map(({ status, message }) => `${status} ${message}`), [
    "fail c is not a node of the Swarm: it gets no tasks",
    "fail other is not deployed to the Swarm",
    "pass service web: 1 running on b",
    'fail service my_app/db: 0 of 1 running: "No such image: x/db:1"',
  ]);
  assert.equal(found.at(-1)!.evidence.map(({ value }) => value), ['"No such image: x/db:1"', "cannot start"]);
  assert.match(found.at(-1)!.fix.at(-1)!.command!, /logs my_app\/db$/);
  assert.equal(swarmFindings(expected, undefined).map(({ status }) => status), ["fail"]);
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.answers["ssh -F ssh/a"] = { out: answered };
  world.output = [];
  await world.runCommand(verify, world.context([]));
  assert.match(world.output.join(""), /2 nodes, managed by a[^]*service web: 1 running on b/);
});

test("up of one node without the manager leaves the Swarm as it is", async () => {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context(["b"])), 0, world.output.join(""));
  assert.equal(swarmCalls(world), []);
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.is(swarmCalls(world).length, 5);
});

/** The findings of cluster.swarm for a config on a saved host. */
const judged = (text: string, saved = "vm-without-gpu") => {
  const host = savedHost(saved);
  return runChecks(host, resolveConfig(parseConfig(text), host), ["cluster.swarm"])
    .map(({ status, message, fix }) => [status, message, ...fix.map(({ title }) => title)].join(" | "));
};

test("cluster.swarm: VMs that reach each other, and cards that one machine has", () => {
  assert.equal(judged(config), ["pass | a and b are in one Swarm, managed by a, with 1 service"]);
  assert.equal(
    judged(config.replace("cluster: swarm\n", "").replace("{image: x/web", "{machine: a, image: x/web")),
    [],
  );
  const cards = (gpu: string) =>
    `cluster: swarm\n${machines(", gpu: {device_id: 2786}")}services: {g: {image: x, gpu: ${gpu}}}\n`;
  assert.match(
    judged(cards("2"), "rtx4070-desktop-debian12")[0]!,
    /^fail \| g asks for 2 GPUs, and no machine has more than 1/,
  );
  assert.match(judged(cards("all"), "rtx4070-desktop-debian12")[0]!, /^pass/);
  const port = (other: string) =>
    judged(config.replace("{image: x/own, machine: b}", `{image: x/own, ports: ["8080:1"]${other}}`))[0]!;
  assert.match(port(", machine: b"), /^fail \| web publishes 8080\/tcp on all nodes, and so does own on b/);
  assert.match(port(""), /^fail \| web publishes 8080\/tcp on all nodes, and so does own \|/);
  const ports = (one: string, other: string) =>
    judged(
      `cluster: swarm\n${machines()}services: {web: {image: x, ports: [${one}]}, own: {image: x, ports: [${other}]}}\n`,
    )[0]!;
  assert.match(ports('"1000-65000:1000-65000/udp"', '"64000-65535:1-1536/udp"'), /^fail \| web publishes 64000\/udp/);
  assert.match(ports('"1000-65000:1000-65000/udp"', '"2000:1"'), /^pass/);
  // only the nodes that run such a service publish its port
  assert.match(ports('"80:80"', "{target: 80, published: 80, mode: host}"), /^pass/);
  const job = (image: string) =>
    judged(
      `cluster: swarm\n${
        machines(`, image: ${image}`, `, image: ${image}`)
      }services: {j: {image: x, deploy: {mode: replicated-job}}}\n`,
    )[0]!;
  assert.match(
    job("debian-12"),
    /^fail \| j has mode: replicated-job, which docker stack deploy knows since Docker 23/,
  );
  assert.match(job("debian-13"), /^pass/);
  const where = (one: string) =>
    judged(
      `cluster: swarm\n${machines()}services: {j: {image: x, deploy: {placement: {constraints: [${one}]}}}}\n`,
    )[0]!;
  assert.match(where("node.hostname==c"), /^fail \| j has the constraint node\.hostname==c, which no machine meets/);
  assert.match(where("node.hostname==b"), /^pass/);
  // the provider of a Windows host
  assert.match(judged(config, "windows-11-home")[0]!, /^fail \| a and b cannot be in a Swarm/);
});

const answer = (lines: string) => guestStatusOf(`homelab-gpu-status 1\nengine:answers\n${lines}end:yes\n`)?.swarm;

test("status: nodes, services, what moved, and why a task does not run", () => {
  assert.is(answer(""), undefined);
  const down = answer(`swarm-node:a Ready Active
swarm-node:b Down Active
swarm-node:c Ready Drain
swarm-service:web 2/2
swarm-service:gpu 0/1
swarm-service:once 0/1 (1/1 completed)
swarm-task:web.1 a Running Running${" "}
swarm-task:web.1 b Shutdown Running${" "}
swarm-task:web.2 a Running Running${" "}
swarm-task:web.2 c Shutdown Rejected "no such image"
swarm-task:gpu.1 - Running Pending "no suitable node (scheduling constraints not satisfied on 1 node)"
`);
  assert.equal(down?.nodes.map(({ state }) => state), ["ready", "down", "drained"]);
  assert.equal(swarmLines(down!), [
    "Swarm: a ready, b down, c drained",
    "  web: 2 running on a, moved from b (down)",
    '  gpu: 0 of 1 running, "no suitable node (scheduling constraints not satisfied on 1 node)"',
    "  once: 1 completed",
  ]);
  // an update on the same nodes is no move
  const updated = answer(`swarm-node:a Ready Active
swarm-node:b Ready Active
swarm-service:web 1/1
swarm-task:web.1 a Running Running${" "}
swarm-task:web.1 b Shutdown Shutdown${" "}
`);
  assert.equal(updated?.services[0]?.movedFrom, []);
});

test("a service that ends on purpose: completed is success, another exit code is not", () => {
  const ended = answer(`swarm-node:a Ready Active
swarm-service:migrate 0/1
swarm-service:backup 1/2
swarm-service:each 0/0
swarm-service:job 0/1 (0/1 completed)
swarm-service:runs 1/1 (0/1 completed)
swarm-service:stopped 0/1
swarm-ends:migrate
swarm-ends:backup
swarm-ends:each
swarm-task:migrate.1 a Shutdown Complete${" "}
swarm-task:migrate.1 a Shutdown Failed "task: non-zero exit (1)"
swarm-task:backup.1 a Running Running${" "}
swarm-task:backup.2 a Shutdown Complete${" "}
swarm-task:each.x1 a Shutdown Failed "task: non-zero exit (2)"
swarm-task:job.1 a Shutdown Failed "task: non-zero exit (3)"
swarm-task:runs.1 a Complete Running${" "}
swarm-task:stopped.1 a Shutdown Complete${" "}
service-log-each:no such table
`)!;
  assert.equal(swarmLines(ended), [
    "Swarm: a ready",
    "  migrate: 1 completed",
    "  backup: 1 running, 1 completed on a",
    '  each: 1 failed, "task: non-zero exit (2)"',
    '  job: 1 failed, "task: non-zero exit (3)"',
    "  runs: 1 running on a",
    "  stopped: 0 of 1 running",
  ]);
  const services = ended.services.map(({ name }) => name);
  const findings = swarmFindings({ manager: "a", services, stacks: [], running: ["a"] }, ended).slice(1);
  assert.equal(findings.map(({ status }) => status), ["pass", "pass", "fail", "fail", "pass", "fail"]);
  assert.ok(findings[2]!.evidence.some(({ value }) => value === "no such table"));
});

test("explain: errors of a Swarm", () => {
  for (
    const [text, says] of [
      ['Error response from daemon: This node is not a swarm manager. Use "docker swarm init"', /for the manager/],
      ["no suitable node (scheduling constraints not satisfied on 2 nodes)", /meets the constraints/],
      ["no suitable node (insufficient resources on 1 node)", /lacks what the service reserves/],
      [
        "Error response from daemon: could not choose an IP address to advertise since this system has multiple " +
        "addresses on interface eth0 (10.66.0.2 and 10.67.0.2) - specify one with --advertise-addr",
        /which address/,
      ],
      [
        "Error response from daemon: rpc error: code = InvalidArgument desc = A valid join token is necessary to join " +
        "this cluster",
        /the token is not one of this Swarm/,
      ],
      [
        'Error response from daemon: rpc error: code = Unavailable desc = connection error: desc = "transport: Error ' +
        'while dialing dial tcp 10.66.0.2:2377: connect: connection refused"',
        /do not reach each other/,
      ],
      ["Error response from daemon: Timeout was reached before node joined.", /do not reach each other/],
      ["Error response from daemon: rpc error: code = DeadlineExceeded desc = context deadline exceeded", /in time/],
      ["Error response from daemon: This node is already part of a swarm. Use", /in a Swarm already/],
      [
        "failed to update secret s_word: Error response from daemon: rpc error: code = InvalidArgument desc = only updates " +
        "to Labels are allowed",
        /^a secret or a config of the Swarm cannot change/,
      ],
      ["services.web.ports.0.published must be a integer", /^docker stack deploy reads an older Compose format/m],
      [
        'network "proxy" is declared as external, but could not be found. You need to create a swarm-scoped network',
        /^the network is not one of the Swarm/,
      ],
      [
        "failed to create service s_web: Error response from daemon: The network s_front cannot be used with services. " +
        "Only networks scoped to the swarm can be used",
        /^the network is not one of the Swarm/m,
      ],
      ["invalid image reference for service web: no image specified", /^docker stack deploy builds no image/],
      ["Ignoring unsupported options: devices, restart", /^docker stack deploy starts the services without these keys/],
    ] as const
  ) assert.match(likelyCauses(text).map(({ message }) => message).join("\n"), says, text);
});

test.run();
