import { createHash } from "node:crypto";
import type { ExistingVm } from "./types.mts";
import { type Domain, readDomains, type VmHardware } from "./libvirt.mts";
import { UserError } from "../errors.mts";
import { ownValue } from "../maps.mts";
import type { Copies } from "./copies.mts";
import { type Proof, readState, type SwarmState, type Upgrade } from "./state.mts";
import type { Shell } from "../shell.mts";
import { type HypervQuestion, NoAnswer, readVms } from "./hypervisors.mts";
import { self } from "../self.mts";
import type { BoxInputs } from "./box-inputs.mts";
import { readBoxes, readMachine } from "./vagrant-files.mts";
import { type DataDisk, listDataDisks, readDataDisks } from "./data-disks.mts";

/** The part of a config that is needed to look up a lab: its machines. */
export interface LabRequest {
  machines: { name: string; box: string; data?: number }[];
}

/** The existing state of a lab: its boxes, its VMs, and what was last verified. */
export interface Lab {
  /** Absolute path of `.homelab-gpu`, the folder of all rendered files. */
  folder: string;
  /** The prefix of the names of its libvirt domains. */
  prefix: string;
  /** Versions of the boxes in Vagrant, by box name. */
  boxes: Record<string, string[]>;
  machines: Record<string, LabMachine>;
  /** VMs that still exist although the config no longer has their machines. */
  orphans: Record<string, LabMachine>;
  /** The text of its Vagrantfile, if there is one. */
  vagrantfile?: string;
  /** libvirt's error, if libvirt did not answer. */
  libvirtError?: string;
  /** The Swarm of its machines, as it was last set up. */
  swarm?: SwarmState;
  /** Parts of `state.json` that are ignored: a sentence for each. */
  unreadState?: string[];
}

/** The state of a VM as messages name it. */
export const stateName = (state: LabMachine["state"]): string =>
  state === "absent" ? "not created" : state === "half-made" ? "created in part" : state;

/** A machine's VM. */
export interface LabMachine {
  domain: string;
  /** Vagrant's provider of the VM; absent if there is no VM. */
  provider?: string;
  /**
   * `half-made`: an earlier run stopped before the VM had started completely once; it may be
   * running. `unknown`: the VM is libvirt's, and libvirt did not answer.
   */
  state: "absent" | "off" | "running" | "half-made" | "unknown";
  /**
   * Identifies one boot of the VM: the host's boot id and the number that libvirt gives the running
   * domain.
   */
  bootId?: string;
  cpus?: number;
  /** MiB. */
  memory?: number;
  /** Size of its system disk, and what that takes on the host, MiB; absent where that was not reported. */
  disk?: number;
  diskUsed?: number;
  /** Whether it starts with the host; absent if that was not reported. */
  autostart?: boolean;
  /**
   * The VM's id for Vagrant, if Vagrant's own id file is empty, for example after a power failure.
   */
  missingVagrantId?: string;
  /** Version and name of the box that the VM was created from. */
  box?: string;
  boxName?: string;
  /** What that version of the box was built from; absent where that is not recorded. */
  boxInputs?: BoxInputs;
  /**
   * Whether a whole card was taken from a Windows host for it and is not known to have been
   * returned: hyperv_gpu.ps1 keeps a record until then.
   */
  cardTaken?: true;
  /** IP address: that of Vagrant's SSH configuration, or the one that the hypervisor reports instead. */
  address?: string;
  /** The address in Vagrant's SSH configuration, if the VM no longer has it. */
  savedAddress?: string;
  /** Its data disk, if there is one, or if the config asks for one. */
  data?: DataDisk;
  /** What libvirt sets when it creates the VM: `vagrant reload` does not change it. */
  hardware?: VmHardware;
  proof?: Proof;
  /** Its unfinished upgrade. */
  upgrade?: Upgrade;
  /** The files of its stacks that were copied into this VM. */
  copies?: Copies;
}

/** The proof of a running machine since it booted, unless it is no longer valid. */
export function validProof({ state, bootId, proof }: LabMachine): Proof | undefined {
  return state === "running" && proof?.bootId === bootId && !proof?.invalid ? proof : undefined;
}

