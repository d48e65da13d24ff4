import type { Service } from "../config/types.mts";
import type { Finding } from "../findings.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { commandFix } from "../fixes.mts";
import { formatFunction, isDisplay } from "../host/pci.mts";
import { gpuRequestsOf, gpusOf } from "../compose/gpu-requests.mts";
import { graphicsVendorOf } from "../resolve/graphics.mts";
import { isGpu, isVfioDriver } from "../resolve/cards.mts";
import { graphicsGpuLayer, graphicsLayer } from "./graphics.mts";
import { isEnabled } from "../compose/enabled.mts";
import { type Facts, factsOf, type LayerResult } from "./guest-facts.mts";
import { gpuLayer, moduleLayer, smiLayer, toolkitLayer } from "./nvidia.mts";
import { dxgLayer, hostDriverLayer, type PartitionedCard } from "./partition.mts";
import { engineLayer, serviceLayer, servicesOfStack, stackLayer } from "./services.mts";
import { self } from "../self.mts";
import { joinList } from "../text.mts";
import { isNvidia } from "../host/vendors.mts";

/** The results for a guest, from the output of verify-guest.sh. */
export interface Verification {
  findings: Finding[];
  /** SHA-256 of the Compose file that was last applied. */
  services?: string;
}

/**
 * A function that was passed to a VM: the host's facts, and its BDF in the guest where it is known.
 */
export interface ContextOfGpu {
  fn: PciFunction;
  guest?: string;
  /**
   * Whether it was passed by another hypervisor than libvirt, so that the host's drivers show
   * nothing about it.
   */
  viaHypervisor?: true;
}

/**
 * Judges the output of `verify-guest.sh` layer by layer: SSH, the card's functions on the host and
 * in the guest, the kernel module, nvidia-smi, Docker or Podman, NVIDIA's toolkit, each service,
 * and the GPUs in the containers of each service that requests some. For AMD and Intel cards: the
 * kernel's driver, and the nodes in the containers. For other vendors the layers end with PCI.
 * After a layer that fails, the later ones are `skip`, so the only `fail` is the one to fix.
 *
 * `services`: all services of the machine; those that `up` does not start are ignored. `passed`:
 * the functions that the machine has. `part`: it has a partition of an NVIDIA card instead. `text`:
 * undefined if the guest could not be reached.
 */
export function verifyMachine(
  machine: string,
  text: string | undefined,
  services: Service[],
  passed: ContextOfGpu[] = [],
  part?: PartitionedCard,
  stacks: string[] = [],
): Verification {
  const facts = factsOf(text ?? "");
  const reached = text?.startsWith("homelab-gpu-verify 1\n") === true && facts.one("end") === "yes";
  const nvidia = part ? 1 : passed.filter(({ fn }) => isNvidia(fn) && isDisplay(fn)).length;
  const graphics = passed.map(({ fn }) => fn).filter((fn) => isGpu(fn) && graphicsVendorOf(fn.vendor ?? ""));
  const started = services.filter(isEnabled);
  const requests = started.flatMap((service) => {
    const gpus = gpusOf(service);
    return gpus === undefined || (nvidia === 0 && graphics.length > 0) ? [] : [{ name: service.name, gpus }];
  });
  const askedNodes = graphics.length === 0
    ? []
    : started.filter((service) =>
      gpuRequestsOf(service).some(({ vendor }) =>
        vendor === "amd" || vendor === "drm" || (nvidia === 0 && vendor === "any")
      )
    ).map(({ name }) => name);
  const inStacks = stacks.flatMap((stack) => servicesOfStack(facts, stack));
  const nodesFor = graphics.length === 0
    ? []
    : [...askedNodes, ...inStacks.filter((name) => facts.one(`graphics-asked-${name}`))];

  const layers: LayerResult[] = [
    sshLayer(facts, reached),
    ...(passed.length > 0 && !passed.some(({ viaHypervisor }) => viaHypervisor) ? [vfioLayer(passed)] : []),
    ...(passed.length > 0 ? [pciLayer(facts, passed)] : []),
    ...(part ? [dxgLayer(facts), hostDriverLayer(facts, part)] : nvidia > 0 ? [moduleLayer(facts)] : []),
    ...(nvidia > 0 ? [smiLayer(facts, nvidia)] : []),
    ...(graphics.length > 0 ? [graphicsLayer(facts, graphics, nodesFor.length > 0)] : []),
    ...(nvidia === 0 && graphics.length === 0 && passed.length > 0 ? [otherVendor(passed)] : []),
    engineLayer(facts, machine, services.length + stacks.length),
    // a box without an engine and without services does not need the toolkit
    ...(nvidia > 0 && (requests.length > 0 || facts.one("engine-state") !== "missing") ? [toolkitLayer(facts)] : []),
  ];
  const below = layers.length;
  layers.push(
    ...stacks.map((name) => stackLayer(facts, machine, name)),
    ...[...started.map(({ name }) => name), ...inStacks].map((name) => serviceLayer(facts, machine, name)),
  );
  // a failed service does not affect the others; only its own GPU check is skipped
  const broken = layers.slice(below).flatMap(({ check, status, message }) =>
    check === "verify.service" && status !== "pass" ? [message] : []
  );
  const runs = (name: string) => !broken.some((message) => message.startsWith(`service ${name} `));
  const askedInStacks = inStacks.flatMap((name) => {
    const count = facts.one(`gpu-asked-${name}`);
    return count === undefined ? [] : [{ name, gpus: count === "all" ? count : Number(count) } as const];
  });
  layers.push(
    ...[...requests, ...askedInStacks].map(({ name, gpus }): LayerResult =>
      nvidia === 0 ? noneFor(name) : runs(name) ? gpuLayer(facts, machine, name, gpus) : {
        ...{ check: "verify.gpu", status: "skip", message: `not checked: service ${name} has failed` },
      }
    ),
  );
  layers.push(
    ...nodesFor.map((name): LayerResult =>
      runs(name) ? graphicsGpuLayer(facts, machine, name) : {
        ...{ check: "verify.gpu", status: "skip", message: `not checked: service ${name} has failed` },
      }
    ),
  );
  let failed = false;
  const findings = layers.map(({ check, status, message, evidence = [], fix = [] }, i): Finding => {
    if (failed && status !== "skip") {
      return {
        check,
        machine,
        status: "skip",
        message: "not checked: an earlier layer fails",
        evidence: [],
        fix: [],
      };
    }
    failed ||= status === "fail" && i < below;
    return { check, machine, status, message, evidence, fix };
  });
  return { findings, ...(facts.one("services-file") ? { services: facts.one("services-file")! } : {}) };
}

