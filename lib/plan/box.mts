import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import type { DriverRequest, Image } from "../config/types.mts";
import type { Driver, ResolvedMachine } from "../resolve/types.mts";
import type { Host } from "../host/types.mts";
import type { File, Step } from "./types.mts";
import { partitionRequest } from "../resolve/partition.mts";
import { boxSource, imageName, knownImages } from "../resolve/images.mts";
import { withoutSecrets } from "./repository-passwords.mts";
import { inQueue, uniqueSteps } from "./stages.mts";
import { isOwn, providerOf } from "../resolve/providers.mts";
import { boxDiskSize } from "../config/vocabulary.mts";
import { isMap } from "../maps.mts";
import { isOlder } from "../text.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { hasSecret } from "../urls.mts";
import { boxFolder, type BoxInputs, inputsPath } from "../host/box-inputs.mts";

/**
 * Texts by path: this project's templates and scripts, the user's provision scripts, and the
 * fingerprints of image files.
 */
export type Texts = Record<string, string>;

/** A box that is to be built, with everything that makes it. */
export interface Box {
  name: string;
  provider: string;
  /** Two parts of its version, `1.HASH`; the time of the build comes third. */
  version: string;
  /** What the version is a hash of, by parts. */
  inputs: BoxInputs;
  files: File[];
  /**
   * Steps before all builds: those that ask for a password while somebody can answer, and those
   * that all builds share.
   */
  first: Step[];
  steps: Step[];
}

/** Memory of a VM in which a box is built, at most, MiB. */
export const buildMemory = 2048;

/**
 * Size of the disk of a VM whose box is built here. The disk is thin: it takes only what is
 * written.
 */
const diskSize = `${boxDiskSize / 1024}G`;

/**
 * The box of a machine, or undefined if the machine uses a box unmodified. `lab` is the absolute
 * path of the lab's folder.
 */
