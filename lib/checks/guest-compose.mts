import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { Check, Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { composeVersions, engineSource, minimumCompose, modernComposeReason } from "../resolve/engine.mts";
import { imageName, suiteOf } from "../resolve/images.mts";
import { pass, unknown, warn } from "./results.mts";

/** The Compose version that runs the services in a guest. */
export const guestComposeChecks: Check[] = [
  {
    id: "guest.compose",
    about: "whether Compose in the guest is new enough for the stacks and services of the config",
    why: "stacks and newer keys of services need Compose 2.20 or later, and Debian 12's own package is 1.29",
    check: (_, config) =>
      config.machines.flatMap((machine) => {
        const reason = modernComposeReason(machine, config);
        return reason === undefined ? [] : [{ machine: machine.name, ...compose(machine, config, reason) }];
      }),
  },
];

function compose(machine: ResolvedMachine, config: Resolved, reason: string): Verdict {
  const { engine, image, box } = machine;
  if (engine === "podman") {
    const message = `podman-compose runs ${reason}, but does not support all of Compose`;
    return warn(message, [], [manualFix("Write engine: docker, or check the services after up")]);
  }
  if (engineSource(machine, config) === "docker") {
    return pass(`Docker and Compose come from Docker's own packages, for ${reason}`);
  }
  const own = composeVersions[suiteOf(image) ?? ""];
  if (!own) {
    const name = image ? imageName(image) : `the box ${box}`;
    return unknown(`cannot tell whether ${name} has Compose ${minimumCompose} or later, which ${reason} needs`);
  }
  return pass(`Compose ${own.version} or later runs ${reason}`, [{ read: own.package, value: own.version }]);
}
