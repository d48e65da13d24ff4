import type { Config, Machine } from "../config/types.mts";
import type { Accelerator, ExistingVm } from "../host/types.mts";
import type { Resolved, ResolvedGpuRequest } from "./types.mts";
import type { Host } from "../host/types.mts";
import { isCarried, type Project } from "../compose/project.mts";
import { dependenciesOf } from "../config/dependencies.mts";
import { defaultProvider, providers } from "./providers.mts";
import { withVirtualFunctions } from "./virtual-functions.mts";
import { asksForGpu } from "../compose/gpu-requests.mts";
import { cpusDefault, memoryDefault } from "../config/vocabulary.mts";
import { ownValue } from "../maps.mts";

/**
 * Fills in what a config leaves to the host, and what is seen of its machines. What it fills in depends on nothing that
 * changes from hour to hour, so that reruns agree.
 */
export function resolveConfig(
  config: Config,
  host: Host,
  seen: Record<string, ExistingVm> = {},
  stacks: Project[] = [],
): Resolved {
  const ways = withVirtualFunctions(
    config.machines.map((machine) => ({ name: machine.name, ...providerAndModes(machine, host) })),
    host,
    seen,
  );
  return {
    services: config.services,
    stacks: stacks.filter(isCarried),
    ...(stacks.some(({ unset }) => unset)
      ? { unset: Object.fromEntries(stacks.map(({ machine, unset = [] }) => [machine, unset])) }
      : {}),
    machines: config.machines.map((machine, i) => {
      const way = ways[i]!;
      return {
        ...machine,
        ...way,
        cpus: machine.cpus ?? Math.min(host.cpu.count ?? cpusDefault.unknown, cpusDefault.most),
        memory: machine.memory ?? memoryFor(host),
        // the other providers know no emulation: what QEMU calls kvm stands for the hardware
        accelerator: machine.accelerator ?? (way.provider === "libvirt" ? acceleratorOf(host) : "kvm"),
        ...(ownValue(seen, machine.name) ?? { running: false, passedAddresses: [] }),
      };
    }),
  };
}

/** A config without its GPUs, and the names of the services that have to be left out for it, with those that need one of them. */
export function withoutGpus(config: Config): { config: Config; left: string[] } {
  const leaves = new Set(config.services.filter(asksForGpu).map(({ name }) => name));
  for (let before = -1; before < leaves.size;) {
    before = leaves.size;
    for (const { name, body } of config.services) {
      if (dependenciesOf(body).some((one) => leaves.has(one))) leaves.add(name);
    }
  }
  const left = config.services.map(({ name }) => name).filter((name) => leaves.has(name));
  return {
    left,
    config: {
      ...config,
      machines: config.machines.map((machine) => ({ ...machine, gpus: [], driver: {} })),
      services: config.services.filter(({ name }) => !leaves.has(name)),
    },
  };
}

/**
 * Whether VMs run on the hardware here. `/dev/kvm` alone proves nothing: where the CPU shows neither vmx nor svm it may open,
 * and guests hang. Guests are x86_64, so that another architecture can only emulate them.
 */
export function acceleratorOf(host: Host): Accelerator {
  const able = host.cpu.flags?.some((flag) => flag === "vmx" || flag === "svm");
  return host.kvm.device && able ? "kvm" : "tcg";
}

/** The provider, and cards that say how it hands them over. */
function providerAndModes(machine: Machine, host: Host): { provider: string; gpus: ResolvedGpuRequest[] } {
  const { gpus, provider = defaultProvider(host) } = machine;
  const usual = providers.find(({ name }) => name === provider)?.mode ?? "passthrough";
  return { provider, gpus: gpus.map((wish) => ({ ...wish, mode: wish.mode ?? usual })) };
}

function memoryFor(host: Host): number {
  const { share, least, most, unknown } = memoryDefault;
  if (host.memory.total === undefined) return unknown;
  const part = Math.floor(host.memory.total / share / 512) * 512;
  return Math.min(Math.max(part, least), most);
}
