// The real script on a full disk: it reports the error, and continues when there is space again.
// Needs root to mount a file system.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lab } from "./lab.mts";

const test = suite("full disk");
const able = spawnSync("unshare", ["-m", "true"]).status === 0;

// from no space at all to enough for all files but not for all logs
for (const pages of able ? [1, 4, 8, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 28, 32] : []) {
  test(`up with ${pages * 4} KiB of space fails, then succeeds with enough`, () => {
    const { folder, env, words } = lab();
    try {
      mkdirSync(join(folder, ".homelab-gpu"));
      // the shell passes every argument unchanged
      const script = `mount -t tmpfs -o mode=700,size=${pages * 4}k none .homelab-gpu
"$@" >first 2>&1; echo $? >>first
mount -o remount,size=16m .homelab-gpu
"$@" >second 2>&1; echo $? >>second
"$@" >third 2>&1; echo $? >>third`;
      const ran = spawnSync("unshare", ["-m", "sh", "-c", script, "sh", process.execPath, ...words("up")], {
        cwd: folder,
        env,
      });
      assert.is(ran.status, 0, String(ran.stderr));
      const [first, second, third] = ["first", "second", "third"].map((name) =>
        readFileSync(join(folder, name), "utf8")
      );
      assert.not.match(first!, /\n +at |Uncaught|Error:/, first);
      assert.match(first!, /no space left|\n0\n$/i, first);
      assert.match(second!, /a is up at [^]*\n0\n$/, second);
      assert.match(third!, /nothing to do[^]*\n0\n$/, third);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("a probe that could not be saved leaves no file", () => {
  if (!able) return;
  const { folder, env, words } = lab();
  try {
    mkdirSync(join(folder, "full"));
    const script = `mount -t tmpfs -o size=4k none full
head -c 4096 /dev/zero >full/other
"$@" --save full/host.txt; echo "code $?"; ls full`;
    const ran = spawnSync("unshare", ["-m", "sh", "-c", script, "sh", process.execPath, ...words("doctor")], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    assert.match(ran.stderr, /cannot write full\/host\.txt: no space left on the device/);
    assert.is(ran.stdout, "code 1\nother\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
