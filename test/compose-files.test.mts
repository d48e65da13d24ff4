// Errors that Compose and Docker report for users' projects, found before boot with file and line,
// on a host without Compose.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { composeFileFlaws } from "../lib/checks/compose-files.mts";
import { readStacks } from "../lib/cli/projects.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { shapeFlaws } from "../lib/compose/shape.mts";
import type { ProjectRequest } from "../lib/compose/types.mts";
import { dotEnv, envFileFlaws } from "../lib/compose/variables.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose files");
const card = savedHost("rtx4070-desktop-debian12");
const machine = "machines: [{name: a, box: lab/x, cpus: 4, memory: 4096, gpu: {device_id: 2786}}]";

/**
 * Doctor's findings for one stack, as `status PLACE message`; files by path relative to its folder.
 */
async function findings(files: Record<string, string>, more: Partial<ProjectRequest> = {}) {
  const disk = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path.startsWith("/") ? path : `/lab/p/${path}`, text]),
  );
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [], ...more };
  const project = await readProject(fakeShell(disk).shell, request, undefined);
  const resolved = { ...resolveConfig(parseConfig(machine), card), projects: [project] };
  return runChecks(card, resolved, ["services.compose", "services.gpu"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence }) => `${status} ${evidence[0]?.read} ${message}`);
}

const web = (keys: string, top = "") => `services:\n  web:\n    image: nginx\n    ${keys}\n${top}`;
const gpu = (device: string) => web(`deploy: {resources: {reservations: {devices: [${device}]}}}`);

/** Keys that Compose 2.26.1 refuses in line 4 (tested on 2026-11-26). */
const refused = [
  ...["imgae: y", "ports: {80: 80}", 'ports: "80:80"', "volumes: {a: /a}", "environment: {A: {b: c}}", "user: 1000"],
  ...["environment: [{A: b}]", "privileged: maybe", "healthcheck: {intervall: 30s}", "healthcheck: {interval: 30}"],
  ...["healthcheck: {interval: 30 seconds}", "healthcheck: {test: [curl, -f, x]}", "stop_grace_period: 10"],
  ...["shm_size: 8 gigs", "mem_limit: 8GG", "cpus: two", "deploy: {resource: {}}", "ulimits: {nofile: many}"],
  ...["logging: json-file", "extra_hosts: [hostonly]", "cap_add: SYS_ADMIN", "command: {a: b}", "command: [a, 5]"],
  ...["profiles: gpu", "labels: [{a: b}]", "volumes: [{type: bind, source: ./a}]", 'volumes: [""]', "gpus: 1"],
  ...['ports: ["99999:80"]', 'ports: ["http:80"]', 'ports: ["8000-8010:80-85"]', 'ports: ["80:80/http"]'],
  // from general knowledge, not tested
  ...['ports: ["1:2:3:4"]', 'ports: ["80:"]', 'ports: [":x:80:80"]'],
  ...['ports: ["300.1.1.1:80:80"]', 'ports: ["-1:80"]', "ports: [{target: web}]", "ports: [{target: 80, publish: 80}]"],
  ...["networks: [back]", "volumes: ['data:/data']", "secrets: [tok]", "configs: [conf]", "links: [db]"],
  ...["volumes_from: [db]", 'network_mode: "service:vpn"', "depends_on: [db]", "env_file: [web.env]"],
  ...["environment: {A: '${UNCLOSED'}", "environment: {A: '${NEEDED_X:?set it}'}", "depends_on:", "restart: [a]"],
  // from general knowledge, not tested
  ...["networks: [toString]", "volumes: ['valueOf:/data']", "secrets: [constructor]", "configs: [toString]"],
  // from general knowledge, not tested
  ...["extends: toString", "extends: {service: constructor}", "command: '${constructor:?set it}'"],
  ...["extends: {file: common.yaml, service: base}", "gpus: true", "pull_policy: sometimes"],
];
for (const keys of refused) {
  test(`is refused with its line: ${keys}`, async () => {
    const found = await findings({ "compose.yaml": web(keys) });
    assert.ok(found.some((one) => one.startsWith("fail p/compose.yaml:4 ")), found.join("\n"));
  });
}

