import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const storage = commandFix("Check where Podman keeps its files, and with which driver", "podman info");

/** Errors of hooks, of Podman and its runtimes that no other table has, by topic. */
export const podmanFailures = (): Failure[] => [
  ...rows({
    layer: "toolkit",
    source: "NVIDIA/nvidia-container-toolkit#14 (2022-02), NVIDIA/nvidia-docker#661 (2019-03)",
  }, [
    [
      "verify.service",
      "cause",
      /No help topic for '(?:prestart|create|configure|cdi)'|nvidia-container-cli\S{0,2}(?: configure)?: unrecognized option/,
      "the parts of NVIDIA's toolkit are of different releases: one calls another in a way that it does not know",
      guestFix(
        "Install all of them in one release",
        "apt-get install -y nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools " +
          "libnvidia-container1",
      ),
      manualFix("Remove older packages (nvidia-docker2, nvidia-container-runtime) and copies in /usr/local/bin"),
    ],
    [
      "verify.docker",
      "cause",
      /fork\/exec \S{1,80} \(deleted\): no such file/,
      "Docker was updated while it ran, and still calls its old program, which is gone",
      guestFix("Restart it", "systemctl restart docker"),
    ],
  ]),
  ...rows({
    layer: "toolkit",
    source: "containers/podman (its debug lines), Docker; jupyter/docker-stacks#2166 (2024-10)",
  }, [
    [
      "verify.service",
      "cause",
      /\bstat (?:gpu|gpus|nvidia)=\S{1,40}: no such file|Non-CDI device gpu=|"gpus?=(?:all|\d{1,2})": no such file/,
      "the GPU's name for CDI is not whole, so the engine takes it for the path of a device",
      "Write it with its maker: --device nvidia.com/gpu=all (or =0)",
      guestFix("Show the names that there are", "nvidia-ctk cdi list"),
    ],
  ]),
  ...rows({
    layer: "docker",
    near: /podman|crun|conmon|buildah|containers\/storage|libpod|OCI runtime/i,
    source: "containers/podman, read 2026-11; podman-container-tools/podman#25080 (2025-01)",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /containers\/storage\/\S{1,160}[`'"]?: Permission denied/,
        /(?:mkdir|chown|lsetxattr|open|stat) \S{0,60}\.local\/share\/containers\S{0,120}: (?:permission denied|operation not permitted)/,
        /error preparing rootfs: mount .{1,400}: permission denied|make [`']\S{1,200}merged[`'] private: Permission/,
        /jailing process inside rootfs caused .{0,12}permission denied/,
      ),
      "Podman is not allowed to use its own storage: a folder on its path has the wrong owner or permissions (as " +
      "after sudo podman), or its file system does not serve user namespaces (NFS, noexec, a home that others may " +
      "not enter)",
      storage,
      'Give your user the folder again (chown -R "$USER" ~/.local/share/containers), let others enter the home ' +
      "(chmod o+x), or move graphroot in ~/.config/containers/storage.conf to a local disk",
      commandFix("Last resort: remove all images, containers and volumes of this user", "podman system reset"),
    ],
  ]),
];
