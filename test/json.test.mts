// The output of commands with --json, checked with the schemas in templates/. doctor's is in cli.test.mts.
import { readdirSync } from "node:fs";
import { Ajv } from "ajv";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { plan } from "../lib/cli/commands/plan.mts";
import { status } from "../lib/cli/commands/status.mts";
import { up } from "../lib/cli/commands/up.mts";
import { verify } from "../lib/cli/commands/verify.mts";
import { commands } from "../lib/cli/commands.mts";
import { main } from "../lib/cli/main.mts";
import { options } from "../lib/cli/options.mts";
import { summaryLine } from "../lib/plan/summary.mts";
import { fakeShell, own, root } from "./fake.mts";
import { World } from "./world.mts";

const test = suite("json");
const config = `machines:
  - {name: a, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
  - {name: b, box: lab/y, cpus: 2, memory: 1024}
services:
  web: {image: x/web, machine: a}
`;

/** The parts of an output that the tests read. */
interface Shown {
  schema: string;
  ok: boolean;
  files: unknown[];
  steps: unknown[];
  summary: { create: number; steps: number; boxes: number };
  findings: { check: string; machine: string | null; status: string }[];
  counts: Record<string, number>;
  machines: { name: string; state: string; services: unknown[] }[];
  causes: unknown[];
}

/** The printed JSON, which must match the schema of that command. */
function fitting(name: string, said: string[]): Shown {
  const text = said.filter((one) => one.startsWith("{")).join("");
  const fits = new Ajv({ strict: false }).compile(JSON.parse(own(`templates/${name}.schema.json`)));
  const shown = JSON.parse(text) as Shown;
  assert.ok(fits(shown), `${name}: ${JSON.stringify(fits.errors)}`);
  assert.is(shown.schema, `homelab-gpu/${name}/2`);
  return shown;
}

test("each command with --json has a schema, and each schema a command", () => {
  const there = readdirSync(`${root}/templates`).flatMap((name) => /^(\w+)\.schema\.json$/.exec(name)?.[1] ?? []);
  // hosts is around the output of any of them
  assert.equal(there.sort(), [...options.find(({ name }) => name === "json")!.for!, "hosts"].sort());
});

test("plan has files, steps, totals, findings and counts; up -n has the same", async () => {
  const world = new World(config, "rtx4070-desktop-debian12");
  for (const command of [commands.plan!.run, commands.up!.run]) {
    world.output = [];
    assert.is(
      await world.runCommand(command, world.context([], { json: true, dryRun: true })),
      0,
      world.output.join(""),
    );
    const { files, steps, summary, findings, counts, ok } = fitting("plan", world.output);
    assert.equal([summary.create, summary.steps, summary.boxes, ok], [files.length, steps.length, 1, true]);
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    assert.is(all, findings.length);
  }
});

test("plan names the missing card, and not that it cannot choose one", async () => {
  const world = new World("machines: [{name: a, box: lab/x, memory: 1024, gpu: {}}]\n", "vm-without-gpu");
  assert.is(await world.runCommand(plan, world.context([], { json: true })), 1);
  const { findings } = fitting("plan", world.output);
  const failed = findings.filter(({ check, status }) => status === "fail" && check.startsWith("gpu"));
  assert.equal(failed.map(({ check }) => check), ["gpu.present"]);
});

test("plan ends with the totals, and with the time of the last run if it is known", async () => {
  const world = new World(config, "rtx4070-desktop-debian12");
  assert.is(await world.runCommand(plan, world.context([])), 0);
  assert.match(
    world.output.join(""),
    /\n\n\d+ files to create, 1 box to build, \d+ steps to run: some minutes, .*\.\n$/,
  );
  assert.is(await world.runCommand(up, world.context([])), 0);
  world.output = [];
  assert.is(await world.runCommand(plan, world.context([])), 0);
  assert.match(world.output.join(""), /Nothing to do\.\n$/);
  assert.match(world.disk.get(`${world.folder}/logs/durations.json`)!, /"Build the box lab\/x": \d+/);
  const known = { create: 1, change: 2, steps: 9, boxes: 0, lastTime: 484_000 };
  assert.is(
    summaryLine(known),
    "1 file to create, 2 files to change, 9 steps to run: about 8 min 4 s, like last time.",
  );
});

test("status and verify list running machines with services, and stopped machines", async () => {
  const world = new World(config, "rtx4070-desktop-debian12");
  assert.is(await world.runCommand(up, world.context(["a"])), 0, world.output.join(""));
  world.output = [];
  assert.is(await world.runCommand(status, world.context([], { json: true })), 0);
  const { machines } = fitting("status", world.output);
  assert.equal(machines.map(({ name, state, services }) => [name, state, services.length]), [
    ["a", "running", 1],
    ["b", "absent", 0],
  ]);
  world.output = [];
  assert.is(await world.runCommand(verify, world.context([], { json: true })), 1);
  const { findings, counts, ok } = fitting("verify", world.output);
  assert.equal([counts.fail, ok], [1, false]);
  assert.ok(findings.some(({ check, machine }) => check === "verify.ssh" && machine === "b"));
});

test("explain lists the causes of a log, or none", async () => {
  const log = "error: Network not found: no network with matching name 'default'\n";
  for (const [text, found] of [[log, 1], ["all is well\n", 0]] as const) {
    const { shell, printed } = fakeShell({ "x.log": text });
    await main(["explain", "--json", "x.log"], shell);
    assert.is(fitting("explain", printed).causes.length, found);
  }
});

test.run();
