/** Finds what cannot work in a VM in one Compose project. Pure: all files were read before. */
import type { ComposeProject, ComposeService, ProjectProblem } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { enabledOf, startedOf } from "../compose/enabled.mts";
import { envFiles } from "../compose/paths.mts";
import { isExternal, networksOf, publishedPorts } from "../compose/service.mts";
import { desktopFlaws } from "./compose-desktop.mts";
import { commandFlaws } from "./compose-commands.mts";
import { startFlaws } from "./compose-starts.mts";
import { copyFlaws } from "./compose-copies.mts";
import { conflictFlaws } from "./compose-conflicts.mts";
import { formFlaws } from "./compose-forms.mts";
import { composeFileFlaws, neededFiles } from "./compose-files.mts";
import { linkFlaws } from "./compose-links.mts";
import { mountFlaws } from "./compose-mounts.mts";
import { inlineMountFlaws } from "./compose-own-mounts.mts";
import { databaseFlaws } from "./compose-databases.mts";
import { healthFlaws } from "./compose-health.mts";
import { imageFlaws } from "./compose-images.mts";
import { ownerFlaws } from "./compose-owners.mts";
import { programFlaws } from "./compose-programs.mts";
import { reachFlaws } from "./compose-reach.mts";
import { targetFlaws } from "./compose-target.mts";
import { engineNameFlaws } from "./compose-engine.mts";
import { daemonFlaws } from "./compose-daemon.mts";
import { engineFlaws } from "./compose-docker.mts";
import { engineProjectFlaws } from "./compose-docker-project.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { isInSubnet } from "../text.mts";
import { imageNameFlaws } from "./compose-image-names.mts";
import { unsetFlaws, variablesOfExample, withoutEmptied } from "./compose-emptied.mts";
import { foldFlaws } from "./compose-fold.mts";
import {
  circularDependencies,
  dependencyFlaws,
  engineNetworks,
  missingExternals,
  undeclaredNames,
} from "./compose-declared.mts";
import { deviceFlaws } from "./compose-devices.mts";
import { profileFlaws, startsNothing } from "./compose-started.mts";
import { swarmFlaws } from "./compose-swarm.mts";
import { swarmSectionFlaws, swarmServiceFlaws } from "./swarm-stack.mts";
import { groupFlaws, limitFlaws } from "./compose-vm.mts";

/** All flaws of one project on its machine, except conflicts with other projects. */
export function projectFlaws(
  project: ComposeProject,
  machine: ResolvedMachine,
  others: ComposeProject[],
): ProjectFlaw[] {
  const services = startedOf(project);
  const starts = new Set(services.map(([name]) => name));
  // Compose stops at its first error
  const ownReader = project.readBy === "reader" || project.refusals.length > 0 ||
    Object.values(project.emptied ?? {}).some(({ refused }) => refused);
  const found: ProjectFlaw[] = [
    ...(project.warnings ?? []).map(({ message, file, line, mend }): ProjectFlaw => ({
      // what is left of a path with a backslash is a volume to Compose, which it refuses
      status: /backslash/.test(message) && project.refusals.some(isBackslashed) ? "fail" : "warn",
      message,
      evidence: { read: `${project.name}/${file}:${line}`, value: message },
      ...(mend === undefined ? {} : { fix: manualFix(mend) }),
    })),
    ...profileFlaws(project),
    ...(project.inline ? [] : [...composeFileFlaws(project), ...linkFlaws(project, machine)]),
    ...enabledOf(project).flatMap(([name, service]) =>
      [
        // Docker is not asked for a service that runs no containers
        ...(starts.has(name) ? containerFlaws(name, service, project, machine, others) : []),
        ...(ownReader ? dependencyFlaws(service, project, machine) : []),
        ...formFlaws(project.written?.services[name] ?? service, project),
      ].map((flaw): ProjectFlaw => ({ ...flaw, service: name, message: `${name} ${flaw.message}` }))
    ),
    ...(ownReader ? [...conflictFlaws(project), ...circularDependencies(project)] : []),
    ...(ownReader && !project.inline && !project.incomplete ? undeclaredNames(project) : []),
    ...(project.inSwarm ? [] : missingExternals(project, others)),
    ...(project.inline ? [] : desktopFlaws(project, machine)),
    ...(project.inSwarm
      ? swarmSectionFlaws(project, services, project.inSwarm)
      : [...engineProjectFlaws(project, services, machine), ...reachFlaws(project, machine, others)]),
    ...startsNothing(project, machine),
  ];
  const { kept, emptied } = withoutEmptied(found, project);
  // one path for the stack, from which all of them are copied
  const outside = [...new Set(kept.flatMap((flaw) => flaw.outside ?? []))];
  if (project.outside === undefined && outside.length > 1) {
    return projectFlaws({ ...project, outside }, machine, others);
  }
  return foldFlaws([...unsetFlaws(project, emptied, variablesOfExample(kept, project)), ...kept]);
}

