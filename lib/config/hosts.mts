/** Rules for machines on another host. */
import type { RawConfig, RawMachine } from "./raw.mts";
import type { Reader } from "./reader.mts";
import { closest } from "../suggest.mts";

/**
 * Checks `hosts:` and `host:`: each name exists, no two of them are one host, which would have one lab for both, and
 * `folders:` are paths there.
 */
export function checkHosts(raw: Partial<RawConfig>, machines: RawMachine[], reader: Reader): void {
  // what is no mapping was reported
  if (raw.hosts === undefined && reader.has("hosts")) return;
  const { hosts = {} } = raw;
  const names = Object.keys(hosts);
  machines.forEach(({ host, folders = [] }, i) => {
    const at = `machines.${i}`;
    if (host !== undefined && !names.includes(host)) {
      const near = closest(host, names);
      const entry = `${host}: {ssh: me@${host}}`;
      const instead = host === "localhost"
        ? "no host: for this machine"
        : near !== undefined
        ? `host: ${near}`
        : names.length === 0
        ? `hosts: {${entry}}`
        : `${entry} in hosts: too`;
      reader.at(`${at}.host`, `there is no host ${host} in hosts`, instead);
    }
    if (host === undefined) return;
    const twin = machines.slice(0, i).find((one) =>
      one.host !== host && loginOf(hosts, one) === loginOf(hosts, { host })
    );
    if (twin?.host !== undefined && loginOf(hosts, twin) !== undefined) {
      reader.at(`${at}.host`, `${twin.host} and ${host} are the same host`, `host: ${twin.host}`);
    }
    folders.forEach((folder, j) => {
      if (folder?.from === undefined || /^(\/|~(\/|$))/.test(folder.from)) return;
      const message = `a folder of ${host} needs its absolute path there, or one with ~/`;
      reader.at(`${at}.folders.${j}.from`, message, "from: /srv/media");
    });
  });
}

/** Where ssh logs in for a machine, as it is written; undefined for this machine, or if its host has no entry. */
function loginOf(hosts: Record<string, { ssh?: string }>, { host }: Pick<RawMachine, "host">): string | undefined {
  return host === undefined || !Object.hasOwn(hosts, host) ? undefined : hosts[host]?.ssh?.replace(/^ssh:\/\//, "");
}
