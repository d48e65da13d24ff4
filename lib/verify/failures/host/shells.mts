import { commandFix, doctorFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

/** Programs that this project calls, or that its texts and its users' commands name. */
const programs =
  "packer|vagrant|virsh|virt-install|virt-xml|virt-host-validate|qemu-img|qemu-system-\\w{3,8}|qemu-kvm|" +
  "kvm-ok|VBoxManage|prlctl|docker|docker-compose|podman|git|rsync|ssh|xorriso|modprobe|(?<!\\bsh: 1: )lspci|setpci|" +
  "dmidecode|driverctl|mdevctl|swtpm|nvidia-ctk|deno|tsx";
/** Commands of a Linux shell that cmd and PowerShell do not have. */
const ofLinux = "sudo|export|apt|apt-get|chmod|chown|touch|grep|source|uname|lsmod|dmesg|virsh|virt-install|virt-xml|" +
  "virt-host-validate|kvm-ok|modprobe|lspci|setpci|dmidecode|driverctl|mdevctl|swtpm|nvidia-ctk";

/** What shells say about a command that they do not find or cannot read. */
export const shellFailures = (): Failure[] =>
  rows({
    layer: "packages",
    source: "cmd, PowerShell 5.1, bash 5, dash, zsh 5, fish 4; microvm-nix/microvm.nix#63 (2022-11), read 2026-11",
  }, [
    [
      "tools.present",
      "cause",
      new RegExp(`'(?:${ofLinux})' is not recognized as (?:the name of|a name of|an internal or external)`),
      "a command for a Linux shell was typed in Windows' PowerShell or cmd",
      "Run it in the VM or in WSL; for homelab-gpu itself use the commands for PowerShell in the README",
      "Instead of sudo: open PowerShell as administrator",
    ],
    [
      "tools.present",
      "cause",
      /\b(?:update-initramfs|update-grub2?|dracut|mkinitcpio|grub-mkconfig|grub2-mkconfig|proxmox-boot-tool|kernelstub|grubby): (?:command )?not found/,
      "the command is another distribution's: each has its own for the initramfs and the boot loader",
      "Initramfs: update-initramfs -u -k all (Debian, Ubuntu, Proxmox), dracut -f --regenerate-all (Fedora, " +
      "openSUSE), mkinitcpio -P (Arch)",
      "GRUB: update-grub (Debian, Ubuntu), grub2-mkconfig -o /boot/grub2/grub.cfg (Fedora, openSUSE), grub-mkconfig " +
      "-o /boot/grub/grub.cfg (Arch); Proxmox with systemd-boot: proxmox-boot-tool refresh",
      "Debian: such commands are in /usr/sbin, which su without a dash leaves out: use su - or sudo",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        new RegExp(`\\bcommand not found: (?:${programs})(?![\\w-])`),
        new RegExp(
          `(?<![\\w./-]|\\/bin\\/sh: \\d{1,3}: )(?!docker|podman|nvidia-)(?:${programs}): (?:command )?not found`,
        ),
        new RegExp(`Command '(?:${programs})' not found`),
        new RegExp(`Unknown command:? '?(?:${programs})(?![\\w-])`),
      ),
      "a program that is needed here is not installed, or not where this user, service or hook script looks for it",
      "Install it (apt: kmod pciutils libvirt-clients virtinst qemu-utils qemu-system-x86 cpu-checker; dnf: " +
      "kmod pciutils libvirt-client virt-install qemu-img qemu-kvm; pacman: kmod pciutils libvirt " +
      "virt-install qemu-base)",
      "After an installation open a new terminal, which reads the new PATH",
      "In a service or hook script: write its full path, as /usr/sbin/modprobe; on Debian use su - or sudo",
      doctorFix("tools.present"),
    ],
    [
      "tools.present",
      "cause",
      /\/etc\/default\/grub: (?:[\w.]{3,40}=\S{0,60}|quiet|splash): (?:command )?not found/,
      "/etc/default/grub has kernel arguments outside of quotes, so that its shell runs one as a command",
      'Write one pair of quotes around all: GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=pt"; then write the ' +
      "configuration of GRUB again",
      commandFix("Check the lines", "grep -n CMDLINE /etc/default/grub"),
    ],
  ]);
