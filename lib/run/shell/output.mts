/** Standard output and standard error of this process. */
import { Buffer } from "node:buffer";
import { fstatSync, statSync, writeSync } from "node:fs";
import process from "node:process";

const descriptors = { stdin: 0, stdout: 1, stderr: 2 };
type Output = "stdout" | "stderr";

/** Streams that nothing reads any more. */
const closed = new Set<Output>();

/** Outputs that use a stream of Node. */
const streamed = new Set<Output>();

let failed = false;

/** Notes that an output cannot be written to. */
function fail(name: Output, { code = "", message }: NodeJS.ErrnoException): void {
  if (closed.has(name)) return;
  closed.add(name);
  // a reader that stops early is not a failure; a full disk is
  if (name === "stderr" || ["EPIPE", "ECONNRESET", "EIO", "ERR_STREAM_DESTROYED"].includes(code)) return;
  if (!failed) process.on("exit", () => process.exitCode ||= 1);
  failed = true;
  write.stderr(`homelab-gpu: cannot write to standard output: ${message}\n`);
}

/** Writes to a stream of Node. `done` is called when it is written or nothing reads it any more. */
function writeToStream(name: Output, data: string | Uint8Array, done: () => void): void {
  // without a handler, an error would end the process
  if (!streamed.has(name)) process[name].on("error", (error) => fail(name, error));
  streamed.add(name);
  try {
    process[name].write(data, done);
  } catch {
    closed.add(name);
    done();
  }
}

/** Writes text; to a file or a pipe without a stream of Node, which takes long to load. */
function put(name: Output, text: string, done = () => {}): void {
  if (closed.has(name)) return done();
  if (streamed.has(name) || mayBeTerminal(name)) return writeToStream(name, text, done);
  const bytes = Buffer.from(text);
  let at = 0;
  try {
    while (at < bytes.length) at += writeSync(descriptors[name], bytes, at);
  } catch (error) {
    // a full pipe, whose other end is set not to block: the stream waits for its reader
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return writeToStream(name, bytes.subarray(at), done);
    fail(name, error as NodeJS.ErrnoException);
  }
  done();
}

/** Whether it can be a terminal: files, pipes and the null device cannot. */
function mayBeTerminal(name: keyof typeof descriptors): boolean {
  if (process.platform === "win32" || "Deno" in globalThis) return true;
  try {
    const stat = fstatSync(descriptors[name]);
    return stat.isCharacterDevice() && stat.rdev !== statSync("/dev/null").rdev;
  } catch {
    return true;
  }
}

/** Whether a stream is a terminal. */
export const isTerminal = (name: keyof typeof descriptors): boolean =>
  mayBeTerminal(name) && Boolean(process[name].isTTY);

/** The size of the terminal of an output; undefined where it is none or does not say. */
export const sizeOf = (name: Output): { columns?: number; rows?: number } =>
  mayBeTerminal(name) ? { columns: process[name].columns, rows: process[name].rows } : {};

/** The columns of the terminal of standard output; 80 if that is no terminal. */
export const outputColumns = (): number => sizeOf("stdout").columns || 80;

/** Writes text to a stream. If nothing reads it any more, the text is dropped and the run continues. */
export const write = {
  stdout: (text: string): void => put("stdout", text),
  stderr: (text: string): void => put("stderr", text),
};

/** Writes text to standard output; resolves when it is written or nothing reads it any more. */
export const writeAll = (text: string): Promise<void> => new Promise((resolve) => put("stdout", text, resolve));

/** Writes to the terminal of standard input; false if that is read-only. */
export function askOnInput(text: string): boolean {
  try {
    writeSync(0, text);
    return true;
  } catch {
    return false;
  }
}
