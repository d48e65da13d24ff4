/** A flaw of a Compose project, and its place in the project's files. */
import { dirname } from "node:path/posix";
import type { BaseImage, ComposeProject } from "../compose/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Verdict } from "./types.mts";
import { lineOf, literally } from "../compose/refusals.mts";
import { isFilledIn } from "../compose/value-lines.mts";
import { manualFix } from "../fixes.mts";
import { oneLine } from "../text.mts";

/** An entry of a section at the top of a Compose file, such as the network `proxy` of `networks`. */
export interface TopEntry {
  section: "networks" | "volumes" | "secrets" | "configs";
  key: string;
}

/** A flaw of a project, before it becomes a verdict. */
export interface ProjectFlaw {
  status: "fail" | "warn" | "unknown";
  message: string;
  /** Texts to search for to find the line: the first one that exists counts. */
  at?: string | string[];
  service?: string;
  /** The line is in an entry of a section at the top of a file, or at the top itself, not in the service's block. */
  atTop?: true | TopEntry;
  evidence?: Evidence;
  /** Of a folded flaw: the places of all that it stands for, each as `at`, `service` and `atTop`. */
  places?: Pick<ProjectFlaw, "at" | "service" | "atTop">[];
  /** How it is said together with others of its kind. */
  fold?: Fold;
  /** Paths outside the project's folder that the fix brings into the VM by another path of the stack. */
  outside?: string[];
  /** The text of the project that it is about, such as an image or the source of a mount. */
  text?: string;
  fix?: Fix;
}

/** A failure of a service, without its name: what is wrong, the texts to find its line by, and what to do. */
export const flaw = (message: string, at: string | string[], mend: string): ProjectFlaw => ({
  status: "fail",
  message,
  at,
  fix: manualFix(mend),
});

/** How a flaw of a service is said together with others of its kind. */
export interface Fold {
  /** Flaws with the same kind and status are folded. */
  kind: string;
  /** The verb after one service and after several: `["mounts", "mount"]`. */
  verb: [string, string];
  /** What the flaw is about, such as a path. */
  item: string;
  /** How the items are listed, where a bare list does not do: `the env files a and b`. */
  list?: (items: string[]) => string;
  /** What follows the list. `many`: it has several items. `several`: several services have the flaw. */
  rest: (many: boolean, several: boolean) => string;
  /** What to do about all of them. Without it, the fix of the first one. */
  fix?: (items: string[]) => Fix;
}

/**
 * A place in a project's files, such as `immich/compose.yaml:12`: the first line with that text in
 * the block of the service, or of an entry at the top of a file, or in any file; else the block's own line; else the
 * project's name. Of several texts the first one that exists counts.
 */
