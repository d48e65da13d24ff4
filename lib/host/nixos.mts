/** How things are done on NixOS, where configuration.nix decides on programs, groups and modules. */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { commandFix, joinGroupFix, manualFix } from "../fixes.mts";

export const isNixos = ({ os }: Host): boolean => os.id === "nixos";

/** The options of NixOS by the names of tools: libvirtd brings the UEFI firmware of QEMU (libvirtd.nix). */
const options: Record<string, string> = {
  libvirt: "virtualisation.libvirtd.enable = true;",
  ovmf: "virtualisation.libvirtd.enable = true;",
  virtiofsd: "virtualisation.libvirtd.qemu.vhostUserPackages = [ pkgs.virtiofsd ];",
};
/** The packages of nixpkgs by the names of the other tools. */
const packages: Record<string, string> = {
  curl: "curl",
  debootstrap: "debootstrap",
  packer: "packer",
  qemu: "qemu",
  ssh: "openssh",
  vagrant: "vagrant",
  xorriso: "xorriso",
};

/**
 * How to get these tools. nixpkgs builds vagrant with the plugin vagrant-libvirt on Linux
 * (pkgs/by-name/va/vagrant, withLibvirt), and counts vagrant and packer as unfree; read 2026-11-27.
 */
export function nixosTools(tools: string[]): Fix[] {
  const names = [
    ...new Set(tools.map((name) => name === "vagrant-libvirt" ? "vagrant" : name)),
  ].flatMap((name) => packages[name] ?? []);
  const lines = [
    ...new Set(tools.flatMap((name) => options[name] ?? [])),
    ...(names.length > 0 ? [`environment.systemPackages = with pkgs; [ ${names.join(" ")} ];`] : []),
    ...(names.some((name) => name === "vagrant" || name === "packer") ? ["nixpkgs.config.allowUnfree = true;"] : []),
  ];
  return [
    manualFix(
      `Write into configuration.nix: ${lines.join(" ")}${
        names.includes("vagrant") ? " (this vagrant has the plugin vagrant-libvirt)" : ""
      }`,
      { root: true },
    ),
    commandFix("Then apply the configuration", "nixos-rebuild switch", { root: true }),
  ];
}

/** Adds this user to the group that may use KVM or libvirt on this host. */
export function joinGroup(group: "kvm" | "libvirt", host: Host): Fix {
  if (!isNixos(host)) return joinGroupFix(group, host.joined);
  const own = group === "libvirt" ? "libvirtd" : group;
  return manualFix(
    `Write users.users.NAME.extraGroups = [ "${own}" ]; into configuration.nix, run nixos-rebuild switch, then ` +
      "log in again",
    { root: true },
  );
}
