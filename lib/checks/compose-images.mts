/** What a service needs of its image: that it can be pulled, and that it has the program of its health check. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { placeOfBase, type ProjectFlaw } from "./compose-flaw.mts";
import { type Pulled, pulled } from "./compose-pulled.mts";
import { registryFlaws } from "./compose-registries.mts";
import { lacks } from "./compose-health.mts";
import { imageParts } from "../compose/image-name.mts";
import { commandWords } from "../compose/models.mts";
import { absentOnHub } from "../compose/official-images.mts";
import { isMadeUp, isPlaceholder } from "../compose/placeholders.mts";
import { environmentOf, texts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt, ownValue } from "../maps.mts";
import { joinList } from "../text.mts";

/** The flaws of a service's image and of the values that are meant to be replaced. `others`: other projects there. */
export function imageFlaws(
  name: string,
  service: ComposeService,
  project: ComposeProject,
  machine: Pick<ResolvedMachine, "name" | "engine" | "image" | "provision">,
  others: ComposeProject[] = [],
): ProjectFlaw[] {
  return [
    ...pulled(name, service, project).flatMap((one) => [
      ...otherPlatform(one),
      ...absentCuda(one),
      ...absentBitnami(one),
      ...registryFlaws(one, project, machine, others),
    ]),
    ...unbuiltBase(name, service, project),
    ...unbuilt(service, project),
    ...blankBase(name, project),
    ...commandProgram(service),
    ...placeholders(service),
    ...plugins(service, project, machine),
  ];
}

/**
 * Images of which only builds for ARM exist, by their names: NVIDIA's for Jetson (l4t, Jetson Platform Services),
 * Docker Hub's arm64v8 and arm32v7, and tags that name the architecture or JetPack (`-jp6`: blakeblackshear/frigate,
 * docker/tensorrt/trt.mk, ARCH=arm64; read 2026-11-27). The others are from general knowledge.
 */
const onlyArm =
  /^(docker\.io\/)?arm(64v8|32v[5-7])\/|^nvcr\.io\/nvidia\/(l4t-|jps\/|jetson)|[:_-](arm64|aarch64|arm64v8|jetson|jp\d)$|:[\w.-]*l4t[\w.-]*$/;

/** Images for other processors, by a part of their names or tags: Docker Hub's ppc64le, and nvidia/cuda-ppc64le. */
const otherProcessors: [pattern: RegExp, processor: string][] = [
  [onlyArm, "ARM (Jetson, Raspberry Pi)"],
  [/(^|[/:_-])ppc64le([/:_-]|$)/, "IBM Power (ppc64le)"],
  [/(^|[/:_-])s390x([/:_-]|$)/, "IBM Z (s390x)"],
  [/(^|[/:_-])riscv64([/:_-]|$)/, "RISC-V"],
];

/** An image for another processor than the VM's: its program ends with "exec format error". */
function otherPlatform({ image, subject, place }: Pulled): ProjectFlaw[] {
  const [, processor] = otherProcessors.find(([pattern]) => pattern.test(image.split("@")[0]!)) ?? [];
  if (processor === undefined) return [];
  return [{
    status: "fail",
    message: `${subject}, which is for ${processor}: the VM is linux/amd64`,
    ...place,
    fix: manualFix("Use the project's image for x86_64 (amd64)"),
  }];
}

/**
 * Tags that Docker Hub's nvidia/cuda does not have: `latest` (NVIDIA/nvidia-docker#1454), CUDA 10 and older (#1768),
 * and versions of two numbers (#1735; NVIDIA/dgx-spark-playbooks#4). Read 2026-11-27.
 */
function absentCuda({ image, subject, place }: Pulled): ProjectFlaw[] {
  const [name, tag] = imageParts(image);
  if (!/^(docker\.io\/)?nvidia\/cuda$/.test(name) || image.includes("@")) return [];
  const [, major, patch] = /^(\d+)\.\d+(\.\d+)?(?=-|$)/.exec(tag) ?? [];
  const isKnown = major === undefined ? !/^(latest)?$/.test(tag) : Number(major) > 10 && patch !== undefined;
  if (isKnown) return [];
  const why = major === undefined
    ? ""
    : Number(major) > 10
    ? ": its versions have three numbers"
    : " any more: CUDA 11 is the oldest";
  return [{
    status: "fail",
    message: `${subject}, which Docker Hub does not have${why}`,
    ...place,
    fix: manualFix("Use a tag of hub.docker.com/r/nvidia/cuda/tags, such as 12.8.1-base-ubuntu24.04"),
  }];
}

