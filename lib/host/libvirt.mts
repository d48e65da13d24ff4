/** Queries libvirt about domains. */
import type { Accelerator } from "./types.mts";
import type { Shell } from "../shell.mts";
import { dataVolumeIn } from "./data-disks.mts";
import { folderTagsIn } from "./folders.mts";
import { lanIn } from "./lan.mts";

/** The part of a domain's XML that changes only when the VM is recreated, and its folders. */
export interface VmHardware {
  accelerator: Accelerator;
  /**
   * BDFs of the host functions that it has, and their BDFs in the guest. The guest's is absent
   * until the first start.
   */
  assignedFunctions: { host: string; guest?: string }[];
  /** MMIO window, MiB; absent where the firmware's default is used. */
  mmioWindow?: number;
  /** File name of its data disk. */
  dataVolume?: string;
  /** The tags of the folders of the host that it has, sorted: those of this boot if it is running. */
  folderTags?: string[];
  /** Its network card in the LAN: `INTERFACE MAC`. */
  lan?: string;
}

/** What a hypervisor reports about a VM. */
export interface Domain {
  /** libvirt's name of the domain. */
  name?: string;
  /** The id that Vagrant records. */
  uuid?: string;
  /** The number of the running domain. */
  number?: string;
  cpus?: number;
  memory?: number;
  /** Size of its first disk, and what that takes on the host, MiB. */
  disk?: number;
  diskUsed?: number;
  /** Whether libvirt starts it with the host. */
  autostart?: boolean;
  hardware?: VmHardware;
  /** Its IPv4 addresses, if the hypervisor reports them for a running VM. */
  addresses?: string[];
}

/**
 * Looks up domains by names or UUIDs with one call of virsh. `libvirtError`: libvirt's error if it did
 * not answer for one of them, whose state is then not known.
 */
export async function readDomains(
  shell: Shell,
  words: string[],
): Promise<{ domains: Domain[]; libvirtError?: string }> {
  if (words.length === 0) return { domains: [] };
  const command = words.map((word) => `dominfo ${word}; dumpxml ${word}; domblkinfo ${word} vda`).join("; ");
  // virsh prints keys and errors in the user's language (libvirt-l10n)
  const env = { LC_ALL: "C" };
  const { code, out, err } = await shell.capture(["virsh", "-q", "-c", "qemu:///system", command], { env });
  if (code === 127) return { domains: [], libvirtError: "virsh is not installed" };
  // for each existing domain, dominfo prints a block of `Key: value` lines, followed by its XML
  const domains = out.split(/^(?=Id:)/m).flatMap(domainIn);
  const isAnswered = (word: string) =>
    domains.some(({ name, uuid }) => name === word || uuid === word) || err.includes(`failed to get domain '${word}'`);
  if (words.every(isAnswered)) return { domains };
  return { domains, libvirtError: err.trim().split("\n").at(-1)!.replace(/^error: /, "") || "virsh gave no reason" };
}

function domainIn(block: string): Domain[] {
  const facts = Object.fromEntries(
    [...block.matchAll(/^([^:\n]+):\s*(.*)$/gm)].map(([, key, value]) => [key!, value!.trim()]),
  );
  if (!facts.Name) return [];
  const memory = parseInt(facts["Max memory"] ?? "", 10);
  const capacity = parseInt(facts.Capacity ?? "", 10);
  const allocation = parseInt(facts.Allocation ?? "", 10);
  return [{
    name: facts.Name,
    ...(facts.UUID ? { uuid: facts.UUID } : {}),
    ...(facts.Id && facts.Id !== "-" ? { number: facts.Id } : {}),
    ...(facts["CPU(s)"] ? { cpus: Number(facts["CPU(s)"]) } : {}),
    ...(memory ? { memory: Math.floor(memory / 1024) } : {}),
    ...(capacity ? { disk: Math.floor(capacity / 1024 ** 2) } : {}),
    ...(allocation ? { diskUsed: Math.floor(allocation / 1024 ** 2) } : {}),
    ...(facts.Autostart ? { autostart: facts.Autostart === "enable" } : {}),
    ...(block.includes("<domain ") ? { hardware: vmHardwareOf(block) } : {}),
  }];
}

/** Reads the hardware from a domain's XML (formatdomain.html: hostdev, qemu:commandline). */
function vmHardwareOf(xml: string): VmHardware {
  const assignedFunctions = [...xml.matchAll(/<hostdev [^>]*type='pci'[^]*?<\/hostdev>/g)].flatMap(([hostdev]) => {
    const [host, guest] = ["<source>", "<\\/source>"].map((after) =>
      new RegExp(
        `${after}[^]*?<address (?:type='pci' )?domain='0x(\\w+)' bus='0x(\\w+)' slot='0x(\\w+)' function='0x(\\w)'`,
      ).exec(hostdev)?.slice(1)
    ).map((part) => part && `${part[0]}:${part[1]}:${part[2]}.${part[3]}`);
    return host ? [{ host, ...(guest ? { guest } : {}) }] : [];
  });
  const dataVolume = dataVolumeIn(xml);
  const folderTags = folderTagsIn(xml);
  const lan = lanIn(xml);
  const window = /X-PciMmio64Mb,string=(\d+)/.exec(xml)?.[1];
  return {
    accelerator: /<domain type='kvm'/.test(xml) ? "kvm" : "tcg",
    assignedFunctions,
    ...(window ? { mmioWindow: Number(window) } : {}),
    ...(dataVolume ? { dataVolume } : {}),
    ...(folderTags.length > 0 ? { folderTags } : {}),
    ...(lan === undefined ? {} : { lan }),
  };
}
