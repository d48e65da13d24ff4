/** The door to the world, as those see it who go through it. */

/** What a command answered. A failure is an answer too: 127 is a missing program, null a signal. */
export interface Answer {
  ok: boolean;
  code: number | null;
  out: string;
  err: string;
}

export interface AskOptions {
  /** Text for its standard input; without it, it gets none. */
  input?: string;
  cwd?: string;
  env?: Record<string, string>;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Files to feed it and to keep what it prints; the latter appears only when the command succeeds. */
  input?: string;
  output?: string;
  /** File that keeps all it says. */
  log?: string;
  /** Gets what it says, as it comes. */
  show?: (text: string) => void;
  /** Gets the id of its process group once it runs. */
  started?: (group: number) => Promise<void>;
  /** It may ask for a password: it stays with the terminal, in this process's own group. */
  terminal?: boolean;
}

/** How a command that was run ended, with the last lines it said. */
export interface Ended {
  code: number | null;
  tail: string[];
}

/** Whatever waits for a program throws `Interrupted` (errors.mts) if somebody asked to stop meanwhile. */
export interface Shell {
  /** Runs a program and keeps what it says to itself. Arguments need no quoting. */
  ask(command: string[], options?: AskOptions): Promise<Answer>;
  /** Runs a program whose words people see, and logs them. */
  run(command: string[], options: RunOptions): Promise<Ended>;
  /** Hands the terminal over to a program; gives its exit code. */
  attach(command: string[], options?: { cwd?: string; env?: Record<string, string> }): Promise<number>;
  /** A file's text, or undefined if there is none; `-` is standard input. */
  read(path: string): Promise<string | undefined>;
  /** The end of a file's text, at most `limit` bytes of it, and the number of bytes before it; undefined if there is no file; `-` is standard input. */
  tail(path: string, limit: number): Promise<{ text: string; skipped: number } | undefined>;
  /** Writes a file whole or not at all, and the folders above it. */
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Makes a file with this text unless there is one; says whether it did. */
  create(path: string, text: string): Promise<boolean>;
  /**
   * Makes a folder for this user alone, and those above it, unless there is one. Throws {@link Trouble} where others could put something into it: if it, or
   * the link that it is, is another user's, or it is open to all.
   */
  claim(path: string): Promise<void>;
  /** Removes a file or a folder with all in it; it may be missing. */
  remove(path: string): Promise<void>;
  /** Moves a file; says whether there was one. */
  move(from: string, to: string): Promise<boolean>;
  /** Something that changes with a file's contents, without reading them: size and time of change. Undefined if there is no such file. */
  stamp(path: string): Promise<string | undefined>;
  /** Names in a folder; none if there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Signals a process, or a process group by its negative id; says whether there was one. Signal 0 only looks. */
  signal(id: number, signal: NodeJS.Signals | 0): boolean;
  /** Whether somebody asked to stop. */
  readonly interrupted: boolean;
  /** Data, for standard output. */
  print(text: string): void;
  /** Talk, for standard error. */
  say(text: string): void;
  /** Asks a person; false where there is none. */
  confirm(question: string): Promise<boolean>;
  /** The operating system, by Node's name. */
  readonly platform: NodeJS.Platform;
  /** Whether each stream is a terminal, and how wide that is. */
  readonly terminal: { in: boolean; out: boolean; err: boolean; columns: number };
}
