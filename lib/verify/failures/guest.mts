import type { Failure } from "./types.mts";
import { aboveFour, commandFix, doctorFix, guestFix, headers, manualFix, remedies, toolkit } from "../../fixes.mts";
import { anyOf } from "../../text.mts";

/** What the guest's kernel, NVIDIA's driver and Docker say, and the way there. */
export const guestFailures: Failure[] = [
  // ------------------------------------------------------------------------------------- the service and its container
  {
    pattern: /exec: "nvidia-smi": executable file not found/,
    check: "verify.service",
    says: "the container got no GPU: nvidia-smi is in no image, NVIDIA's toolkit puts it in beside the GPU",
    fix: [manualFix("Write gpu: 1 (or all) for that service"), ...toolkit],
    source: "runc, as Docker shows it",
  },
  {
    pattern: /(?:OCI runtime|container process).{0,200}executable file not found in \$PATH/,
    check: "verify.service",
    says: "the service's command is not in its image",
    fix: [manualFix("Look at command: and image: of that service")],
    source: "runc, as Docker shows it",
  },
  {
    pattern: anyOf(
      /could not select device driver .{0,24}with capabilities/,
      /failed to discover GPU vendor from CDI/,
      /unknown or invalid runtime name: nvidia/,
    ),
    check: "verify.service",
    says:
      "Docker in the VM knows no NVIDIA GPUs: its Container Toolkit is missing, or Docker runs since before it came",
    fix: toolkit,
    source: "Docker 20.10 and 29",
  },
  {
    pattern: /AppArmor enabled on system but the docker-default profile could not be loaded/,
    check: "verify.docker",
    says: "the VM's kernel has AppArmor, and what loads its profiles is missing: Docker starts no container",
    fix: [guestFix("Install it", "apt-get install -y apparmor")],
    source: "Docker 20.10 on Debian 12",
  },
  {
    pattern: /unresolvable CDI devices/,
    check: "verify.service",
    says: "no CDI specification names that GPU: it was not written since the driver came, or for another driver",
    fix: [guestFix("Write it anew", "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml")],
    source: "Docker and Podman (container-device-interface)",
  },
  {
    pattern: /Failed to initialize NVML: Unknown Error/,
    check: "verify.service",
    says: "the container has lost its GPU: systemd read its units anew and took its device nodes away",
    fix: [
      manualFix("Start the container anew (docker restart NAME, in the VM)"),
      manualFix("For good: hand GPUs over by CDI (nvidia.com/gpu=all), which systemd leaves alone"),
    ],
    source: "nvidia-smi; NVIDIA/nvidia-container-toolkit#251, #1227",
  },
  {
    pattern: /manifest for \S{1,200} not found|manifest unknown|pull access denied for /,
    check: "verify.service",
    says: "there is no such image: its tag was never there, or is no longer (old nvidia/cuda tags are deleted)",
    fix: [manualFix("Write a tag that the image's page lists")],
    source: "Docker 20.10",
  },
  {
    pattern: /toomanyrequests: /,
    check: "verify.service",
    says: "the registry gives no more images to this address for now",
    fix: [guestFix("Log in there, or wait", "docker login")],
    source: "Docker, from the registry",
  },
  {
    pattern: /dial tcp: lookup \S{1,120} .{0,60}(?:no such host|server misbehaving|i\/o timeout)/,
    check: "verify.service",
    says: "Docker in the VM cannot resolve the registry's name: the VM has no network, or no name server",
    fix: [guestFix("See whether names work there", "getent hosts example.org")],
    source: "Docker (Go's resolver)",
  },
  {
    pattern: /port is already allocated/,
    check: "verify.service",
    says: "two containers in the VM want the same port",
    fix: [guestFix("See who has which", "docker ps"), manualFix("Change ports: of one of them")],
    source: "Docker 20.10",
  },
  {
    pattern: /permission denied while trying to connect to the docker (?:daemon|api)/i,
    check: "verify.docker",
    says: "no rights on Docker's socket",
    fix: [guestFix("Let the VM's user in; it counts from the next login", "usermod -aG docker vagrant")],
    source: "Docker 20.10, 28 (seen) and 29",
  },
  {
    pattern: anyOf(
      /Cannot connect to the Docker daemon/,
      /failed to connect to the docker API/,
      /Couldn't connect to Docker daemon/,
    ),
    check: "verify.docker",
    says: "Docker's daemon does not run",
    fix: [
      guestFix("Start it", "systemctl start docker"),
      guestFix("If it does not stay up, see why", "journalctl -u docker --no-pager -n 50"),
    ],
    source: "Docker 28 (seen) and 29, docker-compose 1.29",
  },
  // ------------------------------------------------------------------------------------------- the driver in the guest
  {
    pattern: anyOf(
      /unsatisfied condition: /,
      /CUDA driver version is insufficient/,
      /PTX was compiled with an unsupported toolchain/,
    ),
    check: "guest.cuda",
    says: "the image's CUDA needs a newer driver than the VM has",
    fix: [
      manualFix("Take an image with an older CUDA (nvidia-smi in the VM shows the newest that its driver knows)"),
      manualFix("Or a newer driver (driver: {branch: …}), and build the box anew"),
    ],
    source: "nvidia-container-cli, CUDA; NVIDIA/nvidia-container-toolkit#152",
  },
  {
    pattern: /requires use of the NVIDIA open kernel modules/,
    check: "guest.driver",
    says: "this card (Blackwell or later) works only with NVIDIA's open kernel modules",
    fix: [manualFix("Write driver: {modules: open}, and build the box anew")],
    source: "NVIDIA driver (NVRM); NVIDIA/open-gpu-kernel-modules#862",
  },
  {
    pattern: /supported through the NVIDIA \S{1,20} Legacy drivers|NVIDIA driver will ignore/,
    check: "guest.driver",
    says: "this driver is too new for the card",
    fix: [manualFix("Write the branch that it names (driver: {branch: 580}), and build the box anew")],
    source: "NVIDIA driver (NVRM)",
  },
  {
    pattern: anyOf(
      /kernel headers for kernel \S{1,80} cannot be found/,
      /\bMissing \S{1,80} kernel headers for module/,
    ),
    check: "guest.driver",
    says: "the driver's module could not be built: the kernel's headers are missing",
    fix: [manualFix(headers)],
    source: "DKMS 3.0; zen-kernel/zen-kernel#305",
  },
  {
    pattern: anyOf(
      /Bad return status for module build on kernel/,
      /too few arguments to function .{0,4}pci_resize_resource/,
    ),
    check: "guest.driver",
    says: "the driver's module does not build for this kernel: one of the two is too new for the other",
    fix: [
      manualFix("Read the end of the make.log that it names"),
      manualFix("Write another driver: source or branch, or an older image, and build the box anew"),
    ],
    source: "DKMS 3.0; seen with nvidia-open-kernel-dkms 550 on Linux 6.12",
  },
  {
    pattern: /Module nvidia not found in directory/,
    check: "guest.driver",
    says: "there is no NVIDIA module for the kernel that runs: it was not built, or for another kernel",
    fix: [guestFix("See for which kernels it is there", "dkms status"), manualFix(headers)],
    source: "kmod (modprobe)",
  },
  {
    pattern: /Driver\/library version mismatch/i,
    check: "guest.driver",
    says: "the driver was updated, and its old module still runs",
    fix: [guestFix("Reboot the VM", "reboot")],
    source: "nvidia-smi (NVML)",
  },
  {
    pattern: /GPU access blocked by the operating system/,
    check: "guest.driver",
    says: "a part of a Windows host's GPU, and no dxgkrnl module in this guest that fits its kernel",
    fix: [
      manualFix("Build dxgkrnl for this kernel, and do not install NVIDIA's Linux driver in such a guest"),
      manualFix("In WSL: end it from Windows, and start it anew (wsl --shutdown)"),
    ],
    source: "nvidia-smi (NVML); staralt/dxgkrnl-dkms#9, brokeDude2901/dxgkrnl_ubuntu#1",
  },
  {
    pattern: /NVIDIA probe routine was not called for|Nouveau kernel driver is currently in use/,
    check: "guest.driver",
    says: "another driver has the card, such as nouveau (or vfio-pci, which on the host is meant to)",
    fix: [
      guestFix("See which", "lspci -nnk -d 10de:"),
      manualFix("Keep nouveau out (/etc/modprobe.d: blacklist nouveau), make the early boot image anew, reboot the VM"),
    ],
    source: "NVIDIA driver (nv.c), nvidia-installer",
  },
  {
    pattern: anyOf(
      /nvml error: driver not loaded/,
      /NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver/,
    ),
    check: "guest.driver",
    says: "NVIDIA's module is not loaded",
    fix: [
      guestFix("Load it, and see what stands in the way", "modprobe nvidia"),
      guestFix("See for which kernels it was built", "dkms status"),
    ],
    source: "nvidia-container-cli, nvidia-smi",
  },
  {
    pattern: /library failed: libnvidia-ml\.so/,
    check: "guest.driver",
    says: "NVIDIA's libraries are not there: the driver is not installed, or only its module",
    fix: [
      manualFix("Build the box with gpu:, which installs the driver"),
      guestFix("See what is there", "ldconfig -p"),
    ],
    source: "nvidia-container-cli",
  },
  {
    pattern: /NVRM: .{0,60}(?:RmInitAdapter|rm_init_adapter) failed/,
    check: "guest.driver",
    says: "the driver could not start the card: the wrong kind of modules for it, or too small a window for its memory",
    fix: [manualFix("Read what NVRM says in the lines above it"), aboveFour, doctorFix("gpu.window")],
    source: "NVIDIA driver (NVRM); NVIDIA/open-gpu-kernel-modules#862",
  },
  {
    pattern: /(?:^|\s)No devices were found\s*$/,
    check: "guest.driver",
    says: "NVIDIA's driver is loaded and drives no card",
    fix: [
      guestFix("See whether the VM has the card", "lspci -nnk -d 10de:"),
      guestFix("See what the driver says of it", "dmesg --level err,warn"),
    ],
    source: "nvidia-smi; NVIDIA/open-gpu-kernel-modules#862, #915",
  },
  {
    pattern: anyOf(
      /Error loading shared library (?:ld-linux|libnvidia|libcuda)/,
      /\bnvidia-(?:driver|utils|container-toolkit) \(no such package\)/,
    ),
    check: "guest.libc",
    says: "this is Alpine or another musl system: NVIDIA's programs are for glibc only",
    fix: [
      manualFix("Take a Debian or Ubuntu image: for the VM always, for a container that runs NVIDIA's programs too"),
    ],
    source: "musl's loader, apk; NVIDIA/nvidia-installer#27",
  },
  // --------------------------------------------------------------------------------------------------- the way to a VM
  {
    pattern: /SSH authentication failed!|ssh: handshake failed: ssh: unable to authenticate/,
    check: "verify.ssh",
    says: "the VM runs and does not accept the key: most often its disk is older than the key",
    fix: [remedies.recreate],
    source: "Vagrant 2.3 (locales/en.yml), Packer",
  },
  {
    pattern: /Timeout waiting for SSH|Timed out while waiting for the machine to boot/,
    check: "verify.ssh",
    says: "the VM did not come as far as SSH in time: it hangs, has no network, or is slow since it is emulated",
    fix: [
      commandFix("See whether it runs and has an address", "npx zx homelab-gpu.mts status"),
      doctorFix("host.virtualization"),
    ],
    source: "Packer 1.6, Vagrant 2.3 (locales/en.yml)",
  },
];
