/** Finds names that a Compose project uses and does not declare, and dependencies that cannot start. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { mostNamed } from "./compose-paths.mts";
import { createsNetwork } from "../compose/created-networks.mts";
import { enabledOf } from "../compose/enabled.mts";
import { namelessNetwork } from "./compose-emptied.mts";
import { withProfile } from "./compose-profiles.mts";
import { fileWith, withFiles } from "./compose-unused.mts";
import { attachedNetworks, dependsOn, externalName, isExternal, mountsOf, networksOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { driverVolumes, isDriverVolume } from "./compose-driver-volumes.mts";
import { isMap, mapAt, ownValue } from "../maps.mts";
import { literally } from "../compose/refusals.mts";
import { isPlaceholder } from "../compose/placeholders.mts";
import { closest } from "../suggest.mts";
import { joinList } from "../text.mts";

/** Dependency errors, which Compose itself reports where it was run. */
export function dependencyFlaws(
  service: ComposeService,
  project: ComposeProject,
  machine: Pick<ResolvedMachine, "gpus">,
): ProjectFlaw[] {
  const { model, enabled } = project;
  return Object.entries(dependsOn(service)).flatMap(([other, { required }]): ProjectFlaw[] => {
    const dependency = ownValue(model?.services ?? {}, other);
    // a service that is not required must still exist
    if ((!required && dependency) || (enabled?.includes(other) ?? true)) return [];
    // the file that could not be read may have it
    if (!dependency && project.incomplete) return [];
    const profiles = dependency && Array.isArray(dependency.profiles) ? dependency.profiles : [];
    return [{
      status: "fail",
      message: dependency
        ? `depends on ${other}, which no active profile starts`
        : `depends on ${other}, which the project does not have`,
      at: dependencyTexts(service, other),
      fix: manualFix(
        profiles.length > 0
          ? `Enable its profile: ${withProfile(project, profiles[0])}`
          : addService(project, machine, other, sharedBy(service, other)),
      ),
    }];
  });
}

/** What to do about a service that another one needs, under a key of it, and that the project does not have. */
export function addService(
  project: ComposeProject,
  machine: Pick<ResolvedMachine, "gpus">,
  other: string,
  key = "depends_on",
): string {
  const file = fileWith(project, machine, other);
  const meant = closest(other, Object.keys(project.model?.services ?? {}));
  if (file !== undefined) return `${file} has the service ${other}. Write ${withFiles([...project.files, file])}`;
  return meant === undefined
    ? `Add the service ${other}, or remove it from ${key}`
    : `Write ${meant} instead of ${other}, or add the service ${other}`;
}

/** Texts to find the line of a dependency by: `depends_on`, or a shared namespace. */
function dependencyTexts(service: ComposeService, other: string): string[] {
  return [...(sharedBy(service, other) ? [`service:${other}`] : []), `- ${other}`, `${other}:`, other];
}

/** The key by which a service shares a namespace of another one. */
const sharedBy = (service: ComposeService, other: string) =>
  ["network_mode", "pid", "ipc"].find((key) => service[key] === `service:${other}`);

/** A circle in `depends_on`: at most one. */
export function circularDependencies(project: ComposeProject): ProjectFlaw[] {
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
        fix: manualFix("Remove one of these from depends_on"),
      }];
    }
  }
  return [];
}

/**
 * Networks and volumes that services use but the project does not declare, and references to
 * unknown services: Compose refuses these.
 */
