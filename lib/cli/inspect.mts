/** Config, host and lab, read and checked, before anything is decided. */
import { dirname } from "node:path";
import type { Resolved } from "../resolve/types.mts";
import type { Finding } from "../findings.mts";
import type { Host } from "../host/types.mts";
import { parseHost } from "../host/parse.mts";
import type { Lab } from "../host/lab.mts";
import { resolveConfig } from "../resolve/resolve.mts";
import { loadConfig, type LoadedConfig, requireFiles } from "./load-config.mts";
import { readHost } from "./host-reading.mts";
import { selectMachines } from "./select-machines.mts";
import { logUnreadState } from "./lab-state.mts";
import type { Context } from "./context.mts";

/** What was read, before anything is decided. */
export interface Inspection {
  loaded: LoadedConfig;
  /** The machines that the command is about. */
  names: string[];
  host: Host;
  lab: Lab;
  resolved: Resolved;
  findings: Finding[];
  /** What `--no-gpu` leaves out of stacks, as `STACK/SERVICE`. */
  withheld: string[];
}

/**
 * When Compose is run for the stacks: always, only if a machine with stacks is not proven in its
 * current state, or never. It takes time, and an unchanged lab does not need it.
 */
export type StackReading = "always" | "unproven" | "never";

/**
 * Reads config, host and lab in parallel, and checks the machines that were named and those that
 * run.
 */
export async function inspect(
  context: Context,
  given?: LoadedConfig,
  words: string[] = [],
  models: StackReading = "always",
): Promise<Inspection> {
  const reader = readHost(context);
  const reading = given ? Promise.resolve(given) : loadConfig(context, () => reader.probe(true));
  const labs = import("../host/lab.mts");
  const [loaded, probe, lab, { existingVmsOf }, { runChecks }, stacks, here, swarm] = await Promise.all([
    reading,
    reader.probe(),
    Promise.all([reading, labs]).then(([{ config, folder }, { readLab }]) =>
      reader.beside((askHyperv) => readLab(context.shell, config, folder, askHyperv))
    ),
    labs,
    import("../checks/index.mts"),
    reading.then(async (source) => {
      await requireFiles(context, source);
      return await (await import("./projects.mts")).readStacks(context.shell, source);
    }),
    reading.then((source) => readHere(context, source)),
    reading.then(async (source) =>
      source.config.swarm ? await (await import("./swarm-values.mts")).readSwarm(context.shell, source) : undefined
    ),
  ]);
  logUnreadState(context, lab);
  const names = selectMachines(loaded, words);
  const host = parseHost(probe);
  const config = swarm ? { ...loaded.config, swarm } : loaded.config;
  const plain = resolveConfig(config, host, existingVmsOf(lab), stacks);
  const { resolved, withheld } = await readModels(context, plain, lab, models);
  const machines = resolved.machines.filter(({ name, running }) => running || names.includes(name));
  const services = resolved.services.filter(({ machine }) => machines.some(({ name }) => name === machine));
  const findings = runChecks(host, { ...resolved, machines, services, ...here });
  return { loaded, names, host, lab, resolved, findings, withheld };
}

/**
 * The folder of the lab, the folders of `folders:`, and the interfaces for `network: {lan: …}`, if they
 * are on the host which is judged.
 */
export async function readHere(
  { shell, options }: Context,
  { folder, config: { machines } }: LoadedConfig,
): Promise<Pick<Resolved, "folder" | "hostFolders" | "interfaces">> {
  if (options.host) return {};
  const paths = machines.flatMap(({ folders = [] }) => folders.map(({ from }) => from));
  const [hostFolders, interfaces] = await Promise.all([
    paths.length === 0
      ? undefined
      : import("../host/folders.mts").then(({ readFolders }) => readFolders(shell, [...paths, dirname(folder)])),
    machines.every(({ network }) => network?.lan === undefined)
      ? undefined
      : import("../host/interfaces.mts").then(({ readInterfaces }) => readInterfaces(shell)),
  ]);
  return { folder, ...(hostFolders ? { hostFolders } : {}), ...(interfaces ? { interfaces } : {}) };
}

async function readModels({ shell, options }: Context, resolved: Resolved, lab: Lab, when: StackReading) {
  const { stacks = [], swarm } = resolved;
  const nothing = { resolved, withheld: [] };
  if (when === "never" || stacks.length + (swarm?.stacks.length ?? 0) === 0) return nothing;
  if (when === "unproven") {
    const { isProven } = await import("../plan/proof.mts");
    const { isSetUp, swarmWanted } = await import("../plan/swarm.mts");
    const inSwarm = (swarm?.stacks.length ?? 0) > 0;
    const isKnown = (machine: Resolved["machines"][number]) =>
      !inSwarm && stacks.every((stack) => stack.machine !== machine.name) ||
      isProven(machine, resolved, lab.machines[machine.name]!);
    if (resolved.machines.every(isKnown) && (!inSwarm || isSetUp(swarmWanted(resolved, lab), lab.swarm))) {
      return nothing;
    }
  }
  const how = { gpu: options.gpu, here: !options.host };
  const { withModels } = await import("./project-models.mts");
  const own = await withModels(shell, resolved, how);
  if (!swarm) return own;
  const { withSwarmModels } = await import("./swarm-stacks.mts");
  const all = await withSwarmModels(shell, own.resolved, how);
  return { resolved: all.resolved, withheld: [...own.withheld, ...all.withheld] };
}
