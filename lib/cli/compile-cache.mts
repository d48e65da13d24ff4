/**
 * Turns on Node's compile cache (22.8 and later), which halves the time of `doctor`; must be imported
 * first. Node's default folder for it is shared by all users of a machine, so another one is used.
 * Under sudo it is off: that user could not write to the files that root leaves there.
 */
import * as module from "node:module";
import { isAbsolute } from "node:path";
import process from "node:process";

const { enableCompileCache } = module as { enableCompileCache?: (folder: string) => void };
const { XDG_CACHE_HOME, HOME, SUDO_UID } = process.env;
const cache = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
// a relative path is to be ignored (XDG Base Directory Specification)
if (cache && isAbsolute(cache) && SUDO_UID === undefined) enableCompileCache?.(`${cache}/homelab-gpu/compiled`);
