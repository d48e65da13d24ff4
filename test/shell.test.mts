import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Buffer } from "node:buffer";
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

{
  test(`passes arguments without quoting, and never throws`, async () => {
    const words = ["a b", "c'd", '"', "$HOME", "*", "`x`", "\n", ""];
    assert.is((await shell.capture(["printf", "%s|", ...words])).out, words.map((word) => `${word}|`).join(""));
    assert.equal(await shell.capture(["sh", "-c", "echo out; echo err >&2; exit 3"]), {
      ok: false,
      code: 3,
      out: "out\n",
      err: "err\n",
    });
    assert.is((await shell.capture(["no-such-program-anywhere"])).code, 127);
    assert.is((await shell.capture(["cat"], { input: "in" })).out, "in");
    assert.is((await shell.capture(["cat"], { input: "" })).out, "");
    assert.is((await shell.capture(["cat"])).out, "", "no terminal to wait for");
  });

  test("a step starts after its process group is recorded, and none of its output is lost", async ({ folder }) => {
    const made = join(folder, "made");
    let seen = "";
    const ended = await shell.run(["sh", "-c", `echo at once; >'${made}'; echo later`], {
      show: (text) => seen += text,
      started: async () => {
        // long enough for a program that does not wait
        await shell.capture(["sh", "-c", "echo; echo"]);
        assert.not.ok(existsSync(made));
        assert.is(seen, "");
      },
    });
    assert.equal([ended.code, ended.tail], [0, ["at once", "later"]]);
    assert.is(seen, "at once\nlater\n");
  });

  test("a step never starts if its run is killed before its process group is recorded", async ({ folder }) => {
    const made = join(folder, "made");
    const { out } = await started([...starting, `${root}/test/killed.mts`, made], { folder });
    const group = Number(out);
    assert.ok(group > 1, out);
    await until("the end of the step", () => !shell.signal(-group, 0));
    assert.not.ok(existsSync(made));
  });

  test(`runs a program with a log, its output as it arrives, its input and its output file`, async ({ folder }) => {
    const seen: string[] = [];
    const groups: number[] = [];
    writeFileSync(join(folder, "in put"), "hello\n");
    const ended = await shell.run(["sh", "-c", "cat; echo err >&2; exit 4"], {
      cwd: folder,
      input: join(folder, "in put"),
      log: join(folder, "logs/x.log"),
      show: (text) => seen.push(text),
      started: (group) => Promise.resolve(void groups.push(group)),
    });
    assert.is(ended.code, 4);
    assert.equal([...ended.tail].sort(), ["err", "hello"]);
    assert.match(readFileSync(join(folder, "logs/x.log"), "utf8"), /hello/);
    assert.match(seen.join(""), /err/);
    assert.is(groups.length, 1);

    const output = join(folder, "made/it");
    await shell.run(["sh", "-c", "echo whole; exit 1"], { output });
    assert.not.ok(existsSync(output), "what a failing program printed is not kept");
    await shell.run(["echo", "whole"], { output });
    assert.is(readFileSync(output, "utf8"), "whole\n");
  });
}

test("ends captured programs that nobody waits for", async () => {
  const asked = shell.capture(["sleep", "600"], { limit: 600 });
  // it runs before it is ended
  await shell.capture(["true"]);
  shell.close();
  const { ok, timedOut } = await asked;
  assert.equal([ok, timedOut], [false, undefined]);
});

test("writes whole files, and creates their folders", async ({ folder }) => {
  const path = join(folder, "a/b/c");
  await shell.write(path, "one", 0o755);
  await shell.write(path, "two", 0o755);
  assert.is(await shell.read(path), "two");
  assert.is(statSync(path).mode & 0o777, 0o755);
  assert.equal(readdirSync(join(folder, "a/b")), ["c"], "no temporary file is left");
  assert.is(await shell.read(join(folder, "none")), undefined);
  assert.is(await shell.fingerprint(join(folder, "none")), undefined);
  assert.equal(await shell.list(join(folder, "none")), []);
});

test("says in words why a file cannot be written", async ({ folder }) => {
  writeFileSync(join(folder, "file"), "");
  try {
    await shell.write(join(folder, "file/x"), "");
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /^cannot write .*\/file\/x: a part of its path is a file$/);
  }
});

test("creates a file for only one of many", async ({ folder }) => {
  const path = join(folder, "lock");
  const made = await Promise.all(Array.from({ length: 20 }, (_, i) => shell.create(path, String(i))));
  assert.is(made.filter(Boolean).length, 1);
  assert.is(await shell.read(path), String(made.indexOf(true)));
  assert.equal(readdirSync(folder), ["lock"]);
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

test("a link at a guessed temporary name is not followed", async ({ folder }) => {
  const [mine, target] = [join(folder, "state.json"), join(folder, "target")];
  writeFileSync(target, "before");
  symlinkSync(target, mine);
  await shell.write(mine, "state");
  assert.is(readFileSync(target, "utf8"), "before");
  rmSync(mine);
  symlinkSync(target, mine);
  assert.is(await shell.create(mine, "lock"), false);
  assert.is(readFileSync(target, "utf8"), "before");
});

test("a step whose start cannot be recorded is ended", async ({ folder }) => {
  let group = 0;
  try {
    // it writes only if nobody stops it before
    await shell.run(["sh", "-c", `sleep 600; echo late >"${folder}/late"`], {
      started: (id) => {
        group = id;
        return Promise.reject(new UserError("no space left"));
      },
    });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, "no space left");
  }
  // a killed process keeps its id until its parent has collected it
  await until("the end of the step's process group", () => !shell.signal(-group, 0));
  assert.not.ok(existsSync(join(folder, "late")));
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

test("a file that is read and written again keeps every byte", async ({ folder }) => {
  const bytes = Buffer.from([
    0xef,
    0xbb,
    0xbf,
    0x23,
    0xe9,
    0x80,
    0xff,
    0x00,
    0xed,
    0xa0,
    0x80,
    0xf0,
    0x9f,
    0x98,
    0x80,
    0xc3,
  ]);
  writeFileSync(`${folder}/from`, bytes);
  const shell = realShell();
  await shell.write(`${folder}/to`, (await shell.read(`${folder}/from`))!);
  assert.equal([...readFileSync(`${folder}/to`)], [...bytes]);
});

test.run();
