#!/usr/bin/env node
// What npm and npx start: the one-file build in an installed package, else the script of this checkout.
import process from "node:process";
import { fileURLToPath } from "node:url";

const isInstalled = /[\\/]node_modules[\\/]/.test(fileURLToPath(import.meta.url));
const script = new URL(isInstalled ? "../dist/homelab-gpu.mjs" : "../homelab-gpu.mts", import.meta.url);
// the script's words are those after its own path, and its messages name the command that was typed
process.argv[1] = fileURLToPath(script);
process.env.HOMELAB_GPU_COMMAND ||= process.env.npm_command === "exec" ? "npx homelab-gpu" : "homelab-gpu";
const knowsTypes = isInstalled || process.features.typescript || "Deno" in globalThis;
if (!knowsTypes) (await import("tsx/esm/api")).register();
await import(script);
