// What public Compose projects of Frigate, Jellyfin, NIM, LocalAI, TrueNAS apps and others showed: registries with a
// login, models that fill a disk, databases without a volume, files that cannot be read. What Compose makes of them was
// run with 2.26.1 on 2026-11-29.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { projectServices } from "../lib/checks/placed-services.mts";
import { runChecks } from "../lib/checks/index.mts";
import { downloadsOf } from "../lib/compose/models.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { UserError } from "../lib/errors.mts";
import { isReady } from "../lib/findings.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { homeDir } from "../lib/text.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose strangers");
const card = savedHost("rtx4070-desktop-debian12");
const machine = (rest = "") =>
  "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, " +
  `gpu: {device_id: 2786}${rest}}]`;

async function judge(
  files: Record<string, string>,
  { rest = "", unreadable = "", only = ["services.compose", "services.gpu"] } = {},
) {
  const disk = Object.entries(files).map(([path, text]) => [path.startsWith("/") ? path : `/lab/p/${path}`, text]);
  const { shell } = fakeShell(Object.fromEntries(disk));
  const careful = {
    ...shell,
    read: (path: string) =>
      path === `/lab/p/${unreadable}`
        ? Promise.reject(new UserError(`cannot read ${path}: no permission`, 1))
        : shell.read(path),
  };
  const project = await readProject(careful, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, undefined);
  const resolved = { ...resolveConfig(parseConfig(machine(rest)), card), projects: [project] };
  return { project, findings: runChecks(card, resolved, only) };
}

/** Doctor's findings for one stack, as `status PLACE message -> fix`. */
async function found(text: string, files: Record<string, string> = {}, rest?: string) {
  const { findings } = await judge({ "compose.yaml": text, ...files }, rest === undefined ? {} : { rest });
  return findings.filter(({ status, message }) => status !== "pass" && !/this host has no Compose 2/.test(message))
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}

/** What is said of one stack that the host's Compose refuses with these words, as `message -> advice`. */
async function refusedWith(text: string, err: string): Promise<string[]> {
  const { shell } = fakeShell({ "/lab/p/compose.yaml": text }, {
    "docker compose version": { out: "2.26.1\n" },
    "docker compose -p p": { ok: false, code: 15, err: `${err}\n` },
  });
  const compose = { command: ["docker", "compose"], version: "2.26.1" };
  const { refusals } = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, compose);
  return refusals.map(({ message, mend }) => `${message} -> ${mend}`);
}
const gpu = "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}";
const service = (rest: string, top = "") =>
  `services:\n  s:\n    ${rest.replaceAll("\n", "\n    ")}\n    ${gpu}\n${top}`;

test("an image whose registry needs a login that a new VM does not have", async () => {
  const of = (image: string, files = {}, rest?: string) => found(service(`image: "${image}"`), files, rest);
  const needed = [
    "nvcr.io/nim/meta/llama3-8b-instruct:1.0.3",
    "nvcr.io/nim/nvidia/llama-nemotron-embed-1b-v2:2.0.9",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/me/app:1",
    "registry.redhat.io/ubi9/python-311",
    "dhi.io/python:3.13",
  ];
  for (const image of needed) {
    const [first = "", ...others] = await of(image);
    assert.match(
      first,
      /^warn p\/compose\.yaml:3 .* needs a login, which a new VM does not have -> When a runs, log in/,
    );
    assert.match(first, `ssh a -- sudo docker login ${image.split("/")[0]}`);
    assert.equal(others, []);
  }
  assert.match((await of(needed[0]!))[0]!, /user \$oauthtoken/);
  assert.match((await of(needed[0]!, {}, ", engine: podman"))[0]!, /sudo podman login nvcr\.io/);
  assert.equal(await of(needed[0]!, {}, ", provision: [login.sh]"), [], "a script of the user may log in");
  const free = ["nvcr.io/nim/meta/llama-3.1-8b-instruct:2.0.11", "nvcr.io/nvidia/tritonserver:25.03-py3"];
  for (const image of [...free, "ghcr.io/me/app", "registry.gitlab.com/me/app", "quay.io/x/y"]) {
    assert.equal(await of(image), [], image);
  }
});

