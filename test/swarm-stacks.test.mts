// Stacks without `machine:` in a Swarm: what the config and the checks refuse, what is copied, and the steps of up.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { doctor } from "../lib/cli/commands/doctor.mts";
import { up } from "../lib/cli/commands/up.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { cardsNeeded, swarmOverride } from "../lib/compose/swarm-override.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseState } from "../lib/host/state.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { shellWord } from "../lib/render.mts";
import { fakeShell, golden } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import { World } from "./world.mts";

const test = suite("stacks in a Swarm");
const machines = "machines:\n  - {name: a, box: lab/y, cpus: 2, memory: 1024, gpu: {device_id: 2786}}\n" +
  "  - {name: b, box: lab/y, cpus: 2, memory: 1024}\n";
const host = savedHost("rtx4070-desktop-debian12");

/** The findings about a stack in a Swarm, as `status PLACE message -> fix`. `others`: stacks after it, by name. */
async function findings(
  text: string,
  more: Parameters<typeof found>[1] = {},
) {
  return (await found(text, more)).map(({ status, message, evidence, fix }) =>
    `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`
  );
}

async function found(
  text: string,
  { only = false, files = {} as Record<string, string>, others = {} as Record<string, string> } = {},
) {
  const disk = { "compose.yaml": text, ...files };
  const shell =
    fakeShell(Object.fromEntries(Object.entries(disk).map(([path, text]) => [`/lab/p/${path}`, text]))).shell;
  const config = parseConfig(`cluster: swarm\n${only ? machines.replace(/ {2}- \{name: b.*\n/, "") : machines}`);
  const plain = resolveConfig(config, host);
  const copied = Object.keys(disk);
  const read = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [], copied }, undefined);
  const project = { ...read, inSwarm: plain.machines.map(({ name }) => name) };
  const rest = await Promise.all(
    Object.entries(others).map(async ([name, text]) => {
      const { shell } = fakeShell({ [`/lab/${name}/compose.yaml`]: text });
      const request = { name, machine: "a", folder: `/lab/${name}`, profiles: [], copied: ["compose.yaml"] };
      return { ...await readProject(shell, request, undefined), inSwarm: project.inSwarm };
    }),
  );
  const all = runChecks(host, { ...plain, swarm: { ...plain.swarm!, projects: [project, ...rest] } }, [
    "services.compose",
    "cluster.swarm",
  ]);
  return all.filter(({ status }) => status === "fail" || status === "warn");
}

test("what a Swarm ignores or refuses has its line, and what to write instead", async () => {
  const text = `name: p
services:
  web:
    image: x/web
    build: .
    restart: unless-stopped
    container_name: web
    shm_size: 1g
    ipc: host
    privileged: true
    devices: [/dev/ttyUSB0]
    security_opt: [no-new-privileges:true]
    tmpfs: [/tmp]
    links: [db]
    mem_limit: 1g
    runtime: sysbox
    ports: ["127.0.0.1:80:80", {target: 81, published: "81-85"}]
    depends_on:
      db: {condition: service_healthy}
    networks:
      front: {ipv4_address: 172.30.0.5}
    volumes: ["./site:/site", "data:/data", {type: image, source: x, target: /y}]
    secrets: [word]
    configs: [one]
  db:
    image: x/db
    restart: always
    network_mode: host
    env_file: [db.env]
    volumes: ["./site/a:/a"]
networks:
  front: {driver: bridge, enable_ipv6: true, ipam: {config: [{subnet: 172.30.0.0/24, gateway: 172.30.0.1}]}}
volumes:
  data:
secrets:
  word: {environment: WORD}
configs:
  one: {content: a}
`;
  const files = { "db.env": "A=b\n", Dockerfile: "FROM x\n", "site/a": "", ".env": "WORD=x\n" };
  golden("swarm-stacks.txt", `${(await findings(text, { files })).join("\n")}\n`);
});

