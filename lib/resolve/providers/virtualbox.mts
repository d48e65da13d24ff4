import type { Host } from "../../host/types.mts";
import type { PciFunction } from "../../host/pci-types.mts";
import type { Provider, ResolvedMachine } from "../types.mts";
import { joinBlocks, nothing, render, type Rendered } from "../../render.mts";
import { plainVm } from "./plain.mts";

/** VirtualBox, with Vagrant's built-in provider. */
export const virtualbox: Provider = {
  name: "virtualbox",
  title: "VirtualBox",
  mode: "passthrough",
  template: "virtualbox.rb",
  packer: () => "vagrant.pkr.hcl",
  missing: ({ programs }: Host) => programs !== undefined && !("VBoxManage" in programs),
  tools: () => ["virtualbox", "vagrant"],
  values: (machine, _host, prefix) => ({ ...plainVm(machine, prefix), gpu: gpu(machine) }),
};

/**
 * PCI passthrough, only before 6.1: the chipset ich9 and a line for each function, HOST@GUEST as
 * bus:device.function without a domain (VBoxManage modifyvm, manual of 6.0, 9.6). Attached
 * functions stay attached, and attaching one twice is an error, so only a VM that does not exist
 * yet gets these lines.
 */
function gpu({ name, assignedFunctions = [] }: ResolvedMachine): Rendered {
  if (assignedFunctions.length === 0) return nothing;
  return joinBlocks([
    render("unless File.exist?(File.join(__dir__, {{id}}))", { id: `.vagrant/machines/${name}/virtualbox/id` }),
    render('  v.customize ["modifyvm", :id, "--chipset", "ich9"]', {}),
    ...assignedFunctions.map((fn, i) =>
      render('  v.customize ["modifyvm", :id, "--pciattach", {{address}}]', { address: attached(fn, i) })
    ),
    render("end", {}),
  ]);
}

function attached({ bdf }: PciFunction, i: number): string {
  return `${bdf.replace(/^[0-9a-f]+:(?=..:)/, "")}@01:${i.toString(16).padStart(2, "0")}.0`;
}
