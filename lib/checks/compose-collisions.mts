/** Ports of a VM and container names that several services use. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { Verdict } from "./types.mts";
import { startedOf } from "../compose/enabled.mts";
import { type PublishedPort, publishedPorts } from "../compose/service.mts";
import { containerPorts } from "../compose/service-ports.mts";
import { manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";
import { placeOf } from "./compose-flaw.mts";

interface Taken {
  project: ComposeProject;
  service: string;
  /** It is in the VM's own network: its program may use other ports than `ports` says. */
  inHostNetwork?: boolean;
}

/** What two services both use. */
interface Collision {
  first: Taken;
  second: Taken;
  /** As messages name it, such as `8080/tcp`. */
  name: string;
  /** Text to find its line by. */
  at: string | string[];
}

/**
 * Ports of the VM and container names that services of one machine share: one verdict for each set of services.
 */
export function collisions(projects: ComposeProject[]): Verdict[] {
  const services = projects.flatMap((project) =>
    startedOf(project).map(([service, body]) => ({ project, service, body }))
  );
  const ports = services.flatMap(({ body, ...taken }) =>
    portsOnVm(body).map((port) => ({ ...taken, port, ...(isInHostNetwork(body) ? { inHostNetwork: true } : {}) }))
  );
  const names = services.flatMap(({ body, ...taken }) =>
    // with an empty name Compose chooses one
    typeof body.container_name === "string" && body.container_name !== ""
      ? [{ ...taken, name: body.container_name }]
      : []
  );
  return [
    ...verdicts(
      "port",
      ports.flatMap((second, i): Collision[] => {
        const first = ports.slice(0, i).find((before) =>
          overlap(before.port, second.port) &&
          // one program, whose ports Docker does not publish
          !(second.inHostNetwork && before.project === second.project && before.service === second.service)
        );
        return first ? [{ first, second, name: portName(second.port), at: `${second.port.first}` }] : [];
      }),
    ),
    ...verdicts(
      "container name",
      names.flatMap((second, i): Collision[] => {
        const first = names.slice(0, i).find(({ name }) => name === second.name);
        return first ? [{ first, second, name: second.name, at: ["container_name", second.name] }] : [];
      }),
    ),
  ];
}

/** Whether a service is in the VM's own network: its program may use other ports than `ports` says. */
export const isInHostNetwork = ({ network_mode: mode }: ComposeService): boolean => mode === "host";

/**
 * The ports that a service takes on its VM. Docker publishes none with `network_mode` `host` or `none`, or in the
 * network of another container, where they are another finding.
 */
export const portsOnVm = (body: ComposeService): PublishedPort[] =>
  /^(none$|service:|container:)/.test(String(body.network_mode ?? ""))
    ? []
    : isInHostNetwork(body)
    ? portsOfHost(body)
    : publishedPorts(body);

/** With `network_mode: host` the program takes the VM's own ports: what `ports` says of the container. */
const portsOfHost = ({ ports }: ComposeService): PublishedPort[] =>
  containerPorts({ ports }).map(({ target, last, protocol = "tcp" }) => ({
    hostIp: "",
    first: target,
    last,
    protocol,
  }));

const portName = ({ first, last, protocol, hostIp }: PublishedPort) =>
  `${hostIp.includes(":") ? `[${hostIp}]:` : hostIp ? `${hostIp}:` : ""}${
    first === last ? first : `${first}-${last}`
  }/${protocol}`;
const isAny = (ip: string) => ["", "0.0.0.0", "::"].includes(ip);

/** Whether two ports are the same of one address: those of IPv4 are not those of IPv6, which Docker binds alone. */
function overlap(a: PublishedPort, b: PublishedPort): boolean {
  const isSameAddress = a.hostIp === "" || b.hostIp === "" ||
    (a.hostIp.includes(":") === b.hostIp.includes(":") &&
      (isAny(a.hostIp) || isAny(b.hostIp) || a.hostIp === b.hostIp));
  return a.protocol === b.protocol && a.first <= b.last && b.first <= a.last && isSameAddress;
}

/** One verdict for the collisions with each service. */
function verdicts(what: string, all: Collision[]): Verdict[] {
  const isLikely = ({ first, second }: Collision) => first.inHostNetwork || second.inHostNetwork;
  return [
    ...verdictsOf(what, all.filter((one) => !isLikely(one)), "fail"),
    ...verdictsOf(what, all.filter(isLikely), "warn"),
  ];
}

function verdictsOf(what: string, found: Collision[], status: "fail" | "warn"): Verdict[] {
  const label = ({ project, service }: Taken) => `${project.name}/${service}`;
  const firsts = [...new Set(found.map(({ first }) => label(first)))];
  return firsts.map((one): Verdict => {
    const group = found.filter(({ first }) => label(first) === one);
    const services = [one, ...new Set(group.map(({ second }) => label(second)))].filter((name, i, all) =>
      all.indexOf(name) === i
    );
    const names = [...new Set(group.map(({ name }) => name))];
    const evidence = group.flatMap(({ first, second, at }) =>
      [first, second].map(({ project, service }) => ({
        read: placeOf(project, at, service),
        value: [at].flat().at(-1)!,
      }))
    );
    return {
      status,
      message: `${joinList(services)} ${services.length > 2 ? "all use" : services.length > 1 ? "both use" : "uses"} ${
        what === "port" ? "" : "the "
      }${what}${names.length > 1 ? "s" : ""} ${joinList(names)}${services.length > 1 ? "" : " twice"}`,
      evidence: evidence.filter(({ read }, i) => evidence.findIndex((other) => other.read === read) === i),
      fix: [manualFix(
        status === "warn"
          ? "Start one of them, or give one another port: with network_mode: host its own settings decide"
          : services.length > 2
          ? `Start one of them (profiles: [unused] in the others), or change the ${what}s`
          : services.length > 1
          ? "Change it in one of them, or run one of them on another machine"
          : "Remove one of the two, or change it",
      )],
    };
  });
}
