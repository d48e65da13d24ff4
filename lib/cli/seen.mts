/** The services of VMs as of their last proof, and how they are printed. */
import type { Lab } from "../host/lab.mts";
import { lanRecord } from "../host/lan.mts";
import { isProven } from "../plan/proof.mts";
import { deployedStackPath } from "../plan/swarm-stacks.mts";
import { deployedPath } from "../plan/swarm.mts";
import type { Resolved } from "../resolve/types.mts";
import { self } from "../self.mts";
import { visible } from "../text.mts";
import { factsOf } from "../verify/guest-facts.mts";
import { type SeenService, seenServices } from "../verify/services.mts";
import type { Context } from "./context.mts";
import { forwardLines } from "./forward.mts";
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

/**
 * A line for each service: name, state, URLs, other ports, GPUs, in columns. Containers of one
 * service share a line. `address` is the VM's, undefined if unknown.
 */
export function serviceLines(services: SeenService[], address: string | undefined): string[] {
  const names = [...new Set(services.map(({ name }) => name))];
  const rows = names.map((name) => {
    const containers = services.filter((one) => one.name === name);
    const distinct = (of: (one: SeenService) => string[]) => [...new Set(containers.flatMap(of))];
    const reached = [
      ...distinct((one) => rangesOf(one.ports).flatMap((range) => rangeUrl(one, range, address))),
      ...distinct((one) => rangesOf(one.udpPorts).map((range) => `${rangeText(range)}/udp`)),
      ...distinct((one) => rangesOf(one.loopbackPorts).map((range) => `${rangeText(range)} only inside the VM`)),
    ];
    return { name, state: stateOf(containers), rest: [...reached, ...distinct(({ gpus }) => gpus)] };
  });
  const width = (of: (row: typeof rows[number]) => string) => Math.max(0, ...rows.map((row) => of(row).length));
  const [nameWidth, stateWidth] = [width(({ name }) => name), width(({ state }) => state)];
  return rows.map(({ name, state, rest }) =>
    [name.padEnd(nameWidth), state.padEnd(stateWidth), ...rest].join("  ").trimEnd()
  );
}

/** The state of a service: of several containers `2 running`, `1 running, 1 exited with code 3`. */
function stateOf(containers: SeenService[]): string {
  const states = containers.map(({ state }) => state);
  if (states.length === 1) return states[0]!;
  return [...new Set(states)].map((state) => `${states.filter((one) => one === state).length} ${state}`).join(", ");
}

/** The first and the last of ports that follow each other; ports in ascending order. */
function rangesOf(ports: number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const port of ports) {
    const last = ranges.at(-1);
    if (last && last[1] === port - 1) last[1] = port;
    else ranges.push([port, port]);
  }
  // two neighbours are rarely a range
  return ranges.flatMap(([from, to]): [number, number][] => to - from === 1 ? [[from, from], [to, to]] : [[from, to]]);
}

const rangeText = ([from, to]: [number, number]) => (from === to ? `${from}` : `${from}-${to}`);

/** The URL of a port; of a range the URL of its first port, and the last port. */
function rangeUrl(one: SeenService, [from, to]: [number, number], address: string | undefined): string[] {
  return urlsOf({ ...one, ports: [from] }, address).map((url) => (from === to ? url : `${url} to :${to}`));
}

/** The closing lines: each machine, its address, its services, and how to log in. */
export async function printMachines(
  context: Context,
  { names, resolved, loaded }: Inspection,
  lab: Lab,
): Promise<void> {
  for (const machine of resolved.machines.filter(({ name }) => names.includes(name))) {
    const { name } = machine;
    const existing = lab.machines[name]!;
    const seenServices = await readSeenServices(context, loaded.folder, machine.name);
    const services = [...new Set(seenServices.map(({ name }) => name))];
    // a proof of an earlier run does not count after a change that failed
    const proof = isProven(machine, resolved, existing)
      ? `, proven ${existing.proof!.at.slice(0, 16).replace("T", " ")} UTC`
      : ", not proven";
    context.shell.stdout(
      `${machine.name} is up at ${existing.address ?? "an unknown address"}${
        existing.hardware?.assignedFunctions.length
          ? ` with ${existing.hardware.assignedFunctions.map(({ host }) => host).join(", ")}`
          : ""
      }${services.length > 0 ? `: ${services.join(", ")}` : ""}${proof}\n`,
    );
    const { lan } = machine.network ?? {};
    const lines = [
      ...serviceLines(seenServices, existing.address),
      ...(lan === undefined ? forwardLines(seenServices, existing.address, context.shell.away) : []),
    ];
    for (const line of lines) context.shell.stdout(`  ${visible(line)}\n`);
    const inLan = lan === undefined ? undefined : await context.shell.read(`${loaded.folder}/${lanRecord(name)}`);
    if (inLan !== undefined) context.shell.stdout(`  in the LAN (${lan}): ${visible(inLan.trim())}\n`);
    context.shell.stdout(`  ${self(`ssh ${machine.name}`)}\n`);
  }
  // with nodes on several hosts it is deployed later
  if (!resolved.sharedSwarm) await printSwarm(context, resolved, loaded.folder);
}

/** The services of the Swarm, as they were deployed last. */
export async function printSwarm(context: Context, { swarm }: Resolved, folder: string): Promise<void> {
  if (!swarm) return;
  const paths = [deployedPath, ...swarm.stacks.map(({ name }) => deployedStackPath(name))];
  const texts = await Promise.all(paths.map((path) => context.shell.read(`${folder}/${path}`)));
  const lines = texts.flatMap((text = "") => text.split("\n")).filter((line) => line.trim() !== "");
  if (lines.length === 0) return;
  context.shell.stdout(`Swarm of ${swarm.manager}, as it was deployed last:\n`);
  for (const line of lines) context.shell.stdout(`  ${visible(line)}\n`);
}