/**
 * Reads the state of the lab: one call of virsh, one question to Hyper-V, one for each VM of another
 * provider, and some small files.
 */
export async function readLab(
  shell: Shell,
  config: LabRequest,
  folder: string,
  askHyperv?: HypervQuestion,
): Promise<Lab> {
  const prefix = prefixOf(folder);
  const names = config.machines.map(({ name }) => name);
  const unread: string[] = [];
  const taken = await cardsTaken(shell, folder);
  const [boot, state, boxes, vagrantfile, all] = await Promise.all([
    shell.read("/proc/sys/kernel/random/boot_id"),
    readState(shell, folder, (sentence) => void unread.push(sentence)),
    readBoxes(shell, config.machines),
    shell.read(`${folder}/Vagrantfile`),
    // names are passed to virsh: other files in these folders are not machines
    Promise.all([shell.list(`${folder}/.vagrant/machines`), listDataDisks(shell, folder)]).then((listed) => [
      ...new Set([...names, ...[...listed.flat(), ...taken].filter((name) => /^[a-zA-Z0-9-]+$/.test(name))]),
    ]),
  ]);
  const files = await Promise.all(all.map((name) => readMachine(shell, folder, name)));
  // libvirt may have a domain that Vagrant has not recorded yet; a recorded one is looked up by its
  // id, which survives a move of the lab's folder
  const words = all.flatMap((name, i) => {
    const { provider = "libvirt", id } = files[i]!;
    return shell.platform === "linux" && provider === "libvirt" ? [isUuid(id) ? id : prefix + name] : [];
  });
  const [{ domains, libvirtError }, data, others] = await Promise.all([
    readDomains(shell, words),
    readDataDisks(shell, folder, prefix, all, config),
    readVms(shell, files.map(({ provider, id }) => (provider && id ? { provider, id } : undefined)), askHyperv),
  ]);
  const unasked = libvirtError ?? others.find((one) => one instanceof NoAnswer)?.message;
  const machines = all.map((name, i) => {
    const of = files[i]!;
    const other = others[i];
    const found = (other instanceof NoAnswer ? undefined : other) ??
      domains.find((domain) => isUuid(of.id) ? domain.uuid === of.id : domain.name === prefix + name);
    const noAnswer = other instanceof NoAnswer ||
      libvirtError !== undefined && !found && (of.provider ?? "libvirt") === "libvirt";
    return [
      name,
      machineOf(of, found, noAnswer, {
        domain: found?.name ?? prefix + name,
        boot: boot?.trim() ?? "",
        proof: ownValue(state.proofs, name),
        upgrade: ownValue(state.upgrades ?? {}, name),
        cardTaken: taken.includes(name),
        data: data[name],
      }),
    ] as const;
  });
  return {
    folder,
    prefix,
    boxes,
    machines: Object.fromEntries(machines.filter(([name]) => names.includes(name))),
    orphans: Object.fromEntries(
      machines.filter(([name, { state, cardTaken, data: disk }]) =>
        !names.includes(name) && (state !== "absent" || cardTaken || disk?.size !== undefined)
      ),
    ),
    ...(vagrantfile === undefined ? {} : { vagrantfile }),
    ...(unasked ? { libvirtError: unasked } : {}),
    ...(state.swarm ? { swarm: state.swarm } : {}),
    ...(unread.length > 0 ? { unreadState: unread } : {}),
  };
}

/** The machines with a record of a card that was taken from the host; only Hyper-V has such records. */
async function cardsTaken(shell: Shell, folder: string): Promise<string[]> {
  if (shell.platform !== "win32") return [];
  return (await shell.list(`${folder}/cards`)).flatMap((file) => (file.endsWith(".txt") ? [file.slice(0, -4)] : []));
}

/**
 * Throws {@link UserError} if a VM existed and libvirt did not answer: the state of that VM is not
 * known to later steps.
 */
