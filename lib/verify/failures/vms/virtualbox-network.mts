import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const adapters = commandFix("Show the host-only adapters", "VBoxManage list hostonlyifs");

/** VirtualBox's host-only adapters: why they cannot be created, or are not found. */
export const virtualboxNetworkFailures = (): Failure[] =>
  rows({
    layer: "hypervisor",
    source:
      "VirtualBox (HostNetworkInterfaceImpl.cpp, NetIf-win.cpp); hashicorp/vagrant#6120 (2015-08), #9262 (2017-12), " +
      "#13130 (2023-04), StefanScherer/windows-docker-machine#88 (2022-11)",
  }, [
    [
      "provider.version",
      "cause",
      /Host-only adapters are no longer supported/,
      "VirtualBox 7 on macOS has host-only networks instead of adapters, and the program that asks for one is older",
      "Update Vagrant to 2.4 or later, which creates such networks; in VirtualBox change the VM's adapter to " +
      "host-only network",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /SetupDi\w{4,40} failed \(0x0{1,7}5\)/,
        /Failed to create the host-only adapter[^]{1,60}Operation canceled by the user/,
      ),
      "Windows did not let VirtualBox create its host-only adapter: the terminal is not an administrator's, or its " +
      "question was answered with No",
      "Open the terminal as administrator, run it again, and answer Windows' questions with Yes",
      "Or create the adapter once in VirtualBox's window: File, Tools, Network Manager",
    ],
    [
      "provider.access",
      "cause",
      /Assertion failed: \[!aInterfaceName\.isEmpty\(\)\]/,
      "VirtualBox created a host-only adapter and does not find it: releases 6.1 on Windows 11 have that fault",
      "Install VirtualBox's newest release as administrator, then restart Windows",
      adapters,
    ],
    [
      "provider.access",
      "cause",
      /libslirp failed to create new instance/,
      "VirtualBox could not start the VM's NAT: 7.1.8 to 7.1.10 refuse long names of VMs and long paths to their " +
      "folder",
      "Update VirtualBox to 7.1.12 or later, or give the VM a shorter name (config.vm.define, vb.name) or folder",
    ],
    [
      "provider.access",
      "cause",
      /Failed to open\/create the internal network '(?!HostInterfaceNetworking-)/,
      "VirtualBox cannot start the network that the VM names (NAT network, host-only or internal network): it is not " +
      "there under that name, or its service does not start, as on macOS with VirtualBox 7.2.0",
      commandFix("List the NAT networks", "VBoxManage list natnets"),
      "Create it again, or set the VM's adapter to NAT; update VirtualBox to its newest release",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /host-only adapter we just created is not visible/,
        /VM cannot start because the host interface '|host network interface (?:with the given name|named '[^']{1,80}') could not be found/,
        /VERR_INTNET_FLT_IF_NOT_FOUND|Failed to open\/create the internal network 'HostInterfaceNetworking-/,
      ),
      "the host's network adapter that the VM names (host-only or bridged) is gone, was renamed, or its VirtualBox " +
      "driver is switched off (on Windows often after an update)",
      "Windows: disable and enable that adapter (ncpa.cpl), and see in its properties that VirtualBox's NDIS6 driver " +
      "is ticked",
      adapters,
      "Remove the old ones (VBoxManage hostonlyif remove NAME): Vagrant creates another",
      commandFix("On Linux: load the driver", "modprobe -a vboxnetflt vboxnetadp", { root: true }),
    ],
  ]);
