/**
 * Variables and env files of the services of a Swarm. `docker stack deploy` reads neither `.env` nor the environment
 * of this command, so that their values are written into its file.
 */
import type { Service } from "../config/types.mts";
import { isMap, ownValue } from "../maps.mts";
import { Verbatim } from "../verbatim.mts";
import { environmentOf } from "./service.mts";
import { dotEnv, interpolate, type MissingVariable } from "./variables.mts";

/** A service with its values, and what has none. */
export interface FilledService {
  service: Service;
  missing: MissingVariable[];
  /** Whether a value came from outside of the config: it may be a secret. */
  filled: boolean;
}

/** Keys of `deploy` and `healthcheck` that are numbers: a text is refused there (docker/cli, schema 3.8). */
const numbers = ["replicas", "retries", "parallelism", "max_attempts", "max_replicas_per_node"];

/**
 * Replaces the variables of a service by their values, and adds its env files to its environment. `envFiles`: their
 * texts in the order of `env_file`. A `$` in a value becomes `$$`, since `docker stack deploy` replaces variables too.
 */
export function filledService(
  { body: { env_file, ...body }, ...own }: Service,
  values: Record<string, string | undefined>,
  envFiles: string[],
): FilledService {
  const missing: MissingVariable[] = [];
  let filled = env_file !== undefined;
  const textOf = (written: string) => {
    const found = interpolate(written, values);
    missing.push(...found.missing);
    if (found.text !== written.replaceAll("$$", "$")) filled = true;
    return found.text;
  };
  const escaped = (text: string) => text.replaceAll("$", "$$$$");
  const fill = (value: unknown, key = ""): unknown => {
    if (typeof value === "string" || value instanceof Verbatim) {
      const written = String(value);
      if (!written.includes("$")) return value;
      const text = textOf(written);
      return numbers.includes(key) && /^\d+$/.test(text) ? Number(text) : escaped(text);
    }
    if (Array.isArray(value)) return value.map((one) => fill(one));
    return isMap(value)
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fill(one, name)]))
      : value;
  };
  const { environment: _, ...rest } = body;
  const fromFiles = Object.assign({}, ...envFiles.map((text) => dotEnv(text, values))) as Record<string, string>;
  const environment = Object.entries(environmentOf(body)).flatMap(([name, written]): [string, string][] => {
    if (written !== null) return [[name, textOf(written)]];
    const value = ownValue(values, name);
    filled = true;
    // as in Compose, a variable without any value is not set
    if (value === undefined) missing.push({ name });
    return value === undefined ? [] : [[name, value]];
  });
  const all = Object.entries({ ...fromFiles, ...Object.fromEntries(environment) });
  const filledRest = fill(rest) as Record<string, unknown>;
  return {
    service: {
      ...own,
      body: {
        ...filledRest,
        ...(all.length > 0
          ? { environment: Object.fromEntries(all.map(([name, value]) => [name, escaped(value)])) }
          : {}),
      },
    },
    missing,
    filled,
  };
}
