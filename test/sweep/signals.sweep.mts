// The real script with stand-ins for Vagrant, libvirt and ssh, stopped by signals during each step:
// the next run continues.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../until.mts";
import { lab } from "./lab.mts";

const test = suite("signals");

/**
 * The state of the step that a killed run leaves: it runs until the next run stops it, or it ends
 * before.
 */
type Left = "running" | "ended";

/** Stops a command in one of its steps, and checks that the next runs finish the work. */
async function stopped(command: string, at: number, name: NodeJS.Signals, left: Left): Promise<void> {
  const one = lab();
  const fine = async (words: string, says: RegExp) => {
    const { code, said } = await one.run(words);
    assert.is(code, 0, `${words} after ${name} in step ${at} of ${command}: ${said}`);
    assert.match(said, says);
    return said;
  };
  try {
    if (command === "destroy") await fine("up", /a is up/);
    const { code, said } = await one.run(command, { at, name });
    if (name !== "SIGKILL") {
      assert.is(code, 130, said);
      assert.match(said, /interrupted; the next run continues from here/);
      assert.not.ok(existsSync(join(one.folder, ".homelab-gpu/lock")), "the lock is given back");
    } else if (left === "ended") {
      const group = one.left();
      await until("the end of the step by itself", () => {
        one.release();
        return !alive(group);
      });
    }
    const next = await fine(command, command === "up" ? /a is up/ : /done|there is nothing to remove/);
    if (name === "SIGKILL") assert.is(/left a step running/.test(next), left === "running", next);
    await fine(command, /nothing to do|there is nothing to remove/);
    if (command === "up") await fine("destroy", /Remove the VM a/);
  } finally {
    rmSync(one.folder, { recursive: true });
  }
}

/** Whether a process group has members. */
function alive(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

for (
  const [name, left, when] of [
    ["SIGINT", "ended", ""],
    ["SIGKILL", "running", ", the step runs on"],
    ["SIGKILL", "ended", ", the step ends by itself"],
  ] as const
) {
  for (const [command, steps] of [["up", 6], ["destroy", 2]] as const) {
    test(`${command}: ${name} during each of its ${steps} steps${when}`, async () => {
      for (let at = 1; at <= steps; at += 2) {
        await Promise.all([at, at + 1].map((step) => stopped(command, step, name, left)));
      }
    });
  }
}

test.run();
