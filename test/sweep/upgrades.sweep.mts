// upgrade on a simulated host, killed at each of its operations: the next run leaves one proven VM and one box.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { up } from "../../lib/cli/commands/up.mts";
import { upgrade } from "../../lib/cli/commands/upgrade.mts";
import { boxOf, ran, running, said, state, versions } from "../upgraded.mts";
import { type Fault, Killed, World } from "../world.mts";

const test = suite("upgrades");

/** Runs a command that is killed at an operation; returns the operation, or nothing if it ended before. */
async function killed(world: World, at: number, command: typeof up, context = world.context): Promise<string> {
  let struck = "";
  const fault: Fault = {
    at,
    inject: (operation) => {
      struck = operation;
      throw new Killed();
    },
  };
  try {
    await world.runCommand(command, context.call(world, [], {}, { fault }));
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  world.output = [];
  world.calls = [];
  return struck;
}

for (const [next, command] of [["up", up], ["upgrade", upgrade]] as const) {
  test(`killed at every operation: the next ${next} leaves one proven VM and one box`, async () => {
    let builtAgain = 0;
    const start = await running();
    for (let at = 1;; at++) {
      const world = start.copy();
      const [old] = versions(world);
      const struck = await killed(world, at, upgrade);
      const hasNew = versions(world).length > 1 || versions(world)[0] !== old;
      assert.is(await world.runCommand(command, world.context([])), 0, `after ${struck} (${at}): ${said(world)}`);
      assert.equal(versions(world), [boxOf(world)], `after ${struck} (${at}): ${said(world)}`);
      assert.is(state(world).upgrades, undefined, struck);
      if (next === "upgrade") {
        assert.is.not(boxOf(world), old);
        // a box that is there is used, unless the upgrade had ended
        if (hasNew && ran(world).includes("packer")) builtAgain++;
      }
      if (!struck) break;
      if (next === "up") {
        world.output = [];
        assert.is(await world.runCommand(up, world.context([])), 0);
        assert.match(said(world), /nothing to do/);
      }
    }
    assert.ok(builtAgain < 40, `${builtAgain} of the last operations`);
  });
}

test("killed at every operation of going back: the next upgrade finishes that, with exit code 1", async () => {
  const start = await running();
  /** A host on which the services fail with every box but the old one. */
  const broken = () => {
    const world = start.copy();
    const [old] = versions(world);
    const context: World["context"] = (...words) => {
      const made = World.prototype.context.apply(world, words);
      const { run } = made.shell;
      made.shell.run = async (command, options) => {
        const result = await run(command, options);
        return options.input?.includes("apply-services") && boxOf(world) !== old ? { code: 1, tail: ["no"] } : result;
      };
      return made;
    };
    return { world, old: old!, context };
  };
  let goneBack = 0;
  for (let at = 1;; at++) {
    const { world, old, context } = broken();
    const struck = await killed(world, at, upgrade, context);
    if (!struck) break;
    const failed = state(world).upgrades?.a.failed;
    assert.is(await world.runCommand(upgrade, context([])), 1, `after ${struck} (${at}): ${said(world)}`);
    assert.equal([versions(world), boxOf(world)], [[old], old], `after ${struck} (${at}): ${said(world)}`);
    assert.is(state(world).upgrades, undefined, struck);
    if (failed) {
      goneBack++;
      assert.not.ok(ran(world).includes("packer"), "no box is built on the way back");
    }
  }
  assert.ok(goneBack > 20, `${goneBack} kills on the way back`);
});

test.run();
