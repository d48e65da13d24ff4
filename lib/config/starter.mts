import type { Host, PciFunction } from "../host/types.mts";
import { className, isAccelerator, isDisplay, slotOf } from "../host/pci.mts";

/**
 * The starter's text made for a host: with this card's ids (and its address where another has the same ones), or, without a card,
 * without what needs one. `schema` is where the editors' schema lies, seen from the config.
 */
export function starterFor(starter: string, card: PciFunction | undefined, host: Host, schema: string): string {
  const text = starter.replace(/^# yaml-language-server: .*$/m, () => `# yaml-language-server: $schema=${schema}`);
  const wish = /^ {4}gpu:\n(?: {6}.*\n)+/m;
  const worker = /^ {2}ml-worker:\n(?: {4}.*\n)+/m;
  if (!card) return text.replace(wish, "").replace(worker, "");
  const twins = (host.pci ?? []).some((fn) =>
    (slotOf(fn) !== slotOf(card) || fn.physicalFunction !== card.physicalFunction) && fn.vendor === card.vendor &&
    fn.device === card.device && (isDisplay(fn) || isAccelerator(fn))
  );
  const lines = [
    `    gpu: # ${(card.name ?? card.model ?? className(card)).replace(/[^\w .()-]/g, "")}, ${card.bdf}`,
    `      vendor_id: ${card.vendor}`,
    `      device_id: ${card.device}`,
    ...(twins ? [`      address: "${card.bdf}" # another card has the same ids`] : []),
  ];
  // a part of a card, which is what Windows hands over, needs a guest that its kernel module builds in, and a box that nobody publishes
  const box = "image: {file: ./ubuntu-24.04.box} # a box for Hyper-V, generation 2: github.com/chef/bento builds it";
  const system = host.os.platform === "windows"
    ? (host.windows?.hyperv === false ? text : text.replace(/image: debian-13$/m, box)).replaceAll(
      "debian-13",
      "ubuntu-24.04",
    )
    : text;
  const made = system.replace(wish, () => `${lines.join("\n")}\n`);
  // the service's image is NVIDIA's
  return card.vendor === "10de" ? made : made.replace(worker, "");
}
