/** The network card of a VM in the LAN. */
import { createHash } from "node:crypto";

/** The alias of that card in a domain's XML; libvirt_devices.rb writes it. */
const alias = "ua-homelab-gpu-lan";

/**
 * The MAC address of a VM in the LAN. It depends only on the domain's name, so a recreated VM has the
 * same, and a router's reservation holds. 52:54:00 is the prefix of QEMU's addresses.
 */
export function lanMac(domain: string): string {
  const [a, b, c] = createHash("sha256").update(`lan ${domain}`).digest();
  return ["52", "54", "00", ...[a!, b!, c!].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** Path of a machine's address in the LAN when it was last set, relative to the lab's folder: one line. */
export const lanRecord = (name: string): string => `lan/${name}.txt`;

/** The card in a domain's XML (formatdomain.html: interface): `INTERFACE MAC`; undefined without one. */
export function lanIn(xml: string): string | undefined {
  const card = [...xml.matchAll(/<interface [^]*?<\/interface>/g)].find(([text]) => text.includes(`'${alias}'`))?.[0];
  const mac = /<mac address='([0-9a-f:]+)'/.exec(card ?? "")?.[1];
  // a macvtap's own device is <target dev='…'/>
  const source = /<source [^>]*?\b(?:bridge|dev)='([^']+)'/.exec(card ?? "")?.[1];
  return mac && source ? `${source} ${mac}` : undefined;
}
