import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix } from "../../../fixes.mts";
import { self } from "../../../self.mts";
import { anyOf } from "../../../text.mts";
import { vmWords } from "../fixes.mts";

const packerWords = /packer|==> |qemu|plugin/i;

/** Errors of Packer and its plugins. */
export const packerFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /could not get sha256 checksum file for github\.com\/hashicorp\/(?!.{0,200} Get ")/,
      /could not install any compatible version of plugin "github\.com\/hashicorp\//,
      /packer-plugin-\S{1,30}_SHA256SUMS: 404|releases\/download\/v[\d.]{3,12}\/packer-plugin-\S{1,60}: 404/,
    ),
    check: "provider.version",
    layer: "provider",
    message:
      "HashiCorp moved its plugins from GitHub to releases.hashicorp.com: Packer before 1.14 does not find the new " +
      "releases",
    fix: [
      manualFix("Update Packer to 1.14 or later"),
      manualFix(
        'Or stay below the move (qemu: version = "< 1.1.4"), or install the plugin by hand: packer plugins install ' +
          "--path FILE github.com/hashicorp/qemu",
      ),
    ],
    source: "Packer; hashicorp/packer-plugin-qemu#215 (2025-09)",
  },
  {
    pattern: anyOf(
      /plugin host rate limited|getting a plugin got rate limited|PACKER_GITHUB_API_TOKEN|GitHub API rate limit/,
      /api\.github\.com\/\S{1,120}: 403 API rate limit/,
    ),
    near: /packer|plugin/i,
    check: "tools.present",
    layer: "provider",
    message: "GitHub refuses more anonymous requests from this address for now, and Packer fetches plugins there",
    fix: [
      manualFix(
        "Wait an hour, or set PACKER_GITHUB_API_TOKEN to a GitHub token without any permissions, then run packer " +
          "init again",
      ),
      manualFix(
        "Packer 1.14 and later fetch HashiCorp's plugins from releases.hashicorp.com, which has no such limit",
      ),
    ],
    source: "Packer; hashicorp/setup-packer#71 (2022-12), hashicorp/packer#13634 (2026-05)",
  },
  {
    pattern: /no release version found for the \S{1,80} plugin/,
    check: "provider.version",
    layer: "provider",
    message: "Packer found no release of the plugin that fits: GitHub refuses more anonymous requests, or the " +
      "constraint or the source's name is wrong",
    fix: [
      manualFix("Wait an hour, or set PACKER_GITHUB_API_TOKEN to a token of yours (it needs no permissions)"),
      commandFix("Read GitHub's answer", "PACKER_LOG=1 packer init ."),
      manualFix("Correct version = and source = in required_plugins, and use Packer 1.14 or later"),
    ],
    source: "Packer; hashicorp/packer#11259 (2021-09)",
  },
  {
    pattern: anyOf(
      /gtk initialization failed/,
      /Could not initialize SDL\(/,
      /cannot open display: |no available video device/,
      /Unable to init server: Could not connect/,
    ),
    near: /qemu|packer|virt/i,
    check: "provider.mode",
    layer: "hypervisor",
    message: "QEMU tries to open a window, and there is no display",
    fix: [manualFix("Packer: headless = true; QEMU itself: -display none or -vnc :0")],
    source: "QEMU, through Packer; canonical/packer-maas#272 (2024-10)",
  },
  {
    pattern: /Timeout waiting for SSH/,
    near: packerWords,
    check: "verify.ssh",
    layer: "network",
    message: "Packer's own VM did not come as far as SSH in time: it is emulated and slow, its installer waits, its " +
      "boot command missed, or it reports no address to Hyper-V",
    fix: [
      doctorFix("host.virtualization"),
      manualFix('Check that KVM is used (accelerator = "kvm"), or raise ssh_timeout'),
      manualFix("Look at the build's screen: Packer prints a VNC address (vnc://127.0.0.1:59xx)"),
      manualFix(
        "With Hyper-V: the first boot installs hyperv-daemons (Ubuntu: linux-cloud-tools), which report the address, " +
          "so the switch must give the VM an address and internet",
      ),
      commandFix("Build with all messages", `PACKER_LOG=1 ${self("up")}`),
    ],
    source: "Packer 1.6; gem5/gem5#1211 (2024-06)",
  },
  {
    pattern: /SSH handshake err: ssh: handshake failed: (?:read tcp|EOF)/,
    check: "verify.ssh",
    strength: "symptom",
    fallback: true,
    layer: "network",
    message: "the forwarded port answers, and the guest's SSH does not yet: the VM still boots or installs, has no " +
      "network, or a firewall or VPN of this host cuts the connection",
    fix: [
      manualFix("Watch the VM's screen (headless = false, or the VNC address that Packer prints)"),
      manualFix("If it only takes more time, write a larger ssh_timeout in the template"),
    ],
    source: "Packer; kubernetes-sigs/image-builder#1696 (2025-02)",
  },
  {
    pattern:
      /Packer experienced an authentication error|Detected authentication error\. Increasing handshake attempts|ssh: handshake failed: ssh: unable to authenticate/,
    near: packerWords,
    check: "verify.ssh",
    layer: "network",
    message:
      "Packer's VM runs and does not accept its user's key or password: cloud-init or the installer did not create " +
      "that user",
    fix: [
      manualFix(
        "Check that ssh_username and the key or password are those of cloud-init's user-data (or of the preseed)",
      ),
      manualFix("Check that the cloud-init disk (cidata) is attached and that the image runs cloud-init"),
    ],
    source: "Packer 1.6 (2020-06) and later",
  },
  {
    pattern: anyOf(
      /is unknown by Packer, and is likely part of|Unknown source type |Missing plugins/,
      /The following plugins are required, but not installed/,
    ),
    near: packerWords,
    check: "tools.present",
    layer: "provider",
    message: "a plugin of Packer is missing: since 1.10 it brings no builders of its own",
    fix: [commandFix("Get it, in the box's folder below .homelab-gpu/packer", "packer init .")],
    source: "Packer 1.6 (seen, 2020-06) and 1.10",
  },
  {
    pattern: /Usage: packer \[--version\]|cracklib-packer/,
    near: /packer/i,
    check: "tools.present",
    layer: "provider",
    message: "another program is called packer here (cracklib's on Fedora and RHEL), or Packer is too old",
    fix: [commandFix("Check which one runs", "command -v packer"), doctorFix("tools.present")],
    source: "cracklib, Packer, read 2026-11",
  },
  {
    pattern:
      /'(?:virtio-(?:vga|gpu)[\w-]{0,12}|vhost-user-(?:gpu|vga)[\w-]{0,8}|qxl(?:-vga)?|usb-(?:redir|host|ccid)|ccid-card-\w{2,12}|cirrus-vga|VGA)' is not a valid device /,
    check: "tools.present",
    layer: "provider",
    message: "this QEMU lacks that device (graphics, USB, smart card): distributions put it into a package of its own",
    fix: [
      manualFix(
        "Install it: Debian and Ubuntu: qemu-system-gui, qemu-system-modules-opengl, qemu-system-modules-spice; " +
          "Fedora: qemu-device-display-*, qemu-device-usb-*; Arch: qemu-full, or qemu-hw-display-*, qemu-hw-usb-*",
      ),
      commandFix("Check which devices QEMU has then", "qemu-system-x86_64 -device help"),
      manualFix("A QEMU of your own build was built without it; a server needs none of them: take VGA or no screen"),
    ],
    source: "QEMU (softmmu/qdev-monitor.c); lima-vm/lima#3965 (2025-09)",
  },
  {
    pattern: anyOf(
      /qemu-\S{1,30}: -\S{1,30}.{0,200}: (?:invalid option|Property '\S{1,60}' not found)/,
      /qemu-\S{1,30}: -\S{1,30}.{0,200}: '\S{1,60}' is not a valid device /,
    ),
    near: vmWords,
    check: "provider.version",
    layer: "provider",
    message: "QEMU does not take an option that it was given: the QEMU here is older or newer than the template or " +
      "libvirt expects, or two options exclude each other",
    fix: [
      manualFix("Look at the option that it names: correct it in qemuargs (Packer) or in the VM's XML (virsh edit)"),
      commandFix("Show QEMU's version", "qemu-system-x86_64 --version"),
      commandFix("Update Packer's plugin", "packer init -upgrade ."),
    ],
    source: "QEMU; hashicorp/packer#1387 (2014-08), hashicorp/packer#10280 (2020-11)",
  },
  {
    pattern: anyOf(
      /Build '[^']{1,80}' errored(?: after .{1,60})?: unexpected EOF/,
      /--> \S{1,80}: unexpected EOF/,
      /packer\S{0,40} plugin: panic: |!!!! PACKER CRASH/,
    ),
    check: "tools.present",
    strength: "symptom",
    layer: "provider",
    message: "a plugin of Packer crashed or was ended: it has a fault, is too old for this Packer, or memory ran out",
    fix: [
      commandFix(
        "Build with all messages: a trace of the crash is above that line",
        `PACKER_LOG=1 ${self("up")}`,
      ),
      commandFix("Update the plugins", "packer init -upgrade ."),
      commandFix("Check whether the kernel ended it", "journalctl -k -g 'Out of memory'", { root: true }),
    ],
    source: "Packer; hashicorp/packer#6723 (2018-09), hashicorp/packer#12357 (2023-04)",
  },
  {
    pattern: /qemu-img: Could not open '[^']{1,200}': (?:Could not open '[^']{1,200}': )?No such file/,
    check: "guest.image",
    strength: "symptom",
    layer: "provider",
    message:
      "the disk image that is read next does not exist: the step that makes it failed or wrote it elsewhere, or " +
      "its path is wrong",
    fix: [
      manualFix("Look for the first error above that line: the VM's build ended before its disk was written"),
      commandFix("If the build was cut off: see what is left of it", "ls -l output-*"),
    ],
    source: "qemu-img; hashicorp/packer-plugin-qemu#84 (2022-08)",
  },
  {
    pattern: /Qemu failed to start\. Please run with PACKER_LOG=1|Error launching VM: Qemu failed to start/,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    message: "QEMU ended immediately; its own message is in the lines above, or in Packer's log",
    fix: [commandFix("Build with all messages", `PACKER_LOG=1 ${self("up")}`)],
    source: "Packer (QEMU plugin), read 2026-11",
  },
  {
    pattern: /error downloading ISO|Failed to download ISO|bad response code: \d{3}/,
    near: packerWords,
    check: "guest.image",
    layer: "provider",
    message:
      "Packer could not download the image: its address is gone (distributions delete old point releases), or the " +
      "network failed",
    fix: [
      commandFix("Check whether the address answers", "curl -sSIL URL"),
      manualFix(
        "Write the current release's address (image:), or one of the distribution's archive, with its checksum",
      ),
    ],
    source: "Packer SDK (step_download.go), read 2026-11",
  },
  {
    pattern: /Output directory .{0,160}already exists|Output directory already exists/,
    near: packerWords,
    check: "provider.access",
    layer: "provider",
    message: "an earlier build left its output folder, and Packer does not overwrite it",
    fix: [manualFix("If nothing in it is needed: delete that folder, or run packer build -force")],
    source: "Packer (QEMU plugin), read 2026-11",
  },
  {
    pattern: /sftp-server: No such file or directory/,
    check: "verify.ssh",
    layer: "network",
    message:
      "a file could not be copied into the VM: new OpenSSH copies by SFTP, which the VM (or Packer's proxy for " +
      "Ansible) lacks",
    fix: [
      manualFix('Ansible by Packer: use_proxy = false, or extra_arguments = ["--scp-extra-args", "\'-O\'"]'),
      manualFix("Or install openssh-sftp-server in the VM"),
    ],
    source: "OpenSSH 9 (2022-04), Packer (Ansible plugin)",
  },
  {
    pattern: /Script exited with non-zero exit status: \d{1,3}/,
    check: "guest.image",
    strength: "symptom",
    layer: "packages",
    message: "a script that sets the box up ended with an error, which is in the lines above (100 is apt's)",
    fix: [
      manualFix("Read the lines above it"),
      commandFix("Build with all messages", `PACKER_LOG=1 ${self("up")}`),
    ],
    source: "Packer (shell provisioner), read 2026-11",
  },
  {
    pattern: /find available port for VNC|Failed to find available (?:VNC|port)/,
    near: /packer|==> |qemu|plugin|VNC/i,
    check: "provider.access",
    layer: "network",
    message:
      "no port is left for the build's screen (VNC): builds that were cut off still run, or another program has them",
    fix: [commandFix("Check which", "ss -lntp 'sport >= :5900 and sport <= :6000'", { root: true })],
    source: "Packer (QEMU plugin), read 2026-11",
  },
  {
    pattern: /Post-processor failed: /,
    near: packerWords,
    check: "guest.image",
    strength: "symptom",
    layer: "provider",
    fallback: true,
    message: "Packer built the image and could not make a box of it, for the reason after the colon",
    fix: [
      manualFix("Check that the disk has room, and that the plugins qemu and vagrant are of this year"),
      commandFix("Build with all messages", `PACKER_LOG=1 ${self("up")}`),
    ],
    source: "Packer; hashicorp/packer-plugin-vagrant#114 (2024-03)",
  },
];
