// Starts the script as users do, with the runtime that runs the tests.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import process from "node:process";
import { root } from "./fake.mts";

const deno = "Deno" in globalThis;

/**
 * This runtime's arguments before a TypeScript file's path. Node 20 needs tsx, by its full path, so
 * that it works in any folder.
 */
export const starting = deno
  ? ["run", "-A", `--config=${root}/deno.json`]
  : process.version.startsWith("v20.")
  ? ["--import", `${root}/node_modules/tsx/dist/loader.mjs`]
  : [];

/**
 * This runtime's arguments before the path of the one-file build: zx's program, which `npx zx`
 * starts. Deno resolves zx itself.
 */
export const zx = deno ? ["run", "-A", "--no-config"] : [`${root}/node_modules/zx/build/cli.js`];

/** Messages name the program by this command, however a test starts it. */
const named = { HOMELAB_GPU_COMMAND: "npx zx homelab-gpu.mts" };

// Deno keeps its cache: with a test's cache folder it would download its packages again
const { XDG_CACHE_HOME = `${homedir()}/.cache`, DENO_DIR = `${XDG_CACHE_HOME}/deno` } = process.env;

/**
 * How a program ended, and its output on each stream, without Node's own warnings and without
 * messages about waiting, which only a slow machine shows.
 */
export interface Said {
  code: number;
  out: string;
  err: string;
}

/**
 * Runs this runtime with these arguments in a folder. The folder `none` in it replaces the user's
 * own configuration.
 */
export function started(
  words: string[],
  { folder, input, env = {} }: { folder: string; input?: string; env?: Record<string, string> },
): Promise<Said> {
  return new Promise((resolve) => {
    const { NODE_OPTIONS: _, FORCE_COLOR: __, NO_COLOR: ___, ...clean } = process.env;
    const child = execFile(
      process.execPath,
      words,
      { cwd: folder, env: { ...clean, DENO_DIR, ...named, XDG_CONFIG_HOME: `${folder}/none`, ...env } },
      (error, out, err) =>
        resolve({
          code: error ? Number(error.code) : 0,
          out,
          err: err.replace(/^\(node:.*\n.*\n/, "").replace(/^homelab-gpu: waiting for .*\n/gm, ""),
        }),
    );
    // a program that ends before it reads closes its end of the pipe
    child.stdin!.on("error", () => {}).end(input ?? "");
  });
}
