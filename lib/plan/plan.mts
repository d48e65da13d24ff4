/** Everything that `up` has to do: the files to write, and the steps to run, in order. */
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { Host } from "../host/types.mts";
import type { File, Plan, Step } from "./types.mts";
import { type Box, boxesOf, boxKey, buildSteps, type Texts } from "./box.mts";
import { partitionRequest } from "../resolve/partition.mts";
import type { Lab } from "../host/lab.mts";
import { joinList } from "../text.mts";
import { dataRecord, defaultDataVolume } from "../host/data-disks.mts";
import { attachStep, gainsDataDisk, newDataDisk } from "./data-migration.mts";
import { inQueue, uniqueSteps } from "./stages.mts";
import { outdated, outdatedUnasked, unresolved } from "./outdated.mts";
import { boxesToBuild, removesBox, upgradeOf } from "./upgrade.mts";
import { isProven, proofOf } from "./proof.mts";
import { serviceSteps } from "./service-steps.mts";
import {
  firstSwarmSteps,
  leaveSteps,
  otherManager,
  swarmFiles,
  swarmRecord,
  swarmScripts,
  swarmSteps,
} from "./swarm.mts";
import {
  autostartSteps,
  boots,
  bringDriver,
  dataSteps,
  diskSteps,
  dropCopies,
  foldersChanged,
  folderSteps,
  lanChanged,
  lanSteps,
  removal,
  returnCard,
  vagrantEnv,
  waitStep,
} from "./vm-steps.mts";
import { takesDevices, takesFolders, takesHyperv, takesLan, vagrantfile } from "./vagrantfile.mts";
import { composePath, composeText } from "./machine-services.mts";

/**
 * Scripts that the steps run. They are written to the lab's folder, so that users can run each step
 * by hand.
 */
const scripts = [
  "get-image.sh",
  "make-image.sh",
  "make-seed.sh",
  "add-box.sh",
  "remove-vm.sh",
  "wait-vm.sh",
  "grow-disk.sh",
  "grow-root.sh",
  "box-volumes.sh",
  "apply-services.sh",
  "apply-stack.sh",
  "verify-guest.sh",
];

/** Scripts that copy the host's driver to a guest with a partition of its card. */
const driverScripts = ["copy-driver.ps1", "receive-driver.sh"];

/** Scripts for data disks. */
const dataScripts = ["attach-data.sh", "mount-data.sh", "data-originals.sh", "remove-data.sh"];

/** The script for folders of the host. */
const folderScripts = ["mount-folders.sh"];

/** The script for the network card in the LAN. */
const lanScripts = ["set-lan.sh"];

/** Options of a plan. */
interface PlanOptions {
  /**
   * Recreates VMs that cannot be changed in place. Without it such a VM is a finding: a warning if
   * only its box changed, otherwise a failure, and the plan must not be run.
   */
  recreate: boolean;
  /** Applies the services of all machines with newer images, even if they are proven. */
  pull?: boolean;
  /** Builds a new box for the named machines, and replaces their VMs; goes on with an unfinished upgrade. */
  upgrade?: boolean;
  /** The machines to bring up; the files are always those of all machines. Default: all. */
  names?: string[];
}

