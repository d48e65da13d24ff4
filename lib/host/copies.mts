/**
 * Which files of each stack were last copied into a VM: `stacks/MACHINE.json` in the lab's folder.
 */
import { isMap } from "../maps.mts";
import type { Shell } from "../shell.mts";

/**
 * The files of the stacks in a VM, by stack and path, each with its signature
 * (compose/project.mts).
 */
export interface Copies {
  schema: "homelab-gpu/copies/1";
  /** Vagrant's id of the VM: a different VM has none of these files. */
  vm: string;
  stacks: Record<string, Record<string, string>>;
}

const pathOf = (folder: string, machine: string) => `${folder}/stacks/${machine}.json`;

/** Reads the copies in a machine's VM; undefined if they are not known. */
export async function readCopies(shell: Shell, folder: string, machine: string): Promise<Copies | undefined> {
  try {
    const found: unknown = JSON.parse((await shell.read(pathOf(folder, machine))) ?? "");
    const whole = isMap(found) && found.schema === "homelab-gpu/copies/1" && typeof found.vm === "string" &&
      isMap(found.stacks) && Object.values(found.stacks).every(isMap);
    return whole ? found as unknown as Copies : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Records the copies in a VM. Without `copies` it deletes the record, so the next copy is a full
 * one.
 */
export async function writeCopies(shell: Shell, folder: string, machine: string, copies?: Copies): Promise<void> {
  if (copies) await shell.write(pathOf(folder, machine), `${JSON.stringify(copies)}\n`, 0o600);
  else await shell.remove(pathOf(folder, machine));
}
