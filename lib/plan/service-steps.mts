/** The files and steps that start the services of a machine: the inline ones and its stacks. */
import { type Lab, type LabMachine, validProof } from "../host/lab.mts";
import { driverState } from "../resolve/partition.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { composePath, projectsOf, servicesOf, stacksOf } from "./machine-services.mts";
import { projectHashes, servicesHash } from "./proof.mts";
import { copySteps, dropStep, inlineProject, projectFiles, startStep } from "./stacks.mts";
import type { File, Step } from "./types.mts";
import { runAsRoot, ssh } from "./vm-steps.mts";

/** What this run does to the VM before it starts the services. */
export interface VmChange {
  /** It creates the VM. */
  creates: boolean;
  /** It creates, starts or restarts the VM. */
  boots: boolean;
  /** It fetches newer images. */
  pull: boolean;
}

/**
 * The files and steps of a machine that is not proven. Projects that are proven and unchanged get no
 * steps; the proof that follows finds out if one of them no longer runs.
 */
export function serviceSteps(
  machine: ResolvedMachine,
  config: Resolved,
  lab: Lab,
  { creates, boots, pull }: VmChange,
): { files: File[]; steps: Step[] } {
  const existing = lab.machines[machine.name]!;
  const { name } = machine;
  const away = config.otherHost !== undefined;
  const applied = boots || pull ? {} : appliedProjects(machine, existing);
  const hashes = projectHashes(machine, config);
  const knows = Object.keys(applied).length > 0;
  const isApplied = (project: string) => knows && applied[project] === hashes[project];
  const newer = pull ? ["PULL=yes"] : [];
  const files: File[] = [];
  const steps: Step[] = [];
  const [inline] = projectsOf(machine, config).filter((project) => project.name === inlineProject);
  if (inline) {
    const copy = copySteps(inline, lab, existing, { whole: true, away, ssh: ssh(name) });
    files.push(...projectFiles(inline), ...copy.files);
    if (!isApplied(inlineProject)) steps.push(...copy.steps);
  }
  const hasServices = servicesOf(machine, config).length > 0;
  const hadServices = existing.proof !== undefined && existing.proof.services !== servicesHash(machine, config);
  if ((hasServices || hadServices) && !isApplied(inlineProject)) {
    steps.push(
      {
        title: `Copy the Compose file to ${name}`,
        minor: true,
        command: [
          ...ssh(name),
          "sudo mkdir -p /opt/homelab-gpu && sudo tee /opt/homelab-gpu/compose.new.yaml >/dev/null",
        ],
        input: composePath(machine),
      },
      {
        title: pull ? `Pull newer images and start the services of ${name}` : `Start the services of ${name}`,
        command: [...ssh(name), runAsRoot(machine, ...newer)],
        input: "scripts/apply-services.sh",
      },
    );
  }
  const stacks = stacksOf(machine, config);
  const names = stacks.map((one) => one.name);
  const known = Object.keys({ ...existing.copies?.stacks, ...applied }).filter((one) => one !== inlineProject);
  const mayHaveOthers = !knows || known.some((one) => !names.includes(one));
  if (mayHaveOthers && names.length + known.length > 0) {
    steps.push(dropStep(name, names, ssh(name), runAsRoot(machine)));
  }
  for (const project of stacks) {
    const copy = copySteps(project, lab, existing, { whole: creates, away, ssh: ssh(name) });
    files.push(...projectFiles(project), ...copy.files);
    if (isApplied(project.name)) continue;
    steps.push(...copy.steps, startStep(project, ssh(name), runAsRoot(machine, ...newer)));
  }
  return { files, steps };
}

/** The hashes of the projects that were proven since the VM booted, by name. */
function appliedProjects(machine: ResolvedMachine, existing: LabMachine): Record<string, string> {
  const proof = validProof(existing);
  return proof && proof.driver === driverState(machine) ? proof.projects ?? {} : {};
}
