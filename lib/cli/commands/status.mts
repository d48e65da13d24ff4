/** The machines of a lab as they are now. */
import { thisMachine } from "../../config/placed.mts";
import type { Finding } from "../../findings.mts";
import { type Lab, type LabMachine, stateName, validProof } from "../../host/lab.mts";
import type { Away } from "../../shell.mts";
import { joinList, visible } from "../../text.mts";
import { jsonText } from "../../urls.mts";
import { diskLine, gpuLine, type GuestStatus, originalsLine } from "../../verify/guest-status.mts";
import type { SeenService } from "../../verify/services.mts";
import { swarmLines } from "../../verify/swarm-status.mts";
import { type Context, log, logConfig, selfFor, styleFor } from "../context.mts";
import { forwardLines } from "../forward.mts";
import type { LoadedConfig } from "../load-config.mts";
import { askEarly, askGuest, isReachable } from "../guest.mts";
import { readHostLater } from "../host-reading.mts";
import { inspectLab } from "../inspect-lab.mts";
import { type LeftVm, leftVms, removalCommand } from "../moved.mts";
import { outdatedMachines } from "../outdated-machines.mts";
import { formatFinding } from "../print.mts";
import { readSeenServices, serviceLines, urlsOf } from "../seen.mts";
import { refuseHosts, selectNames } from "../select-machines.mts";

/** A machine and what is known of it now. */
interface Shown {
  name: string;
  machine: LabMachine;
  /** What it answered just now; undefined if it was not asked or did not answer. */
  answer: GuestStatus | undefined;
  /** Of an answer, or else as it was when this start of the VM was proven. */
  services: SeenService[];
  /** Whether this start of the VM was proven, even if the proof is no longer valid. */
  fresh: boolean;
  outdated: Finding | undefined;
}

/** `status [machine…]`: each machine, as the hypervisor and the machine itself answer now. */
export async function status(context: Context): Promise<number> {
  let early: ReturnType<typeof askEarly> | undefined;
  const reader = readHostLater(context, [], true);
  const { source, lab } = await inspectLab(context, (source) => early = askEarly(context, source), reader);
  const asked = await early!;
  const known = { ...lab.machines, ...lab.orphans };
  refuseHosts(source.config, context.args.filter((word) => !Object.hasOwn(known, word)));
  const all = selectNames(context.args, Object.keys(known)).map((name) => [name, known[name]!] as const);
  const [outdated, left, ...machines] = await Promise.all([
    outdatedMachines(context, source, lab, reader),
    context.options.json ? [] : leftVms(context, source, lab),
    ...all.map(([name, machine]) => shownOf(context, source, name, machine, asked.get(name))),
  ]);
  const entries = machines.map((one): Shown => ({ ...one, outdated: outdated.get(one.name) }));
  const manager = entries.find(({ name }) => name === source.config.swarm?.manager)?.name;
  logConfig(context, source.name);
  if (context.options.json) {
    const machines = entries.map((one) => asJson(one, lab));
    const swarm = manager === undefined ? {} : { swarm: swarmOf(entries) ?? null };
    context.shell.stdout(`${jsonText({ schema: "homelab-gpu/status/2", machines, ...swarm })}\n`);
    return 0;
  }
  const style = styleFor(context, "out");
  for (const one of entries) {
    const lines = [
      summary(one, lab, left.find(({ name }) => name === one.name), context.on?.name),
      ...(hasOpenUpgrade(one, lab)
        ? [`  its upgrade is not finished: ${selfFor(context, `upgrade ${one.name}`)} continues it`]
        : []),
      ...(one.machine.state === "running" ? details(one, context.shell.away) : []).map((line) => `  ${line}`),
    ].map(visible);
    const old = one.outdated ? formatFinding(one.outdated, style).map((line) => `  ${line}`) : [];
    context.shell.stdout(`${[...lines, ...old].join("\n")}\n`);
  }
  if (manager !== undefined) {
    const swarm = swarmOf(entries);
    const silent = [`Swarm: ${manager}, its manager, does not answer; what runs goes on`];
    for (const line of swarm ? swarmLines(swarm) : silent) context.shell.stdout(`${visible(line)}\n`);
  }
  const { sharedSwarm } = source.config;
  if (sharedSwarm && !source.config.swarm) {
    context.shell.stdout(`Swarm: managed by ${sharedSwarm.manager} on ${sharedSwarm.host ?? thisMachine}\n`);
  }
  const isOff = ({ machine: { state } }: Shown) => state !== "running" && state !== "unknown";
  if (entries.every(isOff)) {
    const named = context.args.filter((name) => Object.hasOwn(lab.machines, name));
    const rest = named.length > 0 ? `${joinList(named)} ${named.length > 1 ? "are" : "is"} not running` : undefined;
    const subject = context.args.length > 0 ? rest : "no machine is running";
    if (subject) log(context, `${subject}: ${selfFor(context, ["up", ...named].join(" "))}`);
  }
  return 0;
}

/** The Swarm, as its manager answered. */
const swarmOf = (entries: Shown[]) => entries.find(({ answer }) => answer?.swarm)?.answer?.swarm;

