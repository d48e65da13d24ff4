/** Fixes that several entries of the catalogue share, and fixes that depend on the host. */
import type { Fix } from "../../findings.mts";
import type { Setting } from "./types.mts";
import { commandFix, guestFix, manualFix, remedies } from "../../fixes.mts";
import { initramfsOf, rebuildInitramfs } from "../../host/initramfs.mts";
import { addArgument } from "../../host/kernel-arguments.mts";
import { installerOf } from "../../host/installers.mts";
import { anyOf } from "../../text.mts";

/** Matches lines about NVIDIA's software, for entries whose text other programs use too. */
export const nvidiaWords =
  /nvidia|NVRM|cuda|nvml|libnvidia|\bcuInit|nvbuf|deepstream|\bNV_(?:EXCLUDE|VERBOSE|ERR)|\bgpus?\b/i;
/** Words of AMD's drivers and of ROCm. */
export const amdWords = /amdgpu|radeon|\bkfd\b|rocm|\bhip|\[drm|\bamd\b/i;
/** Words of Docker, Compose and Podman. */
export const dockerWords = anyOf(
  /(?<!\/lib\/)docker|podman|(?<!\/lib\/)containerd|compose(?!r)|buildx|from daemon|start(?:ing)? daemon: |daemon\.json/i,
  /OCI runtime|\bcrun\b|\brunc\b|moby|netavark|failed to solve|container process|external connectivity|not a shared mount|: (?:Pull|Download) complete|Pulling fs layer|register layer|Creating network "|invalid pool request/i,
  /dependency failed to start|to rootfs at|(?:WARN|ERRO|FATA)\[\d{4}\]|did not complete successfully|Defaulting to a blank string|\S-\d{1,3} exited with code \d|^[\w.-]{2,60} exited with code \d|Container \S{1,60} {1,40}(?:Error|Starting|Started|Created|Healthy)/i,
);
/** Words of libvirt, QEMU and the programs that manage them. */
export const vmWords = anyOf(
  /libvirt|virsh|qemu|kvm|vagrant|packer|virt-manager|domain|virtual network|Failed to start network|define storage pool/i,
  /virbr|proxmox|\bpve\w{2,12}|error: internal error: |unsupported configuration: |TASK (?:ERROR|WARNINGS)/i,
);
/** Words of Vagrant's log. */
export const vagrantWords = /vagrant|==> |box|libvirt|downloading the remote file/i;
/** Words of libvirt, QEMU and VFIO. */
export const vfioWords = new RegExp(`${vmWords.source}|vfio`, "i");
/** Words of programs that this project runs and that download something. */
export const fetchWords = anyOf(
  /\bapt\b|apt-get|packer|vagrant|docker|debootstrap|get-image|nvidia|curl: |InRelease|\bE: |Err:\d/i,
  /homelab-gpu|ping: |did not complete successfully|downloading the remote file/i,
);

/** Cuts the power of a card whose state survives a reboot. */
export const { powerCycle } = remedies;

/** Packages by package manager. */
type Packages = Partial<Record<"apt" | "dnf" | "pacman" | "zypper", string>>;

/**
 * Installs packages: with this host's package manager if it is known, otherwise the names for each
 * one are listed.
 */
export function install(title: string, packages: Packages) {
  return ({ host }: Setting): Fix => {
    const lines = {
      apt: `apt-get update && apt-get install -y ${packages.apt}`,
      dnf: `dnf install -y ${packages.dnf}`,
      pacman: `pacman -S --needed ${packages.pacman}`,
      zypper: `zypper install ${packages.zypper}`,
    };
    const managers = ["apt", "dnf", "pacman", "zypper"] as const;
    const installer = host && installerOf(host);
    const here = managers.find((name) => name === installer?.family && packages[name]);
    // an image-based system has its own program for that
    if (here && installer?.reboot) {
      return commandFix(title, installer.install(packages[here]!.split(" ")), { root: true, reboot: true });
    }
    if (here) return commandFix(title, lines[here], { root: true });
    const all = managers.flatMap((name) => packages[name] ? [`${name}: ${packages[name]}`] : []);
    return manualFix(`${title} (${all.join("; ")})`, { root: true });
  };
}

/** Adds a kernel argument, with this host's boot loader if it is known. */
export function kernelArgument(argument: string) {
  return ({ host }: Setting): Fix =>
    host
      ? addArgument(host, argument)
      : manualFix(`Add the kernel argument ${argument} in your boot loader's configuration`, {
        root: true,
        reboot: true,
      });
}

/** Rebuilds the initramfs, with this host's tool if it is known. */
export const initramfs = ({ host }: Setting): Fix => rebuildInitramfs(host && initramfsOf(host));

/** Combines fixes, some of which depend on the machine that wrote the log. */
export const each = (...fixes: (Fix | ((setting: Setting) => Fix))[]) => (setting: Setting): Fix[] =>
  fixes.map((fix) => typeof fix === "function" ? fix(setting) : fix);

/** Shows the driver's kernel messages. */
export const driverLog = guestFix("Read what the driver says", "dmesg --level err,warn");

/** Shows the errors of the host's kernel. */
export const hostErrors = commandFix("Read what the host's kernel says", "dmesg --level err,warn | tail -n 40", {
  root: true,
});
/** Shows the newest CUDA release that a VM's driver supports. */
export const newestCuda = guestFix("Show the newest CUDA that the VM's driver knows", "nvidia-smi");
/** Shows whether the driver works. */
export const driverWorks = guestFix("Check that the driver works", "nvidia-smi");
/** Shows whether the driver works without containers. */
export const driverWorksOutside = guestFix("Check that the driver works outside of containers", "nvidia-smi");
/** Shows the installed packages of NVIDIA's toolkit. */
export const toolkitPackages = guestFix(
  "Install the toolkit's packages again, in one version",
  "apt-get install --reinstall -y nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools " +
    "libnvidia-container1",
);
/** For an image that is newer than the driver. */
export const newerDriver = "Use a newer driver branch (driver:), or an older image";
/** For a program that encodes, decodes or draws with the GPU. */
export const capabilities = "Set NVIDIA_DRIVER_CAPABILITIES=compute,utility,video,graphics (or all) for that service";
/** For a container engine in an LXC container. */
export const lxc =
  "In an LXC container: bind the driver's files and devices in, allow nesting, and use CDI; or use a VM";
/** For an error in the definition of a VM. */
export const editDefinition = "Correct the VM's definition (virsh edit NAME)";
/** For an option that QEMU refuses. */
export const qemuOptions =
  "Compare with QEMU's own list: qemu-system-x86_64 -device help (-machine help, -display help)";
/** Where libvirt's own messages were read. */
export const libvirtSource = "libvirt 9.0 (its own messages, 2023-01), read 2026-11";
/** Where QEMU's own messages were read. */
export const qemuSource = "QEMU 7.2 (its own messages, 2022-12), read 2026-11";

/** Follows a change of `driver:`. */
export const rebuildBox = "and rebuild the box";
/** Shows which modules DKMS built. */
export const dkmsStatus = guestFix("Find out for which kernels the driver was built", "dkms status");

/** Registers NVIDIA's runtime with Docker. */
export const registerRuntime: Fix[] = [
  guestFix("Register NVIDIA's runtime with Docker", "nvidia-ctk runtime configure --runtime=docker"),
  guestFix("Restart Docker, which reads its runtimes only at its start", "systemctl restart docker"),
];

/** Writes the CDI specification. */
export const writeCdi: Fix[] = [
  driverWorks,
  guestFix(
    "Write the CDI specification, and read any error it prints",
    "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
  ),
  guestFix("List the devices that it names", "nvidia-ctk cdi list"),
];
