import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { atEnd, own, wslFixes } from "./names-of-wsl.mts";
import { type Row, rows } from "../rows.mts";

const { shutdown, update, list, restart, reinstall, parts } = wslFixes;
const web = commandFix("Fetch it from GitHub instead of the Store", "wsl --update --web-download");

/** Codes that WSL, its installer and its launchers end their message with, by what they mean. */
const codes: [code: string, check: string, message: string, ...fix: Row[4][]][] = [
  [
    "0x80072ee[27]|0x80072efd|0x80072eff|0x80072f[78]\\w|WININET_E_\\w{4,40}|0x8007273[0-9a-f]|0x80072af9",
    "tools.present",
    "WSL could not download from Microsoft or GitHub: no network, no name server, a proxy, firewall or a wrong clock",
    web,
    "Check that https://raw.githubusercontent.com and https://aka.ms open in a browser; set the proxy in Windows",
  ],
  [
    "0x8024\\w{4}|0x80d0\\w{4}|0x803f\\w{4}|0x80073[cd]\\w{2}|" +
    own("DISTRO_ONLY_AVAILABLE_FROM_STORE", "INSTALL_PROCESS_FAILED"),
    "tools.present",
    "Windows' Store, Update or installer did not deliver WSL's package: its services are off, or a policy or state " +
    "forbids it",
    web,
    "For a distribution: wsl --install NAME --web-download",
    reinstall,
  ],
  [
    "0x80070424|ERROR_SERVICE_DOES_NOT_EXIST|0x80080005|CO_E_SERVER_EXEC_FAILURE|0x80010002|E_ABORT|0x80004004|" +
    "ERROR_INSTALL_\\w{4,30}|0x80070643",
    "tools.present",
    "WSL's service is not installed or does not start: an update or installation of WSL was cut off",
    restart,
    reinstall,
  ],
  [
    "0x80070422|ERROR_SERVICE_DISABLED|0x80070426|ERROR_SERVICE_NOT_ACTIVE",
    "host.virtualization",
    "a service of Windows that WSL needs (WslService, Windows Update) is disabled or does not run",
    commandFix("Let WSL's start automatically, as administrator", "sc.exe config WslService start= auto", {
      root: true,
    }),
    "Start Windows Update (wuauserv) for an update; then wsl --update",
  ],
  [
    "E_ACCESSDENIED|0x80070005|0x8037011b|0xd0000022",
    "provider.access",
    "Windows refuses WSL a file: the disk (.vhdx), or the kernel or modules of %UserProfile%\\.wslconfig, belongs to " +
    "another user or lost its permissions, or a security program or policy forbids it",
    "If .wslconfig has kernel= or kernelModules=: put those files where every user can read them (C:\\), or remove " +
    "the lines",
    "Check the permissions of ext4.vhdx (or docker_data.vhdx) and its folder; it must not be compressed, encrypted " +
    "or in OneDrive",
    "Close other programs that use WSL as administrator, and try an ordinary window",
    shutdown,
  ],
  [
    "0x80072726|0x8007276[0-9a-f]|0x8007274[0-9a-f]|0x8007000b",
    "host.virtualization",
    "Windows' network stack refuses WSL's socket (Winsock): a VPN, proxy or security program has put itself into it",
    commandFix("Reset it, as administrator; then restart Windows", "netsh winsock reset", { root: true, reboot: true }),
    update,
  ],
  [
    // releases before 2.4 ended with this number when the kernel was too old
    "0x80040326|0x800701bc",
    "provider.version",
    "WSL or its kernel is older than what it is asked for",
    update,
    shutdown,
  ],
  [
    "0xc03a00(?:0[0-9a-f]|14|1a)|0x80070570|ERROR_FILE_CORRUPT|ERROR_FILE_SYSTEM_LIMITATION|" +
    "0x80070299|ERROR_VHD_\\w{4,40}|" + own("DISK_CORRUPTED"),
    "guest.image",
    "Windows cannot use the distribution's disk (ext4.vhdx): it is damaged, compressed, encrypted or fragmented",
    "Copy it away first; make its folder uncompressed and unencrypted (compact /u, cipher /d)",
    commandFix("Check whether the drive has errors, as administrator", "chkdsk C:", { root: true }),
  ],
  [
    "0x800705aa|ERROR_NO_SYSTEM_RESOURCES|E_OUTOFMEMORY|0x8007000e|ERROR_NOT_ENOUGH_MEMORY|ERROR_COMMITMENT_LIMIT|" +
    "0x800705af",
    "host.memory",
    "Windows has not enough memory for WSL's VM",
    "Close programs, or write a smaller memory= below [wsl2] in %UserProfile%\\.wslconfig",
    shutdown,
  ],
  [
    "0x80070013|ERROR_WRITE_PROTECT|0x8007045d|ERROR_IO_DEVICE|0x80070017|ERROR_CRC|0x80070015|ERROR_NOT_READY|" +
    "0x80070037|ERROR_DEV_NOT_EXIST",
    "host.disk",
    "the drive with the distribution's disk is write-protected, answers with errors, or is gone: a drive that fails " +
    "goes read-only",
    "Copy ext4.vhdx to another drive at once, and check the drive's health with its maker's program",
    commandFix("Check its file system, as administrator", "chkdsk C:", { root: true }),
  ],
  [
    "0x80070199",
    "guest.image",
    "Windows expects the disk (ext4.vhdx) to be encrypted as its app's files are: a program moved or replaced it",
    "Stop WSL (wsl --shutdown), move ext4.vhdx to another folder, and copy it back",
    "Or import it from where it is: wsl --import-in-place NAME PATH\\ext4.vhdx",
  ],
  [
    "ERROR_DISK_FULL|0x80070070|ERROR_HANDLE_DISK_FULL|0x80070027",
    "host.disk",
    "the drive with the distribution's disk is full",
    "Free space there, or move it: wsl --manage NAME --move FOLDER",
  ],
  [
    own("VM_CRASHED") + "|E_FAIL|0x80004005|0x800706b[ae]|RPC_S_\\w{4,40}|RPC_E_\\w{4,40}|0x8007054f|" +
    "ERROR_INTERNAL_ERROR|0xd000020c|" +
    "ERROR_TIMEOUT|0x800705b4|0xffffffff|0x800703fa|0x8000ffff|0x8037010[0679a]",
    "host.virtualization",
    "WSL's VM or service ended or did not answer, for a reason that this code does not say",
    shutdown,
    restart,
    reinstall,
  ],
  [
    "0x800f\\w{4}|0x80073712",
    "host.virtualization",
    "Windows could not turn on a part of itself that WSL needs: its component store is damaged, or a policy (WSUS) " +
    "keeps it from the files",
    commandFix("Repair the store, as administrator", "dism /online /cleanup-image /restorehealth", { root: true }),
    parts,
  ],
  [
    "0x80041002|0x80041010|0x8004100e|0x80070002|0x80070003|0x8007065d|0x800401\\w{2}|0x80070057",
    "provider.access",
    "WSL's installation, or the package of the distribution, is incomplete or in a bad state",
    update,
    reinstall,
    "Then remove the distribution's package in Windows' settings, and install it again: wsl --install NAME",
  ],
];

