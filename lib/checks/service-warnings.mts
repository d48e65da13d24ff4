/** Services that start without the GPU that they seem to need, or exit at once. */
import type { Service } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { mapAt } from "../maps.mts";
import type { Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { isCudaImage } from "../resolve/cuda.mts";
import { isCpuImage, nvidiaImageFor } from "../compose/cpu-images.mts";
import { makerOfImage } from "../compose/image-makers.mts";
import { devicesOf, environmentOf, mountsOf } from "../compose/service.mts";
import type { PlacedService } from "./placed-services.mts";
import { amdCdi, cdi, isNvidiaNode, type ServiceGpuRequest } from "../compose/gpu-requests.mts";
import { isNvidiaRequest } from "../host/vendors.mts";

/** The warnings about a service, of which `demands` are the GPU requests; empty if there are none. */
export function serviceWarnings(
  service: PlacedService,
  demands: ServiceGpuRequest[],
  machine: ResolvedMachine,
): Verdict[] {
  return [
    ...[ending(service), withoutRuntime(service, demands, machine), drmOnNvidia(service, demands, machine)],
    ...[generic(service), none(service, demands), hidden(service, demands), beyond(service, demands, machine)],
    ...[runtimeAlone(service, demands), withoutGpuSupport(service, demands, machine)],
    ...[amdAlone(service, demands, machine), amdChosen(service, demands, machine)],
  ].filter((one) => one !== undefined);
}

/**
 * Only NVIDIA's runtime reads NVIDIA_VISIBLE_DEVICES: without it the container starts and sees no
 * GPU.
 */
function withoutRuntime(
  { name, body, place }: PlacedService,
  demands: ServiceGpuRequest[],
  { driver, gpus }: ResolvedMachine,
): Verdict | undefined {
  const visible = environmentOf(body).NVIDIA_VISIBLE_DEVICES;
  const wants = visible !== undefined && visible !== null && !["", "none", "void"].includes(visible);
  if (
    !wants || demands.length > 0 || body.runtime !== undefined || driver.defaultRuntime || !gpus.some(isNvidiaRequest)
  ) {
    return undefined;
  }
  return {
    status: "warn",
    message: `${name}: NVIDIA_VISIBLE_DEVICES alone gives no GPU: Docker's default runtime does not read it`,
    evidence: [{
      read: place?.(["NVIDIA_VISIBLE_DEVICES"]) ?? `${name}: environment`,
      value: `NVIDIA_VISIBLE_DEVICES=${visible}`,
    }],
    fix: [
      manualFix(`Write runtime: nvidia for ${name}, or reserve a GPU (gpu: 1, deploy.resources.reservations.devices)`),
    ],
  };
}

/** Only AMD's runtime reads AMD_VISIBLE_DEVICES, and only it makes a request of that variable. */
function amdAlone(
  { name, body, place }: PlacedService,
  demands: ServiceGpuRequest[],
  { gpus }: ResolvedMachine,
): Verdict | undefined {
  const visible = environmentOf(body).AMD_VISIBLE_DEVICES;
  const wants = visible !== undefined && visible !== null && !["", "none", "void"].includes(visible);
  if (!wants || demands.length > 0 || gpus.length === 0) return undefined;
  return {
    status: "warn",
    message: `${name}: AMD_VISIBLE_DEVICES alone gives no GPU: only AMD's container runtime reads it`,
    evidence: [{
      read: place?.(["AMD_VISIBLE_DEVICES"]) ?? `${name}: environment`,
      value: `AMD_VISIBLE_DEVICES=${visible}`,
    }],
    fix: [manualFix(`Write runtime: amd for ${name}, or devices: [/dev/kfd, /dev/dri]`)],
  };
}

/**
 * Indexes in AMD_VISIBLE_DEVICES, or in AMD's CDI names, on a machine with several cards: its
 * containers get the nodes of all of them.
 */
function amdChosen(
  { name, place }: PlacedService,
  demands: ServiceGpuRequest[],
  { gpus }: ResolvedMachine,
): Verdict | undefined {
  const ids = demands.flatMap(({ vendor, ids = [] }) => vendor === "amd" ? ids : []);
  if (ids.length === 0 || gpus.length < 2 || new Set(ids).size >= gpus.length) return undefined;
  return {
    status: "warn",
    message: `${name}: chooses GPU ${
      ids.join(", ")
    }, but its container gets the device nodes of all ${gpus.length} cards`,
    evidence: [{
      read: place?.(["AMD_VISIBLE_DEVICES", ...ids.map((id) => `${amdCdi}${id}`)]) ?? `${name}: its GPU request`,
      value: ids.join(", "),
    }],
    fix: [manualFix(`Write ROCR_VISIBLE_DEVICES: "${ids.join(",")}" for ${name}, which ROCm's programs read`)],
  };
}

/**
 * Device nodes give a container none of NVIDIA's libraries: rendering and encoding silently run on the CPU, and CUDA
 * finds no driver. Some projects mount the libraries of their host instead.
 */
function drmOnNvidia(
  { name, body, place, base }: PlacedService,
  demands: ServiceGpuRequest[],
  { gpus, driver }: ResolvedMachine,
): Verdict | undefined {
  const nodes = devicesOf(body).map(({ source }) => source).filter(isNvidiaNode);
  const isNode = ({ key, vendor }: ServiceGpuRequest) =>
    key === "devices" && nodes.length > 0 && vendor === "nvidia" && !driver.defaultRuntime;
  const onlyNodes = demands.length > 0 && demands.every((one) => one.vendor === "drm" || isNode(one)) &&
    !devicesOf(body).some(({ source }) => source.startsWith(cdi)) &&
    !(nodes.length > 0 && mountsOf(body).some(({ source }) => /nvidia|cuda/i.test(source ?? "")));
  const shown = nodes[0] ?? "/dev/dri";
  // another finding: the image is for other cards
  const image = body.build === undefined ? body.image : base?.image;
  if (typeof image === "string" && makerOfImage(image) === "intel") return undefined;
  const visible = environmentOf(body).NVIDIA_VISIBLE_DEVICES !== undefined;
  if (!onlyNodes || (visible && nodes.length === 0) || gpus.length === 0 || !gpus.every(isNvidiaRequest)) {
    return undefined;
  }
  return {
    status: "warn",
    message: `${name}: ${shown} alone gives no NVIDIA GPU: ${
      nodes.length > 0 ? "CUDA" : "VA-API and Vulkan"
    } in the container need${nodes.length > 0 ? "s" : ""} NVIDIA's libraries`,
    evidence: [{ read: place?.([shown]) ?? `${name}: devices`, value: shown }],
    fix: [manualFix(
      `Reserve a GPU for ${name} (deploy.resources.reservations.devices) with NVIDIA_DRIVER_CAPABILITIES=all, or ` +
        "runtime: nvidia",
    )],
  };
}

/** Reservations for a swarm, which Compose ignores. */
function generic({ name, body, place }: PlacedService): Verdict | undefined {
  const { generic_resources } = mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations");
  if (!Array.isArray(generic_resources) || generic_resources.length === 0) return undefined;
  return {
    status: "warn",
    message: `${name}: generic_resources gives it no GPU: only a swarm uses them`,
    evidence: [{ read: place?.(["generic_resources"]) ?? `${name}: deploy`, value: "generic_resources" }],
    fix: [manualFix("Write devices: [{driver: nvidia, count: 1, capabilities: [gpu]}] instead")],
  };
}

/**
 * Images that do not set NVIDIA_VISIBLE_DEVICES (Dockerfiles of linuxserver/docker-jellyfin, linuxserver/docker-plex
 * and plexinc/pms-docker; read 2026-11-27). Those that build on CUDA's images have it.
 */
const withoutVisible =
  /^(docker\.io\/|lscr\.io\/|ghcr\.io\/)?(linuxserver\/(jellyfin|plex)|plexinc\/pms-docker)([:@]|$)/;

/** NVIDIA's runtime without NVIDIA_VISIBLE_DEVICES, which neither the service nor its image sets. */
function runtimeAlone({ name, body, place }: PlacedService, demands: ServiceGpuRequest[]): Verdict | undefined {
  const { runtime, image, build, env_file } = body;
  if (
    runtime !== "nvidia" || build !== undefined || env_file !== undefined ||
    !demands.every(({ key }) => key === "runtime")
  ) {
    return undefined;
  }
  if (environmentOf(body).NVIDIA_VISIBLE_DEVICES !== undefined || !withoutVisible.test(String(image))) return undefined;
  return {
    status: "warn",
    message: `${name}: runtime: nvidia gives it no GPU without NVIDIA_VISIBLE_DEVICES, which its image does not set`,
    evidence: [{ read: place?.(["runtime:"]) ?? `${name}: runtime`, value: "runtime: nvidia" }],
    fix: [manualFix("Add NVIDIA_VISIBLE_DEVICES=all and NVIDIA_DRIVER_CAPABILITIES=all to its environment")],
  };
}

/**
 * NVIDIA's runtime with the values that give a container no GPU (NVIDIA/nvidia-container-toolkit,
 * docker-specialized.md).
 */
function hidden({ name, body, place }: PlacedService, demands: ServiceGpuRequest[]): Verdict | undefined {
  const visible = environmentOf(body).NVIDIA_VISIBLE_DEVICES;
  if (body.runtime !== "nvidia" || demands.length > 0 || (visible !== "void" && visible !== "none")) return undefined;
  return {
    status: "warn",
    message: `${name}: runtime: nvidia with NVIDIA_VISIBLE_DEVICES=${visible} gives it no GPU`,
    evidence: [{
      read: place?.(["NVIDIA_VISIBLE_DEVICES"]) ?? `${name}: environment`,
      value: `NVIDIA_VISIBLE_DEVICES=${visible}`,
    }],
    fix: [manualFix("Write NVIDIA_VISIBLE_DEVICES=all, or remove runtime: if it needs no GPU")],
  };
}

/** A GPU for an image without GPU support: its program works on the CPU, or ends when it looks for CUDA. */
function withoutGpuSupport(
  { name, body: { image, build }, place }: PlacedService,
  demands: ServiceGpuRequest[],
  { gpus }: ResolvedMachine,
): Verdict | undefined {
  const asks = demands.some(({ vendor, count }) => vendor !== "drm" && count !== 0);
  const [arg, value] = Object.entries(environmentOf({ environment: mapAt({ build }, "build").args }))
    .find(([key, one]) => /device|target|variant|accel|backend|compute/i.test(key) && /^cpu$/i.test(one ?? "")) ?? [];
  if (asks && gpus.length > 0 && arg !== undefined) {
    return {
      status: "warn",
      message: `${name}: asks for a GPU, but is built with ${arg}=${value}: it works on the CPU`,
      evidence: [{ read: place?.([`${arg}:`, arg]) ?? `${name}: build.args`, value: `${arg}=${value}` }],
      fix: [manualFix(`Set ${arg} to the value for the GPU, which the project's documentation names`)],
    };
  }
  if (!asks || gpus.length === 0 || build !== undefined || typeof image !== "string" || !isCpuImage(image)) {
    return undefined;
  }
  const instead = gpus.every(isNvidiaRequest) ? nvidiaImageFor(image) : undefined;
  return {
    status: "warn",
    message: `${name}: asks for a GPU, but its image ${image} has no GPU support: it works on the CPU`,
    evidence: [{ read: place?.(["image:"]) ?? `${name}: image`, value: image }],
    fix: [manualFix(instead === undefined ? "Use its image or tag for the GPU" : `Write image: ${instead}`)],
  };
}

/** The variables by which programs choose among the GPUs of their container, which are numbered from 0. */
const choices = { nvidia: ["CUDA_VISIBLE_DEVICES"], amd: ["HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"] };

/**
 * CUDA_VISIBLE_DEVICES=2 in a container with one GPU: a program there sees none. The same with “all”, which only
 * NVIDIA_VISIBLE_DEVICES knows: YanWenKun/ComfyUI-Docker#60.
 */
function beyond(
  { name, body, place }: PlacedService,
  demands: ServiceGpuRequest[],
  { gpus }: ResolvedMachine,
): Verdict | undefined {
  const vendor = gpus.every(isNvidiaRequest) ? "nvidia" as const : "amd" as const;
  const own = demands.filter((one) => one.vendor === vendor || one.vendor === "any");
  if (own.length === 0 || gpus.length === 0) return undefined;
  const counts = own.map(({ count }) => (count === "all" ? gpus.length : count));
  const count = Math.min(gpus.length, Math.max(...counts));
  const environment = environmentOf(body);
  for (const variable of choices[vendor]) {
    const value = environment[variable] ?? "";
    if (vendor === "nvidia" && /^all$/i.test(value)) {
      return {
        status: "warn",
        message: `${name}: ${variable}=${value} is no list of GPUs: CUDA shows its program none`,
        evidence: [{ read: place?.([variable]) ?? `${name}: environment`, value: `${variable}=${value}` }],
        fix: [manualFix(`Remove ${variable}: without it, a program sees all GPUs of its container`)],
      };
    }
    const ids = value.split(",").map((one) => one.trim());
    if (!ids.every((one) => /^\d+$/.test(one)) || ids.every((one) => Number(one) < count)) continue;
    return {
      status: "warn",
      message: `${name}: ${variable}=${value} names GPU ${
        ids.find((one) => Number(one) >= count)
      }, but its container has ${count === 1 ? "only GPU 0" : `the GPUs 0 to ${count - 1}`}`,
      evidence: [{ read: place?.([variable]) ?? `${name}: environment`, value: `${variable}=${value}` }],
      fix: [manualFix(`Write ${variable}=0, or remove it`)],
    };
  }
  return undefined;
}

/** A reservation of zero GPUs. */
function none({ name, place }: PlacedService, demands: ServiceGpuRequest[]): Verdict | undefined {
  const zero = demands.find(({ count }) => count === 0);
  if (!zero || demands.some(({ count }) => count !== 0)) return undefined;
  return {
    status: "warn",
    message: `${name}: it asks for 0 GPUs`,
    evidence: [{ read: place?.(["count"]) ?? `${name}: ${zero.key}`, value: "0" }],
    fix: [manualFix("Write count: 1, or remove the reservation")],
  };
}

/**
 * A bare NVIDIA image without a command: its shell has no terminal and exits. A terminal keeps it
 * running: codalab/codabench#1831.
 */
function ending({ name, body }: Service): Verdict | undefined {
  const { image, command, entrypoint, restart, tty } = body;
  const hasCommand = [command, entrypoint].some((one) => one !== undefined && one !== null && String(one) !== "");
  if (typeof image !== "string" || !isCudaImage(image) || hasCommand || tty === true) return undefined;
  const forever = restart === "always" || restart === "unless-stopped";
  return {
    status: "warn",
    message: `${name}: ${image} runs only a shell, which exits at once${forever ? ": it restarts endlessly" : ""}`,
    evidence: [{ read: `${name}: command, restart`, value: `none, ${restart ?? "no"}` }],
    fix: [manualFix(`Write a command: for ${name}, for example command: sleep infinity`)],
  };
}
