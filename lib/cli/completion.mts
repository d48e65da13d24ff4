/** Completion for shells, from the tables that `--help` comes from. */
import { acceptsOption, type Command, type Option } from "./options.mts";
import { powershellCompletion } from "./completion-powershell.mts";
import { shellWord } from "../render.mts";

/** Shells that there is completion for. */
export const shells = ["bash", "zsh", "fish", "powershell"] as const;

/** What completion offers. */
interface Offer {
  commands: Record<string, Command>;
  options: Option[];
  /** Ids of checks and the groups that they begin with. */
  checks: string[];
}

/**
 * What a shell reads to complete `homelab-gpu` and the script's own name: commands, options,
 * machines of the config, checks and shells. `ids` are those of the checks. Words and descriptions
 * are this project's own.
 */
export function completionFor(
  shell: (typeof shells)[number],
  commands: Record<string, Command>,
  options: Option[],
  ids: string[],
): string {
  const offer = { commands, options, checks: [...new Set([...ids.map((id) => id.split(".")[0]!), ...ids])] };
  switch (shell) {
    case "bash":
      return bash(offer);
    case "zsh":
      return zsh(offer);
    case "fish":
      return fish(offer);
    case "powershell":
      return powershellCompletion(commands, options, { checks: offer.checks, shells });
  }
}

const words = (options: Option[]) =>
  options.flatMap(({ name, letter }) => [`--${name}`, ...(letter ? [`-${letter}`] : [])]).join(" ");
const withFiles = (options: Option[]) =>
  options.filter(({ takes, values }) => takes && !values).map(({ name }) => `--${name}`);
const withValues = (options: Option[]) =>
  options.flatMap(({ name, values }) => (values ? [{ flag: `--${name}`, name, values }] : []));

/** The commands with operands of that kind. */
const taking = (commands: Record<string, Command>, kind: Command["operands"]) =>
  Object.keys(commands).filter((name) => commands[name]!.operands === kind);

/** A pipeline that prints the names of machines in a config: keys `name` of lists, in block and flow style. */
const machinesIn = (file: string) =>
  `grep -oE '(^|[-{,[]) *[{]? *name: *["'"'"']?[A-Za-z0-9.-]+' ${file} 2>/dev/null | sed 's/.*[^A-Za-z0-9.-]//'`;

/** bash parts words at `=` as well. */
function bash({ commands, options, checks }: Offer): string {
  const names = Object.keys(commands);
  const files = withFiles(options).join(" | ");
  const valued = [...withFiles(options), ...withValues(options).map(({ flag }) => flag)].join(" | ");
  const cases = names.map((name) =>
    `    ${name}) flags='${words(options.filter((one) => acceptsOption(one, name)))}' ;;`
  );
  const values = withValues(options).map(({ flag, values }) =>
    `    ${flag}) mapfile -t COMPREPLY < <(compgen -W '${values.join(" ")}' -- "$word"); return ;;\n`
  );
  return `_homelab_gpu() {
  local word=\${COMP_WORDS[COMP_CWORD]} verb='' config=homelab-gpu.yaml flags='' names='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${valued})
        [ "\${COMP_WORDS[i + 1]}" = = ] && ((i++))
        [ "\${COMP_WORDS[i]} \${COMP_WORDS[i - 1]}" = '= --config' ] || [ "\${COMP_WORDS[i]}" = --config ] &&
          config=\${COMP_WORDS[i + 1]:-$config}
        ((i++)) ;;
      -*) ;;
      *) [ -n "$verb" ] || verb=\${COMP_WORDS[i]} ;;
    esac
  done
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join("")}    ${files} | =) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
  esac
  case "$verb" in
${cases.join("\n")}
    *) flags='${words(options)}' ;;
  esac
  case "$verb" in
    '') names='${names.join(" ")} help' ;;
    ${taking(commands, "machines").join(" | ")}) names=$(${machinesIn('"$config"')}) ;;
    ${taking(commands, "checks").join(" | ")}) names='${checks.join(" ")}' ;;
    ${taking(commands, "shells").join(" | ")}) names='${shells.join(" ")}' ;;
    help) names='${names.join(" ")}' ;;
  esac
  case "$word" in
    -*) mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word") ;;
  esac
}
complete -o default -F _homelab_gpu homelab-gpu homelab-gpu.mts
`;
}

