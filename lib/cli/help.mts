/** The page of each command, and what people type from habit. Loads nothing but the tables of commands and options. */
import { commands } from "./commands.mts";
import { acceptsOption, options } from "./options.mts";
import { self } from "../self.mts";
import { columnsOf, wrap, wrapBefore } from "../text.mts";

/** What a command's page says besides its options: what it does, and examples with what they do. */
interface Page {
  about: string;
  examples: [command: string, does: string][];
}

const pages: Record<string, Page> = {
  up: {
    about: "Checks the host, writes the files, builds missing boxes, starts the VMs and their services, " +
      "and proves them. Changes nothing while a check fails. The next up applies only changes.",
    examples: [
      ["up", "start everything in the config"],
      ["up ai --recreate", "replace the VM ai, if its box or card changed"],
    ],
  },
  init: {
    about:
      "Writes homelab-gpu.yaml for the best card of this host, and lists what to do before up. In a folder with a " +
      "compose.yaml, that project is its stack. It never overwrites a file.",
    examples: [
      ["init", "a config for this host's card"],
      ["init --host ssh://me@gpubox", "a config for the card of another Linux host"],
      ["init --service ollama", "with Ollama as its service"],
      ["init --stack ./immich", "with the Compose project in that folder"],
    ],
  },
  plan: {
    about: "Shows the files that up would write, as a diff, and the steps that it would run. Touches nothing.",
    examples: [
      ["plan", "the whole config"],
      ["plan ai --json", "one machine, as JSON"],
    ],
  },
  doctor: {
    about: "Reads this host and checks whether its GPU can reach a container in a VM. Works without a config. A " +
      "check is named by its id (iommu.group) or by its group (iommu); named checks show what they read.",
    examples: [
      ["doctor", "all checks, on one screen"],
      ["doctor iommu gpu.reset", "these checks, with what they read"],
      ["doctor --save host.txt", "save what was read, to ask others"],
      ["doctor --host ssh://gpubox", "another host, over ssh"],
    ],
  },
  prepare: {
    about: "Shows how to bind the card to vfio-pci at boot on this distribution. Linux only.",
    examples: [
      ["prepare", "show the files and the commands"],
      ["prepare --apply", "do it; asks first"],
    ],
  },
  verify: {
    about: "Proves the running machines layer by layer, from the host's driver to nvidia-smi in the container, and " +
      "names the first layer that fails.",
    examples: [
      ["verify ai", "one machine"],
      ["verify -n", "the commands that it would run"],
    ],
  },
  explain: {
    about: "Finds known errors in a log and explains them, the likely cause first. A dash reads standard input. With " +
      "the id of a check: what it reads, why it matters, and how to fix it. Without an argument: the log of the step " +
      "that failed last.",
    examples: [
      ["explain vagrant.log", "what went wrong in a log"],
      ["explain iommu.group", "the page of a check"],
    ],
  },
  status: {
    about:
      "Shows each machine: whether it runs, its address, its services with health and URLs, how full its disk is " +
      "and how busy its card is, and when it was proven. Reads running machines over SSH.",
    examples: [
      ["status ai", "one machine"],
      ["status --config lab.yaml", "those of another config"],
    ],
  },
  logs: {
    about: "Shows the logs of all services, or of the named ones: a service of the config, STACK/SERVICE, or a stack.",
    examples: [
      ["logs ollama -f", "one service; follow its log"],
      ["logs immich/server --tail all", "the whole log of a stack's service"],
    ],
  },
  ssh: {
    about: "Logs into a machine, or runs the command after -- in it. MACHINE is needed only if there are several.",
    examples: [
      ["ssh ai", "a shell in ai"],
      ["ssh ai -- nvidia-smi", "run a command in ai"],
    ],
  },
  "ssh-config": {
    about:
      "Prints the SSH configuration of running machines. With it other programs (scp, rsync, editors) connect to " +
      "a machine by its name.",
    examples: [
      ["ssh-config", "all machines that run"],
      ["ssh-config ai >>~/.ssh/config", "then ssh ai works"],
    ],
  },
  down: {
    about: "Shuts machines down, and checks that the host has its card back. up starts them again.",
    examples: [
      ["down", "all machines"],
      ["down ai", "one machine"],
    ],
  },
  upgrade: {
    about: "Builds a box with the newest image, driver and packages, creates the VM from it, starts the services and " +
      "proves them. The old box stays until then; a VM that is not proven gets it again. Keeps data disks; asks " +
      "first. After an interruption, upgrade continues. libvirt only.",
    examples: [
      ["upgrade", "all machines whose box is built here"],
      ["upgrade ai -n", "the steps that it would run"],
    ],
  },
  destroy: {
    about:
      "Removes machines and what is on their system disks; asks first. Keeps data disks, boxes and downloads for the " +
      "next up.",
    examples: [
      ["destroy ai --data", "remove the VM ai and its data disk"],
      ["destroy ai", "remove the VM ai"],
      ["destroy --yes", "remove all without asking"],
    ],
  },
  completion: {
    about:
      "Prints what a shell reads to complete commands, options, machines, services and checks. In the notes below, … " +
      "stands for the command.",
    examples: [
      ["completion bash", "in ~/.bashrc: source <(…)"],
      ["completion fish", "in config.fish: … | source"],
      ["completion powershell", "in $PROFILE: … | Out-String | Invoke-Expression"],
    ],
  },
};

