import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix, toolkit } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { writeCdi } from "../fixes.mts";

/** Errors of runc, crun, CDI and NVIDIA's runtime when a container starts. */
export const containerRuntimeFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /fork\/exec \S{0,80}nvidia-(?:cdi-hook|ctk): no such file/,
      /nvidia-cdi-hook \S{1,40} failed: /,
      /error executing hook `?\S{0,160}nvidia-c(?:di-hook|tk)|nvidia-cdi-hook\S{0,4}:? .{0,80}(?:error|fail)/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message:
      "the program that the CDI specification runs (nvidia-cdi-hook) is missing or fails: the specification is " +
      "older than the toolkit, or the toolkit is damaged",
    fix: [
      ...writeCdi,
      guestFix(
        "If the error remains: install the toolkit again",
        "apt-get install --reinstall -y nvidia-container-toolkit-base",
      ),
      manualFix(
        "If the container mounts the machine's /dev (--volume /dev:/dev): leave that out, or update the toolkit",
      ),
    ],
    source: "runc and crun with CDI; NixOS/nixpkgs#338511 (2025-01)",
  },
  {
    pattern: anyOf(
      /nvidia-container-runtime did not terminate suc{1,2}essfully/,
      /json: cannot unmarshal \S{1,12} into Go struct field Process\.capabilities/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message: "NVIDIA's runtime itself failed: its installation is incomplete, or its configuration is wrong",
    fix: [
      guestFix("Start it by hand, and read its error", "nvidia-container-runtime --version"),
      guestFix("Read its configuration", "grep -v '^#' /etc/nvidia-container-runtime/config.toml"),
      ...toolkit,
    ],
    source: "containerd, as Docker shows it, read 2026-11",
  },
  {
    pattern: /error executing hook `\S{0,60}nvidia-container-(?:runtime-hook|toolkit|cli)/,
    check: "verify.service",
    strength: "symptom",
    layer: "toolkit",
    message: "Podman ran NVIDIA's old OCI hook, which failed: with Podman, GPUs are handed over by CDI",
    fix: [
      manualFix("Remove /usr/share/containers/oci/hooks.d/oci-nvidia-hook.json", { root: true }),
      ...writeCdi,
      manualFix("Then use --device nvidia.com/gpu=all"),
    ],
    source: "crun, as Podman shows it, read 2026-11",
  },
  {
    pattern: anyOf(
      /(?:exec: "nvidia-smi": |executable file `?nvidia-smi`? |nvidia-smi: )(?:executable file )?not found/,
      /exec: nvidia-smi: not found/,
    ),
    check: "verify.service",
    layer: "docker",
    message: "the container got no GPU: nvidia-smi is in no image, NVIDIA's toolkit adds it together with the GPU",
    fix: [
      manualFix("Write gpu: 1 (or all) for that service"),
      manualFix("While an image is built (RUN) there is no GPU: run it when the container starts"),
      manualFix("With Podman: --device nvidia.com/gpu=all, since it ignores --gpus before 5"),
      ...toolkit,
    ],
    source: "runc and crun, as Docker and Podman show it; NVIDIA/nvidia-container-runtime#190 (2023-07)",
  },
  {
    pattern: anyOf(
      /The NVIDIA LXC hook couldn't be found|The NVIDIA container tools couldn't be found/,
      /Card isn't a NVIDIA GPU or driver isn't properly setup/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message:
      "Incus or LXD is to give NVIDIA's driver to the container, and on its own system the driver, or the part " +
      "of NVIDIA's toolkit that does it, is missing",
    fix: [
      commandFix("Check the driver there", "nvidia-smi", { root: true }),
      manualFix("Install libnvidia-container-tools there, and LXC's hook (package lxc or incus; LXD's snap has it)"),
      manualFix("Or install the same driver release in the container, and set nvidia.runtime=false"),
    ],
    source: "lxc/incus (internal/server, driver_lxc.go, gpu_mig.go), read 2026-11",
  },
  {
    pattern: /lxc_setup:\d{1,5} - Failed to run mount hooks|Failed to run: \S{1,80} forkstart \S/,
    near: /\blxc|incus|lxd/i,
    check: "verify.service",
    layer: "toolkit",
    message:
      "LXC (Incus, LXD) could not prepare the container: most often a hook of it failed, with nvidia.runtime=true " +
      "NVIDIA's, which needs a driver that answers and a toolkit that is as new as the driver",
    fix: [
      commandFix(
        "Check what NVIDIA's part says, outside of the container",
        "nvidia-container-cli -k -d /dev/tty info",
        {
          root: true,
        },
      ),
      manualFix("Driver 580 and later: update libnvidia-container to 1.17.8 or later; Incus 6.11: update it too"),
      manualFix("To see that it is the GPU: set nvidia.runtime=false and start it"),
    ],
    source: "LXC (src/lxc/conf.c), Incus; lxc/incus#2397 (2025-08), zabbly/incus#81 (2025-04)",
  },
  {
    pattern: anyOf(
      /failed to stat CDI host device|failed to inject devices: failed to stat/,
      /custom device "\/dev\/nvidia\S{0,20}": no such file/,
      /error stat'ing file ['`]\/dev\/nvidia[\w-]{0,24}['`]: No such file/,
    ),
    check: "verify.service",
    layer: "toolkit",
    message:
      "a device node of the GPU that the container asks for does not exist: the CDI specification is stale, or the " +
      "driver is not loaded",
    fix: [
      guestFix("Check that the driver works, which creates its nodes", "nvidia-smi"),
      ...writeCdi.slice(1),
      guestFix("Create the nodes of CUDA", "nvidia-modprobe -u -c=0"),
    ],
    source: "Podman, Docker; NVIDIA/nvidia-container-toolkit#885 (2025-01)",
  },
  {
    pattern: /find runc path: |no runtime binary found from candidate list/,
    check: "verify.service",
    layer: "toolkit",
    message: "NVIDIA's runtime does not find runc or crun, to which it passes the container on",
    fix: [
      guestFix("Check which one exists", "sh -c 'command -v runc crun'"),
      guestFix("Install runc", "apt-get install -y runc"),
      manualFix("Or write its path into runtimes of /etc/nvidia-container-runtime/config.toml"),
    ],
    source: "nvidia-container-runtime; containers/podman#5711 (2020-04)",
  },
  {
    pattern: /crun: read status from sync socket/,
    check: "verify.service",
    layer: "toolkit",
    message: "crun crashed while it set the container up: some releases do on CDI mounts in a joined user namespace",
    fix: [
      manualFix("Update crun"),
      manualFix("Until then: use runc (podman --runtime runc), or do not join another container's namespace"),
    ],
    source: "crun; containers/crun#1948 (2026-08)",
  },
  {
    pattern: /error running (?:createContainer |prestart |startContainer )?hook|OCI runtime create failed: /,
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    fallback: true,
    message: "the container could not be started, for the reason after the last colon",
    fix: [
      guestFix("Check whether a container starts without a GPU", "docker run --rm hello-world"),
      guestFix("Check that the driver works", "nvidia-smi"),
    ],
    source: "runc, as Docker shows it, read 2026-11",
  },
  {
    pattern: /error creating device nodes: /,
    check: "verify.service",
    layer: "toolkit",
    message: "the runtime is not allowed to create device nodes: a rootless container was given to NVIDIA's " +
      "runtime or to runc",
    fix: [
      ...writeCdi,
      manualFix("With rootless Podman: no --runtime, and --device nvidia.com/gpu=all alone"),
      manualFix("Give no other device (--device /dev/dri) with it: the CDI specification has them"),
    ],
    source: "runc; NVIDIA/nvidia-container-toolkit#1151 (2025-06)",
  },
  {
    pattern: /crun: fsopen_mount \S{1,20}: Function not implemented/,
    check: "verify.service",
    layer: "kernel",
    message:
      "this crun uses calls of the kernel that are missing or forbidden here (older than Linux 5.2, or a filter)",
    fix: [
      manualFix("Use the distribution's own crun, or runc (podman --runtime runc), and a current kernel"),
    ],
    source: "crun; containers/crun#2070 (2026-04), mmartial/ComfyUI-Nvidia-Docker#86 (2025-11)",
  },
];
