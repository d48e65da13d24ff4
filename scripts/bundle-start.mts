/**
 * The start of the one-file build: it runs the program that follows it in the file. The program is
 * in comment lines, which V8 skips, and is compiled by this code. It keeps the program's text and, for each
 * command, what V8 compiled of it in the cache folder: compiling takes more time than most commands.
 */
import {
  closeSync,
  fstatSync,
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
import { makeFolder } from "../lib/run/shell/make-folder.mts";
import "../lib/run/shell/runtime.mts";
import "../lib/cli/early-programs.mts";
import "../lib/cli/quick.mts";

type Builtin = (name: string) => unknown;
type Parts = "program" | "catalogue";
type Catalogue = (builtin: Builtin, meta: ImportMeta) => unknown;
type Program = (builtin: Builtin, meta: ImportMeta, catalogue: () => unknown) => Promise<void>;
declare const builtin: Builtin;

// undefined or not a path for a program that came from a pipe or an address
const path = import.meta.filename ?? "";
const stat = path === "" ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false });
if (!stat) {
  process.stderr.write("homelab-gpu: this program reads its own file: save it, then run it: node homelab-gpu.mjs up\n");
  process.exit(2);
}
/**
 * Identifies this very file without reading it: each change gives it another ctime, which no program can
 * set (stat(2)).
 */
const identity = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(" ");

const linesOf = (text: string) => text.split("\n").length - 1;

/** A program in this file, and the number of lines before it. */
interface Text {
  program: string;
  above: number;
}

let texts: Record<Parts, Text> | undefined;

/**
 * The program: lines behind `//`, and between them compressed lines behind `//|`, which stay as many lines. The last
 * compressed lines are the catalogue.
 */
function unpacked(): Record<Parts, Text> {
  if (texts) return texts;
  const { brotliDecompressSync } = builtin("node:zlib") as typeof import("node:zlib");
  const file = readFileSync(path);
  const begins = file.indexOf("\n//(async function (") + 1;
  const parts = file.toString("utf8", begins).split(/((?:^\/\/\|.*\n)+)/m).map((part) => {
    if (!part.startsWith("//|")) return part.replace(/^\/\//gm, "");
    const text = brotliDecompressSync(Buffer.from(part.replace(/^\/\/\|/gm, ""), "base64")).toString();
    return text + "\n".repeat(linesOf(part) - linesOf(text));
  });
  const [program, above] = [parts.slice(0, -2).join(""), linesOf(file.toString("utf8", 0, begins))];
  const catalogue = { program: parts.at(-2)!, above: above + linesOf(program) };
  return texts = { program: { program, above }, catalogue };
}

/** The names of kept files begin with it. */
const prefix = "one-file-";

/** What this user kept for this very file at a path, and when (ms since 1970), if anything. */
function kept(place: string): { bytes: Buffer; at: number } | undefined {
  try {
    const opened = openSync(place, "r");
    try {
      const [uid, own] = [process.geteuid?.(), fstatSync(opened)];
      if (uid !== undefined && own.uid !== uid) return undefined;
      const bytes = readFileSync(opened);
      const head = `${identity}\n`;
      const isOwn = bytes.toString("latin1", 0, head.length) === head;
      return isOwn ? { bytes: bytes.subarray(head.length), at: own.mtimeMs } : undefined;
    } finally {
      closeSync(opened);
    }
  } catch {
    return undefined;
  }
}

/** The kept text of the program: it is in ASCII, and its last line is its first. */
function keptText(place: string): Text | undefined {
  const bytes = kept(place)?.bytes;
  if (!bytes) return undefined;
  const [head, end] = [bytes.indexOf("\n"), bytes.lastIndexOf("\n")];
  if (end <= head || bytes.toString("latin1", 0, head) !== bytes.toString("latin1", end + 1)) return undefined;
  return { program: bytes.toString("latin1", head + 1, end), above: Number(bytes.toString("latin1", 0, head)) };
}

/** Data of V8 that was kept; `times`: how often, with what later runs compiled. `at`: when, ms since 1970. */
interface Data {
  data: Buffer;
  times: number;
  at: number;
}

/**
 * The kept data of V8, behind a byte with the number of times. It is there twice: V8 does not survive damaged data, and
 * comparing takes less time than loading what computes a checksum.
 */
function keptData(place: string): Data | undefined {
  const { bytes, at = 0 } = kept(place) ?? {};
  if (!bytes || bytes.length === 0) return undefined;
  const [times, both] = [bytes[0]!, bytes.subarray(1)];
  const [data, again] = [both.subarray(0, both.length / 2), both.subarray(both.length / 2)];
  return data.equals(again) ? { data, times, at } : undefined;
}

/**
 * Whether to keep the data again. Another host and another config need other functions, which each run would
 * compile: the first runs of a command add theirs, then one run a day does.
 */
const isDue = ({ times, at }: Data): boolean => times < 3 || Date.now() - at > 24 * 3600_000;

/** Keeps these at a path; without a writable folder the next start compiles again. */
function keep(folder: string, place: string, parts: (string | Buffer)[]): void {
  const unfinished = `${place}.${process.pid}`;
  try {
    makeFolder(folder, 0o700);
    const bytes = [`${identity}\n`, ...parts].map((part) => typeof part === "string" ? Buffer.from(part) : part);
    // wx: in a folder where others may write, it follows no link
    writeFileSync(unfinished, Buffer.concat(bytes), { mode: 0o600, flag: "wx" });
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
const places = folder && `${folder}/${prefix}${process.versions.v8}-${process.arch}-`;

/** Loads one of the programs, with what V8 compiled of it in former runs of this command. */
function load(part: Parts): unknown {
  const ofText = places && keptText(`${places}${part}`);
  const { program, above } = ofText || unpacked()[part];
  const name = part === "program" ? command : `${command}-${part}`;
  // data of other commands would take as long to load as that of this one
  const found = places && ofText ? keptData(`${places}${name}`) : undefined;
  const cached = found ? { cachedData: found.data } : {};
  // the line offset makes a line of a stack trace one of the file
  const script = new Script(program, { filename: path, lineOffset: above, ...cached });
  const taken = script.cachedDataRejected ? undefined : found;
  if (folder && places && (!taken || isDue(taken))) {
    process.on("exit", (code) => {
      // a command line with mistakes does not need the parts of its command
      if (code >= 2) return;
      if (!ofText) keep(folder, `${places}${part}`, [`${above}\n`, program, `\n${above}`]);
      const made = script.createCachedData();
      keep(folder, `${places}${name}`, [Buffer.of(Math.min((taken?.times ?? 0) + 1, 255)), made, made]);
    });
  }
  return script.runInThisContext();
}

await (load("program") as Program)(builtin, import.meta, () => (load("catalogue") as Catalogue)(builtin, import.meta));
