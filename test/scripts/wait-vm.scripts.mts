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

/** Runs the script. Each question about the time is 1 s later than the one before. */
function waits(folder: string, seconds: number) {
  const counts = (name: string) =>
    `n=$(($(cat '${folder}/${name}' 2>/dev/null || echo 0) + 1)); echo "$n" >'${folder}/${name}'`;
  const found = spawnSync("sh", [join(root, "scripts/wait-vm.sh"), "a", String(seconds)], {
    cwd: folder,
    env: standIns(folder, {
      ssh: `${counts("logins")}; echo "$*" >'${folder}/words'
[ "$n" -ge 3 ] || { echo 'System is booting up. Unprivileged users are not permitted to log in yet.' >&2; exit 255; }`,
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

test.run();
