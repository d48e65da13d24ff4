/** Flaws of a service's GPU requests: Compose refuses it, no engine has it, or the machine lacks it. */
import type { Service } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Fix } from "../findings.mts";
import { isMap } from "../maps.mts";
import { manualFix } from "../fixes.mts";
import { migIdsOf, migMissing } from "./mig.mts";
import { devicesOf, texts } from "../compose/service.mts";
import {
  amdCdi,
  cdi,
  deviceDrivers,
  gpuCapabilities,
  isForGpu,
  type Reservation,
  reservationsOf,
  type ServiceGpuRequest,
  withCount,
} from "../compose/gpu-requests.mts";
import { imageFor } from "../compose/image-makers.mts";
import { vendorIds } from "../host/vendors.mts";
import type { PlacedService } from "./placed-services.mts";

/** A flaw of a service's GPU requests. */
export interface Flaw {
  /** The message, without the service's name. */
  message: string;
  fix: Fix;
  /** Texts to find the line by. */
  at?: string[];
}

/** The flaws of a service, of which `demands` are the GPU requests; empty if there are none. */
export function gpuRequestFlaws(
  service: PlacedService,
  demands: ServiceGpuRequest[],
  machine: ResolvedMachine,
): Flaw[] {
  return [
    ...flawed(service),
    ...gpusFlaws(service),
    ...foreignCdi(service, machine),
    ...renderNodes(service, machine),
    // a driver that no engine has is one flaw, also where the machine has no such card
    ...(reservationsOf(service.body).some(hasUnknownDriver) ? [] : missing(service, demands, machine)),
  ];
}

/** Whether a reservation of GPUs names a driver that no engine has. */
const hasUnknownDriver = (one: Reservation) =>
  typeof one.driver === "string" && one.driver !== "" && !deviceDrivers.includes(one.driver) && isForGpu(one);

/** Flaws of a service's own reservations, independent of the machine (compose-spec, deploy.md). */
function flawed({ gpu, body, place }: PlacedService): Flaw[] {
  const own = reservationsOf(body);
  const first = own.find(isForGpu);
  return own.flatMap((written) => {
    const one = gpu !== undefined && written === first ? withCount(written, gpu) : written;
    const { driver } = one;
    return [
      ...(hasUnknownDriver(one)
        ? [flaw(
          `its reservation names the driver ${driver}, which no engine has: the drivers are ${
            deviceDrivers.join(", ")
          }`,
          /amd|rocm/i.test(String(driver))
            ? "Write devices: [/dev/kfd, /dev/dri] instead of the reservation"
            : "Write driver: nvidia; CDI names (nvidia.com/gpu=all) belong in device_ids, with driver: cdi",
          [`driver: ${driver}`, String(driver)],
        )]
        : []),
      ...(driver === "cdi" && !texts(one.device_ids).some((id) => id.includes("="))
        ? [flaw(
          "its reservation with driver: cdi names no device",
          'Write device_ids: ["nvidia.com/gpu=all"], or driver: nvidia with count: 1',
        )]
        : []),
      ...(one.count !== undefined && one.device_ids !== undefined
        ? [flaw("its reservation has both count and device_ids, which exclude each other", "Remove one of the two")]
        : []),
      ...(Array.isArray(one.capabilities) && one.capabilities.length > 0
        ? texts(one.capabilities).length < one.capabilities.length ||
            texts(one.capabilities).some((word) => gpuCapabilities.includes(word)) || !isForGpu(one) ||
            driver === "amd" ||
            driver === "cdi"
          ? []
          : [flaw(
            `its reservation has the capabilities ${texts(one.capabilities).join(", ")}, which no Docker driver has`,
            "Write capabilities: [gpu]",
            ["capabilities"],
          )]
        : place !== undefined || (one.capabilities !== undefined && !Array.isArray(one.capabilities))
        // services.compose reports what is missing in a stack, and what must be a list
        ? []
        : [flaw(
          "its reservation has no capabilities: Compose refuses it without them",
          "Write capabilities: [gpu]",
          ["devices:"],
        )]),
      ...(one !== written && differs(one, gpu!)
        ? [flaw(
          `gpu: ${gpu} and its own reservation (${counted(one)}) differ`,
          "Remove gpu:, or the reservation's count and device_ids",
        )]
        : []),
    ];
  });
}

