// Images that the engine cannot pull, what databases refuse at their first start, and the images in Dockerfiles: what
// public projects with docker-compose.nvidia.yml showed.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { baseImagesOf } from "../lib/compose/dockerfile.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose images");
const host = savedHost("rtx4070-desktop-debian12");

/** Doctor's findings for a stack on a machine with an NVIDIA card: `status PLACE message -> fix`. */
async function findings(files: Record<string, string>, checks = ["services.compose"], more = "") {
  const machine = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, " +
    `gpu: {device_id: 2786}${more}}]`;
  const { shell } = fakeShell(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text])),
  );
  const project = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, undefined);
  const resolved = { ...resolveConfig(parseConfig(machine), host), projects: [project] };
  return runChecks(host, resolved, checks)
    .filter(({ status }) => status !== "unknown" && status !== "skip")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const service = (keys: string) => ({ "compose.yaml": `services:\n  a:\n    gpus: all\n${keys}` });
const image = (name: string, keys = "") => findings(service(`    image: "${name}"\n${keys}`));
const failures = (all: string[]) => all.filter((one) => one.startsWith("fail"));

test("tags of nvidia/cuda that Docker Hub does not have fail", async () => {
  assert.equal(failures(await image("nvidia/cuda:12.1-runtime-ubuntu22.04")), [
    "fail p/compose.yaml:4 p: a has the image nvidia/cuda:12.1-runtime-ubuntu22.04, which Docker Hub does not have: its " +
    "versions have three numbers -> Use a tag of hub.docker.com/r/nvidia/cuda/tags, such as 12.8.1-base-ubuntu24.04",
  ]);
  for (const name of ["nvidia/cuda", "nvidia/cuda:latest", "docker.io/nvidia/cuda:11.0-base"]) {
    assert.is(failures(await image(name)).length, 1, name);
  }
  assert.match(failures(await image("nvidia/cuda:10.2-devel-ubuntu18.04"))[0]!, /any more: CUDA 11 is the oldest/);
  const good = ["12.1.1-runtime-ubuntu22.04", "11.8.0-base-ubuntu22.04", "12.1@sha256:0"].map((one) =>
    `nvidia/cuda:${one}`
  );
  for (const name of [...good, "nvcr.io/nvidia/cuda:12.1-base", "my.registry/nvidia/cuda:12.1-base"]) {
    assert.equal(failures(await image(name)), [], name);
  }
});

test("the images that a build pulls are judged by the line of their FROM", async () => {
  const built = (dockerfile: string, checks?: string[]) =>
    findings({ ...service("    build: .\n"), Dockerfile: dockerfile }, checks);
  assert.match(
    failures(
      await built("FROM nvidia/cuda:12.1-devel-ubuntu22.04 AS builder\nFROM x\nCOPY --from=builder /a /a\n"),
    )[0]!,
    /^fail p\/Dockerfile:1 p: a is built from the image nvidia\/cuda:12\.1-devel-ubuntu22\.04, which Docker Hub does not/,
  );
  assert.equal(failures(await built("FROM nvidia/cuda:12.1-devel-ubuntu22.04 AS unused\nFROM x\n")), []);
  const inline = "    build:\n      dockerfile_inline: |\n        FROM nvidia/cuda:latest\n";
  assert.match(failures(await findings(service(inline)))[0]!, /^fail p\/compose\.yaml:5 p: a is built from the image/);
  assert.match(
    failures(await built("# a comment\nFROM nvcr.io/nvidia/l4t-pytorch:r35\n"))[0]!,
    /^fail p\/Dockerfile:2 .*is for ARM/,
  );
  assert.match(
    (await built("ARG TAG=13.5.0-base\nFROM nvidia/cuda:${TAG}\n", ["guest.cuda"])).join("\n"),
    /^warn p\/Dockerfile:2 p\/a: CUDA 13\.5 was released with driver 620/,
  );
  assert.match(
    failures(await built("FROM rocm/pytorch:latest\n", ["services.gpu"]))[0]!,
    /its image is built from rocm\/pytorch:latest, which uses only AMD GPUs .*-> Build it from an image for NVIDIA's/,
  );
});

