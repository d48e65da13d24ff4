/** The interface to files, processes and streams. */

/**
 * The result of a command. A failure is a result too: code 127 means that the program is missing,
 * null that a signal ended it.
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
  /** Text for its standard input; by default it gets none. */
  input?: string;
  cwd?: string;
  env?: Record<string, string>;
  /** The time that it may take, in seconds; default 30. */
  limit?: number;
  /** Its name in the message that is shown while it runs; default: the command. */
  about?: string;
}

/** The end of a file. */
export interface Tail {
  text: string;
  /** The number of bytes before it that were not read; 0 if the text is the whole file. */
  skipped: number;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Files for its standard input and output; the output file appears only if the command succeeds. */
  input?: string;
  output?: string;
  /** A file for all its output. */
  log?: string;
  /** Called with each piece of its output. */
  show?: (text: string) => void;
  /** Called with the id of its process group when it has started. */
  started?: (group: number) => Promise<void>;
  /** It may ask for a password: it keeps the terminal, in this process's own group. */
  terminal?: boolean;
  /**
   * It runs on the machine of this program, also if the shell works on another host: `input`, `output` and `log` stay
   * files of that host, and `cwd` is not used there.
   */
  here?: boolean;
}

/** How a command ended, with its last lines. */
export interface RunResult {
  code: number | null;
  tail: string[];
  /** Set if its output went to the terminal and was not logged. */
  unlogged?: true;
}

/** A file, link or folder that {@link Shell.walk} found. */
export interface Entry {
  /** Relative to the folder, with `/` between its parts. */
  path: string;
  kind: "file" | "folder" | "link" | "other";
  /** Permission bits. */
  mode: number;
  /** Bytes. */
  size: number;
  /** Number of its owner; undefined where the system has none (Windows). */
  uid?: number;
  /** Time of the last change of its contents, ms since 1970. */
  mtime: number;
  /** The target of a symbolic link. */
  target?: string;
}

/** Another host that a shell works on. */
export interface Away {
  /** The shell of the machine that this program runs on: the user's own files are there. */
  here: Shell;
  /** The home folder of the login there. */
  home: string;
  /** Its name in the config. */
  name: string;
  /** Where ssh logs in: `[USER@]HOST`, and the port if it is given. */
  login: string;
  port?: string;
  /** The login's number there: 0 is root. */
  uid: number;
  /** Which running system it is (host/host-id.mts). */
  hostId?: string;
}

/** The shell that has the files which the user named: the config, and the files that it names. */
export const hereOf = (shell: Shell): Shell => shell.away?.here ?? shell;

/** Methods that wait for a program throw `Interrupted` (errors.mts) if the user asked to stop. */
export interface Shell {
  /** Runs a program and captures its output. Arguments need no quoting. */
  capture(command: string[], options?: CaptureOptions): Promise<CommandResult>;
  /** Runs a program whose output is shown and logged. */
  run(command: string[], options: RunOptions): Promise<RunResult>;
  /** Runs a program in the terminal; gives its exit code. */
  interactive(command: string[], options?: { cwd?: string; env?: Record<string, string> }): Promise<number>;
  /**
   * A file's text, or undefined if there is none; `-` is standard input. Bytes that are not UTF-8
   * survive (encoding.mts).
   */
  read(path: string): Promise<string | undefined>;
  /**
   * The last bytes of a file, from the start of a line; undefined if there is no such file. `-` is
   * standard input.
   */
  readTail(path: string, bytes: number): Promise<Tail | undefined>;
  /**
   * Writes a text to a path that the user named. Follows links, keeps the mode of an existing file,
   * and writes to a device or a pipe directly. `replaceable` gets the first bytes of an existing
   * file and says whether it may be overwritten. Throws UserError with code 2 if not.
   */
  save(path: string, text: string, replaceable: (start: string) => boolean): Promise<void>;
  /** Writes a file atomically, and creates its parent folders. Text from `read` is written byte for byte. */
  write(path: string, text: string, mode?: number): Promise<void>;
  /** Creates a file with this text unless it exists; says whether it did. */
  create(path: string, text: string): Promise<boolean>;
  /**
   * Creates a folder that only this user can read, with its parent folders. The permissions of an
   * existing folder are corrected, with a message. Throws UserError if another user owns the
   * folder, a link to it, or a file in it that others could have put there.
   */
  ensurePrivateDir(path: string): Promise<void>;
  /** Removes a file, or a folder with its contents; it may be missing. */
  remove(path: string): Promise<void>;
  /**
   * The size and the time of the last change of a file: a text that changes with its contents, and whose first word is
   * the size in bytes. Undefined if there is no such file.
   */
  fingerprint(path: string): Promise<string | undefined>;
  /**
   * All entries below a folder, sorted by path. Links are not followed, and folders that `enters`
   * refuses are not read. Undefined if there is no such folder.
   */
  walk(path: string, enters: (folder: string) => boolean): Promise<Entry[] | undefined>;
  /** The names in a folder; empty if there is no such folder. */
  list(path: string): Promise<string[]>;
  /**
   * Signals a process, or a process group by its negative id; says whether it exists. Signal 0 only
   * tests that.
   */
  signal(id: number, signal: NodeJS.Signals | 0): Promise<boolean>;
  /** The id of a process on the host of the files that ends with this run: the holder of its locks. */
  readonly pid: number;
  /**
   * Of this machine: ends the captured programs that still run, so that this process can exit. Of another host: ends
   * the connection, and nothing else.
   */
  close(): void;
  /** Whether the user asked to stop. */
  readonly interrupted: boolean;
  /** Writes data to standard output. */
  stdout(text: string): void;
  /** Writes messages to standard error. */
  stderr(text: string): void;
  /**
   * Asks the user a question on standard input; false if that is no terminal or ends. Throws
   * `Interrupted` (errors.mts).
   */
  confirm(question: string): Promise<boolean>;
  /**
   * Asks the user for a line on standard input, and gives it without its line end; empty if
   * standard input is no terminal or ends. Throws `Interrupted` (errors.mts).
   */
  ask(question: string): Promise<string>;
  /** Where this shell works, if that is another host. */
  readonly away?: Away;
  /** The operating system, by Node's name. */
  readonly platform: NodeJS.Platform;
  /**
   * Whether each stream is a terminal, and its size; `rows` is absent if it is not known. `shared`: other runs write
   * to it at the same time.
   */
  readonly terminal: { in: boolean; out: boolean; err: boolean; columns: number; rows?: number; shared?: boolean };
}
