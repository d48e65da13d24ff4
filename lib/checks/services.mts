/** Whether each service gets the GPUs that it asks for. */
import type { Service } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Check, Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { migIdsOf, migUnknown } from "./mig.mts";
import { type PlacedService, projectServices } from "./placed-services.mts";
import { gpuRequestsOf, type ServiceGpuRequest } from "../compose/gpu-requests.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { graphicsMakers, graphicsVendorOf, installedGraphics } from "../resolve/graphics.mts";
import { joinList } from "../text.mts";
import { gpuImageFlaws } from "./gpu-image.mts";
import { gpuRequestFlaws } from "./gpu-request-flaws.mts";
import { serviceWarnings } from "./service-warnings.mts";
import { diskVerdicts } from "./services-disk.mts";
import { modelVerdicts } from "./services-models.mts";

/** The checks of the services' GPU requests. */
export const serviceChecks: Check[] = [
  {
    id: "services.gpu",
    about: "whether each service asks for GPUs that its machine has, in a form that Compose accepts",
    why: "Compose refuses incomplete reservations, and Docker does not start a container without its GPUs",
    check: (_, { machines, services, projects }) => {
      const all: PlacedService[] = [...services, ...projectServices(projects)];
      const disks = machines.flatMap((machine) =>
        diskVerdicts(all.filter((one) => one.machine === machine.name), machine).map((verdict) => ({
          machine: machine.name,
          ...verdict,
        }))
      );
      const found = together(all.flatMap((service) => {
        const machine = machines.find(({ name }) => name === service.machine);
        if (!machine) return [];
        const own = all.filter((other) => other.machine === machine.name);
        return [...gpus(service, machine), ...modelVerdicts(service, own, machine)].map((verdict) => ({
          ...{ service: service.name, machine: machine.name },
          ...verdict,
        }));
      }));
      return [...found, ...disks];
    },
  },
];

/** Failures and warnings that differ only in the service are one, with the services: `a/x, a/y: …`. */
function together(all: (Verdict & { service: string; machine: string })[]): Verdict[] {
  const textOf = ({ service, message }: typeof all[number]) =>
    message.startsWith(`${service}: `) ? message.slice(service.length + 2) : undefined;
  const keyOf = (one: typeof all[number]) => {
    const text = textOf(one);
    const fixes = one.fix?.map(({ title }) => title.replaceAll(one.service, ""));
    return text === undefined ? undefined : JSON.stringify([one.machine, one.status, text, fixes]);
  };
  return all.flatMap((one, i) => {
    const key = keyOf(one);
    const group = key === undefined ? [one] : all.filter((other) => keyOf(other) === key);
    const { service, ...verdict } = one;
    if (group.length === 1) return [verdict];
    if (key !== undefined && all.findIndex((other) => keyOf(other) === key) !== i) return [];
    const names = [...new Set(group.map((other) => other.service))];
    return [{
      ...verdict,
      message: `${names.join(", ")}: ${textOf(one)}`,
      evidence: group.flatMap(({ evidence }) => evidence),
      ...(one.fix
        ? { fix: one.fix.map((fix) => ({ ...fix, title: fix.title.replace(service, joinList(names)) })) }
        : {}),
    }];
  });
}

function gpus(service: PlacedService, machine: ResolvedMachine): Verdict[] {
  const demands = gpuRequestsOf(service);
  const { place } = service;
  const evidence = demands.map(({ key, count, ids }) => ({
    read: `${service.name}: ${key}`,
    value: ids?.join(", ") ?? String(count),
  }));
  const requestFlaws = gpuRequestFlaws(service, demands, machine);
  const flaws = requestFlaws.length > 0 ? requestFlaws : gpuImageFlaws(service, demands, machine);
  const wrong = flaws.map(({ message, fix, at }): Verdict => ({
    status: "fail",
    message: `${service.name}: ${message}`,
    evidence: [
      ...(place ? [{ read: place(at ?? demands.map(({ key }) => `${key}:`)), value: message }] : []),
      ...evidence,
    ],
    fix: [fix],
  }));
  const warnings = serviceWarnings(service, demands, machine);
  if (wrong.length > 0 || warnings.length > 0) return [...wrong, ...warnings];
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
 * The verdict for a service with a GPU of another vendor than NVIDIA, in a box that is used unmodified: its container
 * gets the device nodes, and whether the box has the card's firmware is not known.
 */
function withoutDriver(
  { name }: Service,
  demands: ServiceGpuRequest[],
  machine: ResolvedMachine,
): Omit<Verdict, "evidence"> | undefined {
  const served = demands.every(({ vendor }) => vendor === "nvidia");
  const other = machine.gpus.find((request) => !isNvidiaRequest(request) && request.mode === "passthrough");
  if (served || !other || machine.gpus.some(isNvidiaRequest)) return undefined;
  const vendor = graphicsVendorOf(other.vendorId);
  if (vendor && installedGraphics(machine).includes(vendor)) return undefined;
  const whose = vendor ? `${graphicsMakers[vendor].name}'s` : `vendor ${other.vendorId}`;
  const nodes = joinList(graphicsMakers[vendor ?? "intel"].nodes);
  const { image, box, provision } = machine;
  return {
    status: "unknown",
    message: `${name} gets ${nodes}; cannot tell whether ${
      !image ? `the box ${box} has` : provision.length > 0 ? "provision: installs" : "the box has"
    } the driver and firmware of that card (${whose})`,
    fix: image && provision.length === 0 ? [manualFix("Install the card's driver with a provision: script")] : [],
  };
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

/**
 * GPUs by UUID: a card keeps its UUID in a VM, but no probe reads it, so only the VM can show whether its card has it.
 */
function byUuid({ name, place }: PlacedService, demands: ServiceGpuRequest[]): Omit<Verdict, "evidence"> | undefined {
  const isUuid = (one: string) => /^(GPU|MIG)-/i.test(one);
  const demand = demands.find(({ ids = [] }) => ids.some(isUuid));
  const id = demand?.ids?.find(isUuid);
  if (demand === undefined || id === undefined) return undefined;
  return {
    status: "unknown",
    message: `${name} uses the GPU ${id}${
      place ? ` (${place([id])})` : ""
    }: only the VM can show whether it has this GPU`,
    fix: [manualFix(
      demand.key === "runtime"
        ? "Write NVIDIA_VISIBLE_DEVICES=0 (the first card in the VM), or all"
        : 'Write device_ids: ["0"] (the first card in the VM), or count: 1',
    )],
  };
}
