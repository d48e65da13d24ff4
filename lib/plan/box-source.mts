/** The source of a box: a disk image, or a published box. */
import { pathToFileURL } from "node:url";
import type { Image } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Host } from "../host/types.mts";
import type { File, Step } from "./types.mts";
import { boxSource, imageName, knownImages } from "../resolve/images.mts";
import { boxDiskSize } from "../config/vocabulary.mts";
import { hasSecret } from "../urls.mts";

/** Maximum memory of a VM in which a box is built, MiB. */
export const buildMemory = 2048;

/**
 * Size of the disk of a VM whose box is built here. The disk is thin: it uses only the space that
 * is written.
 */
export const diskSize = `${boxDiskSize / 1024}G`;

/** The differences between Packer's builders. */
export interface BoxBuilder {
  values: Record<string, unknown>;
  files: File[];
  before: Step[];
  /** The rest of the step that adds the box to Vagrant. */
  add: Pick<Step, "command" | "env" | "removes">;
}

/** From a disk image, by the qemu builder: for libvirt. */
export function fromDisk(
  image: Image,
  machine: ResolvedMachine,
  host: Host,
  folder: string,
  version: string,
): BoxBuilder {
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
        ...(host.uid === 0 || image.kind === "file" ? {} : { terminal: true }),
      },
      {
        title: "Create an SSH key for this build",
        minor: true,
        command: ["sh", "scripts/make-seed.sh", `${folder}/seed`],
      },
    ],
    add: { command: ["sh", "../../scripts/add-box.sh", box, version, provider, "box.box"] },
  };
}

/** The step that copies an image file to the lab on another host; undefined for an image of another kind. */
export function copyOfFile(image: Image, folder: string, otherHost: string): { path: string; step: Step } | undefined {
  if (image.kind !== "file") return undefined;
  const path = `${folder}/copied${image.file.endsWith(".box") ? ".box" : ""}`;
  const title = `Copy ${image.file} to ${otherHost}`;
  return { path, step: { title, command: ["cat", image.file], output: path, here: true } };
}

/**
 * From a published box, by the vagrant builder: for the other providers. No step uses a shell,
 * which Windows does not have.
 */
export function fromBox(
  image: Image,
  machine: ResolvedMachine,
  folder: string,
  version: string,
  lab: string,
): BoxBuilder | undefined {
  const { provider } = machine;
  const source = boxSource(image, provider);
  if (!source) return undefined;
  const secret = secretOf(image);
  return {
    values: { ...source, ...(secret === undefined ? {} : { source: `${lab}/${folder}/source.box` }), provider },
    files: [
      { path: `${folder}/metadata.json`, text: metadata(machine, version, `${lab}/${folder}/output/package.box`) },
      ...(secret === undefined
        ? []
        : [{ path: `${folder}/source.curl`, text: curlConfig(secret), mode: 0o600, secret: true as const }]),
    ],
    // otherwise Packer and Vagrant would get the URL as an argument, and print it
    before: secret === undefined ? [] : [{
      title: `Get the box ${imageName(image)}`,
      command: ["curl", "-K", "-", "-o", "source.box"],
      cwd: folder,
      input: `${folder}/source.curl`,
    }],
    add: addsBox(provider),
  };
}

/** The text of the metadata by which Vagrant adds a box with a version. `file` is an absolute path. */
export function metadata({ box, provider }: ResolvedMachine, version: string, file: string): string {
  const value = {
    name: box,
    versions: [{
      version: `${version}.0`,
      providers: [{ name: provider, url: pathToFileURL(file).href }],
    }],
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The command that adds the box of `metadata.json` to Vagrant. */
export function addsBox(provider: string): Pick<Step, "command" | "env"> {
  return {
    command: ["vagrant", "box", "add", "--force", "--provider", provider, "metadata.json"],
    env: { VAGRANT_CHECKPOINT_DISABLE: "1" },
  };
}

/**
 * A file for `curl -K` that downloads a URL as get-image.sh does: no pattern in the URL, at least
 * 10 KiB per second (curl(1)).
 */
function curlConfig(url: string): string {
  const quoted = url.replace(/[\\"]/g, "\\$&");
  return `url = "${quoted}"\ngloboff\n` +
    "fail\nlocation\nretry = 3\nconnect-timeout = 20\nspeed-limit = 10240\nspeed-time = 60\nprogress-bar\n";
}

/** The URL of an image that must not be in a command line, since it may contain a secret. */
export function secretOf(image: Image): string | undefined {
  const url = image.kind === "url" ? image.url : image.kind === "debootstrap" ? image.mirror : undefined;
  return url !== undefined && hasSecret(url) ? url : undefined;
}

/** Arguments of get-image.sh: the kind of source, and its values. */
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
