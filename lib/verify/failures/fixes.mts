/** Fixes that several entries of the catalogue offer, and those that depend on the host. */
import type { Fix } from "../../findings.mts";
import type { Setting } from "./types.mts";
import { commandFix, guestFix, manualFix } from "../../fixes.mts";
import { initramfsOf, rebuildInitramfs } from "../../host/initramfs.mts";
import { addArgument, program } from "../../host/kernel-arguments.mts";

/** Whether a line is about NVIDIA's software, for entries whose words others use too. */
export const nvidiaWords = /nvidia|NVRM|cuda|nvml|libnvidia|\bgpus?\b/i;
/** Words of Docker, Compose and Podman. */
export const dockerWords = /docker|podman|containerd|compose|buildx|daemon|OCI runtime|moby|netavark/i;
/** Words of libvirt, QEMU and what drives them. */
export const vmWords = /libvirt|virsh|qemu|kvm|vagrant|packer|virt-manager|domain|virbr|proxmox/i;
/** Words of programs that this project runs and that fetch something. */
export const fetchWords =
  /\bapt\b|apt-get|packer|vagrant|docker|debootstrap|get-image|nvidia|curl: |InRelease|\bE: |Err:\d|homelab-gpu|ping: /i;

/** Takes the power off a card that a reboot leaves in its state. */
export const powerCycle: Fix = manualFix(
  "Shut the VMs down, power the host off, wait ten seconds, and power it on: a reboot leaves the card powered",
  { root: true, reboot: true },
);

/** Packages by package manager. */
type Packages = Partial<Record<"apt" | "dnf" | "pacman" | "zypper", string>>;

/** Installs packages: by this host's package manager where it is known, by each one's names otherwise. */
export function install(say: string, packages: Packages) {
  return ({ host }: Setting): Fix => {
    const lines = {
      apt: `apt-get update && apt-get install -y ${packages.apt}`,
      dnf: `dnf install -y ${packages.dnf}`,
      pacman: `pacman -S --needed ${packages.pacman}`,
      zypper: `zypper install ${packages.zypper}`,
    };
    const programs = { apt: "apt-get", dnf: "dnf", pacman: "pacman", zypper: "zypper" };
    const managers = ["apt", "dnf", "pacman", "zypper"] as const;
    const here = host && managers.find((name) => packages[name] && program(host, programs[name]));
    if (here) return commandFix(say, lines[here], { root: true });
    const all = managers.flatMap((name) => packages[name] ? [`${name}: ${packages[name]}`] : []);
    return manualFix(`${say} (${all.join("; ")})`, { root: true });
  };
}

/** Adds a kernel argument: by this host's boot loader where it is known. */
export function kernelArgument(argument: string) {
  return ({ host }: Setting): Fix =>
    host
      ? addArgument(host, argument)
      : manualFix(`Add the kernel argument ${argument} in your boot loader's configuration`, {
        root: true,
        reboot: true,
      });
}

/** Rebuilds the initramfs: by this host's tool where it is known. */
export const initramfs = ({ host }: Setting): Fix => rebuildInitramfs(host && initramfsOf(host));

/** Fixes of which some depend on the place where the log was written. */
export const each = (...fixes: (Fix | ((setting: Setting) => Fix))[]) => (setting: Setting): Fix[] =>
  fixes.map((fix) => typeof fix === "function" ? fix(setting) : fix);

/** Shows what the driver's kernel log says. */
export const driverLog = guestFix("Read what the driver says", "dmesg --level err,warn");

/** What follows a change of `driver:`. */
export const rebuildBox = "and rebuild the box";
/** Shows what DKMS built. */
export const dkmsStatus = guestFix("See for which kernels the driver was built", "dkms status");

/** Registers NVIDIA's runtime with Docker. */
export const registerRuntime: Fix[] = [
  guestFix("Register NVIDIA's runtime with Docker", "nvidia-ctk runtime configure --runtime=docker"),
  guestFix("Restart Docker, which reads its runtimes only at its start", "systemctl restart docker"),
];

/** Writes the CDI specification. */
export const writeCdi: Fix[] = [
  guestFix("See that the driver works", "nvidia-smi"),
  guestFix(
    "Write the CDI specification, and read any error it prints",
    "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
  ),
  guestFix("List the devices that it names", "nvidia-ctk cdi list"),
];
