/** Runs this project's PowerShell on a fake Windows, with real PowerShell 7. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { root } from "../fake.mts";

let program: string | undefined;

/** The path of PowerShell 7. Throws if it is not available. */
export function programPath(): string {
  return program ??= execFileSync("sh", [`${root}/test/windows/powershell.sh`], { encoding: "utf8" }).trim();
}

/** The JSON output of a script of this folder for a JSON input. Throws if PowerShell is not available. */
export function powershell<T>(script: string, input: unknown): T {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu powershell-"));
  try {
    writeFileSync(join(folder, "input.json"), JSON.stringify(input));
    const words = [
      "-NoLogo",
      "-NoProfile",
      "-NonInteractive",
      "-File",
      `${root}/test/windows/${script}`,
      join(folder, "input.json"),
    ];
    const env = { ...process.env, POWERSHELL_TELEMETRY_OPTOUT: "1", POWERSHELL_UPDATECHECK: "Off", NO_COLOR: "1" };
    return JSON.parse(execFileSync(programPath(), words, { encoding: "utf8", env, maxBuffer: 1 << 28 })) as T;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One script on a simulated Windows. */
export interface Run {
  /** Its path, absolute or below the project. */
  script: string;
  words?: Record<string, string | number>;
  /** Parts of the state that were changed by something else before. */
  change?: Record<string, unknown>;
  removeVm?: boolean;
  /** Properties of the VMs that were changed by something else before, such as their state. */
  vm?: Record<string, unknown>;
  /** Ends the script before this change, counted from 0. */
  kill?: number;
  /** Errors with which cmdlets refuse, once each. */
  fail?: Record<string, string>;
}
/** The end of a run. */
export interface Result {
  code: number;
  out: string[];
  error: string;
  killed: boolean;
  log: string[];
  files: { path: string; text: string }[];
  // deno-lint-ignore no-explicit-any
  state: any;
}

/** A simulated Windows, and the scripts that run on it in order. */
export interface Entry {
  state: unknown;
  runs: Run[];
}

const planned: Entry[] = [];
let results: Result[][] | undefined;

/**
 * Plans runs of scripts, and returns a function with their results. All runs that a test file plans
 * share one PowerShell, which takes seconds to start; it starts when the first results are needed.
 */
export function plan(entries: Entry[]): () => Result[][] {
  const at = planned.length;
  planned.push(...entries);
  return () => {
    results ??= powershell<Result[][]>(
      "run.ps1",
      planned.map(({ state, runs }) => ({
        state,
        runs: runs.map((run) => ({ ...run, script: resolve(root, run.script) })),
      })),
    );
    return results.slice(at, at + entries.length);
  };
}
