import type { Failure } from "./types.mts";
import { commandFix, doctorFix, guestFix, manualFix } from "../../fixes.mts";
import { anyOf } from "../../text.mts";

/** What package managers and missing programs say. */
export const packageFailures: Failure[] = [
  // --------------------------------------------------------------------------------------------- programs and packages
  {
    pattern: /Unknown option: --pciattach|Host PCI attachment only supported with ICH9/,
    check: "provider.mode",
    says: "VirtualBox 6.1 removed PCI passthrough",
    fix: [manualFix("Write provider: libvirt")],
    source: "VBoxManage 6.0 and 6.1",
  },
  {
    pattern: /The Hyper-V provider only works on Windows/,
    check: "provider.host",
    says: "Hyper-V is there on Windows only",
    fix: [manualFix("Write provider: libvirt on a Linux host")],
    source: "Vagrant 2.3",
  },
  {
    pattern: anyOf(
      /An argument named "(?:cd_files|cd_label|efi_\w{1,30})" is not expected/,
      /"required_plugins" are not expected/,
      /The following settings shouldn't exist/,
    ),
    check: "provider.version",
    says: "Packer, Vagrant or a plugin of it does not know a setting: it is too old",
    fix: [doctorFix("provider.version")],
    source: "Packer 1.6, Vagrant 2.3 (locales/en.yml), both seen",
  },
  {
    pattern: /is unknown by Packer, and is likely part of|Unknown source type /,
    check: "tools.present",
    says: "a plugin of Packer is missing: since 1.10 it brings no builders of its own",
    fix: [commandFix("Get it, in the box's folder below .homelab-gpu/packer", "packer init .")],
    source: "Packer 1.6 (seen) and 1.10",
  },
  {
    pattern: anyOf(
      /(?<!"apparmor_parser": )executable file not found in \$PATH/,
      /Unable to find '[^']{1,60}' binary in \$PATH/,
      /supported CD ISO creation command/,
      /The executable '[^']{1,60}' Vagrant is trying/,
      /The provider '[^']{1,40}' could not be found/,
      /No usable default provider/,
    ),
    check: "tools.present",
    says: "a program or a plugin that this needs is not installed",
    fix: [doctorFix("tools.present")],
    source: "Go's os/exec (Packer), libvirt 9.0, Packer 1.6, Vagrant 2.3 (locales/en.yml)",
  },
  {
    pattern: anyOf(
      /Release signed by unknown key/,
      /Invalid Release signature/,
      /NO_PUBKEY/,
      /The repository '[^']{1,160}' is not signed/,
    ),
    check: "tools.present",
    says: "the key that a package source is signed with is not known here",
    fix: [
      manualFix("Install the distribution's keyring (for Debian: debian-archive-keyring), or that source's own key"),
    ],
    source: "debootstrap, apt",
  },
  {
    pattern: /No such script: \S{0,80}debootstrap|E: Failed getting release file/,
    check: "tools.present",
    says: "debootstrap does not know that release, or its mirror does not have it",
    fix: [manualFix("Look at debootstrap: in the config; a newer debootstrap knows newer releases")],
    source: "debootstrap, seen",
  },
  {
    pattern: anyOf(
      /Could not get lock \/var\/lib\/(?:dpkg|apt)/,
      /dpkg frontend lock \([^)]{1,80}\), is another process/,
    ),
    check: "tools.present",
    says: "another program is installing packages at the same time",
    fix: [manualFix("Wait for it, and run this again")],
    source: "apt",
  },
  {
    pattern: anyOf(
      /Temporary failure resolving '/,
      /Temporary failure in name resolution/,
      /Could not resolve host: /,
      /Could not resolve '[^']{1,200}'/,
    ),
    check: "tools.present",
    says: "names cannot be resolved where this ran: no network, or no name server",
    fix: [
      commandFix("See whether names work on this host", "getent hosts example.org"),
      guestFix("See whether they do in the VM", "getent hosts example.org"),
    ],
    source: "apt, curl (seen), C library (EAI_AGAIN)",
  },
  {
    pattern: /E: (?:Failed to fetch|Unable to fetch some archives|Unable to locate package)/,
    check: "tools.present",
    says: "a package could not be had: the lists of packages are old, or the source does not have it",
    fix: [commandFix("Make the lists anew, and try again", "apt-get update", { root: true })],
    source: "apt",
  },
];
