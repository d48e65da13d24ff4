/** A Swarm with machines on several hosts: what follows when a command has ended on each host. */
import { isDeepStrictEqual } from "node:util";
import type { Config, Machine } from "../config/types.mts";
import { UserError } from "../errors.mts";
import { readState, type SwarmState, writeState } from "../host/state.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { asset } from "../plan/assets.mts";
import { deploySwarm, isSetUp, swarmFiles, swarmWanted } from "../plan/swarm.mts";
import { joiningWay, type NodeFacts, type Ticket, ticketIn, withNodes } from "../plan/swarm-nodes.mts";
import { diffFiles, runSteps, writeFiles } from "../run/steps.mts";
import { joinList } from "../text.mts";
import { type Context, log, reporterOf, selfFor } from "./context.mts";
import { isReachable } from "./guest.mts";
import { nameOf, type Result } from "./host-words.mts";
import { inspect } from "./inspect.mts";
import { saveSwarm } from "./records.mts";
import { sayTo } from "./say.mts";
import { printSwarm } from "./seen.mts";
import { askFacts, inGuest, label, type Node, nodesOf, type Site, siteOf, whileLocked } from "./swarm-guests.mts";
import { isComplete } from "./swarm-complete.mts";
import { hasRun, type Place, removesManager, type SwarmTask } from "./swarm-places.mts";

/**
 * After `up` and `upgrade` the machines join the Swarm of the manager, which labels them and deploys the services;
 * after `destroy` of the manager the other machines leave. Undefined if there is nothing to do.
 */
export async function finishSwarm(
  context: Context,
  command: string,
  config: Config,
  places: Place[],
): Promise<Result | undefined> {
  const work = command === "up" || command === "upgrade"
    ? joinNodes
    : removesManager(command, context.args, config)
    ? endSwarm
    : undefined;
  const home = homeOf(places, config);
  if (!config.swarm || !work || context.options.dryRun || home.end === "declined") return undefined;
  const asked = config.machines.filter(({ host }) =>
    places.some((place) => place.host?.name === host && place.end !== undefined && place.end !== "declined")
  );
  const machines = command === "destroy"
    ? [config.swarm.manager]
    : [...new Set([config.swarm.manager, ...asked.map(({ name }) => name)])];
  const result = { name: "the Swarm", machines, reached: true };
  try {
    const script = await asset(context.shell, "scripts/swarm-node.sh");
    return await work({ context, command, config, places, home, script }) ? { ...result, code: 0 } : undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    sayTo(context.shell, `the Swarm: ${error.message}`);
    return { ...result, error: new UserError(error.message, 1) };
  }
}

/** The host of the manager, which is the first machine. */
const homeOf = (places: Place[], { machines }: Config) => places.find(({ host }) => host?.name === machines[0]!.host)!;

async function joinNodes(task: SwarmTask): Promise<boolean> {
  const { context, command, config, places, home, script } = task;
  const { manager } = config.swarm!;
  if (home.end === "failed") {
    const message = `${command} failed on ${nameOf(home)}, the host of the manager ${manager}: no machine joins`;
    throw new UserError(message, 1);
  }
  const before = await siteOf(home).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`the manager ${manager} on ${nameOf(home)} was not asked: ${error.message}`, 1);
  });
  if (!isReachable(before.lab.machines[manager]!)) {
    const start = selfFor(context, `up ${manager}`);
    log(context, `${manager}, the manager of the Swarm, does not run; run ${start}: then the others join`);
    return false;
  }
  if (await isComplete(task, before)) return true;
  return await whileLocked(command, async (take) => {
    const sites: Site[] = [];
    for (const place of places) {
      if (hasRun(place) || place === home) sites.push(await siteOf(place, take));
    }
    const nodes = nodesOf(sites);
    const first = nodes.find(({ name }) => name === manager);
    if (!first) throw new UserError(`${manager} does not run any more`, 1);
    const wishes = (name: string): Machine => config.machines.find((one) => one.name === name)!;
    if (context.options.gpu) {
      for (const node of nodes) {
        if (wishes(node.name).gpus.some(isNvidiaRequest)) await inGuest(node, "runtime", script);
      }
    }
    if (hasRun(home)) await inGuest(first, "start", script);
    else if ((await askFacts(first, script)).id === undefined) {
      throw new UserError(
        `${manager} has not started the Swarm yet: ${selfFor(context, `up ${manager}`)} starts it`,
        1,
      );
    }
    const ticket = ticketIn(await inGuest(first, "ticket", script));
    if (!ticket) throw new UserError(`${manager} did not say how a node joins`, 1);
    const facts = new Map<string, NodeFacts>();
    for (const node of nodes) facts.set(node.name, await joined(node, ticket, manager, script));
    await label(first, nodes, facts, config, script);
    const ids = Object.fromEntries(nodes.map(({ name }) => [name, facts.get(name)!.id!]));
    if (hasRun(home)) await deploy(task, first.site, ids);
    return true;
  });
}

