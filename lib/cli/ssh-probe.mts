/** Runs the probe on another host, by the system's ssh. */
import process from "node:process";
import { UserError } from "../errors.mts";
import { asset } from "../plan/assets.mts";
import { shellWord } from "../render.mts";
import type { CommandResult, Shell } from "../shell.mts";

/** How the URL of a host over ssh begins. */
const scheme = "ssh://";

/** Whether the value of `--host` names a host over ssh, not a file. */
export const isSshUrl = (host: string): boolean => host.startsWith(scheme);

// the parts of ssh_config(5)'s ssh://[user@]hostname[:port] that need no percent-encoding; none
// begins with a hyphen, so that ssh never takes it for an option
const url = /^ssh:\/\/((?:[A-Za-z0-9_][\w.-]*@)?(?:[A-Za-z0-9_][\w.-]*|\[[\da-fA-F:.]+\]))(?::([1-9]\d{0,4}))?\/?$/;

/** Where ssh logs in for `ssh://[USER@]HOST[:PORT]`. Throws UserError. */
export function loginOf(host: string): { login: string; port: string | undefined } {
  const [, login = "", port] = url.exec(host) ?? [];
  if (login === "" || Number(port ?? 22) > 65535) {
    throw new UserError(
      `${host} is not a host for ssh: write ssh://[USER@]HOST[:PORT], where HOST is a name, an address or an alias ` +
        "of ~/.ssh/config",
    );
  }
  return { login, port };
}

/**
 * The probe's text of a Linux or macOS host that ssh logs in to. `host` is
 * `ssh://[USER@]HOST[:PORT]`; HOST may be an alias of ~/.ssh/config. Nothing is installed or written
 * there, and ssh asks no question: it needs a known host key, and a key or an agent. `ask` names the
 * slow programs that the probe may run (packer, libvirt); default: all of them. Throws UserError.
 */
export async function probeOverSsh(shell: Shell, host: string, ask?: string[]): Promise<string> {
  const { login, port } = loginOf(host);
  const linux = await probeBy(shell, { login, port, script: "scripts/probe-linux.sh", ask });
  if (!linux.startsWith(otherSystem)) return linux;
  const system = linux.slice(otherSystem.length).trim();
  if (system === "Darwin") return await probeBy(shell, { login, port, script: "scripts/probe-macos.sh" });
  throw new UserError(`${login} runs ${system}: only Linux hosts and Macs can be read over ssh`, 1);
}

/** A host that is probed, and the script that reads it. */
interface Target {
  /** `[USER@]HOST`. */
  login: string;
  port: string | undefined;
  script: string;
  ask?: string[] | undefined;
}

/** What the host prints instead of a probe if the script is for another system. */
const otherSystem = "homelab-gpu-system ";

/** Goes before a script: only the system that it is for runs it. */
const onlyOn = (system: string) =>
  `if [ "$(uname -s)" != ${system} ]; then echo "${otherSystem}$(uname -s)"; exit 0; fi\n`;

/**
 * Goes before a long script on standard input: bash reads a script from a pipe in single bytes, which takes longer than
 * the whole probe. `cat` reads it in blocks. Unlike BASH_VERSION, bash's array BASH_VERSINFO cannot come from the
 * environment: another shell that has read a block of the script would lose it.
 */
export const readByCat = 'case ${BASH_VERSINFO-} in ?*) eval "$(cat)"; exit ;; esac\n';

/** The variable for slow hosts that the probe there needs too, if it is set here. */
export function slowHost(): Record<string, string> {
  const { HOMELAB_GPU_TIMEOUT_FACTOR: factor } = process.env;
  return factor ? { HOMELAB_GPU_TIMEOUT_FACTOR: factor } : {};
}

async function probeBy(shell: Shell, { login, port, script, ask }: Target): Promise<string> {
  const variables = { ...slowHost(), ...(ask ? { HOMELAB_GPU_ASK: ask.join(" ") } : {}) };
  const set = Object.entries(variables).map(([name, value]) => `${name}=${shellWord(value)} `).join("");
  const result = await shell.capture([
    ...["ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"],
    ...(port ? ["-p", port] : []),
    // env: the login shell may be one that has no NAME=VALUE before a command
    ...["--", login.replace(/[[\]]/g, ""), `env ${set}sh -s`],
  ], {
    input: onlyOn(script.includes("linux") ? "Linux" : "Darwin") + readByCat + await asset(shell, script),
    limit: 90,
    about: `the probe of ${login}`,
  });
  // start-up files of the login shell may print first
  const from = result.out.search(new RegExp(`^(?:homelab-gpu-probe |${otherSystem})`, "m"));
  if (from >= 0 && result.ok) return result.out.slice(from);
  const { code, err, timedOut } = result;
  const last = err.trim().split("\n").at(-1) ?? "";
  if (timedOut) throw new UserError(last, 1);
  const reason = last || `it ended with code ${code}`;
  if (from >= 0 && code !== 255) throw new UserError(`the probe of ${login} failed: ${reason}`, 1);
  if (code !== 255 && !(code === 127 && err.trim() === "")) {
    throw new UserError(
      `${login} did not run the probe: ${reason}\n` +
        "  it needs a POSIX shell; on Windows, run doctor --save FILE there, and doctor --host FILE here",
      1,
    );
  }
  throw new UserError(sshFailure(login, port, result), 1);
}

/** Why ssh could not log in, and what to do, from its exit code and its messages (ssh(1)). */
export function sshFailure(
  login: string,
  port: string | undefined,
  { code, err }: Pick<CommandResult, "code" | "err">,
): string {
  const byHand = `ssh ${port ? `-p ${port} ` : ""}${login}`;
  const last = err.trim().split("\n").at(-1) ?? "";
  if (code === 127 && err.trim() === "") return "the program ssh is missing: install the OpenSSH client";
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(err)) {
    return `the host key of ${login} has changed, so ssh refuses it\n` +
      `  if the host was installed again, remove its old key; this command shows how: ${byHand}`;
  }
  if (/Host key verification failed|host key is known for/.test(err)) {
    return `ssh does not know the host key of ${login}\n  log in once, and compare the key: ${byHand}`;
  }
  if (/Permission denied|Too many authentication failures/.test(err)) {
    return `ssh cannot log in to ${login} without a password: ${last}\n` +
      `  copy your key with ssh-copy-id, or load it with ssh-add, until this asks for nothing: ${byHand}`;
  }
  // ssh itself ends with 255; any other code is of what the login started
  if (code !== 255 && code !== null) {
    const first = err.trim().split("\n")[0];
    return `ssh logged in to ${login}, but no shell started there: ${first || `it ended with code ${code}`}\n` +
      `  a lab needs a Linux host and a login with a POSIX shell; try it yourself: ${byHand} exec sh`;
  }
  return `ssh cannot reach ${login}: ${last || "ssh printed no reason"}\n  try it yourself: ${byHand}`;
}
