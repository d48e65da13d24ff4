/** What a machine in QEMU says on its serial line. */
import type { ChildProcess } from "node:child_process";

/** Lines of a serial line, up to one that is waited for. */
export class Serial {
  #lines: string[] = [];
  #rest = "";
  #errors = "";
  #wake = () => {};
  #over = false;
  readonly #name: string;

  /** `child` is a QEMU whose serial line is its standard output; `show` is given every line. */
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

  /** Takes all lines up to the first that matches; what stands in that line is the match. */
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