async function shownOf(
  context: Context,
  source: LoadedConfig,
  name: string,
  machine: LabMachine,
  early: Promise<GuestStatus | undefined> | undefined,
): Promise<Omit<Shown, "outdated">> {
  const fresh = machine.proof !== undefined && machine.proof.bootId === machine.bootId;
  const [answer, proven] = await Promise.all([
    early && isReachable(machine) && machine.savedAddress === undefined
      ? early
      : askGuest(context, source, name, machine),
    // the answer of an earlier VM is not about this one
    fresh ? readSeenServices(context, source.folder, name) : [],
  ]);
  // only a proof reads which GPUs a container sees
  const services = answer?.engine === "answers"
    ? answer.services.map((one) => ({ ...one, gpus: proven.find(({ name }) => name === one.name)?.gpus ?? [] }))
    : proven;
  return { name, machine, answer, services, fresh };
}

/** Whether an upgrade of a machine in the config was interrupted, or is not proven. */
const hasOpenUpgrade = ({ name, machine }: Shown, lab: Lab) =>
  machine.upgrade !== undefined && !Object.hasOwn(lab.orphans, name);

/** The first line of a machine. */
function summary(
  { name, machine, fresh, services }: Shown,
  lab: Lab,
  left: LeftVm | undefined,
  on: string | undefined,
): string {
  const { state, address, box, cpus, memory, proof, bootId, hardware } = machine;
  const rest = state === "running"
    ? [
      address ?? "address unknown",
      `${cpus ?? "?"} CPUs, ${memory ?? "?"} MiB`,
      ...(hardware?.assignedFunctions.length ? [hardware.assignedFunctions.map(({ host }) => host).join(", ")] : []),
      ...(services.length > 0 ? [[...new Set(services.map((one) => one.name))].join(", ")] : []),
      validProof(machine)
        ? `proven ${proof!.at.slice(0, 16).replace("T", " ")} UTC`
        : fresh
        ? "no longer proven"
        : "not proven since it started",
    ]
    : state === "off"
    ? [`box version ${box ?? "unknown"}`]
    : bootId
    ? ["running, but never reached over SSH"]
    : state === "unknown"
    ? [`libvirt does not answer: ${lab.libvirtError}`]
    : [];
  const orphan = left
    ? [
      whyLeft(left, on),
      ...(left.moved && left.moved.isSame !== false ? [] : [`to remove it: ${removalCommand(left, on)}`]),
    ]
    : [];
  return [`${name}: ${stateName(state)}`, ...rest, ...orphan].join(" · ");
}

/** Why the config of a host does not have a VM that is there. */
function whyLeft({ moved }: LeftVm, on: string | undefined): string {
  if (!moved) return "no longer in the config";
  const there = moved.host ?? thisMachine;
  return moved.isSame
    ? `in the config it is on ${there}, which is the same host as ${on ?? thisMachine}`
    : `in the config it is on ${there}${moved.isSame === undefined ? ", perhaps another name of this host" : ""}`;
}

/** The answer of a running machine: services, cards, file systems; or that it did not answer. */
function details({ machine, answer, services }: Shown, away: Away | undefined): string[] {
  const listed = serviceLines(services, machine.address);
  if (!answer) {
    const silent = isReachable(machine)
      ? ["it does not answer over SSH: its services are shown as of the last proof"]
      : [];
    return [...listed, ...silent];
  }
  const engine = answer.engine === "silent" ? ["its container engine does not answer"] : [];
  return [
    ...listed,
    ...(answer.lan === undefined ? forwardLines(services, machine.address, away) : []),
    ...answer.gpus.map(gpuLine),
    ...answer.disks.map(diskLine),
    ...(answer.originals.length === 0 ? [] : [originalsLine(answer.originals)]),
    ...(answer.lan === undefined ? [] : [`in the LAN: ${answer.lan}`]),
    ...engine,
  ];
}

/** A machine as `status --json` has it; what is not known is null. */
function asJson(shown: Shown, lab: Lab): object {
  const { name, machine, answer, services, outdated } = shown;
  const { state, address, cpus, memory, hardware } = machine;
  const running = state === "running";
  return {
    name,
    state,
    inConfig: !Object.hasOwn(lab.orphans, name),
    address: running ? address ?? null : null,
    cpus: running ? cpus ?? null : null,
    memoryMiB: running ? memory ?? null : null,
    cards: running ? (hardware?.assignedFunctions ?? []).map(({ host }) => host) : [],
    provenAt: validProof(machine)?.at ?? null,
    answers: running ? answer !== undefined : null,
    outdated: outdated?.message ?? null,
    upgradeUnfinished: hasOpenUpgrade(shown, lab),
    services: running ? services.map((one) => ({ ...one, urls: urlsOf(one, address) })) : [],
    gpus: (answer?.gpus ?? []).map((gpu) => ({
      name: gpu.name,
      address: gpu.address,
      busyPercent: gpu.busyPercent ?? null,
      memoryUsedMiB: gpu.memoryUsedMiB ?? null,
      memoryTotalMiB: gpu.memoryTotalMiB ?? null,
      temperatureC: gpu.temperatureC ?? null,
      powerW: gpu.powerW ?? null,
      powerLimitW: gpu.powerLimitW ?? null,
      clockMHz: gpu.clockMHz ?? null,
    })),
    disks: answer?.disks ?? [],
    originals: answer?.originals ?? [],
    lanAddress: answer?.lan ?? null,
  };
}
