/**
 * The inputs of each version of a box: `packer/BOX/inputs/VERSION.json` in the lab's folder,
 * written by `up`.
 */
import { isMap } from "../maps.mts";
import type { Shell } from "../shell.mts";

/** The inputs of a box, so that a later plan can name those that changed. They contain no secret. */
export interface BoxInputs {
  schema: "homelab-gpu/box-inputs/1";
  /** The image's name in messages, such as `debian-13`. */
  image: string;
  engine: string;
  /** Hash of everything else that homelab-gpu decides: templates, disk size, the image's details. */
  rest: string;
  /**
   * Hashes of the scripts by name: `install-docker.sh`, or `provision: my-setup.sh` for a script of
   * the user.
   */
  scripts: Record<string, string>;
  /** Settings of the install scripts by name, such as `NVIDIA_BRANCH`. */
  settings: Record<string, string>;
}

/** The folder of a box below the lab's. Box names contain no ~, so no two boxes share a folder. */
export function boxFolder(name: string, provider: string): string {
  return `packer/${name.replaceAll("/", "~")}${provider === "libvirt" ? "" : `~${provider}`}`;
}

/**
 * The path of the inputs of a box, relative to the lab's folder. `version` is `1.HASH`, with or
 * without a third part.
 */
export function inputsPath(name: string, provider: string, version: string): string {
  return `${boxFolder(name, provider)}/inputs/${version.split(".").slice(0, 2).join(".")}.json`;
}

/** Reads the inputs of a version of a box; undefined if they are not recorded. `folder` is the lab's. */
export async function readBoxInputs(
  shell: Shell,
  folder: string,
  name: string,
  provider: string,
  version: string,
): Promise<BoxInputs | undefined> {
  // the version becomes part of a path
  if (!/^[\d.]+$/.test(version)) return undefined;
  try {
    const found: unknown = JSON.parse((await shell.read(`${folder}/${inputsPath(name, provider, version)}`)) ?? "");
    const texts = (value: unknown) => isMap(value) && Object.values(value).every((one) => typeof one === "string");
    const whole = isMap(found) && found.schema === "homelab-gpu/box-inputs/1" && texts(found.scripts) &&
      texts(found.settings) && [found.image, found.engine, found.rest].every((one) => typeof one === "string");
    return whole ? found as unknown as BoxInputs : undefined;
  } catch {
    return undefined;
  }
}
