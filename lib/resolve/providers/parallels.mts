import type { Host } from "../../host/types.mts";
import type { Provider } from "../types.mts";
import { plainVm } from "./plain.mts";

/** Parallels Desktop, with the plugin vagrant-parallels. Its VMs get no GPU. */
export const parallels: Provider = {
  name: "parallels",
  title: "Parallels",
  mode: "passthrough",
  template: "parallels.rb",
  packer: () => "vagrant.pkr.hcl",
  missing: ({ programs }: Host) => programs !== undefined && !("prlctl" in programs),
  tools: () => ["parallels", "vagrant", "vagrant-parallels"],
  values: (machine, _host, prefix) => plainVm(machine, prefix),
};
