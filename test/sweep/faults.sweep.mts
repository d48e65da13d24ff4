// Whole commands on a simulated host, stopped at each of their operations in turn: the next run
// always continues.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { destroy } from "../../lib/cli/commands/destroy.mts";
import { down } from "../../lib/cli/commands/down.mts";
import { prepare } from "../../lib/cli/commands/prepare.mts";
import { up } from "../../lib/cli/commands/up.mts";
import { verify } from "../../lib/cli/commands/verify.mts";
import { Interrupted, UserError } from "../../lib/errors.mts";
import type { Context, Options } from "../../lib/cli/context.mts";
import { acquireLock } from "../../lib/run/lock.mts";
import { fakeShell, random } from "../fake.mts";
import { type Fault, Killed, World } from "../world.mts";

const test = suite("faults");
const plain = `machines:
  - {name: a, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
  - {name: b, box: lab/y, image: debian-12, cpus: 2, memory: 1024}
services: {web: {image: x/web, machine: a}}
`;
const card = "machines: [{name: a, box: lab/y, cpus: 2, memory: 1024, gpu: {device_id: 2786}}]\n";
type Command = (context: Context) => Promise<number>;

/** A new host with a lab in the state that the commands in `before` leave. */
async function host(gpu: boolean, before: Command[] = []): Promise<World> {
  const world = gpu ? new World(card, "rtx4070-desktop-debian12") : new World(plain, "vm-without-gpu");
  for (const command of before) assert.is(await world.runCommand(command, world.context([])), 0, world.output.join(""));
  return world;
}

/** Asserts that two hosts have the same end state; the error shows the differences. */
function alike(world: World, expected: Record<string, string>, when: string): void {
  const { outcome } = world;
  const differs = [...new Set([...Object.keys(outcome), ...Object.keys(expected)])].filter((path) =>
    outcome[path] !== expected[path]
  );
  assert.equal(differs.map((path) => [path, outcome[path]]), [], when);
}

/** Gives the machine b a data disk in the config. */
const withData = (context: Context) =>
  context.shell.write(`${process.cwd()}/homelab-gpu.yaml`, plain.replace("image: debian-12", "$&, data: 2 GiB"))
    .then(() => 0);

/** The commands: the state that each one starts from, and its options. */
const commands: { name: string; command: Command; gpu: boolean; before: Command[]; options?: Partial<Options> }[] = [
  { name: "up", command: up, gpu: false, before: [] },
  { name: "up with a card", command: up, gpu: true, before: [] },
  { name: "up after down", command: up, gpu: false, before: [up, down] },
  { name: "up with a data disk for an existing VM", command: up, gpu: false, before: [up, withData] },
  { name: "up with a data disk for a VM that is off", command: up, gpu: false, before: [up, down, withData] },
  { name: "verify", command: verify, gpu: false, before: [up] },
  { name: "down", command: down, gpu: false, before: [up] },
  { name: "destroy", command: destroy, gpu: false, before: [up] },
  { name: "destroy with a card", command: destroy, gpu: true, before: [up] },
  { name: "prepare", command: prepare, gpu: true, before: [], options: { apply: true } },
];

/** Faults: the operations in which each can happen, and the error that it causes there. */
const faults: Record<string, { in: RegExp; error: (operation: string) => Error }> = {
  "killed (SIGKILL, power cut)": { in: /^/, error: () => new Killed() },
  "interrupted (SIGINT)": { in: /^(ask|run)/, error: () => new Interrupted() },
  "the file system is broken": {
    in: /^(read|write|create|claim|remove|move|stamp|list)/,
    error: (operation) => new UserError(`cannot ${operation}: i/o error (EIO)`, 1),
  },
  "the disk is full": { in: /^(write|create)/, error: () => new UserError("no space left on the device", 1) },
};

for (const { name, command, gpu, before, options } of commands) {
  for (const [what, { in: possible, error }] of Object.entries(faults)) {
    test(`${name}, ${what}, at every operation: the next run continues`, async () => {
      const whole = await host(gpu, before);
      // each stopped run starts from a copy of this host
      const start = whole.copy();
      assert.is(await whole.runCommand(command, whole.context([], options)), 0, whole.output.join(""));
      const expected = whole.outcome;
      const operations = whole.operations;
      assert.ok(operations.length > 15, `only ${operations.length} operations`);
      /** Runs the command again on a host, which must then be in the expected state. */
      const continues = async (world: World, when: string) => {
        world.output = [];
        assert.is(await world.runCommand(command, world.context([], options)), 0, `${when}: ${world.output.join("")}`);
        alike(world, expected, when);
      };
      for (const [i, operation] of operations.entries()) {
        if (!possible.test(operation)) continue;
        const world = start.copy();
        let struck = "";
        const fault: Fault = {
          at: i + 1,
          inject: (now) => {
            struck = now;
            throw error(now);
          },
        };
        try {
          await world.runCommand(command, world.context([], options, { fault }));
        } catch (thrown) {
          if (!(thrown instanceof Killed || thrown instanceof Interrupted)) throw thrown;
        }
        assert.is(struck, operation);
        await continues(world, `after ${struck} (operation ${i + 1})`);
      }
      await continues(whole, "after a complete run");
    });
  }
}

