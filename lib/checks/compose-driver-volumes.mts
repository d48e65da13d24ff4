/** The volumes by which nvidia-docker 1 gave its driver to containers: NVIDIA's toolkit does that without them. */
import type { ProjectFlaw } from "./compose-flaw.mts";
import { manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";

/** Whether a volume is one of nvidia-docker 1, named after a version of the driver: `nvidia_driver_387.34`. */
export const isDriverVolume = (name: string): boolean => /^nvidia[_-]driver[_-][\d.]+$/.test(name);

/** The plugin of nvidia-docker 1 that creates these volumes. */
export const driverPlugin = "nvidia-docker";

/** The finding about such volumes. An empty one in their place would hide what an image has in that folder. */
export function driverVolumes(volumes: { name: string; named: string; place: string }[]): ProjectFlaw {
  const many = volumes.length > 1;
  return {
    status: "fail",
    message: `the volume${many ? "s" : ""} ${joinList(volumes.map(({ named }) => named))} ${many ? "are" : "is"} ` +
      "the driver of nvidia-docker 1, which a new VM does not have: NVIDIA's toolkit gives containers the driver",
    evidence: { read: volumes.map(({ place }) => place).join(", "), value: "nvidia-docker 1" },
    fix: manualFix(driverFix(volumes.map(({ name }) => name))),
  };
}

/** What to do about such volumes. */
export const driverFix = (names: string[]): string =>
  names.length > 1
    ? `Remove the volumes ${joinList(names)} and their mounts`
    : `Remove the volume ${names[0]} and its mounts`;
