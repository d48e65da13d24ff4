/** What a project reaches outside its VM, or is reached by: programs of the host, NFS servers, ports on loopback. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { startedOf } from "../compose/enabled.mts";
import { literally } from "../compose/refusals.mts";
import { environmentOf, mountsOf, publishedPorts, texts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";

type Machine = Pick<ResolvedMachine, "name" | "provider" | "network">;

/** The flaws of a project's ways in and out. `others`: the other projects of its machine. */
export function reachFlaws(project: ComposeProject, machine: Machine, others: ComposeProject[]): ProjectFlaw[] {
  const services = startedOf(project);
  const all = [...services, ...others.flatMap(startedOf)];
  return [
    ...services.flatMap(([name, service]) => programsOfHost(name, service, all, machine)),
    ...nfsFlaws(project, services, machine),
    ...(project.inline ? [] : loopback(services, machine)),
  ];
}

/** Names of the computer that runs the engine: Docker Desktop's, and Podman's. */
const desktopNames = ["host.docker.internal", "gateway.docker.internal", "host.containers.internal"];

/** The names that `extra_hosts` of a service gives to the engine's computer. */
function gatewayNames({ extra_hosts: hosts }: ComposeService): string[] {
  const pairs = isMap(hosts)
    ? Object.entries(hosts).flatMap(([name, one]) => [one].flat().map((address) => [name, String(address)] as const))
    : texts(hosts).map((one) => {
      const [, name = one, address = ""] = /^([^:=]+)[:=](.*)$/.exec(one) ?? [];
      return [name, address] as const;
    });
  return pairs.filter(([, address]) => address === "host-gateway").map(([name]) => name);
}

/** Variables whose values name hosts and reach none. */
const onlyNames = /no_?proxy|allow|cors|origin|trusted|redirect|callback|public|external/i;

/**
 * Values with the name of the host: in a VM that is the VM itself. Those with a port that a service of the machine
 * publishes are right; a service in the VM's own network may have any port.
 */
function programsOfHost(
  name: string,
  service: ComposeService,
  all: [string, ComposeService][],
  { name: vm }: Machine,
): ProjectFlaw[] {
  if (all.some(([other, body]) => other !== name && body.network_mode === "host")) return [];
  const names = [...new Set([...desktopNames, ...gatewayNames(service)])];
  const pattern = new RegExp(`(?:^|//|[@=,])(${names.map(literally).join("|")})(?::(\\d+))?(?=$|[/?:,])`);
  const values = [
    ...Object.entries(environmentOf(service)).flatMap(([key, value]) =>
      value === null || onlyNames.test(key) ? [] : [{ shown: `${key}=${value}`, value, at: [key] }]
    ),
    ...["command", "entrypoint"].flatMap((key) =>
      [service[key] ?? []].flat().flatMap((one) => String(one).split(/\s+/)).map((value) => ({
        shown: `${value} in its ${key}`,
        value,
        at: [value],
      }))
    ),
  ];
  const published = all.flatMap(([, body]) => publishedPorts(body));
  return values.flatMap(({ shown, value, at }): ProjectFlaw[] => {
    const [, host, port] = pattern.exec(value) ?? [];
    if (host === undefined) return [];
    const number = Number(port ?? (/^https:/.test(value) ? 443 : /^http:/.test(value) ? 80 : NaN));
    // a name without a port, whose port is in another variable
    if (
      Number.isNaN(number)
        ? published.length > 0
        : published.some(({ first, last }) => first <= number && number <= last)
    ) {
      return [];
    }
    const rest = () => `: ${host} is ${vm} there, not this host, and nothing on ${vm} publishes its port`;
    return [{
      status: "warn",
      message: `${name} has ${shown}${rest()}`,
      service: name,
      at,
      fix: manualFix(
        "Run that program in a service and write the service's name, or write this host's address in its network " +
          "(the program must listen on it)",
      ),
      fold: { kind: `host ${host}`, verb: ["has", "have"], item: shown, rest },
    }];
  });
}

/**
 * Volumes of an NFS server behind libvirt's NAT: it gives connections ports from 1024 on (libvirt,
 * src/network/network_iptables.c, masquerade to 1024-65535), which an export without `insecure` refuses (man 5
 * exports).
 */
function nfsFlaws(
  { model }: ComposeProject,
  services: [string, ComposeService][],
  { name: vm, provider, network }: Machine,
): ProjectFlaw[] {
  if (provider !== "libvirt" || network !== undefined) return [];
  const used = new Set(services.flatMap(([, service]) => mountsOf(service).map(({ source }) => source)));
  const found = Object.entries(model?.volumes ?? {}).flatMap(([name, body]) => {
    if (!isMap(body) || body.external || !used.has(name)) return [];
    const { type, o } = mapAt(body, "driver_opts");
    const [, server] = /(?:^|,)addr=([^,]+)/.exec(String(o ?? "")) ?? [];
    return /^nfs4?$/.test(String(type)) && server !== undefined ? [{ name, server }] : [];
  });
  if (found.length === 0) return [];
  const many = found.length > 1;
  const servers = [...new Set(found.map(({ server }) => server))];
  return [{
    status: "warn",
    message: `the volume${many ? "s" : ""} ${
      joinList(found.map(({ name }) => name))
    } ${many ? "are" : "is"} on the NFS server ${
      joinList(servers)
    }, which sees this host's address and a port above 1023: an export without ` +
      "the option insecure refuses that",
    at: ["addr=", "type: nfs", "nfs"],
    fix: manualFix(
      `Add insecure to the export's options, or give ${vm} an address in the LAN (network: {lan: …})`,
    ),
  }];
}

/** A project of which every published port is on loopback, and that has no tunnel: only the VM reaches it. */
function loopback(services: [string, ComposeService][], { name: vm }: Machine): ProjectFlaw[] {
  const tunnels = /cloudflared|tailscale|ngrok|frpc|zerotier/;
  if (services.some(([, body]) => body.network_mode === "host" || tunnels.test(String(body.image)))) return [];
  const ports = services.flatMap(([service, body]) => publishedPorts(body).map((port) => ({ service, port })));
  const isLoopback = (ip: string) => /^127\.|^::1$/.test(ip);
  const [first] = ports;
  if (!first || !ports.every(({ port }) => isLoopback(port.hostIp))) return [];
  return [{
    status: "warn",
    message: `every published port is on ${first.port.hostIp} of ${vm}: only programs in ${vm} reach it`,
    service: first.service,
    at: [`${first.port.hostIp}:`, first.port.hostIp],
    fix: manualFix(`Remove ${first.port.hostIp}: from the port that you need`),
  }];
}
