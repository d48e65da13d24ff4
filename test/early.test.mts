// Programs that start before most of the code is loaded: the logins of `status`, the shell of the probe.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { questionTo } from "../lib/cli/login.mts";
import { realShell } from "../lib/run/shell.mts";
import { ownFiles, startEarly, takeEarly } from "../lib/run/shell/early.mts";
import { standIns } from "./fake.mts";

const test = suite<{ folder: string }>("early programs");

test.before.each((context) => {
  context.folder = realpathSync(mkdtempSync(join(tmpdir(), "homelab-gpu-early-")));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("a program that was started early answers the same command in the same folder, once", async ({ folder }) => {
  const command = ["sh", "-c", `echo >>'${folder}/starts'; echo early; cat; echo end >&2; exit 3`];
  startEarly(command, folder);
  const shell = realShell();
  const starts = async () => (await shell.read(`${folder}/starts`))?.length;
  const answer = { ok: false, code: 3, out: "early\nin", err: "end\n" };
  assert.equal(await shell.capture(command, { cwd: folder, input: "in" }), answer);
  assert.is(await starts(), 1);
  assert.equal(await shell.capture(command, { cwd: folder, input: "in" }), answer);
  assert.is(await starts(), 2);

  startEarly(command, "/");
  assert.is((await shell.capture([...command, "x"], { cwd: "/", input: "in" })).out, "early\nin");
  assert.is(takeEarly(command, folder, ""), undefined);
  assert.ok(takeEarly(command, "/", ""));
});

test("a program that could not be started early is missing, as any other", async ({ folder }) => {
  startEarly(["no-such-program-anywhere"], folder);
  const { ok, code } = await realShell().capture(["no-such-program-anywhere"], { cwd: folder, input: "in" });
  assert.equal([ok, code], [false, 127]);
});

/** A lab with the SSH configuration of a machine, and a config. */
function lab(folder: string): string {
  const state = join(folder, ".homelab-gpu");
  mkdirSync(join(state, "ssh"), { recursive: true });
  chmodSync(state, 0o700);
  writeFileSync(join(state, "ssh/a"), "Host a\n");
  writeFileSync(join(folder, "homelab-gpu.yaml"), "machines: [{name: a}]\n");
  return state;
}

if (process.platform !== "win32") {
  test("only files of this user, which no other one can change, are used before they are checked", ({ folder }) => {
    const state = lab(folder);
    assert.equal(ownFiles(state, "ssh"), ["a"]);
    for (const [path, open] of [[state, 0o711], [join(state, "ssh"), 0o775], [join(state, "ssh/a"), 0o666]] as const) {
      const closed = path.endsWith("a") ? 0o644 : 0o700;
      chmodSync(path, open);
      assert.equal(ownFiles(state, "ssh"), [], path);
      chmodSync(path, closed);
    }
    assert.equal(ownFiles(state, "none"), []);
  });
}

/** Whether a command line in a folder starts a program early: the login to `a`, or a shell in this folder. */
async function startsEarly(folder: string, which: "login" | "shell", ...words: string[]): Promise<boolean> {
  const [argv, here, path, config] = [process.argv, process.cwd(), process.env.PATH, process.env.XDG_CONFIG_HOME];
  process.env.PATH = standIns(folder, { ssh: "cat", sh: "cat" }).PATH;
  process.env.XDG_CONFIG_HOME = folder;
  process.argv = [...argv.slice(0, 1), "/x/homelab-gpu.mts", ...words];
  process.chdir(folder);
  try {
    await import(`../lib/cli/early-programs.mts?${words.join("&")}&${Math.random()}`);
    return which === "login"
      ? takeEarly(questionTo("a"), `${folder}/.homelab-gpu`, "") !== undefined
      : takeEarly(["sh", "-s"], folder, "") !== undefined;
  } finally {
    process.chdir(here);
    process.argv = argv;
    process.env.PATH = path;
    if (config === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = config;
  }
}

if (!("Deno" in globalThis) && process.platform !== "win32") {
  test("status logs in to its machines before the rest is loaded, and other commands do not", async ({ folder }) => {
    assert.not(await startsEarly(folder, "login", "status"), "there is no config");
    const state = lab(folder);
    assert.ok(await startsEarly(folder, "login", "status"));
    assert.ok(await startsEarly(folder, "login", "status", "--json", "--no-gpu"));
    for (const words of ["doctor", "status --config x", "status --config=x", "help status", "status --help", ""]) {
      assert.not(await startsEarly(folder, "login", ...words.split(" ")), words);
    }
    chmodSync(state, 0o755);
    assert.not(await startsEarly(folder, "login", "status"), "other users can enter the lab's folder");
  });
}

if (process.platform === "linux" && !("Deno" in globalThis)) {
  test("doctor and up of this host start the shell of the probe before the rest is loaded", async ({ folder }) => {
    assert.ok(await startsEarly(folder, "shell", "doctor"));
    assert.ok(await startsEarly(folder, "shell", "doctor", "--json", "--no-gpu"));
    assert.ok(await startsEarly(folder, "shell", "up", "--yes"));
    for (
      const words of ["status", "doctor --host x.txt", "doctor iommu", "doctor --save x", "help doctor", "doctor -h"]
    ) {
      assert.not(await startsEarly(folder, "shell", ...words.split(" ")), words);
    }
  });
}

test.run();
