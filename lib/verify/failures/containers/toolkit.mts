import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { driverLog, nvidiaWords, writeCdi } from "../fixes.mts";

/** Errors of the NVIDIA Container Toolkit when a container starts. */
export const toolkitFailures = (): Failure[] => [
  {
    pattern: /failed to check if link exists: unexpected link target/,
    check: "verify.service",
    layer: "toolkit",
    message: "a fault of the toolkit 1.17.0: its CDI hook refuses a link that the image or driver already has",
    fix: [guestFix("Update the toolkit", "apt-get install --only-upgrade -y nvidia-container-toolkit"), ...writeCdi],
    source: "NVIDIA Container Toolkit; NVIDIA/nvidia-container-toolkit#772 (2024-11)",
  },
  {
    pattern: anyOf(
      /WSL environment detected but no adapters were found/,
      /initialization error: cuda error: os call failed or operation not supported on this os/,
    ),
    check: "hyperv.driver",
    layer: "driver",
    message:
      "the toolkit runs in WSL, or takes the system for it, and Windows' driver gives it no GPU: the driver is " +
      "old, its card is in TCC mode, or the distribution or Docker Desktop does not use WSL 2",
    fix: [
      manualFix("In Windows: wsl --list --verbose has to say 2 (wsl --set-version NAME 2); WSL 1 has no GPU"),
      guestFix("Check that the driver works outside of containers", "nvidia-smi"),
      manualFix("Update the host's NVIDIA driver, then restart WSL from Windows (wsl --update, wsl --shutdown)"),
      manualFix(
        "A data-center card: nvidia-smi in Windows has to show WDDM, not TCC (nvidia-smi -dm 0, then restart Windows)",
      ),
      manualFix("In WSL, install no Linux driver of NVIDIA: Windows' driver brings its libraries (/usr/lib/wsl/lib)"),
      guestFix(
        "On Linux itself: update the toolkit",
        "apt-get install --only-upgrade -y nvidia-container-toolkit libnvidia-container1",
      ),
    ],
    source: "nvidia-container-cli; NVIDIA/nvidia-container-toolkit#908 (2025-02), duixcom/Duix-Avatar#470 (2025-05)",
  },
  {
    pattern: /mount error: file creation failed: \S{1,200}: file exists/,
    near: nvidiaWords,
    check: "verify.service",
    layer: "image",
    message: "the image contains the driver's libraries of another machine, so the toolkit cannot add this VM's",
    fix: [
      manualFix("Build the image without them: remove libnvidia-*, libcuda.so.* and nvidia-smi in its Dockerfile"),
      manualFix("Do not make images with docker commit from a container that has a GPU"),
    ],
    source: "libnvidia-container, read 2026-11",
  },
  {
    pattern:
      /nvidia-container-cli(?:\.real)?: initialization error: (?:(?:privilege|capabilities) change failed|namespace association failed|load library failed: .{0,40}permission)/,
    check: "verify.service",
    layer: "toolkit",
    message: "the toolkit is not allowed to change its user or namespace: Docker runs in an unprivileged container, " +
      "as of LXC, or rootless",
    fix: [
      manualFix("Run Docker in a VM, or make the LXC container privileged or allow nesting and its user ids"),
      guestFix(
        "Or hand GPUs over by CDI, which needs no such change",
        "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
      ),
    ],
    source: "nvidia-container-cli; NVIDIA/nvidia-container-toolkit#1324 (2026-01)",
  },
  {
    pattern: /unsupported IMEX channel value|error parsing IMEX info/,
    check: "verify.service",
    layer: "toolkit",
    message: "the toolkit's parts have different versions: 1.17 with an older libnvidia-container does not know " +
      "IMEX channels",
    fix: [
      guestFix(
        "Bring all four to one version",
        "apt-get install -y nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools " +
          "libnvidia-container1",
      ),
      guestFix("Restart Docker", "systemctl restart docker"),
    ],
    source: "NVIDIA Container Toolkit 1.17.0; pytorch/test-infra#5852 (2024-11)",
  },
  {
    pattern: /cgroup subsystem devices not found/,
    check: "verify.service",
    layer: "toolkit",
    message: "the toolkit is older than this system's cgroups (version 2): it needs libnvidia-container 1.8 or later",
    fix: [
      guestFix(
        "Update it",
        "sh -c 'apt-get update && apt-get install -y nvidia-container-toolkit libnvidia-container-tools " +
          "libnvidia-container1'",
      ),
      guestFix("Restart Docker", "systemctl restart docker"),
    ],
    source: "libnvidia-container; NVIDIA/nvidia-docker#1486 (2021-04)",
  },
  {
    pattern: anyOf(
      /unable to generate new device filter program|could not get complete list of CGROUP_DEVICE/,
      /failed to call BPF_PROG_(?:ATTACH|DETACH)|bpf_prog_query\(BPF_CGROUP_DEVICE\) failed: (?:invalid|function not)/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message:
      "the kernel refuses the rules (a BPF program) by which the toolkit lets a container use the GPU: the kernel is " +
      "old or lacks BPF, or the toolkit's library does not fit it",
    fix: [
      guestFix(
        "Update the toolkit's library and its tools together",
        "sh -c 'apt-get update && apt-get install --only-upgrade -y libnvidia-container1 libnvidia-container-tools " +
          "nvidia-container-toolkit'",
      ),
      manualFix("Boot a current kernel of the distribution (6.1 or later)"),
      manualFix("Or hand the GPU over by CDI (--device nvidia.com/gpu=all), for which the engine writes the rules"),
    ],
    source: "libnvidia-container (src/nvcgo); NVIDIA/libnvidia-container#256 (2024-03)",
  },
  {
    pattern: anyOf(
      /bpf_prog_query\(BPF_CGROUP_DEVICE\) failed/,
      /failed to add device rules: |\/devices\.allow: (?:operation not permitted|permission denied)/,
      /failed to get device cgroup mount path/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message: "the toolkit is not allowed to set the container's device rules: rootless, or inside an unprivileged " +
      "LXC container",
    fix: [
      guestFix("There, leave the rules alone", "nvidia-ctk config --in-place --set nvidia-container-cli.no-cgroups"),
      manualFix("Or update the toolkit, or hand GPUs over by CDI (nvidia.com/gpu=all)"),
      manualFix("On an ordinary system instead: restart Docker after the update of the kernel or of systemd"),
    ],
    source: "nvidia-container-cli; NVIDIA/nvidia-container-toolkit#139 (2025-11)",
  },
  {
    pattern: /unsatisfied condition: |requirement error: unsatisfied/,
    check: "guest.cuda",
    layer: "toolkit",
    message: "the image's CUDA needs a newer driver than the VM has",
    fix: [
      guestFix("Show the newest CUDA that the driver knows", "nvidia-smi"),
      manualFix(
        "Use an image with that CUDA or an older one, or a newer driver (driver: {branch: …}) and rebuild the box",
      ),
    ],
    source: "nvidia-container-cli; NVIDIA/nvidia-container-toolkit#152 (2023)",
  },
  {
    pattern:
      /nvidia-container-cli(?:\.real)?: device error: .{0,80}unknown device|device error: .{0,60}: unknown device/,
    check: "verify.service",
    layer: "toolkit",
    message: "no GPU has that number or UUID here: the container asks for one that is not in this VM",
    fix: [
      guestFix("List the GPUs and their UUIDs", "nvidia-smi -L"),
      manualFix("Correct device_ids or NVIDIA_VISIBLE_DEVICES of that service, or write all"),
    ],
    source: "nvidia-container-cli; xerrors/Yuxi#211 (2025-06)",
  },
  {
    pattern: anyOf(
      /nvidia-container-cli(?:\.real)?: ldcache error|ldcache error: (?:open|process)/,
      /nvc_ldcache\.c:\d{1,4}\] could not start/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message:
      "the toolkit's hook could not run ldconfig for the container: it is not at the configured path, or fails or " +
      "is killed there",
    fix: [
      manualFix(
        "Hand GPUs over by CDI (nvidia.com/gpu=all) instead of the hook: it needs no ldconfig of the container",
      ),
      guestFix("Show the path", "grep -n ldconfig /etc/nvidia-container-runtime/config.toml"),
      manualFix("Debian and Ubuntu have @/sbin/ldconfig.real or @/sbin/ldconfig: write the one that exists"),
    ],
    source: "nvidia-container-cli; NVIDIA/nvidia-docker#751 (2018), NixOS/nixpkgs#280184 (2024-01)",
  },
  {
    pattern: anyOf(
      /Failed to initialize NVML: Insufficient Permissions|nvml error: insufficient permissions/i,
      /NVML: ERROR_NO_PERMISSION/i,
    ),
    check: "verify.service",
    layer: "docker",
    message: "the container is not allowed to open the GPU's device nodes: SELinux forbids it, or their owner and " +
      "mode do",
    fix: [
      manualFix(
        "Fedora and its kin: write security_opt: [label=disable] for that service (podman: --security-opt " +
          "label=disable)",
      ),
      guestFix("Or allow it for all containers", "setsebool -P container_use_devices on"),
      guestFix("Without SELinux: see the nodes' modes", "ls -l /dev/nvidia0 /dev/nvidiactl"),
      manualFix(
        "If only a group can open them (crw-rw----, as on openSUSE): add the user to it (usermod -aG video USER) and " +
          "log in again; rootless Podman: also --group-add keep-groups",
      ),
    ],
    source: "nvidia-smi (NVML); mudler/LocalAI#7412 (2025-12)",
  },
  {
    pattern: /Failed to initialize NVML: Unknown Error|nvml: Unknown Error/,
    check: "verify.service",
    layer: "toolkit",
    message: "the container is not allowed to use its GPU: immediately if no-cgroups is set with rootful Docker, " +
      "after a while if systemd reloaded its units",
    fix: [
      guestFix(
        "If it fails from the start: set no-cgroups to false",
        "nvidia-ctk config --in-place --set nvidia-container-cli.no-cgroups=false",
      ),
      guestFix("Then restart Docker", "systemctl restart docker"),
      manualFix("If it worked and stopped (systemctl daemon-reload took its device nodes): restart the container"),
      manualFix(
        "So that it does not come back: hand GPUs over by CDI (nvidia.com/gpu=all), or set Docker's cgroup driver " +
          "to cgroupfs",
      ),
    ],
    source: "nvidia-smi; NVIDIA/nvidia-container-toolkit#580 (2025-03), #251, #1227 (2025)",
  },
  {
    pattern: /nvidia-container-cli(?:\.real)?: initialization error: change root failed/,
    check: "verify.service",
    layer: "toolkit",
    message: "the toolkit looks for the driver below a folder that does not exist (root in its config.toml), or the " +
      "engine runs apart from the driver (Docker Desktop, snap)",
    fix: [
      guestFix("Check which folder is configured", "grep -n 'root' /etc/nvidia-container-runtime/config.toml"),
      manualFix("Write root nowhere there, unless the driver itself runs in a container (GPU Operator)"),
      guestFix("Check which engine answers; Docker Desktop and the snap do not see this driver", "docker context ls"),
    ],
    source: "nvidia-container-cli; NVIDIA/nvidia-container-toolkit#679 (2024-10)",
  },
  {
    pattern:
      /nvidia-container-cli(?:\.real)?: (?:initialization|detection) error: (?:nvml error|driver (?:rpc )?error|cuda error): /,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the driver does not answer NVIDIA's toolkit: it does not work on this machine, hangs, or starts too slowly",
    fix: [
      guestFix("Check whether the driver works without Docker", "nvidia-smi"),
      driverLog,
      guestFix(
        "Keep the driver started, which takes long with several cards",
        "systemctl enable --now nvidia-persistenced",
      ),
      manualFix("If the driver was updated: reboot the VM"),
      manualFix(
        "In WSL and Docker Desktop: Windows 10 21H2 or newer, its newest driver of NVIDIA, wsl --update, and no " +
          "Linux driver of NVIDIA in the distribution",
      ),
    ],
    source: "nvidia-container-cli; docker/for-win#10379 (2021-02), NVIDIA/nvidia-container-toolkit#183 (2020-02), " +
      "#230 (2022-12)",
  },
  {
    pattern: anyOf(
      /nvidia-container-cli(?:\.real)?: initialization error: (?!load|nvml|cuda)/,
      /nvidia-container-cli(?:\.real)?: (?:mount|detection|container|input|requirement) error: /,
    ),
    check: "verify.service",
    strength: "symptom",
    layer: "toolkit",
    fallback: true,
    message: "NVIDIA's toolkit could not give the container its GPU, for the reason after the last colon",
    fix: [
      guestFix("Check that the driver works outside of containers", "nvidia-smi"),
      guestFix("Read what the toolkit sees", "nvidia-container-cli -k -d /dev/tty info"),
    ],
    source: "nvidia-container-cli; NVIDIA/libnvidia-container#204 (2023-02)",
  },
];