export function undeclaredNames(project: ComposeProject): ProjectFlaw[] {
  const { model } = project;
  return enabledOf(project).flatMap(([name, service]) => {
    const volumes = mountsOf(service).flatMap(({ type, source, target }) =>
      type === "volume" && source ? [{ source, mount: `${source}:${target}` }] : []
    );
    const flaw = (kind: "network" | "volume" | "config" | "secret", one: string, whole = one): ProjectFlaw => ({
      ...{
        status: "fail",
        service: name,
        at: [one, whole],
        message: `${name} uses the ${kind} ${one}, which the project does not declare`,
      },
      fix: manualFix(declaration(kind, one, declaredIn(model?.[`${kind}s`]))),
      text: one,
      ...(kind === "volume" && one.includes("/") && !isPlaceholder(one)
        ? {
          message: `${name} mounts ${one}, which Compose reads as a volume, not as a path, and which is not declared`,
          fold: {
            ...{ kind: "path without a dot", verb: ["mounts", "mount"], item: one },
            rest: (many) =>
              many
                ? ", which Compose reads as volumes, not as paths, and which are not declared"
                : ", which Compose reads as a volume, not as a path, and which is not declared",
            fix: (paths) => manualFix(`Write ${joinList(paths.map((path) => `./${path}`))}`),
          },
        }
        : {
          fold: {
            ...{ kind: `undeclared ${kind}`, verb: ["uses", "use"], item: one },
            rest: (many) => `, ${many ? `${kind}s` : `a ${kind}`} that the project does not declare`,
            fix: (names) =>
              manualFix(
                names.some((one) => isPlaceholder(one))
                  ? `Replace ${joinList(names)} with your own ${kind === "volume" ? "folders (./…)" : "names"}`
                  : `Add ${joinList(names.map((one) => `${one}:`))} to the top-level ${kind}s:`,
              ),
          },
        }),
    });
    const granted = (["configs", "secrets"] as const).flatMap((section) =>
      (Array.isArray(service[section]) ? service[section] : []).flatMap((one: unknown) => {
        const used = typeof one === "string" ? one : isMap(one) ? one.source : undefined;
        return typeof used === "string" && isDeclarable(model?.[section]) &&
            !Object.hasOwn(model?.[section] ?? {}, used)
          ? [flaw(section === "configs" ? "config" : "secret", used)]
          : [];
      })
    );
    return [
      ...granted,
      ...Object.keys(networksOf(service)).filter((one) =>
        one !== "default" && isDeclarable(model?.networks) && !Object.hasOwn(model?.networks ?? {}, one)
      ).map((one) => (one === "" ? namelessNetwork(name, project) : flaw("network", one))),
      ...volumes.filter(({ source }) =>
        !source.includes("$") && isDeclarable(model?.volumes) && !Object.hasOwn(model?.volumes ?? {}, source)
      ).map(({ source, mount }) => flaw("volume", source, mount)),
    ];
  });
}

/** What to write for a name that is not declared. */
function declaration(kind: string, name: string, declared: string[]): string {
  if (isPlaceholder(name)) return `Replace ${name} with your own ${kind === "volume" ? "folder (./…)" : "name"}`;
  if (kind === "volume" && name.includes("/")) return `Write ./${name}`;
  const meant = closest(name, declared);
  const place = `${name}: to the top-level ${kind}s:`;
  return meant === undefined ? `Add ${place}` : `Write ${meant} instead of ${name}, or add ${place}`;
}

/** The names that a section declares. */
const declaredIn = (section: unknown) => (isMap(section) ? Object.keys(section) : []);

/** Another finding reports a section of the wrong form. */
const isDeclarable = (section: unknown) => section === undefined || section === null || isMap(section);

/** The networks that every engine has. */
const ownNetworks = ["host", "bridge", "none"];

/**
 * Services in a network that Docker itself has: Compose gives each service its name as an alias, which Docker refuses
 * there (docker/compose#3012, #8114; read 2026-11-28).
 */
export function engineNetworks(service: ComposeService, { model }: ComposeProject): ProjectFlaw[] {
  return attachedNetworks(service).flatMap((key): ProjectFlaw[] => {
    const one = mapAt((model?.networks ?? {}) as Record<string, unknown>, key);
    const named = externalName(key, one);
    if (!isExternal(one) || !ownNetworks.includes(named)) return [];
    const rest = () => ", which is Docker's own: it refuses the aliases that Compose gives services";
    return [{
      status: "warn",
      message: `is in the network ${named}${rest()}`,
      at: ["networks:"],
      fix: manualFix(`Write network_mode: ${named} instead of networks:`),
      fold: { kind: `network ${named}`, verb: ["is", "are"], item: `in the network ${named}`, rest },
    }];
  });
}

