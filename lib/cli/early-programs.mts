/**
 * Starts the programs that a command needs first before the packages and the commands are loaded: the logins
 * of `status`, which take longer than all the rest, and the shell of the probe, for which zx would be loaded.
 * Must be imported first. A command takes each program whose command is the one that it would run; the
 * others end unused.
 */
import { basename, dirname, resolve } from "node:path";
import process from "node:process";
import { firstThere, ownFiles, startEarly } from "../run/shell/early.mts";
import { configPaths } from "./config-paths.mts";
import { questionTo } from "./login.mts";

const at = process.argv.findIndex((word) => /^homelab-gpu(\.m[tj]s)?$/.test(basename(word)));
const words = at < 0 || "Deno" in globalThis ? [] : process.argv.slice(at + 1);
const isOnly = (command: string, options: string[]) =>
  words.includes(command) && words.every((word) => word === command || options.includes(word));
if (isOnly("status", ["--json", "--no-gpu", "--no-color"])) {
  const config = firstThere(configPaths());
  const folder = config && `${dirname(resolve(config))}/.homelab-gpu`;
  if (folder) { for (const name of ownFiles(folder, "ssh")) startEarly(questionTo(name), folder); }
}
if (
  process.platform === "linux" &&
  ["doctor", "up"].some((command) =>
    isOnly(command, ["--json", "--no-gpu", "--no-color", "-v", "--verbose", "-q", "--quiet", "--yes"])
  )
) startEarly(["sh", "-s"], process.cwd());
