/** Finds what cannot work in a VM in one Compose project. Pure: all files were read before. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { enabledOf } from "../compose/enabled.mts";
import {
  dependsOn,
  devicesOf,
  limitsOf,
  mebibytes,
  mountsOf,
  networksOf,
  publishedPorts,
} from "../compose/service.mts";
import { composeFileFlaws, neededFiles } from "./compose-files.mts";
import { inlineMountFlaws, mountFlaws } from "./compose-mounts.mts";
import { targetFlaws } from "./compose-target.mts";
import { engineFlaws, engineProjectFlaws } from "./compose-docker.mts";
import { isSecretName } from "../compose/variables.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { isInSubnet } from "../text.mts";

/** All flaws of one project on its machine, except conflicts with other projects. */
export function projectFlaws(
  project: ComposeProject,
  machine: ResolvedMachine,
  others: ComposeProject[],
): ProjectFlaw[] {
  const services = enabledOf(project);
  const ownReader = project.readBy === "reader";
  return [
    ...unsetVariables(project),
    ...profileFlaws(project),
    ...(project.inline ? [] : composeFileFlaws(project)),
    ...services.flatMap(([name, service]) =>
      [
        ...limits(service, machine),
        ...(project.inline
          ? inlineMountFlaws(service)
          : [...mountFlaws(name, service, project, machine), ...neededFiles(name, service, project)]),
        ...targetFlaws(project.written?.services[name] ?? service, project),
        ...devices(service),
        ...networks(service, project),
        ...settings(service),
        ...engineFlaws(name, service, project, machine),
        ...(ownReader ? dependencies(name, service, project) : []),
      ].map((flaw): ProjectFlaw => ({ ...flaw, service: name, message: `${name} ${flaw.message}` }))
    ),
    ...(ownReader && !project.inline ? [...circles(project), ...undeclared(project)] : []),
    ...external(project, others),
    ...engineProjectFlaws(project, services),
    ...startsNothing(project),
  ];
}

/** Compose fails if no service is left to start. */
function startsNothing({ model, enabled, refusals, inline }: ComposeProject): ProjectFlaw[] {
  if (inline || !model || refusals.length > 0 || (enabled?.length ?? 1) > 0) return [];
  const profiles = Object.values(model.services).flatMap(({ profiles }) => (Array.isArray(profiles) ? profiles : []));
  const [first] = profiles;
  return [{
    status: "fail",
    message: first === undefined
      ? "the project has no service"
      : `no service starts: each is in a profile (${[...new Set(profiles)].join(", ")})`,
    at: first === undefined ? "services" : "profiles",
    fix: manualFix(first === undefined ? "Add a service" : `Turn one on: profiles: [${first}]`),
  }];
}

function unsetVariables({ name, unsetVariables, envExamples = [] }: ComposeProject): ProjectFlaw[] {
  const [example] = envExamples;
  const secret = unsetVariables.filter(({ variable }) => isSecretName(variable ?? ""));
  const rest = unsetVariables.filter((one) => !secret.includes(one));
  const flaw = (found: typeof secret, effect: string): ProjectFlaw[] =>
    found.length === 0 ? [] : [{
      status: "warn",
      message: `${found.map(({ variable }) => variable).join(", ")} ${
        found.length > 1 ? "have" : "has"
      } no value: ${effect}`,
      at: `{${found[0]!.variable}`,
      evidence: {
        read: found.map(({ file, line }) => (file ? `${name}/${file}:${line ?? "?"}` : name)).join(", "),
        value: "no value, no default",
      },
      fix: manualFix(
        example === undefined
          ? `Set ${found.map(({ variable }) => variable).join(", ")} in the project's .env`
          : `Copy ${example} to .env in the project's folder, and set ${
            found.map(({ variable }) => variable).join(", ")
          }`,
      ),
    }];
  return [
    ...flaw(secret, "the service starts with an empty password or key"),
    ...flaw(rest, "Compose puts an empty text in its place, or leaves it out"),
  ];
}

