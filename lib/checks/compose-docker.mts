/**
 * What Compose accepts but Docker refuses when it creates the container, the network or the volume:
 * moby daemon/container.go, daemon/daemon_unix.go, volume/mounts, libnetwork/ipamutils (which contain these
 * rules; the rows are from general knowledge).
 */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { enabledOf } from "../compose/enabled.mts";
import { imageParts } from "../compose/image-name.mts";
import { isExternal, mebibytes, mountsOf, publishedPorts } from "../compose/service.mts";
import type { Fix } from "../findings.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";
import { healthFlaws } from "./compose-health.mts";
import { portOfResolver } from "./compose-programs.mts";
import { sysctlFlaws } from "./compose-sysctls.mts";

type Names = Pick<ResolvedMachine, "name" | "cpus" | "engine" | "network" | "provider" | "image" | "provision">;

/** What the engine refuses in one service. */
export function engineFlaws(
  name: string,
  service: ComposeService,
  project: ComposeProject,
  machine: Names,
): ProjectFlaw[] {
  // Compose's answer lacks the keys that it ignores
  const written = project.written?.services[name] ?? service;
  return [
    ...names(service),
    ...mountForms(written),
    ...memory(service),
    ...cpuset(service, machine),
    ...ports(service, project, machine),
    ...runtime(service, machine),
    ...healthFlaws(name, service, project),
    ...sysctlFlaws(service),
    ...subpaths(name, service, project),
  ];
}

function names({ container_name: name, image }: ComposeService): ProjectFlaw[] {
  const [repository] = imageParts(typeof image === "string" ? image : "");
  // the first part may be a host name, which may contain upper-case letters
  const parts = repository.split("/");
  const local = parts.length > 1 && /[.:]|^localhost$/.test(parts[0]!) ? parts.slice(1) : parts;
  // many projects write such words where their owner's name belongs
  const placeholder = local.find((part) => /[A-Z]/.test(part) && /YOUR|CHANGE_?ME|REPLACE|EXAMPLE|^<.*>$/i.test(part));
  return [
    ...(typeof name === "string" && name !== "" && !name.includes("$") && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)
      ? [{
        status: "fail" as const,
        message: `has the container name “${name}”: a name has two or more letters, digits, _ . and -`,
        at: "container_name",
        fix: manualFix("Correct container_name, or remove it"),
      }]
      : []),
    // another finding has the right name of an image with such characters
    ...(typeof image === "string" && local.some((part) => /[A-Z]/.test(part)) && !/[$\s"']|[:@/]$/.test(image)
      ? [{
        status: "fail" as const,
        message: `has the image ${image}: image names are in lower case`,
        at: "image:",
        fix: manualFix(
          placeholder === undefined
            ? `Write ${image.replace(repository, repository.toLowerCase())}`
            : `Replace ${placeholder} with your own name`,
        ),
      }]
      : []),
  ];
}

const modes = [
  ...["ro", "rw", "z", "Z", "nocopy", "copy", "cached", "delegated", "consistent", "default", "shared", "rshared"],
  ...["slave", "rslave", "private", "rprivate", "U"],
];

