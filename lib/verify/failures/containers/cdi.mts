import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix, toolkit } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { each, install, nvidiaWords, registerRuntime, writeCdi } from "../fixes.mts";

/** Errors of Docker and Podman about CDI and NVIDIA's runtime. */
export const cdiFailures = (): Failure[] => [
  // -----------------------------------------------------------------------------------------------------------------
  // CDI
  {
    pattern: anyOf(
      /(?:stat'ing|mounting|opening|stat) (?:file )?\S{0,80}lib(?:nvidia|cuda|nvcuvid|nvoptix)\S{0,30}\.so\.\d{3}\.[\d.]{2,8}\S{0,3} No such file/,
      /failed to stat CDI host (?:device|path) "?\S{1,80}/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message: "the CDI specification names files or devices of a driver release that is gone: it was " +
      "written before the " +
      "driver's update",
    fix: writeCdi,
    source: "crun, Podman; NVIDIA/nvidia-container-toolkit#885 (2025-01)",
  },
  {
    pattern: /unresolvable CDI de ?vices runtime\.nvidia\.com\/gpu/,
    check: "verify.service",
    layer: "toolkit",
    message: "the NVIDIA runtime writes a CDI specification at each start, and could not: the driver does not answer",
    fix: [
      guestFix("Check that the driver works", "nvidia-smi"),
      guestFix("Write a specification by hand, and read the error that it prints", "nvidia-ctk cdi generate"),
      manualFix(
        'If both work: set mode = "legacy" below [nvidia-container-runtime] in ' +
          "/etc/nvidia-container-runtime/config.toml",
      ),
    ],
    source: "NVIDIA Container Toolkit 1.18 (2025-10)",
  },
  {
    pattern: /unresolvable CDI devices?\b(?! amd\.com\/gpu)/,
    check: "verify.service",
    layer: "toolkit",
    message:
      "no CDI specification that the engine reads names that GPU: none was written, it was written before the driver " +
      "worked, it is where the engine does not look, or its version is newer than the engine",
    fix: [
      ...writeCdi,
      manualFix(
        "If the list shows the device: the engine looks elsewhere. Podman before 5 reads only /etc/cdi; the " +
          "toolkit's own service writes /var/run/cdi",
      ),
      manualFix(
        "If it is in /etc/cdi too: toolkit 1.19.1 writes a version (0.7.0) that Podman 4 and other old engines " +
          "do not read: update the engine, or install toolkit 1.18 or 1.19.0 and write it again",
      ),
      manualFix(
        "In Kubernetes: the device plugin and the toolkit name different kinds (management.nvidia.com, " +
          "k8s.device-plugin)",
      ),
    ],
    source: "Docker and Podman (container-device-interface); NixOS/nixpkgs#420638 (2025-06)",
  },
  {
    pattern: /\bstat nvidia\.com\/gpu=\S{1,20}: no such file/,
    check: "verify.service",
    layer: "toolkit",
    message:
      "Podman reads nvidia.com/gpu=… as the path of a device: it is older than 4.1 (through its Docker API: than 5)",
    fix: [
      guestFix("Show its release", "podman --version"),
      manualFix("Use a distribution with a newer Podman (Debian 12, Ubuntu 24.04, Fedora), or Docker"),
    ],
    source: "Podman before 4.1; containers/podman#24474 (2024-11), #20257 (2023-10)",
  },
  {
    pattern: anyOf(
      /could not select device driver "cdi"/,
      /CDI is not enabled/,
      /error gathering device information while adding custom device "nvidia\.com\/gpu/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message:
      "Docker was given a CDI device, and CDI is not enabled in its daemon (or Docker, Compose or Podman is too " +
      "old for it)",
    fix: [
      guestFix(
        "Enable it (Docker 25 to 28; 28.3 and later enable it by default)",
        "nvidia-ctk runtime configure --runtime=docker --cdi.enabled",
      ),
      guestFix("Restart Docker", "systemctl restart docker"),
      manualFix(
        "If it fails only after a boot: Docker started before the specification was written; let its service wait " +
          "(After=nvidia-cdi-refresh.service in a drop-in of docker.service)",
      ),
      manualFix(
        "Compose passes CDI devices since 2.30, Podman's Docker API since 5; with older ones write gpus: or " +
          "--gpus all",
      ),
    ],
    source: "Docker 25 to 28; NixOS/nixpkgs#305312 (2024-04), containers/podman#19338 (2023-07)",
  },
  {
    pattern: /invoking the NVIDIA Container Runtime Hook directly .{0,80}is not supported/,
    check: "verify.service",
    layer: "toolkit",
    message:
      "the toolkit is set to CDI only, and the container asks for the GPU by --gpus (Compose: driver: nvidia), " +
      "which uses its hook",
    fix: [
      guestFix("Let the toolkit choose", "nvidia-ctk config --in-place --set nvidia-container-runtime.mode=auto"),
      manualFix(
        "Or ask by CDI: --device nvidia.com/gpu=all (Compose: driver: cdi), or start it with --runtime=nvidia",
      ),
    ],
    source: "NVIDIA Container Toolkit; dstackai/dstack#2306 (2025-02)",
  },
  {
    pattern: /invalid discovery mode/,
    near: nvidiaWords,
    check: "verify.service",
    layer: "toolkit",
    message: 'the toolkit\'s configuration names a mode that nvidia-ctk cdi generate does not know (mode = "cdi")',
    fix: [
      guestFix("Check what is configured", "grep -n mode /etc/nvidia-container-runtime/config.toml"),
      guestFix(
        "Write it with the mode that suits",
        "nvidia-ctk cdi generate --mode=auto --output=/etc/cdi/nvidia.yaml",
      ),
      guestFix("Set the mode back", "nvidia-ctk config --in-place --set nvidia-container-runtime.mode=auto"),
    ],
    source: "NVIDIA Container Toolkit 1.18; NVIDIA/nvidia-container-toolkit#1376 (2025-10)",
  },
  {
    pattern: /Failed to initialize dxcore: |D3DKMTEnumAdapters2 failed/,
    check: "guest.driver",
    layer: "driver",
    message:
      "the guest's library for Windows' cards (dxcore) gets no answer from Windows: WSL, its kernel or Windows' " +
      "driver " +
      "is too old, or there is no card for WSL",
    fix: [
      manualFix("Update them: wsl --update in PowerShell, NVIDIA's driver for Windows, Windows itself (21H2 or later)"),
      manualFix("Then wsl --shutdown, and start WSL again"),
    ],
    source: "libnvidia-container (dxcore.c); NVIDIA/nvidia-docker#1542 (2021-08)",
  },
  {
    pattern:
      /failed to initialize dxcore context|failed to create discoverer for WSL driver|Could not locate libdxcore\.so/,
    near: nvidiaWords,
    check: "verify.service",
    layer: "toolkit",
    message: "nvidia-ctk runs in WSL and does not find Windows' library libdxcore.so (in /usr/lib/wsl/lib)",
    fix: [
      commandFix(
        "Check whether it is there, and whether the loader knows it",
        "sh -c 'ls /usr/lib/wsl/lib; ldconfig -p | grep dxcore'",
      ),
      commandFix(
        "Add the folder to the loader's list",
        "sh -c 'echo /usr/lib/wsl/lib >/etc/ld.so.conf.d/wsl.conf && ldconfig'",
        { root: true },
      ),
      manualFix("If the folder is empty: install NVIDIA's driver on Windows, then wsl --update and wsl --shutdown"),
    ],
    source: "NVIDIA Container Toolkit; NVIDIA/nvidia-container-toolkit#452 (2024-06), #1739 (2026-04)",
  },
  {
    pattern: /invalid device, empty device edits/,
    near: /nvidia|failed to generate CDI/i,
    check: "verify.service",
    layer: "toolkit",
    message: "nvidia-ctk found a GPU without its device nodes, so it wrote no CDI specification",
    fix: [
      guestFix("Create the nodes", "nvidia-modprobe -c=0 -u"),
      ...writeCdi,
      guestFix(
        "If the error remains: let the toolkit work without CDI, then restart the engine",
        "nvidia-ctk config --in-place --set nvidia-container-runtime.mode=legacy",
      ),
    ],
    source: "NVIDIA Container Toolkit 1.19; kaito-project/kaito#2326 (2026-09)",
  },
  {
    pattern: anyOf(
      /Failed to start nvidia-cdi-refresh\.service|nvidia-cdi-refresh\.service: (?:Failed|Main process exited)/,
      /(?:failed to generate CDI spec|failed to create device CDI specs)[^\n]{0,240}(?:NVML|nvml|driver|libnvidia-ml|libcuda)/,
      /failed to get (?:all|full GPU) device (?:edits|specs)/,
      /failed to initialize NVML: (?:ERROR_DRIVER_NOT_LOADED|ERROR_LIBRARY_NOT_FOUND)/,
    ),
    near: nvidiaWords,
    check: "verify.service",
    layer: "toolkit",
    message: "the CDI specification was not written: the toolkit ran before the driver was ready, or without it",
    fix: [
      ...writeCdi,
      guestFix("Run its service again now that the driver is ready", "systemctl restart nvidia-cdi-refresh.service"),
    ],
    source: "NVIDIA Container Toolkit 1.18; NVIDIA/nvidia-container-toolkit#1611 (2026-03), #1638 (2026-02)",
  },
  {
    pattern: /failed to generate CDI spec|failed to create device CDI specs/,
    near: nvidiaWords,
    check: "verify.service",
    strength: "symptom",
    layer: "toolkit",
    message: "the CDI specification was not written, for the reason after the last colon",
    fix: [...writeCdi, manualFix("If the reason is not clear: update the driver and the toolkit to current releases")],
    source: "NVIDIA Container Toolkit (nvidia-ctk cdi generate, pkg/nvcdi), read 2026-11",
  },
  {
    pattern: /AMD CDI spec not found/,
    check: "verify.service",
    layer: "toolkit",
    message:
      "Docker 29 found no NVIDIA runtime and no NVIDIA CDI specification, and tried AMD's last: the toolkit is not " +
      "set up",
    fix: each(
      install("If it is missing, install the NVIDIA Container Toolkit from NVIDIA's repository in the VM", {
        apt: "nvidia-container-toolkit",
        dnf: "nvidia-container-toolkit",
        zypper: "nvidia-container-toolkit",
        pacman: "nvidia-container-toolkit",
      }),
      ...registerRuntime,
      ...writeCdi,
    ),
    source: "Docker 29; NVIDIA/NemoClaw#3575 (2026-05)",
  },
  {
    pattern: /could not select device driver .{0,24}with capabilities/,
    check: "verify.service",
    layer: "toolkit",
    message: "Docker does not find any NVIDIA GPU: the Container Toolkit is missing, or Docker was not restarted " +
      "after its installation",
    fix: [
      ...toolkit,
      manualFix(
        "If Docker comes from snap or is rootless: use the distribution's package, or register the runtime for it",
      ),
    ],
    source: "Docker 20.10 to 29; infiniflow/ragflow#9573 (2025-08)",
  },
  {
    pattern: anyOf(
      /failed to discover GPU vendor from CDI/,
      /unknown or invalid runtime name: nvidia/,
      /Unknown runtime specified nvidia/,
      /no known GPU vendor found/,
      /exec: "?nvidia-container-runtime(?:-hook)?"?: executable file not found/,
      /stat \/usr\/bin\/nvidia-container-runtime(?:-hook)?: no such file/,
      /error running (?:prestart )?hook.{0,40}: exec: "?nvidia-container/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message:
      "Docker has no runtime nvidia (in small letters): the Container Toolkit is missing or not registered with it",
    fix: [
      ...toolkit,
      manualFix(
        "Docker Desktop on Windows: choose its WSL 2 engine; gpus: all, or devices: with capabilities: [gpu], " +
          "needs no " +
          "runtime: nvidia",
      ),
      manualFix(
        "TrueNAS and Unraid bring the runtime with their driver: after an update, install the driver for that " +
          "release " +
          "(Apps settings, or the plugin), and reboot",
      ),
    ],
    source: "Docker 20.10 to 29; dusty-nv/jetson-containers#1460 (2025-10)",
  },
  {
    pattern: /nvidia-c(?:tk|di)\S{0,20}: undefined symbol: nvml\w{3,60}/,
    check: "verify.service",
    layer: "toolkit",
    message: "the driver is older than this release of the toolkit needs: its library (NVML) lacks a function",
    fix: [
      manualFix("Write a newer driver branch (driver:); 470 and later have what the toolkit needs"),
      manualFix("If the card needs an older driver: nvidia-container-runtime.mode=legacy rather than CDI"),
    ],
    source: "NVIDIA Container Toolkit; NVIDIA/nvidia-container-toolkit#77 (2023-07)",
  },
  {
    pattern: /unknown driver capability: \w|unsupported capabilities found in '/,
    check: "verify.service",
    layer: "toolkit",
    message:
      "the service asks for a driver capability that the toolkit does not know, or its image allows none of those " +
      "asked for",
    fix: [
      manualFix(
        "Write NVIDIA_DRIVER_CAPABILITIES=compute,utility (others: graphics, video, display, ngx, compat32, all)",
      ),
      manualFix("If it is written so: update the toolkit"),
    ],
    source: "NVIDIA Container Toolkit; NVIDIA/nvidia-container-toolkit#51 (2023-02)",
  },
];
