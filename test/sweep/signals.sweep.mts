// The real script with stand-ins for Vagrant, libvirt and ssh, stopped by signals during each step: the next run goes on.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lab } from "./lab.mts";

const test = suite("signals");

/** Stops a command in one of its steps, and sees the next runs do the rest. */
async function stopped(command: string, at: number, name: NodeJS.Signals): Promise<void> {
  const { folder, run } = lab();
  const fine = async (words: string, says: RegExp) => {
    const { code, said } = await run(words);
    assert.is(code, 0, `${words} after ${name} in step ${at} of ${command}: ${said}`);
    assert.match(said, says);
  };
  try {
    if (command === "destroy") await fine("up", /a is up/);
    const { code, said } = await run(command, { at, name });
    if (name !== "SIGKILL") {
      assert.is(code, 130, said);
      assert.match(said, /interrupted; the next run goes on from here/);
      assert.not.ok(existsSync(join(folder, ".homelab-gpu/lock")), "the lock is given back");
    }
    await fine(command, command === "up" ? /a is up/ : /done/);
    await fine(command, /nothing to do|there is nothing to remove/);
    if (command === "up") await fine("destroy", /Remove the VM a/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const name of ["SIGINT", "SIGKILL"] as const) {
  for (const [command, steps] of [["up", 6], ["destroy", 2]] as const) {
    test(`${command}: ${name} during each of its ${steps} steps`, async () => {
      await Promise.all(Array.from({ length: steps }, (_, i) => stopped(command, i + 1, name)));
    });
  }
}

test.run();
