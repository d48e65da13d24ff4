import type { ResolvedGpuRequest, ResolvedMachine } from "../types.mts";
import type { Host } from "../../host/types.mts";
import type { Provider } from "../types.mts";
import { matchCard } from "../cards.mts";
import { joinBlocks, nothing, render, type Rendered } from "../../render.mts";
import { plainVm } from "./plain.mts";

/** Hyper-V of Windows, driven by Vagrant's own provider. */
export const hyperv: Provider = {
  name: "hyperv",
  title: "Hyper-V",
  mode: "partition",
  template: "hyperv.rb",
  packer: "vagrant.pkr.hcl",
  missing: () => false,
  tools: () => ["hyperv", "vagrant"],
  values: (machine, host, prefix) => ({
    ...plainVm(machine, prefix),
    gpu: gpu(machine, host),
  }),
};

/**
 * What a card asks of the VM whichever way it comes: no checkpoints, which would have to keep the card's state, and a VM that is turned
 * off with its host, since one with a card cannot be saved. Memory is static where Vagrant is told no maxmemory (VagrantVM.psm1).
 */
function gpu(machine: ResolvedMachine, host: Host): Rendered {
  const { gpus: [wish] } = machine;
  if (!wish) return nothing;
  return joinBlocks([
    wish.mode === "partition"
      ? render("h.gpu_partition_adapter = true\nh.gpu_partition_count = {{count}}", { count: wish.partitionCount ?? 1 })
      : render("h.gpu_assigned = true", {}),
    ...cardLines(wish, host),
    render('h.enable_checkpoints = false\nh.enable_automatic_checkpoints = false\nh.auto_stop_action = "TurnOff"', {}),
  ]);
}

/** What `hyperv_gpu.rb` tells the card by: its ids, and its own instance where the config names an address. */
function cardLines(wish: ResolvedGpuRequest, host: Host): Rendered[] {
  const choice = matchCard(wish, host);
  const device = choice.kind === "card" ? choice.card.gpu.device : wish.deviceId;
  const instance = wish.address && choice.kind === "card" ? choice.card.gpu.instance : undefined;
  return [
    render("h.gpu_vendor_id = {{vendor}}", { vendor: wish.vendorId }),
    ...(device ? [render("h.gpu_device_id = {{device}}", { device })] : []),
    ...(instance ? [render("h.gpu_instance = {{instance}}", { instance })] : []),
  ];
}
