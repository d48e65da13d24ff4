// Faults of other people's projects with a GPU: quotes in options, device nodes without libraries, users with a name,
// folders that are not copied, models of llama.cpp, and findings that are one.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { decodeBytes } from "../lib/encoding.mts";
import { isPlaceholder } from "../lib/compose/placeholders.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose others");
const card = savedHost("rtx4070-desktop-debian12");

/** Failures and warnings for a stack, as `status message -> fix | command`. `files`: its other files, all copied. */
async function findings(
  services: string,
  { files = {}, copied, keys = "", profiles = [] }: {
    files?: Record<string, string>;
    copied?: string[];
    keys?: string;
    profiles?: string[];
  } = {},
): Promise<string[]> {
  const disk = Object.entries({ "compose.yaml": `services:\n${services}`, ...files });
  const { shell } = fakeShell(Object.fromEntries(disk.map(([path, text]) => [`/lab/p/${path}`, text])));
  const request = {
    name: "p",
    machine: "a",
    folder: "/lab/p",
    profiles,
    copied: copied ?? ["compose.yaml", ...Object.keys(files)],
  };
  const projects = [await readProject(shell, request, undefined)];
  const config = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, " +
    `gpu: {device_id: 2786}${keys}}]`;
  return runChecks(card, { ...resolveConfig(parseConfig(config), card), projects }, [
    "services.compose",
    "services.gpu",
  ]).filter(({ status }) => ["fail", "warn"].includes(status)).map(({ status, message, fix }) =>
    `${status} ${message} -> ${fix[0]?.title}${fix[0]?.command ? ` | ${fix[0].command}` : ""}`
  );
}

test("quotes in an option of a command that is a list reach the program", async () => {
  assert.equal(await findings('  a:\n    image: x\n    command:\n      - --beam-size="5"\n      - --language=en\n'), [
    'warn p: a has --beam-size="5" with the quotes in its value -> Write - --beam-size=5',
  ]);
  assert.equal(await findings("  a: {image: x, command: 'run --beam-size=\"5\"'}\n"), []);
  const json = `  a: {image: x, command: ["--kwargs='{\\"a\\": false}'"]}\n`;
  assert.match((await findings(json)).join(), /-> Write - "--kwargs=\{\\"a\\": false\}"$/);
  assert.equal(await findings('  a:\n    image: x\n    command:\n      - --a="b" --c="d"\n'), []);
  const bare = (key: string, item: string) => findings(`  a:\n    image: x\n    ${key}:\n      - ${item}='{"a": b}'\n`);
  assert.match((await bare("command", "--x")).join(), /-> Write - "--x=\{\\"a\\": b\}"$/);
  assert.match((await bare("environment", "A")).join(), /-> Write - "A=\{\\"a\\": b\}"$/);
  assert.equal(await findings("  a:\n    image: x\n    command: [sh, -c, 'a --size=\"5\"']\n"), []);
});

test("device nodes of NVIDIA alone give a container no libraries", async () => {
  const nodes = "  a:\n    image: x\n    devices: [/dev/nvidia0, /dev/nvidiactl, /dev/nvidia-uvm]\n";
  assert.equal(await findings(nodes), [
    "warn p/a: /dev/nvidia0 alone gives no NVIDIA GPU: CUDA in the container needs NVIDIA's libraries -> Reserve a GPU " +
    "for p/a (deploy.resources.reservations.devices) with NVIDIA_DRIVER_CAPABILITIES=all, or runtime: nvidia",
  ]);
  for (
    const more of [
      "    runtime: nvidia\n",
      "    gpus: all\n",
      "    volumes: ['/usr/lib/libcuda.so.1:/usr/lib/libcuda.so.1']\n",
    ]
  ) assert.not.match((await findings(nodes + more)).join(), /alone gives no/, more);
  assert.equal(await findings("  a: {image: x, devices: [nvidia.com/gpu=all]}\n"), []);
});

