import type { Failure } from "../types.mts";
import { guestFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const networks = guestFix(
  "List the networks and their addresses",
  "sh -c 'docker network ls -q | xargs docker network inspect --format \"{{.Name}} {{range " +
    ".IPAM.Config}}{{.Subnet}} {{end}}\"'",
);
const daemonLog = guestFix("Read what Docker logs", "journalctl -u docker -u containerd -b --no-pager -n 50");
const docker = "(?:/var/lib/docker|/var/lib/containerd|/var/lib/containers)";

/** Sentences of Docker's daemon and of containerd, by topic. */
export const daemonErrorFailures = (): Failure[] => [
  ...rows({ layer: "network", near: dockerWords, source: "moby/moby (daemon, libnetwork), read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /Pool overlaps with other one on this address space/,
        /invalid pool request|requested subnet .{0,60}overlaps|networks have overlapping IPv[46]/,
      ),
      "the addresses (subnet) of this network overlap with those of another network of Docker",
      networks,
      "Choose another subnet in networks:, or remove the other network (docker network rm NAME)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /user specified IP address is supported only when/,
        /no configured subnet contains IP address|set up container networking: Address already in use/,
        /invalid (?:IPv4 |IPv6 |link-local IP )?address: .{0,60}ipv[46]_address/,
      ),
      "the fixed address of the service (ipv4_address) does not fit: its network has no such subnet, or another " +
      "container has it",
      "Give the network a subnet (ipam:) that contains the address, outside of ip_range, or remove ipv4_address:",
      networks,
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /failed to register "bridge" driver|failed to add jump rules to/,
        /setting up IP table rules failed/,
        /unable to (?:enable|add|insert|prepend) .{0,60}(?:iptables|nftables|DOCKER-USER)/,
      ),
      "Docker could not write its firewall rules: the kernel's modules for iptables are missing, or another " +
      "backend has them",
      guestFix("Load the modules", "modprobe -a ip_tables iptable_nat ip6_tables ip6table_nat"),
      "If the kernel was just updated: reboot; its modules on disk are for another kernel than the one that runs",
      daemonLog,
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "moby/moby (daemon), containerd, read 2026-11" }, [
    [
      "verify.docker",
      "symptom",
      anyOf(
        /network \S{1,80} has active endpoints|volume is in use - \[/,
        /You cannot remove a running container|cannot remove container "[^"]{1,80}": container is running/,
        /image is being used by (?:stopped|running) container|unable to delete \S{1,80} \((?:must|cannot) be forced\)/,
      ),
      "what should be removed is still used by a container",
      guestFix("List the containers", "docker ps --all"),
      "Stop and remove that container first (docker compose down of its project)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /invalid volume specification: |includes invalid characters for a local volume name/,
        /invalid mount (?:path|target|type)(?:: |, must)|source path must be a directory/,
        /invalid specification: destination can't be|must not set Subpath when/,
      ),
      "a volume of the service is written in a way that Docker does not take",
      "Write volumes: as ./FOLDER:/PATH (a path begins with ./ or /) or NAME:/PATH with the name under volumes:",
    ],
    [
      "verify.service",
      "cause",
      /failed to mount local volume|error while mounting volume '/,
      "a volume that is a network share or device could not be mounted in the VM",
      guestFix("Install the programs for NFS and CIFS", "apt-get install -y nfs-common cifs-utils"),
      "Check its driver_opts: (o:, device:), and that the VM reaches the server (mount it by hand once)",
    ],
    [
      "verify.service",
      "cause",
      /error while creating mount source path '/,
      "Docker could not create the host folder of a volume: its file system is read-only or gone, or Docker " +
      "(Desktop, snap) is not allowed to write there",
      "Create the folder yourself, or choose one below your home; Docker Desktop: share it under Resources, File " +
      "sharing",
    ],
    [
      "verify.service",
      "cause",
      /is mounted on \S{1,80} but it is not a shared/,
      "a volume asks for mount propagation (shared, slave), and the folder it is in is mounted private",
      guestFix("Make it shared", "mount --make-rshared /"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Minimum memory limit allowed is|Range of CPUs is from|memory limit should be smaller than/,
        /Requested (?:CPUs|memory nodes) are not available|memoryswap limit should be larger than memory/,
      ),
      "the service asks for CPUs or memory that the VM does not have, or for less than Docker allows",
      "Correct cpus:, cpuset: and mem_limit: of that service, or give the machine more (cpus:, memory:)",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        new RegExp(`${docker}[^:\\n]{0,200}: (?:read-only file system|input/output error|structure needs cleaning)`),
        /runc-process\d{1,20}: no space left on device/,
      ),
      "the disk that holds Docker's data is full, read-only or damaged",
      guestFix("Check how it is mounted, and how full it is", "sh -c 'findmnt -T /var/lib/docker; df -h'"),
      guestFix("Read the kernel's errors", "dmesg --level err,warn"),
      remedies.room,
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /Response from daemon: layer does not exist|failed to get (?:layer|rootfs) .{0,80}does not exist/,
        /content digest sha256:\w{6,64}: not found|blob sha256:\w{6,64}: (?:not found|expected at)/,
        /response from daemon: lease "\S{1,120}": not found|failed to copy: content sha256:/i,
        /failed to extract layer|mount callback failed on/,
      ),
      "an image in Docker's store is incomplete, or a layer of it could not be unpacked here",
      "Remove the image (docker rmi NAME) and pull it again",
      "If it says lchown or “operation not permitted”: in rootless mode, give the user more ids in /etc/subuid " +
      "and /etc/subgid",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /(?<!code = Unavailable desc = connection error.{0,80})(?:dial unix \S{0,60}containerd\.sock|containerd\.sock: connect: )/,
        /grpc: the client connection is closing|error reading server preface/,
      ),
      "containerd, which starts Docker's containers, does not run",
      guestFix("Start it", "systemctl restart containerd docker"),
      guestFix("Read why it ended", "journalctl -u containerd -b --no-pager -n 50"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /tried to kill container, but did not receive an exit event/,
        /cannot (?:stop|kill) container: \S{1,80}: (?:permission denied|tried to kill)/,
        /could not kill container: permission denied/,
      ),
      "a container does not end: its program hangs in the kernel (as with a GPU that no longer answers), or " +
      "AppArmor forbids Docker to end it",
      guestFix("Check whether the driver hangs", "dmesg --level err,warn"),
      "Docker of the snap store: install Docker's own packages instead; otherwise reboot the VM",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /failed to (?:load|unmarshal) TOML|invalid plugin key URI|unsupported config version/,
        /failed to load config from .{0,80}config\.toml/,
        /invalid plugin config(?:: | version)|expected containerd config version equal to/,
      ),
      "containerd's settings (/etc/containerd/config.toml) are not valid for its version",
      guestFix("Check what it reads", "containerd config dump"),
      "Correct the line that it names; Docker needs no such file: move it away, and restart containerd",
      "If nvidia-ctk wrote it (no corresponding runtime): containerd config default into that file first, then " +
      "nvidia-ctk runtime configure --runtime=containerd --config-source=command",
    ],
    [
      "verify.docker",
      "cause",
      /dockerd needs to be started with root privileges/,
      "dockerd was started without root",
      guestFix("Start it as a service", "systemctl enable --now docker"),
      "Without root: dockerd-rootless-setuptool.sh install",
    ],
  ]),
];
