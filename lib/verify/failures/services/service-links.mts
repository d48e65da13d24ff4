import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "./script-lines.mts";

const ps = guestFix("Check which services run, and how others ended", "docker compose ps --all");
const wait = "Read the other service's log first; then depends_on: with condition: service_healthy and a healthcheck:";
/** A private address, such as Docker and Kubernetes give to containers. */
export const privateAddress = "(?:172\\.(?:1[6-9]|2\\d|3[01])|10\\.\\d{1,3}|192\\.168)\\.\\d{1,3}\\.\\d{1,3}";
/** Ports of databases, queues and model servers. */
export const servicePorts = "(?:5432|6379|3306|27017|11434|9200|7687|5672|9092|1883|2379|6333|19530|8123|4317)";
/** Context for texts that are only about a container's database next to words of containers. */
const near = new RegExp(
  `${serviceWords.source}|immich|nextcloud|open.?webui|dify|\\bNest\\]|upstream: "http|` +
    'server: [^\\n]{0,60}, request: "',
  "im",
);

/** What a service says if another one, which it needs, does not answer or refuses it. */
export const serviceLinkFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    source: "Node.js (net), Go (net), redis-py, psycopg, PyMySQL, PDO, the MongoDB drivers; immich-app/immich#2476 " +
      "(2023-05), read 2026-11",
  }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        new RegExp(`ECONNREFUSED ${privateAddress}:\\d{2,5}`),
        new RegExp(
          `dial tcp ${privateAddress}:${servicePorts}: ` +
            "(?:connect: (?:connection refused|no route to host)|i/o timeout)",
        ),
        /Machine learning request (?:to|for) "?[^"\n]{1,100}"? failed/,
        /Error 111 connecting to (?!localhost|127\.)\S{1,60}:\d{2,5}\. Connection refused/,
        /connection to server at "(?!localhost|127\.)[^"]{1,60}"[^\n]{0,60} failed: (?:Connection refused|timeout)/,
        /could not connect to server: Connection refused Is the server running on host "(?!localhost)/,
        /Can't connect to (?:MySQL|MariaDB) server on '(?!localhost|127\.)[^']{1,60}'/,
        /MongoServerSelectionError: connect ECONNREFUSED|MongoNetworkError: failed to connect|ServerSelectionTimeoutError: \S{1,60}: \[Errno 111\]/,
      ),
      "a service does not reach another one, a database or the like: that one does not run yet, ended, or is in " +
      "another network; the GPU has no part in it",
      ps,
      wait,
    ],
    [
      "verify.service",
      "note",
      /(?:FATAL|PostgresError): the database system is (?:starting up|not yet accepting connections)/,
      "the database still starts, so it refuses connections for a while; the other service tries again or is started " +
      "too early",
      "If the other service ends because of it: depends_on: with condition: service_healthy and a healthcheck: " +
      "(pg_isready)",
    ],
  ]),
  ...rows({ layer: "docker", near, source: "nginx, PDO, aiohttp, PostgreSQL, Redis; their sources, read 2026-11" }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        /connect\(\) failed \(11[13]: [^)\n]{1,40}\) while connecting to upstream/,
        /SQLSTATE\[HY000\] \[2002\] (?:Connection refused|No such file|php_network)/,
        /Cannot connect to host (?!localhost|127\.)\S{1,60}:\d{2,5} ssl:\w{4,8} \[/,
      ),
      "a service got no answer from another one that its line names: that one does not run yet, ended, or does not " +
      "listen for other containers (0.0.0.0)",
      ps,
      "A program of the machine itself: host.docker.internal with extra_hosts: " +
      "['host.docker.internal:host-gateway'], and it must listen on 0.0.0.0 (Ollama: OLLAMA_HOST=0.0.0.0)",
    ],
    [
      "verify.service",
      "cause",
      /upstream timed out \(110: [^)\n]{1,40}\) while (?:reading|connecting)/,
      "the reverse proxy (nginx) waited for the service's answer longer than its limit (60 s): a model that loads or " +
      "answers slowly takes longer",
      "Raise it for that location: proxy_read_timeout 600s; and for streamed answers proxy_buffering off;",
      ps,
    ],
    [
      "verify.service",
      "cause",
      /client intended to send too large body/,
      "the reverse proxy (nginx) refuses the upload: it is larger than its limit (1 MB)",
      "Raise it there: client_max_body_size 0; (no limit), or 2g",
    ],
    [
      "verify.service",
      "symptom",
      /FATAL: (?:role "(?!root")|database ")[^"\n]{1,60}" does not exist/,
      "the database server has no user or database of that name: it creates them at the first start of an empty " +
      "volume only, whatever the environment says later. A health check without a database (pg_isready -U USER) " +
      "prints the same line, and passes",
      "In a health check: pg_isready -U USER -d DATABASE",
      "If a program ends with it: create it there (createuser, createdb), or write the names of the first start",
      "If the data may go: docker compose down --volumes deletes all volumes of the project, then up -d",
    ],
    [
      "verify.service",
      "cause",
      /ERROR 1049 \(42000\): Unknown database|Unknown database '[^'\n]{1,60}'/,
      "the database server has no database of that name: it creates it at the first start of an empty volume only, " +
      "whatever the environment says later",
      "Create it there (CREATE DATABASE), or write the name of the first start",
      "If the data may go: docker compose down --volumes deletes all volumes of the project, then up -d",
    ],
    [
      "verify.service",
      "note",
      /FATAL: role "root" does not exist/,
      "a program asks the database as root, most often a health check without a user, which passes all the same",
      "Name the user in the health check: pg_isready -U USER -d DATABASE",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /FATAL: (?:sorry, too many clients already|remaining connection slots are reserved)/,
        /ERROR 1040 \(\w{5}\): Too many connections|max number of clients reached/,
      ),
      "the database has no connection left: the programs hold more than it allows (100 in PostgreSQL)",
      "Restart the service that holds them, and give it a smaller pool; or allow more (command: postgres -c " +
      "max_connections=300)",
    ],
    [
      "verify.service",
      "cause",
      /NOAUTH Authentication required|AuthenticationError: Authentication required|WRONGPASS invalid username-password pair/,
      "Redis expects another password than the service sends, or the service sends none",
      "Write the same password for both (REDIS_PASSWORD, or --requirepass of the Redis service)",
    ],
  ]),
];

