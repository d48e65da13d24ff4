// The tiers of .ci/run: each one has a description, and each test file is run by one tier.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { own, root } from "../fake.mts";

const test = suite("tiers");
const listed = execFileSync("sh", [`${root}/.ci/run`, "--list"], { encoding: "utf8" }).trim().split("\n").map((line) =>
  /^(\S+) +(\S.*)$/.exec(line)
);
const tiers = listed.map((line) => line?.[1] ?? "");
const files = readdirSync(`${root}/test`, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.(test|scripts|copies|sweep|tools|powershell|hyperv|lab|guest|swarm|e2e)\.mts$/.test(name)
);

test("each tier has a name and says what it covers", () => {
  assert.equal(listed.filter((line) => !line), []);
  assert.is(new Set(tiers).size, tiers.length);
});

test("the README of the tests has a row for each tier", () => {
  const rows = own("test/README.md").split("\n").flatMap((line) => /^\| (`[^|]*`) *\|/.exec(line)?.[1] ?? []);
  const names = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  const patterns = names.map((name) => new RegExp(`^${name.replace(/[A-Z]{2,}/, "\\w+")}$`));
  assert.equal(tiers.filter((tier) => !patterns.some((pattern) => pattern.test(tier))), []);
  assert.equal(patterns.filter((pattern) => !tiers.some((tier) => pattern.test(tier))), []);
});

test("an error before the tests of a suite fails each of them, and is printed", () => {
  assert.equal(files.filter((name) => /\btest\.before\(/.test(own(`test/${name}`))), []);
  const folder = mkdtempSync(join(tmpdir(), "suite-"));
  try {
    writeFileSync(
      `${folder}/one.mjs`,
      `import { suite } from "${root}/node_modules/uvu/dist/index.mjs";
       import { beforeAll } from "${root}/test/before-all.mts";
       const test = suite("one");
       beforeAll(test, () => { throw new Error("no preparation"); });
       test("a", () => {});
       test.run();`,
    );
    const { status, stdout } = spawnSync("sh", ["test/uvu.sh", "--no-color", folder, "one.mjs"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, FORCE_COLOR: "0" },
    });
    assert.is(status, 1);
    assert.match(stdout, /FAIL +one +"a"[^]*no preparation/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("each test file runs its tests and is run by a tier", () => {
  assert.equal(files.filter((name) => !/^test\.run\(\);$/m.test(own(`test/${name}`))), []);
  const sweeps = files.flatMap((name) => /([^/]+)\.sweep\.mts$/.exec(name)?.[1] ?? []);
  assert.equal(sweeps.filter((name) => !tiers.includes(`sweep-${name}`)), []);
  const scripts = readdirSync(`${root}/test`, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".sh")
  );
  const commands = [".ci/run", ...scripts.map((name) => `test/${name}`)].map(own).join("\n");
  const unrun = files.filter((name) => !/\.sweep\./.test(name)).filter((name) => {
    const [, own, kind] = /([^/]+)\.(\w+)\.mts$/.exec(name)!;
    return !new RegExp(`[ '{:-](${own}\\.)?${kind}\\.mts`).test(commands);
  });
  assert.equal(unrun, []);
});

test("an unknown tier is refused by name", () => {
  assert.throws(
    () => execFileSync("sh", [`${root}/.ci/run`, "nonsense"], { encoding: "utf8", stdio: "pipe" }),
    /there is no tier nonsense/,
  );
});

test.run();
