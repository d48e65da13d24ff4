/** What of each stack a VM got last: `stacks/MACHINE.json` in the lab's folder. */
import { isMap } from "../maps.mts";
import type { Shell } from "../shell.mts";

/** The files that a VM has of its stacks, by stack and path, with what changes with their contents. */
export interface Copies {
  schema: "homelab-gpu/copies/1";
  /** Vagrant's id of the VM: another VM has none of it. */
  vm: string;
  stacks: Record<string, Record<string, string>>;
}

const pathOf = (folder: string, machine: string) => `${folder}/stacks/${machine}.json`;

/** What a machine's VM got; undefined if that is not known. */
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

/** Writes it down, or, without copies, forgets it: the next copy is a whole one. */
export async function writeCopies(shell: Shell, folder: string, machine: string, copies?: Copies): Promise<void> {
  if (copies) await shell.write(pathOf(folder, machine), `${JSON.stringify(copies)}\n`, 0o600);
  else await shell.remove(pathOf(folder, machine));
}
