/** What the manager of a Swarm reports: its nodes, its services, and what has moved. */
import { servicesStack } from "../config/cluster.mts";
import { joinList } from "../text.mts";
import type { Facts } from "./guest-facts.mts";

/** A Swarm as its manager reports it. */
export interface SwarmStatus {
  nodes: SwarmNode[];
  services: SwarmService[];
}

/** A node: `drained` gets no tasks, and has none after a while. */
export interface SwarmNode {
  name: string;
  state: "ready" | "drained" | "down";
}

/** A service of a stack in the Swarm. */
export interface SwarmService {
  /** STACK/SERVICE; SERVICE for a service of the config. */
  name: string;
  /** How many of its tasks run, and how many should; for a job, how many should end. */
  running: number;
  wanted: number;
  /** The nodes that its tasks run on. */
  nodes: string[];
  /** Nodes that a task was on before, and that are down or drained. */
  movedFrom: string[];
  /**
   * How many tasks of a service that ends on purpose have ended with exit code 0: a job, or restart_policy: none or
   * on-failure. Absent for a service that goes on, and while none has.
   */
  completed?: number;
  /** How many of its tasks failed and do not start again; absent if none. */
  lost?: number;
  /** Why a task does not run, in the words of Docker, and of the registry if it cannot be pulled. */
  error?: string;
  /** The last lines of its log, if they were asked for and not all of its tasks run. */
  log?: string[];
}

/** The name of a service of a stack in Docker, by its name here: STACK/SERVICE, or SERVICE for one of the config. */
export const dockerServiceName = (name: string): string =>
  name.includes("/") ? name.replace("/", "_") : `${servicesStack}_${name}`;

/** The Swarm in an answer of status-guest.sh; undefined if it reports none. */
export function swarmStatusOf(facts: Facts): SwarmStatus | undefined {
  const nodes = facts.all("swarm-node").flatMap((value): SwarmNode[] => {
    const [name, status, availability] = value.split(" ");
    if (!name || !status) return [];
    return [{ name, state: status !== "Ready" ? "down" : availability === "Drain" ? "drained" : "ready" }];
  });
  const listed = facts.all("swarm-service");
  if (nodes.length + listed.length === 0) return undefined;
  const tasks = facts.all("swarm-task").flatMap((value) => {
    const [, slot, node, desired, state, error = ""] = /^(\S+) (\S+) (\S+) (\S+) ?(.*)$/.exec(value) ?? [];
    return slot ? [{ slot, service: slot.replace(/\.[^.]+$/, ""), node: node!, desired, state, error }] : [];
  });
  const isAway = (name: string) => nodes.some((one) => one.name === name && one.state !== "ready");
  const ending = facts.all("swarm-ends");
  const services = listed.flatMap((value): SwarmService[] => {
    const [, name, shown, goal, done, total] = /^(\S+) (\d+)\/(\d+)(?: \((\d+)\/(\d+) completed\))?/.exec(value) ?? [];
    if (name === undefined) return [];
    const own = tasks.filter(({ service }) => service === name);
    const now = own.filter(({ desired, state }) => /^(Running|Complete)$/.test(desired!) && state === "Running");
    // the newest task of a slot is first
    const newest = own.filter(({ slot }, i) => own.findIndex((one) => one.slot === slot) === i);
    const before = now.flatMap(({ slot, node }) => {
      const ran = own.filter((one) => one.slot === slot && one.state !== "Rejected");
      const former = ran.map((one) => one.node).find((one) => one !== node);
      return former !== undefined && isAway(former) ? [former] : [];
    });
    const running = Number(shown);
    const wanted = Number(total ?? goal);
    const ends = total !== undefined || ending.includes(name);
    const completed = done === undefined ? newest.filter(({ state }) => state === "Complete").length : Number(done);
    const hasAll = running + (ends ? completed : 0) >= wanted;
    const lost = ends || !hasAll
      ? newest.filter(({ desired, state }) => desired === "Shutdown" && /^(Failed|Rejected)$/.test(state!)).length
      : 0;
    const why = hasAll && lost === 0 ? "" : own.find((one) => one.error !== "")?.error ?? "";
    const registry = facts.all("swarm-pull").find((one) => one.startsWith(`${name} `))?.slice(name.length + 1);
    const error = registry !== undefined && why.includes("No such image") ? `${why}: ${registry.trim()}` : why;
    const log = facts.all(`service-log-${name}`);
    return [{
      name,
      running,
      wanted,
      nodes: [...new Set(now.map(({ node }) => node))],
      movedFrom: [...new Set(before)],
      ...(ends && completed > 0 ? { completed } : {}),
      ...(lost > 0 ? { lost } : {}),
      ...(error === "" ? {} : { error }),
      ...(log.length > 0 ? { log } : {}),
    }];
  });
  return { nodes, services };
}

/** The lines of a Swarm: its nodes, then each service. */
export function swarmLines({ nodes, services }: SwarmStatus): string[] {
  return [
    `Swarm: ${nodes.map(({ name, state }) => `${name} ${state}`).join(", ")}`,
    ...services.map((service) => {
      const { movedFrom, error } = service;
      const moved = movedFrom.map((node) => `${node} (${nodes.find((one) => one.name === node)?.state})`);
      return [
        `${service.name}: ${tasksOf(service)}`,
        ...(moved.length > 0 ? [`moved from ${joinList(moved)}`] : []),
        ...(error === undefined ? [] : [error]),
      ].join(", ");
    }).map((line) => `  ${line}`),
  ];
}

/** Whether all tasks of a service run, or have ended as they should. */
export const hasAllTasks = ({ running, wanted, completed = 0, lost = 0 }: SwarmService): boolean =>
  running + completed >= wanted && lost === 0;

/** How many tasks of a service run, and on which nodes. */
export function tasksOf(service: SwarmService): string {
  const { running, wanted, completed = 0, lost = 0, nodes } = service;
  const isWhole = hasAllTasks(service);
  const states = [
    ...(running > 0 || completed + lost === 0 || (!isWhole && lost === 0)
      ? [isWhole ? `${running} running` : `${running} of ${wanted} running`]
      : []),
    ...(completed > 0 ? [`${completed} completed`] : []),
    ...(lost > 0 ? [`${lost} failed`] : []),
  ];
  return `${states.join(", ")}${nodes.length > 0 ? ` on ${joinList(nodes)}` : ""}`;
}
