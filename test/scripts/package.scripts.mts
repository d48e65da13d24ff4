// The npm package: its contents, its link and its start.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { own, root } from "../fake.mts";

const test = suite("package");
const { bin, files, scripts } = JSON.parse(own("package.json"));

test("the npm package prints its version, and contains all that it needs", () => {
  assert.is(bin, "scripts/homelab-gpu.mjs");
  assert.ok(statSync(`${root}/${bin}`).mode & 0o100);
  assert.equal([files.includes(bin), files.includes("dist/homelab-gpu.mjs")], [true, true]);
  assert.match(scripts.prepack, /bundle/);
  if ("Deno" in globalThis) return;
  const folder = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
  // npm links a name in its own folder
  symlinkSync(`${root}/${bin}`, join(folder, "homelab-gpu"));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const say = (...words: string[]) =>
    execFileSync(process.execPath, [join(folder, "homelab-gpu"), ...words], { cwd: folder, encoding: "utf8", env });
  assert.match(say("--version"), /^\d+\.\d+\.\d+\n$/);
  assert.match(say("help", "up"), /^ {2}homelab-gpu up\b/m);
  rmSync(folder, { recursive: true });
});

test.run();
