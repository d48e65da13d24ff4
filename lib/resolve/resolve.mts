import type { Config, Machine } from "../config/types.mts";
import type { Accelerator, ExistingVm } from "../host/types.mts";
import type { GpuRequestWithMode, Resolved, ResolvedGpuRequest, ResolvedMachine } from "./types.mts";
import type { Host } from "../host/types.mts";
import { isCarried, type Stacks } from "../compose/project.mts";
import { dependenciesOf } from "../config/dependencies.mts";
import { defaultProvider, providers } from "./providers.mts";
import { allAssigned, cardsOf, matchCard } from "./cards.mts";
import { driverOf, isWholeNvidia, nvidiaCardsOf } from "./nvidia.mts";
import { windowsCards } from "./partition.mts";
import { withVirtualFunctions } from "./virtual-functions.mts";
import { asksForGpu } from "../compose/gpu-requests.mts";
import { cpusDefault, memoryDefault } from "../config/vocabulary.mts";
import { ownValue } from "../maps.mts";

/**
 * Resolves everything that depends on the host: the provider, size, cards and drivers of each
 * machine, and the state of its VM. Provider, CPUs and memory depend only on facts that rarely
 * change, so repeated runs agree.
 */
export function resolveConfig(
  config: Config,
  host: Host,
  seen: Record<string, ExistingVm> = {},
  { own: stacks = [], inSwarm = [] }: Partial<Stacks> = {},
): Resolved {
  const choices = withVirtualFunctions(
    config.machines.map((machine) => ({ name: machine.name, ...providerAndModes(machine, host) })),
    host,
    seen,
  );
  return {
    services: config.services,
    ...(config.swarm ? { swarm: { ...config.swarm, stacks: inSwarm } } : {}),
    stacks: stacks.filter(isCarried),
    ...(config.host ? { otherHost: config.host.name } : {}),
    ...(config.elsewhere ? { elsewhere: config.elsewhere } : {}),
    ...(config.sharedSwarm ? { sharedSwarm: config.sharedSwarm } : {}),
    ...(stacks.some(({ unset }) => unset)
      ? { unset: new Map(stacks.map(({ machine, unset = [] }) => [machine, unset])) }
      : {}),
    machines: config.machines.map((machine, i) => {
      const choice = choices[i]!;
      return {
        ...machine,
        ...choice,
        ...gpusOf(machine, choice.gpus, host),
        cpus: machine.cpus ?? Math.min(host.cpu.count ?? cpusDefault.unknown, cpusDefault.most),
        memory: machine.memory ?? memoryFor(host),
        // other providers have no emulation: kvm means hardware virtualization there
        accelerator: machine.accelerator ?? (choice.provider === "libvirt" ? acceleratorOf(host) : "kvm"),
        ...(ownValue(seen, machine.name) ?? { running: false, passedAddresses: [] }),
      };
    }),
  };
}

/** The host facts that decided a key of a machine or of a request. */
export function factsBehind(key: string, decided: ResolvedMachine | ResolvedGpuRequest): (keyof Host)[] {
  const bus: (keyof Host)[] = ["pci", "pciCount", "iommu"];
  switch (key) {
    case "match":
    case "cards":
    case "assignedFunctions":
      return bus;
    case "nvidiaCards":
    case "guestDriver":
      return "gpus" in decided && decided.gpus.some(isWholeNvidia) ? bus : [];
    case "partitionable":
    case "hostDriver":
      return "address" in decided && decided.address ? ["windows", ...bus] : ["windows"];
    default:
      return [];
  }
}

/**
 * A config without its GPUs, and the names of the services that must be left out, including those
 * that need one of them.
 */
export function withoutGpus(config: Config): { config: Config; left: string[] } {
  const all = [...config.services, ...config.swarm?.services ?? []];
  const leaves = new Set(all.filter(asksForGpu).map(({ name }) => name));
  for (let before = -1; before < leaves.size;) {
    before = leaves.size;
    for (const { name, body } of all) {
      if (dependenciesOf(body).some((one) => leaves.has(one))) leaves.add(name);
    }
  }
  const left = all.map(({ name }) => name).filter((name) => leaves.has(name));
  const kept = ({ name }: Config["services"][number]) => !leaves.has(name);
  return {
    left,
    config: {
      ...config,
      machines: config.machines.map((machine) => ({ ...machine, gpus: [], driver: {} })),
      services: config.services.filter(kept),
      ...(config.swarm ? { swarm: { ...config.swarm, services: config.swarm.services.filter(kept) } } : {}),
    },
  };
}

/**
 * Whether VMs can use hardware virtualization. `/dev/kvm` alone proves nothing: where the CPU has
 * neither vmx nor svm it may open, but guests hang. Guests are x86_64, so other architectures can
 * only emulate them.
 */
export function acceleratorOf(host: Host): Accelerator {
  const able = host.cpu.flags?.some((flag) => flag === "vmx" || flag === "svm");
  return host.kvm.device && able ? "kvm" : "tcg";
}

/** The provider of a machine, and its requests with their modes. */
function providerAndModes(machine: Machine, host: Host): { provider: string; gpus: GpuRequestWithMode[] } {
  const { gpus, provider = defaultProvider(host) } = machine;
  const usual = providers.find(({ name }) => name === provider)?.mode ?? "passthrough";
  return { provider, gpus: gpus.map((request) => ({ ...request, mode: request.mode ?? usual })) };
}

/**
 * The card that each request matches, and what follows from the cards: assigned functions, and the
 * drivers of guest and host.
 */
function gpusOf(
  machine: Machine,
  requests: GpuRequestWithMode[],
  host: Host,
): Pick<ResolvedMachine, "gpus" | "cards" | "assignedFunctions" | "nvidiaCards" | "guestDriver"> {
  const gpus = requests.map((request) => {
    const match = matchCard(request, host);
    return { ...request, match, ...windowsCards(request, match, host) };
  });
  const cards = cardsOf(gpus);
  const nvidiaCards = nvidiaCardsOf(gpus);
  return {
    gpus,
    cards,
    assignedFunctions: gpus.every(({ match }) => match.kind === "card") ? allAssigned(cards) : undefined,
    nvidiaCards,
    guestDriver: driverOf(gpus, nvidiaCards, machine),
  };
}

function memoryFor(host: Host): number {
  const { share, least, most, unknown } = memoryDefault;
  if (host.memory.total === undefined) return unknown;
  const part = Math.floor(host.memory.total / share / 512) * 512;
  return Math.min(Math.max(part, least), most);
}
