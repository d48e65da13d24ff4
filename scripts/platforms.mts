// What a one-file build for one platform leaves out: npm run bundle -- --for PLATFORM.

/** The platforms of hosts. */
export const platforms = ["linux", "windows", "macos"] as const;
type Platform = typeof platforms[number];

/** Templates and scripts that only hosts of these platforms use. */
const texts: Record<string, Platform[]> = {
  "scripts/probe-linux.sh": ["linux"],
  "scripts/probe-windows.ps1": ["windows"],
  "scripts/probe-macos.sh": ["macos"],
  "templates/libvirt.rb": ["linux"],
  "templates/libvirt_devices.rb": ["linux"],
  "templates/qemu.pkr.hcl": ["linux"],
  "templates/parallels.rb": ["macos"],
  "templates/hyperv.rb": ["windows"],
  "templates/hyperv_gpu.rb": ["windows"],
  "templates/hyperv_gpu.ps1": ["windows"],
  "templates/hyperv.pkr.hcl": ["windows"],
  "templates/hyperv_plugins.pkr.hcl": ["windows"],
  "scripts/get-vhdx.ps1": ["windows"],
  "scripts/prepare-build.ps1": ["windows"],
  "scripts/install-hyperv.sh": ["windows"],
  "scripts/copy-driver.ps1": ["windows"],
  "scripts/receive-driver.sh": ["windows"],
  "scripts/install-dxgkrnl.sh": ["windows"],
};

/** Modules that are a list of checks or of error texts which only hosts of these platforms show. */
const lists: Record<string, Platform[]> = {
  "lib/verify/failures/windows.mts": ["windows"],
  "lib/verify/failures/hyperv-gpu.mts": ["windows"],
  "lib/verify/failures/hyperv-errors.mts": ["windows"],
  "lib/verify/failures/hyperv-guest.mts": ["windows"],
  "lib/verify/failures/hyperv-messages.mts": ["windows"],
  "lib/verify/failures/hyperv-commands.mts": ["windows"],
  "lib/verify/failures/packer-hyperv.mts": ["windows"],
  "lib/verify/failures/windows-codes.mts": ["windows"],
  "lib/verify/failures/windows-hosts.mts": ["windows"],
  // a copy for Linux also runs in WSL
  "lib/verify/failures/wsl.mts": ["linux", "windows"],
  "lib/verify/failures/wsl-codes.mts": ["linux", "windows"],
  "lib/verify/failures/wsl-messages.mts": ["linux", "windows"],
  "lib/verify/failures/wsl-settings.mts": ["linux", "windows"],
  "lib/verify/failures/kvm.mts": ["linux"],
  "lib/verify/failures/libvirt.mts": ["linux"],
  "lib/verify/failures/libvirt-network.mts": ["linux"],
  "lib/verify/failures/qemu.mts": ["linux"],
  "lib/verify/failures/qemu-files.mts": ["linux"],
  "lib/verify/failures/vfio.mts": ["linux"],
  "lib/verify/failures/vfio-memory.mts": ["linux"],
  "lib/verify/failures/libvirt-answers.mts": ["linux"],
  "lib/verify/failures/libvirt-definitions.mts": ["linux"],
  "lib/verify/failures/libvirt-errors.mts": ["linux"],
  "lib/verify/failures/proxmox.mts": ["linux"],
  "lib/verify/failures/proxmox-tasks.mts": ["linux"],
  "lib/verify/failures/qemu-devices.mts": ["linux"],
  "lib/verify/failures/qemu-errors.mts": ["linux"],
  "lib/verify/failures/qemu-vfio.mts": ["linux"],
  "lib/verify/failures/qemu-vfio-errors.mts": ["linux"],
  "lib/verify/failures/qemu-kvm-errors.mts": ["linux"],
  "lib/verify/failures/virsh.mts": ["linux"],
};

const of = (table: Record<string, Platform[]>, platform: Platform) =>
  Object.keys(table).filter((path) => !table[path]!.includes(platform));

/** The paths that a build for this platform leaves out. */
export function leftOutOf(platform: Platform): { texts: string[]; lists: string[] } {
  return { texts: of(texts, platform), lists: of(lists, platform) };
}
