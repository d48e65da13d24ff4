import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";

/** Errors of the engines, Docker and Podman, about themselves: daemon, client, user. */
export const dockerEngineFailures = (): Failure[] => [
  {
    pattern: /newuidmap": should have setuid|cannot set up namespace using "/,
    check: "verify.docker",
    layer: "docker",
    message: "rootless Podman lacks its helpers for user ids (newuidmap), or this user has no range of ids",
    fix: [
      guestFix("Install them", "apt-get install -y uidmap"),
      manualFix("Give the user a range in /etc/subuid and /etc/subgid, then run podman system migrate"),
    ],
    source: "Podman, read 2026-11",
  },
  {
    pattern: /failed to connect to dbus \(hint: for rootless containers/,
    check: "verify.docker",
    layer: "docker",
    message: "rootless Podman has no session of systemd: the user did not log in, or came by su",
    fix: [
      manualFix("Let the user's session run always: loginctl enable-linger USER, then log in by SSH"),
    ],
    source: "Podman 5 (2024-03)",
  },
  {
    pattern: /cgroup mountpoint does not exist|cannot find cgroup mount destination/,
    check: "verify.docker",
    layer: "kernel",
    message: "Docker finds no cgroups: it is too old for the system's cgroup version 2, or they are not mounted",
    fix: [
      manualFix("Update Docker to 20.10 or later, which knows cgroup version 2"),
      guestFix("Check which version is mounted", "stat -fc %T /sys/fs/cgroup"),
    ],
    source: "Docker, runc, read 2026-11",
  },
  {
    pattern: /client version [\d.]{3,6} is too old\. Minimum supported API version/,
    check: "guest.engine",
    layer: "docker",
    message: "this Compose or client is older than Docker 29 accepts (API 1.44)",
    fix: [
      guestFix("Update Compose", "sh -c 'apt-get update && apt-get install -y docker-compose-plugin'"),
      manualFix("Other clients (Portainer, Traefik, Watchtower): update their image"),
      manualFix("Until then: DOCKER_MIN_API_VERSION=1.24 in the environment of docker.service"),
    ],
    source: "Docker 29; docker/compose#13389 (2025-11)",
  },
  {
    pattern: /client version [\d.]{3,6} is too new\. Maximum supported API version/,
    check: "guest.engine",
    layer: "docker",
    message: "the client is newer than the Docker daemon it talks to",
    fix: [manualFix("Update Docker in the VM, or set DOCKER_API_VERSION to the version that the message names")],
    source: "Docker, read 2026-11",
  },
  {
    pattern:
      /unable to apply apparmor profile|(?:write \/proc\/(?:self|thread-self)|fsmount:fscontext:proc\/thread-self)\/attr\/(?:apparmor\/)?exec/,
    check: "verify.docker",
    layer: "docker",
    message: "AppArmor's profile cannot be applied where Docker runs: most often inside an LXC container",
    fix: [
      manualFix("Run Docker in a VM; or in the LXC container's configuration: lxc.apparmor.profile: unconfined"),
      manualFix("Until then, for that service: security_opt: [apparmor=unconfined]"),
      guestFix("If it is no LXC container: see whether AppArmor is on", "aa-status"),
    ],
    source: "runc; AbdBarho/stable-diffusion-webui-docker#682 (2024-04)",
  },
  {
    pattern: /AppArmor enabled on system but the docker-default profile could not be loaded/,
    check: "verify.docker",
    layer: "docker",
    message:
      "the VM's kernel has AppArmor, and the program that loads its profiles is missing: Docker starts no container",
    fix: [guestFix("Install it", "apt-get install -y apparmor")],
    source: "Docker 20.10 (2020-12) on Debian 12",
  },
  {
    pattern: /directives are specified (?:both )?as a flag and in the configuration file: /,
    check: "verify.docker",
    layer: "docker",
    message:
      "daemon.json has a setting that docker.service passes to dockerd as an argument too (most often hosts), so " +
      "the daemon does not start",
    fix: [
      manualFix("Remove it from /etc/docker/daemon.json, then restart Docker"),
      manualFix(
        "Or keep it there: systemctl edit docker.service with [Service], ExecStart= (empty), and " +
          "ExecStart=/usr/bin/dockerd --containerd=/run/containerd/containerd.sock",
      ),
    ],
    source: "moby (daemon/config); general knowledge, 2026-11",
  },
  {
    pattern: anyOf(
      /unable to configure the Docker daemon with file|invalid character '.{1,3}' (?:looking for|after)/,
      /directives don't match/,
    ),
    near: /daemon\.json|dockerd|docker daemon/i,
    check: "verify.docker",
    layer: "docker",
    message: "Docker's configuration (/etc/docker/daemon.json) is wrong, so its daemon does not start",
    fix: [
      guestFix("Check what is wrong", "dockerd --validate"),
      manualFix("Correct the file (JSON, no comments, no comma at the end), then restart Docker"),
    ],
    source: "Docker; NVIDIA/nvidia-docker#751 (2018)",
  },
  {
    pattern: anyOf(
      /permission denied while trying to connect to the docker (?:daemon|api)/,
      /dial unix \S{0,40}docker\.sock: connect: permission denied|PermissionError.{0,80}docker\.sock/,
    ),
    check: "verify.docker",
    layer: "docker",
    message: "this user has no permission to use Docker's socket",
    fix: [
      guestFix("Let the VM's user in; it counts from the next login", "usermod -aG docker vagrant"),
      commandFix("On this host instead: join the group, then log in again", 'usermod -aG docker "$USER"', {
        root: true,
      }),
    ],
    source: "Docker 20.10 (2020-12), 28 (seen) and 29",
  },
  {
    pattern: anyOf(
      /Cannot connect to the Docker daemon/,
      /failed to connect to the docker API/,
      /Couldn't connect to Docker daemon/,
      /\/\.\/pipe\/docker\w{0,20}: The system cannot find the file/,
      /Failed to start docker\.service|Job for (?:docker|containerd)\.service failed/,
      /(?:docker|containerd)\.service: (?:Start request repeated too quickly|Failed with result)/,
    ),
    check: "verify.docker",
    strength: "symptom",
    layer: "docker",
    message: "Docker's daemon (or containerd, which it needs) does not run",
    fix: [
      guestFix("Start it (Docker Desktop: start that program, and wait for it)", "systemctl start docker"),
      guestFix("If it does not stay up, see why", "journalctl -u docker -u containerd --no-pager -n 50"),
      manualFix(
        "If its configuration was just changed: see that daemon.json or config.toml is correct, or put the old one " +
          "back",
      ),
    ],
    source: "Docker 28 (seen, 2025-02) and 29, docker-compose 1.29",
  },
  {
    pattern: anyOf(
      /no status provided on response: unknown/,
      /mount destination \S{1,200} not absolute: unknown/,
      /ttrpc: closed: unknown/,
    ),
    near: dockerWords,
    check: "verify.docker",
    layer: "docker",
    message: "Docker, containerd and runc are of different releases: one was updated while another still runs",
    fix: [
      guestFix("Restart both, in this order", "systemctl restart containerd docker"),
      guestFix(
        "If the error remains: bring all of them to one state",
        "sh -c 'apt-get update && apt-get install -y docker-ce containerd.io'",
      ),
    ],
    source: "containerd; docker/for-linux#813 (2019-10), containerd/containerd#5547 (2021-05)",
  },
];
