import type { Service } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Fix } from "../findings.mts";
import { isMap, mapAt } from "../maps.mts";
import type { Check, Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { migIdsOf, migMissing, migUnknown } from "./mig.mts";
import { isCudaImage } from "../resolve/cuda.mts";
import { devicesOf, environmentOf, texts } from "../compose/service.mts";
import { type PlacedService, projectServices } from "./compose.mts";
import {
  amdCdi,
  cdi,
  deviceDrivers,
  gpuCapabilities,
  gpuRequestsOf,
  isForGpu,
  type Reservation,
  reservationsOf,
  type ServiceGpuRequest,
  withCount,
} from "../compose/gpu-requests.mts";
import { isNvidiaRequest, vendorIds } from "../host/vendors.mts";

/** The checks of the services' GPU requests. */
export const serviceChecks: Check[] = [
  {
    id: "services.gpu",
    about: "whether each service asks for GPUs that its machine has, in a way that Compose takes",
    why: "Compose refuses a reservation that is not whole, and Docker starts no container whose GPUs are not there",
    check: (_, { machines, services, projects }) =>
      [...services, ...projectServices(projects)].flatMap((service: PlacedService) => {
        const machine = machines.find(({ name }) => name === service.machine);
        return machine ? gpus(service, machine).map((verdict) => ({ machine: machine.name, ...verdict })) : [];
      }),
  },
];

function gpus(service: PlacedService, machine: ResolvedMachine): Verdict[] {
  const demands = gpuRequestsOf(service);
  const { place } = service;
  const evidence = demands.map(({ key, count, ids }) => ({
    read: `${service.name}: ${key}`,
    value: ids?.join(", ") ?? String(count),
  }));
  const wrong = [
    ...flawed(service),
    ...gpusFlaws(service),
    ...foreignCdi(service, machine),
    ...missing(service, demands, machine),
  ].map((
    { says, fix, at },
  ): Verdict => ({
    status: "fail",
    message: `${service.name}: ${says}`,
    evidence: [
      ...(place ? [{ read: place(at ?? demands.map(({ key }) => `${key}:`)), value: says }] : []),
      ...evidence,
    ],
    fix: [fix],
  }));
  const cautions = [
    ...[ending(service), withoutRuntime(service, demands, machine), drmOnNvidia(service, demands, machine)],
    ...[generic(service), none(service, demands)],
  ].filter((one) => one !== undefined);
  if (wrong.length > 0 || cautions.length > 0) return [...wrong, ...cautions];
  if (demands.length === 0) return [];
  const instances = migUnknown(service.name, migIdsOf(demands), evidence);
  if (instances) return [instances];
  const bare = withoutDriver(service, demands, machine) ?? byUuid(service, demands);
  if (bare) return [{ ...bare, evidence }];
  const has = machine.gpus.length;
  return [{
    status: "pass",
    message: `${service.name} gets ${wanted(demands)} of ${has} GPU${has > 1 ? "s" : ""}`,
    evidence,
  }];
}

/**
 * Packages with the firmware of cards, in Debian's non-free-firmware (packages.debian.org,
 * 2026-11-26).
 */
const firmware: Record<string, string> = {
  [vendorIds.amd]: "firmware-amd-graphics",
  [vendorIds.intel]: "firmware-intel-graphics (Debian 12: firmware-misc-nonfree)",
};
const makers: Record<string, string> = { [vendorIds.amd]: "AMD's", [vendorIds.intel]: "Intel's" };

/**
 * The verdict for a service with a GPU of another vendor than NVIDIA: its container gets the device
 * nodes, but no driver is installed for them here. AMD's driver needs firmware for every card
 * (amdgpu, request_firmware), which no known image has; some Intel graphics work without firmware.
 */
function withoutDriver(
  { name }: Service,
  demands: ServiceGpuRequest[],
  { gpus, image, box, provision }: ResolvedMachine,
): Omit<Verdict, "evidence"> | undefined {
  const served = demands.every(({ vendor }) => vendor === "nvidia");
  const other = gpus.find((request) => !isNvidiaRequest(request) && request.mode === "passthrough");
  if (served || !other || gpus.some(isNvidiaRequest)) return undefined;
  const whose = makers[other.vendorId] ?? `of the maker ${other.vendorId}`;
  const nodes = other.vendorId === vendorIds.amd ? "/dev/kfd and /dev/dri" : "/dev/dri";
  if (!image || provision.length > 0) {
    return {
      status: "unknown",
      message: `${name} gets ${nodes}, and whether ${
        image ? "provision:" : `the box ${box}`
      } has the driver and firmware of that card (${whose}) is not known`,
    };
  }
  const fix = [
    manualFix(
      firmware[other.vendorId]
        ? `Install the card's firmware by a script of provision: on Debian ${
          firmware[other.vendorId]
        }, on Ubuntu linux-firmware and linux-generic`
        : "Install the card's driver by a script of provision:",
    ),
  ];
  return other.vendorId === vendorIds.amd
    ? {
      status: "fail",
      message:
        `${name} asks for a GPU, and nothing of AMD's is installed in the box: its driver starts no card without the firmware`,
      fix,
    }
    : {
      status: "unknown",
      message:
        `${name} gets ${nodes}, and nothing (${whose}) is installed in the box: whether the card starts without its firmware is not known`,
      fix,
    };
}

interface Flaw {
  says: string;
  fix: Fix;
  /** Texts to find the line by. */
  at?: string[];
}

/**
 * The sum of a service's requests: overlapping ways count as one request; several of one way add
 * up.
 */
function wanted(demands: ServiceGpuRequest[]): string {
  if (demands.some(({ count }) => count === "all")) return "all";
  const keys = [...new Set(demands.map(({ key }) => key))];
  const sums = keys.map((key) =>
    demands.filter((one) => one.key === key).reduce((sum, { count }) => sum + Number(count), 0)
  );
  return String(Math.max(...sums));
}

/** Flaws of a service's own reservations, independent of the machine (compose-spec, deploy.md). */
function flawed({ gpu, body }: Service): Flaw[] {
  const own = reservationsOf(body);
  const first = own.find(isForGpu);
  return own.flatMap((written) => {
    const one = gpu !== undefined && written === first ? withCount(written, gpu) : written;
    const { driver } = one;
    return [
      ...(typeof driver === "string" && driver !== "" && !deviceDrivers.includes(driver) && isForGpu(one)
        ? [flaw(
          `its reservation names the driver ${driver}, which no engine has: there are ${deviceDrivers.join(", ")}`,
          /amd|rocm/i.test(driver)
            ? "Write devices: [/dev/kfd, /dev/dri] instead of the reservation"
            : "Write driver: nvidia; CDI's names (nvidia.com/gpu=all) go into device_ids, with driver: cdi",
          [driver],
        )]
        : []),
      ...(driver === "cdi" && !texts(one.device_ids).some((id) => id.includes("="))
        ? [flaw(
          "its reservation of the driver cdi names no device",
          'Write device_ids: ["nvidia.com/gpu=all"], or driver: nvidia with count: 1',
        )]
        : []),
      ...(one.count !== undefined && one.device_ids !== undefined
        ? [flaw("its reservation has both count and device_ids, which exclude each other", "Leave one of the two out")]
        : []),
      ...(Array.isArray(one.capabilities) && one.capabilities.length > 0
        ? texts(one.capabilities).some((word) => gpuCapabilities.includes(word)) || !isForGpu(one) ||
            driver === "amd" ||
            driver === "cdi"
          ? []
          : [flaw(
            `its reservation has the capabilities ${
              texts(one.capabilities).join(", ")
            }, which no driver of Docker's has`,
            "Write capabilities: [gpu]",
            ["capabilities"],
          )]
        : [flaw(
          "its reservation has no capabilities, without which Compose refuses it",
          "Write capabilities: [gpu]",
          ["devices:"],
        )]),
      ...(one !== written && differs(one, gpu!)
        ? [flaw(
          `gpu: ${gpu} and its own reservation (${counted(one)}) differ`,
          "Leave out gpu:, or the reservation's count and device_ids",
        )]
        : []),
    ];
  });
}

const flaw = (says: string, mend: string, at?: string[]): Flaw => ({
  says,
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
    const whose = vendor === "amd" ? "none of AMD's" : "none of NVIDIA's";
    return [flaw(
      `it asks for a GPU${key === "gpu" ? "" : ` (${key})`}, and ${name} has ${gpus.length > 0 ? whose : "none"}`,
      `Give ${name} a card (gpu:), or take it from the service`,
      [...(key === "devices" || key === "volumes" ? nodeTexts[vendor] : []), `${key}:`],
    )];
  }
  if (gpu !== undefined && body.gpus !== undefined) {
    return [flaw("it has both gpu: and Compose's own gpus:", "Leave one of the two out")];
  }
  const instances = migMissing(migIdsOf(demands), machine);
  if (instances) return [instances];
  return demands.flatMap(({ key, count, ids, vendor }) => {
    const there = cards.nvidia > 0 && vendor === "any" ? cards.nvidia : cards[vendor];
    const beyond = ids?.filter((id) => /^\d+$/.test(id) && Number(id) >= there) ?? [];
    if (beyond.length > 0) {
      return [
        there === 1
          ? flaw(
            `it asks for GPU ${beyond.join(", ")}, and the only one of ${name} is 0`,
            key === "runtime" ? "Write NVIDIA_VISIBLE_DEVICES=0" : `Write ${named(key, "0")}`,
            idTexts(beyond[0]!),
          )
          : flaw(
            `it asks for GPU ${beyond.join(", ")}, and those of ${name} count from 0 to ${there - 1}`,
            "Name others",
            idTexts(beyond[0]!),
          ),
      ];
    }
    if (count === "all" || count <= there || ids !== undefined) return [];
    const less = key === "gpu" ? `gpu: ${there}` : `count: ${there}`;
    return [
      flaw(`it asks for ${count} GPUs, and ${name} has ${there}`, `Write ${less}, or give ${name} more cards`, [
        `count: ${count}`,
        "count",
        `${key}:`,
      ]),
    ];
  });
}

/** Flaws of the requests under `gpus:`, of which each is one for GPUs without `capabilities` too. */
function gpusFlaws({ body: { gpus } }: Service): Flaw[] {
  return (Array.isArray(gpus) ? gpus.filter(isMap) : []).flatMap(({ driver, count, device_ids }) => [
    ...(typeof driver === "string" && driver !== "" && !deviceDrivers.includes(driver)
      ? [flaw(
        `its gpus: names the driver ${driver}, which no engine has: there are ${deviceDrivers.join(", ")}`,
        "Write driver: nvidia, or leave driver: out",
        [driver],
      )]
      : []),
    ...(count !== undefined && device_ids !== undefined
      ? [
        flaw("its gpus: has both count and device_ids, which exclude each other", "Leave one of the two out", ["gpus"]),
      ]
      : []),
  ]);
}

/** CDI names of devices that nothing in a VM describes: its only specification is NVIDIA's. */
function foreignCdi({ body }: Service, { image, provision }: ResolvedMachine): Flaw[] {
  // a box or a script of the user's may bring one
  if (!image || provision.length > 0) return [];
  const names = [
    ...devicesOf(body).map(({ source }) => source),
    ...reservationsOf(body).flatMap(({ device_ids }) => texts(device_ids)),
  ].filter((one) => /^[\w.-]+\/[\w.-]+=./.test(one) && !one.startsWith(cdi) && !one.startsWith(amdCdi));
  return [...new Set(names)].map((one) =>
    flaw(
      `it asks for the device ${one}, and the VM has no CDI specification of ${one.split("=")[0]}`,
      'Write "nvidia.com/gpu=all" for an NVIDIA card, or devices: [/dev/dri] for an Intel or AMD card',
      [one],
    )
  );
}

/** Texts to find the line of a device node or a CDI name by. */
const nodeTexts: Record<ServiceGpuRequest["vendor"], string[]> = {
  amd: ["/dev/kfd", amdCdi],
  nvidia: ["/dev/nvidia", cdi],
  drm: ["/dev/dri"],
  any: [],
};

/** Texts to find the line of a GPU's index by. */
const idTexts = (id: string) => ["device_ids", "NVIDIA_VISIBLE_DEVICES", `nvidia.com/gpu=${id}`, `/dev/nvidia${id}`];

/**
 * GPUs by UUID: a card keeps its own in a VM, and no probe reads it, so only the VM can tell whether its card has it.
 */
function byUuid({ name, place }: PlacedService, demands: ServiceGpuRequest[]): Omit<Verdict, "evidence"> | undefined {
  const id = demands.flatMap(({ ids = [] }) => ids).find((one) => /^(GPU|MIG)-/i.test(one));
  if (id === undefined) return undefined;
  return {
    status: "unknown",
    message: `${name} names the GPU ${id}${place ? ` (${place([id])})` : ""}: only the VM can tell whether it has it`,
    fix: [manualFix('Write device_ids: ["0"], or count: 1: in the VM its first card is 0')],
  };
}

/** The name of one GPU in each kind of request. */
const named = (key: string, id: string) =>
  key === "devices" ? `devices: ["nvidia.com/gpu=${id}"]` : `device_ids: ["${id}"]`;

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
  if (!wants || demands.length > 0 || body.runtime !== undefined || driver.defaultRuntime || gpus.length === 0) {
    return undefined;
  }
  return {
    status: "warn",
    message: `${name}: NVIDIA_VISIBLE_DEVICES alone gives it no GPU: Docker's usual runtime does not read it`,
    evidence: [{
      read: place?.(["NVIDIA_VISIBLE_DEVICES"]) ?? `${name}: environment`,
      value: `NVIDIA_VISIBLE_DEVICES=${visible}`,
    }],
    fix: [
      manualFix(`Write runtime: nvidia for ${name}, or reserve a GPU (gpu: 1, deploy.resources.reservations.devices)`),
    ],
  };
}

