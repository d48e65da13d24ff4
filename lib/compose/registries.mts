/** The registries of images, and this host's logins. */
import { isMap, mapAt } from "../maps.mts";
import type { Shell } from "../shell.mts";
import { imageParts } from "./image-name.mts";
import { homeDir } from "../text.mts";

/** The host of an image's registry with its port; `docker.io` for a name without one. */
export function registryOf(image: string): string {
  const [first = "", ...rest] = imageParts(image)[0].split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}

/**
 * Whether a registry is in a network of one's own: an address, a name without a domain, or a domain that is not public.
 */
export const isOwnRegistry = (registry: string): boolean =>
  /^(\d+(\.\d+){3}|[\w-]+|[\w.-]+\.(local|lan|home|internal|intranet|corp|arpa|localdomain|test))(:\d+)?$/.test(
    registry,
  );

/**
 * The registries that this user has a login for on this host, by the names in Docker's settings (docs.docker.com,
 * docker login: auths and credHelpers). Passwords are not kept. Empty if there are none, or if they cannot be read.
 */
export async function readLogins(shell: Shell): Promise<string[]> {
  const text = await shell.read(`${homeDir()}/.docker/config.json`).catch(() => undefined);
  try {
    const settings: unknown = JSON.parse(text ?? "{}");
    if (!isMap(settings)) return [];
    const names = ["auths", "credHelpers"].flatMap((key) => Object.keys(mapAt(settings, key)));
    return [...new Set(names.map((name) => name.replace(/^https?:\/\//, "").split("/")[0]!))];
  } catch {
    return [];
  }
}