test("what is not known about a registry is unknown: the host's own logins, and registries of one's own network", async () => {
  const logins = (text: string) => ({ [`${homeDir()}/.docker/config.json`]: text });
  const own = logins('{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}, "https://index.docker.io/v1/": {}}}');
  const of = (image: string, files = {}) => found(service(`image: "${image}"`), files);
  const [first = "", ...others] = await of("ghcr.io/me/app:1", own);
  assert.match(
    first,
    /^unknown p\/compose\.yaml:3 .*may be private: this host has a login for ghcr\.io, and a has none/,
  );
  assert.equal(others, []);
  assert.not.match(JSON.stringify((await judge({ "compose.yaml": service("image: x"), ...own })).project), "c2VjcmV0");
  for (const image of ["me/app", "quay.io/me/app", "ghcr.io/ggml-org/llama.cpp:server-cuda"]) {
    assert.equal(await of(image, own), [], image);
  }
  assert.match((await of("ghcr.io/me/app", logins('{"credHelpers": {"ghcr.io": "gh"}}')))[0]!, /^unknown /);
  assert.equal(await of("ghcr.io/me/app", logins("{broken")), []);
  for (const registry of ["harbor.local", "192.168.1.5:5000", "registry:5000", "git.home.arpa"]) {
    assert.match(
      (await of(`${registry}/me/app`))[0]!,
      /^unknown .* whether a reaches .* could not be checked/,
      registry,
    );
  }
  assert.match((await of("localhost:5000/app"))[0]!, /^warn .*localhost:5000 is a itself there, which has no registry/);
  const local = service('image: "localhost:5000/app"');
  const registry = "  registry: {image: 'registry:3', ports: ['5000:5000']}\n";
  assert.not.match((await found(local + registry)).join("\n"), /which has no registry/, "the project runs it itself");
});

test("models that services download are larger than the VM's disk", async () => {
  const ollama = service(
    'image: ollama/ollama\nentrypoint: [sh, -c, "ollama serve & ollama pull llama3.3:70b; ollama pull qwen2.5:72b; wait"]',
  );
  const [warning = "", ...others] = (await found(ollama)).filter((one) => !/a part of it on the CPU/.test(one));
  assert.match(
    warning,
    /^warn p\/compose\.yaml:4 the models llama3\.3:70b and qwen2\.5:72b take about 79 GiB, but the disk of a has 64/,
  );
  assert.match(warning, /-> Write disk: \d+ GiB for a, or share a folder/);
  const seven = ["a", "b", "c", "d", "e", "f", "g"].map((name) => `ollama pull ${name}:70b`).join("; ");
  assert.match(
    (await found(service(`image: ollama/ollama\nentrypoint: [sh, -c, "ollama serve & ${seven}"]`))).join("\n"),
    /the models a:70b, b:70b, c:70b, d:70b, e:70b, f:70b, and 1 more take about/,
  );
  assert.equal(others, []);
  const warns = async (text: string, files = {}, rest = "") =>
    (await found(text, files, rest)).some((one) => / take about \d+ GiB, but the (data )?disk of a /.test(one));
  assert.ok(await warns(ollama, {}, ", data: 50 GiB"));
  assert.ok(await warns(ollama, {}, ", disk: 85 GiB"), "the system and the image need space too");
  assert.not(await warns(ollama, {}, ", disk: 128 GiB"));
  assert.not(await warns(ollama, {}, ", data: 128 GiB"));
  const shared = ollama.replace("    entrypoint", "    volumes: [/mnt/models:/root/.ollama]\n    entrypoint");
  assert.ok(await warns(shared));
  assert.not(await warns(shared, {}, ", folders: [{from: /mnt/models, to: /mnt/models}]"));
  const pulls = ollama + "  server: {image: ollama/ollama, volumes: ['models:/root/.ollama']}\nvolumes:\n  models:\n";
  assert.ok(await warns(`${pulls}    labels: {a: b}\n`));
  assert.not(await warns(`${pulls}    driver_opts: {type: nfs, o: addr=10.0.0.1, device: ":/models"}\n`));
  const one = service('image: ollama/ollama\nentrypoint: [sh, -c, "ollama serve & ollama pull llama3.3:70b; wait"]');
  assert.not(await warns(one));
  assert.not(await warns(service("image: nginx"), {}, ", disk: 4 GiB"), "no models");
  const app = "services:\n" +
    ["a", "b", "c"].map((name) => `  ${name}: {image: "me/${name}", environment: {MODEL: "llama3.3:70b"}}\n`).join("");
  assert.not(await warns(app), "they are in the container of Ollama, once");
  const built = service("build: .");
  const files = {
    Dockerfile: 'FROM ollama/ollama\nCOPY start.sh /start.sh\nENTRYPOINT ["/bin/bash", "/start.sh"]\n',
    "start.sh": "#!/bin/bash\nollama serve &\nollama pull qwen3:235b\nwait\n",
  };
  assert.ok(await warns(built, files));
  const { project } = await judge({ "compose.yaml": built, ...files });
  assert.match(projectServices([project])[0]!.script ?? "", /qwen3:235b/);
  const names = (rest: Record<string, unknown>) => downloadsOf(rest).map(({ name, bits }) => `${name} ${bits}`);
  assert.equal(names({ command: "huggingface-cli download Qwen/Qwen2.5-7B-Instruct --local-dir /m && serve" }), [
    "Qwen/Qwen2.5-7B-Instruct 16",
  ]);
  assert.equal(names({ command: "hf download unsloth/Qwen3-32B-GGUF Qwen3-32B-Q8_0.gguf" }), [
    "unsloth/Qwen3-32B-GGUF 8",
  ]);
  assert.equal(
    names({ image: "localai/localai:latest-gpu-nvidia-cuda-12", environment: { MODELS: "llama-3-8b, x" } }),
    [
      "llama-3-8b 4",
    ],
  );
});

