// What other people's Compose projects of 2025 and 2026 showed: shared variables, names with a network, a registry in
// another project, placeholders in commands, spaces that are none, models without a size in their names.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { billionsOf, billionsOfOllama } from "../lib/compose/model-sizes.mts";
import { modelServerOf } from "../lib/compose/models.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose fresh");
const card = savedHost("rtx4070-desktop-debian12");

/** Doctor's failures and warnings for stacks on one machine, as `status PLACE message -> fix`. */
const findings = (...texts: string[]) => judged(texts);

async function judged(
  texts: string[],
  files: Record<string, string> = {},
  check = "services.compose",
  root = "/lab",
) {
  const own = Object.fromEntries(texts.map((text, i) => [`${root}/p${i}/compose.yaml`, text]));
  const { shell } = fakeShell({ ...own, ...files });
  const projects = await Promise.all(
    texts.map((_, i) =>
      readProject(shell, { name: `p${i}`, machine: "a", folder: `${root}/p${i}`, profiles: [] }, undefined)
    ),
  );
  const config = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, " +
    "gpu: {device_id: 2786}}]";
  return runChecks(card, { ...resolveConfig(parseConfig(config), card), projects }, [check])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}

test("a shared variable is no error of a service that does not reach its address", async () => {
  const text = (worker: string) =>
    `x-env: &env\n  DB_URL: "postgresql://u@db:5432/x"\nservices:\n  api: {image: x, environment: *env, ` +
    `networks: [back]}\n  worker: {image: x, ${worker}}\n  db: {image: y, networks: [back]}\nnetworks: {back: {}}\n`;
  assert.equal(await findings(text("environment: *env")), []);
  assert.match(
    (await findings(text('environment: {DB_URL: "postgresql://u@db:5432/x"}'))).join(),
    /worker names db in/,
  );
  const alone = text("environment: *env").replace("environment: *env, networks: [back]", "networks: [back]");
  assert.match((await findings(alone)).join(), /worker names db in DB_URL, but shares no network/);
});

test("a name with its network is known in that network only", async () => {
  const text = (url: string, app = "") =>
    `services:\n  app: {image: x, environment: {LLM: "${url}"}${app}}\n  llm: {image: y}\nnetworks: {front: {}}\n`;
  assert.equal(await findings(text("http://llm.p0_default:80")), []);
  assert.equal(await findings(text("http://llm.ai_default:80")), [
    "warn p0/compose.yaml:2 p0: app names llm.ai_default in LLM, but llm is in no network ai_default: the name is not " +
    "known there -> Write llm instead of llm.ai_default",
  ]);
  assert.match((await findings(text("http://llm.p0_default:80", ", networks: [front]"))).join(), /shares no network/);
  assert.equal(await findings(text("http://llm.example.org:80")), []);
});

test("another project of the machine may run the registry on localhost", async () => {
  const app = "services:\n  app: {image: 'localhost:5000/app'}\n";
  const registry =
    "services:\n  registry: {image: 'registry:3', ports: ['5000:5000'], volumes: ['data:/var/lib/registry']}" +
    "\nvolumes: {data: }\n";
  assert.match((await findings(app)).join(), /which has no registry/);
  assert.equal(await findings(app, registry), []);
});

test("a placeholder in a command is a warning", async () => {
  const text = (command: string) => `services:\n  app:\n    image: x\n    command: ${command}\n`;
  assert.equal(await findings(text("--model MODEL_PATH_HERE --port 80")), [
    "warn p0/compose.yaml:4 p0: app has MODEL_PATH_HERE in its command, which is not a value but a placeholder -> " +
    "Replace MODEL_PATH_HERE with your own value",
  ]);
  assert.match((await findings(text("--token=YOUR_TOKEN"))).join(), /app has --token=YOUR_TOKEN in its command/);
  assert.equal(await findings(text("serve --model where --here")), []);
});

