import type { SettledMachine } from "../../config/types.mts";
import type { Finding, Fix } from "../../findings.mts";
import type { Host } from "../../host/types.mts";
import type { Step } from "../../plan/types.mts";
import { Trouble } from "../../errors.mts";
import { notesFor } from "../../checks/index.mts";
import { passedOf } from "../../resolve/cards.mts";
import { handedOver } from "../../verify/gpu-return.mts";
import { driverState } from "../../resolve/partition.mts";
import { type Lab, readLab, readState, type State, writeState } from "../../host/lab.mts";
import { hold, type Lock } from "../../run/lock.mts";
import { makePlan, servicesHash } from "../../plan/plan.mts";
import { asRoot, findingLines, oneFinding } from "../print.mts";
import { changesOf, runSteps, writeFiles } from "../../run/steps.mts";
import { lookOf, readTexts, type Session, type Survey, survey, talk } from "../context.mts";
import { isStarted } from "../../compose/enabled.mts";
import { prove } from "./verify.mts";

/** `up [machine…]`: examine → mend what may be mended → write → build → boot → serve → prove. Nothing is touched while a check fails. */
export async function up(session: Session): Promise<number> {
  const { shell, options, words } = session;
  let found = await survey(session, undefined, words);
  const { source, names } = found;
  const { folder } = source;
  talk(session, `config: ${source.name}`);
  tellOrphans(session, found.lab);
  if (source.left.length > 0) talk(session, `without a GPU these services are left out: ${source.left.join(", ")}`);

  let lock: Lock | undefined;
  const take = async () => (lock ??= await hold(shell, folder, "up", (line) => talk(session, line)));
  try {
    found = await mended(session, found, take);
    if (found.findings.some(({ status }) => status === "fail")) {
      tell(session, found.findings, found.host);
      return 1;
    }
    const texts = await readTexts(session, source.config);
    const wish = { recreate: options.recreate, names };
    let plan = makePlan(found.settled, found.host, found.lab, texts, wish);
    if (plan.steps.length > 0) {
      // what was seen before the lock was taken may be another run's doing, half way through
      await take();
      found = await survey(session, source, words);
      plan = makePlan(found.settled, found.host, found.lab, texts, wish);
    }
    const stops = plan.findings.filter(({ status }) => status === "fail");
    if (stops.length > 0) {
      tell(session, stops, found.host);
      return 1;
    }
    const changes = await changesOf(session, folder, plan.files);
    if (changes.some(({ change }) => change !== "same")) {
      await take();
      await writeFiles(session, folder, plan.files, changes);
    }
    if (plan.steps.length === 0) {
      talk(session, "nothing to do");
    } else {
      tellWarnings(session, found);
      await keepHanded(session, found);
      const failure = await runSteps(session, folder, plan.steps, await take()).then(() => undefined, troubleOf);
      const bad = await proven(session, source, plan.steps, failure !== undefined);
      if (bad.length > 0) tell(session, bad, found.host);
      if (failure) throw failure;
      if (bad.length > 0) return 1;
    }
    tellMachines(session, found, plan.steps.length === 0 ? found.lab : await readLab(shell, source.config, folder));
    return 0;
  } finally {
    await lock?.release();
  }
}

/** Runs the safe fixes, if told to, as long as each round brings something; the survey after them. */
async function mended(session: Session, first: Survey, take: () => Promise<Lock>): Promise<Survey> {
  const { shell, options } = session;
  let found = first;
  for (let round = 0; round < 4; round++) {
    const fails = found.findings.filter(({ status }) => status === "fail");
    const fixes = safeFixes(found.findings);
    // a fix is of no use while something else stands in the way that none of them mends
    if (fixes.length === 0 || fails.some((finding) => safeFixes([finding]).length === 0)) return found;
    if (!options.yes) {
      if (fails.length === 0 || !shell.terminal.in || !shell.terminal.err) return found;
      shell.say(`${fails.flatMap((finding) => oneFinding(finding, lookOf(session, "err", found.host))).join("\n")}\n`);
      if (!(await shell.confirm("Run these commands?"))) return found;
    }
    await runSteps(session, found.source.folder, fixes.map((fix) => fixStep(fix, found.host)), await take());
    const next = await survey(session, found.source, session.words);
    if (JSON.stringify(next.findings) === JSON.stringify(found.findings)) return next;
    found = next;
  }
  return found;
}

function safeFixes(findings: Finding[]): Fix[] {
  return findings.filter(({ status }) => status === "fail" || status === "warn").flatMap(({ fix }) =>
    fix.filter(({ safe, run }) => safe && run)
  );
}