/** Everything `up` has to do to bring the machines from their current state to the config. Pure; runs nothing. */
export function makePlan(
  config: Resolved,
  host: Host,
  lab: Lab,
  texts: Texts,
  options: PlanOptions = { recreate: false },
): Plan {
  const { names, upgrade = false } = options;
  const boxes = boxesOf(config, host, lab, texts);
  const chosen = config.machines.filter(({ name }) => names?.includes(name) ?? true);
  const work = chosen.map((machine) => ({
    machine,
    ...workOn(machine, config, host, lab, boxes.get(boxKey(machine)), options),
  }));
  const missing = boxesToBuild(boxes, work, lab);
  const replaces = work.flatMap(({ machine, replaces }) => (replaces ? [machine.name] : []));
  const pinned = Object.fromEntries(
    work.flatMap(({ machine, creates, pinned }) => (creates && pinned ? [[machine.name, pinned]] : [])),
  );
  const rendered = vagrantfile(config, host, lab, boxes, texts, replaces, pinned);
  const ownLines = config.machines.flatMap(({ name, provider, libvirt }) =>
    libvirt === undefined || provider !== "libvirt" ? [] : [{ machine: name, text: libvirt.replace(/\s+$/, "") }]
  );
  const ownArguments = (config.stacks ?? []).flatMap(({ name, compose = [] }) =>
    compose.length > 0 ? [{ stack: name, arguments: compose }] : []
  );
  const machines = {
    changed: work.flatMap(({ machine, before, after }) => before.length + after.length > 0 ? [machine.name] : []),
    replaces,
    running: [...new Set([...chosen, ...config.machines.filter(({ running }) => running)].map(({ name }) => name))],
    pull: options.pull ?? false,
  };
  const swarm = swarmSteps(config, lab, machines);
  const firstOfSwarm = firstSwarmSteps(config, lab, machines, swarm);
  // finds a mistake in the user's own lines before a box is built
  const validates = ownLines.length > 0 && (lab.vagrantfile !== rendered || work.some(({ starts }) => starts));
  return {
    files: [
      { path: ".gitignore", text: "*\n" },
      { path: "Vagrantfile", text: rendered },
      ...(takesHyperv(config, lab) ? ["hyperv_gpu.rb", "hyperv_gpu.ps1"] : []).map((path): File => ({
        path,
        text: texts[`templates/${path}`]!,
      })),
      ...(takesDevices(config, lab)
        ? [{ path: "libvirt_devices.rb", text: texts["templates/libvirt_devices.rb"]! }]
        : []),
      ...config.machines.map((machine) => ({ path: composePath(machine), text: composeText(machine, config) })),
      ...swarmFiles(config, lab),
      ...[...boxes.values()].flatMap(({ files }) => files),
      ...chosen.flatMap(({ name }): File[] => {
        const { missingVagrantId } = lab.machines[name]!;
        return missingVagrantId ? [{ path: `.vagrant/machines/${name}/libvirt/id`, text: missingVagrantId }] : [];
      }),
      ...config.machines.flatMap((machine): File[] => {
        if (machine.data === undefined || machine.provider !== "libvirt") return [];
        const volume = machine.dataVolume ?? defaultDataVolume(lab.prefix, machine.name);
        return [{ path: dataRecord(machine.name), text: `${volume}\n` }];
      }),
      ...work.flatMap(({ files }) => files),
      ...[
        ...scripts,
        ...(hasDataDisks(config, lab) ? dataScripts : []),
        ...(takesFolders(config, lab) ? folderScripts : []),
        ...(takesLan(config, lab) ? lanScripts : []),
        ...(config.swarm || config.sharedSwarm || lab.swarm ? swarmScripts : []),
        ...(removesBox(lab, upgrade) ? ["remove-box.sh"] : []),
        ...new Set([...boxes.values()].flatMap(({ scripts }) => scripts)),
        ...(config.machines.some(partitionRequest) ? driverScripts : []),
      ].map((name): File => ({
        path: `scripts/${name}`,
        text: texts[`scripts/${name}`]!,
      })),
    ],
    steps: [
      ...(validates
        ? [{ title: "Validate the Vagrantfile with your own lines", command: ["vagrant", "validate"], env: vagrantEnv }]
        : []),
      ...buildSteps(missing, host),
      ...leaveSteps(lab, replaces, config.sharedSwarm),
      ...firstOfSwarm,
      ...uniqueSteps(work.flatMap(({ before }) => before)),
      ...uniqueSteps(work.flatMap(({ drops }) => drops)),
      ...boots(work),
      ...work.flatMap(({ machine, after }) => inQueue(machine.name, after)),
      ...swarm,
    ],
    ...(swarm.length + firstOfSwarm.length > 0 ? { swarm: swarmRecord(config, lab) ?? null } : {}),
    deploysAll: machines.pull || machines.changed.includes(config.swarm?.manager ?? ""),
    replaces,
    gainsData: work.flatMap(({ machine, gainsData }) => (gainsData ? [machine.name] : [])),
    ownLines,
    ownArguments,
    findings: [...work.flatMap(({ findings }) => findings), ...otherManager(config, lab)],
  };
}

