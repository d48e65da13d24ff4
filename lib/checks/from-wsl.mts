import { posix } from "node:path";
import type { Fix } from "../findings.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { self } from "../self.mts";

/**
 * How to go on for a lab that was started inside WSL, where Vagrant's Hyper-V provider does not run: the line for
 * PowerShell in Windows. `folder`: the absolute path of the lab's folder in WSL; `kernel`: the kernel's release there.
 */
export function fromWsl(folder?: string, kernel?: string): Fix[] {
  const own = folder === undefined ? undefined : windowsPath(posix.dirname(folder));
  const title = own === undefined
    ? "Copy the config and this program to a folder of Windows, such as C:\\lab, and run in PowerShell there"
    : "Run in PowerShell of Windows";
  return [
    commandFix(
      `${title}, as administrator or in the group Hyper-V Administrators`,
      `cd '${(own ?? "C:\\lab").replaceAll("'", "''")}'; ${windowsCommand(self("up"))}`,
    ),
    manualFix(
      `If containers are enough, Docker in WSL ${isWsl1(kernel) ? "2 " : ""}can use the GPU without a VM${
        isWsl1(kernel) ? ": this is WSL 1, which has no Linux kernel (wsl --set-version NAME 2, in Windows)" : ""
      }`,
    ),
  ];
}

/** Whether a release is that of WSL 1: one of Linux 4.4 with the build of Windows, such as 4.4.0-19041-Microsoft. */
const isWsl1 = (kernel: string | undefined) => /^4\.4\.0-\d+-Microsoft$/.test(kernel ?? "");

/** The path in Windows of a folder in WSL; undefined where Windows sees it only as a network share. */
function windowsPath(path: string): string | undefined {
  // the drives of Windows, where WSL mounts them if wsl.conf says nothing else (Microsoft, Advanced settings
  // configuration in WSL, 2026-11)
  const [, drive, rest = ""] = /^\/mnt\/([a-z])(?:\/(.*))?$/.exec(path) ?? [];
  return drive === undefined ? undefined : `${drive.toUpperCase()}:\\${rest.replaceAll("/", "\\")}`;
}

/** A command of this program as Windows takes it: packages that Linux's npm installed have no commands there. */
function windowsCommand(command: string): string {
  // the program is in WSL's own file system, or it has another name there
  const known = /^(?:npx (?:zx|tsx)|node|deno run -A) (?![~/'"])\S*homelab-gpu\.m[tj]s up$/.test(command);
  const plain = known ? command : "npx zx homelab-gpu.mts up";
  return plain.startsWith("npx ") ? `npm.cmd ci; npx.cmd ${plain.slice(4)}` : plain;
}