export function boxOf(
  machine: ResolvedMachine,
  host: Host,
  texts: Texts,
  lab: string,
  engine: "docker" | "distro" = "distro",
): Box | undefined {
  const { image, box: name, provider } = machine;
  if (!image || !isOwn(provider)) return undefined;
  const packer = providerOf(provider).packer;
  const folder = boxFolder(name, provider);
  const driver = machine.guestDriver;
  const part = isNvidiaRequest(partitionRequest(machine));
  const own = [
    ...[`install-${machine.engine}.sh`, "busybox-image.sh"],
    ...(part ? ["install-dxgkrnl.sh"] : []),
    ...(driver || part ? ["install-nvidia.sh"] : []),
  ];
  const { settings: environment, script: passwords } = withoutSecrets([
    ...(machine.engine === "docker" ? [] : [`ENGINE=${machine.engine}`]),
    ...(engine === "docker" ? dockerSettings(machine) : []),
    ...(driver || part ? environmentFor(driver ?? { source: "host" }, machine.driver) : []),
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
  const made = packer === "qemu.pkr.hcl"
    ? fromDisk(image, machine, host, folder, version)
    : fromBox(image, machine, folder, version, lab);
  if (!made) return undefined;
  return {
    name,
    provider,
    version,
    inputs,
    files: [
      { path: `${folder}/box.pkr.hcl`, text: template },
      { path: inputsPath(name, provider, version), text: `${JSON.stringify(inputs, null, 2)}\n` },
      ...(init
        ? [{ path: `${folder}/plugins.pkr.hcl`, text: plugins(text(texts, "templates/plugins.pkr.hcl"), host) }]
        : []),
      {
        path: `${folder}/values.auto.pkrvars.json`,
        text: `${JSON.stringify(packerLiteral({ ...made.values, ...common }), null, 2)}\n`,
      },
      ...scripts.map(({ path, text, secret }) => ({
        ...{ path: `${folder}/${path}`, text },
        ...(secret ? { mode: 0o700, secret } : { mode: 0o755 }),
      })),
      ...made.files,
    ],
    first: [
      ...made.before.filter(({ terminal }) => terminal),
      ...(init
        ? [{ title: "Get Packer's plugins", command: ["packer", "init", "."], cwd: folder, env: packerEnv }]
        : []),
    ],
    steps: [
      ...made.before.filter(({ terminal }) => !terminal),
      {
        title: `Build the box ${name}`,
        command: ["packer", "build", "-color=false", "-force", "."],
        cwd: folder,
        env: packerEnv,
      },
      { title: `Add the box ${name} to Vagrant`, cwd: folder, ...made.add },
    ],
  };
}

/**
 * The steps that build boxes. Of libvirt's as many are built at once as the host has CPUs, in at most half of its memory; the other providers'
 * builds meet in Vagrant's one folder of boxes.
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

/** What differs from one builder of Packer's to the next. */
interface Making {
  values: Record<string, unknown>;
  files: File[];
  before: Step[];
  /** The rest of the step that adds the box to Vagrant. */
  add: Pick<Step, "command" | "env">;
}

/** From a disk image, by the qemu builder: for libvirt. */
function fromDisk(image: Image, machine: ResolvedMachine, host: Host, folder: string, version: string): Making {
  const { box, provider, accelerator, memory } = machine;
  const secret = secretOf(image);
  return {
    values: {
      accelerator,
      cpu_model: accelerator === "tcg" ? "max" : "host",
      cpus: Math.min(host.cpu.count ?? 2, 4),
      memory: Math.min(memory, buildMemory),
      disk_image: "image",
      disk_size: diskSize,
    },
    files: secret === undefined
      ? []
      : [{ path: `${folder}/image.url`, text: `${secret}\n`, mode: 0o600, secret: true }],
    before: [
      {
        title: `Get the image ${imageName(image)}`,
        command: ["sh", "scripts/get-image.sh", `${folder}/image`, ...imageArguments(image)],
        ...(secret === undefined ? {} : { input: `${folder}/image.url` }),
        // debootstrap needs root: sudo may ask for a password
        ...(host.uid === 0 ? {} : { terminal: true }),
      },
      { title: "Make a key for this build", command: ["sh", "scripts/make-seed.sh", `${folder}/seed`] },
    ],
    add: { command: ["sh", "../../scripts/add-box.sh", box, version, provider, "box.box"] },
  };
}

/**
 * From a published box, by the vagrant builder: for the other providers. No step uses a shell,
 * which Windows does not have.
 */
function fromBox(
  image: Image,
  { box, provider }: ResolvedMachine,
  folder: string,
  version: string,
  lab: string,
): Making | undefined {
  const source = boxSource(image, provider);
  if (!source) return undefined;
  const metadata = {
    name: box,
    versions: [{
      version: `${version}.0`,
      providers: [{ name: provider, url: pathToFileURL(`${lab}/${folder}/output/package.box`).href }],
    }],
  };
  const secret = secretOf(image);
  return {
    values: { ...source, ...(secret === undefined ? {} : { source: `${lab}/${folder}/source.box` }), provider },
    files: [
      { path: `${folder}/metadata.json`, text: `${JSON.stringify(metadata, null, 2)}\n` },
      ...(secret === undefined
        ? []
        : [{ path: `${folder}/source.curl`, text: curlConfig(secret), mode: 0o600, secret: true as const }]),
    ],
    // Packer and Vagrant would have the URL as an argument, and print it
    before: secret === undefined ? [] : [{
      title: `Get the box ${imageName(image)}`,
      command: ["curl", "-K", "-", "-o", "source.box"],
      cwd: folder,
      input: `${folder}/source.curl`,
    }],
    add: {
      command: ["vagrant", "box", "add", "--force", "--provider", provider, "metadata.json"],
      env: { VAGRANT_CHECKPOINT_DISABLE: "1" },
    },
  };
}

/** A file for `curl -K` that fetches a URL as get-image.sh does: no pattern in it, at least 10 KiB a second (curl(1)). */
function curlConfig(url: string): string {
  const quoted = url.replace(/[\\"]/g, "\\$&");
  return `url = "${quoted}"\ngloboff\n` +
    "fail\nlocation\nretry = 3\nconnect-timeout = 20\nspeed-limit = 10240\nspeed-time = 60\nprogress-bar\n";
}

/** Settings of install-docker.sh where Docker comes from its own repository. */
function dockerSettings({ engineRepository, engineKey }: ResolvedMachine): string[] {
  return [
    "DOCKER_SOURCE=docker",
    ...(engineRepository ? [`DOCKER_REPO=${engineRepository}`] : []),
    ...(engineKey ? [`DOCKER_KEY=${engineKey}`] : []),
  ];
}

/**
 * Settings of install-nvidia.sh and install-dxgkrnl.sh, `NAME=VALUE` each: the driver that was
 * decided, and its source.
 */
function environmentFor(
  { source, branch, modules }: Partial<Omit<Driver, "source">> & { source: Driver["source"] | "host" },
  request: DriverRequest,
): string[] {
  const values: Record<string, string | undefined> = {
    NVIDIA_SOURCE: source,
    NVIDIA_BRANCH: branch === undefined ? undefined : String(branch),
    NVIDIA_MODULES: modules,
    NVIDIA_DEFAULT_RUNTIME: request.defaultRuntime ? "yes" : undefined,
    NVIDIA_DRIVER_REPO: request.repository,
    NVIDIA_DRIVER_KEY: request.key,
    NVIDIA_TOOLKIT_REPO: request.toolkitRepository,
    NVIDIA_TOOLKIT_KEY: request.toolkitKey,
    DXGKRNL_SOURCE: source === "host" ? request.dxgkrnl?.url : undefined,
    DXGKRNL_SHA256: source === "host" ? request.dxgkrnl?.checksum.replace(/^sha256:/, "") : undefined,
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

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

/** The URL of an image that belongs on no command line: it may carry a secret. */
function secretOf(image: Image): string | undefined {
  const url = image.kind === "url" ? image.url : image.kind === "debootstrap" ? image.mirror : undefined;
  return url !== undefined && hasSecret(url) ? url : undefined;
}

/** Arguments of get-image.sh: which way to get it, and what that way needs. */
function imageArguments(image: Image): string[] {
  switch (image.kind) {
    case "known": {
      const { url, sums, suite } = knownImages[image.name]!;
      return ["published", url, sums, suite];
    }
    case "file":
      return ["file", image.file];
    case "url":
      return ["url", secretOf(image) ? "-" : image.url, image.checksum];
    case "debootstrap":
      return ["debootstrap", image.suite, ...(secretOf(image) ? ["-"] : image.mirror ? [image.mirror] : [])];
  }
}

/**
 * Text that changes with an image. What a published image is made from is left to its publisher.
 */
function imageTexts(image: Image, texts: Texts): string[] {
  if (image.kind === "debootstrap") return [text(texts, "scripts/make-image.sh")];
  return image.kind === "file" ? [text(texts, image.file)] : [];
}

/** SHA-256 of all that goes into a box, its first 48 bits as a decimal number: Vagrant's versions are numbers. */
function hash(inputs: unknown[]): string {
  const digest = createHash("sha256").update(JSON.stringify(inputs)).digest("hex");
  return BigInt(`0x${digest.slice(0, 12)}`).toString();
}

function text(texts: Texts, path: string): string {
  const found = texts[path];
  if (found === undefined) throw new Error(`the text of ${path} was not read`);
  return found;
}

/**
 * The plugins that Packer gets. Since July 2025 HashiCorp publishes new releases on releases.hashicorp.com only, where Packer looks since
 * 1.14 (hashicorp/packer-plugin-qemu#215): older ones are kept to a release that GitHub has.
 */
function plugins(template: string, host: Host): string {
  return isOlder(host.versions.packer ?? "0", "1.14")
    ? template.replace('">= 1.0.9"', '">= 1.0.9, < 1.1.4"')
    : template;
}

/** A box of one name exists once per provider. */
export const boxKey = ({ box, provider }: ResolvedMachine) => `${provider} ${box}`;
