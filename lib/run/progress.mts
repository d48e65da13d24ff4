/** Shows a running step on the terminal. */
import { Lines } from "../lines.mts";
import type { Shell } from "../shell.mts";
import { cutTo, formatDuration, visible } from "../text.mts";
import { withoutMeter } from "./transfer.mts";

/** How a step is shown while it runs. */
export interface Progress {
  /** Receives the output of the step's program. */
  add(text: string): void;
  /** Ends the display of the step; replaces its line, if it has one. */
  end(done: boolean): void;
}

/** The content of a step's line. */
export interface StepTitle {
  /** `3/9`. */
  number: string;
  title: string;
  /** Milliseconds that it took when it last succeeded; undefined if it never did. */
  lastTime: number | undefined;
  /** Whether its line is removed when it succeeds. */
  minor?: boolean;
}

/** Milliseconds between two changes of the line. */
const pace = 1000;

/** Milliseconds without output after which a line reports that the step still runs. */
export const silence = 30_000;

/**
 * The line of a step at a moment, at most `width` columns: its number, title, time, the time that
 * it took last if there is room, and the last output of its program. `elapsed`: milliseconds.
 */
export function stepLine(
  { number, title, lastTime }: StepTitle,
  elapsed: number,
  output: string,
  width: number,
): string {
  const usual = lastTime === undefined ? "" : `, last time ${formatDuration(lastTime)}`;
  const start = `${number} ${title}, ${formatDuration(elapsed)}`;
  // the names that Packer and Vagrant begin their lines with
  const end = output === "" ? "" : `: ${output.replace(/^(?:==>| {3}) \S+: /, "").trim()}`;
  const [line, short] = [visible(start + usual + end), visible(start + end)];
  return cutTo(line.length > width && short.length <= width ? short : line, width);
}

/**
 * A single line of the terminal that changes while the step runs and is replaced at its end. The
 * program's output is shown only if the step fails, so retries do not fill the screen.
 */
export function changingLine(shell: Shell, step: StepTitle, now: () => number): Progress {
  const start = now();
  // text in the last column makes some terminals start a new line
  const width = shell.terminal.columns - 1;
  let lastLine = "";
  const draw = () => shell.stderr(`\r\u001b[K${stepLine(step, now() - start, lastLine, width)}`);
  const lines = new Lines((line) => {
    if (line.trim() !== "") lastLine = line;
  });
  draw();
  const timer = setInterval(draw, pace);
  return {
    add(text) {
      // a download rewrites its line, and its meter ends with the download
      const { rest, last } = withoutMeter(text);
      lines.add(rest);
      if (last === undefined) return;
      lastLine = last;
      draw();
    },
    end(done) {
      clearInterval(timer);
      const mark = done ? "✓" : "✗";
      const last = `${mark} ${step.number} ${step.title}, ${formatDuration(now() - start)}\n`;
      shell.stderr(`\r\u001b[K${done && step.minor ? "" : last}`);
    },
  };
}

/**
 * The program's own output, and a message with the progress of its download after a long silence.
 * `show` is undefined if the output is not shown.
 */
export function passedOn(
  { number, title }: StepTitle,
  show: ((text: string) => void) | undefined,
  log: (text: string) => void,
  now: () => number,
): Progress {
  const start = now();
  let heard = start;
  let transfer = "";
  const timer = setInterval(() => {
    if (now() - heard < silence) return;
    heard = now();
    log(`${number} ${title}: still running, ${formatDuration(now() - start)}${transfer}`);
  }, silence);
  return {
    add(text) {
      const { rest, last } = withoutMeter(text);
      if (last !== undefined) transfer = `: ${last}`;
      if (!show || rest.trim() === "") return;
      heard = now();
      transfer = "";
      show(rest);
    },
    end: () => clearInterval(timer),
  };
}
