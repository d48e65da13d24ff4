#!/usr/bin/env zx
// Passes the GPU of this workstation to a container inside a VM, or says why it can't: npx zx homelab-gpu.mts up
import { existsSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import "./lib/run/shell/runtime.mts";
import "./lib/cli/compile-cache.mts";
import "./lib/cli/early-programs.mts";
import "./lib/cli/quick.mts";

/** The words behind this script's name, whoever started it (zx, node, tsx, deno), and by whatever link. */
function words(): string[] {
  const own = fileURLToPath(import.meta.url);
  const isOwn = (word: string) => basename(word) === basename(own) || (existsSync(word) && realpathSync(word) === own);
  const at = process.argv.findIndex(isOwn);
  // another script may import this one
  return process.argv.slice(at < 0 ? 2 : at + 1);
}

const { main } = await import("./lib/cli/main.mts");
process.exitCode = await main(words());
