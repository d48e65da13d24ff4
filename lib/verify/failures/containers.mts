import type { Failure } from "./types.mts";
import { guestFix } from "../../fixes.mts";
import { dockerWords, nvidiaWords, registerRuntime, writeCdi } from "./fixes.mts";
import { anyOf } from "../../text.mts";
import { rows } from "./rows.mts";

const daemonLog = guestFix("Read why", "journalctl -u docker -u containerd -b --no-pager -n 50");
const lxc = "In an LXC container: bind the driver's files and devices in, allow nesting, and use CDI; or use a VM";
const smi = guestFix("See that the driver works outside of containers", "nvidia-smi");
const toolkitPackages = guestFix(
  "Install the toolkit's packages again, in one version",
  "apt-get install --reinstall -y nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools libnvidia-container1",
);
/** Words of NVIDIA's toolkit, of CDI, and of what asks them for a GPU. */
const toolkitWords = new RegExp(`${nvidiaWords.source}|\\bcdi\\b|containerd`, "i");
const mounts = "Correct the path in volumes:, or create the file before the service starts";

/** Errors of NVIDIA's toolkit, CDI, Kubernetes' device plugin, runc and dockerd, by topic. */
export const containerFailures: Failure[] = [
  ...rows({
    layer: "toolkit",
    near: toolkitWords,
    source: "NVIDIA/nvidia-container-toolkit, libnvidia-container, read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /mount error: (?:mount operation|file creation|open|stat) failed: .{1,200}: (?:operation not permitted|permission denied|read-only file system)/,
      ),
      "the toolkit may not mount the driver's files into the container: rootless, unprivileged LXC, or a read-only system",
      lxc,
      ...writeCdi,
    ],
    [
      "guest.driver",
      "cause",
      /mount error: (?:stat|open) failed: \S{1,160}: no such file/,
      "a file or device of the driver that the toolkit wants to mount does not exist: the driver is incomplete, or was updated",
      smi,
      "Install the driver's packages again in one release, then restart Docker",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /nvidia-c\S{2,30}: (?:error while loading shared libraries|symbol lookup error)/,
        /libnvidia-container\S{0,20}: cannot open shared object/,
      ),
      "the toolkit's packages do not fit together, or one is missing",
      toolkitPackages,
    ],
    [
      "verify.service",
      "cause",
      /conflicting device "?[\w.-]{1,40}\/[\w.-]{1,40}=\S{1,60} \(specs/,
      "two CDI specifications name the same device (/etc/cdi and /var/run/cdi)",
      guestFix("See both", "ls -l /etc/cdi /var/run/cdi"),
      "Remove the older one, or turn nvidia-cdi-refresh off",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to (?:parse|read|load|unmarshal) CDI Spec|invalid CDI Spec|Spec validation failed/,
        /invalid CDI device name|unqualified device/,
      ),
      "a CDI specification is damaged or newer than the engine understands, or the device's name is not VENDOR/CLASS=NAME",
      "Write the name as nvidia.com/gpu=all",
      ...writeCdi,
      "If the engine is old (Podman 4, Docker 25): update it",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /failed to (?:get|determine) driver version|failed to locate (?:libcuda|driver)/,
        /error locating "?lib(?:cuda|nvidia)|could not determine driver version: (?!libnvsandboxutils)/,
      ),
      "the toolkit does not find the driver's libraries: the driver is not installed on this machine, or elsewhere than usual",
      smi,
      "Install the driver's libraries too, not the module alone; for a driver elsewhere, set its root (--driver-root)",
    ],
    [
      "verify.service",
      "note",
      anyOf(
        /Could not locate \S{1,80}: pattern \S{1,80} not found|Failed to evaluate symlink/,
        /Ignoring error in locating lib\S{1,60}|level=warning msg="?(?:Could not locate|Missing) /,
      ),
      "a warning of nvidia-ctk: an optional file of the driver is not there, which harms nothing",
      guestFix("List the devices that the specification names", "nvidia-ctk cdi list"),
    ],
    [
      "verify.service",
      "cause",
      /insufficient privileges to read device list|in unprivileged container/,
      "the toolkit is set to ignore NVIDIA_VISIBLE_DEVICES of unprivileged containers",
      "Ask for the GPU by a device reservation or by CDI instead of the variable",
    ],
    [
      "verify.service",
      "cause",
      /no runtime for "nvidia" is configured|RuntimeHandler "nvidia" not supported/,
      "containerd (Kubernetes) has no runtime named nvidia",
      guestFix("Register it", "nvidia-ctk runtime configure --runtime=containerd"),
      guestFix("Restart containerd", "systemctl restart containerd"),
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /Insufficient nvidia\.com\/gpu|Incompatible (?:platform|strategy) detected|Detected non-NVML platform/,
        /Failed to created? FS watcher|If this is not a GPU node/,
      ),
      "Kubernetes' device plugin sees no GPU on this node: no driver or no NVIDIA runtime for its own container",
      smi,
      "Make the NVIDIA runtime containerd's default, or set the plugin's runtimeClassName: nvidia",
    ],
  ]),
  ...rows({
    layer: "toolkit",
    near: nvidiaWords,
    source: "NVIDIA/nvidia-container-toolkit, read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:unable|failed) to (?:load|open|read|parse) (?:toolkit )?config(?! space)|error loading config/,
        /config\.toml: .{0,60}(?:no such file|permission denied|expected)/,
      ),
      "the toolkit cannot read its configuration (/etc/nvidia-container-runtime/config.toml)",
      guestFix("Write a new one", "nvidia-ctk config --in-place"),
      ...registerRuntime,
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /could not apply required modification to OCI|error modifying OCI spec/,
        /failed to construct OCI spec modifier|failed to create NVIDIA Container Runtime/,
        /nvidia-container-runtime\S{0,8}:? .{0,60}(?:error|fail)/,
      ),
      "NVIDIA's runtime could not add the GPU to the container, for the reason behind the last colon",
      smi,
      ...writeCdi,
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /CDI device injection failed|failed to inject CDI devices|CDI registry initialization failure/,
        /nvidia-ctk\S{0,8}:? .{0,80}(?:error|fail)/,
      ),
      "the engine could not add the CDI devices, for the reason behind the last colon",
      ...writeCdi,
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "opencontainers/runc, moby/moby, read 2026-11" }, [
    [
      "verify.service",
      "cause",
      /error gathering device information while adding custom device/,
      "a device that the service asks for (devices:) does not exist in this machine",
      guestFix("See which devices there are", "sh -c 'ls -l /dev/dri /dev/kfd /dev/nvidia*'"),
      "Load the driver that creates it, or remove it from devices:",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Are you trying to mount a directory onto a file/,
        /error mounting "[^"]{1,200}" to rootfs at .{0,300}not a directory/,
      ),
      "a volume mounts a folder where the image has a file, or the other way round: Docker creates a missing source as a folder",
      mounts,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /error mounting "[^"]{1,200}" to rootfs at .{0,300}(?:no such file|permission denied|operation not permitted|read-only)/,
      ),
      "a mount of the container could not be made: its source is gone, or may not be read there",
      mounts,
      lxc,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:open|mknod|stat|access) ['"`]?\/dev\/(?:nvidia|dri|kfd)\S{0,24}:? (?:Operation not permitted|Permission denied)/,
      ),
      "the container may not open the GPU's device nodes: rootless, SELinux, or an unprivileged LXC container",
      "Podman: --security-opt label=disable and --group-add keep-groups",
      lxc,
    ],
    [
      "verify.service",
      "cause",
      /rootlessport cannot expose privileged port/,
      "rootless engines may not use ports below 1024",
      "Use a higher port, or set net.ipv4.ip_unprivileged_port_start",
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
        /failed to register layer|ApplyLayer exit status|error committing .{0,60}layer/,
        /potentially insufficient UIDs or GIDs/,
      ),
      "the engine could not store a layer of the image: the disk is full, the download damaged, or user ids are missing",
      guestFix("See the free space", "df -h /var/lib/docker"),
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
      "the engine could not set the container's control groups: they are not mounted or delegated here, or its driver (systemd, cgroupfs) is wrong",
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
      "Docker's storage driver does not work on this file system or kernel (overlay on ZFS, in LXC, or without its module)",
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
      smi,
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
      guestFix("See which run", "pgrep -a dockerd"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /failed to dial "?\/run\/containerd|timeout waiting for containerd|containerd did not exit/,
        /connection error: .{0,60}containerd\.sock/,
      ),
      "Docker does not reach containerd, which does not run or answers too slowly",
      guestFix("See why", "systemctl status containerd"),
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
        /cannot create network \S{1,80} \(\S{1,20}\): conflicts with network/,
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
      guestFix("See what listens", "ss -ltnp"),
      guestFix("Write Docker's rules again", "systemctl restart docker"),
    ],
    [
      "verify.docker",
      "fallback",
      /failed to start daemon|Error starting daemon|Failed to start Docker Application Container Engine/,
      "Docker's daemon does not start, for the reason behind the last colon",
      daemonLog,
    ],
  ]),
];