/**
 * Bitnami's images with a version: in 2025 they moved to bitnamilegacy, and only `latest` of some remains
 * (bitnami/containers#83267 and #88999; read 2026-11-29).
 */
function absentBitnami({ image, subject, place }: Pulled): ProjectFlaw[] {
  const [, name, tag] = /^(?:docker\.io\/)?bitnami\/([\w.-]+):(v?\d[\w.-]*)$/.exec(image) ?? [];
  return name === undefined ? [] : [{
    status: "fail",
    message: `${subject}, which Docker Hub does not have any more: Bitnami moved its versions to bitnamilegacy`,
    ...place,
    fix: manualFix(
      `Write bitnamilegacy/${name}:${tag}, which gets no updates, or the image of the program's own project`,
    ),
  }];
}

/** A build from an image that exists only where it was built, and that no service of the project builds. */
function unbuiltBase(name: string, { build }: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const { additional_contexts: contexts } = mapAt({ build }, "build");
  const named = isMap(contexts) ? Object.keys(contexts) : texts(contexts).map((one) => one.split("=")[0]!);
  return (ownValue(project.bases ?? {}, name) ?? []).flatMap((base): ProjectFlaw[] => {
    const { image } = base;
    const why = absentOnHub(image);
    if (build === undefined || !why || named.includes(image) || isBuilt(image, project.model)) return [];
    const rest = () => `, which exists only where it was built: ${why}`;
    return [{
      status: "warn",
      message: `is built from the image ${image}${rest()}`,
      evidence: { read: placeOfBase(project, base, name), value: `FROM ${image}` },
      fix: manualFix(`Build ${image} in a service of the project (image: ${image}, build:), or write its full name`),
      fold: { kind: `local base ${image}`, verb: ["is built", "are built"], item: `from the image ${image}`, rest },
    }];
  });
}

/** A build that ends at a `FROM`, because a variable in it has no value. */
function blankBase(name: string, project: ComposeProject): ProjectFlaw[] {
  const base = ownValue(project.blankBases ?? {}, name);
  if (!base) return [];
  const { written, left, names, undeclared } = base;
  const unset = joinList(names);
  const rest = () =>
    `: ${unset} ${names.length > 1 ? "have" : "has"} no value, which leaves ${
      left === "" ? "no image" : `“${left}”, which is not an image name`
    }`;
  const place = placeOfBase(project, base, name);
  return [{
    status: "fail",
    message: `cannot be built from ${written}${rest()}`,
    evidence: { read: place, value: `FROM ${written}` },
    fix: manualFix(
      undeclared.length > 0
        ? `Write ARG ${undeclared[0]}=VALUE before the first FROM: only such variables have a value in FROM`
        : `Set ${unset} in the service's build.args, or write a default: ARG ${names[0]}=VALUE`,
    ),
    fold: { kind: `blank ${place}`, verb: ["cannot be built", "cannot be built"], item: `from ${written}`, rest },
  }];
}

/** Whether a service of the project builds an image. */
function isBuilt(image: string, model: ComposeProject["model"]): boolean {
  const tagged = (one: string) => one.replace(/:latest$/, "");
  return Object.values(model?.services ?? {}).some((other) =>
    other.build !== undefined &&
    [other.image, ...texts(mapAt(other, "build").tags)].some((one) => tagged(String(one)) === tagged(image))
  );
}