function profileFlaws({ profiles, model }: ComposeProject): ProjectFlaw[] {
  if (!model) return [];
  const known = new Set(
    Object.values(model.services).flatMap(({ profiles }) => (Array.isArray(profiles) ? profiles : [])),
  );
  return profiles.filter((name) => name !== "*" && !known.has(name)).map((name) => ({
    status: "warn",
    message: `no service has the profile ${name}`,
    fix: manualFix(known.size > 0 ? `The profiles are ${[...known].join(", ")}` : "Leave profiles: out"),
  }));
}

function limits(service: ComposeService, { name, cpus, memory }: ResolvedMachine): ProjectFlaw[] {
  const shared = mebibytes(service.shm_size);
  return [
    ...limitsOf(service).flatMap((limit): ProjectFlaw[] => [
      // Docker refuses a limit above the number of CPUs; reservations of CPUs only apply to swarms
      ...(limit.cpus !== undefined && limit.cpus > cpus && !limit.key.endsWith("reservations")
        ? [{
          status: "fail" as const,
          message: `may use ${limit.cpus} CPUs, and ${name} has ${cpus}: Docker does not start it`,
          at: "cpus:",
          fix: manualFix(`Write cpus: ${cpus} or less for the service, or give ${name} more (cpus:)`),
        }]
        : []),
      ...(limit.memory !== undefined && limit.memory > memory
        ? [{
          status: "warn" as const,
          message: `may use ${Math.round(limit.memory)} MiB, and ${name} has ${memory}`,
          at: "mem",
          fix: manualFix(`Give ${name} more (memory:), or lower the service's limit`),
        }]
        : []),
    ]),
    ...(shared !== undefined && shared > memory
      ? [{
        status: "warn" as const,
        message: `has ${Math.round(shared)} MiB of shared memory (shm_size), and ${name} has ${memory} MiB in all`,
        at: "shm_size",
        fix: manualFix(`Give ${name} more (memory:), or lower shm_size`),
      }]
      : []),
  ];
}

/** Device nodes that exist in a VM only if a device is passed through. */
const hostDevices: { pattern: RegExp; what: string; certain: boolean }[] = [
  { pattern: /^\/dev\/video\d*/, what: "a camera or capture card", certain: true },
  { pattern: /^\/dev\/(tty(USB|ACM|AMA)|serial\/)/, what: "a serial device", certain: true },
  { pattern: /^\/dev\/(zigbee|zwave|rflink|ttyZ|rfid)/i, what: "a radio stick", certain: true },
  { pattern: /^\/dev\/(apex_\d|hailo\d|accel\/)/, what: "an accelerator card", certain: true },
  {
    pattern: /^\/dev\/(dvb|cec\d|lirc|i2c|gpiomem|gpiochip|spidev|vchiq|vcio|snd|input\/event)/,
    what: "a device",
    certain: true,
  },
  { pattern: /^\/dev\/(sd[a-z]|nvme\d|disk\/|sr\d|sg\d|st\d|nst\d)/, what: "a disk or drive", certain: true },
  { pattern: /^\/dev\/bus\/usb/, what: "USB devices", certain: false },
  { pattern: /^\/dev\/kvm$/, what: "nested virtualization", certain: false },
];

function devices(service: ComposeService): ProjectFlaw[] {
  const sources = [
    ...devicesOf(service).map(({ source }) => source),
    ...mountsOf(service).flatMap(({ source }) => (source?.startsWith("/dev/") ? [source] : [])),
  ];
  return [...new Set(sources)].flatMap((source): ProjectFlaw[] => {
    const found = hostDevices.find(({ pattern }) => pattern.test(source));
    if (!found) return [];
    const listed = devicesOf(service).some((one) => one.source === source);
    return [{
      status: found.certain && listed ? "fail" : "warn",
      message: `uses ${source} (${found.what}), which the VM does not have: only the GPU is handed over`,
      at: source,
      fix: manualFix(`Take ${source} out of the service`),
    }];
  });
}

