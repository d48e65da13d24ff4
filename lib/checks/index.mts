import type { Resolved } from "../resolve/types.mts";
import type { Finding, Notes } from "../findings.mts";
import type { Check } from "./types.mts";
import type { Host } from "../host/types.mts";
import { gpuHardwareChecks } from "./gpu-hardware.mts";
import { gpuPlatformChecks } from "./gpu-platform.mts";
import { guestDriverChecks } from "./guest-driver.mts";
import { gpuSelectionChecks } from "./gpu-selection.mts";
import { guestChecks } from "./guest.mts";
import { gpuInUseChecks } from "./gpu-in-use.mts";
import { hostChecks } from "./host.mts";
import { hypervChecks } from "./hyperv.mts";
import { iommuChecks } from "./iommu.mts";
import { providerChecks } from "./provider.mts";
import { serviceChecks } from "./services.mts";
import { toolChecks } from "./tools.mts";

/** The catalogue, in the order in which findings come. */
export const checks: Check[] = [
  ...providerChecks,
  ...toolChecks,
  ...hostChecks,
  ...gpuSelectionChecks,
  ...hypervChecks,
  ...gpuInUseChecks,
  ...gpuHardwareChecks,
  ...gpuPlatformChecks,
  ...iommuChecks,
  ...guestChecks,
  ...guestDriverChecks,
  ...serviceChecks,
];

/**
 * What stands for and against these machines on this host. With `only`, just those checks are looked at (`gpu` takes all `gpu.*`).
 * A check that throws becomes an `unknown` that names the error: a doctor does not faint.
 */
export function runChecks(host: Host, config: Resolved, only: string[] = []): Finding[] {
  const wanted = checks.filter(({ id }) =>
    only.length === 0 || only.some((name) => id === name || id.startsWith(`${name}.`))
  );
  return wanted.flatMap(({ id, check }) => {
    try {
      return check(host, config).map(({ machine = null, fix = [], ...verdict }) => ({
        check: id,
        machine,
        ...verdict,
        fix,
      }));
    } catch (error) {
      const message = `this check broke, which is a bug in homelab-gpu: ${(error as Error).message}`;
      return [{ check: id, machine: null, status: "unknown", message, evidence: [], fix: [] }];
    }
  });
}

/** Why each check matters, and what shows that it is mended on such a host. */
export function notesFor({ os: { platform } }: Host): Notes {
  const system = platform === "other" ? "linux" : platform;
  return Object.fromEntries(
    checks.map((
      { id, why, confirm },
    ) => [id, { why, confirm: typeof confirm === "string" ? confirm : confirm[system] }]),
  );
}
