/** What has to be right before a card is bound to vfio-pci at boot. */
import type { Finding, Fix } from "../findings.mts";
import { manualFix } from "../fixes.mts";
import type { Host } from "../host/types.mts";
import { iommuArguments, noRemapping } from "../host/kernel-arguments.mts";
import { self } from "../self.mts";
import { cannotHaveIommu } from "./iommu-enabled.mts";

/**
 * Checks that must not fail before `prepare`: otherwise it would bind the wrong card, or one that
 * the host needs.
 */
export const neededForPrepare = [
  "host.probe",
  "provider.host",
  "provider.mode",
  "gpu.present",
  "gpu.match",
  "gpu.exclusive",
  "gpu.power",
  "iommu.group",
  "iommu.reserved",
  "host.architecture",
  "iommu.enabled",
  "host.guest",
];

/**
 * Whether `prepare` refuses because of a finding. It accepts an IOMMU that is not enabled yet,
 * since it enables it. It refuses a container, whose files do not affect the host's kernel.
 */
export function stopsPrepare({ check, status }: Finding, host: Host): boolean {
  if (check === "host.guest") return host.container !== undefined;
  return status === "fail" && neededForPrepare.includes(check) &&
    (check !== "iommu.enabled" || cannotHaveIommu(host));
}

/**
 * Whether a finding stays true after `prepare` and decides what its changes do at the next boot: the IOMMU or its
 * interrupt remapping is off for a reason that no kernel argument of `prepare` changes, or the host displays on the
 * card.
 */
export function outlastsPrepare({ check, status }: Finding, host: Host): boolean {
  if (check === "gpu.display") return status === "fail" || status === "warn";
  if (status !== "fail") return false;
  if (check === "iommu.interrupts") return noRemapping(host) === undefined;
  const { add, remove } = iommuArguments(host);
  return check === "iommu.enabled" && add.length + remove.length === 0;
}

/** Whether a fix is to run `prepare`. */
export const isPrepare = ({ command }: Fix): boolean => command === self("prepare");

/** Whether a finding advises to run `prepare`. */
export const advisesPrepare = ({ fix }: Finding): boolean => fix.some(isPrepare);

/** A finding without the advice to run `prepare`, which refuses because of another finding. */
export function withoutPrepare(finding: Finding, { check }: Finding): Finding {
  if (!advisesPrepare(finding)) return finding;
  const rest = finding.fix.filter((one) => !isPrepare(one));
  return { ...finding, fix: rest.length > 0 ? rest : [manualFix(`Fix ${check} first`)] };
}
