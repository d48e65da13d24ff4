import { UserError } from "../errors.mts";
import { type Command, options } from "./options.mts";
import { self } from "../self.mts";
import { wrap, wrapBefore } from "../text.mts";

/** The commands, by name, in the order of `--help`. */
export const commands: Record<string, Command> = {
  up: {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "start the machines, prove their services",
    run: async (context) =>
      context.options.dryRun
        ? (await import("./commands/plan.mts")).plan(context)
        : (await import("./commands/up.mts")).up(context),
  },
  init: {
    takes: "",
    summary: "write a config for the card found here",
    run: async (context) => (await import("./commands/init.mts")).init(context),
  },
  plan: {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "show what up would write and run",
    run: async (context) => (await import("./commands/plan.mts")).plan(context),
  },
  doctor: {
    takes: "[CHECK…]",
    operands: "checks",
    summary: "check if this host can pass its GPU to a VM",
    run: async (context) => (await import("./commands/doctor.mts")).doctor(context),
  },
  prepare: {
    takes: "",
    summary: "bind the card at boot: show how, do it, undo it",
    run: async (context) => (await import("./commands/prepare.mts")).prepare(context),
  },
  verify: {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "prove the running machines, layer by layer",
    run: async (context) => (await import("./commands/verify.mts")).verify(context),
  },
  explain: {
    takes: "[LOG or CHECK]",
    operands: "checks",
    summary: "explain the errors of a log, or a check",
    run: async (context) => (await import("./commands/explain.mts")).explain(context),
  },
  status: {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "show machines, services and how busy cards are",
    run: async (context) => (await import("./commands/status.mts")).status(context),
  },
  logs: {
    takes: "[SERVICE…]",
    summary: "show what services print; -f follows",
    run: async (context) => (await import("./commands/logs.mts")).logs(context),
  },
  ssh: {
    takes: "[MACHINE] [-- COMMAND…]",
    operands: "machines",
    summary: "log into a machine, or run a command in it",
    run: async (context) => (await import("./commands/ssh.mts")).ssh(context),
  },
  "ssh-config": {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "print the SSH configuration of machines",
    run: async (context) => (await import("./commands/ssh-config.mts")).sshConfig(context),
  },
  down: {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "shut the machines down",
    run: async (context) => (await import("./commands/down.mts")).down(context),
  },
  upgrade: {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "build a new box; go back if it is not proven",
    run: async (context) =>
      context.options.dryRun
        ? (await import("./commands/plan.mts")).plan(context, true)
        : (await import("./commands/upgrade.mts")).upgrade(context),
  },
  destroy: {
    takes: "[MACHINE…]",
    operands: "machines",
    summary: "remove the machines and their files in libvirt",
    run: async (context) => (await import("./commands/destroy.mts")).destroy(context),
  },
  completion: {
    takes: "SHELL",
    operands: "shells",
    summary: "print completion for a shell",
    run: async ({ shell, args: [name, ...more] }) => {
      const { completionFor, shells } = await import("./completion.mts");
      const shellName = shells.find((one) => one === name);
      if (!shellName || more.length > 0) {
        const unknown = name !== undefined && !shellName ? `there is no completion for ${name}: ` : "";
        throw new UserError(`${unknown}completion needs one of ${shells.join(", ")}`);
      }
      const { checks } = await import("../checks/index.mts");
      shell.stdout(completionFor(shellName, commands, options, checks.map(({ id }) => id)));
      return 0;
    },
  },
};

/**
 * `--help` for a terminal of that many columns: the commands, and the options that every command takes. Pages of
 * commands are in help.mts.
 */
export function help(columns = 80): string {
  const most = Math.min(columns, 80);
  const rows = (pairs: [string, string][], width: number) =>
    pairs.flatMap(([left, right]) => wrap(right, most, `  ${left.padEnd(width)} `));
  const cells = rows(
    options.filter(({ for: only }) => !only).map((
      { name, letter, takes, summary },
    ) => [`${letter ? `-${letter}, ` : "    "}--${name}${takes ? ` ${takes}` : ""}`, summary]),
    18,
  );
  return [
    ...wrap("Passes this workstation's GPU to a container inside a VM, or says why it can't.", most),
    "",
    ...rows(Object.entries(commands).map(([name, { takes, summary }]) => [`${name} ${takes}`.trim(), summary]), 29),
    "",
    ...(most < 80 ? cells : inPairs(cells)),
    "",
    ...wrapBefore("The options of a command, and examples:", self("help COMMAND"), most, "", "  "),
    "",
  ].join("\n");
}

/** Two neighbours in one line where both fit into 80 columns. */
function inPairs(cells: string[]): string[] {
  const lines: string[] = [];
  for (const cell of cells) {
    const last = lines.at(-1);
    const joined = last === undefined ? "" : last.padEnd(44) + cell;
    if (last !== undefined && last.length < 44 && joined.length <= 80) lines[lines.length - 1] = joined;
    else lines.push(cell);
  }
  return lines;
}
