/** The templates and scripts that come with this project. The one-file build has them inside. */
import { fileURLToPath } from "node:url";
import type { Shell } from "./shell.mts";

/** Those that a plan is made from. */
export const names = [
  "templates/Vagrantfile",
  "templates/machine.rb",
  "templates/libvirt.rb",
  "templates/qemu.pkr.hcl",
  "templates/plugins.pkr.hcl",
  "scripts/get-image.sh",
  "scripts/make-image.sh",
  "scripts/make-seed.sh",
  "scripts/install-docker.sh",
  "scripts/install-podman.sh",
  "scripts/busybox-image.sh",
  "scripts/install-nvidia.sh",
  "scripts/finish-box.sh",
  "scripts/add-box.sh",
  "scripts/remove-vm.sh",
  "scripts/box-volumes.sh",
  "scripts/apply-services.sh",
  "scripts/verify-guest.sh",
];

/** Where a file of this project lies. */
export function assetPath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** The text of a template or script, by its path in this project. */
export async function asset(shell: Shell, path: string): Promise<string> {
  const text = await shell.read(assetPath(path));
  if (text === undefined) throw new Error(`${path} is not beside lib/: the copy of homelab-gpu is not whole`);
  return text;
}
