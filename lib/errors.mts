/** Trouble that is expected: one message that says what to do, no stack. Anything else that is thrown is a bug. */
export class UserError extends Error {
  /** Exit code: 2 for wrong usage, config or input, 1 for what went wrong on the way. */
  readonly code: 1 | 2;

  constructor(message: string, code: 1 | 2 = 2) {
    super(message);
    this.code = code;
  }
}

/** Somebody asked to stop (Ctrl-C). */
export class Interrupted extends Error {}

/** Everything that is wrong with a config, at once. */
export class ConfigError extends UserError {
  readonly problems: Problem[];

  constructor(problems: Problem[], message: string) {
    super(message, 2);
    this.problems = problems;
  }
}

/** One thing that is wrong with a config; line and column count from 1. */
export interface Problem {
  line: number;
  column: number;
  message: string;
  /** What to write instead. */
  instead?: string;
}
