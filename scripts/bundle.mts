// Makes dist/homelab-gpu.mjs, the whole of homelab-gpu in one readable file: npm run bundle [-- FILE]
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const own = (path: string) => readFileSync(`${root}/${path}`, "utf8");
const { version, dependencies } = JSON.parse(own("package.json"));

/** What the file has inside: by path, every template and every script that runs elsewhere. The schema is made from the table of keys. */
const texts = [
  ...readdirSync(`${root}/templates`).filter((name) => !/\.(json|md)$/.test(name)).map((name) => `templates/${name}`),
  ...readdirSync(`${root}/scripts`).filter((name) => !/\.(mts|md)$/.test(name)).map((name) => `scripts/${name}`),
  "lib/checks/README.md",
];

/** A text as it looks, between backquotes. */
const quoted = (text: string) => `\`${text.replace(/[\\`]|\$(?=\{)/g, "\\$&")}\``;

/**
 * zx has the other packages in it. Under its own command they are globals, and Deno fetches it; Node finds it where a folder above has it
 * installed.
 */
const zx = `
async function findZx() {
  if ("YAML" in globalThis && "minimist" in globalThis) return globalThis;
  if ("Deno" in globalThis) return await import("npm:zx@${dependencies.zx}");
  try {
    return await import("zx");
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write(\`homelab-gpu: zx is not installed here\\n  npx -y zx \${process.argv.slice(1).join(" ")}\\n\`);
    process.exit(2);
  }
}
export const zx = await findZx();
`;
const packages: Record<string, string> = {
  "zx/core": "export const { $ } = zx;",
  chalk: "export default zx.chalk;",
  minimist: "export default zx.minimist;",
  yaml:
    "export const { Document, isAlias, isMap, isScalar, isSeq, Lexer, Pair, parseDocument, Scalar, visit, YAMLMap, YAMLSeq } = zx.YAML;",
};

const plugin: Plugin = {
  name: "one file",
  setup(builder) {
    builder.onResolve(
      { filter: /^((npm:)?zx[^.]*|chalk|minimist|yaml)/ },
      ({ path, importer }) => importer === "zx" ? { path, external: true } : { path, namespace: "from zx" },
    );
    builder.onLoad({ filter: /./, namespace: "from zx" }, ({ path }) => ({
      contents: path === "zx"
        ? `import process from "node:process";${zx}`
        : `import { zx } from "zx";\n${packages[path]}`,
      loader: "js",
    }));
    builder.onLoad({ filter: /\/lib\/plan\/bundled\.mts$/ }, () => ({
      contents: `export const bundled = {\n${
        texts.map((path) => `  "${path}": ${quoted(own(path))},`).join("\n")
      }\n};\n`,
      loader: "ts",
    }));
    // in one file everything is loaded at once, and needs none of the wrappings of what is loaded later
    builder.onLoad({ filter: /\.mts$/ }, ({ path }) => {
      const later: string[] = [];
      const text = readFileSync(path, "utf8").replaceAll("homelab-gpu.mts", "homelab-gpu.mjs").replace(
        /await import\(("[^"]+")\)|import\(("\.[^"]+")\)/g,
        (_, awaited, promised) => `later${later.push(awaited ?? promised)}`,
      );
      const imports = later.map((from, i) => `import * as later${i + 1} from ${from};\n`).join("");
      return { contents: `${text}\n${imports}`, loader: "ts" };
    });
  },
};

const { outputFiles } = await build({
  entryPoints: [`${root}/homelab-gpu.mts`],
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
const head =
  `// homelab-gpu ${version} in one file, under the MIT licence. It needs nothing beside it: npx -y zx homelab-gpu.mjs up`;
const out = resolve(process.argv[2] ?? `${root}/dist/homelab-gpu.mjs`);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, [first, head, ...rest].join("\n"), { mode: 0o755 });
process.stdout.write(`${out}: ${Math.round(outputFiles[0]!.contents.length / 1024)} KB\n`);
