import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near =
  /podman|netavark|aardvark|pasta|crun|conmon|buildah|quadlet|libpod|rootless|containers?\b|short-name|\.container\b|systemd\/generator/i;
const listens = guestFix("Check what listens there", "ss -lntup");
const networks = guestFix("List the networks", "podman network ls");
const migrate = commandFix("Let Podman start its helper process again", "podman system migrate");

/** Errors of Podman's networks, units, virtual machines and storage, by topic. */
export const podmanNetworkFailures = (): Failure[] => [
  ...rows({ layer: "network", near, source: "containers/netavark, aardvark-dns, passt, read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /starting server failed to bind (?:udp|tcp) listener on \S{3,45}: IO error/,
        /aardvark-dns (?:failed to start|exited unexpectedly)/,
      ),
      "Podman's name server (aardvark-dns) cannot listen at the network's address: another one (dnsmasq, bind, " +
      "systemd-resolved) has port 53 there, or the bridge is gone",
      guestFix("Check what has port 53", "ss -lnup sport = :53"),
      "Let the other one listen at its own address only, or move aardvark: dns_bind_port=1053 below [network] in " +
      "containers.conf",
    ],
    [
      "verify.docker",
      "cause",
      /aardvark-dns runs in a (?:different )?netns/,
      "an older aardvark-dns of Podman runs in another network namespace",
      commandFix("Stop the containers", "podman stop --all"),
      "End that aardvark-dns by its process id, then start the containers again",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /subnet \S{5,45} is already used on the host|netavark: .{0,40}Netlink error: File exists/,
        /netavark: .{0,60}already (?:in use|exists)/,
      ),
      "the address range or bridge of the Podman network is already used on this machine",
      networks,
      "Remove what is left over (podman network prune), or create the network with another --subnet",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /netavark: (?:setns|open (?:container|host) netns|.{0,40}netns).{0,60}(?:not permitted|denied|No such file)/i,
        /Couldn't open network namespace \S{1,120}(?:$|: (?!P))/,
      ),
      "Podman's network namespace of this user is gone or cannot be entered, as after its folder in /run/user was " +
      "cleared",
      commandFix("Stop all containers of this user", "podman stop --all"),
      migrate,
      "If the error remains: log out and in again, which creates /run/user again",
    ],
    [
      "verify.docker",
      "cause",
      /netavark: (?:IO error: No such file|.{0,60}(?:nft|iptables)\S{0,20}: (?:not found|No such file))/,
      "Podman's network program does not find nft (or iptables), which writes the firewall's rules",
      guestFix("Install it", "apt-get install -y nftables"),
    ],
    [
      "verify.docker",
      "cause",
      /netavark.{0,60}iptables: Chain already exists/,
      "chains of an earlier run are left in the firewall, or iptables and nft both write there",
      guestFix("List the chains", "sh -c 'iptables-save | grep NETAVARK'"),
      "Stop the containers and reboot; use one backend for all (update-alternatives --config iptables: iptables-nft)",
    ],
    [
      "verify.docker",
      "cause",
      /StrictForwardPorts enabled/,
      "firewalld is set to refuse the ports that containers publish (StrictForwardPorts)",
      "Set StrictForwardPorts=no in /etc/firewalld/firewalld.conf and reload it, or add the forward by hand",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /Failed to bind port \d{1,5} \((?!Permission)/,
        /(?:rootlessport listen|cannot listen on the) .{1,80}address already in use/,
      ),
      "the port that the container publishes is already in use on this machine",
      listens,
      "End the program that has it, or publish another port",
    ],
    [
      "verify.docker",
      "cause",
      /Couldn't (?:set|get) IPv6 (?:route|address)/,
      "pasta could not copy this machine's IPv6 routes or addresses into the container: IPv6 is off in the kernel or " +
      "half set up",
      "Start it with IPv4 alone: podman run --network pasta:-4",
      "Or turn IPv6 on in the kernel (net.ipv6.conf.all.disable_ipv6=0), and update passt",
    ],
    [
      "verify.service",
      "cause",
      /Failed to bind port \d{1,5} \(Permission denied\)/,
      "rootless Podman is not allowed to open that port on this machine: it is below 1024, or SELinux or AppArmor " +
      "keeps pasta from it",
      "Publish a port from 1024 on (-p 8080:80)",
      guestFix("Or let users open lower ones", "sysctl -w net.ipv4.ip_unprivileged_port_start=80"),
      guestFix(
        "For a port from 1024 on: check what was denied",
        "journalctl -b --no-pager -g 'avc:.*denied|apparmor=.DENIED'",
      ),
    ],
    [
      "verify.docker",
      "cause",
      /pasta.{0,200}Couldn't create user namespace|Couldn't open network namespace \S{1,120}: Permission denied/,
      "pasta is not allowed to make or enter a namespace: AppArmor's or SELinux's rule for it is missing or old",
      guestFix("Update it with its profile", "apt-get install --reinstall -y passt"),
      "Check what was refused: journalctl -k -b -g 'apparmor=.DENIED'",
    ],
    [
      "verify.docker",
      "note",
      /(?:No|Couldn't find) (?:external )?routable interface for IPv[46]|Couldn't get any nameserver address/,
      "a remark of pasta: this machine has no way out over IPv4 or IPv6, which matters only if the other is " +
      "missing too",
      "Nothing to do where containers reach the network",
    ],
  ]),
  ...rows({ layer: "docker", near, source: "containers/podman (libpod, pkg/machine, quadlet), read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /quadlet-generator\S{0,12}: .{0,200}(?:unsupported key|converting|error|requested Quadlet|key specified)/,
        /unsupported key '\w{1,40}' in group '(?:Container|Volume|Network|Pod|Kube|Image|Build)'/,
        /no Image or Rootfs key specified/,
      ),
      "Quadlet could not make a service of that unit file: a key is wrong, missing, or newer than this Podman",
      commandFix(
        "Check what it says about each file",
        "/usr/lib/systemd/system-generators/podman-system-generator --user --dryrun",
      ),
      "Correct the file (GPU: AddDevice=nvidia.com/gpu=all), then: systemctl --user daemon-reload",
    ],
    [
      "verify.docker",
      "cause",
      /Unit \S{1,160} is transient or generated/,
      "services that Quadlet makes are not enabled with systemctl: their file says whether they start at boot",
      "Write [Install] WantedBy=default.target into the .container file, then systemctl --user daemon-reload and " +
      "start it",
    ],
    [
      "verify.docker",
      "cause",
      /invalid internal status, try resetting the pause process/,
      "Podman's helper process (pause) of this user is gone, as after a logout or reboot",
      migrate,
      guestFix("Keep the user's services after a logout", "loginctl enable-linger USER"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /vm "[^"]{1,60}" already (?:running|exists)|\b[\w-]{3,60}: VM (?:does not exist|already exists)/,
        /machine did not transition into running state|machine is not in running state|try [`'"]?podman machine (?:init|start)/,
      ),
      "Podman's own VM (podman machine) does not run, or is in another state than the command expects",
      commandFix("List the machines", "podman machine list"),
      "podman machine stop, then podman machine start; if it does not exist: podman machine init",
    ],
    [
      "guest.engine",
      "cause",
      /looking up compose provider failed/,
      "podman compose needs another program that does the work, and none is installed",
      guestFix("Install one", "apt-get install -y podman-compose"),
    ],
    [
      "verify.service",
      "cause",
      /short-name resolution enforced but cannot prompt without a TTY/,
      "the image's name has no registry, and Podman cannot ask which one is meant without a terminal",
      "Write the whole name, as docker.io/ollama/ollama:latest",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /unable to find network with name or ID \S{1,60}: network not found|missing networks: \S/,
      ),
      "the Podman network that the container names does not exist",
      networks,
      "Create it (podman network create NAME), or declare it below networks: in the Compose file",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /no container with (?:name or )?ID "?\S{1,60} found|no such container/,
        /has dependent containers which must be removed before it|no pod with name or ID \S{1,60} found/,
        /(?:volume|pod|network) with name \S{1,60} already exists|image is in use by a container/,
      ),
      "the container, pod, volume or image does not exist, exists already, or is still in use",
      guestFix("List the containers", "podman ps --all"),
    ],
    [
      "verify.docker",
      "cause",
      /exceeded num_locks \(\d{1,7}\)|allocating lock for new \w{3,10}: /,
      "Podman has no lock left for another container, pod or volume (num_locks)",
      "Remove those that nothing needs (podman container prune removes all stopped containers, podman volume prune " +
      "the data of unused volumes), or " +
      "raise num_locks in containers.conf, then " +
      "podman system renumber with no container running",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /fuse-overlayfs: cannot mount|fuse: device not found/,
      ),
      "fuse-overlayfs does not work: /dev/fuse is missing here, or the program is",
      guestFix("Load the module", "modprobe fuse"),
      "In a container: --device /dev/fuse; or use the kernel's overlay (remove mount_program from storage.conf)",
    ],
    [
      "verify.docker",
      "cause",
      /conmon failed: (?:exit status|signal)/,
      "conmon, which watches the container, ended at its start: no systemd session for its log, a full /run or a " +
      "wrong runtime",
      guestFix("Read its lines", "journalctl -b --no-pager -n 30 -t conmon"),
      "Try --log-driver k8s-file, and see that /run/user has space (df -h)",
    ],
    [
      "guest.engine",
      "cause",
      /default OCI runtime "\w{2,12}" not found/,
      "Podman does not find the container runtime (crun or runc) that its settings name",
      guestFix("Install it", "apt-get install -y crun"),
      "If it is elsewhere: set runtime and its path below [engine.runtimes] in containers.conf",
    ],
  ]),
  ...rows({ layer: "docker", source: "conmon, containers/podman#9481 (2021-02), #10987 (2021-07)" }, [
    [
      "verify.docker",
      "cause",
      /Include journald in compilation path|(?:failed to get|initial) journal cursor/,
      "Podman is set to write its logs or events into systemd's journal, which this conmon or user cannot use",
      'Write into containers.conf: log_driver = "k8s-file" below [containers], events_logger = "file" below [engine]',
    ],
  ]),
];
