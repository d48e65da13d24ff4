/** Reads the serial console of a machine in QEMU. */
import type { ChildProcess } from "node:child_process";

/** The lines of a serial console, with a way to wait for one. */
export class Serial {
  #lines: string[] = [];
  #rest = "";
  #errors = "";
  #wake = () => {};
  #over = false;
  readonly #name: string;

  /**
   * `child` is a QEMU process whose serial console is its standard output; `show` is called with
   * each line.
   */
  constructor(child: ChildProcess, name: string, show: (line: string) => void = () => {}) {
    this.#name = name;
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = (this.#rest + chunk).split(/\r*\n/);
      this.#rest = parts.pop()!;
      this.#lines.push(...parts);
      parts.forEach(show);
      this.#wake();
    });
    child.stderr!.setEncoding("utf8").on("data", (chunk: string) => this.#errors += chunk);
    child.on("close", () => {
      this.#over = true;
      this.#wake();
    });
  }

  /** Returns all lines up to the first one that matches, and the match. */
  async until(last: RegExp, patience: number): Promise<{ lines: string[]; match: RegExpExecArray }> {
    const deadline = Date.now() + patience;
    for (let seen = 0;;) {
      for (; seen < this.#lines.length; seen++) {
        const match = last.exec(this.#lines[seen]!);
        if (match) return { lines: this.#lines.splice(0, seen + 1).slice(0, -1), match };
      }
      if (this.#over || Date.now() > deadline) {
        const why = this.#over ? `QEMU ended: ${this.#errors}` : "no answer in time";
        throw new Error(`${this.#name}: ${why}\n${this.#lines.slice(-30).join("\n")}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
