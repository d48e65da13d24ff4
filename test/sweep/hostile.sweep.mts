// Foreign values never reach a shell unquoted, whether they come from the config, the probe, a log
// or a file name.
import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../../lib/checks/index.mts";
import { readProject } from "../../lib/compose/read-project.mts";
import { names } from "../../lib/plan/assets.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { UserError } from "../../lib/errors.mts";
import { failures } from "../../lib/verify/failures/index.mts";
import { checkGpuReturned } from "../../lib/verify/gpu-return.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { type Lab, prefixOf } from "../../lib/host/lab.mts";
import { makePlan } from "../../lib/plan/plan.mts";
import { preparationOf } from "../../lib/plan/prepare.mts";
import { applyScript, undoScript } from "../../lib/plan/prepare-scripts.mts";
import { shellWord } from "../../lib/render.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import type { Fix } from "../../lib/findings.mts";
import { fakeShell, own, root } from "../fake.mts";

const test = suite("hostile values");
const hostile = "x'; HOSTILE; \"$(HOSTILE)`HOSTILE` #{HOSTILE} |HOSTILE &";

/**
 * Whether a shell would interpret a part of a hostile value: in single quotes it is only text,
 * except after `sh -c`.
 */
function harmful(command: string): boolean {
  const word = "('[^']*'|\\\\.)+";
  const inner = [...command.matchAll(new RegExp(`\\bsh -[a-z]*c (${word})`, "g"))].map(([, quoted]) =>
    quoted!.replace(/'([^']*)'|\\(.)/g, (_, text = "", escaped = "") => text + escaped)
  );
  const outside = command.replace(/\\.|'[^']*'/g, "");
  return /HOSTILE/.test(outside) || inner.some(harmful);
}

/** Whether one of the texts in a value is hostile. */
function carries(value: unknown): boolean {
  if (typeof value === "string") return value.includes("HOSTILE");
  if (typeof value === "function") throw new Error("a function may hide a text");
  if (value instanceof Map) return [...value].some(carries);
  return typeof value === "object" && value !== null && Object.values(value).some(carries);
}

test("the measure itself distinguishes quoted from unquoted", () => {
  assert.not.ok(harmful("echo 'x'\\''; HOSTILE'"));
  assert.ok(harmful("echo 'x'; HOSTILE; ''"));
  assert.ok(harmful("sh -c 'echo x; HOSTILE'"));
  assert.ok(harmful('echo "$(HOSTILE)"'));
  assert.ok(harmful(`sh -c ${shellWord("echo x; HOSTILE")}`));
  assert.not.ok(harmful(`sh -c ${shellWord(`echo ${shellWord(hostile)}`)}`));
});

const hosts = readdirSync(`${root}/test/hosts`).filter((name) => name.endsWith(".txt"));
const card = parseConfig("machines: [{name: vm, box: lab/x, image: debian-13, memory: 1024, gpu: {}}]");

