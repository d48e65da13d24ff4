import type { ResolvedMachine } from "../../resolve/types.mts";
import type { Finding, Fix } from "../../findings.mts";
import type { Host } from "../../host/types.mts";
import type { Step } from "../../plan/types.mts";
import { UserError } from "../../errors.mts";
import { notesFor } from "../../checks/index.mts";
import { mergePreviousDrivers } from "../../verify/gpu-return.mts";
import { driverState } from "../../resolve/partition.mts";
import { type Lab, readLab, readVmId } from "../../host/lab.mts";
import { readState, type State, writeState } from "../../host/state.mts";
import { acquireLock, type Lock } from "../../run/lock.mts";
import { makePlan, servicesHash } from "../../plan/plan.mts";
import { formatFinding, formatFindings, withSudo } from "../print.mts";
import { diffFiles, runSteps, writeFiles } from "../../run/steps.mts";
import { type Context, inspect, type Inspection, log, readTexts, reporterOf, selfFor, styleFor } from "../context.mts";
import { confirmed } from "../confirm.mts";
import { unseen } from "../seen-warnings.mts";
import { counted } from "../../text.mts";
import { readSeenServices, serviceLines } from "../seen.mts";
import { writeCopies } from "../../host/copies.mts";
import { verifyMachines } from "./verify.mts";
import { self } from "../../self.mts";
import { powershell } from "../../host/windows.mts";
import { visible } from "../../text.mts";

/**
 * `up [machine…]`: inspect → fix → check → plan → write → build → boot → start services → verify.
 * Nothing is changed while a check fails.
 */
export async function up(session: Context): Promise<number> {
  const { shell, options, args } = session;
  let found = await inspect(session, undefined, args, "unproven");
  const { loaded, names } = found;
  const { folder } = loaded;
  log(session, `config: ${loaded.name}`);
  logOrphans(session, found.lab);
  const withheld = [...loaded.withheldServices, ...found.withheld];
  if (withheld.length > 0) log(session, `without a GPU these services are left out: ${withheld.join(", ")}`);

  let lock: Lock | undefined;
  const take = async () => (lock ??= await acquireLock(shell, folder, "up", (line) => log(session, line)));
  try {
    found = await applySafeFixes(session, found, take);
    if (found.findings.some(({ status }) => status === "fail")) {
      printFindings(session, found.findings, found.host);
      return 1;
    }
    const texts = await readTexts(session, loaded.config);
    const wish = { recreate: options.recreate, names };
    let plan = makePlan(found.settled, found.host, found.lab, texts, wish);
    const agreed = plan.replaces;
    if (!(await agreesToLose(session, agreed))) return 1;
    if (plan.steps.length > 0) {
      // what was read before the lock was held may be half done by another run
      await take();
      found = await inspect(session, loaded, args, "unproven");
      plan = makePlan(found.settled, found.host, found.lab, texts, wish);
      const more = plan.replaces.filter((name) => !agreed.includes(name));
      if (!(await agreesToLose(session, more))) return 1;
    }
    const stops = plan.findings.filter(({ status }) => status === "fail");
    if (stops.length > 0) {
      printFindings(session, stops, found.host);
      return 1;
    }
    const changes = await diffFiles(session.shell, folder, plan.files);
    if (changes.some(({ change }) => change !== "same")) {
      await take();
      await writeFiles(shell, folder, plan.files, changes);
    }
    if (plan.steps.length === 0) {
      log(session, "nothing to do");
    } else {
      await printWarnings(session, found);
      await savePreviousDrivers(session, found);
      await forgetCopies(session, found);
      const failure = await runSteps(reporterOf(session), folder, plan.steps, await take()).then(
        () => undefined,
        asUserError,
      );
      if (!failure) await saveCopies(session, found);
      const judged = await judgeProofs(session, found, plan.steps, failure !== undefined);
      const bad = judged.some(({ status }) => status === "fail");
      if (bad || judged.some(({ status }) => status === "unknown")) printFindings(session, judged, found.host);
      if (failure) throw failure;
      if (bad) {
        await printMachines(session, found, await readLab(shell, loaded.config, folder));
        return 1;
      }
    }
    await printMachines(
      session,
      found,
      plan.steps.length === 0 ? found.lab : await readLab(shell, loaded.config, folder),
    );
    return 0;
  } finally {
    await lock?.release();
  }
}