function mountForms(service: ComposeService): ProjectFlaw[] {
  const all = mountsOf(service);
  const targets = all.map(({ target }) => target.replace(/(.)\/+$/, "$1"));
  const short = (Array.isArray(service.volumes) ? service.volumes : []).filter((one) => typeof one === "string");
  const temporary = [service.tmpfs ?? []].flat().map((one) => String(one).split(":")[0]!);
  const bad = short.flatMap((one) => {
    const [, , mode] = one.replace(/^[A-Za-z]:(?=[\\/])/, "").split(":");
    return mode === undefined
      ? []
      : [{ one, words: mode.split(",").filter((word) => !modes.includes(word)) }].filter(({ words }) =>
        words.length > 0
      );
  });
  return [
    ...all.filter(({ target }) => target !== "" && !target.startsWith("/") && !target.includes("$")).map((
      { target },
    ): ProjectFlaw => ({
      status: "fail",
      message: /^[A-Za-z]:\//.test(target)
        ? `mounts something at ${target}: Compose reads a volume of one letter as a drive of Windows`
        : `mounts something at ${target}, which is not an absolute path in the container`,
      at: target,
      fix: manualFix(
        /^[A-Za-z]:\//.test(target)
          ? `Give the volume a longer name, for example data${target.slice(1)}`
          : `Write an absolute path, for example /${target}`,
      ),
      ...(/^[A-Za-z]:\//.test(target) ? {} : {
        fold: {
          ...{ kind: "relative target", verb: ["mounts something at", "mount something at"], item: target },
          rest: () => ": the path in a container must be absolute",
          fix: (paths) => manualFix(`Write absolute paths, for example ${joinList(paths.map((one) => `/${one}`))}`),
        },
      }),
    })),
    ...all.filter(({ type }) => !["bind", "volume", "tmpfs", "cluster", "npipe", "image"].includes(type)).map((
      { type },
    ): ProjectFlaw => ({
      status: "fail",
      message: `has a mount of type ${type}: the types are bind, volume and tmpfs`,
      at: type,
      fix: manualFix("Write type: bind for a folder, type: volume for a named volume"),
    })),
    ...targets.filter((target, i) =>
      target !== "" && targets.indexOf(target) !== i && all[targets.indexOf(target)]!.source !== all[i]!.source
    ).map((target): ProjectFlaw => ({
      status: "warn",
      message: `has two mounts at ${target}: Compose uses the last one, and newer versions refuse both`,
      at: [`:${target}`, target],
      fix: manualFix("Remove one of the two"),
    })),
    ...temporary.filter((target) => targets.includes(target)).map((target): ProjectFlaw => ({
      status: "fail",
      message: `has a volume and a tmpfs at ${target}, which Docker refuses`,
      at: [`:${target}`, target],
      fix: manualFix("Remove one of the two"),
    })),
    ...bad.map(({ one, words }): ProjectFlaw => ({
      status: "warn",
      message: `has the mount ${one}: ${joinList(words)} ${
        words.length > 1
          ? "are not mount options, and Compose ignores them"
          : "is not a mount option, and Compose ignores it"
      }`,
      at: one,
      fix: manualFix(
        words.every((word) => word.includes("="))
          ? `Remove ${words.join(",")}; options of a volume belong in its driver_opts: {o: …}`
          : `Write ro for read-only, or remove ${words.length > 1 ? "them" : "it"}`,
      ),
    })),
  ];
}

/** Folders of a volume that nothing creates: Docker starts no container whose `subpath` does not exist. */
function subpaths(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const mounts = (one: ComposeService) => (Array.isArray(one.volumes) ? one.volumes : []).filter(isMap);
  const others = enabledOf(project).filter(([other]) => other !== name).flatMap(([, other]) => mountsOf(other));
  return mounts(service).flatMap(({ type, source, volume }): ProjectFlaw[] => {
    const { subpath } = isMap(volume) ? volume : {};
    if (type !== "volume" || typeof source !== "string" || typeof subpath !== "string" || subpath === "") return [];
    if (isExternal(mapAt(project.model?.volumes ?? {}, source))) return [];
    if (others.some((mount) => mount.source === source)) return [];
    return [{
      status: "warn",
      message: `mounts the folder ${subpath} of the volume ${source}, which a new volume does not have: ` +
        "Docker does not start the container until something creates it",
      at: "subpath",
      fix: manualFix(`Remove subpath, or create the folder from another service that mounts ${source}`),
    }];
  });
}

function memory(service: ComposeService): ProjectFlaw[] {
  const { limits, reservations } = mapAt(mapAt(service, "deploy"), "resources") as Record<
    string,
    Record<string, unknown>
  >;
  const limit = mebibytes(service.mem_limit ?? limits?.memory);
  const reserved = mebibytes(service.mem_reservation ?? reservations?.memory);
  const flaw = (message: string, at: string[], mend: string): ProjectFlaw[] => [
    { status: "fail", message, at, fix: manualFix(mend) },
  ];
  return [
    ...(limit && limit < 6
      ? flaw(
        "has a memory limit below 6 MiB, which Docker refuses",
        ["mem_limit", "memory"],
        "Raise the limit; a number without a unit is in bytes",
      )
      : []),
    ...(limit && reserved && reserved > limit
      ? flaw(
        `reserves ${Math.round(reserved)} MiB of memory, but its limit is ${Math.round(limit)}`,
        ["mem_reservation", "reservations"],
        "Lower the reservation, or raise the limit",
      )
      : []),
  ];
}

