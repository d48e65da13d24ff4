import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const mounted = guestFix("Check what is mounted there", "findmnt -o TARGET,SOURCE,FSTYPE,OPTIONS");
const again =
  "Docker keeps a volume's first settings: docker volume rm NAME (deletes a local volume's data), then up again";

/** Volumes, shares and mounts of a container, by what the system answers. */
export const volumeFailures = (): Failure[] =>
  rows({
    layer: "docker",
    near: new RegExp(`${dockerWords.source}|Error: l?stat|statfs`, "i"),
    source: "moby/moby (volume/local), opencontainers/runc, Docker Desktop, read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /failed to mount local volume: mount .{1,400}(?:addr=|username=|nfs|cifs).{0,300}: (?:permission denied|operation not permitted|access denied)/,
      "the server refuses this machine its share: its exports (NFS) do not name this address, or name and password " +
      "(SMB) are wrong",
      "NFS: allow the VM's address in the server's exports; SMB: correct username=, password= and domain= in o:",
      again,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to mount local volume: mount .{1,400}: (?:host is down|no route to host|connection (?:refused|timed out)|network is unreachable|i\/o timeout)/,
        /error resolving passed in network volume address/,
      ),
      "the server of that share does not answer, or its name is unknown here",
      guestFix("Check whether it answers", "ping -c 3 SERVER"),
      "Write the server's address in o: (addr=…); with SMB 1 servers vers=1.0, otherwise vers=3.0",
    ],
    [
      "verify.service",
      "cause",
      /failed to mount local volume: mount .{1,400}: (?:protocol not supported|no such device|unknown filesystem|invalid argument|function not implemented)/,
      "the kernel or the server does not know that kind of share, its version or an option of it",
      guestFix("Install the programs for NFS and CIFS", "apt-get install -y nfs-common cifs-utils"),
      "Correct type: and o: (nfsvers=4 or 3, vers=3.0), and mount it by hand once",
      again,
    ],
    [
      "verify.service",
      "cause",
      /failed to mount local volume: mount .{1,400}: (?:no such file or directory|not a directory)/,
      "the folder that the volume binds (device:), or the server's share, does not exist",
      "Create it, or correct device: below driver_opts:, which needs the whole path",
      again,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /mkdir \/(?:run\/desktop\/mnt\/host|host_mnt|mnt\/host)\S{0,200}.{0,200}: file exists/,
        /\/run\/desktop\/mnt\/host\/\S{1,200}: (?:no such device|invalid argument|input\/output error)/,
      ),
      "Docker Desktop lost the connection to that Windows drive, as after it was unplugged, locked or mapped again",
      commandFix("End WSL, then restart Docker Desktop", "wsl --shutdown"),
      "Use a folder on a fixed local drive (not a network, encrypted or cloud drive)",
    ],
    [
      "verify.service",
      "cause",
      /[Mm]ounts denied: |is not shared from the host and is not known to Docker/,
      "Docker Desktop is not allowed to use that folder of this computer",
      "Add it in Docker Desktop: Settings, Resources, File sharing",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /\S{1,200}: (?:stale NFS file handle|stale file handle|transport endpoint is not connected)/,
      ),
      "a volume is on a network share, FUSE mount or disk that is gone or hangs",
      mounted,
      guestFix("Unmount it, then mount it again", "umount -l FOLDER"),
      "Start the service only after the mount (RequiresMountsFor= in Docker's unit)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /create mountpoint for \S{1,200} mount: .{0,300}(?:read-only file system|not a directory|file exists)(?!.{0,60}Are you trying to mount)/,
        /make mountpoint "[^"]{1,200}": .{0,300}(?:read-only file system|not a directory)/,
        /creating [`'"][^`'"]{1,200}[`'"]: openat2 .{1,200}: (?:Not a directory|Read-only file system)/,
      ),
      "the place in the container where the volume should go cannot be created: it is in another volume that is " +
      "read-only, or below a file",
      "Create that folder or file in the outer volume's source first, or mount the inner one elsewhere",
    ],
    [
      "verify.service",
      "cause",
      /failed to fulfil mount request: open (?!\S{0,80}nvidia)[^:]{1,200}: (?:no such file|permission denied|operation not permitted)/,
      "the source of a volume does not exist, or Docker is not allowed to open it (a home of another user, FUSE, " +
      "rootless)",
      "Create it, or let Docker's user pass each folder above it (chmod o+x); FUSE: mount with allow_other",
    ],
    [
      "verify.service",
      "cause",
      /Duplicate mount (?:point|destination|target)/,
      "two volumes of the service have the same place in the container",
      "Remove one of them from volumes: (see also an included or extended file: docker compose config)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to (?:chmod|chown|copy file info) \S{0,12} ?\/\S{1,200}: .{0,60}(?:operation not permitted|permission denied)/,
        /failed to (?:populate volume|copy file info).{0,300}(?:lchown|chmod|operation not permitted)/,
      ),
      "Docker is not allowed to set the owner or mode of files in that volume: it is a share that does not allow " +
      "it (NFS with root_squash, SMB)",
      "Write nocopy: true for that volume; on the NFS server no_root_squash, or for SMB uid=, gid= in o:",
    ],
    [
      "verify.service",
      "cause",
      /Error: (?:statfs|lstat|stat) \/(?!dev\/)[^:]{1,200}: no such file or directory/,
      "a file or folder that the container mounts does not exist on this machine (Podman creates none)",
      "Create it, or correct the path in volumes: (-v)",
    ],
  ]);
