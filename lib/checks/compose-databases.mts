/** What the images of databases refuse at their first start. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { enabledOf } from "../compose/enabled.mts";
import { imageParts } from "../compose/image-name.mts";
import { literally } from "../compose/refusals.mts";
import { environmentOf, mountsOf, texts } from "../compose/service.mts";
import { variablesIn } from "../compose/variables.mts";
import { manualFix } from "../fixes.mts";
import { firstFew, joinList } from "../text.mts";
import { envOf, placeOfPath } from "./compose-paths.mts";
import { postgresRelease, type Server, withoutVolume } from "./compose-database-volumes.mts";
import { blockOf, flaw, type ProjectFlaw } from "./compose-flaw.mts";
import { vpnVariables } from "./compose-programs.mts";

/** Images whose entrypoint asks for a password: docker-library/postgres, mysql and mariadb; read 2026-11-27. */
const databases: {
  image: RegExp;
  /** Variables of which one must have a value: `_FILE` after the name counts too. */
  passwords: string[];
}[] = [
  {
    // images that start from postgres and keep its entrypoint
    image:
      /^(postgres|(pgvector|ankane)\/pgvector|postgis\/postgis|timescale\/timescaledb|tensorchord\/[\w-]+|apache\/age|paradedb\/paradedb|ghcr\.io\/(immich-app\/postgres|tensorchord\/[\w-]+))$/,
    passwords: ["POSTGRES_PASSWORD", "POSTGRES_HOST_AUTH_METHOD"],
  },
  {
    image: /^mysql$/,
    passwords: ["MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"],
  },
  {
    image: /^mariadb$/,
    passwords: ["ROOT_PASSWORD", "ALLOW_EMPTY_ROOT_PASSWORD", "RANDOM_ROOT_PASSWORD", "ROOT_PASSWORD_HASH"].flatMap(
      (name) => [`MARIADB_${name}`, `MYSQL_${name.replace("EMPTY_ROOT", "EMPTY")}`],
    ),
  },
];

