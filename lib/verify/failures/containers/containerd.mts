import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const restart = guestFix("Restart both, in this order", "systemctl restart containerd docker");
const running = guestFix("Check which ones run", "pgrep -a containerd");
const log = guestFix("Read what containerd says", "journalctl -u containerd -b --no-pager -n 50");
/** containerd or Docker's daemon as the program that a line is from. */
const daemons = /\b(?:containerd|dockerd)\b/i;
const prune = "If the error remains: remove that image alone (docker image rm NAME) and pull it again";

/** Why containerd, on which Docker stands, does not start, and what it answers to Docker. */
export const containerdFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "containerd 2.2 (cmd/containerd, plugins/server), read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      /failed to get listener for [\w ]{3,24} endpoint: .{0,160}address already in use/,
      "another containerd has that socket: one is still running, or two are installed (the distribution's, Docker's, " +
      "the snap's)",
      running,
      "Stop the other one (systemctl stop containerd; snap stop docker), and keep one source of packages",
      restart,
    ],
    [
      "verify.service",
      "cause",
      /template: oci-hook:\d{1,3}: /,
      "the hook by which older releases of nerdctl and ctr give a container its GPU (--gpus) failed: newer ones use " +
      "CDI",
      "Update nerdctl, or ask for the GPU by CDI: nerdctl run --device nvidia.com/gpu=all",
      guestFix("First write the CDI specification", "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"),
    ],
    [
      "verify.docker",
      "cause",
      /unknown service runtime\.v1(?:alpha2)?\.(?:Runtime|Image)Service/,
      "containerd does not serve Kubernetes: its part for it (CRI) is turned off, as in Docker's package of " +
      "containerd " +
      "(disabled_plugins in config.toml), or its settings are of another version",
      guestFix("Show its settings", "grep -n -e version -e disabled_plugins /etc/containerd/config.toml"),
      'Take "cri" out of disabled_plugins there; then restart it: systemctl restart containerd',
    ],
    [
      "verify.docker",
      "cause",
      /waiting for response from boltdb open/,
      "containerd waits for its database (meta.db), which another containerd has open",
      running,
      "Stop the other one, or end a process that is left, by its id, then start containerd",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /panic: (?:freepages: failed to get|invalid freelist|page \d{1,12} already freed|assertion failed: Page expected)/,
        /failed to get all reachable pages|invalid freelist page/,
      ),
      "a database of containerd or Docker is damaged, as after a power loss or a full disk",
      guestFix("Show the disk's errors", "sh -c 'df -h /var/lib; dmesg --level err,warn'"),
      "Stop docker and containerd, and move that file away (BuildKit: /var/lib/docker/buildkit; containerd: " +
      "/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db, after which images need to be pulled again)",
    ],
    [
      "verify.docker",
      "note",
      /(?:skip loading|failed to load) plugin.{0,60}(?:io\.containerd\.snapshotter|devmapper|aufs|zfs|btrfs|blockfile|erofs)/,
      "containerd leaves out a file system that this machine does not have: Docker does not need it",
      "Nothing to do: look for another error",
    ],
    [
      "verify.docker",
      "note",
      anyOf(
        /failed to load cni during init/,
        /failed to change OOM score to -?\d{1,4}/,
        /containerd config version `?\d`? has been deprecated/,
      ),
      "containerd starts without a part that Kubernetes alone needs, or warns about an old form of its settings",
      "Docker and Podman: nothing to do; look for another error",
      "Kubernetes: install a network (CNI) for its pods",
    ],
  ]),
  ...rows({ layer: "docker", near: daemons, shared: true, source: "Go (runtime); moby/moby#34091 (2021-04)" }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /fatal: morestack on g0|traps: (?:containerd|dockerd)\[\d{1,8}\] (?:trap|general)/,
        /fatal error: (?:unexpected signal|found bad pointer|concurrent map|stack overflow|runtime: )|unexpected fault address 0x/,
      ),
      "containerd or Docker's daemon crashes: its program is damaged, has a fault, or does not fit this kernel or " +
      "CPU, or memory has faults",
      guestFix(
        "Install the newest release again",
        "sh -c 'apt-get update && apt-get install --reinstall -y containerd.io docker-ce'",
      ),
      log,
    ],
  ]),
  ...rows({ layer: "docker", source: "containerd 2.2 (core/runtime/v2, containerd-shim-runc-v2), read 2026-11" }, [
    [
      "guest.engine",
      "cause",
      /unsupported shim version \(\d\)/,
      "the containerd that runs is older than its shim on the disk: it was updated and not restarted, or an old copy " +
      "(/usr/local/bin, snap) comes first",
      restart,
      guestFix("List the copies", "sh -c 'which -a containerd containerd-shim-runc-v2; pgrep -a containerd'"),
      "Remove the copies that are not from the package, or bring both to one release",
    ],
    [
      "verify.docker",
      "cause",
      /create new shim socket|(?:listen unix|new shim socket).{0,80}\/run\/containerd\/s\/\w{4,80}: bind: address already in use/,
      "the shim of an earlier start of this container still runs",
      guestFix("List the shims with their container's id", "pgrep -af containerd-shim"),
      "End the one with that container's id, then start the container again; a reboot of the VM ends all",
    ],
    [
      "verify.docker",
      "cause",
      /invalid runtime name \S{1,120}, correct runtime name should be/,
      "the requested runtime (--runtime, runtime:, default-runtime) is not in Docker's configuration",
      guestFix("List those that it knows", "docker info --format '{{json .Runtimes}}'"),
      "NVIDIA's: nvidia-ctk runtime configure --runtime=docker, then restart Docker",
      "Otherwise remove runtime: from the service",
    ],
    [
      "verify.docker",
      "cause",
      /runtime "?io\.containerd\.(?:runtime\.v1\.linux|runc\.v1)"?|containerd-shim-(?:linux-v1|runc-v1)\b/,
      "the container or daemon.json names a kind of runtime (v1) that current releases of containerd do not have",
      "Create the container again (docker compose up -d --force-recreate), which gives it the current one",
      "Remove it from default-runtime and runtimes in /etc/docker/daemon.json, then restart Docker",
    ],
    [
      "verify.docker",
      "cause",
      /failed to adjust OOM score for shim|set shim OOM score/,
      "Docker is not allowed to set the priority of its processes here: it runs in an LXC container or a sandbox, " +
      "or rootless",
      "Run Docker in a VM; in LXC: turn nesting on (features: nesting=1), and use a current containerd",
      log,
    ],
    [
      "verify.docker",
      "cause",
      /failed to find a suitable socket directory for shim|unix socket path too long/,
      "containerd's folder for its state has too long a path for sockets",
      "Write a shorter one: state in /etc/containerd/config.toml, exec-root in daemon.json, or XDG_RUNTIME_DIR",
      log,
    ],
    [
      "verify.docker",
      "symptom",
      /failed to (?:create shim task|start shim|create task for container|start task)[^\n]{0,80}: context deadline exceeded/,
      "the start of the container took too long: a hook or the runtime hangs (a GPU that does not answer), or the " +
      "disk or CPU is overloaded",
      guestFix("Check whether the driver hangs", "sh -c 'timeout 20 nvidia-smi; dmesg --level err,warn'"),
      guestFix("Check the load", "uptime"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /io\.containerd\.runtime\.v2\.task\/\S{1,160}: file exists/,
        /Response from daemon: id already in use/,
      ),
      "containerd still has the files of an earlier start of this container",
      "Remove the container (docker rm -f NAME), then create it again",
      restart,
    ],
    [
      "verify.docker",
      "cause",
      /failed to mount rootfs component.{0,200}(?:no such device|invalid argument|operation not permitted|permission denied)/,
      "the container's layers cannot be put together (overlay): the folder of Docker or containerd is on a file " +
      "system without support for it, or the kernel lacks the module",
      guestFix(
        "Load the module, and see the folder's file system",
        "sh -c 'modprobe overlay; findmnt -T /var/lib/docker'",
      ),
      "Keep it on ext4 or XFS (not NFS, FUSE or another overlay); rootless: Linux 5.11 or later",
    ],
    [
      "verify.docker",
      "cause",
      /does not support d_type|without d_type support|mount options is too long/,
      "the folder of Docker's images cannot carry overlay: XFS was made without ftype=1, or an image has too many " +
      "layers",
      guestFix(
        "Check the file system: ftype=0 is the fault",
        "sh -c 'xfs_info $(findmnt -no TARGET -T /var/lib/docker)'",
      ),
      "Put it on a file system made with ftype=1 (or ext4); build an image of more than 120 layers with fewer steps",
    ],
  ]),
  ...rows({
    layer: "docker",
    near: new RegExp(`${dockerWords.source}|snapshot`, "i"),
    source: "containerd 2.2 (core/metadata, plugins/content), read 2026-11",
  }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /missing parent "\S{1,160}" bucket|failed to stat parent: stat \S{1,200}: no such file/,
        /target snapshot "\S{1,160}": already exists|failed to find snapshotter "/,
        /failed to prepare extraction snapshot .{0,200}does not exist/,
        /io\.containerd\.snapshotter\.v1\.\w{3,20}\/snapshots\/\S{1,80}: no such file/,
      ),
      "containerd's store of images is not whole: a pull was cut off, or its folder was cleaned by hand",
      restart,
      prune,
      guestFix("Show the disk's errors", "dmesg --level err,warn"),
    ],
    [
      "verify.docker",
      "cause",
      /resolves to executable in current directory/,
      "the engine or NVIDIA's runtime finds its helper only in the folder where it was started, which Go refuses " +
      "since release 1.19",
      "Update NVIDIA's Container Toolkit, containerd and k3s together",
      "Check that the folder with containerd-shim-runc-v2 and runc is in the service's PATH",
      restart,
    ],
    [
      "verify.service",
      "cause",
      /ref \S{1,120} locked for \S{1,20} \(since /,
      "another pull of the same layer is running, or one was cut off and holds it for a while",
      "Wait until it ends, then pull again",
      restart,
    ],
  ]),
];
