/** What Compose accepts but Docker refuses in a project's networks and volumes. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Fold, ProjectFlaw } from "./compose-flaw.mts";
import { isShareable, sharedPath, sharing } from "./compose-folders.mts";
import { baseOf, hostPath, volumeFolder } from "../compose/paths.mts";
import { attachedNetworks, isExternal, mountsOf, networksOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { driverFix, driverPlugin } from "./compose-driver-volumes.mts";
import { isMap, mapAt } from "../maps.mts";
import { isInSubnet, joinList } from "../text.mts";

/** What the engine refuses in a project's networks and volumes. */
export function engineProjectFlaws(
  project: ComposeProject,
  services: [string, ComposeService][],
  machine: ResolvedMachine,
): ProjectFlaw[] {
  // Compose does not create a network or a volume that no service uses
  const attached = new Set(services.flatMap(([, service]) => attachedNetworks(service)));
  const networks = Object.entries(project.model?.networks ?? {}).flatMap(([name, body]) =>
    isMap(body) && !isExternal(body) && attached.has(name) ? [{ name, body, subnets: subnetsOf(body) }] : []
  );
  const flat = networks.flatMap(({ name, subnets }) => subnets.map((subnet) => ({ name, subnet })));
  const used = new Set(
    services.flatMap(([, service]) =>
      mountsOf(service).flatMap(({ type, source }) => (type === "volume" && source ? [source] : []))
    ),
  );
  return [
    ...networks.flatMap(({ name, body, subnets }) => networkFlaws(name, body, subnets)),
    ...flat.flatMap((one, i) => {
      const other = flat.slice(0, i).find(({ subnet }) => overlap(subnet, one.subnet));
      return other
        ? [{
          status: "fail" as const,
          message: `the networks ${other.name} (${other.subnet}) and ${one.name} (${one.subnet}) overlap`,
          at: one.subnet,
          fix: manualFix("Give one of them another subnet, or remove ipam:"),
        }]
        : [];
    }),
    ...sameAddresses(services),
    ...Object.entries(project.model?.volumes ?? {}).flatMap(([name, body]) =>
      isMap(body) && used.has(name) ? volumeFlaws(name, body, project, machine) : []
    ),
  ];
}

function subnetsOf(body: Record<string, unknown>): string[] {
  const { config } = mapAt(body, "ipam");
  return (Array.isArray(config) ? config : []).filter(isMap).flatMap(({ subnet }) =>
    typeof subnet === "string" && !subnet.includes("$") ? [subnet] : []
  );
}

const isSubnet = (text: string) => text.includes(":") || isInSubnet(text.split("/")[0]!, text) !== undefined;

const overlap = (a: string, b: string) =>
  isInSubnet(a.split("/")[0]!, b) === true || isInSubnet(b.split("/")[0]!, a) === true;

function networkFlaws(name: string, body: Record<string, unknown>, subnets: string[]): ProjectFlaw[] {
  const { driver } = body;
  return [
    ...subnets.filter((subnet) => !isSubnet(subnet)).map((subnet): ProjectFlaw => ({
      status: "fail",
      message: `the network ${name} has the subnet ${subnet}, which is not valid`,
      at: subnet,
      fix: manualFix("Write an address and a prefix length, for example 172.30.0.0/16"),
    })),
    ...(driver === "overlay"
      ? [{
        status: "fail" as const,
        message: `the network ${name} has driver: overlay, which needs a swarm`,
        at: "overlay",
        fix: manualFix("Remove driver:"),
      }]
      : driver === "macvlan" || driver === "ipvlan"
      ? [{
        status: "warn" as const,
        message: `the network ${name} has driver: ${driver} with parent: ${
          mapAt(body, "driver_opts").parent ?? "none"
        }: the parent must be an interface of the VM`,
        at: String(driver),
        fix: manualFix("Publish ports instead, and remove the network"),
      }]
      : []),
  ];
}

function sameAddresses(services: [string, ComposeService][]): ProjectFlaw[] {
  const all = services.flatMap(([service, body]) =>
    Object.entries(networksOf(body)).flatMap(([network, { ipv4_address: address }]) =>
      typeof address === "string" && !address.includes("$") ? [{ service, network, address }] : []
    )
  );
  return all.flatMap((one, i): ProjectFlaw[] => {
    const other = all.slice(0, i).find(({ network, address }) => network === one.network && address === one.address);
    return other
      ? [{
        status: "fail",
        service: one.service,
        message:
          `${other.service} and ${one.service} both have the address ${one.address} in the network ${one.network}`,
        at: one.address,
        fix: manualFix("Give one of them another address, or remove ipv4_address"),
      }]
      : [];
  });
}

function volumeFlaws(
  name: string,
  body: Record<string, unknown>,
  project: ComposeProject,
  machine: ResolvedMachine,
): ProjectFlaw[] {
  const { driver } = body;
  if (isExternal(body)) return [];
  if (typeof driver === "string" && driver !== "" && driver !== "local") {
    return [{
      status: "fail",
      message: `the volume ${name} has driver: ${driver}, a plugin that a new VM does not have`,
      at: driver,
      fix: manualFix(driver === driverPlugin ? driverFix([name]) : "Remove driver:"),
    }];
  }
  const folder = volumeFolder(body);
  if (folder === undefined || folder.includes("$")) return [];
  const path = hostPath(folder, baseOf(project)) ?? folder;
  if (folder.startsWith("/") && sharedPath(path, machine) === "there") return [];
  const inside = path.startsWith(`${project.folder}/`);
  const relativePath = inside ? path.slice(project.folder.length + 1) : path;
  const { copied } = project;
  const isCopied = copied?.some((one) => one === relativePath || one.startsWith(`${relativePath}/`)) ?? true;
  if (inside && project.paths[path] !== "missing" && isCopied) return [];
  const isShared = !inside && isShareable(path, machine);
  const fixOf = (paths: string[]) => {
    const many = paths.length > 1;
    return manualFix(
      inside
        ? `Create ${joinList(paths)}, or remove driver_opts:`
        : `Remove driver_opts:, so that ${many ? "they are ordinary volumes" : `${name} is an ordinary volume`}${
          isShared
            ? `. Or, if ${many ? "they are folders" : "it is a folder"} of this host: ${sharing(paths, machine)}`
            : ""
        }`,
    );
  };
  const fold: Fold = {
    ...{ kind: `volume folder ${inside} ${isShared}`, verb: ["", ""], item: relativePath, fix: fixOf },
    list: (items) => `volumes of the project are the folders ${joinList(items)}`,
    rest: (many) => `, which the VM does not have: Docker does not create ${many ? "them" : "it"}`,
  };
  return [{
    status: "fail",
    message: `the volume ${name} is the folder ${relativePath}, which the VM does not have: Docker does not create it`,
    at: [folder, relativePath, "device:"],
    fix: fixOf([relativePath]),
    fold,
  }];
}
