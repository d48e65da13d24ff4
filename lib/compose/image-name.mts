/** The parts of an image's name. */

/** Other names of Docker Hub's host (docs.docker.com, docker login; distribution/reference, normalize.go). */
const hosts = /^(registry\.hub\.docker\.com|(registry-1|index)\.docker\.io)\//;

/**
 * The repository and the tag of an image, such as `["ghcr.io/a/b", "1.2"]`; the tag is empty if there is none. A
 * registry's port comes before the last slash, a digest after an @. Other names of Docker Hub's host are left out.
 */
export function imageParts(image: string): [name: string, tag: string] {
  const plain = image.split("@")[0]!.replace(hosts, "");
  const colon = plain.indexOf(":", plain.lastIndexOf("/"));
  return colon < 0 ? [plain, ""] : [plain.slice(0, colon), plain.slice(colon + 1)];
}

/**
 * Whether a text has the shape of an image's name: nothing is empty before, between or after its separators. Letters of
 * both cases count.
 */
export const isImageName = (text: string): boolean =>
  /^\w[\w.-]*(:\d+)?(\/\w[\w.-]*)*(:\w[\w.-]*)?(@\w+:[0-9a-f]+)?$/.test(text);
