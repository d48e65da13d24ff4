// Keys that are newer than the guest's Compose, paths of included files, and device names, checked before boot.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { keysNewerThan, keyVersions } from "../lib/compose/key-versions.mts";
import { findCompose } from "../lib/compose/host-compose.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { rebased } from "../lib/compose/rebase.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own } from "./fake.mts";

const test = suite("compose keys");
const card = parseHost(own("test/hosts/rtx4070-desktop-debian12.txt"));
const config = (image: string) =>
  parseConfig(`machines: [{name: a, box: lab/x, image: ${image}, provider: libvirt, gpu: {device_id: 2786}}]`);

/** Doctor's findings for one stack as `status PLACE message`, on a machine with that image. */
async function findings(
  files: Record<string, string>,
  image = "debian-13",
  answers: Record<string, { out?: string; err?: string; code?: number }> = {},
) {
  const disk = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]));
  const { shell } = fakeShell(disk, answers);
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const project = await readProject(shell, request, await findCompose(shell));
  const stack = { ...{ name: "p", machine: "a", path: "/lab/p", profiles: [], env: {}, variables: {}, files: {} } };
  const stacks = [{ ...stack, composeFiles: project.files, size: 0, skipped: [] }];
  const resolved = { ...resolveConfig(config(image), card, {}, { own: stacks }), projects: [project] };
  return runChecks(card, resolved, ["services.compose", "services.gpu"])
    .filter(({ status }) => status !== "pass")
    .map(({ status, message, evidence }) => `${status} ${evidence[0]?.read} ${message}`);
}

const web = (keys: string, top = "") => ({
  "compose.yaml": `services:\n  web:\n    image: nginx\n    ${keys}\n${top}`,
});
const worst = (found: string[]) =>
  found.find((one) => one.startsWith("fail")) ?? found.find((one) => one.startsWith("warn")) ?? "";

test("a key that Debian 13's Compose refuses fails with its line and the version that has it", async () => {
  const keys = {
    "models: [m]": ["models", "2.38.0", "models: {m: {model: ai/x}}\n"],
    "provider: {type: model}": ["provider", "2.35.0", ""],
    "pull_policy: daily": ["pull_policy", "2.34.0", ""],
    "use_api_socket: true": ["use_api_socket", "2.37.2", ""],
    "volumes: [{type: image, source: x, target: /a}]": ["type", "2.35.0", ""],
    "develop: {watch: [{path: ., action: sync, target: /a, initial_sync: true}]}": ["initial_sync", "2.39.4", ""],
  };
  for (const [key, [name, from, top]] of Object.entries(keys)) {
    // without a script that may install the plugin of models and provider, their finding is that of the plugin
    const image = /^(models|provider)/.test(key) ? "debian-13, provision: [plugin.sh]" : "debian-13";
    const found = (await findings(web(key, top), image)).join("\n");
    assert.match(found, new RegExp(`^fail p/compose\\.yaml:4 .*${name}.*${from}`, "m"), key);
  }
});

test("with Podman, what its podman-compose does not read of a stack is reported", async () => {
  const text = `include: [more.yaml]
services:
  web:
    image: x
    configs: [c]
    depends_on: {db: {condition: service_healthy}}
  db: {image: postgres:16, healthcheck: {test: ["CMD", "true"]}}
  old: {image: x/y, profiles: [off]}
configs: {c: {content: hi}}
`;
  const files = { "compose.yaml": text, "more.yaml": "services: {o: {image: x/o}}\n" };
  const of = async (image: string) =>
    (await findings(files, `${image}, engine: podman`)).filter((line) => line.includes("podman-compose"));
  assert.equal(await of("debian-13"), [
    "fail p/compose.yaml:5 p: web has configs:, which podman-compose 1.3.0 does not read: its container does not get " +
    "the files",
  ]);
  const old = (await of("debian-12")).join("\n");
  assert.match(old, /^fail p\/compose\.yaml:5 .* podman-compose 1\.0\.3 does not read/m);
  assert.match(old, /^warn p\/compose\.yaml:8 .*does not know profiles: it starts old too$/m);
  assert.match(old, /^fail p\/compose\.yaml:1 .*does not read include,/m);
  assert.match(old, /^warn p\/compose\.yaml:6 .*web waits for no condition/m);
  assert.equal(await of("ubuntu-24.04"), [], "not known");
});

test("a key that Debian 13's Compose ignores warns; gpus does not, since it is replaced", async () => {
  const hook = await findings(web("post_start: [{command: [a]}]"));
  assert.match(worst(hook), /^warn p\/compose\.yaml:4 .*post_start.*2\.30\.0.*ignores it/);
  assert.is(worst(await findings(web("gpus: all"))), "");
  assert.is(worst(await findings(web("devices: [{source: /dev/null, target: /dev/null}]"))), "");
});

