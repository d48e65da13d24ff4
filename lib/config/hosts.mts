/** Rules for machines on another host. */
import type { RawConfig, RawMachine } from "./raw.mts";
import type { Reader } from "./reader.mts";
import { closest } from "../suggest.mts";

/** Checks `hosts:` and `host:`: each name exists, all machines are on one host, and nothing there is a file of here. */
export function checkHosts({ hosts = {}, stacks = [] }: Partial<RawConfig>, machines: RawMachine[], reader: Reader) {
  const names = Object.keys(hosts);
  machines.forEach(({ host, image, folders = [] }, i) => {
    const at = `machines.${i}`;
    if (host !== undefined && !names.includes(host)) {
      const near = closest(host, names) ?? names[0];
      const instead = near === undefined ? `hosts: {${host}: {ssh: me@${host}}}` : `host: ${near}`;
      reader.at(`${at}.host`, `there is no host ${host} in hosts`, instead);
    }
    // one that is wrong alone was reported
    if (host === undefined && reader.has(`${at}.host`)) return;
    if (host !== machines[0]?.host) {
      const message = "the machines are on several hosts: one config has the machines of one host";
      reader.at(host === undefined ? `${at}.name` : `${at}.host`, message, "a config for each host");
    }
    if (host === undefined) return;
    if (typeof image === "object" && image?.file !== undefined) {
      const message = `image.file is a file of this machine, and the VM is on ${host}`;
      reader.at(`${at}.image.file`, message, "url: file:///PATH of the file there, with its checksum");
    }
    folders.forEach((folder, j) => {
      if (folder?.from === undefined || folder.from.startsWith("/")) return;
      reader.at(`${at}.folders.${j}.from`, `a folder of ${host} needs its absolute path`, "from: /srv/media");
    });
  });
  if (machines[0]?.host === undefined || stacks.length === 0) return;
  reader.at("stacks", "stacks cannot be copied to a VM on another host yet", "services: with the containers");
}
