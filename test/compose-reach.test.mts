// What a project reaches outside its VM and is reached by; folders without a Compose file of a default name; what
// Compose's answer has and lacks. Compose 2.26.1 was run for the quotes and the nulls on 2026-11-28.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { starterStack } from "../lib/cli/stack-here.mts";
import { builtUser } from "../lib/compose/dockerfile.mts";
import { findCompose } from "../lib/compose/host-compose.mts";
import { imageFor } from "../lib/compose/image-makers.mts";
import { refusalsOf } from "../lib/compose/refusals.mts";
import type { ComposeProject } from "../lib/compose/types.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { commonFolders } from "../lib/checks/compose-folders.mts";
import { parentFix } from "../lib/checks/compose-paths.mts";
import { isOfDesktop } from "../lib/checks/compose-desktop.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { CommandResult } from "../lib/shell.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose reach");
const card = savedHost("rtx4070-desktop-debian12");

/** Doctor's failures and warnings for one stack, as `status PLACE message -> fix`. `keys`: more keys of its machine. */
async function findings(
  files: Record<string, string>,
  { keys = "", answers = {} }: { keys?: string; answers?: Record<string, Partial<CommandResult>> } = {},
) {
  const disk = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]));
  const { shell } = fakeShell(disk, answers);
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const project = await readProject(shell, request, await findCompose(shell));
  const config = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, " +
    `gpu: {device_id: 2786}${keys}}]`;
  const resolved = { ...resolveConfig(parseConfig(config), card), projects: [project] };
  return runChecks(card, resolved, ["services.compose"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const one = (text: string, options = {}) => findings({ "compose.yaml": text }, options);

/** The answers of a Compose that refuses the project with this message. */
const refusedWith = (err: string) => ({
  "docker compose version": { out: "2.26.1\n" },
  "docker compose -p p": { ok: false, code: 1, err },
});

test("a program of the host is not in the VM, unless a service publishes its port", async () => {
  const app = (keys: string) => `services:\n  app:\n    image: x\n    ${keys}\n`;
  const [first = "", ...more] = await one(app("environment: [LLM=http://host.docker.internal:11434/v1]"));
  assert.equal(more, []);
  assert.match(
    first,
    /^warn p\/compose\.yaml:4 p: app has LLM=http:\/\/host\.docker\.internal:11434\/v1: Docker in a does not know host\.docker\.internal, which only Docker Desktop has; nothing on a publishes its port -> /,
  );
  assert.match(first, /this host's address in its network/);
  const own = 'extra_hosts: ["llm.lan:host-gateway"]\n    command: serve --url=http://llm.lan:8000';
  assert.match(
    (await one(app(own))).join(),
    /app has --url=http:\/\/llm\.lan:8000 in its command: llm\.lan is a there/,
  );
  const named = "    extra_hosts: ['host.docker.internal:host-gateway']";
  const there = [
    `environment: {LLM: 'http://host.docker.internal:11434'}\n${named}\n  llm: {image: y, ports: ['11434:11434']}`,
    `environment: {LLM: 'http://host.docker.internal:11434'}\n${named}\n  llm: {image: y, network_mode: host}`,
    `environment: {DB_HOST: host.docker.internal, DB_PORT: '5432'}\n    ports: ['80:80']\n${named}`,
  ];
  for (
    const keys of [
      "environment: {NO_PROXY: 'localhost,host.docker.internal'}",
      "environment: {CORS_ORIGINS: 'http://host.docker.internal:3000'}",
      ...there,
    ]
  ) assert.equal(await one(app(keys)), [], keys);
  for (const keys of there) {
    const [first = "", ...more] = await one(app(keys.replace(`\n${named}`, "")));
    assert.equal(more, []);
    assert.match(
      first,
      /Docker in a does not know host\.docker\.internal, which only Docker Desktop has -> Write the /,
    );
    assert.match(first, /or add extra_hosts: \["host\.docker\.internal:host-gateway"\] to app$/);
    // Podman gives its containers that name
    assert.equal(await one(app(keys.replace(`\n${named}`, "")), { keys: ", engine: podman" }), [], keys);
  }
});

test("localhost in a container is the container: the port of another service is not there", async () => {
  const app = (keys: string, db = "image: redis:7") => `services:\n  app:\n    image: x\n    ${keys}\n  db: {${db}}\n`;
  assert.equal(await one(app("environment: [CACHE=redis://:pw@localhost/0]")), [
    "warn p/compose.yaml:4 p: app has CACHE=redis://…@localhost/0: localhost is the container itself there, and db " +
    "has the port 6379 -> Write db:6379 instead of localhost",
  ]);
  assert.equal(await one(app("environment: {REDIS_HOST: 127.0.0.1}")), [
    "warn p/compose.yaml:4 p: app has REDIS_HOST=127.0.0.1: 127.0.0.1 is the container itself there, and db has the " +
    "port 6379 -> Write db:6379 instead of 127.0.0.1",
  ]);
  assert.equal(await one(app("command: run --llm http://localhost:9000/v1", "image: y, ports: ['9000:80']")), [
    "warn p/compose.yaml:4 p: app has http://localhost:9000/v1 in its command: localhost is the container itself " +
    "there, and db has the port 9000 -> Write db:80 instead of localhost:9000",
  ]);
  const ollama = await one(app("environment: {OLLAMA_BASE_URL: 'http://localhost:11434'}", "image: ollama/ollama"));
  assert.match(ollama.join("\n"), /and db has the port 11434 -> Write db:11434 instead of localhost:11434/);
  for (
    const [keys, db] of [
      ["environment: {REDIS_HOST: localhost, REDIS_PORT: '6380'}"],
      ["environment: [CACHE=redis://db/0, CACHE_URL=redis://localhost:6380]"],
      ["network_mode: host\n    environment: [CACHE=redis://localhost]"],
      ["environment: [CACHE=redis://localhost]", "image: redis:7, network_mode: 'service:app'"],
      ["ports: ['9000:3000']\n    environment: [API=http://localhost:9000]", "image: y, expose: ['9000']"],
      ["environment: [APP_URL=http://localhost:9000]", "image: y, ports: ['9000:80']"],
      ["environment: [CLIENT_URL=http://localhost:9000]", "image: y, ports: ['9000:80']"],
      ["environment: [LANGFUSE_S3_MEDIA_UPLOAD_ENDPOINT=http://localhost:9090]", "image: y, ports: ['9090:9000']"],
      ["environment: {CORS_ORIGINS: 'http://localhost:9000'}", "image: y, ports: ['9000:80']"],
      ["command: serve --bind=127.0.0.1:9000", "image: y, ports: ['9000:80']"],
    ] as const
  ) assert.equal(await one(app(keys, db)), [], keys);
});

test("localhost in the pages of a browser is the browser's computer", async () => {
  const app = (keys: string) => `services:\n  web:\n    image: x\n    ${keys}\n  api: {image: y, ports: ['8000:80']}\n`;
  const [first = "", ...more] = await one(app("environment: {NEXT_PUBLIC_API_URL: 'http://localhost:8000'}"));
  assert.equal(more, []);
  assert.match(
    first,
    /^warn p\/compose\.yaml:4 p: web has NEXT_PUBLIC_API_URL=http:\/\/localhost:8000: in a browser localhost is the computer of the browser, not a -> Write the address of a instead of localhost: .*status a prints it$/,
  );
  const secret = await one(app("environment: {VITE_API: 'http://me:pw@localhost:8000'}"));
  assert.match(secret.join("\n"), /web has VITE_API=http:\/\/…@localhost:8000: in a browser /);
  const built = await one(app("build: {context: ., args: {VITE_API: 'http://localhost:8000'}}"));
  assert.match(built.join("\n"), /web has VITE_API=http:\/\/localhost:8000: in a browser /);
  for (const keys of ["environment: {VITE_API: 'http://localhost:9000'}", "environment: {VITE_API: /api}"]) {
    assert.equal(await one(app(keys)), [], keys);
  }
});

test("a volume of an NFS server behind NAT needs an export with insecure", async () => {
  const text = 'services:\n  app: {image: x, volumes: ["media:/media"]}\nvolumes:\n  media:\n    driver_opts:\n' +
    '      type: nfs\n      o: "addr=nas.lan,nfsvers=4"\n      device: ":/media"\n';
  const [first = "", ...more] = await one(text);
  assert.equal(more, []);
  assert.match(first, /^warn p\/compose\.yaml:7 p: the volume media is on the NFS server nas\.lan, .* -> Add insecure/);
  assert.equal(await one(text, { keys: ", network: {lan: eno1}" }), []);
  assert.equal(await one(text.replace("media:/media", "other:/media").concat("  other: {}\n")), []);
});

test("a project of which every port is on loopback is reached by nothing outside its VM", async () => {
  const text = 'services:\n  app: {image: x, ports: ["127.0.0.1:80:80"]}\n';
  assert.equal(await one(text), [
    "warn p/compose.yaml:2 p: every published port is on 127.0.0.1 of a: only programs in a reach it -> Remove " +
    "127.0.0.1: from the port that you need",
  ]);
  for (const more of ["  web: {image: y, ports: ['81:80']}\n", "  way: {image: cloudflare/cloudflared:1}\n"]) {
    assert.equal(await one(text + more), [], more);
  }
});

test("quotes in a value are reported with the item that is meant", async () => {
  const text = 'services:\n  app:\n    image: x\n    environment:\n      - TZ="Europe/Paris"\n      - "A=1"\n' +
    '      - JSON=["a"]\n    volumes:\n      - data:/work\'\nvolumes: {data: {}}\n';
  const found = await one(text);
  assert.equal(found.map((line) => line.replace(/^warn p\/compose\.yaml:/, "")), [
    '5 p: app has TZ="Europe/Paris" with the quotes in its value -> Write - TZ=Europe/Paris',
    "9 p: app has the mount data:/work', in which a quote is part of the path -> Write - data:/work",
  ]);
});

test("what Compose prints as null is absent: a database without a password is found", async () => {
  const service = { image: "postgres:16", command: null, entrypoint: null, environment: { POSTGRES_DB: "a" } };
  const answers = {
    "docker compose version": { out: "2.26.1\n" },
    "docker compose -p p": { out: JSON.stringify({ name: "p", services: { db: service } }) },
  };
  const [first = "", ...more] = await findings(
    { "compose.yaml": "services:\n  db:\n    image: postgres:16\n    environment: [POSTGRES_DB=a]\n" },
    { answers },
  );
  assert.equal(more, []);
  assert.match(first, /^fail p\/compose\.yaml:3 p: db runs postgres without a password/);
});

test("several variables that leave the same text are all named", async () => {
  const text =
    "services:\n  app:\n    image: x\n    volumes:\n      - $CONFIG/app:/config\n      - $CACHE/app:/cache\n";
  const [first = "", ...more] = await one(text);
  assert.equal(more, []);
  assert.match(first, /CONFIG, CACHE have no value, which leaves “\/app:\/config” and “\/app:\/cache”/);
});

test("the user of a Dockerfile cannot write into a folder that Docker creates", async () => {
  const text = 'services:\n  a: {build: ., volumes: ["./models:/models"]}\n  b: {build: ., volumes: ["./out:/out"]}\n';
  const dockerfile = "FROM python:3.12\nARG UID=10001\nRUN useradd -m -u ${UID} app && true\nUSER app\n";
  const [first = "", ...more] = await findings({ "compose.yaml": text, Dockerfile: dockerfile });
  assert.equal(more, []);
  assert.match(first, /a and b mount models and out, which Docker creates for root, but run as user 10001 \(USER in /);
  assert.match(first, /\(USER in Dockerfile:4\)/);
  const root = (lines: string) => findings({ "compose.yaml": text, Dockerfile: `FROM x\n${lines}\n` });
  for (const lines of ["RUN true", "USER root", "USER app", "USER 10001\nUSER 0"]) assert.equal(await root(lines), []);
  const stages = "FROM a AS base\nUSER 5:5\nFROM b AS tools\nUSER 6\nFROM base\nCOPY --from=tools /x /x\n";
  assert.equal([builtUser(stages, {})?.uid, builtUser(stages, {}, "tools")?.uid], [5, 6]);
  assert.is(builtUser("FROM a\nARG UID=1\nUSER ${UID}\n", { UID: "1234" })?.uid, 1234);
});

test("a service that is built from an image for NVIDIA's cards runs on the CPU without a request", async () => {
  const text = "services:\n  triton:\n    build: .\n    profiles: []\n";
  const [first = ""] = await findings({
    "compose.yaml": text,
    Dockerfile: "FROM nvcr.io/nvidia/tritonserver:25.03-py3\n",
  });
  assert.match(
    first,
    /^warn p\/compose\.yaml:3 .*: triton, which is built from nvcr\.io\/nvidia\/tritonserver:25\.03-py3, runs on the CPU/,
  );
  assert.equal(await findings({ "compose.yaml": text, Dockerfile: "FROM python:3\n" }), []);
  // a profile's name is no request that an error may hide
  const gpu = "services: {a: {deploy: {resources: {reservations: {devices: [{count: 1, capabilities: [gpu]}]}}}}}\n";
  const base = "services:\n  a: {image: x, env_file: .env}\n  b:\n    image: x\n    profiles:\n      - gpu-scale\n" +
    '    command: ["a [b] gpu-x"]\n';
  const found = await findings({ "compose.yaml": base, "compose.gpu.yaml": gpu });
  assert.match(found.join("\n"), /the GPU is in compose\.gpu\.yaml/);
});

test("a folder without a default name shows its other Compose files, also one level below", async () => {
  const start = (files: Record<string, string>) => starterStack(fakeShell(files).shell, "/home/me", "/srv/app");
  const says = async (files: Record<string, string>) => await start(files).catch((error: Error) => error.message);
  const file = "services: {a: {image: x}}\n";
  assert.is(
    await says({ "/srv/app/docker-compose.gpu.yml": file, "/srv/app/compose-dev.yaml": file, "/srv/app/README": "" }),
    "/srv/app has no Compose file of a default name, but docker-compose.gpu.yml and compose-dev.yaml: write, for " +
      "example, COMPOSE_FILE=docker-compose.gpu.yml into /srv/app/.env",
  );
  const below = await says({ "/srv/app/deploy/docker-compose.yml": file, "/srv/app/README": "" });
  assert.match(String(below), /but deploy\/docker-compose\.yml: .* COMPOSE_FILE=deploy\/docker-compose\.yml into/);
  assert.match(String(await says({ "/srv/app/README": "" })), /has no Compose file: compose\.yaml, /);
});

test("folders below one of the project's own at the top are shared as that one; PulseAudio is of a desktop", () => {
  const paths = (top: string) => ["a", "b", "c", "d"].map((name) => `${top}/${name}`);
  assert.equal(commonFolders(paths("/docker-data")), ["/docker-data"]);
  assert.equal(commonFolders(paths("/mnt")), paths("/mnt"));
  assert.ok(["~/.config/pulse/cookie", "/home/me/.pulse-cookie", "/run/user/1000/pulse"].every(isOfDesktop));
  assert.not(isOfDesktop("/srv/.config/other"));
});

test("one finding names all services with an image for NVIDIA's cards", async () => {
  const found = await one("services:\n  a: {image: ollama/ollama}\n  b: {image: ollama/ollama}\n");
  assert.match(
    found.join(),
    /no service asks for a GPU: a and b run ollama\/ollama on the CPU -> Add to a and b: deploy/,
  );
});

test("an image for Intel's cards does not use NVIDIA's, also with /dev/dri alone", async () => {
  const files = {
    "/lab/p/compose.yaml": "services: {a: {image: 'x/ollama-intel:latest', devices: [/dev/dri]}, " +
      "b: {build: ., devices: [/dev/dri]}}\n",
    "/lab/p/Dockerfile": "FROM intel/oneapi:2025.0.1\n",
  };
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  const project = await readProject(fakeShell(files).shell, request, undefined);
  const config = "machines: [{name: a, box: lab/x, image: debian-13, provider: libvirt, gpu: {device_id: 2786}}]";
  const resolved = { ...resolveConfig(parseConfig(config), card), projects: [project] };
  const messages = runChecks(card, resolved, ["services.gpu"]).map(({ status, message }) => `${status} ${message}`);
  assert.is(messages.length, 2, messages.join("\n"));
  assert.match(messages[0]!, /^fail p\/a: its image x\/ollama-intel:latest uses only Intel GPUs/);
  assert.match(
    messages[1]!,
    /^fail p\/b: its image is built from intel\/oneapi:2025\.0\.1, which uses only Intel GPUs/,
  );
});

test("what Compose says of a missing env file is said once; an example in a folder is named; proxies are quiet", async () => {
  const text = "x-a: &a\n  env_file: .env\nservices:\n  app:\n    image: x\n    env_file: .env\n" +
    "    environment: [P=$http_proxy]\n  gpu:\n    <<: *a\n    image: y\n    profiles: [gpu]\n";
  const answers = refusedWith("env file /lab/p/.env not found: stat /lab/p/.env: no such file\n");
  const [first = "", ...more] = await findings({ "compose.yaml": text, "envs/env.template": "A=1\n" }, { answers });
  assert.equal(more, []);
  assert.match(
    first,
    /^fail .* app needs the env file \.env, which does not exist -> Copy envs\/env\.template to \.env/,
  );
  const [odd = ""] = await findings({ "compose.yaml": text, ".env(example)": "A=1\n" });
  assert.match(odd, /Copy \.env\(example\) to \.env/);
});

test("a required variable of a long mount is one finding; missing folders that are not created are one", async () => {
  const mount = (source: string) =>
    `{type: bind, source: ${source}, target: /x${source.length}, bind: {create_host_path: false}}`;
  const text = `services:\n  a:\n    image: x\n    volumes:\n      - ${mount('"${KEYS:?set KEYS}"')}\n` +
    `      - ${mount("./data")}\n  b:\n    image: x\n    volumes: [${mount("./data")}, ${mount("./logs1")}]\n`;
  const found = await one(text);
  assert.is(found.length, 2, found.join("\n"));
  assert.match(found[0]!, /^fail p\/compose\.yaml:5 p: KEYS has no value: set KEYS/);
  assert.match(
    found[1]!,
    /a and b mount the folders data and logs1, which do not exist: create_host_path is /,
  );
  assert.match(found[1]!, /-> Create data and logs1$/);
});

test("images that start from postgres need its password too", async () => {
  for (
    const image of ["ankane/pgvector:latest", "tensorchord/pgvecto-rs:pg16", "ghcr.io/tensorchord/vchord-postgres:1"]
  ) {
    const [first = ""] = await one(`services:\n  db: {image: '${image}', environment: [POSTGRES_DB=a]}\n`);
    assert.match(first, /^fail .* without a password/, image);
  }
});

test("a file of a default name and files for this system are suggested first, two levels down too", async () => {
  const files = [
    "docker-compose.gpu-dev.yml",
    "docker-compose.mac.yml",
    "docker-compose.yml",
    "docker-compose.amd.yml",
  ];
  const disk = Object.fromEntries(files.map((name) => [`/srv/app/server/docker/${name}`, "services: {}\n"]));
  const error = await starterStack(fakeShell(disk).shell, "/home/me", "/srv/app").catch((one: Error) => one.message);
  assert.match(String(error), /but server\/docker\/docker-compose\.yml, server\/docker\/docker-compose\.amd\.yml, /);
});

test("an empty submodule is named as such, once, in builds and in mounts", async () => {
  const disk = {
    "/lab/p/compose.yaml":
      "services:\n  a: {build: ./one}\n  b: {build: {context: ./two, dockerfile: ../Dockerfile}}\n" +
      "  c: {image: x, volumes: ['./two/src:/src']}\n",
    "/lab/p/.gitmodules": '[submodule "one"]\n\tpath = one\n[submodule "two"]\n\tpath = two\n',
    "/lab/p/Dockerfile": "FROM x\n",
  };
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [], copied: ["compose.yaml", "Dockerfile"] };
  const project = await readProject(fakeShell(disk).shell, request, undefined);
  const paths = { ...project.paths, "/lab/p/one": "folder" as const, "/lab/p/two": "folder" as const };
  const config = "machines: [{name: a, box: lab/x, image: debian-13, provider: libvirt}]";
  const resolved = { ...resolveConfig(parseConfig(config), card), projects: [{ ...project, paths }] };
  const found = runChecks(card, resolved, ["services.compose"]).filter(({ status }) => /fail|warn/.test(status));
  assert.equal(found.map(({ status, message }) => `${status} ${message}`), [
    "fail p: a and b are built from one and two, empty submodules of Git",
    "warn p: c mounts two/src of a submodule of Git that is empty here",
  ]);
  assert.ok(found.every(({ fix }) => /^Get the submodules: run git submodule update --init/.test(fix[0]!.title)));
});

test("services of an extended file that nothing uses are not refused", async () => {
  const text = "services:\n  a:\n    image: x\n    extends: {file: hw.yml, service: gpu}\n    ports: 5\n";
  const hw = "services:\n  gpu:\n    devices: [/dev/dri]\n  other:\n    volumes:\n";
  const refused = await findings({ "compose.yaml": text, "hw.yml": hw });
  assert.not.match(refused.join("\n"), /other/);
  assert.match(refused.join("\n"), /^fail p\/compose\.yaml:5 /);
  const used = await findings({ "compose.yaml": text.replace("gpu", "other"), "hw.yml": hw });
  assert.match(used.join("\n"), /services\.other\.volumes must be/);
});

test("a backslash before a variable stays: one finding, which fails where Compose reads a volume", async () => {
  const text =
    "services:\n  a:\n    image: x\n    environment:\n      - TZ=\\${ZONE:-UTC}\n    command: echo \\$$HOME # \\${NO}\n" +
    "    volumes:\n      - \\${DATA:-/srv}/a:/a\n";
  const [first = "", ...more] = await one(text);
  assert.match(
    first,
    /^warn p\/compose\.yaml:5 p: lines 5 and 8 of compose\.yaml have a backslash before a variable: .* -> Write \$\{ZONE\} /,
  );
  assert.ok(more.every((line) => !/^fail/.test(line)), more.join("\n"));
  const answers = refusedWith('service "a" refers to undefined volume \\/srv/a: invalid compose project\n');
  const refused = (await one(text, { answers })).filter((line) => /^fail/.test(line));
  assert.is(refused.length, 1, refused.join("\n"));
  assert.match(refused[0]!, /backslash before a variable/);
});

test("a device without a source is that of a variable without a value", async () => {
  const found = await one('services:\n  a: {image: x, devices: ["${STICK}:/dev/ttyUSB0"]}\n');
  assert.equal(found, [
    "fail p/compose.yaml:2 p: STICK has no value, which leaves “:/dev/ttyUSB0”: Compose or Docker refuses that -> " +
    "Set STICK in the project's .env",
  ]);
});

test("a program that can use a GPU is named where no service asks for one", async () => {
  const [first = "", ...more] = await one("services:\n  tv:\n    image: lscr.io/linuxserver/jellyfin:latest\n");
  assert.equal(more, []);
  assert.match(first, /^warn p\/compose\.yaml:3 p: no service asks for a GPU: tv can use one, and works on the CPU /);
  assert.equal(await one("services: {a: {image: nginx}}\n"), []);
});

test("Ollama's image for AMD's cards has a counterpart for NVIDIA's", () => {
  assert.is(imageFor("ollama/ollama:0.1.47-rocm", "nvidia"), "ollama/ollama:0.1.47");
  assert.is(imageFor("ollama/ollama:rocm", "nvidia"), "ollama/ollama:latest");
  assert.is(imageFor("ollama/ollama", "amd"), "ollama/ollama:rocm");
});

test("a whole home folder is no folder to copy, and a conflict of an include says what to do", () => {
  const project = { folder: "/home/me/app", files: ["compose.yaml"] } as ComposeProject;
  assert.match(parentFix(["/home/me/lib"], project), /^Copy it into the project's folder/);
  assert.match(parentFix(["/home/me/git/lib"], { ...project, folder: "/home/me/git/app" }), /path to \/home\/me\/git,/);
  const [first] = refusalsOf("networks.proxy conflicts with imported resource\n", "/lab/p");
  assert.match(first!.mend!, /^Declare it in one of the two files only/);
});

test("missing env files are one finding, with all of their examples", async () => {
  const text = "services:\n  a: {image: x, env_file: env/a.env}\n  b: {image: y, env_file: [env/a.env, env/b.env]}\n";
  const found = await findings({ "compose.yaml": text, "env/b.env.example": "A=1\n" });
  assert.equal(found, [
    "fail p/compose.yaml:2 p: a and b need the env files env/a.env and env/b.env, which do not exist -> " +
    "Copy env/b.env.example to env/b.env, and fill it in. Create env/a.env",
  ]);
});

test("the CUDA toolkit of a host and folders of ARM computers are not in a VM; paths of libraries are quiet", async () => {
  const mounts = "[/usr/local/cuda-12.4:/usr/local/cuda:ro, /usr/lib/aarch64-linux-gnu:/l]";
  const found = await one(
    `services:\n  a:\n    image: x\n    environment: [P=$LD_LIBRARY_PATH]\n    volumes: ${mounts}\n`,
  );
  assert.is(found.length, 2, found.join("\n"));
  assert.match(
    found[0]!,
    /^warn p\/compose\.yaml:5 p: a mounts \/usr\/local\/cuda-12\.4, the CUDA toolkit of another /,
  );
  assert.match(found[1]!, /a folder of computers with ARM: a does not have it -> Remove the mount/);
});

test("many folders to share are all named", async () => {
  const names = ["a", "b", "c", "d", "e"];
  const volumes = names.map((name) => `/home/me/${name}:/${name}`).join(", ");
  const [first = ""] = await one(`services: {a: {image: x, volumes: [${volumes}]}}\n`);
  assert.ok(names.every((name) => first.includes(`{from: /home/me/${name}, to: /home/me/${name}}`)), first);
});

test("two merge keys in one mapping are refused with the list to write, with and without Compose", async () => {
  const text =
    "x-a: &a {restart: always}\nx-b: &b {tty: true}\nservices:\n  app:\n    <<: *a\n    image: x\n    <<: *b\n";
  const expected =
    'fail p/compose.yaml:7 p: the merge key "<<" is written twice in one mapping -> Write one key for all ' +
    "of them: <<: [*a, *b]";
  assert.equal(await one(text), [expected]);
  const err = 'yaml: unmarshal errors:\n  line 7: mapping key "<<" already defined at line 5\n';
  assert.equal(await one(text, { answers: refusedWith(err) }), [expected]);
  assert.equal(await one(text.replace("    <<: *b\n", "").replace("<<: *a", "<<: [*a, *b]")), []);
});

test("Docker's own networks are not missing, and a service is not in them by networks:", async () => {
  const text = (name: string) =>
    `services:\n  app:\n    image: x\n    networks: [n]\nnetworks:\n  n: {name: ${name}, external: true}\n`;
  assert.equal(await one(text("host")), [
    "warn p/compose.yaml:4 p: app is in the network host, which is Docker's own: it refuses the aliases that Compose " +
    "gives services -> Write network_mode: host instead of networks:",
  ]);
  assert.match((await one(text("proxy"))).join(), /the network proxy is external, and a new VM does not have it/);
});

test("an image of a FROM that only a build makes, unless the project builds it", async () => {
  const files = (more = "", dockerfile = "FROM app-base:latest\n") => ({
    "compose.yaml": `services:\n  app:\n    build: {context: .${more}\n`,
    Dockerfile: dockerfile,
  });
  assert.equal(await findings(files("}")), [
    "warn p/Dockerfile:1 p: app is built from the image app-base:latest, which exists only where it was built: Docker " +
    "Hub has no official image of that name -> Build app-base:latest in a service of the project (image: " +
    "app-base:latest, build:), or write its full name",
  ]);
  for (
    const one of [
      files("}", "FROM python:3.12\n"),
      files(", additional_contexts: {app-base: ./base}}", "FROM app-base\n"),
      files("}\n  base: {image: app-base, build: {dockerfile_inline: FROM alpine}}"),
    ]
  ) assert.equal((await findings(one)).filter((line) => line.includes("is built from")), [], one["compose.yaml"]);
});

test("a left-out folder that only keeps its place in Git is not missed", async () => {
  const files = (name: string) => ({
    "compose.yaml": "services:\n  app: {image: x, volumes: ['./logs:/logs']}\n",
    ".dockerignore": "logs\n",
    [`logs/${name}`]: "",
  });
  const left = async (name: string) => {
    const disk = Object.fromEntries(Object.entries(files(name)).map(([path, text]) => [`/lab/p/${path}`, text]));
    const project = await readProject(fakeShell(disk).shell, {
      ...{ name: "p", machine: "a", folder: "/lab/p", profiles: [], copied: ["compose.yaml", ".dockerignore"] },
    }, undefined);
    const config = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt}]";
    const resolved = { ...resolveConfig(parseConfig(config), card), projects: [project] };
    return runChecks(card, resolved, ["services.compose"]).filter(({ message }) => message.includes(".dockerignore"))
      .length;
  };
  assert.is(await left(".gitkeep"), 0);
  assert.is(await left("app.log"), 1);
});

test("a file for NVIDIA's cards that runs alone is the first suggestion for a folder without a default file", async () => {
  const disk = {
    "/lab/p/docker-compose.base.yml": "services: {a: {image: x}}\n",
    "/lab/p/docker-compose.gpu.yml": "services:\n  a:\n    image: x\n    gpus: all\n",
  };
  const error = await starterStack(fakeShell(disk).shell, "/lab", "/lab/p").then(
    () => "",
    (one) => String(one.message),
  );
  assert.match(error, /COMPOSE_FILE=docker-compose\.gpu\.yml into/);
  const override = { ...disk, "/lab/p/docker-compose.gpu.yml": "services:\n  a:\n    gpus: all\n" };
  const other = await starterStack(fakeShell(override).shell, "/lab", "/lab/p").then(
    () => "",
    (one) => String(one.message),
  );
  assert.match(other, /COMPOSE_FILE=docker-compose\.base\.yml into/);
});

test("commented GPU settings are not reported next to NVIDIA_VISIBLE_DEVICES without a runtime", async () => {
  const text = (keys: string) => `services:\n  app:\n    image: x\n    ${keys}\n    #  driver: nvidia\n`;
  assert.match((await one(text("tty: true"))).join(), /the GPU settings in compose\.yaml are comments/);
  assert.equal(await one(text("environment: [NVIDIA_VISIBLE_DEVICES=all]")), []);
});

test("a service's name is not known where it shares no network", async () => {
  const text = (keys: string, db = "networks: [back], container_name: app-db") =>
    `services:\n  app:\n    image: x\n    environment: {DB: "postgresql://u:pw@app-db:5432/x"}\n    ${keys}\n` +
    `  db: {image: y, ${db}}\nnetworks: {back: {}, front: {}}\n`;
  const expected = "warn p/compose.yaml:4 p: app names app-db in DB, but shares no network with db: the name is not " +
    "known there -> Add a network of db to app (networks: back)";
  assert.equal(await one(text("tty: true")), [expected]);
  assert.equal(await one(text("networks: [front]")), [expected]);
  const second = 'tty: true\n  app2: {image: x, environment: {DB: "http://app-db:80"}}';
  assert.match(
    (await one(text(second))).join(),
    /app and app2 name app-db in DB, but share no network .* -> Add a network of db to each service that names app-db/,
  );
  for (
    const [keys, db] of [
      ["networks: [back, front]"],
      ["network_mode: host"],
      ["tty: true", "container_name: app-db"],
      ["networks: [front]\n  x: {image: z, networks: {front: {aliases: [app-db]}}}"],
    ] as const
  ) assert.equal(await one(text(keys, db)), [], keys);
});

test("what Compose cannot read without a variable is reported by the variable, once", async () => {
  const text =
    "services:\n  app:\n    image: x\n    deploy: {replicas: \"${N}\"}\n    scale: ${M}\n    expose: ['${P}']\n";
  const found = await one(text);
  assert.equal(found, [
    "fail p/compose.yaml:4, p/compose.yaml:5 p: N, M have no value, which leaves an empty value: Compose or Docker " +
    "refuses that -> Set N, M in the project's .env",
    "warn p/compose.yaml:6 p: P has no value: Compose replaces it with an empty string, or omits it -> Set P in the " +
    "project's .env",
  ]);
});

test("a count of GPUs that is a variable without a value is reported by the variable, once", async () => {
  const text = "services:\n  a:\n    image: x\n    deploy: {resources: {reservations: {devices: " +
    "[{driver: nvidia, count: $COUNT, capabilities: [gpu]}]}}}\n";
  const refusal = 'services.a.deploy.resources.reservations.devices[0].count: invalid value "", ' +
    "the only value allowed is 'all' or a number\n";
  const found = (await one(text, { answers: refusedWith(refusal) })).filter((line) => line.startsWith("fail"));
  assert.is(found.length, 1, found.join("\n"));
  assert.match(found[0]!, /COUNT has no value, which leaves an empty value/);
});

test.run();
