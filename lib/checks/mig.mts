/** Services that ask for MIG instances: partitions of a card that exist only after someone creates them in the VM. */
import type { Fix } from "../findings.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { hasMig } from "../resolve/boards.mts";
import type { ServiceGpuRequest } from "../compose/gpu-requests.mts";

/**
 * Whether an id names a MIG instance: its UUID (`MIG-…`), or the indices of the GPU and the instance
 * (`0:1`), as NVIDIA_VISIBLE_DEVICES and CDI take them (MIG user guide, MIG Device Names).
 */
const isMigId = (id: string): boolean => /^MIG-/i.test(id) || /^\d+:\d+$/.test(id);

/** The MIG instances that a service asks for, each once. */
export const migIdsOf = (requests: ServiceGpuRequest[]): string[] => [
  ...new Set(requests.flatMap(({ ids = [] }) => ids.filter(isMigId))),
];

/** The device ids of a machine's NVIDIA cards; undefined for one that is not known. */
const devicesOf = ({ gpus }: ResolvedMachine): (string | undefined)[] =>
  gpus.filter(isNvidiaRequest).map(({ match, deviceId }) => match.kind === "card" ? match.card.gpu.device : deviceId);

/** Why a machine cannot have such instances; undefined if it may. */
export function migMissing(ids: string[], machine: ResolvedMachine): { message: string; fix: Fix } | undefined {
  if (ids.length === 0) return undefined;
  const devices = devicesOf(machine);
  const beyond = ids.filter((id) => /^\d+:/.test(id) && Number(id.split(":")[0]) >= devices.length);
  if (beyond.length > 0 && devices.length > 0) {
    return {
      message: `it asks for the MIG instance ${beyond.join(", ")}, but the GPUs of ${machine.name} are numbered 0 to ${
        devices.length - 1
      }`,
      fix: manualFix("Use an instance of another GPU"),
    };
  }
  if (devices.length === 0 || !devices.every((device) => device !== undefined && hasMig(device) === false)) {
    return undefined;
  }
  return {
    message: `it asks for the MIG instance ${ids.join(", ")}, but no card of ${machine.name} supports MIG`,
    fix: manualFix("Name the GPU by its index (0), or give the machine a card with MIG, such as an A100 or H100"),
  };
}

/** The verdict for cards with MIG: nothing before boot shows whether the instances exist. */
export function migUnknown(name: string, ids: string[], evidence: Verdict["evidence"]): Verdict | undefined {
  if (ids.length === 0) return undefined;
  return {
    status: "unknown",
    message: `${name} asks for the MIG instance ${ids.join(", ")}, which must first be created in the VM`,
    evidence,
    fix: [
      manualFix(
        "Create it in the VM, then run up again: nvidia-smi -mig 1, nvidia-smi mig -lgip (profiles), nvidia-smi " +
          "mig -cgi PROFILE -C; a reboot of the VM deletes the instances",
      ),
    ],
  };
}
