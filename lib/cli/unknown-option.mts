/** What was meant by an option that no command has. */
import { UserError } from "../errors.mts";
import { ownValue } from "../maps.mts";
import { closest } from "../suggest.mts";
import { commands } from "./commands.mts";
import { acceptsOption, options } from "./options.mts";
import { everyMachine } from "./select-machines.mts";

/** The options here for those of other programs: Docker Compose, Vagrant, Terraform, apt. */
const habits = {
  ...{ "-V": "--version", "-?": "--help", "--h": "--help", "-y": "--yes", "-c": "--config", "-j": "--json" },
  ...{ "--force": "--yes", "--auto-approve": "--yes", "--assume-yes": "--yes", "--no-confirm": "--yes" },
  ...{
    "--file": "--config",
    "--lines": "--tail",
    "--debug": "--verbose",
    "--silent": "--quiet",
    "--check": "--dry-run",
    "--revert": "--undo",
  },
  ...{ "--format": "--json", "--output": "--json", "-o": "--json" },
};

/** Options of other programs that are not needed here. */
const needless = {
  ...{ "-d": "it ends when the services run", "--detach": "it ends when the services run" },
  ...{ "--build": "it builds a box whose inputs changed", "--provision": "it applies what changed" },
};

/** What to do instead of options of other programs, for commands that take any number of machines. */
const forMachines = { "--all": everyMachine, "-a": everyMachine };

/** What to do instead of options of Docker's `logs`. */
const forLogs = { "--since": "--tail LINES shows the last lines" };

/** What to do instead of options of other programs, for any command. */
const instead = {
  ...{ "--fix": "up --yes runs the safe fixes", "--repair": "up --yes runs the safe fixes" },
  ...{ "--watch": "watch COMMAND repeats a command", "-w": "watch COMMAND repeats a command" },
  ...{ "--gpu": "gpu: in the config names the card", "--gpus": "gpu: in the config names the card" },
};

/**
 * The error for an unknown option. `words`: the command line. `letter`: the letter that no option has, of letters
 * behind one dash, which may be a long option with one dash.
 */
export function unknownOption(typed: string, words: string[], letter = typed): UserError {
  const command = words.find((word) => Object.hasOwn(commands, word));
  const accepted = options.filter((option) => command === undefined || acceptsOption(option, command, true));
  // dashes are not compared: they always agree
  const near = (list: typeof options) =>
    typed.startsWith("--")
      ? closest(typed.slice(2), list.map(({ name }) => name))
      : list.find(({ name }) => `-${name}` === typed.split("=")[0])?.name;
  const similar = near(accepted) ?? near(options);
  const habit = ownValue(habits, typed);
  const isAccepted = accepted.some(({ name }) => `--${name}` === habit);
  const meant = isAccepted ? habit : similar === undefined ? undefined : `--${similar}`;
  const needed = command === "up" ? ownValue(needless, typed) : undefined;
  const takesAll = command !== undefined && commands[command]!.takes === "[MACHINE…]";
  const other = (takesAll ? ownValue(forMachines, typed) : undefined) ??
    (command === "logs" ? ownValue(forLogs, typed) : undefined) ?? ownValue(instead, typed) ??
    (command === "init" && typed === "--force" ? "init overwrites no file; --config FILE names another" : undefined) ??
    (Object.hasOwn(commands, typed.slice(2)) ? `${typed.slice(2)} is a command: it takes no dashes` : undefined);
  const more = needed !== undefined
    ? `, which up does not need: ${needed}`
    : meant !== undefined
    ? `: did you mean ${meant}?`
    : other !== undefined
    ? `: ${other}`
    : `\n  help ${command ?? "COMMAND"} lists the options of ${command ?? "a command"}`;
  return new UserError(`unknown option ${meant === undefined ? letter : typed}${more}`);
}
