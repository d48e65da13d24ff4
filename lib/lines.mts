/** Splits the output of programs into lines, without terminal control sequences. */

import { withoutPasswords } from "./urls.mts";

/**
 * Collects lines from pieces of text. Of a line that is rewritten in place (progress), only the
 * last state is kept; URLs show no password.
 */
export class Lines {
  /** The last lines, oldest first. */
  readonly tail: string[] = [];
  readonly #done: (line: string) => void;
  #rest = "";

  constructor(done: (line: string) => void) {
    this.#done = done;
  }

  add(text: string): void {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop()!;
    for (const part of parts) this.#line(part);
    // a progress bar can write megabytes to a single line
    if (this.#rest.length > 4096) this.#rest = shownLast(this.#rest);
  }

  end(): void {
    if (this.#rest) this.#line(this.#rest);
    this.#rest = "";
  }

  #line(text: string): void {
    const line = withoutPasswords(shownLast(text));
    this.tail.push(line);
    if (this.tail.length > 40) this.tail.shift();
    this.#done(line);
  }
}

/** A line without colours, cursor movements and titles, also without those that PowerShell wrote as text. */
export function plain(line: string): string {
  const raw = line.includes("\u001b") ? line.replace(escapes, "") : line;
  return raw.includes("_x001") ? raw.replace(/_x001B_\[[0-9;]*m/gi, "") : raw;
}

/** The last state of a line that was rewritten in place. */
function shownLast(text: string): string {
  const states = text.replace(/\r+$/, "").split(/\r|\u001b\[[0-9]*K/);
  return plain(states.at(-1)!);
}

/** Colours, cursor movements, titles of terminals (ECMA-48: CSI and OSC sequences, then the short ones). */
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*\u0007?|[ -/]*[0-Z\\^-~])/g;