/** Whether Compose refuses a name that begins with a backslash. */
export const isBackslashed = ({ message }: ProjectProblem): boolean => /undefined volume \\/.test(message);

/** The flaws of a service that show when its container is created. */
function containerFlaws(
  name: string,
  service: ComposeService,
  project: ComposeProject,
  machine: ResolvedMachine,
  others: ComposeProject[],
): ProjectFlaw[] {
  // what it mounts, and the limits of its node, are those of a machine that is not known yet
  if (project.inSwarm) {
    return [
      ...swarmServiceFlaws(service, project, project.inSwarm),
      ...neededFiles(name, service, project, machine.engine),
      ...targetFlaws(project.written?.services[name] ?? service, project, machine),
      ...settings(name, service, project),
      ...imageFlaws(name, service, project, machine, others),
      ...healthFlaws(name, service, project),
      ...databaseFlaws(name, service, project),
      ...commandFlaws(name, service, project.written?.services[name] ?? service, project, machine),
      ...emptyEnvFile(project.written?.services[name] ?? service),
    ];
  }
  return [
    ...limitFlaws(service, machine),
    ...engineNameFlaws(service, [project, ...others], machine),
    ...(project.inline
      ? inlineMountFlaws(service)
      : [...mountFlaws(name, service, project, machine), ...neededFiles(name, service, project, machine.engine)]),
    ...targetFlaws(project.written?.services[name] ?? service, project, machine),
    ...ownerFlaws(name, service, project),
    ...deviceFlaws(service, machine),
    ...groupFlaws(service, machine),
    ...swarmFlaws(service),
    ...engineNetworks(service, project),
    ...networks(service, project),
    ...settings(name, service, project),
    ...engineFlaws(name, service, project, machine),
    ...daemonFlaws(project.written?.services[name] ?? service, machine),
    ...imageFlaws(name, service, project, machine, others),
    ...(project.inline ? [] : [...copyFlaws(name, project), ...startFlaws(name, service, project)]),
    ...databaseFlaws(name, service, project),
    ...programFlaws(service, project, machine),
    ...commandFlaws(name, service, project.written?.services[name] ?? service, project, machine),
    ...emptyEnvFile(project.written?.services[name] ?? service),
  ];
}

/** An env file without a path: Compose reports no name then (run with 2.26.1 on 2026-11-28). */
function emptyEnvFile(service: ComposeService): ProjectFlaw[] {
  if (!envFiles(service).some(({ path, required }) => path === "" && required)) return [];
  return [{
    status: "fail",
    message: "has an empty env_file: Compose finds no file without a name",
    at: "env_file:",
    fold: {
      kind: "an empty env file",
      verb: ["has", "have"],
      item: "an empty env_file",
      rest: () => ": Compose finds no file without a name",
    },
    fix: manualFix("Write the path of the env file, or give the variable in it a value in .env"),
  }];
}