test("a project that a Swarm runs as it is has no finding", async () => {
  const fine = `services:
  web:
    image: x/web
    profiles: []
    ports: ["8080:80", {target: 81, published: "81", mode: host}]
    depends_on: {db: {condition: service_started}}
    environment: {A: b}
    extra_hosts: ["host.docker.internal:host-gateway"]
    secrets: [word]
    platform: linux/amd64
    develop: {watch: []}
    deploy: {replicas: 2, placement: {constraints: [node.platform.os==linux]}, labels: {a: b}}
  db:
    image: x/db
    volumes: ["data:/data", "./init:/init:ro", /etc/localtime:/etc/localtime]
    deploy: {placement: {constraints: ["node.role == manager"]}}
  llm:
    image: x/llm
    deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}
volumes: {data: }
secrets: {word: {file: ./word}}
`;
  assert.equal(await findings(fine, { files: { word: "x", "init/a": "" } }), []);
});

test("a node with everything has the project's folder, and its volumes do not move", async () => {
  const text = 'services: {db: {image: x, volumes: ["./a:/a", "data:/d"]}}\nvolumes: {data: }\n';
  const files = { "a/x": "" };
  assert.equal(await findings(text, { files, only: true }), []);
  const two = await findings(text, { files });
  assert.match(two.join("\n"), /^fail p\/compose\.yaml:1 p: db mounts a, which only a gets/m);
  assert.match(two.join("\n"), /^warn p\/compose\.yaml:1 p: db has the volume data, of which each node has its own/m);
});

test("cards: more than one machine has, another vendor's, and ports that two projects publish", async () => {
  const gpu = (keys: string) => findings(`services:\n  g:\n    image: x\n    ${keys}\n`);
  assert.match(
    (await gpu("gpus: [{count: 2}]"))[0]!,
    /^fail p\/compose\.yaml:4 p\/g asks for 2 GPUs, and no machine has more than 1/,
  );
  assert.match(
    (await gpu("devices: [/dev/dri:/dev/dri]"))[0]!,
    /^fail p\/compose\.yaml:4 p: g asks for a card that is not/,
  );
  assert.equal(await gpu("runtime: nvidia"), []);
  assert.equal(await gpu('devices: ["nvidia.com/gpu=0"]'), []);
  assert.match(
    (await findings('services: {a: {image: x, ports: ["80:1"]}, b: {image: x, ports: ["80:2"]}}\n'))[0]!,
    /p\/a publishes 80\/tcp on all nodes, and so does p\/b/,
  );
});

test("names that Docker refuses with the stack's name before them have their line, and what to write", async () => {
  const [long, net] = ["n".repeat(62), "t".repeat(62)];
  const text = `services:
  web.app: {image: x, networks: [front, ${net}, plain]}
  db-: {image: x, secrets: [word, gone]}
  ${long}: {image: x}
  ${long.slice(1)}: {image: x}
networks:
  front: {name: my net}
  ${net}:
  plain: {name: "a.b", external: true}
secrets:
  word: {file: word, name: _word}
  gone: {external: true, name: "a b"}
`;
  const found = (await findings(text, { files: { word: "x" } })).filter((line) =>
    / name of the (?!external)/.test(line)
  );
  assert.equal(found.map((line) => line.replaceAll(long, "LONG").replaceAll(net, "NET")), [
    "fail p/compose.yaml:2 p: the name of the service web.app has other characters than letters, digits, - and _ -> " +
    "Write web-app for it, also where others refer to it",
    "fail p/compose.yaml:3 p: the name of the service db- ends with - or _ -> Write db for it, also where others refer to it",
    "fail p/compose.yaml:4 p: the name of the service LONG is p_LONG in Docker, with 64 characters, and 63 are allowed " +
    "-> Write a name with at most 61 characters, or a shorter name: for the stack p",
    "fail p/compose.yaml:7 p: the name of the network my net has other characters than letters, digits, - and _ -> Write name: my-net below the network front",
    "fail p/compose.yaml:8 p: the name of the network NET is p_NET in Docker, with 64 characters, and 63 are allowed " +
    "-> Write name: and a shorter name below the network NET",
    "fail p/compose.yaml:11 p: the name of the secret _word has other characters than letters, digits, -, _ and ., or " +
    "begins or ends with one of the last three -> Write another name for the secret",
  ]);
});

