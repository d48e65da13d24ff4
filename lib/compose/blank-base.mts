/** A `FROM` whose variables have no value. */
import { fromPattern, instructionsOf } from "./dockerfile-instructions.mts";
import { isImageName } from "./image-name.mts";
import type { BlankBase } from "./types.mts";

/** Variables that BuildKit itself sets for `FROM` (docs.docker.com/reference/dockerfile; read 2026-11-28). */
const ofPlatform = /^(TARGET|BUILD)(PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/;

/**
 * The first `FROM` of a Dockerfile that is no image, because a variable in it has no value: BuildKit ends the build
 * there, in every stage (moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go). Undefined if there is none, or
 * if a value is not known. `args`: the values of `build.args`; null is a value that only the VM has.
 */
export function blankBaseOf(text: string, args: Record<string, string | null>): BlankBase | undefined {
  // the variables that are declared before the first FROM; undefined is a value that is not known
  const values = new Map<string, string | undefined>();
  let isGlobal = true;
  for (const { text: instruction, line } of instructionsOf(text) ?? []) {
    const [, written] = fromPattern.exec(instruction) ?? [];
    if (written !== undefined) {
      isGlobal = false;
      const found = blankOf(written, values);
      if (found) return { ...found, line };
    }
    const [, declared] = /^\s*ARG\s+(.*)$/i.exec(instruction) ?? [];
    if (declared === undefined || !isGlobal) continue;
    for (const [, name, , value = ""] of declared.matchAll(/(?<=^|\s)(\w+)(=("[^"]*"|'[^']*'|\S*))?/g)) {
      const own = filled(value.replace(/^(["'])(.*)\1$/, "$2"), values)?.text;
      values.set(name!, Object.hasOwn(args, name!) ? args[name!] ?? undefined : own);
    }
  }
  return undefined;
}

/** What is left of an image, if that is no image. */
function blankOf(written: string, values: Map<string, string | undefined>) {
  const result = written.includes("$") ? filled(written, values) : undefined;
  if (!result || result.names.length === 0 || isImageName(result.text)) return undefined;
  const { text: left, names } = result;
  return { written, left, names, undeclared: names.filter((name) => !values.has(name)) };
}

/**
 * A text with the values of its variables, and the names of those without one. Undefined if a value is not known, or
 * if the text has another form of a variable.
 */
function filled(text: string, values: Map<string, string | undefined>): { text: string; names: string[] } | undefined {
  const names: string[] = [];
  let isKnown = true;
  const result = text.replace(/\$(?:\{(\w+)(?::?-([^}$]*))?\}|(\w+))/g, (_, braced, fallback, plain) => {
    const name: string = braced ?? plain;
    const value = values.get(name);
    if (value) return value;
    if ((values.has(name) && value === undefined) || ofPlatform.test(name)) isKnown = false;
    if (fallback) return fallback;
    names.push(name);
    return "";
  });
  return isKnown && !result.includes("$") ? { text: result, names } : undefined;
}
