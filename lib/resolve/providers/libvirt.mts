import type { Host, PciFunction } from "../../host/types.mts";
import type { Provider, ResolvedMachine } from "../types.mts";
import { firmwareOf } from "../../host/ovmf.mts";
import { addressLimitOf, ampleMmioWindow, mmioWindowOf } from "../cards.mts";
import { joinBlocks, nothing, render, type Rendered } from "../../render.mts";

/** libvirt with QEMU, driven by the plugin vagrant-libvirt. */
export const libvirt: Provider = {
  name: "libvirt",
  title: "libvirt",
  mode: "passthrough",
  template: "libvirt.rb",
  packer: "qemu.pkr.hcl",
  missing: () => false,
  tools: () => ["libvirt", "qemu", "vagrant", "vagrant-libvirt"],
  values: (machine, host, prefix) => ({
    driver: machine.accelerator === "kvm" ? "kvm" : "qemu",
    prefix,
    ...cpu(machine),
    cpus: machine.cpus,
    memory: machine.memory,
    gpu: gpu(machine, host, prefix),
  }),
};

/**
 * Under emulation libvirt knows no host CPU. Nehalem is x86-64-v2, which today's distributions and container images ask for,
 * and QEMU's emulator has all of it.
 */
function cpu({ accelerator }: ResolvedMachine): Record<string, unknown> {
  return accelerator === "kvm"
    ? { cpu_mode: "host-passthrough", cpu_model: nothing }
    : { cpu_mode: "custom", cpu_model: render("l.cpu_model = {{model}}", { model: "Nehalem" }) };
}

/**
 * What hands the cards over: UEFI with variables of its own, a display that UEFI can draw on, no balloon (VFIO pins all memory, so that
 * none can be taken back), and a line for each function. libvirt gives each a root port of its own, and takes it from its driver when
 * the VM starts (`managed`, which vagrant-libvirt always writes).
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

/** A function's address as vagrant-libvirt pastes it into the domain's XML: hex text. */
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
 * What neither vagrant-libvirt nor its libvirt has a word for. The window for 64-bit regions is OVMF's own setting
 * (edk2 OvmfPkg, X-PciMmio64Mb, MiB); the limit is a property of QEMU's CPUs on KVM (target/i386/host-cpu.c).
 */
function qemuArguments(machine: ResolvedMachine, host: Host): string[] {
  const window = mmioWindowOf(machine.cards);
  const limit = addressLimitOf(machine, host);
  return [
    ...(window > ampleMmioWindow ? ["-fw_cfg", `name=opt/ovmf/X-PciMmio64Mb,string=${window}`] : []),
    ...(limit === undefined ? [] : ["-global", `host-x86_64-cpu.host-phys-bits-limit=${limit}`]),
  ];
}