/** The page of a command for a terminal of that many columns. A command of an example is not wrapped. */
export function pageOf(name: string, columns = 80): string {
  const most = Math.min(columns, 80);
  const { takes } = commands[name]!;
  const { about, examples } = pages[name]!;
  const width = Math.max(...examples.map(([command]) => self(command).length));
  const own = options.filter((option) => option.for && acceptsOption(option, name, true)).flatMap((option) => {
    const { letter, takes: value, summary } = option;
    const flag = `${letter ? `-${letter}, ` : "    "}--${option.name}${value ? ` ${value}` : ""}`;
    const only = acceptsOption(option, name) ? "" : " (with -n)";
    const text = option.own?.[name] ?? summary.replace(/^[a-z]+(, [a-z]+)*: /, "");
    return wrap(text + only, most, `  ${flag.padEnd(18)} `, " ".repeat(21));
  });
  const general = options.filter((option) => !option.for).map((option) =>
    `${option.letter ? `-${option.letter}` : `--${option.name}`}`
  );
  const exampleLines = examples.flatMap(([command, does]) => {
    const line = `  ${self(command).padEnd(width)}  ${does}`;
    return columnsOf(line) <= most ? [line] : [`  ${self(command)}`, ...wrap(does, most, "      ")];
  });
  return [
    ...wrapBefore("Usage:", `${self(name)} [OPTION…] ${takes}`.trim(), most, "", "  "),
    "",
    ...wrap(about, Math.min(columns, 78), "", ""),
    "",
    "Examples:",
    ...exampleLines,
    "",
    ...(own.length > 0 ? ["Options:", ...own, ""] : []),
    ...wrap(`Also: ${general.join(", ")}.`, most, "", "  "),
    "",
  ].join("\n");
}

/** The command here for words of other programs: Docker, Compose, Vagrant, systemd, Terraform. */
const habits: [words: string[], instead: string][] = [
  [["ps", "ls", "list", "show", "info", "stat", "top", "inspect", "machines"], "status shows the machines"],
  [["start", "run", "create", "launch", "resume", "apply", "deploy", "provision"], "up starts the machines"],
  [["stop", "halt", "shutdown", "suspend", "pause", "poweroff", "off", "kill"], "down shuts the machines down"],
  [["restart", "reload", "reboot"], "down shuts the machines down, up starts them again"],
  [
    ["shell", "exec", "sh", "bash", "enter", "attach", "console", "login", "connect"],
    "ssh [MACHINE] [-- COMMAND…] logs into a machine",
  ],
  [["nvidia-smi", "docker", "compose", "podman", "sudo"], "ssh [MACHINE] -- COMMAND… runs a command in a machine"],
  [["gpu", "gpus", "card", "cards"], "status shows the machines and their cards, doctor the cards of this host"],
  [["rm", "remove", "delete", "undefine", "purge", "clean", "prune", "uninstall"], "destroy removes the machines"],
  [["log", "journal", "journalctl", "tail"], "logs [SERVICE…] shows what services print"],
  [["check", "validate", "lint", "diagnose", "config", "probe"], "doctor checks this host and the config"],
  [["test", "prove"], "verify proves the running machines"],
  [["diff", "preview", "dry-run"], "plan shows what up would change"],
  [
    ["update", "renew", "refresh", "rollback", "downgrade", "dist-upgrade"],
    "upgrade builds a new box, and goes back to the old one if the VM is not proven",
  ],
  [
    ["build", "pull", "rebuild", "box", "install", "setup"],
    "up builds what is missing or has changed, then starts the machines",
  ],
  [["new", "generate", "scaffold"], "init writes a config for this host"],
  [["bind", "vfio", "passthrough", "undo"], "prepare binds the card to vfio-pci at boot, prepare --undo reverts that"],
  [["why", "diagnostics", "errors"], "explain says what the errors in a log mean"],
  [["version", "about"], "--version prints the version"],
  [["man", "usage", "?", "/?", "/h", "/help"], "help COMMAND shows the page of a command"],
];

/** The command to use instead of a command of another program; undefined for other words. */
export function insteadOf(word: string): string | undefined {
  return habits.find(([words]) => words.includes(word.toLowerCase()))?.[1];
}

/** The words that {@link insteadOf} knows, and the commands that have a page. */
export const helped = { habits: habits.flatMap(([words]) => words), pages: Object.keys(pages) };
