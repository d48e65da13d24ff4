import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "./script-lines.mts";
import { servicePorts } from "./service-links.mts";

/** Words of containers: a service's own lines are about it only next to them. */
const near = new RegExp(
  `${serviceWords.source}|register layer|\\bollama\\.service: |\\[1\\] (?:FATAL|LOG|DETAIL|HINT|ERROR): |` +
    "collation version|nginx: \\[emerg\\] host not found",
  "im",
);
const owner = guestFix("Check the owner of the folder, as numbers", "ls -ln FOLDER");
const ps = guestFix("Check which services run", "docker compose ps --all");

/** What programs in a service's container say about the volumes and the network that they were given. */
export const serviceProgramFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    near,
    source: "docker-library/postgres#1259 (2024-07), docker-library/docs, omegaup/omegaup#9395 (2026-03), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /in 18\+, these Docker images are configured to store database data/,
        /database files are incompatible with server|data directory was initialized by PostgreSQL version/,
        /Invalid MySQL server (?:downgrade|upgrade)|Unsupported redo log format|Cannot upgrade from \d{5}/,
        /Wrong mongod version|Failed to start up WiredTiger under any compatibility|featureCompatibilityVersion document .{0,80}[Ii]nvalid/,
        /Can't handle RDB format version|database version \(\S{1,16}\) is incompatible with your current engine/,
        /cannot upgrade a node from version \[/,
      ),
      "the volume has the files of another major release of this database than the image's",
      "Go back to the old image's tag: it reads them; then dump the data, and load it into a new volume of the " +
      "new release",
      "PostgreSQL 18: mount the volume at /var/lib/postgresql instead of /var/lib/postgresql/data (only for new data)",
    ],
    [
      "verify.service",
      "note",
      /database "[^"\n]{1,60}" has a collation version mismatch/,
      "the image's system sorts text in another way than the one that the database was made with: indexes of " +
      "texts can " +
      "be wrong until they are built again",
      'In psql: REINDEX DATABASE "NAME"; then ALTER DATABASE "NAME" REFRESH COLLATION VERSION',
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Database is uninitialized and (?:superuser )?password (?:option )?is not specified/,
        /You need to specify one of the following as an environment variable/,
      ),
      "the database's first start needs a password, and none is set",
      "Set it for that service (POSTGRES_PASSWORD, MYSQL_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD), as in .env",
    ],
    [
      "verify.service",
      "cause",
      /password authentication failed for user "|Access denied for user '[^']{1,60}'@/,
      "the database refuses the name or password: it keeps those of its first start in its volume, whatever the " +
      "environment says later",
      "Use the first password, or change it inside the database (ALTER USER)",
      "If the data may go: docker compose down --volumes deletes all volumes of the project, then up -d",
    ],
  ]),
  // any program of any machine prints these
  ...rows({ layer: "docker", near, shared: true, source: "omegaup/omegaup#9395 (2026-03), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /mkdir: (?:cannot|can't) create directory ['"]?[^'"\n]{1,200}['"]?: Permission denied/,
        /PermissionError: \[Errno 13\] Permission denied: '\/(?!var\/run|dev\/)|EACCES: permission denied, (?:mkdir|open|scandir|unlink|rename)(?! '\/(?:dev|run|var\/run)\/)/,
        /can't create \/(?!dev\/)[^:\n]{1,160}: Permission denied|Failed to open log file '?\/(?!dev\/)[^:\n]{1,160}: Permission denied/,
        /(?<!PermissionError: )\[Errno 13\] Permission denied: '(?!\/(?:var\/run|dev)\/)/,
        /(?<!(?:\/dev\/|\.sock\b)[^\n]{0,90})Permission denied \(os error 13\)(?![^\n]{0,90}(?:\/dev\/|\.sock\b))/,
        /UnauthorizedAccessException: Access to the path '\/(?!dev\/)[^'\n]{1,160}' is denied/,
        /could not create (?:directory|file) (?:mkdir|open) \/(?!\.)\S{1,160}: permission denied/,
        /AccessDeniedException: \/(?!dev\/)|can't open new logfile: open \/\S{1,160}: permission denied/,
      ),
      "the service is not allowed to use a file or folder: most often its volume belongs to another user than the " +
      "one the service runs as",
      owner,
      "Give it to that user: chown -R 1000:1000 FOLDER (the numbers of user:, PUID and PGID, or of the image)",
      "A share (NFS, SMB) sets the owner at its mount; SELinux: add :Z to the volume",
    ],
  ]),
  ...rows({ layer: "docker", near, source: "docker-library/docs, read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /host not found in upstream "|could not translate host name "/,
        /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?![\w-]{1,60}\.)/,
      ),
      "a service does not find another one by its name: it does not run, or is in another network or project",
      ps,
      "Use the service's name from the Compose file, put both into one network, and add depends_on:",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /ECONNREFUSED (?:127\.0\.0\.1|::1):\d{2,5}|connect to (?:localhost|127\.0\.0\.1)\S{0,10} .{0,60}refused/,
        /connection to server at "localhost".{0,60}(?:failed|refused)|\(localhost, \d{2,5}\).{0,80}refused/,
        new RegExp(`dial tcp (?:127\\.0\\.0\\.1|\\[::1\\]):${servicePorts}: connect: connection refused`),
      ),
      "a service asks for another one at localhost, which in a container is the container itself; or that one " +
      "does not run",
      "Write the other service's name instead of localhost; for a program of the host: host.docker.internal with " +
      "extra_hosts: ['host.docker.internal:host-gateway']",
      ps,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /bind\(\) to \S{1,40}:\d{1,4} failed \(13: Permission denied\)/,
        /listen tcp\d? ?\S{0,40}:\d{1,4}: bind: permission denied/,
      ),
      "a service that does not run as root is not allowed to use a port below 1024",
      "Let it listen on a higher port, and publish that: ports: ['80:8080']",
      "Or write sysctls: {net.ipv4.ip_unprivileged_port_start: 0} for that service",
    ],
    [
      "verify.service",
      "cause",
      /MongoDB 5\.0\+ requires a CPU with AVX/,
      "MongoDB 5 and later need AVX, which the VM's CPU does not show",
      "Give the VM the host's CPU (libvirt: host-passthrough; Proxmox: cpu: host), or use MongoDB 4.4",
    ],
  ]),
  ...rows({ layer: "docker", near, source: "moby/moby#53318 (2026-08), docker/buildx, moby/moby, read 2026-11" }, [
    [
      "guest.engine",
      "cause",
      /failed to register layer: openat dev\/\w{2,12}: no such file/,
      "Docker 29.7.0 and 29.7.1 have a fault with images whose layers contain device files",
      guestFix("Update Docker", "sh -c 'apt-get update && apt-get install -y docker-ce docker-ce-cli containerd.io'"),
      "Until then: go back to 29.6.1",
    ],
    [
      "verify.service",
      "cause",
      /failed to find target default\b/,
      "buildx 0.26.0 has a fault: it finds no service when Compose builds with it; or the bake file has no target " +
      "“default”",
      guestFix(
        "Update the builder",
        "sh -c 'apt-get update && apt-get install --only-upgrade -y docker-buildx-plugin docker-compose-plugin'",
      ),
      guestFix("List the targets of a bake file", "docker buildx bake --list=targets"),
    ],
    [
      "verify.service",
      "cause",
      /failed to find target (?!default\b)\S{1,60}/,
      "the build file (docker-bake.hcl or the Compose file) has no target or service with build: of that name",
      guestFix("Check which it has", "docker buildx bake --list=targets"),
    ],
    [
      "verify.docker",
      "cause",
      /is already using parent interface/,
      "another macvlan or ipvlan network of Docker has that interface",
      guestFix("List the networks", "docker network ls"),
      "Use that network (external: true), remove it, or name a VLAN of the interface (parent: eth0.10)",
    ],
    [
      "verify.docker",
      "note",
      /Your kernel does not support (?:swap|memory|cpu|pids|blkio|OOM|memory swappiness)/,
      "the kernel has no control group for that limit, which is left out; the container runs without it",
      "To have it: kernel arguments cgroup_enable=memory swapaccount=1, then reboot",
    ],
    [
      "verify.service",
      "cause",
      /services\.\S{1,90}devices\.\d{1,2}\.(?:count|device_ids|capabilities|driver|options)\S{0,12} must be/,
      "a GPU reservation has a value of the wrong kind",
      "count: takes a number or all; device_ids: a list of texts (['0']); capabilities: [gpu]; driver: nvidia",
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "microsoft/WSL#11253 (2024-03), #11474 (2024-04), #13598 (2025-10), containers/podman (pkg/machine/wsl)",
  }, [
    [
      "guest.image",
      "cause",
      /(?:Failed to start the distribution|distribution failed to start)[^\n\d]{1,30}(?:5|22|30|74|117)\b[^\n\d]{1,40}2\b/,
      "the distribution's file system (ext4.vhdx) is damaged, as after a crash or a full drive, so that WSL " +
      "cannot mount it",
      "Copy ext4.vhdx away first; then attach it to another distribution (wsl --mount --vhd PATH --bare), and repair " +
      "it there: e2fsck -f /dev/sdX",
    ],
    [
      "guest.image",
      "cause",
      /Processing (?:\/etc\/)?fstab with mount -a failed/,
      "WSL could not mount a line of the distribution's /etc/fstab; the rest of it works",
      "Check which one: sudo mount -a; then correct or remove that line",
    ],
    [
      "provider.access",
      "cause",
      /attach disk ['"][^'"]{1,160}\\system\.vhd['"]/,
      "a file of WSL itself (system.vhd) is missing or cannot be used",
      "Install the newest package of WSL from its releases on GitHub (wsl.VERSION.x64.msi); the distributions stay",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /opening tap interface: no such file/,
        /TAP AF_VSOCK/,
      ),
      "Docker Desktop finds no tun and tap modules in WSL's kernel, as with WSL 2.5.4",
      "Update WSL: wsl --update, then wsl --shutdown",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /WSL (?:bootstrap script|import of guest OS) failed/,
        /wsl\.exe \[[^\]]{1,600}\] failed: exit status/,
      ),
      "Podman's VM (podman machine) could not be made or entered in WSL: WSL does not work, or parts of an " +
      "earlier one are left",
      "Check that WSL itself starts: wsl --status, wsl --update",
      "Then make the VM again: podman machine rm, podman machine init (deletes its containers)",
    ],
    [
      "verify.docker",
      "note",
      /pipe\\docker_engine: All pipe instances are busy/,
      "Docker Desktop or another engine has the name docker_engine; Podman's own programs still work",
      "For docker commands to Podman: end the other engine, then start the machine again",
    ],
  ]),
];
