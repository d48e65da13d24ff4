/**
 * The words that a config may use and the defaults that its help names, so that reading a config loads no table of facts. `resolve/` has a
 * value for each of them; test/project.test.mts compares the two.
 */

/** Providers that homelab-gpu makes VMs with, by Vagrant's names. */
export const providerNames: string[] = ["libvirt", "hyperv", "parallels", "virtualbox"];

/** Vagrant's other providers: known, and refused later with the reason. */
export const foreignProviderNames: string[] = [
  ...["vmware_desktop", "vmware_fusion", "vmware_workstation", "qemu", "utm", "docker"],
];

/** Images that a box can be built from by name. */
export const imageNames: string[] = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04"];

/** Suites that an image can be built of from package sources. */
export const suiteNames: string[] = ["bookworm", "trixie", "jammy", "noble", "resolute"];

/** Memory of a VM whose config names none, MiB: a share of the host's, within bounds. */
export const memoryDefault = { share: 4, least: 1024, most: 8192, unknown: 2048 } as const;

/** CPUs of a VM whose config names none: the host's, at most so many. */
export const cpusDefault = { most: 4, unknown: 2 } as const;
