import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { applianceOf } from "./appliances.mts";
import { isNixos } from "./nixos.mts";

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
