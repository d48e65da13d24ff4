/** Models that need more memory than the machine's cards have, and servers that need more cards. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { PlacedService } from "./placed-services.mts";
import { asksForGpu, gpusOf } from "../compose/gpu-requests.mts";
import { imageParts } from "../compose/image-name.mts";
import { modelServerOf, type NamedModel, ollamaModelsOf } from "../compose/models.mts";
import { manualFix } from "../fixes.mts";
import { cardMemoryOf } from "../resolve/card-memory.mts";
import { joinList } from "../text.mts";

/** The warnings and failures about the models of a service. `all`: the services of its machine. */
export function modelVerdicts(service: PlacedService, all: PlacedService[], machine: ResolvedMachine): Verdict[] {
  return [...ofServer(service, machine), ...shared(service, all, machine), ...ofOllama(service, all, machine)];
}

/** The memory of each card of a machine in GiB, the largest first; undefined if one is not known. */
function memories({ gpus }: ResolvedMachine): number[] | undefined {
  const sizes = gpus.map(({ match, vendorId, deviceId }) => {
    const { vendor = vendorId, device = deviceId } = match.kind === "card" ? match.card.gpu : {};
    return device === undefined ? undefined : cardMemoryOf(vendor, device);
  });
  return sizes.every((one) => one !== undefined) && sizes.length > 0 ? sizes.sort((a, b) => b - a) : undefined;
}

/** GiB of a model's weights. */
export const weights = ({ billions, bits }: NamedModel, as = bits) => Math.round(billions * 1e9 * as / 8 / 1024 ** 3);

const has = (cards: number[]) =>
  cards.length === 1 ? `its GPU has ${cards[0]}` : `its ${cards.length} GPUs have ${cards.reduce((a, b) => a + b)}`;

function ofServer({ name, body, place, gpu }: PlacedService, machine: ResolvedMachine): Verdict[] {
  const server = modelServerOf(body);
  const wanted = gpusOf({ name, machine: machine.name, body, ...(gpu === undefined ? {} : { gpu }) });
  if (!server || wanted === undefined || machine.gpus.length === 0) return [];
  const count = wanted === "all" ? machine.gpus.length : Math.min(wanted, machine.gpus.length);
  const { program, model, cards: needs = count, at, blank } = server;
  if (blank !== undefined) {
    return [{
      status: "fail",
      message: `${name}: ${blank} of ${program} has no value: it does not start`,
      evidence: [{ read: place?.(at) ?? `${name}: command`, value: blank }],
      fix: [manualFix(`Write the name of a model after ${blank}; a variable there may be empty`)],
    }];
  }
  if (needs > count) {
    return [{
      status: "fail",
      message: `${name}: ${program} uses ${needs} GPUs (${at.join(", ")}), but its container has ${count}`,
      evidence: [{ read: place?.(at) ?? `${name}: command`, value: `${at.join(", ")}: ${needs}` }],
      fix: [
        manualFix(
          `Write ${at[0]} ${count}${at.length > 1 ? ` and ${at[1]} 1` : ""}, or give ${machine.name} more cards`,
        ),
      ],
    }];
  }
  const own = memories(machine)?.slice(0, needs);
  // each card takes an equal share of the weights
  const room = own && Math.min(...own) * own.length;
  if (!model || own === undefined || room === undefined || weights(model) <= room) return [];
  const quantized = weights(model, 4);
  const isGguf = program === "llama.cpp";
  return [{
    status: "warn",
    message: `${name}: the weights of ${model.name} take about ${weights(model)} GiB at ${model.bits} bits, but ${
      has(own)
    } GiB: ${program} does not start`,
    evidence: [{ read: place?.([model.name]) ?? `${name}: command`, value: model.name }],
    fix: [manualFix(
      (model.bits > 4 && quantized < room * 0.8
        ? `Use a version of it with 4 bits (${
          isGguf ? "Q4_K_M" : "AWQ, GPTQ"
        }: about ${quantized} GiB), or a smaller model`
        : "Use a smaller model") +
        (isGguf ? ", or lower --n-gpu-layers: the other layers run on the CPU" : ""),
    )],
  }];
}

/**
 * Several servers of vLLM on the only card: each takes its share of the card's memory when it starts, 0.9 without
 * --gpu-memory-utilization, and ends if that is not free (docs.vllm.ai, engine arguments; read
 * 2026-11-28). Reported at the first of them.
 */
function shared(service: PlacedService, all: PlacedService[], machine: ResolvedMachine): Verdict[] {
  if (machine.gpus.length !== 1) return [];
  const servers = all.filter(asksForGpu).flatMap((one) => {
    const share = modelServerOf(one.body)?.share;
    return share === undefined ? [] : [{ ...one, share }];
  });
  const sum = servers.reduce((total, { share }) => total + share, 0);
  if (servers.length < 2 || servers[0]!.name !== service.name || sum <= 1) return [];
  const names = servers.map(({ name }) => name);
  const option = "--gpu-memory-utilization";
  return [{
    status: "warn",
    message: `${names.join(", ")}: they take ${
      joinList(servers.map(({ share }) => String(share)))
    } of the memory of one GPU, and vLLM does not start where its share is not free`,
    evidence: servers.map(({ name, place, share }) => ({
      read: place?.([option, "command:"]) ?? `${name}: command`,
      value: `${option} ${share}`,
    })),
    fix: [manualFix(`Write ${option} for each of them, together at most 0.9`)],
  }];
}

/** A model that Ollama runs on the CPU in part, since it does not fit into the cards (docs.ollama.com, faq). */
function ofOllama({ name, body, place }: PlacedService, all: PlacedService[], machine: ResolvedMachine): Verdict[] {
  const isOllama = ({ body: { image, build } }: PlacedService) =>
    typeof image === "string" && build === undefined && /(^|\/)ollama\/ollama$/.test(imageParts(image)[0]);
  const project = name.split("/")[0];
  const own = memories(machine);
  if (!own || !all.some((one) => one.name.split("/")[0] === project && isOllama(one) && asksForGpu(one))) return [];
  const room = own.reduce((a, b) => a + b);
  return ollamaModelsOf(body).filter((model) => weights(model) > room).map((model): Verdict => ({
    status: "warn",
    message: `${name}: the weights of ${model.name} take about ${weights(model)} GiB, but ${
      own.length === 1 ? `the GPU of ${machine.name} has` : `the GPUs of ${machine.name} have`
    } ${room} GiB: Ollama runs a part of it on the CPU, which is slow`,
    evidence: [{ read: place?.(model.at) ?? `${name}: environment, command`, value: model.name }],
    fix: [manualFix("Use a smaller model")],
  }));
}