test("the images of a Dockerfile: stages, arguments, continued lines, other syntaxes", () => {
  const of = (text: string, args = {}, target?: string) =>
    baseImagesOf(text, args, target).map(({ image, line, isFinal }) => `${image} ${line}${isFinal ? " final" : ""}`);
  assert.equal(of("FROM a AS one\nFROM b AS two\nFROM ONE\n"), ["a 1 final"]);
  assert.equal(of("FROM a AS one\nFROM b AS two\n", {}, "One"), ["a 1 final"]);
  assert.equal(of("FROM a AS one\nFROM b\nCOPY --from=0 /x /x\nRUN --mount=type=bind,from=one true\n"), [
    "b 2 final",
    "a 1",
  ]);
  assert.equal(of("ARG V=1\nARG I=a:${V}\nFROM --platform=linux/amd64 $I\n"), ["a:1 3 final"]);
  assert.equal(of("ARG V\nFROM a:${V:-2}\n"), ["a:2 2 final"]);
  assert.equal(of("ARG V=1\nFROM a:${V}\n", { V: "3" }), ["a:3 2 final"]);
  assert.equal(of("ARG V\nFROM a:${V}\n"), [], "no value");
  assert.equal(of("FROM a AS x\nARG V=1\nFROM b:$V\n"), [], "an ARG of a stage has no value in FROM");
  assert.equal(of("# syntax=other/frontend\nFROM a\n"), []);
  assert.equal(of("FROM \\\n  a \\\n  AS b\n"), ["a 1 final"]);
  assert.equal(of("FROM scratch\n"), []);
  const script = "RUN <<-EOF cat && <<'TWO' cat\nSELECT x\nFROM users\n\tEOF\nFROM b AS c\nTWO\n";
  assert.equal(of(`FROM a\n${script}COPY --from=d /x /x\n`), ["a 1 final"], "here-documents have no instructions");
  assert.equal(of("FROM a AS b\nRUN cat <<<word && echo $((1 << 2))\nFROM c\n"), ["c 3 final"]);
  assert.equal(of(`FROM a AS d\n${script}FROM e\nCOPY --from=d /x /x\n`), ["e 8 final", "a 1"]);
  assert.equal(of("FROM a\n", {}, "none"), []);
});

test("databases that do not start: without a password, with half of one, with root as the user", async () => {
  const worst = async (name: string, keys = "") => failures(await image(name, keys)).join("\n");
  assert.match(
    await worst("postgres:17"),
    /^fail p\/compose\.yaml:4 p: a runs postgres without a password: .* -> Add to environment: POSTGRES_PASSWORD: …$/,
  );
  for (const name of ["pgvector/pgvector:pg17", "mysql:8", "mariadb"]) {
    assert.match(await worst(name), /without a/, name);
  }
  for (
    const variable of ["POSTGRES_PASSWORD: x", "POSTGRES_PASSWORD_FILE: /x", "POSTGRES_HOST_AUTH_METHOD: trust"]
  ) assert.is(await worst("postgres:17", `    environment: {${variable}}\n`), "", variable);
  assert.is(await worst("mariadb:11", "    environment: [MYSQL_ALLOW_EMPTY_PASSWORD=1]\n"), "");
  assert.match(await worst("ghcr.io/immich-app/postgres:14-vectorchord"), /without a password/);
  for (
    const name of ["bitnamilegacy/postgresql:17", "someone/postgres:17", "timescale/timescaledb-ha:pg17", "redis:8"]
  ) {
    assert.is(await worst(name), "", `${name} has its own rules`);
  }
  assert.match(await worst("public.ecr.aws/docker/library/postgres:17"), /runs postgres without a password/);
  assert.is(await worst("postgres:17", "    command: pg_dump -h db\n"), "", "a client");
  assert.is(await worst("postgres:17", "    entrypoint: /mine.sh\n"), "");
  assert.match(
    await worst("mysql:8", "    environment: {MYSQL_ROOT_PASSWORD: x, MYSQL_USER: root}\n"),
    /:5 p: a has MYSQL_USER: root, which the image refuses/,
  );
  assert.match(
    await worst("mongo:7", "    environment: {MONGO_INITDB_ROOT_USERNAME: x}\n"),
    /has only one of .* -> Add to environment: MONGO_INITDB_ROOT_PASSWORD: …$/,
  );
  assert.is(await worst("mongo:7"), "");
});

