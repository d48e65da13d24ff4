/** What people expect of a Vagrant wrapper: ssh, down, destroy. */
import type { Config } from "../../config/types.mts";
import type { Status } from "../../findings.mts";
import type { Step } from "../../plan/types.mts";
import { UserError } from "../../errors.mts";
import { checkGpuReturned } from "../../verify/gpu-return.mts";
import { parseHost } from "../../host/parse.mts";
import { type Lab, type LabMachine, readLab, requireLibvirtAnswer } from "../../host/lab.mts";
import { readState, writeState } from "../../host/state.mts";
import { ownValue } from "../../maps.mts";
import { acquireLock } from "../../run/lock.mts";
import { removal, returnCard, vagrantEnv } from "../../plan/vm-steps.mts";
import { formatFinding, formatPlan } from "../print.mts";
import { confirmed } from "../confirm.mts";
import { inspectLab } from "../inspect-lab.mts";
import { runSteps } from "../../run/steps.mts";
import {
  type Context,
  loadConfig,
  type LoadedConfig,
  log,
  logUnreadState,
  readProbe,
  reporterOf,
  selectMachines,
  selectNames,
  styleFor,
} from "../context.mts";
import { self } from "../../self.mts";

/** `ssh [machine] [-- command…]`: into a machine, or a command in it. */
export async function ssh(context: Context): Promise<number> {
  const { source, lab } = await inspectLab(context);
  const names = source.config.machines.map(({ name }) => name);
  const [name = names[0]!, ...more] = context.args;
  if (more.length > 0) {
    throw new UserError(`ssh takes one machine; put the command after --: ssh ${name} -- ${more.join(" ")}`);
  }
  if (context.args.length === 0 && names.length > 1) {
    throw new UserError(`which machine? ${names.map((one) => `ssh ${one}`).join(", ")}`);
  }
  selectMachines(source, [name]);
  requireLibvirtAnswer(lab);
  const machine = lab.machines[name]!;
  if (machine.state !== "running" || !machine.address) {
    const why = machine.state === "running" ? "was never reached" : `does not run (${machine.state})`;
    throw new UserError(`${name} ${why}: ${self("up")}`, 1);
  }
  // the saved address is that of an earlier run of the VM
  const moved = machine.savedAddress === undefined ? [] : ["-o", `HostName=${machine.address}`];
  const command = ["ssh", "-F", `ssh/${name}`, ...moved, name, ...context.passthroughArgs];
  if (context.options.dryRun) {
    const steps = [{ title: `Log into ${name}`, command }];
    context.shell.stdout(`${formatPlan(source.folder, [], steps, styleFor(context, "out")).join("\n")}\n`);
    return 0;
  }
  // an SSH configuration may name programs to run
  await context.shell.ensurePrivateDir(source.folder);
  return await context.shell.interactive(command, { cwd: source.folder });
}

/** `down [machine…]`: shuts the machines down, also those that the config has no longer; `up` starts them again. */
export async function down(context: Context): Promise<number> {
  const source = await loadConfig(context);
  const { code, names } = await runWork(context, source, "down", {
    nothing: "no machine runs",
    choose: (machines) => machines.flatMap(([name, { bootId }]) => (bootId === undefined ? [] : [name])),
    steps: (names, lab) => machinesOf(lab, names).map(([name, machine]) => shutdown(name, machine)),
    action: (names) => `down of ${names.join(", ")}`,
  });
  if (code !== 0 || context.options.dryRun) return code;
  return (await checkGpusReturned(context, source, names)).includes("fail") ? 1 : 0;
}

/** A machine that was never reached would not see the request to shut down. */
function shutdown(name: string, { state, domain, provider = "libvirt" }: LabMachine): Step {
  const title = `Shut ${name} down`;
  return state === "half-made" && provider === "libvirt"
    ? { queue: name, title, command: ["virsh", "-c", "qemu:///system", "destroy", domain] }
    : { queue: name, title, command: ["vagrant", "halt", name], env: vagrantEnv };
}

/**
 * `destroy [machine…]`: removes the machines, also those that the config has no longer; without names everything of this lab in libvirt too.
 * Boxes and downloads stay, for the next `up`.
 */