test("a user that has only a name cannot write into a folder that Docker creates for root", async () => {
  const text = (user: string) => `  db: {image: neo4j:5, user: "${user}", volumes: ["./data:/data"]}\n`;
  assert.equal(await findings(text("neo4j:neo4j")), [
    "warn p: db mounts data, which Docker creates for root, but runs as user neo4j, which cannot write there -> Use a " +
    "named volume, which gets the owner that the image has there",
  ]);
  for (const user of ["root", "root:root", "0"]) assert.equal(await findings(text(user)), [], user);
  assert.equal(await findings(text("neo4j"), { files: { "data/x": "" } }), []);
});

test("an empty folder that is not copied is created for root in the VM", async () => {
  const text = '  a: {image: x, user: "1000", volumes: ["./models:/models"]}\n';
  const files = { "models/.gitkeep": "", ".dockerignore": "models/\n" };
  assert.equal(await findings(text, { files, copied: ["compose.yaml", ".dockerignore"] }), [
    "warn p: a mounts models, which Docker creates for root, but runs as user 1000 (user: 1000), which cannot write " +
    "there -> Use a named volume, which gets the owner that the image has there",
  ]);
});

test("PostgreSQL does not create its data in a folder with .gitkeep", async () => {
  const text = (image: string) =>
    `  db: {image: "${image}", environment: {POSTGRES_PASSWORD: x}, volumes: ["./db:/var/lib/postgresql/data"]}\n`;
  assert.equal(await findings(text("postgres:16"), { files: { "db/.gitkeep": "" } }), [
    "fail p: db mounts db with .gitkeep in it at /var/lib/postgresql/data: PostgreSQL creates its data only in an empty " +
    "folder -> Remove db/.gitkeep, or use a named volume",
  ]);
  const several = { "db/.gitkeep": "", "db/README.md": "", "db/old/x": "" };
  assert.match(
    (await findings(text("postgres:16"), { files: several })).join(),
    /-> Remove db\/\.gitkeep, db\/README\.md and db\/old, or use/,
  );
  assert.is((await findings(text("postgres:18"), { files: several })).length, 1);
  assert.equal(await findings(text("postgres:16"), { files: { "db/PG_VERSION": "16", "db/base/1": "" } }), []);
  assert.equal(await findings(text("postgres:16")), []);
});

test("a model of llama.cpp that is larger than the card, whose layers are all there", async () => {
  const text = (words: string) =>
    `  a: {image: "ghcr.io/ggml-org/llama.cpp:server-cuda", gpus: all, command: "${words}"}\n`;
  const large = "--model /models/gemma-4-31B-it-Q4_K_M.gguf";
  assert.equal(await findings(text(`${large} --n-gpu-layers 99`)), [
    "warn p/a: the weights of /models/gemma-4-31B-it-Q4_K_M.gguf take about 14 GiB at 4 bits, but its GPU has 12 GiB: " +
    "llama.cpp does not start -> Use a smaller model, or lower --n-gpu-layers: the other layers run on the CPU",
  ]);
  assert.match((await findings(text("-hf unsloth/Qwen3-14B-GGUF:Q8_0 -ngl all"))).join(), /13 GiB at 8 bits/);
  for (
    const words of [
      large,
      `${large} -ngl 20`,
      `${large} -ngl 99 --n-cpu-moe 30`,
      `${large} -ngl 99 --rpc 10.0.0.2:50052`,
      `${large} -ngl 99 --device none`,
      "-m /models/gemma-4-31B-it-IQ2_M.gguf -ngl 99",
      "-m /models/mine.gguf -ngl 99",
    ]
  ) assert.equal(await findings(text(words)), [], words);
});

