import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { isNvidia } from "../host/vendors.mts";
import { wholeCardReason } from "../host/windows.mts";
import { projectName } from "./raw.mts";
import { starterServices } from "./services.mts";
import { writeYaml } from "./write-yaml.mts";
import { className, isAccelerator, isDisplay, slotOf } from "../host/pci.mts";

/**
 * The starter's text for a host, with the ids of this card, and with its address if another card
 * has the same ids; `any` if the cards of the host are not known. Without a card, the parts that
 * need one are left out. `schema`: path of the editors' schema, relative to the config. `service`:
 * the name of one of `starterServices`, which replaces the examples, as `stack` does.
 */
export function starterFor(
  starter: string,
  card: PciFunction | "any" | undefined,
  host: Host,
  schema: string,
  { service, stack }: { service?: string | undefined; stack?: { path: string; name: string } | undefined } = {},
): string {
  const text = withServices(starter, service, stack).replace(
    /^# yaml-language-server: .*$/m,
    () => `# yaml-language-server: $schema=${schema}`,
  );
  const gpuBlock = /^ {4}gpu:\n(?: {6}.*\n)+/m;
  const worker = /^ {2}ml-worker:\n(?: {4}.*\n)+/m;
  if (!card) return text.replace(gpuBlock, "").replace(worker, "").replace(/^ {4}gpu: 1\n/m, "");
  const whole = host.os.platform === "windows"
    ? wholeCardReason(host.windows, card === "any" ? undefined : card)
    : undefined;
  // on Windows the guest gets a partition of a card: it needs an image for which the kernel module
  // can be built
  const system = host.os.platform === "windows" && !whole ? text.replaceAll("debian-13", "ubuntu-24.04") : text;
  const mode = whole === undefined ? [] : [`      mode: passthrough # the whole card: ${whole}`];
  if (card === "any") {
    return system.replace(gpuBlock, (block) => [block.trimEnd(), ...mode].join("\n") + "\n");
  }
  // of one slot, virtual functions are cards of their own, and other functions are parts of one card
  const twins = (host.pci ?? []).some((fn) =>
    fn !== card && fn.vendor === card.vendor && fn.device === card.device && (isDisplay(fn) || isAccelerator(fn)) &&
    (slotOf(fn) !== slotOf(card) || fn.physicalFunction !== card.physicalFunction || fn.physicalFunction !== undefined)
  );
  const lines = [
    `    gpu: # ${(card.name ?? card.model ?? className(card)).replace(/[^\w .()-]/g, "")}, ${card.bdf}`,
    `      vendor_id: ${card.vendor}`,
    `      device_id: ${card.device}`,
    ...mode,
    ...(twins ? [`      address: "${card.bdf}" # another card has the same ids`] : []),
  ];
  const withCard = system.replace(gpuBlock, () => `${lines.join("\n")}\n`);
  // other vendors' software is not installed in the guest, and the example service uses an image of NVIDIA
  return isNvidia(card) ? withCard : withCard.replace(worker, "").replace(/^ {4}gpu: 1\n/m, "");
}

/** A config whose machine is on another host: `ssh` is the value of that host's key. */
export function withHost(text: string, { name, ssh }: { name: string; ssh: string }): string {
  return text.replace(
    /^machines:\n( {2}- name: .*\n)/m,
    (_, machine: string) => `hosts:\n  ${name}:\n    ssh: ${ssh}\nmachines:\n${machine}    host: ${name}\n`,
  );
}

/**
 * The entry in `hosts:` for a login of ssh: its name is the first label of the host's name, or gpubox for an address.
 * Undefined for an IPv6 address, which `hosts:` does not take.
 */
export function hostEntry(login: string, port: string | undefined): { name: string; ssh: string } | undefined {
  const host = login.replace(/^.*@/, "");
  if (host.startsWith("[")) return undefined;
  const label = /^[\d.]+$/.test(host) ? "" : host.replace(/\..*/, "").replace(/[^A-Za-z0-9]+/g, "-");
  const name = label.slice(0, 63).replace(/^-+|-+$/g, "") || "gpubox";
  return { name, ssh: port === undefined ? login : `ssh://${login}:${port}` };
}

/** The starter with one service, a stack, or both instead of its examples. */
function withServices(starter: string, service?: string, stack?: { path: string; name: string }): string {
  if (service === undefined && stack === undefined) return starter;
  const services = service === undefined ? "" : `services:\n${starterServices[service]!.text}`;
  const named = stack && (projectName(stack.path) === stack.name ? { path: stack.path } : stack);
  const stacks = named === undefined ? "" : `stacks:\n  - ${writeYaml(named).trimEnd().replaceAll("\n", "\n    ")}\n`;
  return starter.replace(/^services:\n[^]*/m, () => [services, stacks].filter((one) => one !== "").join("\n"));
}
