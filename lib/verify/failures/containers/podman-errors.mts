import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const podmanWords =
  /podman|podlet|quadlet|compose|crun|netavark|pasta|conmon|rootless|containers|libpod|storage|cgroupv2 manager|enable-linger/i;

/** Sentences of Podman, crun and netavark that no other table has, by topic. */
export const podmanErrorFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    near: podmanWords,
    source: "containers/podman, crun, netavark (their messages), read 2026-11",
  }, [
    [
      "guest.engine",
      "cause",
      anyOf(
        /could not find a working conmon binary|could not find "(?:netavark|pasta|aardvark-dns|slirp4netns|crun)"/,
        /could not find (?:pasta|slirp4netns), the network namespace/,
      ),
      "a helper program of Podman is missing or too old",
      guestFix("Install its helpers", "apt-get install -y conmon crun netavark aardvark-dns passt uidmap"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /BoltDB database (?:backend was removed in|exists but is no longer)|BoltDB database driver is in use/,
        /migration from BoltDB to SQLite failed|migrating database from BoltDB to SQLite: /,
      ),
      "Podman's list of containers is in the old form (BoltDB), which Podman 6 no longer reads",
      "Move it to the new one: podman system migrate --migrate-db, or reboot (Podman 5.8 and later)",
      "Remove database_backend from containers.conf, if it is there",
    ],
    [
      "verify.docker",
      "cause",
      /database \w{2,12} ?\w{0,12} "[^"]{0,160}" does not match our \w{2,12} ?\w{0,12} "|database configuration mismatch/,
      "Podman's storage has moved or changed (driver, folder), and its list of containers is of the earlier one",
      "Write the earlier values into storage.conf (driver, graphroot, runroot), as the message names them",
      "Only if no container, image or volume there is needed: podman system reset, which deletes all of them",
    ],
    [
      "guest.engine",
      "cause",
      /fork\/exec \S{0,60}(?:conmon|crun|runc|netavark|pasta|slirp4netns|newuidmap): permission denied/,
      "Podman is not allowed to start its helper program: SELinux refuses it (after an update of " +
      "container-selinux), or its file system is mounted without exec",
      guestFix("Check what SELinux refused", "ausearch -m avc -ts recent"),
      guestFix("Give the programs their labels again", "restorecon -RFv /usr/bin /usr/libexec/podman"),
      "If an update began it: update container-selinux again, or go back to the one before",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /cannot stat [`']\/dev\/(?:nvidia|dri|kfd)\S{0,20}[`']: No such file/,
        /stat \/dev\/(?:nvidia|kfd)\S{0,20}: no such file/,
      ),
      "the device of the card that the container asks for does not exist: the driver is not loaded, or has " +
      "another number of cards",
      guestFix("Check that the driver works, which creates its nodes", "nvidia-smi"),
      "Write the CDI specification again: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
    ],
    [
      "verify.docker",
      "cause",
      /pasta failed with exit code|slirp4netns failed|Failed to open\(\) \/dev\/net\/tun/,
      "the network program of rootless Podman (pasta) does not start: the tun device is missing, or an address is " +
      "taken",
      guestFix("Load the module", "modprobe tun"),
      "Or use the other program: podman run --network slirp4netns",
    ],
    [
      "verify.docker",
      "cause",
      /rootless netns: (?:mount|create|make|failed|bind|kill|open|error)/,
      "the network that Podman's rootless containers share could not be set up: /etc/resolv.conf leads to a file " +
      "that is missing, or an older Podman left a part of it",
      guestFix("Check where it leads", "ls -l /etc/resolv.conf"),
      guestFix("If into /run/systemd/resolve: see that its service runs", "systemctl status systemd-resolved"),
      "Then stop that user's containers, and restart the machine: the leftover is in RAM (/run/user)",
    ],
    [
      "verify.service",
      "cause",
      /rootlessport listen|cannot expose privileged port/,
      "without root, Podman is not allowed to open that port (below 1024), or it is taken",
      guestFix("Allow it", "sysctl -w net.ipv4.ip_unprivileged_port_start=80"),
      "Or publish a port above 1023",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /'overlay' is not supported over|backing file system is unsupported for this graph driver/,
        /database (?:static dir|configuration mismatch|graph driver)/,
      ),
      "Podman's storage does not fit: its folder is on a file system that overlay cannot use, or was moved or " +
      "made by another version",
      "Put its storage on ext4 or xfs, or use fuse-overlayfs; after a move: podman system reset deletes all its " +
      "images and containers",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /device must have a container path|invalid device (?:specification|mode|path):? .{0,40}(?:nvidia|amd)\.com\//,
        /(?:nvidia|amd)\.com\/gpu\S{0,20}: (?:no such file|not a device)|stat (?:nvidia|amd)\.com\/gpu/,
      ),
      "this program takes the CDI name of a GPU (nvidia.com/gpu=all) for a device path: it, or its engine, is too " +
      "old for CDI",
      "Use Podman 4.1, Docker 28.3 with Compose 2.30 or podman-compose, or later ones",
      "For a Quadlet write AddDevice=nvidia.com/gpu=all by hand",
    ],
    [
      "verify.docker",
      "cause",
      /sd-bus call: |systemd user session|enable lingering for the user/,
      "rootless Podman has no session of systemd: the user is not logged in, or was changed with su",
      guestFix("Let the user's services run without a login", "loginctl enable-linger USER"),
      "Log in over SSH or with machinectl shell rather than su",
    ],
    [
      "verify.service",
      "cause",
      /exec \/run\/podman-init failed/,
      "Podman's init program is not in the container, whose image starts one of its own (tini)",
      "Remove init: true (--init) from that service: one init program is enough; for others install catatonit",
    ],
    [
      "verify.docker",
      "cause",
      /unable to connect to Podman socket|Cannot connect to Podman/,
      "Podman's service, which docker and docker-compose connect to, does not run",
      guestFix("Start it", "systemctl enable --now podman.socket"),
      "Without root: systemctl --user enable --now podman.socket",
    ],
  ]),
];
