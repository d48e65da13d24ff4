/** Data of databases that has no volume. */
import { dirname } from "node:path/posix";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { environmentOf, mountsOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/** A service that runs the server of an image, without an entrypoint of its own. */
export interface Server {
  service: ComposeService;
  /** The image's name, without Docker Hub's host (or a mirror of it) and `library/`. */
  image: string;
  tag: string;
  /** The variables of which its database needs one; undefined for another image. */
  passwords: string[] | undefined;
}

/** PostgreSQL's release in an image: `latest` is at least 18 since 2025-09. Undefined if the tag does not show it. */
export function postgresRelease(image: string, tag: string): number | undefined {
  const [, digits] = /pg(\d+)/i.exec(tag) ?? /^(\d+)(?=[.\-]|$)/.exec(tag) ?? [];
  if (digits !== undefined) return Number(digits);
  return image === "postgres" && /^(latest|alpine\d*(\.\d+)?|bookworm|trixie)?$/.test(tag) ? 18 : undefined;
}

/**
 * Folders in which the images of databases keep their data (VOLUME in their Dockerfiles, or the default of their
 * programs; general knowledge). Caches such as Redis are left out.
 */
const dataFolders: [image: RegExp, folder: string][] = [
  [/^(mysql|mariadb|percona)$/, "/var/lib/mysql"],
  [/^mongo$/, "/data/db"],
  [/^influxdb:1/, "/var/lib/influxdb"],
  [/^influxdb:2/, "/var/lib/influxdb2"],
  [/^(clickhouse|clickhouse\/clickhouse-server)$/, "/var/lib/clickhouse"],
  [/^qdrant\/qdrant$/, "/qdrant/storage"],
  [/^neo4j$/, "/data"],
  [/^(elasticsearch|docker\.elastic\.co\/elasticsearch\/elasticsearch)$/, "/usr/share/elasticsearch/data"],
  [/^opensearchproject\/opensearch$/, "/usr/share/opensearch/data"],
  [/^couchdb$/, "/opt/couchdb/data"],
];

/** The folder for the volume of a server; undefined where its image or its version does not show it. */
function dataFolder({ image, tag, passwords }: Server): string | undefined {
  if (!passwords?.includes("POSTGRES_PASSWORD")) {
    return dataFolders.find(([pattern]) => pattern.test(image) || pattern.test(`${image}:${tag}`))?.[1];
  }
  const release = postgresRelease(image, tag);
  return release === undefined ? undefined : `/var/lib/postgresql${release < 18 ? "/data" : ""}`;
}

/** A database whose data is in no volume of the project: a new container gets a new, empty one. */
export function withoutVolume(name: string, server: Server, { inline }: ComposeProject): ProjectFlaw[] {
  const { service } = server;
  const { command, tmpfs, volumes_from: others } = service;
  const usual = dataFolder(server);
  const values = environmentOf(service);
  const folder = values.PGDATA || usual;
  // options such as --datadir name another folder
  if (usual === undefined || folder === undefined || tmpfs !== undefined || others !== undefined) return [];
  if (/data|dbpath/i.test([command ?? []].flat().join(" "))) return [];
  // an env file may have PGDATA
  if (service.env_file !== undefined && mountsOf(service).length > 0) return [];
  const isBelow = (path: string, above: string) => path === above || path.startsWith(`${above.replace(/\/$/, "")}/`);
  const isKept = mountsOf(service).some(({ source, target, type }) =>
    (source !== undefined || type === "tmpfs") &&
      ([folder, usual].some((one) => isBelow(one, target) || isBelow(target, one) || isBelow(target, dirname(one))) ||
        // another setting with a folder, such as path.data
        Object.values(values).some((one) => isBelow(one ?? "", target))) ||
    target.startsWith(usual)
  );
  if (isKept) return [];
  const rest = (many: boolean) =>
    `, where ${many ? "they have no volumes" : "it has no volume"}: the data is lost with the container`;
  return [{
    status: "warn",
    message: `keeps its data in ${folder}${rest(false)}`,
    at: "image:",
    fix: manualFix(
      `Add volumes: ["${name}-data:${folder}"] to ${name}${inline ? "" : `, and ${name}-data: to volumes: at the top`}`,
    ),
    fold: {
      ...{ kind: "no volume", verb: ["keeps its data in", "keep their data in"], item: folder },
      rest: (_, several) => rest(several),
      fix: () => manualFix("Add a named volume for that folder to each of them"),
    },
  }];
}