function networks(service: ComposeService, { model }: ComposeProject): ProjectFlaw[] {
  const ports = Array.isArray(service.ports) && service.ports.length > 0;
  const fixed = Object.entries(networksOf(service)).flatMap(([name, { ipv4_address: address }]): ProjectFlaw[] => {
    if (typeof address !== "string" || address.includes("$")) return [];
    const network = mapAt((model?.networks ?? {}) as Record<string, unknown>, name);
    if (network.external) return [];
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
      fix: manualFix(`Give the network ${name} a subnet with that address (ipam.config), or leave ipv4_address out`),
    }];
  });
  const host = service.network_mode === "host" && ports
    ? [{
      status: "warn" as const,
      message: "has network_mode: host, so its ports: are ignored",
      at: "network_mode",
      fix: manualFix("Leave one of the two out"),
    }]
    : [];
  const shared = /^(service|container):/.test(String(service.network_mode ?? "")) && ports
    ? [{
      status: "fail" as const,
      message: `has network_mode: ${service.network_mode} and ports:, which Docker refuses together`,
      at: "ports",
      fix: manualFix(`Write the ports in ${String(service.network_mode).split(":")[1]}`),
    }]
    : [];
  return [...fixed, ...host, ...shared];
}

function settings(service: ComposeService): ProjectFlaw[] {
  const { platform, restart, image, container_name: name } = service;
  const { replicas } = mapAt(service, "deploy");
  const scale = Number(service.scale ?? replicas ?? 1);
  const single = publishedPorts(service).some(({ first, last }) => last - first + 1 < scale);
  return [
    ...(typeof platform === "string" && platform !== "" &&
        !/^linux\/(amd64|x86_64|386|i386)(\/|$)|^linux$/.test(platform)
      ? [{
        status: "fail" as const,
        message: `has platform: ${platform}, and the VM is linux/amd64`,
        at: platform,
        fix: manualFix("Leave platform: out"),
      }]
      : []),
    ...(restart !== undefined && restart !== null &&
        !/^(no|always|unless-stopped|on-failure(:\d+)?)$/.test(String(restart))
      ? [{
        status: "fail" as const,
        message: `has restart: ${restart}, which is none of no, always, on-failure, unless-stopped`,
        at: "restart:",
        fix: manualFix('Write restart: unless-stopped, or restart: "no" in quotes'),
      }]
      : []),
    ...(typeof image === "string" && (image === "" || /[:@/]$/.test(image) || /\s/.test(image))
      ? [{
        status: "fail" as const,
        message: `has the image “${image}”, which is no name of an image: a variable in it may be empty`,
        at: "image:",
        fix: manualFix("Set the variable in the project's .env"),
      }]
      : []),
    ...(scale > 1 && (name !== undefined || single)
      ? [{
        status: "fail" as const,
        message: `runs ${scale} times, and ${
          name !== undefined ? "container_name is for one" : "a published port is for one"
        }`,
        at: name !== undefined ? "container_name" : "ports",
      }]
      : []),
  ];
}

/** Dependency errors, which Compose itself reports where it was run. */
function dependencies(_: string, service: ComposeService, { model, enabled }: ComposeProject): ProjectFlaw[] {
  return Object.entries(dependsOn(service)).flatMap(([other, { required }]): ProjectFlaw[] => {
    if (!required || (enabled?.includes(other) ?? true)) return [];
    const there = model?.services[other];
    const profiles = there && Array.isArray(there.profiles) ? there.profiles : [];
    return [{
      status: "fail",
      message: there
        ? `depends on ${other}, which no active profile starts`
        : `depends on ${other}, which the project does not have`,
      at: dependencyTexts(service, other),
      fix: manualFix(
        profiles.length > 0
          ? `Turn on its profile: profiles: [${profiles[0]}]`
          : `Add the service ${other}, or take it out of ${sharedBy(service, other) ?? "depends_on"}`,
      ),
    }];
  });
}

/** Texts to find the line of a dependency by: `depends_on`, or a shared namespace. */
function dependencyTexts(service: ComposeService, other: string): string[] {
  return [...(sharedBy(service, other) ? [`service:${other}`] : []), `- ${other}`, `${other}:`, other];
}

/** The key by which a service shares a namespace of another one. */
const sharedBy = (service: ComposeService, other: string) =>
  ["network_mode", "pid", "ipc"].find((key) => service[key] === `service:${other}`);

