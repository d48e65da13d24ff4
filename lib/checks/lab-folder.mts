import type { Evidence, Fix } from "../findings.mts";
import { commandFix, manualFix } from "../fixes.mts";
import type { Host } from "../host/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** Whether ssh, Hyper-V and Vagrant's scripts for it can work in the folder of the lab and in that of the boxes. */
export const labFolderChecks: Check[] = [
  {
    id: "host.folder",
    about:
      "whether the folder of the config and that of Vagrant's boxes can hold VMs: their keys, with Hyper-V their disks",
    why:
      "Vagrant's scripts for Hyper-V put paths between quotes, Hyper-V opens disks as another user, and ssh expands %",
    confirm: "Get-Location",
    check: (host, { machines, folder }) => {
      if (folder === undefined || host.os.wsl) return [];
      const onWindows = host.os.platform === "windows" && isWindowsPath(folder);
      return machines.flatMap((machine) => {
        const verdict = onWindows && machine.provider === "hyperv"
          ? judge(folder, machine, host)
          : expandedBySsh("the folder", folder, [manualFix("Move the config to a folder without it in its path")]);
        return verdict ? [{ machine: machine.name, ...verdict }] : [];
      });
    },
  },
];

/**
 * The failure of a folder with keys in whose path ssh expands something (ssh_config(5), TOKENS and ENVIRONMENT
 * VARIABLES): Vagrant writes the path of a key as it is. Undefined if there is none.
 */
function expandedBySsh(name: string, path: string, fix: Fix[]): Verdict | undefined {
  const [expanded] = /%|\$\{/.exec(path) ?? [];
  return expanded === undefined
    ? undefined
    : fail(`${name} has ${expanded} in its path, which ssh expands in the path of a key`, [
      { read: "folder", value: path },
    ], fix);
}

const isWindowsPath = (path: string) => /^[a-z]:[\\/]|^[\\/]{2}/i.test(path);

/** A folder whose path matters. */
interface Folder {
  path: string;
  /** The subject of a message, and what goes into evidence. */
  name: string;
  read: string;
  /** Whether ssh finds its keys below it. */
  hasKeys?: true;
  /** Whether it has letters outside ASCII. */
  isForeign: boolean;
  /** The number of characters that the longest path below it adds. */
  below: number;
  /** How another folder is used. */
  elsewhere: string;
}

// an id and the longest ending of a file of Hyper-V
const file = 36 + ".vmgs".length;

function judge(path: string, { name, box }: ResolvedMachine, { windows = { drivers: [] } }: Host): Verdict {
  const lab: Folder = {
    path,
    name: "the folder",
    read: "folder",
    hasKeys: true,
    // deno-lint-ignore no-control-regex
    isForeign: /[^\x00-\x7f]/.test(path),
    below: `\\.vagrant\\machines\\${name}\\hyperv\\Virtual Machines\\`.length + file,
    elsewhere: "Move the config to a short, plain folder on a disk of this host, such as C:\\lab",
  };
  const boxes: Folder = {
    path: windows.vagrantHome ?? "",
    name: "the folder of Vagrant's boxes",
    read: "VAGRANT_HOME, with x for letters, u for those outside ASCII",
    // the first character, mostly that of a drive, is as it is
    isForeign: /.u/.test(windows.vagrantHome ?? ""),
    // NAME\1.VERSION.0\hyperv\Virtual Hard Disks\
    below: `\\boxes\\${box.replaceAll("/", "-VAGRANTSLASH-")}\\1.4294967295.0\\hyperv\\Virtual Hard Disks\\`.length +
      file,
    elsewhere: "Set VAGRANT_HOME to a short, plain folder, such as C:\\vagrant.d, in the environment of your user",
  };
  const own = flawOf(lab, windows.networkDrives);
  if (own?.status === "fail") return own;
  const evidence: Evidence[] = [{ read: lab.read, value: path }];
  if (windows.systemAccess === false) {
    return fail(
      "SYSTEM, which Hyper-V runs as, has no full control of the current folder and of what is created in it",
      [...evidence, { read: "(Get-Acl .).Access", value: "no inheritable full control for SYSTEM" }],
      [
        commandFix("Grant it, in the folder of the config", 'icacls.exe . /grant "*S-1-5-18:(OI)(CI)F"', {
          root: true,
        }),
        manualFix(lab.elsewhere),
      ],
    );
  }
  const other = windows.vagrantHome === undefined ? undefined : flawOf(boxes, windows.networkDrives);
  if (other?.status === "fail") return other;
  if (own ?? other) return (own ?? other)!;
  const unread = [
    ...(windows.networkDrives === undefined ? [`whether ${path.slice(0, 2)} is a network drive`] : []),
    ...(windows.systemAccess === undefined ? ["whether SYSTEM may use the folder"] : []),
    ...(windows.vagrantHome === undefined ? ["where Vagrant's boxes are"] : []),
  ];
  return unread.length > 0
    ? unknown(`could not read ${unread.join(", ")}`, evidence)
    : pass("it can hold VMs", evidence);
}

/** What is wrong with the path of a folder; undefined if nothing is. `drives`: the host's network drives. */
function flawOf(
  { path, name, read, hasKeys, isForeign, below, elsewhere }: Folder,
  drives: string[] | undefined,
): Verdict | undefined {
  const evidence: Evidence[] = [{ read, value: path }];
  const fix = [manualFix(elsewhere)];
  // PowerShell takes the typographic ones for quotes too (about_Quoting_Rules)
  if (/['\u2018-\u201b]/.test(path)) {
    return fail(`${name} has a quote in its path, which breaks quoted paths in Vagrant's scripts`, evidence, fix);
  }
  if (/[[\]]/.test(path)) {
    return fail(`${name} has brackets in its path, which PowerShell reads as a pattern`, evidence, fix);
  }
  const expanded = hasKeys && expandedBySsh(name, path, fix);
  if (expanded) return expanded;
  if (/^[\\/]{2}/.test(path) || drives?.includes(path.slice(0, 2).toUpperCase())) {
    return fail(
      `${name} is on a network drive, but Hyper-V opens disks as another user, who does not have that drive`,
      evidence,
      fix,
    );
  }
  // without long paths turned on in each program, a path has 259 characters at most (Microsoft, Maximum
  // Path Length Limitation, 2024-07)
  const excess = path.length + below - 259;
  if (excess > 0) {
    return fail(`the path of ${name} is ${excess} characters too long for the files of a VM`, evidence, fix);
  }
  if (/[\\/]OneDrive( - [^\\/]+)?[\\/]/i.test(path)) {
    return warn(`${name} is in OneDrive, which uploads the disks of VMs and locks them meanwhile`, evidence, fix);
  }
  // a letter that the code page of the console does not have, and others too where Vagrant encodes them twice
  // (hashicorp/vagrant, issues 11431, 12928 and 12982, 2022-11)
  if (isForeign) {
    return warn(
      `${name} has letters outside ASCII in its path, with which Vagrant on Windows is known to fail`,
      evidence,
      fix,
    );
  }
  const marks = [...new Set(path.match(/[$`%!^&;]/g) ?? [])];
  return marks.length > 0
    ? warn(`${name} has ${marks.join(" ")} in its path, which a shell may interpret`, evidence, fix)
    : undefined;
}
