// Rules for the whole project: where each thing belongs, and which files must agree.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { names } from "../lib/plan/assets.mts";
import { checks } from "../lib/checks/index.mts";
import { commands } from "../lib/cli/commands.mts";
import { completionFor, shells } from "../lib/cli/completion.mts";
import { options } from "../lib/cli/options.mts";
import { machineIds } from "../lib/findings.mts";
import { foreignProviderNames, imageNames, providerNames, suiteNames } from "../lib/config/vocabulary.mts";
import { knownImages, suites } from "../lib/resolve/images.mts";
import { providers } from "../lib/resolve/providers.mts";
import { foreignProviders } from "../lib/resolve/foreign-providers.mts";
import { own, root } from "./fake.mts";

const test = suite("project");
const modules = readdirSync(`${root}/lib`, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".mts")
).map((name) => `lib/${name}`);
const sources = Object.fromEntries([...modules, "homelab-gpu.mts"].map((name) => [name, own(name)]));
/** Whether a module is part of the real shell. */
const isShell = (path: string) => path === "lib/run/shell.mts" || path.startsWith("lib/run/shell/");
const importers = (what: string) =>
  Object.keys(sources).filter((name) => new RegExp(`from "${what}["/]|import\\("${what}["/]`).test(sources[name]!));

test("each package is imported by one module", () => {
  assert.equal(importers("zx").filter((path) => !isShell(path)), []);
  assert.equal(importers("yaml"), ["lib/config/yaml.mts"]);
  assert.equal(importers("chalk"), ["lib/cli/print.mts"]);
  assert.equal(importers("minimist"), ["lib/cli/main.mts"]);
});

/** Folders of `lib`; each may import from folders with a lower number, and from the root files. */
const layers: Record<string, number> = {
  ...{ cli: 9, run: 8, plan: 7, checks: 7, verify: 6, resolve: 5, compose: 4, config: 3, host: 2, root: 1 },
};
const folderOf = (path: string) => (path.split("/").length > 2 ? path.split("/")[1]! : "root");
/** The modules of `lib` that a module imports, including types and dynamic imports. */
const importsOf = (path: string) =>
  [...sources[path]!.matchAll(/(?:from |import\()"(\.[^"]+)"/g)].map(([, to]) => join(dirname(path), to!));

test("a folder imports only to its right", () => {
  assert.equal([...new Set(modules.map(folderOf))].sort(), Object.keys(layers).sort());
  const wrong = modules.flatMap((from) =>
    importsOf(from).filter((to) => folderOf(to) !== folderOf(from) && layers[folderOf(to)]! >= layers[folderOf(from)]!)
      .map((to) => `${from} → ${to}`)
  );
  assert.equal(wrong, []);
});

test("no module imports itself indirectly", () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, above: string[]) => {
    if (above.includes(path)) circles.push([...above.slice(above.indexOf(path)), path].join(" → "));
    if (done.has(path)) return;
    done.add(path);
    for (const to of importsOf(path)) visit(to, [...above, path]);
  };
  for (const path of modules) visit(path, []);
  assert.equal(circles, []);
});

test("no module of lib has over 300 lines", () => {
  const over = modules.filter((path) => sources[path]!.trimEnd().split("\n").length > 300);
  assert.equal(over, []);
});

test("no line of lib has over 120 columns, except regular expressions", () => {
  const over = modules.flatMap((path) =>
    sources[path]!.split("\n").flatMap((line, i) =>
      line.length > 120 && !/^\s*\/[^\s*].*\/[a-z]*[,;]?$/.test(line) ? [`${path}:${i + 1}`] : []
    )
  );
  assert.equal(over, []);
});

