/** What each engine and each version of Compose understands of the ways of asking for a GPU. */
import { isOlder } from "../text.mts";
import type { GuestEngine } from "./types.mts";

/** The ways that a guest's engine and its Compose understand. */
export interface EngineAbilities {
  /** `deploy.resources.reservations.devices` with the driver nvidia reaches the engine. */
  reservations: boolean;
  /** `gpus:` reaches the engine. */
  gpus: boolean;
  /** CDI's names under `devices:` reach the engine as such. */
  cdiDevices: boolean;
  /** The engine resolves CDI's names. */
  cdi: boolean;
  /** `runtime: nvidia` is there. */
  runtime: boolean;
  /** `!reset` and `!override` in a further file. */
  tags: boolean;
}

interface Row<T> {
  /** The first version of which this is true. */
  from: string;
  can: T;
  /** Where that is known from. */
  source: string;
}

/**
 * Compose, for Docker. As of 2026-11-26; rows marked "run" were held against a recording stand-in for dockerd by test/tools/gpu-ways.
 * Which version a guest has: resolve/engine.mts.
 */
export const composeAbilities: Row<Pick<EngineAbilities, "reservations" | "gpus" | "cdiDevices" | "tags">>[] = [
  {
    from: "2.30",
    can: { reservations: true, gpus: true, cdiDevices: true, tags: true },
    source: "docker/compose 2.30.0, docker/compose#12184; run with 2.40.3",
  },
  {
    from: "2.24.4",
    // Debian's 2.26 takes `gpus:` for valid and asks the daemon for nothing
    can: { reservations: true, gpus: false, cdiDevices: false, tags: true },
    source: "docs.docker.com, reference/compose-file/merge; run with 2.26.1",
  },
  {
    from: "1.28",
    can: { reservations: true, gpus: false, cdiDevices: false, tags: false },
    source: "docker/compose 1.28.0; run with 1.29.2",
  },
  {
    from: "0",
    can: { reservations: false, gpus: false, cdiDevices: false, tags: false },
    source: "docker/compose 1.28.0",
  },
];

/** Docker Engine, as of 2026-11-26: CDI can be switched on from 25 on and is on from 28.2 on (docs.docker.com, release notes). */
export const dockerVersions: Row<{ cdi: boolean; switchable: boolean }>[] = [
  { from: "28.2", can: { cdi: true, switchable: true }, source: "docs.docker.com, engine/release-notes/28" },
  { from: "25", can: { cdi: false, switchable: true }, source: "docs.docker.com, engine/release-notes/25.0" },
  { from: "0", can: { cdi: false, switchable: false }, source: "docs.docker.com, engine/release-notes/25.0" },
];

/**
 * podman-compose, as of 2026-11-26: Debian 12 has 1.0.3, Debian 13 1.3.0, Debian 14 1.6.0 (apt). CDI's names under `devices:` are
 * handed to podman as they are by each of them; reservations from 1.1 on; `gpus:` and `runtime: nvidia` by none.
 */
export const podmanComposeVersions: Row<{ reservations: boolean }>[] = [
  { from: "1.1", can: { reservations: true }, source: "containers/podman-compose 1.1.0" },
  { from: "0", can: { reservations: false }, source: "containers/podman-compose 1.0.3" },
];

/** What a guest's engine understands. Where a version is not known, only what every version understands. */
export function abilitiesOf({ engine, version, compose, cdi }: GuestEngine): EngineAbilities {
  if (engine === "podman") {
    const { reservations } = rowOf(podmanComposeVersions, compose ?? "0");
    return { reservations, gpus: false, cdiDevices: true, cdi: true, runtime: false, tags: false };
  }
  // stacks need a Compose that has tags; an unknown one is taken for such
  const known = compose === undefined
    ? { ...rowOf(composeAbilities, "1.28"), tags: true }
    : rowOf(composeAbilities, compose);
  const docker = rowOf(dockerVersions, version ?? "25");
  return { ...known, cdi: docker.switchable && (cdi ?? docker.cdi), runtime: true };
}

function rowOf<T>(rows: Row<T>[], version: string): T {
  return (rows.find(({ from }) => !isOlder(version, from)) ?? rows.at(-1)!).can;
}
