/** The inline services and the stacks that run in a machine. */
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { composeFile } from "../compose/render.mts";
import { guestEngineOf } from "../resolve/guest-engine.mts";
import type { Project } from "../compose/project.mts";
import { inlineProject } from "./stacks.mts";

/** The inline services of a machine. */
export function servicesOf(machine: ResolvedMachine, config: Resolved) {
  return config.services.filter((service) => service.machine === machine.name);
}

/** What is copied into a machine: its stacks, and the files of its inline services. */
export function projectsOf(machine: ResolvedMachine, config: Resolved): Project[] {
  return (config.stacks ?? []).filter((project) => project.machine === machine.name);
}

/** The stacks of a machine. */
export function stacksOf(machine: ResolvedMachine, config: Resolved): Project[] {
  return projectsOf(machine, config).filter(({ name }) => name !== inlineProject);
}

/** The path of a machine's Compose file in the lab's folder. */
export function composePath({ name }: ResolvedMachine): string {
  return `compose/${name}.yaml`;
}

/** The text of a machine's Compose file. */
export function composeText(machine: ResolvedMachine, config: Resolved): string {
  return composeFile(servicesOf(machine, config), guestEngineOf(machine, config));
}
