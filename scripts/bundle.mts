// Makes dist/homelab-gpu.mjs, the whole of homelab-gpu in one file: npm run bundle [--
// [--for PLATFORM] [FILE]]
// With --for linux, windows or macos it leaves out what only hosts of other platforms use.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync } from "node:zlib";
import { build, type Plugin, transformSync } from "esbuild";
import { licences, withPackages } from "./bundle-packages.mts";
import { leftOutOf, platforms } from "./platforms.mts";

const laterImport = /(?:await )?import\("(\.[^"]+)"\)/g;
const root = fileURLToPath(new URL("..", import.meta.url));
const own = (path: string) => readFileSync(`${root}/${path}`, "utf8");
const { version } = JSON.parse(own("package.json"));

/**
 * What the file has inside: by path, every template and every script that runs elsewhere. The
 * schema is made from the table of keys.
 */
const texts = [
  ...readdirSync(`${root}/templates`).filter((name) => !/\.(json|md)$/.test(name)).map((name) => `templates/${name}`),
  ...readdirSync(`${root}/scripts`).filter((name) => !/\.(m[tj]s|md)$/.test(name)).map((name) => `scripts/${name}`),
  "lib/checks/README.md",
];

const { values, positionals } = parseArgs({ options: { for: { type: "string" } }, allowPositionals: true });
const platform = platforms.find((name) => name === values.for);
if (values.for !== undefined && !platform) {
  process.stderr.write(`bundle: --for takes one of ${platforms.join(", ")}\n`);
  process.exit(2);
}
const without = platform ? leftOutOf(platform) : { texts: [], lists: [] };

/** A text of the project; of the pages of the checks what `explain` prints. */
const textOf = (path: string) => path === "lib/checks/README.md" ? own(path).replace(/^.*?(?=^## )/ms, "") : own(path);

/** A module that exports functions which return lists, with empty ones. */
function emptied(path: string): string {
  const exported = [...own(path).matchAll(/^export (?!type)(?:const (\w+) = \(\): \w+\[\] =>)?/gm)].map(([, name]) =>
    name
  );
  if (exported.length === 0 || exported.includes(undefined)) throw new Error(`${path} exports more than lists`);
  return exported.map((name) => `export const ${name} = () => [];`).join("\n");
}

/** The getter of a text, on one line: V8 reads over it, and the text is made when it is used. */
const getter = (path: string) =>
  `  get "${path}"() { return JSON.parse(${JSON.stringify(JSON.stringify(textOf(path)))}); },`;

const entry = join(root, "homelab-gpu.mts");
const start = join(root, "scripts/bundle-start.mts");
/** The path in this project of what a module at a path imports. */
const target = (path: string, from: string) => relative(root, join(dirname(path), from));
/** The modules that others load when they need them. */
const loadedLater = [
  ...new Set(
    [entry, ...readdirSync(`${root}/lib`, { recursive: true, encoding: "utf8" }).map((name) => join(root, "lib", name))]
      .filter((path) => path.endsWith(".mts"))
      .flatMap((path) => [...readFileSync(path, "utf8").matchAll(laterImport)].map(([, from]) => target(path, from!))),
  ),
].sort();

/** What finds causes in logs: a third of the program, which most commands do not need. */
const catalogue = "lib/verify/failures/index.mts";

/** A module with the functions of the catalogue, which is run when one of them is called. */
function lateCatalogue(): string {
  const names = [...own(catalogue).matchAll(/^export (?!type)(?:(?:function|const) (\w+)(?: = )?\()?/gm)].map((
    [, name],
  ) => name);
  if (names.length === 0 || names.includes(undefined)) throw new Error(`${catalogue} exports more than functions`);
  return [
    "let found;",
    ...names.map((name) => `export const ${name} = (...all) => (found ??= catalogue()).${name}(...all);`),
  ].join("\n");
}

/** The modules that have the lists of the catalogue: each list is loaded when an entry of it is needed. */
const listModules = ["lists", "engines", "host-lists"].map((name) => `lib/verify/failures/${name}.mts`);
/** A module of lists whose entries are in modules that are loaded later. */
const lateLists = (path: string): string =>
  own(path).replace(
    /^import \{([^}]*)\} from "(\.\/[^"]+)";$/gm,
    (whole, names: string, from: string) =>
      listModules.includes(target(path, from)) ? whole : names.split(",").map((name) => name.trim()).filter(Boolean)
        .map((name) => `const ${name} = () => require("${from}").${name}();`).join("\n"),
  );