/**
 * /dev/dri gives a container none of NVIDIA's libraries: rendering and encoding silently run on the
 * CPU.
 */
function drmOnNvidia(
  { name, body, place }: PlacedService,
  demands: ServiceGpuRequest[],
  { gpus }: ResolvedMachine,
): Verdict | undefined {
  const onlyDrm = demands.length > 0 && demands.every(({ vendor }) => vendor === "drm");
  const visible = environmentOf(body).NVIDIA_VISIBLE_DEVICES !== undefined;
  if (!onlyDrm || visible || gpus.length === 0 || !gpus.every(isNvidiaRequest)) return undefined;
  return {
    status: "warn",
    message:
      `${name}: /dev/dri alone gives it no NVIDIA GPU: VA-API and Vulkan in the container need NVIDIA's libraries`,
    evidence: [{ read: place?.(["/dev/dri"]) ?? `${name}: devices`, value: "/dev/dri" }],
    fix: [manualFix(
      `Reserve a GPU for ${name} (deploy.resources.reservations.devices) with NVIDIA_DRIVER_CAPABILITIES=all, or runtime: nvidia`,
    )],
  };
}

/** Reservations for a swarm, which Compose ignores. */
function generic({ name, body, place }: PlacedService): Verdict | undefined {
  const { generic_resources } = mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations");
  if (!Array.isArray(generic_resources) || generic_resources.length === 0) return undefined;
  return {
    status: "warn",
    message: `${name}: generic_resources gives it no GPU: only a swarm reads that`,
    evidence: [{ read: place?.(["generic_resources"]) ?? `${name}: deploy`, value: "generic_resources" }],
    fix: [manualFix("Write devices: [{driver: nvidia, count: 1, capabilities: [gpu]}] in its place")],
  };
}

