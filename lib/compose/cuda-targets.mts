/** The GPUs for which a Dockerfile compiles CUDA code. */
import { instructionsOf } from "./dockerfile-instructions.mts";

/** One of the GPUs that code is compiled for. */
export interface CudaTarget {
  major: number;
  minor: number;
  /** `a`: only this capability. `f`: its family, from this one on. */
  only?: "a" | "f";
  /** The code runs on that capability, and on later ones of the same major. */
  binary: boolean;
  /** Code that the driver compiles for any later capability. */
  ptx: boolean;
}

/** The GPUs that a Dockerfile compiles for, and where it says so. */
export interface CudaTargets {
  targets: CudaTarget[];
  /** As written, such as `CMAKE_CUDA_ARCHITECTURES="120"`. */
  written: string;
  /** Its line, from 1. */
  line: number;
}

/**
 * The lists of `TORCH_CUDA_ARCH_LIST` (PyTorch, torch/utils/cpp_extension.py) and of `CMAKE_CUDA_ARCHITECTURES`
 * (cmake.org, CUDA_ARCHITECTURES; both read 2026-11-28) in a Dockerfile, together. Undefined if there is none, or if
 * one has a variable without a value or another form, such as `native`. `args`: the values of `build.args`; null is a
 * value that only the VM has.
 */
export function cudaTargetsOf(text: string, args: Record<string, string | null>): CudaTargets | undefined {
  const values = new Map<string, string>();
  const found: CudaTargets[] = [];
  for (const { text: instruction, line } of instructionsOf(text) ?? []) {
    for (const [, key, value = ""] of instruction.matchAll(/^\s*ARG\s+(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/gi)) {
      const given = Object.hasOwn(args, key!) ? args[key!] : value.replace(/^(["'])(.*)\1$/, "$2");
      if (given === null || given === undefined) values.delete(key!);
      else values.set(key!, given);
    }
    const pattern =
      /(?:\b|(?<=-D))(TORCH_CUDA_ARCH_LIST|CMAKE_CUDA_ARCHITECTURES)(?::\w+)?(?:=|\s+)("[^"]*"|'[^']*'|[^\s&|]+)/g;
    for (const [written, name, quoted = ""] of instruction.matchAll(pattern)) {
      // the value of an ARG may come from build.args
      const own = /^\s*ARG\b/i.test(instruction) ? values.get(name!) ?? "" : quoted.replace(/^(["'])(.*)\1$/, "$2");
      const list = own.replace(/\$\{?(\w+)\}?/g, (whole, variable) => values.get(variable) ?? whole);
      const targets = list.replaceAll("\\;", ";").split(/[;,\s]+/).filter(Boolean).map(
        name === "TORCH_CUDA_ARCH_LIST" ? torchTarget : cmakeTarget,
      );
      if (targets.length === 0 || targets.includes(undefined)) return undefined;
      found.push({ targets: targets as CudaTarget[], written, line });
    }
  }
  const [first] = found;
  return first && { ...first, targets: found.flatMap(({ targets }) => targets) };
}

/** `8.6`, `8.6+PTX`, `9.0a`. */
function torchTarget(text: string): CudaTarget | undefined {
  const [, major, minor, only, ptx] = /^(\d+)\.(\d)([af])?(\+PTX)?$/.exec(text) ?? [];
  return major === undefined ? undefined : target(major, minor!, only, true, ptx !== undefined);
}

/** `86` (binary and PTX), `86-real`, `86-virtual`, `90a-real`. */
function cmakeTarget(text: string): CudaTarget | undefined {
  const [, major, minor, only, kind] = /^(\d{1,2})(\d)([af])?(-real|-virtual)?$/.exec(text) ?? [];
  return major === undefined ? undefined : target(major, minor!, only, kind !== "-virtual", kind !== "-real");
}

const target = (major: string, minor: string, only: string | undefined, binary: boolean, ptx: boolean): CudaTarget => ({
  ...{ major: Number(major), minor: Number(minor), binary, ptx },
  ...(only === "a" || only === "f" ? { only } : {}),
});

/** Whether code for one of these GPUs runs on a card of this compute capability. */
export function runsOn(targets: CudaTarget[], card: { major: number; minor: number }): boolean {
  return targets.some(({ major, minor, only, binary, ptx }) => {
    if (only === "a") return major === card.major && minor === card.minor;
    const sameMajor = major === card.major && minor <= card.minor;
    return ((binary || only === "f") && sameMajor) || (ptx && only === undefined && (sameMajor || major < card.major));
  });
}
