import { createHash } from "node:crypto";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { Host } from "../host/types.mts";
import type { File, Plan, Step } from "./types.mts";
import { type Box, boxOf, buildSteps, type Texts } from "./box.mts";
import { composeFile } from "../compose/render.mts";
import { driverState, partitionRequest } from "../resolve/partition.mts";
import { guestEngineOf } from "../resolve/guest-engine.mts";
import type { Lab, LabMachine } from "../host/lab.mts";
import { inQueue, uniqueSteps } from "./stages.mts";
import { outdated, outdatedUnasked, unresolved } from "./outdated.mts";
import { engineSource } from "../resolve/engine.mts";
import { isOwn, providerOf } from "../resolve/providers.mts";
import { joinBlocks, nothing, render, Rendered } from "../render.mts";
import { type Project, projectDigest } from "../compose/project.mts";
import { copySteps, dropStep, inlineProject, projectFiles, startStep } from "./stacks.mts";
import { gpusOf } from "../compose/gpu-requests.mts";
import { isEnabled } from "../compose/enabled.mts";
import { powershellScript } from "../host/windows.mts";
import { isNvidiaRequest } from "../host/vendors.mts";

/** Scripts that the steps run; they go into the lab's folder, so that a person can run each step by hand. */
const scripts = [
  "get-image.sh",
  "make-image.sh",
  "make-seed.sh",
  "add-box.sh",
  "remove-vm.sh",
  "grow-disk.sh",
  "grow-root.sh",
  "box-volumes.sh",
  "apply-services.sh",
  "apply-stack.sh",
  "verify-guest.sh",
];

/** Scripts that copy the host's driver to a guest with a part of its card. */
const driverScripts = ["copy-driver.ps1", "receive-driver.sh"];

/** Seconds until a machine must answer over SSH, and until its services must run. */
const patience = { kvm: { boot: 300, services: 60 }, tcg: { boot: 1800, services: 240 } } as const;

/** Options of a plan. */
interface PlanOptions {
  /**
   * Recreates VMs that cannot be changed in place. Without it such a VM is a failed finding, and
   * the plan must not be run.
   */
  recreate: boolean;
  /** The machines that are brought up; the files are always those of all of them. Default: all. */
  names?: string[];
}

/** Everything `up` has to do to bring the machines to what the config says, given what there is. Pure; runs nothing. */
export function makePlan(
  config: Resolved,
  host: Host,
  lab: Lab,
  texts: Texts,
  wish: PlanOptions = { recreate: false },
): Plan {
  const { recreate, names } = wish;
  const boxes = new Map<string, Box>();
  for (const machine of config.machines) {
    const box = boxes.has(boxKey(machine))
      ? undefined
      : boxOf(machine, host, texts, lab.folder, engineSource(machine, config));
    if (box) boxes.set(boxKey(machine), box);
  }
  const chosen = config.machines.filter(({ name }) => names?.includes(name) ?? true);
  const work = chosen.map((machine) => ({
    machine,
    ...workOn(machine, config, host, lab, boxes.get(boxKey(machine)), recreate),
  }));
  const missing = [...boxes.values()].filter((box) =>
    work.some(({ machine, creates }) => creates && boxes.get(boxKey(machine)) === box && !hasHardware(lab, box))
  );
  return {
    files: [
      { path: ".gitignore", text: "*\n" },
      { path: "Vagrantfile", text: vagrantfile(config, host, lab, boxes, texts) },
      ...(takesHyperv(config, lab) ? ["hyperv_gpu.rb", "hyperv_gpu.ps1"] : []).map((path): File => ({
        path,
        text: texts[`templates/${path}`]!,
      })),
      ...config.machines.map((machine) => ({ path: composePath(machine), text: composeText(machine, config) })),
      ...[...boxes.values()].flatMap(({ files }) => files),
      ...chosen.flatMap(({ name }): File[] => {
        const { missingVagrantId } = lab.machines[name]!;
        return missingVagrantId ? [{ path: `.vagrant/machines/${name}/libvirt/id`, text: missingVagrantId }] : [];
      }),
      ...work.flatMap(({ files }) => files),
      ...[...scripts, ...(config.machines.some(partitionRequest) ? driverScripts : [])].map((name): File => ({
        path: `scripts/${name}`,
        text: texts[`scripts/${name}`]!,
      })),
    ],
    steps: [
      ...buildSteps(missing, host),
      ...uniqueSteps(work.flatMap(({ before }) => before)),
      ...boots(work),
      ...work.flatMap(({ machine, after }) => inQueue(machine.name, after)),
    ],
    replaces: work.flatMap(({ machine, replaces }) => (replaces ? [machine.name] : [])),
    findings: work.flatMap(({ findings }) => findings),
  };
}