test("a line that begins with a space that is none is one error, and its keys are read", async () => {
  const expected = (line: number) =>
    `fail p0/compose.yaml:${line} p0: the line begins with U+00A0, which looks like a space, but is none in YAML -> ` +
    "Write spaces instead, on each such line";
  assert.equal(await findings("services:\n\u00a0 app:\n    image: x\n"), [expected(2)]);
  assert.equal(await findings("services:\n  app:\n    image: x\n\u00a0\u00a0  tty: true\n"), [expected(4)]);
  assert.equal(await findings("services:\n  app:\n    image: x\n    ports:\n\u00a0 \u00a0 - '80:80'\n"), [expected(5)]);
  const harmless = "services:\n  app:\n    image: x\n    labels: {a: 'b\u00a0c', d: \"\u00a0e\"}\n    command: |\n" +
    "      \u00a0echo\n      x\n";
  assert.equal(await findings(harmless), []);
});

test("includes and Dockerfiles that are missing for one reason are one error", async () => {
  const text = "include: [a.yml, b.yml]\nservices:\n  app: {image: x}\n";
  assert.match(
    (await findings(text)).join("\n"),
    /^fail [^\n]*the files a\.yml and b\.yml, which services extend [^\n]*$/,
  );
  const built = 'services:\n  app:\n    build: {context: ., dockerfile: "${ROOT:?set it}/app/Dockerfile"}\n';
  assert.not.match((await findings(built)).join("\n"), /which does not exist/);
  const groups = "services:\n  a: {image: x, group_add: ['${G}']}\n  b: {image: x, group_add: ['${G}']}\n";
  assert.match((await findings(groups)).join("\n"), /a and b have a group without a name in group_add/);
});

test("the size of a model without one in its name is known by its family", () => {
  const sizes: [name: string, billions: number | undefined][] = [
    ["Qwen/Qwen3-Coder-Next-FP8", 80],
    ["deepseek-ai/DeepSeek-R1-0528", 671],
    ["deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", 32],
    ["deepseek-ai/DeepSeek-V2-Lite", undefined],
    ["zai-org/GLM-4.5-Air-FP8", 106],
    ["zai-org/GLM-4.6", 355],
    ["zai-org/GLM-4.7-Flash", undefined],
    ["meta-llama/Llama-4-Scout-17B-16E-Instruct", 109],
    ["microsoft/phi-4", 14],
    ["microsoft/Phi-4-mini-instruct", undefined],
  ];
  for (const [name, billions] of sizes) assert.is(billionsOf(name), billions, name);
  const bits = (name: string) => modelServerOf({ image: "vllm/vllm-openai", command: `--model ${name}` })?.model?.bits;
  assert.is(bits("deepseek-ai/DeepSeek-V3.1"), 8, "published with 8 bits");
  assert.is(bits("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B"), 16);
  assert.is(bits("unsloth/DeepSeek-V3-bf16"), 16);
  assert.is(bits("moonshotai/Kimi-K2-Instruct-0905"), 8);
  assert.is(bits("moonshotai/Kimi-K2-Thinking"), 4);
  assert.is(bits("MiniMaxAI/MiniMax-M2.1"), 8);
  assert.is(billionsOfOllama("llama3.3"), 70);
  assert.is(billionsOfOllama("llama3.3:latest"), 70);
  assert.is(billionsOfOllama("qwen3:8b"), 8);
  assert.is(billionsOfOllama("me/llama3.3"), undefined);
  assert.is(modelServerOf({ build: ".", command: "serve a/b-70B --gpu-memory-utilization 0.9" })?.model?.billions, 70);
  assert.is(modelServerOf({ image: "own", command: ["vllm", "serve", "a/b-70B"] })?.model?.billions, 70);
  assert.is(modelServerOf({ image: "own", command: ["serve", "a/b-70B"] }), undefined);
});

