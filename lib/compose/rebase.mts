/**
 * Relative paths in an extended or included Compose file: they are relative to that file, not to
 * the project.
 */
import { isAbsolute, join } from "node:path/posix";
import { isMap, mapAt } from "../maps.mts";

/**
 * Returns a file's data with its relative paths (bind mounts, env files, build contexts, files of
 * configs and secrets) made relative to the project (compose-spec, extends, include). `folder`: the
 * file's folder relative to the project's; an empty one changes nothing.
 */
export function rebased(data: Record<string, unknown>, folder: string): Record<string, unknown> {
  if (folder === "" || folder === ".") return data;
  const at = (path: string) => {
    const whole = join(folder, path);
    return whole.startsWith("../") ? whole : `./${whole}`;
  };
  const moved = (path: unknown) =>
    typeof path !== "string" || path === "" || isAbsolute(path) || /^~|^[A-Za-z]:[\\/]|:\/\/|^git@|^[$]/.test(path)
      ? path
      : at(path);
  const mount = (one: unknown) => {
    if (typeof one === "string") {
      const [source = "", ...rest] = one.split(":");
      return rest.length > 0 && source.startsWith(".") ? [at(source), ...rest].join(":") : one;
    }
    return isMap(one) && one.type === "bind" ? { ...one, source: moved(one.source) } : one;
  };
  const envFile = (one: unknown) => (isMap(one) ? { ...one, path: moved(one.path) } : moved(one));
  const service = (body: unknown) => {
    if (!isMap(body)) return body;
    const { volumes, env_file, build } = body;
    return {
      ...body,
      ...(Array.isArray(volumes) ? { volumes: volumes.map(mount) } : {}),
      ...(env_file === undefined
        ? {}
        : { env_file: Array.isArray(env_file) ? env_file.map(envFile) : envFile(env_file) }),
      ...(build === undefined
        ? {}
        : { build: isMap(build) ? { ...build, context: moved(build.context ?? ".") } : moved(build) }),
    };
  };
  const each = (key: string, change: (one: unknown) => unknown) =>
    isMap(data[key])
      ? { [key]: Object.fromEntries(Object.entries(mapAt(data, key)).map(([name, one]) => [name, change(one)])) }
      : {};
  const file = (one: unknown) => (isMap(one) && one.file !== undefined ? { ...one, file: moved(one.file) } : one);
  return { ...data, ...each("services", service), ...each("configs", file), ...each("secrets", file) };
}
