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
  const constraint = `node.labels.${gpuLabel(gpu === "all" ? 1 : gpu)}==yes`;
  const constraints = [...new Set([...texts(placement.constraints), constraint])];
  const environment = environmentOf(rest);
  // nothing reserves a card in a Swarm: NVIDIA's runtime, the default one there, reads this variable
  const visible = gpu === "all" ? "all" : Array.from({ length: gpu }, (_, i) => i).join(",");
  return {
    ...rest,
    environment: { NVIDIA_VISIBLE_DEVICES: visible, ...environment },
    deploy: { ...deploy, placement: { ...placement, constraints } },
  };
}
