import { createHash } from "node:crypto";
import type { DriverWish, File, Host, Image, SettledMachine, Step } from "./types.mts";
import { knownImages } from "./images.mts";
import { type Driver, driverOf } from "./nvidia.mts";
import { providerOf } from "./providers.mts";
import { isOlder } from "./versions.mts";

/** Texts of this project's templates and scripts and of the user's provision scripts, and the stamps of image files, by path. */
export type Texts = Record<string, string>;

/** A box that is to be built, with everything that makes it. */
export interface Box {
  name: string;
  provider: string;
  /** Two parts of its version, `1.HASH`; the time of the build comes third. */
  version: string;
  files: File[];
  steps: Step[];
}

/** Size of the disk of a VM whose box we build: it is thin, so that it takes what is written. */
const diskSize = "64G";

/** The box of a machine, or undefined if the machine takes one as it is. */
export function boxOf(machine: SettledMachine, host: Host, texts: Texts): Box | undefined {
  const { image, box: name, provider } = machine;
  if (!image) return undefined;
  const packer = providerOf(provider).packer;
  const folder = `packer/${slug(name)}`;
  const driver = driverOf(machine, host);
  const own = [`install-${machine.engine}.sh`, "busybox-image.sh", ...(driver ? ["install-nvidia.sh"] : [])];
  const environment = [
    ...(machine.engine === "docker" ? [] : [`ENGINE=${machine.engine}`]),
    ...(driver ? environmentFor(driver, machine.driver) : []),
  ];
  const scripts = [
    ...own.map((file) => ({ path: file, text: text(texts, `scripts/${file}`) })),
    ...machine.provision.map((file, i) => ({ path: `provision-${i + 1}.sh`, text: text(texts, file) })),
    { path: "finish-box.sh", text: text(texts, "scripts/finish-box.sh") },
  ];
  const template = text(texts, `templates/${packer}`);
  const version = `1.${hash([template, diskSize, provider, image, scripts, environment, imageTexts(image, texts)])}`;
  const emulated = machine.accelerator === "tcg";
  const values = {
    accelerator: machine.accelerator,
    cpu_model: emulated ? "max" : "host",
    cpus: Math.min(host.cpu.count ?? 2, 4),
    memory: Math.min(machine.memory, 2048),
    disk_image: "image",
    disk_size: diskSize,
    scripts: scripts.map(({ path }) => path),
    environment,
  };
  const init = !isOlder(host.versions.packer ?? "0", "1.7");
  const packerEnv = { CHECKPOINT_DISABLE: "1", PACKER_CACHE_DIR: "cache" };
  return {
    name,
    provider,
    version,
    files: [
      { path: `${folder}/box.pkr.hcl`, text: template },
      ...(init ? [{ path: `${folder}/plugins.pkr.hcl`, text: text(texts, "templates/plugins.pkr.hcl") }] : []),
      { path: `${folder}/values.auto.pkrvars.json`, text: `${JSON.stringify(values, null, 2)}\n` },
      ...scripts.map(({ path, text }) => ({ path: `${folder}/${path}`, text, mode: 0o755 })),
    ],
    steps: [
      {
        title: `Get the image ${imageName(image)}`,
        command: ["sh", "scripts/get-image.sh", `${folder}/image`, ...imageArguments(image)],
        // debootstrap needs root: sudo may ask for a password
        ...(host.uid === 0 ? {} : { terminal: true }),
      },
      { title: "Make a key for this build", command: ["sh", "scripts/make-seed.sh", `${folder}/seed`] },
      ...(init
        ? [{ title: "Get Packer's plugins", command: ["packer", "init", "."], cwd: folder, env: packerEnv }]
        : []),
      {
        title: `Build the box ${name}`,
        command: ["packer", "build", "-color=false", "-force", "."],
        cwd: folder,
        env: packerEnv,
      },
      {
        title: `Give the box ${name} to Vagrant`,
        command: ["sh", "../../scripts/add-box.sh", name, version, provider, "box.box"],
        cwd: folder,
      },
    ],
  };
}

/** What install-nvidia.sh is told, `NAME=VALUE` each: the driver that was decided, and where to get it. */
function environmentFor({ source, branch, modules }: Driver, wish: DriverWish): string[] {
  const values: Record<string, string | undefined> = {
    NVIDIA_SOURCE: source,
    NVIDIA_BRANCH: branch === undefined ? undefined : String(branch),
    NVIDIA_MODULES: modules,
    NVIDIA_DEFAULT_RUNTIME: wish.defaultRuntime ? "yes" : undefined,
    NVIDIA_DRIVER_REPO: wish.repository,
    NVIDIA_DRIVER_KEY: wish.key,
    NVIDIA_TOOLKIT_REPO: wish.toolkitRepository,
    NVIDIA_TOOLKIT_KEY: wish.toolkitKey,
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

/** What a person calls an image. */
export function imageName(image: Image): string {
  switch (image.kind) {
    case "known":
      return image.name;
    case "file":
      return image.file;
    case "url":
      return image.url;
    case "debootstrap":
      return `${image.suite} from package sources`;
  }
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
      return ["url", image.url, image.checksum];
    case "debootstrap":
      return ["debootstrap", image.suite, ...(image.mirror ? [image.mirror] : [])];
  }
}

/** What tells one state of an image from the next. What a published image is made by is its publisher's affair. */
function imageTexts(image: Image, texts: Texts): string[] {
  if (image.kind === "debootstrap") return [text(texts, "scripts/make-image.sh")];
  return image.kind === "file" ? [text(texts, image.file)] : [];
}

/** SHA-256 of all that goes into a box, its first 48 bits as a decimal number: Vagrant's versions are numbers. */
function hash(inputs: unknown[]): string {
  const digest = createHash("sha256").update(JSON.stringify(inputs)).digest("hex");
  return BigInt(`0x${digest.slice(0, 12)}`).toString();
}

function slug(name: string): string {
  return name.replaceAll("/", "-");
}

function text(texts: Texts, path: string): string {
  const found = texts[path];
  if (found === undefined) throw new Error(`the text of ${path} was not read`);
  return found;
}