test("a service without keys in an override changes nothing", async () => {
  const base = "services:\n  a: {image: x}\n";
  const override = (text: string) => judged([base], { "/lab/p0/compose.override.yaml": text });
  assert.equal(await override("services:\n  a:\n"), []);
  assert.match((await override("services:\n  b:\n")).join(), /services\.b must be a mapping/);
  const first = await judged(["services:\n  a:\n"], { "/lab/p0/compose.override.yaml": base });
  assert.match(first.join(), /services\.a must be a mapping/, "Compose refuses it in the first file");
});

test("included files outside the folder, programs of the host after a colon, and domains to replace", async () => {
  const outside = await judged(["include: [../a.yml, ../b.yml]\nservices:\n  app: {image: x}\n"], {
    "/lab/a.yml": "services:\n  a: {image: x}\n",
    "/lab/b.yml": "services:\n  b: {image: x}\n",
  });
  assert.match(
    outside.join("\n"),
    /^fail [^\n]* includes \.\.\/a\.yml and \.\.\/b\.yml outside its folder: they are not [^\n]*$/,
  );
  const socat =
    "services:\n  app: {image: alpine/socat, command: tcp-listen:80 tcp-connect:host.docker.internal:11434}\n";
  assert.match((await findings(socat)).join(), /Docker in a does not know host\.docker\.internal/);
  const domain = (value: string) => findings(`services:\n  app: {image: x, environment: {A_URL: "${value}"}}\n`);
  assert.match((await domain("https://your-subdomain.duckdns.org")).join(), /which is not a value but a placeholder/);
  assert.equal(await domain("https://yourkit.com"), []);
});

test("a service that asks for a GPU is not built for the CPU", async () => {
  const of = (arg: string, gpus = "all") =>
    judged(
      [`services:\n  app:\n    build: {context: ., args: {${arg}}}\n    gpus: ${gpus}\n`],
      { "/lab/p0/Dockerfile": "FROM x\n" },
      "services.gpu",
    );
  assert.equal(await of("DEVICE_TAG: cpu"), [
    "warn p0/compose.yaml:3 p0/app: asks for a GPU, but is built with DEVICE_TAG=cpu: it works on the CPU -> Set " +
    "DEVICE_TAG to the value for the GPU, which the project's documentation names",
  ]);
  assert.equal(await of("DEVICE_TAG: cu128"), []);
  assert.equal(await of("CPU_LIMIT: cpu"), []);
});

test("the parts of an image's name begin and end with letters or digits", async () => {
  const of = async (image: string) =>
    (await findings(`services:\n  app: {image: "${image}"}\n`)).filter((one) => one.startsWith("fail"));
  assert.match((await of("ghcr.io//x:1"))[0]!, /“ghcr\.io\/\/x:1”, which is not an image name: it has \/\/ in it/);
  assert.match((await of("a/b:-cuda"))[0]!, /its tag begins with -/);
  assert.match((await of("reg.io/ns/-x:1"))[0]!, /its part -x begins or ends with - \. or _/);
  const unset =
    "fail p0/compose.yaml:2 p0: V has no value, which leaves “a/b:-cuda”: Compose or Docker refuses that -> " +
    "Set V in the project's .env";
  assert.equal(await of("a/b:${V}-cuda"), [unset]);
  for (const image of ["reg.io:5000/a_b/c-d.e__f:1_2-3", "a/b@sha256:abcd", "nginx"]) assert.equal(await of(image), []);
});

test("paths outside the folder get one path for the stack", async () => {
  const text =
    "services:\n  app:\n    build: ../../backend\n    volumes: ['../data:/data']\n    env_file: ../app.env\n";
  const files = {
    "/lab/repo/backend/Dockerfile": "FROM x\n",
    "/lab/repo/deploy/data/x": "",
    "/lab/repo/deploy/app.env": "A=b\n",
  };
  const found = await judged([text], files, "services.compose", "/lab/repo/deploy");
  assert.equal(
    new Set(found.map((one) => one.replace(/.* -> /, ""))),
    new Set([
      'Set the stack\'s path to /lab/repo, and add env: {COMPOSE_FILE: "deploy/p0/compose.yaml"}',
    ]),
  );
  assert.is(found.length, 3);
});

test.run();
