/** The images that the engine pulls for a service. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { ownValue } from "../maps.mts";
import { placeOfBase, type ProjectFlaw } from "./compose-flaw.mts";

/** An image that the engine pulls, for a service or for the build of one. */
export interface Pulled {
  image: string;
  /** How a message names it. */
  subject: string;
  place: Pick<ProjectFlaw, "at" | "evidence" | "text">;
}

/** The image of a service, or those that it is built from. `name`: the service's. */
export function pulled(name: string, { image, build }: ComposeService, project: ComposeProject): Pulled[] {
  if (build === undefined) {
    return typeof image === "string"
      ? [{ image, subject: `has the image ${image}`, place: { at: "image:", text: image } }]
      : [];
  }
  return (ownValue(project.bases ?? {}, name) ?? []).map((base) => ({
    image: base.image,
    subject: `is built from the image ${base.image}`,
    place: { evidence: { read: placeOfBase(project, base, name), value: `FROM ${base.image}` } },
  }));
}
