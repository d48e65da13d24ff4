/** The short forms of ports and mounts in a Compose file. */
import { fine, named, type Shape, type ShapeFlaw, text, wrong } from "./shape-kinds.mts";

/** A published port in the short form (docker/go-connections, nat.ParsePortSpec). */
export const port: Shape = (value, path) => {
  const [ports = "", protocol = "tcp", ...more] = String(value).split("/");
  // the last part is the container's port, the part before it the host's port, and the rest is the address
  const parts = ports.split(":");
  const inner = parts.pop() ?? "";
  const outer = parts.pop() ?? "";
  const ip = parts.join(":").replace(/^\[|\]$/g, "");
  const bad = (
    what: string,
    mend: string,
  ): ShapeFlaw[] => [{ path, message: `${named(path)}: ${value} ${what}`, mend }];
  if (more.length > 0 || inner === "") {
    return bad("is not a port: write HOST:CONTAINER", 'Write HOST:CONTAINER, for example "8080:80"');
  }
  if (!["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) {
    return bad(`has ${protocol}, not tcp, udp or sctp`, "Write tcp, udp or sctp after the slash");
  }
  const range = (one: string) => /^(\d+)(?:-(\d+))?$/.exec(one);
  for (const one of [inner, ...(outer === "" ? [] : [outer])]) {
    const found = range(one);
    if (!found) {
      return bad(`has ${one}, which is not a port`, 'Write HOST:CONTAINER with numbers, for example "8080:80"');
    }
    const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])];
    if (from > 65535 || to > 65535 || to < from) {
      return bad(
        `has ${one}, which is not a port from 1 to 65535`,
        "Write ports from 1 to 65535, the smaller one first",
      );
    }
  }
  const length = (one: string) => Number(range(one)![2] ?? range(one)![1]) - Number(range(one)![1]);
  if (outer !== "" && length(outer) !== length(inner) && length(inner) > 0) {
    return bad("has two ranges of different length", "Write two ranges of the same length");
  }
  const octets = ip.split(".");
  const isAddress = ip.includes(":")
    ? /^[\da-f:]+(\.\d+){0,3}(%.+)?$/i.test(ip) && (ip.includes("::") || ip.split(":").length > 6)
    : octets.length === 4 && octets.every((one) => /^\d+$/.test(one) && Number(one) <= 255);
  return ip === "" || isAddress
    ? fine
    : bad(`has ${ip}, which is not an address`, "Write an IP address before the ports, or remove it");
};

/** A mount in the short form (compose-go, format/volume.go): none of its parts may be empty. */
export const shortMount: Shape = (value, path) => {
  if (value === "") return wrong(path, "no empty text");
  return /^:|::|:$/.test(String(value).replace(/^[A-Za-z]:(?=[\\/])/, ""))
    ? [{
      path,
      message: `${named(path)}: ${value} has an empty part`,
      mend: String(value).startsWith(":")
        ? "Write what to mount before the colon: a variable there may have no value"
        : "Write SOURCE:TARGET: a variable in it may have no value",
    }]
    : text(value, path);
};