test("a database whose data is in no volume loses it with its container", async () => {
  const of = async (image: string, rest = "") =>
    (await found(
      `services:\n  db:\n    image: ${image}\n    environment: {POSTGRES_PASSWORD: x, MYSQL_ROOT_PASSWORD: x}\n${rest}`,
    ))
      .filter((one) => /data/.test(one));
  assert.equal(await of("postgres:17"), [
    "warn p/compose.yaml:3 p: db keeps its data in /var/lib/postgresql/data, where it has no volume: the data is lost " +
    'with the container -> Add volumes: ["db-data:/var/lib/postgresql/data"] to db, and db-data: to volumes: at the top',
  ]);
  for (const image of ["mysql:8", "docker.io/library/mongo:7", "qdrant/qdrant", "pgvector/pgvector:pg16", "neo4j:5"]) {
    assert.match((await of(image))[0] ?? "", /^warn .* keeps its data in /, image);
  }
  assert.equal(await of("redis:7"), []);
  assert.equal(await of("postgres:17", "    tmpfs: [/var/lib/postgresql/data]\n"), []);
  assert.equal(await of("mongo:7", "    volumes: [./data:/data]\n"), []);
  assert.equal(await of("postgres:18", "    volumes: [./pg:/var/lib/postgresql]\n"), []);
  assert.equal(await of("influxdb:2", "    volumes: [./i:/var/lib/influxdb2]\n"), []);
  // PostgreSQL 18 does not start with a volume at the old place
  for (const image of ["postgres", "postgres:18-alpine", "pgvector/pgvector:0.8.1-pg18"]) {
    assert.match((await of(image))[0] ?? "", /-> Add volumes: \["db-data:\/var\/lib\/postgresql"\]/, image);
  }
  assert.match((await of("timescale/timescaledb:2.17.2-pg16"))[0] ?? "", /"db-data:\/var\/lib\/postgresql\/data"/);
  assert.match((await of("influxdb:2.7"))[0] ?? "", /"db-data:\/var\/lib\/influxdb2"/);
  assert.equal(await of("paradedb/paradedb:latest"), []);
  const elsewhere = "    environment: {path.data: /es/data}\n    volumes: [./es:/es]\n";
  assert.equal(await found(`services:\n  db:\n    image: elasticsearch:8.15.0\n${elsewhere}`), []);
  // the env file may have PGDATA
  assert.equal(
    await of("postgres:17", "    env_file: [{path: db.env, required: false}]\n    volumes: [./d:/pg]\n"),
    [],
  );
});