/** Keys that Compose 2.26.1 accepts (tested on 2026-11-26). */
const taken = [
  ...['cpus: "2"', 'tty: "yes"', "ports: [80]", 'ports: [":80"]', 'ports: ["[::1]:80:80"]', 'mem_limit: "1 GB"'],
  // from general knowledge, not tested
  ...['ports: ["::1:80:80", "127.0.0.1::80", "[::]:82:80"]'],
  // from general knowledge, not tested
  ...["command: '${A:-${B:-${C:-${D:-x}}}}'", "command: '${A-{\"a\": {}}}'"],
  ...["healthcheck: {test: []}", 'healthcheck: {retries: "3"}', "healthcheck: {test: curl, interval: 1m30s}"],
  ...["depends_on: {}", "labels: {a: }", "shm_size: 1GiB", "ulimits: {memlock: -1}", "tmpfs: /a", "deploy:"],
  ...["deploy: {resources: {limits: {memory: 4GB, cpus: 1}}}", "profiles: []", "restart: on-failure:3", "scale: '2'"],
  ...["logging: {driver: json-file, options: {max-size: 10}}", "extra_hosts: {a: 1.2.3.4}", "expose: [80-90]"],
  ...[
    "sysctls: [net.a=1]",
    "group_add: [44, video]",
    "command: echo $$HOME",
    "x-own: {a: b}",
    "command: 'echo $(date)'",
  ],
];
test("what Compose accepts is not refused", async () => {
  for (const keys of taken) {
    const found = await findings({ "compose.yaml": web(keys) });
    assert.equal(found.filter((one) => !/only programs in a reach it/.test(one)), [], keys);
  }
});

test("an empty file, a list, a wrong section, a tab and two documents are reported", async () => {
  const first = async (text: string) => (await findings({ "compose.yaml": text }))[0] ?? "";
  assert.match(await first("# nothing\n"), /^fail p\/compose\.yaml:1 .*empty/);
  assert.match(await first("hello\n"), /^fail p\/compose\.yaml:1 .*mapping/);
  assert.match(await first("services:\n  - web: {image: x}\n"), /^fail p\/compose\.yaml:1 .*mapping/);
  const web = "services: {web: {image: x}}\n";
  assert.match(await first(`${web}include: {path: a.yml}\n`), /^fail p\/compose\.yaml:2 .*include must be a list/);
  assert.match(await first(`${web}include: [{file: a.yml}]\n`), /^fail p\/compose\.yaml:2 .*no key file/);
  assert.match(await first("services: {web: {image: x}}\nservces: {}\n"), /^fail p\/compose\.yaml:2 .*servces/);
  assert.match(await first("services:\n\tweb:\n"), /^fail p\/compose\.yaml:2 .*tab/);
  assert.is(await first("services: {a: {image: x}}\n---\nservices: {b: {image: x}}\n"), "");
  assert.equal(shapeFlaws({ networks: { "é": {}, "2024!": {} } }).map(({ mend }) => mend), [
    "Write another name for the network",
    'Write "2024"',
  ]);
  // a name in quotes may have a line break
  assert.match(shapeFlaws({ networks: { "a\nb": {} } })[0]!.message, /^“a·b” is not a valid network name/);
  assert.equal(shapeFlaws({ services: { web: { image: "x", build: { contxt: "." } } } }).map(({ path }) => path), [
    ["services", "web", "build", "contxt"],
  ]);
});

