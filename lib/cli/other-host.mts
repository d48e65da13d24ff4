/** The hosts that the machines of a config are on, and the connections to them. */
import { parseConfig } from "../config/parse.mts";
import type { Config, OtherHost } from "../config/types.mts";
import { UserError } from "../errors.mts";
import type { Shell } from "../shell.mts";
import { configPaths } from "./config-paths.mts";
import type { Options } from "./context.mts";
import { sayTo } from "./say.mts";
import { sshFailure } from "./ssh-probe.mts";

/** Commands that work on the VMs, or on the host of the card. */
const commands = [
  ...["up", "plan", "doctor", "prepare", "verify", "status", "logs", "ssh", "ssh-config", "down", "destroy"],
  ...["upgrade", "explain"],
];

/** Commands whose output is not about the host. */
export const silent = ["logs", "ssh", "ssh-config", "explain"];

/** The config, if its machines are on other hosts and the command needs them. Throws UserError. */
export async function configOfHosts(
  shell: Shell,
  options: Options,
  command: string,
  args: string[],
): Promise<Config | undefined> {
  if (options.host || !commands.includes(command)) return undefined;
  if (command === "explain" && (args.length > 0 || !shell.terminal.in)) return undefined;
  for (const path of options.config ? [options.config] : configPaths()) {
    const text = await shell.read(path).catch(() => undefined);
    if (text === undefined) continue;
    if (!/\bhosts\b/.test(text)) return undefined;
    const config = parseConfig(text, path);
    return config.host || config.hosts ? config : undefined;
  }
  return undefined;
}

/** A host as ssh writes it: `ssh://me@gpubox:2222`. */
export const urlOf = ({ login, port }: OtherHost): string => `ssh://${login}${port ? `:${port}` : ""}`;

/** Connects to a host; its output goes to `shell`. Throws UserError. */
export async function connectTo(host: OtherHost, shell: Shell): Promise<Shell> {
  const { name, login, port } = host;
  if (shell.platform === "win32") {
    throw new UserError("hosts: needs an ssh that shares a connection, which Windows lacks: use Linux, macOS or WSL");
  }
  const { connect } = await import("../run/shell/ssh-link.mts");
  const { shellOver } = await import("../run/shell/ssh-shell.mts");
  const link = await connect(host, (code, err) => sshFailure(login, port, { code: code ?? 127, err }));
  return shellOver(link, shell, name);
}

/** Connects to the only host of a run, and says which it is. Throws UserError. */
export async function connectAlone(
  host: OtherHost,
  shell: Shell,
  options: Options,
  command: string,
  connect = connectTo,
): Promise<Shell> {
  const there = await connect(host, shell);
  if (!options.quiet && !silent.includes(command)) sayTo(shell, `host: ${host.name} (${urlOf(host)})`);
  return there;
}
