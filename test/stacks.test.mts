import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composeFilesOf, variableNames } from "../lib/compose/project.mts";
import { dotEnv } from "../lib/compose/variables.mts";
import { ignoreRules } from "../lib/compose/dockerignore.mts";
import { inlineVariables } from "../lib/compose/inline.mts";
import { readStacks } from "../lib/cli/projects.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { ConfigError } from "../lib/errors.mts";
import type { Lab, LabMachine } from "../lib/host/lab.mts";
import { names } from "../lib/plan/assets.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { projectHashes, servicesHash } from "../lib/plan/proof.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { engineSource } from "../lib/resolve/engine.mts";
import { runChecks } from "../lib/checks/index.mts";
import { realShell } from "../lib/run/shell.mts";
import { verifyMachine } from "../lib/verify/layers.mts";
import { seenServices, serviceLayer } from "../lib/verify/services.mts";
import { factsOf } from "../lib/verify/guest-facts.mts";
import { serviceLines } from "../lib/cli/seen.mts";
import { status } from "../lib/cli/commands/status.mts";
import { doctor } from "../lib/cli/commands/doctor.mts";
import { plan } from "../lib/cli/commands/plan.mts";
import { up } from "../lib/cli/commands/up.mts";
import type { Finding } from "../lib/findings.mts";
import { World } from "./world.mts";
import { fakeShell, golden, own, root } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("stacks");
const shell = realShell();
const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
const host = savedHost("vm-without-gpu");
const folder = "/lab/.homelab-gpu";