test("a probe: no command that is shown or run has any of its texts unquoted", () => {
  const unquoted: string[] = [];
  let looked = 0;
  let carriers = 0;
  for (const name of hosts) {
    const lines = own(`test/hosts/${name}`).split("\n");
    // each fact once: its value followed by, or replaced by, a hostile one
    for (let i = 1; i < lines.length; i++) {
      const at = lines[i]!.indexOf(":", /^[0-9a-f]{4}:/.test(lines[i]!) ? 12 : 0);
      if (at < 0) continue;
      for (const value of [lines[i]! + hostile, lines[i]!.slice(0, at + 1) + hostile]) {
        try {
          const host = parseHost([...lines.slice(0, i), value, ...lines.slice(i + 1)].join("\n"));
          // everything below is a function of the host: without the text in it there is none in a command
          if (!carries(host)) continue;
          carriers++;
          const resolved = resolveConfig(card, host);
          const fixes: Fix[] = runChecks(host, resolved).flatMap(({ fix }) => fix);
          const passed = resolved.machines.flatMap(({ assignedFunctions = [] }) => assignedFunctions);
          const before = passed.map((fn) => ({ ...fn, driver: fn.driver ?? null }));
          const lost = { ...host, pci: (host.pci ?? []).map((fn) => ({ ...fn, driver: null })) };
          fixes.push(...checkGpuReturned("vm", before, lost).fix);
          const scripts = [];
          if (passed.length > 0) {
            const preparation = preparationOf(passed, host);
            scripts.push(applyScript(preparation), undoScript(preparation));
          }
          for (const command of [...fixes.flatMap(({ command }) => command ?? []), ...scripts]) {
            if (!command.includes("HOSTILE")) continue;
            looked++;
            if (harmful(command)) unquoted.push(`${name}: ${value}\n${command}`);
          }
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      }
    }
  }
  assert.equal(unquoted.slice(0, 5), [], `${unquoted.length} commands`);
  assert.ok(carriers > 10_000, `only ${carriers} hosts have the text`);
  assert.ok(looked > 300, `only ${looked} commands have the text`);
});

test("a log: fixes are fixed texts, and contain nothing of the log", () => {
  for (const { fix } of failures()) {
    const fixes = typeof fix === "function" ? fix({}) : fix;
    assert.is(JSON.stringify(JSON.parse(JSON.stringify(fixes))), JSON.stringify(fixes));
  }
});

test("a config: its values are separate words for programs, and quoted for other shells", () => {
  const value = hostile.replaceAll(/\s/g, "\t").replaceAll("\t", "");
  const file = `/srv/${hostile}.qcow2`;
  const images = [{ file }, { url: `https://example.org/${value}`, checksum: `sha256:${"0".repeat(64)}` }, {
    debootstrap: "trixie",
    mirror: `http://example.org/${value}`,
  }];
  const host = parseHost(own("test/hosts/vm-without-gpu.txt"));
  for (const image of images) {
    const config = parseConfig(JSON.stringify({
      machines: [{ name: "vm", box: "lab/x", image, provision: [`./${hostile}.sh`] }],
      services: {
        "-x.y": { image: hostile, command: hostile, environment: { A: hostile }, volumes: [`/${hostile}:/x`] },
      },
    }));
    const resolved = resolveConfig(config, host);
    const texts = Object.fromEntries([...names, `./${hostile}.sh`, file].map((name) => [name, ""]));
    for (const name of names) texts[name] = own(name);
    const lab: Lab = {
      folder: `/srv/${hostile}/.homelab-gpu`,
      prefix: prefixOf(`/srv/${hostile}/.homelab-gpu`),
      boxes: {},
      orphans: {},
      machines: { vm: { domain: "x_vm", state: "absent" } },
    };
    const { steps, files } = makePlan(resolved, host, lab, texts);
    for (const { command, cwd = "", input = "", output = "" } of steps) {
      const [program, ...words] = command;
      assert.not.match(`${program}${cwd}${input}${output}`, /HOSTILE/);
      // the guest's shell reads what follows ssh, its options and the machine
      if (program === "ssh") assert.not.ok(harmful(words.slice(3).join(" ")), words.join(" "));
      // a value that looks like an option is not one for `sh FILE …`, because it follows the file
      if (program !== "ssh") assert.not.ok(words[0]!.includes("HOSTILE"));
    }
    for (const { path, text } of files) {
      assert.not.match(path, /HOSTILE/);
      if (path === "Vagrantfile") assert.not.match(text.replace(/'(\\.|[^'\\])*'/g, ""), /HOSTILE/);
    }
  }
});

test("a Compose file: its values are quoted in the commands of findings, for the host's shell and the guest's", async () => {
  // a value with a dollar sign counts as one with a variable, and is not judged
  const value = hostile.replace("$(HOSTILE)", "");
  const label = "node.labels.x == $$(HOSTILE)|HOSTILE (HOSTILE) \\HOSTILE";
  const bodies: Record<string, unknown>[] = [
    { image: value },
    { user: "1000", volumes: [`./${value}:/x`] },
    { command: value, healthcheck: { test: ["CMD", "curl", value, "||", "exit", "1"] } },
    { env_file: value, build: value, container_name: value },
    { network_mode: "host", environment: { OLLAMA_BASE_URL: `http://localhost:11434/${value}` } },
    { networks: ["own"], secrets: ["own"], configs: ["own"], volumes: ["own:/x"] },
    { deploy: { placement: { constraints: [label] } } },
  ];
  const host = parseHost(own("test/hosts/rtx4070-desktop-debian12.txt"));
  const machines = ["a", "b"].map((name) => ({ name, box: "lab/x", image: "debian-13", memory: 1024 }));
  const external = { own: { external: true, name: value } };
  const commands: string[] = [];
  let carriers = 0;
  for (const cluster of [undefined, "swarm"]) {
    const resolved = resolveConfig(parseConfig(JSON.stringify({ ...(cluster ? { cluster } : {}), machines })), host);
    for (const body of bodies) {
      const sections = { networks: external, secrets: external, configs: external, volumes: external };
      const model = { services: { web: { image: "x", ...body } }, ...sections };
      const { shell } = fakeShell({ "/lab/p/compose.yaml": JSON.stringify(model), "/lab/p/.env.sops": "A=1" });
      const read = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, undefined);
      const project = cluster ? { ...read, inSwarm: ["a", "b"] } : read;
      const found = runChecks(
        host,
        cluster
          ? { ...resolved, swarm: { ...resolved.swarm!, projects: [project] } }
          : { ...resolved, projects: [project] },
        ["services.compose"],
      );
      if (found.some(({ message }) => message.includes("HOSTILE"))) carriers++;
      // a title may end with a command: `once a manages the Swarm: npx … ssh a -- …`
      commands.push(
        ...found.flatMap(({ fix }) => fix).flatMap(({ title, command }) => [
          ...(command === null ? [] : [command]),
          ...(/ ssh \S+ -- .*$/s.exec(title) ?? []),
        ]),
      );
    }
  }
  for (const command of commands) {
    assert.not.ok(harmful(command), command);
    const [, guest] = / ssh \S+ -- (.*)$/s.exec(command) ?? [];
    const typed = guest?.replace(/'([^']*)'|\\(.)/g, (_, text = "", escaped = "") => text + escaped);
    assert.not.ok(harmful(typed ?? ""), command);
  }
  assert.ok(carriers > 6, `only ${carriers} projects have a finding with the text`);
  assert.ok(commands.filter((one) => one.includes("HOSTILE")).length >= 2, commands.join("\n"));
});

test.run();
