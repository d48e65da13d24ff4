import { createHash } from "node:crypto";
import type { Image } from "../config/types.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { engineSource } from "../resolve/engine.mts";
import type { Lab } from "../host/lab.mts";
import type { Host } from "../host/types.mts";
import type { File, Step } from "./types.mts";
import { partitionRequest } from "../resolve/partition.mts";
import { imageName } from "../resolve/images.mts";
import { installedGraphics } from "../resolve/graphics.mts";
import { withoutSecrets } from "./repository-passwords.mts";
import { inQueue, uniqueSteps } from "./stages.mts";
import { isOwn, providerOf } from "../resolve/providers.mts";
import { isMap } from "../maps.mts";
import { isOlder } from "../text.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { boxFolder, type BoxInputs, inputsPath } from "../host/box-inputs.mts";
import { buildMemory, copyOfFile, diskSize, fromBox, fromDisk } from "./box-source.mts";
import { fromVhdx, vhdxScripts } from "./box-vhdx.mts";
import { dockerSettings, environmentFor } from "./box-settings.mts";

/**
 * Texts by path: this project's templates and scripts, the user's provision scripts, and the
 * fingerprints of image files.
 */
export type Texts = Record<string, string>;

/** A box to build, with everything that it is built from. */
export interface Box {
  name: string;
  provider: string;
  /** Two parts of its version, `1.HASH`; the time of the build comes third. */
  version: string;
  /** The parts that the version is a hash of. */
  inputs: BoxInputs;
  files: File[];
  /** Scripts of its steps that not every lab has. */
  scripts: string[];
  /**
   * Steps before all builds: those that ask for a password, while the user is present, and those
   * that all builds share.
   */
  first: Step[];
  steps: Step[];
}

/**
 * The box of a machine, or undefined if the machine uses a box unmodified. `lab` is the absolute
 * path of the lab's folder, on `otherHost` if that is not the machine that has the config.
 */
export function boxOf(
  machine: ResolvedMachine,
  host: Host,
  texts: Texts,
  lab: string,
  engine: "docker" | "distro" = "distro",
  otherHost?: string,
): Box | undefined {
  const { image, box: name, provider } = machine;
  if (!image || !isOwn(provider)) return undefined;
  const packer = providerOf(provider).packer(image);
  const folder = boxFolder(name, provider);
  const driver = machine.guestDriver;
  const part = isNvidiaRequest(partitionRequest(machine));
  const graphics = installedGraphics(machine);
  const own = [
    ...[`install-${machine.engine}.sh`, "busybox-image.sh"],
    ...(part ? ["install-dxgkrnl.sh"] : []),
    ...(driver || part ? ["install-nvidia.sh"] : []),
    ...(graphics.length > 0 ? ["install-graphics.sh"] : []),
    // after the scripts that may install another kernel
    ...(provider === "hyperv" ? ["install-hyperv.sh"] : []),
  ];
  const { settings: environment, script: passwords } = withoutSecrets([
    ...(machine.engine === "docker" ? [] : [`ENGINE=${machine.engine}`]),
    ...(engine === "docker" ? dockerSettings(machine) : []),
    ...(driver || part ? environmentFor(driver ?? { source: "host" }, machine.driver) : []),
    ...(graphics.length > 0 ? [`GRAPHICS=${graphics.join(",")}`] : []),
  ]);
  const scripts: File[] = [
    ...(passwords === undefined ? [] : [{ path: "passwords.sh", text: passwords, secret: true as const }]),
    ...own.map((file) => ({ path: file, text: text(texts, `scripts/${file}`) })),
    ...machine.provision.map((file, i) => ({ path: `provision-${i + 1}.sh`, text: text(texts, file) })),
    { path: "finish-box.sh", text: text(texts, "scripts/finish-box.sh") },
  ];
  const template = text(texts, `templates/${packer}`);
  const version = `1.${hash([template, diskSize, provider, image, scripts, environment, imageTexts(image, texts)])}`;
  const names = machine.provision.map((path) => path.split(/[\\/]/).at(-1)!);
  const labels = new Map(names.map((name, i) => {
    const before = names.slice(0, i).filter((one) => one === name).length;
    return [`provision-${i + 1}.sh`, `provision: ${name}${before > 0 ? ` (${before + 1})` : ""}`];
  }));
  const inputs: BoxInputs = {
    schema: "homelab-gpu/box-inputs/1",
    image: imageName(image),
    engine: machine.engine,
    rest: hash([template, diskSize, provider, image, imageTexts(image, texts)]),
    scripts: Object.fromEntries(scripts.map(({ path, text }) => [labels.get(path) ?? path, hash([text])])),
    settings: Object.fromEntries(environment.map((one) => [one.replace(/=[^]*/, ""), one.replace(/^[^=]*=/, "")])),
  };
  const init = !isOlder(host.versions.packer ?? "0", "1.7");
  const common = { scripts: scripts.map(({ path }) => path), environment };
  const copy = otherHost === undefined ? undefined : copyOfFile(image, folder, otherHost);
  const source: Image = copy ? { kind: "file", file: `${lab}/${copy.path}` } : image;
  const builder = packer === "qemu.pkr.hcl"
    ? fromDisk(source, machine, host, folder, version)
    : packer === "hyperv.pkr.hcl"
    ? fromVhdx(source, machine, host, folder, version, lab)
    : fromBox(source, machine, folder, version, lab);
  if (!builder) return undefined;
  return {
    name,
    provider,
    version,
    inputs,
    files: [
      { path: `${folder}/box.pkr.hcl`, text: template },
      { path: inputsPath(name, provider, version), text: `${JSON.stringify(inputs, null, 2)}\n` },
      ...(init ? [{ path: `${folder}/plugins.pkr.hcl`, text: plugins(texts, host) }] : []),
      {
        path: `${folder}/values.auto.pkrvars.json`,
        text: `${JSON.stringify(packerLiteral({ ...builder.values, ...common }), null, 2)}\n`,
      },
      ...scripts.map(({ path, text, secret }) => ({
        ...{ path: `${folder}/${path}`, text },
        ...(secret ? { mode: 0o700, secret } : { mode: 0o755 }),
      })),
      ...builder.files,
    ],
    first: [
      ...builder.before.filter(({ terminal }) => terminal),
      ...(init
        ? [{ title: "Install Packer's plugins", command: ["packer", "init", "."], cwd: folder, env: packerEnv }]
        : []),
    ],
    scripts: packer === "hyperv.pkr.hcl" ? vhdxScripts : [],
    steps: [
      ...(copy ? [copy.step] : []),
      ...builder.before.filter(({ terminal }) => !terminal),
      {
        title: `Build the box ${name}`,
        command: ["packer", "build", "-color=false", "-force", "."],
        cwd: folder,
        env: packerEnv,
      },
      {
        ...{ title: `Add the box ${name} to Vagrant`, cwd: folder },
        ...builder.add,
        ...(copy ? { removes: [...builder.add.removes ?? [], copy.path] } : {}),
      },
    ],
  };
}

