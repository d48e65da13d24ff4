import { isAbsolute } from "node:path";
import process from "node:process";

/**
 * The folder for compiled code, from the environment. Node's default folder is shared by all users
 * of a machine, so another one is used. Undefined under sudo: that user could not write to the
 * files that root leaves there.
 */
export function compiledFolder(): string | undefined {
  const { XDG_CACHE_HOME, HOME, SUDO_UID, NODE_DISABLE_COMPILE_CACHE } = process.env;
  const cache = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
  // a relative path is to be ignored (XDG Base Directory Specification)
  const usable = cache && isAbsolute(cache) && SUDO_UID === undefined && !NODE_DISABLE_COMPILE_CACHE;
  return usable ? `${cache}/homelab-gpu/compiled` : undefined;
}