/** Asks before VMs are recreated: says what is lost with them. */
async function agreesToLose(session: Context, names: string[]): Promise<boolean> {
  if (names.length === 0) return true;
  const [are, disks] = names.length === 1 ? ["is", "system disk"] : ["are", "system disks"];
  const question = `The VM of ${names.join(", ")} ${are} removed and created again. ` +
    `All that is on the ${disks} is lost. Go on?`;
  if (await confirmed(session, question, `up --recreate of ${names.join(", ")}, which loses the ${disks},`)) {
    return true;
  }
  log(session, "nothing was changed");
  return false;
}

/**
 * Runs the safe fixes, if `--yes` or a person agrees, as long as each round changes the findings;
 * gives the inspection after them.
 */
async function applySafeFixes(session: Context, first: Inspection, take: () => Promise<Lock>): Promise<Inspection> {
  const { shell, options } = session;
  let found = first;
  for (let round = 0; round < 4; round++) {
    const fails = found.findings.filter(({ status }) => status === "fail");
    const fixes = safeFixes(found.findings);
    // a safe fix does not help while another failure has none
    if (fixes.length === 0 || fails.some((finding) => safeFixes([finding]).length === 0)) return found;
    if (!options.yes) {
      if (fails.length === 0 || !shell.terminal.in) return found;
      shell.stderr(
        `${fails.flatMap((finding) => formatFinding(finding, styleFor(session, "err", found.host))).join("\n")}\n`,
      );
      if (!(await shell.confirm("Run these commands?"))) return found;
    }
    await runSteps(
      reporterOf(session),
      found.loaded.folder,
      fixes.map((fix) => fixStep(fix, found.host)),
      await take(),
    );
    const next = await inspect(session, found.loaded, session.args, "unproven");
    if (JSON.stringify(next.findings) === JSON.stringify(found.findings)) return next;
    found = next;
  }
  return found;
}

function safeFixes(findings: Finding[]): Fix[] {
  return findings.filter(({ status }) => status === "fail" || status === "warn").flatMap(({ fix }) =>
    fix.filter(({ safe, command }) => safe && command)
  );
}

function fixStep({ title, command, root }: Fix, host: Host): Step {
  if (host.os.platform === "windows") {
    return { title, command: powershell("-Command", command!) };
  }
  const sudo = root && host.uid !== 0;
  return { title, command: ["sh", "-c", sudo ? withSudo(command!) : command!], ...(sudo ? { terminal: true } : {}) };
}

function printFindings(session: Context, findings: Finding[], host: Host): void {
  const look = { ...styleFor(session, "out", host), notes: notesFor(host) };
  session.shell.stdout(`${formatFindings(findings, look).join("\n")}\n`);
}

/** The error of a step; any other error is thrown again. */
function asUserError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}

/**
 * Reads what the proving steps brought, keeps the proofs that hold, and gives all findings. `some`: of the machines whose proof was come to, since a
 * step failed before the others'. `planned`: what was applied, whatever the files of the stacks are by now.
 */
async function judgeProofs(
  session: Context,
  planned: Inspection,
  steps: Step[],
  some: boolean,
): Promise<Finding[]> {
  const source = planned.loaded;
  const all = steps.flatMap(({ proves, output }) => (proves && output ? [{ name: proves, output }] : []));
  const there = await Promise.all(all.map(({ output }) => session.shell.fingerprint(`${source.folder}/${output}`)));
  const names = all.flatMap(({ name }, i) => (!some || there[i] !== undefined ? [name] : []));
  if (names.length === 0) return [];
  const seen = await inspect(session, source, [], "never");
  const now = { ...seen, settled: { ...seen.settled, stacks: planned.settled.stacks ?? [] } };
  const machines = now.settled.machines.filter(({ name }) => names.includes(name));
  const judged = await verifyMachines(session, now, machines);
  await saveProofs(
    session,
    now,
    machines.filter(({ name }) =>
      judged.every(({ machine, status, check }) =>
        machine !== name || (status !== "fail" && !(status === "unknown" && check === "verify.service"))
      )
    ),
  );
  return judged;
}

/** Before stacks are copied: until all went well, what the VMs have of them is not known. */
async function forgetCopies({ shell }: Context, { names, lab, loaded: { folder } }: Inspection): Promise<void> {
  for (const name of names) if (lab.machines[name]?.copies) await writeCopies(shell, folder, name);
}

