/** What people write from habit in place of a value: words of other programs, and forms that other files take. */
import { imageNames, suiteNames } from "./vocabulary.mts";
import { refusedTarget } from "./folders.mts";
import { quoted } from "./scalars.mts";
import { vendorIds } from "../host/vendors.mts";

/** Names of hypervisors and of their programs → providers. */
const providers: Record<string, string> = {
  ...{ kvm: "libvirt", "qemu-kvm": "libvirt", virsh: "libvirt", "virt-manager": "libvirt" },
  ...{ vbox: "virtualbox", "oracle virtualbox": "virtualbox", prl: "parallels", wsl: "hyperv", wsl2: "hyperv" },
};

/** The provider that a name means. */
export const providerMeant = (text: string): string | undefined => providers[text.toLowerCase()];

/** The way of giving a card to a VM that a name means. */
export function modeMeant(text: string): string | undefined {
  if (/^(vfio(-pci)?|pci|pci-?passthrough|dda|whole|full)$/i.test(text)) return "passthrough";
  return /^(gpu-?pv?|partition(ed|ing)|paravirtual.*)$/i.test(text) ? "partition" : undefined;
}

/** The host name that is most similar to a text: `my_ai` → `my-ai`, `größe` → `grosse`. */
export function hostNameMeant(text: string): string | undefined {
  const plain = text.replaceAll("ß", "ss").normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-zA-Z0-9]+/g, "-");
  const name = plain.replace(/^-+/, "").slice(0, 63).replace(/-+$/, "");
  return /[a-zA-Z]/.test(name) ? quoted(name) : undefined;
}

/** `0x2786`, `2786`, `10de:2786`: the id of the device, or with `first` that of the vendor. */
export function idMeant(text: string, first = false): string | undefined {
  const [, vendor, device] = /^\[?(?:0x)?([0-9a-f]{4})(?::(?:0x)?([0-9a-f]{4}))?\]?$/i.exec(text) ?? [];
  return (first ? vendor : device ?? vendor)?.toLowerCase();
}

/** A PCI address in another form, such as `1:0.0`, `01:00` or `pci_0000_01_00_0`. */
export function addressMeant(text: string): string | undefined {
  const parts = /^(?:pci[:_@])?(?:([0-9a-f]{4})[:_])?([0-9a-f]{1,2})[:_]([0-9a-f]{1,2})(?:[._]([0-7]))?$/i.exec(text);
  if (!parts) return undefined;
  const [, domain, bus, slot, part = "0"] = parts;
  const two = (number: string) => number.toLowerCase().padStart(2, "0");
  const isFirst = domain === undefined || domain === "0000";
  return `"${isFirst ? "" : `${domain!.toLowerCase()}:`}${two(bus!)}:${two(slot!)}.${part}"`;
}

/** Words for a vendor's cards. */
const makers: [RegExp, string][] = [
  [/nvidia|geforce|quadro|tesla|\b[rg]tx(?![a-z])/i, vendorIds.nvidia],
  [/\bamd\b|\bati\b|radeon|instinct|\b(rx|mi\d{2,3}x?|vega)(?![a-z])/i, vendorIds.amd],
  [/intel|\barc(?=\b|[ab]?\d)/i, vendorIds.intel],
  // numbers alone, such as 7900 XTX, 9070, B580; those of NVIDIA's cards are 1050 to 1080, 16x0, and 2060 to 5090
  [/^([5-7][4-9][05]0|90[67]0)(?!\d)/, vendorIds.amd],
  [/^([ab][35-7][1-8]0m?|a30m|a[56]0|b[56]0)\b/i, vendorIds.intel],
  // GTX 580, RX 580 and Arc B580; the A40 of NVIDIA and the Arc Pro A40
  [/^(\d{3}m?|a40)(?![\w.]| ?ti\b)/i, "…"],
];

/** The request that a text in its place means. */
export function cardMeant(text: string): string | undefined {
  if (/^(false|no|off|none|0)$/i.test(text)) return "{enabled: false}";
  if (/^(true|yes|on|all|any|auto|[1-9]\d?)$/i.test(text)) return `{vendor_id: ${vendorIds.nvidia}}`;
  const address = addressMeant(text);
  if (address !== undefined && /[._]/.test(text)) return `{address: ${address}}`;
  // four digits alone, such as 4090, are rather the card's name
  const device = /0x|:/i.test(text) ? idMeant(text) : undefined;
  if (device !== undefined) {
    const vendor = /:/.test(text) ? idMeant(text, true) : undefined;
    return vendor === undefined ? `{device_id: ${device}}` : `{vendor_id: ${vendor}, device_id: ${device}}`;
  }
  const maker = makers.find(([words]) => words.test(text))?.[1];
  return maker === undefined ? undefined : `{vendor_id: ${maker}}`;
}