test("a file of the project that cannot be read: never Ready", async () => {
  const { findings } = await judge(
    { "compose.yaml": "include: [other.yaml]\nservices: {web: {image: x}}\n", "other.yaml": "services: {}\n" },
    { unreadable: "other.yaml" },
  );
  assert.ok(findings.some(({ status, message }) => status === "unknown" && message.includes("other.yaml")));
  assert.not(isReady(findings));
});

test("guest.cuda passes for an image without a version in its name, if the driver runs all versions", async () => {
  const { findings } = await judge({ "compose.yaml": service("image: me/trainer") }, { only: ["guest.cuda"] });
  assert.equal(findings.map(({ status }) => status), ["pass"]);
});

test("numbers and flags in other spellings of YAML: 8.0, False", async () => {
  const [cpus = ""] = await found(service("image: x\ncpus: 8.0"));
  assert.match(cpus, /^fail p\/compose\.yaml:4 p: s has a limit of 8 CPUs, but a has 4/);
  const mount = (flag: string) =>
    found(service(
      `image: x\nvolumes: [{type: bind, source: /mnt/pool/data, target: /data, bind: {create_host_path: ${flag}}}]`,
    ));
  assert.match((await mount("False"))[0]!, /^fail .*which a does not have: create_host_path is false/);
  assert.match((await mount("True"))[0]!, /^warn .*an empty folder in a/);
  assert.equal(await found(service("image: x\nnetworks: [n]", "networks: {n: {external: False}}\n")), []);
});

test("a key that is written twice does not hide what else is wrong", async () => {
  const all = await found(service("image: x\nrestart: always\nrestart: unless-stopped\ndevices: [/dev/apex]"));
  assert.match(all.join("\n"), /^fail p\/compose\.yaml:5 .*duplicate key “restart”/m);
  assert.match(all.join("\n"), /^fail p\/compose\.yaml:6 .*uses \/dev\/apex/m);
});

test("device nodes of another computer", async () => {
  const [first = "", ...others] = await found(service("image: x\ndevices: [/dev/skyconnect:/dev/ttyUSB0]"));
  assert.match(first, /^warn p\/compose\.yaml:4 p: s uses \/dev\/skyconnect \(a device of another computer\)/);
  assert.equal(others, []);
  const known = "[/dev/net/tun, /dev/fuse, /dev/nvidia0, /dev/nvidia-uvm-tools, /dev/ttyS0, /dev/shm, /dev/loop0]";
  assert.equal(await found(service(`image: x\ndevices: ${known}`)), []);
});

test("an image of an account that Docker Hub cannot have, and a placeholder in a URL", async () => {
  assert.equal(await found(service("image: open-webui/open-webui:ollama")), [
    "warn p/compose.yaml:3 p: s has the image open-webui/open-webui:ollama, but names of Docker Hub's accounts have no " +
    "hyphen -> Write the image with its registry, such as ghcr.io/open-webui/open-webui:ollama, or build: with the " +
    "folder of its Dockerfile",
  ]);
  for (const image of ["me/open-webui", "ghcr.io/open-webui/open-webui:cuda", "docker.io/library/redis:7"]) {
    assert.equal(await found(service(`image: ${image}`)), [], image);
  }
  const [url = ""] = await found(service("image: x\nenvironment: [BASE_URL=http://YOUR-SERVER-IP:11434/v1]"));
  assert.match(url, /^warn p\/compose\.yaml:4 .*YOUR-SERVER-IP:11434\/v1, which is not a value but a placeholder/);
});

