import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "./script-lines.mts";

/** Words of programs whose tables a release changes. */
const migrates = new RegExp(
  `${serviceWords.source}|alembic|migrat|sqlite3\\.|prisma|typeorm|peewee`,
  "im",
);
/** Services of systemd that this project's machines run. */
const units = /docker|containerd|podman|ollama|nvidia|libvirt|virt\w{2,8}d|jellyfin|plex|vllm|frigate|comfy/i;

/** The state of a service's database, and how a service of systemd ended. */
export const serviceStateFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    source: "Alembic, SQLAlchemy, Django, Prisma; open-webui/open-webui#13764 (2025-05), #29290 (2026-08), " +
      "gpustack/gpustack#1572 (2025-03), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /Can't locate revision identified by '/,
      "the program's database was made by a newer or another release than this image, so it does not know its state",
      "Use the image's newer tag again, or restore a copy of the data from before",
    ],
  ]),
  ...rows({
    layer: "docker",
    near: migrates,
    source: "Alembic, SQLAlchemy, SQLite, Django, Prisma, Rails; gpustack/gpustack#1572 (2025-03), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /OperationalError\W{1,3}(?:no such (?:column|table): |duplicate column name: |table \S{1,60} (?:already exists|has no column named))/,
        /SqliteError: (?:no such (?:column|table)|duplicate column)/,
        /(?<![A-Za-z] )Error(?: code)?: P3009\b|migrate found failed migrations|Database migration (?:has )?failed/,
      ),
      "the tables of the program's database do not have the form that this release expects: a migration was cut off " +
      "or never ran, or the data is of another release",
      "Copy the data first; go back to the image's tag that worked, then update one release at a time",
      "Let a migration end: it can take minutes, and a health check or restart that cuts it off leaves it half done",
    ],
    [
      "verify.service",
      "symptom",
      /(?:column|relation) "[\w.]{1,80}" (?:of relation "[\w.]{1,60}" )?(?:does not exist|already exists)(?!, ?skipping)/,
      "the program asked its database for a table or column that is not there, or made one that is: its first start " +
      "has not created the tables yet, a migration was cut off, or the data is of another release",
      "If the program runs, wait until its first start or migration ends; if it ends itself, read its log from the " +
      "first line",
      "With data of another release: copy the data, then go back to the image's tag that worked",
    ],
    [
      "verify.service",
      "cause",
      /could not resize shared memory segment "[^"\n]{1,80}" to \d{1,16} bytes: No space left/,
      "the service's shared memory (/dev/shm, 64 MiB unless it says otherwise) is too small",
      "Write shm_size: 1gb for that service",
    ],
    [
      "verify.service",
      "cause",
      /max virtual memory areas vm\.max_map_count \[\d{1,9}\] (?:is )?(?:likely )?too low/,
      "the service (Elasticsearch, OpenSearch) needs more memory maps than the machine allows a process",
      guestFix("Allow them", "sysctl -w vm.max_map_count=262144"),
      "To keep it: the line vm.max_map_count=262144 in a file in /etc/sysctl.d",
    ],
    [
      "verify.service",
      "cause",
      /detected dubious ownership in repository at '?\/(?!home\/)/,
      "the service's Git refuses a folder that belongs to another user than the one it runs as",
      guestFix("Check the owner of the folder, as numbers", "ls -ln FOLDER"),
      "Give it to the service's user (chown -R), or allow it in the container: git config --global --add " +
      "safe.directory FOLDER",
    ],
  ]),
  ...rows({
    layer: "kernel",
    source: "setroubleshoot (its summary); rfvgyhn/docker-avorion#26 (2026-05), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /SELinux is preventing [^\n]{1,120} access(?:es)? on the [^\n]{0,60}(?:\/dev\/(?:dri|nvidia|kfd)|renderD\d|nvidia\w{0,12}\.)/,
      "SELinux forbids a program in a container, or the program that starts it, the card's node",
      guestFix("Allow containers the devices that they are given", "setsebool -P container_use_devices on"),
      "For one service: security_opt: [label=disable], and the node by devices: or CDI instead of a mounted /dev",
    ],
  ]),
  ...rows({
    layer: "docker",
    near: units,
    source: "systemd 257 (unit states); moby/moby#34091 (2018-04), read 2026-11",
  }, [
    [
      "host.virtualization",
      "cause",
      /code=(?:killed|dumped), (?:status|signal)=(?:4\/)?ILL\b/,
      "the service's program uses instructions that this CPU does not have: it is built for another kind, or the VM " +
      "hides them",
      "Install the build for this machine (see uname -m); in a VM: the host's CPU (host-passthrough)",
    ],
    [
      "host.memory",
      "symptom",
      /code=killed, (?:status|signal)=(?:9\/)?KILL\b|Failed with result 'oom-kill'|unit (?:has been|was) killed by the OOM killer/,
      "the system ended a service by force: memory ran out, or it did not stop in time",
      commandFix("Check whether the kernel ended it", "sh -c 'dmesg | grep -i -A3 \"out of memory\"'", { root: true }),
    ],
    [
      "verify.service",
      "symptom",
      /code=(?:killed|dumped), (?:status|signal)=(?:(?:11|6|7)\/)?(?:SEGV|ABRT|BUS)\b/,
      "the program of a service crashed; its own last lines say more, if anything does",
      commandFix("Read them", "journalctl -b --no-pager -n 100 -u SERVICE", { root: true }),
      "Reinstall it in one release; if several programs crash: test the machine's memory",
    ],
  ]),
];
