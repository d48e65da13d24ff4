/** The step that verifies a machine, and whether an earlier proof is still valid. */
import { createHash } from "node:crypto";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { Step } from "./types.mts";
import { driverState, partitionRequest } from "../resolve/partition.mts";
import { type LabMachine, validProof } from "../host/lab.mts";
import { projectDigest } from "../compose/project.mts";
import { gpusOf } from "../compose/gpu-requests.mts";
import { isEnabled } from "../compose/enabled.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { graphicsOf } from "../resolve/graphics.mts";
import { runAsRoot, ssh } from "./vm-steps.mts";
import { composeText, projectsOf, servicesOf, stacksOf } from "./machine-services.mts";
import { inlineProject, projectFiles } from "./stacks.mts";

/** Seconds within which a machine's services must run. */
const servicesTimeout = { kvm: 60, tcg: 240 } as const;

/** The step that verifies a machine: the last one of `up`, and the only one of `verify`. */
export function proofOf(machine: ResolvedMachine, config: Resolved): Step {
  const services = servicesOf(machine, config).filter(isEnabled).map((service) => {
    const gpus = gpusOf(service);
    return gpus === undefined ? service.name : `${service.name}=${gpus}`;
  });
  // the guest's own Compose reports the services of a stack
  const stacks = stacksOf(machine, config).map(({ name }) => `${name}/`);
  // the layers of a vendor are checked only if the machine has such a card
  const graphics = graphicsOf(machine);
  const nvidia = machine.gpus.some(isNvidiaRequest)
    ? ["NVIDIA=yes", ...(partitionRequest(machine) ? ["PART=yes"] : [])]
    : [];
  return {
    title: `Prove ${machine.name}`,
    command: [
      ...ssh(machine.name),
      `${runAsRoot(machine, ...nvidia, ...(graphics.length > 0 ? [`GRAPHICS=${graphics.join(",")}`] : []))} -- ${
        [servicesTimeout[machine.accelerator], ...services, ...stacks].join(" ")
      }`,
    ],
    input: "scripts/verify-guest.sh",
    output: `verify/${machine.name}.txt`,
    proves: machine.name,
  };
}

/**
 * SHA-256 of a machine's Compose file, of its stacks, and of its address in the LAN. It shows whether
 * they changed since they were applied.
 */
export function servicesHash(machine: ResolvedMachine, config: Resolved): string {
  const hash = createHash("sha256").update(composeText(machine, config));
  for (const project of projectsOf(machine, config)) hash.update(`${project.name} ${projectDigest(project)}\n`);
  const { lan, address, gateway } = machine.network ?? {};
  if (lan !== undefined) hash.update(`network ${lan} ${address} ${gateway}\n`);
  return hash.digest("hex");
}

/** Whether a machine was proven since it booted, and nothing in the proof has changed since. */
export function isProven(machine: ResolvedMachine, config: Resolved, there: LabMachine): boolean {
  const proof = validProof(there);
  return proof !== undefined && proof.services === servicesHash(machine, config) &&
    proof.driver === driverState(machine);
}

/**
 * SHA-256 of all texts that a machine's Compose projects are started from, by the name of the project:
 * the Compose file of the inline services, and the files that are written for each stack. Unlike
 * {@link servicesHash}, it needs the GPU files, which are known once Compose has read the stacks.
 */
export function projectHashes(machine: ResolvedMachine, config: Resolved): Record<string, string> {
  const hasServices = servicesOf(machine, config).length > 0;
  const texts = new Map(hasServices ? [[inlineProject, [composeText(machine, config)]]] : []);
  for (const project of projectsOf(machine, config)) {
    const own = projectFiles(project).map(({ text }) => text);
    texts.set(project.name, [...(texts.get(project.name) ?? []), ...own]);
  }
  const hashOf = (all: string[]) => createHash("sha256").update(JSON.stringify(all)).digest("hex");
  return Object.fromEntries([...texts].map(([name, all]) => [name, hashOf(all)]));
}
