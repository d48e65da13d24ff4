/** `cluster: swarm`: the steps that join the VMs, label the nodes, deploy the services, and take nodes out. */
import { createHash } from "node:crypto";
import type { Finding } from "../findings.mts";
import { commandFix, manualFix } from "../fixes.mts";
import type { Lab } from "../host/lab.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import type { SwarmState } from "../host/state.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { servicesStack } from "../config/cluster.mts";
import { thisMachine } from "../config/placed.mts";
import type { SharedSwarm } from "../config/types.mts";
import { swarmFile } from "../compose/swarm.mts";
import { self } from "../self.mts";
import { goneStackSteps, isThere, stackDigests, stackFiles, stackSteps } from "./swarm-stacks.mts";
import type { File, Step } from "./types.mts";
import { runAsRoot, ssh } from "./vm-steps.mts";

/** The path of its file in the lab's folder. */
const stackPath = "compose/swarm.yaml";

/** The path of what was deployed last, a line for each service. */
export const deployedPath = "verify/swarm.txt";

/** The scripts of these steps. */
export const swarmScripts = ["swarm-node.sh", "join-swarm.sh", "deploy-stack.sh"];

/** How often deploy-stack.sh looks, every 2 seconds, while nothing is prepared. */
const tries = { kvm: 60, tcg: 180 } as const;

/** What a run does to the machines before the steps of the Swarm. */
interface Machines {
  /** Machines with steps in this plan. */
  changed: string[];
  /** Machines that run after them: those that the run brings up, and those that ran before. */
  running: string[];
  /** Machines whose VM is removed and created again. */
  replaces: string[];
  /** It fetches newer images. */
  pull: boolean;
}

/**
 * The Swarm as the config has it: its manager, its nodes with those of VMs that the config no longer has, and the hash
 * of its services. Undefined without one.
 */
export function swarmWanted({ swarm, machines, elsewhere = [] }: Resolved, lab: Lab): SwarmState | undefined {
  if (!swarm) return undefined;
  const former = (lab.swarm?.nodes ?? []).filter((name) => Object.hasOwn(lab.orphans, name));
  const nodes = [...new Set([...machines, ...elsewhere].map(({ name }) => name).concat(former))];
  const hash = createHash("sha256").update(swarmFile(swarm.services)).digest("hex");
  return { manager: swarm.manager, nodes, services: hash, ...stackDigests(swarm.stacks) };
}

/**
 * The record of the Swarm after the steps of a plan. With nodes on several hosts, these steps only remove stacks: the
 * rest follows when the VMs of all hosts run.
 */
export function swarmRecord(config: Resolved, lab: Lab): SwarmState | undefined {
  if (!config.sharedSwarm || !lab.swarm) return swarmWanted(config, lab);
  const names = config.swarm?.stacks.map(({ name }) => name) ?? [];
  const { stacks = {}, ...rest } = lab.swarm;
  return { ...rest, stacks: Object.fromEntries(Object.entries(stacks).filter(([name]) => names.includes(name))) };
}

/**
 * A failed finding if the Swarm has another manager than the config, and its VM exists, or is one of another host: the
 * new one would start a second Swarm, and no node can be in both.
 */
export function otherManager(config: Resolved, lab: Lab): Finding[] {
  const wanted = (config.sharedSwarm ?? config.swarm)?.manager;
  const manager = lab.swarm?.manager;
  if (wanted === undefined || manager === undefined || manager === wanted) return [];
  const { state = "absent" } = { ...lab.machines, ...lab.orphans }[manager] ?? {};
  const { elsewhere = [] } = config;
  const isElsewhere = elsewhere.some(({ name }) => name === manager);
  if (state === "absent" && !isElsewhere) return [];
  const isKept = isElsewhere || config.machines.some(({ name }) => name === manager);
  return [{
    check: "cluster.swarm",
    machine: config.machines.find(({ name }) => name === wanted)?.name ?? config.machines[0]!.name,
    status: "fail",
    message: isElsewhere
      ? `the machines here joined the Swarm of ${manager}, and the config now has ${wanted} as its first machine`
      : `${manager} manages the Swarm, and the config now has ${wanted} as its first machine`,
    evidence: [{ read: "the manager of the Swarm", value: manager }, { read: "machines: the first", value: wanted }],
    fix: [
      isKept
        ? manualFix(`Write ${manager} as the first machine`)
        : commandFix(`Remove ${manager}; its Swarm ends with it`, self(`destroy ${manager}`)),
      manualFix(`Or end the Swarm: run ${self("up")} without cluster: swarm, and then with it`),
    ],
  }];
}

