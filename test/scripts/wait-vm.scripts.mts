// The wait for a VM that boots, with an ssh that answers at its third login, and a clock of the test's own.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("the wait for a VM");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-wait-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const busy = "System is booting up. Unprivileged users are not permitted to log in yet.";

/** Runs the script. Each question about the time is 1 s later than the one before. */
function waits(folder: string, seconds: number, answer = busy) {
  const counts = (name: string) =>
    `n=$(($(cat '${folder}/${name}' 2>/dev/null || echo 0) + 1)); echo "$n" >'${folder}/${name}'`;
  const found = spawnSync("sh", [join(root, "scripts/wait-vm.sh"), "a", String(seconds)], {
    cwd: folder,
    env: standIns(folder, {
      ssh: `${counts("logins")}; echo "$*" >'${folder}/words'
[ "$n" -ge 3 ] || { echo '${answer}' >&2; exit 255; }`,
      date: `${counts("time")}; echo "$n"`,
      sleep: ":",
    }),
    encoding: "utf8",
  });
  const read = (
    name: string,
  ) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim() : "");
  return { ...found, logins: read("logins"), words: read("words") };
}

test("a VM that lets nobody in yet is asked again, without a question to the user", ({ folder }) => {
  const { status, stdout, stderr, logins, words } = waits(folder, 60);
  assert.equal([status, stdout, stderr, logins], [0, "", "", "3"]);
  assert.is(words, "-F ssh/a -o BatchMode=yes -o ConnectTimeout=5 a true");
});

test("a VM that does not answer in time is an error with ssh's last words", ({ folder }) => {
  const { status, stderr } = waits(folder, 2);
  assert.is(status, 1);
  assert.match(stderr, /^System is booting up.*\nwait-vm: a is running, but did not answer over SSH within 2 s\n$/);
});

test("what is wrong with ssh's own files ends the wait at once", ({ folder }) => {
  const wrong = [
    "ssh/a: line 3: Bad configuration option: bogus",
    "Bad owner or permissions on ssh/a",
    "no such identity: /keys/a: No such file or directory\nvagrant@192.0.2.1: Permission denied (publickey).",
  ];
  for (const answer of wrong) {
    const { status, stderr, logins } = waits(folder, 60, answer);
    assert.equal([status, logins], [1, "1"], stderr);
    assert.ok(stderr.startsWith(answer) && /\nwait-vm: ssh refuses its own files for a/.test(stderr), stderr);
    rmSync(join(folder, "logins"));
  }
});

test.run();
