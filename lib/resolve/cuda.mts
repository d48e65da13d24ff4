/** Which CUDA an image needs, and whether a driver supports it. */
import { imageParts } from "../compose/image-name.mts";
import { isOlder } from "../text.mts";
import type { Source } from "./sources.mts";

/** What is known of a driver: its branch, and the exact version where there is only one. */
export interface DriverVersion {
  branch: number;
  version?: string;
}

/** The lowest driver version, by system. */
interface Minimum {
  linux: string;
  /** Absent where NVIDIA names none: CUDA 13 comes without a driver for Windows. */
  windows?: string;
}

/**
 * The driver released with each CUDA version, which supports all of it:
 * docs.nvidia.com/cuda/cuda-toolkit-release-notes, “CUDA Toolkit and Corresponding Driver
 * Versions”, each release's first edition (GA). Versions up to 13.1 are from the notes of 13.1;
 * 13.2 and 13.3 from their own. There was no 12.7.
 */
export const releases: Record<string, Minimum> = {
  // only the branch is known: the notes of 13.4.1 and 13.5, 2026-11-26
  "13.5": { linux: "620" },
  "13.4": { linux: "615" },
  "13.3": { linux: "610.43.02" },
  "13.2": { linux: "595.45.04" },
  "13.1": { linux: "590.44.01" },
  "13.0": { linux: "580.65.06" },
  "12.9": { linux: "575.51.03", windows: "576.02" },
  "12.8": { linux: "570.26", windows: "570.65" },
  "12.6": { linux: "560.28.03", windows: "560.76" },
  "12.5": { linux: "555.42.02", windows: "555.85" },
  "12.4": { linux: "550.54.14", windows: "551.61" },
  "12.3": { linux: "545.23.06", windows: "545.84" },
  "12.2": { linux: "535.54.03", windows: "536.25" },
  "12.1": { linux: "530.30.02", windows: "531.14" },
  "12.0": { linux: "525.60.13", windows: "527.41" },
  "11.8": { linux: "520.61.05", windows: "520.06" },
  "11.7": { linux: "515.43.04", windows: "516.01" },
  "11.6": { linux: "510.39.01", windows: "511.23" },
  "11.5": { linux: "495.29.05", windows: "496.04" },
  "11.4": { linux: "470.42.01", windows: "471.11" },
  "11.3": { linux: "465.19.01", windows: "465.89" },
  "11.2": { linux: "460.27.03", windows: "460.82" },
  "11.1": { linux: "455.23", windows: "456.38" },
  "11.0": { linux: "450.51.05", windows: "451.48" },
  "10.2": { linux: "440.33", windows: "441.22" },
  "10.1": { linux: "418.39", windows: "418.96" },
  "10.0": { linux: "410.48", windows: "411.31" },
  "9.2": { linux: "396.26", windows: "397.44" },
  "9.1": { linux: "390.46", windows: "391.29" },
  "9.0": { linux: "384.81", windows: "385.54" },
  "8.0": { linux: "367.48", windows: "369.30" },
};

/**
 * The lowest driver that starts programs of a CUDA major version, with limits (no code compiled at
 * start from a newer PTX version):
 * docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html. Before CUDA 11 this
 * compatibility did not exist.
 */
export const families: Record<number, Minimum> = {
  13: { linux: "580", windows: "580" },
  12: { linux: "525", windows: "528.33" },
  11: { linux: "450.80.02", windows: "452.39" },
};

/** The sources of all rows of `releases` and `families`. */
export const cudaSources: Source[] = [
  { source: "https://docs.nvidia.com/cuda/cuda-toolkit-release-notes", checked: "2026-11-26" },
  {
    source: "https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html",
    checked: "2026-11-26",
  },
];

/** Whether a driver supports a CUDA version. */
export type Fit =
  /** All of it runs. */
  | { kind: "full"; needs?: string }
  /**
   * It starts, by minor-version compatibility. `needs`: the driver that supports all of it, if the
   * release is known.
   */
  | { kind: "minor"; needs?: string }
  /** It does not start. `needs`: the lowest driver that starts it. */
  | { kind: "too-old"; needs: string }
  | { kind: "unknown" };

/** Whether a driver supports programs built with a CUDA version such as `12.4`. */
export function fitOf(cuda: string, driver: DriverVersion, system: keyof Minimum = "linux"): Fit {
  const major = Number(cuda.split(".")[0]);
  const needs = releases[cuda]?.[system];
  const [floor, next] = [families[major]?.[system], families[major + 1]?.[system]];
  if (needs !== undefined && reaches(driver, needs)) return { kind: "full", needs };
  // a driver supports all older releases, also those that are not in the table
  if (next !== undefined && reaches(driver, next)) return { kind: "full" };
  if (floor !== undefined && !reaches(driver, floor)) return { kind: "too-old", needs: floor };
  // the major version decides, whether or not the release is known
  if (needs === undefined) return floor === undefined ? { kind: "unknown" } : { kind: "minor" };
  return floor === undefined ? { kind: "too-old", needs } : { kind: "minor", needs };
}

/**
 * Whether a driver is new enough. Package repositories install a branch's newest version, so a
 * branch without a version counts as its newest.
 */
function reaches({ branch, version }: DriverVersion, minimum: string): boolean {
  return version === undefined ? branch >= Number(minimum.split(".")[0]) : !isOlder(version, minimum);
}

/**
 * The CUDA version in a container image, such as `12.4`, by the image's name. Undefined where the
 * name does not have it: a digest, a tag without a version, or NGC's images, whose tags are years
 * and months (`nvcr.io/nvidia/pytorch:24.05-py3`).
 *
 * `nvidia/cuda`, from any registry or mirror, has the version at the start of its tag
 * (hub.docker.com/r/nvidia/cuda). Other images have it as `cuda12.1` (pytorch/pytorch) or, like
 * PyTorch's packages, as `cu121`.
 */
export function cudaOf(image: string): string | undefined {
  const { name, tag } = parts(image);
  const leading = bare.test(name) ? /^v?((?:[89]|1\d)\.\d{1,2})(?!\d)/i.exec(tag)?.[1] : undefined;
  const named = leading ?? /cuda-?v?((?:[89]|1\d)\.\d{1,2})(?!\d)/i.exec(tag)?.[1];
  if (named !== undefined) return named;
  const [, major, minor] = /(?:^|[-_.+])cu(1\d)(\d)(?=$|[-_.+])/i.exec(tag) ?? [];
  return major === undefined ? undefined : `${major}.${minor}`;
}

/**
 * Whether an image is one of NVIDIA's bare CUDA images or a mirror's copy: these only run a shell.
 */
export function isCudaImage(image: string): boolean {
  const { name, tag } = parts(image);
  return bare.test(name) &&
    (/(^|\/)nvidia\/[^/]*$/.test(image.split("@")[0]!) || /(^|-)(base|runtime|devel)(-|$)/.test(tag));
}

/**
 * Names of the repositories whose tags are CUDA versions: the common one, the one with OpenGL, and
 * those for other architectures than x86_64.
 */
const bare = /^cuda(gl|-arm64|-ppc64le)?$/i;

/** The last part of an image's name, and its tag. */
function parts(image: string): { name: string; tag: string } {
  const [path, tag] = imageParts(image);
  return { name: path.slice(path.lastIndexOf("/") + 1), tag };
}
