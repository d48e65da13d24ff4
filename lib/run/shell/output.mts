/** Standard output and standard error of this process. */
import { writeSync } from "node:fs";
import process from "node:process";

/** Streams that nothing reads any more. */
const closed = new Set<string>();

let failed = false;

let guarded = false;

/** Adds error handlers to the streams, once: without a handler, an error would end the process. */
function guard(): void {
  if (guarded) return;
  guarded = true;
  for (const name of ["stdout", "stderr"] as const) {
    process[name].on("error", (error: NodeJS.ErrnoException) => {
      if (closed.has(name)) return;
      closed.add(name);
      // a reader that stops early is not a failure; a full disk is
      if (name === "stderr" || ["EPIPE", "ECONNRESET", "EIO", "ERR_STREAM_DESTROYED"].includes(error.code ?? "")) {
        return;
      }
      failed = true;
      write.stderr(`homelab-gpu: cannot write to standard output: ${error.message}\n`);
    });
  }
  process.on("exit", () => {
    if (failed && !process.exitCode) process.exitCode = 1;
  });
}

function to(name: "stdout" | "stderr"): (text: string) => void {
  return (text) => {
    guard();
    if (closed.has(name)) return;
    try {
      process[name].write(text);
    } catch {
      closed.add(name);
    }
  };
}

/** The columns of the terminal of standard output; 80 if that is no terminal. */
export const outputColumns = (): number => process.stdout.columns || 80;

/** Writes text to a stream. If nothing reads it any more, the text is dropped and the run continues. */
export const write = { stdout: to("stdout"), stderr: to("stderr") };

/** Writes text to standard output; resolves when it is written or nothing reads it any more. */
export function writeAll(text: string): Promise<void> {
  guard();
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

/** Writes to the terminal of standard input; false if that is read-only. */
export function askOnInput(text: string): boolean {
  try {
    writeSync(0, text);
    return true;
  } catch {
    return false;
  }
}