test("services that need the same label of a node have one finding", async () => {
  const one = "{image: x, deploy: {placement: {constraints: [node.labels.Disk == ssd]}}}";
  const found = await findings(`services:\n  a: ${one}\n  b: ${one}\n`);
  assert.equal(found.map((line) => line.replace(/ -> .*/, "")), [
    "warn p/compose.yaml:2 p: a and b run only on a node with the label Disk=ssd, which up does not set",
  ]);
});

test("names of entries in a Swarm: too long, not of letters alone, and those that YAML reads as another type", async () => {
  const net = "t".repeat(70);
  const text = `services:
  a: {image: x, networks: [long, own, "2024"], secrets: [word]}
networks:
  long: {name: ${net}, external: true}
  own: {name: "1e3-"}
  "2024": {external: true}
secrets:
  word: {name: -x, external: true}
`;
  const found = (await findings(text)).join("\n").replaceAll(net, "NET");
  assert.match(
    found,
    /external network NET has 70 characters, and Docker allows 63: no network of a Swarm has it -> Write the name of a network/,
  );
  assert.match(found, /the name of the network 1e3- ends with - or _ -> Write name: "1e3" below the network own/);
  assert.match(found, /write name: "2024" and attachable: true/);
  assert.match(
    found,
    /external secret -x has other characters than .*, or begins or ends with one of the last three: no/,
  );
});

test("constraints: what no machine meets is found before it stays pending, and labels are named", async () => {
  const of = async (keys: string, more = {}) =>
    (await findings(
      `services:\n  w:\n    image: x\n    deploy:\n      placement:\n        constraints: [${keys}]\n`,
      more,
    ))
      .map((line) => line.replace(/ -> .*/, ""));
  for (
    const fine of [
      "node.hostname == b",
      "node.role==worker",
      "node.hostname != a",
      "node.id == xyz",
      "Node.Role == Manager",
    ]
  ) {
    assert.equal(await of(`"${fine}"`), [], fine);
  }
  const none = (
    what: string,
  ) => [`fail p/compose.yaml:6 p: w has the ${what}, which no machine meets: it would stay pending`];
  assert.equal(await of('"node.hostname == c"'), none("constraint node.hostname == c"));
  assert.equal(await of("node.role == worker", { only: true }), none("constraint node.role == worker"));
  assert.equal(await of("node.platform.arch == amd64"), none("constraint node.platform.arch == amd64"));
  assert.equal(
    await of("node.role == manager, node.hostname == b"),
    none("constraints node.role == manager and node.hostname == b"),
  );
  for (const wrong of ["node.name == a", "node.role = manager", "engine == x"]) {
    assert.match((await of(wrong)).join(), /w does not fit a Swarm: no node can meet the constraint/, wrong);
  }
  const label = await findings(
    "services:\n  w:\n    image: x\n    deploy: {placement: {constraints: [node.labels.Disk == ssd]}}\n",
  );
  assert.equal(label, [
    "warn p/compose.yaml:4 p: w runs only on a node with the label Disk=ssd, which up does not set -> " +
    "Set it once the machines are in the Swarm",
  ]);
});

