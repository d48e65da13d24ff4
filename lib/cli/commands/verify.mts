import type { SettledMachine } from "../../config/types.mts";
import type { Finding } from "../../findings.mts";
import { command } from "../../fixes.mts";
import { passedOf } from "../../resolve/cards.mts";
import { driverVersion, hostDriver, partWish } from "../../resolve/partition.mts";
import { answered } from "../../host/lab.mts";
import { inLane } from "../../plan/stages.mts";
import { hold } from "../../run/lock.mts";
import { proofOf } from "../../plan/plan.mts";
import { findingLines, planLines } from "../print.mts";
import { runSteps } from "../../run/steps.mts";
import { lookOf, readTexts, type Session, type Survey, survey, talk } from "../context.mts";
import { verified } from "../../verify/layers.mts";

/** `verify`: proves every machine, layer by layer, and names the first layer that fails. */
export async function verify(session: Session): Promise<number> {
  const { shell } = session;
  const found = await survey(session);
  const { source, settled, lab } = found;
  talk(session, `config: ${source.name}`);
  answered(lab);
  const up = settled.machines.filter(({ name }) => lab.machines[name]?.state === "running");
  const down = settled.machines.filter((machine) => !up.includes(machine));
  const steps = up.flatMap((machine) => inLane(machine.name, [proofOf(machine, settled)]));
  if (session.options.dryRun) {
    shell.print(`${planLines(source.folder, [], steps, lookOf(session, "out")).join("\n")}\n`);
    return 0;
  }
  const texts = await readTexts(session, source.config);
  const lock = await hold(shell, source.folder, "verify", (line) => talk(session, line));
  try {
    await shell.write(`${source.folder}/scripts/verify-guest.sh`, texts["scripts/verify-guest.sh"]!);
    await runSteps(session, source.folder, steps, lock);
  } finally {
    await lock.release();
  }
  const findings = [...down.map(notUp), ...(await prove(session, found, up))];
  shell.print(`${findingLines(findings, { ...lookOf(session, "out", found.host), verbose: true }).join("\n")}\n`);
  return findings.some(({ status }) => status === "fail") ? 1 : 0;
}

/** What the proving steps of these machines brought, judged. */
export async function prove(
  { shell }: Session,
  { source, settled, host, lab }: Survey,
  machines: SettledMachine[],
): Promise<Finding[]> {
  const judged = await Promise.all(machines.map(async (machine) => {
    const { name } = machine;
    const guests = lab.machines[name]?.made?.passed ?? [];
    const passed = (passedOf(machine, host) ?? []).map((fn) => {
      const guest = guests.find(({ host }) => host === fn.bdf)?.guest;
      return {
        fn,
        ...(guest ? { guest } : {}),
        ...(machine.provider === "libvirt" ? {} : { otherwise: true as const }),
      };
    });
    const services = settled.services.filter(({ machine }) => machine === name);
    const wish = partWish(machine);
    const driver = wish && hostDriver(wish, host);
    const version = driver && driverVersion(driver);
    const part = wish?.vendorId === "10de" ? (version ? { driver: version } : {}) : undefined;
    return verified(name, await shell.read(`${source.folder}/verify/${name}.txt`), services, passed, part).findings;
  }));
  return judged.flat();
}

function notUp({ name }: SettledMachine): Finding {
  return {
    check: "verify.ssh",
    machine: name,
    status: "fail",
    says: "the VM does not run",
    evidence: [],
    fix: [command("Bring it up", "npx zx homelab-gpu.mts up")],
  };
}