/** The index of the catalogue, once it was built. */
const index: { text?: string } = {};

/** A program of the one file: what it is built of, and how it gets at Node's own modules. */
function plugin(builtinFrom: string, main: string): Plugin {
  return {
    name: "one file",
    setup(builder) {
      withPackages(builder, root, builtinFrom);
      builder.onLoad({ filter: /\/lib\/plan\/bundled\.mts$/ }, () => ({
        contents: [
          "export const bundled = {",
          ...texts.filter((path) => !without.texts.includes(path)).map(getter),
          "};",
          `export const builtFor = ${platform ? JSON.stringify({ platform, without: without.texts }) : "undefined"};`,
        ].join("\n"),
        loader: "ts",
      }));
      // In one file everything is loaded at once, and needs none of the wrappings of what is loaded later.
      builder.onResolve({ filter: /^(all )?later$/ }, ({ path }) => ({ path, namespace: "later" }));
      builder.onLoad({ filter: /^later$/, namespace: "later" }, () => ({ contents: "export const later = {};" }));
      builder.onLoad({ filter: /^all later$/, namespace: "later" }, () => ({
        contents: [
          'import { later } from "later";',
          ...loadedLater.map((path, i) => `import * as module${i} from "./${path}";`),
          `Object.assign(later, { ${loadedLater.map((path, i) => `"${path}": module${i}`).join(", ")} });`,
        ].join("\n"),
        resolveDir: root,
      }));
      builder.onLoad({ filter: /\.mts$/ }, ({ path }) => {
        if (main === entry && relative(root, path) === catalogue) return { contents: lateCatalogue(), loader: "js" };
        const inside = relative(root, path);
        // a second copy of parts of the catalogue, which are loaded late
        if (main === entry && inside.startsWith(dirname(catalogue))) {
          throw new Error(`${inside} is only for ${catalogue}`);
        }
        if (without.lists.includes(inside)) return { contents: emptied(inside), loader: "ts" };
        if (listModules.includes(inside)) {
          return { contents: lateLists(inside), loader: "ts", resolveDir: dirname(path) };
        }
        if (inside === "lib/verify/failures/ready.mts" && index.text !== undefined) {
          return { contents: `export const ready = () => JSON.parse(${JSON.stringify(index.text)});`, loader: "js" };
        }
        const named = readFileSync(path, "utf8").replaceAll("homelab-gpu.mts", "homelab-gpu.mjs");
        // most of what zx is loaded for is to start programs, and not each command starts one
        const text = named.replaceAll('await import("zx/core")', "await core()").replace(laterImport, (whole, from) => {
          const module = `later["${target(path, from)}"]`;
          // without await, the code uses the promise
          return whole.startsWith("await") ? module : `Promise.resolve(${module})`;
        });
        const imports = [
          ...(text.includes('later["') ? ['import { later } from "later";'] : []),
          ...(path === start ? ['import { builtin } from "builtin";'] : []),
          ...(text.includes("await core()") ? ['import { core } from "zx";'] : []),
        ];
        // the start of the file has run what the script imports first
        const own = path === entry ? text.replace(/^import "\.\/lib.*$/gm, "") + '\nimport "all later";' : text;
        return { contents: [own, ...imports].join("\n"), loader: "ts" };
      });
    },
  };
}

/**
 * Bundles a module of this project and returns the text, in ASCII: V8 stores other texts in twice the bytes. With
 * `globalName`, a variable of this name has what the module exports.
 */
async function bundle(
  path: string,
  builtinFrom: string,
  { define = {}, globalName }: { define?: Record<string, string>; globalName?: string } = {},
): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path],
    absWorkingDir: root,
    bundle: true,
    ...(globalName === undefined ? { format: "esm" } : { format: "iife", globalName }),
    platform: "node",
    target: "node20.11",
    define,
    write: false,
    plugins: [plugin(builtinFrom, path)],
  });
  // esbuild escapes everything but regular expressions
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return outputFiles[0]!.text.replace(/^#!.*\n/, "").replace(/[^\n -~]/g, escaped);
}

