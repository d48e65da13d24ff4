/** What a lab remembers between two runs: `state.json` in its folder. */
import type { Shell } from "../shell.mts";

/** A function that a VM gets, and the host driver that it had; null if none, absent if that was not read. */
export interface PreviousDriver {
  /** `0000:0a:00.0` */
  bdf: string;
  vendor?: string;
  device?: string;
  driver?: string | null;
}

/** What was seen to work, and when. It holds as long as the VM runs on and nothing it was about has changed. */
export interface Proof {
  bootId: string;
  /** SHA-256 of the Compose file. */
  services: string;
  /** The host's driver, of which the guest has a copy; absent where it has none. */
  driver?: string;
  /** ISO 8601. */
  at: string;
}

/** `state.json` in the lab's folder. */
export interface State {
  schema: "homelab-gpu/state/2";
  proofs: Record<string, Proof>;
  /** What each machine's card was bound to before its VM got it. */
  previousDrivers: Record<string, PreviousDriver[]>;
  /** `destroy` has begun, and not ended: its VMs may be gone, and libvirt's copies of their boxes not yet. */
  removing?: true;
}

/** Writes it down. */
export async function writeState(shell: Shell, folder: string, state: State): Promise<void> {
  await shell.write(`${folder}/state.json`, `${JSON.stringify(state, null, 2)}\n`);
}

/** What a lab remembers; nothing if the file is missing or not ours. An older version's file is converted. */
export async function readState(shell: Shell, folder: string): Promise<State> {
  return parseState((await shell.read(`${folder}/state.json`)) ?? "");
}

/** The state in a text of `state.json`: version 2, or version 1, whose keys had other names. */
export function parseState(text: string): State {
  const empty: State = { schema: "homelab-gpu/state/2", proofs: {}, previousDrivers: {} };
  try {
    const state = JSON.parse(text) as State | StateV1;
    if (state.schema === empty.schema) return { ...empty, ...state };
    return state.schema === "homelab-gpu/state/1" ? { ...empty, ...converted(state) } : empty;
  } catch {
    return empty;
  }
}

/** Version 1, written until 0.1.0. */
interface StateV1 {
  schema: "homelab-gpu/state/1";
  proofs?: Record<string, Omit<Proof, "bootId"> & { run: string }>;
  handed?: Record<string, PreviousDriver[]>;
  removing?: true;
}

function converted({ proofs = {}, handed = {}, removing }: StateV1): Omit<State, "schema"> {
  return {
    proofs: Object.fromEntries(
      Object.entries(proofs).map(([name, { run, ...rest }]) => [name, { bootId: run, ...rest }]),
    ),
    previousDrivers: handed,
    ...(removing ? { removing } : {}),
  };
}
