/** Whether a Swarm runs what the config has, as its manager reports it. */
import type { Finding } from "../findings.mts";
import { commandFix } from "../fixes.mts";
import { self } from "../self.mts";
import { causeOf, type LayerResult } from "./guest-facts.mts";
import { hasAllTasks, type SwarmService, type SwarmStatus, tasksOf } from "./swarm-status.mts";

/** What should run in a Swarm. */
export interface SwarmExpected {
  manager: string;
  /** Names of its services of the config. */
  services: string[];
  /** Names of its stacks. */
  stacks: string[];
  /** Machines whose VM runs. */
  running: string[];
  /** Machines of other hosts: whether their VMs run is not known here. */
  elsewhere?: string[];
}

/** The findings for a Swarm: its nodes, then each service. `status`: what the manager answered. */
export function swarmFindings(
  { manager, services, stacks, running, elsewhere = [] }: SwarmExpected,
  status: SwarmStatus | undefined,
): Finding[] {
  const check = "verify.swarm";
  const of = ({ evidence = [], fix = [], ...result }: LayerResult): Finding => ({
    ...{ machine: manager, evidence, fix },
    ...result,
  });
  if (!status || status.nodes.length === 0) {
    const message = `${manager} manages no Swarm, or does not answer`;
    return [of({ check, status: "fail", message, fix: [commandFix("Start it", self("up"))] })];
  }
  const nodes = [...running, ...elsewhere].filter((name) =>
    status.nodes.find((node) => node.name === name)?.state !== "ready"
  );
  const absent = [
    ...services.filter((name) => !status.services.some((one) => one.name === name)),
    ...stacks.filter((name) => !status.services.some((one) => one.name.startsWith(`${name}/`))),
  ];
  const known = status.services.filter(({ name }) => services.includes(name) || stacks.includes(name.split("/")[0]!));
  return [
    ...nodes.map((name) => {
      const { state } = status.nodes.find((node) => node.name === name) ?? {};
      const is = state === undefined ? "is not a node of the Swarm" : `is ${state} in the Swarm`;
      return of({
        // what runs on another host is known there
        ...{ check, status: state === "drained" || elsewhere.includes(name) ? "warn" : "fail" },
        ...{ message: `${name} ${is}: it gets no tasks` },
        fix: [
          state === "drained"
            ? commandFix(
              "Let it get tasks",
              self(`ssh ${manager} -- sudo docker node update --availability active ${name}`),
            )
            : commandFix("Join it again", self("up")),
        ],
      });
    }),
    ...(nodes.length === 0
      ? [of({ check, status: "pass", message: `${status.nodes.length} nodes, managed by ${manager}` })]
      : []),
    ...absent.map((name) =>
      of({
        ...{ check, status: "fail", message: `${name} is not deployed to the Swarm` },
        fix: [commandFix("Deploy it", self("up"))],
      })
    ),
    ...known.map((service) => of({ check, ...serviceResult(service) })),
  ];
}

function serviceResult(service: SwarmService): Omit<LayerResult, "check"> {
  const { name, error, log = [] } = service;
  const message = `service ${name}: ${tasksOf(service)}`;
  if (hasAllTasks(service)) return { status: "pass", message };
  const cause = causeOf([...(error === undefined ? [] : [error]), ...log]);
  return {
    status: "fail",
    message: `${message}${cause ? `: ${cause.message}` : error === undefined ? "" : `: ${error}`}`,
    evidence: [
      ...(error === undefined ? [] : [{ read: "docker service ps", value: error }]),
      ...log.slice(-8).map((value) => ({ read: `log of ${name}`, value })),
    ],
    fix: [...(cause?.fix ?? []), commandFix("Read its logs", self(`logs ${name}`))],
  };
}
