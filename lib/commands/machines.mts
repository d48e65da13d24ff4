/** What people expect of a Vagrant wrapper: status, ssh, down, destroy. */
import type { Config } from "../types/config.mts";
import type { Status } from "../types/findings.mts";
import type { Step } from "../types/plan.mts";
import { Trouble } from "../errors.mts";
import { returned } from "../handover.mts";
import { parseHost } from "../host.mts";
import { answered, type Lab, type LabMachine, readLab, readState, writeState } from "../lab.mts";
import { hold } from "../lock.mts";
import { removal, vagrantEnv } from "../plan.mts";
import { oneFinding, planLines } from "../print.mts";
import { runSteps } from "../run.mts";
import { isStarted } from "../started.mts";
import { chosen, lookOf, readProbe, readSource, type Session, type Source, talk } from "../session.mts";

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
    const orphan = name in lab.orphans ? ["no longer in the config"] : [];
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

/** `down [machine…]`: shuts the machines down; `up` starts them again. */
export async function down(session: Session): Promise<number> {
  let running: string[] = [];
  const source = await readSource(session);
  const steps = (lab: Lab) => {
    const all = named(lab, session.words);
    running = Object.keys(all).filter((name) => all[name]!.run !== undefined);
    return running.map((name) => shutdown(name, all[name]!));
  };
  const code = await perform(session, source, "down", "no machine runs", steps);
  if (code !== 0 || session.options.dryRun) return code;
  return (await cardsBack(session, source, running)).includes("fail") ? 1 : 0;
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
  let names: string[] | undefined;
  let removed = false;
  const steps = async (lab: Lab) => {
    const all = named(lab, words);
    // what was not asked about is not removed, even if it came meanwhile
    names ??= Object.keys(all).filter((name) => all[name]!.state !== "absent");
    const there = names.filter((name) => all[name]);
    const copied = words.length === 0 && (there.length > 0 || (await readState(shell, folder)).removing ||
      (await shell.list(`${folder}/verify`)).length > 0);
    const made = [
      ...there.map((name) => removal(name, all[name]!, `Remove the VM ${name}`)),
      ...(copied ? copiesOf(session, config, lab) : []),
    ];
    removed ||= made.length > 0;
    return made;
  };
  const code = await perform(session, source, "destroy", "there is nothing to remove", steps, {
    question: () => `Remove ${names!.join(", ")} and all that is in ${names!.length === 1 ? "it" : "them"}?`,
    before: async () => {
      if (words.length === 0) await writeState(shell, folder, { ...(await readState(shell, folder)), removing: true });
    },
  });
  if (code !== 0 || session.options.dryRun) return code;
  const { removing: _, ...state } = await readState(shell, folder);
  const now = await readLab(shell, config, folder);
  const there = Object.entries({ ...now.machines, ...now.orphans }).flatMap(([name, { state }]) =>
    state === "absent" ? [] : [name]
  );
  const gone = Object.keys(state.handed).filter((name) =>
    words.length > 0 ? words.includes(name) : !there.includes(name)
  );
  const back = await cardsBack(session, source, gone);
  if (removed || gone.length > 0) {
    // what is not seen to be back stays written down
    const whole = back.every((status) => status === "pass");
    await writeState(shell, folder, {
      ...state,
      proofs: only(state.proofs, (name) => there.includes(name)),
      handed: only(state.handed, (name) => !whole || !gone.includes(name)),
    });
    if (words.length === 0) await shell.remove(`${folder}/verify`);
  }
  return back.includes("fail") ? 1 : 0;
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

/** The machines that were named, or all of them, with those that the config has no longer. */
function named({ machines, orphans }: Lab, words: string[]): Record<string, LabMachine> {
  const all = { ...machines, ...orphans };
  const stranger = words.find((word) => !Object.hasOwn(all, word));
  if (stranger !== undefined) {
    throw new Trouble(`there is no machine ${stranger}; there is ${Object.keys(all).join(", ")}`);
  }
  return words.length > 0 ? Object.fromEntries(words.map((word) => [word, all[word]!])) : all;
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

/** Runs the steps that a command has for the lab: what they are is asked again once the lock is held, since another run may have been at work. */
async function perform(
  session: Session,
  source: Source,
  command: string,
  nothing: string,
  stepsFor: (lab: Lab) => Step[] | Promise<Step[]>,
  { question, before }: { question?: () => string; before?: () => Promise<void> } = {},
): Promise<number> {
  const { shell, options } = session;
  const { config, folder } = source;
  const steps = async () => {
    const lab = await readLab(shell, config, folder);
    answered(lab);
    return await stepsFor(lab);
  };
  talk(session, `config: ${source.name}`);
  const wanted = await steps();
  if (wanted.length === 0) {
    talk(session, nothing);
    return 0;
  }
  if (options.dryRun) {
    shell.print(`${planLines(folder, [], wanted, lookOf(session, "out")).join("\n")}\n`);
    return 0;
  }
  if (question && !options.yes && shell.terminal.in && shell.terminal.err && !(await shell.confirm(question()))) {
    return 1;
  }
  const lock = await hold(shell, folder, command, (line) => talk(session, line));
  try {
    const now = await steps();
    await before?.();
    await runSteps(session, folder, now, lock);
  } finally {
    await lock.release();
  }
  return 0;
}
