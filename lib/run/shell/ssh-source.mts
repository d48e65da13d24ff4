/** A program of this machine whose output goes to a program on another host. */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import process from "node:process";
import type { Writable } from "node:stream";
import { notFound, placed } from "./programs.mts";

/** A running program. */
export interface Source {
  /** Its exit code: 127 if it is missing, null if a signal ended it. */
  ended: Promise<number | null>;
  stop(): void;
}

/**
 * Starts a program whose output goes to a stream, which stays open at its end. `input`: bytes for its standard
 * input. `hear` gets its messages.
 */
export function sourceTo(
  stream: Writable,
  command: string[],
  { env, input, hear }: { env?: Record<string, string>; input?: Uint8Array; hear: (text: string) => void },
): Source {
  const [program = "", ...words] = command;
  const child = spawn(program, words, {
    ...placed(undefined, env),
    stdio: [input ? "pipe" : "ignore", "pipe", "pipe"],
    detached: true,
  });
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  child.stdout!.pipe(stream, { end: false });
  child.stderr!.on("data", (chunk: Buffer) => hear(String(chunk)));
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(notFound)).on("close", (code) => resolve(code));
  });
  const stop = () => {
    try {
      if (child.pid) process.kill(-child.pid, "SIGTERM");
    } catch {
      // it has ended
    }
  };
  return { ended, stop };
}
