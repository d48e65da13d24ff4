/** Models that the services of a machine download, and whether they fit on its disk. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { PlacedService } from "./placed-services.mts";
import { downloadsOf, type NamedModel } from "../compose/models.mts";
import { mountsOf } from "../compose/service.mts";
import { boxDiskSize } from "../config/vocabulary.mts";
import { manualFix } from "../fixes.mts";
import { firstFew, joinList } from "../text.mts";
import { sharedPath } from "./compose-folders.mts";
import { weights } from "./services-models.mts";

/** GiB of the system with Docker and a driver, of Ollama's image, and of another image with CUDA. */
const [ofSystem, ollamaSize, ofCuda] = [8, 5, 15];

/** The names of models in Ollama's library, such as `qwen2.5:72b`. */
const ofOllama = /:\d/;

/** GiB of a model on the disk: those with about 4 bits have 4.8 (llama.cpp, tools/quantize/README.md, Q4_K_M). */
const sizeOf = (model: NamedModel) => weights(model, model.bits === 4 ? 4.8 : model.bits);
/** The names of models; of more than six only the first. */
const listed = (names: string[]) => names.length > 6 ? firstFew(names, 6).join(", ") : joinList(names);

/** The warning for models that are larger than the disk of their machine; none if its disk is not known. */
export function diskVerdicts(services: PlacedService[], machine: ResolvedMachine): Verdict[] {
  const { name, provider, image, data, disk, dataSize, diskSize } = machine;
  // models in a folder of the host or on a share take no space of the VM
  const isAway = ({ body, elsewhere = [] }: PlacedService) =>
    mountsOf(body).some(({ source = "" }) => elsewhere.includes(source) || sharedPath(source, machine) !== undefined);
  // all models of Ollama are in its one container
  const ollamaIsAway = services.some((one) => /ollama/.test(String(one.body.image)) && isAway(one));
  const all = services.filter((one) => !isAway(one)).flatMap((service) =>
    downloadsOf(service.body, service.script).map((model) => ({ ...model, service }))
  ).filter(({ name }) => !(ollamaIsAway && ofOllama.test(name)));
  const models = all.filter((one, i) => all.findIndex((other) => other.name === one.name) === i);
  const room = data ?? dataSize ?? disk ?? diskSize ?? (image ? boxDiskSize : undefined);
  if (room === undefined || models.length === 0) return [];
  const images = new Set(
    models.map(({ name, service: { body } }) => ofOllama.test(name) ? "ollama" : String(body.image)),
  );
  const others = [...images].reduce((sum, one) => sum + (/ollama/.test(one) ? ollamaSize : ofCuda), ofSystem);
  const total = models.reduce((sum, model) => sum + sizeOf(model), 0);
  if (total + others <= room / 1024) return [];
  const key = data ?? dataSize ? "data:" : "disk:";
  const wanted = Math.ceil((total + others + 20) / 10) * 10;
  return [{
    status: "warn",
    message: `the models ${listed(models.map(({ name }) => name))} take about ${total} GiB, but the ${
      key === "data:" ? "data disk" : "disk"
    } of ${name} has ${Math.round(room / 1024)} GiB, also for images`,
    evidence: models.map(({ name, service }) => ({
      read: service.place?.([name]) ?? `${service.name}: environment, command`,
      value: name,
    })),
    fix: [
      manualFix(
        provider === "libvirt"
          ? `Write ${key} ${wanted} GiB for ${name}, or share a folder of this host for the models (folders:)`
          : "Use smaller models",
      ),
    ],
  }];
}
