/** VMs on this host that the config has on another host: they were moved, or both names lead to one host. */
import { configErrorAt, parseConfig } from "../config/parse.mts";
import { movedTo, thisMachine, wordFor } from "../config/placed.mts";
import type { Config, OtherHost } from "../config/types.mts";
import { UserError } from "../errors.mts";
import { hostIdOf } from "../host/host-id.mts";
import type { Lab, LabMachine } from "../host/lab.mts";
import { hereOf, type Shell } from "../shell.mts";
import { type Context, log } from "./context.mts";
import type { LoadedConfig } from "./load-config.mts";
import { connectTo } from "./other-host.mts";
import { sameHostFlaws } from "./same-host.mts";

/** A VM, or what is left of it, that a host still has and that its config does not have there. */
export interface LeftVm {
  name: string;
  machine: LabMachine;
  /** Set if the config has a machine of that name on another host. */
  moved?: {
    /** The name of that host; undefined is this machine. */
    host: string | undefined;
    /** Whether that is the host that the VM is on; undefined if it does not answer or say. */
    isSame: boolean | undefined;
  };
}

/**
 * The VMs that the config of a host does not have there. Asks each host that one of them has moved to which host it is:
 * two names of one host are no move.
 */
export async function leftVms(
  context: Context,
  { config, text, name: file }: Pick<LoadedConfig, "config" | "text" | "name">,
  { orphans }: Lab,
): Promise<LeftVm[]> {
  const all = Object.entries(orphans).map(([name, machine]) => ({ name, machine, there: movedTo(config, name) }));
  const targets = [...new Set(all.flatMap(({ there }) => there ? [there.host] : []))];
  if (targets.length === 0) return all.map(({ name, machine }) => ({ name, machine }));
  const { hosts = [] } = parseConfig(text, file);
  const [own, ...ids] = await Promise.all([
    hostIdOf(context.shell),
    ...targets.map(async (target) => {
      const here = hereOf(context.shell);
      if (target === undefined) return await hostIdOf(here);
      const host = hosts.find((one) => one?.name === target);
      return host && await idOf(host, context, here);
    }),
  ]);
  return all.map(({ name, machine, there }): LeftVm => {
    if (!there) return { name, machine };
    const id = ids[targets.indexOf(there.host)];
    return {
      ...{ name, machine },
      moved: { host: there.host, isSame: id === undefined || own === undefined ? undefined : id === own },
    };
  });
}

/** Which host that is; undefined if it is not reached or does not say. */
async function idOf(host: OtherHost, { on: { reach } = {} }: Context, here: Shell): Promise<string | undefined> {
  try {
    if (reach) return await hostIdOf(await reach(host));
    const shell = await connectTo(host, here);
    const id = await hostIdOf(shell);
    shell.close();
    return id;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return undefined;
  }
}

/**
 * Throws ConfigError if a VM of this host is there under another name of the host: both names would share one lab, and
 * each would take the other's VMs for VMs that may be removed.
 */
export function refuseOtherName(
  { on }: Pick<Context, "on">,
  { text, name }: Pick<LoadedConfig, "text" | "name">,
  left: LeftVm[],
): void {
  const twins = [...new Set(left.flatMap(({ moved }) => moved?.isSame ? [moved.host] : []))];
  if (twins.length === 0) return;
  const config: Config = parseConfig(text, name);
  const hostOf = (name: string | undefined) => config.hosts?.find((one) => one?.name === name) ?? null;
  throw configErrorAt(
    text,
    name,
    sameHostFlaws(config, twins.map((twin) => ({ host: hostOf(on?.name), same: hostOf(twin) }))),
  );
}

/** What is left of a VM: `its VM still exists`. */
const remains = ({ state, cardTaken }: LabMachine) =>
  state !== "absent"
    ? "its VM still exists"
    : cardTaken
    ? "its card is not back on the host"
    : "its data disk still exists";

/** The command that removes what is left of a VM, or returns its card. */
export function removalCommand({ name, machine: { state, cardTaken }, moved }: LeftVm, on: string | undefined): string {
  // its name alone is the VM on the host that the config has for it
  const word = moved ? wordFor(on, name) : name;
  return `destroy ${word}${state === "absent" && !cardTaken ? " --data" : ""}`;
}

/** Logs the VMs that the config no longer has, or has on another host. */
export function logLeft(context: Context, left: LeftVm[]): void {
  const on = context.on?.name;
  for (const one of left) {
    const { name, machine, moved } = one;
    const there = moved && (moved.host ?? thisMachine);
    const where = moved ? `is on ${there} in the config` : "is no longer in the config";
    const here = moved && (machine.state !== "absent" || !machine.cardTaken) ? ` on ${on ?? thisMachine}` : "";
    const purpose = machine.state === "absent" && machine.cardTaken ? "to return it" : "to remove it";
    const isUnsure = moved && moved.isSame === undefined;
    const next = isUnsure
      ? `. ${there} does not answer: if ${there} and ${on ?? thisMachine} are two hosts, ${purpose}:`
      : `; ${purpose}:`;
    log(context, `${name} ${where}, and ${remains(machine)}${here}${next} ${removalCommand(one, on)}`);
  }
}