export function requireLibvirtAnswer({ libvirtError, machines, orphans }: Lab): void {
  const unknown = Object.entries({ ...machines, ...orphans }).filter(([, { state }]) => state === "unknown");
  if (unknown.length === 0) return;
  throw new UserError(
    `the state of ${unknown.map(([name]) => name).join(", ")} is unknown: ${libvirtError}\n  ${
      self("doctor provider.access")
    }`,
    1,
  );
}

/**
 * The saved address, unless the hypervisor reports others for the running VM: on Hyper-V's Default
 * Switch, a VM gets another address after a restart of the host.
 */
function addressOf(saved: string | undefined, now: string[] = []): Pick<LabMachine, "address" | "savedAddress"> {
  if (saved === undefined || now.length === 0 || now.includes(saved)) {
    return saved === undefined ? {} : { address: saved };
  }
  return { address: now[0]!, savedAddress: saved };
}

/** Combines what Vagrant's files and the hypervisor report about a VM. */
function machineOf(
  { id, created, box, address, provider, copies }: Awaited<ReturnType<typeof readMachine>>,
  seen: Domain | undefined,
  noAnswer: boolean,
  { domain, boot, proof, upgrade, cardTaken, data }: {
    domain: string;
    boot: string;
    proof: Proof | undefined;
    upgrade: Upgrade | undefined;
    cardTaken: boolean;
    data: DataDisk | undefined;
  },
): LabMachine {
  const complete = created && seen;
  const state = noAnswer && (id || created)
    ? "unknown"
    : complete
    ? (seen.number ? "running" : "off")
    : seen || id
    ? "half-made"
    : "absent";
  return {
    domain,
    ...(provider ? { provider } : {}),
    state,
    ...(seen?.number ? { bootId: `${boot}/${seen.number}` } : {}),
    ...(seen?.cpus ? { cpus: seen.cpus } : {}),
    ...(seen?.memory ? { memory: seen.memory } : {}),
    ...(seen?.disk ? { disk: seen.disk } : {}),
    ...(seen?.diskUsed ? { diskUsed: seen.diskUsed } : {}),
    ...(seen?.autostart === undefined ? {} : { autostart: seen.autostart }),
    ...(id === "" && seen?.uuid ? { missingVagrantId: seen.uuid } : {}),
    ...(box?.version ? { box: box.version } : {}),
    ...(box?.name ? { boxName: box.name } : {}),
    ...(box?.inputs ? { boxInputs: box.inputs } : {}),
    ...addressOf(complete ? address : undefined, complete ? seen?.addresses : undefined),
    ...(data ? { data } : {}),
    ...(seen?.hardware ? { hardware: seen.hardware } : {}),
    ...(cardTaken ? { cardTaken } : {}),
    ...(proof ? { proof } : {}),
    ...(upgrade ? { upgrade } : {}),
    ...(copies && copies.vm === id ? { copies } : {}),
  };
}

const isUuid = (id: string | undefined): id is string => /^[0-9a-f-]{8,}$/i.test(id ?? "");

/**
 * The prefix of the names of a lab's domains: its folder's name and a part of the hash of its path,
 * so two labs never share a name.
 */
export function prefixOf(folder: string): string {
  const home = folder.split(/[\\/]/).at(-2) ?? "";
  const word = home.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 20) || "lab";
  return `${word}-${createHash("sha256").update(folder).digest("hex").slice(0, 6)}_`;
}

/** The facts about existing VMs that `resolveConfig` needs, by machine name. */
export function existingVmsOf({ machines }: Lab): Record<string, ExistingVm> {
  return Object.fromEntries(
    Object.entries(machines).map(([name, { bootId, hardware, disk, diskUsed, data }]) => [name, {
      running: bootId !== undefined,
      passedAddresses: hardware?.assignedFunctions.map(({ host }) => host) ?? [],
      ...(disk === undefined ? {} : { diskSize: disk }),
      ...(diskUsed === undefined ? {} : { diskUsed }),
      ...(data === undefined ? {} : { dataVolume: data.volume }),
      ...(data?.size === undefined ? {} : { dataSize: data.size }),
      ...(data?.used === undefined ? {} : { dataUsed: data.used }),
    }]),
  );
}