test("what must be in the Swarm before a stack, and stacks in the wrong order", async () => {
  const text = `services:
  web: {image: x, networks: [proxy, host], secrets: [word], volumes: ["data:/data"]}
networks:
  proxy: {external: true}
  host: {external: true, name: host}
  unused: {external: true}
secrets:
  word: {external: true, name: word2}
volumes:
  data: {external: true}
`;
  const short = (found: string[]) => found.map((line) => line.replace(/ -> .*/, "").replace("p/compose.yaml:", ""));
  const network = "p: the network proxy is external, and";
  const word = "warn 8 p: the secret word2 is external: it must be in the Swarm before p";
  const volume =
    "warn 2 p: web has the volume data, of which each node has its own: on another node the service starts empty";
  assert.equal(short(await findings(text)), [
    volume,
    `warn 4 ${network} no stack creates it: it must be in the Swarm before p`,
    word,
  ]);
  const creator = "services: {proxy: {image: x}}\nnetworks: {default: {name: proxy, attachable: true}}\n";
  assert.equal(short(await findings(text, { others: { t: creator } })), [
    volume,
    `fail 4 ${network} t, which creates it, is deployed later`,
    word,
  ]);
  assert.equal(short(await findings(creator, { others: { t: text } })).filter((line) => /network/.test(line)), []);
});

test("names of a Compose file are one word in the commands that create them", async () => {
  const label = async (constraint: string) =>
    (await found(
      `services:\n  w:\n    image: x\n    deploy: {placement: {constraints: [${
        JSON.stringify(constraint)
      }, "node.labels.x==1", "node.labels.x == 1"]}}\n`,
    )).map(({ fix }) => fix[0]!.command?.replace(/^.* -- sudo docker /, ""));
  const add = (word: string) => `node update --label-add ${word} a`;
  const quoted = (word: string) => add(shellWord(shellWord(word)));
  assert.equal(await label("node.labels.x==$$(reboot)"), [quoted("x=$(reboot)"), add("x=1")]);
  assert.equal(await label("node.labels.disk==a|reboot"), [quoted("disk=a|reboot"), add("x=1")]);
  assert.equal(await label("node.labels.disk == fast ssd"), [quoted("disk=fast ssd"), add("x=1")]);
  assert.equal(await label("node.labels.disk == fast\nssd"), [undefined, add("x=1")]);
  const names = ["a; reboot", "a`reboot`", "$$(reboot)", "a\nb"];
  const entries = names.map((name, i) => `  n${i}: {external: true, name: ${JSON.stringify(name)}}\n`).join("");
  const text = "services:\n  w: {image: x, networks: [n0, n1, n2, n3], secrets: [n0, n1, n2, n3]}\n" +
    `networks:\n${entries}secrets:\n${entries}`;
  const refused = (await found(text)).filter(({ message }) => message.includes(" external "));
  // a name with a dollar sign may be a variable, and has no finding
  assert.is(refused.length, 6);
  assert.ok(refused.every(({ message, fix }) => !/\n/.test(message) && !/reboot|ssh/.test(fix[0]!.title)));
});

test("a line break in a name is an escape in messages and fixes", async () => {
  const all = await found(
    'services:\n  w: {image: x, container_name: "a\\nb", networks: {"n\\nm": {}}, user: "a\\nb"}\n',
  );
  assert.ok(all.length > 0);
  assert.ok(all.every(({ message, fix }) => !/\n/.test(message + fix.map(({ title }) => title).join(""))));
});

test("the line of an external entry is that of its section", async () => {
  const text = `services:
  my-proxy:
    image: x
    environment: {DB_token: x}
    networks: [proxy]
    secrets: [token]
  proxy: {image: x}
networks:
  proxy:
    external: true
secrets:
  token: {external: true}
`;
  const places = (await found(text)).filter(({ message }) => message.includes(" external"));
  assert.equal(places.map(({ evidence }) => evidence[0]?.read), ["p/compose.yaml:9", "p/compose.yaml:12"]);
});