/** What databases in a container say about the folder or volume with their data. */
export const serviceDataFailures = (): Failure[] =>
  rows({
    layer: "docker",
    source: "PostgreSQL 17 (initdb, postmaster), MariaDB and MySQL (InnoDB), Redis 7, MongoDB (WiredTiger); " +
      "immich-app/immich#16915 (2025-03), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /initdb: error: directory "[^"\n]{1,200}" exists but is not empty/,
        /--initialize specified but the data directory has files in it/,
      ),
      "the folder for a new database is not empty: it holds hidden files (of a share, lost+found) or what an earlier " +
      "first start left",
      guestFix("Check what is in it", "ls -la FOLDER"),
      "Use a named volume, or a folder below the mount (PGDATA=/var/lib/postgresql/data/pgdata); a share (NFS, SMB) " +
      "is no good place for a database",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /data directory "[^"\n]{1,200}" has (?:wrong ownership|invalid permissions|group or world access)/,
        /could not (?:change permissions of|access) directory "[^"\n]{1,200}": (?:Operation not permitted|Permission denied)/,
        /Permissions should be u=rwx \(0700\)/,
      ),
      "PostgreSQL does not take its folder: it must belong to the database's user, with the mode 0700, which a share " +
      "(SMB, NFS) or a folder of Windows does not keep",
      "Use a named volume instead of that folder",
      "On a file system of Linux: chown -R 999:999 FOLDER (the image's user), then chmod 0700 FOLDER",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /PANIC: could not locate a valid checkpoint record/,
        /Bad file format reading the append only file|Unexpected end of file reading the append only file/,
        /InnoDB(?:: |\] )(?:Database page corruption|Corruption of|Missing MLOG_CHECKPOINT|Ignoring the redo log)/,
        /WT_PANIC: WiredTiger library panic/,
        /database disk image is malformed/,
      ),
      "the files of the database are damaged: the power failed, the disk was full, or they are on a share or were " +
      "copied while it ran",
      "Stop it and copy the folder first; then restore a backup (Immich keeps some in its library's backups folder)",
      guestFix("Check whether the disk has errors", "dmesg --level err,warn"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /FATAL: lock file "postmaster\.pid" already exists/,
        /InnoDB: Unable to lock \.\/ibdata1/,
        /Unable to lock the lock file: \S{1,120}mongod\.lock/,
      ),
      "another database process already uses that folder, such as a second container with the same volume, or one " +
      "on the other side of a share",
      ps,
      "Let one container use it; on a share that kept its lock, use a disk of the machine instead",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /could not access file "(?:\$libdir\/)?(?:vectors?|vchord|pg_?vecto|postgis|timescale|pg_cron)\S{0,20}": No such file/,
        /extension "[\w-]{2,40}" is not available|could not open extension control file/,
        /type "(?:vector|halfvec|geometry)" does not exist/,
      ),
      "the database's image lacks an extension that the program needs (vectors, for one)",
      "Use the database image that the program's own Compose file names (Immich: ghcr.io/immich-app/postgres), of " +
      "the same major release as the data",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /MISCONF Redis is configured to save RDB/,
        /Failed opening the (?:temp )?RDB file|Can't open (?:or create )?append-?only (?:dir|file)/,
      ),
      "Redis cannot write its data: its folder belongs to another user, is read-only, or the disk is full",
      guestFix("Check the free space", "df -h"),
      "Give the folder to the image's user (chown -R 999:999 FOLDER), or use a named volume",
    ],
  ]);
