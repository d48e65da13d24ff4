/** Runs a command on each host of a config with machines on several hosts, and joins their results. */
import type { Config } from "../config/types.mts";
import { Interrupted, UserError } from "../errors.mts";
import type { Shell } from "../shell.mts";
import { joinList, wrap } from "../text.mts";
import { jsonText } from "../urls.mts";
import { type Context, log, selfFor, styleFor } from "./context.mts";
import { hearing, type Lane, laneOf, Lanes } from "./lanes.mts";
import type { Command } from "./options.mts";
import { connectAlone, connectTo, silent, urlOf } from "./other-host.mts";
import { heading, marked, type Style } from "./print.mts";
import { refuseSameHost } from "./same-host.mts";
import { sayTo } from "./say.mts";
import { nameOf, type Part, partsOf, placeOrphans, type Result, type Run, titleOf } from "./host-words.mts";
import { finishSwarm } from "./swarm-hosts.mts";
import { contextOn, managerFor, openerOf, placesIn, type Ran } from "./swarm-places.mts";

/** Commands that change something, whose messages are shown while they run. */
const acting = ["up", "upgrade", "down", "destroy", "verify"];

/**
 * Runs a command on the hosts of a config that it is about, all at the same time. A host that fails does not stop the
 * others. Returns 0 if the command succeeded on each. `connect` gives the shell of a host, which writes to the one it
 * gets.
 */
export async function onEachHost(
  command: Command,
  name: string,
  context: Context,
  config: Config,
  connect = connectTo,
): Promise<number> {
  const { shell, options } = context;
  const parts = partsOf(name, command, context.args, config);
  if (options.save && parts.length > 1) {
    const login = parts.find(({ host }) => host)!.host!;
    throw new UserError(
      `--save saves the probe of one host, but the machines are on ${joinList(parts.map(nameOf))}\n` +
        `  name one of them, for example --host ${urlOf(login)}`,
    );
  }
  if (parts.length === 1 && !options.json) {
    return await onOneHost(command, name, context, parts[0]!, config, connect);
  }
  const isActing = !options.dryRun && (acting.includes(name) || options.apply || options.undo);
  const lanes = new Lanes();
  const width = Math.max(...parts.map((part) => nameOf(part).length));
  const style = styleFor(context, "out");
  if (!silent.includes(name)) {
    log(context, `hosts: ${parts.map(titleOf).join(", ")}`);
  }
  const opened: Shell[] = [];
  let hasEnded = false;
  let runs: Run[] = [];
  const ran: Ran = new Map();
  const reached = openerOf(context, config, () => runs, opened, connect);
  runs = parts.map((part): Run => {
    const title = titleOf(part);
    const lane = laneOf(lanes, shell, {
      ...{ name: nameOf(part), width, live: isActing, runs: parts.length },
      heading: name === "logs" || options.json
        ? undefined
        : name === "ssh-config"
        ? `# ${title}`
        : heading(`── ${title} ──`, style),
    });
    const there = part.host ? connect(part.host, lane.shell) : Promise.resolve(lane.shell);
    there.then((one) => hasEnded ? one.close() : opened.push(one), () => {});
    return {
      part,
      lane,
      shell: there,
      on: contextOn(context, part, reached, ran, managerFor(name, context.args, config, part, reached)),
    };
  });
  try {
    if (name === "logs") return await logsOf(context, runs);
    await placeOrphans(name, context.args, runs, config);
    const differ = refuseSameHost(context, name, runs, config);
    // what only reads need not wait for a host that does not answer
    if (isActing) await differ;
    else differ.catch(() => {});
    const ending = runs.map(async (run) => {
      const ended = await resultOf(command, run);
      const result: Result = { ...ended, declined: wasDeclined(ended, run.lane) };
      if (isActing && !options.json) tellEnd(context, run, result);
      return result;
    });
    const results: Result[] = [];
    await differ;
    for (const [i, { lane }] of runs.entries()) {
      const result = await ending[i]!;
      results.push(result);
      // data of commands that act comes after the messages of all, and errors come last
      if (!isActing && !options.json && !result.error) lane.flush();
    }
    refuseTogether(results);
    const places = placesIn(config, runs.map(({ part: { host } }, i) => ({ host, ...results[i] })), ran, reached);
    const swarm = await finishSwarm(context, name, config, places);
    if (options.json) {
      const hosts = runs.map((run, i) => reportOf(run, results[i]!));
      const ok = results.every(({ code }) => code === 0);
      shell.stdout(`${jsonText({ schema: "homelab-gpu/hosts/2", command: name, hosts, ok })}\n`);
    }
    for (const [i, { lane }] of runs.entries()) {
      const { error } = results[i]!;
      if (error && !options.json && !(isActing && error.code === 1)) {
        if (isActing || silent.includes(name)) sayTo(lane.shell, error.message);
        else lane.shell.stdout(`${errorLines(error, style).join("\n")}\n`);
      }
      lane.flush();
    }
    return conclude(context, name, swarm ? [...results, swarm] : results, isActing);
  } finally {
    hasEnded = true;
    for (const one of opened) one.close();
  }
}

