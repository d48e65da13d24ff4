/** The lists about hosts, VM programs and guests that belong together in the order of the catalogue. */
import { guestSetupFailures } from "./vms/guest-setup.mts";
import { dkmsFailures } from "./nvidia/dkms.mts";
import { serviceFailures } from "./containers/engine-errors.mts";
import { fileSystemFailures } from "./host/file-systems.mts";
import { generalFailures } from "./general.mts";
import { grubToolFailures } from "./host/grub-tools.mts";
import { hostFirewallFailures } from "./host/host-firewalls.mts";
import { hostDeviceFailures } from "./kernel/host-devices.mts";
import { hostMessageFailures } from "./host/host-messages.mts";
import { hostOptionFailures } from "./vms/host-options.mts";
import { driverPartFailures } from "./kernel/driver-parts.mts";
import { kernelPartFailures } from "./kernel/kernel-parts.mts";
import { initramfsToolFailures } from "./host/initramfs-tools.mts";
import { kubevirtFailures } from "./vms/kubevirt.mts";
import { limaFailures } from "./vms/lima.mts";
import { listingFailures } from "./nvidia/listings.mts";
import { lookingGlassFailures } from "./vms/looking-glass.mts";
import { microVmFailures } from "./vms/micro-vms.mts";
import { moduleLoadFailures } from "./nvidia/module-loads.mts";
import { nasSystemFailures } from "./host/nas-systems.mts";
import { nixFailures } from "./host/nix.mts";
import { nvidiaInstallerFailures } from "./nvidia/nvidia-installer.mts";
import { otherHypervisorFailures } from "./vms/other-hypervisors.mts";
import { packerCauseFailures, packerPartFailures } from "./tools/packer-parts.mts";
import { podmanErrorFailures } from "./containers/podman-errors.mts";
import { podmanMachineFailures } from "./containers/podman-machine.mts";
import { pythonTraceFailures } from "./compute/python-traces.mts";
import { serviceToolFailures } from "./services/service-tools.mts";
import { sshFileFailures } from "./tools/ssh.mts";
import { startScriptFailures } from "./services/start-scripts.mts";
import type { List } from "./types.mts";
import { vagrantCommandFailures } from "./tools/vagrant-commands.mts";
import { virglFailures } from "./vms/virgl.mts";
import { libguestfsFailures } from "./vms/libguestfs.mts";
import { virtInstallFailures } from "./vms/virt-install.mts";
import { virtualFunctionFailures } from "./kernel/virtual-functions.mts";
import { vmDetailFailures } from "./vms/vm-details.mts";
import { vmPartFailures, vmStateFailures } from "./vms/vm-parts.mts";
import { vmToolFailures } from "./vms/vm-tools.mts";
import { vmwareFailures } from "./vms/vmware.mts";
import { wslSettingFailures } from "./windows/wsl-settings.mts";
import { xenFailures } from "./vms/xen.mts";

/** The entries that come before those of whole programs. */
export const hostCauseFailures: List[] = [
  lookingGlassFailures,
  vmDetailFailures,
  hostOptionFailures,
  kubevirtFailures,
  packerCauseFailures,
];

/** Errors of programs that create VMs, by the step or the option that failed. */
export const programStepFailures: List[] = [
  libguestfsFailures,
  virtInstallFailures,
  packerPartFailures,
];

/** Specific entries. */
export const hostFailures: List[] = [
  sshFileFailures,
  microVmFailures,
  limaFailures,
  podmanMachineFailures,
  virglFailures,
  virtualFunctionFailures,
  xenFailures,
  guestSetupFailures,
  kernelPartFailures,
  driverPartFailures,
  vmToolFailures,
  vmwareFailures,
  otherHypervisorFailures,
  vmStateFailures,
  serviceToolFailures,
  hostFirewallFailures,
  listingFailures,
  nasSystemFailures,
  pythonTraceFailures,
  startScriptFailures,
];

/** Entries that say what an error is about, for those that no specific entry knows. */
export const hostFallbackFailures: List[] = [
  vmPartFailures,
];

/** The last entries: what any program says, and messages of a host's programs that no entry before them knows. */
export const lastFailures: List[] = [
  podmanErrorFailures,
  serviceFailures,
  generalFailures,
  fileSystemFailures,
  moduleLoadFailures,
  nvidiaInstallerFailures,
  dkmsFailures,
  initramfsToolFailures,
  grubToolFailures,
  hostDeviceFailures,
  nixFailures,
  hostMessageFailures,
  wslSettingFailures,
  vagrantCommandFailures,
];
