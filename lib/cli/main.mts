/** Arguments → command → exit code. */
import process from "node:process";
// @ts-types="npm:@types/minimist@^1.2.5"
import minimist from "minimist";
import { withMarks } from "./ascii.mts";
import { commands, help } from "./commands.mts";
import { acceptsOption, type Command, type Option, options as known } from "./options.mts";
import { Interrupted, UserError } from "../errors.mts";
import type { Options } from "./context.mts";
import type { Shell } from "../shell.mts";
import { sayTo } from "./say.mts";
import { realShell } from "../run/shell.mts";
import { reasonOf } from "../run/shell/reasons.mts";
import { self, version } from "../self.mts";
import { unknownName } from "../text.mts";
import { unknownOption } from "./unknown-option.mts";

/** The parts of a command line. */
interface Typed {
  /** Options, as minimist reads them. */
  found: Record<string, unknown>;
  /** The command's name and its operands, in order. */
  words: string[];
  /** Words behind the first `--` that is not already behind another one; undefined where there is none. */
  rest?: string[];
}

/**
 * Separates options and operands (POSIX.1-2017, 12.2). Only known options are accepted, and a flag
 * accepts no value: `--yes=no` and `--__proto__=x` are refused, and in `--yes true` the word `true`
 * is an operand. Throws {@link UserError}.
 */
function parse(argv: string[]): Typed {
  const end = argv.indexOf("--");
  const before = end < 0 ? argv : argv.slice(0, end);
  const optionWords: string[] = [];
  const words: string[] = [];
  for (let i = 0; i < before.length; i++) {
    const word = before[i]!;
    // a lone dash is standard input
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const [, name, value] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
    if (name === undefined) {
      const letters = [...word.slice(1)];
      const stranger = letters.find((letter) => !known.some((option) => option.letter === letter));
      if (stranger) throw unknownOption(letters.length > 1 ? word : `-${stranger}`, argv, `-${stranger}`);
      optionWords.push(word);
      continue;
    }
    const option = known.find((one) => one.name === name);
    if (!option) throw unknownOption(`--${name}`, argv);
    if (!option.takes) {
      if (value !== undefined) throw new UserError(`--${name} takes no value: remove the option to turn it off`);
      optionWords.push(word);
      continue;
    }
    const next = before[i + 1];
    const own = value ?? (next !== undefined && (next === "-" || !next.startsWith("-")) ? before[++i]! : "");
    const again = optionWords.some((one) => one.startsWith(`--${name}=`));
    if (again) throw new UserError(`--${name} is given twice, but takes one value`);
    if (own === "") throw new UserError(`--${name} needs a value: --${name} ${option.takes}`);
    optionWords.push(`--${name}=${own}`);
  }
  const off = known.filter(({ name }) => name.startsWith("no-")).map(({ name }) => name.slice(3));
  const found = minimist(optionWords, {
    string: known.filter(({ takes }) => takes).map(({ name }) => name),
    boolean: [...known.filter(({ takes, name }) => !takes && !name.startsWith("no-")).map(({ name }) => name), ...off],
    default: Object.fromEntries(off.map((name) => [name, true])),
    alias: Object.fromEntries(known.flatMap(({ name, letter }) => (letter ? [[letter, name]] : []))),
  });
  return { found, words, ...(end < 0 ? {} : { rest: argv.slice(end + 1) }) };
}

/**
 * The command's name, its operands, and the words that it passes on: words after `--` are operands,
 * except for `ssh`.
 */
function operandsOf({ words, rest = [] }: Typed): { name?: string; args: string[]; passthroughArgs: string[] } {
  const [name, ...args] = words.length > 0 ? words : rest;
  if (words.length === 0) return { ...(name === undefined ? {} : { name }), args, passthroughArgs: [] };
  return name === "ssh"
    ? { name, args, passthroughArgs: rest }
    : { name: name!, args: [...args, ...rest], passthroughArgs: [] };
}

/** The commands that take an option. */
function takers(option: Option): string[] {
  return Object.keys(commands).flatMap((name) =>
    acceptsOption(option, name) ? [name] : acceptsOption(option, name, true) ? [`${name} -n`] : []
  );
}

/**
 * What an interrupted command line leaves behind: only some commands continue, and VMs keep running.
 * `running`: what keeps running; undefined if no step was begun.
 */
function interruptedMessage(words: string[], running = ["machines that have started"]): string {
  const is = (...names: string[]) => words.some((word) => names.includes(word));
  if (!is("up", "upgrade", "destroy", "down", "prepare")) return "interrupted";
  const left = `\n  ${running.join(", ")} keep running; to shut them down: ${self("down")}`;
  return `interrupted; the next run continues from here${is("up", "upgrade") && running.length > 0 ? left : ""}`;
}

/**
 * Runs a command line and returns the exit code. An expected error prints a line or two; only a bug throws.
 */
