/** The VMs of a Swarm with machines on several hosts: each is asked by the shell of its host. */
import type { Config } from "../config/types.mts";
import { UserError } from "../errors.mts";
import { type Lab, type LabMachine, readLab, requireLibvirtAnswer } from "../host/lab.mts";
import { type NodeFacts, nodeFactsIn } from "../plan/swarm-nodes.mts";
import { acquireLock, type Lock } from "../run/lock.mts";
import { type Context, log, reporterOf } from "./context.mts";
import { isReachable, sshTo } from "./guest.mts";
import { loadConfig, type LoadedConfig } from "./load-config.mts";
import { impatient } from "./login.mts";
import type { Place } from "./swarm-places.mts";

/** A host with its lab. */
export interface Site {
  context: Context;
  loaded: LoadedConfig;
  lab: Lab;
  /** The lock of the lab, if it was taken. */
  lock?: Lock;
}

/** A VM that runs. */
export interface Node {
  name: string;
  machine: LabMachine;
  site: Site;
}

/** A host and its lab as it is now. `take` locks it first. Throws {@link UserError} if the host is not reached. */
export async function siteOf(place: Place, take?: (context: Context, folder: string) => Promise<Lock>): Promise<Site> {
  const context = await place.open();
  const loaded = await loadConfig(context);
  const lock = await take?.(context, loaded.folder);
  const lab = await readLab(context.shell, loaded.config, loaded.folder);
  requireLibvirtAnswer(lab);
  return { context, loaded, lab, ...(lock ? { lock } : {}) };
}

/** The machines of hosts that can be asked. */
export const nodesOf = (sites: Site[]): Node[] =>
  sites.flatMap((site) =>
    site.loaded.config.machines.flatMap(({ name }): Node[] => {
      const machine = site.lab.machines[name]!;
      return isReachable(machine) ? [{ name, machine, site }] : [];
    })
  );

/**
 * Labels the nodes with their machines and cards, by the manager `first`. The nodes of machines that were not asked
 * stay as they are. `check`: changes nothing, and says whether something would change. Throws {@link UserError}.
 */
export async function label(
  first: Node,
  nodes: Node[],
  facts: Map<string, NodeFacts>,
  config: Config,
  script: string,
  check = false,
): Promise<boolean> {
  const words = nodes.map(({ name }) => `${name}=${facts.get(name)!.id}=${facts.get(name)!.cards}`);
  const others = config.machines.map(({ name }) => name).filter((name) => !facts.has(name));
  const out = await inGuest(first, ["label", ...words].join(" "), script, {
    ...{ before: `KEEP='${others.join(" ")}'${check ? " CHECK=yes" : ""}`, quiet: check },
  });
  return out.trim() !== "";
}

/** Runs work while the labs of hosts are locked, which is done in the order of the config. */
export async function whileLocked<T>(command: string, work: (take: typeof acquire) => Promise<T>): Promise<T> {
  const locks: Lock[] = [];
  async function acquire(context: Context, folder: string): Promise<Lock> {
    const lock = await acquireLock(context.shell, folder, command, (line) => log(context, line));
    locks.push(lock);
    return lock;
  }
  const done = await work(acquire).then((value) => ({ value }), (error: unknown) => ({ error }));
  // a release that fails keeps no other lock, and hides no error of the work
  const ends = await Promise.allSettled(locks.map((lock) => lock.release()));
  if ("error" in done) throw done.error;
  const broken = ends.find((end) => end.status === "rejected");
  if (broken) throw broken.reason;
  return done.value;
}

/**
 * Runs swarm-node.sh in a VM, and gives what it prints. `before`: lines before the script, for what no other program
 * may see; `secret`: a text in them; `quiet`: its messages are not shown. Throws {@link UserError} if it fails.
 */
export async function inGuest(
  { name, machine, site: { context, loaded } }: Node,
  words: string,
  script: string,
  { before = "", secret, quiet }: { before?: string; secret?: string; quiet?: boolean } = {},
): Promise<string> {
  const command = [...sshTo(name, machine, impatient), `sudo sh -s -- ${words}`];
  const { ok, out, err } = await context.shell.capture(command, {
    ...{ cwd: loaded.folder, input: `${before}\n${script}`, limit: 300, about: `the Docker of ${name}` },
  });
  const said = (secret === undefined ? err : err.replaceAll(secret, "…")).replace(/^swarm-node: /gm, "").trim();
  if (!ok) {
    const why = await reporterOf(context).explain(said, "docker");
    throw new UserError(`${name}: ${said || "it gave no answer"}${why}`, 1);
  }
  if (quiet) return out;
  for (const line of said.split("\n")) if (line !== "") log(context, `${name}: ${line}`);
  return out;
}

/** What a VM says of itself as a node. Throws {@link UserError}. */
export async function askFacts(node: Node, script: string, quiet = false): Promise<NodeFacts> {
  const facts = nodeFactsIn(await inGuest(node, "facts", script, { quiet }));
  if (!facts) throw new UserError(`${node.name} did not say whether it is a node`, 1);
  return facts;
}
