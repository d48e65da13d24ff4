/** The services of projects in the form that checks of GPUs and images take. */
import type { Service } from "../config/types.mts";
import type { ComposeProject } from "../compose/types.mts";
import type { CudaTargets } from "../compose/cuda-targets.mts";
import { startedOf } from "../compose/enabled.mts";
import { isMap, ownValue } from "../maps.mts";
import { placeOf, placeOfBase } from "./compose-flaw.mts";

/** The enabled services of projects in the form that other checks take, named `project/service`. */
export function projectServices(projects: ComposeProject[] = []): PlacedService[] {
  return projects.flatMap((project) =>
    startedOf(project).map(([name, body]) => ({
      ...{ name: `${project.name}/${name}`, machine: project.machine, body },
      ...baseImageOf(project, name),
      ...targetsOf(project, name),
      ...scriptOf(project, name),
      ...otherVolumes(project),
      place: (at: string[]) => placeOf(project, at, name),
    }))
  );
}

/** A service; for one of a stack with its place in the files, such as `immich/compose.yaml:12`. */
export type PlacedService = Service & {
  place?: (at: string[]) => string;
  /** The image that it is built from, and the place of its `FROM`, such as `immich/Dockerfile:1`. */
  base?: { image: string; place: string };
  /** The GPUs that its Dockerfile compiles CUDA code for, and the place. */
  cudaTargets?: CudaTargets & { place: string };
  /** The text of the project's script that starts it. */
  script?: string;
  /** Volumes of its project with a driver or options of their own, such as a share of NFS: not on the VM's disk. */
  elsewhere?: string[];
};

function otherVolumes({ model }: ComposeProject): Pick<PlacedService, "elsewhere"> {
  const elsewhere = Object.entries(model?.volumes ?? {}).flatMap(([name, body]) =>
    isMap(body) && (body.driver_opts !== undefined || (body.driver ?? "local") !== "local") ? [name] : []
  );
  return elsewhere.length > 0 ? { elsewhere } : {};
}

function scriptOf({ startScripts = {} }: ComposeProject, service: string): Pick<PlacedService, "script"> {
  const script = ownValue(startScripts, service)?.text;
  return script === undefined ? {} : { script };
}

function targetsOf(project: ComposeProject, service: string): Pick<PlacedService, "cudaTargets"> {
  const targets = ownValue(project.cudaTargets ?? {}, service);
  return targets ? { cudaTargets: { ...targets, place: placeOfBase(project, targets, service) } } : {};
}

function baseImageOf(project: ComposeProject, service: string): Pick<PlacedService, "base"> {
  const services = project.model?.services ?? {};
  const { image, build } = services[service] ?? {};
  // the image of a service may be built by another one
  const builder = build === undefined && image !== undefined
    ? Object.keys(services).find((one) => services[one]!.build !== undefined && services[one]!.image === image)
    : service;
  const base = ownValue(project.bases ?? {}, builder ?? service)?.find(({ isFinal }) => isFinal);
  return base ? { base: { image: base.image, place: placeOfBase(project, base, builder ?? service) } } : {};
}