export async function main(words: string[], started: Shell = realShell()): Promise<number> {
  const shell = withMarks(started, process.env);
  try {
    return await perform(shell, words);
  } catch (error) {
    if (error instanceof Interrupted) {
      sayTo(shell, interruptedMessage(words, error.running));
      return 130;
    }
    if (!(error instanceof UserError)) {
      // a refusal of the system is not a bug, wherever it occurs
      const { syscall, path } = error as NodeJS.ErrnoException;
      const reason = syscall === undefined ? undefined : reasonOf(error);
      if (reason === undefined) throw error;
      const place = syscall === "uv_cwd" ? "the current folder" : [syscall, path].filter(Boolean).join(" ");
      sayTo(shell, `${place}: ${reason}`);
      return 1;
    }
    sayTo(shell, error.message);
    return error.code;
  } finally {
    // after an error the probe may still be running
    shell.close();
  }
}

async function perform(shell: Shell, argv: string[]): Promise<number> {
  const typed = parse(argv);
  const { found } = typed;
  const { name, args, passthroughArgs } = operandsOf(typed);
  if (found.version) {
    shell.stdout(`${version}\n`);
    return 0;
  }
  if (found.help || name === undefined || name === "help") {
    const [about, ...more] = name !== "help" ? [name] : args[0] === "help" ? args.slice(1) : args;
    if (name === "help" && more.length > 0) throw new UserError(`help takes one COMMAND, but got ${more[0]} too`);
    if (about !== undefined) await commandNamed(about);
    const { out, columns } = shell.terminal;
    const width = out ? columns : undefined;
    shell.stdout(about === undefined ? help(width) : (await import("./help.mts")).pageOf(about, width));
    return found.help || name === "help" ? 0 : 2;
  }
  const command = await commandNamed(name, found);
  if (args.includes("")) throw new UserError("an argument is empty: a variable in the command line may have no value");
  if (args.length > 0 && !command.takes) {
    const isOption = known.some((option) => option.name === args[0] && acceptsOption(option, name));
    const meant = isOption ? `: did you mean --${args[0]}?` : "";
    throw new UserError(`${name} takes no arguments, but got ${args[0]}${meant}`);
  }
  const present = known.filter((option) =>
    option.name.startsWith("no-") ? !found[option.name.slice(3)] : found[option.name]
  );
  const stray = present.find((option) => !acceptsOption(option, name, Boolean(found["dry-run"])));
  if (stray) {
    const flag = `${stray.letter ? `-${stray.letter}, ` : ""}--${stray.name}`;
    // -f names a file in the programs that others know
    const file = stray.letter === "f" ? args.find((word) => /\.ya?ml$/.test(word)) : undefined;
    const more = file === undefined ? "" : `: did you mean --config ${file}?`;
    throw new UserError(`${flag} is an option of ${takers(stray).join(", ")}, not of ${name}${more}`);
  }
  if (found.apply && found.undo) throw new UserError("--apply and --undo exclude each other: use one of them");
  const odd = present.find(({ name, values }) => values && !values.includes(String(found[name])));
  if (odd) {
    const [value, values] = [String(found[odd.name]), odd.values ?? []];
    throw new UserError(unknownName(odd.name, value, [...values]));
  }
  const text = (option: "config" | "save" | "host" | "service" | "stack" | "tail") => {
    const value = found[option];
    return typeof value === "string" && value !== "" ? { [option]: value } : {};
  };
  const options: Options = {
    ...text("config"),
    ...text("save"),
    ...text("host"),
    ...text("service"),
    ...text("stack"),
    ...text("tail"),
    json: Boolean(found.json),
    dryRun: Boolean(found["dry-run"]),
    yes: Boolean(found.yes),
    gpu: Boolean(found.gpu),
    recreate: Boolean(found.recreate),
    data: Boolean(found.data),
    pull: Boolean(found.pull),
    follow: Boolean(found.follow),
    apply: Boolean(found.apply),
    undo: Boolean(found.undo),
    quiet: Boolean(found.quiet),
    verbose: Boolean(found.verbose),
    color: Boolean(found.color),
  };
  const { configOfHosts, connectAlone } = await import("./other-host.mts");
  const config = await configOfHosts(shell, options, name, args);
  const context = { shell, options, args, passthroughArgs };
  if (config?.hosts) return await (await import("./several-hosts.mts")).onEachHost(command, name, context, config);
  const other = config?.host && await connectAlone(config.host, shell, options, name);
  try {
    return await command.run({ ...context, shell: other ?? shell });
  } finally {
    other?.close();
  }
}

/**
 * The command of that name; `found`: the options of the command line. Throws {@link UserError} with the command that
 * was meant.
 */
async function commandNamed(name: string, found: Record<string, unknown> = {}): Promise<Command> {
  if (Object.hasOwn(commands, name)) return commands[name]!;
  if (name === "") throw new UserError("the command is empty\n  help lists the commands");
  const taker = known.find((option) => option.takes && Object.hasOwn(commands, String(found[option.name])));
  if (taker) {
    const taken = String(found[taker.name]);
    throw new UserError(
      `there is no command ${name}: --${taker.name} takes the word behind it, ${taken}, as its ${taker.takes}\n` +
        `  write the command first: ${self(taken)} --${taker.name} ${name}`,
    );
  }
  const { insteadOf } = await import("./help.mts");
  const instead = insteadOf(name);
  throw new UserError(
    instead === undefined
      ? unknownName("command", name, Object.keys(commands))
      : `there is no command ${name}: ${instead}`,
  );
}