function fixStep({ say, run, root }: Fix, host: Host): Step {
  if (host.os.platform === "windows") {
    return { title: say, command: ["powershell.exe", "-NoLogo", "-NoProfile", "-Command", run!] };
  }
  const sudo = root && host.uid !== 0;
  return { title: say, command: ["sh", "-c", sudo ? asRoot(run!) : run!], ...(sudo ? { terminal: true } : {}) };
}

function tell(session: Session, findings: Finding[], host: Host): void {
  const look = { ...lookOf(session, "out", host), notes: notesFor(host) };
  session.shell.print(`${findingLines(findings, look).join("\n")}\n`);
}

/** What went wrong in some step; whatever else is thrown is thrown on. */
function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  throw error;
}

/**
 * Reads what the proving steps brought, keeps the proofs that hold, and gives the findings that fail. `some`: of the machines whose proof was come
 * to, since a step failed before the others'.
 */
async function proven(session: Session, source: Survey["source"], steps: Step[], some: boolean): Promise<Finding[]> {
  const all = steps.flatMap(({ proves, output }) => (proves && output ? [{ name: proves, output }] : []));
  const there = await Promise.all(all.map(({ output }) => session.shell.stamp(`${source.folder}/${output}`)));
  const names = all.flatMap(({ name }, i) => (!some || there[i] !== undefined ? [name] : []));
  if (names.length === 0) return [];
  const now = await survey(session, source);
  const machines = now.settled.machines.filter(({ name }) => names.includes(name));
  const judged = await prove(session, now, machines);
  await keepProofs(
    session,
    now,
    machines.filter(({ name }) => judged.every(({ machine, status }) => machine !== name || status !== "fail")),
  );
  return judged.filter(({ status }) => status === "fail");
}

async function keepProofs({ shell }: Session, now: Survey, machines: SettledMachine[]): Promise<void> {
  const { folder } = now.source;
  const state: State = await readState(shell, folder);
  for (const machine of machines) {
    const { run } = now.lab.machines[machine.name]!;
    if (run) {
      const driver = driverState(machine, now.host);
      state.proofs[machine.name] = {
        run,
        services: servicesHash(machine, now.settled),
        ...(driver ? { driver } : {}),
        at: new Date().toISOString(),
      };
    }
  }
  await writeState(shell, folder, state);
}

/** Writes down what the cards are bound to, before libvirt takes them. */
async function keepHanded(
  { shell }: Session,
  { source: { folder }, names, settled, host, lab }: Survey,
): Promise<void> {
  const state = await readState(shell, folder);
  const vms = Object.values({ ...lab.machines, ...lab.orphans })
    .filter(({ state }) => state === "running" || state === "half-made")
    .map(({ made }) => made?.passed.map(({ host }) => host));
  for (const machine of settled.machines.filter(({ name, gpus }) => gpus.length > 0 && names.includes(name))) {
    state.handed = handedOver(state.handed, machine.name, passedOf(machine, host) ?? [], vms);
  }
  if (Object.keys(state.handed).length > 0) await writeState(shell, folder, state);
}

function tellWarnings(session: Session, { findings, host }: Survey): void {
  const look = lookOf(session, "err", host);
  const lines = findings.filter(({ status }) => status === "warn" || status === "unknown").flatMap((finding) =>
    oneFinding(finding, look)
  );
  if (lines.length > 0 && !session.options.quiet) session.shell.say(`${lines.join("\n")}\n`);
}

/** Names VMs that nobody asked for any longer. */
function tellOrphans(session: Session, { orphans }: Lab): void {
  for (const name of Object.keys(orphans)) {
    talk(session, `${name} is no longer in the config, and its VM is still there; to remove it: destroy ${name}`);
  }
}

/** The closing lines: what is up, where, what runs in it, how to get in. */
function tellMachines(session: Session, { names, settled }: Survey, lab: Lab): void {
  for (const machine of settled.machines.filter(({ name }) => names.includes(name))) {
    const there = lab.machines[machine.name]!;
    const own = settled.services.filter((service) => service.machine === machine.name && isStarted(service));
    const services = own.map(({ name }) => name);
    const proof = there.proof ? `, proven ${there.proof.at.slice(0, 16).replace("T", " ")} UTC` : "";
    session.shell.print(
      `${machine.name} is up at ${there.address ?? "an unknown address"}${
        there.made?.passed.length ? ` with ${there.made.passed.map(({ host }) => host).join(", ")}` : ""
      }${services.length > 0 ? `: ${services.join(", ")}` : ""}${proof}\n`,
    );
    session.shell.print(`  npx zx homelab-gpu.mts ssh ${machine.name}\n`);
  }
}
