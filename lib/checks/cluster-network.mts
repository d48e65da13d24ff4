/** Whether services reach the machines on other hosts that they refer to. */
import { literally } from "../compose/refusals.mts";
import { valuesOf } from "../compose/service-values.mts";
import { type Placed, reaches, thisMachine } from "../config/placed.mts";
import { manualFix } from "../fixes.mts";
import type { Resolved } from "../resolve/types.mts";
import { joinList } from "../text.mts";
import { projectServices } from "./placed-services.mts";
import { pass, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** The check of a config with machines on several hosts. */
export const clusterNetworkChecks: Check[] = [
  {
    id: "cluster.network",
    about: "whether services reach the machines on other hosts that they refer to",
    why: "the VMs of each host are in a NAT network of its own, which no other host reaches",
    confirm: "ip -br -4 address",
    check: (_, config) => config.elsewhere ? verdicts(config, config.elsewhere) : [],
  },
];

/** A value of a service that names a machine of another host. */
interface Reference {
  from: Placed;
  to: Placed;
  service: string;
  shown: string;
}

function verdicts(config: Resolved, elsewhere: Placed[]): Verdict[] {
  const found = referencesOf(config, elsewhere);
  const broken = found.filter(({ from, to }) => !reaches(from, to));
  const targets = [...new Set(broken.map(({ to }) => to))];
  if (broken.length === 0) {
    return found.length === 0 ? [] : [
      pass(`services reach ${joinList([...new Set(found.map(({ to }) => described(to)))])} in the LAN`),
    ];
  }
  return targets.map((to) => {
    const own = broken.filter((one) => one.to === to);
    const names = joinList([...new Set(own.map(({ service }) => service))]);
    return warn(
      `${names} refer${own.length === 1 ? "s" : ""} to ${described(to)}, which only its own host reaches: ${to.name} ` +
        "has no network card in the LAN",
      own.map(({ service, shown }) => ({ read: service, value: shown })),
      [
        manualFix(
          `Give ${to.name} network: {lan: br0}, with a bridge of ${
            to.host ?? thisMachine
          }, and use its address in the LAN`,
        ),
        manualFix(`Or connect the VMs by a VPN of your own, in provision:`),
      ],
    );
  });
}

const described = ({ name, host = thisMachine }: Placed) => `${name} on ${host}`;

/**
 * The values of services that name a machine of another host: as the host of a URL, or before a port, alone or with a
 * domain of the LAN. A name that a service of the same machine has too means that service.
 */
function referencesOf({ machines, services, projects }: Resolved, elsewhere: Placed[]): Reference[] {
  const all = [...services, ...projectServices(projects)];
  return all.flatMap((service) => {
    const from = machines.find(({ name }) => name === service.machine);
    if (!from) return [];
    const near = all.filter(({ machine }) => machine === service.machine).map(({ name }) => name.split("/").at(-1));
    return elsewhere.filter(({ name }) => !near.includes(name)).flatMap((to) => {
      const pattern = new RegExp(
        `(?:^|[=,@])(?:[a-z][a-z0-9+.-]*://(?:[^/@\\s]*@)?${hostOf(to)}(?=$|[/:?,])|${hostOf(to)}:\\d)`,
        "i",
      );
      return valuesOf(service.body).filter(({ value }) => pattern.test(value)).slice(0, 1)
        .map(({ shown }): Reference => ({ from, to, service: service.name, shown }));
    });
  });
}

/** A machine's name, alone or with a domain that routers and mDNS give to computers of a LAN: no public one. */
const hostOf = ({ name }: Placed) =>
  `${literally(name)}(?:\\.(?:lan|local|localdomain|home|home\\.arpa|internal|intranet|fritz\\.box))?`;
