/** The interface to files, processes and streams. */

/**
 * The result of a command. A failure is a result too: code 127 is a missing program, null a signal.
 */
export interface CommandResult {
  ok: boolean;
  code: number | null;
  out: string;
  err: string;
  /** It did not answer in time and was ended; `err` ends with a sentence about that. */
  timedOut?: boolean;
}

export interface CaptureOptions {
  /** Text for its standard input; without it, it gets none. */
  input?: string;
  cwd?: string;
  env?: Record<string, string>;
  /** Seconds that it may take; default 30. */
  limit?: number;
  /** Its name in the line about what is waited for; default: the command. */
  about?: string;
}

/** The end of a file. */
export interface Tail {
  text: string;
  /** Bytes before it that were not read; 0 if the text is the whole file. */
  skipped: number;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Files to feed it and to keep what it prints; the latter appears only when the command succeeds. */
  input?: string;
  output?: string;
  /** File for everything that it prints. */
  log?: string;
  /** Called with its output as it arrives. */
  show?: (text: string) => void;
  /** Called with the id of its process group once it runs. */
  started?: (group: number) => Promise<void>;
  /** It may ask for a password: it keeps the terminal, in this process's own group. */
  terminal?: boolean;
}

/** How a command ended, with its last lines. */
export interface RunResult {
  code: number | null;
  tail: string[];
}

/** Something in a folder, as {@link Shell.walk} finds it. */
export interface Entry {
  /** Relative to the folder, with `/` between its parts. */
  path: string;
  kind: "file" | "folder" | "link" | "other";
  /** Permission bits. */
  mode: number;
  /** Bytes. */
  size: number;
  /** Time of the last change of its contents, ms since 1970. */
  mtime: number;
  /** Where a symbolic link leads. */
  target?: string;
}

/** Methods that wait for a program throw `Interrupted` (errors.mts) if the user asked to stop. */
export interface Shell {
  /** Runs a program and captures its output. Arguments need no quoting. */
  capture(command: string[], options?: CaptureOptions): Promise<CommandResult>;
  /** Runs a program whose output is shown and logged. */
  run(command: string[], options: RunOptions): Promise<RunResult>;
  /** Hands the terminal over to a program; gives its exit code. */
  interactive(command: string[], options?: { cwd?: string; env?: Record<string, string> }): Promise<number>;
  /**
   * A file's text, or undefined if there is none; `-` is standard input. Bytes that are not UTF-8
   * survive (encoding.mts).
   */
  read(path: string): Promise<string | undefined>;
  /**
   * The last bytes of a file, from the start of a line on; undefined if there is no such file. `-`
   * is standard input.
   */
  readTail(path: string, bytes: number): Promise<Tail | undefined>;
  /**
   * Writes a text to a place that a person named: through links, keeping the mode of a file, and in
   * place where it is no regular file (a device, a pipe). `replaceable` says of the first bytes of
   * a file there whether its content may be lost. Throws UserError with code 2 if not.
   */
  save(path: string, text: string, replaceable: (start: string) => boolean): Promise<void>;
  /**
   * Writes a file atomically, and makes the folders above it; text from `read` is written byte for
   * byte.
   */
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Makes a file with this text unless there is one; says whether it did. */
  create(path: string, text: string): Promise<boolean>;
  /**
   * Makes a folder that only this user can read, and the folders above it. An existing one is
   * closed to others, with a message. Throws UserError if it, the link that it is, or something in
   * it that others could have put there belongs to another user.
   */
  ensurePrivateDir(path: string): Promise<void>;
  /** Removes a file or a folder with all in it; it may be missing. */
  remove(path: string): Promise<void>;
  /**
   * Something that changes with a file's contents, without reading them: size and time of change.
   * Undefined if there is no such file.
   */
  fingerprint(path: string): Promise<string | undefined>;
  /**
   * Everything below a folder, sorted by path; links are not followed. Folders that `enters`
   * refuses are not read. Undefined if there is no such folder.
   */
  walk(path: string, enters: (folder: string) => boolean): Promise<Entry[] | undefined>;
  /** Names in a folder; none if there is no such folder. */
  list(path: string): Promise<string[]>;
  /** Signals a process, or a process group by its negative id; says whether there was one. Signal 0 only looks. */
  signal(id: number, signal: NodeJS.Signals | 0): boolean;
  /** Ends the captured programs that still run, so that this process can exit. */
  close(): void;
  /** Whether the user asked to stop. */
  readonly interrupted: boolean;
  /** Writes data to standard output. */
  stdout(text: string): void;
  /** Writes messages to standard error. */
  stderr(text: string): void;
  /** Asks a person on standard input; false where that is no terminal or ends. Throws `Interrupted` (errors.mts). */
  confirm(question: string): Promise<boolean>;
  /**
   * Asks a person on standard input for a line, without its end; empty where that is no terminal or
   * ends. Throws `Interrupted` (errors.mts).
   */
  ask(question: string): Promise<string>;
  /** The operating system, by Node's name. */
  readonly platform: NodeJS.Platform;
  /** Whether each stream is a terminal, and how wide and high that is; `rows` is absent where it does not say. */
  readonly terminal: { in: boolean; out: boolean; err: boolean; columns: number; rows?: number };
}