test("what Docker refuses fails with its line", async () => {
  const fails = async (keys: string, about: RegExp, top = "") => {
    const found = await findings({ "compose.yaml": web(keys, top) });
    assert.match(found.join("\n"), /^fail p\/compose\.yaml:\d+ /m, keys);
    assert.match(found.join("\n"), about);
  };
  const net = (config: string) => `networks: {n: {ipam: {config: [${config}]}}}\n`;
  await fails("container_name: my web", /container name/);
  await fails("runtime: kata", /runtime: kata/);
  await fails("mem_limit: 1m", /limit below 6 MiB/);
  await fails("mem_limit: 1g\n    mem_reservation: 2g", /reserves 2048 MiB/);
  await fails("cpuset: 0-7", /CPU 7/);
  await fails('ports: ["22:22"]', /port 22/);
  // Docker publishes no ports then
  const alone = await findings({ "compose.yaml": web('network_mode: none\n    ports: ["22:22"]') });
  assert.not.match(alone.join("\n"), /port 22/);
  await fails("volumes: ['./a:data']", /not an absolute path/);
  await fails("volumes: [{type: binds, source: ./a, target: /a}]", /bind/);
  await fails("networks: [n]", /10\.5\.0\.0\/36/, net("{subnet: 10.5.0.0/36}"));
  await fails("networks: [n]", /overlap/, net("{subnet: 10.5.0.0/16}, {subnet: 10.5.1.0/24}"));
  await fails("networks: [n]", /overlay/, "networks: {n: {driver: overlay}}\n");
  await fails("volumes: ['media:/m']", /\/mnt\/big/, "volumes: {media: {driver_opts: {o: bind, device: /mnt/big}}}\n");
  await fails("volumes: ['media:/m']", /plugin/, "volumes: {media: {driver: rclone}}\n");
  const address = "networks: {n: {ipv4_address: 10.5.0.3}}";
  await fails(address, /both have the address/, `  b: {image: x, ${address}}\n${net("{subnet: 10.5.0.0/16}")}`);
  const off = "  db: {image: x, healthcheck: {disable: true}}\n";
  await fails("depends_on: {db: {condition: service_healthy}}", /is disabled/, off);
});

test("files outside the project's folder are reported as not copied", async () => {
  const base = { "/lab/b/common.yaml": "services: {base: {image: x}}\n", "/lab/b/x.env": "A=1\n", "/lab/b/key": "k" };
  const outside = async (text: string) => (await findings({ "compose.yaml": text, ...base })).join("\n");
  assert.match(await outside(web("env_file: ../b/x.env")), /^fail p\/compose\.yaml:4 .*outside/);
  assert.match(
    await outside(web("extends: {file: ../b/common.yaml, service: base}")),
    /^fail p\/compose\.yaml:4 .*outside/,
  );
  assert.match(await outside(`include: [../b/common.yaml]\n${web("tty: true")}`), /^fail p\/compose\.yaml:1 .*outside/);
  const fixes: [path: string, fix: RegExp][] = [
    ["../b/common.yaml", /^Set the stack's path/],
    ["/srv/lab/b/common.yaml", /^Copy it into/],
  ];
  for (const [path, fix] of fixes) {
    const [flaw] = composeFileFlaws({ folder: "/srv/lab/a", files: ["c.yaml"], texts: { [path]: "" } } as never);
    assert.match(flaw?.fix?.title ?? "", fix, "an absolute path leads elsewhere in the VM");
  }
  assert.match(await outside("services: {web: {build: ../b}}\n"), /^fail p\/compose\.yaml:1 .*outside/);
  assert.match(await outside(web("secrets: [k]", "secrets: {k: {file: ../b/key}}\n")), /^fail .*outside/);
});

test("missing files and variables of secrets and configs are reported", async () => {
  const of = async (
    top: string,
  ) => (await findings({ "compose.yaml": web("secrets: [k]", `secrets: {k: {${top}}}\n`) }));
  assert.match((await of("file: ./key"))[0]!, /^fail p\/compose\.yaml:5 .*does not exist/);
  assert.match((await of("environment: COMPOSE_TEST_NONE"))[0]!, /^fail p\/compose\.yaml:5 .*no value/);
  assert.match((await of("external: true"))[0]!, /^fail p\/compose\.yaml:5 .*swarm/);
});

test("a project without a started service fails; a variable without a value is reported", async () => {
  assert.match((await findings({ "compose.yaml": web("profiles: [gpu]") }))[0]!, /^fail p\/compose\.yaml:4 .*\(gpu\)/);
  assert.equal(await findings({ "compose.yaml": web("profiles: [gpu]") }, { profiles: ["gpu"] }), []);
  const bare = await findings({ "compose.yaml": web("environment: {DB_PASSWORD: }"), ".env.example": "" });
  assert.match(bare[0]!, /^warn p\/compose\.yaml:4 DB_PASSWORD|^warn p\/compose\.yaml:4 p: DB_PASSWORD/);
});

test("a variable with the name of an object method, and one that is a list item, are reported once", async () => {
  const of = (keys: string) => findings({ "compose.yaml": web(keys) });
  assert.match((await of("command: '${toString}'")).join("\n"), /^warn p\/compose\.yaml:4 p: toString has no value/);
  const example = { "compose.yaml": web("environment: [constructor]"), ".env.example": "constructor=1\n" };
  assert.match((await findings(example)).join("\n"), /^warn p\/compose\.yaml:4 p: constructor has no/);
  const item = await of("environment: ['${COMPOSE_TEST_NONE}']");
  assert.match(item.join("\n"), /^warn p\/compose\.yaml:4 p: COMPOSE_TEST_NONE has no value/);
  assert.is(item.length, 1);
  const two = await of("environment: ['A=${COMPOSE_TEST_NONE}', 'B=${COMPOSE_TEST_NO}']");
  assert.match(two.join("\n"), /COMPOSE_TEST_NONE, COMPOSE_TEST_NO have no value: /);
});

test("a service and a variable named __proto__ are kept", async () => {
  assert.equal(Object.entries(dotEnv("__proto__=x\nB=y\n")), [["__proto__", "x"], ["B", "y"]]);
  const files = {
    "/lab/p/compose.yaml": "services: {a: {image: x}}\n",
    "/lab/p/compose.override.yaml": "services: {__proto__: {image: y}}\n",
  };
  const names = ["compose.yaml", "compose.override.yaml"];
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [], files: names };
  const { model } = await readProject(fakeShell(files).shell, request, undefined);
  assert.equal(Object.keys(model!.services), ["a", "__proto__"]);
});

