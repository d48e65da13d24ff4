/** An expected error: one message that says what to do, without a stack. Any other error is a bug. */
export class UserError extends Error {
  /** Exit code: 2 for wrong usage, config or input, 1 for an error in a run. */
  readonly code: 1 | 2;

  constructor(message: string, code: 1 | 2 = 2) {
    super(message);
    this.code = code;
  }
}

/** The user asked to stop (Ctrl-C). */
export class Interrupted extends Error {
  /**
   * What keeps running, if a run of steps was interrupted: machines whose VMs ran before the first step, and words for
   * those that a step has started.
   */
  readonly running: string[] | undefined;

  constructor(running?: string[]) {
    super();
    this.running = running;
  }
}

/** All mistakes in a config, reported together. */
export class ConfigError extends UserError {
  readonly problems: Problem[];

  constructor(problems: Problem[], message: string) {
    super(message, 2);
    this.problems = problems;
  }
}

/** One mistake in a config; line and column count from 1. */
export interface Problem {
  line: number;
  column: number;
  message: string;
  /** What to write instead. */
  instead?: string;
}
