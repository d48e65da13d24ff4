import type { Provider, ResolvedGpuRequest, ResolvedMachine } from "../types.mts";
import { joinBlocks, nothing, render, type Rendered } from "../../render.mts";
import { switchOf } from "../hyperv-switch.mts";
import { boxSource } from "../images.mts";
import { plainVm } from "./plain.mts";

/** Hyper-V on Windows, with Vagrant's built-in provider. */
export const hyperv: Provider = {
  name: "hyperv",
  title: "Hyper-V",
  mode: "partition",
  template: "hyperv.rb",
  packer: (image) => boxSource(image, "hyperv") ? "vagrant.pkr.hcl" : "hyperv.pkr.hcl",
  missing: () => false,
  tools: () => ["hyperv", "vagrant"],
  values: (machine, host, prefix) => ({
    ...plainVm(machine, prefix),
    // Vagrant takes a name or an id
    switch: switchOf(machine, host),
    gpu: gpu(machine),
  }),
};

/**
 * The settings of a VM with a card, in either mode: no checkpoints, which would have to save the
 * card's state, and turn off on host shutdown, because a VM with a card cannot be saved. Memory is
 * static unless the Vagrantfile has maxmemory (VagrantVM.psm1).
 */
function gpu({ gpus: [request] }: ResolvedMachine): Rendered {
  if (!request) return nothing;
  return joinBlocks([
    request.mode === "partition"
      ? render("h.gpu_partition_adapter = true\nh.gpu_partition_count = {{count}}", {
        count: request.partitionCount ?? 1,
      })
      : render("h.gpu_assigned = true", {}),
    ...cardLines(request),
    render('h.enable_checkpoints = false\nh.enable_automatic_checkpoints = false\nh.auto_stop_action = "TurnOff"', {}),
  ]);
}

/**
 * How `hyperv_gpu.rb` finds the card: by ids, and by the instance where the config names an
 * address.
 */
function cardLines({ vendorId, deviceId, address, match }: ResolvedGpuRequest): Rendered[] {
  const device = match.kind === "card" ? match.card.gpu.device : deviceId;
  const instance = address && match.kind === "card" ? match.card.gpu.instance : undefined;
  return [
    render("h.gpu_vendor_id = {{vendor}}", { vendor: vendorId }),
    ...(device ? [render("h.gpu_device_id = {{device}}", { device })] : []),
    ...(instance ? [render("h.gpu_instance = {{instance}}", { instance })] : []),
  ];
}