test("an external network of two stacks is one finding, and a network that no service joins is not created", async () => {
  const of = async (text: string, others: Record<string, string>) =>
    (await findings(text, { others })).filter((line) => / network /.test(line));
  const text = "services: {web: {image: x, networks: [n]}}\nnetworks: {n: {external: true, name: t_default}}\n";
  const [only, ...more] = await of(text, { q: text });
  assert.match(
    only!,
    /p: the network t_default is external, and no stack creates it: .* before p and q -> Remove exter/,
  );
  assert.match(only!, /write name: t_default and attachable: true/);
  assert.equal(more, []);
  // the default network of a stack, which no file names
  assert.match(
    (await of(text, { t: "services: {web: {image: x}}\n" })).join(),
    /t, which creates it, is deployed later/,
  );
  const unjoined = "services: {web: {image: x}}\nnetworks: {other: {name: t_default}, default: {name: u}}\n";
  assert.match((await of(text, { t: unjoined })).join(), /no stack creates it/);
});

test("volumes: those of a service on each node, or on a node with a label, do not move", async () => {
  const of = async (deploy: string) =>
    (await findings(
      `services: {web: {image: x, volumes: ["data:/data"], deploy: {${deploy}}}}\nvolumes: {data: }\n`,
    )).filter((line) => /volume/.test(line)).length;
  assert.is(await of("replicas: 1"), 1);
  assert.is(await of("mode: global"), 0);
  assert.is(await of("placement: {constraints: [node.labels.disk == ssd]}"), 0);
  assert.is(await of("placement: {constraints: [node.labels.disk != ssd]}"), 1);
  const empty = await findings('services: {web: {image: x, deploy: {placement: {constraints: ["${WHERE-}"]}}}}\n');
  assert.match(empty.join("\n"), /web does not fit a Swarm: a constraint is empty: a variable in it has no value/);
});

test("GPU requests become a constraint and the cards that NVIDIA's runtime gives", () => {
  const reserve = (keys: object) => ({
    deploy: { resources: { reservations: { devices: [{ capabilities: ["gpu"], ...keys }] } } },
  });
  const of = (body: Record<string, unknown>) => swarmOverride({ services: { s: { image: "x", ...body } } }) ?? "";
  assert.is(of({}), "");
  assert.match(of(reserve({ count: 2 })), /NVIDIA_VISIBLE_DEVICES: 0,1\n[^]*- node\.labels\.homelab-gpu\.gpu-2==yes\n/);
  assert.match(of(reserve({ device_ids: ["1"] })), /NVIDIA_VISIBLE_DEVICES: "1"\n[^]*gpu-2==yes/);
  assert.match(of(reserve({ device_ids: ["GPU-1a"] })), /NVIDIA_VISIBLE_DEVICES: GPU-1a\n[^]*gpu-1==yes/);
  assert.match(of(reserve({})), /NVIDIA_VISIBLE_DEVICES: all\n[^]*gpu-1==yes/);
  assert.match(of(reserve({ capabilities: ["gpu", "video"] })), /NVIDIA_DRIVER_CAPABILITIES: video\n/);
  assert.match(of({ gpus: "all" }), /NVIDIA_VISIBLE_DEVICES: all/);
  const own = of({ runtime: "nvidia", environment: ["NVIDIA_VISIBLE_DEVICES=1"] });
  assert.not.match(own, /environment/);
  assert.match(own, /gpu-2==yes/);
  assert.is(cardsNeeded({ runtime: "nvidia", environment: { NVIDIA_VISIBLE_DEVICES: "none" } }), undefined);
  assert.is(cardsNeeded({ devices: ["/dev/dri:/dev/dri"] }), undefined);
});