/** A reservation of zero GPUs. */
function none({ name, place }: PlacedService, demands: ServiceGpuRequest[]): Verdict | undefined {
  const zero = demands.find(({ count }) => count === 0);
  if (!zero || demands.some(({ count }) => count !== 0)) return undefined;
  return {
    status: "warn",
    message: `${name}: it asks for 0 GPUs, and gets none`,
    evidence: [{ read: place?.(["count"]) ?? `${name}: ${zero.key}`, value: "0" }],
    fix: [manualFix("Write count: 1, or take it out")],
  };
}

/**
 * A bare NVIDIA image without a command: its shell has no terminal and exits. A terminal keeps it
 * running: codalab/codabench#1831.
 */
function ending({ name, body }: Service): Verdict | undefined {
  const { image, command, entrypoint, restart, tty } = body;
  const given = [command, entrypoint].some((one) => one !== undefined && one !== null && String(one) !== "");
  if (typeof image !== "string" || !isCudaImage(image) || given || tty === true) return undefined;
  const forever = restart === "always" || restart === "unless-stopped";
  return {
    status: "warn",
    message: `${name}: ${image} runs a shell and no command, which ends at once${
      forever ? ": it restarts for ever" : ""
    }`,
    evidence: [{ read: `${name}: command, restart`, value: `none, ${restart ?? "no"}` }],
    fix: [manualFix(`Write a command: for ${name}, such as command: sleep infinity`)],
  };
}
