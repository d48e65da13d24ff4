/** What people expect of a Vagrant wrapper: status, ssh, down, destroy. */
import type { Config } from "../../config/types.mts";
import type { Status } from "../../findings.mts";
import type { Step } from "../../plan/types.mts";
import { Trouble } from "../../errors.mts";
import { returned } from "../../verify/gpu-return.mts";
import { parseHost } from "../../host/parse.mts";
import { answered, type Lab, type LabMachine, readLab, readState, writeState } from "../../host/lab.mts";
import { hold } from "../../run/lock.mts";
import { removal, vagrantEnv } from "../../plan/plan.mts";
import { oneFinding, planLines } from "../print.mts";
import { runSteps } from "../../run/steps.mts";
import { isStarted } from "../../compose/enabled.mts";
import { chosen, lookOf, namedOf, readProbe, readSource, type Session, type Source, talk } from "../context.mts";

/** `status`: a line for each machine. */
export async function status(session: Session): Promise<number> {
  const { source, lab } = await look(session);
  talk(session, `config: ${source.name}`);
  for (const [name, machine] of Object.entries({ ...lab.machines, ...lab.orphans })) {
    const { state, address, box, cpus, memory, proof, run, made } = machine;
    const own = source.config.services.filter((service) => service.machine === name && isStarted(service));
    const services = own.map((service) => service.name);
    const held = proof && proof.run === run
      ? `proven ${proof.at.slice(0, 16).replace("T", " ")} UTC`
      : "not proven since it started";
    const rest = state === "running"
      ? [
        address ?? "address unknown",
        `${cpus ?? "?"} CPUs, ${memory ?? "?"} MiB`,
        ...(made?.passed.length ? [made.passed.map(({ host }) => host).join(", ")] : []),
        ...(services.length > 0 ? [services.join(", ")] : []),
        held,
      ]
      : state === "off"
      ? [`box version ${box ?? "unknown"}`]
      : run
      ? ["it runs, and was never reached"]
      : state === "unknown"
      ? [`libvirt does not answer: ${lab.silent}`]
      : [];
    const orphan = Object.hasOwn(lab.orphans, name) ? ["no longer in the config"] : [];
    session.shell.print(`${[`${name}: ${state}`, ...rest, ...orphan].join(" · ")}\n`);
  }
  return 0;
}

/** `ssh [machine] [-- command…]`: into a machine, or a command in it. */
export async function ssh(session: Session): Promise<number> {
  const { source, lab } = await look(session);
  const names = source.config.machines.map(({ name }) => name);
  const [name = names[0]!, ...more] = session.words;
  if (more.length > 0) {
    throw new Trouble(`one machine at a time; a command goes behind two dashes: ssh ${name} -- ${more.join(" ")}`);
  }
  if (session.words.length === 0 && names.length > 1) {
    throw new Trouble(`which machine? ${names.map((one) => `ssh ${one}`).join(", ")}`);
  }
  chosen(source, [name]);
  answered(lab);
  const machine = lab.machines[name]!;
  if (machine.state !== "running" || !machine.address) {
    const why = machine.state === "running" ? "was never reached" : `does not run (${machine.state})`;
    throw new Trouble(`${name} ${why}: npx zx homelab-gpu.mts up`, 1);
  }
  const command = ["ssh", "-F", `ssh/${name}`, name, ...session.rest];
  if (session.options.dryRun) {
    const steps = [{ title: `Log into ${name}`, command }];
    session.shell.print(`${planLines(source.folder, [], steps, lookOf(session, "out")).join("\n")}\n`);
    return 0;
  }
  // an SSH configuration may name programs to run
  await session.shell.claim(source.folder);
  return await session.shell.attach(command, { cwd: source.folder });
}

/** `down [machine…]`: shuts the machines down, also those that the config has no longer; `up` starts them again. */
export async function down(session: Session): Promise<number> {
  const source = await readSource(session);
  const { code, names } = await perform(session, source, "down", {
    nothing: "no machine runs",
    choose: (machines) => machines.flatMap(([name, { run }]) => (run === undefined ? [] : [name])),
    steps: (names, lab) => machinesOf(lab, names).map(([name, machine]) => shutdown(name, machine)),
  });
  if (code !== 0 || session.options.dryRun) return code;
  return (await cardsBack(session, source, names)).includes("fail") ? 1 : 0;
}

/** One that was never reached would not hear that it shall shut down. */
function shutdown(name: string, { state, domain, provider = "libvirt" }: LabMachine): Step {
  const title = `Shut ${name} down`;
  return state === "half-made" && provider === "libvirt"
    ? { lane: name, title, command: ["virsh", "-c", "qemu:///system", "destroy", domain] }
    : { lane: name, title, command: ["vagrant", "halt", name], env: vagrantEnv };
}

/**
 * `destroy [machine…]`: removes the machines, also those that the config has no longer; without names everything of this lab in libvirt too.
 * Boxes and downloads stay, for the next `up`.
 */
