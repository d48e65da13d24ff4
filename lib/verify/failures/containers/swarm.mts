import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { self } from "../../../self.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const source = "Docker 20.10, run 2026-11; moby/swarmkit, read 2026-11";
/** Words of the lists of a Swarm's services and tasks. */
const taskWords =
  /\bswarm\b|docker (?:service|stack)|deploy-stack|fatal task error|desired ?state|\b(?:Rejected|Preparing) \d/i;
const nodes = guestFix("List the nodes, on the manager", "docker node ls");

/** Errors of Docker Swarm: its nodes, its tokens, and where it places tasks. */
export const swarmFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    near: /docker stack|stack deploy/i,
    shared: true,
    source: "docker/cli (compose schema); docker/cli#3135 (2021-06)",
  }, [
    [
      "cluster.swarm",
      "cause",
      /reservations Additional property devices is not allowed/,
      "docker stack deploy does not know reservations of devices: in a Swarm, GPUs are generic resources of the node",
      "Make NVIDIA's runtime Docker's default one on that node (default-runtime in /etc/docker/daemon.json), and " +
      "place the service there by a constraint (deploy.placement.constraints)",
      "Or start the project on that node with docker compose up -d",
    ],
  ]),
  ...rows({ layer: "docker", source }, [
    [
      "cluster.swarm",
      "cause",
      /This node is not a swarm manager/,
      "the command is for the manager of a Docker Swarm, and this node is a worker or in no Swarm",
      "Run it on the manager; without a Swarm, start the services with docker compose up -d instead",
      "With cluster: swarm in homelab-gpu.yaml, the first machine is the manager",
    ],
    [
      "cluster.swarm",
      "cause",
      /no suitable node \(.{0,120}(?:scheduling constraints not|unsupported platform on|not available for new tasks)/,
      "no ready node of the Swarm meets the constraints of the service: a label that no node has, a node that is " +
      "down or drained, or another architecture",
      nodes,
      guestFix("List the labels of a node", "docker node inspect --format '{{json .Spec.Labels}}' NODE"),
      "gpu: needs a node whose VM has shown the card: verify proves it, and up labels the node",
    ],
    [
      "cluster.swarm",
      "cause",
      /no suitable node \(.{0,120}(?:insufficient resources on|max replicas per node|host-mode port already)/,
      "every node of the Swarm lacks what the service reserves: CPUs, memory, a free port of the node, or a place " +
      "for one more replica",
      nodes,
      "Lower deploy.resources.reservations or replicas, or free the port",
    ],
    [
      "cluster.swarm",
      "cause",
      /could not (?:choose an IP address to advertise|find the system's IP address)/,
      "Docker does not know which address the other nodes of the Swarm reach this one at: it has several, or none",
      "Name the address in the network of the nodes: docker swarm init --advertise-addr ADDRESS; the same with join",
    ],
    [
      "cluster.swarm",
      "cause",
      /A valid join token is necessary|daemon: invalid join token|remote CA does not match fingerprint/,
      "the token is not one of this Swarm: it was cut, rotated, or belongs to another Swarm",
      guestFix("Print the present one, on the manager", "docker swarm join-token worker"),
    ],
    [
      "cluster.swarm",
      "cause",
      /This node is already part of a swarm/,
      "this node is in a Swarm already, perhaps in one whose manager is gone",
      guestFix("Check which", "docker info --format '{{json .Swarm.RemoteManagers}}'"),
      "If it is an old one: docker swarm leave --force on this node; its services of that Swarm stop here",
    ],
    [
      "cluster.swarm",
      "cause",
      anyOf(
        /Timeout was reached before node joined/,
        /dialing:? dial tcp \S{1,60}:2377: (?:connect: )?(?:connection refused|no route to host|i\/o timeout)/,
        /could not connect to prospective new cluster member using its advertised address/,
      ),
      "the nodes of the Swarm do not reach each other: the manager is off, its address has changed, or a firewall " +
      "drops the Swarm's ports",
      "Between the nodes let TCP 2377, TCP and UDP 7946 and UDP 4789 pass; a VM behind the NAT of another host is " +
      "not reached",
      guestFix("Show the manager's port, on the manager", "ss -ltn sport = :2377"),
    ],
    [
      "cluster.swarm",
      "cause",
      /The swarm does not have a leader/,
      "the Swarm has lost most of its managers, so nothing in it can be changed",
      "Start the other managers; if they are lost: docker swarm init --force-new-cluster on one of them",
    ],
    [
      "cluster.swarm",
      "cause",
      /Swarm is encrypted and needs to be unlocked/,
      "the Swarm is locked (autolock), and this manager has started again",
      guestFix("Unlock it with its key", "docker swarm unlock"),
    ],
    [
      "cluster.swarm",
      "cause",
      /node \S{1,40} (?:is not down and can't be removed|is a cluster manager and is a member of the raft cluster)/,
      "a node must leave the Swarm before it is removed, and a manager must be demoted first",
      "On that node: docker swarm leave; then on the manager: docker node rm NODE",
    ],
    [
      "cluster.swarm",
      "cause",
      /only updates to Labels are allowed/,
      "a secret or a config of the Swarm cannot change: its file has another content than when it was created",
      "Give it another name, for example name: word-2 below it under secrets: at the top of the file, and deploy again",
      "up gives a changed secret of a stack in homelab-gpu.yaml such a name",
    ],
    [
      "cluster.swarm",
      "cause",
      /ports\.\d{1,3}\.published must be an? integer/,
      "docker stack deploy reads an older Compose format than docker compose: it takes no published port as text, no " +
      "name: at the top and no conditions of depends_on, all of which docker compose config prints",
      "Change these keys, or start the project with docker compose up -d instead",
      "A stack without machine: in homelab-gpu.yaml with cluster: swarm is converted by up",
    ],
    [
      "cluster.swarm",
      "cause",
      anyOf(
        /network "\S{1,80}" is declared as external, but (?:could not be found|it is not in the right scope)/,
        /The network \S{1,80} cannot be used with services/,
      ),
      "the network is not one of the Swarm: services need a network with the driver overlay",
      guestFix("Create it, on the manager", "docker network create --driver overlay --attachable NAME"),
      "Or remove external: and driver: of the network, so that docker stack deploy creates it",
    ],
    [
      "cluster.swarm",
      "cause",
      /invalid image reference for service \S{1,80}: no image specified/,
      "docker stack deploy builds no image, and the service has only build:",
      "Push the image to a registry that all nodes reach (docker compose build --push), and write image:",
    ],
    [
      "cluster.swarm",
      "cause",
      /[Uu]nknown mode: (?:replicated|global)-job/,
      "docker stack deploy knows the modes replicated-job and global-job only since Docker 23",
      "Write deploy: {restart_policy: {condition: on-failure}} without mode:, which also ends with exit code 0",
    ],
    [
      "cluster.swarm",
      "note",
      /Ignoring (?:unsupported|deprecated) options:/,
      "docker stack deploy starts the services without these keys: only docker compose applies them",
      "Write what has the effect in a Swarm: deploy.restart_policy for restart, a tmpfs mount for shm_size",
    ],
    [
      "cluster.swarm",
      "fallback",
      /Error response from daemon: rpc error: code = (?:DeadlineExceeded|Unavailable)/,
      "a manager of the Swarm did not answer in time: it is off, busy, or has lost the others",
      nodes,
    ],
  ]),
  ...rows({ layer: "docker", near: taskWords, source }, [
    [
      "cluster.swarm",
      "fallback",
      /"No such image: (?<!(?:404 Client Error|API error)[^\n]{0,150}"No such image: )[^"\s]{1,200}"/,
      "a node of the Swarm cannot pull the image, and its task does not say why: a wrong name or tag, a private " +
      "registry without a login, or a registry that the node does not reach",
      guestFix("Check what the registry answers, on the manager", "docker manifest inspect IMAGE"),
      guestFix("For a private one, log in as root on the manager", "docker login REGISTRY"),
      commandFix("Then deploy again: up passes the login to all nodes", self("up")),
    ],
  ]),
];
