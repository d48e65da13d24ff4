import { jsonText } from "../../urls.mts";
import type { ResolvedMachine } from "../../resolve/types.mts";
import { notesFor } from "../../checks/index.mts";
import { countsByStatus, explainFindings, type Finding } from "../../findings.mts";
import { commandFix } from "../../fixes.mts";
import { requireLibvirtAnswer } from "../../host/lab.mts";
import { inQueue } from "../../plan/stages.mts";
import { acquireLock } from "../../run/lock.mts";
import type { Step } from "../../plan/types.mts";
import { proofOf } from "../../plan/proof.mts";
import { formatFindings, formatPlan } from "../print.mts";
import { runSteps } from "../../run/steps.mts";
import { type Context, log, logConfig, reporterOf, styleFor } from "../context.mts";
import { inspect, type Inspection } from "../inspect.mts";
import { writeScripts } from "../step-scripts.mts";
import { closeLab } from "../lab-state.mts";
import { invalidateProofs } from "../proofs.mts";
import { saveAddresses } from "../ssh-address.mts";
import { verifySwarm } from "../verify-swarm.mts";
import { verifyMachines } from "../verify-machines.mts";
import { self } from "../../self.mts";

/** `verify [machine…]`: proves the machines, layer by layer, and names the first layer that fails. */
export async function verify(context: Context): Promise<number> {
  const { shell } = context;
  const found = await inspect(context, undefined, context.args, "never");
  const { loaded, resolved, lab } = found;
  if (!context.options.dryRun) await closeLab(context, loaded.folder);
  logConfig(context, loaded.name);
  requireLibvirtAnswer(lab);
  const named = resolved.machines.filter(({ name }) => found.names.includes(name));
  const up = named.filter(({ name }) => lab.machines[name]?.state === "running");
  const down = named.filter((machine) => !up.includes(machine));
  const steps = up.flatMap((machine) => inQueue(machine.name, [proofOf(machine, resolved)]));
  if (context.options.dryRun) {
    shell.stdout(`${formatPlan(loaded.folder, [], steps, styleFor(context, "out")).join("\n")}\n`);
    return 0;
  }
  // nothing is written while no machine runs
  const findings = [
    ...down.map(notUp),
    ...(up.length > 0 ? await runProofs(context, found, steps, up) : []),
    ...(context.args.length > 0 ? [] : await verifySwarm(context, found)),
  ];
  if (context.options.json) {
    const ok = !findings.some(({ status }) => status === "fail");
    const report = {
      schema: "homelab-gpu/verify/2",
      findings: explainFindings(findings, notesFor(found.host)),
      counts: countsByStatus(findings),
      ok,
    };
    shell.stdout(`${jsonText(report)}\n`);
    return ok ? 0 : 1;
  }
  shell.stdout(`${formatFindings(findings, { ...styleFor(context, "out", found.host), verbose: true }).join("\n")}\n`);
  return findings.some(({ status }) => status === "fail") ? 1 : 0;
}

/** Runs the steps that ask the machines, and judges their answers, under the lock of the lab. */
async function runProofs(
  context: Context,
  found: Inspection,
  steps: Step[],
  machines: ResolvedMachine[],
): Promise<Finding[]> {
  const { loaded, lab } = found;
  const { shell } = context;
  const lock = await acquireLock(shell, loaded.folder, "verify", (line) => log(context, line));
  try {
    await saveAddresses(shell, loaded.folder, lab.machines);
    await writeScripts(shell, loaded.folder, steps);
    await runSteps(reporterOf(context), loaded.folder, steps, lock);
    const findings = await verifyMachines(context, found, machines);
    const failed = machines.filter(({ name }) =>
      findings.some(({ machine, status }) => machine === name && status === "fail")
    );
    await invalidateProofs(context, loaded.folder, failed.map(({ name }) => name));
    return findings;
  } finally {
    await lock.release();
  }
}

function notUp({ name }: ResolvedMachine): Finding {
  return {
    check: "verify.ssh",
    machine: name,
    status: "fail",
    message: "the VM is not running",
    evidence: [],
    fix: [commandFix("Start it", self(`up ${name}`))],
  };
}
