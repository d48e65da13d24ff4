// libvirt: of a machine: the user's own lines of Ruby in its block of the Vagrantfile.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { plan } from "../lib/cli/commands/plan.mts";
import { up } from "../lib/cli/commands/up.mts";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { ConfigError } from "../lib/errors.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { savedHost } from "./hosts.mts";
import { World } from "./world.mts";

const test = suite("own lines");

const host = savedHost("vm-without-gpu");
const config = (lines: string, more = "") =>
  `machines:\n  - name: a\n    box: lab/x\n    cpus: 2\n    memory: 1024\n${more}    libvirt: |\n${
    lines.split("\n").map((line) => `      ${line}`).join("\n")
  }\n`;
const line = 'l.input type: "tablet", bus: "usb" # #{1 + 1}';

test("the user's lines are in the machine's block unchanged, and marked", async () => {
  const world = new World(config(`${line}\nl.nested = true`), "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const text = world.disk.get(`${world.folder}/Vagrantfile`)!;
  assert.ok(
    text.includes(`\n      # your own lines, libvirt: in the config\n      ${line}\n      l.nested = true\n    end\n`),
    text,
  );
});

test("Vagrant validates the lines first, and again only after a change", async () => {
  const world = new World(config(line), "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const steps = () => world.calls.filter((words) => words.startsWith("vagrant "));
  assert.is(steps()[0], "vagrant validate");
  world.calls = [];
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.equal(steps(), []);
  world.config = config("l.nested = true");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(steps(), ["vagrant validate"]);
});

test("plan shows the user's lines, as text and as JSON", async () => {
  const world = new World(config(line), "vm-without-gpu");
  assert.is(await world.runCommand(plan, world.context([])), 0);
  assert.ok(world.output.join("").includes(`Your own lines in the block of a (libvirt:):\n  ${line}\n`));
  world.output = [];
  assert.is(await world.runCommand(plan, world.context([], { json: true })), 0);
  const { ownLines } = JSON.parse(world.output.find((one) => one.startsWith("{"))!);
  assert.equal(ownLines, [{ machine: "a", text: line }]);
});

test("the user's arguments for Compose: shown by plan, part of what a stack is started from, in one line each", async () => {
  const stacks = (keys: string) => `machines: [{name: a, box: lab/x}]\nstacks: [{path: ./s${keys}}]\n`;
  const world = new World(stacks(', compose: [--wait, --wait-timeout, "6 0"]'), "vm-without-gpu");
  world.disk.set(`${process.cwd()}/s/compose.yaml`, "services: {web: {image: x}}\n");
  assert.is(await world.runCommand(plan, world.context([])), 0, world.output.join(""));
  const shown = "Your own arguments for docker compose up of s (compose:):\n  --wait --wait-timeout '6 0'\n";
  assert.ok(world.output.join("").includes(shown), world.output.join(""));
  world.output = [];
  assert.is(await world.runCommand(plan, world.context([], { json: true })), 0);
  const { ownArguments } = JSON.parse(world.output.find((one) => one.startsWith("{"))!);
  assert.equal(ownArguments, [{ stack: "s", arguments: ["--wait", "--wait-timeout", "6 0"] }]);
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = stacks("");
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(world.output.join(""), /Start the stack s on a/, "without them it is started again");
  assert.throws(() => parseConfig(stacks(', compose: ["--wait\\nx"]')), /one argument, in one line/);
});

test("provider.lines: refuses settings that identify the VM, that have a key, or other providers", () => {
  const found = (lines: string, more = "") => {
    const [finding] = runChecks(host, resolveConfig(parseConfig(config(lines, more)), host), ["provider.lines"]);
    return `${finding!.status} ${/l\.\w+/.exec(finding!.message)?.[0] ?? ""}`.trim();
  };
  assert.is(found(line), "pass");
  assert.is(found('l.nested = true; l.uri = "qemu:///session"'), "fail l.uri");
  assert.is(found('l.management_network_name = "other"'), "fail l.management_network_name");
  assert.is(found('l.nested = true\n  l.default_prefix = "x"'), "fail l.default_prefix");
  assert.is(found('l.storage_pool_name="fast"'), "fail l.storage_pool_name");
  assert.is(found("l.memory= 4096"), "fail l.memory");
  assert.is(found('l.pci bus: "0x01", slot: "0x00", function: "0x0"'), "fail l.pci");
  assert.is(found("# l.memory = 1\nl.memorybacking :access, mode: 'shared'"), "pass", "comments, and longer names");
  assert.is(found(line, "    provider: virtualbox\n"), "warn");
});

test("libvirt: must be text", () => {
  for (const value of ["[a]", "{l.nested: true}", '"\\x00"', "''"]) {
    assert.throws(
      () => parseConfig(`machines: [{name: a, box: lab/x, libvirt: ${value}}]`),
      (error: unknown) => error instanceof ConfigError && /libvirt/.test(error.message),
      value,
    );
  }
});

test.run();
