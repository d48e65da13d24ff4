// What the demo says if it cannot run, and what it installs.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { own, root } from "../fake.mts";

const test = suite("demo");
const work = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
test.after(() => rmSync(work, { recursive: true }));
const found = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
const [sh, dirname] = ["sh", "dirname"].map(found) as [string, string];

/** Runs the demo's script with only these programs; also returns the calls of apt-get and node. */
function demo(name: string, programs: Record<string, string>, words: string[] = []) {
  const folder = join(work, name);
  mkdirSync(folder);
  symlinkSync(dirname, join(folder, "dirname"));
  const log = `echo "\${0##*/} $*" >>'${folder}/log'`;
  const all = { uname: "echo Linux", id: "echo 0", "apt-get": log, node: log, ...programs };
  for (const [program, text] of Object.entries(all)) {
    writeFileSync(join(folder, program), `#!${sh}\n${text}\n`);
    chmodSync(join(folder, program), 0o755);
  }
  writeFileSync(join(folder, "log"), "");
  const { status, stderr } = spawnSync(sh, [`${root}/test/e2e/demo.sh`, ...words], {
    env: { PATH: folder },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { code: status, err: stderr, log: readFileSync(join(folder, "log"), "utf8").split("\n").filter(Boolean) };
}
const tools = Object.fromEntries(
  ["qemu-system-x86_64", "qemu-img", "debootstrap", "mke2fs", "unshare"].map((name) => [name, ":"]),
);

test("without a terminal, missing packages are listed and not installed", () => {
  const { code, err, log } = demo("missing", { ...tools, debootstrap: "", "qemu-img": ":" });
  assert.equal([code, log.map((line) => line.split(" ")[0])], [0, ["node"]], err);
  const { debootstrap: _, ...rest } = tools;
  const said = demo("missing more", rest);
  assert.equal([said.code, said.log], [1, []], said.err);
  assert.match(said.err, /missing: debootstrap\n {2}apt-get install .* debootstrap\n {2}or: npm run demo -- --yes/);
});

test("--yes installs missing packages, and then the demo starts", () => {
  const { "qemu-system-x86_64": _, ...rest } = tools;
  const { code, log } = demo("yes", rest, ["--yes"]);
  assert.is(code, 0);
  assert.match(log.join("\n"), /^apt-get .*update\napt-get .*install .* qemu-system-x86\nnode .*test\/e2e\/demo\.mts$/);
});

test("a host on which the demo cannot run is refused with the reason", () => {
  assert.match(demo("mac", { ...tools, uname: "echo Darwin" }).err, /needs Debian/);
  const user = demo("user", { ...tools, id: "echo 1000" });
  assert.equal([user.code, user.log], [1, []]);
  assert.match(user.err, /needs root: sudo/);
});

test("each step of the demo is a command of homelab-gpu or shows its effect", () => {
  const commands = [...own("test/e2e/demo.mts").matchAll(/command: [`"](.*?)[`"]/g)].map(([, text]) => text!);
  assert.ok(commands.length >= 8, commands.join("\n"));
  for (const word of ["doctor", "up", "ssh", "down"]) {
    assert.ok(commands.some((text) => text.startsWith(`\${script} ${word}`)), word);
  }
});

test.run();
