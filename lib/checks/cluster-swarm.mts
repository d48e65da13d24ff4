/** Whether the machines can be the nodes of one Swarm, and whether a node has the cards that its services ask for. */
import { type PublishedPort, publishedPorts } from "../compose/service.mts";
import { cardsNeeded } from "../compose/swarm-override.mts";
import type { Service } from "../config/types.mts";
import { manualFix } from "../fixes.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { isMap, mapAt } from "../maps.mts";
import { guestEngineOf } from "../resolve/guest-engine.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { counted, joinList } from "../text.mts";
import { type PlacedService, projectServices } from "./compose.mts";
import { fail, pass } from "./results.mts";
import { placementFlaws } from "./swarm-placement.mts";
import type { Check, Verdict } from "./types.mts";

/** The check of `cluster: swarm`. */
export const clusterSwarmChecks: Check[] = [
  {
    id: "cluster.swarm",
    about: "whether the machines can be nodes of one Swarm, and one has the cards that a service asks for",
    why: "nodes that do not reach each other form no Swarm, and a service that no node fits stays pending",
    confirm: "docker node ls",
    check: (_, config) => config.swarm ? verdicts(config, config.swarm) : [],
  },
];

function verdicts(
  config: Resolved,
  { manager, services: inline, stacks, projects: deployed = [] }: NonNullable<Resolved["swarm"]>,
): Verdict[] {
  const { machines, services: own, projects = [] } = config;
  const services: PlacedService[] = [...inline, ...projectServices(deployed)];
  const others: PlacedService[] = [...own, ...projectServices(projects)];
  const apart = machines.filter(({ provider }) => provider !== "libvirt");
  if (apart.length > 0) {
    return [
      fail(
        `${
          joinList(apart.map(({ name }) => name))
        } cannot be in a Swarm: only VMs of libvirt are known to reach each other`,
        apart.map(({ name, provider }) => ({ read: name, value: `provider: ${provider}` })),
        [manualFix("Remove cluster: swarm, and give each service its machine:")],
      ),
    ];
  }
  const most = Math.max(0, ...machines.map(cards));
  const short = services.map((service) => ({ ...service, needs: cardsOf(service) })).filter(({ needs }) =>
    needs > most
  );
  if (short.length > 0) {
    return short.map(({ name, needs, place }) =>
      fail(
        `${name} asks for ${counted(needs, "GPU")}, and no machine has more than ${most}: it would stay pending`,
        [
          ...(place ? [{ read: place(["devices:", "gpus:", "runtime:"]), value: name }] : []),
          ...machines.map((machine) => ({ read: machine.name, value: counted(cards(machine), "NVIDIA card") })),
        ],
        [manualFix(
          most === 0
            ? `Write gpu: for a machine, or remove the request of ${name}`
            : place
            ? `Ask for at most ${counted(most, "card")} in ${name}`
            : `Write gpu: ${most} for ${name}`,
        )],
      )
    );
  }
  const twice = portsTwice(services, others);
  const nodes = machines.map(({ name }) => name);
  // those of stacks are in services.compose, with their lines
  const unmet = inline.flatMap(({ name, body }) =>
    placementFlaws(body, nodes).map(({ status, message, fix }): Verdict => ({
      ...{ status, message: `${name} ${message}`, evidence: [{ read: "machines", value: joinList(nodes) }] },
      ...(fix ? { fix: [fix] } : {}),
    }))
  );
  const jobs = unknownJobs(services, manager, config);
  if (twice.length + unmet.length + jobs.length > 0) return [...twice, ...unmet, ...jobs];
  return [
    pass(
      `${joinList(machines.map(({ name }) => name))} ${
        machines.length === 1 ? "is" : "are"
      } in one Swarm, managed by ` +
        `${manager}, with ${counted(inline.length, "service")}${
          stacks.length > 0 ? ` and ${counted(stacks.length, "stack")}` : ""
        }`,
    ),
  ];
}

/** Ports that a service of the Swarm publishes on all nodes, and another service on one of them. */
function portsTwice(services: Service[], others: Service[]): Verdict[] {
  return services.flatMap((one, i) =>
    [...services.slice(i + 1), ...others].flatMap((other) => {
      const inSwarm = services.includes(other);
      const theirs = inSwarm ? portsOnAll(other) : publishedPorts(other.body);
      const both = portsOnAll(one).flatMap(({ first, last, protocol }) => {
        const found = theirs.find((port) => port.protocol === protocol && port.first <= last && first <= port.last);
        return found ? [`${Math.max(first, found.first)}/${protocol}`] : [];
      })[0];
      return both === undefined ? [] : [
        fail(
          `${one.name} publishes ${both} on all nodes, and so does ${other.name}${
            inSwarm ? "" : ` on ${other.machine}`
          }`,
          [{ read: `${one.name}: ports`, value: both }, { read: `${other.name}: ports`, value: both }],
          [manualFix(`Write another port for ${other.name}`)],
        ),
      ];
    })
  );
}

/** Jobs that the manager's Docker is too old for: `docker stack deploy` knows them since 23.0 (docker/cli#2907). */
function unknownJobs(services: PlacedService[], manager: string, config: Resolved): Verdict[] {
  const machine = config.machines.find(({ name }) => name === manager);
  const version = machine && guestEngineOf(machine, config).version;
  if (version === undefined || Number.parseInt(version, 10) >= 23) return [];
  return services.flatMap(({ name, body, place }) => {
    const mode = String(mapAt(body, "deploy").mode);
    return !mode.endsWith("-job") ? [] : [fail(
      `${name} has mode: ${mode}, which docker stack deploy knows since Docker 23, and ${manager} gets ${version}`,
      [{ read: place ? place(["mode:"]) : name, value: `mode: ${mode}` }],
      [manualFix(
        `Write deploy: {${mode === "global-job" ? "mode: global, " : ""}restart_policy: {condition: on-failure}} for ` +
          `${name}, which also ends with exit code 0, or image: of a newer system for ${manager}`,
      )],
    )];
  });
}

/** The ports of a service that every node publishes: with `mode: host`, only the nodes that run it publish a port. */
function portsOnAll({ body }: Service): PublishedPort[] {
  const isOnAll = (port: unknown) => !isMap(port) || port.mode !== "host";
  return publishedPorts({ ...body, ports: Array.isArray(body.ports) ? body.ports.filter(isOnAll) : [] });
}

/** The cards of a node that a service needs. */
const cardsOf = ({ gpu, body }: PlacedService) => typeof gpu === "number" ? gpu : cardsNeeded(body) ?? 0;

const cards = ({ gpus }: ResolvedMachine) => gpus.filter(isNvidiaRequest).length;