function sshLayer(facts: Facts, reached: boolean): LayerResult {
  return reached
    ? { check: "verify.ssh", status: "pass", message: `reached over SSH, kernel ${facts.one("kernel") ?? "unknown"}` }
    : {
      ...{ check: "verify.ssh", status: "fail", message: "cannot be reached over SSH" },
      fix: [commandFix("Check its state", self("status"))],
    };
}

/** On the host: vfio-pci or a variant is bound to the functions. */
function vfioLayer(passed: ContextOfGpu[]): LayerResult {
  const check = "verify.vfio";
  const drivers = [...new Set(passed.map(({ fn }) => fn.driver ?? ""))];
  const others = passed.filter(({ fn }) => !isVfioDriver(fn.driver ?? ""));
  const evidence = passed.map(({ fn }) => ({
    read: `/sys/bus/pci/devices/${fn.bdf}/driver`,
    value: fn.driver === undefined ? "not read" : (fn.driver ?? "none"),
  }));
  if (passed.some(({ fn }) => fn.driver === undefined)) {
    return { check, status: "unknown", message: "could not read which driver has the card on the host", evidence };
  }
  return others.length === 0
    ? {
      check,
      status: "pass",
      message: `${joinList(drivers)} ${drivers.length === 1 ? "has" : "have"} ${
        passed.map(({ fn }) => fn.bdf).join(", ")
      }`,
      evidence,
    }
    : { check, status: "fail", message: `${others.map(({ fn }) => fn.bdf).join(", ")} is not on vfio-pci`, evidence };
}

/** In the guest: each function has its ids and class, at the address that libvirt assigned. */
function pciLayer(facts: Facts, passed: ContextOfGpu[]): LayerResult {
  const check = "verify.pci";
  const seenFunctions = facts.all("pci").map((value) => value.split(" "));
  // the guest's firmware assigns the bus numbers; slot and function are libvirt's
  const place = (address: string) => address.slice(address.lastIndexOf(":"));
  const found = passed.map(({ fn, guest }) => ({
    fn,
    at: seenFunctions.find(([at, code, ids]) =>
      ids === `${fn.vendor}:${fn.device}` && code === fn.class && (guest === undefined || place(at!) === place(guest))
    )?.[0],
  }));
  const missing = found.filter(({ at }) => !at);
  const evidence = [{
    read: "/sys/bus/pci/devices in the VM",
    value: seenFunctions.map(([at, code, ids]) => `${at} [${code?.slice(0, 4)}] ${ids}`).join("; ") || "none",
  }];
  const at = found.map(({ fn, at }) => `${formatFunction(fn)} as ${at}`).join(", ");
  return missing.length === 0 ? { check, status: "pass", message: `the VM has ${at}`, evidence } : {
    check,
    status: "fail",
    message: `not on the VM's PCI bus: ${missing.map(({ fn }) => formatFunction(fn)).join(", ")}`,
    evidence,
  };
}

function otherVendor(passed: ContextOfGpu[]): LayerResult {
  const cards = passed.filter(({ fn }) => isDisplay(fn)).map(({ fn }) => formatFunction(fn)).join(", ");
  const message = `${
    cards || "the VM's card"
  } is not from NVIDIA: its driver and its use in containers are not checked`;
  return { check: "verify.module", status: "skip", message };
}

function noneFor(name: string): LayerResult {
  const message = `not checked: service ${name} asks for a GPU, but the VM has no NVIDIA GPU`;
  return { check: "verify.gpu", status: "skip", message };
}
