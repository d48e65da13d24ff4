import { commandFix, manualFix } from "../../../fixes.mts";

/** What helps against WSL's errors. */
export const wslFixes = {
  shutdown: commandFix("Stop WSL, then start it again", "wsl --shutdown"),
  update: commandFix("Update it", "wsl --update"),
  list: commandFix("List the distributions", "wsl --list --verbose"),
  restart: "Restart Windows, then update WSL: wsl --update",
  reinstall: "Install the newest package of WSL from its releases on GitHub (wsl.VERSION.x64.msi); the distributions " +
    "stay",
  parts: commandFix(
    "Install WSL's parts of Windows, as administrator; then restart",
    "wsl --install --no-distribution",
    { root: true, reboot: true },
  ),
  features: manualFix(
    "In “Turn Windows features on or off”: turn off Virtual Machine Platform and Hyper-V, restart, turn them on " +
      "again, restart",
    { reboot: true },
  ),
};

/** The names of WSL's own codes (wslservice.idl): the first is WSL_E_… 0x80040301, an empty one has no code. */
const names = ("DEFAULT_DISTRO_NOT_FOUND DISTRO_NOT_FOUND WSL1_NOT_SUPPORTED VM_MODE_NOT_SUPPORTED " +
  "TOO_MANY_DISKS_ATTACHED CONSOLE CUSTOM_KERNEL_NOT_FOUND USER_NOT_FOUND INVALID_USAGE EXPORT_FAILED " +
  "IMPORT_FAILED DISTRO_NOT_STOPPED TTY_LIMIT CUSTOM_SYSTEM_DISTRO_ERROR LOWER_INTEGRITY HIGHER_INTEGRITY " +
  "FS_UPGRADE_NEEDED USER_VHD_ALREADY_ATTACHED VM_MODE_INVALID_STATE VM_MODE_MOUNT_NAME_ALREADY_EXISTS " +
  "ELEVATION_NEEDED_TO_MOUNT_DISK   DISK_ALREADY_ATTACHED DISK_ALREADY_MOUNTED DISK_MOUNT_FAILED " +
  "DISK_UNMOUNT_FAILED WSL2_NEEDED VM_MODE_INVALID_MOUNT_NAME GUI_APPLICATIONS_DISABLED " +
  "DISTRO_ONLY_AVAILABLE_FROM_STORE WSL_MOUNT_NOT_SUPPORTED WSL_OPTIONAL_COMPONENT_REQUIRED   VMSWITCH_NOT_FOUND " +
  "VMSWITCH_NOT_SET NOT_A_LINUX_DISTRO OS_NOT_SUPPORTED INSTALL_PROCESS_FAILED INSTALL_COMPONENT_FAILED " +
  "PLUGIN_REQUIRES_UPDATE DISK_MOUNT_DISABLED WSL1_DISABLED VIRTUAL_MACHINE_PLATFORM_REQUIRED " +
  "LOCAL_SYSTEM_NOT_SUPPORTED DISK_CORRUPTED DISTRIBUTION_NAME_NEEDED INVALID_JSON VM_CRASHED").split(" ");

/** The pattern's source for codes of WSL, by name and number: `own("DISTRO_NOT_FOUND")`. */
export const own = (...of: string[]) =>
  of.map((name) => `WSL_E_${name}|0x${(0x80040301 + names.indexOf(name)).toString(16)}`).join("|");

/** The end of WSL's message with one of these codes, in any language: `code` is the source of a pattern. */
export const atEnd = (code: string): string =>
  `(?:\\bWsl\\/(?![\\w/]{0,80}Configure)(?:[\\w/]{1,80}\\/)?|WslRegisterDistribution failed with error: |` +
  `\\bwsl[^]{1,200}Error(?: code)?: |\\bWSL[^\\n]{1,60}[:\uff1a] {0,2})(?:${code})(?!\\w)`;

/** The end of WSL's message with one of its own codes, by name. */
export const ownCode = (...of: string[]): RegExp => new RegExp(atEnd(own(...of)));
