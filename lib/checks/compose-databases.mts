/** What the images of databases refuse at their first start. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { enabledOf } from "../compose/enabled.mts";
import { imageParts } from "../compose/image-name.mts";
import { literally } from "../compose/refusals.mts";
import { environmentOf, mountsOf, texts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";
import { blockOf, flaw, type ProjectFlaw } from "./compose-flaw.mts";

interface Database {
  /** The image's repository, without a registry or mirror. */
  image: RegExp;
  /** Variables of which one must have a value: `_FILE` after the name counts too. */
  passwords: string[];
}

/** Images whose entrypoint asks for a password: docker-library/postgres, mysql and mariadb; read 2026-11-27. */
const databases: Database[] = [
  {
    image: /(^|\/)(postgres|pgvector\/pgvector|postgis\/postgis|timescale\/timescaledb)$/,
    passwords: ["POSTGRES_PASSWORD", "POSTGRES_HOST_AUTH_METHOD"],
  },
  {
    image: /^((docker\.io\/)?(library\/)?mysql|(docker\.io\/)?mysql\/mysql-server)$/,
    passwords: ["MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"],
  },
  {
    image: /^(docker\.io\/)?(library\/)?mariadb$/,
    passwords: ["ROOT_PASSWORD", "ALLOW_EMPTY_ROOT_PASSWORD", "RANDOM_ROOT_PASSWORD", "ROOT_PASSWORD_HASH"].flatMap(
      (name) => [`MARIADB_${name}`, `MYSQL_${name.replace("EMPTY_ROOT", "EMPTY")}`],
    ),
  },
];

/** Not an image of a vendor that has its own rules. */
const postgresImage = /^((docker\.io\/)?(library\/)?postgres|(docker\.io\/)?(pgvector\/pgvector|postgis\/postgis))$/;

/** The flaws of a service that runs a database from its usual image, without an entrypoint of its own. */
export function databaseFlaws(service: ComposeService): ProjectFlaw[] {
  const { image, build, entrypoint, command } = service;
  if (typeof image !== "string" || build !== undefined || entrypoint !== undefined || image.includes("$")) return [];
  // another program of the image, such as a client, needs none of it
  const [program = ""] = typeof command === "string" ? command.trim().split(/\s+/) : texts(command);
  if (!/^(-.*|postgres|mysqld|mariadbd|mongod)?$/.test(program)) return [];
  const [name, tag] = imageParts(image);
  return [...withoutPassword(service, name), ...incomplete(service, name), ...postgresVolume(service, name, tag)];
}

/** The variables of which a database needs one, where a service has none of them. */
function withoutPassword(service: ComposeService, name: string): ProjectFlaw[] {
  const row = databases.find(({ image }) => image.test(name));
  // the files may have it, and this reader does not merge them
  if (!row || service.env_file !== undefined || service.secrets !== undefined) return [];
  const has = Object.keys(environmentOf(service));
  if (has.some((one) => row.passwords.includes(one.replace(/_FILE$/, "")))) return [];
  const [first] = row.passwords as [string];
  return [{
    ...flaw(
      `runs ${name} without a password: the container ends at its first start`,
      "image:",
      `Add to environment: ${first}: …`,
    ),
  }];
}

/** The variables without a value that the password of a database is, with the names of these services. */
export function databasePasswords(project: ComposeProject): { variable: string; service: string }[] {
  return enabledOf(project).flatMap(([service, body]) => {
    const { image } = body;
    const name = typeof image === "string" && body.build === undefined ? imageParts(image)[0] : "";
    const row = databases.find(({ image }) => image.test(name));
    const values = environmentOf(body);
    if (!row || row.passwords.some((one) => values[one] || values[`${one}_FILE`])) return [];
    return project.unsetVariables.flatMap(({ variable = "" }) => {
      const feeds = new RegExp(
        `\\b(${row.passwords.join("|")})["']?\\s*[:=]\\s*["']?\\$\\{?${literally(variable)}\\b`,
      );
      const isUsed = Object.entries(project.texts).some(([file, text]) =>
        blockOf(file, text, service).some(({ lines }) => lines.some((line) => feeds.test(line)))
      );
      // Compose itself refuses one that is required
      const isRequired = project.refusals.some((one) => one.variable === variable);
      return variable !== "" && isUsed && !isRequired ? [{ variable, service }] : [];
    });
  });
}

/** Variables that exclude or need each other. */
function incomplete(service: ComposeService, name: string): ProjectFlaw[] {
  const values = environmentOf(service);
  const official = name.replace(/^(docker\.io\/)?(library\/)?/, "");
  if (["mysql", "mariadb"].includes(official)) {
    // docker-library/mysql and mariadb, docker-entrypoint.sh; read 2026-11-27
    const key = ["MYSQL_USER", "MARIADB_USER"].find((one) => values[one] === "root");
    return key === undefined ? [] : [flaw(
      `has ${key}: root, which the image refuses: it is for another user than root`,
      `${key}`,
      `Remove ${key} and its password; the password of root is ${key.replace("USER", "ROOT_PASSWORD")}`,
    )];
  }
  if (official !== "mongo" || service.env_file !== undefined) return [];
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
 * mount at the old place (docker-library/postgres#1259; read 2026-11-27). `latest` is at least 18 since 2025-09.
 */
function postgresVolume(service: ComposeService, name: string, tag: string): ProjectFlaw[] {
  if (!postgresImage.test(name)) return [];
  const [, digits] = /^(?:pg)?(\d+)(?=[.\-]|$)/.exec(tag) ?? [];
  const newest = digits === undefined && /^(latest|alpine\d*(\.\d+)?|bookworm|trixie)?$/.test(tag) &&
    name.endsWith("postgres");
  if (digits === undefined ? !newest : Number(digits) < 18) return [];
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