test("a variable never gets the value of an object method", async () => {
  const files = { "/lab/a/compose.yaml": web("command: '${toString} ${hasOwnProperty:-x}'") };
  const text = "machines: [{name: a, box: lab/x}]\nstacks: [{path: /lab/a}]\n" +
    "services: {b: {image: x, command: '${valueOf}'}}\n";
  const found = { config: parseConfig(text), text, name: "homelab-gpu.yaml", home: "/lab" };
  const { own: projects } = await readStacks(fakeShell(files).shell, found);
  assert.equal(projects.map(({ name, variables, unset }) => [name, variables, unset]), [
    ["homelab-gpu", {}, ["b: valueOf"]],
    ["a", {}, undefined],
  ]);
  const stack = "stacks: [{path: /lab/a, env: {toString: }}]";
  const bare = text.replace("stacks: [{path: /lab/a}]", stack);
  try {
    await readStacks(fakeShell(files).shell, { ...found, text: bare, config: parseConfig(bare) });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message.replace(/\s+/g, " "), /toString has no value/);
  }
});

test("a port of an IPv6 address without brackets is published", async () => {
  const text = 'services: {a: {image: x, ports: ["::1:80:80"]}, b: {image: y, ports: ["[::1]:80:81"]}}\n';
  assert.match((await findings({ "compose.yaml": text })).join("\n"), /^fail .* both use port \[::1\]:80\/tcp/m);
});

test("included files cannot redeclare a service; their paths are relative to themselves", async () => {
  const text = "include: [sub/o.yaml]\nservices:\n  web: {image: x}\n";
  const twice = await findings({ "compose.yaml": text, "sub/o.yaml": "services: {web: {image: y}}\n" });
  assert.match(twice[0]!, /^fail p\/compose\.yaml:3 /);
  const other = "services: {b: {image: y, env_file: b.env, volumes: ['./b.conf:/b.conf']}}\n";
  assert.equal(await findings({ "compose.yaml": text, "sub/o.yaml": other, "sub/b.env": "", "sub/b.conf": "" }), []);
  assert.is((await findings({ "compose.yaml": text, "sub/o.yaml": other })).length, 2);
});