/** As with a config that has one host. */
async function onOneHost(
  command: Command,
  name: string,
  context: Context,
  part: Part,
  config: Config,
  connect: typeof connectTo,
): Promise<number> {
  const opened: Shell[] = [];
  const heard = hearing(context.shell);
  const there = part.host && await connectAlone(part.host, heard.shell, context.options, name, connect);
  if (there) opened.push(there);
  const shell = there ?? heard.shell;
  try {
    const runs: Omit<Run, "lane">[] = [];
    const reached = openerOf(context, config, () => runs, opened, connect);
    const ran: Ran = new Map();
    const on = contextOn(context, part, reached, ran, managerFor(name, context.args, config, part, reached));
    runs.push({ part, shell: Promise.resolve(shell), on });
    const code = await command.run({ ...on, shell });
    const places = placesIn(config, [{ host: part.host, code, declined: wasDeclined({ code }, heard) }], ran, reached);
    const swarm = await finishSwarm(context, name, config, places);
    return code || (swarm?.error ? 1 : 0);
  } finally {
    for (const one of opened) one.close();
  }
}

/** Whether a run did nothing because its question was answered with no. */
const wasDeclined = ({ code }: Pick<Result, "code">, { declined }: Pick<Lane, "declined">): boolean =>
  code === 1 && declined();

async function resultOf(command: Command, { part, shell, on }: Run): Promise<Result> {
  const about = { name: nameOf(part), machines: part.machines };
  let reached = false;
  try {
    const there = await shell;
    reached = true;
    return { ...about, reached, code: await command.run({ ...on, shell: there }) };
  } catch (error) {
    return { ...about, reached, ...(error instanceof UserError ? { error } : { thrown: error }) };
  }
}

function errorLines({ message }: UserError, style: Style): string[] {
  const [first = "", ...more] = message.split("\n");
  return [...marked("fail", first, style), ...more.flatMap((line) => wrap(line.trimStart(), style.width, "  "))];
}

/** Says how a command that acts ended on a host, while it may still run on others. */
function tellEnd({ options }: Context, { lane }: Run, { code, error }: Result): void {
  // a mistake in the command line or the config may be the same everywhere
  if (error?.code === 1) sayTo(lane.shell, error.message);
  if (code === 0 && !options.quiet) sayTo(lane.shell, "done");
}

/**
 * Throws what is no result of a host, and a mistake that is the same on each. One interruption has the running
 * machines of all hosts.
 */
function refuseTogether(results: Result[]): void {
  const thrown = results.flatMap((result) => result.thrown === undefined ? [] : [result.thrown]);
  const interrupted = thrown.filter((one) => one instanceof Interrupted);
  if (interrupted.length > 0) {
    const running = interrupted.flatMap((one) => one.running === undefined ? [] : [one.running]);
    throw new Interrupted(running.length === 0 ? undefined : [...new Set(running.flat())]);
  }
  if (thrown.length > 0) throw thrown[0];
  const [first] = results;
  if (first?.error?.code === 2 && results.every(({ error }) => error?.message === first.error!.message)) {
    throw first.error;
  }
}