/** External networks and volumes: a new VM has none, unless another project on it creates them. */
export function missingExternals(project: ComposeProject, others: ComposeProject[]): ProjectFlaw[] {
  const services = enabledOf(project).map(([, service]) => service);
  const used = {
    networks: services.flatMap(attachedNetworks),
    volumes: services.flatMap((service) => mountsOf(service).map(({ source = "" }) => source)),
  };
  return (["networks", "volumes"] as const).flatMap((key): ProjectFlaw[] => {
    const missing = Object.entries(project.model?.[key] ?? {}).flatMap(([name, one]) => {
      if (!isMap(one) || !isExternal(one) || !used[key].includes(name)) return [];
      const named = externalName(name, one);
      if (key === "networks" && ownNetworks.includes(named)) return [];
      const created = others.some((other) =>
        key === "networks"
          ? createsNetwork(other, named)
          : Object.entries(other.model?.[key] ?? {}).some(([own, it]) =>
            !(isMap(it) && isExternal(it)) && ((isMap(it) ? it.name : undefined) ?? `${other.name}_${own}`) === named
          )
      );
      return created ? [] : [{ name, named, place: declarationOf(project, key, name) }];
    });
    const drivers = key === "volumes" ? missing.filter(({ named }) => isDriverVolume(named)) : [];
    const rest = missing.filter((one) => !drivers.includes(one));
    return [...(drivers.length > 0 ? [driverVolumes(drivers)] : []), ...absent(key, rest, project)];
  });
}

interface MissingExternal {
  /** Its name in the project. */
  name: string;
  /** Its name for the engine. */
  named: string;
  place: string;
}

function absent(key: "networks" | "volumes", missing: MissingExternal[], project: ComposeProject): ProjectFlaw[] {
  if (missing.length === 0) return [];
  const names = [...new Set(missing.map(({ named }) => named))];
  const many = names.length > 1;
  const kindOf = (several: boolean) => `${key.slice(0, -1)}${several ? "s" : ""}`;
  const kind = kindOf(missing.length > 1);
  const them = many ? "them" : "it";
  return [{
    status: "fail",
    message: `the ${kindOf(many)} ${joinList(names)} ${
      many ? "are" : "is"
    } external, and a new VM does not have ${them}`,
    evidence: {
      read: [...new Set(missing.map(({ place }) => place))].slice(0, mostNamed).join(", "),
      value: missing.slice(0, mostNamed).map(({ name }) => `${name}: external`).join(", "),
    },
    fix: manualFix(
      `Remove external: from ${
        missing.length > mostNamed ? `these ${kind}` : `the ${kind} ${joinList(missing.map(({ name }) => name))}`
      }, or let another project on the machine create ${them}${key === "networks" ? subnetsFor(missing, project) : ""}`,
    ),
  }];
}

/** What networks without `external:` also need: Docker refuses a fixed address in a network without a subnet. */
function subnetsFor(missing: { name: string }[], project: ComposeProject): string {
  const fixed = missing.flatMap(({ name }) =>
    enabledOf(project).flatMap(([, service]) => {
      const { ipv4_address: address } = mapAt(networksOf(service), name);
      return typeof address === "string" ? [{ name, address }] : [];
    }).slice(0, 1)
  );
  return fixed.map(({ name, address }) => `. Give ${name} a subnet with ${address} (ipam.config)`).join("");
}

/** The place of a name in a section at the top of a file, such as `immich/compose.yaml:79`. */
function declarationOf({ name: project, texts }: ComposeProject, section: string, name: string): string {
  const key = new RegExp(`^\\s+["']?${literally(name)}["']?\\s*:`);
  for (const [file, text] of Object.entries(texts)) {
    const lines = text.split("\n");
    const from = lines.findIndex((line) => new RegExp(`^["']?${section}["']?\\s*:`).test(line));
    const length = lines.slice(from + 1).findIndex((line) => /^[^\s#-]/.test(line));
    const at = lines.findIndex((line, i) => i > from && (length < 0 || i <= from + length) && key.test(line));
    if (from >= 0) return `${project}/${file}:${(at < 0 ? from : at) + 1}`;
  }
  return project;
}
