// The real script as users start it, in a process whose output can be read while it runs.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { root } from "../fake.mts";

/** A started script: its output until now, and its exit code once it has ended. */
export interface Started {
  child: ChildProcess;
  said: () => string;
  ended: Promise<number>;
}

const script = () => ["--import", "tsx", "node_modules/.bin/zx", process.env.SCRIPT ?? "homelab-gpu.mts"];

/**
 * Starts the script (SCRIPT names another, such as the one-file build) as `npx zx` does, in one
 * process that can be killed by its id.
 */
export function startScript(words: string[], env: NodeJS.ProcessEnv): Started {
  const child = spawn(process.execPath, [...script(), ...words], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => text += chunk);
  const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  return { child, said: () => text, ended };
}

/** Runs the script to its end, and returns its output. Nothing else in this process runs meanwhile. */
export function runScript(words: string[], env: NodeJS.ProcessEnv): string {
  const { stdout, stderr } = spawnSync(process.execPath, [...script(), ...words], { cwd: root, env, encoding: "utf8" });
  return stdout + stderr;
}

/** Waits until a script prints a text; throws if it ends before. */
export async function says({ said, ended }: Started, what: RegExp): Promise<void> {
  let over = false;
  ended.then(() => over = true);
  for (; !what.test(said()); await new Promise((resolve) => setTimeout(resolve, 200))) {
    if (over) throw new Error(`it ended before it said ${what}:\n${said().slice(-3000)}`);
  }
}