test("an included file uses its own env file or .env, and its own folder", async () => {
  const own = "services: {a: {image: 'x:${V}', volumes: ['./x.conf:/x.conf']}}\n";
  const text = (include: string) => `include: [${include}]\nservices:\n  web: {image: x}\n`;
  const of = (include: string, more: Record<string, string>) =>
    findings({ "compose.yaml": text(include), "sub/o.yaml": own, "sub/x.conf": "", "other/x.conf": "", ...more });
  assert.equal(await of("sub/o.yaml", { "sub/.env": "V=1\n" }), []);
  assert.equal(await of("{path: sub/o.yaml, env_file: e/x.env}", { "e/x.env": "V=1\n" }), []);
  assert.equal(await of("{path: sub/o.yaml, env_file: [a.env, b.env]}", { "a.env": "W=1\n", "b.env": "V=${W}\n" }), []);
  assert.equal(
    await of("{path: sub/o.yaml, project_directory: other}", { "other/.env": "V=1\n", "sub/x.conf": "" }),
    [],
  );
  assert.match((await of("sub/o.yaml", {})).join("\n"), /^fail p\/sub\/o\.yaml:1 .*V has no value, which leaves “x:”/m);
  assert.match(
    (await of("{path: sub/o.yaml, env_file: no.env}", {})).join("\n"),
    /^fail p\/compose\.yaml:1 .*no\.env/m,
  );
  const mine = await of("sub/o.yaml", { "sub/.env": "V=\n", ".env": "V=2\n" });
  assert.equal(mine, [], "the project's own variables count more");
});

test("paths are relative to the first Compose file, also in a subfolder", async () => {
  const text = "services: {web: {build: {context: .., dockerfile: docker/Dockerfile}}}\n";
  const files = { "docker/compose.yml": text, "docker/Dockerfile": "FROM x\n" };
  assert.equal(await findings(files, { files: ["docker/compose.yml"] }), []);
});

test("requests that give no GPU are reported with their line", async () => {
  const one = async (text: string) => (await findings({ "compose.yaml": text })).join("\n");
  assert.match(await one(gpu("{driver: nvidia, count: 1, capabilities: [gpus]}")), /^fail p\/compose\.yaml:4 .*gpus/);
  assert.match(await one(gpu("{driver: nvidia, count: 0, capabilities: [gpu]}")), /^warn p\/compose\.yaml:4 .*0 GPUs/);
  assert.match(await one(web("devices: [/dev/dri]")), /^warn p\/compose\.yaml:4 .*\/dev\/dri/);
  assert.is(
    await one(web("devices: [/dev/dri]\n    environment: [NVIDIA_VISIBLE_DEVICES=all]\n    runtime: nvidia")),
    "",
  );
  const swarm =
    "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: GPU, value: 1}}]}}}";
  assert.match(await one(web(swarm)), /^warn p\/compose\.yaml:4 .*swarm/);
});

test(".env: variables, quotes and continued lines are read; what Compose refuses is reported", () => {
  const text = "A=1\nB=${A}-x\nC='${A}'\nD=\"two\nlines\"\nE=${NONE:-d} # c\nF\n";
  assert.equal(dotEnv(text), { A: "1", B: "1-x", C: "${A}", D: "two\nlines", E: "d" });
  assert.equal(envFileFlaws("A=1\nnot a line\n").map(({ line }) => line), [2]);
  assert.equal(envFileFlaws("A='x\n").map(({ line }) => line), [1]);
  assert.equal(envFileFlaws(text), []);
});

