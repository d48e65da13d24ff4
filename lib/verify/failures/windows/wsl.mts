import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { wslFixes } from "./names-of-wsl.mts";
import { type Row, rows } from "../rows.mts";

const { shutdown: restart, update, list, reinstall, features } = wslFixes;

/** Codes at the end of WSL's error line, and what they mean. */
const codes: [code: string, check: string, message: string, ...fix: Row[4][]][] = [
  [
    "0x80070032",
    "host.virtualization",
    "WSL's VM was refused as not supported (0x80070032): Virtual Machine Platform is off, or an update of Windows " +
    "broke it",
    features,
    "If it began with an update of Windows: install the next one, or uninstall it",
    update,
  ],
  [
    "ERROR_MOD_NOT_FOUND|0x8007007e",
    "host.virtualization",
    "a file of Windows' VM service is missing (module not found), as after an update of Windows that was cut off",
    features,
    commandFix("Have Windows repair its files, as administrator", "sfc /scannow", { root: true }),
    update,
  ],
  [
    "0x80090006|0x80096010|0x800b0100",
    "host.virtualization",
    "a file that WSL's VM starts with (the kernel, its modules' disk) has no valid signature: it is damaged, or was " +
    "replaced",
    reinstall,
    "Remove kernel= and kernelModules= from %UserProfile%\\.wslconfig, then wsl --shutdown",
  ],
  [
    "0x80040154|0x80040155|REGDB_E_CLASSNOTREG",
    "host.virtualization",
    "Windows' VM service is not registered: Hyper-V or Virtual Machine Platform is in a broken state",
    features,
    update,
  ],
  [
    "(?<=RegisterDistro\\/)(?:E_FAIL|0x80004005|E_INVALIDARG|0x80070057|0xd000000d|WSL_E_NOT_A_LINUX_DISTRO|" +
    "WSL_E_IMPORT_FAILED|0x8004030b)",
    "guest.image",
    "WSL could not make the distribution from its file: the file is cut short or no root file system (one of docker " +
    "save is not), or the drive is full",
    "Compare the file's size and checksum with the source's; of a container: docker export, not docker save",
    "Free space on the drive of the new distribution, and give it an empty folder",
    list,
  ],
  [
    "(?<=AttachDisk\\/[\\w/]{0,30})(?:0x8007006c|0x80070020|0x80070005|E_ACCESSDENIED|ERROR_SHARING_VIOLATION|" +
    "E_FAIL|E_UNEXPECTED|E_INVALIDARG)",
    "host.disk",
    "Windows itself uses that disk, or it is no whole disk: WSL takes only one without the system and without an " +
    "open drive letter; a file (.vhdx) needs --vhd",
    commandFix("List the disks", "Get-CimInstance Win32_DiskDrive | Select-Object DeviceID, Model, Size"),
    "Close what uses its volumes, or take it offline in Disk Management; then try again as administrator",
  ],
  [
    "0x80070001|E_INVALIDARG|0x80070057|0x8007000d",
    "host.virtualization",
    "Windows' VM service refused the VM that WSL asked for: Windows is older than this WSL, a security program " +
    "changes it, or %UserProfile%\\.wslconfig asks for what it does not have",
    "Move .wslconfig away, then wsl --shutdown",
    "Update Windows, and WSL (wsl --update)",
    features,
  ],
  [
    "E_UNEXPECTED|0x8000ffff",
    "host.virtualization",
    "WSL's service failed in a way that it does not expect: most often its state after an update or a sleep " +
    "of Windows",
    restart,
    "If the error remains: restart Windows, then wsl --update",
    "If other distributions start: the files of this one are damaged, as on an external drive; mount its disk in " +
    "another one, and save them",
  ],
  [
    "(?<=CreateVm\\/(?:Mount\\w{3,4}\\/)?(?:HCS\\/)?)(?:ERROR_FILE_NOT_FOUND|0x80070002)",
    "host.virtualization",
    "a file that WSL's VM starts with (its kernel, system.vhd, modules.vhd) is missing: an update of WSL was cut " +
    "off, or %UserProfile%\\.wslconfig names one that is not there",
    "Correct kernel=, kernelModules= and swapFile= in .wslconfig, if it has them",
    reinstall,
  ],
  [
    "ERROR_PATH_NOT_FOUND|0x80070003|ERROR_FILE_NOT_FOUND|0x80070002",
    "guest.image",
    "WSL does not find a file of the distribution, most often its disk (ext4.vhdx): it was moved or deleted, or " +
    "its drive is gone",
    list,
    "Put the file back; otherwise remove the distribution (wsl --unregister NAME, which deletes its files) and " +
    "install it again",
  ],
  [
    "HCS_E_CONNECTION_TIMEOUT|0x80370109",
    "host.virtualization",
    "WSL's VM did not answer in time",
    restart,
    features,
    "Move .wslconfig away if it names a kernel or much memory, and restart Windows",
  ],
];

/** Codes of WSL, by topic. */
export const wslFailures = (): Failure[] =>
  rows(
    {
      layer: "provider",
      source:
        "microsoft/WSL#10809 (2023-11), #11260 (2024-03), #11736 (2024-07), #11891 (2024-08), #12113 (2024-10), " +
        "#12746 (2025-03), #13133, #13193 (2025-06), #13533 (2025-09), " +
        "#13548 (2025-10)",
    },
    codes.map(([code, check, message, ...fix]): Row => [
      check,
      "cause",
      new RegExp(
        `(?:\\bWsl\\/[\\w/]{1,80}\\/|WslRegisterDistribution failed with error: (?=0x80070001))(?:${code})(?!\\w)`,
      ),
      message,
      ...fix,
    ]),
  );
