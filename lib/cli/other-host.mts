/** Connects to the host that the machines of a config are on. */
import { parseConfig } from "../config/parse.mts";
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
const silent = ["logs", "ssh", "ssh-config", "explain"];

/**
 * The shell of the host in `hosts:` that the machines are on; undefined if that is this machine, or if the command
 * needs no host. Throws UserError.
 */
export async function otherHostShell(
  shell: Shell,
  options: Options,
  command: string,
  args: string[],
): Promise<Shell | undefined> {
  if (options.host || !commands.includes(command)) return undefined;
  if (command === "explain" && args.length > 0) return undefined;
  for (const path of options.config ? [options.config] : configPaths()) {
    const text = await shell.read(path).catch(() => undefined);
    if (text === undefined) continue;
    if (!/\bhosts\b/.test(text)) return undefined;
    const { host, hosts } = parseConfig(text, path);
    if (hosts) throw new UserError("the machines are on several hosts: write a config for each host");
    if (!host) return undefined;
    const { name, login, port } = host;
    if (shell.platform === "win32") {
      throw new UserError("hosts: needs an ssh that shares a connection, which Windows lacks: use Linux, macOS or WSL");
    }
    const { connect } = await import("../run/shell/ssh-link.mts");
    const { shellOver } = await import("../run/shell/ssh-shell.mts");
    const link = await connect(host, (code, err) => sshFailure(login, port, { code: code ?? 127, err }));
    if (!options.quiet && !silent.includes(command)) {
      sayTo(shell, `host: ${name} (ssh://${login}${port ? `:${port}` : ""})`);
    }
    return shellOver(link, shell, name);
  }
  return undefined;
}
