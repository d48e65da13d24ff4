/** What VMs answered of their services when they were last proven. */
import { factsOf } from "../verify/guest-facts.mts";
import { type SeenService, seenServices } from "../verify/services.mts";
import type { Context } from "./context.mts";

/** The services of a machine as its VM answered last; none if it never did. */
export async function readSeenServices({ shell }: Context, folder: string, machine: string): Promise<SeenService[]> {
  return seenServices(factsOf((await shell.read(`${folder}/verify/${machine}.txt`)) ?? ""));
}

/** A line for each service: name, state, URLs, GPUs, in columns. `address` is the VM's, undefined if unknown. */
export function serviceLines(services: SeenService[], address: string | undefined): string[] {
  const host = address?.includes(":") ? `[${address}]` : address;
  const width = (of: (one: SeenService) => string) => Math.max(0, ...services.map((one) => of(one).length));
  const [names, states] = [width(({ name }) => name), width(({ state }) => state)];
  return services.map(({ name, state, ports, gpus }) => {
    const urls = host ? ports.map((port) => `http://${host}:${port}`) : [];
    return [name.padEnd(names), state.padEnd(states), ...urls, ...gpus].join("  ").trimEnd();
  });
}
