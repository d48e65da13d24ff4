/** The logs of services. */
import { UserError } from "../../errors.mts";
import type { Lab } from "../../host/lab.mts";
import { requireLibvirtAnswer } from "../../host/lab.mts";
import { shellWord } from "../../render.mts";
import { self } from "../../self.mts";
import { dockerServiceName } from "../../verify/swarm-status.mts";
import { closest } from "../../suggest.mts";
import { counted, existing, joinList } from "../../text.mts";
import { type Context, log, styleFor } from "../context.mts";
import { askGuest, engineOfMachine, isReachable, sshTo } from "../guest.mts";
import { inspectLab } from "../inspect-lab.mts";
import { thisMachine } from "../../config/placed.mts";
import { formatPlan } from "../print.mts";
import type { LoadedConfig } from "../load-config.mts";
import { sayTo } from "../say.mts";

/** A container in a machine, and the service that it belongs to: NAME, or STACK/NAME. */
export interface Logged {
  machine: string;
  service: string;
  /** The name of the container; of a service in the Swarm, which its manager reads from all nodes, its own. */
  container: string;
  inSwarm?: true;
}

/** Lines that are shown of each container's log, without --tail. */
const defaultTail = "200";

/** A lab, and the containers of its running machines; undefined if no machine runs. */
interface Found {
  context: Context;
  source: LoadedConfig;
  lab: Lab;
  containers: Logged[] | undefined;
}

/** `logs [service…]`: the logs of services; with `-f`, also new lines. */
export async function logs(context: Context): Promise<number> {
  const found = await find(context);
  if (!found.containers) {
    requireNames(found.source, context.args);
    throw new UserError(`no machine is running: ${self("up")}`, 1);
  }
  return await show(context, [found]);
}

/** `logs` of several hosts, each with a context; one that cannot be asked is named. */
export async function logsOnHosts(all: Context, contexts: Context[]): Promise<number> {
  const found = await Promise.all(contexts.map((context) =>
    find(context).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      sayTo(all.shell, `${context.on?.name ?? thisMachine}: ${error.message}`);
      return undefined;
    })
  ));
  const answered = found.filter((one) => one?.containers !== undefined) as Found[];
  if (answered.length === 0) {
    throw new UserError(found.includes(undefined) ? "no host answered" : `no machine is running: ${self("up")}`, 1);
  }
  return await show(all, answered) || (found.includes(undefined) ? 1 : 0);
}

async function find(context: Context): Promise<Found> {
  const { source, lab } = await inspectLab(context);
  requireLibvirtAnswer(lab);
  tailOf(context);
  return { context, source, lab, containers: await containersOf(context, lab, source) };
}

function tailOf({ options: { tail = defaultTail } }: Context): string {
  if (!/^(\d+|all)$/.test(tail)) throw new UserError(`--tail needs a number of lines or all, not ${tail}`);
  return tail;
}

async function show({ args, options }: Context, found: Found[]): Promise<number> {
  const chosen = chosenContainers(found.flatMap(({ containers }) => containers ?? []), args);
  const machines = [...new Set(chosen.map(({ machine }) => machine))];
  if (options.follow && machines.length > 1) {
    throw new UserError(
      `-f follows services of one machine, but these are in ${joinList(machines)}: name one, for example ${
        self(`logs -f ${chosen[0]!.service}`)
      }`,
    );
  }
  for (const one of found) {
    const code = await showOf(one, chosen);
    if (code !== 0) return code;
  }
  return 0;
}

/** Shows the logs of those containers that are in a lab. */
async function showOf({ context, source, lab }: Found, all: Logged[]): Promise<number> {
  const { shell, options } = context;
  const chosen = all.filter(({ machine }) => Object.hasOwn(lab.machines, machine));
  const machines = [...new Set(chosen.map(({ machine }) => machine))];
  const commands = machines.map((machine) => [
    // on a terminal Ctrl-C reaches the program in the machine
    ...sshTo(machine, lab.machines[machine]!, options.follow && shell.terminal.in && shell.terminal.out ? ["-t"] : []),
    logCommand(
      engineOfMachine(source, machine),
      chosen.filter((one) => one.machine === machine && !one.inSwarm).map(({ container }) => container),
      ["--tail", tailOf(context), ...(options.follow ? ["-f"] : [])],
      chosen.filter((one) => one.machine === machine && one.inSwarm).map(({ container }) => container),
    ),
  ]);
  if (options.dryRun && commands.length > 0) {
    const steps = commands.map((command, i) => ({ title: `Show logs of ${machines[i]}`, command }));
    shell.stdout(`${formatPlan(source.folder, [], steps, styleFor(context, "out")).join("\n")}\n`);
    return 0;
  }
  for (const command of commands) {
    const code = await shell.interactive(command, { cwd: source.folder });
    if (code !== 0) return code;
  }
  return 0;
}