/** Makes a machine a node, unless it is one, and records that. Gives its facts as a node. */
async function joined(node: Node, ticket: Ticket, manager: string, script: string): Promise<NodeFacts> {
  const { name, site: { context, loaded: { folder }, lab } } = node;
  let facts = await askFacts(node, script);
  if (name !== manager) {
    const way = joiningWay(facts.id, lab.swarm?.ids?.[name], ticket.nodes);
    for (const mode of way) {
      if (mode === "leave") await inGuest(node, mode, script);
      else {
        await inGuest(node, [mode, ticket.address, ...ticket.nodes].join(" "), script, {
          ...{ before: `token=${ticket.token}`, secret: ticket.token },
        });
      }
    }
    if (way.length > 0) facts = await askFacts(node, script);
  }
  if (facts.id === undefined) throw new UserError(`${name} is not a node after it joined`, 1);
  // the lab of the manager has the record of the whole Swarm
  if (!lab.machines[manager]) {
    const { swarm, ...state } = await readState(context.shell, folder);
    const now = withNodes(swarm, manager, { [name]: facts.id });
    if (!isDeepStrictEqual(now, swarm)) await writeState(context.shell, folder, { ...state, swarm: now });
  }
  return facts;
}

/** Deploys services and stacks from the lab of the manager, if they or the nodes have changed. */
async function deploy(
  { context, command, config, places, home: { resolved: known } }: SwarmTask,
  { context: there, loaded, lab: now, lock }: Site,
  seen: Record<string, string>,
): Promise<void> {
  const { manager } = config.swarm!;
  const { swarm: before } = now;
  const { pull } = context.options;
  const idsOf = ({ nodes }: SwarmState) =>
    Object.fromEntries(nodes.flatMap((name): [string, string][] => {
      const id = seen[name] ?? before?.ids?.[name];
      return id === undefined ? [] : [[name, id]];
    }));
  const isDone = (wanted: SwarmState) =>
    !pull && isSetUp(wanted, before) && isDeepStrictEqual(idsOf(wanted), before?.ids);
  if (known && isDone(swarmWanted(known, now)!)) return;
  const found = await inspect(there, loaded, [manager], "always");
  const { resolved, lab } = found;
  const wanted = swarmWanted(resolved, lab)!;
  if (isDone(wanted)) return;
  const ids = idsOf(wanted);
  const failed = places.filter(({ end }) => end === "failed");
  if (failed.length > 0) {
    throw new UserError(
      `the services are not deployed: ${command} failed on ${joinList(failed.map(nameOf))}; ` +
        `${selfFor(context, `up ${manager}`)} deploys them without it`,
      1,
    );
  }
  const swarm: SwarmState = { ...wanted, ids };
  const files = swarmFiles(resolved, lab);
  await writeFiles(there.shell, loaded.folder, files, await diffFiles(there.shell, loaded.folder, files));
  // until all is deployed, a new manager counts as one that has nothing
  const deploysAll = pull || before?.ids?.[manager] !== ids[manager];
  await saveSwarm(there, found, { swarm: { ...wanted, ids: before?.ids ?? {} }, deploysAll }, false);
  const steps = deploySwarm(resolved, lab, { all: deploysAll, pull });
  await runSteps(reporterOf(there), loaded.folder, steps, lock!);
  await saveSwarm(there, found, { swarm, deploysAll }, true);
  await printSwarm(there, resolved, loaded.folder);
}

/** The machines of the other hosts leave a Swarm whose manager is removed. */
async function endSwarm({ context, command, config, places, home, script }: SwarmTask): Promise<boolean> {
  const { manager } = config.swarm!;
  if (home.end !== "done" || (await siteOf(home)).lab.machines[manager]?.state !== "absent") return false;
  const trouble: string[] = [];
  let has = false;
  for (const place of places.filter((one) => one !== home)) {
    try {
      const { lab } = await siteOf(place);
      if (lab.swarm?.manager !== manager) continue;
      has = true;
      await whileLocked(command, async (take) => leaveAll(await siteOf(place, take), script));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      trouble.push(`${nameOf(place)}: ${error.message}`);
    }
  }
  if (trouble.length === 0) return has;
  throw new UserError(
    `it ended because ${manager} was removed; the machines of these hosts were not asked to leave, and ${
      selfFor(context, "up")
    } takes them out\n` +
      trouble.map((line) => `  ${line}`).join("\n"),
    1,
  );
}

/** The running machines of a lab leave; the record keeps those that are off, for the next `up`. */
async function leaveAll(site: Site, script: string): Promise<void> {
  const { context: { shell }, loaded: { folder }, lab } = site;
  const all = { ...lab.machines, ...lab.orphans };
  for (const name of lab.swarm?.nodes ?? []) {
    const machine = all[name];
    if (!machine || !isReachable(machine)) continue;
    await inGuest({ name, machine, site }, "leave", script);
    const { swarm, ...state } = await readState(shell, folder);
    const nodes = swarm?.nodes.filter((one) => one !== name) ?? [];
    const { [name]: _, ...ids } = swarm?.ids ?? {};
    await writeState(shell, folder, {
      ...state,
      ...(swarm && nodes.length > 0 ? { swarm: { ...swarm, nodes, ids } } : {}),
    });
  }
}