const flaw = (message: string, mend: string, at?: string[]): Flaw => ({
  message,
  fix: manualFix(mend),
  ...(at ? { at } : {}),
});
const digits = (_: string, value: unknown) => typeof value === "bigint" ? String(value) : value;
const counted = ({ count, device_ids }: Reservation) =>
  count === undefined ? `device_ids: ${JSON.stringify(device_ids, digits)}` : `count: ${count}`;

function differs({ count, device_ids }: Reservation, gpu: number | "all"): boolean {
  if (Array.isArray(device_ids)) return count === undefined && device_ids.length !== gpu;
  return String(count) !== String(gpu);
}

/** The requested GPUs that the machine does not have. */
function missing({ gpu, body }: Service, demands: ServiceGpuRequest[], machine: ResolvedMachine): Flaw[] {
  if (demands.length === 0) return [];
  const { name, gpus } = machine;
  const has = (...ids: string[]) => gpus.filter(({ vendorId }) => ids.includes(vendorId)).length;
  const cards = { nvidia: has(vendorIds.nvidia), amd: has(vendorIds.amd), drm: gpus.length, any: gpus.length };
  const absent = demands.find(({ vendor }) => cards[vendor] === 0);
  if (absent) {
    const { key, vendor } = absent;
    const whose = vendor === "amd" ? "no AMD GPU" : "no NVIDIA GPU";
    const instead = vendor === "amd" && has(vendorIds.nvidia) > 0 && typeof body.image === "string"
      ? imageFor(body.image, "nvidia")
      : undefined;
    return [flaw(
      `it asks for a GPU${key === "gpu" ? "" : ` (${key})`}, but ${name} has ${gpus.length > 0 ? whose : "none"}`,
      vendor === "amd" && has(vendorIds.intel) > 0 && devicesOf(body).some(({ source }) => /^\/dev\/dri/.test(source))
        ? "Remove /dev/kfd, a device of AMD cards: an Intel card needs /dev/dri only"
        : instead !== undefined
        ? `Write image: ${instead} and deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, ` +
          `capabilities: [gpu]}]}}} instead of the devices, or give ${name} an AMD card (gpu:)`
        : gpus.length === 0
        ? `Give ${name} a card (gpu:), or remove the GPU from the service`
        : `Use the project's settings for ${
          has(vendorIds.nvidia) > 0
            ? "NVIDIA's cards"
            : has(vendorIds.amd) > 0
            ? "AMD's cards"
            : "Intel's cards (devices: [/dev/dri])"
        } if it has any, or give ${name} another card (gpu:)`,
      [...(key === "devices" || key === "volumes" ? nodeTexts[vendor] : []), `${key}:`],
    )];
  }
  if (gpu !== undefined && body.gpus !== undefined) {
    return [flaw("it has both gpu: and Compose's own gpus:", "Remove one of the two")];
  }
  const instances = migMissing(migIdsOf(demands), machine);
  if (instances) return [instances];
  return demands.flatMap(({ key, count, ids, vendor }) => {
    const available = cards.nvidia > 0 && vendor === "any" ? cards.nvidia : cards[vendor];
    const beyond = ids?.filter((id) => /^\d+$/.test(id) && Number(id) >= available) ?? [];
    if (beyond.length > 0) {
      return [
        available === 1
          ? flaw(
            `it asks for GPU ${beyond.join(", ")}, but the only GPU of ${name} is 0`,
            key === "runtime" ? "Write NVIDIA_VISIBLE_DEVICES=0" : `Write ${named(key, "0")}`,
            idTexts(beyond[0]!),
          )
          : flaw(
            `it asks for GPU ${beyond.join(", ")}, but the GPUs of ${name} are numbered 0 to ${available - 1}`,
            "Write other numbers",
            idTexts(beyond[0]!),
          ),
      ];
    }
    if (count === "all" || count <= available || ids !== undefined) return [];
    const less = key === "gpu" ? `gpu: ${available}` : `count: ${available}`;
    return [
      flaw(`it asks for ${count} GPUs, but ${name} has ${available}`, `Write ${less}, or give ${name} more cards`, [
        `count: ${count}`,
        "count",
        `${key}:`,
      ]),
    ];
  });
}

