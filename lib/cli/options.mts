/** The shape of a command, and the options. */
import { starterServices } from "../config/services.mts";
import type { Context } from "./context.mts";

/** A command: what `--help` shows, and what it does. Its module is loaded only when it runs. */
export interface Command {
  /** Its operands, as `--help` shows them. */
  takes: string;
  /** What its operands name; absent if completion offers nothing. */
  operands?: "machines" | "checks" | "shells";
  summary: string;
  run(context: Context): Promise<number>;
}

/** An option: how it is typed, and what `--help` shows. */
export interface Option {
  name: string;
  letter?: string;
  /** The name of its value, as `--help` shows it. */
  takes?: string;
  /** The values that it accepts; absent for a file. */
  values?: readonly string[];
  /** The commands that accept it; absent for every command. */
  for?: string[];
  /** Commands that accept it only with `--dry-run`. */
  dry?: string[];
  summary: string;
  /** Other summaries, by the commands on whose pages they are. */
  own?: Record<string, string>;
}

/** Whether a command takes an option. */
export function acceptsOption(option: Option, command: string, dryRun = false): boolean {
  return !option.for || option.for.includes(command) || (dryRun && (option.dry ?? []).includes(command));
}

const machines = ["up", "plan", "doctor", "verify", "status", "upgrade"];

/** The options, as they are typed. */
export const options: Option[] = [
  {
    name: "config",
    takes: "FILE",
    for: [...machines, "init", "prepare", "explain", "logs", "ssh", "ssh-config", "down", "destroy"],
    summary: "the config; else ./homelab-gpu.yaml",
    own: { init: "the file to write; else ./homelab-gpu.yaml" },
  },
  {
    name: "yes",
    for: ["up", "prepare", "upgrade", "destroy"],
    summary: "run the safe fixes (packages, services); do not ask",
    own: { prepare: "do not ask", destroy: "do not ask" },
  },
  {
    name: "no-gpu",
    for: [...machines, "init"],
    summary: "start the lab without its GPUs",
    own: {
      init: "write a config without a GPU",
      ...Object.fromEntries(
        ["plan", "doctor", "verify", "status", "upgrade"].map((name) => [name, "leave the GPUs out"]),
      ),
    },
  },
  { name: "recreate", for: ["up", "plan"], summary: "up: replace VMs whose box or card changed" },
  { name: "data", for: ["destroy"], summary: "destroy: remove the data disks too" },
  { name: "pull", for: ["up", "plan", "upgrade"], summary: "up: pull newer images of the services first" },
  { name: "follow", letter: "f", for: ["logs"], summary: "logs: keep showing new lines" },
  { name: "tail", takes: "LINES", for: ["logs"], summary: "logs: lines of each service, or all; default 200" },
  {
    name: "service",
    takes: "NAME",
    values: Object.keys(starterServices),
    for: ["init"],
    summary: `init: a service: ${Object.keys(starterServices).join(", ")}`,
  },
  { name: "stack", takes: "DIR", for: ["init"], summary: "init: a Compose project; else the one in the folder" },
  { name: "apply", for: ["prepare"], summary: "prepare: do it (asks first, or --yes)" },
  { name: "undo", for: ["prepare"], summary: "prepare: undo what --apply did" },
  { name: "dry-run", letter: "n", summary: "only show the changes" },
  {
    name: "json",
    for: ["doctor", "plan", "verify", "explain", "status"],
    dry: ["up", "upgrade"],
    summary: "one JSON object; its schema is in templates/",
  },
  { name: "save", takes: "FILE", for: ["doctor"], summary: "doctor: save what the probe read" },
  {
    name: "host",
    takes: "FILE",
    for: ["doctor", "init", "plan", "prepare", "verify", "explain"],
    // commands that change this host refuse another machine's probe
    dry: ["up", "upgrade"],
    summary: "a saved probe, - for stdin, or ssh://HOST",
  },
  { name: "quiet", letter: "q", summary: "print less" },
  { name: "verbose", letter: "v", summary: "print more" },
  { name: "no-color", summary: "no colours" },
  { name: "version", summary: "the version" },
  { name: "help", letter: "h", summary: "show the help" },
];
