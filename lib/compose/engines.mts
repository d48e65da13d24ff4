/** Which kinds of GPU requests each engine and each version of Compose supports. */
import { isOlder } from "../text.mts";
import type { GuestEngine } from "./types.mts";

/** The ways of requesting a GPU that a guest's engine and Compose support. */
export interface EngineAbilities {
  /**
   * Compose passes `deploy.resources.reservations.devices` with the driver nvidia to the engine.
   */
  reservations: boolean;
  /** Compose passes `gpus:` to the engine. */
  gpus: boolean;
  /** Compose passes CDI names under `devices:` to the engine as CDI names. */
  cdiDevices: boolean;
  /** The engine resolves CDI names. */
  cdi: boolean;
  /** The engine has `runtime: nvidia`. */
  runtime: boolean;
  /** Compose supports `!reset` and `!override` in an override file. */
  tags: boolean;
}

interface Row<T> {
  /** The first version that the row applies to. */
  from: string;
  can: T;
  /** The source of the fact. */
  source: string;
}

/**
 * Compose for Docker, as of 2026-11-26. Rows marked "run" were tested by test/tools/gpu-ways with a
 * recording replacement for dockerd. resolve/engine.mts has the version of each guest.
 */
const composeAbilities: Row<Pick<EngineAbilities, "reservations" | "gpus" | "cdiDevices" | "tags">>[] = [
  {
    from: "2.30",
    can: { reservations: true, gpus: true, cdiDevices: true, tags: true },
    source: "docker/compose 2.30.0, docker/compose#12184; run with 2.40.3",
  },
  {
    from: "2.24.4",
    // Debian's 2.26 accepts `gpus:` but requests no device from dockerd
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

/**
 * Docker Engine, as of 2026-11-26: CDI can be enabled from version 25 and is on by default from
 * 28.2 (docs.docker.com, release notes).
 */
const dockerVersions: Row<{ cdi: boolean; switchable: boolean }>[] = [
  { from: "28.2", can: { cdi: true, switchable: true }, source: "docs.docker.com, engine/release-notes/28" },
  { from: "25", can: { cdi: false, switchable: true }, source: "docs.docker.com, engine/release-notes/25.0" },
  { from: "0", can: { cdi: false, switchable: false }, source: "docs.docker.com, engine/release-notes/25.0" },
];

/**
 * podman-compose, as of 2026-11-26: Debian 12 has 1.0.3, Debian 13 1.3.0, Debian 14 1.6.0 (apt).
 * Every version passes CDI names under `devices:` to podman unchanged; reservations work from 1.1;
 * no version supports `gpus:` or `runtime: nvidia`.
 */
const podmanComposeVersions: Row<{ reservations: boolean }>[] = [
  { from: "1.1", can: { reservations: true }, source: "containers/podman-compose 1.1.0" },
  { from: "0", can: { reservations: false }, source: "containers/podman-compose 1.0.3" },
];

/** The abilities of a guest's engine. For an unknown version, only those that every version has. */
export function abilitiesOf({ engine, version, compose, cdi }: GuestEngine): EngineAbilities {
  if (engine === "podman") {
    const { reservations } = rowOf(podmanComposeVersions, compose ?? "0");
    return { reservations, gpus: false, cdiDevices: true, cdi: true, runtime: false, tags: false };
  }
  // stacks need a Compose with tags: an unknown version is assumed to have them
  const abilities = compose === undefined
    ? { ...rowOf(composeAbilities, "1.28"), tags: true }
    : rowOf(composeAbilities, compose);
  const docker = rowOf(dockerVersions, version ?? "25");
  return { ...abilities, cdi: docker.switchable && (cdi ?? docker.cdi), runtime: true };
}

function rowOf<T>(rows: Row<T>[], version: string): T {
  return (rows.find(({ from }) => !isOlder(version, from)) ?? rows.at(-1)!).can;
}
