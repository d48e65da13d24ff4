/**
 * The start of the one-file build: it runs the program that follows it in the file. The program is
 * in comment lines, which V8 skips, and is compiled by this code. It keeps what V8 compiled in the
 * cache folder for each command, since compiling takes more time than most commands.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { Script } from "node:vm";
import { commands } from "../lib/cli/commands.mts";
import { compiledFolder } from "../lib/cli/compiled-folder.mts";
import "../lib/run/shell/runtime.mts";
import "../lib/cli/early-login.mts";
import "../lib/cli/quick.mts";

type Builtin = (name: string) => unknown;
type Program = (builtin: Builtin, meta: ImportMeta) => Promise<void>;
declare const builtin: Builtin;

// undefined or not a path for a program that came from a pipe or an address
const path = import.meta.filename ?? "";
if (!existsSync(path)) {
  process.stderr.write("homelab-gpu: this program reads its own file: save it, then run it: node homelab-gpu.mjs up\n");
  process.exit(2);
}
const file = readFileSync(path);

/** Where the program begins. */
const begins = file.indexOf("\n//(async function (") + 1;
const linesOf = (text: string) => text.split("\n").length - 1;

/** The program: lines behind `//`, and between them compressed lines behind `//|`, which stay as many lines. */
function unpacked(): string {
  const { brotliDecompressSync } = builtin("node:zlib") as typeof import("node:zlib");
  return file.toString("utf8", begins).split(/((?:^\/\/\|.*\n)+)/m).map((part) => {
    if (!part.startsWith("//|")) return part.replace(/^\/\//gm, "");
    const text = brotliDecompressSync(Buffer.from(part.replace(/^\/\/\|/gm, ""), "base64")).toString();
    return text + "\n".repeat(linesOf(part) - linesOf(text));
  }).join("");
}

/** The names of kept compilations begin with it. */
const prefix = "one-file-";

/** A kept compilation: the program, V8's data, and the commands whose parts are in it. */
interface Kept {
  program: string;
  data: Buffer;
  commands: string[];
}

/**
 * What this user kept for this very file, if anything. The data is there twice: V8 does not survive
 * damaged data, and comparing takes less time than loading what computes a checksum.
 */
function kept(place: string): Kept | undefined {
  try {
    const opened = openSync(place, "r");
    try {
      const uid = process.geteuid?.();
      if (uid !== undefined && fstatSync(opened).uid !== uid) return undefined;
      const bytes = readFileSync(opened);
      let end = 16;
      const [same, names, program, data, again] = [0, 4, 8, 12, 12].map((at) => {
        const start = end;
        end += bytes.readUInt32LE(at);
        return bytes.subarray(start, end);
      }) as [Buffer, Buffer, Buffer, Buffer, Buffer];
      if (bytes.length !== end || !same.equals(file) || !data.equals(again)) return undefined;
      return { program: program.toString(), data, commands: names.toString().split(" ") };
    } finally {
      closeSync(opened);
    }
  } catch {
    return undefined;
  }
}

/** Keeps a compilation; without a writable folder the next start compiles again. */
function keep(folder: string, place: string, { program, data, commands }: Kept): void {
  const parts = [file, Buffer.from(commands.join(" ")), Buffer.from(program), data];
  const sizes = Buffer.alloc(16);
  parts.forEach(({ length }, i) => sizes.writeUInt32LE(length, i * 4));
  const unfinished = `${place}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // wx: in a folder where others may write, it follows no link
    writeFileSync(unfinished, Buffer.concat([sizes, ...parts, data]), { mode: 0o600, flag: "wx" });
    renameSync(unfinished, place);
    removeOld(folder);
  } catch {
    try {
      rmSync(unfinished, { force: true });
    } catch {
      // nothing can be written there
    }
  }
}

/**
 * Removes what was kept more than 30 days ago, most of it for runtimes that were updated since. A
 * runtime that is still used keeps it again.
 */
function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const old = `${folder}/${name}`;
    if (name.startsWith(prefix) && Date.now() - statSync(old).mtimeMs > 30 * 24 * 3600_000) rmSync(old);
  }
}

const words = process.argv.slice(2);
const command = `${words.find((word) => Object.hasOwn(commands, word)) ?? "none"}${
  words.includes("--host") ? "-host" : ""
}`;
const folder = compiledFolder();
// the tables of explain are large, and reading what V8 made of them takes long
const group = command.startsWith("explain") ? "explain" : "others";
const place = folder && `${folder}/${prefix}${process.versions.v8}-${process.arch}-${group}`;
const found = place ? kept(place) : undefined;
const program = found?.program ?? unpacked();
const script = new Script(program, {
  filename: path,
  // so that a line of a stack trace is one of the file
  lineOffset: linesOf(file.toString("utf8", 0, begins)),
  ...(found ? { cachedData: found.data } : {}),
});
const before = found && !script.cachedDataRejected ? found.commands : [];
if (folder && place && !before.includes(command)) {
  process.on("exit", (code) => {
    // a command line with mistakes does not need the parts of its command
    if (code < 2) keep(folder, place, { program, data: script.createCachedData(), commands: [...before, command] });
  });
}
await (script.runInThisContext() as Program)(builtin, import.meta);
