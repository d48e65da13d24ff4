/** Whether the folders of `folders:` can be given to a VM. */
import { basename, dirname } from "node:path/posix";
import { manualFix } from "../fixes.mts";
import type { FolderState } from "../host/folders.mts";
import type { Host } from "../host/types.mts";
import type { SharedFolder } from "../config/types.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { isOlder } from "../text.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** The check of `folders:`. */
export const folderChecks: Check[] = [
  {
    id: "storage.folders",
    about: "whether the host folders of folders: exist and can be given to the VM",
    why: "virtiofs shares a folder that exists, and what the VM may write there it can change on this host",
    confirm: "ls -d FOLDER",
    check: (host, config) =>
      config.machines.flatMap((machine) => {
        const { name, folders = [] } = machine;
        if (folders.length === 0) return [];
        const refused = refusedProvider(machine) ?? refusedVersion(host);
        if (refused) return [{ machine: name, ...refused }];
        return folders.map((folder) => ({ machine: name, ...ofFolder(folder, config) }));
      }),
  },
];

/** Why a provider has no shared folders yet. */
const withoutFolders: Record<string, string> = {
  virtualbox: "VirtualBox's shared folders need its guest additions, which boxes that are built here do not have",
  hyperv: "Vagrant shares folders with Hyper-V by SMB, which asks for a password at each start",
  parallels: "Parallels' shared folders need its guest tools, which boxes that are built here do not have",
};

function refusedProvider({ provider, folders = [] }: ResolvedMachine): Verdict | undefined {
  if (provider === "libvirt") return undefined;
  const evidence = [{ read: "folders", value: folders.map(({ from }) => from).join(", ") }];
  const reason = withoutFolders[provider];
  return fail(`folders: is available only with libvirt so far${reason ? `: ${reason}` : ""}`, evidence, [
    manualFix("Remove folders:, and use a stack (stacks:), whose folder is copied, or a network share of your own"),
  ]);
}

/** libvirt has virtiofs since 6.2, and without NUMA nodes for the VM since 6.9 (libvirt.org/news.html). */
function refusedVersion({ versions }: Host): Verdict | undefined {
  const { libvirt } = versions;
  if (libvirt === undefined || !isOlder(libvirt, "6.9.0")) return undefined;
  return fail(`libvirt ${libvirt} is too old for folders:, which need 6.9 or later`, [
    { read: "libvirt version", value: libvirt },
  ], [manualFix("Remove folders:, or update this host to a release with libvirt 6.9 or later")]);
}

/** Folders of the host's system, and all below them: a VM has its own. */
const systemFolders = /^\/(bin|boot|dev|etc|lib|lib32|lib64|libx32|proc|run|sbin|sys|var\/lib\/libvirt)(\/|$)/;

function ofFolder(folder: SharedFolder, { folder: lab, hostFolders }: Resolved): Verdict {
  const { from, to, readOnly } = folder;
  const state = hostFolders?.[from];
  const evidence = [
    { read: "folders", value: `${from} → ${to}, ${readOnly ? "read-only" : "writable"}` },
    { read: from, value: shown(state, from) },
  ];
  if (state === undefined) return unknown(`could not read whether there is a folder ${from}`, evidence);
  if (state.kind === "missing") {
    return fail(`there is no folder ${from} on this host`, evidence, [
      manualFix(`Create it or mount what belongs there, or write the path of another folder in from:`),
    ]);
  }
  if (state.kind === "file") {
    return fail(`${from} is a file, and only folders can be shared`, evidence, [
      manualFix(`Write the folder that contains it: from: ${from.replace(/\/[^/]*$/, "") || "/"}`),
    ]);
  }
  // libvirt opens it as root
  if (state.kind === "unreadable") {
    return unknown(`you have no permission to read ${from}, so it was not checked`, evidence);
  }
  const home = lab === undefined ? undefined : hostFolders?.[dirname(lab)];
  const realLab = home?.kind === "folder" ? `${home.real}/${basename(lab!)}` : lab;
  return refusedFolder(state.real, folder, realLab, evidence) ?? pass(`${from} is ${to} in the VM`, evidence);
}

/** A folder with the host's own state, by its path without links. `lab`: the lab's folder. */
function refusedFolder(
  real: string,
  { readOnly }: SharedFolder,
  lab: string | undefined,
  evidence: Verdict["evidence"],
): Verdict | undefined {
  const system = real === "/" ? "/" : systemFolders.exec(real)?.[0].replace(/\/$/, "");
  if (system !== undefined) {
    const where = system === real ? `${real} belongs` : `${real} is in ${system}, which belongs`;
    return fail(`${where} to the system of this host: a VM must not have it`, evidence, [
      manualFix("Write the path of a folder with your own files in from:"),
    ]);
  }
  if (lab === undefined) return undefined;
  if (real === lab || real.startsWith(`${lab}/`)) {
    return fail(`${real} is in the folder of this lab's own files, with the keys of its VMs`, evidence, [
      manualFix("Write the path of another folder in from:"),
    ]);
  }
  // who may write the Vagrantfile may run programs on this host
  if (!readOnly && lab.startsWith(`${real}/`)) {
    return fail(`${real} contains ${lab}: a VM that writes there can run programs on this host`, evidence, [
      manualFix("Write read_only: true, or share a folder that does not contain the config"),
    ]);
  }
  if (/^(\/root|\/home(\/[^/]+)?)$/.test(real)) {
    return warn(`${real} has ${/^\/home$/.test(real) ? "the users'" : "a user's"} SSH keys and login files`, evidence, [
      manualFix("Share only the folders in it that the VM needs"),
    ]);
  }
  return undefined;
}

function shown(state: FolderState | undefined, from: string): string {
  if (state === undefined) return "not read";
  if (state.kind !== "folder") return state.kind;
  return state.real === from ? "folder" : `folder, ${state.real}`;
}
