// Errors of users' Compose projects with their line and what to write instead, on a host without
// Compose and with a stand-in for it. Messages of Compose are from 2.26.1 and 2.40.3 (tested on
// 2026-11-26).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { readProject } from "../lib/compose/read-project.mts";
import type { HostCompose } from "../lib/compose/host-compose.mts";
import { refusedTabs } from "../lib/compose/tabs.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose advice");
const card = savedHost("rtx4070-desktop-debian12");
const machine = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, gpu: {device_id: 2786}}]";

/**
 * Doctor's findings for one stack, as `status PLACE message -> fix`. `answer`: the output of the
 * host's Compose.
 */
async function findings(files: Record<string, string>, answer?: { out?: string; err?: string; code?: number }) {
  const disk = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]));
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const compose: HostCompose | undefined = answer && { command: ["docker", "compose"], version: "2.26.1" };
  const { shell } = fakeShell(disk, answer ? { "docker compose": answer } : {});
  const resolved = {
    ...resolveConfig(parseConfig(machine), card),
    projects: [await readProject(shell, request, compose)],
  };
  return runChecks(card, resolved, ["services.compose", "services.gpu"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const web = (keys: string, top = "") => `services:\n  web:\n    image: nginx\n    ${keys}\n${top}`;
const devices = (one: string) => web(`deploy: {resources: {reservations: {devices: [${one}]}}}`);

/** Keys of a service in line 4, and what to write instead. */
const corrections: [string, string][] = [
  ["environment: [{OLLAMA_ORIGINS: '*'}]", "Write - OLLAMA_ORIGINS=*"],
  ["command: [serve, --port, 8080]", 'Write - "8080"'],
  ["user: 1000", 'Write user: "1000"'],
  ["cap_add: SYS_ADMIN", "Write cap_add: [SYS_ADMIN]"],
  ["volumes: ./models:/models", "Write volumes: [./models:/models]"],
  ["ports: {8080: 80}", 'Write - "8080:80" for each'],
  ["healthcheck: {interval: 30}", "Write interval: 30s"],
  ["healthcheck: {interval: 30 seconds}", "Write interval: 30s"],
  ["healthcheck: {test: [ollama, list]}", 'Write test: ["CMD","ollama","list"]'],
  ["shm_size: 8 gigs", "Write shm_size: 8g"],
  ["gpus: {driver: nvidia}", "Write gpus: all, or gpus: [{driver: nvidia}]"],
  ["device: [/dev/nvidia0]", "Write devices"],
  ["interval: 30s", "Move interval below healthcheck"],
  ["resources: {}", "Move resources below deploy"],
  ["depends_on: {db: {condition: healthy}}", "Write condition: service_healthy"],
  ["networks: [a, a]", "Remove one of the two"],
  ["environment: {A: '${PORT:8080}'}", "Write ${PORT:-8080}"],
  ["environment: {A: '${ PORT }'}", "Write ${PORT}"],
  ["ports: ['8000-8010:8000-8005']", "Write two ranges of the same length"],
  ["ports: ['80:80/http']", "Write tcp, udp or sctp after the slash"],
  ["volumes: [':/data']", "Write what to mount before the colon: a variable there may have no value"],
  ["command: [[serve]]", "Write - serve"],
];
test("a value of the wrong form is reported with what to write instead", async () => {
  for (const [keys, fix] of corrections) {
    const [first = ""] = await findings({ "compose.yaml": web(keys, "networks: {a: {}}\n") });
    assert.match(first, /^fail p\/compose\.yaml:4 /, keys);
    assert.is(first.split(" -> ")[1], fix, keys);
  }
});

test("a GPU request of the wrong form is one finding, with what to write instead", async () => {
  const cases: [string, string][] = [
    ["{driver: nvidia, count: 1, capabilities: gpu}", "Write capabilities: [gpu]"],
    ["{driver: nvidia, device_ids: '0', capabilities: [gpu]}", 'Write device_ids: ["0"]'],
    ["{driver: nvidia, device_ids: [0], capabilities: [gpu]}", 'Write - "0"'],
    ["{driver: nvidia, count: 1, capabilities: [[gpu]]}", "Write - gpu"],
    ["{driver: nvidia, count: 1}", "Add capabilities: [gpu]"],
  ];
  for (const [device, fix] of cases) {
    const found = await findings({ "compose.yaml": devices(device) });
    assert.is(found.length, 1, found.join("\n"));
    assert.is(found[0]!.split(" -> ")[1], fix);
  }
});

test("keys of a service at the top level, and wrong values there, are reported", async () => {
  const fix = async (text: string) => (await findings({ "compose.yaml": text }))[0]?.replace(/ .* -> /, " ");
  assert.is(await fix(web("tty: true", "deploy: {}\n")), "fail Move deploy into its service");
  assert.is(await fix(`version: 3.8\n${web("tty: true")}`), 'fail Write version: "3.8"');
  assert.is(await fix(web("tty: true", "volumes: [data]\n")), "fail Write data: without the dash");
  assert.is(await fix(web("tty: true", "volumes: {my data: {}}\n")), "fail Write my-data");
});

test("a wrong section or a missing anchor is one finding", async () => {
  const one = async (text: string) => {
    const found = await findings({ "compose.yaml": text });
    assert.is(found.length, 1, found.join("\n"));
  };
  await one(web("volumes: ['data:/data']", "volumes: [data]\n"));
  await one("services:\n  web:\n    <<: *common\n    image: nginx\n");
});

test("tabs are refused where Compose accepts only spaces", () => {
  const text = (lines: string) => `services:\n  web:\n    image: "x"\n${lines}\n    init: true\n`;
  const refused = ["\t", "      \t", "\t# c", "    expose:\n      -\t80", "    expose:\n      - \t80"];
  const taken = [
    ...["    expose:\t[80]", "    tty:\ttrue", "    command: a\n      \t\n", "    command: |\n      a\n      \tb"],
    ...["    expose: [80,\t81]", "    tty: true\t# c", "    command: a\n      \tb", "    image\t: x"],
  ];
  assert.equal(refused.filter((lines) => refusedTabs(text(lines)).length === 0), []);
  assert.equal(taken.filter((lines) => refusedTabs(text(lines)).length > 0), []);
});

test("settings that exclude each other are refused with their line", async () => {
  const cases: [string, number, RegExp][] = [
    [web("configs: [c]", "configs:\n  c: {file: ./c.ini, content: a}\n"), 6, /config c has file and content/],
    [web("secrets: [c]", "secrets:\n  c: {}\n"), 6, /secret c has none of file and environment/],
    [web("tty: true", "volumes:\n  v: {external: true, driver: local}\n"), 6, /volume v has external and driver/],
    [web("mem_limit: 2g\n    deploy: {resources: {limits: {memory: 3g}}}"), 4, /mem_limit: 2g .* 3g, which differ/],
    [web("scale: 2\n    deploy: {replicas: 3}"), 4, /scale: 2 .* 3, which differ/],
  ];
  for (const [text, line, about] of cases) {
    const found = await findings({ "compose.yaml": text, "c.ini": "" });
    assert.match(found.join("\n"), new RegExp(`^fail p/compose\\.yaml:${line} .*${about.source}`, "m"), text);
  }
  assert.equal(
    await findings({ "compose.yaml": web("mem_limit: 2g\n    deploy: {resources: {limits: {memory: 2gb}}}") }),
    [],
  );
});

test("kernel parameters outside a container's own namespaces fail", async () => {
  const fails = async (keys: string) => (await findings({ "compose.yaml": web(keys) })).join("\n");
  assert.match(await fails("sysctls: [vm.max_map_count=262144]"), /:4 .*whole VM.*sysctl -w vm\.max_map_count=262144/);
  assert.match(await fails("sysctls: {net.core.somaxconn: 1024}\n    network_mode: host"), /:4 .*network_mode: host/);
  assert.is(await fails("sysctls: [net.core.somaxconn=1024, kernel.shmmax=1, fs.mqueue.msg_max=9]"), "");
});

test("a folder of a new volume warns, unless another service mounts the volume", async () => {
  const mount = "volumes: [{type: volume, source: media, target: /m, volume: {subpath: films}}]";
  const top = "volumes:\n  media: {}\n";
  assert.match((await findings({ "compose.yaml": web(mount, top) })).join("\n"), /^warn p\/compose\.yaml:4 .*films/);
  const both = web(`${mount}\n  other: {image: x, volumes: ["media:/media"]}`, top);
  assert.equal(await findings({ "compose.yaml": both }), []);
});

test("an optional dependency must exist, and may be disabled", async () => {
  const depends = "depends_on: {db: {condition: service_started, required: false}}";
  assert.match(
    (await findings({ "compose.yaml": web(depends) })).join("\n"),
    /depends on db, which the project does not/,
  );
  assert.equal(await findings({ "compose.yaml": web(`${depends}\n  db: {image: x, profiles: [db]}`) }), []);
});

test("a path of an extended file is reported in that file", async () => {
  const found = await findings({
    "compose.yaml": "services:\n  web:\n    extends: {file: base/web.yml, service: web}\n",
    "base/web.yml": "services:\n  web:\n    image: nginx\n    volumes:\n      - ./conf.ini:/etc/conf.ini\n",
  });
  assert.match(found.join("\n"), /^fail p\/base\/web\.yml:5 .*Create base\/conf\.ini/);
});

test("equal ports count once, and both places of a container name are reported", async () => {
  assert.equal(await findings({ "compose.yaml": web('ports: ["8080:80", "8080:80"]') }), []);
  const text =
    "services:\n  one:\n    image: x\n    container_name: box\n  two:\n    image: x\n    container_name: box\n";
  const disk = { "/lab/p/compose.yaml": text };
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const projects = [await readProject(fakeShell(disk).shell, request, undefined)];
  const found = runChecks(card, { ...resolveConfig(parseConfig(machine), card), projects }, ["services.compose"]);
  const places = found.find(({ status }) => status === "fail")!.evidence.map(({ read }) => read);
  assert.equal(places, ["p/compose.yaml:4", "p/compose.yaml:7"]);
});

test("with Compose's output, a mount that was written with a variable stays relative", async () => {
  const text = web("volumes: ['${DIR:-./data}:/srv/data/']");
  const bind = { type: "bind", source: "/lab/p/data", target: "/srv/data", bind: { create_host_path: true } };
  const out = JSON.stringify({ services: { web: { image: "nginx", volumes: [bind] } } });
  assert.equal(await findings({ "compose.yaml": text }, { out }), []);
});

test("refusals of Compose get the line and the advice of the built-in reader", async () => {
  const said = async (text: string, err: string) =>
    (await findings({ "compose.yaml": text }, { code: 15, err })).join("\n");
  assert.match(
    await said(web("cap_add: SYS_ADMIN"), "validating /lab/p/compose.yaml: services.web.cap_add must be a list"),
    /^fail p\/compose\.yaml:4 .* -> Write cap_add: \[SYS_ADMIN\]$/,
  );
  assert.match(
    await said(web("tty: true"), "yaml: line 3: found something that only Compose refuses"),
    /^fail p\/compose\.yaml:3 /,
  );
  assert.match(
    await said(
      web("ports:\n      - ${PORT:8080}:8080"),
      "invalid interpolation format for services.web.ports.[].\nYou may need to escape any $ with another $.\n${PORT:8080}:8080",
    ),
    /^fail p\/compose\.yaml:5 .* -> Write \$\{PORT:-8080\}$/,
  );
  const provider = "services:\n  ai:\n    provider: {type: model}\n";
  assert.not.match((await findings({ "compose.yaml": provider })).join("\n"), /neither an image/);
});

test.run();
