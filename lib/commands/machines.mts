/** What people expect of a Vagrant wrapper: status, ssh, down, destroy. */
import type { Status } from "../types/findings.mts";
import type { Step } from "../types/plan.mts";
import { Trouble } from "../errors.mts";
import { returned } from "../handover.mts";
import { parseHost } from "../host.mts";
import { type Lab, readLab, readState, writeState } from "../lab.mts";
import { hold } from "../lock.mts";
import { removal, vagrantEnv } from "../plan.mts";
import { oneFinding, planLines } from "../print.mts";
import { runSteps } from "../run.mts";
import { chosen, lookOf, readProbe, readSource, type Session, type Source, talk } from "../session.mts";

/** `status`: a line for each machine. */
export async function status(session: Session): Promise<number> {
  const { source, lab } = await look(session);
  talk(session, `config: ${source.name}`);
  for (const { name } of source.config.machines) {
    const { state, address, box, cpus, memory, proof, run, made } = lab.machines[name]!;
    const services = source.config.services.filter(({ machine }) => machine === name).map((service) => service.name);
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
      : [];
    session.shell.print(`${[`${name}: ${state}`, ...rest].join(" · ")}\n`);
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
  const machine = lab.machines[name]!;
  if (machine.state !== "running" || !machine.address) {
    const why = machine.state === "running" ? "was never reached" : `does not run (${machine.state})`;
    throw new Trouble(`${name} ${why}: npx zx homelab-gpu.mts up`, 1);
  }
  // an SSH configuration may name programs to run
  await session.shell.claim(source.folder);
  return await session.shell.attach(["ssh", "-F", `ssh/${name}`, name, ...session.rest], { cwd: source.folder });
}

/** `down`: shuts the machines down; `up` starts them again. */
export async function down(session: Session): Promise<number> {
  const { source, lab } = await look(session);
  const running = Object.keys(lab.machines).filter((name) => lab.machines[name]!.state === "running");
  const steps = running.map((name): Step => ({
    lane: name,
    title: `Shut ${name} down`,
    command: ["vagrant", "halt", name],
    env: vagrantEnv,
  }));
  const code = await perform(session, source, steps, "down", "no machine runs");
  if (code !== 0 || session.options.dryRun) return code;
  return (await cardsBack(session, source, running)).includes("fail") ? 1 : 0;
}

/** `destroy`: removes the machines and everything of this lab in libvirt. Boxes and downloads stay, for the next `up`. */
export async function destroy(session: Session): Promise<number> {
  const { shell, options } = session;
  const { source, lab } = await look(session);
  const orphans = (await shell.list(`${source.folder}/.vagrant/machines`)).filter((name) => !lab.machines[name]);
  const names = [...Object.keys(lab.machines).filter((name) => lab.machines[name]!.state !== "absent"), ...orphans];
  // only libvirt has copies of boxes of its own
  const boxes = shell.platform === "linux"
    ? [
      ...new Set(
        source.config.machines.filter(({ name, provider = "libvirt" }) =>
          (lab.machines[name]?.provider ?? provider) === "libvirt"
        ).map(({ box }) => box),
      ),
    ]
    : [];
  const begun = await readState(shell, source.folder);
  const copied = names.length > 0 || begun.removing || (await shell.list(`${source.folder}/verify`)).length > 0;
  const steps = [
    ...names.map((name) => removal(name, lab.machines[name] ?? { domain: lab.prefix + name }, `Remove the VM ${name}`)),
    ...(copied
      ? boxes.map((box): Step => ({
        title: `Remove libvirt's copies of the box ${box}`,
        command: ["sh", "scripts/box-volumes.sh", "drop", box],
      }))
      : []),
  ];
  if (steps.length > 0 && !options.dryRun && !options.yes && shell.terminal.in && shell.terminal.err) {
    if (
      !(await shell.confirm(`Remove ${names.join(", ")} and all that is in ${names.length === 1 ? "it" : "them"}?`))
    ) return 1;
  }
  const mark = () => writeState(shell, source.folder, { ...begun, removing: true });
  const code = await perform(session, source, steps, "destroy", "there is nothing to remove", mark);
  if (code !== 0 || options.dryRun) return code;
  const { removing: _, ...state } = await readState(shell, source.folder);
  const back = await cardsBack(session, source, Object.keys(state.handed));
  if (steps.length > 0 || Object.keys(state.handed).length > 0) {
    // what is not seen to be back stays written down
    const whole = back.every((status) => status === "pass");
    await writeState(shell, source.folder, { ...state, proofs: {}, handed: whole ? {} : state.handed });
    await shell.remove(`${source.folder}/verify`);
  }
  return back.includes("fail") ? 1 : 0;
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

async function perform(
  session: Session,
  source: Source,
  steps: Step[],
  command: string,
  nothing: string,
  before = () => Promise.resolve(),
): Promise<number> {
  const { shell, options } = session;
  talk(session, `config: ${source.name}`);
  if (steps.length === 0) {
    talk(session, nothing);
    return 0;
  }
  if (options.dryRun) {
    shell.print(`${planLines(source.folder, [], steps, lookOf(session, "out")).join("\n")}\n`);
    return 0;
  }
  const lock = await hold(shell, source.folder, command, (line) => talk(session, line));
  try {
    await before();
    await runSteps(session, source.folder, steps, lock);
  } finally {
    await lock.release();
  }
  return 0;
}