/** The boxes that are built here, by {@link boxKey}. */
export function boxesOf(config: Resolved, host: Host, lab: Lab, texts: Texts): Map<string, Box> {
  const boxes = new Map<string, Box>();
  for (const machine of config.machines) {
    const box = boxes.has(boxKey(machine))
      ? undefined
      : boxOf(machine, host, texts, lab.folder, engineSource(machine, config), config.otherHost);
    if (box) boxes.set(boxKey(machine), box);
  }
  return boxes;
}

/**
 * The steps that build boxes. Boxes for libvirt are built in parallel, one per CPU of the host, in at
 * most half of its memory. Other builds run one after another: they share Vagrant's box folder.
 */
export function buildSteps(boxes: Box[], { cpu, memory }: Host): Step[] {
  const room = Math.min(cpu.count ?? 1, Math.floor((memory.total ?? 0) / 2 / buildMemory));
  const laneOf = (provider: string, i: number) => room < 2 || provider !== "libvirt" ? "boxes" : boxes[i % room]!.name;
  return [
    ...uniqueSteps(boxes.flatMap(({ first }) => first)),
    ...boxes.flatMap(({ provider, steps }, i) => inQueue(laneOf(provider, i), steps)),
  ];
}

const packerEnv = { CHECKPOINT_DISABLE: "1", PACKER_CACHE_DIR: "cache" };

/**
 * Values that Packer takes literally: it would evaluate {{…}} as a call of its template engine
 * (packer.io, Template engine).
 */
function packerLiteral(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("{{", "{{`{{`}}");
  if (Array.isArray(value)) return value.map(packerLiteral);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, packerLiteral(one)]));
}

/** A text that changes with an image. For a published image, its publisher's name is enough. */
function imageTexts(image: Image, texts: Texts): string[] {
  if (image.kind === "debootstrap") return [text(texts, "scripts/make-image.sh")];
  return image.kind === "file" ? [text(texts, image.file)] : [];
}

/**
 * SHA-256 of all inputs of a box. Its first 48 bits as a decimal number, since Vagrant's versions
 * are numbers.
 */
function hash(inputs: unknown[]): string {
  const digest = createHash("sha256").update(JSON.stringify(inputs)).digest("hex");
  return BigInt(`0x${digest.slice(0, 12)}`).toString();
}

export function text(texts: Texts, path: string): string {
  const found = texts[path];
  if (found === undefined) throw new Error(`the text of ${path} was not read`);
  return found;
}

/**
 * The plugins for Packer, those of all boxes on a host: `packer init` runs once. Since July 2025
 * HashiCorp publishes new releases only on releases.hashicorp.com, where Packer looks since 1.14
 * (hashicorp/packer-plugin-qemu#215). An older Packer gets a release that GitHub has.
 */
function plugins(texts: Texts, host: Host): string {
  const file = host.os.platform === "windows" ? "hyperv_plugins.pkr.hcl" : "plugins.pkr.hcl";
  const template = text(texts, `templates/${file}`);
  return isOlder(host.versions.packer ?? "0", "1.14")
    ? template.replace('">= 1.0.9"', '">= 1.0.9, < 1.1.4"').replace('">= 1.1.0"', '">= 1.1.0, < 1.1.5"')
    : template;
}

/** A box of one name exists once per provider. */
export const boxKey = ({ box, provider }: ResolvedMachine) => `${provider} ${box}`;
