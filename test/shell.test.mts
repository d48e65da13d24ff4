import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { UserError } from "../lib/errors.mts";
import { Lines } from "../lib/lines.mts";
import { realShell } from "../lib/run/shell.mts";
import { root } from "./fake.mts";
import { started, starting } from "./start.mts";
import { until } from "./until.mts";

const test = suite<{ folder: string }>("shell");
const shell = realShell();

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-shell-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("a step never starts if its run is killed before its process group is recorded", async ({ folder }) => {
  const made = join(folder, "made");
  const { out } = await started([...starting, `${root}/test/killed.mts`, made], { folder });
  const group = Number(out);
  assert.ok(group > 1, out);
  await until("the end of the step", async () => !(await shell.signal(-group, 0)));
  assert.not.ok(existsSync(made));
});

test("ends captured programs that nobody waits for", async () => {
  const asked = shell.capture(["sleep", "600"], { limit: 600 });
  // it runs before it is ended
  await shell.capture(["true"]);
  shell.close();
  const { ok, timedOut } = await asked;
  assert.equal([ok, timedOut], [false, undefined]);
});

test("what a pipe had can be read again", async ({ folder }) => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const first = shell.read(pipe);
  await writeFile(pipe, "machines: []\n");
  assert.equal([await first, await shell.read(pipe)], ["machines: []\n", "machines: []\n"]);
});

test("refuses a folder that others can write to", async ({ folder }) => {
  const at = (name: string) => join(folder, name);
  const refuses = async (name: string, why: RegExp) => {
    try {
      await shell.ensurePrivateDir(at(name));
      assert.unreachable(name);
    } catch (error) {
      assert.instance(error, UserError, String(error));
      assert.match((error as Error).message, why);
    }
  };
  await shell.ensurePrivateDir(at("new/one"));
  assert.is(statSync(at("new/one")).mode & 0o077, 0);
  symlinkSync(at("new/one"), at("own link"));
  await shell.ensurePrivateDir(at("own link"));
  mkdirSync(at("open"));
  chmodSync(at("open"), 0o777);
  await shell.ensurePrivateDir(at("open"));
  assert.is(statSync(at("open")).mode & 0o777, 0o700);
  writeFileSync(at("file"), "");
  await refuses("file", /cannot create .*file: a part of its path is a file/);
  if (process.getuid?.() !== 0) return;
  mkdirSync(at("foreign"));
  chownSync(at("foreign"), 65534, 65534);
  await refuses("foreign", /foreign is not used: another user owns it/);
  mkdirSync(at("filled"));
  chmodSync(at("filled"), 0o777);
  writeFileSync(at("filled/file"), "");
  chownSync(at("filled/file"), 65534, 65534);
  await refuses("filled", /other users may write to it, and another user owns .*filled\/file/);
  symlinkSync(at("new/one"), at("planted"));
  lchownSync(at("planted"), 65534, 65534);
  await refuses("planted", /planted is not used: another user owns it/);
});

test("a folder that cannot be created in one that exists is an error, also in /proc", async ({ folder }) => {
  await shell.ensurePrivateDir(join(folder, "a/b"));
  for (const inside of process.platform === "linux" ? ["/proc/self", `${folder}/file`] : [`${folder}/file`]) {
    writeFileSync(join(folder, "file"), "");
    const error = await shell.ensurePrivateDir(`${inside}/x/y`).then(() => "made", ({ message }) => message);
    assert.match(error, /cannot create .*\/x\/y/);
  }
});

test("a step continues if its log cannot be written", async ({ folder }) => {
  let said = "";
  mkdirSync(join(folder, "log"));
  const { code, tail } = await shell.run(["echo", "done"], { log: join(folder, "log"), show: (text) => said += text });
  assert.equal([code, tail], [0, ["done"]]);
  assert.match(said, /cannot write .*\/log: it is a folder; the step continues without a log/);
});

test("of a line that is rewritten, the last state is kept", () => {
  const lines: string[] = [];
  const taken = new Lines((line) => lines.push(line));
  taken.add("one\ntw");
  taken.add("o\r\nProgress: 1%\rProgress: 2%");
  taken.add("\u001b[KProgress: 3%\u001b[0m\nlast");
  taken.end();
  assert.equal(lines, ["one", "two", "Progress: 3%", "last"]);
  assert.equal(taken.tail, lines);
});

test.run();
