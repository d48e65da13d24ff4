/** How things are done on Guix System, where one operating-system declaration decides on all of them. */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { commandFix, manualFix } from "../fixes.mts";

export const isGuix = ({ os }: Host): boolean => os.id === "guix";

/** The declaration's usual path, and the command that applies it. */
export const reconfigure = "guix system reconfigure /etc/config.scm";

/**
 * Packages by the names of tools (gnu/packages/virtualization.scm has vagrant and vagrant-libvirt;
 * read 2026-11-27).
 */
const packages: Record<string, string> = {
  curl: "curl",
  qemu: "qemu",
  ssh: "openssh",
  vagrant: "vagrant",
  "vagrant-libvirt": "vagrant-libvirt",
  xorriso: "xorriso",
};

/** A service that has a file of the package ovmf-x86-64 where libvirt looks for it (gnu/packages/firmware.scm). */
const firmwareFile = (name: string) =>
  `(extra-special-file "/usr/share/OVMF/OVMF_${name}.fd" (file-append ovmf-x86-64 ` +
  `"/share/firmware/ovmf_${name.toLowerCase()}_x64.bin"))`;

/**
 * How to get these tools. libvirtd is a service (Guix manual, Virtualization Services). Packer is not in Guix; its
 * release is one static program.
 */
export function guixTools(tools: string[]): Fix[] {
  const names = tools.flatMap((name) => packages[name] ?? []);
  const parts = [
    ...(tools.includes("libvirt")
      ? ["(service libvirt-service-type) and (service virtlog-service-type) to services"]
      : []),
    ...(tools.includes("ovmf") ? [`${["CODE", "VARS"].map(firmwareFile).join(" and ")} to services`] : []),
    ...(names.length > 0
      ? [`(map specification->package '(${names.map((name) => `"${name}"`).join(" ")})) to packages`]
      : []),
  ];
  return [
    ...(parts.length > 0
      ? [
        manualFix(`Add ${parts.join(", ")} of the operating-system in /etc/config.scm`, { root: true }),
        commandFix("Then apply the configuration", reconfigure, { root: true }),
      ]
      : []),
    ...(tools.includes("packer")
      ? [manualFix("Install packer from HashiCorp's downloads: https://developer.hashicorp.com/packer/install")]
      : []),
  ];
}

/**
 * Lines of the declaration that bind functions to vfio-pci at boot. Guix's initrd passes no options to the modules
 * that it loads (gnu/build/linux-modules.scm), so udev's kmod loads vfio-pci with this file before the card's driver
 * (Guix manual, kernel-module-loader-service-type, has such a file). `needed`: kernel arguments.
 */
export function guixBinding(lines: string[], needed: string[]): string[] {
  const text = lines.map((line) => `${line}\\n`).join("");
  return [
    "In the operating-system of /etc/config.scm, with (gnu services linux):",
    ...(needed.length > 0
      ? [
        `  (kernel-arguments (cons* ${
          needed.map((word) => `"${word}"`).join(" ")
        } %default-kernel-arguments)) ; and your own`,
      ]
      : []),
    "  add to services:",
    "  (simple-service 'vfio-modules kernel-module-loader-service-type '(\"vfio-pci\"))",
    "  (simple-service 'vfio-options etc-service-type",
    '    (list `("modprobe.d/homelab-gpu.conf"',
    `            ,(plain-file "homelab-gpu.conf" "${text}"))))`,
  ];
}
