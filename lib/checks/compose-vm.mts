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
  const limits = limitsOf(service);
  const isReserved = ({ key }: { key: string }) => /reservation/.test(key);
  // Docker refuses a limit above the number of CPUs; reservations of CPUs only apply to swarms
  const processors = limits.filter((one) => (one.cpus ?? 0) > cpus && !isReserved(one)).map(({ cpus }) => cpus!);
  const above = limits.filter((one) => (one.memory ?? 0) > memory);
  // a limit says more than a reservation below it
  const [most] = [...above.filter((one) => !isReserved(one)), ...above];
  const shared = mebibytes(service.shm_size) ?? 0;
  const size = (count: number) => `${Math.round(count)} MiB`;
  return [
    ...processors.slice(0, 1).map((count) =>
      excess(
        { status: "fail", at: "cpus:", item: `${count} CPUs`, verb: ["has a limit of", "have limits of"] },
        (many) => `, but ${name} has ${cpus}: Docker does not start ${many ? "them" : "it"}`,
        `Write cpus: ${cpus} or less for the service, or give ${name} more (cpus:)`,
      )
    ),
    ...(most
      ? [excess(
        {
          ...{ status: "warn", at: isReserved(most) ? "reserv" : "mem", item: size(most.memory!) },
          verb: isReserved(most) ? ["reserves", "reserve"] : ["has a limit of", "have limits of"],
        },
        () => `, but ${name} has ${memory}`,
        `Give ${name} more (memory:), or lower the service's ${isReserved(most) ? "reservation" : "limit"}`,
      )]
      : []),
    ...(shared > memory
      ? [excess(
        { status: "warn", at: "shm_size", item: size(shared), verb: ["has", "have"] },
        () => ` of shared memory (shm_size), but ${name} has ${memory} MiB in all`,
        `Give ${name} more (memory:), or lower shm_size`,
      )]
      : []),
  ];
}

/** A flaw of a service that asks for more than its machine has; those of several services are one. */
function excess(
  { status, at, item, verb }: { status: "fail" | "warn"; at: string; item: string; verb: [string, string] },
  rest: (several: boolean) => string,
  mend: string,
): ProjectFlaw {
  return {
    status,
    message: `${verb[0]} ${item}${rest(false)}`,
    at,
    fix: manualFix(mend),
    fold: { kind: `${at} ${mend}`, verb, item, rest: (_, several) => rest(several) },
  };
}

/**
 * Numbers of groups for /dev/dri and /dev/kfd: the group render gets one when a system is installed, so that of another
 * computer is not that of the VM. The number of video is 44 on Debian and Ubuntu (base-passwd). A group that is not
 * found ends the start (moby/sys, user.GetAdditionalGroups).
 */
export function groupFlaws(service: ComposeService, { name }: ResolvedMachine): ProjectFlaw[] {
  if (texts(service.group_add).includes("")) {
    const item = "a group without a name in group_add";
    const rest = (_: boolean, several = false) => `: Docker does not start ${several ? "them" : "it"}`;
    return [{
      status: "fail",
      message: `has ${item}${rest(false)}`,
      at: "group_add",
      fix: manualFix("Remove the group, or give the variable in it a value"),
      fold: { kind: "blank group", verb: ["has", "have"], item, rest },
    }];
  }
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
