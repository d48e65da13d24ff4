/** Finds what a service needs but its VM does not have: CPUs, memory, groups. */
import type { ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { devicesOf, limitsOf, mebibytes, mountsOf, texts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { self } from "../self.mts";
import { joinList } from "../text.mts";

/** Limits of CPUs and memory above what the machine has. */
export function limitFlaws(service: ComposeService, { name, cpus, memory }: ResolvedMachine): ProjectFlaw[] {
  const shared = mebibytes(service.shm_size);
  return [
    ...limitsOf(service).flatMap((limit): ProjectFlaw[] => [
      // Docker refuses a limit above the number of CPUs; reservations of CPUs only apply to swarms
      ...(limit.cpus !== undefined && limit.cpus > cpus && !limit.key.endsWith("reservations")
        ? [{
          status: "fail" as const,
          message: `has a limit of ${limit.cpus} CPUs, but ${name} has ${cpus}: Docker does not start it`,
          at: "cpus:",
          fix: manualFix(`Write cpus: ${cpus} or less for the service, or give ${name} more (cpus:)`),
        }]
        : []),
      ...(limit.memory !== undefined && limit.memory > memory
        ? [{
          status: "warn" as const,
          message: `has a limit of ${Math.round(limit.memory)} MiB, but ${name} has ${memory}`,
          at: "mem",
          fix: manualFix(`Give ${name} more (memory:), or lower the service's limit`),
        }]
        : []),
    ]),
    ...(shared !== undefined && shared > memory
      ? [{
        status: "warn" as const,
        message: `has ${Math.round(shared)} MiB of shared memory (shm_size), but ${name} has ${memory} MiB in all`,
        at: "shm_size",
        fix: manualFix(`Give ${name} more (memory:), or lower shm_size`),
      }]
      : []),
  ];
}

/**
 * Numbers of groups for /dev/dri and /dev/kfd: the group render gets one when a system is installed, so that of another
 * computer is not that of the VM. The number of video is 44 on Debian and Ubuntu (base-passwd).
 */
export function groupFlaws(service: ComposeService, { name }: ResolvedMachine): ProjectFlaw[] {
  const nodes = [...devicesOf(service), ...mountsOf(service)].some(({ source = "" }) =>
    /^\/dev\/(dri|kfd)/.test(source)
  );
  const numbers = texts(service.group_add).filter((one) => /^\d{3,}$/.test(one));
  if (!nodes || numbers.length === 0) return [];
  return [{
    status: "warn",
    message: `adds the group${numbers.length > 1 ? "s" : ""} ${
      joinList(numbers)
    } for the card's nodes: the render group of ${name} may have another number`,
    at: ["group_add", ...numbers],
    fix: manualFix(`Write the number that this prints: ${self(`ssh ${name} -- getent group render`)}`),
    fold: {
      ...{ kind: "render group", verb: ["adds the group", "add the group"], item: joinList(numbers) },
      rest: () => ` for the card's nodes: the render group of ${name} may have another number`,
    },
  }];
}