export function placeOf(
  { name, texts, inline }: ComposeProject,
  at: string | string[] | undefined,
  of?: string | TopEntry,
): string {
  if (inline) return typeof of === "string" ? `${name}.${of}` : name;
  const blocks = typeof of === "string"
    ? blocksOf(texts, of)
    : of === undefined
    ? []
    : Object.entries(texts).flatMap(([file, text]) => entryOf(file, text, of));
  const targets = [at ?? []].flat();
  // a path in a file that another one extends or includes is relative to that file's folder
  const within = (file: string, one: string) => {
    const folder = dirname(file);
    return folder !== "." && one.startsWith(`${folder}/`) ? one.slice(folder.length + 1) : one;
  };
  const inBlock = targets.flatMap((one) =>
    blocks.flatMap(({ file, lines, first }) => {
      const i = lines.findIndex((line) => line.replace(/(^|\s)#.*$/, "").includes(within(file, one)));
      return i < 0 ? [] : [{ file, line: first + i }];
    })
  );
  const byPattern = targets.flatMap((one) =>
    blocks.flatMap(({ file, lines, first }) => {
      const i = lines.findIndex((line) => isFilledIn(line, one));
      return i < 0 ? [] : [{ file, line: first + i }];
    })
  );
  const anywhere = targets.flatMap((one) =>
    Object.entries(texts).map(([file, text]) => lineOf({ [file]: text }, new RegExp(literally(within(file, one)))))
  );
  const own = blocks[0] && { file: blocks[0].file, line: blocks[0].first };
  const place = inBlock[0] ?? byPattern[0] ?? (typeof of === "object" ? own : undefined) ?? anywhere.find(Boolean) ??
    own;
  return place ? `${name}/${place.file}:${place.line}` : name;
}

/** The blocks of a service in a project's files, and after them those of the services that it extends. */
function blocksOf(texts: ComposeProject["texts"], service: string, deep = 0): ReturnType<typeof blockOf> {
  const own = Object.entries(texts).flatMap(([file, text]) => blockOf(file, text, service));
  const bases = own.flatMap(({ lines }) => {
    const from = lines.findIndex((line) => /^[^#]*\bextends\s*:/.test(line));
    const written = from < 0 ? "" : lines.slice(from, from + 4).join("\n");
    const [, alone, named] = /\bextends\s*:\s*(?:([\w.-]+)\s*(?:#.*)?$|[^#]*?\bservice["']?\s*:\s*["']?([\w.-]+))/m
      .exec(written) ?? [];
    return alone ?? named ?? [];
  });
  // an anchor can lead back to the service
  return deep > 3 ? own : [...own, ...[...new Set(bases)].flatMap((base) => blocksOf(texts, base, deep + 1))];
}

/** The place of the `FROM` of an image that a service is built from, such as `immich/Dockerfile:1`. */
export const placeOfBase = (
  project: ComposeProject,
  { file, line }: Pick<BaseImage, "file" | "line">,
  service: string,
): string => file === undefined ? placeOf(project, "dockerfile_inline", service) : `${project.name}/${file}:${line}`;

/**
 * The lines of a service in a file, from its name to the next line with the same or less
 * indentation.
 */
export function blockOf(
  file: string,
  text: string,
  service: string,
): { file: string; lines: string[]; first: number }[] {
  const lines = text.split("\n");
  const key = new RegExp(`^\\s+["']?${literally(service)}["']?\\s*:`);
  // the same name below depends_on has a deeper indentation
  const depths = lines.filter((line) => key.test(line)).map((line) => line.search(/\S/));
  const from = lines.findIndex((line) => key.test(line) && line.search(/\S/) === Math.min(...depths));
  if (from < 0) {
    const flow = lines.findIndex((line) => new RegExp(`[{,]\\s*["']?${literally(service)}["']?\\s*:`).test(line));
    return flow < 0 ? [] : [{ file, lines: lines.slice(flow), first: flow + 1 }];
  }
  const depth = lines[from]!.search(/\S/);
  const length = lines.slice(from + 1).findIndex((line) => /^\s*[^\s#]/.test(line) && line.search(/\S/) <= depth);
  return [{ file, lines: lines.slice(from, length < 0 ? undefined : from + 1 + length), first: from + 1 }];
}

/** The lines of an entry of a section at the top of a file, as {@link blockOf}. */
function entryOf(file: string, text: string, { section, key }: TopEntry): ReturnType<typeof blockOf> {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => new RegExp(`^["']?${section}["']?\\s*:`).test(line));
  const length = lines.slice(from + 1).findIndex((line) => /^[^\s#]/.test(line));
  const own = lines.slice(from, length < 0 ? undefined : from + 1 + length);
  return from < 0 ? [] : blockOf(file, own.join("\n"), key).map((one) => ({ ...one, first: from + one.first }));
}

/** A project's flaw as a verdict. */
export function verdictOf(
  project: ComposeProject,
  { status, message, at, service, atTop, evidence, places, fix }: ProjectFlaw,
): Verdict {
  const evidenceOf = ({ at, service, atTop }: Pick<ProjectFlaw, "at" | "service" | "atTop">) => ({
    read: placeOf(project, at ?? service, atTop === true ? undefined : atTop ?? service),
    value: [at ?? []].flat()[0]?.replace(/:$/, "") ?? service ?? message,
  });
  const own = { ...(at === undefined ? {} : { at }), ...(service ? { service } : {}), ...(atTop ? { atTop } : {}) };
  const all = evidence ? [evidence] : (places ?? [own]).map(evidenceOf);
  return {
    status,
    // a name in a file may have line breaks
    message: oneLine(`${project.name}: ${message}`),
    evidence: all.filter(({ read }, i) => all.findIndex((other) => other.read === read) === i),
    ...(fix ? { fix: [{ ...fix, title: oneLine(fix.title) }] } : {}),
  };
}