/** The entry of a host in the JSON of all. */
function reportOf({ part, lane }: Run, { code, error, reached }: Result): unknown {
  const text = lane.data();
  return {
    name: nameOf(part),
    login: part.host ? urlOf(part.host) : null,
    reached,
    code: code ?? error?.code ?? 1,
    error: error?.message ?? null,
    report: text === "" ? null : JSON.parse(text) as unknown,
  };
}

async function logsOf(context: Context, runs: Run[]): Promise<number> {
  const { logsOnHosts } = await import("./commands/logs.mts");
  const all = await Promise.all(runs.map(async ({ shell, on, part }) => {
    try {
      return [{ ...on, shell: await shell }];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      sayTo(context.shell, `${nameOf(part)}: ${error.message}`);
      return [];
    }
  }));
  const code = await logsOnHosts(context, all.flat());
  for (const { lane } of runs) lane.flush();
  return code || (all.some((one) => one.length === 0) ? 1 : 0);
}

/** What success and failure of a command are called; of others `done` and `failed`. */
const verdicts: Record<string, [good: string, bad: string]> = {
  doctor: ["ready", "not ready"],
  plan: ["ready", "not ready"],
  verify: ["proven", "not proven"],
  status: ["read", "not read"],
};

/** Prints which hosts failed and what comes next, and gives the exit code of all. */
function conclude(context: Context, name: string, results: Result[], isActing: boolean): number {
  const { options, shell } = context;
  if (options.json) {
    for (const { error, name: host } of results) if (error) sayTo(shell, `${host}: ${error.message}`);
  }
  const again = (command: string) => selfFor(context, [command, ...kept(options)].join(" "));
  const lines = closingLines(options.dryRun ? "plan" : name, results, again, isActing);
  if (lines.length > 0 && (!options.quiet || results.some(({ code }) => code !== 0)) && !silent.includes(name)) {
    sayTo(shell, lines.join("\n"));
  }
  const failed = results.filter(({ code }) => code !== 0);
  if (failed.length === 0) return 0;
  return failed.every(({ code, error }) => (code ?? error?.code) === 2) ? 2 : 1;
}

/** The options without which a command would do something else. */
const kept = ({ gpu, recreate, pull, data }: Context["options"]): string[] => [
  ...(gpu ? [] : ["--no-gpu"]),
  ...(recreate ? ["--recreate"] : []),
  ...(pull ? ["--pull"] : []),
  ...(data ? ["--data"] : []),
];

/** The last lines of a command on several hosts. `selfOf` gives the command line of one of this program's commands. */
function closingLines(
  command: string,
  results: Result[],
  selfOf: (command: string) => string,
  isActing: boolean,
): string[] {
  const [good, bad] = verdicts[command] ?? ["done", "failed"];
  const named = (word: string, own: Result[]) =>
    own.length === 0 ? [] : [`${word}: ${joinList(own.map(({ name }) => name))}`];
  const failed = results.filter(({ code }) => code !== 0);
  const states = [
    ...named(good, results.filter(({ code }) => code === 0)),
    ...named(bad, failed.filter(({ reached, declined }) => reached && !declined)),
    ...named("not confirmed", failed.filter(({ declined }) => declined)),
    ...named("not reached", failed.filter(({ reached }) => !reached)),
  ];
  if (failed.length === 0 && !isActing) return [];
  const broken = [...new Set(failed.filter(({ declined }) => !declined).flatMap(({ machines }) => machines))];
  const again = isActing && broken.length > 0 && command !== "verify" && command !== "prepare"
    ? [
      `  fix what it says above, then run: ${selfOf([command, ...broken].join(" "))}`,
    ]
    : [];
  return [states.join("; "), ...again];
}
