/** What a project reaches outside its VM, or is reached by: programs of the host, NFS servers, ports on loopback. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { blockOf, type ProjectFlaw } from "./compose-flaw.mts";
import { startedOf } from "../compose/enabled.mts";
import { literally } from "../compose/refusals.mts";
import { isExternal, mountsOf, publishedPorts, texts } from "../compose/service.mts";
import { valuesOf } from "../compose/service-values.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";
import { localFlaws } from "./compose-local.mts";

type Machine =
  & Pick<ResolvedMachine, "name" | "provider" | "network" | "engine">
  & Partial<Pick<ResolvedMachine, "provision">>;

/** The flaws of a project's ways in and out. `others`: the other projects of its machine. */
export function reachFlaws(project: ComposeProject, machine: Machine, others: ComposeProject[]): ProjectFlaw[] {
  const services = startedOf(project);
  const all = [...services, ...others.flatMap(startedOf)];
  return [
    ...services.flatMap(([name, service]) => programsOfHost(name, service, all, project, machine)),
    ...localFlaws(services, machine, project.model?.networks, all, {
      name: project.name,
      isWritten: (service, variable) =>
        Object.entries(project.texts).some(([file, text]) =>
          blockOf(file, text, service).some(({ lines }) => lines.some((line) => line.includes(variable)))
        ),
    }),
    ...nfsFlaws(project, services, machine),
    ...(project.inline ? [] : loopback(services, machine)),
  ];
}

/** Names of the computer that runs the engine: Docker Desktop's, and Podman's. */
const desktopNames = ["host.docker.internal", "gateway.docker.internal", "host.containers.internal"];

/** The addresses that `extra_hosts` of a service gives to names. */
function extraHosts({ extra_hosts: hosts }: ComposeService): Map<string, string> {
  const pairs = isMap(hosts)
    ? Object.entries(hosts).flatMap(([name, one]) => [one].flat().map((address) => [name, String(address)] as const))
    : texts(hosts).map((one) => {
      const [, name = one, address = ""] = /^([^:=]+)[:=](.*)$/.exec(one) ?? [];
      return [name, address] as const;
    });
  return new Map(pairs);
}

/** A service that publishes a port, and that only a profile starts; `target`: that port in its container. */
function inProfile(
  { model, enabled }: ComposeProject,
  port: number,
): { service: string; profile: string; target: number | undefined } | undefined {
  const off = Object.entries(model?.services ?? {}).filter(([name]) => enabled && !enabled.includes(name));
  return off.flatMap(([service, body]) => {
    const found = publishedPorts(body).find(({ first, last }) => first <= port && port <= last);
    const [profile] = texts(body.profiles);
    if (!found || profile === undefined) return [];
    return [{ service, profile, target: found.target && found.target + port - found.first }];
  })[0];
}

/** Values with a name of the host, where nothing in the VM answers by that name. */
function programsOfHost(
  name: string,
  service: ComposeService,
  all: [string, ComposeService][],
  project: ComposeProject,
  { name: vm, engine }: Machine,
): ProjectFlaw[] {
  const hosts = extraHosts(service);
  const names = [...desktopNames, ...[...hosts].flatMap(([one, to]) => to === "host-gateway" ? [one] : [])];
  const pattern = new RegExp(`(?:^|//|[@=,:])(${names.map(literally).join("|")})(?::(\\d+))?(?=$|[/?:,])`);
  const hasHostNetwork = all.some(([other, body]) => other !== name && body.network_mode === "host");
  return valuesOf(service).flatMap(({ shown, value, at }): ProjectFlaw[] => {
    const [, host, port] = pattern.exec(value) ?? [];
    if (host === undefined) return [];
    const number = Number(port ?? (/^https:/.test(value) ? 443 : /^http:/.test(value) ? 80 : NaN));
    const publisher = all.find(([, body]) =>
      publishedPorts(body).some(({ first, last }) => Number.isNaN(number) || (first <= number && number <= last))
    )?.[0];
    // a service in the VM's own network may have any port
    const isThere = publisher !== undefined || hasHostNetwork;
    // Podman gives its containers these names itself
    const hasName = hosts.has(host) || engine === "podman";
    if (isThere && hasName) return [];
    const off = isThere ? undefined : inProfile(project, number);
    const isSame = off?.target === undefined || off.target === number;
    const inContainer = isSame
      ? `${off?.service} instead of ${host}`
      : `${off?.service}:${off?.target} instead of ${host}${port === undefined ? "" : `:${port}`}`;
    const mend = (them: string) =>
      isThere
        ? "Write the service's name and its port in the container instead, or add extra_hosts: " +
          `["${host}:host-gateway"] to ${them}`
        : off
        ? `Turn on the profile of ${off.service}, which publishes that port: profiles: [${
          [...project.profiles, off.profile].join(", ")
        }]${hasName ? "" : `, and write ${inContainer}`}`
        : "Run that program in a service and write the service's name, or write this host's address in its network " +
          "(the program must listen on it)";
    const rest = () =>
      hasName
        ? `: ${host} is ${vm} there, not this host, and nothing on ${vm} publishes its port`
        : `: Docker in ${vm} does not know ${host}, which only Docker Desktop has${
          isThere ? "" : `; nothing on ${vm} publishes its port`
        }`;
    return [{
      status: "warn",
      message: `${name} has ${shown}${rest()}`,
      service: name,
      at,
      fix: manualFix(mend(name)),
      fold: {
        ...{ kind: `host ${host} ${isThere} ${off && inContainer}`, verb: ["has", "have"], item: shown, rest },
        fix: () => manualFix(mend("each service that has it")),
      },
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
    if (!isMap(body) || isExternal(body) || !used.has(name)) return [];
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