/** The steps that prove a machine: what `up` ends with, and all that `verify` does. */
export function proofOf(machine: ResolvedMachine, config: Resolved): Step {
  const services = servicesOf(machine, config).filter(isEnabled).map((service) => {
    const gpus = gpusOf(service);
    return gpus === undefined ? service.name : `${service.name}=${gpus}`;
  });
  // of a stack the guest's own Compose says which services it has
  const stacks = stacksOf(machine, config).map(({ name }) => `${name}/`);
  // the NVIDIA layers are checked only where there is such a card
  const nvidia = machine.gpus.some(isNvidiaRequest)
    ? ["NVIDIA=yes", ...(partitionRequest(machine) ? ["PART=yes"] : [])]
    : [];
  return {
    title: `Prove ${machine.name}`,
    command: [
      ...ssh(machine.name),
      `${runAsRoot(machine, ...nvidia)} -- ${
        [patience[machine.accelerator].services, ...services, ...stacks].join(" ")
      }`,
    ],
    input: "scripts/verify-guest.sh",
    output: `verify/${machine.name}.txt`,
    proves: machine.name,
  };
}

/**
 * SHA-256 of a machine's Compose file and of its stacks: it shows whether they changed since they
 * were applied.
 */
export function servicesHash(machine: ResolvedMachine, config: Resolved): string {
  const hash = createHash("sha256").update(composeText(machine, config));
  for (const project of projectsOf(machine, config)) hash.update(`${project.name} ${projectDigest(project)}\n`);
  return hash.digest("hex");
}

/** Whether a machine was proven since it booted, and nothing that was proven has changed since. */
export function isProven(machine: ResolvedMachine, config: Resolved, there: LabMachine): boolean {
  const { state, bootId, proof } = there;
  return state === "running" && proof !== undefined && proof.bootId === bootId &&
    proof.services === servicesHash(machine, config) && proof.driver === driverState(machine);
}

/** The start of an SSH command to a machine, by the SSH configuration that Vagrant wrote for it. */
export function ssh(name: string): string[] {
  return ["ssh", "-F", `ssh/${name}`, name];
}

/**
 * The step that removes a machine's VM and its files. Only libvirt keeps more than Vagrant knows
 * about.
 */
export function removal(
  name: string,
  { domain, provider = "libvirt" }: Pick<LabMachine, "domain" | "provider">,
  title: string,
): Step {
  return provider === "libvirt" ? { title, command: ["sh", "scripts/remove-vm.sh", name, domain], env: vagrantEnv } : {
    title,
    command: ["vagrant", "destroy", "-f", name],
    env: vagrantEnv,
    removes: [`ssh/${name}`, `verify/${name}.txt`, `.vagrant/machines/${name}`],
  };
}

/**
 * The step that returns a card to a Windows host that a machine's VM has no longer, because the VM is gone or a run was cut off. It
 * does nothing where the host has the card.
 */
export function returnCard(name: string): Step {
  return {
    title: `Return the card of ${name} to the host`,
    command: powershellScript("-File", "hyperv_gpu.ps1", "back", "-Record", `cards/${name}.txt`),
  };
}

/** Without it Vagrant checks for a newer version at every start. */
export const vagrantEnv = { VAGRANT_CHECKPOINT_DISABLE: "1" };

/**
 * Starts VMs, all of one provider with one command: Vagrant boots them in parallel where the
 * provider can.
 */
function boots(work: { machine: ResolvedMachine; creates: boolean; starts: boolean }[]): Step[] {
  const starting = work.filter(({ starts }) => starts);
  return [...new Set(starting.map(({ machine }) => machine.provider))].map((provider) => {
    const of = starting.filter(({ machine }) => machine.provider === provider);
    const names = of.map(({ machine }) => machine.name);
    const made = of.filter(({ creates }) => creates).length;
    const verb = made === of.length ? "Make" : made === 0 ? "Start" : "Make or start";
    return {
      title: `${verb} the VM${names.length > 1 ? "s" : ""} ${names.join(", ")}`,
      command: ["vagrant", "up", ...names, `--provider=${provider}`],
      env: vagrantEnv,
    };
  });
}

