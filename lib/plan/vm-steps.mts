/** Steps for the VM itself: its start, its disk, its driver, its removal. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Step } from "./types.mts";
import { partitionRequest } from "../resolve/partition.mts";
import { type DataDisk, dataRecord } from "../host/data-disks.mts";
import { folderTag } from "../host/folders.mts";
import { lanMac, lanRecord } from "../host/lan.mts";
import type { LabMachine } from "../host/lab.mts";
import { shellWord } from "../render.mts";
import { powershellScript } from "../host/windows.mts";

/** The start of an SSH command to a machine, with the SSH configuration that Vagrant wrote for it. */
export function ssh(name: string): string[] {
  return ["ssh", "-F", `ssh/${name}`, name];
}

/** The step that removes a machine's VM and its files. libvirt also keeps files that Vagrant does not know. */
export function removal(
  name: string,
  { domain, provider = "libvirt" }: Pick<LabMachine, "domain" | "provider">,
  title: string,
): Step {
  return provider === "libvirt" ? { title, command: ["sh", "scripts/remove-vm.sh", name, domain], env: vagrantEnv } : {
    title,
    command: ["vagrant", "destroy", "-f", name],
    env: vagrantEnv,
    removes: [`ssh/${name}`, `verify/${name}.txt`, `.vagrant/machines/${name}`],
  };
}

/** The step that removes libvirt's copies of a box, as far as no VM uses them. */
export function dropCopies(box: string): Step {
  return {
    title: `Remove libvirt's copies of the box ${box}`,
    command: ["sh", "scripts/box-volumes.sh", "drop", box],
  };
}

/**
 * The step that returns a card to a Windows host if the machine's VM no longer has it, because the
 * VM was removed or a run was interrupted. It does nothing if the host has the card.
 */
export function returnCard(name: string): Step {
  return {
    title: `Return the card of ${name} to the host`,
    command: powershellScript("-File", "hyperv_gpu.ps1", "back", "-Record", `cards/${name}.txt`),
  };
}

/**
 * The seconds within which a machine must answer over SSH. While its VM starts, a host with an older kernel maps
 * the memory of a whole card page by page, which takes minutes for a card with much memory
 * (https://github.com/tianocore/edk2/pull/10856).
 */
export function bootTimeout({ accelerator, cards }: ResolvedMachine): number {
  if (accelerator === "tcg") return 1800;
  return cards.length > 0 ? 1200 : 300;
}

/** The step that waits for a running VM which no run of ours started: libvirt may have, with the host. */
export function waitStep(machine: ResolvedMachine): Step {
  return {
    title: `Wait until ${machine.name} answers`,
    command: ["sh", "scripts/wait-vm.sh", machine.name, String(bootTimeout(machine))],
  };
}

/** The environment of every Vagrant command. Without it, Vagrant checks for a newer version at every start. */
export const vagrantEnv = { VAGRANT_CHECKPOINT_DISABLE: "1" };

/**
 * Starts VMs, all of one provider with one command, so that Vagrant boots them in parallel if the
 * provider supports it.
 */
export function boots(work: { machine: ResolvedMachine; creates: boolean; starts: boolean }[]): Step[] {
  const starting = work.filter(({ starts }) => starts);
  return [...new Set(starting.map(({ machine }) => machine.provider))].map((provider) => {
    const of = starting.filter(({ machine }) => machine.provider === provider);
    const names = of.map(({ machine }) => machine.name);
    const created = of.filter(({ creates }) => creates).length;
    const verb = created === of.length ? "Create" : created === 0 ? "Start" : "Create or start";
    return {
      title: `${verb} the VM${names.length > 1 ? "s" : ""} ${names.join(", ")}`,
      command: ["vagrant", "up", ...names, `--provider=${provider}`],
      env: vagrantEnv,
    };
  });
}

/** The step that turns a VM's autostart on or off; Vagrant sets it only when it starts the VM. */
export function autostartSteps({ name, provider, autostart = false }: ResolvedMachine, there: LabMachine): Step[] {
  if (provider !== "libvirt" || (there.autostart ?? false) === autostart) return [];
  const command = autostart
    ? `net-autostart vagrant-libvirt; autostart ${there.domain}`
    : `autostart --disable ${there.domain}`;
  return [{
    title: autostart ? `Turn autostart of ${name} on` : `Turn autostart of ${name} off`,
    command: ["virsh", "-q", "-c", "qemu:///system", command],
  }];
}

/** The steps that enlarge the system disk to the size in the config, and then the root file system. */
export function diskSteps({ name, provider, disk }: ResolvedMachine, { domain }: LabMachine): Step[] {
  if (disk === undefined || provider !== "libvirt") return [];
  const size = disk / 1024;
  return [
    {
      title: `Enlarge the disk of ${name} to ${size} GiB`,
      command: ["sh", "scripts/grow-disk.sh", domain, String(size)],
    },
    { title: `Grow the file system of ${name}`, command: [...ssh(name), "sudo sh -s"], input: "scripts/grow-root.sh" },
  ];
}