function zsh({ commands, options, checks }: Offer): string {
  const escaped = (text: string) => text.replace(/[[\]:\\]/g, "\\$&");
  const value = ({ takes, values }: Option) => !takes ? "" : values ? `:value:(${values.join(" ")})` : ":file:_files";
  const flags = (option: Option) =>
    [`--${option.name}`, ...(option.letter ? [`-${option.letter}`] : [])].map((flag) =>
      shellWord(`${flag}[${escaped(option.summary)}]${value(option)}`)
    ).join(" ");
  const lines = options.map((option) => {
    const takers = Object.keys(commands).filter((name) => acceptsOption(option, name));
    const always = takers.length === Object.keys(commands).length;
    return always
      ? `  flags+=(${flags(option)})`
      : `  case $verb in ''|${takers.join("|")}) flags+=(${flags(option)}) ;; esac`;
  });
  const names = Object.entries(commands).map(([name, { summary }]) => shellWord(`${name}:${escaped(summary)}`));
  return `#compdef homelab-gpu homelab-gpu.mts
_homelab_gpu() {
  local -a flags names commands=(
    ${names.join("\n    ")}
    'help:show the page of a command'
  )
  local verb=\${words[(r)(${Object.keys(commands).join("|")}|help)]}
  local config=\${words[\${words[(i)--config]}+1]:-homelab-gpu.yaml}
${lines.join("\n")}
  case $verb in
    ${taking(commands, "machines").join("|")}) names=(\${(f)"$(${machinesIn('"$config"')})"}) ;;
    ${taking(commands, "checks").join("|")}) names=(${checks.join(" ")}) ;;
    ${taking(commands, "shells").join("|")}) names=(${shells.join(" ")}) ;;
    help) names=(${Object.keys(commands).join(" ")}) ;;
  esac
  _arguments $flags '1:command:{_describe command commands}' '*:name:{ compadd -a names || _files }'
}
compdef _homelab_gpu homelab-gpu homelab-gpu.mts
`;
}

function fish({ commands, options, checks }: Offer): string {
  const named = (rest: string) => ["homelab-gpu", "homelab-gpu.mts"].map((name) => `complete -c ${name} ${rest}`);
  const where = (option: Option) => {
    const takers = Object.keys(commands).filter((name) => acceptsOption(option, name));
    return takers.length === Object.keys(commands).length
      ? ""
      : ` -n '__homelab_gpu_first; or __fish_seen_subcommand_from ${takers.join(" ")}'`;
  };
  const operands = (takers: string[], offered: string) =>
    named(`-n '__fish_seen_subcommand_from ${takers.join(" ")}' -a ${shellWord(offered)}`);
  return [
    // fish's own __fish_use_subcommand takes an option's value for a command
    `function __homelab_gpu_first; not __fish_seen_subcommand_from ${Object.keys(commands).join(" ")} help; end`,
    `function __homelab_gpu_machines; ${machinesIn("homelab-gpu.yaml")}; end`,
    ...Object.entries(commands).flatMap(([name, { summary }]) =>
      named(`-n __homelab_gpu_first -f -a ${name} -d ${shellWord(summary)}`)
    ),
    ...named("-n __homelab_gpu_first -f -a help -d 'show the page of a command'"),
    ...operands(taking(commands, "machines"), "(__homelab_gpu_machines)"),
    ...operands(taking(commands, "checks"), checks.join(" ")),
    ...operands(taking(commands, "shells"), shells.join(" ")),
    ...operands(["help"], Object.keys(commands).join(" ")),
    ...options.flatMap((option) => {
      const { name, letter, takes, values, summary } = option;
      const value = takes ? (values ? ` -x -a ${shellWord(values.join(" "))}` : " -r") : "";
      return named(
        `-l ${name}${letter ? ` -s ${letter}` : ""}${value}${where(option)} -d ${shellWord(summary)}`,
      );
    }),
    "",
  ].join("\n");
}
