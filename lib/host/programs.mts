/** The programs of a host, and what they show about the system. */
import type { Host } from "./types.mts";

/** Whether a host has a program; false where its programs were not read. */
export const program = (host: Host, name: string) => host.programs !== undefined && name in host.programs;

/** Whether a host has a read-only root, so that changes go into a new snapshot. */
export const isTransactional = (host: Host) =>
  program(host, "transactional-update") &&
  (host.rootReadOnly === true || /micro|aeon|kalpa/.test([host.os.id, host.os.name].join(" ").toLowerCase()));
