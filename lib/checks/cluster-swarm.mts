/** Whether the machines can be the nodes of one Swarm, and whether a node has the cards that its services ask for. */
import { type PublishedPort, publishedPorts } from "../compose/service.mts";
import { cardsNeeded } from "../compose/swarm-override.mts";
import { ipv4Network } from "../config/network.mts";
import { thisMachine } from "../config/placed.mts";
import type { Machine, Service, SharedSwarm, Stack } from "../config/types.mts";
import { manualFix } from "../fixes.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { isMap, mapAt } from "../maps.mts";
import { guestEngineOf } from "../resolve/guest-engine.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { counted, joinList } from "../text.mts";
import { type PlacedService, projectServices } from "./placed-services.mts";
import { isInHostNetwork, portsOnVm } from "./compose-collisions.mts";
import { fail, pass, warn } from "./results.mts";
import { placementFlaws } from "./swarm-placement.mts";
import type { Check, Verdict } from "./types.mts";

/** The check of `cluster: swarm`. */
export const clusterSwarmChecks: Check[] = [
  {
    id: "cluster.swarm",
    about: "whether the machines can be nodes of one Swarm, and one has the cards that a service asks for",
    why: "nodes that do not reach each other form no Swarm, and a service that no node fits stays pending",
    confirm: "docker node ls",
    check: (_, config) =>
      config.swarm ? verdicts(config, config.swarm) : config.sharedSwarm ? onOtherHost(config, config.sharedSwarm) : [],
  },
];

/** A failed result for machines that cannot be nodes. */
function withoutLibvirt(machines: ResolvedMachine[]): Verdict[] {
  const apart = machines.filter(({ provider }) => provider !== "libvirt");
  return apart.length === 0 ? [] : [
    fail(
      `${
        joinList(apart.map(({ name }) => name))
      } cannot be in a Swarm: only VMs of libvirt are known to reach each other`,
      apart.map(({ name, provider }) => ({ read: name, value: `provider: ${provider}` })),
      [manualFix("Remove cluster: swarm, and give each service its machine:")],
    ),
  ];
}

/** The results for machines whose manager is on another host. */
function onOtherHost(
  { machines, services, projects = [] }: Resolved,
  { manager, host = thisMachine, services: inSwarm, unread }: SharedSwarm,
): Verdict[] {
  const apart = withoutLibvirt(machines);
  if (apart.length > 0) return apart;
  const own: PlacedService[] = [...services, ...projectServices(projects)];
  const twice = portsTwice(inSwarm, own, []);
  if (twice.length > 0) return twice;
  const names = machines.map(({ name }) => name);
  return names.length === 0 ? [] : [
    pass(
      `${joinList(names)} ${names.length === 1 ? "joins" : "join"} the Swarm of ${manager} on ${host}${
        notCompared(own.some(({ body }) => portsOnVm(body).length > 0), unread)
      }`,
    ),
  ];
}

/** Machines without a router to a fixed address of another machine that is not in their own network. */
function networksApart(machines: Pick<Machine, "name" | "network">[]): Verdict[] {
  const placed = machines.flatMap(({ name, network: { address, gateway } = {} }) =>
    address === undefined ? [] : [{ name, address, gateway, own: ipv4Network(address) }]
  );
  return placed.flatMap((lost) => {
    if (lost.gateway !== undefined) return [];
    const { first, last } = lost.own;
    const other = placed.find(({ own: { address } }) => address < first || address > last);
    return !other ? [] : [
      fail(
        `${other.name} and ${lost.name} are in different networks, and ${lost.name} has no gateway: to the other`,
        [other, lost].map(({ name, address }) => ({ read: `${name}: network`, value: address })),
        [manualFix(`Write addresses of one network, or gateway: for ${lost.name}`)],
      ),
    ];
  });
}