test("Docker's own packages accept all keys; Ubuntu's lowest version warns", async () => {
  const keys = web("use_api_socket: true");
  assert.is(worst(await findings(keys, "debian-12")), "", "a stack gets Docker's own packages there");
  assert.is(worst(await findings(keys, "ubuntu-26.04")), "");
  assert.match(worst(await findings(keys, "ubuntu-24.04")), /^warn .*2\.24\.6 or later/);
  assert.match(worst(await findings(web("ports: !override [80]"), "ubuntu-22.04")), /^warn .*:4 .*!override.*2\.24\.4/);
  assert.is(worst(await findings(web("ports: [80] # !override"), "ubuntu-22.04")), "");
});

test("each row of the table is found in a project that has its key", () => {
  const valueOf = (steps: string[]): unknown => {
    const [step, ...rest] = steps;
    if (step === undefined) return {};
    if (step.startsWith("=")) return step.slice(1);
    return step === "[]" ? [valueOf(rest)] : { [step === "*" ? "name" : step]: valueOf(rest) };
  };
  for (const { key, from, released } of keyVersions) {
    assert.match(released, /^20\d\d-\d\d-\d\d$/);
    const data = key.startsWith("!") ? {} : valueOf(key.split(/(?=\[\]|=)|\./).filter(Boolean));
    const model = { services: {}, ...(data as object) };
    const texts = key.startsWith("!") ? { f: `a: ${key} [b]\n` } : {};
    const names = (version: string) => keysNewerThan(version, model, texts).map((one) => one.key);
    assert.ok(names("2.19").includes(key), key);
    assert.not.ok(names(from).includes(key), key);
  }
});

test("a key that only the host's older Compose refuses is unknown, not a failure", async () => {
  const answers = {
    "docker compose version": { out: "2.26.1\n" },
    "docker compose": { code: 15, err: "services.web Additional property use_api_socket is not allowed\n" },
  };
  const found = await findings(web("use_api_socket: true"), "debian-12", answers);
  assert.equal(found.map((one) => one.split(" ")[0]), ["unknown"]);
  assert.match(found[0]!, /this host has Compose 2\.26\.1, but use_api_socket needs 2\.37\.2/);
});

test("relative paths of an included file start at its folder, also at an absolute one", () => {
  const service = {
    build: { context: ".", additional_contexts: { a: "../a", b: "docker-image://x", c: "service:d" } },
    label_file: ["l.env"],
    develop: { watch: [{ path: "./src", action: "sync", target: "/s" }] },
    volumes: ["./v:/v", "named:/n"],
  };
  const volumes = {
    d: { driver_opts: { o: "bind", device: "./d" } },
    n: { driver_opts: { type: "nfs", device: ":/x" } },
  };
  const at = (folder: string) =>
    rebased({ services: { s: service }, volumes }, folder) as {
      services: { s: Record<string, unknown> };
      volumes: Record<string, unknown>;
    };
  const { services: { s }, volumes: moved } = at("sub");
  assert.equal(s.build, {
    context: "./sub",
    additional_contexts: { a: "./a", b: "docker-image://x", c: "service:d" },
  });
  assert.equal([s.label_file, s.volumes], [["./sub/l.env"], ["./sub/v:/v", "named:/n"]]);
  assert.equal(s.develop, { watch: [{ path: "./sub/src", action: "sync", target: "/s" }] });
  assert.equal(moved, { d: { driver_opts: { o: "bind", device: "./sub/d" } }, n: volumes.n });
  assert.equal(at("/opt/x").services.s.volumes, ["/opt/x/v:/v", "named:/n"]);
});

test("an absolute path into the project's folder fails, since the VM has the folder elsewhere", async () => {
  const files = {
    "sub/c.yaml": "services: {b: {image: x}}\n",
    "data/a": "x",
    "a.env": "A=b\n",
    Dockerfile: "FROM x\n",
  };
  for (
    const keys of [
      "volumes: [/lab/p/data:/data]",
      "env_file: [/lab/p/a.env]",
      "build: /lab/p",
      "extends: {file: /lab/p/sub/c.yaml, service: b}",
    ]
  ) {
    const found = await findings({ ...files, ...web(keys) });
    assert.match(worst(found), /^fail p\/compose\.yaml:4 .*by its path on this host/, keys);
  }
  assert.is(worst(await findings({ ...files, ...web("volumes: ['${PWD}/data:/data', './data:/b']") })), "");
});

test("mounts of a file that is included by an absolute path start at that file's folder", async () => {
  const { shell } = fakeShell({
    "/lab/p/compose.yaml": "include: [/opt/x/c.yaml]\n",
    "/opt/x/c.yaml": "services: {b: {image: x, volumes: ['./d:/d']}}\n",
  });
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const { written } = await readProject(shell, request, undefined);
  assert.equal(written?.services.b?.volumes, ["/opt/x/d:/d"]);
});

