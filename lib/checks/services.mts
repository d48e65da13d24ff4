import type { Service } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { isCudaImage } from "../resolve/cuda.mts";
import {
  gpuRequestsOf,
  isForGpu,
  type Reservation,
  reservationsOf,
  type ServiceGpuRequest,
  withCount,
} from "../compose/gpu-requests.mts";

/** What the services ask of their machines' GPUs. */
export const serviceChecks: Check[] = [
  {
    id: "services.gpu",
    about: "whether each service asks for GPUs that its machine has, in a way that Compose takes",
    why: "Compose refuses a reservation that is not whole, and Docker starts no container whose GPUs are not there",
    confirm: "npx zx homelab-gpu.mts doctor services.gpu",
    check: (_, { machines, services }) =>
      services.flatMap((service) => {
        const machine = machines.find(({ name }) => name === service.machine);
        return machine ? gpus(service, machine).map((verdict) => ({ machine: machine.name, ...verdict })) : [];
      }),
  },
];

function gpus(service: Service, machine: ResolvedMachine): Verdict[] {
  const demands = gpuRequestsOf(service);
  const evidence = demands.map(({ key, count, ids }) => ({
    read: `${service.name}: ${key}`,
    value: ids?.join(", ") ?? String(count),
  }));
  const wrong = [...flawed(service), ...missing(service, demands, machine)].map(({ says, fix }): Verdict => ({
    status: "fail",
    message: `${service.name}: ${says}`,
    evidence,
    fix: [fix],
  }));
  const idle = ending(service);
  if (wrong.length > 0 || idle) return [...wrong, ...(idle ? [idle] : [])];
  if (demands.length === 0) return [];
  const has = machine.gpus.length;
  return [{
    status: "pass",
    message: `${service.name} gets ${wanted(demands)} of ${has} GPU${has > 1 ? "s" : ""}`,
    evidence,
  }];
}

interface Flaw {
  says: string;
  fix: Fix;
}

const wanted = (demands: ServiceGpuRequest[]) => demands.map(({ count }) => count).join(" and ");

/** What is wrong with a service's own reservations, whatever the machine has (compose-spec, deploy.md). */
function flawed({ gpu, body }: Service): Flaw[] {
  const own = reservationsOf(body);
  const first = own.find(isForGpu);
  return own.flatMap((written) => {
    const one = gpu !== undefined && written === first ? withCount(written, gpu) : written;
    return [
      ...(one.count !== undefined && one.device_ids !== undefined
        ? [flaw("its reservation has both count and device_ids, which exclude each other", "Leave one of the two out")]
        : []),
      ...(Array.isArray(one.capabilities) && one.capabilities.length > 0
        ? []
        : [flaw("its reservation has no capabilities, without which Compose refuses it", "Write capabilities: [gpu]")]),
      ...(one !== written && differs(one, gpu!)
        ? [flaw(
          `gpu: ${gpu} and its own reservation (${counted(one)}) differ`,
          "Leave out gpu:, or the reservation's count and device_ids",
        )]
        : []),
    ];
  });
}

const flaw = (says: string, mend: string): Flaw => ({ says, fix: manualFix(mend) });
const digits = (_: string, value: unknown) => typeof value === "bigint" ? String(value) : value;
const counted = ({ count, device_ids }: Reservation) =>
  count === undefined ? `device_ids: ${JSON.stringify(device_ids, digits)}` : `count: ${count}`;

function differs({ count, device_ids }: Reservation, gpu: number | "all"): boolean {
  if (Array.isArray(device_ids)) return count === undefined && device_ids.length !== gpu;
  return String(count) !== String(gpu);
}

/** What is asked for and not there. */
function missing({ gpu, body }: Service, demands: ServiceGpuRequest[], { name, gpus }: ResolvedMachine): Flaw[] {
  if (demands.length === 0) return [];
  const nvidia = gpus.filter(({ vendorId }) => vendorId === "10de").length;
  if (nvidia === 0) {
    return [flaw(
      `it asks for a GPU, and ${name} has ${gpus.length > 0 ? "none of NVIDIA's" : "none"}`,
      `Give ${name} a card (gpu:), or take it from the service`,
    )];
  }
  if (gpu !== undefined && body.gpus !== undefined) {
    return [flaw("it has both gpu: and Compose's own gpus:", "Leave one of the two out")];
  }
  return demands.flatMap(({ count, ids }) => {
    const beyond = ids?.filter((id) => /^\d+$/.test(id) && Number(id) >= nvidia) ?? [];
    if (beyond.length > 0) {
      return [
        flaw(`it asks for GPU ${beyond.join(", ")}, and those of ${name} count from 0 to ${nvidia - 1}`, "Name others"),
      ];
    }
    return count !== "all" && count > nvidia
      ? [
        flaw(
          `it asks for ${count} GPUs, and ${name} has ${nvidia}`,
          `Write gpu: ${nvidia}, or give ${name} more cards`,
        ),
      ]
      : [];
  });
}

/** One of NVIDIA's bare images without a command: its shell finds no terminal and ends. A terminal keeps it: codalab/codabench#1831. */
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
