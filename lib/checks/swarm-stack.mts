/**
 * What a Compose project has that a Swarm does not apply: `docker stack deploy` prints a line for some keys and starts
 * the service without them, drops others silently, and refuses the rest by its schema (docker/cli, cli/compose/schema,
 * types and convert, version 3.13, read 2026-11-28).
 */
import { baseOf, hostPath, volumeFolder } from "../compose/paths.mts";
import { attachedNetworks, isExternal, mountsOf, texts } from "../compose/service.mts";
import { requestsInSwarm, withoutRequests } from "../compose/swarm-override.mts";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { SwarmFlaw } from "../config/swarm-deploy.mts";
import { ignoredInNetworks, swarmFlawsOf } from "../config/swarm-keys.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt, ownValue } from "../maps.mts";
import { joinList } from "../text.mts";
import { flaw, type ProjectFlaw, type TopEntry } from "./compose-flaw.mts";
import { swarmNameFlaws } from "./swarm-names.mts";
import { placementFlaws } from "./swarm-placement.mts";

/** Keys of a service that a project may have: applied, or removed by deploy-stack.sh because nothing is lost. */
const more = ["secrets", "configs", "profiles", "platform", "attach", "develop", "volumes", "networks"] as const;

/** What to write in a project instead of keys for which {@link swarmFlawsOf} names keys of the config. */
const instead: Record<string, string> = {
  build: "Push the image to a registry (docker compose build --push), and write only image:",
  runtime: "Remove runtime:, since NVIDIA's runtime is the default one of a node with a card",
  "gpu: 1": "Write a reservation of devices with capabilities: [gpu], which becomes a constraint",
};

/** The flaws of a service of a project in a Swarm. `nodes`: the names of the machines; the first is the manager. */
export function swarmServiceFlaws(service: ComposeService, project: ComposeProject, nodes: string[]): ProjectFlaw[] {
  const { others } = requestsInSwarm(service);
  if (others.length > 0) {
    return [flaw(
      "asks for a card that is not NVIDIA's: a Swarm has no constraint for it",
      ["devices", "deploy", "runtime"],
      stay(project),
    )];
  }
  const rest = withoutRequests(service);
  return [
    ...swarmFlawsOf(rest, more).map((found): ProjectFlaw => {
      const { key, message, isKey } = found;
      const what = isKey ? `has ${key}:, which a Swarm ignores or refuses` : `does not fit a Swarm: ${message}`;
      return {
        ...flaw(what, `${key}:`, mendOf(found, project)),
        ...(isKey
          ? {
            fold: {
              ...{ kind: `swarm ${key}`, verb: ["has", "have"], item: `${key}:` },
              rest: () => ", which a Swarm ignores or refuses",
            },
          }
          : {}),
      };
    }),
    ...networkFlaws(rest, project),
    ...mounts(rest, project, nodes),
    ...ranges(rest),
    ...placementFlaws(rest, nodes),
  ];
}

const stay = ({ name }: ComposeProject) => `Write machine: for the stack ${name}: there Compose runs it`;
const orStay = ({ name }: ComposeProject) => `Or write machine: for the stack ${name}`;

/** What to do about a key that a Swarm does not apply. */
function mendOf({ key, write, remove }: SwarmFlaw, project: ComposeProject): string {
  const own = ownValue(instead, key) ?? ownValue(instead, key === "deploy" ? write ?? "" : "") ??
    (remove !== undefined ? `Remove ${key}: ${remove}` : write !== undefined ? `Write ${write}` : undefined);
  return own === undefined ? stay(project) : `${own}. ${orStay(project)}`;
}

/** The settings of a service in its networks that do not reach it. */
function networkFlaws({ networks }: ComposeService, project: ComposeProject): ProjectFlaw[] {
  return ignoredInNetworks(networks).map((key) =>
    flaw(
      `has ${key}: in a network, which a Swarm ignores or refuses`,
      `${key}:`,
      `Remove it: services reach each other by their names. ${orStay(project)}`,
    )
  );
}

/** Whether a service can run on one node only, and whether that is the manager, which has the project's folder. */
function pinned(service: ComposeService, [manager, ...others]: string[]): "manager" | "other" | undefined {
  if (others.length === 0) return "manager";
  const { constraints } = mapAt(mapAt(service, "deploy"), "placement");
  const all = texts(constraints).map((one) => one.replaceAll(/\s/g, ""));
  if (all.some((one) => one === "node.role==manager" || one === `node.hostname==${manager}`)) return "manager";
  // a label that a person sets is usually on one node
  return all.some((one) => /^node\.(hostname|id|labels\.(?!homelab-gpu\.).+)==/.test(one)) ? "other" : undefined;
}

/** Mounts of what is on one node only, and those of kinds that a Swarm does not have. */
function mounts(service: ComposeService, project: ComposeProject, nodes: string[]): ProjectFlaw[] {
  const where = pinned(service, nodes);
  // a service on each node has its own volume there
  const stays = where !== undefined || String(mapAt(service, "deploy").mode ?? "").startsWith("global");
  const base = baseOf(project);
  const [manager] = nodes;
  const found = mountsOf(service).flatMap(({ type, source = "" }): ProjectFlaw[] => {
    if (!["bind", "volume", "tmpfs"].includes(type)) {
      return [flaw(`mounts a volume of the type ${type}, which a Swarm does not have`, `type: ${type}`, stay(project))];
    }
    if (type === "volume") return stays || source === "" ? [] : local(source, project);
    const path = type === "bind" && !source.includes("$") ? hostPath(source, base) : undefined;
    if (path === undefined || !`${path}/`.startsWith(`${project.folder}/`) || where === "manager") return [];
    const shown = path === project.folder ? "the folder of the project" : path.slice(project.folder.length + 1);
    return [{
      ...flaw(
        `mounts ${shown}, which only ${manager} gets`,
        [source, shown],
        `Write a config or a secret with file: for a file, a named volume for data; or deploy: {placement: ` +
          `{constraints: [node.role == manager]}}. ${orStay(project)}`,
      ),
      fold: {
        ...{ kind: "swarm mount", verb: ["mounts", "mount"], item: shown },
        rest: () => `, which only ${manager} gets`,
      },
    }];
  });
  return found.filter((one, i) => found.findIndex(({ message }) => message === one.message) === i);
}