/** The steps that enlarge a data disk to the size of the config, and mount it in the VM. */
export function dataSteps(machine: ResolvedMachine, { domain }: LabMachine): Step[] {
  const { name, provider, data } = machine;
  if (data === undefined || provider !== "libvirt") return [];
  const size = data / 1024;
  return [
    {
      title: `Enlarge the data disk of ${name} to ${size} GiB`,
      command: ["sh", "scripts/grow-disk.sh", domain, String(size), "data"],
    },
    {
      title: `Mount the data disk of ${name}`,
      command: [...ssh(name), runAsRoot(machine)],
      input: "scripts/mount-data.sh",
    },
  ];
}

/** Whether an existing VM has other folders of the host than the config; false where that is not known. */
export function foldersChanged({ provider, folders = [] }: ResolvedMachine, { hardware }: LabMachine): boolean {
  if (provider !== "libvirt" || hardware === undefined) return false;
  return folders.map(folderTag).sort().join() !== (hardware.folderTags ?? []).join();
}

/** The step that mounts the folders of the host in the VM, and removes the mounts of others. */
export function folderSteps(machine: ResolvedMachine, { hardware }: LabMachine): Step[] {
  const { name, provider, folders = [] } = machine;
  if (provider !== "libvirt" || (folders.length === 0 && hardware?.folderTags === undefined)) return [];
  const words = folders.flatMap((folder) => [folderTag(folder), folder.readOnly ? "ro" : "rw", shellWord(folder.to)]);
  return [{
    title: folders.length === 0 ? `Remove the mounts of folders from ${name}` : `Mount the folders of ${name}`,
    command: [...ssh(name), [runAsRoot(machine), ...(words.length > 0 ? ["--", ...words] : [])].join(" ")],
    input: "scripts/mount-folders.sh",
  }];
}

/** Whether an existing VM has another network card in the LAN than the config; false where that is not known. */
export function lanChanged({ provider, network }: ResolvedMachine, { hardware, domain }: LabMachine): boolean {
  if (provider !== "libvirt" || hardware === undefined) return false;
  const wanted = network?.lan === undefined ? undefined : `${network.lan} ${lanMac(domain)}`;
  return wanted !== hardware.lan;
}

/** The step that gives the network card in the LAN its address, or removes that setting from the VM. */
export function lanSteps(machine: ResolvedMachine, { hardware, domain }: LabMachine): Step[] {
  const { name, provider, network: { lan, address, gateway } = {} } = machine;
  if (provider !== "libvirt" || (lan === undefined && hardware?.lan === undefined)) return [];
  const words = lan === undefined ? [] : [lanMac(domain), ...[address, gateway].flatMap((one) => one ?? [])];
  return [{
    title: lan === undefined ? `Remove the network card in the LAN from ${name}` : `Connect ${name} to ${lan}`,
    command: [...ssh(name), [runAsRoot(machine), ...(words.length > 0 ? ["--", ...words] : [])].join(" ")],
    input: "scripts/set-lan.sh",
    ...(lan === undefined ? { removes: [lanRecord(name)] } : { output: lanRecord(name) }),
  }];
}

/** The step that removes a data disk with everything on it, and then its record. */
export function dataRemoval(name: string, { volume }: DataDisk): Step {
  return {
    title: `Remove the data disk of ${name}`,
    command: ["sh", "scripts/remove-data.sh", volume],
    removes: [dataRecord(name)],
  };
}

/** Steps that compare the host's driver with the guest's copy, and copy it if they differ. */
export function bringDriver(machine: ResolvedMachine): Step[] {
  const request = partitionRequest(machine);
  if (!request) return [];
  const { name } = machine;
  return [
    {
      title: `Compare the GPU driver of ${name} with the host's`,
      command: powershellScript(
        ...["-File", "scripts/copy-driver.ps1", name, request.vendorId],
        ...(request.deviceId ? [request.deviceId] : []),
      ),
    },
    {
      title: `Set up the GPU driver in ${name}`,
      command: [...ssh(name), "sudo sh -s"],
      input: "scripts/receive-driver.sh",
    },
  ];
}

/** The command that runs a script from its standard input in a machine, as root; the settings are `NAME=VALUE`. */
export function runAsRoot({ engine }: Pick<ResolvedMachine, "engine">, ...settings: string[]): string {
  const all = [...(engine === "docker" ? [] : [`ENGINE=${engine}`]), ...settings];
  return `sudo ${all.length > 0 ? `env ${all.join(" ")} ` : ""}sh -s`;
}
