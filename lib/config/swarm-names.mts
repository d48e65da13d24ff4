/** Names that Docker accepts in a Swarm (moby/swarmkit, manager/controlapi/common.go, read 2026-11-28). */

/** The most characters of a service's or a network's name, with its stack's name before it. */
const most = 63;

/** A name that Docker refuses in a Swarm. */
export interface NameFlaw {
  /** What is wrong, after the name: `has 70 characters, and Docker allows 63`. */
  is: string;
  /** A name that Docker accepts; absent if only a shorter one helps. */
  write?: string;
  /** The most characters that the name without its prefix may have; absent if it is not too long. */
  most?: number;
}

/**
 * What Docker refuses of the name of a service or a network; undefined if nothing. `stack`: the name of its stack,
 * which Docker writes before it; absent for a name that stays as it is.
 */
export function swarmNameFlaw(name: string, stack?: string): NameFlaw | undefined {
  const prefix = stack === undefined ? "" : `${stack}_`;
  const full = `${prefix}${name}`;
  if (!/^[a-zA-Z0-9](?:[\w-]*[a-zA-Z0-9])?$/.test(full)) {
    const write = name.replace(/[^\w-]+/g, "-").replace(stack === undefined ? /^[-_]+|[-_]+$/g : /[-_]+$/, "");
    return {
      is: refused(full),
      ...(write === "" ? {} : { write }),
    };
  }
  return full.length <= most ? undefined : {
    is: stack === undefined
      ? `has ${full.length} characters, and Docker allows ${most}`
      : `is ${full} in Docker, with ${full.length} characters, and ${most} are allowed`,
    most: Math.max(0, most - prefix.length),
  };
}

/** What Docker refuses in the characters of a name. */
function refused(name: string): string {
  const found = [
    /[^\w-]/.test(name) ? "has other characters than letters, digits, - and _" : "",
    /^[-_]/.test(name) ? "begins with - or _" : "",
    /[-_]$/.test(name) ? "ends with - or _" : "",
  ].filter((one) => one !== "");
  return found.length === 0 ? "is empty" : found.join(", and ");
}

/** What Docker refuses in the characters of the name of a config or a secret, after the name; undefined if nothing. */
export const grantNameFlaw = (name: string): string | undefined =>
  /^[a-zA-Z0-9](?:[\w.-]*[a-zA-Z0-9])?$/.test(name)
    ? undefined
    : "has other characters than letters, digits, -, _ and ., or begins or ends with one of the last three";
