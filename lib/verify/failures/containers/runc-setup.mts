import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const cgroups = guestFix("Check which version of cgroups is mounted (cgroup2fs: 2)", "stat -fc %T /sys/fs/cgroup");
const update = guestFix(
  "Update the engine and its runtime together",
  "sh -c 'apt-get update && apt-get install --only-upgrade -y docker-ce containerd.io'",
);

/** What runc refuses while it prepares a container: users, roots, kernels, control groups. */
export const runcSetupFailures = (): Failure[] =>
  rows({ layer: "docker", near: dockerWords, source: "opencontainers/runc 1.4 (libcontainer), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /cannot set[ug]id to unmapped [ug]id \d{1,10}|cannot set any additional groups in a rootless container/,
        /unable to setup user: operation not permitted/,
      ),
      "the service's user or group does not exist in a rootless (or user namespace) container: its number is outside " +
      "of the range of ids that the engine may use",
      "Choose a smaller number in user: and group_add:, or give the engine's user more ids in /etc/subuid and " +
      "/etc/subgid",
    ],
    [
      "verify.docker",
      "cause",
      /error jailing process inside rootfs: .{0,60}(?:pivot_root|invalid argument)/,
      "the root of this system is a RAM disk, from which containers cannot change their root (as in a live system or " +
      "an initramfs)",
      "Install the system to a disk; for tests: DOCKER_RAMDISK=true in the environment of docker.service",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /error mounting "(?:mqueue|devpts|overlay|fuse)" to rootfs .{0,160}no such device/,
        /(?:user|time) namespaces aren't enabled in the kernel|rootless containers? requires? user namespaces/,
      ),
      "the kernel lacks a part that containers need (POSIX message queues, user namespaces), or it is turned off",
      guestFix("Check whether user namespaces are allowed (0: no)", "sysctl user.max_user_namespaces"),
      "Use the distribution's own kernel instead of a reduced one",
    ],
    [
      "verify.service",
      "cause",
      /current working directory is safe|device access at \d field cannot be empty/,
      "the service's working directory is gone or a device of it has no permissions: working_dir:, a volume that was " +
      "replaced, or devices: with an empty third part",
      "Create the service again (docker compose up -d --force-recreate); write devices: SOURCE:TARGET:rwm",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /mountpoint for devices not found|this version of runc doesn't work on cgroups v2/,
        /systemd cgroup flag passed, but systemd support|cgroup\.controllers: no such file or directory/,
        /\/run\/systemd\/private: read: connection reset/,
      ),
      "the engine and the system's control groups do not fit: an old Docker with cgroup version 2, or no systemd " +
      "where the engine expects it",
      cgroups,
      update,
      'Without systemd: "exec-opts": ["native.cgroupdriver=cgroupfs"] in /etc/docker/daemon.json',
    ],
  ]);
