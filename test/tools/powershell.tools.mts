// What is written in PowerShell, held against its grammar: both versions' of it, since nothing here is newer than 5.1.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Node } from "web-tree-sitter";
import { own, root } from "../fake.mts";

// the better compiler needs ten seconds for this grammar
setFlagsFromString("--liftoff-only");
const { Language, Parser } = await import("web-tree-sitter");
await Parser.init();
const wasm = createRequire(import.meta.url).resolve("tree-sitter-powershell/tree-sitter-powershell.wasm");
const parser = new Parser();
parser.setLanguage(await Language.load(wasm));

const test = suite("powershell");

function nodes(text: string): Node[] {
  const found: Node[] = [];
  const walk = (node: Node) => {
    found.push(node);
    for (const child of node.children) if (child) walk(child);
  };
  walk(parser.parse(text)!.rootNode);
  return found;
}
/** (Of words without quotes, a comma between them, the grammar knows nothing: they are quoted for it.) */
const errors = (text: string) =>
  nodes(text).filter((node) => node.isError || node.isMissing).map((node) =>
    `line ${node.startPosition.row + 1}: ${node.text}`
  );

const scripts = readdirSync(`${root}/scripts`).filter((name) => name.endsWith(".ps1"));

test("every script is PowerShell", () => {
  assert.ok(scripts.length > 0);
  for (const name of scripts) assert.equal(errors(own(`scripts/${name}`)), [], name);
});

test("what is no PowerShell is seen", () => {
  assert.ok(errors("if ($a) { 1 } else").length > 0);
  assert.ok(errors("Get-VM -Id 'it's'").length > 0);
});

test("what hyperv_gpu.rb says is PowerShell", () => {
  const commands = [...own("templates/hyperv_gpu.rb").matchAll(/PowerShell\.(?:run|list)\("((?:[^"\\]|\\.)*)"/g)].map((
    [, text],
  ) =>
    text!.replace(/#\{@vm\}|#\{@vm\.sub[^}]*\}/g, "-VM 'x'").replace(/#\{(?:[^{}]|\{[^}]*\})*\}/g, "'x'").replaceAll(
      '\\"',
      '"',
    )
  );
  assert.ok(commands.length >= 12);
  for (const text of commands) assert.equal(errors(`${text}\n`), [], text);
});

/** Syntax of PowerShell 7 alone, which Windows PowerShell 5.1 takes for an error (about_PowerShell_7_Differences). */
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

test("nothing is newer than Windows PowerShell 5.1", () => {
  for (const name of scripts) {
    const code = nodes(own(`scripts/${name}`)).filter(({ type }) => /comment|string/.test(type)).reduce(
      (text, { text: hidden }) => text.replace(hidden, ""),
      own(`scripts/${name}`),
    );
    for (const syntax of newer) assert.not.match(code, syntax, `${name}: ${syntax}`);
  }
  assert.match("$a ?? 1", newer[0]!);
});

test("scripts are plain ASCII, since 5.1 reads a file without a mark in the system's own code page", () => {
  for (const name of scripts) assert.match(readFileSync(`${root}/scripts/${name}`, "latin1"), /^[\x00-\x7f]*$/, name);
});

test.run();
