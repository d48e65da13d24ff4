#!/usr/bin/env zx
// Hands the GPU of this workstation to a container inside a VM, or says why it can't: npx zx homelab-gpu.mts up
import { existsSync, realpathSync } from "node:fs";
import * as module from "node:module";
import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The words behind this script's name, whoever started it (zx, node, tsx, deno), and by whatever link. */
function words(): string[] {
  const own = fileURLToPath(import.meta.url);
  const isOwn = (word: string) => basename(word) === basename(own) || (existsSync(word) && realpathSync(word) === own);
  return process.argv.slice(process.argv.findIndex(isOwn) + 1);
}

/**
 * Node 22.8 and later keep what they compiled, which halves the time to a doctor's verdict. Their own place for it is one folder for all
 * users of a machine; and what sudo would leave in a user's cache, that user could not write to.
 */
function keepCompiled(): void {
  const { XDG_CACHE_HOME, HOME, SUDO_UID } = process.env;
  const cache = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
  const { enableCompileCache } = module as { enableCompileCache?: (folder: string) => void };
  if (cache && SUDO_UID === undefined) enableCompileCache?.(`${cache}/homelab-gpu/compiled`);
}

keepCompiled();
const { main } = await import("./lib/main.mts");
process.exitCode = await main(words());
