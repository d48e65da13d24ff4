/** Rules for machines on another host. */
import type { RawConfig, RawMachine } from "./raw.mts";
import type { Reader } from "./reader.mts";
import { closest } from "../suggest.mts";

/**
 * Checks `hosts:` and `host:`: each name exists, no two of them are one host, which would have one lab for both, and
 * `folders:` are paths there.
 */
export function checkHosts({ hosts = {} }: Partial<RawConfig>, machines: RawMachine[], reader: Reader) {
  const names = Object.keys(hosts);
  machines.forEach(({ host, folders = [] }, i) => {
    const at = `machines.${i}`;
    if (host !== undefined && !names.includes(host)) {
      const near = closest(host, names) ?? names[0];
      const instead = near === undefined ? `hosts: {${host}: {ssh: me@${host}}}` : `host: ${near}`;
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
