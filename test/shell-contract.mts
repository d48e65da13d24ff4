// What every shell does, as one table of cases: the tests of each shell run all of them.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { UserError } from "../lib/errors.mts";
import type { Shell } from "../lib/shell.mts";
import { until } from "./until.mts";

/** A case: what the shell must do in an empty folder of the host that it works on. */
type Case = (shell: Shell, folder: string) => Promise<void>;

/** Names that a shell could take for an option, a pattern, a variable or two names. */
const odd = ["a b", "-rf", "c'd", '"', "$HOME", "*", "`x`", "new\nline", "back\\slash", "ümläut", "%s"];

/** The message of the {@link UserError} that an action must throw. */
async function refusal(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    assert.instance(error, UserError, String(error));
    return (error as Error).message;
  }
  return assert.unreachable() as never;
}

/** The cases, by what they show. */
const contract: Record<string, Case> = {
  async "words reach a program as they are"(shell) {
    const words = [...odd, ""];
    const { out } = await shell.capture(["printf", "%s|", ...words]);
    assert.is(out, words.map((word) => `${word}|`).join(""));
  },

  async "the result of a program"(shell, folder) {
    assert.equal(await shell.capture(["sh", "-c", "echo out; echo err >&2; exit 3"]), {
      ok: false,
      code: 3,
      out: "out\n",
      err: "err\n",
    });
    assert.is((await shell.capture(["no-such-program-anywhere"])).code, 127);
    assert.is((await shell.capture(["pwd"], { cwd: folder })).out, `${folder}\n`);
    assert.is((await shell.capture(["sh", "-c", 'echo "$A"'], { env: { A: "x 'y'\nz" } })).out, "x 'y'\nz\n");
  },

  async "the input of a program"(shell) {
    assert.is((await shell.capture(["cat"], { input: "in" })).out, "in");
    assert.is((await shell.capture(["cat"], { input: "" })).out, "");
    assert.is((await shell.capture(["cat"])).out, "", "no terminal to wait for");
    const long = "line\n".repeat(100_000);
    assert.is((await shell.capture(["cat"], { input: long })).out, long);
    assert.ok((await shell.capture(["true"], { input: long })).ok, "it may close its input early");
  },

  async "a program that does not answer is ended"(shell, folder) {
    const pid = join(folder, "pid");
    const { ok, timedOut, err } = await shell.capture(["sh", "-c", `echo $$ >'${pid}'; exec sleep 600`], {
      limit: 2,
      about: "the sleeper",
    });
    assert.equal([ok, timedOut], [false, true]);
    assert.match(err, /the sleeper did not answer within 2 s$/);
    const id = Number(readFileSync(pid, "utf8"));
    await until("the end of the program", () => !existsSync(`/proc/${id}`));
  },

  async "files with odd names"(shell, folder) {
    for (const name of odd) {
      const path = `${folder}/${name}`;
      await shell.write(path, name);
      assert.is(await shell.read(path), name, name);
      assert.is(readFileSync(path, "utf8"), name);
    }
    assert.equal(await shell.list(folder), [...odd].sort());
    const found = await shell.walk(folder, () => true);
    assert.equal(found?.map(({ path }) => path), [...odd].sort());
    for (const name of odd) await shell.remove(`${folder}/${name}`);
    assert.equal(readdirSync(folder), []);
  },

  async "every byte of a file survives"(shell, folder) {
    const bytes = Buffer.from([...Array(256).keys(), 0, 0xc3, 0x0a, 0x0a]);
    writeFileSync(`${folder}/from`, bytes);
    await shell.write(`${folder}/to`, (await shell.read(`${folder}/from`))!);
    assert.equal([...readFileSync(`${folder}/to`)], [...bytes]);
    const long = `${"x".repeat(99)}\n`.repeat(30_000);
    await shell.write(`${folder}/long`, long);
    assert.is(await shell.read(`${folder}/long`), long);
    await shell.write(`${folder}/empty`, "");
    assert.is(await shell.read(`${folder}/empty`), "");
  },

  async "a file is written whole, with its folders and its mode"(shell, folder) {
    const path = join(folder, "a/b/c");
    await shell.write(path, "one", 0o755);
    await shell.write(path, "two", 0o600);
    assert.is(readFileSync(path, "utf8"), "two");
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.equal(readdirSync(join(folder, "a/b")), ["c"], "no temporary file is left");
    await shell.write(path, "three");
    assert.is(statSync(path).mode & 0o777, 0o644);
  },

  async "what does not exist"(shell, folder) {
    const none = join(folder, "none");
    writeFileSync(join(folder, "file"), "");
    assert.is(await shell.read(none), undefined);
    assert.is(await shell.read(join(folder, "file/x")), undefined);
    assert.is(await shell.readTail(none, 9), undefined);
    assert.is(await shell.fingerprint(none), undefined);
    assert.is(await shell.walk(none, () => true), undefined);
    assert.equal(await shell.list(none), []);
    await shell.remove(none);
  },

  async "refusals say why"(shell, folder) {
    writeFileSync(join(folder, "file"), "");
    assert.match(
      await refusal(shell.write(join(folder, "file/x"), "")),
      /^cannot write .*x: a part of its path is a f/,
    );
    assert.match(
      await refusal(shell.create(join(folder, "file/x"), "")),
      /^cannot write .*x: a part of its path is a f/,
    );
    assert.match(await refusal(shell.read(folder)), /^cannot read .*: it is a folder$/);
    mkdirSync(join(folder, "taken"));
    assert.match(await refusal(shell.write(join(folder, "taken"), "")), /^cannot write .*taken: it is a folder$/);
    assert.equal(readdirSync(folder).sort(), ["file", "taken"]);
  },

  async "the end of a file begins with a line"(shell, folder) {
    writeFileSync(join(folder, "log"), "one\ntwo\nthree\n");
    assert.equal(await shell.readTail(join(folder, "log"), 8), { text: "three\n", skipped: 8 });
    assert.equal(await shell.readTail(join(folder, "log"), 99), { text: "one\ntwo\nthree\n", skipped: 0 });
  },

  async "one of many creates a file"(shell, folder) {
    const path = join(folder, "lock");
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => shell.create(path, String(i))));
    assert.is(made.filter(Boolean).length, 1);
    assert.is(readFileSync(path, "utf8"), String(made.indexOf(true)));
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.equal(readdirSync(folder), ["lock"]);
  },

  async "a link is replaced, not followed"(shell, folder) {
    const [link, target] = [join(folder, "link"), join(folder, "target")];
    writeFileSync(target, "before");
    symlinkSync(target, link);
    assert.is(await shell.create(link, "new"), false);
    await shell.write(link, "new");
    assert.is(readFileSync(target, "utf8"), "before");
  },

  async "a fingerprint changes with the file"(shell, folder) {
    const path = join(folder, "file");
    writeFileSync(path, "one");
    const first = await shell.fingerprint(path);
    assert.is(await shell.fingerprint(path), first);
    writeFileSync(path, "other");
    assert.is.not(await shell.fingerprint(path), first);
  },

  async "what a walk finds"(shell, folder) {
    mkdirSync(join(folder, "open/inner"), { recursive: true });
    mkdirSync(join(folder, "shut"));
    writeFileSync(join(folder, "open/file"), "12345");
    writeFileSync(join(folder, "shut/file"), "");
    chmodSync(join(folder, "open/file"), 0o640);
    utimesSync(join(folder, "open/file"), 1, 1_700_000_000.25);
    symlinkSync("to where\nit goes", join(folder, "link"));
    const found = await shell.walk(folder, (name) => name !== "shut");
    assert.equal(found?.map(({ path, kind }) => `${kind} ${path}`), [
      "link link",
      "folder open",
      "file open/file",
      "folder open/inner",
      "folder shut",
    ]);
    const [link, , file] = found!;
    assert.is(link!.target, "to where\nit goes");
    const { uid } = statSync(join(folder, "open/file"));
    assert.equal(file, { path: "open/file", kind: "file", mode: 0o640, size: 5, uid, mtime: 1_700_000_000_250 });
  },

  async "a private folder"(shell, folder) {
    await shell.ensurePrivateDir(join(folder, "new/one"));
    assert.is(statSync(join(folder, "new/one")).mode & 0o777, 0o700);
    mkdirSync(join(folder, "open"));
    chmodSync(join(folder, "open"), 0o777);
    await shell.ensurePrivateDir(join(folder, "open"));
    assert.is(statSync(join(folder, "open")).mode & 0o777, 0o700);
    writeFileSync(join(folder, "file"), "");
    const why = await refusal(shell.ensurePrivateDir(join(folder, "file")));
    assert.match(why, /cannot create .*file: a part of its path is a file/);
  },

  async "a step: its input, its output file and its end"(shell, folder) {
    const seen: string[] = [];
    writeFileSync(join(folder, "in put"), "hello\n");
    const ended = await shell.run(["sh", "-c", "cat; echo err >&2; exit 4"], {
      cwd: folder,
      input: join(folder, "in put"),
      log: join(folder, "logs/x.log"),
      show: (text) => seen.push(text),
    });
    assert.is(ended.code, 4);
    assert.equal([...ended.tail].sort(), ["err", "hello"]);
    assert.match(readFileSync(join(folder, "logs/x.log"), "utf8"), /hello/);
    assert.match(seen.join(""), /err/);
    const output = join(folder, "made/it");
    await shell.run(["sh", "-c", "echo whole; exit 1"], { output });
    assert.not.ok(existsSync(output), "what a failing program printed is not kept");
    await shell.run(["echo", "whole"], { output });
    assert.is(readFileSync(output, "utf8"), "whole\n");
    assert.equal(readdirSync(join(folder, "made")), ["it"]);
    assert.is((await shell.run(["no-such-program-anywhere"], {})).code, 127);
  },

  async "a step on this machine: its files are on the host of the shell"(shell, folder) {
    const [input, output] = [join(folder, "in"), join(folder, "made/out")];
    const bytes = Buffer.from([0, 0xff, 0x0a, ...Buffer.alloc(300_000, "x\n")]);
    writeFileSync(input, bytes);
    const seen: string[] = [];
    const options = { here: true, input, output, show: (text: string) => seen.push(text) };
    let group = 0;
    const started = (id: number) => Promise.resolve(void (group = id));
    const ended = await shell.run(["sh", "-c", 'echo "$A" >&2; cat'], { ...options, started, env: { A: "a 'b'" } });
    assert.is(ended.code, 0);
    assert.ok(group > 1);
    assert.match(seen.join(""), /a 'b'\n/);
    assert.ok(readFileSync(output).equals(bytes));
    assert.equal(readdirSync(join(folder, "made")), ["out"]);
    rmSync(output);
    assert.is((await shell.run(["sh", "-c", "cat; exit 5"], options)).code, 5);
    assert.is((await shell.run(["no-such-program-anywhere"], options)).code, 127);
    assert.equal(readdirSync(join(folder, "made")), [], "what a failing program printed is not kept");
    assert.match(await refusal(shell.run(["cat"], { here: true, output: join(input, "x") })), /cannot (write|create)/);
  },

  async "a step starts after its process group is recorded"(shell, folder) {
    const made = join(folder, "made");
    let there: boolean | undefined;
    const ended = await shell.run(["sh", "-c", `echo at once; >'${made}'; echo later`], {
      started: async (group) => {
        await shell.capture(["true"]);
        assert.not.ok(existsSync(made));
        there = await shell.signal(-group, 0);
      },
    });
    assert.equal([ended.code, ended.tail, there], [0, ["at once", "later"], true]);
  },

  async "a step whose start cannot be recorded is ended"(shell, folder) {
    let group = 0;
    const why = await refusal(shell.run(["sh", "-c", `sleep 600; >'${folder}/late'`], {
      started: (id) => {
        group = id;
        return Promise.reject(new UserError("no space left"));
      },
    }));
    assert.is(why, "no space left");
    await until("the end of the process group", async () => !(await shell.signal(-group, 0)));
    assert.not.ok(existsSync(join(folder, "late")));
  },

  async "a step is ended by a signal to its group"(shell) {
    let [group, said] = [0, ""];
    const running = shell.run(["sh", "-c", "echo ready; sleep 600"], {
      started: (id) => Promise.resolve(void (group = id)),
      show: (text) => said += text,
    });
    await until("the start of the step", () => said.includes("ready"));
    assert.ok(await shell.signal(-group, "SIGTERM"));
    assert.is.not((await running).code, 0);
    await until("the end of the process group", async () => !(await shell.signal(-group, 0)));
  },

  async "its own process is alive"(shell) {
    assert.ok(shell.pid > 1);
    assert.ok(await shell.signal(shell.pid, 0));
    assert.match((await shell.read(`/proc/${shell.pid}/stat`))!, new RegExp(`^${shell.pid} `));
  },
};

/** Adds a test for each case: the shell gets a new folder, which is removed afterwards. */
export function contractTests(test: Test, shell: () => Shell): void {
  for (const [name, act] of Object.entries(contract)) {
    test(name, async () => {
      const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-contract-"));
      try {
        await act(shell(), folder);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
}
