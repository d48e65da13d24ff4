/** The templates and scripts that come with this project. The one-file build has them inside. */
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundled } from "./bundled.mts";
import type { Shell } from "../shell.mts";

/** Those that a plan is made from. */
export const names = [
  "templates/Vagrantfile",
  "templates/machine.rb",
  "templates/libvirt.rb",
  "templates/hyperv.rb",
  "templates/hyperv_gpu.rb",
  "templates/hyperv_gpu.ps1",
  "templates/virtualbox.rb",
  "templates/parallels.rb",
  "templates/qemu.pkr.hcl",
  "templates/vagrant.pkr.hcl",
  "templates/plugins.pkr.hcl",
  "scripts/get-image.sh",
  "scripts/make-image.sh",
  "scripts/make-seed.sh",
  "scripts/install-docker.sh",
  "scripts/install-podman.sh",
  "scripts/busybox-image.sh",
  "scripts/install-nvidia.sh",
  "scripts/install-dxgkrnl.sh",
  "scripts/copy-driver.ps1",
  "scripts/receive-driver.sh",
  "scripts/finish-box.sh",
  "scripts/add-box.sh",
  "scripts/remove-vm.sh",
  "scripts/grow-disk.sh",
  "scripts/grow-root.sh",
  "scripts/box-volumes.sh",
  "scripts/apply-services.sh",
  "scripts/apply-stack.sh",
  "scripts/verify-guest.sh",
];

/** Where a file of this project lies. */
function assetPath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The text of a template or script, by its path in this project. */
export async function asset(shell: Shell, path: string): Promise<string> {
  const text = bundled[path] ?? await shell.read(assetPath(path));
  if (text === undefined) throw new Error(`${path} is not beside lib/: the copy of homelab-gpu is not whole`);
  // git on Windows may have given its lines Windows' ends, which no shell in a guest takes
  return text.replaceAll("\r\n", "\n");
}

/**
 * The editors' schema for a config: its path as the config has to name it, and, where there is no file of it but in the one-file build,
 * the text that has to be written there.
 */
export async function schemaFor(config: string): Promise<{ path: string; text?: string }> {
  if (Object.keys(bundled).length > 0) {
    const { schemaText } = await import("../config/schema.mts");
    return { path: "./.homelab-gpu/homelab-gpu.schema.json", text: schemaText() };
  }
  const path = relative(dirname(resolve(config)), assetPath("templates/homelab-gpu.schema.json"));
  return { path: path.startsWith(".") ? path : `./${path}` };
}
