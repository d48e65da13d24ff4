/** Plans: files to write and steps to run. */
import type { Finding } from "../findings.mts";

/** Everything `up` does, as data: first the files are written, then the steps run in order. */
export interface Plan {
  files: File[];
  steps: Step[];
  /**
   * Machines whose VM is removed first, with its system disk, because only a new VM matches the
   * config.
   */
  replaces: string[];
  /** Lines of the user's own in the blocks of machines, as they are written. */
  ownLines: { machine: string; text: string }[];
  /** Findings of the plan itself. With a failed one it must not be run. */
  findings: Finding[];
}

/** A file to be written below the lab's folder. */
export interface File {
  /** Relative to the lab's folder. */
  path: string;
  text: string;
  mode?: number;
  /** Its text is not shown: it contains secrets, or is not for people to read. */
  secret?: true;
}

/** A command to run. */
export interface Step {
  title: string;
  command: string[];
  /** Relative to the lab's folder; absent for the folder itself. */
  cwd?: string;
  env?: Record<string, string>;
  /** Files, relative to the lab's folder: its standard input, and where its output is written. */
  input?: string;
  output?: string;
  /** Paths that are removed when it is done, relative to the lab's folder. */
  removes?: string[];
  /**
   * Consecutive steps of different queues run in parallel, those of one queue in order; a step
   * without a queue waits for all before it.
   */
  queue?: string;
  /** It may ask for a password, so it gets the terminal. */
  terminal?: boolean;
  /** The machine that its output proves, read by verify.mts. */
  proves?: string;
}

/** A change to a file. */
export interface FileChange {
  path: string;
  change: "create" | "update" | "same";
  /** The current text. */
  before: string;
  text: string;
  /** Neither text is shown. */
  secret?: true;
}
