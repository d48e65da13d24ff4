/**
 * Starts the logins of `status` before the packages and the commands are loaded: a login takes longer than
 * all the rest. Must be imported first. `status` takes each login whose command is the one that it would
 * run; the others end unused.
 */
import { basename, dirname, resolve } from "node:path";
import process from "node:process";
import { firstThere, ownFiles, startEarly } from "../run/shell/early.mts";
import { configPaths } from "./config-paths.mts";
import { questionTo } from "./login.mts";

const at = process.argv.findIndex((word) => /^homelab-gpu(\.m[tj]s)?$/.test(basename(word)));
const words = at < 0 ? [] : process.argv.slice(at + 1);
const known = ["status", "--json", "--no-gpu", "--no-color"];
if (words.includes("status") && words.every((word) => known.includes(word)) && !("Deno" in globalThis)) {
  const config = firstThere(configPaths());
  const folder = config && `${dirname(resolve(config))}/.homelab-gpu`;
  if (folder) { for (const name of ownFiles(folder, "ssh")) startEarly(questionTo(name), folder); }
}
