// The README: its pictures are real output, and its commands, configs and links are valid.
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commands } from "../lib/cli/commands.mts";
import { acceptsOption, options } from "../lib/cli/options.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { readmePictures } from "../scripts/picture.mts";
import { own, root } from "./fake.mts";
import { blocks, typed } from "./readme-commands.mts";

const test = suite("readme");
const readme = own("README.md");
const { scripts } = JSON.parse(own("package.json"));
const { tasks } = JSON.parse(own("deno.json"));

/** The error in the words of a command line; undefined if there is none. */
function wrongWords(words: string[]): string | undefined {
  const [name = "", ...rest] = words;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) return `no command ${name}`;
  const given = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : undefined);
  for (const word of given.filter((one) => one.startsWith("-"))) {
    const option = options.find((one) => `--${one.name}` === word || `-${one.letter}` === word);
    if (!option || !acceptsOption(option, name)) return `${name} takes no ${word}`;
  }
  const values = options.filter(({ takes }) => takes).map(({ name }) => `--${name}`);
  const operands = given.filter((word, i) => !word.startsWith("-") && !values.includes(given[i - 1] ?? ""));
  return operands.length > 0 && !command.takes ? `${name} takes no ${operands[0]}` : undefined;
}

test("each of its commands exists", () => {
  const wrong = typed.flatMap((line) => {
    const [, own] = /^(?:npx(?:\.cmd)? zx homelab-gpu\.mts|homelab-gpu) (.*)$/.exec(line) ?? [];
    if (own !== undefined) return wrongWords(own.split(" ")) ?? [];
    const [, script] = /^npm run (\S+)/.exec(line) ?? [];
    if (script !== undefined) return script in scripts ? [] : [`no script ${script}`];
    const [, task] = /^deno task (\S+)/.exec(line) ?? [];
    if (task !== undefined) return task in tasks ? [] : [`no task ${task}`];
    if (/^npm(?:\.cmd)? (?:ci|test|link)$/.test(line)) return [];
    if (/^source <\(homelab-gpu completion (?:bash|zsh)\)$|^homelab-gpu\(\) \{ .*; \}$/.test(line)) return [];
    // the tiers powershell and tools compare these with PowerShell's grammar and Microsoft's reference
    if (/^(?:(?:"[\w.]+",? )+\|$|ForEach-Object |wsl |Enable-WindowsOptionalFeature |# on Server: )/.test(line)) {
      return [];
    }
    return /^(?:git clone|cd|scp -F ssh\/|rm -r) ?/.test(line) ? [] : [line];
  });
  assert.equal(wrong, []);
  assert.ok(typed.length > 20, `${typed.length} commands`);
  assert.match(wrongWords(["upp"])!, /no command upp/);
  assert.match(wrongWords(["status", "--undo"])!, /takes no --undo/);
});

test("it begins with the command for the main job and the one for the tests", () => {
  const [first = ""] = blocks("sh");
  assert.match(first, /^npm ci && npm run demo -- --yes {2,}#.*\nnpm ci && npm test {2,}#.*\n$/);
});

test("each line of its Windows block is valid in PowerShell 5.1", () => {
  const found = blocks("powershell");
  assert.is(found.length, 2);
  for (const block of found) assert.not.match(block, /&&|\|\||\$\(|^[A-Z_]+=/m);
  // npm and npx alone are scripts there, which the execution policy may refuse
  assert.not.match(found.join(""), /^np[mx] /m);
});

test("each of its configs is valid", () => {
  const configs = [...blocks("yaml"), ...blocks("yaml", own("lib/config/README.md"))];
  assert.ok(configs.length >= 3);
  for (const text of configs) assert.ok(parseConfig(text).machines.length > 0, text);
});

test("each of its links leads to an existing file and heading", () => {
  const links = (path: string) =>
    [...own(path).replace(/^```.*?^```/gms, "").matchAll(/(?:\]\(|src(?:set)?=")([^)"\s]+)[)"]/g)].map(([, to]) => to!)
      .filter((to) => !/^https?:/.test(to));
  const pages = ["README.md", "lib/config/README.md", "scripts/README.md", "lib/README.md", "test/README.md"];
  const wrong = pages.flatMap((page) =>
    links(page).filter((link) => {
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(`${root}/${file}`)) return true;
      if (anchor === undefined) return false;
      const heads = [...own(file).matchAll(/^#+ (.*)$/gm)].map(([, head]) =>
        head!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
      );
      return !heads.includes(anchor);
    }).map((link) => `${page}: ${link}`)
  );
  assert.equal(wrong, []);
});

test("it has at most 1,800 words", () => {
  const count = readme.split(/\s+/).filter(Boolean).length;
  assert.ok(count <= 1800, `${count} words`);
});

test("its pictures show the output of doctor", async () => {
  const here = process.cwd();
  process.chdir(root);
  const pictures = await readmePictures().finally(() => process.chdir(here));
  for (const [path, text] of Object.entries(pictures)) {
    assert.ok(readme.includes(path), path);
    if (process.env.GOLDEN === "write") writeFileSync(`${root}/${path}`, text);
    else assert.is(own(path), text, "GOLDEN=write writes it");
  }
});

test.run();
