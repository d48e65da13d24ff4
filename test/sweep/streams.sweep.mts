// The real script with streams that are closed at every line of its output, and with programs that
// never answer.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lab } from "./lab.mts";

const test = suite("streams");
const quoted = (words: string[]) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");

/** Runs the script within a shell line, in which `$command` is the script's command. */
function around(made: ReturnType<typeof lab>, command: string, line: string) {
  const script = line.replaceAll("$command", () => quoted([process.execPath, ...made.words(command)]));
  return spawnSync("sh", ["-c", script], { cwd: made.folder, env: made.env, encoding: "utf8" });
}

/** Runs a command beside the tests, and returns how it ended. */
function beside(made: ReturnType<typeof lab>, command: string) {
  const [program, ...words] = [process.execPath, ...made.words(command)] as [string, ...string[]];
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(program, words, { cwd: made.folder, env: made.env }, (_, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

/** Commands on a lab whose virsh does not answer. They wait for it while the other tests run. */
const silent = (() => {
  const made = lab();
  const up = around(made, "up", "$command");
  assert.is(up.status, 0, up.stderr);
  writeFileSync(join(made.folder, "bin/virsh"), "#!/bin/sh\nsleep 300\n", { mode: 0o755 });
  return { folder: made.folder, status: beside(made, "status"), destroy: beside(made, "destroy") };
})();
test.after(() => rmSync(silent.folder, { recursive: true }));

for (const lines of [0, 1, 2, 3, 5, 9, 15, 30]) {
  test(`up with its output closed after ${lines} lines runs to its end and leaves no lock`, () => {
    const made = lab();
    try {
      const { stderr } = around(made, "up", `{ $command; echo $? >code; } 2>&1 | head -n ${lines}`);
      assert.not.match(stderr, /EPIPE|\n +at /);
      assert.is(execFileSync("cat", [join(made.folder, "code")], { encoding: "utf8" }), "0\n");
      assert.not.ok(existsSync(join(made.folder, ".homelab-gpu/lock")));
      assert.is(readdirSync(join(made.folder, "domains")).length, 1);
      const again = around(made, "up", "$command 2>&1");
      assert.match(again.stdout, /nothing to do/);
    } finally {
      rmSync(made.folder, { recursive: true });
    }
  });
}

const closed = { "no stream": "", input: "<&-", output: ">&-", errors: "2>&-", "all streams": "<&- >&- 2>&-" };
for (const [what, how] of Object.entries(closed)) {
  test(`destroy with ${what} closed and no terminal is refused with 2, and removes nothing`, () => {
    const made = lab();
    try {
      assert.is(around(made, "up", "$command").status, 0);
      // the lab's arguments add --yes to destroy; this test is about a run without an answer
      const words = { ...made, words: () => made.words("destroy").filter((word) => word !== "--yes") };
      assert.is(around(words, "destroy", `$command ${how} ${how.includes("<") ? "" : "</dev/null"}`).status, 2);
      assert.is(readdirSync(join(made.folder, "domains")).length, 1);
      assert.is(around(made, "destroy", `$command ${how}`).status, 0, "--yes needs no stream");
      assert.is(readdirSync(join(made.folder, "domains")).length, 0);
    } finally {
      rmSync(made.folder, { recursive: true });
    }
  });
}

test("reading commands with closed output end without a stack", () => {
  const made = lab();
  try {
    for (const command of ["doctor", "plan", "status", "--help"]) {
      for (const how of ["2>&1 | head -n 0", "2>&1 | head -n 1", ">&-", "2>&-", "| true"]) {
        const { stdout, stderr } = around(made, command, `$command ${how}`);
        assert.not.match(stdout + stderr, /EPIPE|\n +at /, `${command} ${how}`);
      }
    }
  } finally {
    rmSync(made.folder, { recursive: true });
  }
});

test("status says what it waits for after 3 s, and that virsh does not answer", async () => {
  const { stdout, stderr, status } = await silent.status;
  assert.match(stderr, /waiting for virsh/);
  assert.match(stdout, /virsh did not answer within 30 s/);
  assert.is(status, 0);
  const refused = await silent.destroy;
  assert.equal([refused.status, readdirSync(join(silent.folder, "domains")).length], [1, 1], refused.stderr);
});

test.run();
