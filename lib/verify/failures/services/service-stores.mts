import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "./script-lines.mts";

/** Words of containers, and of libraries by which their programs use a database in a file. */
const near = new RegExp(
  `${serviceWords.source}|sqlite3\\.|sqlalchemy|peewee|site-packages|node_modules|SQLITE_|chroma|alembic`,
  "im",
);
const owner = guestFix("Check the owner and mode of the folder, as numbers", "ls -ln FOLDER");
const local =
  "Keep the file on a local disk, best in a named volume: a share (NFS, SMB) has no locks that it can rely on";

/** Databases in a file, object stores and extensions of PostgreSQL: what they say about their data at the start. */
export const serviceStoreFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    near,
    source: "SQLite 3 (result codes), SQLAlchemy; open-webui/open-webui#11946 (2025-03), #18123 (2025-10), " +
      "a1ex4/ownfoil#89 (2024-07), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /unable to open database file|SQLITE_CANTOPEN/,
      "the program cannot open its database's file: the folder does not exist (in the container), or its user is not " +
      "allowed to write to it",
      owner,
      "Mount a folder there (volumes:), and give it to the service's user (user:, PUID and PGID, or the image's)",
    ],
    [
      "verify.service",
      "cause",
      /attempt to write a readonly database|SQLITE_READONLY/,
      "the program is not allowed to write to its database's file or folder: it belongs to another user, or the " +
      "volume is read-only (:ro)",
      owner,
      "Give file and folder to the service's user, and mount the volume without :ro",
    ],
    [
      "verify.service",
      "cause",
      /\[InnoDB\] Unable to lock \.\/ibdata1/,
      "the database's folder is in use by another MySQL or MariaDB: a second container with the same volume, one " +
      "that still stops, or one on the other side of a share",
      guestFix("Check which containers run", "docker ps"),
      "Stop the other one; give each database a volume of its own",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /OperationalError\W{1,3}database is locked(?![^\n]{0,60}retry)|SqliteError: database is locked/,
        /(?:(?:Error|Exception): \[?|code['"]?: ?['"])SQLITE_BUSY(?![^\n]{0,60}retry)/,
      ),
      "another process holds the database's file: a second container or copy of the program has the same volume, or " +
      "the volume is a share",
      guestFix("Check which containers run", "docker ps"),
      local,
    ],
    [
      "host.disk",
      "cause",
      /SQLITE_CORRUPT|SQLITE_NOTADB|DatabaseError\W{1,3}file is not a database/,
      "the program's file is not a whole database of SQLite: damaged by a cut of power or a full disk, or another file",
      "Stop the service, copy the file, and restore a backup (some programs keep one next to it)",
      "Without one: sqlite3 FILE .recover writes what is still readable, for a new file",
    ],
  ]),
  ...rows({
    layer: "docker",
    source: "MinIO (cmd/config-errors.go, format-erasure.go); langfuse/langfuse#11090 (2025-12), " +
      "openimsdk/open-im-server#1082 (2023-09), minio/minio#16457 (2023-01), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /Unable to (?:initialize backend: Unable to )?write to the backend/,
        /file access denied, drive may be faulty/,
      ),
      "MinIO is not allowed to write to its data: the folder belongs to another user than the one it runs as " +
      "(newer images do not run as root)",
      owner,
      "Give it to the image's user (docker compose run --rm --entrypoint id SERVICE shows it), or set user: to the " +
      "owner",
    ],
    [
      "verify.service",
      "cause",
      /expected format-type: \w{2,10}, found: xl|found backend type fs, expected xl/,
      "the data is of another release of MinIO, which stored it in another form, than the image's",
      "Go back to the image's tag that wrote it; to change: copy the data by mc mirror into an empty new server",
    ],
  ]),
  ...rows({
    layer: "docker",
    near: /minio/i,
    source: "MinIO (cmd/config-errors.go), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      /(?:ERROR|FATAL) Unable to initialize backend: /,
      "MinIO does not start, for the reason after that colon: a variable MINIO_… has a value that it does not " +
      "know, or its data or disks are not as it expects",
      "Read the HINT below it; compare environment: and command: with the release's own documentation",
    ],
  ]),
  ...rows({
    layer: "docker",
    source: "Immich, VectorChord, pgvecto.rs; immich-app/immich#18439 (2025-05), imagegenius/docker-immich#608 " +
      "(2025-08), #732 (2026-07), pgautoupgrade/docker-pgautoupgrade#7 (2024-03)",
  }, [
    [
      "verify.service",
      "cause",
      /must be loaded via shared_preload_libraries/,
      "PostgreSQL does not load that extension at its start: nothing sets shared_preload_libraries, or an older file " +
      "(postgresql.conf, postgresql.auto.conf) or command: sets another value",
      "Write command: postgres -c shared_preload_libraries=NAME for the database's service, with all that it needs " +
      "separated by commas, and create the container again; or take that service from the program's own Compose file",
      guestFix(
        "Check where the value comes from",
        "docker compose exec SERVICE grep -rn shared_preload_libraries /var/lib/postgresql --include=*.conf",
      ),
      "In postgresql.auto.conf: remove that line while the database is stopped, after a copy of the data",
    ],
    [
      "verify.service",
      "cause",
      /database currently has \S{3,30} \S{1,16} activated, but the Postgres instance only has/,
      "the database's extension is newer than the one in the image: the image's tag is older than the one that ran " +
      "before",
      "Use the image's newer tag again, whose extension is at least of that release; the data stays",
    ],
    [
      "verify.service",
      "cause",
      /extension version is [\d.]{3,12}(?:, but Immich only supports| instead of)/,
      "the database's image has the vector extension in another release than this release of Immich needs",
      "Copy the data first; then use the image of the database that this release's docker-compose.yml names, " +
      "with the " +
      "same major release of PostgreSQL",
      "If the image has the right release already: update it inside the database, as the message says (ALTER " +
      "EXTENSION)",
    ],
    [
      "verify.service",
      "cause",
      /No vector extension found\. Available extensions: /,
      "the database's image has none of the vector extensions that this release of Immich uses, as images for " +
      "pgvecto.rs have none",
      "Copy the data first; then use Immich's own image of PostgreSQL (ghcr.io/immich-app/postgres) with a tag of " +
      "the same major release that still has the old extension (…-vectorchord…-pgvectors…)",
    ],
    [
      "verify.service",
      "cause",
      /Unrecognised version of PostgreSQL database files/,
      "the image upgrades a PostgreSQL database, and does not know the release of the files in its volume",
      guestFix(
        "Show their release",
        "docker compose run --rm --entrypoint cat SERVICE /var/lib/postgresql/data/PG_VERSION",
      ),
      "Use a tag of the image for that release or a newer one, and let PGDATA be the folder that has PG_VERSION",
    ],
  ]),
];
