/** The output of runs on several hosts at the same time, which share one terminal. */
import type { Shell } from "../shell.mts";

/** One terminal for several runs: while one of them has it for a question, the lines of the others wait. */
export class Lanes {
  #last: Promise<void> = Promise.resolve();
  #held: (() => void)[] | undefined;
  #sections = 0;

  /** Writes now, or after the question that is open. */
  write(line: () => void): void {
    if (this.#held) this.#held.push(line);
    else line();
  }

  /** What is between two sections of data. */
  separate(): string {
    return this.#sections++ === 0 ? "" : "\n";
  }

  /** Gives the terminal to one run, after those that asked before. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let done = () => {};
    this.#last = new Promise((resolve) => done = resolve);
    await before;
    this.#held = [];
    try {
      return await work();
    } finally {
      const held: (() => void)[] = this.#held;
      this.#held = undefined;
      for (const line of held) line();
      done();
    }
  }
}

/** How a run on one of several hosts writes. */
export interface LaneOptions {
  /** Its host, before each of its messages. */
  name: string;
  /** The width of the longest of these names. */
  width: number;
  /** The line above its data; undefined for data of another format. */
  heading: string | undefined;
  /** Whether messages are written at once; else with the data. */
  live: boolean;
  /** The number of the runs, which share the rows of the terminal. */
  runs: number;
}

/** The output of a run on one of several hosts. */
export interface Lane {
  shell: Shell;
  /** What it wrote to standard output and was not shown yet. */
  data(): string;
  /** Whether the last question was answered with no. */
  declined(): boolean;
  /** Shows what was kept back: data below the heading, which is shown once. */
  flush(): void;
}

/** A view of a shell that knows whether the last question was answered with no. */
export function hearing(shell: Shell): Pick<Lane, "shell" | "declined"> {
  let declined = false;
  const confirm = async (question: string) => {
    const agrees = await shell.confirm(question);
    declined = !agrees;
    return agrees;
  };
  return { shell: Object.assign(Object.create(shell) as Shell, { confirm }), declined: () => declined };
}

/**
 * A run's view of a shell. Its messages get the name of the host before each line, in place of this program's. Its data
 * is kept back until `flush`, so that it stays together.
 */
export function laneOf(lanes: Lanes, shell: Shell, { name, width, heading, live, runs }: LaneOptions): Lane {
  const prefix = `${name.padEnd(width)} | `;
  const { terminal } = shell;
  let kept: { stream: "stdout" | "stderr"; text: string }[] = [];
  let rest = "";
  let headed = heading === undefined;
  const heard = hearing(shell);
  const put = (line: string) => {
    // of a line that is rewritten in place, its last state
    const shown = line.replace(/\r+$/, "").split("\r").at(-1)!;
    const text = `${(prefix + shown.replace(/^homelab-gpu: /, "")).trimEnd()}\n`;
    if (live) lanes.write(() => shell.stderr(text));
    else kept.push({ stream: "stderr", text });
  };
  const endLine = () => {
    if (rest !== "") put(rest);
    rest = "";
  };
  const showKept = () => {
    endLine();
    if (kept.some(({ stream }) => stream === "stdout") && !headed) {
      const first = kept.findIndex(({ stream }) => stream === "stdout");
      kept.splice(first, 0, { stream: "stdout", text: `${lanes.separate()}${heading}\n` });
      headed = true;
    }
    for (const { stream, text } of kept) shell[stream](text);
    kept = [];
  };
  function alone<T>(work: () => Promise<T>): Promise<T> {
    return lanes.alone(() => {
      showKept();
      return work();
    });
  }
  const own: Partial<Shell> = {
    stdout: (text) => {
      endLine();
      kept.push({ stream: "stdout", text });
    },
    stderr: (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) put(line);
    },
    confirm: (question) => alone(() => heard.shell.confirm(`${name}: ${question}`)),
    ask: (question) => alone(() => shell.ask(`${name}: ${question}`)),
    interactive: (command, options) => alone(() => shell.interactive(command, options)),
    run: (command, options) =>
      options.terminal ? alone(() => shell.run(command, options)) : shell.run(command, options),
    terminal: {
      ...terminal,
      // data has no prefix, but what fits beside one fits without
      columns: Math.max(20, terminal.columns - prefix.length),
      ...(terminal.rows === undefined ? {} : { rows: Math.max(4, Math.floor(terminal.rows / runs) - 2) }),
      shared: true,
    },
  };
  return {
    shell: Object.assign(Object.create(shell) as Shell, own),
    data: () => {
      const text = kept.flatMap(({ stream, text }) => stream === "stdout" ? [text] : []).join("");
      kept = kept.filter(({ stream }) => stream === "stderr");
      return text;
    },
    declined: heard.declined,
    flush: () => lanes.write(showKept),
  };
}
