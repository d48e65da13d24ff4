import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { each, install } from "../fixes.mts";

/** Errors of Vagrant's plugins, and of programs that Vagrant and Packer need. */
export const vagrantPluginFailures = (): Failure[] => [
  {
    pattern: /_libvirt\.so \(LoadError\)/,
    check: "tools.present",
    layer: "packages",
    message: "vagrant-libvirt does not load: Vagrant's own libraries and the system's libvirt do not fit together",
    fix: [
      manualFix("Use the distribution's packages for both (Debian, Ubuntu, Fedora: vagrant and vagrant-libvirt)"),
      commandFix("Or build the plugin again with this Vagrant", "vagrant plugin repair"),
    ],
    source: "Ruby; vagrant-libvirt/vagrant-libvirt#1185 (2020-12), kind to date",
  },
  {
    pattern: /Missing required arguments: libvirt_uri|Unrecognized arguments: libvirt_\w{2,20}/,
    near: /vagrant|fog/i,
    check: "tools.present",
    layer: "provider",
    message:
      "vagrant-libvirt and the library that it uses (fog-libvirt, fog-core) are of releases that do not fit together",
    fix: [
      commandFix("Install the plugin again, with what belongs to it", "vagrant plugin repair"),
      manualFix("Or remove and install it: vagrant plugin uninstall vagrant-libvirt, then vagrant plugin install"),
    ],
    source: "fog-core; vagrant-libvirt/vagrant-libvirt#568 (2016-03)",
  },
  {
    pattern: /undefined (?:local variable or )?method [`']\S{1,60}' for .{1,80}(?:NoMethodError|NameError)/,
    near: /vagrant|fog/i,
    check: "tools.present",
    strength: "symptom",
    layer: "provider",
    message:
      "Vagrant or one of its plugins stopped at an error in its own code: its release has a fault, or the two do " +
      "not fit together",
    fix: [
      commandFix("List the releases", "vagrant --version && vagrant plugin list"),
      manualFix("Update Vagrant and the plugin that the trace names, or go one release back (2.4.5 has a known one)"),
    ],
    source: "Ruby; hashicorp/vagrant#13661 (2025-05)",
  },
  {
    pattern: anyOf(
      /Unable to activate [\w.-]{1,60}, because [\w.-]{1,60} conflicts with/,
      /plugin\(s\) can't be installed due to the version conflicts below/,
      /Vagrant could not find compatible versions for gem /,
      /Vagrant failed to properly resolve required dependencies(?![^]{0,140}Failed to build)/,
      /Error message given during initialization: Unable to resolve dependency/,
      /conflicting dependencies [\w-]{1,40} \([~>=<]{1,2} ?[\d.]{1,12}\) and /,
    ),
    near: /vagrant|ruby|gem|libvirt|ffi/i,
    check: "tools.present",
    layer: "packages",
    message:
      "Vagrant and the plugin need different releases of one library: the plugin is for another Vagrant, or it is " +
      "the wrong one (its name is vagrant-libvirt, not libvirt)",
    fix: [
      commandFix("Install the right one", "vagrant plugin install vagrant-libvirt"),
      manualFix("If that fails so too: update Vagrant, or take both from the distribution (Debian, Ubuntu, Fedora)"),
      commandFix("Remove what older releases left", "vagrant plugin expunge --reinstall"),
    ],
    source: "RubyGems, Vagrant; hashicorp/vagrant#13537 (2024-11), hashicorp/vagrant#13377 (2024-04)",
  },
  {
    pattern: /no such sysroot directory: '\S{1,120}\.sdk|missing xcrun at: |invalid active developer path/,
    check: "tools.present",
    layer: "packages",
    message: "macOS has no compiler or SDK, which Vagrant's plugins need: its command line tools are missing or old",
    fix: [
      commandFix("Install them", "xcode-select --install"),
      manualFix("After an update of macOS: delete /Library/Developer/CommandLineTools, and install them again"),
    ],
    source: "macOS (xcrun, clang); hashicorp/vagrant#13548 (2024-11)",
  },
  {
    pattern:
      /Failed to build gem native extension|An error occurred while installing (?:ffi|racc|nokogiri|[\w-]{2,40}) \(/,
    near: /vagrant/i,
    check: "tools.present",
    strength: "symptom",
    layer: "packages",
    message: "a library of Ruby that the plugin needs could not be compiled; the lines after it say what is missing",
    fix: each(
      install("Install a compiler and Ruby's headers", {
        apt: "build-essential ruby-dev pkg-config libvirt-dev",
        dnf: "gcc gcc-c++ make ruby-devel libvirt-devel",
        pacman: "base-devel pkgconf libvirt",
        zypper: "gcc gcc-c++ make ruby-devel libvirt-devel",
      }),
      manualFix("Read the mkmf.log or gem_make.out that it names"),
    ),
    source: "RubyGems, Vagrant; hashicorp/vagrant#13548 (2024-11)",
  },
  {
    pattern: anyOf(
      /libvirt library not found in default locations/,
      /You have to install development tools first/,
      /(?:development files for|depends on) a library which is not currently installed/,
      /An error occurred while installing (?:ruby-libvirt|fog-libvirt)/,
      /Failed to build gem native extension[^]{0,150}ruby-libvirt/,
    ),
    near: /vagrant|ruby-libvirt|libvirt/i,
    check: "tools.present",
    layer: "packages",
    message: "the plugin vagrant-libvirt could not be built: libvirt's development files or a compiler are missing",
    fix: each(
      install("Install them", {
        apt: "libvirt-dev ruby-dev build-essential pkg-config",
        dnf: "libvirt-devel ruby-devel gcc make",
        pacman: "libvirt base-devel pkgconf",
        zypper: "libvirt-devel ruby-devel gcc make",
      }),
      commandFix("Then install the plugin", "vagrant plugin install vagrant-libvirt"),
      manualFix("Or use the distribution's own package (Debian, Ubuntu: vagrant-libvirt; Fedora: vagrant-libvirt)"),
    ),
    source: "ruby-libvirt (extconf.rb); vagrant-libvirt/vagrant-libvirt#1082 (2020-05), kind to date",
  },
  {
    pattern:
      /Vagrant failed to initialize at a very early stage(?!:?\s{0,4}There was an error loading)|The plugins failed to (?:load|initialize) correctly/,
    // the reason follows, and is not always a plugin
    fallback: true,
    check: "provider.version",
    layer: "provider",
    message: "a plugin of Vagrant does not load, most often after an update of Vagrant or Ruby",
    fix: [
      commandFix("Repair the plugins", "vagrant plugin repair"),
      commandFix("If that does not help, install them again", "vagrant plugin expunge --reinstall"),
    ],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: /undefined method [`']\w{1,40}' for (?:#<|an instance of )Fog::Libvirt/,
    check: "provider.version",
    layer: "provider",
    message: "Vagrant's plugin vagrant-libvirt and the gem fog-libvirt that it uses are of releases that do not fit",
    fix: [
      commandFix("Update the plugin, which brings its own fog-libvirt", "vagrant plugin update vagrant-libvirt"),
      commandFix("If that does not help, install the plugins again", "vagrant plugin expunge --reinstall"),
      manualFix("Where both are the distribution's packages: remove one that was installed by vagrant plugin as well"),
    ],
    source: "fog-libvirt, vagrant-libvirt; vagrant-libvirt/vagrant-libvirt#1685 (2022-12)",
  },
  {
    pattern: anyOf(
      /An argument named "(?:cd_files|cd_label|efi_\w{1,30})" is not expected/,
      /"required_plugins" are not expected/,
      /Blocks of type "\w{1,30}" are not expected here/,
      /The following settings shouldn't exist/,
      /undefined method [`']\w{1,40}' for (?:#<|an instance of )VagrantPlugins::ProviderLibvirt/,
    ),
    check: "provider.version",
    layer: "provider",
    message: "Packer, Vagrant or a plugin of it does not know a setting: it is too old",
    fix: [doctorFix("provider.version")],
    source: "Packer 1.6 (2020-06), Vagrant 2.3 (locales/en.yml), both seen",
  },
  {
    pattern: anyOf(
      /The executable '(?!cmd\.exe)[^']{1,60}' Vagrant is trying/,
      /The provider '[^']{1,40}' could not be found/,
      /No usable default provider/,
      /Unable to find '[^']{1,60}' binary in \$PATH/,
      /supported CD ISO creation command/,
      /Failed creating Qemu driver: exec: /,
      /exec: "(?:qemu|ansible|xorriso|mkisofs|virsh|vagrant|packer|swtpm|virtiofsd)[\w-]{0,30}": executable file not found/,
    ),
    check: "tools.present",
    layer: "provider",
    message: "a program or a plugin that this needs is not installed",
    fix: [doctorFix("tools.present")],
    source: "Go's os/exec (Packer), libvirt 9.0 (2023-01), Packer 1.6, Vagrant 2.3 (locales/en.yml)",
  },
];