export async function destroy(session: Session): Promise<number> {
  const { shell, words } = session;
  const source = await readSource(session);
  const { folder, config } = source;
  const whole = words.length === 0;
  const { code, ran } = await perform(session, source, "destroy", {
    nothing: "there is nothing to remove",
    choose: thereOf,
    steps: async (names, lab) => {
      const copied = whole && (names.length > 0 || (await readState(shell, folder)).removing ||
        (await shell.list(`${folder}/verify`)).length > 0);
      return [
        ...machinesOf(lab, names).map(([name, machine]) => removal(name, machine, `Remove the VM ${name}`)),
        ...(copied ? copiesOf(session, config, lab) : []),
      ];
    },
    question: (names) =>
      names.length === 0
        ? "Remove libvirt's copies of the boxes?"
        : `Remove ${names.join(", ")} and all that is in ${names.length === 1 ? "it" : "them"}?`,
    before: async () => {
      if (whole) await writeState(shell, folder, { ...(await readState(shell, folder)), removing: true });
    },
  });
  if (code !== 0 || session.options.dryRun) return code;
  const { removing: _, ...state } = await readState(shell, folder);
  const now = await readLab(shell, config, folder);
  const there = thereOf(Object.entries({ ...now.machines, ...now.orphans }));
  const gone = Object.keys(state.handed).filter((name) => whole ? !there.includes(name) : words.includes(name));
  const back = await cardsBack(session, source, gone);
  if (ran || gone.length > 0) {
    // what is not seen to be back stays written down
    const all = back.every((status) => status === "pass");
    await writeState(shell, folder, {
      ...state,
      proofs: only(state.proofs, (name) => there.includes(name)),
      handed: only(state.handed, (name) => !all || !gone.includes(name)),
    });
    if (whole) await shell.remove(`${folder}/verify`);
  }
  return back.includes("fail") ? 1 : 0;
}

/** The names of machines that are more than a line of the config. */
function thereOf(machines: [string, LabMachine][]): string[] {
  return machines.flatMap(([name, { state }]) => (state === "absent" ? [] : [name]));
}

function only<T>(of: Record<string, T>, keep: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(of).filter(([name]) => keep(name)));
}

/** Steps that remove libvirt's copies of the boxes. No other provider has copies of its own. */
function copiesOf({ shell }: Session, { machines }: Config, lab: Lab): Step[] {
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

/** Looks whether the host has the cards of these machines back, and says so of each. */
async function cardsBack(session: Session, { folder }: Source, names: string[]): Promise<Status[]> {
  const { handed } = await readState(session.shell, folder);
  const taken = names.filter((name) => handed[name]?.length);
  if (taken.length === 0) return [];
  const host = parseHost(await readProbe(session));
  const findings = taken.map((name) => returned(name, handed[name]!, host));
  const look = lookOf(session, "out", host);
  session.shell.print(`${findings.flatMap((finding) => oneFinding(finding, look)).join("\n")}\n`);
  return findings.map(({ status }) => status);
}

async function look(session: Session): Promise<{ source: Source; lab: Lab }> {
  const source = await readSource(session);
  return { source, lab: await readLab(session.shell, source.config, source.folder) };
}

/** What a command does with machines. */
interface Work {
  /** Said where there is nothing to do. */
  nothing: string;
  /** Of these machines: those that it is for. */
  choose(machines: [string, LabMachine][]): string[];
  steps(names: string[], lab: Lab): Step[] | Promise<Step[]>;
  question?(names: string[]): string;
  before?(): Promise<void>;
}

/**
 * Runs the steps of a command. Which machines it is for is settled before it asks; what there is of them is looked at again once the lock is
 * held, since another run may have been at work.
 */
async function perform(
  session: Session,
  source: Source,
  command: string,
  work: Work,
): Promise<{ code: number; names: string[]; ran: boolean }> {
  const { shell, options, words } = session;
  const { config, folder } = source;
  const looked = async () => {
    const lab = await readLab(shell, config, folder);
    answered(lab);
    return lab;
  };
  talk(session, `config: ${source.name}`);
  const lab = await looked();
  const names = work.choose(machinesOf(lab, namedOf(words, Object.keys({ ...lab.machines, ...lab.orphans }))));
  const steps = await work.steps(names, lab);
  if (steps.length === 0) {
    talk(session, work.nothing);
    return { code: 0, names, ran: false };
  }
  if (options.dryRun) {
    shell.print(`${planLines(folder, [], steps, lookOf(session, "out")).join("\n")}\n`);
    return { code: 0, names, ran: false };
  }
  const asks = work.question && !options.yes && shell.terminal.in && shell.terminal.err;
  if (asks && !(await shell.confirm(work.question!(names)))) return { code: 1, names, ran: false };
  const lock = await hold(shell, folder, command, (line) => talk(session, line));
  try {
    const now = await looked();
    const left = await work.steps(work.choose(machinesOf(now, names)), now);
    await work.before?.();
    await runSteps(session, folder, left, lock);
  } finally {
    await lock.release();
  }
  return { code: 0, names, ran: true };
}