/** Ends of WSL's messages, by code: specific ones stand in other tables. */
export const wslCodeFailures = (): Failure[] => [
  ...rows(
    {
      layer: "provider",
      source: "microsoft/WSL (wslservice.idl, Resources.resw), #9476 (2023-01), #12577 (2025-02), #13209 (2025-07), " +
        "#13551 (2025-10), #14019 (2026-01), " +
        "read 2026-11",
    },
    codes.map(([code, check, message, ...fix]): Row => [
      check,
      "cause",
      new RegExp(atEnd(code)),
      message,
      ...fix,
    ]),
  ),
  ...rows({ layer: "provider", source: "microsoft/WSL#6494 (2021-02), read 2026-11" }, [
    [
      "host.virtualization",
      "fallback",
      /\bWsl\/(?:Service|CallMsi|InstallDistro)\/\S{1,80}|WslRegisterDistribution failed|\bWsl\/0x8\w{7}\b/,
      "WSL did not start, for the code at the end of its line, whose meaning is the sentence before it",
      update,
      "Then wsl --shutdown; see that virtualization is on in the firmware",
      restart,
      reinstall,
    ],
  ]),
];

/** Messages of a distribution in WSL. */
export const wslGuestFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near: /wsl|CreateProcess|Windows/i,
    source: "microsoft/WSL (src/linux/init), read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /getpw(?:uid|nam)\(\S{1,40}\) failed/,
        /CreateProcess\w{3,20}:\d{1,4}: (?:execvpe|chdir|getpw\w{3})|execvpe\(?.{0,60}failed/,
      ),
      "the WSL distribution that was started has no such user or shell: its files are damaged, or it is Docker " +
      "Desktop's own (docker-desktop), which is not for use",
      list,
      "Choose another default: wsl --set-default Ubuntu; as root: wsl -d NAME -u root",
    ],
  ]);