function serverOf(service: ComposeService): Server | undefined {
  const { image, build, entrypoint, command } = service;
  if (typeof image !== "string" || build !== undefined || entrypoint !== undefined) return undefined;
  // another program of the image, such as a client, needs none of it
  const [program = ""] = typeof command === "string" ? command.trim().split(/\s+/) : texts(command);
  if (!/^(-.*|postgres|mysqld|mariadbd|mongod)?$/.test(program)) return undefined;
  const [name, tag] = imageParts(image);
  const own = name.replace(/^(docker\.io|mirror\.gcr\.io|public\.ecr\.aws\/docker)\//, "").replace(/^library\//, "");
  return { service, image: own, tag, passwords: databases.find((row) => row.image.test(own))?.passwords };
}

/** The flaws of a service that runs a database from its usual image. `name`: the service's. */
export function databaseFlaws(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const server = serverOf(service);
  if (!server) return [];
  const misplaced = postgresVolume(server);
  const found = [
    ...[...withoutPassword(name, server, project), ...incomplete(server), ...misplaced],
    ...(misplaced.length > 0 ? [] : notEmpty(server, project)),
  ];
  // one that does not start has no data
  const starts = found.length === 0 && !databasePasswords(project).some(({ service }) => service === name);
  return starts ? withoutVolume(name, server, project) : found;
}

const ends = ": the container ends at its first start";

/**
 * The variables in the values that a service's lines give a variable. A service that has it from another one, or by an
 * anchor, has no such line: then all lines count.
 */
function variablesOf(name: string, service: string, texts: ComposeProject["texts"]): string[] {
  const value = new RegExp(`\\b${name}["']?\\s*[:=]([^,}]*)`, "g");
  const valuesIn = (lines: string[]) =>
    lines.flatMap((line) => [...line.replace(/(^|\s)#.*$/, "").matchAll(value)].map(([, one]) => one!));
  const own = valuesIn(Object.entries(texts).flatMap(([file, text]) => linesOf(file, text, service)));
  const values = own.length > 0 ? own : valuesIn(Object.values(texts).flatMap((text) => text.split("\n")));
  return variablesIn(values.join("\n"));
}

/** The lines of a service in a file; of a service in braces only what is between them. */
const linesOf = (file: string, text: string, service: string) =>
  blockOf(file, text, service).flatMap(({ lines }) => {
    const block = lines.join("\n");
    const [start = ""] = new RegExp(`^[^]*?(?<![\\w.-])${literally(service)}["']?\\s*:\\s*(?=\\{)`).exec(lines[0]!) ??
      [];
    return (start === "" ? block : inBraces(block.slice(start.length))).split("\n");
  });

/** A text from the brace that it begins with to the one that closes it, or its end. */
function inBraces(text: string): string {
  let depth = 0;
  const end = [...text.matchAll(/[{}]/g)].find(([brace]) => (depth += brace === "{" ? 1 : -1) === 0);
  return text.slice(0, end && end.index + 1);
}

/** The variables of which a database needs one, where a service has none of them, or has them without a value. */
function withoutPassword(
  own: string,
  { service, image, passwords }: Server,
  project: ComposeProject,
): ProjectFlaw[] {
  const { texts, unsetVariables, refusals } = project;
  // the files may have it, and this reader does not merge them
  if (!passwords || service.env_file !== undefined || service.secrets !== undefined) return [];
  const given = Object.entries(environmentOf(service)).filter(([name]) =>
    passwords.includes(name.replace(/_FILE$/, ""))
  );
  const plain = given.find(([name]) => /^(POSTGRES|(MYSQL|MARIADB)_ROOT)_PASSWORD$/.test(name));
  const first = plain ?? given[0];
  if (first) {
    // a variable without a value, or one of the caller, is reported by its name
    const variables = given.flatMap(([name]) => variablesOf(name, own, texts));
    const reported = [...unsetVariables, ...refusals].flatMap(({ variable }) => variable ?? []);
    if (given.some(([, value]) => value !== "") || variables.some((one) => reported.includes(one))) return [];
    const feeding = plain ? variablesOf(plain[0], own, texts) : [];
    const item = `${first[0]} without a value`;
    const rest = (_: boolean, several: boolean) =>
      several ? ends.replace("container ends at its", "containers end at their") : ends;
    return [{
      ...flaw(
        `has ${item}${ends}`,
        first[0],
        feeding.length > 0
          ? `Set ${joinList(feeding)} in ${envOf(project)}`
          : `Write a password as ${plain?.[0] ?? passwords[0]}`,
      ),
      fold: { kind: `empty ${first[0]} ${feeding.join(" ")}`, verb: ["has", "have"], item, rest },
    }];
  }
  return [flaw(
    `runs ${image} without a password${ends}`,
    "image:",
    `Add to environment: ${passwords[0]}: …`,
  )];
}

/** Variables without a value that hold the password of a database, or the key of a VPN, each with its service. */
export function databasePasswords(project: ComposeProject): { variable: string; service: string }[] {
  return enabledOf(project).flatMap(([service, body]) => {
    const passwords = serverOf(body)?.passwords ?? vpnVariables(body);
    const values = environmentOf(body);
    if (!passwords?.length || passwords.some((one) => values[one] || values[`${one}_FILE`])) return [];
    const feeding = passwords.filter((one) => Object.hasOwn(values, one)).flatMap((one) =>
      variablesOf(one, service, project.texts)
    );
    return project.unsetVariables.flatMap(({ variable = "" }) => {
      const isUsed = feeding.includes(variable);
      // Compose itself refuses one that is required
      const isRequired = project.refusals.some((one) => one.variable === variable);
      return variable !== "" && isUsed && !isRequired ? [{ variable, service }] : [];
    });
  });
}

/** Variables that exclude or need each other. */
function incomplete({ service, image }: Server): ProjectFlaw[] {
  const values = environmentOf(service);
  if (["mysql", "mariadb"].includes(image)) {
    // docker-library/mysql and mariadb, docker-entrypoint.sh; read 2026-11-27
    const key = ["MYSQL_USER", "MARIADB_USER"].find((one) => values[one] === "root");
    return key === undefined ? [] : [flaw(
      `has ${key}: root, which the image refuses: it is for another user than root`,
      key,
      `Remove ${key} and its password; the password of root is ${key.replace("USER", "ROOT_PASSWORD")}`,
    )];
  }
  if (image !== "mongo" || service.env_file !== undefined) return [];
  // docker-library/mongo, docker-entrypoint.sh; read 2026-11-27
  const pair = ["MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD"];
  const given = Object.keys(values).map((one) => one.replace(/_FILE$/, ""));
  const [absent, ...others] = pair.filter((one) => !given.includes(one));
  if (absent === undefined || others.length > 0) return [];
  return [flaw(
    `has only one of ${joinList(pair)}: the container ends at its first start`,
    pair,
    `Add to environment: ${absent}: …`,
  )];
}

/**
 * PostgreSQL 18 and later keep their data in a folder of the release below /var/lib/postgresql, and do not start with a
 * mount at the old place (docker-library/postgres#1259; read 2026-11-27).
 */
function postgresVolume({ service, image, tag }: Server): ProjectFlaw[] {
  if (!/^(postgres|pgvector\/pgvector|postgis\/postgis)$/.test(image)) return [];
  if ((postgresRelease(image, tag) ?? 0) < 18) return [];
  if (environmentOf(service).PGDATA !== undefined || service.env_file !== undefined) return [];
  const old = mountsOf(service).find(({ target }) => /^\/var\/lib\/postgresql\/data\/?$/.test(target));
  if (!old) return [];
  return [{
    status: "fail",
    message: `mounts ${old.source ?? "a volume"} at ${old.target}, with which PostgreSQL 18 and later do not start`,
    at: old.target,
    fix: manualFix(
      "Write /var/lib/postgresql instead of /var/lib/postgresql/data. For a volume with data of an older release, " +
        "write the image's older tag",
    ),
  }];
}

/**
 * A folder of the project for PostgreSQL's data that has files but no database, such as `.gitkeep`: initdb refuses a
 * folder that is not empty (postgres, src/bin/initdb/initdb.c, create_data_directory; src/port/pgcheckdir.c counts dot
 * files).
 */
function notEmpty({ service, passwords }: Server, project: ComposeProject): ProjectFlaw[] {
  if (!passwords?.includes("POSTGRES_PASSWORD")) return [];
  const data = environmentOf(service).PGDATA ?? "/var/lib/postgresql/data";
  return mountsOf(service).filter(({ type, target }) => type === "bind" && target.replace(/\/$/, "") === data).flatMap(
    ({ source = "" }) => {
      const folder = placeOfPath(source, project)?.relativePath;
      const files = (project.copied ?? []).flatMap((one) =>
        folder !== undefined && one.startsWith(`${folder}/`) ? [one.slice(folder.length + 1)] : []
      );
      if (files.length === 0 || files.includes("PG_VERSION")) return [];
      const entries = [...new Set(files.map((one) => one.split("/")[0]!))];
      return [flaw(
        `mounts ${folder} with ${
          joinList(firstFew(entries, 8))
        } in it at ${data}: PostgreSQL creates its data only in an empty folder`,
        [folder!, `:${data}`],
        `${
          entries.length > 8
            ? `Remove all that is in ${folder}`
            : `Remove ${joinList(entries.map((one) => `${folder}/${one}`))}`
        }, or use a named volume`,
      )];
    },
  );
}
