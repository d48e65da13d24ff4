/** Images of registries that need a login, which a new VM does not have. */
import type { ComposeProject } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import type { Pulled } from "./compose-pulled.mts";
import { startedOf } from "../compose/enabled.mts";
import { imageParts, isImageName } from "../compose/image-name.mts";
import { imageNeed } from "../compose/known-images.mts";
import { isOwnRegistry, registryOf } from "../compose/registries.mts";
import { publishedPorts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { self } from "../self.mts";
import { joinList } from "../text.mts";

type Machine = Pick<ResolvedMachine, "name" | "engine" | "provision">;

/**
 * Registries that give no image without a login: private ones of clouds, and those of Red Hat and of Docker's hardened
 * images (general knowledge).
 */
const alwaysPrivate =
  /^[\w.-]+\.dkr\.ecr[\w.-]*\.amazonaws\.com(\.cn)?$|^registry\.(redhat\.io|digitalocean\.com)$|^dhi\.io$/;

/**
 * Whether NVIDIA's registry gives an image only after a login: NIM images before 2.0.10
 * (docs.nvidia.com/nim/large-language-models/2.0.11, installation; read 2026-11-29), and the images of AI Enterprise.
 */
function needsNgc(image: string): boolean {
  const [name, tag] = imageParts(image);
  return /^nvcr\.io\/nvaie\//.test(name) ||
    (/^nvcr\.io\/nim\//.test(name) && /^v?(1(\.|$)|2\.0(\.\d)?($|[^\d.]))/.test(tag));
}

/** The flaw of an image that the VM may not get from its registry. `others`: the other projects of its machine. */
export function registryFlaws(
  { image, subject, place }: Pulled,
  project: ComposeProject,
  machine: Machine,
  others: ComposeProject[] = [],
): ProjectFlaw[] {
  const registry = registryOf(image);
  // the user's script may log in
  if (machine.provision.length > 0 || !isImageName(image)) return [];
  const { name, engine } = machine;
  const isBuilt = subject.startsWith("is built");
  const host = registry.replace(/:\d+$/, "");
  const login = self(`ssh ${name} -- sudo ${engine === "podman" ? "podman" : "docker"} login ${registry}`);
  const afterwards = `When ${name} runs, log in once, then run up again: ${login}${
    registry === "nvcr.io" ? " (user $oauthtoken, and an API key of NGC as password)" : ""
  }`;
  const of = (
    status: "fail" | "warn" | "unknown",
    kind: string,
    rest: () => string,
    fix?: string,
  ): ProjectFlaw[] => [{
    status,
    message: `${subject}${rest()}`,
    ...place,
    ...(fix === undefined ? {} : { fix: manualFix(fix) }),
    fold: {
      ...{ kind: `${kind} ${registry} ${isBuilt}`, item: image, rest },
      verb: isBuilt ? ["is built from", "are built from"] : ["has", "have"],
      list: (images) => `the image${images.length > 1 ? "s" : ""} ${joinList(images)}`,
    },
  }];
  if (alwaysPrivate.test(host) || needsNgc(image)) {
    return of("warn", "login", () => `: ${registry} needs a login, which a new VM does not have`, afterwards);
  }
  if (/^(localhost|127\.[\d.]+)$/.test(host)) {
    const port = Number(registry.split(":")[1] ?? 80);
    const isHere = [project, ...others].flatMap(startedOf).some(([, body]) =>
      publishedPorts(body).some(({ first, last }) => first <= port && port <= last)
    );
    return isHere ? [] : of(
      "warn",
      "loopback",
      () => `: ${registry} is ${name} itself there, which has no registry`,
      `Write build: with the folder of its Dockerfile, or a registry that ${name} reaches`,
    );
  }
  if (isOwnRegistry(registry)) {
    return of(
      "unknown",
      "own registry",
      () => `: whether ${name} reaches ${registry}, and may pull from it, could not be checked`,
    );
  }
  if (registry === "docker.io" || imageNeed(image) !== undefined || !project.logins?.includes(registry)) return [];
  return of(
    "unknown",
    "host's login",
    () => `, which may be private: this host has a login for ${registry}, and ${name} has none`,
    afterwards,
  );
}
