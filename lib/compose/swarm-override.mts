/** How the GPU requests of a Compose project become what a Swarm understands: a constraint, and variables. */
import { writeYaml } from "../config/write-yaml.mts";
import { withoutGpuRequests } from "./gpu-render.mts";
import { gpuCapabilities, gpuRequestsOf, isForGpu, reservationsOf, type ServiceGpuRequest } from "./gpu-requests.mts";
import { environmentOf, texts } from "./service.mts";
import { gpuConstraint, visibleCards } from "./swarm.mts";
import type { ComposeModel, ComposeService } from "./types.mts";

/** The requests of a service for NVIDIA's cards, and those for others, which no label of a node counts. */
export function requestsInSwarm(body: ComposeService): { nvidia: ServiceGpuRequest[]; others: ServiceGpuRequest[] } {
  const all = gpuRequestsOf({ body });
  const isNvidia = ({ vendor }: ServiceGpuRequest) => vendor === "nvidia" || vendor === "any";
  return { nvidia: all.filter(isNvidia), others: all.filter((one) => !isNvidia(one)) };
}

/** A service without its requests for NVIDIA's cards, which the constraint replaces. */
export const withoutRequests = (body: ComposeService): ComposeService =>
  requestsInSwarm(body).nvidia.length > 0 ? withoutGpuRequests(body) : body;

/** The number of cards that a node needs for a service; undefined if it asks for none of NVIDIA's. */
export function cardsNeeded(body: ComposeService): number | undefined {
  const { nvidia } = requestsInSwarm(body);
  // an index counts the cards before it
  const least = nvidia.map(({ count, ids }) =>
    ids && ids.every((id) => /^\d+$/.test(id)) ? Math.max(...ids.map(Number)) + 1 : ids || count === "all" ? 1 : count
  ).filter((count) => count > 0);
  return least.length === 0 ? undefined : Math.max(...least);
}

/**
 * The text of a further `-f` file for a project that is deployed to a Swarm; undefined where no service asks for a
 * card. It only adds keys, so that every version of Compose can merge it.
 */
export function swarmOverride({ services }: ComposeModel): string | undefined {
  const changed = Object.entries(services).flatMap(([name, body]): [string, unknown][] => {
    const count = cardsNeeded(body);
    if (count === undefined) return [];
    const { NVIDIA_VISIBLE_DEVICES: own, NVIDIA_DRIVER_CAPABILITIES: ownAbilities } = environmentOf(body);
    const abilities = abilitiesOf(body);
    const environment = {
      ...(own === undefined ? { NVIDIA_VISIBLE_DEVICES: visibleOf(requestsInSwarm(body).nvidia) } : {}),
      ...(ownAbilities === undefined && abilities.length > 0
        ? { NVIDIA_DRIVER_CAPABILITIES: abilities.join(",") }
        : {}),
    };
    return [[name, {
      ...(Object.keys(environment).length > 0 ? { environment } : {}),
      deploy: { placement: { constraints: [gpuConstraint(count)] } },
    }]];
  });
  return changed.length === 0 ? undefined : writeYaml({ services: Object.fromEntries(changed) });
}

/** The cards that NVIDIA's runtime gives a container. */
function visibleOf(requests: ServiceGpuRequest[]): string {
  const ids = [...new Set(requests.flatMap(({ ids = [] }) => ids))];
  if (requests.some(({ count }) => count === "all")) return "all";
  return ids.length > 0 ? ids.join(",") : visibleCards(Math.max(...requests.map(({ count }) => Number(count))));
}

/** The capabilities of NVIDIA's driver that reservations name besides `gpu` (moby daemon/nvidia_linux.go). */
const abilitiesOf = (body: ComposeService): string[] =>
  [...new Set(reservationsOf(body).filter(isForGpu).flatMap(({ capabilities }) => texts(capabilities)))]
    .filter((one) => gpuCapabilities.includes(one) && one !== "gpu" && one !== "nvidia");
