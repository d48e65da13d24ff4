/** The lists about hosts, VM programs and guests that belong together in the order of the catalogue. */
import type { Failure } from "./types.mts";
import { driverPartFailures, kernelPartFailures } from "./kernel-parts.mts";
import { guestSetupFailures } from "./guest-setup.mts";
import { hostFirewallFailures } from "./host-firewalls.mts";
import { listingFailures } from "./listings.mts";
import { nasSystemFailures } from "./nas-systems.mts";
import { pythonTraceFailures } from "./python-traces.mts";
import { startScriptFailures } from "./start-scripts.mts";
import { limaFailures } from "./lima.mts";
import { podmanMachineFailures } from "./podman-machine.mts";
import { virglFailures } from "./virgl.mts";
import { virtualFunctionFailures } from "./virtual-functions.mts";
import { microVmFailures } from "./micro-vms.mts";
import { otherHypervisorFailures } from "./other-hypervisors.mts";
import { serviceToolFailures } from "./service-tools.mts";
import { vmwareFailures } from "./vmware.mts";
import { vmToolFailures } from "./vm-tools.mts";
import { vmPartFailures, vmStateFailures } from "./vm-parts.mts";
import { sshFileFailures } from "./ssh.mts";
import { xenFailures } from "./xen.mts";

/** Specific entries. */
export const hostFailures = (): Failure[] => [
  ...sshFileFailures(),
  ...microVmFailures(),
  ...limaFailures(),
  ...podmanMachineFailures(),
  ...virglFailures(),
  ...virtualFunctionFailures(),
  ...xenFailures(),
  ...guestSetupFailures(),
  ...kernelPartFailures(),
  ...driverPartFailures(),
  ...vmToolFailures(),
  ...vmwareFailures(),
  ...otherHypervisorFailures(),
  ...vmStateFailures(),
  ...serviceToolFailures(),
  ...hostFirewallFailures(),
  ...listingFailures(),
  ...nasSystemFailures(),
  ...pythonTraceFailures(),
  ...startScriptFailures(),
];

/** Entries that say what an error is about, for those that no specific entry knows. */
export const hostFallbackFailures = (): Failure[] => [
  ...vmPartFailures(),
];
