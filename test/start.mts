// How the tests start the script as people do, under the runtime that runs them.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import process from "node:process";
import { root } from "./fake.mts";

const deno = "Deno" in globalThis;

/** What this runtime needs before a TypeScript file's path. Node 20 learns TypeScript from tsx, by its full path, for any folder. */
export const starting = deno
  ? ["run", "-A", `--config=${root}/deno.json`]
  : process.version.startsWith("v20.")
  ? ["--import", `${root}/node_modules/tsx/dist/loader.mjs`]
  : [];

/** What this runtime needs before the path of the one-file build: what `npx zx` brings. Deno brings zx itself. */
export const zx = deno ? ["run", "-A", "--no-config"] : [`${root}/node_modules/zx/build/cli.js`];

// a test's own cache folder is none for Deno, which would fetch its packages anew
const { XDG_CACHE_HOME = `${homedir()}/.cache`, DENO_DIR = `${XDG_CACHE_HOME}/deno` } = process.env;

/** How a program ended, and what it said where. Warnings of Node's own are left out. */
export interface Said {
  code: number;
  out: string;
  err: string;
}

/** Runs this runtime with some words in a folder, whose `none` stands for the user's own configuration. */
export function started(
  words: string[],
  { folder, input, env = {} }: { folder: string; input?: string; env?: Record<string, string> },
): Promise<Said> {
  return new Promise((resolve) => {
    const { NODE_OPTIONS: _, FORCE_COLOR: __, NO_COLOR: ___, ...clean } = process.env;
    const child = execFile(
      process.execPath,
      words,
      { cwd: folder, env: { ...clean, DENO_DIR, XDG_CONFIG_HOME: `${folder}/none`, ...env } },
      (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err: err.replace(/^\(node:.*\n.*\n/, "") }),
    );
    child.stdin!.end(input ?? "");
  });
}
