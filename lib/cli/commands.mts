import { Trouble } from "../errors.mts";
import type { Session } from "./context.mts";

/** A command: what `--help` says of it, and what it does. Each is loaded only when it is asked for. */
export interface Command {
  /** What may stand behind its name. */
  takes: string;
  summary: string;
  run(session: Session): Promise<number>;
}

/** The commands, by name. */
export const commands: Record<string, Command> = {
  up: {
    takes: "[MACHINE…]",
    summary: "bring the machines up, prove their services",
    run: async (session) =>
      session.options.dryRun
        ? (await import("./commands/plan.mts")).plan(session)
        : (await import("./commands/up.mts")).up(session),
  },
  init: {
    takes: "",
    summary: "write a config for the card found here",
    run: async (session) => (await import("./commands/init.mts")).init(session),
  },
  plan: {
    takes: "[MACHINE…]",
    summary: "show what up would write and run",
    run: async (session) => (await import("./commands/plan.mts")).plan(session),
  },
  doctor: {
    takes: "[CHECK…]",
    summary: "say what stands in the way on this host",
    run: async (session) => (await import("./commands/doctor.mts")).doctor(session),
  },
  prepare: {
    takes: "",
    summary: "bind the card at boot: show how, do it, undo it",
    run: async (session) => (await import("./commands/prepare.mts")).prepare(session),
  },
  verify: {
    takes: "",
    summary: "prove the running machines, layer by layer",
    run: async (session) => (await import("./commands/verify.mts")).verify(session),
  },
  explain: {
    takes: "[LOG or CHECK]",
    summary: "say what a log's errors or a check mean",
    run: async (session) => (await import("./commands/explain.mts")).explain(session),
  },
  status: {
    takes: "",
    summary: "say what runs, where, and when it was proven",
    run: async (session) => (await import("./commands/machines.mts")).status(session),
  },
  ssh: {
    takes: "[MACHINE] [-- COMMAND…]",
    summary: "log into a machine, or run a command in it",
    run: async (session) => (await import("./commands/machines.mts")).ssh(session),
  },
  down: {
    takes: "[MACHINE…]",
    summary: "shut the machines down",
    run: async (session) => (await import("./commands/machines.mts")).down(session),
  },
  destroy: {
    takes: "[MACHINE…]",
    summary: "remove the machines and what is theirs in libvirt",
    run: async (session) => (await import("./commands/machines.mts")).destroy(session),
  },
  completion: {
    takes: "SHELL",
    summary: "print completion for bash, zsh or fish",
    run: async ({ shell, words: [name, ...more] }) => {
      const { completionFor, shells } = await import("./completion.mts");
      const known = shells.find((one) => one === name);
      if (!known || more.length > 0) throw new Trouble(`completion takes one of ${shells.join(", ")}`);
      shell.print(completionFor(known, commands, options));
      return 0;
    },
  },
};

/** An option: how it is typed, and what `--help` says of it. */
export interface Option {
  name: string;
  letter?: string;
  /** What stands behind it. */
  takes?: string;
  /** The commands that it is for; without them, every command. */
  for?: string[];
  /** Commands that it is for where they only show what they would do. */
  dry?: string[];
  summary: string;
}

/** Whether a command takes an option. */
export function isFor(option: Option, command: string, dryRun = false): boolean {
  return !option.for || option.for.includes(command) || (dryRun && (option.dry ?? []).includes(command));
}

const machines = ["up", "plan", "doctor", "verify", "status"];

/** The options, as they are typed. */
export const options: Option[] = [
  {
    name: "config",
    takes: "FILE",
    for: [...machines, "init", "prepare", "explain", "ssh", "down", "destroy"],
    summary: "the config; else ./homelab-gpu.yaml",
  },
  { name: "yes", for: ["up", "prepare", "destroy"], summary: "run the safe fixes (packages, services); do not ask" },
  { name: "no-gpu", for: [...machines, "init"], summary: "bring the rest of the lab up without its GPUs" },
  { name: "recreate", for: ["up", "plan"], summary: "up: make VMs anew where nothing less will do" },
  { name: "apply", for: ["prepare"], summary: "prepare: do it (asks first, or --yes)" },
  { name: "undo", for: ["prepare"], summary: "prepare: take back what --apply did" },
  { name: "dry-run", letter: "n", summary: "show what would be done; touch nothing" },
  { name: "json", for: ["doctor", "plan", "explain"], dry: ["up"], summary: "doctor, plan, explain: one JSON object" },
  { name: "save", takes: "FILE", for: ["doctor"], summary: "doctor: keep what the probe read" },
  {
    name: "host",
    takes: "FILE",
    for: ["doctor", "init", "plan", "prepare", "verify", "explain"],
    // another machine's probe is never acted upon
    dry: ["up"],
    summary: "examine a saved probe (- for standard input); act on none",
  },
  { name: "quiet", letter: "q", summary: "say less" },
  { name: "verbose", letter: "v", summary: "say more" },
  { name: "no-color", summary: "no colours; NO_COLOR does the same" },
  { name: "help", letter: "h", summary: "this text" },
  { name: "version", summary: "the version" },
];

/** `--help`. */
export function help(): string {
  const rows = (pairs: [string, string][], width: number) =>
    pairs.map(([left, right]) => `  ${left.padEnd(width)} ${right}`);
  return [
    "Hands this workstation's GPU to a container inside a VM, or says why it can't.",
    "",
    "  npx zx homelab-gpu.mts up",
    "",
    "Commands:",
    ...rows(Object.entries(commands).map(([name, { takes, summary }]) => [`${name} ${takes}`.trim(), summary]), 27),
    "",
    "Options:",
    ...rows(
      options.map((
        { name, letter, takes, summary },
      ) => [`${letter ? `-${letter}, ` : "    "}--${name}${takes ? ` ${takes}` : ""}`, summary]),
      18,
    ),
    "",
    "Exit codes: 0 fine, 1 a check or step failed, 2 wrong usage or config,",
    "130 interrupted.",
    "",
  ].join("\n");
}
