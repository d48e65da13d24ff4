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
  "lib/verify/failures/windows/windows.mts": ["windows"],
  "lib/verify/failures/windows/hyperv-gpu.mts": ["windows"],
  "lib/verify/failures/windows/hyperv-errors.mts": ["windows"],
  "lib/verify/failures/windows/hyperv-guest.mts": ["windows"],
  "lib/verify/failures/windows/hyperv-messages.mts": ["windows"],
  "lib/verify/failures/windows/hyperv-events.mts": ["windows"],
  "lib/verify/failures/windows/hyperv-commands.mts": ["windows"],
  "lib/verify/failures/tools/packer-hyperv.mts": ["windows"],
  "lib/verify/failures/windows/windows-codes.mts": ["windows"],
  "lib/verify/failures/windows/windows-hosts.mts": ["windows"],
  // a copy for Linux also runs in WSL
  "lib/verify/failures/windows/wsl.mts": ["linux", "windows"],
  "lib/verify/failures/windows/wsl-codes.mts": ["linux", "windows"],
  "lib/verify/failures/windows/wsl-messages.mts": ["linux", "windows"],
  "lib/verify/failures/windows/wsl-settings.mts": ["linux", "windows"],
  "lib/verify/failures/kernel/kvm.mts": ["linux"],
  "lib/verify/failures/vms/libvirt.mts": ["linux"],
  "lib/verify/failures/vms/libvirt-network.mts": ["linux"],
  "lib/verify/failures/vms/qemu.mts": ["linux"],
  "lib/verify/failures/vms/qemu-files.mts": ["linux"],
  "lib/verify/failures/kernel/vfio.mts": ["linux"],
  "lib/verify/failures/kernel/vfio-memory.mts": ["linux"],
  "lib/verify/failures/vms/libvirt-answers.mts": ["linux"],
  "lib/verify/failures/vms/libvirt-definitions.mts": ["linux"],
  "lib/verify/failures/vms/libvirt-errors.mts": ["linux"],
  "lib/verify/failures/vms/proxmox.mts": ["linux"],
  "lib/verify/failures/vms/proxmox-tasks.mts": ["linux"],
  "lib/verify/failures/vms/qemu-devices.mts": ["linux"],
  "lib/verify/failures/vms/qemu-errors.mts": ["linux"],
  "lib/verify/failures/vms/qemu-vfio.mts": ["linux"],
  "lib/verify/failures/vms/qemu-vfio-errors.mts": ["linux"],
  "lib/verify/failures/vms/qemu-kvm-errors.mts": ["linux"],
  "lib/verify/failures/vms/virsh.mts": ["linux"],
};

const of = (table: Record<string, Platform[]>, platform: Platform) =>
  Object.keys(table).filter((path) => !table[path]!.includes(platform));

/** The paths that a build for this platform leaves out. */
export function leftOutOf(platform: Platform): { texts: string[]; lists: string[] } {
  return { texts: of(texts, platform), lists: of(lists, platform) };
}
