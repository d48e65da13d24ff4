/** Plans: files to write and steps to run. */
import type { Finding } from "../findings.mts";
import type { SwarmState } from "../host/state.mts";

/** Everything `up` does, as data: first the files are written, then the steps run in order. */
export interface Plan {
  files: File[];
  steps: Step[];
  /**
   * Machines whose VM is removed first, with its system disk, because only a new VM matches the
   * config.
   */
  replaces: string[];
  /** Machines whose existing VM gets a data disk, and restarts with it. */
  gainsData: string[];
  /** The user's own lines in the blocks of machines, as they are written. */
  ownLines: { machine: string; text: string }[];
  /** The user's own arguments for the `docker compose up` of stacks. */
  ownArguments: { stack: string; arguments: string[] }[];
  /** The Swarm after its steps; null if they end it; absent if the plan has no steps for a Swarm. */
  swarm?: SwarmState | null;
  /** Whether its steps deploy every stack of the Swarm, since its manager may have none of them. */
  deploysAll: boolean;
  /** Findings of the plan itself. A plan with a failed one must not be run. */
  findings: Finding[];
}

/** A file to be written below the lab's folder. */
export interface File {
  /** Relative to the lab's folder. */
  path: string;
  text: string;
  mode?: number;
  /** Whether its text is hidden: it contains secrets, or is not for people to read. */
  secret?: true;
}

/** A command to run. */
export interface Step {
  title: string;
  /** Whether it only prepares the next step: on a terminal it has no number, and leaves no line. */
  minor?: true;
  command: string[];
  /** Relative to the lab's folder; absent for the folder itself. */
  cwd?: string;
  env?: Record<string, string>;
  /** Files, relative to the lab's folder: its standard input, and where its output is written. */
  input?: string;
  output?: string;
  /** Paths, relative to the lab's folder, that are removed when the step is done. */
  removes?: string[];
  /**
   * Consecutive steps of different queues run in parallel; those of one queue run in order. A step
   * without a queue waits for all earlier steps.
   */
  queue?: string;
  /** It may ask for a password, so it gets the terminal. */
  terminal?: boolean;
  /** It runs on the machine that has the config, not on the host of the lab: it reads files that the config names. */
  here?: true;
  /**
   * The host of the Swarm's manager, by its name, if it runs there, in the folder of that host's lab. It is not logged.
   * What it does not do there, the next `up` does: it stops no other step.
   */
  managerHost?: string;
  /** The machine that its output proves. verify.mts reads the output. */
  proves?: string;
}

/** A change to a file. */
export interface FileChange {
  path: string;
  change: "create" | "update" | "same";
  /** The current text. */
  before: string;
  text: string;
  /** Whether both texts are hidden. */
  secret?: true;
}
