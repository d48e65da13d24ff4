import type { Host } from "../../host/types.mts";
import type { PciFunction } from "../../host/pci-types.mts";
import type { Provider, ResolvedMachine } from "../types.mts";
import { firmwareOf } from "../../host/ovmf.mts";
import { addressLimitOf, ampleMmioWindow, mmioWindowOf } from "../cards.mts";
import { dataSerial, defaultDataVolume } from "../../host/data-disks.mts";
import { qemuHasVirtiofsd } from "../../host/packages.mts";
import { folderTag } from "../../host/folders.mts";
import { lanMac } from "../../host/lan.mts";
import { joinBlocks, nothing, render, Rendered } from "../../render.mts";

/** libvirt with QEMU, with the plugin vagrant-libvirt. */
export const libvirt: Provider = {
  name: "libvirt",
  title: "libvirt",
  mode: "passthrough",
  template: "libvirt.rb",
  packer: () => "qemu.pkr.hcl",
  missing: () => false,
  tools: (host, { folders = [] }) => [
    "libvirt",
    "qemu",
    ...(folders.length > 0 && !qemuHasVirtiofsd(host) ? ["virtiofsd"] : []),
    "vagrant",
    "vagrant-libvirt",
  ],
  values: (machine, host, prefix) => ({
    driver: machine.accelerator === "kvm" ? "kvm" : "qemu",
    prefix,
    ...cpu(machine),
    cpus: machine.cpus,
    memory: machine.memory,
    autostart: machine.autostart ? render("l.autostart = true\nl.management_network_autostart = true", {}) : nothing,
    data: dataDisk(machine, prefix),
    folders: sharedFolders(machine),
    lan: lan(machine, prefix),
    gpu: gpu(machine, host, prefix),
    own: ownLines(machine),
  }),
};

/**
 * The data disk. vagrant-libvirt 0.11 to 0.12 creates a volume that is not there, takes one that is,
 * and keeps it when it removes the VM (action/create_domain.rb, destroy_domain.rb: allow_existing).
 */
export function dataDisk(
  { name, data, dataVolume }: Pick<ResolvedMachine, "name" | "data" | "dataVolume">,
  prefix: string,
): Rendered {
  if (data === undefined) return nothing;
  return render("l.storage :file, size: {{size}}, path: {{path}}, serial: {{serial}}, allow_existing: true", {
    size: `${data / 1024}G`,
    path: dataVolume ?? defaultDataVolume(prefix, name),
    serial: dataSerial,
  });
}

/** The folders of the host; libvirt_devices.rb has the setting. */
function sharedFolders({ folders = [] }: ResolvedMachine): Rendered {
  return joinBlocks(
    folders.map((folder) => render("l.share_folder {{from}}, {{tag}}", { from: folder.from, tag: folderTag(folder) })),
  );
}

/** The network card for the LAN; libvirt_devices.rb has the setting. */
function lan({ name, network }: ResolvedMachine, prefix: string): Rendered {
  if (network?.lan === undefined) return nothing;
  return render("l.connect_lan {{interface}}, {{mac}}", { interface: network.lan, mac: lanMac(prefix + name) });
}

/** The user's own lines, marked as such. */
function ownLines({ libvirt }: ResolvedMachine): Rendered {
  if (libvirt === undefined) return nothing;
  return new Rendered(`# your own lines, libvirt: in the config\n${libvirt.replace(/\s+$/, "")}`);
}

/**
 * With emulation libvirt has no host CPU. EPYC has x86-64-v2, which current distributions and
 * container images need, and Linux does not isolate page tables on an AMD CPU. Under emulation that
 * isolation costs time and protects nothing.
 */
function cpu({ accelerator }: ResolvedMachine): Record<string, unknown> {
  return accelerator === "kvm"
    ? { cpu_mode: "host-passthrough", cpu_model: nothing }
    : { cpu_mode: "custom", cpu_model: render("l.cpu_model = {{model}}", { model: "EPYC" }) };
}

/**
 * The settings of a VM with cards: UEFI with its own variables, a display that UEFI can draw on, no
 * balloon (VFIO pins all memory, so none can be reclaimed), and a line for each function. libvirt
 * creates a root port for each function, and unbinds its host driver when the VM starts (`managed`,
 * which vagrant-libvirt always writes).
 */
function gpu(machine: ResolvedMachine, host: Host, prefix: string): Rendered {
  const passed = machine.assignedFunctions ?? [];
  const firmware = firmwareOf(host);
  if (passed.length === 0 || !firmware) return nothing;
  return joinBlocks([
    render("l.loader = {{code}}\nl.nvram = {{nvram}}", {
      code: firmware.code,
      nvram: `/var/lib/libvirt/qemu/nvram/${prefix}${machine.name}_VARS.fd`,
    }),
    render('l.video_type = "vga"\nl.memballoon_enabled = false', {}),
    ...passed.map(pci),
    ...qemuArguments(machine, host).map((value) => render("l.qemuargs value: {{value}}", { value })),
  ]);
}

/**
 * A function's address in the form that vagrant-libvirt inserts into the domain's XML: hex text.
 */
function pci({ bdf }: PciFunction): Rendered {
  const [domain, bus, slot, fn] = bdf.split(/[:.]/).map((part) => `0x${part}`);
  return render("l.pci domain: {{domain}}, bus: {{bus}}, slot: {{slot}}, function: {{function}}", {
    domain,
    bus,
    slot,
    function: fn,
  });
}

/**
 * Settings that vagrant-libvirt, or its libvirt, does not support. The MMIO window for 64-bit
 * regions is a setting of OVMF (edk2 OvmfPkg, X-PciMmio64Mb, MiB); the address limit is a property
 * of QEMU's CPUs on KVM (target/i386/host-cpu.c).
 */
function qemuArguments(machine: ResolvedMachine, host: Host): string[] {
  const window = mmioWindowOf(machine.cards);
  const limit = addressLimitOf(machine, host);
  return [
    ...(window > ampleMmioWindow ? ["-fw_cfg", `name=opt/ovmf/X-PciMmio64Mb,string=${window}`] : []),
    ...(limit === undefined ? [] : ["-global", `host-x86_64-cpu.host-phys-bits-limit=${limit}`]),
  ];
}