/** The steps for a machine before and after its VM boots, and whether it is created or started. */
function workOn(
  machine: ResolvedMachine,
  config: Resolved,
  host: Host,
  lab: Lab,
  box: Box | undefined,
  recreate: boolean,
) {
  const there = lab.machines[machine.name]!;
  const { name } = machine;
  const unknown = unresolved(machine, host);
  const nothing = { creates: false, starts: false, replaces: false, before: [], after: [], files: [] };
  if (unknown.length > 0) return { ...nothing, findings: unknown };
  if (there.state === "unknown") return { ...nothing, findings: [outdatedUnasked(machine, lab)] };
  const stale = outdated(machine, host, there, box);
  if (stale && !recreate) return { ...nothing, findings: [stale] };
  const creates = stale !== undefined || there.state === "absent" || there.state === "half-made";

  const before: Step[] = [];
  const after: Step[] = [];
  const files: File[] = [];
  if (stale) before.push(removal(name, there, `Remove the old VM ${name}`));
  if (there.state === "half-made") {
    before.push(removal(name, there, `Remove the VM ${name}, which an earlier run left half made`));
  }
  if (creates && there.cardTaken) before.push(returnCard(name));
  const resized = !creates &&
    ((there.cpus ?? machine.cpus) !== machine.cpus || (there.memory ?? machine.memory) !== machine.memory);
  const starts = creates || there.state !== "running";
  if (creates && machine.provider === "libvirt") {
    before.push({
      title: `Check libvirt's copies of the box ${machine.box}`,
      command: ["sh", "scripts/box-volumes.sh", "check", machine.box],
    });
  }
  if (resized && !starts) {
    after.push({
      title: `Restart the VM ${name} with ${machine.cpus} CPUs and ${machine.memory} MiB`,
      command: ["vagrant", "reload", name],
      env: vagrantEnv,
    });
  }
  if (starts || resized || there.address === undefined || there.savedAddress !== undefined) {
    after.push({
      title: `Save the SSH config of ${name}`,
      command: ["vagrant", "ssh-config", name],
      env: vagrantEnv,
      output: `ssh/${name}`,
    });
  }
  after.push(...autostartSteps(machine, there));
  const hash = servicesHash(machine, config);
  const proven = !starts && !resized && isProven(machine, config, there);
  // an unproven machine may have a larger disk whose room its file system lacks
  if (!proven || there.disk !== machine.disk) after.push(...diskSteps(machine, there));
  if (!proven) {
    after.push(...bringDriver(machine));
    const count = servicesOf(machine, config).length;
    const projects = projectsOf(machine, config);
    for (const project of projects) {
      const copy = copySteps(project, lab, there, creates || project.name === inlineProject, ssh(name));
      files.push(...projectFiles(project), ...copy.files);
      if (project.name === inlineProject) after.push(...copy.steps);
    }
    if (count > 0 || (there.proof && there.proof.services !== hash)) {
      after.push(
        {
          title: `Copy the Compose file to ${name}`,
          command: [
            ...ssh(name),
            "sudo mkdir -p /opt/homelab-gpu && sudo tee /opt/homelab-gpu/compose.new.yaml >/dev/null",
          ],
          input: composePath(machine),
        },
        {
          title: `Start the services of ${name}`,
          command: [...ssh(name), runAsRoot(machine)],
          input: "scripts/apply-services.sh",
        },
      );
    }
    const stacks = stacksOf(machine, config);
    if (stacks.length > 0 || Object.keys(there.copies?.stacks ?? {}).length > 0) {
      after.push(dropStep(name, stacks.map((one) => one.name), ssh(name), runAsRoot(machine)));
    }
    for (const project of stacks) {
      after.push(...copySteps(project, lab, there, creates, ssh(name)).steps);
      after.push(startStep(project, ssh(name), runAsRoot(machine)));
    }
    after.push(proofOf(machine, config));
  }
  return { creates, starts, replaces: stale !== undefined, before, after, files, findings: [] };
}

/** The step that makes a VM start with the host, or no longer; Vagrant sets that only when it starts the VM. */
function autostartSteps({ name, provider, autostart = false }: ResolvedMachine, there: LabMachine): Step[] {
  if (provider !== "libvirt" || (there.autostart ?? false) === autostart) return [];
  const command = autostart
    ? `net-autostart vagrant-libvirt; autostart ${there.domain}`
    : `autostart --disable ${there.domain}`;
  return [{
    title: autostart ? `Let ${name} start with this host` : `Let ${name} no longer start with this host`,
    command: ["virsh", "-q", "-c", "qemu:///system", command],
  }];
}

