import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { wslFixes } from "./names-of-wsl.mts";
import { rows } from "../rows.mts";

const near = /\bwsl\b|wsl[2.:]|wslconfig|\bWSLg\b|Subsystem for Linux/i;
const { shutdown: restart, list } = wslFixes;

/** What WSL says about its settings, disks, networks and distributions. */
export const wslSettingFailures = (): Failure[] => [
  ...rows({
    layer: "provider",
    near: /\bwsl|ubuntu|debian|kali|suse|fedora|distribution|subsystem/i,
    source: "microsoft/WSL#9798 (2023-03), #10352 (2023-07), #10596 (2023-10), #13482 (2025-09)",
  }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /'[^'\n]{1,60}' [^\n']{1,24}(?:0x80070520|0x8000ffff)\b/i,
        /failed to install the following update with error 0x(?!80073d02)\w{8}: 9P\w{10}/,
      ),
      "the Microsoft Store did not install WSL or the distribution: this user is not logged in to Windows itself (a " +
      "service, SSH, administrator of another account), or the Store is damaged",
      commandFix("Leave the Store out: WSL", "wsl --update --web-download", { root: true }),
      "Then the distribution: wsl --install --web-download -d NAME",
    ],
    [
      "provider.access",
      "cause",
      /(?:exit code: 1618\b|0x80070652\b)/i,
      "another installation runs on Windows, such as an update: only one runs at a time",
      "Wait until it is done, or restart Windows; then run the command again",
    ],
  ]),
  ...rows({
    layer: "driver",
    near: /microsoft-standard-wsl|\bWSL2?\b|\/mnt\/[a-z]\//i,
    source: "NVIDIA, CUDA on WSL; Genesis-Embodied-AI/genesis-world#114 (2025-01)",
  }, [
    [
      "guest.driver",
      "cause",
      /CUDA_ERROR_NO_DEVICE: no CUDA-capable|CUDA error 100 at \/mnt\//,
      "CUDA does not find Windows' driver in WSL: a Linux driver in the distribution, or a library of CUDA's " +
      "stubs, is " +
      "found before /usr/lib/wsl/lib",
      commandFix("Show which library is found first", "sh -c 'ldconfig -p | grep libcuda'"),
      "Remove the distribution's own driver (apt purge 'nvidia-driver-*' 'libnvidia-compute-*'): WSL takes Windows'",
      "At once: LD_LIBRARY_PATH=/usr/lib/wsl/lib before the program; if nvidia-smi fails too, update Windows' driver",
    ],
  ]),
  ...rows({
    layer: "provider",
    near,
    source: "microsoft/WSL (localization/strings/en-US), #13826 (2026-05), read 2026-11",
  }, [
    [
      "host.disk",
      "cause",
      /custom kernel modules VHD in .{1,200} was not found/,
      "%UserProfile%\\.wslconfig names a disk of kernel modules (kernelModules=) that is not there",
      "Correct the path (\\\\ for each \\), or remove kernel= and kernelModules= together",
      restart,
    ],
    [
      "host.disk",
      "cause",
      /disk was attached but failed to mount: |The disk failed to detach: |wsl: Failed to (?:mount|resize disk)\b/,
      "WSL has the disk and could not mount, resize or detach it: its file system is another one or damaged, or is " +
      "in use",
      commandFix("Read what the kernel says, in WSL", "dmesg"),
      "Mount it without a file system, and look: wsl --mount PATH --bare, then lsblk -f in WSL",
    ],
    [
      "host.disk",
      "cause",
      /Sparse VHD support is currently disabled due to potential data corruption|--set-sparse true --allow-unsafe/,
      "WSL no longer makes sparse disks, since they lost data",
      "Leave sparseVhd= out of .wslconfig; to shrink a disk: wsl --shutdown, then Optimize-VHD in Hyper-V's PowerShell",
      "Make a copy first: wsl --export NAME FILE",
    ],
    [
      "provider.access",
      "cause",
      /An install, uninstall, or conversion is in progress for this distribution/,
      "another command still installs, converts or removes that distribution, or was cut off",
      "Wait for it; if none runs: wsl --shutdown, and restart Windows",
      list,
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /installation process for distribution '[^']{1,80}' failed with exit code/,
        /wsl: (?:Update|Uninstall) failed \(exit code|Failed to install \S{1,80} from the Microsoft Store/,
        /error occurred accessing the registry\. Path: /,
      ),
      "Windows did not install, update or remove WSL or a distribution, for the code in the message",
      commandFix("Update without the Store, as administrator", "wsl --update --web-download", { root: true }),
      list,
    ],
    [
      "provider.access",
      "cause",
      /wsl: User not found\.|CreateInstance\/\S{0,40}WSL_E_USER_NOT_FOUND/,
      "the user that WSL should start with does not exist in the distribution (wsl -u, or default= in /etc/wsl.conf)",
      "Start as root and look: wsl -u root -- getent passwd; then correct [user] default= in /etc/wsl.conf",
    ],
    [
      "provider.access",
      "symptom",
      /Failed to start the systemd user session for '|CreateLoginSession:\d{1,5}: Timed out waiting for user session/,
      "the distribution runs, and systemd did not start the user's session in time: a service waits (most often for " +
      "the network), or another distribution runs with the same user",
      commandFix("Check what waits, in WSL", "systemctl status user@1000.service systemd-networkd-wait-online.service"),
      "If it is systemd-networkd-wait-online: systemctl disable systemd-networkd-wait-online.service; then wsl " +
      "--shutdown",
    ],
    [
      "provider.access",
      "note",
      /wsl: [^\n]{1,200}(?:\.wslconfig|\/wsl\.conf):\d{1,5}\b/,
      "WSL does not know a key or value in its settings, and goes on without that line",
      "Correct the line that the message names, or remove it; [boot] and [user] belong into /etc/wsl.conf, [wsl2] " +
      "into %UserProfile%\\.wslconfig",
      restart,
    ],
    [
      "tools.present",
      "cause",
      /(?:Catastrophic failure|Falha catastr|faillance catastrophique|Error catastr).{0,8}(?![^]{0,40}Wsl\/)/,
      "Windows' own wsl.exe could not install or update WSL: a fault of its release, as with a space in the user's " +
      "name",
      wslFixes.reinstall,
    ],
    [
      "provider.access",
      "fallback",
      /wsl\.exe exited with code 4294967295|(?:WSL version|wsl\.exe.{0,200}): exit status 0xffffffff/,
      "WSL did not do what another program asked of it, and that program does not show WSL's own message",
      commandFix("Check what WSL itself says", "wsl --status"),
      wslFixes.update,
      list,
    ],
    [
      "provider.access",
      "symptom",
      /> ?(?:wsl|bash|ubuntu\w{0,6})(?:\.exe)?(?: [^\n]{0,80})?"?\n{1,2}"?(?:The parameter is incorrect|The system cannot find the (?:path|file) specified|Element not found|Class not registered|Unspecified error)/,
      "wsl.exe itself fails: its installation or one of Windows' parts for it is damaged, as after an update " +
      "that was " +
      "cut off",
      commandFix("Update it without the Store, as administrator", "wsl --update --web-download", { root: true }),
      wslFixes.reinstall,
      wslFixes.features,
    ],
    [
      "provider.access",
      "cause",
      /> ?wsl(?:\.exe)? --\w[^\n]{0,200}"?\n{1,2}"?Access is denied/,
      "Windows does not let this user do that in WSL: it needs an administrator's window, or the disk's file " +
      "belongs to " +
      "another user or WSL's machine lost its right to it",
      "Run it in a window as administrator",
      "For a disk: check that your user may write the file; a copy of it has fresh permissions",
      restart,
    ],
    [
      "tools.present",
      "cause",
      /Not found \(404\)/,
      "the server does not have the package that wsl.exe asks for: Windows' clock is wrong, a proxy changes the " +
      "request, " +
      "or wsl.exe is old",
      "Set the clock of Windows, and install its updates",
      wslFixes.reinstall,
    ],
    [
      "provider.mode",
      "note",
      /GUI application support is disabled via/,
      "guiApplications=false switches windows of Linux programs off; computing does not need them",
      "For windows: remove it from %UserProfile%\\.wslconfig, then wsl --shutdown",
    ],
    [
      "network.lan",
      "cause",
      anyOf(
        /Failed to (?:launch the localhost relay process|query networking mode|map port '[^']{1,20}')/,
        /issue with Global Secure Access Client, DNS Tunneling is disabled/,
      ),
      "WSL's network is not set up as wished: a port is taken, or a VPN or security program of Windows stops it",
      "Try the simple one: networkingMode=nat and dnsTunneling=false below [wsl2] in %UserProfile%\\.wslconfig",
      restart,
    ],
    [
      "network.lan",
      "note",
      /wsl2\.localhostForwarding setting has no effect|wsl2\.virtio9p is disabled, falling back to 9p/,
      "a setting of .wslconfig that does nothing in this mode",
      "Nothing to do; remove the line to lose the message",
    ],
    [
      "host.folder",
      "note",
      /wsl: Failed to translate '/,
      "a folder of Windows' PATH, or the current one, does not exist in WSL",
      "Nothing to do for PATH; otherwise change to a folder below /mnt/c or ~ first",
    ],
  ]),
];