export function networks(service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const { model } = project;
  const ports = Array.isArray(service.ports) && service.ports.length > 0;
  const fixed = Object.entries(networksOf(service)).flatMap(([name, { ipv4_address: address }]): ProjectFlaw[] => {
    if (typeof address !== "string" || address.includes("$")) return [];
    const network = mapAt((model?.networks ?? {}) as Record<string, unknown>, name);
    if (isExternal(network)) return [];
    const config = mapAt(network, "ipam").config;
    const subnets = (Array.isArray(config) ? config : []).filter(isMap).flatMap(({ subnet }) =>
      typeof subnet === "string" ? [subnet] : []
    );
    if (subnets.some((subnet) => subnet.includes("$") || isInSubnet(address, subnet) !== false)) return [];
    return [{
      status: "fail",
      message: subnets.length === 0
        ? `has the fixed address ${address} in the network ${name}, which has no subnet: Docker refuses that`
        : `has the fixed address ${address}, which is not in the network ${name} (${subnets.join(", ")})`,
      at: address,
      fix: manualFix(`Give the network ${name} a subnet with that address (ipam.config), or remove ipv4_address`),
    }];
  });
  const host = service.network_mode === "host" && ports
    ? [{
      status: "warn" as const,
      message: "has network_mode: host, so its ports: are ignored",
      at: "network_mode",
      fix: manualFix("Remove one of the two"),
      fold: {
        ...{ kind: "host ports", verb: ["has", "have"] as [string, string], item: "network_mode: host" },
        rest: () => ", so their ports: are ignored",
      },
    }]
    : [];
  const shared = /^(service|container):/.test(String(service.network_mode ?? "")) && ports
    ? [{
      status: "fail" as const,
      message: `has network_mode: ${service.network_mode} and ports:, which Docker refuses together`,
      at: "ports",
      fix: manualFix(portsOfShared(service, model)),
    }]
    : [];
  return [...fixed, ...host, ...shared, ...networkOfHost(service, project)];
}

/** A network of Docker's that `network_mode` names: a new VM has only bridge, host and none. */
function networkOfHost(
  { network_mode: mode }: ComposeService,
  { name: project, model }: ComposeProject,
): ProjectFlaw[] {
  const own = Object.entries(model?.networks ?? {}).map(([key, one]) =>
    (isMap(one) ? one.name : undefined) ?? `${project}_${key}`
  );
  if (
    typeof mode !== "string" ||
    /^$|^(host|none|bridge|default|slirp4netns|pasta)$|^(service|container|slirp4netns|pasta|ns):|\$/.test(mode)
  ) {
    return [];
  }
  if ([...own, `${project}_default`].includes(mode)) return [];
  return [{
    status: "fail",
    message: `has network_mode: ${mode}, a network that a new VM does not have: Docker does not start it`,
    at: "network_mode",
    fix: manualFix("Remove network_mode:, and publish its ports (ports:), or write network_mode: host"),
  }];
}

/** What to do about the ports of a service in the network of another one. */
function portsOfShared(service: ComposeService, model: ComposeProject["model"]): string {
  const [, other = ""] = String(service.network_mode).split(":");
  const theirs = publishedPorts(model?.services[other] ?? {});
  const has = publishedPorts(service).every(({ first, last, protocol }) =>
    theirs.some((one) => one.first <= first && one.last >= last && one.protocol === protocol)
  );
  return has && theirs.length > 0 ? `Remove ports:, since ${other} publishes them` : `Write the ports in ${other}`;
}

/** With it Compose refuses a service of one name that runs several times. */
const isOfName = /container name must be unique/;

function settings(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const { refusals } = project;
  const { platform, restart, container_name: container } = service;
  const { replicas } = mapAt(service, "deploy");
  const scale = Number(service.scale ?? replicas ?? 1);
  const single = publishedPorts(service).some(({ first, last }) => last - first + 1 < scale);
  return [
    ...(typeof platform === "string" && platform !== "" &&
        !/^linux\/(amd64|x86_64|386|i386)(\/|$)|^linux$/.test(platform)
      ? [{
        status: "fail" as const,
        message: `has platform: ${platform}, but the VM is linux/amd64`,
        at: platform,
        fix: manualFix("Remove platform:"),
      }]
      : []),
    ...(restart !== undefined && restart !== null &&
        !/^(no|always|unless-stopped|on-failure(:\d+)?)$/.test(String(restart))
      ? [{
        status: "fail" as const,
        message: `has restart: ${restart}; the values are no, always, on-failure and unless-stopped`,
        at: "restart:",
        fix: manualFix('Write restart: unless-stopped, or restart: "no" in quotes'),
      }]
      : []),
    ...imageNameFlaws(name, service, project),
    // a Swarm has no container names, and a published port of all tasks
    ...(scale > 1 && !project.inSwarm && (container !== undefined || single) &&
        !refusals.some(({ message }) => isOfName.test(message))
      ? [{
        status: "fail" as const,
        message: `runs ${scale} times, but ${
          container !== undefined ? "its container_name allows only one" : "its published port allows only one"
        }`,
        at: container !== undefined ? "container_name" : "ports",
        fix: manualFix(
          container !== undefined ? "Remove container_name" : "Remove the published port, or write a range of ports",
        ),
      }]
      : []),
  ];
}
