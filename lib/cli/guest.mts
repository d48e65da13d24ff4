/** Queries running machines over SSH, without Vagrant. */
import { UserError } from "../errors.mts";
import type { Engine } from "../config/types.mts";
import { type LabMachine, stateName } from "../host/lab.mts";
import { asset } from "../plan/assets.mts";
import { self } from "../self.mts";
import { type GuestStatus, guestStatusOf } from "../verify/guest-status.mts";
import type { Context } from "./context.mts";
import type { LoadedConfig } from "./load-config.mts";
import { impatient, questionTo, sshCommand } from "./login.mts";

/**
 * The start of an SSH command to a running machine, for the lab's folder; `options` come before its
 * name. Throws {@link UserError} if the machine is not running or was never reached.
 */
export function sshTo(name: string, machine: LabMachine, options: string[] = []): string[] {
  if (machine.state !== "running" || !machine.address) {
    const why = machine.state === "running" ? "was never reached" : `is not running (${stateName(machine.state)})`;
    throw new UserError(`${name} ${why}: ${self("up")}`, 1);
  }
  // the saved address is that of an earlier run of the VM
  const moved = machine.savedAddress === undefined ? [] : ["-o", `HostName=${machine.address}`];
  return sshCommand(name, [...moved, ...options]);
}

/** Whether a machine can be queried. */
export const isReachable = ({ state, address }: LabMachine) => state === "running" && address !== undefined;

/** The engine of a machine; Docker for one that the config no longer has. */
export function engineOfMachine({ config }: LoadedConfig, name: string): Engine {
  return config.machines.find((machine) => machine.name === name)?.engine ?? "docker";
}

/**
 * What a running machine reports; undefined if it does not answer in time. `what`: its services and nothing else, or
 * all with the logs of services in the Swarm that do not run.
 */
export async function askGuest(
  context: Context,
  source: LoadedConfig,
  name: string,
  machine: LabMachine,
  what?: "services" | "logs",
): Promise<GuestStatus | undefined> {
  if (!isReachable(machine)) return undefined;
  const command = [...sshTo(name, machine, impatient), `sudo sh -s${what === "services" ? " -- services" : ""}`];
  return await query(context, source, name, command, what === "logs" ? "logs" : "yes");
}

/**
 * Asks the machines of the config while the hypervisor is still asked which of them run: a login takes the
 * longest. Each is asked at the address in its saved SSH configuration, and only if it has one. An answer
 * counts only for a machine that then proves to run at that address.
 */
export async function askEarly(
  context: Context,
  source: LoadedConfig,
): Promise<Map<string, Promise<GuestStatus | undefined>>> {
  const names = await context.shell.list(`${source.folder}/ssh`);
  const isAsked = ({ name }: { name: string }) =>
    names.includes(name) && (context.args.length === 0 || context.args.includes(name));
  return new Map(
    source.config.machines.filter(isAsked).map(({ name }) => {
      const answer = query(context, source, name, questionTo(name));
      // of a machine that does not run, nobody reads the answer
      answer.catch(() => {});
      return [name, answer];
    }),
  );
}

/** The answer to `status-guest.sh` by an SSH command. */
async function query(
  { shell }: Context,
  source: LoadedConfig,
  name: string,
  command: string[],
  swarmWith = "yes",
): Promise<GuestStatus | undefined> {
  const engine = engineOfMachine(source, name);
  // not in the command: a login may have begun before the config was read
  const setting = engine === "docker" ? "" : `ENGINE=${engine}\n`;
  const swarm = source.config.swarm?.manager === name ? `SWARM=${swarmWith}\n` : "";
  const input = setting + swarm + await asset(shell, "scripts/status-guest.sh");
  const { ok, out } = await shell.capture(command, {
    input,
    cwd: source.folder,
    limit: 30,
    about: `an answer of ${name}`,
  });
  return ok ? guestStatusOf(out) : undefined;
}
