import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const check = guestFix("Check the daemon's settings", "dockerd --validate --config-file=/etc/docker/daemon.json");
const restart = guestFix("Start it again", "systemctl restart docker");

/** What Docker's daemon refuses in a request or in its own settings. */
export const dockerRequestFailures = (): Failure[] =>
  rows({ layer: "docker", near: dockerWords, source: "moby/moby 29 (daemon), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /Minimum memory reservation allowed is|memory limit can not be less than memory reservation|memory swappiness range is/,
        /Range of blkio weight is|CPU cfs (?:period|quota) can not be|Nano CPUs and CPU (?:Period|Quota) cannot/,
        /Invalid value \S{1,40} for cpuset (?:cpus|mems)|range for oom score adj is/,
      ),
      "a limit of the service (memory, CPU, weight) is outside of what Docker takes, or contradicts another one",
      "Correct it in compose.yaml: mem_reservation is at most mem_limit, and cpus and cpu_quota exclude each other",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /privileged mode is incompatible with user namespaces/,
        /cannot share the host(?:'s network| PID) namespace when user namespaces/,
      ),
      "the daemon runs containers in user namespaces (userns-remap), and the service asks for what they exclude",
      "For that service: userns_mode: host",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /non-shareable IPC \(hint|\/dev\/shm is not mounted, but must be for --ipc=host/,
        /invalid (?:IPC|PID|UTS|cgroup namespace) mode: /,
        /Cannot link to a non running container|Cannot link to \S{1,80}, as it does not belong/,
        /cannot join own network namespace|invalid container format container:/,
      ),
      "the service should share a part (IPC, PID, network, link) with a container that does not run, does not " +
      "share it, or is in another network",
      "Put both into one network and call the other by its service's name; for shared memory write ipc: shareable " +
      "there",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:Interval|Timeout|StartPeriod|StartInterval) in Healthcheck cannot be less|Retries in Healthcheck cannot be/,
        /Unknown healthcheck type '/,
      ),
      "the service's healthcheck has a wrong value",
      "Write test: [CMD, …] or [CMD-SHELL, …], and times with a unit (30s)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /the working directory '[^']{0,120}' is invalid|can't create 'AutoRemove' container with restart/,
        /hostname "?\S{1,120} is too long \(max|unable to derive the IP value for host-gateway/,
        /opening seccomp profile \(.{1,160}\) failed|invalid --security-opt \d: |invalid Cap(?:Add|Drop): /,
      ),
      "Docker refuses a setting of the service, which the message names (working_dir, hostname, extra_hosts, " +
      "security_opt, cap_add)",
      "Correct it in compose.yaml; docker compose config shows what Compose makes of it",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /invalid (?:default MTU|max (?:concurrent (?:down|up)loads|download attempts)|default stop timeout): -?\d/,
        /invalid (?:network-diagnostic-port|fixed-cidr-v6|firewall-backend|bridge-accept-fwmark|userland-proxy-path)\b/,
        /invalid (?:logging level|log format): |(?:invalid exec-opt|native\.cgroupdriver option) /,
        /configuration validation (?:failed|from file and command line flags failed)/,
        /You specified (?:-b|--ip6?tables|--bridge)\b|must not both be specified in the config file/,
        /Invalid user\/group specification in --userns-remap|failed to decode configuration JSON/,
        /(?:--live-restore daemon configuration|--firewall-backend=nftables) is incompatible with swarm/,
      ),
      "dockerd refuses a setting of /etc/docker/daemon.json or of its command line; the message names it",
      check,
      restart,
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /containerd-snapshotter is explicitly enabled, but|containerd snapshotter is enabled but containerd is not/,
        /Preferred snapshotter not available|snapshotter selection failed, no drivers/,
        /configured driver "?\w{2,20}"? not available|graphdriver is explicitly enabled but/,
      ),
      "the daemon's storage does not fit its settings: storage-driver, containerd-snapshotter or userns-remap in " +
      "daemon.json exclude each other, or the driver does not work here",
      "Remove storage-driver (and userns-remap) from /etc/docker/daemon.json, unless images of it are needed",
      check,
      restart,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /requested platform\(s\) \(.{1,80}\) (?:not found|found, but)|no images providing the requested platform/,
        /cannot download image with operating system|image operating system "\w{2,20}" cannot be used/,
      ),
      "the image is not there for this processor or system",
      guestFix("Show this machine's", "uname -m"),
      "Remove platform: from the service, or use an image that has it: docker buildx imagetools inspect IMAGE",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /layers from manifest don't match image configuration|(?:manifest|image config) verification failed for digest/,
        /layer "?\S{1,80}"? was not found \(corruption\?\)/,
      ),
      "the image arrived changed or broken: a proxy or mirror altered it, or the store on disk is damaged",
      "Pull it without mirror or proxy; remove the image first: docker image rm IMAGE",
      guestFix("Check whether the disk has errors", "journalctl -k -b --no-pager -p 3"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /existing interface \S{1,20} is not a bridge|bridge device with non default name \S{1,20} must be created/,
        /default gateway ip must be part of the network|networks have same bridge name/,
        /gateway mode 'isolated' can only|ipvlan driver does not support port|ipvlan interfaces do not support custom/,
        /requested (?:ipvlan|macvlan) (?:mode|flag) '|only one instance of "?\w{2,20}"? network is allowed/,
        /cannot create a swarm scoped network when swarm|invalid (?:gateway|secondary) address \(\S{1,60}\) does not belong/,
      ),
      "a network's settings (driver_opts, gateway, parent, bridge name) are not what its driver takes",
      "Correct networks: in compose.yaml; docker network ls and ip -br link list the networks",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /IPv4 forwarding is disabled: check your host's firewalling/,
        /cannot restrict inter-container communication or run without the userland proxy|DOCKER_IGNORE_BR_NETFILTER_ERROR/,
      ),
      "the kernel's forwarding or br_netfilter, which Docker's networks need, is off",
      guestFix("Load the module", "modprobe br_netfilter"),
      guestFix("Turn forwarding on", "sysctl -w net.ipv4.ip_forward=1"),
      "To keep both: a file in /etc/modules-load.d and one in /etc/sysctl.d",
    ],
    [
      "verify.service",
      "cause",
      /can't copy data from \S{1,160} to |cannot mount volume over existing file|rro is not supported/,
      "a volume does not fit what the image has at that place, or the kernel is too old for it",
      "Choose another target, or mount a folder onto a folder and a file onto a file; read-only subfolders need " +
      "Linux 5.12",
    ],
  ]);
