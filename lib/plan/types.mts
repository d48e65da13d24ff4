/** What is to be done, and who knows how. */
import type { Mode, SettledMachine } from "../config/types.mts";
import type { Finding } from "../findings.mts";
import type { Host } from "../host/types.mts";

/** Everything `up` does, as data: first the files are written, then the steps run in order. */
export interface Plan {
  files: File[];
  steps: Step[];
  /** What stands in the way of the plan itself. With a failed one it must not be run. */
  findings: Finding[];
}

/** A file to be written below the lab's folder. */
export interface File {
  /** Relative to the lab's folder. */
  path: string;
  text: string;
  mode?: number;
}

/** A command to run. */
export interface Step {
  title: string;
  command: string[];
  /** Relative to the lab's folder; absent for the folder itself. */
  cwd?: string;
  env?: Record<string, string>;
  /** Files, relative to the lab's folder: fed to it, and made of what it prints. */
  input?: string;
  output?: string;
  /** What goes away once it is done: relative to the lab's folder. */
  removes?: string[];
  /** Consecutive steps of different lanes run side by side, those of one lane in order; one without waits for all before it. */
  lane?: string;
  /** It may ask for a password on the terminal, so it gets the terminal. */
  terminal?: boolean;
  /** The machine that its output proves, read by verify.mts. */
  proves?: string;
}

/** A provider of VMs: one file in `lib/providers`, its template, its name in the registry. */
export interface Provider {
  /** Vagrant's name for it. */
  name: string;
  /** Its own name for itself. */
  title: string;
  /** The mode of a card whose config names none. */
  mode: Mode;
  /** Whether a host that could run it is seen not to have it; `settle` then looks further. */
  missing(host: Host): boolean;
  /** Tools it needs, by their names in `tools.mts`. */
  tools(host: Host, machine: SettledMachine): string[];
  /** Name of its template, and the values for the machine's block in the Vagrantfile. */
  template: string;
  values(machine: SettledMachine, host: Host, folder: string): Record<string, unknown>;
  /** Name of its Packer template. */
  packer: string;
}