/** The file of the services of the Swarm, and those of its stacks; none without one. */
export function swarmFiles(config: Resolved, lab: Lab): File[] {
  const { swarm } = config;
  if (!swarm) return [];
  const secret = swarm.filled ? { secret: true as const } : {};
  return [{ path: stackPath, text: swarmFile(swarm.services), mode: 0o600, ...secret }, ...stackFiles(config, lab)];
}

/** Whether the Swarm was set up as the config has it, and nothing has changed since. */
export const isSetUp = (wanted: SwarmState | undefined, before: SwarmState | undefined): boolean =>
  JSON.stringify({ ...wanted, ids: undefined }) === JSON.stringify({ ...before, ids: undefined });

/**
 * The steps that follow those of the machines. None if the Swarm is as the config has it and no machine had
 * steps, if its manager does not run, or if nodes are on several hosts: see {@link deploySwarm}.
 */
export function swarmSteps(config: Resolved, lab: Lab, { changed, running, replaces, pull }: Machines): Step[] {
  if (config.sharedSwarm) return [];
  const wanted = swarmWanted(config, lab);
  if (!wanted) return endSteps(lab, running, replaces, false);
  const { manager } = wanted;
  const nodes = config.machines.map(({ name }) => name);
  if (!running.includes(manager)) return [];
  const all = nodes.filter((name) => running.includes(name));
  const isWhole = all.length === nodes.length;
  if (!pull && changed.length === 0 && isWhole && isSetUp(wanted, lab.swarm)) return [];
  const others = nodes.filter((name) => !all.includes(name));
  const machine = config.machines.find(({ name }) => name === manager)!;
  const withCards = config.machines.filter(({ name, gpus }) => all.includes(name) && gpus.some(isNvidiaRequest));
  return [
    ...withCards.map((one): Step => ({
      title: `Make NVIDIA's runtime Docker's default one on ${one.name}`,
      command: [...ssh(one.name), `${runAsRoot(one)} -- runtime`],
      input: "scripts/swarm-node.sh",
    })),
    {
      title: `Start a Swarm on ${manager}`,
      command: [...ssh(manager), `${runAsRoot(machine)} -- start`],
      input: "scripts/swarm-node.sh",
    },
    ...all.filter((name) => name !== manager).map((name) => ({
      title: `Join ${name} to the Swarm of ${manager}`,
      command: ["sh", "scripts/join-swarm.sh", "join", manager, name],
      input: "scripts/swarm-node.sh",
    })),
    {
      title: "Label the nodes of the Swarm with their GPUs",
      command: ["sh", "scripts/join-swarm.sh", "label", manager, ...all],
      input: "scripts/swarm-node.sh",
      ...(others.length > 0 ? { env: { OTHERS: others.join(" ") } } : {}),
    },
    ...goneStackSteps(config, lab, replaces, false),
    ...deploySteps(machine, config, lab, pull),
    ...stackSteps(machine, config, lab, {
      all: pull || changed.includes(manager),
      pull,
      tries: tries[machine.accelerator],
    }),
  ];
}

/**
 * The steps that deploy services and stacks to a Swarm with nodes on several hosts, in the lab of its manager. `all`:
 * every stack is deployed, since the manager may not have what was deployed last.
 */
export function deploySwarm(config: Resolved, lab: Lab, { all, pull }: { all: boolean; pull: boolean }): Step[] {
  const machine = config.machines.find(({ name }) => name === config.swarm?.manager);
  if (!machine) return [];
  return [
    ...goneStackSteps(config, lab, [], true),
    ...goneStackSteps(config, lab, [], false),
    ...deploySteps(machine, config, lab, pull),
    ...stackSteps(machine, config, lab, { all, pull, tries: tries[machine.accelerator] }),
  ];
}

