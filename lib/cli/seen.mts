/** What VMs answered of their services when they were last proven, and what is said of them. */
import type { Lab } from "../host/lab.mts";
import { isProven } from "../plan/proof.mts";
import { self } from "../self.mts";
import { visible } from "../text.mts";
import { factsOf } from "../verify/guest-facts.mts";
import { type SeenService, seenServices } from "../verify/services.mts";
import type { Context } from "./context.mts";
import type { Inspection } from "./inspect.mts";

/** The services of a machine as its VM answered last; none if it never did. */
export async function readSeenServices({ shell }: Context, folder: string, machine: string): Promise<SeenService[]> {
  return seenServices(factsOf((await shell.read(`${folder}/verify/${machine}.txt`)) ?? ""));
}

/** The URLs of a service's published ports. `address` is the VM's; without it there are none. */
export function urlsOf({ ports, httpsPorts }: SeenService, address: string | undefined): string[] {
  const host = address?.includes(":") ? `[${address}]` : address;
  return host ? ports.map((port) => `http${httpsPorts.includes(port) ? "s" : ""}://${host}:${port}`) : [];
}

/** A line for each service: name, state, URLs, GPUs, in columns. `address` is the VM's, undefined if unknown. */
export function serviceLines(services: SeenService[], address: string | undefined): string[] {
  const width = (of: (one: SeenService) => string) => Math.max(0, ...services.map((one) => of(one).length));
  const [names, states] = [width(({ name }) => name), width(({ state }) => state)];
  return services.map((one) =>
    [one.name.padEnd(names), one.state.padEnd(states), ...urlsOf(one, address), ...one.gpus].join("  ").trimEnd()
  );
}

/** The closing lines: each machine, its address, its services, and how to log in. */
export async function printMachines(
  context: Context,
  { names, resolved, loaded }: Inspection,
  lab: Lab,
): Promise<void> {
  for (const machine of resolved.machines.filter(({ name }) => names.includes(name))) {
    const there = lab.machines[machine.name]!;
    const seen = await readSeenServices(context, loaded.folder, machine.name);
    const services = seen.map(({ name }) => name);
    // a proof of an earlier run does not count after a change that failed
    const proof = isProven(machine, resolved, there)
      ? `, proven ${there.proof!.at.slice(0, 16).replace("T", " ")} UTC`
      : ", not proven";
    context.shell.stdout(
      `${machine.name} is up at ${there.address ?? "an unknown address"}${
        there.hardware?.assignedFunctions.length
          ? ` with ${there.hardware.assignedFunctions.map(({ host }) => host).join(", ")}`
          : ""
      }${services.length > 0 ? `: ${services.join(", ")}` : ""}${proof}\n`,
    );
    for (const line of serviceLines(seen, there.address)) context.shell.stdout(`  ${visible(line)}\n`);
    context.shell.stdout(`  ${self(`ssh ${machine.name}`)}\n`);
  }
}
