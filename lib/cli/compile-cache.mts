/**
 * Has Node 22.8 and later keep what they compile from here on, which halves the time to a doctor's
 * verdict; to be imported before all else. Node's own place for it is one folder for all users of a
 * machine; and what sudo would leave in a user's cache, that user could not write to.
 */
import * as module from "node:module";
import { isAbsolute } from "node:path";
import process from "node:process";

const { enableCompileCache } = module as { enableCompileCache?: (folder: string) => void };
const { XDG_CACHE_HOME, HOME, SUDO_UID } = process.env;
const cache = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
// a relative path counts for nothing there (XDG Base Directory Specification)
if (cache && isAbsolute(cache) && SUDO_UID === undefined) enableCompileCache?.(`${cache}/homelab-gpu/compiled`);