test("no regular expression repeats a group that may end in several places: it could take too long", () => {
  const repeats = /\([^()\n]*[+*](?:\[[^\]\n]+\]|\\.|.)[?*]\)[+*]/;
  assert.ok(["/(a+b?)+$/", "/([&!]\\S*\\s*)*$/", "/([A-Z]+[-_ ]?)+$/"].every((text) => repeats.test(text)));
  const found = Object.entries(sources).flatMap(([path, text]) =>
    text.split("\n").flatMap((line, i) => (repeats.test(line) ? [`${path}:${i + 1}`] : []))
  );
  assert.equal(found, []);
});

/** Words that have another word for the same thing, which the project uses everywhere. */
const instead: [RegExp, string][] = [
  [/\bdivid(e|es|ed|ing)\b(?! by)/, "partition"],
  [/\b(GPU parts?|(gets?|its|has|with) (a )?part of|parts? of a (card|GPU))\b/, "partition of the card, GPU partition"],
  [/(?<!hyperv-)\brights\b/, "permission, permissions"],
];

test("no file names a package mirror or registry: those of the host are used", () => {
  const hosts = /\b(?:deb|security|ftp\.\w+)\.debian\.org|\b(?:archive|security)\.ubuntu\.com|\bregistry\.npm/;
  const folders = ["lib", "scripts", "templates", "test", ".ci"].flatMap((folder) =>
    readdirSync(`${root}/${folder}`, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(
      ({ parentPath, name }) => join(parentPath, name).slice(root.length + 1),
    )
  );
  const above = readdirSync(root).filter((name) => /\.(?:md|json|mts)$/.test(name) && name !== "package-lock.json");
  assert.ok(folders.length > 500);
  assert.equal([...folders, ...above].filter((path) => hosts.test(own(path))), []);
});

test("one thing has one word", () => {
  const texts = [...Object.entries(sources), ...["README.md", ...names].map((name) => [name, own(name)] as const)];
  const found = texts.flatMap(([path, text]) =>
    instead.flatMap(([pattern, word]) => {
      const [match] = pattern.exec(text) ?? [];
      return match === undefined ? [] : [`${path}: “${match}”, not “${word}”`];
    })
  );
  assert.equal(found, []);
});

test("the names in the vocabulary are those of the tables", () => {
  assert.equal(providerNames, providers.map(({ name }) => name));
  assert.equal(foreignProviderNames, Object.keys(foreignProviders));
  assert.equal(imageNames, Object.keys(knownImages));
  assert.equal(suiteNames, Object.keys(suites));
});

test("a request is matched to a card in one place, once per request", () => {
  const uses = (name: string) =>
    Object.keys(sources).flatMap((path) =>
      [...sources[path]!.matchAll(new RegExp(`\\b${name}\\(`, "g"))].map(() => path)
    );
  assert.equal(uses("matchCard"), ["lib/resolve/cards.mts", "lib/resolve/resolve.mts"]);
  assert.equal(uses("driverOf"), ["lib/resolve/nvidia.mts", "lib/resolve/resolve.mts"]);
});

test("every parsed fact of a host is read outside its parser", () => {
  const facts = ["types", "pci-types", "windows-types"].map((name) => `lib/host/${name}.mts`);
  const types = facts.map(own).join("\n").replace(/\/\*\*[^]*?\*\//g, "");
  const keys = new Set([...types.matchAll(/(?:^|[{;]) *(\w+)\??:/gm)].map(([, key]) => key!));
  assert.ok(keys.size > 100, `${keys.size} keys`);
  const parsers = [...facts, "lib/host/parse.mts", "lib/host/cut.mts"];
  const readers = modules.filter((path) => !parsers.includes(path) && !path.startsWith("lib/verify/failures/"))
    .map((path) => sources[path]!.replace(/"[^"\n]*"/g, '""'));
  const unread = [...keys].filter((key) =>
    !readers.some((text) => new RegExp(`(\\.|[{,] ?)${key}\\b(?!\\()`).test(text))
  );
  assert.equal(unread, []);
});

test("only the shell uses files and processes", () => {
  const outside = (paths: string[]) => paths.filter((path) => !isShell(path));
  assert.equal(outside(importers("node:fs")), ["homelab-gpu.mts"]);
  assert.equal(outside(importers("node:fs/promises")), []);
  assert.equal(outside(importers("node:child_process")), []);
  assert.equal(
    outside(Object.keys(sources).filter((name) => /console\.|process\.std(out|err)\b/.test(sources[name]!))),
    [],
  );
  assert.equal(
    modules.filter((path) => !isShell(path) && importsOf(path).some((to) => to.startsWith("lib/run/shell/"))),
    [
      "lib/cli/early-programs.mts",
      "lib/cli/main.mts",
      "lib/cli/other-host.mts",
      "lib/cli/quick.mts",
    ],
  );
});

test("every asset exists, and every template and guest script is an asset", () => {
  for (const name of names) own(name);
  const there = readdirSync(`${root}/templates`).filter((name) => !/^homelab-gpu\.|^README|\.schema\.json$/.test(name))
    .map((name) => `templates/${name}`);
  assert.equal(there.filter((name) => !names.includes(name)), []);
});

test("package.json, deno.json and the script agree", () => {
  const { version, dependencies, devDependencies } = JSON.parse(own("package.json"));
  const { imports } = JSON.parse(own("deno.json"));
  assert.match(sources["lib/self.mts"]!, new RegExp(`const version = "${version}";`));
  for (
    const [name, range] of Object.entries<string>({
      ...dependencies,
      uvu: devDependencies.uvu,
      ajv: devDependencies.ajv,
      esbuild: devDependencies.esbuild,
    })
  ) {
    if (name !== "tsx") assert.is(imports[name], `npm:${name}@${range}`);
  }
  assert.equal(Object.keys(dependencies).sort(), ["chalk", "minimist", "tsx", "yaml", "zx"]);
  assert.match(own(".npmrc"), /^node-options=--import tsx$/m);
});

test("the README names every command and option", () => {
  const readme = own("README.md");
  for (const name of Object.keys(commands)) assert.ok(readme.includes(`\`${name}`), `command ${name}`);
  for (const { name } of options) assert.ok(readme.includes(`--${name}`), `option ${name}`);
});

test("each id of a finding has a page, and each page has an id", () => {
  const pages = [...own("lib/checks/README.md").matchAll(/^## (.*)$/gm)].map(([, id]) => id!);
  const ids = [...checks.map(({ id }) => id), ...machineIds];
  assert.equal(pages.toSorted(), ids.toSorted());
  const written = modules.filter((path) => !path.includes("/failures/")).flatMap((path) =>
    [...own(path).matchAll(/\bcheck(?:: | = )"([a-z]+\.[a-z-]+)"/g)].map(([, id]) => id!)
  );
  assert.ok(written.length > 20);
  assert.equal([...new Set(written)].filter((id) => !ids.includes(id)), []);
});

test("completion offers each check and each shell; the README names the shells", () => {
  const ids = checks.map(({ id }) => id);
  for (const shell of shells) {
    const text = completionFor(shell, commands, options, ids);
    assert.equal(
      [...ids, ...shells].filter((word) => !new RegExp(`\\b${word.replace(".", "\\.")}\\b`).test(text)),
      [],
      shell,
    );
  }
  assert.match(own("README.md"), /prints completion for bash, zsh, fish or PowerShell/);
  assert.equal(shells, ["bash", "zsh", "fish", "powershell"]);
});

test("each page of a check says what it reads, why, how to read it by hand and how to fix it", () => {
  for (const page of own("lib/checks/README.md").split(/^## /m).slice(1)) {
    const labels = [...page.matchAll(/^\*\*(.*?)\*\* /gm)].map(([, label]) => label);
    assert.equal(labels, ["Looks at", "Why", "By hand", "Fix"], page.split("\n")[0]);
  }
});

test.run();
