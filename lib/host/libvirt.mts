/** What libvirt knows of domains. */
import type { Accelerator } from "./types.mts";
import type { Shell } from "../shell.mts";

/** The part of a domain's XML that changes only when the VM is recreated. */
export interface VmHardware {
  accelerator: Accelerator;
  /** Functions of this host that it has, and where the guest sees them: BDFs. The guest's is absent until it was started once. */
  assignedFunctions: { host: string; guest?: string }[];
  /** MiB; absent where the firmware's own is enough. */
  mmioWindow?: number;
}

/** What a hypervisor says of a VM. */
export interface Domain {
  /** libvirt's name for it. */
  name?: string;
  /** Vagrant knows it by this. */
  uuid?: string;
  /** Its number while it runs. */
  number?: string;
  cpus?: number;
  memory?: number;
  hardware?: VmHardware;
}

/**
 * The domains that there are of these names or UUIDs, by one question. `silent` is what is said where libvirt did not answer for one of them:
 * then nothing is known of that one.
 */
export async function readDomains(shell: Shell, words: string[]): Promise<{ domains: Domain[]; silent?: string }> {
  if (words.length === 0) return { domains: [] };
  const command = words.map((word) => `dominfo ${word}; dumpxml ${word}`).join("; ");
  // virsh speaks the user's language, keys and errors too (libvirt-l10n)
  const env = { LC_ALL: "C" };
  const { code, out, err } = await shell.capture(["virsh", "-q", "-c", "qemu:///system", command], { env });
  if (code === 127) return { domains: [], silent: "virsh is not installed" };
  // dominfo prints a block of `Key: value` lines for each domain that exists, and then its XML comes
  const domains = out.split(/^(?=Id:)/m).flatMap(domainIn);
  const told = (word: string) =>
    domains.some(({ name, uuid }) => name === word || uuid === word) || err.includes(`failed to get domain '${word}'`);
  if (words.every(told)) return { domains };
  return { domains, silent: err.trim().split("\n").at(-1)!.replace(/^error: /, "") || "virsh says nothing" };
}

function domainIn(block: string): Domain[] {
  const facts = Object.fromEntries(
    [...block.matchAll(/^([^:\n]+):\s*(.*)$/gm)].map(([, key, value]) => [key!, value!.trim()]),
  );
  if (!facts.Name) return [];
  const memory = parseInt(facts["Max memory"] ?? "", 10);
  return [{
    name: facts.Name,
    ...(facts.UUID ? { uuid: facts.UUID } : {}),
    ...(facts.Id && facts.Id !== "-" ? { number: facts.Id } : {}),
    ...(facts["CPU(s)"] ? { cpus: Number(facts["CPU(s)"]) } : {}),
    ...(memory ? { memory: Math.floor(memory / 1024) } : {}),
    ...(block.includes("<domain ") ? { hardware: madeOf(block) } : {}),
  }];
}

/** Reads a domain's XML, as libvirt writes it (formatdomain.html: hostdev, qemu:commandline). */
function madeOf(xml: string): VmHardware {
  const assignedFunctions = [...xml.matchAll(/<hostdev [^>]*type='pci'[^]*?<\/hostdev>/g)].flatMap(([hostdev]) => {
    const [host, guest] = ["<source>", "<\\/source>"].map((after) =>
      new RegExp(
        `${after}[^]*?<address (?:type='pci' )?domain='0x(\\w+)' bus='0x(\\w+)' slot='0x(\\w+)' function='0x(\\w)'`,
      ).exec(hostdev)?.slice(1)
    ).map((part) => part && `${part[0]}:${part[1]}:${part[2]}.${part[3]}`);
    return host ? [{ host, ...(guest ? { guest } : {}) }] : [];
  });
  const window = /X-PciMmio64Mb,string=(\d+)/.exec(xml)?.[1];
  return {
    accelerator: /<domain type='kvm'/.test(xml) ? "kvm" : "tcg",
    assignedFunctions,
    ...(window ? { mmioWindow: Number(window) } : {}),
  };
}
