/** The machines of a lab as they are now. */
import type { Finding } from "../../findings.mts";
import type { Lab } from "../../host/lab.mts";
import { visible } from "../../text.mts";
import { jsonText } from "../../urls.mts";
import { type Context, log, styleFor } from "../context.mts";
import type { LoadedConfig } from "../load-config.mts";
import { inspectLab } from "../inspect-lab.mts";
import { outdatedMachines } from "../outdated-machines.mts";
import { formatFinding } from "../print.mts";
import { readSeenServices, serviceLines } from "../seen.mts";

/** `status`: a line for each machine. */
export async function status(context: Context): Promise<number> {
  const { source, lab } = await inspectLab(context);
  const outdated = await outdatedMachines(context, source, lab);
  log(context, `config: ${source.name}`);
  if (context.options.json) {
    const machines = await machinesAsJson(context, source, lab, outdated);
    context.shell.stdout(`${jsonText({ schema: "homelab-gpu/status/2", machines })}\n`);
    return 0;
  }
  for (const [name, machine] of Object.entries({ ...lab.machines, ...lab.orphans })) {
    const { state, address, box, cpus, memory, proof, bootId, hardware } = machine;
    const fresh = proof && proof.bootId === bootId;
    // what an earlier VM answered says nothing of this one
    const seen = fresh ? await readSeenServices(context, source.folder, name) : [];
    const services = seen.map((service) => service.name);
    const held = fresh ? `proven ${proof.at.slice(0, 16).replace("T", " ")} UTC` : "not proven since it started";
    const rest = state === "running"
      ? [
        address ?? "address unknown",
        `${cpus ?? "?"} CPUs, ${memory ?? "?"} MiB`,
        ...(hardware?.assignedFunctions.length ? [hardware.assignedFunctions.map(({ host }) => host).join(", ")] : []),
        ...(services.length > 0 ? [services.join(", ")] : []),
        held,
      ]
      : state === "off"
      ? [`box version ${box ?? "unknown"}`]
      : bootId
      ? ["it runs, but was never reached"]
      : state === "unknown"
      ? [`libvirt does not answer: ${lab.libvirtError}`]
      : [];
    const orphan = Object.hasOwn(lab.orphans, name) ? ["no longer in the config"] : [];
    context.shell.stdout(`${visible([`${name}: ${state}`, ...rest, ...orphan].join(" · "))}\n`);
    if (state === "running") {
      for (const line of serviceLines(seen, address)) context.shell.stdout(`  ${visible(line)}\n`);
    }
    const old = outdated.get(name);
    if (old) {
      context.shell.stdout(`${formatFinding(old, styleFor(context, "out")).map((line) => `  ${line}`).join("\n")}\n`);
    }
  }
  return 0;
}

/** The machines of a lab as `status --json` has them; what is not known is null. */
async function machinesAsJson(
  context: Context,
  source: LoadedConfig,
  lab: Lab,
  outdated: Map<string, Finding>,
): Promise<object[]> {
  return await Promise.all(
    Object.entries({ ...lab.machines, ...lab.orphans }).map(async ([name, machine]) => {
      const { state, address, cpus, memory, proof, bootId, hardware } = machine;
      const fresh = proof !== undefined && proof.bootId === bootId;
      const running = state === "running";
      return {
        name,
        state,
        inConfig: !Object.hasOwn(lab.orphans, name),
        address: running ? address ?? null : null,
        cpus: running ? cpus ?? null : null,
        memoryMiB: running ? memory ?? null : null,
        cards: running ? (hardware?.assignedFunctions ?? []).map(({ host }) => host) : [],
        provenAt: running && fresh ? proof.at : null,
        outdated: outdated.get(name)?.message ?? null,
        services: running && fresh ? await readSeenServices(context, source.folder, name) : [],
      };
    }),
  );
}
