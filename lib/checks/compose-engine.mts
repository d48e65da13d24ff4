/**
 * Finds what a project names of the Docker of another computer: containers, log plugins, profiles,
 * options of storage.
 */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { attachedNetworks, flagOf, isExternal, texts } from "../compose/service.mts";
import { startedOf } from "../compose/enabled.mts";
import { guestEngineOf } from "../resolve/guest-engine.mts";
import { manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";
import { isMap, mapAt } from "../maps.mts";
import { isOlder } from "../text.mts";

/** What a service names of Docker, which starts no container without it. `all`: the projects of the machine. */
export function engineNameFlaws(
  service: ComposeService,
  all: ComposeProject[],
  machine: Pick<ResolvedMachine, "name" | "engine" | "image" | "provision">,
): ProjectFlaw[] {
  return [
    ...containers(service, all, machine),
    ...(machine.engine === "docker" ? [...logDriver(service, machine), ...storage(service, machine)] : []),
    ...profiles(service, machine),
  ];
}

/** Containers that exist on another computer only. */
function containers(service: ComposeService, all: ComposeProject[], { name }: { name: string }): ProjectFlaw[] {
  const named = [
    ...["network_mode", "pid", "ipc"].map((key) => ({ key, text: String(service[key] ?? "") })),
    ...texts(service.volumes_from).map((text) => ({ key: "volumes_from", text })),
  ].flatMap(({ key, text }) => {
    const [, container] = /^container:([^:]+)/.exec(text) ?? [];
    return container === undefined ? [] : [{ key, container }];
  });
  const links = texts(service.external_links).map((text) => ({
    key: "external_links",
    container: text.split(":")[0]!,
  }));
  const existing = new Set(all.flatMap((project) =>
    startedOf(project).flatMap(([one, { container_name }]) => [
      ...(typeof container_name === "string" ? [container_name] : []),
      ...[`${project.name}-${one}-1`, `${project.name}_${one}_1`],
    ])
  ));
  return [...named, ...links].filter(({ container }) => !container.includes("$") && !existing.has(container)).map((
    { key, container },
  ): ProjectFlaw => ({
    status: "fail",
    message: `names the container ${container} (${key}), which no project on ${name} has: Docker does not start it`,
    at: key === "external_links" ? [container, key] : [`container:${container}`, key],
    fix: manualFix(
      key === "external_links"
        ? "Remove external_links, or put both services into one project"
        : `Write ${
          key === "volumes_from" ? "the name of a service" : "service:NAME"
        } of this project, or add a stack ` +
          `with container_name: ${container}`,
    ),
  }));
}

/** The log drivers of Docker on Linux (moby, daemon/logdrivers_linux.go; read 2026-11-27); others are plugins. */
const logDrivers = [
  ...["awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "none", "splunk", "syslog"],
];

function logDriver(service: ComposeService, { provision }: Pick<ResolvedMachine, "provision">): ProjectFlaw[] {
  const { driver } = mapAt(service, "logging");
  if (typeof driver !== "string" || driver === "" || driver.includes("$") || logDrivers.includes(driver)) return [];
  return [{
    // a script of the user's may install the plugin
    status: provision.length > 0 ? "warn" : "fail",
    message: `logs with the driver ${driver}, a plugin of Docker that a new VM does not have`,
    at: [`driver: ${driver}`, "logging"],
    fix: manualFix("Remove logging:, or write driver: json-file"),
    fold: {
      ...{ kind: "log plugin", verb: ["logs", "log"], item: driver },
      list: (items) => `with the driver${items.length > 1 ? "s" : ""} ${joinList(items)}`,
      rest: (many) => `, ${many ? "plugins" : "a plugin"} of Docker that a new VM does not have`,
    },
  }];
}

/** `storage_opt: {size: …}` needs XFS (moby, graphdriver/overlay2; read 2026-11-27); the images here have ext4. */
function storage(service: ComposeService, { image, name }: Pick<ResolvedMachine, "image" | "name">): ProjectFlaw[] {
  if (!isMap(service.storage_opt) || service.storage_opt.size === undefined || !image) return [];
  return [{
    status: "fail",
    message: `limits its storage (storage_opt), which Docker supports only on XFS with pquota: ${name} has ext4`,
    at: "storage_opt",
    fix: manualFix("Remove storage_opt"),
  }];
}

/** Profiles of AppArmor that are loaded on another computer. */
function profiles(
  service: ComposeService,
  { provision, name }: Pick<ResolvedMachine, "provision" | "name">,
): ProjectFlaw[] {
  return texts(service.security_opt).flatMap((text): ProjectFlaw[] => {
    const [, profile = ""] = /^apparmor[=:](.+)$/.exec(text) ?? [];
    if (/^(|unconfined|docker-default|containers-default.*)$|\$/.test(profile) || provision.length > 0) return [];
    return [{
      status: "fail",
      message: `uses the AppArmor profile ${profile}, which is not loaded in ${name}`,
      at: [text, "security_opt"],
      fix: manualFix(`Remove ${text}, or load the profile with a provision: script`),
    }];
  });
}

/**
 * Networks with IPv6 and without a subnet for it: before version 27, Docker has no pool of IPv6 addresses, unless
 * daemon.json names one (docs.docker.com, engine/release-notes/27, 27.0.1, moby/moby#47853; read 2026-11-27).
 */
export function ipv6Flaws(project: ComposeProject, machine: ResolvedMachine, config: Resolved): ProjectFlaw[] {
  const { engine, version } = guestEngineOf(machine, config);
  if (engine !== "docker" || version === undefined || !isOlder(version, "27")) return [];
  const used = new Set(startedOf(project).flatMap(([, service]) => attachedNetworks(service)));
  const without = Object.entries(project.model?.networks ?? {}).flatMap(([name, one]) => {
    if (!isMap(one) || !flagOf(one.enable_ipv6) || isExternal(one) || !used.has(name)) return [];
    const { config, driver = "default" } = mapAt(one, "ipam");
    // an IPAM driver that is a plugin has pools of its own
    if (driver !== "default") return [];
    const hasSubnet = Array.isArray(config) &&
      config.some((entry) => isMap(entry) && /[:$]/.test(String(entry.subnet ?? "")));
    return hasSubnet ? [] : [name];
  });
  return without.map((name, i): ProjectFlaw => ({
    // a script of the user's may write pools into daemon.json
    status: machine.provision.length > 0 ? "warn" : "fail",
    message:
      `the network ${name} has enable_ipv6 without an IPv6 subnet, which Docker ${version} of ${machine.name} needs`,
    at: "enable_ipv6",
    // the block of the network
    service: name,
    // the subnets of two networks must differ
    fix: manualFix(`Add {subnet: "fd00:${i + 1}::/64"} to ipam: config: of ${name}, or remove enable_ipv6`),
  }));
}
