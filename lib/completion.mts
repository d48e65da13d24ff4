/** Completion for shells, from the tables that `--help` comes from. */
import type { Command, options as known } from "./commands.mts";
import { shellWord } from "./render.mts";

/** Shells that there is completion for. */
export const shells = ["bash", "zsh", "fish"] as const;

type Options = typeof known;

/** What a shell reads to complete `homelab-gpu` and the script's own name. Words and descriptions are this project's own. */
export function completionFor(
  shell: (typeof shells)[number],
  commands: Record<string, Command>,
  options: Options,
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

const words = (options: Options) =>
  options.flatMap(({ name, letter }) => [`--${name}`, ...(letter ? [`-${letter}`] : [])]).join(" ");
const withFiles = (options: Options) => options.filter(({ takes }) => takes).map(({ name }) => `--${name}`);

function bash(commands: string[], options: Options): string {
  return `_homelab_gpu() {
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
    ${withFiles(options).join(" | ")}) mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"); return ;;
  esac
  case "\${COMP_WORDS[COMP_CWORD]}" in
    -*) mapfile -t COMPREPLY < <(compgen -W '${words(options)}' -- "\${COMP_WORDS[COMP_CWORD]}") ;;
    *) mapfile -t COMPREPLY < <(compgen -W '${commands.join(" ")}' -- "\${COMP_WORDS[COMP_CWORD]}") ;;
  esac
}
complete -o default -F _homelab_gpu homelab-gpu homelab-gpu.mts
`;
}

function zsh(commands: Record<string, Command>, options: Options): string {
  const escaped = (text: string) => text.replace(/[[\]:\\]/g, "\\$&");
  const flags = options.flatMap(({ name, letter, takes, summary }) =>
    [`--${name}`, ...(letter ? [`-${letter}`] : [])].map((flag) =>
      shellWord(`${flag}[${escaped(summary)}]${takes ? ":file:_files" : ""}`)
    )
  );
  const names = Object.entries(commands).map(([name, { summary }]) => shellWord(`${name}:${escaped(summary)}`));
  return `#compdef homelab-gpu homelab-gpu.mts
_homelab_gpu() {
  local -a commands=(
    ${names.join("\n    ")}
  )
  _arguments \\
    ${flags.join(" \\\n    ")} \\
    '1:command:{_describe command commands}' \\
    '*:file:_files'
}
compdef _homelab_gpu homelab-gpu homelab-gpu.mts
`;
}

function fish(commands: Record<string, Command>, options: Options): string {
  const named = (rest: string) => ["homelab-gpu", "homelab-gpu.mts"].map((name) => `complete -c ${name} ${rest}`);
  return [
    ...Object.entries(commands).flatMap(([name, { summary }]) =>
      named(`-n __fish_use_subcommand -f -a ${name} -d ${shellWord(summary)}`)
    ),
    ...options.flatMap(({ name, letter, takes, summary }) =>
      named(`-l ${name}${letter ? ` -s ${letter}` : ""}${takes ? " -r" : ""} -d ${shellWord(summary)}`)
    ),
    "",
  ].join("\n");
}
