/** The templates and scripts of this project. The one-file build contains them. */
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { builtFor, bundled } from "./bundled.mts";
import { UserError } from "../errors.mts";
import { hereOf, type Shell } from "../shell.mts";

/** The names of the files that a plan is made from. */
export const names = [
  "templates/Vagrantfile",
  "templates/machine.rb",
  "templates/libvirt.rb",
  "templates/libvirt_devices.rb",
  "templates/hyperv.rb",
  "templates/hyperv_gpu.rb",
  "templates/hyperv_gpu.ps1",
  "templates/virtualbox.rb",
  "templates/parallels.rb",
  "templates/qemu.pkr.hcl",
  "templates/vagrant.pkr.hcl",
  "templates/hyperv.pkr.hcl",
  "templates/plugins.pkr.hcl",
  "templates/hyperv_plugins.pkr.hcl",
  "scripts/get-image.sh",
  "scripts/make-image.sh",
  "scripts/make-seed.sh",
  "scripts/install-docker.sh",
  "scripts/install-podman.sh",
  "scripts/busybox-image.sh",
  "scripts/install-nvidia.sh",
  "scripts/install-graphics.sh",
  "scripts/install-dxgkrnl.sh",
  "scripts/install-hyperv.sh",
  "scripts/get-vhdx.ps1",
  "scripts/prepare-build.ps1",
  "scripts/copy-driver.ps1",
  "scripts/receive-driver.sh",
  "scripts/finish-box.sh",
  "scripts/add-box.sh",
  "scripts/remove-vm.sh",
  "scripts/remove-box.sh",
  "scripts/wait-vm.sh",
  "scripts/grow-disk.sh",
  "scripts/grow-root.sh",
  "scripts/attach-data.sh",
  "scripts/mount-data.sh",
  "scripts/data-originals.sh",
  "scripts/remove-data.sh",
  "scripts/mount-folders.sh",
  "scripts/set-lan.sh",
  "scripts/box-volumes.sh",
  "scripts/apply-services.sh",
  "scripts/apply-stack.sh",
  "scripts/verify-guest.sh",
  "scripts/swarm-node.sh",
  "scripts/join-swarm.sh",
  "scripts/deploy-stack.sh",
];

/** The error of a copy that was built for another platform. */
function leftOut(platform: string, what: string): UserError {
  return new UserError(
    `this copy is built for ${platform} and has no ${what}\n  to build a complete one in the checkout: npm run bundle`,
  );
}

/** Throws {@link UserError} if this copy was not built for a host's platform (linux, windows, macos). */
export function requirePlatform(platform: string): void {
  const { platform: own = platform } = builtFor ?? {};
  if (own !== platform) throw leftOut(own, `files for ${platform}`);
}

/**
 * All texts in {@link names}, read by a function. A text that this copy lacks throws {@link
 * UserError} when it is used.
 */
export async function allTexts(read: (name: string) => Promise<string>): Promise<Record<string, string>> {
  const { platform = "", without = [] } = builtFor ?? {};
  const here = names.filter((name) => !without.includes(name));
  const texts = Object.fromEntries(await Promise.all(here.map(async (name) => [name, await read(name)] as const)));
  for (const name of without) {
    Object.defineProperty(texts, name, {
      get() {
        throw leftOut(platform, name);
      },
    });
  }
  return texts;
}

/** The path or URL of a file of this project. */
function assetPath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The text of a template or script, by its path in this project. */
export async function asset(shell: Shell, path: string): Promise<string> {
  const text = bundled[path] ?? await hereOf(shell).read(assetPath(path));
  if (text === undefined) throw new Error(`${path} is not next to lib/: this copy of homelab-gpu is incomplete`);
  // git on Windows may have written CRLF line ends, which shells in the guest do not accept
  return text.replaceAll("\r\n", "\n");
}

/**
 * The editors' schema of a config: the path that the config must name, and the text to write there
 * for the one-file build, which has no such file.
 */
export async function schemaFor(config: string): Promise<{ path: string; text?: string }> {
  if (Object.keys(bundled).length > 0) {
    const { schemaText } = await import("../config/schema.mts");
    return { path: "./.homelab-gpu/homelab-gpu.schema.json", text: schemaText() };
  }
  const path = relative(dirname(resolve(config)), assetPath("templates/homelab-gpu.schema.json"));
  return { path: path.startsWith(".") ? path : `./${path}` };
}