/** A volume of the driver local is on the node of its task: a task on another node has an empty one. */
function local(source: string, { model }: ComposeProject): ProjectFlaw[] {
  const volume = mapAt((model?.volumes ?? {}) as Record<string, unknown>, source);
  const { driver, driver_opts: options } = volume;
  if (driver !== undefined && driver !== "" && driver !== "local") return [];
  // a share of the network is the same everywhere
  if (/^(nfs4?|cifs|smb3?)$/.test(String(mapAt({ options }, "options").type ?? ""))) return [];
  return [{
    status: "warn",
    message: `has the volume ${source}, of which each node has its own: on another node the service starts empty`,
    at: source,
    fix: manualFix("Write deploy: {placement: {constraints: [node.hostname == NAME]}}, or a volume of NFS"),
    fold: {
      ...{ kind: "swarm volume", verb: ["has", "have"], item: source },
      list: (items) => `the volume${items.length > 1 ? "s" : ""} ${joinList(items)}`,
      rest: (_, several) =>
        `, of which each node has its own: on another node the service${several ? "s start" : " starts"} empty`,
    },
  }];
}

/** A range of ports in the long form: the schema has numbers there. */
function ranges({ ports }: ComposeService): ProjectFlaw[] {
  const found = (Array.isArray(ports) ? ports : []).filter(isMap).find(({ published, target }) =>
    [published, target].some((one) => /-/.test(String(one ?? "")))
  );
  return found === undefined ? [] : [flaw(
    `publishes a range of ports for one port, which a Swarm refuses`,
    String(found.published),
    "Write one port",
  )];
}

/** The flaws of the networks, volumes, configs and secrets of a project in a Swarm. */
export function swarmSectionFlaws(
  project: ComposeProject,
  services: [string, ComposeService][],
  nodes: string[],
): ProjectFlaw[] {
  const { networks = {}, volumes = {} } = project.model ?? {};
  const attached = new Set(services.flatMap(([, service]) => attachedNetworks(service)));
  const used = new Set(services.flatMap(([, service]) => mountsOf(service).map(({ source }) => source)));
  const top = (atTop: TopEntry, message: string, at: string | string[], mend: string): ProjectFlaw => ({
    ...flaw(message, at, mend),
    atTop,
  });
  return [
    ...swarmNameFlaws(project, services),
    ...Object.entries(networks).flatMap(([name, network]): ProjectFlaw[] => {
      if (!isMap(network) || isExternal(network) || !attached.has(name)) return [];
      const { driver } = network;
      const place: TopEntry = { section: "networks", key: name };
      const { config, options } = mapAt(network, "ipam");
      const settings = (Array.isArray(config) ? config : []).filter(isMap).flatMap((one) => Object.keys(one));
      const refused = [
        ...Object.keys(network).filter((key) => !networkKeys.includes(key) && !key.startsWith("x-")),
        ...settings.filter((key) => key !== "subnet"),
        ...(options === undefined ? [] : ["options"]),
      ];
      return [
        ...(typeof driver === "string" && driver !== "" && driver !== "overlay"
          ? [
            top(
              place,
              `the network ${name} has driver: ${driver}, which is a network of one node`,
              driver,
              "Remove driver:",
            ),
          ]
          : []),
        ...[...new Set(refused)].map((key) =>
          top(place, `the network ${name} has ${key}:, which a Swarm refuses`, `${key}:`, `Remove ${key}:`)
        ),
      ];
    }),
    ...Object.entries(volumes).flatMap(([name, volume]): ProjectFlaw[] => {
      const folder = used.has(name) && nodes.length > 1 ? volumeFolder(volume) : undefined;
      const path = folder === undefined || folder.includes("$") ? undefined : hostPath(folder, baseOf(project));
      if (path === undefined || !`${path}/`.startsWith(`${project.folder}/`)) return [];
      return [
        top(
          { section: "volumes", key: name },
          `the volume ${name} is a folder of the project, which only ${nodes[0]} gets`,
          [folder!, "device:"],
          stay(project),
        ),
      ];
    }),
    ...(["configs", "secrets"] as const).flatMap((section) =>
      Object.entries(project.model?.[section] ?? {}).flatMap(([name, one]): ProjectFlaw[] => {
        const key = isMap(one) ? ["content", "environment"].find((key) => one[key] !== undefined) : undefined;
        return key === undefined ? [] : [
          top(
            { section, key: name },
            `the ${section.slice(0, -1)} ${name} has ${key}:, which a Swarm refuses`,
            `${key}:`,
            "Write file:",
          ),
        ];
      })
    ),
  ];
}

/** The keys of a network in the schema of `docker stack deploy`. */
const networkKeys = ["name", "driver", "driver_opts", "ipam", "external", "internal", "attachable", "labels"];