test("the config: a stack of the Swarm has its place, no arguments of Compose, and no reserved name", () => {
  const { stacks, swarm } = parseConfig(
    `cluster: swarm\n${machines}stacks: [{path: ./x}, {path: ./y, machine: b}, {path: ./z}]\n`,
  );
  assert.equal(stacks.map(({ name, machine, place }) => [name, machine, place]), [["y", "b", 1]]);
  assert.equal(swarm!.stacks.map(({ name, machine, place }) => [name, machine, place]), [["x", "a", 0], ["z", "a", 2]]);
  const wrong = (stack: string) => {
    try {
      parseConfig(`cluster: swarm\n${machines}stacks: [${stack}]\n`);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(
    wrong("{path: ./x, compose: [--wait]}"),
    /:5:\d+: stack x: docker stack deploy has none of the arguments/,
  );
  assert.match(wrong("{path: ./x, name: homelab-gpu-swarm}"), /is reserved for services:/);
  assert.match(wrong("{path: ./x}, {path: ./y/x, machine: b}"), /two stacks are named x/);
});

const config = `cluster: swarm
machines:
  - {name: a, box: lab/y, cpus: 2, memory: 1024}
  - {name: b, box: lab/y, cpus: 2, memory: 1024}
stacks:
  - {path: ./one, env: {TAG: "1"}}
  - {path: ./two}
`;

/** A host with the config and two stacks next to it. */
function lab(text = config): World {
  const world = new World(text, "vm-without-gpu");
  const at = (path: string) => `${process.cwd()}/${path}`;
  world.disk.set(at("one/compose.yaml"), 'services: {web: {image: "x:${TAG}", ports: ["80:80"]}}\n');
  world.disk.set(at("one/.env"), "PASSWORD=hidden\n");
  world.disk.set(at("two/compose.yaml"), "services: {db: {image: y}}\n");
  return world;
}
const stackCalls = (world: World) =>
  world.operations.filter((one) => one.startsWith("start ")).map((one) => one.slice(6))
    .filter((one) => /homelab-gpu\/swarm(?!\.new)|tar -c/.test(one))
    .map((one) => one.replace(/^ssh -F \S+ (\S+) /, "$1: ").replaceAll(process.cwd(), "."));
const state = (world: World) => JSON.parse(world.disk.get(`${world.folder}/state.json`)!);

test("up copies and deploys the stacks; a second up does nothing; a changed one alone is deployed", async () => {
  const world = lab();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  golden("swarm-stacks-up.txt", `${stackCalls(world).join("\n")}\n`);
  assert.equal(Object.keys(state(world).swarm.stacks), ["one", "two"]);
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.match(world.output.join(""), /nothing to do/);
  world.disk.set(`${process.cwd()}/two/compose.yaml`, 'services: {db: {image: "y:2"}}\n');
  // the size and the time of a file are its signature
  world.config = config.replace("{path: ./two}", '{path: ./two, env: {N: "1"}}');
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.not.match(stackCalls(world).join("\n"), /one/);
  assert.match(stackCalls(world).join("\n"), /projects\/two sh -s -- two 180$/m);
});

test("a stack that leaves the config is removed, and its volumes stay", async () => {
  const world = lab();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config.replace("  - {path: ./two}\n", "");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(stackCalls(world), ["a: sudo env SERVICES_ROOT=/srv/homelab-gpu/swarm/projects sh -s -- --keep one"]);
  assert.equal(Object.keys(state(world).swarm.stacks), ["one"]);
});

test("a stack that moves to a machine leaves the Swarm first: both may publish one port", async () => {
  const world = lab();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config.replace("{path: ./two}", "{path: ./two, machine: b}");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const steps = world.operations.filter((one) => /^start .*(--keep one|-- up two)$/.test(one));
  assert.equal(steps.map((one) => one.slice(-6)), ["ep one", "up two"]);
});

test("without cluster: the machines leave the Swarm first: a machine's stack may publish the same port", async () => {
  const world = lab();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config.replace("cluster: swarm\n", "").replaceAll(/(path: \.\/\w+)/g, "$1, machine: a");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const steps = world.operations.filter((one) => /^start .*(-- leave|-- up two)$/.test(one));
  assert.equal(steps.map((one) => one.slice(-6)), [" leave", " leave", "up two"]);
  assert.is(state(world).swarm, undefined);
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.match(world.output.join(""), /nothing to do/);
});

test("a stack that asks for a GPU keeps its constraint when its VM is created again", async () => {
  const card = `cluster: swarm
machines: [{name: a, box: lab/y, image: debian-13, cpus: 2, memory: 2048, gpu: {device_id: 2786}}]
stacks: [{path: ./one}]
`;
  const world = new World(card, "rtx4070-desktop-debian12");
  const text =
    "services: {web: {image: x, deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}}}\n";
  world.disk.set(`${process.cwd()}/one/compose.yaml`, text);
  const override = () => world.disk.get(`${world.folder}/stacks/a/one/.homelab-gpu/override.yaml`)!;
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(override(), /homelab-gpu\.gpu-1==yes/);
  world.config = card.replace("2048", "4096");
  world.output = [];
  assert.is(
    await world.runCommand(up, world.context([], { recreate: true, yes: true })),
    0,
    world.output.join(""),
  );
  assert.match(stackCalls(world).join("\n"), /projects\/one sh -s -- one/);
  assert.match(override(), /homelab-gpu\.gpu-1==yes/);
});

test("a stack whose deployment failed is deployed again, even if the config is as before", async () => {
  const world = lab();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config.replace('TAG: "1"', 'TAG: "2"');
  world.failing = "-- one 180";
  assert.is(await world.runCommand(up, world.context([])), 1);
  delete world.failing;
  assert.is(state(world).swarm.stacks.one, "");
  assert.match(state(world).swarm.stacks.two, /^[0-9a-f]{64}$/);
  world.config = config;
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(stackCalls(world).join("\n"), /projects\/one sh -s -- one 180/);
  assert.not.match(stackCalls(world).join("\n"), /two/);
});

test("after a new manager, stacks are deployed by the next up if the first one failed", async () => {
  const world = lab();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config.replace("name: a, box: lab/y", "name: a, box: lab/z");
  assert.is.not(world.config, config);
  world.failing = "-- one 180";
  assert.is(await world.runCommand(up, world.context([], { recreate: true, yes: true })), 1);
  delete world.failing;
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(stackCalls(world).join("\n"), /projects\/one sh -s -- one 180[^]*projects\/two sh -s -- two 180/);
});

test("values of a stack are in files that only their owner reads", async () => {
  const world = lab();
  world.output = [];
  assert.is(await world.runCommand(up, world.context([], { verbose: true })), 0, world.output.join(""));
  assert.not.match(world.output.join(""), /hidden/);
  assert.match(world.disk.get(`${world.folder}/stacks/a/one/.homelab-gpu/variables`)!, /^export TAG=/m);
});

test("nothing starts while a stack has what a Swarm refuses; doctor names it too", async () => {
  const world = lab();
  world.disk.set(`${process.cwd()}/two/compose.yaml`, "services:\n  db:\n    image: y\n    restart: always\n");
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.equal(stackCalls(world), []);
  assert.match(world.output.join(""), /two: db has restart:, which a Swarm ignores or refuses/);
  world.output = [];
  assert.is(await world.runCommand(doctor, world.context([])), 1);
  assert.match(world.output.join(""), /two\/compose\.yaml:4/);
});

test("doctor checks the health checks of a stack in a Swarm too", async () => {
  const world = lab();
  const check = '["CMD-SHELL", "curl", "-f", "http://localhost"]';
  world.disk.set(`${process.cwd()}/two/compose.yaml`, `services: {db: {image: y, healthcheck: {test: ${check}}}}\n`);
  await world.runCommand(doctor, world.context(["services.compose"]));
  assert.match(world.output.join(""), /two: db has a healthcheck whose shell runs only curl/);
});

test("the record of a Swarm: digests of stacks, and what is not one", () => {
  const read = (stacks: unknown) => {
    const swarm = { manager: "a", nodes: ["a"], stacks };
    return parseState(JSON.stringify({ schema: "homelab-gpu/state/2", swarm })).swarm?.stacks;
  };
  assert.equal(read({ one: "ab", two: "" }), { one: "ab", two: "" });
  assert.is(read({ "../x": "ab" }), undefined);
  assert.is(read(["x"]), undefined);
});

test.run();
