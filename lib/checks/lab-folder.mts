import type { Host } from "../host/types.mts";
import type { Evidence } from "../findings.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { manualFix } from "../fixes.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** Whether Hyper-V and Vagrant's scripts for it can work in the folder of the lab. */
export const labFolderChecks: Check[] = [
  {
    id: "host.folder",
    about: "whether the folder of the config can hold VMs of Hyper-V",
    why: "Vagrant's scripts for Hyper-V put paths between quotes, and Hyper-V opens disks as another user",
    confirm: "Get-Location",
    check: (host, { machines, folder }) =>
      host.os.platform === "windows" && !host.os.wsl && folder !== undefined && isWindowsPath(folder)
        ? machines.filter(({ provider }) => provider === "hyperv").map((machine) => ({
          machine: machine.name,
          ...judge(folder, machine, host),
        }))
        : [],
  },
];

const isWindowsPath = (path: string) => /^[a-z]:[\\/]|^[\\/]{2}/i.test(path);

/**
 * What the longest path below the folder adds: `\.vagrant\machines\NAME\hyperv\Virtual Machines\`,
 * an id and an ending. Without long paths turned on in each program, a path has 259 characters at
 * most (Microsoft, Maximum Path Length Limitation, 2024-07).
 */
const below = "\\.vagrant\\machines\\\\hyperv\\Virtual Machines\\".length + 36 + ".vmgs".length;

function judge(folder: string, { name }: ResolvedMachine, { windows }: Host): Verdict {
  const evidence: Evidence[] = [{ read: "folder", value: folder }];
  const elsewhere = [manualFix("Move the config to a short, plain folder on a disk of this host, such as C:\\lab")];
  const drive = folder.slice(0, 2).toUpperCase();
  // PowerShell takes the typographic ones for quotes too (about_Quoting_Rules)
  if (/['\u2018-\u201b]/.test(folder)) {
    return fail(
      "the folder has a quote in its path, which breaks quoted paths in Vagrant's scripts",
      evidence,
      elsewhere,
    );
  }
  if (/[[\]]/.test(folder)) {
    return fail("the folder has brackets in its path, which PowerShell reads as a pattern", evidence, elsewhere);
  }
  if (/^[\\/]{2}/.test(folder) || windows?.networkDrives?.includes(drive)) {
    return fail(
      "the folder is on a network drive, but Hyper-V opens disks as another user, who does not have that drive",
      evidence,
      elsewhere,
    );
  }
  const longest = folder.length + below + name.length;
  if (longest > 259) {
    return fail(
      `the path of the folder is ${longest - 259} characters too long for the files of a VM`,
      evidence,
      elsewhere,
    );
  }
  if (/[\\/]OneDrive( - [^\\/]+)?[\\/]/i.test(folder)) {
    return warn(
      "the folder is in OneDrive, which uploads the disks of VMs and locks them meanwhile",
      evidence,
      elsewhere,
    );
  }
  const marks = [...new Set(folder.match(/[$`%!^&;]/g) ?? [])];
  if (marks.length > 0) {
    return warn(`the folder has ${marks.join(" ")} in its path, which a shell may interpret`, evidence, elsewhere);
  }
  if (windows?.networkDrives === undefined) {
    return unknown(`could not read whether ${drive} is a network drive`, evidence);
  }
  return pass("it can hold VMs", evidence);
}