test("a variable without a value that is a database's password fails", async () => {
  const text =
    "    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: ${SECRET}\n      OTHER: ${API_KEY}\n";
  assert.equal(await findings(service(text)), [
    "fail p/compose.yaml:6 p: SECRET has no value: a does not start without a password -> Set SECRET in the project's .env",
    "warn p/compose.yaml:7 p: API_KEY has no value: the service starts with an empty password or key -> Set API_KEY in " +
    "the project's .env, or write an empty default if you do not use it: ${API_KEY:-}",
  ]);
});

test("a variable that only build.args use is reported only if the example of .env names it", async () => {
  const items = "    build:\n      context: .\n      args:\n      - A=${A}\n      - B_TOKEN=${B_TOKEN}\n";
  const pairs =
    "    build:\n      context: .\n      args:\n        # of the build\n        A: ${A}\n        B_TOKEN: ${B_TOKEN}\n";
  const blank = async (files: Record<string, string>) =>
    (await findings({ ...files, Dockerfile: "FROM nginx\n" })).map((one) =>
      /p: (\w+) has no value/.exec(one)?.[1] ?? one
    );
  assert.equal([await blank(service(items)), await blank(service(pairs))], [[], []]);
  assert.equal(await blank(service(`${items}    environment: ["A=\${A}"]\n`)), ["A"]);
  assert.equal(await blank(service(`${pairs}    environment:\n      B: \${B_TOKEN}\n`)), ["B_TOKEN"]);
  assert.equal(await blank({ ...service(items), ".env.example": "A=1\n" }), ["A"]);
});

test("PostgreSQL 18 does not start with a mount at the old place of its data", async () => {
  const at = async (name: string, keys = "", target = "/var/lib/postgresql/data") =>
    failures(
      await image(
        name,
        `    volumes: ["data:${target}"]\n    environment: {POSTGRES_PASSWORD: x${keys}}\nvolumes: {data: }\n`,
      ),
    ).join("\n");
  for (const name of ["postgres:18-alpine", "postgres", "postgres:alpine", "pgvector/pgvector:pg18"]) {
    assert.match(
      await at(name),
      /:5 p: a mounts data at .*PostgreSQL 18 and later do not start -> Write \/var\/lib/,
      name,
    );
  }
  for (const name of ["postgres:17", "postgres:16.4-alpine", "pgvector/pgvector:pg16", "pgvector/pgvector"]) {
    assert.is(await at(name), "", name);
  }
  assert.is(await at("postgres:18", "", "/var/lib/postgresql"), "");
  assert.is(await at("postgres:18", ", PGDATA: /var/lib/postgresql/data"), "");
});

