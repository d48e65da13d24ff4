/**
 * The variables and files that inline services read from outside the config, by Compose's rules.
 */
import type { Service } from "../config/types.mts";
import { isMap } from "../maps.mts";
import { variableNames } from "./project.mts";
import { interpolate, type MissingVariable } from "./variables.mts";

/**
 * For inline services: the names of all variables that they use, those under `environment` without
 * a value (by service), and their env files (paths as written; `required: false` may be missing).
 */
export function inlineVariables(services: Service[]): {
  names: string[];
  bare: { service: string; variable: string }[];
  envFiles: { service: string; file: string; required: boolean }[];
} {
  const bare = services.flatMap(({ name, body }) =>
    bareVariables(body.environment).map((variable) => ({
      service: name,
      variable,
    }))
  );
  const filled = services.flatMap(({ body }) => strings(body)).flatMap((text) => variableNames(oneLine(text)));
  const envFiles = services.flatMap(({ name, body }) => {
    const all = Array.isArray(body.env_file) ? body.env_file : [body.env_file];
    return all.flatMap((one) => {
      const file = isMap(one) ? one.path : one;
      // only Compose can resolve a file name that contains a variable
      if (typeof file !== "string" || file.includes("$")) return [];
      return [{ service: name, file, required: !(isMap(one) && one.required === false) }];
    });
  });
  return { names: [...new Set([...filled, ...bare.map(({ variable }) => variable)])], bare, envFiles };
}

/** The variables without a value and a default that inline services use, by service. */
export function inlineMissing(
  services: Service[],
  values: Record<string, string | undefined>,
): (MissingVariable & { service: string })[] {
  return services.flatMap(({ name: service, body }) => {
    const missing = strings(body).flatMap((text) => interpolate(text, values).missing);
    return missing.filter((one, i) => missing.findIndex(({ name }) => name === one.name) === i)
      .map((one) => ({ ...one, service }));
  });
}

/** Prefixes each line, so that none looks like a list or a mapping and only `$` counts. */
const oneLine = (text: string) => `=${text.replaceAll("\n", "\n=")}`;

/** Names under `environment` without a value: `NAME:` of a mapping, `NAME` of a list. */
function bareVariables(environment: unknown): string[] {
  if (Array.isArray(environment)) {
    return environment.filter((one): one is string => typeof one === "string" && /^[A-Za-z_]\w*$/.test(one));
  }
  return isMap(environment) ? Object.keys(environment).filter((name) => environment[name] === null) : [];
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  return isMap(value) ? Object.values(value).flatMap(strings) : [];
}
