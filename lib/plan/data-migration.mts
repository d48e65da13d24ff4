/** An existing VM without a data disk, whose machine asks for one: it gets the disk, and its data moves there. */
import type { Finding } from "../findings.mts";
import { dataHolds } from "../fixes.mts";
import { type DataDisk, defaultDataVolume } from "../host/data-disks.mts";
import type { LabMachine } from "../host/lab.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Step } from "./types.mts";

/** Whether an existing VM gets a data disk; false where it is not known that it has none. */
export function gainsDataDisk({ provider, data }: ResolvedMachine, { state, hardware }: LabMachine): boolean {
  return provider === "libvirt" && data !== undefined && (state === "off" || state === "running") &&
    hardware !== undefined && hardware.dataVolume === undefined;
}

/** Whether a data disk is there with something on it: a blank one takes less than 1 MiB on the host. */
export const isFilled = (disk: DataDisk | undefined): disk is DataDisk & { used: number } =>
  disk?.size !== undefined && disk.used !== undefined && disk.used > 0;

/** The step that creates the disk, and adds it to the definition of the VM, which has it from its next start on. */
export function attachStep(
  { name, data = 0, dataVolume }: ResolvedMachine,
  { domain }: LabMachine,
  prefix: string,
): Step {
  const size = String(data / 1024);
  return {
    title: `Give ${name} a data disk of ${size} GiB`,
    command: ["sh", "scripts/attach-data.sh", domain, dataVolume ?? defaultDataVolume(prefix, name), size],
  };
}

/** The finding for a VM that gets a data disk: a warning, since its services stop for a time. */
export function newDataDisk({ name, engine, data = 0 }: ResolvedMachine, { data: disk }: LabMachine): Finding {
  const holds = dataHolds(engine);
  return {
    check: "storage.data",
    machine: name,
    status: "warn",
    message: isFilled(disk)
      ? `up restarts its VM with the data disk ${disk.volume}, which has data of an earlier VM: ${holds} of this VM ` +
        "stay on the system disk, and are no longer used"
      : `up restarts its VM with a data disk, and copies ${holds} to it; services stop meanwhile, and the originals ` +
        "stay on the system disk",
    evidence: [
      { read: "data", value: `${data / 1024} GiB` },
      { read: "its data disk in the VM", value: "none" },
    ],
    fix: [],
  };
}