/** The steps for a machine before and after its VM boots, and whether it is created or started. */
function workOn(
  machine: ResolvedMachine,
  config: Resolved,
  host: Host,
  lab: Lab,
  box: Box | undefined,
  { recreate, pull = false, upgrade = false }: PlanOptions,
) {
  const existing = lab.machines[machine.name]!;
  const { name } = machine;
  const unknown = unresolved(machine, host);
  const nothing = {
    builds: false,
    pinned: undefined,
    creates: false,
    starts: false,
    replaces: false,
    gainsData: false,
    before: [],
    drops: [],
    after: [],
    files: [],
  };
  if (unknown.length > 0) return { ...nothing, findings: unknown };
  if (existing.state === "unknown") return { ...nothing, findings: [outdatedUnasked(machine, lab)] };
  const stale = outdated(machine, host, existing, box);
  const { builds, pinned, ...way } = upgradeOf(existing, lab, box, upgrade);
  if (stale?.status === "fail" && !recreate && !way.replaces) return { ...nothing, findings: [stale] };
  const replaces = way.replaces || recreate && (stale !== undefined || gainsDataDisk(machine, existing));
  const creates = replaces || existing.state === "absent" || existing.state === "half-made";

  const before: Step[] = [];
  const after: Step[] = [];
  const files: File[] = [];
  // once every VM of the old box is gone
  const drops: Step[] = [];
  if (replaces) {
    before.push(removal(name, existing, `Remove the old VM ${name}`));
    const { boxName, provider = "libvirt" } = existing;
    if (provider === "libvirt" && boxName !== undefined && boxName !== machine.box) drops.push(dropCopies(boxName));
  }
  if (existing.state === "half-made") {
    before.push(removal(name, existing, `Remove the VM ${name}, which an earlier run left incomplete`));
  }
  if (creates && existing.cardTaken) before.push(returnCard(name));
  const resized = !creates &&
    ((existing.cpus ?? machine.cpus) !== machine.cpus || (existing.memory ?? machine.memory) !== machine.memory);
  const starts = creates || existing.state !== "running";
  if (creates && machine.provider === "libvirt") {
    before.push({
      title: `Check libvirt's copies of the box ${machine.box}`,
      minor: true,
      command: ["sh", "scripts/box-volumes.sh", "check", machine.box],
    });
  }
  const gainsData = !creates && gainsDataDisk(machine, existing);
  if (gainsData) before.push(attachStep(machine, existing, lab.prefix));
  const refolded = !creates && foldersChanged(machine, existing);
  const reconnected = !creates && lanChanged(machine, existing);
  const restarts = !starts && (gainsData || resized || refolded || reconnected);
  if (restarts) {
    const reasons = [
      ...(gainsData ? ["with its data disk"] : []),
      ...(resized ? [`with ${machine.cpus} CPUs and ${machine.memory} MiB`] : []),
      ...(refolded ? ["with other folders"] : []),
      ...(reconnected ? ["with another network"] : []),
    ];
    after.push({
      title: `Restart the VM ${name} ${joinList(reasons)}`,
      command: ["vagrant", "reload", name],
      env: vagrantEnv,
    });
  }
  if (starts || restarts || existing.address === undefined || existing.savedAddress !== undefined) {
    after.push({
      title: `Save the SSH config of ${name}`,
      minor: true,
      command: ["vagrant", "ssh-config", name],
      env: vagrantEnv,
      output: `ssh/${name}`,
    });
  }
  // since this start of the VM, no run of ours was in it
  const unseen = !starts && !restarts && existing.proof?.bootId !== existing.bootId;
  if (unseen && machine.provider === "libvirt") after.push(waitStep(machine));
  after.push(...autostartSteps(machine, existing));
  const disks = [...diskSteps(machine, existing), ...dataSteps(machine, existing)];
  // a proof follows these steps, because the file system of a machine that is not proven may be smaller than its disk
  const grows = disks.length > 0 && (existing.disk !== machine.disk || existing.data?.size !== machine.data);
  const proven = !pull && !starts && !restarts && !grows && isProven(machine, config, existing);
  if (!proven) after.push(...disks);
  // a change of the folders restarts the VM
  if (starts || restarts || unseen) after.push(...folderSteps(machine, existing));
  if (!proven) after.push(...lanSteps(machine, existing));
  if (!proven) {
    after.push(...bringDriver(machine));
    const services = serviceSteps(machine, config, lab, { creates, boots: starts || restarts, pull });
    files.push(...services.files);
    after.push(...services.steps, proofOf(machine, config));
  }
  const findings = [...(stale && !replaces ? [stale] : []), ...(gainsData ? [newDataDisk(machine, existing)] : [])];
  return { builds, pinned, creates, starts, replaces, gainsData, before, drops, after, files, findings };
}

function hasDataDisks({ machines }: Resolved, lab: Lab): boolean {
  return machines.some(({ data, provider }) => data !== undefined && provider === "libvirt") ||
    Object.values({ ...lab.machines, ...lab.orphans }).some(({ data }) => data !== undefined);
}