function cpuset({ cpuset }: ComposeService, { name, cpus }: Names): ProjectFlaw[] {
  const highest = Math.max(...String(cpuset ?? "").split(/[,-]/).map(Number).filter((one) => one >= 0));
  if (typeof cpuset !== "string" || !(highest >= cpus)) return [];
  return [{
    status: "fail",
    message: `uses CPU ${highest} (cpuset), but the CPUs of ${name} are numbered 0 to ${cpus - 1}`,
    at: "cpuset",
    fix: manualFix("Remove cpuset, or write other numbers"),
  }];
}

function ports(service: ComposeService, project: ComposeProject, machine: Names): ProjectFlaw[] {
  const { name, network } = machine;
  if (service.network_mode === "host" || service.network_mode === "none") return [];
  return publishedPorts(service).flatMap(({ first, last, protocol, hostIp }): ProjectFlaw[] => {
    if (protocol === "tcp" && first <= 22 && last >= 22 && !hostIp.startsWith("127.") && hostIp !== "::1") {
      return [{
        status: "fail",
        message: `publishes port 22, which the SSH server of ${name} uses`,
        at: ["22:", "published"],
        fix: manualFix('Publish it on another port, such as "2222:22"'),
      }];
    }
    if (first <= 53 && last >= 53 && ["", "0.0.0.0"].includes(hostIp)) {
      return portOfResolver("publishes port 53", ["53:", "published"], machine);
    }
    if (["", "0.0.0.0", "::", "::1"].includes(hostIp) || hostIp.startsWith("127.") || hostIp.includes("$")) return [];
    if (network?.address?.split("/")[0] === hostIp) return [];
    const rest = () => `, which Docker refuses unless ${name} has this address`;
    return [{
      status: "warn",
      message: `publishes a port on ${hostIp}${rest()}`,
      at: hostIp,
      fix: addressFix(hostIp, project, machine),
      fold: { kind: `address ${hostIp}`, verb: ["publishes", "publish"], item: `ports on ${hostIp}`, rest },
    }];
  });
}

/** What to do about ports on an address: the line or the variable that has it, or the VM gets the address. */
function addressFix(address: string, { texts, dotEnvNames = [] }: ComposeProject, { name, provider }: Names): Fix {
  const all = Object.values(texts).join("\n");
  // `${SERVER_IP}:80:80` in a list of ports
  const starts = [...all.matchAll(/-\s*["']?\$\{?([A-Za-z_]\w*)[^:\s]*:(?:\d|\$)[^:\s]*:/g)].map(([, one]) => one!);
  const [variable, ...others] = [...new Set(starts)].filter((one) => dotEnvNames.includes(one));
  const isVariable = !all.includes(address) && variable !== undefined && others.length === 0;
  const lan = provider === "libvirt" && isPrivate(address)
    ? `, or give ${name} this address in the LAN: network: {lan: …, address: ${address}/24}`
    : "";
  return manualFix(`${isVariable ? `Write ${variable}=0.0.0.0 in the project's .env` : `Remove ${address}:`}${lan}`);
}

/** Whether an IPv4 address is one of a private network (RFC 1918). */
const isPrivate = (address: string) => /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\.[\d.]+$/.test(address);

function runtime({ runtime }: ComposeService, { name, engine }: Names): ProjectFlaw[] {
  if (
    typeof runtime !== "string" || engine === "podman" || /^(|nvidia|amd|runc|io\.containerd\..+)$|\$/.test(runtime)
  ) {
    return [];
  }
  return [{
    status: "fail",
    message: `has runtime: ${runtime}, which Docker in ${name} does not have: it has nvidia and runc`,
    at: "runtime",
    fix: manualFix("Write runtime: nvidia for a GPU, or remove runtime:"),
  }];
}
