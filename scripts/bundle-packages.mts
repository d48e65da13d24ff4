// The packages and Node's own modules in the one-file build.
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import type { PluginBuild } from "esbuild";

/** The packages that the file has in it. */
const packages = ["chalk", "minimist", "yaml", "zx"];

/** The licences of the packages, as comment lines. */
export function licences(root: string): string {
  return packages.map((name) => {
    const folder = join(root, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = readdirSync(folder).find((path) => /^licen[cs]e(\.\w+)?$/i.test(path));
    if (text === undefined) throw new Error(`${name} has no licence`);
    // Apache's licence is printed once, by its address, beside the name of who holds the rights
    const whole = readFileSync(join(folder, text), "utf8").replaceAll("\r", "").trim();
    return `// With ${name} ${version} (${license}):\n${whole.replace(/^/gm, "// ").replace(/ +$/gm, "")}\n`;
  }).join("//\n");
}

const importing = /^import (?:(?!type)[^"']*?)\{([^}]*)\}\s*from ["'](node:[\w\/]+)["']/gm;

/** The names that modules import from each of Node's own modules. */
function namesOf(root: string): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  const files = readdirSync(join(root, "lib"), { recursive: true, encoding: "utf8" }).map((path) => `lib/${path}`)
    .filter((path) => path.endsWith(".mts"));
  for (const path of [...files, "scripts/bundle-start.mts", "homelab-gpu.mts"].map((path) => join(root, path))) {
    for (const [, list, name] of readFileSync(path, "utf8").matchAll(importing)) {
      const words = list!.split(",").map((word) => word.trim()).filter((word) => word && !word.startsWith("type "));
      const known = names.get(name!) ?? new Set();
      for (const word of words) known.add(word.split(" ")[0]!);
      names.set(name!, known);
    }
  }
  return names;
}

/** Modules that take long to load and that not each command uses. */
const slow = ["node:crypto", "node:child_process", "node:net", "node:fs/promises", "node:util"];

/**
 * Puts the packages into the file, and takes Node's own modules by `builtin`, a function that the
 * module `builtinFrom` exports: an `import` of one calls each getter that it has, which opens the
 * standard streams and loads all of Web Crypto.
 */
export function withPackages(builder: PluginBuild, root: string, builtinFrom: string): void {
  const names = namesOf(root);
  builder.onResolve({ filter: /^yaml$/ }, () => ({ path: join(root, "node_modules/yaml/browser/index.js") }));
  // the program decides about colours, and uses the basic ones
  builder.onResolve({ filter: /^#supports-color$/ }, ({ path }) => ({ path, namespace: "colours" }));
  builder.onLoad({ filter: /./, namespace: "colours" }, () => ({
    contents: "export default { stdout: { level: 1 }, stderr: { level: 1 } };",
  }));
  builder.onResolve({ filter: /^zx$/ }, ({ path }) => ({ path, namespace: "zx" }));
  builder.onLoad({ filter: /./, namespace: "zx" }, () => ({
    contents: 'export const core = async () => require("zx/core");',
    resolveDir: root,
  }));
  builder.onResolve({ filter: /^builtin$/ }, ({ path }) => ({ path, namespace: "builtin" }));
  builder.onLoad({ filter: /./, namespace: "builtin" }, () => ({ contents: builtinFrom }));
  builder.onResolve({ filter: /^[\w:\/]+$/ }, ({ path, kind }) => {
    if (!isBuiltin(path) || kind === "dynamic-import") return undefined;
    const name = path.startsWith("node:") ? path : `node:${path}`;
    return { path: name, namespace: kind === "require-call" ? "required" : "imported" };
  });
  builder.onLoad({ filter: /./, namespace: "required" }, ({ path }) => ({
    contents: path === "node:process"
      ? "module.exports = globalThis.process;"
      : `module.exports = getBuiltin("${path}");`,
  }));
  builder.onLoad({ filter: /./, namespace: "imported" }, ({ path }) => {
    if (path === "node:process") return { contents: "export default globalThis.process;" };
    const own = [...names.get(path) ?? []].sort();
    const exported = slow.includes(path)
      ? own.map((name) => `export const ${name} = (...all) => builtin("${path}").${name}(...all);`)
      : [`const found = builtin("${path}");`, "export default found;", `export const { ${own.join(", ")} } = found;`];
    return { contents: ['import { builtin } from "builtin";', ...exported].join("\n") };
  });
}