export async function destroy(context: Context): Promise<number> {
  const { shell, args } = context;
  const source = await loadConfig(context);
  const { folder, config } = source;
  const whole = args.length === 0;
  const { code, ran } = await runWork(context, source, "destroy", {
    nothing: "there is nothing to remove",
    choose: existingMachines,
    steps: async (names, lab) => {
      const copied = whole && (names.length > 0 || (await readState(shell, folder)).removing ||
        (await shell.list(`${folder}/verify`)).length > 0);
      return [
        ...machinesOf(lab, names).flatMap(([name, machine]) => [
          ...(machine.state === "absent" ? [] : [removal(name, machine, `Remove the VM ${name}`)]),
          // before the VM is removed its card goes back; where the VM was gone already, or that failed, it has not
          ...(machine.cardTaken ? [returnCard(name)] : []),
        ]),
        ...(copied ? copiesOf(context, config, lab) : []),
      ];
    },
    question: (names) =>
      names.length === 0
        ? "Remove libvirt's copies of the boxes?"
        : `Remove ${names.join(", ")} and all that is in ${names.length === 1 ? "it" : "them"}?`,
    action: (names) => names.length === 0 ? "destroy" : `destroy of ${names.join(", ")}`,
    before: async () => {
      if (whole) await writeState(shell, folder, { ...(await readState(shell, folder)), removing: true });
    },
  });
  if (code !== 0 || context.options.dryRun) return code;
  const { removing: _, ...state } = await readState(shell, folder);
  const now = await readLab(shell, config, folder);
  const there = existingMachines(Object.entries({ ...now.machines, ...now.orphans }));
  const gone = Object.keys(state.previousDrivers).filter((name) => whole ? !there.includes(name) : args.includes(name));
  const back = await checkGpusReturned(context, source, gone);
  if (ran || gone.length > 0) {
    // what is not seen to be back stays written down
    const all = back.every((status) => status === "pass");
    await writeState(shell, folder, {
      ...state,
      proofs: only(state.proofs, (name) => there.includes(name)),
      previousDrivers: only(state.previousDrivers, (name) => !all || !gone.includes(name)),
    });
    if (whole) await shell.remove(`${folder}/verify`);
  }
  return back.includes("fail") ? 1 : 0;
}

/** The names of machines that have a VM, or a card of the host. */
function existingMachines(machines: [string, LabMachine][]): string[] {
  return machines.flatMap(([name, { state, cardTaken }]) => (state === "absent" && !cardTaken ? [] : [name]));
}

function only<T>(of: Record<string, T>, keep: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(of).filter(([name]) => keep(name)));
}

/** Steps that remove libvirt's copies of the boxes. No other provider has copies of its own. */
function copiesOf({ shell }: Context, { machines }: Config, lab: Lab): Step[] {
  if (shell.platform !== "linux") return [];
  const inLibvirt = machines.filter(({ name, provider = "libvirt" }) =>
    (lab.machines[name]?.provider ?? provider) === "libvirt"
  );
  return [...new Set(inLibvirt.map(({ box }) => box))].map((box) => ({
    title: `Remove libvirt's copies of the box ${box}`,
    command: ["sh", "scripts/box-volumes.sh", "drop", box],
  }));
}

/** Those of these machines that there are, with those that the config has no longer. */
function machinesOf({ machines, orphans }: Lab, names: string[]): [string, LabMachine][] {
  return Object.entries({ ...machines, ...orphans }).filter(([name]) => names.includes(name));
}

/** Checks that the host has the cards of these machines back, and prints a finding for each. */
async function checkGpusReturned(context: Context, { folder }: LoadedConfig, names: string[]): Promise<Status[]> {
  const { previousDrivers } = await readState(context.shell, folder);
  const taken = names.filter((name) => ownValue(previousDrivers, name)?.length);
  if (taken.length === 0) return [];
  const host = parseHost(await readProbe(context));
  const findings = taken.map((name) => checkGpuReturned(name, previousDrivers[name]!, host));
  const style = styleFor(context, "out", host);
  context.shell.stdout(`${findings.flatMap((finding) => formatFinding(finding, style)).join("\n")}\n`);
  return findings.map(({ status }) => status);
}

/** What a command does with machines. */
interface Work {
  /** Printed if there is nothing to do. */
  nothing: string;
  /** Of these machines: those that it is for. */
  choose(machines: [string, LabMachine][]): string[];
  steps(names: string[], lab: Lab): Step[] | Promise<Step[]>;
  /** The question before it begins; without one, it removes nothing. */
  question?(names: string[]): string;
  /** The command and what it is for, as part of a sentence. */
  action(names: string[]): string;
  before?(): Promise<void>;
}

/**
 * Runs the steps of a command. The machines are chosen before it asks; their state is read again
 * once the lock is held, since another run may have changed it.
 */
async function runWork(
  context: Context,
  source: LoadedConfig,
  command: string,
  work: Work,
): Promise<{ code: number; names: string[]; ran: boolean }> {
  const { shell, options, args } = context;
  const { config, folder } = source;
  const looked = async () => {
    const lab = await readLab(shell, config, folder);
    logUnreadState(context, lab);
    requireLibvirtAnswer(lab);
    return lab;
  };
  log(context, `config: ${source.name}`);
  const lab = await looked();
  const names = work.choose(machinesOf(lab, selectNames(args, Object.keys({ ...lab.machines, ...lab.orphans }))));
  const steps = await work.steps(names, lab);
  if (steps.length === 0) {
    log(context, work.nothing);
    return { code: 0, names, ran: false };
  }
  if (options.dryRun) {
    shell.stdout(`${formatPlan(folder, [], steps, styleFor(context, "out")).join("\n")}\n`);
    return { code: 0, names, ran: false };
  }
  if (work.question && !(await confirmed(context, work.question(names), work.action(names)))) {
    log(context, "nothing was removed");
    return { code: 1, names, ran: false };
  }
  const lock = await acquireLock(shell, folder, command, (line) => log(context, line));
  try {
    const now = await looked();
    const left = await work.steps(work.choose(machinesOf(now, names)), now);
    await work.before?.();
    await runSteps(reporterOf(context), folder, left, lock);
  } finally {
    await lock.release();
  }
  return { code: 0, names, ran: true };
}
