import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const near = new RegExp(`${dockerWords.source}|runc|crun`, "i");
const serviceLogs = guestFix("Read the services' logs", "docker compose logs --no-color --tail 50");
const restart = guestFix("Restart Docker and containerd", "systemctl restart containerd docker");
const kernel = guestFix("Read the kernel's lines", "dmesg --level err,warn");

/** Sentences of runc about a container that does not start, by topic. */
export const containerStartFailures = (): Failure[] =>
  rows({
    layer: "docker",
    near,
    source: "opencontainers/runc (libcontainer), moby/moby (daemon), read 2026-11",
  }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /mounting "(?:proc|sysfs|tmpfs|mqueue|devpts|cgroup)" to rootfs .{0,160}(?:permission denied|not permitted)/,
        /error during container init: .{0,60}\/proc\/\S{1,80}: (?:permission denied|read-only file system)/,
        /unable to apply caps: operation not permitted/,
      ),
      "Docker itself runs in a container (LXC) or without root, which does not allow what runc has to do for this " +
      "container",
      "LXC (Proxmox): set the features nesting=1 and keyctl=1 and update the host (lxc-pve), or run Docker in a VM",
      "If one service alone fails: remove its sysctls:, domainname: or privileged settings",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /error adding pid \d{1,10} to cgroups|failed to write \d{1,10}: .{0,80}cgroup\.procs/,
        /cgroup namespaces aren't enabled in the kernel|container's cgroup (?:is not empty|unexpectedly frozen)/,
        /rootless systemd driver doesn't support cgroup v1/,
      ),
      "the container could not be put into its control group: Docker's cgroup driver does not fit systemd, or " +
      "Docker itself runs in a container",
      guestFix("Show the driver and version of cgroups", "docker info --format '{{.CgroupDriver}} {{.CgroupVersion}}'"),
      "Use the systemd driver (native.cgroupdriver=systemd) with cgroups v2; in LXC: nesting=1 and keyctl=1",
      restart,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /error setting rlimits? (?:type \d{1,2}|for ready process)/,
        /error setting rlimit type \d{1,2}/,
      ),
      "the service asks for a higher limit (ulimits, such as memlock) than Docker itself has, as in rootless mode",
      "Lower ulimits: of that service, or raise the limits of Docker's own service (LimitMEMLOCK=infinity)",
    ],
    [
      "verify.docker",
      "cause",
      /unable to (?:join session keyring|create session key)|KeyctlJoinSessionKeyring: disk quota|create keyring .{1,80}: (?:Disk quota exceeded|Function not implemented)/,
      "the kernel gives the container no keyring: the user's quota of keys is used up, or the container around " +
      "Docker forbids keys",
      guestFix("Raise the quota", "sysctl -w kernel.keys.maxkeys=2000"),
      "Docker in LXC (Proxmox): set the features nesting=1 and keyctl=1",
      "Podman: it needs none with keyring = false below [containers] in containers.conf",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:failed to )?write sysctl (?:key )?"?\S{1,80} ?/,
        /sysctl "[^"]{1,80}" (?:is )?not (?:allowed in|in a separate)/,
        /sysctl "[^"]{1,80}" is not allowed/,
      ),
      "the service sets a kernel parameter (sysctls:) that a container is not allowed to set, or not with the " +
      "host's network",
      "Remove it from sysctls:, and set it in the VM instead (sysctl -w); net.* needs a network of the " +
      "container's own",
    ],
    [
      "host.memory",
      "cause",
      /OOM-killed \(memory limit too low|possibly OOM-killed\)/,
      "the memory limit of the service is too low even for its start",
      "Raise mem_limit: (or deploy.resources.limits.memory) of that service",
    ],
    [
      "verify.docker",
      "cause",
      /you have no read access to runc binary file/,
      "runc has no permission to read its own program file, which it copies at each start: " +
      "the file's mode or SELinux does not allow it",
      guestFix("Let every user read it", `sh -c 'chmod 755 "$(command -v runc)"'`),
      guestFix("Check what SELinux denied", "ausearch -m avc -ts recent"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /waiting for init preliminary setup|read init-p: connection reset/,
        /can't get final child's PID from pipe|error waiting for our first child to exit/,
        /container init did not signal execve readiness|error executing setns process/,
      ),
      "the container's first process ended while it was set up: no memory or processes left, or user " +
      "namespaces are " +
      "turned off",
      guestFix("Check the limit on user namespaces, which must not be 0", "sysctl user.max_user_namespaces"),
      "Raise the memory limit and pids_limit: of that service",
      kernel,
    ],
    [
      "guest.engine",
      "cause",
      anyOf(
        /\brunc did not terminate successfully/,
        /containerd-shim\S{0,20}": file does not exist/,
        /\brunc: symbol lookup error/,
      ),
      "the programs of Docker do not fit each other or the system: runc or containerd's shim is missing, or " +
      "needs a " +
      "newer library (libseccomp)",
      guestFix(
        "Update them together",
        "apt-get install --only-upgrade -y libseccomp2 containerd.io docker-ce docker-ce-cli",
      ),
      guestFix("Check whether runc runs", "runc --version"),
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /cannot exec in a (?:stopped|paused) container/,
        /\bContainer \S{1,70} is (?:restarting, wait until|paused, unpause)/,
        /Response from daemon: container \S{1,70} is not running/,
        /cannot join network namespace of a non running container/,
      ),
      "the container does not run (it ended, restarts or is paused), so nothing can be started in it or join it",
      guestFix("List the services and how they ended", "docker compose ps --all"),
      serviceLogs,
    ],
    [
      "verify.docker",
      "cause",
      /dial unix \/(?:var\/)?run\/containerd\/s\/\S{20,80}: connect: (?:connection refused|no such file)/,
      "the container's shim, by which containerd runs it, ended or never listened: it was killed, or containerd and " +
      "its shim are of two releases",
      restart,
      kernel,
      guestFix("Check that both are of one release", "sh -c 'containerd --version; containerd-shim-runc-v2 -v'"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /container with given ID already exists|removal of container \S{1,70} is already in progress/,
        /\btask \S{12,70}: already exists|task \S{12,70} already exists/,
      ),
      "something of an earlier container of that id is left over in containerd",
      "Remove the container (docker rm -f NAME), then create it again",
      restart,
    ],
    [
      "verify.docker",
      "cause",
      /failed to set MOUNT_ATTR_IDMAP|idmap(?:ped)? mounts .{0,40}not supported/,
      "the file system of a volume cannot be mounted with other user ids (idmapped), as user namespaces need it",
      "Put the volume on ext4, xfs or btrfs, or turn userns-remap (user namespaces) off for that service",
    ],
    [
      "verify.docker",
      "cause",
      /reopen(?:ing)? \/dev\/null|container's \/dev\/null is invalid/,
      "/dev/null of the container is not a device node: a file took its place, or the container around Docker " +
      "forbids devices",
      guestFix("Check that it is a device (crw-rw-rw-)", "ls -l /dev/null"),
      "If it is a file: reboot the VM, which creates the node again; look for a volume or script that writes to it",
    ],
    [
      "verify.docker",
      "cause",
      /unable to create safe \/proc\/self\/exe clone|create executable memfd/,
      "runc cannot make its protected copy: no memory is left, or the kernel forbids programs in memory " +
      "(vm.memfd_noexec)",
      guestFix("Check the setting, which must be 0 or 1", "sysctl vm.memfd_noexec"),
      guestFix("Check what memory is free", "free -h"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /unable to apply (?:caps(?!: operation)|bounding set)|can't (?:apply capabilities|raise ambient capability)/,
        /unknown capability: "|capability not supported by your kernel/,
      ),
      "the service asks for a capability (cap_add:) that does not exist, or that Docker itself does not have",
      "Correct cap_add: of that service; a GPU needs none",
    ],
    [
      "verify.service",
      "cause",
      /current working directory is outside of container mount namespace/,
      "runc refuses the working folder: it was removed while the container runs, or the image points it outside",
      "Create the container again, or name another folder: docker exec -w /",
    ],
  ]);