/** The settings of a driver that a text in their place means. */
export function driverMeant(text: string): string | undefined {
  const branch = /^(?:(?:(?:lib)?nvidia|cuda|driver)(?:-[a-z]+)*-)?([3-9]\d\d)(?:[.-][\w+~]+)*$/i.exec(text)?.[1];
  // as in nvidia-driver-550-open and nvidia-open-570
  if (branch !== undefined) return `{branch: ${branch}${/-open\b/i.test(text) ? ", modules: open" : ""}}`;
  if (/^(nvidia|distro)$/i.test(text)) return `{source: ${text.toLowerCase()}}`;
  const modules = /^(?:nvidia-)?(open|proprietary)(?:-kernel-\w+)?$/i.exec(text)?.[1];
  return modules === undefined ? undefined : `{modules: ${modules.toLowerCase()}}`;
}

/** The image that a text means: a release by its code name or number, a file, a URL. */
export function imageMeant(text: string): string | undefined {
  if (/^(https?|file):\/\/[^\s"'{}[\],]+$/.test(text)) return `{url: ${text}, checksum: sha256:…}`;
  if (/^(\.\.?|~|)\/[\w./~+-]+$|^[\w.+-]+\.(qcow2|img|raw)$/i.test(text)) return `{file: ${text}}`;
  const plain = text.toLowerCase().split("/").at(-1)!.replace(/[\s_:]+/g, "-").replace(
    /(?<!\d)(\d\d)(04|10)(?!\d)/,
    "$1.$2",
  );
  const suite = suiteNames.findIndex((name) => new RegExp(`(^|-)${name}(64)?$`).test(plain));
  if (suite >= 0) return imageNames[suite];
  const [, distribution, version] = /^(debian|ubuntu)-?(\d+(?:\.\d+)?)?\b/.exec(plain) ?? [];
  if (distribution === undefined) return undefined;
  const number = (name: string) => Number(name.split("-")[1]);
  const releases = imageNames.filter((name) => name.startsWith(distribution));
  const same = releases.find((name) => plain.startsWith(name));
  if (same !== undefined) return same;
  const far = (name: string) => Math.abs(number(name) - Number(version));
  return version === undefined
    ? { debian: "debian-13", ubuntu: "ubuntu-24.04" }[distribution]
    : releases.toSorted((a, b) => far(a) - far(b) || number(b) - number(a))[0];
}

/** `/srv/media`, or `/srv/media:/media:ro` as Docker takes it: a folder of the host, and its path in the VM. */
export function folderMeant(text: string): string | undefined {
  const [, from, own, mode] = /^([/~.][\w./~+-]*)(?::(\/[\w./+-]*))?(?::(ro|rw|z|Z))?$/.exec(text) ?? [];
  if (from === undefined) return undefined;
  const name = from.split("/").filter((part) => /\w/.test(part)).at(-1) ?? "media";
  const to = own ?? (from.startsWith("/") ? from : `/mnt/${name}`);
  const target = refusedTarget(to) === undefined ? to : `/mnt/${name}`;
  return `{from: ${from}, to: ${target}${mode === "rw" ? ", read_only: false" : ""}}`;
}

/** A bridge or a wired interface by a usual name, such as `br0` or `enp3s0`; words for ways of networking name none. */
export const lanMeant = (text: string): string | undefined =>
  /^(vm|vir)?br-?\d[\w.-]*$|^br-\w[\w.-]*$|^(eth|en[opsx]|bond|team|lan)[\w.-]*\d[\w.-]*$/.test(text)
    ? `{lan: ${text}}`
    : undefined;

/** An address without the length of its network, which is mostly 24 at home. */
export const lanAddressMeant = (text: string): string | undefined =>
  /^\d+(\.\d+){3}$/.test(text) ? `${text}/24` : undefined;

/**
 * The folder that `git clone` makes of a repository, and the folder in it that the address shows: `/tree/main/deploy`
 * as in a browser, or `#main:deploy` as Docker takes it.
 */
export function cloneMeant(text: string): string | undefined {
  const [, path = "", part = ""] =
    /^(?:\w+:\/\/[^\s/?#]*\/|git@[^\s:]+:)([^\s?#]+)[^\s#]*(?:#\S*?:(\S+))?/.exec(text) ?? [];
  // of a file, its folder
  const folder = path.replace(/\/blob\/(.*)\/[^/]*$/, "/tree/$1");
  const [repository = "", shown = part] = folder.split(/\/(?:-\/)?(?:tree|src\/branch)\/[^/]+/);
  const name = /([\w.-]+?)(?:\.git)?\/*$/.exec(repository)?.[1];
  return name === undefined ? undefined : ["./" + name, ...shown.split("/").filter((one) => one !== "")].join("/");
}

/** A text without the comma or semicolon that other languages have at the end of a line. */
export const withoutEnd = (text: string): string | undefined => /^(.+?)[,;]+$/.exec(text)?.[1];

/** What runs containers, by other names. */
export const engineMeant = (text: string): string | undefined =>
  /^(containerd|nerdctl|moby|docker[-\w]*)$/i.test(text) ? "docker" : undefined;