function verdicts(
  config: Resolved,
  { manager, services: inline, stacks, projects: deployed = [] }: NonNullable<Resolved["swarm"]>,
): Verdict[] {
  const { machines, services: own, projects = [], elsewhere = [] } = config;
  const services: PlacedService[] = [...inline, ...projectServices(deployed)];
  const others: PlacedService[] = [...own, ...projectServices(projects)];
  const nodes = [...machines, ...elsewhere];
  const apart = [...withoutLibvirt(machines), ...networksApart(nodes)];
  if (apart.length > 0) return apart;
  const most = Math.max(0, ...nodes.map(cards));
  const short = services.map((service) => ({ ...service, needs: cardsOf(service) })).filter(({ needs }) =>
    needs > most
  );
  if (short.length > 0) {
    return short.map(({ name, needs, place }) =>
      fail(
        `${name} asks for ${counted(needs, "GPU")}, and no machine has more than ${most}: it would stay pending`,
        [
          ...(place ? [{ read: place(["devices:", "gpus:", "runtime:"]), value: name }] : []),
          ...nodes.map((machine) => ({ read: machine.name, value: counted(cards(machine), "NVIDIA card") })),
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
  // the other hosts compare what is theirs with the inline services, and do not read the stacks of the Swarm
  const { others: farServices = [], projects: farProjects = [] } = config.sharedSwarm ?? {};
  const far = portsTwice(projectServices(deployed), [...farServices, ...projectServices(farProjects)], []);
  const twice = [...portsTwice(services, others), ...far];
  const names = nodes.map(({ name }) => name);
  // those of stacks are in services.compose, with their lines
  const unmet = inline.flatMap(({ name, body }) =>
    placementFlaws(body, names).map(({ status, message, fix }): Verdict => ({
      ...{ status, message: `${name} ${message}`, evidence: [{ read: "machines", value: joinList(names) }] },
      ...(fix ? { fix: [fix] } : {}),
    }))
  );
  const jobs = unknownJobs(services, manager, config);
  if (twice.length + unmet.length + jobs.length > 0) return [...twice, ...unmet, ...jobs];
  return [
    pass(
      `${joinList(names)} ${names.length === 1 ? "is" : "are"} in one Swarm, managed by ` +
        `${manager}, with ${counted(inline.length, "service")}${
          stacks.length > 0 ? ` and ${counted(stacks.length, "stack")}` : ""
        }${notCompared(services.some((service) => portsOnAll(service).length > 0), config.sharedSwarm?.unread ?? [])}`,
    ),
  ];
}

/**
 * Ports that a service of the Swarm publishes on all nodes, and another service on one of them. `among`: those of the
 * Swarm to compare with; none if they are the other host's.
 */
function portsTwice(services: Service[], others: Service[], among = services): Verdict[] {
  return services.flatMap((one, i) =>
    [...among.slice(i + 1), ...others].flatMap((other) => {
      const inSwarm = services.includes(other);
      // Swarm ignores network_mode
      const theirs = inSwarm ? portsOnAll(other) : portsOnVm(other.body);
      const result = !inSwarm && isInHostNetwork(other.body) ? warn : fail;
      const both = portsOnAll(one).flatMap(({ first, last, protocol }) => {
        const found = theirs.find((port) => port.protocol === protocol && port.first <= last && first <= port.last);
        return found ? [`${Math.max(first, found.first)}/${protocol}`] : [];
      })[0];
      return both === undefined ? [] : [
        result(
          `${one.name} publishes ${both} on all nodes, and ${result === warn ? "likely so" : "so"} does ${other.name}${
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

/** What a message adds where ports are published and stacks, which only another host reads, may have the same. */
const notCompared = (isPublishing: boolean, unread: Stack[]): string =>
  !isPublishing || unread.length === 0
    ? ""
    : `; the ports of ${joinList(unread.map(({ name }) => name))}, which another host reads, were not compared`;

/** The ports of a service that every node publishes: with `mode: host`, only the nodes that run it publish a port. */
function portsOnAll({ body }: Service): PublishedPort[] {
  const isOnAll = (port: unknown) => !isMap(port) || port.mode !== "host";
  return publishedPorts({ ...body, ports: Array.isArray(body.ports) ? body.ports.filter(isOnAll) : [] });
}

/** The cards of a node that a service needs. */
const cardsOf = ({ gpu, body }: PlacedService) => typeof gpu === "number" ? gpu : cardsNeeded(body) ?? 0;

const cards = ({ gpus }: Pick<Machine, "gpus">) => gpus.filter(isNvidiaRequest).length;
