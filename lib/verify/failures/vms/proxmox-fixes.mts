/** Turns fixes for libvirt into those for Proxmox VE, which has no virsh and no definition in XML. */
import type { Fix } from "../../../findings.mts";
import { program } from "../../../host/programs.mts";
import type { Host } from "../../../host/types.mts";

const ofProxmox =
  /TASK (?:ERROR|WARNINGS)|\bpve(?:daemon|proxy|statd|sh|-manager|-bridge)?\b|\bqm (?:start|set|create)\b|\/etc\/pve\/|qmstart|\bqmeventd/i;
const ofLibvirt = /libvirt|virsh|vagrant|virt-manager|virDomain/i;

/** Whether a log is Proxmox VE's, or its host has that, so that commands of libvirt do not work there. */
export const isProxmox = (text: string, host?: Host): boolean =>
  (ofProxmox.test(text) || (host !== undefined && program(host, "pveversion"))) && !ofLibvirt.test(text);

const commands: [of: RegExp, title: string, command: string][] = [
  [/^virsh .{0,30}list/, "Check which VM has it, then shut that VM down", "qm list"],
  [/^virsh .{0,30}net-(?:start|list)/, "List the bridges", "ip -brief link show type bridge"],
  [/^virsh .{0,30}(?:managedsave-remove)/, "Throw the saved state away", "qm set ID -delete vmstate"],
  [
    /^(?:tail|cat) .{0,20}\/var\/log\/libvirt|^journalctl -u libvirtd/,
    "Read QEMU's own lines",
    "journalctl -b -t QEMU --no-pager -n 40",
  ],
  [/^systemctl restart libvirtd/, "Restart the VM", "qm stop ID && qm start ID"],
];

/** The fix for a host with Proxmox VE; undefined where it has none of its kind. */
export function forProxmox(fix: Fix): Fix | undefined {
  const command = commands.find(([of]) => fix.command !== null && of.test(fix.command));
  if (command) return { ...fix, title: command[1], command: command[2] };
  if (fix.command?.startsWith("virsh") || /qemu:\/\/\/s|\/etc\/qemu\/bridge\.conf/.test(fix.title)) return undefined;
  return {
    ...fix,
    title: fix.title
      .replace(/\(virsh edit[^)]{0,20}\)/, "(qm config ID, qm set ID)")
      .replace(/virsh edit(?: NAME)?/, "qm set ID")
      .replace("linux-headers-$(uname -r)", "proxmox-headers-$(uname -r), before Proxmox VE 8 pve-headers-$(uname -r)"),
  };
}
