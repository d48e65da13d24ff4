// The commands in messages: they begin as the user started the program.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandOf, self, type Started } from "../lib/self.mts";

const test = suite("self");

const here: Started = {
  argv: [],
  argv0: "node",
  execArgv: [],
  folder: "/home/ada/lab",
  home: "/home/ada",
  path: "/usr/bin:/opt/node/bin",
  isWindows: false,
  isDeno: false,
};
const typed = (argv: string[], more: Partial<Started> = {}) =>
  commandOf({ ...here, argv: ["/usr/bin/node", ...argv], ...more });

test("repeats how Node was started: the path as people type it, its options, and a node that is not in PATH", () => {
  assert.is(typed(["/home/ada/lab/homelab-gpu.mjs", "up"]), "node homelab-gpu.mjs");
  assert.is(typed(["/home/ada/lab/tools/homelab-gpu.mts"]), "node tools/homelab-gpu.mts");
  assert.is(typed(["/home/ada/dotfiles/homelab-gpu.mjs"]), "node ~/dotfiles/homelab-gpu.mjs");
  assert.is(typed(["/home/ada/my lab/homelab-gpu.mjs"]), "node '/home/ada/my lab/homelab-gpu.mjs'");
  assert.is(typed(["/srv/homelab-gpu.mjs"]), "node /srv/homelab-gpu.mjs");
  assert.is(typed(["/home/ada/lab/homelab-gpu.mjs"], { folder: undefined }), "node ~/lab/homelab-gpu.mjs");
  const loader = ["--import", "/p q/loader.mjs"];
  assert.is(
    typed(["/srv/homelab-gpu.mts"], { execArgv: loader }),
    "node --import '/p q/loader.mjs' /srv/homelab-gpu.mts",
  );
  assert.is(typed(["/srv/homelab-gpu.mjs"], { argv0: "/opt/node/bin/node" }), "node /srv/homelab-gpu.mjs");
  assert.is(typed(["/srv/homelab-gpu.mjs"], { argv0: "/n/bin/node" }), "/n/bin/node /srv/homelab-gpu.mjs");
  assert.is(
    typed(["/srv/a b/homelab-gpu.mjs"], { isWindows: true, argv0: "C:\\n\\node.exe" }),
    'node "/srv/a b/homelab-gpu.mjs"',
  );
});

test("names a copy by its own name, and a link without an ending", () => {
  assert.is(typed(["/home/ada/lab/lab.mjs", "up"], { file: "/home/ada/lab/lab.mjs" }), "node lab.mjs");
  assert.is(typed(["/home/ada/bin/homelab-gpu", "up"]), "node ~/bin/homelab-gpu");
  assert.is(typed(["/srv/mine.mjs", "up"], { file: "/srv/lab.mjs" }), undefined);
});

test("repeats zx, tsx and Deno", () => {
  const zx = "/home/ada/lab/node_modules/.bin/zx";
  assert.is(typed([zx, "homelab-gpu.mts", "doctor"]), "npx zx homelab-gpu.mts");
  assert.is(typed([zx, "--quiet", "../x/homelab-gpu.mjs", "doctor"]), "npx zx ../x/homelab-gpu.mjs");
  assert.is(typed(["/l/zx/build/cli.js", "homelab-gpu.mjs"]), "npx zx homelab-gpu.mjs");
  const windows = { isWindows: true };
  assert.is(typed(["/l/zx/build/cli.js", "homelab-gpu.mts"], windows), "npx.cmd zx homelab-gpu.mts");
  const execArgv = ["--require", "/l/tsx/dist/preflight.cjs", "--import", "file:///l/tsx/dist/loader.mjs"];
  assert.is(typed(["/home/ada/lab/homelab-gpu.mts"], { execArgv }), "npx tsx homelab-gpu.mts");
  assert.is(typed(["/home/ada/lab/homelab-gpu.mts"], { execArgv, ...windows }), "npx.cmd tsx homelab-gpu.mts");
  assert.is(typed(["/home/ada/lab/homelab-gpu.mts"], { isDeno: true }), "deno run -A homelab-gpu.mts");
});

test("another script that uses this one is not named; HOMELAB_GPU_COMMAND is", () => {
  assert.is(typed(["/l/uvu/bin.js", "test"]), undefined);
  assert.is(typed(["/srv/mine.mjs", "explain", "homelab-gpu.mts"]), undefined);
  assert.is(self("up"), "npx zx homelab-gpu.mts up");
  process.env.HOMELAB_GPU_COMMAND = "lab";
  try {
    assert.is(self("up"), "lab up");
  } finally {
    delete process.env.HOMELAB_GPU_COMMAND;
  }
});

test.run();
