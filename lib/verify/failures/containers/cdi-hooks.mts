import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { toolkitPackages, writeCdi } from "../fixes.mts";
import { rows } from "../rows.mts";

const mode = guestFix("Show the toolkit's mode", "grep -n mode /etc/nvidia-container-runtime/config.toml");

/** What the toolkit's hooks and runtime print when they prepare a container. */
export const cdiHookFailures = (): Failure[] =>
  rows({ layer: "toolkit", source: "NVIDIA/nvidia-container-toolkit 1.19 (cmd, internal), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /createContainer hook #\d{1,2}.{0,200}(?:No help topic for|flag provided but not defined|Incorrect Usage)/,
      ),
      "the CDI specification calls the toolkit's hook in a way that its release does not know: it was written by " +
      "another release",
      ...writeCdi,
      toolkitPackages,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to create symlinks?: .{0,300}(?:permission denied|read-only file system|operation not permitted)/,
        /error updating ldcache: .{0,200}(?:operation not permitted|permission denied|read-only)/,
      ),
      "the toolkit's hook is not allowed to write the driver's links into the container: the engine is rootless or " +
      "in a container, SELinux forbids it, or the image's file system is read-only",
      "Remove read_only: true from that service; SELinux: security_opt: [label=disable]",
      "In LXC: turn nesting on, or run the engine in a VM",
    ],
    [
      "verify.service",
      "cause",
      /could not decode OCI spec: |cannot unmarshal \w{3,9} into Go struct field Process\.process\./,
      "the engine and the toolkit do not understand each other's description of a container: the engine (or runc) is " +
      "years older than the toolkit",
      "Install a current Docker from Docker's own repository, rather than an old one of the distribution",
      toolkitPackages,
    ],
    [
      "verify.service",
      "cause",
      /fork\/exec \S{1,60}nvidia-container-runtime\S{0,8}: no such file/,
      "the engine (Docker, containerd, k3s) has a runtime nvidia whose program is not where its settings say: the " +
      "toolkit was removed, or those are of the GPU Operator (/usr/local/nvidia/toolkit)",
      toolkitPackages,
      guestFix("Register it with Docker", "nvidia-ctk runtime configure --runtime=docker"),
      "k3s finds the toolkit in /usr/bin by itself when it starts (systemctl restart k3s); a file " +
      "config.toml.tmpl with the old path has to go",
    ],
    [
      "verify.service",
      "cause",
      /no CDI device driver registered/,
      "the container asks for its GPU by CDI, which this Docker does not have or has turned off",
      'Docker 25 to 28.2: write {"features": {"cdi": true}} into /etc/docker/daemon.json, then restart Docker',
      ...writeCdi,
    ],
    [
      "verify.service",
      "cause",
      /failed to update params file|\/proc\/driver\/nvidia\/params: no such file/,
      "the toolkit's hook does not find the driver's settings in /proc: NVIDIA's module is no longer loaded",
      guestFix("Check that the driver works", "nvidia-smi"),
      ...writeCdi,
    ],
    [
      "verify.service",
      "cause",
      /vendor 'runtime\.nvidia\.com' is not supported when requesting other CDI devices/,
      "the container asks for its GPU twice: by runtime: nvidia (NVIDIA_VISIBLE_DEVICES) and by CDI names",
      "Keep one: remove runtime: nvidia and NVIDIA_VISIBLE_DEVICES, or the nvidia.com/gpu=… devices",
    ],
    [
      "verify.service",
      "cause",
      /invalid runtime mode: |invalid mode "?\w{1,20}"? ?(?:for|$|:)/,
      "the toolkit's mode is none that it knows (auto, legacy, cdi, csv)",
      mode,
      guestFix("Set it back", "nvidia-ctk config --in-place --set nvidia-container-runtime.mode=auto"),
    ],
    [
      "verify.service",
      "cause",
      /Ignoring devices requested by environment variable\(s\) in unprivileged container/,
      "the toolkit ignores NVIDIA_VISIBLE_DEVICES of containers that are not privileged: it is set so",
      "Ask for the GPU by --gpus all (Compose: a reservation of devices) or by CDI",
      guestFix("Show the setting", "grep -n accept-nvidia /etc/nvidia-container-runtime/config.toml"),
    ],
    [
      "guest.cuda",
      "cause",
      /unsatisfied condition: (?:\(?)brand ?(?:=|!=|<|>)/,
      "the image allows newer CUDA on data-center cards only (brand=tesla), and this card is not one: the driver is " +
      "too old for the image",
      "Use a newer driver branch (driver:), or an image with an older CUDA",
      "Or have it not checked, at your own risk: NVIDIA_DISABLE_REQUIRE=1 in the service's environment",
    ],
    [
      "verify.service",
      "cause",
      /can't find device cgroup path/,
      "the toolkit does not find the container's control group for devices: cgroups are mounted in a way it does not " +
      "know (LXC, cgroup version 1 and 2 mixed)",
      guestFix("Check how they are mounted", "mount -t cgroup,cgroup2"),
      guestFix(
        "In LXC or rootless: leave the rules alone",
        "nvidia-ctk config --in-place --set nvidia-container-cli.no-cgroups",
      ),
    ],
  ]);