function circles(project: ComposeProject): ProjectFlaw[] {
  const services = Object.fromEntries(enabledOf(project));
  const done = new Set<string>();
  const visit = (name: string, above: string[]): string[] | undefined => {
    if (above.includes(name)) return [...above.slice(above.indexOf(name)), name];
    if (done.has(name) || !services[name]) return undefined;
    done.add(name);
    for (const other of Object.keys(dependsOn(services[name]))) {
      const circle = visit(other, [...above, name]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const name of Object.keys(services)) {
    const circle = visit(name, []);
    if (circle) {
      return [{
        status: "fail",
        message: `the services depend on each other in a circle: ${circle.join(" → ")}`,
        at: "depends_on",
      }];
    }
  }
  return [];
}

/**
 * Networks and volumes that services use but the project does not declare, and references to
 * unknown services: Compose refuses these.
 */
function undeclared(project: ComposeProject): ProjectFlaw[] {
  const { model } = project;
  return enabledOf(project).flatMap(([name, service]) => {
    const volumes = mountsOf(service).flatMap(({ type, source }) => (type === "volume" && source ? [source] : []));
    const flaw = (kind: "network" | "volume" | "config" | "secret", one: string): ProjectFlaw => ({
      ...{
        status: "fail",
        service: name,
        at: one,
        message: `${name} uses the ${kind} ${one}, which the project does not declare`,
      },
      fix: manualFix(`Add ${one}: to the top-level ${kind}s:`),
    });
    const granted = (["configs", "secrets"] as const).flatMap((section) =>
      (Array.isArray(service[section]) ? service[section] : []).flatMap((one: unknown) => {
        const used = typeof one === "string" ? one : isMap(one) ? one.source : undefined;
        return typeof used === "string" && !Object.hasOwn(model?.[section] ?? {}, used)
          ? [flaw(section === "configs" ? "config" : "secret", used)]
          : [];
      })
    );
    return [
      ...granted,
      ...(service.network_mode !== undefined && Object.keys(networksOf(service)).length > 0
        ? [{
          status: "fail" as const,
          service: name,
          at: "network_mode",
          message: `${name} has both network_mode and networks, which exclude each other`,
          fix: manualFix("Leave one of the two out"),
        }]
        : []),
      ...Object.keys(networksOf(service)).filter((one) =>
        one !== "default" && !Object.hasOwn(model?.networks ?? {}, one)
      ).map((one) => flaw("network", one)),
      ...volumes.filter((one) => !one.includes("$") && !Object.hasOwn(model?.volumes ?? {}, one)).map((one) =>
        flaw("volume", one)
      ),
      ...(service.image === undefined && service.build === undefined
        ? [{ status: "fail" as const, service: name, message: `${name} has neither an image nor a build context` }]
        : []),
    ];
  });
}

/** External networks and volumes: a new VM has none, unless another project on it creates them. */
function external(project: ComposeProject, others: ComposeProject[]): ProjectFlaw[] {
  const services = enabledOf(project).map(([, service]) => service);
  const used = {
    networks: services.flatMap((service) => Object.keys(networksOf(service))),
    volumes: services.flatMap((service) => mountsOf(service).map(({ source = "" }) => source)),
  };
  return (["networks", "volumes"] as const).flatMap((key) =>
    Object.entries(project.model?.[key] ?? {}).flatMap(([name, one]): ProjectFlaw[] => {
      if (!isMap(one) || !one.external || !used[key].includes(name)) return [];
      const named = String((isMap(one.external) ? one.external.name : undefined) ?? one.name ?? name);
      const created = others.some((other) =>
        Object.entries(other.model?.[key] ?? {}).some(([own, it]) =>
          !(isMap(it) && it.external) && ((isMap(it) ? it.name : undefined) ?? `${other.name}_${own}`) === named
        )
      );
      const what = key === "networks" ? "network" : "volume";
      return created ? [] : [{
        status: "fail",
        message: `the ${what} ${named} is external, and a new VM does not have it`,
        at: "external",
        fix: manualFix(`Leave external: out of the ${what} ${name}, or let another project on the machine create it`),
      }];
    })
  );
}
