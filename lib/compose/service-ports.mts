/** The ports on which the programs of a service listen in its container, as far as they are known. */
import { isMap } from "../maps.mts";
import { imageParts } from "./image-name.mts";
import { texts } from "./service.mts";
import type { ComposeService } from "./types.mts";

/** Ports in a container, and those on the VM that lead to them. */
export interface ContainerPort {
  /** The first and the last port in the container. */
  target: number;
  last: number;
  /** The first port on the VM; undefined if it is not published. */
  published?: number;
  /** `udp`, if it is not TCP. */
  protocol?: string;
}

/**
 * The default ports of the programs in these images: general knowledge, not read from their Dockerfiles.
 */
const ofImages: [image: RegExp, ...ports: number[]][] = [
  [/(^|\/)(postgres|postgis|pgvector|timescaledb)$/, 5432],
  [/(^|\/)(mysql|mariadb)$/, 3306],
  [/(^|\/)(redis|valkey|redis-stack|redis-stack-server|keydb)$/, 6379],
  [/(^|\/)mongo$/, 27017],
  [/(^|\/)rabbitmq$/, 5672, 15672],
  [/(^|\/)memcached$/, 11211],
  [/(^|\/)ollama\/ollama$/, 11434],
  [/(^|\/)qdrant\/qdrant$/, 6333, 6334],
  [/(^|\/)minio\/minio$/, 9000],
  [/(^|\/)searxng$/, 8080],
  [/(^|\/)elasticsearch$/, 9200],
  [/(^|\/)vllm-openai$/, 8000],
  [/(^|\/)text-generation-inference$/, 80],
];

/** The ports of a service that its files or its image show. */
export function containerPorts({ ports, expose, image, build }: ComposeService): ContainerPort[] {
  const name = typeof image === "string" && build === undefined ? imageParts(image)[0] : "";
  const known = ofImages.find(([pattern]) => name !== "" && pattern.test(name))?.slice(1) as number[] | undefined;
  return [
    ...(Array.isArray(ports) ? ports : []).flatMap((port) => {
      if (isMap(port)) {
        return portOf(String(port.target ?? ""), String(port.published ?? ""), String(port.protocol ?? ""));
      }
      const [written = "", protocol] = String(port).split("/");
      const parts = written.split(":");
      return portOf(parts.at(-1)!, parts.length > 1 ? parts.at(-2)! : "", protocol);
    }),
    ...texts(expose).flatMap((port) => portOf(port.split("/")[0]!, "")),
    ...(known ?? []).map((port) => ({ target: port, last: port })),
  ];
}

function portOf(target: string, published: string, protocol = ""): ContainerPort[] {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(target) ?? [];
  const [, outer] = /^(\d+)(?:-\d+)?$/.exec(published) ?? [];
  if (first === undefined) return [];
  const kind = protocol.toLowerCase();
  return [{
    target: Number(first),
    last: Number(last),
    ...(outer ? { published: Number(outer) } : {}),
    ...(kind !== "" && kind !== "tcp" ? { protocol: kind } : {}),
  }];
}

/** The port in the container that a port means, if the service has it there or publishes it as that. */
export function portInContainer(service: ComposeService, port: number): number | undefined {
  for (const { target, last, published } of containerPorts(service)) {
    if (target <= port && port <= last) return port;
    if (published !== undefined && published <= port && port - published <= last - target) {
      return target + port - published;
    }
  }
  return undefined;
}
