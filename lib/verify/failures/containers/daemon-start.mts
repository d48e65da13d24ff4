import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const validate = guestFix("Check the file", "dockerd --validate");
const daemonLog = guestFix("Read what Docker logs", "journalctl -u docker -b --no-pager -n 50");

/** Why Docker's daemon does not start or cannot use its files, by topic. */
export const daemonStartFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "moby/moby (daemon), firewalld, read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      /directives don't match any configuration option/,
      "/etc/docker/daemon.json has a key that this Docker does not know",
      "Correct its name (runtimes, default-runtime, log-opts, data-root), or remove it",
      validate,
    ],
    [
      "verify.docker",
      "cause",
      /daemon with file \S{1,120}: invalid character '<'/,
      "/etc/docker/daemon.json is a web page, most often an error page that a download saved in its place",
      "Write the file again (an empty one is {}), then restart Docker",
      validate,
    ],
    [
      "verify.docker",
      "cause",
      /unable to configure the Docker daemon with file \S{1,120}: (?:invalid character '(?!<)|unexpected end|EOF|json)/,
      "/etc/docker/daemon.json is not valid JSON: a comma, quote or bracket is missing or too many",
      guestFix("Find out where", "python3 -m json.tool /etc/docker/daemon.json"),
    ],
    [
      "verify.docker",
      "cause",
      /can't create unix socket \S{1,80}: (?:is a directory|device or resource busy)/,
      "where Docker's socket belongs there is a folder, as a container that mounted it before Docker ran creates it",
      guestFix(
        "Remove the empty folder, then start Docker",
        "sh -c 'rmdir /var/run/docker.sock && systemctl start docker'",
      ),
    ],
    [
      "verify.docker",
      "cause",
      /PredefinedLocalScopeDefaultNetworks List: .{0,300}no available network/,
      "Docker found no free address range for its bridge: a VPN's or other route covers all of them",
      'Write a free one into /etc/docker/daemon.json ("bip": "10.200.0.1/24"), or start Docker before the VPN',
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /(?:metadata database|metadata\.db|boltdb file) .{0,120}(?:timeout|already open)/,
        /error while opening volume store metadata database.{0,120}timeout/,
      ),
      "another dockerd still has Docker's files open",
      guestFix("Check which ones run", "pgrep -a dockerd"),
      "Stop both (systemctl stop docker docker.socket; snap stop docker), end the rest by its process id, then " +
      "start one",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /Couldn't create reference store repository/,
        /(?:metadata\.db|local-kv\.db|meta\.db|volume store).{0,160}(?:checksum error|invalid database|invalid freelist|unexpected fault)/,
        /failed to start daemon: .{0,160}unexpected end of JSON input/,
      ),
      "a file in Docker's store is damaged, as after a power loss or a full disk",
      daemonLog,
      "Move that one file away with Docker stopped (repositories.json: images need to be pulled again; " +
      "local-kv.db: " +
      "networks are created again), then start Docker",
    ],
    [
      "verify.docker",
      "cause",
      /default runtime ['"]?nvidia['"]? does not exist/,
      "daemon.json makes NVIDIA's runtime the default one and does not define it, so the daemon does not start",
      guestFix("Define it", "nvidia-ctk runtime configure --runtime=docker"),
      guestFix("Start Docker again", "systemctl restart docker"),
      'Without the toolkit: remove "default-runtime" from /etc/docker/daemon.json',
    ],
    [
      "verify.docker",
      "cause",
      /contains several valid graphdrivers: /,
      "Docker's folder has images of several storage drivers, and Docker does not choose one of them",
      'Name the one in use before in /etc/docker/daemon.json ("storage-driver": "overlay2"), then restart Docker',
      "Images and containers of the other one stay in its folder below /var/lib/docker",
    ],
    [
      "verify.docker",
      "cause",
      /(?:minimum|maximum) supported API version is \d\.\d{1,3}: |API version must be provided without "v"/,
      "Docker's daemon is set to an API version that it does not take (DOCKER_MIN_API_VERSION, min-api-version)",
      "Correct it in /etc/docker/daemon.json, or in the unit's environment (systemctl edit docker.service)",
      guestFix("Show the unit's environment", "systemctl show docker -p Environment"),
      guestFix("Start Docker again", "systemctl restart docker"),
    ],
    [
      "verify.docker",
      "cause",
      /exec: "nft": executable file not found|firewall-backend is set to nftables: \S|running nft: \S/,
      "Docker is to write its firewall rules by nftables, which is not installed, or whose modules the kernel lacks",
      guestFix("Install both", "apt-get install -y iptables nftables"),
      "If the kernel was just updated: reboot",
      guestFix("Start Docker again", "systemctl restart docker"),
    ],
    [
      "verify.docker",
      "cause",
      /(?:docker|containerd)\.service: Main process exited, code=(?:dumped|killed), status=\d{1,2}\/(?:SEGV|ABRT|BUS|ILL)/,
      "Docker's daemon or containerd crashed: its packages do not fit each other, or the memory or disk has a fault",
      guestFix(
        "Install all parts in one release",
        "apt-get install --reinstall -y docker-ce docker-ce-cli containerd.io",
      ),
      daemonLog,
      "If other programs crash too: test the machine's memory",
    ],
    [
      "verify.docker",
      "cause",
      /Failed to migrate images to containerd, images in graph driver|Not migrating to containerd snapshotter because/,
      "Docker 29 uses containerd's image store, and the images of the storage driver before it were not moved: they " +
      "are hidden, not deleted",
      "Pull or build the images again, and create the containers again",
      'Or go back to the driver before: {"features": {"containerd-snapshotter": false}} in /etc/docker/daemon.json, ' +
      "then restart Docker",
    ],
    [
      "verify.docker",
      "cause",
      /RWLayer (?:of container \S{1,80} )?is unexpectedly nil|rw ?layer (?:snapshot )?(?:not found for|for) container/,
      "the container's own layer is gone: it was made with another storage driver or image store (Docker 29 uses " +
      "containerd's), or was lost in a crash",
      guestFix("Create the services' containers again", "docker compose up -d --force-recreate"),
      "A container without Compose: docker rm -f NAME, then docker run as before; data in volumes stays",
    ],
    [
      "verify.docker",
      "fallback",
      /(?:dockerd|containerd)(?:\[\d{1,8}\])?: [^\n]{0,80}level=(?:fatal|panic) msg=/,
      "Docker's daemon or containerd ended, for the reason in its message",
      daemonLog,
    ],
    [
      "verify.docker",
      "cause",
      /ZONE_CONFLICT: '?\w{1,16}'? already bound|INVALID_ZONE: docker/,
      "firewalld and Docker do not agree about the zone of Docker's bridges",
      guestFix("Give the bridge to Docker's zone", "firewall-cmd --permanent --zone=docker --change-interface=docker0"),
      guestFix("Load it, then restart Docker", "sh -c 'firewall-cmd --reload && systemctl restart docker'"),
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "moby/moby (daemon, graphdriver, logger), read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      /failed to remove root filesystem|unlinkat \/var\/lib\/docker\S{0,160}: device or resource busy/,
      "a removed container's file system is still mounted in another process's namespace",
      guestFix("Check which processes have it", "grep -l /var/lib/docker/overlay2 /proc/[0-9]*/mountinfo"),
      "Restart that service (a monitor, a backup, a container that mounts /var/lib/docker or /), then remove " +
      "it again",
    ],
    [
      "verify.docker",
      "cause",
      /failed to add IPv6 (?:gateway|route|address)|IPv6 on this host is disabled/,
      "the network has IPv6, which is turned off in this machine's kernel",
      "Write enable_ipv6: false for the network (or remove ipv6 from /etc/docker/daemon.json), and create it again",
      guestFix("Show the setting: 1 means off", "sysctl net.ipv6.conf.all.disable_ipv6"),
    ],
    [
      "verify.docker",
      "note",
      /logging driver does not support reading/,
      "docker logs shows nothing here, since the logging driver sends the lines elsewhere",
      "Use json-file, local or journald (logging: driver:) for that service",
    ],
  ]),
];
