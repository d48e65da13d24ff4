/** Completion for shells, from the tables that `--help` comes from. */
import { acceptsOption, type Command, type Option } from "./options.mts";
import { shellWord } from "../render.mts";

/** Shells that there is completion for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** What a shell reads to complete `homelab-gpu` and the script's own name. Words and descriptions are this project's own. */
export function completionFor(
  shell: (typeof shells)[number],
  commands: Record<string, Command>,
  options: Option[],
): string {
  switch (shell) {
    case "bash":
      return bash(Object.keys(commands), options);
    case "zsh":
      return zsh(commands, options);
    case "fish":
      return fish(commands, options);
  }
}

const words = (options: Option[]) =>
  options.flatMap(({ name, letter }) => [`--${name}`, ...(letter ? [`-${letter}`] : [])]).join(" ");
const withFiles = (options: Option[]) => options.filter(({ takes }) => takes).map(({ name }) => `--${name}`);

/** bash parts words at `=` as well. */
function bash(commands: string[], options: Option[]): string {
  const files = withFiles(options).join(" | ");
  const cases = commands.map((name) =>
    `    ${name}) flags='${words(options.filter((one) => acceptsOption(one, name)))}' ;;`
  );
  return `_homelab_gpu() {
  local word=\${COMP_WORDS[COMP_CWORD]} verb='' flags i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${files}) ((i++)); if [ "\${COMP_WORDS[i]}" = = ]; then ((i++)); fi ;;
      -*) ;;
      *) verb=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
    ${files} | =) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
  esac
  case "$verb" in
${cases.join("\n")}
    *) flags='${words(options)}' ;;
  esac
  case "$word" in
    -*) mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word") ;;
    *) [ -n "$verb" ] || mapfile -t COMPREPLY < <(compgen -W '${commands.join(" ")}' -- "$word") ;;
  esac
}
complete -o default -F _homelab_gpu homelab-gpu homelab-gpu.mts
`;
}

function zsh(commands: Record<string, Command>, options: Option[]): string {
  const escaped = (text: string) => text.replace(/[[\]:\\]/g, "\\$&");
  const flags = (option: Option) =>
    [`--${option.name}`, ...(option.letter ? [`-${option.letter}`] : [])].map((flag) =>
      shellWord(`${flag}[${escaped(option.summary)}]${option.takes ? ":file:_files" : ""}`)
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
  local -a flags commands=(
    ${names.join("\n    ")}
  )
  local verb=\${words[(r)(${Object.keys(commands).join("|")})]}
${lines.join("\n")}
  _arguments $flags '1:command:{_describe command commands}' '*:file:_files'
}
compdef _homelab_gpu homelab-gpu homelab-gpu.mts
`;
}

function fish(commands: Record<string, Command>, options: Option[]): string {
  const named = (rest: string) => ["homelab-gpu", "homelab-gpu.mts"].map((name) => `complete -c ${name} ${rest}`);
  const where = (option: Option) => {
    const takers = Object.keys(commands).filter((name) => acceptsOption(option, name));
    return takers.length === Object.keys(commands).length
      ? ""
      : ` -n '__homelab_gpu_first; or __fish_seen_subcommand_from ${takers.join(" ")}'`;
  };
  return [
    // fish's own __fish_use_subcommand takes an option's value for a command
    `function __homelab_gpu_first; not __fish_seen_subcommand_from ${Object.keys(commands).join(" ")}; end`,
    ...Object.entries(commands).flatMap(([name, { summary }]) =>
      named(`-n __homelab_gpu_first -f -a ${name} -d ${shellWord(summary)}`)
    ),
    ...options.flatMap((option) => {
      const { name, letter, takes, summary } = option;
      return named(
        `-l ${name}${letter ? ` -s ${letter}` : ""}${takes ? " -r" : ""}${where(option)} -d ${shellWord(summary)}`,
      );
    }),
    "",
  ].join("\n");
}
