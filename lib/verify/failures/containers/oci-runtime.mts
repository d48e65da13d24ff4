import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { type Row, rows } from "../rows.mts";
import { serviceWords } from "../services/script-lines.mts";

const near = new RegExp(`${serviceWords.source}|runc|crun`, "im");
const source = "opencontainers/runc (libcontainer), containers/crun, moby/moby, read 2026-11";
const limits = guestFix("Show the limits of processes and files", "systemctl show docker -p TasksMax -p LimitNOFILE");

/** Messages of runc, crun and containerd that have one cause. */
export const ociRuntimeFailures = (): Failure[] =>
  rows({ layer: "docker", near, source }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /namespace path: lstat \/proc\/\d{1,10}\/ns\/\w{2,6}: no such file/,
        /(?:joining|join) network namespace of container: No such container/,
      ),
      "the service shares the network of another container (network_mode:), which ended or was made again",
      guestFix("Create both again", "docker compose up -d --force-recreate"),
      "Add depends_on: NAME: {condition: service_healthy, restart: true} to the service that joins",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /unable to start unit "(?:docker|libpod|crio|cri)-\w{1,70}\.scope"/,
        /failed to create unit: /,
        /cannot open sd-bus|sd-bus (?:open|message|process|match|add)/,
        /dial unix \/run\/systemd\/private|Message recipient disconnected from message bus/,
      ),
      "systemd did not create the container's control group: it does not answer over D-Bus, or there is no systemd " +
      "here (as in a container)",
      guestFix("Check whether systemd answers", "systemctl is-system-running"),
      guestFix("Let it start itself again; services keep running", "systemctl daemon-reexec"),
      "Rootless: log in as that user (SSH, not su), and let its services stay: loginctl enable-linger USER",
      "Without systemd: native.cgroupdriver=cgroupfs (Docker), or --cgroup-manager=cgroupfs (Podman)",
    ],
    [
      "verify.docker",
      "cause",
      /creating cgroup (?:directory|path) [`'"]?\/sys\/fs\/cgroup\/[^:\n]{1,200}: (?:No such file|Permission denied|Read-only)/,
      "the container's control group cannot be created: the machine uses version 1 without a hierarchy that crun " +
      "needs, or the engine runs in a container that is not allowed to write there",
      guestFix("Check the version (cgroup2fs: 2, tmpfs: 1)", "stat -fc %T /sys/fs/cgroup"),
      "Version 1: boot with systemd.unified_cgroup_hierarchy=1, or use runc (podman --runtime runc)",
      "Podman in a container: start that one with --privileged, or the inner ones with --cgroups=disabled",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /runtime\/cgo: pthread_create failed: |runtime: failed to create new OS thread|RuntimeError: can't start new thread/,
        /(?:crun|runc): (?:\w{4,8} )?(?:fork|clone)\S{0,10}: Resource temporarily unavailable/,
        /fork\/exec \S{1,120}: resource temporarily unavailable/,
        /OutOfMemoryError: unable to create (?:new )?native thread/,
      ),
      "no more processes or threads may start: a limit of processes (pids_limit, TasksMax, ulimit) is reached, or an " +
      "old Docker forbids the image's newer system calls",
      limits,
      "Raise pids_limit: of the service; update Docker, containerd and libseccomp",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /(?:shim|containerd|docker|fsnotify|ttrpc|podman).{0,120}: too many open files/i,
        /inotify\w{0,20}.{0,60}(?:no space left|too many open|limit on the number)/,
        /(?:ENOSPC: )?System limit for number of file watchers reached/,
      ),
      "a limit of open files or of watches (inotify) is reached, which is not a lack of disk space",
      guestFix("Raise the watches", "sysctl -w fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288"),
      limits,
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /unsafe procfs detected|openat2 \S{0,80}proc\/\S{1,120}: (?:permission denied|invalid cross-device)/,
        /mount [`'"]?(?:proc|sysfs|\/sys|\/proc)[`'"]? to [`'"]\S{1,40}[`'"]: (?:Operation not permitted|Permission denied)/,
        /remount [`'"]\/\S{0,60}[`'"]: Operation not permitted/,
      ),
      "the engine runs inside a container (LXC, another engine, a rootless one) that forbids it to mount /proc or /sys",
      "LXC (Proxmox): update the host's lxc-pve, set nesting=1; or run the engine in a VM",
      "Podman in Podman: --security-opt unmask=ALL --security-opt label=disable --device /dev/fuse",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /attr\/(?:keycreate|exec|current): (?:permission denied|invalid argument)/,
        /failed to set process label/,
      ),
      "SELinux does not know the container's label: its policy for containers is missing or old",
      guestFix("Install it", "dnf install -y container-selinux"),
      "To see whether it is that: security_opt: [label=disable] for that service",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /unable to set memory limit to \d/,
        /cannot set (?:the memory limit lower|memory\+swap limit less)/,
      ),
      "the memory limit of the service is lower than what the container already uses",
      "Raise mem_limit: (deploy.resources.limits.memory), or create the container again",
    ],
    [
      "verify.service",
      "cause",
      /cpuset\.(?:cpus|mems)"?: (?:invalid argument|permission denied|no space left|numerical result)/,
      "the service asks for CPUs (cpuset:) that this machine or the group above does not have",
      guestFix("List them", "cat /sys/fs/cgroup/cpuset.cpus.effective"),
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /requested cgroup controller [`'"]?\w{2,10}[`'"]? is not available|controller [`'"]?\w{2,10}[`'"]? is not available/,
        /open [`'"]?(?:memory|cpu|pids|io|cpuset)\.[\w.]{2,20}[`'"]? for writing: No such file/,
        /cannot set limits without cgroups|writing file [`'"]?\/sys\/fs\/cgroup|cgroup-parent for systemd cgroup should be/,
      ),
      "the control groups that the engine needs are not there: not mounted, not delegated to this user, or of " +
      "another version than this engine knows",
      guestFix("List the controllers", "cat /sys/fs/cgroup/cgroup.controllers"),
      "Rootless: Delegate=cpu cpuset io memory pids in user@.service (systemctl edit user@.service), then log in again",
      "An old Docker on cgroup v2: update it",
    ],
    [
      "verify.service",
      "cause",
      /setrlimit [`'"]?RLIMIT_\w{2,12}[`'"]?: Operation not permitted/,
      "the service asks for a higher limit (ulimits) than the engine's user may give",
      "Lower ulimits: of that service, or raise the user's limits (/etc/security/limits.conf; LimitNOFILE of the " +
      "service)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /chdir to [`'"][^`'"]{1,160}[`'"]: (?:Permission denied|No such file)/,
        /workdir "[^"]{1,160}" does not exist on container/,
        /chdir to cwd \("[^"]{0,200}"\) set in config\.json failed/,
      ),
      "the container's working folder does not exist in the image or its volumes, or its user is not allowed to " +
      "enter it",
      "Correct working_dir: or user: of that service, or the owner of the volume there",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:setgroups|setresuid|setresgid)(?: to [`'"]?\d{1,10}[`'"]?)?: Invalid argument/,
        /write to [`'"]\/proc\/\S{1,20}\/(?:setgroups|[ug]id_map)[`'"]: /,
      ),
      "the user or group of the service is not among the ids that this rootless engine may use",
      guestFix("List the ranges", "cat /etc/subuid /etc/subgid"),
      "Use a lower number in user:, or a larger range, then: podman system migrate",
    ],
    [
      "verify.service",
      "cause",
      /(?:exec container process \S{1,160}:|executable file \S{1,160}) Exec format error/,
      "the program that the container starts is for another CPU architecture than this machine's, or a script " +
      "without #! in its first line",
      guestFix("Show this machine's", "uname -m"),
      "Use an image for it (platform:), or write #!/bin/sh into the script's first line",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /exec: "[^"]{1,160}": is a directory|^exec \/\S{1,120}: operation not permitted|open executable: (?:Permission denied|Operation not permitted)/,
        /the path [`'][^`']{1,160}[`'] exists but it is not executable/,
      ),
      "the command of the service is a folder, or a file that cannot be run",
      "Correct command: or entrypoint: of that service; a script needs chmod +x, and a volume no noexec",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /\/usr\/bin\/env: ['`"]?\w{1,20}\\?r['`"]?: No such file|\/bin\/\w{2,8}\^M: bad interpreter/,
        /\$'\\r': command not found/,
        /: (?:line )?\d{1,4}: set: (?:pipefail|-)\s?: invalid option|set: Illegal option -$/,
        /syntax error near unexpected token [`']\$'\S{0,4}\\r'/,
      ),
      "a script has line ends of Windows (CRLF), which Linux does not read",
      "Save it with line ends of Unix: dos2unix FILE; in git: *.sh text eol=lf in .gitattributes",
    ],
    [
      "verify.service",
      "symptom",
      /exited (?:with code |\()139|exit code:? 139/,
      "a program of the container ended with a memory fault of its own (segmentation fault)",
      guestFix("Read the kernel's line about it", "dmesg --level err,warn"),
      "Use another release of its image; a library that does not fit the driver or CPU is the usual reason",
    ],
    [
      "verify.service",
      "cause",
      /exited (?:with code |\()132|exit code:? 132|Illegal instruction \(core dumped\)/,
      "the program uses instructions (such as AVX) that this CPU, or the CPU model of the VM, does not have",
      "Give the VM the host's CPU (libvirt: host-passthrough; Proxmox: cpu: host), or use a build without AVX",
    ],
    [
      "verify.service",
      "fallback",
      /exited (?:with code |\()12[67]/,
      "the container's command could not be run: it is not in the image (127), or cannot be run (126)",
      guestFix("Read what the service says", "docker compose logs --no-color --tail 50"),
      "Correct command: and entrypoint:; a script that exists may have line ends of Windows or lack chmod +x",
    ],
    [
      "verify.service",
      "note",
      /exited (?:with code |\()1(?:43|30)\b/,
      "the container was ended by a signal from outside (143: stop; 130: Ctrl+C), which is not its fault",
      "Look for the reason in what stopped it: docker compose events, or a health check that restarts it",
    ],
  ]);

/** What the kernel answers a runtime, and what to do. */
const answers: Row[] = [
  [
    "verify.docker",
    "fallback",
    /\b(?:crun|runc)\b.{1,400}: (?:Operation not permitted|Permission denied)/,
    "the container runtime is not allowed to do what the line names: the engine is rootless, runs in another " +
    "container, or SELinux, AppArmor or the folder's owner forbids it",
    guestFix("Check whether the kernel refused it", "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'"),
    "Try the same as root or outside of the outer container",
  ],
  [
    "verify.docker",
    "fallback",
    /\b(?:crun|runc)\b.{1,400}: (?:No such file or directory|Not a directory)/,
    "a file or folder that the container runtime needs does not exist, or is of another kind: a volume's source, a " +
    "device, or the command",
    "Correct the path that the line names",
  ],
  [
    "verify.docker",
    "fallback",
    /\b(?:crun|runc)\b.{1,400}: (?:Invalid argument|Function not implemented|Operation not supported|Not supported)/,
    "the kernel does not do what the container runtime asked for: it is older, or the file system there does not " +
    "support it",
    manualFix("Update the kernel and the runtime, and reboot", { reboot: true }),
    "Show the file system of the volume (idmapped mounts and overlay need ext4, xfs or btrfs)",
  ],
  [
    "host.memory",
    "fallback",
    /\b(?:crun|runc)\b.{1,400}: Cannot allocate memory/,
    "the container runtime got no memory",
    guestFix("Check what is free", "free -h"),
    "Give the VM more memory:, or stop other services in it",
  ],
  [
    "host.disk",
    "fallback",
    /\b(?:crun|runc)\b.{1,400}: (?:Read-only file system|No space left on device|Disk quota exceeded)/,
    "the container runtime cannot write: the disk or its inodes or quota are used up, or it is mounted read-only",
    guestFix("Check space and inodes", "sh -c 'df -h; df -i'"),
    "Remove the images that no container uses (docker image prune -a, podman image prune -a), or write a larger " +
    "disk: or data: for the machine",
  ],
];

/** Lines of a container runtime that no other entry knows, by what the kernel answered. */
export const ociAnswerFailures = (): Failure[] => rows({ layer: "docker", near, source }, answers);
