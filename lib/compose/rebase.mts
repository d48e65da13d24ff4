/**
 * Relative paths in an extended or included Compose file: they are relative to that file, not to
 * the project.
 */
import { isAbsolute, join } from "node:path/posix";
import { isMap, mapAt } from "../maps.mts";

/**
 * Returns a file's data with its relative paths (bind mounts, env and label files, build contexts,
 * watched folders, files of configs and secrets, folders of local volumes) made relative to the
 * project (compose-go, paths/resolve.go; read 2026-11-26). `folder`: the file's folder, absolute or
 * relative to the project's; an empty one changes nothing.
 */
export function rebased(data: Record<string, unknown>, folder: string): Record<string, unknown> {
  if (folder === "" || folder === ".") return data;
  const at = (path: string) => {
    const whole = join(folder, path);
    return isAbsolute(whole) || whole.startsWith("../") ? whole : `./${whole}`;
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
  const oneOrMore = (value: unknown, change: (one: unknown) => unknown) =>
    Array.isArray(value) ? value.map(change) : change(value);
  const context = (one: unknown) => (typeof one === "string" && isLocalContext(one) ? moved(one) : one);
  const contexts = (value: unknown) =>
    Array.isArray(value)
      ? value.map((one) => {
        const [name = "", ...path] = String(one).split("=");
        return path.length > 0 ? `${name}=${context(path.join("="))}` : one;
      })
      : isMap(value)
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, context(one)]))
      : value;
  const build = (value: unknown) => {
    if (!isMap(value)) return context(value);
    const { additional_contexts: more } = value;
    return {
      ...value,
      context: context(value.context ?? "."),
      ...(more === undefined ? {} : { additional_contexts: contexts(more) }),
    };
  };
  const watch = (value: unknown) => {
    if (!isMap(value) || !Array.isArray(value.watch)) return value;
    return { ...value, watch: value.watch.map((one) => isMap(one) ? { ...one, path: moved(one.path) } : one) };
  };
  const changes: Record<string, (value: unknown) => unknown> = {
    volumes: (value) => Array.isArray(value) ? value.map(mount) : value,
    env_file: (value) => oneOrMore(value, envFile),
    label_file: (value) => oneOrMore(value, moved),
    build,
    develop: watch,
  };
  const service = (body: unknown) => {
    if (!isMap(body)) return body;
    const own = Object.entries(changes).filter(([key]) => body[key] !== undefined);
    return { ...body, ...Object.fromEntries(own.map(([key, change]) => [key, change(body[key])])) };
  };
  const volume = (one: unknown) => {
    const opts = isMap(one) ? one.driver_opts : undefined;
    if (!isMap(one) || !isMap(opts) || !/(^|,)r?bind(,|$)/.test(String(opts.o ?? ""))) return one;
    return { ...one, driver_opts: { ...opts, device: moved(opts.device) } };
  };
  const each = (key: string, change: (one: unknown) => unknown) =>
    isMap(data[key])
      ? { [key]: Object.fromEntries(Object.entries(mapAt(data, key)).map(([name, one]) => [name, change(one)])) }
      : {};
  const file = (one: unknown) => (isMap(one) && one.file !== undefined ? { ...one, file: moved(one.file) } : one);
  return {
    ...data,
    ...each("services", service),
    ...each("configs", file),
    ...each("secrets", file),
    ...each("volumes", volume),
  };
}

/**
 * Whether a build context is a folder of the host: not a URL, a Git repository, or another service
 * (compose-go, paths/context.go).
 */
export function isLocalContext(context: string): boolean {
  return !/^(https?|git|ssh|docker-image|oci-layout):|:\/\/|^service:|^github\.com\/|^git@|\.git(#|$)/.test(context);
}
