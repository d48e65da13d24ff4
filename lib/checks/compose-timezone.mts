/** Mounts of /etc/timezone, which newer guests do not have. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { manualFix } from "../fixes.mts";
import { suiteOf, systemOf } from "../resolve/images.mts";

type Machine = Pick<ResolvedMachine, "engine" | "image"> & Partial<Pick<ResolvedMachine, "provision">>;

/**
 * The systems without /etc/timezone, which their tzdata no longer writes (the files of an image of Debian 13, listed on
 * 2026-11-28; xtrime-ru/antizapret-vpn-docker#236 for both; gotson/komga#2127 for Ubuntu from 25.10 on).
 */
const withoutTimezone = ["trixie", "resolute"];

/** The flaw of a mount of /etc/timezone in a VM that does not have it. */
export function timezoneFlaws(at: string, { engine, image, provision = [] }: Machine): ProjectFlaw[] {
  const suite = suiteOf(image);
  // the user's script may write it
  if (suite === undefined || !withoutTimezone.includes(suite) || provision.length > 0) return [];
  const rest = () =>
    `, which ${systemOf(suite)} does not have: ` +
    (engine === "podman"
      ? "Podman does not start the container"
      : "Docker makes a folder of that name, and an image with this file does not start");
  return [{
    status: engine === "podman" ? "fail" : "warn",
    message: `mounts /etc/timezone${rest()}`,
    at,
    fix: manualFix("Remove the mount, and set TZ in the service's environment, such as TZ: Europe/Berlin"),
    fold: { kind: "timezone", verb: ["mounts", "mount"], item: "/etc/timezone", rest },
  }];
}
