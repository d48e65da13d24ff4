/** The script of a project that starts a service: mounted over the image's file, or copied into the image. */
import { basename, join, resolve } from "node:path/posix";
import { ownValue } from "../maps.mts";
import type { Shell } from "../shell.mts";
import type { BuiltStart } from "./dockerfile-start.mts";
import { baseOf, buildContext, hostPath } from "./paths.mts";
import { type ProjectReads, projectReads } from "./project-reads.mts";
import { mountsOf } from "./service.mts";
import { programOf, startOf } from "./start.mts";
import type { ComposeProject, ComposeService, StartScript } from "./types.mts";

/** The bytes of the largest file that is read: programs are larger than scripts. */
const largest = 1024 ** 2;

/**
 * The scripts that start the services of a project, by service, with what their first bytes say. Scripts that are not
 * in the project's folder, and programs that are no scripts, are left out.
 */
export async function readStartScripts(
  shell: Shell,
  project: Pick<ComposeProject, "folder" | "files" | "model" | "starts">,
): Promise<Record<string, StartScript>> {
  // a file that cannot be read is no finding here
  const reads = projectReads(shell);
  const isSmall = async (path: string) =>
    Number((await shell.fingerprint(path).catch(() => ""))?.split(" ")[0]) <= largest;
  const found = await Promise.all(
    Object.entries(project.model?.services ?? {}).map(async ([name, service]) => {
      const script = await scriptOf(reads, isSmall, service, project, ownValue(project.starts ?? {}, name));
      return script ? [[name, script] as const] : [];
    }),
  );
  return Object.fromEntries(found.flat());
}

async function scriptOf(
  reads: ProjectReads,
  isSmall: (path: string) => Promise<boolean>,
  service: ComposeService,
  project: Pick<ComposeProject, "folder" | "files">,
  built: (BuiltStart & { file?: string }) | undefined,
): Promise<StartScript | undefined> {
  const start = startOf(service, built);
  const program = programOf(start);
  const folder = typeof service.working_dir === "string" ? service.working_dir : built?.folder;
  if (!program || (!program.path.startsWith("/") && folder === undefined)) return undefined;
  const inside = resolve("/", folder ?? "/", program.path);
  const mounted = mountedAt(service, inside, project);
  const path = mounted ?? (built ? await copiedTo(reads, service, inside, built, project) : undefined);
  if (path === undefined || !path.startsWith(`${project.folder}/`) || await reads.kind(path) !== "file") {
    return undefined;
  }
  const text = await isSmall(path) ? await reads.read(path) : undefined;
  if (text === undefined || text.startsWith("\x7fELF")) return undefined;
  const [first = ""] = text.split("\n");
  const place = start.line !== undefined && built?.file ? { place: `${built.file}:${start.line}` } : {};
  return {
    ...{ path: path.slice(project.folder.length + 1), inside, byShell: program.byShell },
    isMounted: mounted !== undefined,
    hasInterpreter: first.startsWith("#!"),
    hasCarriageReturns: first.endsWith("\r"),
    ...(start.key === undefined ? {} : { key: start.key }),
    ...place,
    text,
  };
}

/** The file of the host that a service mounts at a path of its container. */
function mountedAt(
  service: ComposeService,
  inside: string,
  project: Pick<ComposeProject, "folder" | "files">,
): string | undefined {
  const [mount] = mountsOf(service).map((one) => ({ ...one, target: one.target.replace(/(.)\/+$/, "$1") }))
    .filter(({ target }) => inside === target || inside.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length);
  if (mount?.source === undefined || mount.source.includes("$")) return undefined;
  const source = mount.type === "bind" ? hostPath(mount.source, baseOf(project)) : undefined;
  return source === undefined ? undefined : join(source, inside.slice(mount.target.length));
}

/** The file of the build context that a Dockerfile copies to a path of its image, if nothing is mounted over it. */
async function copiedTo(
  reads: ProjectReads,
  service: ComposeService,
  inside: string,
  { copies }: BuiltStart,
  project: Pick<ComposeProject, "folder" | "files">,
): Promise<string | undefined> {
  const isCovered = mountsOf(service).some(({ target }) => inside === target || inside.startsWith(`${target}/`));
  const written = buildContext(service);
  const context = written === undefined || written.includes("$") ? undefined : hostPath(written, baseOf(project));
  if (isCovered || context === undefined) return undefined;
  for (const { sources, target } of copies.toReversed()) {
    for (const source of sources) {
      if (/[*?[\]]|:\/\//.test(source)) continue;
      const path = join(context, source).replace(/(.)\/+$/, "$1");
      const kind = await reads.kind(path);
      const to = kind === "file" && (/\/\.?$/.test(target) || sources.length > 1)
        ? join(target, basename(path))
        : target.replace(/(.)\/+$/, "$1");
      if (kind === "file" && to === inside) return path;
      if (kind === "folder" && inside.startsWith(`${to === "/" ? "" : to}/`)) {
        const below = join(path, inside.slice(to === "/" ? 0 : to.length));
        if (await reads.kind(below) === "file") return below;
      }
    }
  }
  return undefined;
}
