// Makes dist/homelab-gpu.mjs, the whole of homelab-gpu in one readable file: npm run bundle [--
// [--for PLATFORM] [FILE]]
// With --for linux, windows or macos it leaves out what only hosts of other platforms use.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, type Plugin } from "esbuild";
import { leftOutOf, platforms } from "./platforms.mts";

const laterImport = /(?:await )?import\("(\.[^"]+)"\)/g;
const root = fileURLToPath(new URL("..", import.meta.url));
const own = (path: string) => readFileSync(`${root}/${path}`, "utf8");
const { version, dependencies } = JSON.parse(own("package.json"));

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

/** A text as it looks, between backquotes. */
const quoted = (text: string) => `\`${text.replace(/[\\`]|\$(?=\{)/g, "\\$&")}\``;

/**
 * zx has the other packages in it. Under its own command they are globals, and Deno fetches it;
 * Node finds what a folder above has installed: each package alone, of which only the needed ones
 * are loaded, or else zx.
 */
const zx = `
const missing = ["ERR_MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED"];
async function findZx() {
  if ("YAML" in globalThis && "minimist" in globalThis) return globalThis;
  if ("Deno" in globalThis) return await import("npm:zx@${dependencies.zx}");
  try {
    return await import("zx");
  } catch (error) {
    if (!missing.includes(error.code)) throw error;
    process.stderr.write(\`homelab-gpu: zx is not installed here\\n  npx -y zx \${process.argv.slice(1).join(" ")}\\n\`);
    process.exit(2);
  }
}
/** A package by itself if it is installed and has these names, else the same names of zx. */
export async function find(name, names, ofZx) {
  if (!("minimist" in globalThis || "Deno" in globalThis)) {
    const found = await import(name).catch((error) => {
      if (!missing.includes(error.code)) throw error;
    });
    if (found && names.every((one) => one in found)) return found;
  }
  return ofZx(await findZx());
}
`;
const yaml = ["Document", "isAlias", "isMap", "isScalar", "isSeq", "Lexer", "Pair", "parseDocument", "Scalar", "visit"]
  .concat("YAMLMap", "YAMLSeq");
const alone = (name: string) =>
  `export default (await find("${name}", ["default"], ({ ${name} }) => ({ default: ${name} }))).default;`;
const packages: Record<string, string> = {
  "zx/core": `export const core = () => find("zx/core", ["$"], (zx) => zx);`,
  chalk: alone("chalk"),
  minimist: alone("minimist"),
  yaml: `export const { ${yaml.join(", ")} } = await find("yaml", ${JSON.stringify(yaml)}, ({ YAML }) => YAML);`,
};

/**
 * An import of these makes Node call each getter that they have, which opens the standard streams
 * and loads all of Web Crypto: a fifth of a start. They are taken without one.
 */
const builtIn: Record<string, string> = {
  "node:process": "export default globalThis.process;",
  "node:crypto": `import { createRequire } from "node:module";
export const createHash = (name) => createRequire(import.meta.url)("node:crypto").createHash(name);`,
};

const entry = join(root, "homelab-gpu.mts");
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

const plugin: Plugin = {
  name: "one file",
  setup(builder) {
    builder.onResolve(
      { filter: /^((npm:)?zx[^.]*|chalk|minimist|yaml)/ },
      ({ path, importer }) => importer === "zx" ? { path, external: true } : { path, namespace: "from zx" },
    );
    builder.onResolve(
      { filter: /^node:(process|crypto)$/ },
      ({ path }) => ({ path, namespace: "without getters" }),
    );
    builder.onLoad({ filter: /./, namespace: "without getters" }, ({ path }) => ({ contents: builtIn[path]! }));
    builder.onLoad({ filter: /./, namespace: "from zx" }, ({ path }) => ({
      contents: path === "zx" ? zx : `import { find } from "zx";\n${packages[path]}`,
      loader: "js",
    }));
    builder.onLoad({ filter: /\/lib\/plan\/bundled\.mts$/ }, () => ({
      contents: [
        "export const bundled = {",
        ...texts.filter((path) => !without.texts.includes(path)).map((path) => `  "${path}": ${quoted(textOf(path))},`),
        "};",
        `export const builtFor = ${platform ? JSON.stringify({ platform, without: without.texts }) : "undefined"};`,
      ].join("\n"),
      loader: "ts",
    }));
    // In one file everything is loaded at once, and needs none of the wrappings of what is loaded
    // later. But it comes after the first modules
    // that the script imports, which may answer without it.
    builder.onResolve({ filter: /^later$/ }, ({ path }) => ({ path, namespace: "later" }));
    builder.onResolve({ filter: /^all later$/ }, ({ path }) => ({ path, namespace: "later" }));
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
      if (without.lists.includes(relative(root, path))) {
        return { contents: emptied(relative(root, path)), loader: "ts" };
      }
      const named = readFileSync(path, "utf8").replaceAll("homelab-gpu.mts", "homelab-gpu.mjs");
      // most of what zx is loaded for is to start programs, and not each command starts one
      const text = named.replaceAll('await import("zx/core")', "await core()").replace(
        laterImport,
        (_, from) => `later["${target(path, from)}"]`,
      );
      const imports = [
        ...(path === entry ? ['import "all later";'] : []),
        ...(text.includes('later["') ? ['import { later } from "later";'] : []),
        ...(text.includes("await core()") ? ['import { core } from "zx/core";'] : []),
      ];
      return { contents: [text, ...imports].join("\n"), loader: "ts" };
    });
  },
};

const { outputFiles } = await build({
  entryPoints: [entry],
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.11",
  charset: "utf8",
  write: false,
  plugins: [plugin],
});
const [first, ...rest] = outputFiles[0]!.text.split("\n");
const head = `// homelab-gpu ${version} in one file${
  platform ? ` for hosts with ${platform}` : ""
}, under the MIT licence. It needs no other file: npx -y zx homelab-gpu.mjs up`;
const out = resolve(positionals[0] ?? `${root}/dist/homelab-gpu.mjs`);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, [first, head, ...rest].join("\n"), { mode: 0o755 });
process.stdout.write(`${out}: ${Math.round(outputFiles[0]!.contents.length / 1024)} KB\n`);