/**
 * The containers of all running machines, asked at the same time; undefined if none runs. Throws {@link UserError} if
 * none answers.
 */
async function containersOf(context: Context, lab: Lab, source: LoadedConfig): Promise<Logged[] | undefined> {
  const running = Object.entries(lab.machines).filter(([, machine]) => isReachable(machine));
  if (running.length === 0) return undefined;
  const answers = await Promise.all(running.map(async ([machine, there]) => {
    const answer = await askGuest(context, source, machine, there, "services");
    if (!answer) log(context, `${machine} does not answer over SSH: ${self("verify")} says why`);
    return answer && [
      ...answer.containers.map(({ service, name }) => ({ machine, service, container: name })),
      ...(answer.swarm?.services ?? []).map(({ name }) => ({
        ...{ machine, service: name, container: dockerServiceName(name) },
        inSwarm: true as const,
      })),
    ];
  }));
  if (answers.every((one) => one === undefined)) throw new UserError("no machine answered", 1);
  return answers.flatMap((one) => one ?? []);
}

/**
 * Throws {@link UserError} for a word that is neither a service of the config nor a stack. The services of a stack are
 * not known while its machine is off, so a word that could be one of them is accepted.
 */
function requireNames({ config }: LoadedConfig, words: string[]): void {
  const { services, stacks: inSwarm } = config.swarm ?? { services: [], stacks: [] };
  const stacks = [...config.stacks, ...inSwarm].map(({ name }) => name);
  const names = [...[...config.services, ...services].map(({ name }) => name), ...stacks];
  for (const word of words) {
    if (names.includes(word) || stacks.includes(word.replace(/\/.*/, ""))) continue;
    if (config.machines.some(({ name }) => name === word)) {
      throw new UserError(`there is no service ${word}: it is a machine; without a name, logs shows all services`);
    }
    if (stacks.length === 0 || closest(word, names) !== undefined) throw noService(word, names, names);
  }
}

/** The error for a name that matches no service. `forms`: the names as people type them. */
function noService(word: string, services: string[], forms: string[]): UserError {
  const meant = /^\d+$/.test(word) ? `--tail ${word}` : closest(word, forms);
  const more = services.length === 0 ? "" : `; ${existing("service", services)}`;
  return new UserError(`there is no service ${word}${meant ? `: did you mean ${meant}?` : more}`);
}

/**
 * The containers that words select: a service of the config, STACK/SERVICE, the name of a service
 * in one stack, or a stack; all containers without words. Throws {@link UserError} for a name that
 * matches nothing, or services of several stacks.
 */
export function chosenContainers(all: Logged[], words: string[]): Logged[] {
  if (all.length === 0) throw new UserError(`no service has a container yet: ${self("up")}`, 1);
  const found = words.flatMap((word) => {
    const exact = all.filter(({ service }) => service === word);
    if (exact.length > 0) return exact;
    const stack = all.filter(({ service }) => service.startsWith(`${word.replace(/\/$/, "")}/`));
    const inStacks = all.filter(({ service }) => service.endsWith(`/${word}`));
    const names = [...new Set(inStacks.map(({ service }) => service))];
    if (names.length > 1 || (names.length > 0 && stack.length > 0)) {
      const whole = stack.length > 0 ? [`logs ${word}/`] : [];
      throw new UserError(
        `${word} matches ${counted(names.length + whole.length, "name")}: ${
          joinList([...names.map((name) => `logs ${name}`), ...whole], "or")
        }`,
      );
    }
    if (names.length > 0) return inStacks;
    if (stack.length > 0) return stack;
    const services = [...new Set(all.map(({ service }) => service))].sort();
    throw noService(word, services, [...services, ...services.map((name) => name.replace(/.*\//, ""))]);
  });
  return words.length > 0 ? [...new Set(found)] : all;
}

/**
 * The command in a guest that prints logs of containers and services of the Swarm: of one of them unchanged, of several
 * with the container's name before each line; Docker itself puts the names of tasks before the lines of a service. With
 * -f they run at the same time.
 */
export function logCommand(engine: string, containers: string[], options: string[], services: string[] = []): string {
  const words = options.join(" ");
  if (containers.length + services.length === 1) {
    return `sudo ${engine} ${services.length === 1 ? "service logs" : "logs"} ${words} ${
      [...containers, ...services][0]
    }`;
  }
  const end = options.includes("-f") ? " &" : ";";
  const loops = [
    ...(containers.length > 0
      ? [`for one; do ${engine} logs ${words} "$one" 2>&1 | sed -u "s/^/$one | /"${end} done`]
      : []),
    ...(services.length > 0
      ? [`for one in ${services.join(" ")}; do ${engine} service logs ${words} "$one" 2>&1${end} done`]
      : []),
  ];
  return `sudo sh -c ${shellWord(`${loops.join("; ")}; wait`)} logs ${containers.join(" ")}`.trimEnd();
}