/** An image that exists only where it was built, and that no service of the project builds. */
function unbuilt(
  { image, build, pull_policy, provider }: ComposeService,
  { model, inline, copied }: ComposeProject,
): ProjectFlaw[] {
  if (typeof image !== "string" || build !== undefined || provider !== undefined || image.includes("$")) return [];
  const why = absentOnHub(image);
  if (inline || !why || isBuilt(image, model)) return [];
  const ofAccount = image.includes("/");
  const rest = () => ofAccount ? `, but ${why}` : `, which exists only where it was built: ${why}`;
  return [{
    status: pull_policy === "never" ? "fail" : "warn",
    message: `has the image ${image}${rest()}`,
    at: "image:",
    fold: { kind: `unbuilt ${image}`, verb: ["has", "have"], item: `the image ${image}`, rest },
    text: image,
    fix: manualFix(
      ofAccount
        ? `Write the image with its registry, such as ghcr.io/${image}, or build: with the folder of its Dockerfile`
        : copied?.includes("Dockerfile")
        ? "Write build: . (the project has a Dockerfile), or the image's full name"
        : "Write build: with the folder of its Dockerfile, or the image's full name",
    ),
  }];
}

/** A command with a program that its image does not have. */
function commandProgram({ image, build, command, entrypoint }: ComposeService): ProjectFlaw[] {
  const row = typeof image === "string" && build === undefined ? lacks.find((one) => one.image.test(image)) : undefined;
  const [key, words] =
    ([["entrypoint", entrypoint], ["command", command]] as const).map(([key, value]) =>
      [key, [value ?? ""].flat().join(" ")] as const
    ).find(([, text]) => row?.programs.test(text) && !/\b(install|apk add)\b/.test(text)) ?? [];
  if (!row || key === undefined) return [];
  return [{
    status: "warn",
    message: `runs ${row.programs.exec(words!)![0]} in its ${key}, which the image ${image} does not have`,
    at: `${key}:`,
    fix: manualFix("Use a program that the image has, or build an image from it that has this one"),
  }];
}

/**
 * What only a plugin of Compose starts, and no package of the VM has: `models:` needs Docker Model Runner, `provider:`
 * a program docker-TYPE or TYPE (docker/compose, pkg/compose/model.go and plugins.go; read 2026-11-27).
 */
function plugins(
  { models, provider }: ComposeService,
  { inline }: ComposeProject,
  { image, provision }: Pick<ResolvedMachine, "image" | "provision">,
): ProjectFlaw[] {
  const { type } = isMap(provider) ? provider : {};
  const [key, plugin] = models !== undefined
    ? ["models:", "docker-model"]
    : typeof type === "string" && type !== ""
    ? ["provider:", `docker-${type}`]
    : [];
  // the user's box or script may install it
  if (key === undefined || inline || !image || provision.length > 0) return [];
  return [{
    status: "fail",
    message: `has ${key}, which needs Compose's plugin ${plugin}: the VM does not have it`,
    at: key,
    fix: manualFix(
      plugin === "docker-model"
        ? "Run the model in a service, such as ollama/ollama, or install docker-model-plugin with a provision: script"
        : `Install ${plugin} with a provision: script of the machine, or remove provider:`,
    ),
  }];
}

/** Values of the environment and words of the command that the project's authors meant to be replaced. */
function placeholders(service: ComposeService): ProjectFlaw[] {
  const words = [...new Set(commandWords(service))].filter((word) => isPlaceholder(word.replace(/^--?[\w-]+=/, "")));
  return [
    ...words.map((word): ProjectFlaw => ({
      status: "warn",
      message: `has ${word} in its command, which is not a value but a placeholder`,
      at: [word],
      fix: manualFix(`Replace ${word} with your own value`),
    })),
    ...ofEnvironment(service),
  ];
}

function ofEnvironment(service: ComposeService): ProjectFlaw[] {
  return Object.entries(environmentOf(service)).flatMap(([variable, value]): ProjectFlaw[] =>
    value === null || !(isPlaceholder(value, variable) || isMadeUp(variable, value)) ? [] : [{
      status: "warn",
      message: `has ${variable}=${value}, which is not a value but a placeholder`,
      at: [variable, value],
      fix: manualFix(`Replace ${value} with your own value, or remove ${variable}`),
      fold: {
        ...{ kind: "placeholder", verb: ["has", "have"], item: `${variable}=${value}` },
        rest: (many) => (many ? ", which are placeholders" : ", which is a placeholder"),
        fix: () => manualFix("Replace them with your own values, or remove the variables"),
      },
    }]
  );
}