test("destroy removes what any stopped up left", async () => {
  let at = 1;
  for (;; at++) {
    const world = await host(false);
    let struck = false;
    const fault = {
      at,
      inject: () => {
        struck = true;
        throw new Killed();
      },
    };
    await world.runCommand(up, world.context([], {}, { fault })).catch((error) => assert.instance(error, Killed));
    if (!struck) break;
    assert.is(await world.runCommand(destroy, world.context([])), 0, world.output.join(""));
    assert.is(world.domains.size, 0);
    assert.equal([...world.disk.keys()].filter((path) => /\/(ssh|verify)\//.test(path)), []);
  }
});

test("a config that changes during a run takes effect in the next one", async () => {
  const path = `${process.cwd()}/homelab-gpu.yaml`;
  const changed = plain.replace("x/web", "x/other");
  const whole = await host(false);
  whole.disk.set(path, changed);
  assert.is(await whole.runCommand(up, whole.context([])), 0);
  for (let at = 1;; at++) {
    const world = await host(false);
    const fault = { at, inject: () => void world.disk.set(path, changed) };
    assert.is(await world.runCommand(up, world.context([], {}, { fault })), 0, world.output.join(""));
    if (world.disk.get(path) !== changed) break;
    assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
    alike(world, whole.outcome, `changed at operation ${at}`);
  }
});

test("the clock may be set back between runs and during one", async () => {
  const { now } = Date;
  const whole = await host(false, [up]);
  try {
    for (const at of [1, 20, 60]) {
      const world = await host(false);
      const fault = { at, inject: () => void (Date.now = () => 0) };
      assert.is(await world.runCommand(up, world.context([], {}, { fault })), 0, world.output.join(""));
      world.calls = [];
      assert.is(await world.runCommand(up, world.context([])), 0);
      assert.is(world.calls.length, 2, "nothing is done again");
      alike(world, whole.outcome, `from operation ${at} on`);
      Date.now = now;
    }
  } finally {
    Date.now = now;
  }
});

test("two runs at once, in 500 orders (seed 7): one runs at a time, and the lab stays whole", async () => {
  const dice = random(7);
  const single = await host(false, [up]);
  const starts = [await host(false), await host(false, [up])];
  for (let i = 0; i < 500; i++) {
    const world = starts[i % 2]!.copy();
    world.alive.add(process.pid);
    const pause = async () => {
      for (let turns = dice.below(4); turns > 0; turns--) await Promise.resolve();
    };
    const pair: Command[] = i % 2 === 0 ? [up, up] : [dice.pick([down, destroy]), up];
    const codes = await Promise.all(pair.map((command) => world.runCommand(command, world.context([], {}, { pause }))));
    assert.ok(codes.every((code) => code === 0 || code === 1), world.output.join(""));
    assert.ok(codes.includes(0), world.output.join(""));
    assert.is(world.mostConcurrent, 1, `order ${i}: steps of two runs at once`);
    assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
    alike(world, single.outcome, `order ${i}`);
  }
});

test("of three runs that find one dead holder, one takes over: in 300 orders", async () => {
  for (let seed = 0; seed < 300; seed++) {
    let state = seed;
    const { shell, disk } = fakeShell({ "/lab/lock": JSON.stringify({ pid: 4_000_000, began: "1", command: "up" }) });
    const slow = async () => {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      for (let turns = (state >> 16) % 5; turns > 0; turns--) await Promise.resolve();
    };
    for (const name of ["create", "read", "write", "remove"] as const) {
      const act = shell[name] as (...words: string[]) => Promise<never>;
      Object.assign(shell, { [name]: async (...words: string[]) => (await slow(), await act(...words)) });
    }
    shell.signal = (id) => Promise.resolve(id === process.pid);
    const taken = await Promise.allSettled([1, 2, 3].map(() => acquireLock(shell, "/lab", "up", () => {})));
    assert.is(taken.filter(({ status }) => status === "fulfilled").length, 1, `order ${seed}`);
    assert.equal([...disk.keys()], ["/lab/lock"], `order ${seed}`);
  }
});

test.run();
