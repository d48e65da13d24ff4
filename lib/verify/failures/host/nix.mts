import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = anyOf(
  /\bnix(?:\b|_|os|pkgs)|\bflake(?:\.nix|\.lock| ')|home-manager|nvidia-x11/i,
  /\bhardware\.(?:nvidia|graphics|opengl|amdgpu|enable|cpu|firmware)/i,
);
const source =
  "NixOS/nixpkgs (nixos/modules/hardware/video), NixOS/nix (libexpr, libstore); NixOS/nixpkgs#338196 (2024-08)";
const update = "Bring nixpkgs and nixos-hardware to the same release: nix flake update, or nix-channel --update";
const page = "Look the option up for your release at search.nixos.org/options";

/** What Nix says about NVIDIA's driver, the graphics options, and a configuration that it cannot evaluate or build. */
export const nixFailures = (): Failure[] => [
  ...rows({ layer: "driver", source }, [
    [
      "guest.driver",
      "cause",
      /option `hardware\.nvidia\.open' is used but not defined|must configure [`']hardware\.nvidia\.open[`'] on NVIDIA/,
      "NixOS has no default for the kind of NVIDIA's modules since driver 560",
      "Write hardware.nvidia.open = true; for cards from Turing (RTX 20, GTX 16) on, and false; for older ones",
    ],
    [
      "guest.driver",
      "cause",
      /The option (?:definition )?[`'](?:hardware\.(?:opengl|graphics|nvidia|amdgpu|nvidia-container-toolkit)|virtualisation\.docker\.enableNvidia)[\w.-]{0,60}' (?:(?:defined in .{1,200} )?does not exist\.|.{0,200}no longer has any effect)/,
      "this release of NixOS does not have that option: hardware.opengl became hardware.graphics in 24.11 " +
      "(driSupport is gone, driSupport32Bit is enable32Bit), and docker.enableNvidia became " +
      "hardware.nvidia-container-toolkit.enable",
      "Write the names of your release; a module from elsewhere (nixos-hardware) has to be of the same release",
      update,
      page,
    ],
    [
      "tools.present",
      "cause",
      /Package [`'"\u2018]?(?:nvidia|cuda|libcu|steam|unrar)[^\n]{0,200}has an unfree license/,
      "Nix refuses packages that are not free software, such as NVIDIA's driver and CUDA, as long as the " +
      "configuration does not allow them",
      "Write nixpkgs.config.allowUnfree = true; in the configuration; for one command: NIXPKGS_ALLOW_UNFREE=1 with " +
      "--impure",
    ],
    [
      "guest.driver",
      "cause",
      /Package [`'"\u2018]?nvidia-(?:x11|open)[^\n]{0,200}is marked as (?:broken|insecure)/,
      "that branch of NVIDIA's driver does not build for the kernel that the configuration chooses",
      "Choose another: hardware.nvidia.package = config.boot.kernelPackages.nvidiaPackages.stable; (or production, " +
      "beta)",
      "Or an older kernel: boot.kernelPackages = pkgs.linuxPackages; instead of linuxPackages_latest",
    ],
    [
      "guest.driver",
      "cause",
      /attribute '"?[\d.]{5,14}"?' missing[^]{0,400}(?:nvidia|patchList)/,
      "a part of the configuration has a list of driver versions, and the one of this nixpkgs is not in it",
      "Update that part (its flake input), or pin the driver to a version that it has",
    ],
  ]),
  ...rows({ layer: "packages", near, source }, [
    [
      "tools.present",
      "cause",
      /The option `\S{3,100}' (?:does not exist\. Definition values|defined in .{1,200} does not exist\.)|The option definition `\S{3,100}' .{0,200}no longer has any effect/,
      "the configuration has an option that this release of NixOS does not have: modules and nixpkgs are of " +
      "different releases, or a module is not imported",
      page,
      "virtualisation.cores, memorySize, diskSize and the like exist only in the VM of nixos-rebuild build-vm: " +
      "write them below virtualisation.vmVariant",
      update,
    ],
    [
      "tools.present",
      "note",
      /The option `\S{3,100}' defined in .{1,200} has been renamed to [`']/,
      "a warning: NixOS still takes that option by its old name; the line has the new one",
      "Write the new name; a later release does not know the old one",
    ],
    [
      "tools.present",
      "cause",
      /A definition for option [`']\S{3,100}' is not of type [`']/,
      "that option of the configuration has a value of another type than it takes (a text instead of true, one " +
      "value instead of a list)",
      "Correct the value at the place that the line names",
      page,
    ],
    [
      "tools.present",
      "cause",
      /The option `\S{3,100}' (?:has conflicting definition values|is used but not defined|is defined multiple times)/,
      "two modules of the configuration set that option differently, or none sets it and it has no default",
      "Keep one of them, or write lib.mkForce VALUE where the right one is",
      page,
    ],
    [
      "tools.present",
      "cause",
      /Package [`'"\u2018]?\S[^\n]{0,200}(?:has an unfree license|is marked as (?:broken|insecure)), refusing to evaluate/,
      "Nix refuses that package, as long as the configuration does not allow it: it is not free, broken, or has " +
      "known holes",
      "Not free: nixpkgs.config.allowUnfree = true; the others: use another version, as the message says",
    ],
    [
      "tools.present",
      "cause",
      /error: path '\/nix\/store\/[^'\n]{1,160}-source\/[^'\n]{1,160}' does not exist|Path '\S{1,120}' in the repository \S{1,120} is not tracked by Git/,
      "a flake sees only files that Git knows, and that file is new or misspelt",
      "Add it to Git's list: git add FILE (a commit is not needed)",
    ],
    [
      "tools.present",
      "cause",
      /hash mismatch in fixed-output derivation/,
      "the publisher changed the file behind that address, or the hash in the configuration is of another version",
      "If it is NVIDIA's driver with a version of yours: take the hash after “got”, after you compared the version",
      update,
    ],
    [
      "tools.present",
      "cause",
      /experimental (?:Nix )?feature '[\w-]{3,30}' is disabled/,
      "commands of flakes are switched off in Nix' settings",
      'Write nix.settings.experimental-features = [ "nix-command" "flakes" ]; in the configuration',
      "For one command: nix --extra-experimental-features 'nix-command flakes' …",
    ],
    [
      "tools.present",
      "cause",
      /cannot connect to socket at '\/nix\/var\/nix\/daemon-socket\/socket'/,
      "Nix' daemon does not run, or its settings do not allow this user",
      commandFix("Show it", "systemctl status nix-daemon.socket nix-daemon.service"),
    ],
    [
      "verify.service",
      "symptom",
      /warning: the following units failed: /,
      "the new system runs, and the services that the line names did not start",
      commandFix("Read why", "journalctl -b --no-pager -p err -n 40"),
    ],
  ]),
  ...rows({ layer: "packages", near, shared: true, source }, [
    [
      "tools.present",
      "cause",
      /error: (?:undefined variable '|attribute '"?[\w.-]{1,60}"?' missing|infinite recursion encountered|syntax error, unexpected )/,
      "Nix cannot evaluate the configuration: a name is misspelt or of another release of nixpkgs, or the syntax " +
      "is wrong; the line after “at” is the place",
      commandFix("Show the whole way to it", "nixos-rebuild build --show-trace"),
      update,
    ],
    [
      "tools.present",
      "cause",
      /unable to download 'https?:\/\/\S{1,200}': (?:Couldn't|Could not|Timeout|SSL|HTTP error)/,
      "Nix could not download: no network or name server, a proxy, or the file is gone there",
      "Check that https://cache.nixos.org opens here; then run it again",
    ],
    [
      "host.disk",
      "cause",
      /No space left on device[^\n]{0,200}\/boot\/EFI\/nixos|error: writing to file: No space left on device/,
      "the disk is full: /boot of old generations' kernels, or /nix of old packages",
      commandFix("Show both", "df -h /boot /nix"),
      "Remove old generations (the running one stays): nix-collect-garbage --delete-older-than 14d, then " +
      "nixos-rebuild boot",
      "Keep fewer: boot.loader.systemd-boot.configurationLimit = 5;",
    ],
  ]),
];
