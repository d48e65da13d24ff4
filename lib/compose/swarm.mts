/** The stack file of the services of a Swarm, for `docker stack deploy`. */
import type { Service } from "../config/types.mts";
import { writeYaml } from "../config/write-yaml.mts";
import { mapAt } from "../maps.mts";
import { declaredSections } from "./render.mts";
import { environmentOf, texts } from "./service.mts";
import type { ComposeService } from "./types.mts";

/**
 * The label of a node whose VM has shown at least that number of NVIDIA cards. A constraint knows only == and !=, so
 * that each number has a label of its own.
 */
const gpuLabel = (count: number): string => `homelab-gpu.gpu-${count}`;

/** The constraint of a service that needs a node with at least that number of NVIDIA cards. */
export const gpuConstraint = (count: number): string => `node.labels.${gpuLabel(count)}==yes`;

/** The first cards of a node, as NVIDIA's runtime reads them in NVIDIA_VISIBLE_DEVICES: nothing reserves a card. */
export const visibleCards = (count: number): string => Array.from({ length: count }, (_, i) => i).join(",");

/**
 * Returns the stack file of the services of a Swarm, as YAML. `version` is for Docker's command line before 25, which
 * refuses a file without it; later ones ignore it.
 */
export function swarmFile(services: Service[]): string {
  return writeYaml({
    version: "3.8",
    services: Object.fromEntries(services.map((service) => [service.name, swarmService(service)])),
    ...declaredSections(services),
  });
}

function swarmService({ gpu, body }: Service): ComposeService {
  const { depends_on: _, expose: __, ...rest } = Object.fromEntries(
    Object.entries(body).filter(([key]) => !key.startsWith("x-")),
  );
  if (gpu === undefined) return rest;
  const deploy = mapAt(rest, "deploy");
  const placement = mapAt(deploy, "placement");
  const constraint = gpuConstraint(gpu === "all" ? 1 : gpu);
  const constraints = [...new Set([...texts(placement.constraints), constraint])];
  const environment = environmentOf(rest);
  // NVIDIA's runtime is the default one there
  const visible = gpu === "all" ? "all" : visibleCards(gpu);
  return {
    ...rest,
    environment: { NVIDIA_VISIBLE_DEVICES: visible, ...environment },
    deploy: { ...deploy, placement: { ...placement, constraints } },
  };
}
