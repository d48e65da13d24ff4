/**
 * The names that a config may use, and the defaults that the help shows. They are separate so that
 * reading a config does not load the tables of facts. `resolve/` has an entry for each of them;
 * test/project.test.mts compares the two.
 */

/** Providers that homelab-gpu creates VMs with, by Vagrant's names. */
export const providerNames: string[] = ["libvirt", "hyperv", "parallels", "virtualbox"];

/** Vagrant's other providers. They are recognised, and a check refuses them with the reason. */
export const foreignProviderNames: string[] = [
  ...["vmware_desktop", "vmware_fusion", "vmware_workstation", "qemu", "utm", "docker"],
];

/** Images that a box can be built from, by name. */
export const imageNames: string[] = ["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04"];

/** Debian and Ubuntu suites that an image can be built from with package sources. */
export const suiteNames: string[] = ["bookworm", "trixie", "jammy", "noble", "resolute"];

/** Size of the disk of a box that is built here, MiB. */
export const boxDiskSize = 65536;

/**
 * Default memory of a VM, MiB: the host's memory divided by `share`, between `least` and `most`.
 */
export const memoryDefault = { share: 4, least: 1024, most: 8192, unknown: 2048 } as const;

/** Default CPUs of a VM: the host's count, at most `most`. */
export const cpusDefault = { most: 4, unknown: 2 } as const;