test("a file that adds the GPU to a service is used with the others; one that has a missing service is named", async () => {
  const gpu = "    gpus: all\n";
  const base = 'services:\n  a:\n    build: .\n    network_mode: host\n    volumes: ["data:/d"]\nvolumes: {data: }\n';
  const found = await findings({
    "compose.yaml": base,
    Dockerfile: "FROM x\n",
    "compose.nvidia.yaml": `services:\n  a:\n    build: {context: ., dockerfile: Dockerfile.nvidia}\n${gpu}`,
    "compose.jetson.yaml": `services:\n  a:\n    build: .\n${gpu}`,
  });
  assert.equal(found, [
    "warn p/compose.nvidia.yaml p: a asks for no GPU: the GPU is in compose.nvidia.yaml, which the project does not use " +
    "-> Write COMPOSE_FILE=compose.yaml:compose.nvidia.yaml into the project's .env, or env: {COMPOSE_FILE: " +
    '"compose.yaml:compose.nvidia.yaml"} for its stack in the config',
  ]);
  const ollama = (more: string) => `services:\n  ollama:\n    image: ollama/ollama\n${more}`;
  const missing = await findings({
    "compose.yaml": "services: {ui: {image: x, depends_on: [ollama]}}\n",
    "compose.amd.yaml": ollama("    devices: [/dev/kfd, /dev/dri]\n"),
    "compose.nvidia.yaml": ollama(gpu),
  });
  assert.equal(missing, [
    "fail p/compose.yaml:1 p: ui depends on ollama, which the project does not have -> compose.nvidia.yaml has the " +
    "service ollama. Write COMPOSE_FILE=compose.yaml:compose.nvidia.yaml into the project's .env, or env: {COMPOSE_FILE: " +
    '"compose.yaml:compose.nvidia.yaml"} for its stack in the config',
  ]);
});

test("one fault in several services is one finding with its places", async () => {
  const found = await findings({
    "compose.yaml": "services:\n  a:\n    build: one\n    volumes: [./x.conf:/x.conf]\n  b:\n    build: two\n" +
      "    volumes: [./x.conf:/x.conf, ./y.conf:/y.conf, data:/data, more:/more]\n    devices: [/dev/dri]\n    group_add: [109]\n" +
      "  c:\n    image: x\n    devices: [/dev/dri]\n    group_add: [109]\nvolumes:\n  data:\n    external: true\n  more:\n" +
      "    external: true\n",
  });
  assert.equal(found.sort(), [
    "fail p/compose.yaml:15, p/compose.yaml:17 p: the volumes data and more are external, and a new VM does not have them " +
    "-> Remove external: from the volumes data and more, or let another project on the machine create them",
    "fail p/compose.yaml:3 p: a and b are built from one and two, which do not exist -> Create the folders one and two " +
    "with their Dockerfiles",
    "fail p/compose.yaml:4 p: a and b mount the files x.conf and y.conf, which do not exist: Docker would create folders of " +
    "these names -> Create x.conf and y.conf",
    "warn p/compose.yaml:9 p: b and c add the group 109 for the card's nodes: the render group of a may have another " +
    "number -> Write the number that this prints: npx zx homelab-gpu.mts ssh a -- getent group render",
  ]);
});

test("a build context in a submodule that was not fetched", async () => {
  const found = await findings({
    "compose.yaml": "services: {a: {build: parts/one}, b: {build: other}}\n",
    ".gitmodules": '[submodule "one"]\n\tpath = parts/one\n\turl = x\n',
    "other/Dockerfile": "FROM x\n",
  });
  assert.equal(found, [
    "fail p/compose.yaml:1 p: a is built from parts/one, which does not exist -> Get the submodules: run git submodule " +
    "update --init --recursive in the project's folder",
  ]);
});

test("a command with a program that its image lacks; a folder in the home of the VM's user", async () => {
  const wait = (text: string) => findings(service(`    image: ollama/ollama\n    entrypoint: sh -c "${text}"\n`));
  assert.match(
    (await wait("until curl -sf http://ollama:11434; do sleep 3; done"))[0]!,
    /^warn p\/compose\.yaml:5 p: a runs curl in its entrypoint, which the image ollama\/ollama does not have/,
  );
  assert.is((await wait("apt-get install -y curl && curl x")).filter((one) => one.includes("runs curl")).length, 0);
  assert.match(
    (await image("x", "    volumes: [~/.data:/data]\n"))[0]!,
    /p: a mounts ~\/\.data, which is an empty folder in a unless something creates it there/,
  );
});

