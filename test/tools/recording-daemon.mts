// A stand-in for dockerd on a unix socket: answers Compose's queries before it creates containers,
// and records its create requests.
import { createServer, type IncomingMessage } from "node:http";

/** A client's create request: the body of POST /containers/create. */
export interface CreateRequest {
  Image: string;
  Env?: string[] | null;
  HostConfig: {
    Runtime?: string;
    Devices?: { PathOnHost: string; PathInContainer: string }[] | null;
    DeviceRequests?:
      | { Driver: string; Count: number; DeviceIDs: string[] | null; Capabilities: string[][] | null }[]
      | null;
  };
}

const body = (request: IncomingMessage) =>
  new Promise<string>((resolve) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => text += chunk).on("end", () => resolve(text));
  });

/**
 * Listens on a socket. Every image exists, and nothing else. `created` collects the create
 * requests.
 */
export function recordingDaemon(socket: string) {
  const created: CreateRequest[] = [];
  const unanswered: string[] = [];
  const containers: { Id: string; Name: string; Labels: Record<string, string>; Image: string }[] = [];
  const networks = new Map<string, Record<string, unknown>>();
  const version = { ApiVersion: "1.45", MinAPIVersion: "1.24", Version: "26.1.5", Os: "linux", Arch: "amd64" };
  const shown = ({ Id, Name, Labels, Image }: (typeof containers)[number]) => ({
    ...{
      Id,
      Name: `/${Name}`,
      Names: [`/${Name}`],
      Image,
      ImageID: "sha256:1",
      Labels,
      State: "created",
      Status: "Created",
    },
    ...{ Config: { Labels, Image }, HostConfig: {}, NetworkSettings: { Networks: {} }, Mounts: [] },
  });
  const answer = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://daemon");
    const path = pathname.replace(/^\/v[\d.]+/, "");
    const text = await body(request);
    const is = (method: string, pattern: RegExp) => request.method === method ? pattern.exec(path) : null;
    if (path === "/_ping") return [200, "OK"];
    if (is("GET", /^\/version$/)) return [200, version];
    if (is("GET", /^\/info$/)) {
      return [200, {
        ID: "1",
        Name: "x",
        OSType: "linux",
        Architecture: "x86_64",
        ServerVersion: version.Version,
        Runtimes: {},
      }];
    }
    if (is("GET", /^\/containers\/json$/)) return [200, containers.map((one) => ({ ...shown(one), State: "created" }))];
    if (is("POST", /^\/containers\/create$/)) {
      const asked = JSON.parse(text) as CreateRequest & { Labels: Record<string, string> };
      created.push(asked);
      const Id = String(containers.length + 1).padStart(64, "0");
      containers.push({ Id, Name: searchParams.get("name") ?? Id, Labels: asked.Labels, Image: asked.Image });
      return [201, { Id, Warnings: [] }];
    }
    const container = is("GET", /^\/containers\/([^/]+)\/json$/);
    if (container) {
      const found = containers.find(({ Id, Name }) => Id === container[1] || Name === container[1]);
      return found ? [200, { ...shown(found), State: { Status: "created" } }] : [404, { message: "no such container" }];
    }
    if (is("GET", /^\/images\/.+\/json$/)) {
      return [200, {
        Id: "sha256:1",
        RepoTags: ["x"],
        RepoDigests: [],
        Os: "linux",
        Architecture: "amd64",
        Config: {},
      }];
    }
    if (is("GET", /^\/images\/json$/)) return [200, []];
    if (is("GET", /^\/networks$/)) return [200, [...networks.values()]];
    const network = is("GET", /^\/networks\/(.+)$/);
    if (network) {
      const found = networks.get(decodeURIComponent(network[1]!));
      return found ? [200, found] : [404, { message: `network ${network[1]} not found` }];
    }
    if (is("POST", /^\/networks\/create$/)) {
      const { Name, Labels } = JSON.parse(text);
      networks.set(Name, { Name, Labels, Id: `n-${Name}`, Driver: "bridge", Scope: "local", IPAM: {} });
      return [201, { Id: `n-${Name}` }];
    }
    if (is("GET", /^\/volumes/)) return [404, { message: "no such volume" }];
    if (is("POST", /^\/volumes\/create$/)) return [201, { Name: JSON.parse(text).Name }];
    if (is("POST", /^\/networks\/.+\/(dis)?connect$/)) return [200, ""];
    unanswered.push(`${request.method} ${path}`);
    return [404, { message: `the stand-in does not know ${request.method} ${path}` }];
  };
  const server = createServer((request, response) => {
    answer(request).then(([status, value]) => {
      const plain = typeof value === "string";
      response.writeHead(status, {
        "Content-Type": plain ? "text/plain" : "application/json",
        ...{ "Api-Version": version.ApiVersion, "Docker-Experimental": "false", Ostype: "linux", Server: "Docker" },
      });
      response.end(plain ? value : JSON.stringify(value));
    }, (error: Error) => response.writeHead(500).end(JSON.stringify({ message: error.message })));
  });
  return new Promise<{ created: CreateRequest[]; unanswered: string[]; close(): Promise<void> }>((resolve) => {
    server.listen(socket, () =>
      resolve({
        created,
        unanswered,
        close: () => new Promise((done) => (server.closeAllConnections(), server.close(() => done()))),
      }));
  });
}