/** Where a module begins in a bundle: before the comment with its path. */
const moduleBegin = /^(?=\/\/ \S+\.[cm]?[tj]s$)/m;

/**
 * The program behind the start: its own code in comment lines, tables, texts and packages compressed. Behind it is the
 * catalogue, a program of its own that is loaded when it is needed. What is compressed has fewer lines than its text:
 * the start adds empty ones, so that a line of a stack trace is a line of the file.
 */
function stored(program: string): string {
  const parts = program.split(moduleBegin);
  const isPacked = (part: string) =>
    /^\/\/ (lib\/verify\/failures\/|lib\/plan\/bundled\.mts|node_modules\/)/.test(part);
  const runs: string[] = [];
  parts.forEach((part, i) => {
    if (i > 0 && isPacked(part) === isPacked(parts[i - 1]!)) runs[runs.length - 1] += part;
    else runs.push(part);
  });
  return runs.map((run) => {
    if (!isPacked(run)) {
      if (/^[|]/m.test(run)) throw new Error("a line of the program begins with the mark of compressed lines");
      return run.replace(/^/gm, "//").replace(/\/\/$/, "");
    }
    const dense = transformSync(run, { minifyWhitespace: true }).code;
    const packed = brotliCompressSync(dense);
    const lines = packed.toString("base64").replace(/.{1,116}/g, "//|$&\n");
    if (dense.split("\n").length > lines.split("\n").length) throw new Error("more lines than the file has for them");
    return lines;
  }).join("");
}

const begin = "(async function (getBuiltin, meta, catalogue) {";
const inside = "export const builtin = getBuiltin;";
const define = { "import.meta.url": "meta.url" };
const lateBundle = () => bundle(join(root, catalogue), inside, { define, globalName: "found" });
index.text = JSON.stringify(new Function("getBuiltin", "meta", `${await lateBundle()}return found.catalogueIndex();`)(
  process.getBuiltinModule,
  import.meta,
));
const program = `${begin}\n"use strict";\n${await bundle(entry, inside, { define })}\n})\n`;
const late = `// ${catalogue}\n(function (getBuiltin, meta) {\n"use strict";\n${await lateBundle()}return found;\n})\n`;
const head = `#!/usr/bin/env zx
// homelab-gpu ${version} in one file${platform ? ` for hosts with ${platform}` : ""}, under the MIT licence.
// It needs no other file and no package: node homelab-gpu.mjs up
`;
const text = [
  head,
  await bundle(
    start,
    "export const builtin = globalThis.process.getBuiltinModule ??\n" +
      '  (await import("node:module")).createRequire(import.meta.url);',
  ),
  `\n${licences(root)}`,
  "\n// The program. This start reads it from these lines.\n",
  stored(program + late),
].join("");
const odd = /.*[^\n -~].*/.exec(text);
if (odd) throw new Error(`outside of ASCII: ${odd[0]}`);
const out = resolve(positionals[0] ?? `${root}/dist/homelab-gpu.mjs`);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, text, { mode: 0o755 });
process.stdout.write(`${out}: ${Math.round(text.length / 1024)} KB\n`);
