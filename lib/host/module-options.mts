import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";
import { applianceOf } from "./appliances.mts";
import { isGuix, reconfigure } from "./guix.mts";
import { removeArgument, replaceArgument } from "./kernel-arguments.mts";
import { isNixos } from "./nixos.mts";
import { commandLine } from "./vfio-ids.mts";

/**
 * A fix that sets an option of a kernel module at each boot. `file`: the name of its file in
 * /etc/modprobe.d, without `.conf`; `option`: such as `vfio-pci disable_idle_d3=1`.
 */
export function moduleOption(host: Host, title: string, file: string, option: string): Fix {
  const more = { root: true, reboot: true };
  if (isNixos(host)) {
    return manualFix(
      `${title}: write boot.extraModprobeConfig = "options ${option}"; into configuration.nix, run nixos-rebuild boot`,
      more,
    );
  }
  const appliance = applianceOf(host);
  return appliance
    ? manualFix(`${title}, with the module option ${option}. On ${appliance.name}: ${appliance.image}`, more)
    : commandFix(title, `sh -c 'echo options ${option} >/etc/modprobe.d/${file}.conf'`, more);
}

/**
 * Fixes that remove lines of modprobe's configuration and arguments of the kernel, each once. `from`: the path of the
 * file, or {@link commandLine}; `modules`: those that must load, by which an argument with others keeps those;
 * `condition`: what each fix begins with, such as `If nothing else needs it`.
 */
export function removeModuleLines(
  host: Host,
  lines: { from: string; text: string }[],
  modules: string[] = ["vfio-pci"],
  condition?: string,
): Fix[] {
  return [...new Set(lines.map(({ from }) => from))].flatMap((from) => {
    const texts = [...new Set(lines.filter((line) => line.from === from).map(({ text }) => text))];
    const fixes = from === commandLine
      ? texts.map((text) => withoutModules(host, text, modules))
      : [manualFix(withoutLines(host, from, `the ${texts.length === 1 ? "line" : "lines"} ${joinList(texts)}`), {
        root: true,
      })];
    return condition === undefined ? fixes : fixes.map((fix) => ({
      ...fix,
      title: `${condition}, ${fix.title.charAt(0).toLowerCase()}${fix.title.slice(1)}`,
    }));
  });
}

/** A fix that takes modules from an argument that blacklists them: its other modules stay blacklisted. */
export function withoutModules(host: Host, argument: string, modules: string[]): Fix {
  const [, name, list] = /^([^=]*)=(.*)$/.exec(argument) ?? [];
  const plain = (module: string) => module.replaceAll("-", "_");
  const others = (list ?? "").split(",").filter((module) =>
    module !== "" && !modules.some((one) => plain(one) === plain(module))
  );
  return others.length > 0
    ? replaceArgument(host, argument, `${name}=${others.join(",")}`)
    : removeArgument(host, argument);
}

/**
 * What to do without `lines` of a file, such as `the line blacklist vfio-pci`: where the system writes it, in what it
 * is written from. An update replaces a package's file; one of the same name in /etc is read instead (modprobe.d(5)).
 */
export function withoutLines(host: Host, file: string, lines: string): string {
  if (isNixos(host)) {
    return `Remove ${lines} (${file}) from configuration.nix (boot.blacklistedKernelModules or ` +
      "boot.extraModprobeConfig), and run nixos-rebuild switch";
  }
  if (isGuix(host)) {
    return `Remove ${lines} (${file}) from the operating-system in /etc/config.scm, and run ${reconfigure}`;
  }
  const name = applianceOf(host)?.name;
  const own = file.startsWith("/etc/") ? undefined : file.replace(/.*\//, "/etc/modprobe.d/");
  return `${
    own ? `Copy ${file} to ${own}, which is read instead, and remove ${lines} there` : `Remove ${lines} from ${file}`
  }${name ? `; ${name} may lose this change at its next boot or update` : ""}`;
}
