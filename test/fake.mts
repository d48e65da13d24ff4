// Shared by the tests: a fake shell, the project's own files, golden files.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Options } from "../lib/cli/context.mts";
import type { CommandResult, Shell } from "../lib/shell.mts";
import * as assert from "uvu/assert";

// terminals of tests show UTF-8, whatever this machine's locale is
process.env.LC_ALL = "C.UTF-8";
if (process.env.TERM === "linux") process.env.TERM = "xterm";
// uvu sets it in a terminal
delete process.env.FORCE_COLOR;

/** Path of this project's folder, without a trailing slash. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** A file of this project. */
export const own = (path: string) => readFileSync(`${root}/${path}`, "utf8");

/**
 * The machine in the original design document, unchanged; its services are C# there. Ends within
 * `gpu:`.
 */
export const originalExample = `
machines:
  - name: devlab-gpu-worker
    box: frenchexdev/alpine-3.21-gpuhost
    cpus: 8
    memory: 16384
    gpu:
      enabled: true
      vendor_id: 10de
      device_id: 2786       # RTX 4070
      mode: passthrough
`;

/** The options of a command without arguments. */
export const options: Options = {
  json: false,
  dryRun: false,
  yes: false,
  gpu: true,
  recreate: false,
  data: false,
  pull: false,
  follow: false,
  apply: false,
  undo: false,
  quiet: false,
  verbose: false,
  color: false,
};

/**
 * Creates programs with these texts in a folder `bin` below this one, and returns the environment
 * in which they come first.
 */
export function standIns(folder: string, programs: Record<string, string>): NodeJS.ProcessEnv {
  const bin = `${folder}/bin`;
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(`${bin}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  return { ...process.env, PATH: `${bin}:${process.env.PATH}` };
}

/**
 * A shell with files in memory and a table of answers: the first entry applies whose key the
 * command begins with.
 */
export function fakeShell(files: Record<string, string> = {}, answers: Record<string, Partial<CommandResult>> = {}) {
  const disk = new Map(Object.entries(files));
  const asked: string[] = [];
  const said: string[] = [];
  const printed: string[] = [];
  const shell: Shell = {
    capture: (command) => {
      asked.push(command.join(" "));
      const found = Object.entries(answers).find(([words]) => command.join(" ").startsWith(words))?.[1];
      return Promise.resolve({
        ok: found?.code === undefined || found.code === 0,
        code: 0,
        out: "",
        err: "",
        ...found,
      });
    },
    run: (command) => {
      asked.push(command.join(" "));
      return Promise.resolve({ code: 0, tail: [] });
    },
    interactive: (command) => {
      asked.push(command.join(" "));
      return Promise.resolve(0);
    },
    read: (path) => Promise.resolve(disk.get(path)),
    readTail: (path, bytes) => {
      const text = disk.get(path);
      return Promise.resolve(
        text === undefined ? undefined : { text: text.slice(-bytes), skipped: Math.max(0, text.length - bytes) },
      );
    },
    save: (path, text) => Promise.resolve(void disk.set(path, text)),
    write: (path, text) => Promise.resolve(void disk.set(path, text)),
    create: (path, text) => Promise.resolve(disk.has(path) ? false : (disk.set(path, text), true)),
    ensurePrivateDir: () => Promise.resolve(),
    remove: (path) => Promise.resolve(void disk.delete(path)),
    fingerprint: (path) => Promise.resolve(disk.has(path) ? "1 1" : undefined),
    walk: (path, enters) => {
      const paths = [...disk.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) =>
        name.slice(path.length + 1)
      );
      const above = paths.flatMap((name) =>
        name.split("/").slice(0, -1).map((_, i, all) => all.slice(0, i + 1).join("/"))
      );
      const folders = [...new Set(above)];
      const open = (name: string) =>
        folders.filter((folder) => name.startsWith(`${folder}/`)).every((folder) => enters(folder));
      const entries = [
        ...folders.map((name) => ({ path: name, kind: "folder" as const, mode: 0o755, size: 0, mtime: 0 })),
        ...paths.map((name) => {
          const text = disk.get(`${path}/${name}`)!;
          // the contents replace the time of change, which the disk in memory does not have
          const mtime = [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1e9, 7);
          return { path: name, kind: "file" as const, mode: 0o644, size: text.length, mtime };
        }),
      ];
      const found = entries.filter((one) => open(one.path)).sort((a, b) => (a.path < b.path ? -1 : 1));
      return Promise.resolve(paths.length > 0 ? found : undefined);
    },
    list: (path) => {
      const below = [...disk.keys()].filter((name) => name.startsWith(`${path}/`));
      return Promise.resolve([...new Set(below.map((name) => name.slice(path.length + 1).split("/")[0]!))]);
    },
    signal: () => Promise.resolve(false),
    pid: process.pid,
    close: () => {},
    interrupted: false,
    stdout: (text) => void (said.push(text), printed.push(text)),
    stderr: (text) => void said.push(text),
    confirm: () => Promise.resolve(false),
    ask: () => Promise.resolve(""),
    platform: "linux",
    terminal: { in: false, out: false, err: false, columns: 80 },
  };
  return { shell, disk, asked, said, printed };
}

/** Compares a text with test/golden/NAME, or writes it if GOLDEN=write. */
export function golden(name: string, text: string): void {
  const path = `${root}/test/golden/${name}`;
  if (process.env.GOLDEN === "write") writeFileSync(path, text);
  assert.fixture(text, readFileSync(path, "utf8"), `golden/${name}`);
}

/** A generator of the same numbers in every run (mulberry32). */
export function random(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  function pick<T>(items: T[]): T {
    return items[below(items.length)]!;
  }
  return { next, below, pick };
}