test("a file that the project names is copied despite .dockerignore; a folder is reported", async () => {
  const files = {
    "/lab/a/compose.yaml": web(
      "extends: {file: base.yaml, service: b}\n    volumes: ['./x.conf:/x.conf', './data:/d']",
    ),
    ...{ "/lab/a/base.yaml": "services: {b: {build: .}}\n", "/lab/a/.dockerignore": "*\n", "/lab/a/Dockerfile": "" },
    ...{ "/lab/a/x.conf": "", "/lab/a/y.conf": "", "/lab/a/data/z": "" },
  };
  const text = "machines: [{name: a, box: lab/x}]\nstacks: [{path: /lab/a}]\n";
  const found = { config: parseConfig(text), text, name: "homelab-gpu.yaml", home: "/lab" };
  const { own: [project] } = await readStacks(fakeShell(files).shell, found);
  const copied = Object.keys(project!.files);
  assert.equal(copied.filter((one) => !one.startsWith(".")), ["Dockerfile", "base.yaml", "compose.yaml", "x.conf"]);
  const here = Object.fromEntries(Object.entries(files).map(([path, one]) => [path.replace("/lab/a/", ""), one]));
  assert.match((await findings(here, { copied })).join("\n"), /^warn p\/compose\.yaml:5 .*data.*\.dockerignore/);
});

test("inline services: keys, types and variables without a value are checked", async () => {
  const judge = async (service: string) => {
    const text = `machines: [{name: a, box: lab/x}]\nservices:\n  web: {${service}}\n`;
    const config = parseConfig(text);
    const found = { config, text, name: "homelab-gpu.yaml", home: "/lab" };
    const { own: projects } = await readStacks(fakeShell({}).shell, found);
    const resolved = resolveConfig(config, card, {}, { own: projects });
    assert.equal(resolved.stacks, [], "nothing is copied for it");
    return runChecks(card, resolved, ["services.compose"]).map(({ status, message, fix }) =>
      status === "fail" ? `${status} ${message} → ${fix[0]!.title}` : `${status} ${message}`
    );
  };
  assert.equal(await judge("image: x, imgae: y"), [
    "fail services.web: there is no key imgae: did you mean image? → Write image",
  ]);
  assert.equal(await judge("image: x, ports: 80:80"), [
    'fail services.web.ports must be a list → Write ports: ["80:80"]',
  ]);
  assert.match(
    (await judge("image: x, stop_grace_period: 10")).join(),
    /^fail .*duration.* → Write stop_grace_period: 10s$/,
  );
  assert.match((await judge("image: x, command: '${COMPOSE_TEST_NONE}'")).join(), /^warn .*COMPOSE_TEST_NONE/);
  assert.match((await judge("image: x, command: '${COMPOSE_TEST_TOKEN}'")).join(), /^warn .*empty password/);
  assert.equal(await judge("image: x, command: '${COMPOSE_TEST_NONE:-x}', cpus: '${COMPOSE_TEST_CPUS:-2}'"), []);
  assert.match((await judge("image: x, healthcheck: curl -f x")).join(), / → Write healthcheck: {test: curl -f x}/);
  assert.match(
    (await judge("image: x, depends_on: {b: service_helthy}}\n  b: {image: x")).join(),
    / → Write b: {condition: service_healthy}/,
  );
  const reserved = (devices: string) => judge(`image: x, deploy: {resources: {reservations: {devices: ${devices}}}}`);
  assert.match((await reserved("nvidia")).join(), / → Write devices: \[{driver: nvidia, capabilities: \[gpu\]}\]/);
  assert.match((await reserved("[{count: al, capabilities: [gpu]}]")).join(), / → Write count: all/);
  assert.equal(await judge("restart: always"), [
    "fail services: web has neither an image nor a build context → Write image: for web",
  ]);
  assert.match((await judge("image: x, depends_on: [b]}\n  b: {image: x, depends_on: [web]")).join(), /web → b → web/);
  try {
    await judge("image: x, command: '${COMPOSE_TEST_NONE:?say it}'");
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message.replace(/\s+/g, " "), /COMPOSE_TEST_NONE has no value: say it/);
  }
});

test.run();
