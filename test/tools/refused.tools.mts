// The real Compose refuses each project of the table, and with it our findings name the line.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { realShell } from "../../lib/run/shell.mts";
import { root } from "../fake.mts";
import { refused, refusedLines } from "../refused.mts";

const test = suite<{ folder: string }>("refused by Compose");
const program = spawnSync("sh", [`${root}/test/tools/compose-v2.sh`], { encoding: "utf8" }).stdout.trim();
const version = spawnSync(program, ["version", "--short"], { encoding: "utf8" }).stdout.trim().replace(/^v/, "");
const shell = realShell();

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu refused-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

for (const one of refused) {
  test(one.rule, async ({ folder }) => {
    const files = { "compose.yaml": one.text, ...one.files };
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
    const { status } = spawnSync(program, ["-p", "p", "config", "-q"], { cwd: folder, encoding: "utf8" });
    if (!one.newer) assert.is.not(status, 0, "Compose refuses it");
    const { place, found } = await refusedLines(one, { command: [program], version }, folder, shell);
    assert.ok(found.some((line) => line.startsWith(`p/${place} `)), `${place}: ${found.join("\n")}`);
  });
}

test.run();
