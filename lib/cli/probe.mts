/** Runs the probe, which reads the facts of a host. */
import process from "node:process";
import { asset, requirePlatform } from "../plan/assets.mts";
import { UserError } from "../errors.mts";
import { notAProbe, parseHost } from "../host/parse.mts";
import { pastedProbe } from "../host/pasted-probe.mts";
import { plainPowershell, powershellScript } from "../host/windows.mts";
import { readNamed } from "./load-config.mts";
import { isSshUrl, probeOverSsh, readByCat, slowHost } from "./ssh-probe.mts";
import type { Context } from "./context.mts";
import type { Shell } from "../shell.mts";

/**
 * The probe's text: this host's own, or that of `--host`: a saved one (a file, `-` for standard
 * input) or that of a host over ssh. `ask` names the slow programs that the probe of Linux may run
 * (packer, libvirt); default: all of them. `hardware`: without the processes that use cards and the
 * firewall. Throws UserError.
 */
export async function readProbe(context: Context, ask?: string[], hardware = false): Promise<string> {
  const { shell, options } = context;
  if (options.host) {
    const saved = isSshUrl(options.host)
      ? await probeOverSsh(shell, options.host, ask)
      : await readSaved(shell, options.host);
    const [, platform] = /^homelab-gpu-probe \d+ (\w+)/.exec(saved) ?? [];
    if (platform === undefined) throw notAProbe(options.host === "-" ? "standard input" : options.host);
    requirePlatform(platform);
    return saved;
  }
  const probe = probes[shell.platform] ?? probes.linux!;
  requirePlatform(/probe-(\w+)/.exec(probe.script)![1]!);
  const text = await probed(context, probe, {
    // the host may be another one, over ssh
    ...slowHost(),
    ...(ask ? { HOMELAB_GPU_ASK: ask.join(" ") } : {}),
    ...(hardware ? { HOMELAB_GPU_HARDWARE: "yes" } : {}),
  });
  // WSL is part of Windows: the probe of Windows runs
  if (shell.platform !== "linux" || !parseHost(text).os.wsl) return text;
  const ofWindows = await probed(context, probes.win32!).catch(() => undefined);
  return ofWindows?.startsWith("homelab-gpu-probe ") ? ofWindows.replace("[os]", "[os]\nwsl:yes") : text;
}

/** The text of a saved probe. Throws UserError; for what looks like a login, with the URL that is meant. */
async function readSaved(shell: Shell, path: string): Promise<string> {
  // files have a dot in their names mostly, names of hosts have none
  const [, host] = /^(?:ssh:\/?)?([\w.-]+@[\w.-]+|\w[\w-]*)$/.exec(path) ?? [];
  if (host !== undefined && await shell.fingerprint(path) === undefined) {
    throw new UserError(`there is no file ${path}; for a host over ssh: --host ssh://${host}`);
  }
  return pastedProbe(await readNamed(shell, path));
}

/** How each system is probed: the program takes the script from its standard input. */
const probes: Partial<Record<NodeJS.Platform, { script: string; command: string[] }>> = {
  linux: { script: "scripts/probe-linux.sh", command: ["sh", "-s"] },
  darwin: { script: "scripts/probe-macos.sh", command: ["sh", "-s"] },
  win32: {
    script: "scripts/probe-windows.ps1",
    // with -Command - PowerShell would take its input line by line
    command: powershellScript("-Command", "[Console]::In.ReadToEnd() | Invoke-Expression"),
  },
};

/** The output of Windows' probe, and of these lines of PowerShell after it. Throws UserError. */
export async function probeWith(context: Context, more: string): Promise<string> {
  requirePlatform("windows");
  return await probed(context, probes.win32!, {}, more);
}

async function probed(
  { shell }: Context,
  { script, command }: { script: string; command: string[] },
  env: Record<string, string> = {},
  more = "",
): Promise<string> {
  const input = (command[0] === "sh" ? readByCat : "") + await asset(shell, script) + more;
  const { ok, out, err, code } = await shell.capture(command, {
    input,
    limit: 60,
    about: "the probe of this host",
    ...(Object.keys(env).length > 0 ? { env } : {}),
  });
  if (!ok) {
    const last = command[0] === "powershell.exe" ? plainPowershell(err) : err.trim().split("\n").at(-1);
    const absent = `there is no program ${command[0]} in PATH, which is ${process.env.PATH || "empty"}`;
    throw new UserError(
      `the probe failed: ${last || (code === 127 ? absent : `${command[0]} ended with code ${code}`)}`,
      1,
    );
  }
  return out;
}