/** Writes down what the machines got of their stacks. */
async function saveCopies({ shell }: Context, { names, settled, loaded }: Inspection): Promise<void> {
  for (const name of names) {
    const own = (settled.stacks ?? []).filter(({ machine }) => machine === name);
    const vm = own.length > 0 ? await readVmId(shell, loaded.folder, name) : undefined;
    if (vm === undefined) continue;
    const stacks = Object.fromEntries(own.map((project) => [project.name, project.files]));
    await writeCopies(shell, loaded.folder, name, { schema: "homelab-gpu/copies/1", vm, stacks });
  }
}

async function saveProofs({ shell }: Context, now: Inspection, machines: ResolvedMachine[]): Promise<void> {
  const { folder } = now.loaded;
  const state: State = await readState(shell, folder);
  for (const machine of machines) {
    const { bootId } = now.lab.machines[machine.name]!;
    if (bootId) {
      const driver = driverState(machine);
      state.proofs[machine.name] = {
        bootId,
        services: servicesHash(machine, now.settled),
        ...(driver ? { driver } : {}),
        at: new Date().toISOString(),
      };
    }
  }
  await writeState(shell, folder, state);
}

/** Saves which drivers the cards have before libvirt takes them. */
async function savePreviousDrivers(
  { shell }: Context,
  { loaded: { folder }, names, settled, lab }: Inspection,
): Promise<void> {
  const state = await readState(shell, folder);
  const vms = Object.values({ ...lab.machines, ...lab.orphans })
    .filter(({ state }) => state === "running" || state === "half-made")
    .map(({ hardware }) => hardware?.assignedFunctions.map(({ host }) => host));
  for (const machine of settled.machines.filter(({ name, gpus }) => gpus.length > 0 && names.includes(name))) {
    state.previousDrivers = mergePreviousDrivers(
      state.previousDrivers,
      machine.name,
      machine.assignedFunctions ?? [],
      vms,
    );
  }
  if (Object.keys(state.previousDrivers).length > 0) await writeState(shell, folder, state);
}

/** Prints the warnings: in full those that no earlier run showed, of the others their number. */
async function printWarnings(session: Context, { findings, host, loaded }: Inspection): Promise<void> {
  if (session.options.quiet) return;
  const look = styleFor(session, "err", host);
  const warnings = findings.filter(({ status }) => status === "warn" || status === "unknown");
  const { fresh, seen } = session.options.verbose
    ? { fresh: warnings, seen: 0 }
    : await unseen(session.shell, loaded.folder, warnings);
  const lines = fresh.flatMap((finding) => formatFinding(finding, look));
  if (lines.length > 0) session.shell.stderr(`${lines.join("\n")}\n`);
  if (seen > 0) {
    log(session, `${counted(seen, "warning")} as in an earlier run: ${selfFor(session, "doctor")} shows them`);
  }
}

/** Logs the VMs that the config no longer has. */
function logOrphans(session: Context, { orphans }: Lab): void {
  for (const [name, { state }] of Object.entries(orphans)) {
    const left = state === "absent" ? "the host's card was taken for it" : "its VM is still there";
    const fix = state === "absent" ? "to return it" : "to remove it";
    log(session, `${name} is no longer in the config, and ${left}; ${fix}: destroy ${name}`);
  }
}

/** The closing lines: each machine, its address, its services, and how to log in. */
async function printMachines(session: Context, { names, settled, loaded }: Inspection, lab: Lab): Promise<void> {
  for (const machine of settled.machines.filter(({ name }) => names.includes(name))) {
    const there = lab.machines[machine.name]!;
    const seen = await readSeenServices(session, loaded.folder, machine.name);
    const services = seen.map(({ name }) => name);
    const proof = there.proof ? `, proven ${there.proof.at.slice(0, 16).replace("T", " ")} UTC` : "";
    session.shell.stdout(
      `${machine.name} is up at ${there.address ?? "an unknown address"}${
        there.hardware?.assignedFunctions.length
          ? ` with ${there.hardware.assignedFunctions.map(({ host }) => host).join(", ")}`
          : ""
      }${services.length > 0 ? `: ${services.join(", ")}` : ""}${proof}\n`,
    );
    for (const line of serviceLines(seen, there.address)) session.shell.stdout(`  ${visible(line)}\n`);
    session.shell.stdout(`  ${self(`ssh ${machine.name}`)}\n`);
  }
}