function deploySteps(machine: ResolvedMachine, { swarm }: Resolved, lab: Lab, pull: boolean): Step[] {
  const { name, accelerator } = machine;
  // without services, only an earlier stack is removed
  if (swarm!.services.length === 0 && lab.swarm === undefined) return [];
  return [
    {
      title: `Copy the services of the Swarm to ${name}`,
      command: [
        ...ssh(name),
        "sudo mkdir -p /opt/homelab-gpu && sudo sh -c 'umask 077 && cat >/opt/homelab-gpu/swarm.new.yaml'",
      ],
      input: stackPath,
    },
    {
      title: "Deploy the services of the Swarm",
      command: [
        ...ssh(name),
        `${runAsRoot(machine, ...(pull ? ["PULL=yes"] : []))} -- ${servicesStack} ${tries[accelerator]}`,
      ],
      input: "scripts/deploy-stack.sh",
      output: deployedPath,
    },
  ];
}

/**
 * The steps that take the machines out of a Swarm that the config no longer has. `now`: before the steps of the
 * machines, which may take the ports of its services; that needs VMs that run and stay. Otherwise after them.
 */
function endSteps(lab: Lab, running: string[], replaces: string[], now: boolean): Step[] {
  if (!lab.swarm) return [];
  const { manager, nodes } = lab.swarm;
  const last = [...nodes.filter((name) => name !== manager), manager];
  return last.filter((name) => running.includes(name) && isThere(lab, name, replaces) === now)
    .map((name) => leaveAlone(name));
}

/**
 * The steps before those of the machines: they take the stacks that the config no longer has out of the Swarm, or the
 * machines out of a Swarm that it no longer has. `last`: the steps after those of the machines.
 */
export function firstSwarmSteps(config: Resolved, lab: Lab, { running, replaces }: Machines, last: Step[]): Step[] {
  if (config.sharedSwarm) return config.swarm ? goneStackSteps(config, lab, replaces, true) : [];
  if (!config.swarm) return endSteps(lab, running, replaces, true);
  return last.length > 0 ? goneStackSteps(config, lab, replaces, true) : [];
}

/** The step by which a node leaves a Swarm that ends. */
const leaveAlone = (name: string): Step => ({
  title: `Take ${name} out of the Swarm`,
  command: [...ssh(name), "sudo sh -s -- leave"],
  input: "scripts/swarm-node.sh",
});

/**
 * The steps before VMs are removed. A worker is drained and leaves. With the manager the Swarm ends: the
 * workers that stay leave it too. Machines that do not run cannot leave: the manager removes their nodes later.
 * `shared`: the Swarm has nodes on several hosts; absent too if its manager is removed by the same command.
 */
export function leaveSteps(lab: Lab, removed: string[], shared?: SharedSwarm): Step[] {
  if (!lab.swarm) return [];
  const { manager, nodes } = lab.swarm;
  const all = { ...lab.machines, ...lab.orphans };
  const runs = (name: string) => all[name]?.state === "running" && all[name].address !== undefined;
  const stay = nodes.filter((name) => !removed.includes(name) && runs(name));
  if (removed.includes(manager)) {
    return stay.map((name) => ({
      title: `Take ${name} out of the Swarm, whose manager is removed`,
      command: ["sh", "scripts/join-swarm.sh", "alone", name],
      input: "scripts/swarm-node.sh",
    }));
  }
  if (shared && shared.manager === manager && !Object.hasOwn(all, manager)) {
    return nodes.filter((name) => removed.includes(name) && runs(name)).flatMap((name) =>
      leaveFar(name, lab.swarm!.ids?.[name], shared)
    );
  }
  if (!runs(manager)) return [];
  return nodes.filter((name) => removed.includes(name) && runs(name)).map((name) => ({
    title: `Drain ${name} and take it out of the Swarm`,
    command: ["sh", "scripts/join-swarm.sh", "leave", manager, name],
    input: "scripts/swarm-node.sh",
  }));
}

/** The steps by which a node leaves whose manager is on another host. Without its id, the manager is not asked. */
function leaveFar(name: string, id: string | undefined, { manager, host = thisMachine }: SharedSwarm): Step[] {
  const byManager = (title: string, mode: string): Step[] =>
    id === undefined ? [] : [{
      title: `${title}, by ${manager} on ${host}`,
      command: [...ssh(manager), `sudo sh -s -- ${mode} ${id}`],
      input: "scripts/swarm-node.sh",
      managerHost: host,
    }];
  return [
    ...byManager(`Drain ${name}`, "drain"),
    {
      title: `Take ${name} out of the Swarm of ${manager}`,
      command: ["sh", "scripts/join-swarm.sh", "alone", name],
      input: "scripts/swarm-node.sh",
    },
    ...byManager(`Remove the node of ${name}`, "remove"),
  ];
}
