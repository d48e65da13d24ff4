import type { Host, Provider, SettledMachine } from "../types.mts";
import { nothing, render } from "../render.mts";

/** libvirt with QEMU, driven by the plugin vagrant-libvirt. */
export const libvirt: Provider = {
  name: "libvirt",
  title: "libvirt",
  modes: ["passthrough"],
  template: "libvirt.rb",
  packer: "qemu.pkr.hcl",
  worksOn: ({ os }: Host) => os.platform === "linux" && !os.wsl,
  tools: () => ["libvirt", "qemu", "vagrant", "vagrant-libvirt"],
  values: (machine, _host, prefix) => ({
    driver: machine.accelerator === "kvm" ? "kvm" : "qemu",
    prefix,
    ...cpu(machine),
    cpus: machine.cpus,
    memory: machine.memory,
    gpu: nothing,
  }),
};

/**
 * Under emulation libvirt knows no host CPU. Nehalem is x86-64-v2, which today's distributions and container images ask for,
 * and QEMU's emulator has all of it.
 */
function cpu({ accelerator }: SettledMachine): Record<string, unknown> {
  return accelerator === "kvm"
    ? { cpu_mode: "host-passthrough", cpu_model: nothing }
    : { cpu_mode: "custom", cpu_model: render("l.cpu_model = {{model}}", { model: "Nehalem" }) };
}