/** Reads a config whose stacks are in a folder in memory, as `up` does. */
async function read(config: string, files: Record<string, string> = {}) {
  const text = `machines: [{name: ai, box: lab/x, cpus: 2, memory: 1024}]\n${config}`;
  const parsed = parseConfig(text);
  const stacks = parsed.stacks.map((stack) => ({ ...stack, path: join("/lab", stack.path) }));
  const found = { config: { ...parsed, stacks }, text, name: "homelab-gpu.yaml", home: "/lab" };
  const on = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/${path}`, text]));
  return { parsed: found.config, projects: (await readStacks(fakeShell(on).shell, found)).own };
}

function planned({ parsed, projects }: Awaited<ReturnType<typeof read>>, machine: Partial<LabMachine> = {}) {
  const lab: Lab = {
    ...{ folder, prefix: "lab_", boxes: {}, orphans: {} },
    machines: {
      ai: { domain: "lab_ai", state: "running", address: "10.0.0.2", bootId: "b/1", ...machine },
    },
  };
  const resolved = resolveConfig(parsed, host, {}, { own: projects });
  return { ...makePlan(resolved, host, lab, texts, { recreate: false }), resolved };
}
const titles = (plan: { steps: { title: string }[] }) => plan.steps.map(({ title }) => title);
const wrong = async (config: string, files: Record<string, string> = {}) => {
  try {
    await read(config, files);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, message }) => `${line}: ${message}`);
  }
  return [];
};
const one = { "a/compose.yaml": "services: {web: {image: x}}\n" };

test("the ten stacks have the right Compose files, copied files and commands", async () => {
  const all = [
    ...["ollama-webui", "comfyui", "vllm", "frigate", "jellyfin", "immich", "whisper", "sd-webui", "jupyterlab"],
    "monitoring",
  ];
  const lines = all.map((name) => `  - {path: ${root}/test/stacks/${name}, profiles: [cuda]}`);
  const text = `machines: [{name: ai, box: lab/x, image: debian-12, cpus: 2, memory: 1024}]\nstacks:\n${
    lines.join("\n")
  }\n`;
  const config = parseConfig(text);
  const { own: projects } = await readStacks(shell, { config, text, name: "homelab-gpu.yaml", home: "/lab" });
  const { steps, resolved } = planned({ parsed: config, projects }, { state: "absent" });
  const said = projects.map(({ name, composeFiles, files, size }) =>
    [`${name}: ${composeFiles.join(", ")}, ${size} bytes`, ...Object.keys(files).map((path) => `  ${path}`)].join("\n")
  );
  const run = steps.filter(({ title }) => /stack/i.test(title)).map(({ title, command }) =>
    `${title}\n  ${command.join(" ").replaceAll(root, "ROOT")}`
  );
  golden("stacks.txt", `${[...said, ...run].join("\n")}\n`);
  assert.is(engineSource(resolved.machines[0]!, resolved), "docker", "Debian 12's own Compose runs none of them");
});

test("the config and the script in the folder of a stack are not copied", async () => {
  const own = { "a/homelab-gpu.yaml": "x", "a/homelab-gpu.mjs": "x", "a/homelab-gpu.mts": "x", "a/app.mjs": "x" };
  const { projects } = await read("stacks: [{path: ./a}]", { "a/compose.yaml": "services: {w: {image: x}}", ...own });
  assert.equal([...projects[0]!.leftOut ?? []].sort(), ["homelab-gpu.mjs", "homelab-gpu.mts", "homelab-gpu.yaml"]);
  assert.ok(projects[0]!.files["app.mjs"]);
});

test("the folder of Git is copied only if a service builds from or mounts the folder, or with !.git", async () => {
  const git = { "a/.git/HEAD": "x", "a/app/.git/HEAD": "x", "a/library/x": "x" };
  const of = async (service: string, files: Record<string, string> = {}) => {
    const { projects } = await read("stacks: [{path: ./a}]", {
      ...{ "a/compose.yaml": `services: {web: {image: x, ${service}}}\n`, ...git, ...files },
    });
    return projects[0]!;
  };
  const plain = await of("");
  assert.equal(plain.leftOut, [".git"]);
  assert.ok(plain.files["app/.git/HEAD"], "a clone inside may be what a service mounts and updates");
  assert.not(Object.keys(plain.files).some((path) => path.startsWith(".git")));
  const { steps } = planned(
    await read("stacks: [{path: ./a}]", { "a/compose.yaml": "services: {w: {image: x}}", ...git }),
  );
  assert.match(
    titles({ steps }).find((one) => one.startsWith("Pack"))!,
    /^Pack the stack a: 3 of 3 files, \d+ B, without \.git$/,
  );
  for (const service of ["build: .", "build: {context: .}", 'volumes: [".:/app"]', 'volumes: ["./.git:/git:ro"]']) {
    assert.ok((await of(service)).files[".git/HEAD"], service);
  }
  assert.not((await of("build: ./app")).files[".git/HEAD"]);
  assert.ok((await of("", { "a/.dockerignore": "library\n!.git\n" })).files[".git/HEAD"]);
  assert.equal((await of("", { "a/.dockerignore": "library\n" })).leftOut, [".git", "library"]);
  assert.not((await of("build: .", { "a/.dockerignore": ".git\n" })).files[".git/HEAD"], "as for Docker's build");
});

test("a stack of more than 1 GiB is a warning with its largest folders", async () => {
  const { parsed, projects } = await read("stacks: [{path: ./a}]", one);
  const gib = 1024 ** 3;
  const sizes = [{ name: "models", size: 3 * gib }, { name: ".venv", size: gib }, { name: "x", size: 9 }];
  const of = (size: number) => {
    const resolved = {
      ...resolveConfig(parsed, host, {}, { own: projects.map((one) => ({ ...one, size, sizes })) }),
      projects: [],
    };
    return runChecks(host, resolved, ["services.compose"]).map(({ status, message, fix }) =>
      `${status} ${message} -> ${fix[0]?.title}`
    );
  };
  assert.match(
    of(4 * gib).join(),
    /warn a: 4\.0 GiB are copied into the VM: models \(3\.0 GiB\), \.venv \(1\.0 GiB\) -> Write models into \.dockerignore/,
  );
  assert.equal(of(gib - 1).filter((line) => line.includes("copied into")), []);
});

test("a stack is named after its folder, as by Compose, or by name:", () => {
  const of = (stack: string) =>
    parseConfig(`machines: [{name: ai, box: lab/x}]\nstacks: [${stack}]`).stacks.map(({ name }) => name);
  assert.equal(of("{path: './My Stack.v2/'}, {path: /srv/b, name: other}"), ["mystackv2", "other"]);
});

test("mistakes of stacks are reported with their lines, before anything runs", async () => {
  const config = (stacks: string) => `machines: [{name: a, box: lab/x}, {name: b, box: lab/x}]\nstacks: [${stacks}]`;
  const says = (stacks: string) => {
    try {
      parseConfig(config(stacks));
      return "";
    } catch (error) {
      return (error as Error).message.replace(/\s+/g, " ");
    }
  };
  assert.match(says("{path: ./x}"), /2:10: stack x does not name its machine/);
  assert.match(says("{path: ./x, machine: c}"), /runs on c, but there is no machine of that name/);
  assert.match(says("{path: ./x, machine: a}, {path: ./y/x, machine: b}"), /two stacks are named x/);
  assert.match(says("{path: ., machine: a}"), /the stack needs a name: none can be derived from \./);
  assert.match(says("{path: ./x, machine: a, name: Big}"), /name must be a Compose project's name/);
  assert.match(says("{path: ./x, machine: a, env: {a-b: 1}}"), /“a-b” is not a valid name in env/);
  assert.match((await wrong("stacks: [{path: ./a}]")).join(), /2: there is no folder \/lab\/a/);
  assert.match((await wrong("stacks: [{path: ./a}]", { "a/x": "" })).join(), /has no Compose file: compose\.yaml/);
});

for (const key of ["build: .", "secrets: [a]", "configs: [a]"]) {
  test(`${key} of an inline service is refused with: use a stack`, async () => {
    try {
      await read(`services: {web: {image: x, ${key}}}`);
      assert.unreachable();
    } catch (error) {
      assert.match(
        (error as Error).message.replace(/\s+/g, " "),
        /cannot be used in services of this file: use a stack/,
      );
    }
  });
}

test("the Compose file is the first of Compose's names with its override, or COMPOSE_FILE", () => {
  assert.equal(composeFilesOf(["docker-compose.yml", "compose.yml", ".env"], {}), ["compose.yml"]);
  assert.equal(composeFilesOf(["compose.yaml", "compose.override.yml"], {}), ["compose.yaml", "compose.override.yml"]);
  assert.equal(composeFilesOf(["compose.yaml"], { COMPOSE_FILE: "a.yml:b/c.yml" }), ["a.yml", "b/c.yml"]);
  assert.equal(composeFilesOf(["x"], {}), []);
});

test(".dockerignore: the last matching pattern decides, and a folder's for everything below", () => {
  const ignored = (text: string, ...paths: string[]) => paths.filter((path) => ignoreRules(text).ignores(path));
  assert.equal(ignored("*.md\n!README.md", "a.md", "README.md", "b/a.md"), ["a.md"]);
  assert.equal(ignored("**/*.md", "a.md", "b/c/a.md"), ["a.md", "b/c/a.md"]);
  assert.equal(ignored("# comment\n/data/\n", "data", "data/a", "x/data"), ["data", "data/a"]);
  assert.equal(ignored("a/**/b", "a/b", "a/x/y/b", "a/c"), ["a/b", "a/x/y/b"]);
  assert.equal(ignored("temp?\n[ab].txt", "temp1", "temp", "a.txt", "c.txt"), ["temp1", "a.txt"]);
  assert.equal(ignored("*\n!a/b", "x", "a", "a/b", "a/c"), ["x", "a", "a/c"]);
  assert.equal(ignored("\\!x\n  y  ", "!x", "y"), ["!x", "y"]);
  assert.equal(ignored("../x\n./z/../w", "x", "w"), ["w"]);
  assert.ok(ignoreRules("node_modules").prunes("node_modules"));
  assert.not(ignoreRules("models/**\n!models/README").prunes("models"));
  assert.not(ignoreRules("a\n!**/keep").prunes("a"));
});

test("Compose's own files and .env are always copied; .homelab-gpu never is", async () => {
  const { projects } = await read("stacks: [{path: ./a}]", {
    ...one,
    ...{ "a/.env": "A=1\n", "a/.dockerignore": "*\n", "a/x": "", "a/.homelab-gpu/state.json": "" },
  });
  assert.equal(Object.keys(projects[0]!.files), [".dockerignore", ".env", "compose.yaml"]);
});

test("an unchanged stack has no step; a changed file is copied alone, and the stack restarts", async () => {
  const files = { ...one, "a/b/x": "1", "a/y": "1" };
  const before = await read("stacks: [{path: ./a}]", files);
  const { resolved } = planned(before);
  const proof = { bootId: "b/1", services: servicesHash(resolved.machines[0]!, resolved), at: "" };
  const copies = { schema: "homelab-gpu/copies/1" as const, vm: "v1", stacks: { a: before.projects[0]!.files } };
  assert.equal(planned(before, { proof, copies }).steps, []);
  const after = await read("stacks: [{path: ./a}]", { ...files, "a/b/x": "2" });
  const plan = planned(after, { proof, copies });
  assert.equal(titles(plan).filter((title) => /stack|Prove/.test(title)), [
    "Stop the stacks that ai no longer has",
    "Pack the stack a: 1 of 3 files",
    "Copy the stack a to ai",
    "Start the stack a on ai",
    "Prove ai",
  ]);
  const list = (plan: { files: { path: string; text: string }[] }) =>
    plan.files.find(({ path }) => /\/list$/.test(path))!.text;
  assert.is(list(plan), "./b/x\0");
  const whole = planned(after, { proof });
  assert.match(list(whole), /\.\/compose\.yaml\0/, "a VM of which nothing is known gets them all");
});

test("of several stacks and services only those that changed get steps, unless the VM boots", async () => {
  const config = "services: {web: {image: w}}\nstacks: [{path: ./a}, {path: ./b}]";
  const files = { ...one, "b/compose.yaml": "services: {db: {image: y}}\n" };
  const before = await read(config, files);
  const { resolved } = planned(before);
  const [machine] = resolved.machines;
  const proof = {
    ...{ bootId: "b/1", services: servicesHash(machine!, resolved), at: "" },
    projects: projectHashes(machine!, resolved),
  };
  const stacks = Object.fromEntries(before.projects.map(({ name, files }) => [name, files]));
  const copies = { schema: "homelab-gpu/copies/1" as const, vm: "v1", stacks };
  const steps = async (config: string, files: Record<string, string>, machine: Partial<LabMachine> = {}) =>
    titles(planned(await read(config, files), { proof, copies, ...machine }))
      .filter((title) => /^(Start the s|Stop|Prove)/.test(title))
      .map((title) => title.replace(/ (on|of) ai$| ai$| that ai no longer has$/, ""));
  assert.equal(await steps(config, files), []);
  const other = { ...files, "b/compose.yaml": "services: {db: {image: z}}\n" };
  assert.equal(await steps(config, other), ["Start the stack b", "Prove"]);
  assert.equal(await steps(config.replace("image: w", "image: v"), files), ["Start the services", "Prove"]);
  assert.equal(await steps("stacks: [{path: ./a}, {path: ./b}]", files), ["Start the services", "Prove"]);
  assert.equal(await steps(config.replace(", {path: ./b}", ""), files), ["Stop the stacks", "Prove"]);
  const all = ["Start the services", "Stop the stacks", "Start the stack a", "Start the stack b", "Prove"];
  assert.equal(await steps(config, files, { proof: { ...proof, invalid: true } }), all);
  assert.equal(await steps(config, other, { bootId: "b/2" }), all);
  assert.equal(await steps(config, other, { proof: { ...proof, driver: "another" } }), all);
  const { projects: _, ...earlier } = proof;
  assert.equal(await steps(config, other, { proof: earlier }), all, "a proof of an earlier version");
});

test("a stack that the config no longer has is taken down", async () => {
  const before = await read("stacks: [{path: ./a}]", one);
  const copies = { schema: "homelab-gpu/copies/1" as const, vm: "v1", stacks: { a: before.projects[0]!.files } };
  const { steps } = planned(await read(""), { copies });
  assert.match(steps.map(({ command }) => command.join(" ")).join("\n"), /sudo sh -s -- keep$/m);
});

test("variables come from the stack, then from the caller's environment, without session ones", async () => {
  process.env.STACK_TEST_TOKEN = "from the caller";
  try {
    const { projects } = await read("stacks: [{path: ./a, env: {TAG: 010, STACK_TEST_TOKEN: }}]", {
      "a/compose.yaml": "services: {web: {image: 'x:${TAG}', volumes: ['${HOME}/x:/x']}}\n",
    });
    assert.equal(projects[0]!.variables, { TAG: "010", STACK_TEST_TOKEN: "from the caller" });
    const passed = await read("stacks: [{path: ./a}]", {
      "a/compose.yaml": "services:\n  web:\n    environment:\n      - STACK_TEST_TOKEN\n",
    });
    assert.equal(passed.projects[0]!.variables, { STACK_TEST_TOKEN: "from the caller" });
  } finally {
    delete process.env.STACK_TEST_TOKEN;
  }
  const missing = await wrong("stacks: [{path: ./a, env: {STACK_TEST_TOKEN: }}]", one);
  assert.match(missing.join(), /2: stack a: STACK_TEST_TOKEN has no value/);
});

test("inline services: .env and env files are copied; a variable without a value is reported", async () => {
  const services = "services: {web: {image: 'x:${TAG:-1}', env_file: [./web.env]}}";
  const { projects } = await read(services, { ".env": "TAG=2\n", "web.env": "A=1\n" });
  assert.equal(projects.map(({ name, files }) => [name, Object.keys(files)]), [["homelab-gpu", [".env", "web.env"]]]);
  assert.match((await wrong(services)).join(), /service web: there is no file \/lab\/web\.env/);
  assert.match(
    (await wrong("services: {web: {image: x, env_file: ../web.env}}")).join(),
    /is outside the folder of the config: use a stack/,
  );
  const bare = "services: {web: {image: x, environment: {STACK_TEST_NONE: }}}";
  assert.match((await wrong(bare)).join(), /service web: STACK_TEST_NONE has no value/);
  assert.equal(await wrong(bare, { ".env": "STACK_TEST_NONE=1" }), []);
  assert.equal((await read("services: {web: {image: x}}", { ".env": "A=1" })).projects, [], "no variable is used");
  assert.equal(inlineVariables([{ name: "w", machine: "a", body: { command: "a: $X\nB:\n" } }]).names, ["X"]);
});

test("names of variables in a Compose file and in .env are found as by Compose", () => {
  const text = "a: ${A:-x} $B $$C\nenvironment:\n  D:\n  - E\n  F: 1 # ${G}\n";
  assert.equal(variableNames(text), ["A", "B", "G", "environment", "D", "E"]);
  assert.equal(dotEnv("export A='x # y' # c\nB=1 # c\n#C=1\nD=\n"), { A: "x # y", B: "1", D: "" });
});

test("secrets of a stack are in no command and in no text of a plan", async () => {
  const { steps, files } = planned(await read("stacks: [{path: ./a, env: {PASSWORD: hunter2}}]", one));
  assert.not.match(JSON.stringify(steps), /hunter2/);
  assert.equal(files.filter(({ text }) => text.includes("hunter2")).map(({ secret, mode }) => [secret, mode]), [[
    true,
    0o600,
  ]]);
});

test("guest.compose: Debian 12 gets Docker's packages for a stack; Podman warns; other boxes unknown", async () => {
  const stack = await read("stacks: [{path: ./a}]", one);
  const status = (keys: Record<string, unknown>) => {
    const machines = stack.parsed.machines.map((machine) => ({ ...machine, ...keys }));
    const resolved = resolveConfig({ ...stack.parsed, machines }, host, {}, { own: stack.projects });
    return runChecks(host, resolved, ["guest.compose"]).map(({ status }) => status);
  };
  assert.equal(status({ image: { kind: "known", name: "debian-12" } }), ["pass"]);
  assert.equal(status({ engine: "podman" }), ["warn"]);
  assert.equal(status({}), ["unknown"]);
  const config = parseConfig("machines: [{name: a, box: x, image: debian-12}]\nservices: {w: {image: x, gpus: all}}");
  const resolved = resolveConfig(config, host);
  assert.is(engineSource(resolved.machines[0]!, resolved), "docker", "1.29 refuses gpus:");
});

test("up of an unchanged lab with three stacks starts only two programs", async () => {
  const world = new World(
    "machines: [{name: a, box: lab/y, cpus: 2, memory: 1024}]\nstacks: [{path: ./x}, {path: ./y}, {path: ./z}]\n",
    "vm-without-gpu",
  );
  for (const name of ["x", "y", "z"]) {
    world.disk.set(`${process.cwd()}/${name}/compose.yaml`, `services: {web: {image: ${name}}}\n`);
  }
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(world.output.join(""), /a is up at 192\.168\.121\.5: x\/web, y\/web, z\/web, proven/);
  world.calls = [];
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.equal(world.calls.map((words) => words.split(" ")[0]).sort(), ["sh", "virsh"]);
  assert.match(world.output.join(""), /nothing to do/);
  world.disk.set(`${process.cwd()}/y/new`, "new");
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(world.output.join(""), /Pack the stack y: 1 of 2 files/);
  assert.not.match(world.output.join(""), /the stack x/);
  assert.is(await world.runCommand(status, world.context([])), 0);
  assert.match(world.output.at(-1)!, /z\/web +running/);
});

test("status: a VM of Debian 12 is not outdated because its box has the Compose that a stack needs", async () => {
  const world = new World(
    "machines: [{name: a, box: lab/x, image: debian-12}]\nstacks: [{path: ./x, machine: a}]\n",
    "vm-without-gpu",
  );
  world.disk.set(`${process.cwd()}/x/compose.yaml`, "services: {web: {image: x}}\n");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.output = [];
  assert.is(await world.runCommand(status, world.context([])), 0);
  assert.not.match(world.output.join(""), /changed since/);
});

/**
 * A world with one machine that has a card, these stack files in the current folder, and a Compose
 * with these answers.
 */
function withStacks(stacks: string, files: Record<string, string>, answers: World["answers"] = {}) {
  const card = "{name: a, box: lab/y, image: debian-12, cpus: 2, memory: 2048, gpu: {device_id: 2786}}";
  const world = new World(`machines: [${card}]\nstacks: [${stacks}]\n`, "rtx4070-desktop-debian12");
  for (const [path, text] of Object.entries(files)) world.disk.set(`${process.cwd()}/${path}`, text);
  Object.assign(world.answers, answers);
  return world;
}
/** The findings of `doctor services.compose`, as `status message evidence`, with its exit code. */
async function diagnosed(world: World) {
  const code = await world.runCommand(doctor, world.context(["services.compose", "services.gpu"], { json: true }));
  const { findings } = JSON.parse(world.output.join("").replace(/^[^{]*/, ""));
  return {
    code,
    findings: (findings as Finding[]).map(({ status, message, evidence, fix }) =>
      [status, message, ...evidence.map(({ read }) => read), ...fix.map(({ command }) => command)].join(" | ")
    ),
  };
}
const gpuReservation =
  "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}";

test("doctor fails for stacks that cannot run, with the file and the line", async () => {
  const web = (keys: string) => `services:\n  web:\n    image: x\n    ${keys}\n`;
  const { code, findings } = await diagnosed(withStacks("{path: ./p}, {path: ./q}, {path: ./r}, {path: ./s}", {
    "p/compose.yaml": web('ports: ["80:80"]'),
    "q/compose.yaml": web('ports: ["80:81"]'),
    "r/compose.yaml": web('environment: {KEY: "${STACKS_TEST_UNSET:?}"}'),
    "s/compose.yaml": web("volumes: [./a.conf:/etc/a.conf]"),
  }));
  assert.is(code, 1);
  const fails = findings.filter((one) => one.startsWith("fail")).sort();
  assert.is(fails.length, 3, findings.join("\n"));
  assert.match(fails[0]!, /p\/web and q\/web both use port 80.*p\/compose\.yaml:4 \| q\/compose\.yaml:4/);
  assert.match(fails[1]!, /STACKS_TEST_UNSET.*r\/compose\.yaml:4/);
  assert.match(fails[2]!, /a\.conf, which does not exist.*s\/compose\.yaml:4/);
});

test("doctor passes the stack's variables to the host's Compose; without Compose it is unknown", async () => {
  const files = { "p/compose.yaml": "services:\n  web:\n    image: x\n    imag: y\n" };
  const stack = "{path: ./p, env: {TAG: v1}}";
  const none = await diagnosed(withStacks(`${stack}, {path: ./p, name: q}`, files));
  assert.equal(none.findings.filter((one) => one.startsWith("unknown")).length, 1, none.findings.join("\n"));
  assert.match(none.findings.join("\n"), /accepts p, q: this host has no Compose 2/);
  const refused = await diagnosed(withStacks(stack, files, {
    "docker compose version": { out: "2.40.3" },
    "docker compose": { code: 15, err: "services.web Additional property imag is not allowed" },
  }));
  assert.is(refused.code, 1);
  assert.match(refused.findings.join("\n"), /fail \| p: .*imag.*p\/compose\.yaml:4/);
  const answer = JSON.stringify({ services: { web: { image: "x" } } });
  const good = withStacks(stack, { "p/compose.yaml": "services: {web: {image: x}}" }, {
    "docker compose version": { out: "2.40.3" },
    "docker compose": { out: answer },
  });
  const passed = await diagnosed(good);
  assert.match(passed.findings.join("\n"), /pass \| p: Compose 2\.40\.3 accepts it/);
});

test("plan gives a stack the GPU file of its VM's engine; --no-gpu leaves services out", async () => {
  const files = {
    "p/compose.yaml": `services:\n  ml: {image: x, devices: ["nvidia.com/gpu=all"], ${gpuReservation}}\n` +
      "  ui: {image: x, depends_on: [ml]}\n  web: {image: x}\n",
  };
  const override = async (gpu: boolean, image: string, engine = "docker") => {
    const world = withStacks("{path: ./p}", files);
    const text = `machines: [{name: a, box: lab/y, image: ${image}, engine: ${engine}, gpu: {device_id: 2786}}]\n`;
    world.config = `${text}stacks: [{path: ./p}]\n`;
    await world.runCommand(plan, world.context([], { json: true, gpu }));
    const shown = JSON.parse(world.output.join("").replace(/^[^{]*/, "").replace(/}\n[^}]*$/, "}"));
    const found = (shown.files as { path: string; text: string }[]).find(({ path }) => path.endsWith("override.yaml"));
    return found?.text;
  };
  assert.match((await override(true, "debian-13"))!, /"ml":\n {4}devices: !reset/);
  assert.is(await override(true, "debian-12"), "", "Docker's own Compose takes CDI's names");
  const off = (await override(false, "debian-13"))!;
  assert.equal([...off.matchAll(/"(\w+)":\n {4}profiles: !override/g)].map(([, name]) => name), ["ml", "ui"]);
  assert.is(await override(false, "debian-13", "podman"), undefined, "podman-compose cannot leave out a part");
});

test("status lists the services that the VM reports, not those of the config", async () => {
  const card = "machines: [{name: a, box: lab/y, cpus: 2, memory: 1024, gpu: {device_id: 2786}}]\n";
  const world = new World(
    `${card}services: {web: {image: x}, ml-worker: {image: x, gpu: 1}}`,
    "rtx4070-desktop-debian12",
  );
  assert.is(await world.runCommand(up, world.context([], { gpu: false })), 0, world.output.join(""));
  world.output = [];
  assert.is(await world.runCommand(status, world.context([])), 0);
  assert.match(world.output.join(""), / · web · proven/);
  assert.not.match(world.output.join(""), /ml-worker/);
});

// ------------------------------------------------------------------ proof and summary

const answer = (...lines: string[]) =>
  ["homelab-gpu-verify 1", "kernel:6.1", "engine:docker", "engine-state:running", ...lines, "end:yes"].join("\n");
const statuses = (text: string) =>
  verifyMachine("ai", text, [], [], undefined, ["a", "b"]).findings.map(({ check, status, message }) =>
    `${status} ${check} ${message.replace(/:.*/, "")}`
  );

test("services of one name in two stacks are distinct; a failed one does not hide the others", () => {
  const found = statuses(answer(
    ...["stack:a x", "stack:b x", "service:a/web running 0 0 none no a-web-1"],
    "service:b/web exited 3 0 none no b-web-1",
  ));
  assert.equal(found.filter((line) => line.includes("verify.service")), [
    "pass verify.service service a/web runs",
    "fail verify.service service b/web is exited with code 3",
  ]);
});

test("of several containers of a service the worst one counts, and its log is named", () => {
  const of = (second: string) => {
    const text =
      `homelab-gpu-verify 1\nservice:web running 0 0 none no p-web-1\nservice:web ${second} p-web-2\nend:yes\n`;
    const { status, fix } = serviceLayer(factsOf(text), "ai", "web");
    return [status, fix?.[0]?.command?.endsWith("logs p-web-2") ?? false];
  };
  assert.equal(of("exited 1 0 none no"), ["fail", true]);
  assert.equal(of("running 0 0 starting no"), ["unknown", false]);
  assert.equal(of("running 0 0 healthy no"), ["pass", false]);
});

test("a service whose health is starting is neither ready nor failed", () => {
  const found = statuses(answer("stack:a x", "stack:b x", "service:a/web running 0 0 starting no a-web-1"));
  assert.ok(found.includes("unknown verify.service service a/web is not ready yet"), found.join("\n"));
});

test("a stack that Compose did not start fails with Compose's own message", () => {
  const text = answer(
    "stack-failed:a",
    "stack-log-a:services.web Additional property imag is not allowed",
    "stack:b x",
  );
  const { findings } = verifyMachine("ai", text, [], [], undefined, ["a", "b"]);
  const stack = findings.find(({ check }) => check === "verify.stack")!;
  assert.is(stack.status, "fail");
  assert.match(stack.message, /Additional property imag/);
  assert.is(findings.filter(({ check }) => check === "verify.stack")[1]!.status, "pass");
});

test("the summary has the state, a URL for each published TCP port, and the GPU", () => {
  const seen = seenServices(factsOf(answer(
    ...["service:web running 0 0 healthy no web-1", "port:web 0.0.0.0 8080 80/tcp", "port:web :: 8080 80/tcp"],
    ...["port:web 0.0.0.0 5353 53/udp", "service:a/once exited 0 0 none no a-once-1", "gpu-found-web:GPU 0: RTX 4070"],
    "port:a/once 127.0.0.1 9000 90/tcp",
  )));
  assert.equal(serviceLines(seen, "10.0.0.2"), [
    "web     running (healthy)  http://10.0.0.2:8080  5353/udp  RTX 4070",
    "a/once  ended              9000 only inside the VM",
  ]);
});

test("the summary shows a port range as one URL, and containers of a service on one line", () => {
  const seen = seenServices(factsOf(answer(
    ...[8000, 8001, 8002, 8003].map((port) => `port:game 0.0.0.0 ${port} ${port}/tcp`),
    ...[
      "service:game running 0 0 none no game-1",
      "port:game 0.0.0.0 9000 9000/tcp",
      "port:game 0.0.0.0 9001 9001/tcp",
    ],
    ...["service:work running 0 0 none no work-1", "service:work exited 3 0 none no work-2"],
    ...["service:more running 0 0 none no more-1", "service:more running 0 0 none no more-2"],
  )));
  assert.equal(serviceLines(seen, "10.0.0.2"), [
    "game  running                          http://10.0.0.2:8000 to :8003  http://10.0.0.2:9000  http://10.0.0.2:9001",
    "work  1 running, 1 exited with code 3",
    "more  2 running",
  ]);
  assert.equal(serviceLines(seen, undefined)[0], "game  running");
});

test("the summary uses https if the container's port is one for it, whatever is published", () => {
  const seen = seenServices(factsOf(answer(
    ...[
      "service:proxy running 0 0 none no proxy-1",
      "port:proxy 0.0.0.0 8080 80/tcp",
      "port:proxy 0.0.0.0 443 443/tcp",
    ],
    ...["service:ui running 0 0 none no ui-1", "port:ui 0.0.0.0 3000 8443/tcp", "port:ui 0.0.0.0 8443 80/tcp"],
  )));
  assert.equal(serviceLines(seen, "10.0.0.2"), [
    "proxy  running  https://10.0.0.2:443  http://10.0.0.2:8080",
    "ui     running  https://10.0.0.2:3000  http://10.0.0.2:8443",
  ]);
});

test.run();
