// Checks our PowerShell code against the grammars of both versions, since none of it may need more
// than 5.1.
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { questionAfterProbe } from "../../lib/cli/host-reading.mts";
import { readVms } from "../../lib/host/hypervisors.mts";
import { fakeShell, own, root } from "../fake.mts";
import { commands, documented } from "../windows/texts.mts";
import { errors, nodes } from "./grammar.mts";

const test = suite("powershell");
const scripts = ["scripts", "templates"].flatMap((folder) =>
  readdirSync(`${root}/${folder}`).filter((name) => name.endsWith(".ps1")).map((name) => `${folder}/${name}`)
);

test("every script is valid PowerShell", () => {
  assert.ok(scripts.length > 0);
  // the grammar has no numbers such as 1GB; the tier powershell reads these with PowerShell's own parser
  const text = (name: string) => own(name).replace(/\b(\d+)[KMGT]B\b/g, "$1");
  for (const name of scripts) assert.equal(errors(text(name)), [], name);
});

test("every query of a VM is valid PowerShell", async () => {
  const { shell, asked } = fakeShell();
  await readVms(shell, [{ provider: "hyperv", id: "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f" }]);
  assert.is(asked.length, 1);
  assert.equal(errors(`${/-Command (.*)$/s.exec(asked[0]!)![1]}\n`), []);
  const joint = questionAfterProbe(["8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f"]);
  assert.equal([errors(joint), newerIn(joint)], [[], []]);
});

test("invalid PowerShell is found", () => {
  assert.ok(errors("if ($a) { 1 } else").length > 0);
  assert.ok(errors("Get-VM -Id 'it's'").length > 0);
});

/** Syntax of PowerShell 7 that Windows PowerShell 5.1 refuses (about_PowerShell_7_Differences). */
const newer = [
  /\?\?=?/,
  /\?\./,
  /\?\[/,
  /(?<![&|])&&/,
  /(?<!\|)\|\|/,
  /\s\?\s[^{].*\s:\s/,
  /-Parallel\b/,
  /\bclean\s*\{/,
  /`u\{/,
];

/** The syntax of PowerShell 7 in a text, outside its comments and strings. */
const newerIn = (text: string) => {
  const code = nodes(text).filter(({ type }) => /comment|string/.test(type)).reduce(
    (rest, { text: hidden }) => rest.replace(hidden, ""),
    text,
  );
  return newer.filter((syntax) => syntax.test(code));
};

test("no script, and no command that people paste, needs more than Windows PowerShell 5.1", () => {
  const texts = [...scripts.map((name) => ({ name, text: own(name) })), ...commands(), ...documented()];
  assert.ok(texts.length > scripts.length + 40);
  for (const { name, text } of texts) assert.equal(newerIn(text), [], `${name}: ${text}`);
  assert.is(newerIn("$a ?? 1").length, 1);
  assert.is(newerIn("npm ci && npx zx x").length, 1);
  assert.equal(newerIn('Write-Output "a && b" # c ?? d'), []);
});

test("every command of the documentation is valid in the grammar of PowerShell 5.1", () => {
  const all = documented();
  assert.ok(all.some(({ name, text }) => name === "README.md" && /Install-WindowsFeature/.test(text)));
  // the grammar has no unquoted words separated by commas
  for (const { name, text } of all) {
    assert.equal(errors(`${text.replace(/,(?= [A-Za-z])/g, "")}\n`), [], `${name}: ${text}`);
  }
  assert.ok(errors("npm ci && npx zx x\n").length > 0 || newerIn("npm ci && npx zx x").length > 0);
});

test("scripts are ASCII, since 5.1 reads a file without a byte order mark in the system's code page", () => {
  for (const name of scripts) assert.match(readFileSync(`${root}/${name}`, "latin1"), /^[\x00-\x7f]*$/, name);
});

test.run();
