import type { Check } from "../findings.mts";
import { installs, toolsFor } from "../tools.mts";

export const toolChecks: Check[] = [
  {
    id: "tools.present",
    about: "the programs that build and run the machines",
    why: "each step of up runs one of them",
    confirm: "npx zx homelab-gpu.mts doctor tools.present",
    look(host, { machines }) {
      const needed = [...new Set(machines.flatMap((machine) => toolsFor(machine, host)))];
      if (!host.programs) {
        return [{
          status: "unknown",
          says: "programs were not looked for: this is another machine's tree",
          evidence: [],
        }];
      }
      if (needed.length === 0) return [];
      const missing = needed.filter((tool) => tool.there(host) === false);
      const unseen = needed.filter((tool) => tool.there(host) === undefined);
      if (missing.length === 0 && unseen.length > 0) {
        const names = unseen.map(({ name }) => name).join(", ");
        return [{ status: "unknown", says: `whether ${names} is there could not be seen`, evidence: [] }];
      }
      if (missing.length === 0) {
        const versions = Object.entries(host.versions).filter(([name]) => needed.some((tool) => tool.name === name));
        return [{
          status: "pass",
          says: `${needed.map(({ name }) => name).join(", ")}: all there`,
          evidence: versions.map(([name, value]) => ({ read: `${name} version`, value })),
        }];
      }
      return [{
        status: "fail",
        says: `missing: ${missing.map((tool) => `${tool.name} (${tool.for})`).join(", ")}`,
        evidence: missing.map(({ name }) => ({ read: `${name} in PATH`, value: "not found" })),
        fix: installs(missing, host),
      }];
    },
  },
];
