/**
 * Compose files next to a project's own that request a GPU and that nothing uses, such as
 * docker-compose.gpu.yaml.
 */
import { basename, dirname, join } from "node:path/posix";
import { asksForGpu } from "./gpu-requests.mts";
import { composeFileNames } from "./project.mts";
import type { ProjectReads } from "./project-reads.mts";
import { readProjectFiles } from "./reader.mts";
import type { ComposeProject, UnusedFile } from "./types.mts";

/** The maximum number of files that are read: a folder with more is not a Compose project. */
const most = 40;

/** Folders below a project's in which override files are kept. */
const subfolders = [
  ...["compose", "cuda", "deploy", "docker", "docker-compose", "gpu", "hwaccel", "nvidia", "override", "overrides"],
  ...[".docker", "amd", "rocm"],
];

/** What a service has in a file that runs without another one, if the project's own file has it. */
const ownKeys = ["command", "network_mode", "networks", "ports", "volumes"];

/**
 * The unused Compose files with GPU requests in the folders of a project's own files. `names`: the
 * files in the project's folder. `values`: values of variables. A file that cannot be read, or is
 * not a Compose file, is left out.
 */
export async function readUnused(
  reads: ProjectReads,
  { folder, files, texts, model }: Pick<ComposeProject, "folder" | "files" | "texts" | "model">,
  names: string[],
  values: Record<string, string | undefined>,
): Promise<UnusedFile[]> {
  const serviceNames = Object.keys(model?.services ?? {});
  const [first = ""] = files;
  const sameFolder = dirname(first);
  const others = sameFolder === "." || sameFolder.startsWith("/") || sameFolder.startsWith("..")
    ? []
    : (await reads.list(join(folder, sameFolder))).map((name) => join(sameFolder, name));
  const inside = await Promise.all(
    subfolders.filter((name) => names.includes(name) && name !== sameFolder).map(async (name) =>
      (await reads.list(join(folder, name))).map((file) => join(name, file))
    ),
  );
  const below = inside.flat();
  const used = new Set(Object.keys(texts).map((file) => join(file)));
  const candidates = [...names, ...others, ...below].filter((file) => /\.ya?ml$/.test(file) && !used.has(join(file)))
    .sort();
  const found = await Promise.all(
    candidates.slice(0, most).map(async (file): Promise<UnusedFile[]> => {
      const text = await reads.read(join(folder, file));
      if (text === undefined || !/^\s*["']?services["']?\s*:/m.test(text)) return [];
      const { model: own, refusals } = readProjectFiles([file], { ...texts, [file]: text }, values);
      if (!own || refusals.some(({ file: place }) => place === file)) return [];
      const all = Object.entries(own.services);
      const asking = all.filter(([, body]) => asksForGpu({ body }));
      if (asking.length === 0) return [];
      const isWhole = all.every(([, { image, build }]) => image !== undefined || build !== undefined);
      const changes = asking.filter(([name]) => serviceNames.includes(name));
      const isFolder = below.includes(file) && composeFileNames.includes(basename(file));
      const lacks = !isFolder &&
        changes.some(([name, body]) =>
          ownKeys.some((key) => model?.services[name]?.[key] !== undefined && body[key] === undefined)
        );
      const replaces = isWhole && !lacks &&
        (changes.length === 0 || serviceNames.every((name) => Object.hasOwn(own.services, name)));
      // a project in its own folder is a separate project
      if (below.includes(file) && changes.length === 0) return [];
      const adds = all.every(([name, { image, build }]) =>
        image !== undefined || build !== undefined || serviceNames.includes(name)
      );
      const use = replaces
        ? isFolder ? "folder" : "whole"
        : changes.length > 0
        ? "override"
        : adds
        ? "addition"
        : "part";
      return [{ file, use, services: Object.fromEntries(use === "override" ? changes : asking) }];
    }),
  );
  return found.flat();
}
