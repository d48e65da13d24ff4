/** Arguments → command → exit code. */
// @ts-types="npm:@types/minimist@^1.2.5"
import minimist from "minimist";
import { commands, help } from "./commands.mts";
import { acceptsOption, type Option, options as known } from "./options.mts";
import { Interrupted, UserError } from "../errors.mts";
import type { Options } from "./context.mts";
import type { Shell } from "../shell.mts";
import { realShell } from "../run/shell.mts";
import { unknownName, wrap } from "../text.mts";

const version = "0.1.0";

function parse(argv: string[]) {
  const unknown: string[] = [];
  const off = known.filter(({ name }) => name.startsWith("no-")).map(({ name }) => name.slice(3));
  const flags = known.filter(({ takes, name }) => !takes && !name.startsWith("no-")).map(({ name }) => name);
  const values = known.filter(({ takes }) => takes).map(({ name }) => name);
  const found = minimist(argv, {
    string: [...values, "_"],
    boolean: [...flags, ...off],
    default: Object.fromEntries(off.map((name) => [name, true])),
    alias: Object.fromEntries(known.flatMap(({ name, letter }) => (letter ? [[letter, name]] : []))),
    "--": true,
    unknown: (word) => {
      // a lone dash is standard input
      const option = word.startsWith("-") && word !== "-";
      if (option) unknown.push(word);
      return !option;
    },
  });
  // minimist takes a no- before every name, and the name of every no-
  const end = argv.indexOf("--");
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const [, name] = /^--([^=]+)/.exec(word) ?? [];
    if (name && !known.some((option) => option.name === name)) unknown.push(`--${name}`);
  }
  if (unknown.length > 0) throw new UserError(`unknown option ${unknown[0]}\n  homelab-gpu.mts --help lists them`);
  const empty = values.find((name) => found[name] === "" || Array.isArray(found[name]));
  if (empty) throw new UserError(`--${empty} takes one ${known.find(({ name }) => name === empty)!.takes}`);
  return { found, words: found._, rest: found["--"] ?? [] };
}

/** The commands that take an option. */
function takers(option: Option): string[] {
  return Object.keys(commands).flatMap((name) =>
    acceptsOption(option, name) ? [name] : acceptsOption(option, name, true) ? [`${name} -n`] : []
  );
}

/** Does what was typed; gives the exit code. What is expected to go wrong is told in a line or two, and only a bug throws. */
export async function main(words: string[], shell: Shell = realShell()): Promise<number> {
  try {
    return await perform(shell, words);
  } catch (error) {
    if (error instanceof Interrupted) {
      shell.stderr("homelab-gpu: interrupted; the next run goes on from here\n");
      return 130;
    }
    if (!(error instanceof UserError)) throw error;
    shell.stderr(`homelab-gpu: ${error.message}\n`);
    return error.code;
  }
}

async function perform(shell: Shell, argv: string[]): Promise<number> {
  const { found, words: [name, ...more], rest: passthroughArgs } = parse(argv);
  if (found.version) {
    shell.stdout(`${version}\n`);
    return 0;
  }
  if (found.help || name === undefined || name === "help") {
    shell.stdout(help());
    return found.help || name === "help" ? 0 : 2;
  }
  const command = Object.hasOwn(commands, name) ? commands[name]! : undefined;
  if (!command) throw new UserError(unknownName("command", name, Object.keys(commands)));
  if (more.length > 0 && !command.takes) throw new UserError(`${name} takes no ${more[0]}`);
  const given = known.filter((option) =>
    option.name.startsWith("no-") ? !found[option.name.slice(3)] : found[option.name]
  );
  const stray = given.find((option) => !acceptsOption(option, name, found["dry-run"]));
  if (stray) {
    const says = `--${stray.name} is for ${takers(stray).join(", ")}; not for ${name}`;
    throw new UserError(wrap(says, 67, "", "  ").join("\n"));
  }
  const options: Options = {
    ...(found.config ? { config: found.config } : {}),
    ...(found.save ? { save: found.save } : {}),
    ...(found.host ? { host: found.host } : {}),
    json: found.json,
    dryRun: found["dry-run"],
    yes: found.yes,
    gpu: found.gpu,
    recreate: found.recreate,
    apply: found.apply,
    undo: found.undo,
    quiet: found.quiet,
    verbose: found.verbose,
    color: found.color,
  };
  return await command.run({ shell, options, args: more, passthroughArgs });
}
