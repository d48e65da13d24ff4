// Saved hosts, parsed once per run.
import { parseHost } from "../lib/host/parse.mts";
import type { Host } from "../lib/host/types.mts";
import { own } from "./fake.mts";

const parsed = new Map<string, Host>();

/** The saved host of this name in test/hosts: a copy that the test may change. */
export function savedHost(name: string): Host {
  if (!parsed.has(name)) parsed.set(name, parseHost(own(`test/hosts/${name}.txt`)));
  return structuredClone(parsed.get(name)!);
}
