/** Fits fixes to the host that wrote a log: no command names a program that this host does not have. */
import type { Fix } from "../../findings.mts";
import { installerOf } from "../../host/installers.mts";
import { program } from "../../host/programs.mts";
import { inits } from "../../host/start-service.mts";
import type { Host } from "../../host/types.mts";

/** Programs that the probe looks for, and of what a log of a machine with them speaks. */
const probed: Record<string, RegExp> = {
  "apt-get": /\bapt\b|\bapt-get\b|\bdpkg\b|^[EWN]: /m,
  dnf: /\bdnf\b|\byum\b|\brpm\b/,
  zypper: /\bzypper\b/,
  pacman: /\bpacman\b|:: |^error: failed to prepare transaction/m,
  apk: /\bapk\b/,
  "rpm-ostree": /\bostree\b/,
  "update-grub": /\bupdate-grub\b/,
  "grub2-mkconfig": /\bgrub2-/,
  grubby: /\bgrubby\b/,
  "proxmox-boot-tool": /\bpve/,
  "update-initramfs": /initramfs/,
  mkinitcpio: /mkinitcpio/,
  dracut: /dracut/,
};
/** The package managers of them: an image-based system or an appliance can have one that does not work there. */
const managers = ["apt-get", "dnf", "zypper", "pacman", "apk", "rpm-ostree"];
/** Other names of the same programs. */
const names: Record<string, string> = { apt: "apt-get", "apt-cache": "apt-get", "apt-file": "apt-get" };

/** The programs that a command line runs. */
const programsOf = (command: string): string[] =>
  [...command.matchAll(/(?:^|[;&|(]\s*)(?:sudo )?(?:\w+=\S+ )*([\w.-]+)/g)].map(([, name]) => names[name!] ?? name!);

const restart = /^systemctl (?:restart|start|enable --now) ([\w@-]+)(?:\.service)?$/;

/** The same with the service manager of a host without systemd; undefined if there is no command for it. */
function withoutSystemd(command: string, host: Host): string | undefined {
  if (/^journalctl (?:-b )?(?:-k|--dmesg)\b/.test(command)) return "dmesg";
  const [, service] = restart.exec(command) ?? [];
  const start = inits.find(({ here }) => here(host))?.start;
  const found = service === undefined ? undefined : start?.(service);
  return found?.endsWith(" start") ? found.replace(/ start$/, " restart") : undefined;
}

/**
 * Leaves out the commands that this host does not have, or writes them with its own programs. The titles stay if no
 * fix would be left.
 *
 * @param text the log: a program that it speaks of ran where it was written
 */
export function forHost(fixes: Fix[], host: Host, text: string): Fix[] {
  if (host.programs === undefined || host.os.id === undefined) return fixes;
  const install = installerOf(host)?.install(["x"]) ?? "";
  const has = (name: string) => managers.includes(name) ? programsOf(install).includes(name) : program(host, name);
  const lacks = (name: string) =>
    name === "systemctl" || name === "journalctl"
      ? !host.systemd
      : name in probed && !has(name) && !probed[name]!.test(text);
  const fitting = fixes.map((fix): Fix => {
    // of a VM of this project, which has systemd and APT
    if (fix.command === null || / ssh .{0,60}-- /.test(fix.command)) return fix;
    if (!programsOf(fix.command).some(lacks)) return fix;
    return { ...fix, command: host.systemd ? null : withoutSystemd(fix.command, host) ?? null };
  });
  const left = fitting.filter((fix, i) => fix.command !== null || fixes[i]!.command === null);
  return left.length > 0 ? left : fitting;
}
