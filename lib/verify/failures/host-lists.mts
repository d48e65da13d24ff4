/** The lists about hosts, VM programs and guests that belong together in the order of the catalogue. */
import { guestSetupFailures } from "./guest-setup.mts";
import { dkmsFailures } from "./dkms.mts";
import { serviceFailures } from "./engine-errors.mts";
import { fileSystemFailures } from "./file-systems.mts";
import { generalFailures } from "./general.mts";
import { grubToolFailures } from "./grub-tools.mts";
import { hostFirewallFailures } from "./host-firewalls.mts";
import { hostDeviceFailures } from "./host-devices.mts";
import { hostMessageFailures } from "./host-messages.mts";
import { hostOptionFailures } from "./host-options.mts";
import { driverPartFailures, kernelPartFailures } from "./kernel-parts.mts";
import { initramfsToolFailures } from "./initramfs-tools.mts";
import { kubevirtFailures } from "./kubevirt.mts";
import { limaFailures } from "./lima.mts";
import { listingFailures } from "./listings.mts";
import { lookingGlassFailures } from "./looking-glass.mts";
import { microVmFailures } from "./micro-vms.mts";
import { moduleLoadFailures } from "./module-loads.mts";
import { nasSystemFailures } from "./nas-systems.mts";
import { nixFailures } from "./nix.mts";
import { nvidiaInstallerFailures } from "./nvidia-installer.mts";
import { otherHypervisorFailures } from "./other-hypervisors.mts";
import { packerCauseFailures, packerPartFailures } from "./packer-parts.mts";
import { podmanErrorFailures } from "./podman-errors.mts";
import { podmanMachineFailures } from "./podman-machine.mts";
import { pythonTraceFailures } from "./python-traces.mts";
import { serviceToolFailures } from "./service-tools.mts";
import { sshFileFailures } from "./ssh.mts";
import { startScriptFailures } from "./start-scripts.mts";
import type { List } from "./types.mts";
import { vagrantCommandFailures } from "./vagrant-commands.mts";
import { virglFailures } from "./virgl.mts";
import { virtInstallFailures } from "./virt-install.mts";
import { virtualFunctionFailures } from "./virtual-functions.mts";
import { vmDetailFailures } from "./vm-details.mts";
import { vmPartFailures, vmStateFailures } from "./vm-parts.mts";
import { vmToolFailures } from "./vm-tools.mts";
import { vmwareFailures } from "./vmware.mts";
import { wslSettingFailures } from "./wsl-settings.mts";
import { xenFailures } from "./xen.mts";

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
