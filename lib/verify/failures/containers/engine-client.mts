import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const contexts = commandFix("List the contexts", "docker context ls");
const rootless = /rootless|\[(?:ERROR|INFO)\]|dockerd|docker|podman|systemctl --user/i;
const owner = "The files belong to root, as after sudo docker: chown -R $USER ~/.docker";

/** Errors of Docker's client and of its rootless set-up, by topic. */
export const engineClientFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "docker/docker-credential-helpers#240 (2022-09), #296 (2023-07), read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /error (?:getting|storing|listing|erasing) credentials - err: /,
        /docker-credential-[\w.]{2,24}"?: executable file not found|Credentials store error/,
      ),
      "Docker keeps passwords with a helper (credsStore in ~/.docker/config.json) that is missing or does not work " +
      "here, such as one of Docker Desktop",
      "Remove the line credsStore (or credHelpers) from ~/.docker/config.json; public images need no password",
      "Then log in again where it is needed: docker login",
    ],
  ]),
  ...rows({ layer: "docker", source: "docker/cli, Docker Desktop, read 2026-11" }, [
    [
      "guest.engine",
      "cause",
      /fork\/exec \S{1,120}docker-(?:buildx|compose): (?:no such file|permission denied|exec format error)/,
      "the plugin of Docker that the command needs (buildx, compose) is not at its place, not executable, or for " +
      "another processor",
      guestFix(
        "Install both",
        "sh -c 'apt-get update && apt-get install -y docker-buildx-plugin docker-compose-plugin'",
      ),
      "Remove older copies of it: ls -l ~/.docker/cli-plugins /usr/local/lib/docker/cli-plugins",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /[Cc]urrent context "[^"]{1,60}" is not found on the file system/,
        /unable to resolve docker endpoint: context|context "[^"]{1,60}"(?: does not exist|: context not found)/,
      ),
      "Docker's client is set to a context (an engine) that no longer exists, such as Docker Desktop's",
      contexts,
      commandFix("Use this machine's engine", "docker context use default"),
      "Check DOCKER_CONTEXT and DOCKER_HOST in the environment too",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /unable to resolve docker endpoint: open \S{1,120}\.pem/,
      ),
      "Docker's client is set to use TLS (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH), and its certificates are not there",
      "For this machine's engine: unset DOCKER_HOST DOCKER_TLS_VERIFY DOCKER_CERT_PATH",
      contexts,
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /open \/\/\.\/pipe\/(?:docker\w{0,30}|podman\S{0,30}): The system cannot find/,
        /version \S{0,40}pipe\S{0,120}, check if the server supports the requested API version/,
        /Docker Desktop is unable to start/,
      ),
      "Docker Desktop's engine does not run: it was not started, still starts, or did not come up",
      "Start Docker Desktop, and wait until it says that the engine runs; its own message says why if it does not",
      commandFix("If it hangs: end WSL, then start Docker Desktop again", "wsl --shutdown"),
    ],
    [
      "host.disk",
      "cause",
      /wsl-?bootstrap.{0,300}: read-only file system/,
      "Docker Desktop's data disk is mounted read-only: its file system is damaged, or its drive is full or failing",
      "Free space on the drive, then end Docker Desktop, run wsl --shutdown, and start it again",
      commandFix("Check the drive, as administrator", "chkdsk C:", { root: true }),
      "If it stays: Troubleshoot, Clean / Purge data, which deletes all images, containers and volumes",
    ],
    [
      "provider.access",
      "cause",
      /(?:distro Docker Desktop relies on has exited unexpectedly|wsl distro terminated abruptly)(?![^]{0,900}read-only file system)/,
      "WSL ended while Docker Desktop used it: wsl --shutdown, an update of WSL, a sleep of Windows, or too " +
      "little memory",
      "Restart Docker Desktop from its own message; if it happens again: wsl --update, and a smaller memory= in " +
      ".wslconfig",
    ],
    [
      "verify.docker",
      "cause",
      /cannot access containerd socket|containerd\.sock: permission denied/,
      "nerdctl or ctr does not reach containerd: it does not run, or this user is not allowed to use it",
      guestFix("Start it", "systemctl enable --now containerd"),
      "Run it as root, or set containerd up for this user: containerd-rootless-setuptool.sh install",
    ],
    [
      "verify.docker",
      "note",
      /legacy builder is deprecated and will be removed/,
      "Docker builds with its old builder, since buildx is not installed; the image is built all the same",
      guestFix("Install buildx", "apt-get install -y docker-buildx-plugin"),
    ],
    [
      "verify.docker",
      "cause",
      /command \[ssh .{1,200}\] has exited with .{1,60}make sure the URL is valid/,
      "Docker's client asks an engine over SSH (DOCKER_HOST or a context), and the login or Docker on that " +
      "machine failed",
      "Log in once by hand with the same name (ssh HOST docker version): key, host key and the group docker there",
      contexts,
    ],
    [
      "guest.engine",
      "cause",
      /requires API version [\d.]{3,6}, but the Docker daemon API version is/,
      "the Docker daemon is older than an option that the client was given",
      guestFix("Show both versions", "docker version"),
      "Update the engine, or leave that option out",
    ],
    [
      "verify.docker",
      "cause",
      /[Tt]he input device is not a TTY|cannot attach stdin to a TTY-enabled container/,
      "the command asks for a terminal (-t), and it runs without one, as in a script or pipe",
      "Leave -t out (docker run -i, docker exec -i); with Compose: docker compose exec -T",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /open \S{1,120}\/\.docker\/\S{1,60}: permission denied/,
        /\.docker\/buildx\/\S{1,60}: permission denied/,
      ),
      "Docker's client is not allowed to use its own folder (~/.docker)",
      owner,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /invalid (?:containerPort|hostPort|proto|IP address|ip address): /,
        /invalid (?:publish opts format|port specification|range format for --expose|port range)/,
      ),
      "a port is written in a way that Docker does not take",
      'Write ports: as "HOST:CONTAINER" with numbers from 1 to 65535, such as "8080:80", in quotes',
    ],
    [
      "verify.service",
      "cause",
      /bind: An attempt was made to access a socket in a way forbidden by its access permissions/,
      "Windows keeps that port for itself (a reserved range of Hyper-V or WSL), or another program has it",
      commandFix("List the reserved ranges", "netsh interface ipv4 show excludedportrange protocol=tcp"),
      "Use a port outside of them, or restart the service that reserves them, as administrator: net stop winnat, " +
      "then " +
      "net start winnat",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /conflicting options: (?:port publishing|hostname|dns|host type|links|mac-address|cannot|Restart Policy)/,
        /\b(?:cpus|(?<!pinned |user )memory|restart policy): invalid |invalid restart policy: unknown policy/,
      ),
      "two settings of the container do not go together, or one has a value that Docker does not know",
      "Correct the setting that the message names",
    ],
  ]),
  ...rows({
    layer: "docker",
    near: rootless,
    source: "moby/moby (contrib/dockerd-rootless), rootlesskit, read 2026-11",
  }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /apparmor_restrict_unprivileged_userns is set to 1/,
        /fork\/exec \/proc\/self\/exe: (?:operation not permitted|permission denied)/,
      ),
      "the system forbids user namespaces to ordinary users (AppArmor on Ubuntu 24.04), which rootless engines need",
      "Give rootlesskit an AppArmor profile with the rule userns, as its own hint prints it; packages of Docker " +
      "bring " +
      "one",
      "Or for all programs, which is less safe: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /failed to setup UID\/GID map|new[ug]idmap: write to [ug]id_map failed/,
        /(?:newuidmap|uidmap)\S{0,20} (?:binary )?is not installed|No sub[ug]id ranges found for (?:user|group)/,
      ),
      "the user has no range of ids for a rootless engine, or newuidmap is missing or has lost its permissions",
      guestFix("Install the helper", "apt-get install --reinstall -y uidmap"),
      guestFix("List the ranges", "cat /etc/subuid /etc/subgid"),
      "Add one: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER; Podman then: podman system " +
      "migrate",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /systemd not detected, dockerd-rootless/,
        /Failed to connect to bus: (?:No medium found|\$DBUS_SESSION_BUS_ADDRESS and)/,
      ),
      "the user has no session of systemd, since the login was by su or sudo, or has ended: rootless engines and " +
      "systemctl --user need one",
      "Log in as that user over SSH, or with: machinectl shell USER@",
      guestFix("Let the user's services run without a login", "loginctl enable-linger USER"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /Missing system requirements\. Run the following commands/,
        /Refusing to install rootless Docker as the root|rootful Docker \(\S{1,40}\) is running and accessible/,
        /could not find (?:slirp4netns|rootlesskit|vpnkit|newuidmap)/,
      ),
      "the set-up of rootless Docker stopped: a program is missing, it runs as root, or Docker with root " +
      "runs as well",
      "Do what its message says; as an ordinary user, with docker.service stopped: systemctl disable --now " +
      "docker.service docker.socket",
      guestFix("Install what it needs", "apt-get install -y uidmap slirp4netns dbus-user-session"),
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "docker/cli, moby/moby, read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      /Unit docker\.(?:service|socket) is masked|Unit docker\.(?:service|socket) (?:not found|could not be found)/,
      "systemd has no service of Docker that it may start: Docker Engine is not installed, or the service is masked",
      guestFix("If it is masked", "systemctl unmask docker.service docker.socket"),
      "Otherwise install Docker Engine (docker-ce, or docker.io of the distribution)",
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /systemctl|systemd|docker|service|wsl/i,
    source: "systemd (systemctl), Microsoft Learn (WSL), read 2026-11",
  }, [
    [
      "verify.docker",
      "cause",
      /System has not been booted with systemd as init system/,
      "there is no systemd here: this is a container, or a WSL distribution in which it is turned off",
      "WSL: write systemd=true below [boot] in /etc/wsl.conf, then wsl --shutdown",
      "In a container: start the program itself, or do it in the VM",
    ],
  ]),
];