test("the port of a program of the host may be that of a service in a profile", async () => {
  const text = "  app: {image: x, environment: {LLM: 'http://host.docker.internal:11434'}, " +
    "extra_hosts: ['host.docker.internal:host-gateway']}\n" +
    "  ollama: {image: ollama/ollama, profiles: [local], ports: ['11434:11434']}\n";
  assert.match((await findings(text)).join(), /-> Turn on the profile of ollama.*: profiles: \[local\]$/);
  const other = text.replace(/, "?extra_hosts.*\]/, "").replace("internal:11434", "internal:11435");
  assert.match(
    (await findings(other.replace("'11434:", "'11435:"), { profiles: ["web"] })).join(),
    /: profiles: \[web, local\], and write ollama:11434 instead of host\.docker\.internal:11435$/,
  );
});

test("several folders without create_host_path, and several relative targets, are one finding each", async () => {
  const bind = (path: string) =>
    `      - {type: bind, source: ${path}, target: ${path}, bind: {create_host_path: false}}\n`;
  const found = await findings(
    `  a:\n    image: x\n    volumes:\n${bind("/mnt/a")}${bind("/mnt/b")}      - ./o:out/\n      - ./i:in/\n`,
  );
  assert.equal(found.length, 2);
  assert.match(
    found.join("\n"),
    /a mounts \/mnt\/a and \/mnt\/b, which a does not have.* -> Share them with a: folders: \[\{from: \/mnt\/a, /,
  );
  assert.match(
    found.join("\n"),
    /a mounts something at out\/ and in\/: .* -> Write absolute paths.* \/out\/ and \/in\//,
  );
});

test("a variable that a service passes on is reported if it is a password, or if the example has it", async () => {
  const text = "  a: {image: x, environment: [WORKERS, API_TOKEN]}\n";
  const names = async (files: Record<string, string>) =>
    (await findings(text, { files })).map((line) => / (\S+) has no value/.exec(line)?.[1]);
  assert.equal(await names({}), ["API_TOKEN"]);
  assert.equal(await names({ ".env.example": "WORKERS=2\n" }), ["API_TOKEN", "WORKERS"]);
});

test("placeholders with blanks", () => {
  for (const value of ["put-your-api-key-here", "insert token here", "API_KEY_HERE"]) {
    assert.ok(isPlaceholder(value), value);
  }
  for (const value of ["token here", "my-password-here", "Password_here"]) {
    assert.ok(isPlaceholder(value, "API_TOKEN"), value);
    assert.not(isPlaceholder(value, "MOTTO"), value);
  }
  for (const value of ["there", "we are here", "monkey-nowhere"]) assert.not(isPlaceholder(value, "KEY"), value);
});

test("gpus: with the words of docker run", async () => {
  const of = async (gpus: string) => (await findings(`  a:\n    image: x\n    gpus: ${gpus}\n`)).join("\n");
  assert.match(await of('["device=0,1"]'), /-> Write - \{driver: nvidia, device_ids: \["0", "1"\]\}$/);
  assert.match(await of("[all]"), /-> Write gpus: all$/);
  assert.match(await of("device=0"), /-> Write gpus: all, or gpus: \[\{driver: nvidia, device_ids: \["0"\]\}\]$/);
});

test("a service that names a large model several times is named once", async () => {
  const found = await findings(
    "  o: {image: ollama/ollama, gpus: all}\n  a: {image: x, environment: {A: 'qwen:35b', B: 'qwen:35b'}}\n",
  );
  assert.is(found.length, 1);
  assert.match(found[0]!, /^warn p\/a: the weights of qwen:35b/);
});

test("a variable for a case of its own may be absent, and an absent file has an example", async () => {
  assert.equal(await findings('  a: {image: "x:1${VARIANT:+-${VARIANT}}"}\n'), []);
  for (
    const text of [
      '  a: {image: x, volumes: ["${DATA}:/data"], command: ["x", "${DATA:+-x}"]}\n',
      '  a: {image: x, environment: ["DATA=${DATA}"]} # ${DATA:+x}\n',
      '  a: {image: x, environment: ["DATA=${DATA}"], command: ["sh", "-c", "a $${DATA:+x}"]}\n',
    ]
  ) assert.match((await findings(text)).join(), /DATA has no value/, text);
  const mount = '  a: {image: x, volumes: ["./vllm.args:/app/vllm.args:ro"]}\n';
  assert.match(
    (await findings(mount, { files: { "vllm.args.example": "--x" } })).join(),
    /^fail p: a mounts the file vllm\.args, which does not exist: .* -> Copy vllm\.args\.example to vllm\.args/,
  );
});

test("a Compose file in UTF-16 has lines, and its relative mounts are relative", async () => {
  const text = "services:\n  a: {image: x, volumes: ['./tools:/tools']}\n";
  const raw = decodeBytes(new Uint8Array([0xff, 0xfe, ...[...text].flatMap((one) => [one.charCodeAt(0), 0])]));
  const { shell } = fakeShell({ "/lab/p/compose.yaml": raw });
  const project = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, undefined);
  assert.is(project.texts["compose.yaml"], text);
});

test("the address of the project's reverse proxy is not that of another service", async () => {
  const text = (image: string) =>
    `  a: {image: x, environment: {API: "http://localhost:3929"}}\n  p: {image: "${image}", ports: ["3929:80"]}\n`;
  assert.equal(await findings(text("caddy:2")), []);
  assert.match((await findings(text("api:2"))).join(), /localhost is the container itself/);
});

test("a bind mount whose source is a variable without a value is reported with it, and Compose sets its own name", async () => {
  const text = (name: string) =>
    `  ${name}:\n    image: "x:$COMPOSE_PROJECT_NAME"\n    volumes: [{type: bind, source: "$USERS", target: /users}]\n`;
  const found = await findings(text("a") + text("b") + "  c: {image: x, volumes: [{type: bind, target: /c}]}\n");
  assert.equal(found, [
    "fail p: a and b have a bind mount without a source -> Set USERS in the project's .env",
    "fail p: c has a bind mount without a source -> Write source: ./FOLDER",
  ]);
  assert.not.match((await findings(text("a"))).join(), /COMPOSE_PROJECT_NAME/);
});

test("a variable that the service's own environment sets is for the container's shell", async () => {
  const text = '  a: {image: x, environment: {ARGS: "--listen"}, command: "run $ARGS"}\n';
  assert.match(
    (await findings(text)).join(),
    /^warn p: ARGS has no value.*-> If ARGS is for the container's shell, write \$\$ /,
  );
  const others = [
    '  a: {image: x, environment: {ARGS: "1", LOG: "${ARGS}_a"}}\n',
    '  a: {image: x, command: "run $ARGS"}\n  b: {image: x, environment: {ARGS: "1"}}\n',
    '  a:\n    image: x\n    environment: {ARGS: "1"}\n    command: run $ARGS\n    labels: [a=$ARGS]\n',
  ];
  for (const one of others) assert.match((await findings(one)).join(), /-> Set ARGS in the project's \.env$/, one);
  const block =
    "  a:\n    environment:\n      ARGS: x\n    command:\n      - sh\n      - -c\n      - run $ARGS\n    image: x\n";
  assert.match((await findings(block)).join(), /container's shell, write \$\$ \(compose\.yaml:8\); otherwise set it/);
  const plain = '  a: {image: x, environment: {ARGS: "$ARGS"}}\n';
  assert.match((await findings(plain)).join(), /-> Set ARGS in the project's \.env$/);
  const example = { "dot.env.example": "ARGS=1\n" };
  assert.match((await findings(plain, { files: example })).join(), /-> Copy dot\.env\.example to \.env/);
});

test("services that end at once are one finding", async () => {
  const one = (name: string) => `  ${name}: {image: x, restart: always, command: "true"}\n`;
  assert.equal(await findings(one("a") + one("b")), [
    "warn p: a and b run only true, which end at once: they restart endlessly -> Write the command of its server " +
    "(command:), or tty: true for a shell that waits",
  ]);
});

test.run();