/** The steps that make the system disk as large as the config says, and give the room to the root file system. */
function diskSteps({ name, provider, disk }: ResolvedMachine, { domain }: LabMachine): Step[] {
  if (disk === undefined || provider !== "libvirt") return [];
  const size = disk / 1024;
  return [
    { title: `Make the disk of ${name} ${size} GiB`, command: ["sh", "scripts/grow-disk.sh", domain, String(size)] },
    { title: `Grow the file system of ${name}`, command: [...ssh(name), "sudo sh -s"], input: "scripts/grow-root.sh" },
  ];
}

/** Steps that compare the host's driver with the guest's copy, and copy it if they differ. */
function bringDriver(machine: ResolvedMachine): Step[] {
  const wish = partitionRequest(machine);
  if (!wish) return [];
  const { name } = machine;
  return [
    {
      title: `Compare the GPU driver of ${name} with the host's`,
      command: powershellScript(
        ...["-File", "scripts/copy-driver.ps1", name, wish.vendorId],
        ...(wish.deviceId ? [wish.deviceId] : []),
      ),
    },
    {
      title: `Set up the GPU driver in ${name}`,
      command: [...ssh(name), "sudo sh -s"],
      input: "scripts/receive-driver.sh",
    },
  ];
}

/** The command that runs a script from its standard input in a machine, as root; the settings are `NAME=VALUE`. */
function runAsRoot({ engine }: ResolvedMachine, ...settings: string[]): string {
  const all = [...(engine === "docker" ? [] : [`ENGINE=${engine}`]), ...settings];
  return `sudo ${all.length > 0 ? `env ${all.join(" ")} ` : ""}sh -s`;
}

/** A box of one name exists once per provider. */
const boxKey = ({ box, provider }: ResolvedMachine) => `${provider} ${box}`;

function hasHardware(lab: Lab, box: Box): boolean {
  return (lab.boxes[box.name] ?? []).some((version) => version.startsWith(`${box.version}.`));
}

function vagrantfile(config: Resolved, host: Host, lab: Lab, boxes: Map<string, Box>, texts: Texts): string {
  const machines = config.machines.filter(({ provider }) => isOwn(provider)).map((machine): Rendered => {
    const provider = providerOf(machine.provider);
    const box = boxes.get(boxKey(machine));
    return render(texts["templates/machine.rb"]!, {
      name: machine.name,
      box: machine.box,
      version: box ? render("m.vm.box_version = {{version}}", { version: `~> ${box.version}.0` }) : nothing,
      boot_timeout: patience[machine.accelerator].boot,
      provider: render(texts[`templates/${provider.template}`]!, provider.values(machine, host, lab.prefix)),
    });
  });
  // Vagrant shuts down and removes only what the Vagrantfile names
  const orphans = Object.keys(lab.orphans).map((name) => render("config.vm.define {{name}}", { name }));
  const requires = takesHyperv(config, lab) ? new Rendered('require_relative "hyperv_gpu"\n') : nothing;
  return `${
    render(texts["templates/Vagrantfile"]!, { requires, machines: joinBlocks([...machines, ...orphans], "\n\n") }).text
  }\n`;
}

/** Whether any Hyper-V VM gets a card or has one, which needs more than Vagrant's provider can do. */
function takesHyperv({ machines }: Resolved, lab: Lab): boolean {
  return machines.some(({ provider, gpus }) => provider === "hyperv" && gpus.length > 0) ||
    Object.values({ ...lab.machines, ...lab.orphans }).some(({ cardTaken }) => cardTaken);
}

function servicesOf(machine: ResolvedMachine, config: Resolved) {
  return config.services.filter((service) => service.machine === machine.name);
}

/** What is copied into a machine: its stacks, and what its inline services need. */
function projectsOf(machine: ResolvedMachine, config: Resolved): Project[] {
  return (config.stacks ?? []).filter((project) => project.machine === machine.name);
}

/** The stacks of a machine. */
export function stacksOf(machine: ResolvedMachine, config: Resolved): Project[] {
  return projectsOf(machine, config).filter(({ name }) => name !== inlineProject);
}

function composePath({ name }: ResolvedMachine): string {
  return `compose/${name}.yaml`;
}

function composeText(machine: ResolvedMachine, config: Resolved): string {
  return composeFile(servicesOf(machine, config), guestEngineOf(machine, config));
}