test("keys of other programs are named as Compose's; a path of a Mac; a required password is reported once", async () => {
  const of = async (line: string) => failures(await image("x", `    ${line}\n`))[0];
  assert.match(
    (await of("device_requests: [{driver: nvidia}]"))!,
    /-> Write its list as devices: below deploy\.resources/,
  );
  assert.match((await of("env: {A: b}"))!, /there is no key env -> Write environment$/);
  assert.match((await of("name: b"))!, /-> Write container_name$/);
  assert.match((await of("shm-size: 1g"))!, /-> Write shm_size$/);
  assert.match(
    (await image("x", "    volumes: [/Users/me/data:/data]\n"))[0]!,
    /^warn .*: a mounts \/Users\/me\/data, a folder of a Mac -> Replace/,
  );
  assert.match(
    failures(await image("postgres:17", "    environment: {POSTGRES_PASSWORD: '${P:?set P}'}\n")).join("\n"),
    /^fail \S+ p: P has no value: set P -> Set P in the project's \.env$/,
  );
});

test("of several files with GPUs the one for the whole project is first", async () => {
  const gpu = "services: {a: {gpus: all}}\n";
  const [found] = await findings({
    "compose.yaml": "services: {a: {image: x}}\n",
    ...{ "compose.classifier-gpu.yaml": gpu, "compose.gpu.yaml": gpu, "compose.vllm.yaml": gpu },
  });
  assert.match(found!, /COMPOSE_FILE=compose\.yaml:compose\.gpu\.yaml /);
});

test("a FROM whose variables have no value ends the build", async () => {
  const built = (dockerfile: string, build = "    build: .\n") =>
    findings({ ...service(build), Dockerfile: dockerfile }).then(failures);
  assert.equal(await built("ARG BASE\nFROM ${BASE} AS one\nFROM one\n"), [
    "fail p/Dockerfile:2 p: a cannot be built from ${BASE}: BASE has no value, which leaves no image -> Set BASE in the " +
    "service's build.args, or write a default: ARG BASE=VALUE",
  ]);
  assert.equal(await built("ARG NAME=nvidia/cuda\nARG TAG\nFROM $NAME:$TAG\n"), [
    "fail p/Dockerfile:3 p: a cannot be built from $NAME:$TAG: TAG has no value, which leaves “nvidia/cuda:”, which is " +
    "not an image name -> Set TAG in the service's build.args, or write a default: ARG TAG=VALUE",
  ]);
  // an ARG after the first FROM, and none at all
  assert.match(
    (await built("FROM x AS one\nARG BASE=y\nFROM ${BASE}\n")).join(),
    /^fail p\/Dockerfile:3 .* -> Write ARG BASE=VALUE before the first FROM: only such variables/,
  );
  const args = (value: string) => `    build:\n      context: .\n      args: {BASE: ${value}}\n`;
  assert.equal((await built("ARG BASE\nFROM ${BASE}\n", args("''"))).length, 1);
  for (
    const [dockerfile, build] of [
      ["ARG BASE=x:1\nFROM ${BASE}\n"],
      ["ARG BASE\nFROM ${BASE:-x:1}\n"],
      ["ARG BASE\nFROM ${BASE}\n", args("x:1")],
      // the VM's environment may have it
      ["ARG BASE\nFROM ${BASE}\n", args("")],
      ["FROM --platform=$BUILDPLATFORM x:$TARGETARCH\n"],
      ["ARG SUFFIX\nFROM x:1$SUFFIX\n"],
      ["ARG REGISTRY\nFROM ${REGISTRY}x:1\n"],
      ["ARG A=x B=1\nFROM $A:$B\n"],
      ["ARG V=1\nARG TAG=v${V}\nFROM x:$TAG\n"],
      ["ARG BASE\nFROM ${BASE#v}\n"],
    ] as const
  ) assert.equal(await built(dockerfile, build), [], `${dockerfile} ${build}`);
});

test.run();
