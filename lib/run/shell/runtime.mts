/**
 * Refuses a runtime that cannot run this program, in place of an error from inside it; must be imported first. It
 * loads nothing else, since an old runtime may lack what other modules import.
 */
import process from "node:process";

/** The oldest Node.js that runs this program, as in `engines` of package.json. */
export const oldestNode = [20, 11] as const;

/** What Deno says about its permissions and its terminal. */
export interface DenoAccess {
  permissions: { querySync(permission: { name: "env" }): { state: string } };
  stdin: { isTerminal(): boolean };
}

/**
 * What is wrong with a runtime; undefined if nothing is. `node` is its version of Node.js, such as `20.11.0`. On a
 * terminal Deno asks for each permission that it was not given.
 */
export function unfitRuntime(node: string, deno?: DenoAccess): string | undefined {
  if (deno) {
    const { state } = deno.permissions.querySync({ name: "env" });
    if (state === "granted" || (state === "prompt" && deno.stdin.isTerminal())) return undefined;
    return "Deno gives this program no access to this host: start it with deno run -A";
  }
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const [least, leastMinor] = oldestNode;
  if (major > least || (major === least && minor >= leastMinor)) return undefined;
  return `this is Node.js ${node}: install ${least}.${leastMinor} or later from https://nodejs.org/en/download`;
}

const flaw = unfitRuntime(process.versions.node, (globalThis as { Deno?: DenoAccess }).Deno);
if (flaw !== undefined) {
  process.stderr.write(`homelab-gpu: ${flaw}\n`);
  process.exit(2);
}