test("a folder that a new VM does not have hides the config of an image", async () => {
  const mosquitto = "services:\n  mqtt:\n    image: eclipse-mosquitto\n    volumes: [/opt/mqtt:/mosquitto]\n";
  const first = (await found(mosquitto)).find((one) => one.startsWith("fail")) ?? "";
  assert.match(
    first,
    /^fail p\/compose\.yaml:4 .*a new VM does not have \/opt\/mqtt\/config\/mosquitto\.conf: its program/,
  );
  const folders = ", folders: [{from: /opt/mqtt, to: /opt/mqtt}]";
  assert.equal((await found(mosquitto, {}, folders)).filter((one) => one.startsWith("fail")), []);
});

test("a config of the project in such a folder, and includes of other computers", async () => {
  const config = "services:\n  mqtt:\n    image: eclipse-mosquitto\n    volumes: [/opt/mqtt:/mosquitto/config]\n" +
    "    configs: [{source: c, target: /mosquitto/config/mosquitto.conf}]\nconfigs: {c: {content: listener 1883}}\n";
  assert.equal((await found(config)).filter((one) => one.startsWith("fail")), []);
  const remote = "include: ['https://github.com/me/lab.git#1:redis/compose.yml']\nservices: {web: {image: x}}\n";
  const { findings } = await judge({ "compose.yaml": remote });
  assert.ok(findings.some(({ message }) => /lab\.git#1:redis\/compose\.yml is on another computer/.test(message)));
  assert.not(findings.some(({ status }) => status === "fail"));
  assert.not(isReady(findings));
  // what such a file may have is not missed
  const others = "include: ['https://github.com/me/lab.git#1:redis/compose.yml']\nservices:\n  web:\n    image: x\n" +
    "    depends_on: [redis]\n    networks: [back]\n    volumes: [data:/x]\n" +
    "  own:\n    extends: {file: 'https://github.com/me/lab.git#1:base.yml', service: base}\n";
  const [first = ""] = others.split("\nservices");
  for (const text of [others, `${first}\n`]) {
    const { findings } = await judge({ "compose.yaml": text });
    assert.equal(findings.filter(({ status }) => status === "fail").map(({ message }) => message), [], text);
    assert.not(isReady(findings));
  }
});

test("required variables are in the order of the file, whichever Compose names first", async () => {
  const text = "services:\n  s:\n    image: x\n    environment:\n      A: ${A:?}\n      B: ${B:?}\n";
  const err = "error while interpolating services.s.environment.B: required variable B is missing a value: \n";
  const { shell } = fakeShell({ "/lab/p/compose.yaml": text }, {
    "docker compose version": { out: "2.26.1\n" },
    "docker compose -p p": { ok: false, code: 15, err },
  });
  const compose = { command: ["docker", "compose"], version: "2.26.1" };
  const project = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, compose);
  const resolved = { ...resolveConfig(parseConfig(machine()), card), projects: [project] };
  const messages = runChecks(card, resolved, ["services.compose"]).map(({ message }) => message);
  assert.match(messages.join("\n"), /^p: A and B have no value, and the project requires them$/m);
});

test("fixes name what is meant: the mount over a folder, several paths, the variable of a host name", async () => {
  const files = { Dockerfile: 'FROM python:3\nCMD ["serve", "--model-repository=/models"]\n' };
  const [mount = ""] = await found(service("build: .\nvolumes: [./models:/models]"), files);
  assert.match(mount, /-> Remove the mount over \/models, or create models$/);
  const [paths = ""] = await found(service("image: x\nvolumes: [../../b/c:/c, ../../b/d:/d]"));
  assert.match(paths, /-> Copy them into the project's folder, and write their paths there \(\.\/…\)$/);
  const [name = "", ...others] = await found(service("image: x\nextra_hosts: ['${NAME}:127.0.0.1']"));
  assert.match(name, /^fail p\/compose\.yaml:4 p: NAME has no value, which leaves “:127\.0\.0\.1”/);
  assert.equal(others, []);
});

test("a merge key with the tag !!merge, as yq writes it", async () => {
  const text = "x-e: &e {A: b}\nservices:\n  s:\n    image: x\n    environment:\n      !!merge <<: *e\n      C: d\n" +
    `    ${gpu}\n`;
  assert.equal(await found(text), []);
  assert.match((await found("services:\n  s:\n    !!merge image: x\n")).join(), /the tag !!merge does not fit/);
});

test("a project that only Compose can read: its relative paths are not taken for absolute ones", async () => {
  const text =
    "services:\n  s:\n    image: x\n    labels: {a: !!binary aGk=}\n    volumes: [./data:/data, /lab/p/own:/own]\n";
  const bind = (source: string, target: string) => ({ type: "bind", source, target });
  const model = {
    name: "p",
    services: { s: { image: "x", volumes: [bind("/lab/p/data", "/data"), bind("/lab/p/own", "/own")] } },
  };
  const { shell } = fakeShell({ "/lab/p/compose.yaml": text, "/lab/p/data/a": "", "/lab/p/own/a": "" }, {
    "docker compose version": { out: "2.26.1\n" },
    "docker compose -p p": { out: JSON.stringify(model) },
  });
  const compose = { command: ["docker", "compose"], version: "2.26.1" };
  const project = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, compose);
  assert.is(project.readBy, "compose");
  const resolved = { ...resolveConfig(parseConfig(machine()), card), projects: [project] };
  const failed = runChecks(card, resolved, ["services.compose"]).filter(({ status }) => status === "fail");
  assert.equal(failed.map(({ message }) => message.replace(/ by its path.*/, "")), ["p: s mounts /lab/p/own"]);
});

test("a server of models: an option without a value, and LoRAX", async () => {
  const vllm = (command: string) => service(`image: vllm/vllm-openai:v0.11.0\ncommand: ${command}`);
  const [empty = "", ...others] = await found(vllm("--model ${MODEL} --max-model-len 8"), { ".env": "MODEL=\n" });
  assert.match(empty, /^fail p\/compose\.yaml:4 p\/s: --model of vLLM has no value: it does not start/);
  assert.equal(others, []);
  assert.equal(await found(vllm("--model ${MODEL} --port 1"), { ".env": "MODEL=a/b\n" }), []);
  const lorax = service("image: ghcr.io/predibase/lorax:main\nenvironment: [MODEL_ID=mistralai/Mistral-7B-v0.1]");
  assert.match((await found(lorax))[0] ?? "", /^warn .* take about 13 GiB at 16 bits, .*: LoRAX does not start/);
});

test("other names of Docker Hub's host, and Bitnami's versions, which moved", async () => {
  const db = (image: string) =>
    found(`services:\n  db: {image: "${image}", volumes: ["d:/var/lib/mysql"]}\nvolumes: {d: }\n`);
  for (const host of ["registry.hub.docker.com", "index.docker.io", "registry-1.docker.io"]) {
    assert.match((await db(`${host}/library/mysql:8`)).join(), /runs mysql without a password/, host);
  }
  const [moved = ""] = await found(service('image: "docker.io/bitnami/mongodb:4.4"'));
  assert.match(moved, /^fail p\/compose\.yaml:3 .* does not have any more.* -> Write bitnamilegacy\/mongodb:4\.4/);
  for (const image of ["bitnami/mongodb", "bitnami/mongodb:latest", "bitnamilegacy/mongodb:4.4"]) {
    assert.equal(await found(service(`image: "${image}"`)), [], image);
  }
});

test("services at the top of a file: one finding, and what else is wrong with them", async () => {
  const old = "web:\n  image: nginx\n  prots: [80]\ndb:\n  image: postgres:17\n  restart: sometimes\n";
  const first = await found(old);
  assert.match(
    first[0]!,
    /^fail p\/compose\.yaml:1 .*no services: at the top.* -> Write services: above web, and indent/,
  );
  assert.match(first.join("\n"), /^fail p\/compose\.yaml:3 .* no key prots/m);
  assert.match(first.join("\n"), /has restart: sometimes/);
  assert.not.match(first.join("\n"), /Remove (web|db)/);
  const one = await found("services:\n  a: {image: x}\nweb: {image: nginx}\nnetworks: {n: {}}\n");
  assert.match(
    one.join(),
    /^fail p\/compose\.yaml:3 p: web is at the top of the file.* -> Indent web below services:$/,
  );
  assert.equal(
    await refusedWith("web:\n  image: nginx\ndb:\n  image: x\n", "(root) Additional property db is not allowed"),
    [
      "the file has no services: at the top, as in the first version of Compose: Compose 2 refuses that -> " +
      "Write services: above web, and indent all services below it",
    ],
  );
});

test("a section of the project below services: one finding, and the section counts", async () => {
  const below = "services:\n  a: {image: x, volumes: ['data:/x'], networks: [n]}\n" +
    "  volumes:\n    data:\n  networks:\n    n: {drivr: x}\n";
  const [first = "", second = "", ...rest] = await found(below);
  assert.match(
    first,
    /^fail p\/compose\.yaml:3 p: volumes and networks are below services:, .* -> Write volumes: and networks: without/,
  );
  assert.match(second, /^fail p\/compose\.yaml:6 p: networks\.n: there is no key drivr.* -> Write driver$/);
  assert.equal(rest, []);
  const correct = below.replace("drivr", "driver");
  assert.equal(
    await refusedWith(correct, "services.networks additional properties 'n' not allowed"),
    [
      "volumes and networks are below services:, and not at the top of the file -> " +
      "Write volumes: and networks: without indentation",
    ],
  );
  // services of these names
  assert.equal(await found("services:\n  configs: {image: x}\n  secrets: {build: 'https://github.com/a/b.git'}\n"), []);
});

test("a service in another one, or in another section, is not to be removed", async () => {
  const inside = "services:\n  a:\n    image: x\n    b:\n      image: y\n";
  assert.match((await found(inside)).join(), /no key b -> Indent b as the other services below services:$/);
  const below = "services:\n  a: {image: x}\nnetworks:\n  n:\n    image: y\n    ports: [80]\n";
  for (const one of await found(below)) assert.match(one, /networks\.n: .* -> Move n below services:$/);
});

test("ports in the VM's own network: one program's are no collision, and UDP is not TCP", async () => {
  const host = (ports: string) => `services:\n  s:\n    image: x\n    network_mode: host\n    ports: ${ports}\n`;
  const twice = async (ports: string, other = "") =>
    (await found(`${host(ports)}${other}`)).filter((one) => /both use|twice/.test(one));
  assert.equal(await twice('["53:53/udp", "53:53/tcp", "8080:80", "8443:80"]'), []);
  const other = (port: string) => `  t: {image: y, ports: ["${port}"]}\n`;
  assert.equal(await twice('["5053:5053/udp"]', other("5053:1")), []);
  assert.match(
    (await twice('["5053:5053/udp"]', other("5053:1/udp")))[0] ?? "",
    /p\/s and p\/t both use port 5053\/udp/,
  );
});

test("several files in one option, groups without a name, external networks with an empty one", async () => {
  const config =
    "services:\n  s:\n    image: authelia/authelia\n    command: authelia --config=/etc/a/x.yml,/etc/a/y.yml\n" +
    "    volumes: [./etc:/etc/a]\n";
  const [missing = "", ...others] = await found(config, { "etc/x.yml": "a: 1" });
  assert.match(
    missing,
    /^warn p\/compose\.yaml:4 .* reads \/etc\/a\/y\.yml \(--config\), but etc\/y\.yml does not exist/,
  );
  assert.equal(others, []);
  const groups = await found(service('image: x\ngroup_add: ["${PGID}"]'));
  assert.match(groups.join("\n"), /^fail p\/compose\.yaml:4 .* has a group without a name in group_add/m);
  const networks = await found(service("image: x", "networks: {default: {name: $NET, external: true}}\n"));
  assert.match(networks.join("\n"), /the network default is external/);
});

test("an image without GPU support, where no service asks for the machine's GPU", async () => {
  assert.match(
    (await found("services:\n  ml: {image: 'ghcr.io/immich-app/immich-machine-learning:v2'}\n")).join(),
    new RegExp(
      "no service asks for a GPU: ml can use one with the image \\S+:v2-cuda, .* -> Write image: \\S+:v2-cuda\\. Add to ml",
    ),
  );
  assert.equal(await found("services:\n  x: {image: 'nginx:1'}\n"), []);
});

test.run();