test("label files and additional build contexts must be in the project", async () => {
  assert.match(worst(await findings(web("label_file: ./l.env"))), /^fail p\/compose\.yaml:4 .*label file l\.env/);
  const build = (context: string) => ({
    Dockerfile: "FROM x\n",
    ...web(`build: {context: ., additional_contexts: [m=${context}]}`),
  });
  assert.match(worst(await findings(build("./models"))), /^fail .*build context m: models, which does not exist/);
  assert.match(worst(await findings(build("../models"))), /^fail .*outside the project's folder/);
  assert.is(worst(await findings(build("docker-image://ubuntu"))), "");
});

test("a mount with an empty part, as from an unset variable, is refused with its line", async () => {
  const found = await findings(web('volumes: ["${UPLOAD}:/data"]'));
  assert.ok(
    found.some((one) =>
      /^fail p\/compose\.yaml:4 .*UPLOAD has no value, which leaves “:\/data”: Compose or Docker refuses/.test(one)
    ),
    found.join("\n"),
  );
});

test("devices: nodes and CDI names of a card that the VM lacks fail with their line", async () => {
  const of = async (device: string) => worst(await findings(web(`devices:\n      - ${device}`)));
  assert.match(await of("/dev/nvidia1"), /^fail p\/compose\.yaml:5 .*GPU 1/);
  assert.match(await of("nvidia.com/gpu=2"), /^fail p\/compose\.yaml:5 .*GPU 2/);
  assert.match(await of("/dev/kfd"), /^fail p\/compose\.yaml:5 .*no AMD GPU/);
  assert.match(await of("amd.com/gpu=all"), /^fail p\/compose\.yaml:5 .*no AMD GPU/);
  assert.match(worst(await findings(web("runtime: amd"))), /^fail p\/compose\.yaml:4 .*no AMD GPU/);
  assert.match(await of("intel.com/gpu=0"), /^fail p\/compose\.yaml:5 .*intel\.com\/gpu/);
  assert.is(await of("nvidia.com/gpu=all"), "");
  // the node is there, and the libraries are not
  for (const device of ["/dev/nvidia0", "/dev/nvidiactl"]) {
    assert.match(await of(device), /^warn .* alone gives/, device);
  }
});

test("waiting for the health of an official image without a health check fails", async () => {
  const db = (image: string, keys = "") =>
    web("depends_on:\n      db:\n        condition: service_healthy", `  db: {image: "${image}"${keys}}\n`);
  assert.match(
    worst(await findings(db("redis:7"))),
    /^fail p\/compose\.yaml:5 .*db is healthy, but neither db nor its image/,
  );
  assert.is(worst(await findings(db("redis:7", ", healthcheck: {test: [CMD, redis-cli, ping]}"))), "");
  assert.is(
    worst(
      await findings(db("ghcr.io/immich-app/postgres:14", ", environment: {POSTGRES_PASSWORD: x}, tmpfs: /var/lib")),
    ),
    "",
  );
});

test("ports of a service in the network of another service fail", async () => {
  const found = await findings(web('network_mode: "service:vpn"\n    ports: [80]', "  vpn: {image: x}\n"));
  assert.match(worst(found), /^fail p\/compose\.yaml:5 .*network_mode: service:vpn and ports/);
});

test("gpus: an unknown driver, and count with device_ids, fail", async () => {
  assert.match(worst(await findings(web("gpus:\n      - driver: cuda"))), /^fail p\/compose\.yaml:5 .*driver cuda/);
  assert.match(
    worst(await findings(web("gpus: [{count: 1, device_ids: ['0']}]"))),
    /^fail .*both count and device_ids/,
  );
});

test("a missing file of a config has the line of its section", async () => {
  const found = await findings(
    web("configs: [{source: c, target: /etc/app.conf}]", "configs:\n  c:\n    file: ./app.conf\n"),
  );
  assert.match(worst(found), /^fail p\/compose\.yaml:7 .*app\.conf, which does not exist/);
});

test("a relative mount of an inline service is not copied: a folder warns, a file fails", () => {
  const of = (volume: string) => {
    const services = `services: {w: {image: x, volumes: ["${volume}"]}}`;
    const resolved = resolveConfig(parseConfig(`machines: [{name: a, box: lab/x}]\n${services}`), card);
    return runChecks(card, resolved, ["services.compose"]).map(({ status }) => status).filter((one) => one !== "skip");
  };
  assert.equal([of("./data:/d"), of("~/data:/d")], [["warn"], ["warn"]]);
  assert.equal(of("./nginx.conf:/etc/nginx/nginx.conf"), ["fail"]);
  assert.equal([of("D:/data:/d"), of("d:\\\\data:/d")], [["fail"], ["fail"]]);
  assert.equal([of("data:/d"), of("/srv/data:/d")], [[], []]);
});

test("models of an inline service are refused with: use a stack", () => {
  const config = "machines: [{name: a, box: lab/x}]\nservices: {w: {image: x, models: [m]}}";
  assert.throws(() => parseConfig(config), /use a stack/);
});

test("a GPU by UUID is unknown, since only the VM has it", async () => {
  const gpu =
    "deploy: {resources: {reservations: {devices: [{driver: nvidia, device_ids: [GPU-4cf8], capabilities: [gpu]}]}}}";
  const found = await findings(web(gpu));
  assert.ok(found.some((one) => /^unknown .*GPU-4cf8/.test(one)), found.join("\n"));
});

test.run();