/** Flaws of the requests under `gpus:`; each requests GPUs, also without `capabilities`. */
function gpusFlaws({ body: { gpus } }: Service): Flaw[] {
  return (Array.isArray(gpus) ? gpus.filter(isMap) : []).flatMap(({ driver, count, device_ids }) => [
    ...(typeof driver === "string" && driver !== "" && !deviceDrivers.includes(driver)
      ? [flaw(
        `its gpus: names the driver ${driver}, which no engine has: the drivers are ${deviceDrivers.join(", ")}`,
        "Write driver: nvidia, or remove driver:",
        [driver],
      )]
      : []),
    ...(count !== undefined && device_ids !== undefined
      ? [
        flaw("its gpus: has both count and device_ids, which exclude each other", "Remove one of the two", ["gpus"]),
      ]
      : []),
  ]);
}

/** CDI names that no specification in the VM describes: it has only NVIDIA's. */
function foreignCdi({ body }: Service, { image, provision }: ResolvedMachine): Flaw[] {
  // the user's box or script may install one
  if (!image || provision.length > 0) return [];
  const names = [
    ...devicesOf(body).map(({ source }) => source),
    ...reservationsOf(body).flatMap(({ device_ids }) => texts(device_ids)),
  ].filter((one) => /^[\w.-]+\/[\w.-]+=./.test(one) && !one.startsWith(cdi) && !one.startsWith(amdCdi));
  return [...new Set(names)].map((one) =>
    flaw(
      `it asks for the device ${one}, but the VM has no CDI specification for ${one.split("=")[0]}`,
      'Write "nvidia.com/gpu=all" for an NVIDIA card, or devices: [/dev/dri] for an Intel or AMD card',
      [one],
    )
  );
}

/**
 * Render nodes beyond the VM's cards: its emulated display has none, so theirs are renderD128 and the next ones. Lines
 * of `libvirt:` may choose another display, such as virtio, which has one.
 */
function renderNodes({ body }: Service, { name, gpus, libvirt = "" }: ResolvedMachine): Flaw[] {
  if (gpus.length === 0 || /\bvideo_/.test(libvirt)) return [];
  return devicesOf(body).flatMap(({ source }) => {
    const [, number] = /^\/dev\/dri\/renderD(\d+)$/.exec(source) ?? [];
    if (number === undefined || Number(number) - 128 < gpus.length) return [];
    return [flaw(
      `it uses ${source}, but ${name} has ${
        gpus.length === 1 ? "only /dev/dri/renderD128" : `/dev/dri/renderD128 to renderD${127 + gpus.length}`
      }`,
      "Write /dev/dri/renderD128",
      [source],
    )];
  });
}

/** Texts to find the line of a device node or a CDI name by. */
const nodeTexts: Record<ServiceGpuRequest["vendor"], string[]> = {
  amd: ["/dev/kfd", amdCdi],
  nvidia: ["/dev/nvidia", cdi],
  drm: ["/dev/dri"],
  any: [],
};

/** Texts to find the line of a GPU's index by. */
const idTexts = (
  id: string,
) => ["device_ids", "NVIDIA_VISIBLE_DEVICES", "AMD_VISIBLE_DEVICES", `nvidia.com/gpu=${id}`, `/dev/nvidia${id}`];

/** The name of one GPU in each kind of request. */
const named = (key: string, id: string) =>
  key === "devices" ? `devices: ["nvidia.com/gpu=${id}"]` : `device_ids: ["${id}"]`;
