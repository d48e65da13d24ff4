// What public Compose projects of NVIDIA's blueprints, OPEA, RAGFlow, Kokoro and others showed: profiles with an empty
// name, variables of env files, items with a space too many, files of other projects in one folder. What Compose says
// of them was run with 2.26.1 and 2.40.3 on 2026-11-27.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { unsetFlaws } from "../lib/checks/compose-emptied.mts";
import { runChecks } from "../lib/checks/index.mts";
import { isEnabled } from "../lib/compose/enabled.mts";
import { renderGpuRequests } from "../lib/compose/gpu-render.mts";
import { overrideFor } from "../lib/compose/override.mts";
import { mapAt } from "../lib/maps.mts";
import { exampleOf } from "../lib/compose/examples.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { isSecretName } from "../lib/compose/variables.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose public");
const card = savedHost("rtx4070-desktop-debian12");
const machine =
  "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, gpu: {device_id: 2786}}]";

const read = (files: Record<string, string>, profiles: string[] = [], folder = "/lab/p") =>
  readProject(
    fakeShell(Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path.startsWith("/") ? path : `${folder}/${path}`, text]),
    )).shell,
    { name: "p", machine: "a", folder, profiles },
    undefined,
  );

/** Doctor's findings for one stack, as `status PLACE message -> fix`. */
async function findings(files: Record<string, string>, profiles: string[] = [], folder?: string) {
  const resolved = { ...resolveConfig(parseConfig(machine), card), projects: [await read(files, profiles, folder)] };
  return runChecks(card, resolved, ["services.compose", "services.gpu"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const reservation = "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}";

test("the profile with an empty name is on, until another one is turned on", async () => {
  const text = 'services:\n  llm: {image: x, profiles: ["", rag]}\n  asr: {image: x, profiles: [audio]}\n';
  assert.equal((await read({ "compose.yaml": text })).enabled, ["llm"]);
  assert.equal((await read({ "compose.yaml": text }, ["audio"])).enabled, ["asr"]);
  assert.equal((await read({ "compose.yaml": text, ".env": "COMPOSE_PROFILES=rag\n" })).enabled, ["llm"]);
  assert.ok(isEnabled({ name: "llm", machine: "a", body: { profiles: [""] } }));
  assert.not(isEnabled({ name: "asr", machine: "a", body: { profiles: ["audio"] } }));
  assert.equal(await findings({ "compose.yaml": text }), []);
});

test("a variable without a value in .env or in an env file is named, with its line", async () => {
  const text = "services:\n  llm:\n    image: x\n    env_file: [nim.env]\n";
  const found = await findings({
    "compose.yaml": text,
    ".env": "A=1\nexport NVIDIA_KEY=${NGC_API_KEY}\nB=${A}/${HOME}\n",
    "nim.env": "TOKEN=\"${HF_TOKEN}\"\nLITERAL='${NOT_ONE}'\nGIVEN=${A}\n",
  });
  assert.is(found.length, 1, found.join("\n"));
  assert.match(found[0]!, /^warn p\/\.env:2, p\/nim\.env:1 p: NGC_API_KEY, HF_TOKEN have no value: .* password or key/);
});

test("an item with a space too many is part of the text above it: a warning, as Compose takes it", async () => {
  const text = "services:\n  ui:\n    image: x\n    environment:\n     - A=1\n      - B=2\n      - C=3\n";
  const found = await findings({ "compose.yaml": text });
  assert.is(found.length, 2, found.join("\n"));
  assert.match(found[0]!, /^warn p\/compose\.yaml:6 .*part of the text above.* -> Write {6}- B=2 \(5 spaces\)$/);
  const { model } = await read({ "compose.yaml": text });
  assert.equal(model!.services.ui!.environment, ["A=1 - B=2 - C=3"]);
});

test("the profile to turn on is added to those that are on", async () => {
  const text = "services:\n  db: {image: x, profiles: [mysql]}\n  cpu: {image: y, profiles: [cpu]}\n" +
    `  tei:\n    image: z\n    profiles: [tei-gpu]\n    ${reservation}\n`;
  const files = { "compose.yaml": text, ".env": "COMPOSE_PROFILES=mysql,cpu\n" };
  const [one = "", ...more] = await findings(files);
  assert.match(one, /tei does, but its profile tei-gpu is off -> .*: profiles: \[mysql, cpu, tei-gpu\]$/);
  assert.equal(more, []);
  const two = { ...files, "compose.yaml": `${text}  rag:\n    image: z\n    profiles: [gpu]\n    ${reservation}\n` };
  assert.match(
    (await findings(two))[0]!,
    /tei \(profile tei-gpu\) and rag \(profile gpu\) do, but their profiles are off/,
  );
  const needs = {
    "compose.yaml": `${text}  web: {image: x, depends_on: [tei], profiles: [cpu]}\n`,
    ".env": files[".env"],
  };
  assert.match((await findings(needs)).join("\n"), /Enable its profile: profiles: \[mysql, cpu, tei-gpu\]/);
});

test("a file with other services that ask for a GPU is not called the same project", async () => {
  const compose = "services:\n  rag-server: {image: nvcr.io/x/rag-server}\n";
  const guard = `services:\n  content-safety:\n    image: nvcr.io/x/guard\n    ${reservation}\n`;
  const [other = ""] = await findings({ "compose.yaml": compose, "guardrails.yaml": guard });
  assert.match(other, /guardrails\.yaml has other services that do \(content-safety\), and is not used/);
  assert.match(other, /-> If you need them, write COMPOSE_FILE=compose\.yaml:guardrails\.yaml/);
  const variant = `services:\n  rag-server-gpu:\n    image: y\n    ${reservation}\n`;
  assert.match(
    (await findings({ "compose.yaml": compose, "g.yaml": variant }))[0]!,
    /g\.yaml is the same project with one/,
  );
});

test("what to do about a path outside the project's folder depends on how it is written", async () => {
  const mount = (source: string) => `services:\n  web:\n    image: x\n    volumes: ["${source}:/data"]\n`;
  const fix = async (source: string) => (await findings({ "compose.yaml": mount(source) }))[0]!.split(" -> ")[1]!;
  const below = (await findings({ "compose.yaml": mount("../../api") }, [], "/lab/x/p"))[0]!.split(" -> ")[1];
  assert.is(below, 'Set the stack\'s path to /lab, and add env: {COMPOSE_FILE: "x/p/compose.yaml"}');
  assert.match(await fix("../../api"), /^Copy it into the project's folder, and write its path there/);
  assert.is(
    await fix("/mnt/media"),
    "Share it with a: folders: [{from: /mnt/media, to: /mnt/media}], with read_only: false if a service writes there; " +
      "or use a named volume",
  );
  assert.match(await fix("/mnt/my media"), /folders: \[\{from: "\/mnt\/my media", to: "\/mnt\/my media"\}\]/);
  for (const other of ["~/.flowise", "/etc/wolf", "/opt/app/data"]) {
    assert.match(await fix(other), /^Move it into the project's folder, or use a named volume$/);
  }
  // a named volume is a folder
  for (const file of ["~/.ssh/known_hosts", "/etc/app/app.conf", "/home/me/keys/nas_rsa"]) {
    assert.is(await fix(file), "Copy it into the project's folder, and write its path there (./…)");
  }
});

test("a missing .env is copied from its example", async () => {
  const text = "services:\n  web:\n    image: x\n    env_file: [.env]\n    volumes: ['./.env:/app/.env']\n";
  const found = await findings({ "compose.yaml": text, ".env.example": "A=1\n" });
  assert.is(found.length, 2, found.join("\n"));
  for (const one of found) assert.match(one, / -> Copy \.env\.example to \.env, and fill it in$/);
});

test("an included file that is absent, and a placeholder in an image, say what to do", async () => {
  const [absent = ""] = await findings({ "compose.yaml": "include: [db/compose.yml]\nservices: {web: {image: x}}\n" });
  assert.match(absent, / -> Get db\/compose\.yml into the project's folder/);
  const [image = ""] = await findings({ "compose.yaml": "services: {web: {image: 'nvcr.io/YOUR_ORG_ID/nim:1'}}\n" });
  assert.match(image, / -> Replace YOUR_ORG_ID with your own name$/);
  const [upper = ""] = await findings({ "compose.yaml": "services: {web: {image: 'ghcr.io/Me/nim:1'}}\n" });
  assert.match(upper, / -> Write ghcr\.io\/me\/nim:1$/);
});

test("an external default network is one that a new VM does not have", async () => {
  const external = "networks: {default: {external: true, name: proxy}}\n";
  const found = await findings({ "compose.yaml": `services:\n  web:\n    image: x\n${external}` });
  assert.match(found.join("\n"), /^fail .*the network proxy is external, and a new VM does not have it/);
  const same = "services: {a: {image: x}}\nnetworks: {p: {external: true, name: n}, q: {external: true, name: n}}\n";
  assert.match(
    (await findings({ "compose.yaml": same.replace("image: x", "image: x, networks: [p, q]") })).join("\n"),
    /the network n is external, and a new VM does not have it -> Remove external: from the networks p and q, or/,
  );
  assert.match(
    (await findings({ "compose.yaml": "services: {a: {image: x}}\n...\nb: c\n" })).join("\n"),
    /a second document begins here, but only one is read -> Remove it, and use another file/,
  );
  const host = `services:\n  web:\n    image: x\n    network_mode: host\n${external}`;
  assert.equal(await findings({ "compose.yaml": host }), []);
});

test("NVIDIA's runtime with NVIDIA_VISIBLE_DEVICES=void gives no GPU", async () => {
  const text = (word: string) =>
    `services:\n  web:\n    image: x\n    runtime: nvidia\n    environment:\n      NVIDIA_VISIBLE_DEVICES: ${word}\n`;
  for (const word of ["void", "none"]) {
    const found = await findings({ "compose.yaml": text(word) });
    assert.match(
      found.join("\n"),
      new RegExp(`^warn p/compose\\.yaml:6 p/web: runtime: nvidia with .*=${word} gives it no GPU`),
    );
  }
  assert.equal(await findings({ "compose.yaml": text("all") }), []);
});

test("waiting for the health of Ollama's image, which has no health check, fails", async () => {
  const text = (image: string) =>
    `services:\n  ollama: {image: ${image}}\n  ui: {image: x, depends_on: {ollama: {condition: service_healthy}}}\n`;
  const found = await findings({ "compose.yaml": text("ollama/ollama:latest") });
  assert.match(found.join("\n"), /^fail .*neither ollama nor its image .* has a healthcheck/);
  assert.equal(await findings({ "compose.yaml": text("other/ollama") }), []);
});

test("a salt is a secret", () => {
  assert.ok(isSecretName("LANGFUSE_SALT"));
  assert.not(isSecretName("BASALT_URL"));
});

test("flaws of one kind are one finding with a list", async () => {
  const folders = Array.from({ length: 16 }, (_, i) => `/mnt/media${i}`);
  const volumes = folders.map((folder) => `      - ${folder}:${folder}\n`).join("");
  const [found = "", ...more] = await findings({
    "compose.yaml":
      `services:\n  a:\n    image: x\n    volumes:\n${volumes}  b: {image: y, volumes: ["/mnt/media0:/m"]}\n`,
  });
  assert.equal(more, []);
  assert.match(
    found,
    /^warn p\/compose\.yaml:5 p: a and b mount \/mnt\/media0, .* and \/mnt\/media15, which are empty/,
  );
  assert.match(
    found,
    /-> Share them with a: folders: \[\{from: \/mnt\/media0, to: \/mnt\/media0\}, .*\].*or use named volumes$/,
  );
  const env = "services:\n  a: {image: x, env_file: [.env]}\n  b: {image: x, env_file: [.env]}\n";
  assert.equal(await findings({ "compose.yaml": env, "sample.env": "A=1\n" }), [
    "fail p/compose.yaml:2 p: a and b need the env file .env, which does not exist -> " +
    "Copy sample.env to .env, and fill it in",
  ]);
  const ports = Array.from({ length: 4 }, (_, i) => `  s${i}: {image: x, ports: ["1:1", "2:2"]}\n`).join("");
  assert.equal(await findings({ "compose.yaml": `services:\n${ports}` }), [
    "fail p/compose.yaml:2 p/s0, p/s1, p/s2 and p/s3 all use ports 1/tcp and 2/tcp -> " +
    "Start one of them (profiles: [unused] in the others), or change the ports",
  ]);
  const equal = "services: {a: {image: x, volumes: ['./m:/m', './m:/m']}}\n";
  assert.equal(await findings({ "compose.yaml": equal }), []);
});

test("a variable without a value is one finding, with what it leaves of mounts and images", async () => {
  const text = "services:\n  a:\n    image: 'x/a:${tag}'\n    volumes: ['${media}:/m', '${data}/db:/db']\n" +
    "  b: {build: '${src}/b', volumes: ['${media}:/m']}\n";
  const [found = "", ...more] = await findings({ "compose.yaml": text, "app.env": "tag=1\nmedia=/m\ndata=\n" });
  assert.equal(more, []);
  assert.match(
    found,
    /^fail p\/compose\.yaml:3, p\/compose\.yaml:4, p\/compose\.yaml:5 p: tag, media, data,/,
  );
  assert.match(
    found,
    /src have no value, which leaves “:\/m”, “\/db:\/db”, “x\/a:” and “\/b”: Compose or Docker refuses that/,
  );
  assert.match(found, /-> Copy app\.env to \.env in the project's folder, and set data, src$/);
  const path = "services: {a: {image: x, volumes: ['${data}/db:/db']}}\n";
  assert.match(
    (await findings({ "compose.yaml": path }))[0]!,
    /^warn .*leaves “\/db:\/db”: not the path that is meant ->/,
  );
});

test("where Compose refuses a project, the built-in reader's advice and its other findings are reported", async () => {
  const text =
    "services:\n  a: {image: x, env_file: [a.env], volumes: ['${M}:/m']}\n  b: {image: x, volumes: ['t/b:/b']}\n";
  const files = { "/lab/p/compose.yaml": text, "/lab/p/a.env.example": "" };
  const compose = { command: ["docker", "compose"], version: "2.26.1" };
  const refused = async (err: string) => {
    const { shell } = fakeShell(files, { "docker compose": { code: 15, err } });
    const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
    const projects = [await readProject(shell, request, compose)];
    return runChecks(card, { ...resolveConfig(parseConfig(machine), card), projects }, ["services.compose"])
      .filter(({ status }) => status !== "pass").map(({ evidence, fix }) => `${evidence[0]!.read} ${fix[0]?.title}`)
      .sort();
  };
  const all = [
    "p/compose.yaml:2 Copy a.env.example to a.env, and fill it in",
    "p/compose.yaml:2 Set M in the project's .env",
    "p/compose.yaml:3 Write ./t/b",
  ];
  assert.equal(await refused("env file /lab/p/a.env not found: stat /lab/p/a.env: no such file or directory"), all);
  assert.equal(await refused('service "b" refers to undefined volume t/b: invalid compose project'), all);
  assert.equal(await refused("invalid spec: :/m: empty section between colons"), all);
});

test("Compose stops at its first error: the others are reported by the built-in reader", async () => {
  const text = "services:\n  a:\n    image: x\n    imagee: y\n    portss: [80]\n";
  const err = "validating /lab/p/compose.yaml: services.a Additional property imagee is not allowed";
  const { shell } = fakeShell({ "/lab/p/compose.yaml": text }, { "docker compose": { code: 15, err } });
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const { refusals } = await readProject(shell, request, { command: ["docker", "compose"], version: "2.26.1" });
  assert.equal(refusals.map(({ line }) => line), [4, 5]);
});

test("an example of a missing file is named", () => {
  const names = [
    "config.example.json",
    "vision.sample.env",
    "sample.env",
    "notes.txt",
    "data_template.yaml",
    ".env.dist",
  ];
  assert.is(exampleOf("config.json", names), "config.example.json");
  assert.is(exampleOf("vision.env", names), "vision.sample.env");
  assert.is(exampleOf("data.yaml", names), "data_template.yaml");
  assert.is(exampleOf("other.env", names), ".env.dist");
  assert.is(exampleOf("notes.md", names), undefined);
});

test("without .env in the project's folder, that of the first Compose file's folder counts", async () => {
  const of = async (files: Record<string, string>) => {
    const own = { "docker/compose.yaml": "services: {a: {image: 'x:${TAG}'}}\n", ...files };
    const all = Object.entries(own).map(([path, text]) => [`/lab/p/${path}`, text]);
    const variables = { COMPOSE_FILE: "docker/compose.yaml" };
    const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [], variables };
    const project = await readProject(fakeShell(Object.fromEntries(all)).shell, request, undefined);
    return unsetFlaws(project, []).map(({ fix }) => fix?.title);
  };
  assert.equal(await of({ "docker/.env": "TAG=1\n" }), []);
  assert.equal(await of({ "docker/.env": "A=1\n" }), ["Set TAG in docker/.env"]);
  assert.equal(await of({ "docker/.env": "TAG=1\n", ".env": "A=1\n" }), ["Set TAG in the project's .env"]);
});

test("a mount like tools/x is no path to Compose; a placeholder is to be replaced", async () => {
  const fix = async (source: string) =>
    (await findings({ "compose.yaml": `services: {a: {image: x, volumes: ["${source}:/b"]}}\n` }))[0]!.split(" -> ")[1];
  assert.is(await fix("tools/x"), "Write ./tools/x");
  assert.is(await fix("<PATH_TO_CONFIG>"), "Replace <PATH_TO_CONFIG> with your own folder (./…)");
  assert.is(await fix("models"), "Add models: to the top-level volumes:");
});

test("a profile of the project with a GPU is preferred to another project next to it", async () => {
  const text = `services:\n  a: {image: x}\n  g:\n    image: y\n    profiles: [nvidia]\n    ${reservation}\n`;
  const dev = `services:\n  a: {image: x}\n  g:\n    image: y\n    ${reservation}\n`;
  const found = await findings({ "compose.yaml": text, "compose.dev.yaml": dev });
  assert.match(found.join("\n"), /^warn p\/compose\.yaml:5 .*profiles: \[nvidia\]$/);
});

test("${NAME:?…} in .env and in an env file is a refusal with its line", async () => {
  const text = "services:\n  a:\n    image: x\n    env_file: [a.env]\n";
  const files = { "compose.yaml": text, ".env": "A=${X:?need X}\n", "a.env": "C=1\nB=${Y?}\n" };
  assert.equal(await findings(files), [
    "fail p/.env:1 p: X and Y have no value, and the project requires them -> Set X and Y in the project's .env",
  ]);
  assert.equal(await findings({ ...files, ".env": "" }), [
    "fail p/a.env:2 p: Y has no value: the project requires it -> Set Y in the project's .env",
  ]);
  const { shell } = fakeShell({ "/lab/p/compose.yaml": text, "/lab/p/.env": "A=${X:?need X}\n", "/lab/p/a.env": "" }, {
    "docker compose": { code: 1, err: "failed to read /lab/p/.env: required variable X is missing a value: need X" },
  });
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const { refusals } = await readProject(shell, request, { command: ["docker", "compose"], version: "2.26.1" });
  assert.equal(refusals.map(({ file, line, variable }) => [file, line, variable]), [[".env", 1, "X"]]);
});

test("a path in the home folder of the VM's user is shown with ~, also /$HOME/x", async () => {
  const text = 'services: {a: {image: x, volumes: ["/$HOME/x:/x"]}}\n';
  assert.match((await findings({ "compose.yaml": text }))[0]!, /mounts ~\/x, which/);
});

test("a profile that takes the ports of an active one replaces it", async () => {
  const text = `services:\n  cpu: {image: x, profiles: [cpu], ports: ["80:80"]}\n  db: {image: x, profiles: [db]}\n` +
    `  gpu:\n    image: x\n    profiles: [gpu]\n    ports: ["80:80"]\n    ${reservation}\n`;
  assert.match((await findings({ "compose.yaml": text }, ["cpu", "db"]))[0]!, /profiles: \[db, gpu\]$/);
});

test("an image that exists only where it was built is reported, unless the project builds it", async () => {
  const of = (more: string) =>
    findings({ "compose.yaml": `services:\n  a: {image: "mineru:latest"}\n${more}`, Dockerfile: "" });
  assert.match(
    (await of("")).join("\n"),
    /^warn p\/compose\.yaml:2 p: a has the image mineru:latest, which exists only where/,
  );
  assert.equal(await of("  b: {image: mineru, build: .}\n"), []);
  for (
    const image of [
      "nginx",
      "memcached:1@sha256:0",
      "a/mineru",
      "r.example.com:5000/mineru",
      "docker.io/library/redis:7",
      "centos:7",
    ]
  ) {
    assert.equal(await findings({ "compose.yaml": `services: {a: {image: "${image}"}}\n` }), [], image);
  }
  assert.match(
    (await findings({ "compose.yaml": "services: {a: {image: '\"\"'}}\n" }))[0]!,
    /^fail .*not an image name/,
  );
});

test("a health check with a program that the image does not have, and values that are placeholders", async () => {
  const text = (test: string, more = "") =>
    `services:\n  o:\n    image: ollama/ollama:latest\n    gpus: all\n    healthcheck: {test: ${test}}\n${more}`;
  const check = async (test: string, more = "") =>
    (await findings({ "compose.yaml": text(test, more) })).filter((one) => !one.includes("gpus"));
  const [warned = ""] = await check('["CMD", "curl", "-f", "http://localhost:11434"]');
  assert.match(
    warned,
    /^warn p\/compose\.yaml:5 .*curl, which the image ollama.* never healthy -> Write test: \["CMD", "ollama"/,
  );
  const waits = "  ui: {image: x, depends_on: {o: {condition: service_healthy}}}\n";
  assert.match((await check("wget -q localhost", waits))[0]!, /^fail .*the services that wait for it do not start/);
  assert.equal(await check('["CMD", "ollama", "list"]', waits), []);
  const values = "services: {a: {image: x, environment: {T: YOUR_TOKEN_HERE, K: '<key>', N: none, E: ADD_USERS}}}\n";
  assert.match(
    (await findings({ "compose.yaml": values })).join("\n"),
    /^warn .*a has T=YOUR_TOKEN_HERE and K=<key>, which are/,
  );
});

test("CUDA_VISIBLE_DEVICES beyond the GPUs of the container, and the number of a group of another computer", async () => {
  const text = (value: string) =>
    `services:\n  a:\n    image: x\n    environment: [CUDA_VISIBLE_DEVICES=${value}]\n    ${reservation}\n`;
  const [found = ""] = await findings({ "compose.yaml": text("2") });
  assert.match(
    found,
    /^warn p\/compose\.yaml:4 .*=2 names GPU 2, but its container has only GPU 0 -> Write CUDA_VISIBLE_DEVICES=0/,
  );
  assert.equal(await findings({ "compose.yaml": text("all") }), [
    "warn p/compose.yaml:4 p/a: CUDA_VISIBLE_DEVICES=all is no list of GPUs: CUDA shows its program none -> " +
    "Remove CUDA_VISIBLE_DEVICES: without it, a program sees all GPUs of its container",
  ]);
  for (const value of ["0", "", "-1", "GPU-1"]) {
    assert.equal(await findings({ "compose.yaml": text(value) }), [], value);
  }
  const group = (more: string) => `services: {a: {image: x, ${reservation}, group_add: [44, 992, video]${more}}}\n`;
  assert.match(
    (await findings({ "compose.yaml": group(", devices: [/dev/dri]") })).join("\n"),
    /adds the group 992 for the card's/,
  );
  assert.equal(await findings({ "compose.yaml": group("") }), []);
});

test("BuildKit takes the file dockerfile where Dockerfile does not exist", async () => {
  const build = "services: {a: {build: {context: ., target: app}}}\n";
  assert.equal(await findings({ "compose.yaml": build, dockerfile: "FROM x AS app\n" }), []);
  assert.match((await findings({ "compose.yaml": build }))[0]!, /^fail .*built with Dockerfile, which does not exist/);
  const named = "services: {a: {build: {context: ., dockerfile: App}}}\n";
  assert.match(
    (await findings({ "compose.yaml": named, app: "" }))[0]!,
    /^fail .*built with App, which does not exist/,
  );
});

test("models: and provider: need plugins that the VM does not have", async () => {
  const of = (keys: string) =>
    findings({ "compose.yaml": `services:\n  a:\n    ${keys}\nmodels: {m: {model: ai/x}}\n` });
  assert.match(
    (await of("image: x\n    models: [m]")).join("\n"),
    /fail p\/compose\.yaml:4 p: a has models:, .* docker-model/,
  );
  assert.match(
    (await of("provider: {type: cloud}")).join("\n"),
    /fail p\/compose\.yaml:3 p: a has provider:, .* docker-cloud/,
  );
});

test("a path that a user is meant to replace is called a placeholder", async () => {
  const text = "services: {a: {image: x, volumes: ['/path/to/your/config:/c', '/path/to/media:/m']}}\n";
  assert.equal(await findings({ "compose.yaml": text }), [
    "warn p/compose.yaml:1 p: a mounts /path/to/your/config and /path/to/media, placeholders for your own folders -> " +
    "Replace them with folders of the project (./…), or named volumes",
  ]);
  for (const [path, is] of [["/your/x", true], ["/mnt/your_media", true], ["/srv/yourls", false]] as const) {
    const [found = ""] = await findings({ "compose.yaml": text.replace(/'.*'/, `${path}:/c`) });
    assert.is(found.includes("a placeholder"), is, found);
  }
});

test("the same failure of a GPU request of several services is one", async () => {
  const text = "services:\n  a: {image: x, devices: [/dev/kfd]}\n  b: {image: x, devices: [/dev/kfd]}\n";
  const [found = "", ...more] = (await findings({ "compose.yaml": text })).filter((one) => one.includes("AMD"));
  assert.equal(more, []);
  assert.match(
    found,
    /^fail p\/compose\.yaml:2 p\/a, p\/b: it asks for a GPU \(devices\), but a has no AMD GPU -> Use the project's/,
  );
});

test("a limit next to a section of deploy without it is refused, as by Compose", async () => {
  const of = (keys: string) => findings({ "compose.yaml": `services:\n  a:\n    image: x\n    ${keys}\n` });
  for (
    const [keys, mend] of [
      ["pids_limit: 5\n    deploy: {resources: {limits: {memory: 1G}}}", "pids: 5 below deploy.resources.limits"],
      ["cpus: 1\n    deploy: {resources: {limits: {memory: 1G}}}", "cpus: 1 below deploy.resources.limits"],
      [`mem_reservation: 1g\n    ${reservation}`, "memory: 1g below deploy.resources.reservations"],
    ]
  ) {
    const [found = "", ...more] = await of(keys!);
    assert.equal(more, []);
    assert.match(found, /^fail p\/compose\.yaml:4 p: a has \w+ and deploy\.\S+ without /);
    assert.ok(found.includes(`-> Write ${mend}, and remove `), found);
  }
  assert.equal(await of("mem_limit: 1g\n    " + reservation), []);
  assert.equal(await of("scale: 2\n    deploy: {resources: {limits: {memory: 1G}}}"), []);
});

test("a GPU request that becomes a reservation keeps mem_reservation valid", () => {
  const body = { image: "x", gpus: "all", mem_reservation: "1g" };
  const engine = { engine: "docker" as const, version: "26.1.5", compose: "2.26.1" };
  const reservations = mapAt(mapAt(mapAt(renderGpuRequests({ body }, engine), "deploy"), "resources"), "reservations");
  assert.is(reservations.memory, "1g");
  assert.match(overrideFor({ services: { a: body } }, engine)!, /^ {10}memory: "1g"$/m);
  assert.not.match(overrideFor({ services: { a: { image: "x", gpus: "all" } } }, engine)!, /memory/);
});

test("of the profiles that start something, the one for the machine's card is named", async () => {
  const text =
    "services:\n  b: {image: x, profiles: [_base]}\n  r: {image: x, profiles: [rocm], devices: [/dev/kfd]}\n" +
    `  c:\n    image: x\n    profiles: [cuda]\n    ${reservation}\n`;
  const found = await findings({ "compose.yaml": text, "other.yaml": `services: {c: {image: x, ${reservation}}}\n` });
  assert.equal(found.map((one) => one.split(" -> ")[1]), ["Enable one: profiles: [cuda]"]);
});

test("a text that is empty because of a # says so", async () => {
  const text =
    "services:\n  a:\n    image: x\n    volumes:\n    - {type: bind, target: /t, source: }\n    hostname: # mine\n";
  const long =
    "services:\n  a:\n    image: x\n    volumes:\n      - type: bind\n        source: #your path#\n        target: /t\n";
  const [found] = await findings({ "compose.yaml": long });
  assert.match(
    found!,
    /^fail p\/compose\.yaml:6 .*source must be text, but is empty -> Write a value after source:, in quotes/,
  );
  assert.match((await findings({ "compose.yaml": text })).join("\n"), /source must be text, but is empty/);
});

test("an image for ARM fails by its name", async () => {
  const of = (image: string) => findings({ "compose.yaml": `services: {a: {image: "${image}"}}\n` });
  for (
    const image of [
      "nvcr.io/nvidia/jps/vlm_infer:2.0.0",
      "arm64v8/nginx",
      "a/b:1.2-arm64",
      "a/b:r36-l4t.4",
      "a/b:2-jp6",
    ]
  ) {
    assert.match((await of(image)).join("\n"), /^fail .*which is for ARM/, image);
  }
  for (const [image, processor] of [["nvidia/cuda-ppc64le:9.1-devel", "IBM Power"], ["s390x/redis", "IBM Z"]]) {
    assert.match((await of(image!)).join("\n"), new RegExp(`^fail .*which is for ${processor}`, "m"), image);
  }
  for (const image of ["a/charm64", "a/l4t-like:1", "a/b:1.0", "a/b:2-jp"]) {
    assert.equal(await of(image), [], image);
  }
});

test.run();
