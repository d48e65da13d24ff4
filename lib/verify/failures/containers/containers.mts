import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { dockerWords, driverWorksOutside, lxc, toolkitPackages } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const daemonLog = guestFix("Read why", "journalctl -u docker -u containerd -b --no-pager -n 50");
const mounts = "Correct the path in volumes:, or create the file before the service starts";

/** Errors of runc and dockerd, by topic. */
export const containerFailures = (): Failure[] => [
  ...rows({ layer: "docker", near: dockerWords, source: "opencontainers/runc, moby/moby, read 2026-11" }, [
    [
      "host.virtualization",
      "cause",
      /custom device .{1,3}\/dev\/kvm/,
      "the container asks for KVM, and this machine has no /dev/kvm: virtualization is off in the firmware, its " +
      "module is not loaded, or this is a VM without nested virtualization (Docker Desktop on a Mac)",
      commandFix("Load it, and see whether it is there", "sh -c 'modprobe -a kvm_intel kvm_amd; ls -l /dev/kvm'", {
        root: true,
      }),
      "Turn on VT-x or SVM in the firmware's setup; in a VM, nested virtualization in the outer one",
    ],
    [
      "verify.service",
      "cause",
      /error gathering device information while adding custom device/,
      "a device that the service asks for (devices:) does not exist in this machine",
      guestFix("List the devices", "sh -c 'ls -l /dev/dri /dev/kfd /dev/nvidia*'"),
      "Load the driver that creates it, or remove it from devices:",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Are you trying to mount a directory onto a file/,
        /error mounting "[^"]{1,200}" to rootfs at .{0,300}not a directory/,
      ),
      "a volume mounts a folder where the image has a file, or the other way round: Docker creates a missing " +
      "source as a folder",
      mounts,
    ],
    [
      "verify.docker",
      "cause",
      /error mounting "(?:proc|sysfs|cgroup|devpts|mqueue)" to rootfs at .{0,300}(?:permission denied|operation not permitted)/,
      "the engine runs in a container (LXC) that is not allowed to mount the kernel's file systems: nesting is off",
      lxc,
      "Proxmox: pct set ID --features nesting=1, then stop and start that container",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /error mounting "[^"]{1,200}" to rootfs at .{0,300}(?:no such file|permission denied|operation not permitted|read-only)/,
      ),
      "a mount of the container could not be made: its source is gone, or cannot be read there",
      mounts,
      lxc,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:open|mknod|stat|access) ['"`]?\/dev\/(?:nvidia|dri|kfd)\S{0,24}:? (?:Operation not permitted|Permission denied)/,
      ),
      "the container is not allowed to open the GPU's device nodes: rootless, SELinux, or an unprivileged LXC " +
      "container",
      "Podman: --security-opt label=disable and --group-add keep-groups",
      lxc,
    ],
    [
      "verify.docker",
      "cause",
      /netavark: .{0,80}(?:Netlink error|iptables|nftables|create bridge|failed to)/,
      "Podman could not make its network: the kernel lacks modules for it, or the firewall's program is missing",
      "Reboot into the installed kernel, and install nftables or iptables",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /overlayfs: upper fs does not support|fs type: overlay\S{0,4}: invalid argument|failed to mount overlay: /,
        /overlayfs: (?:maximum fs stacking depth|filesystem on .{0,60}not supported)/,
      ),
      "the engine's folder is on a file system that overlay cannot use (another overlay, NFS, FUSE, ZFS before " +
      "2.2, as in an LXC container or with a bound folder)",
      guestFix("Check which it is", "df -hT /var/lib/docker /var/lib/containerd"),
      "Put it on ext4 or xfs (data-root in /etc/docker/daemon.json), or run Docker in a VM",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /failed to register layer|ApplyLayer exit status|error committing .{0,60}layer/,
      ),
      "the engine could not store a layer of the image: the disk is full, the download damaged, or user ids are " +
      "missing",
      guestFix("Check the free space", "df -h /var/lib/docker"),
      "Rootless: give the user ids in /etc/subuid and /etc/subgid",
    ],
    [
      "verify.service",
      "cause",
      /unable to find user \S{1,60}: no matching entries|no matching entries in passwd file/,
      "the image has no user of that name",
      "Correct user: of that service, or write numbers (1000:1000)",
    ],
  ]),
  ...rows({ layer: "kernel", near: dockerWords, source: "opencontainers/runc, moby/moby, read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /error setting cgroup config|unable to apply cgroup configuration|Devices cgroup isn't mounted/,
        /failed to (?:write|open|mkdir) \S{0,30}\/sys\/fs\/cgroup|cannot enter cgroupv2/,
      ),
      "the engine could not set the container's control groups: they are not mounted or delegated here, or its " +
      "driver (systemd, cgroupfs) is wrong",
      "In an LXC container, allow nesting; with rootless engines, delegate the controllers to the user",
      daemonLog,
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /(?:error adding|unable to init|error loading|failed to load) seccomp/,
        /seccomp: config provided but seccomp not supported/,
      ),
      "the engine's system call filter does not fit the kernel or its libseccomp",
      "Update runc and libseccomp together, or reboot into the updated kernel",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /error initializing graphdriver|prior storage driver \S{1,20} failed|error creating overlay mount/,
        /failed to mount .{0,200}fstype: overlay|overlayfs: .{0,80}not supported/,
      ),
      "Docker's storage driver does not work on this file system or kernel (overlay on ZFS, in LXC, or without its " +
      "module)",
      daemonLog,
      "Put /var/lib/docker on ext4 or XFS, or load the module overlay",
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "moby/moby, read 2026-11" }, [
    [
      "verify.docker",
      "symptom",
      /docker\.sock: .{0,60}(?:reset by peer|EOF|broken pipe)/,
      "Docker's daemon ended while it was asked",
      daemonLog,
    ],
    [
      "verify.service",
      "cause",
      /error running hook.{0,60}signal: \w{4,20}/,
      "NVIDIA's hook crashed or was ended: the toolkit does not fit the driver, or memory ran out",
      driverWorksOutside,
      toolkitPackages,
    ],
    [
      "verify.service",
      "fallback",
      /docker-compose\S{0,40}\.service: Failed with|service managed by Docker Compose/,
      "the systemd unit that starts the services failed; its lines above say why",
      daemonLog,
    ],
    [
      "verify.docker",
      "cause",
      /pid file found, ensure docker is not running|process with PID \d{1,8} is still running/,
      "another dockerd runs already, or an old one left its pid file",
      guestFix("Check which ones run", "pgrep -a dockerd"),
    ],
    [
      "verify.docker",
      "cause",
      /containerd did not exit/,
      "the containerd that dockerd starts ended by itself: its program is damaged or does not fit, or its folder is",
      guestFix("Check that its program works", "containerd --version"),
      guestFix("Install it again", "apt-get install --reinstall -y containerd.io docker-ce"),
      daemonLog,
    ],
    [
      "verify.docker",
      "cause",
      /(?:docker|containerd|podman)\.service: [Ss]tart operation timed out/,
      "the engine was not ready in the time that systemd gives it: the machine was busy, or it waits for the " +
      "network, a disk or many containers",
      daemonLog,
      "Start it again; if it stays so slow: systemctl edit docker, with [Service] and TimeoutStartSec=infinity",
    ],
    [
      "verify.docker",
      "symptom",
      /(?:code = Unavailable desc = connection error|[Ff]ailed ?[Cc]reate ?[Pp]od ?[Ss]andbox).{0,120}containerd\.sock/,
      "containerd did not answer at that moment: it was restarted, or does not run",
      guestFix("Check whether it runs", "systemctl status containerd"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /failed to dial "?\/\S{0,60}containerd|Failed to connect to containerd: |timeout waiting for containerd/,
        /(?<!code = Unavailable desc = )connection error: .{0,60}containerd\.sock/,
      ),
      "Docker does not reach containerd, which does not run or answers too slowly",
      guestFix("Find out why", "systemctl status containerd"),
      daemonLog,
    ],
    [
      "verify.docker",
      "cause",
      /no sockets found via socket activation/,
      "dockerd was started by hand with the options of its unit, or docker.socket does not run",
      guestFix("Start it by its unit", "systemctl start docker.socket docker"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /error creating default "bridge" network|bridge IPv4 .{0,60}does not match requested/,
        /cannot create network \S{1,80} \(\S{1,20}\): conflicts with network(?!.{0,60}networks have overlapping)/,
      ),
      "Docker's bridge conflicts with an address or a bridge of this machine",
      "Remove the stale bridge (ip link delete docker0) with Docker stopped, or set bip in daemon.json",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /driver failed programming external connectivity|Error starting userland proxy/,
        /failed to set up container networking: .{0,120}port/,
      ),
      "Docker could not forward a port of the service: it is in use, or Docker's firewall rules are gone",
      guestFix("Check what listens", "ss -ltnp"),
      guestFix("Write Docker's rules again", "systemctl restart docker"),
    ],
    [
      "verify.docker",
      "fallback",
      /failed to start daemon|Error starting daemon|Failed to start Docker Application Container Engine/,
      "Docker's daemon does not start, for the reason after the last colon",
      daemonLog,
    ],
  ]),
];
