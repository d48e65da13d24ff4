/** Folders that a service mounts and in which its user cannot write. */
import { join } from "node:path/posix";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { Fix } from "../findings.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { enabledOf } from "../compose/enabled.mts";
import { imageUser } from "../compose/image-users.mts";
import { flagOf, mountsOf } from "../compose/service.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { shellWord } from "../render.mts";
import { isMap, ownValue } from "../maps.mts";
import { isFileName } from "./compose-own-mounts.mts";
import { placeOfPath } from "./compose-paths.mts";

/**
 * Folders that Docker creates for root, and copied folders of another user, where the service runs as a user that is
 * known by `user:` or by its image. Of a user that has only a name, it is known that it is not root. Groups are not
 * judged.
 */
export function ownerFlaws(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const user = userOf(name, service, project);
  if (!user) return [];
  const { uid, writes, named } = user;
  return bindsOf(service).flatMap(({ source, target }): ProjectFlaw[] => {
    if (writes && !writes.test(target)) return [];
    const place = placeOfPath(source, project);
    if (!place || changesOwner(source, name, project)) return [];
    const { path, kind, inside, relativePath: shown, leftOut } = place;
    // a path outside of the project is reported as such
    if (!project.inline && !inside) return [];
    if (project.inline && !/^\/(srv|opt|data|home|mnt|var\/lib|containers|docker)\b/.test(source)) return [];
    // Docker creates an empty folder that is not copied, and the others have a finding of their own
    const isEmpty = leftOut && !!project.emptyFolders?.includes(path);
    const missing = project.inline || kind === "missing" || isEmpty;
    // a missing file has a finding of its own, and a folder in its place would be wrong
    if (missing && (isFileName(path) || isFileName(target) || /[^/]\.\w{1,5}$/.test(path))) return [];
    const access = missing ? undefined : project.access?.[shown];
    if (!missing && (!writes || uid === undefined || access?.uid === undefined || canWrite(access, uid))) return [];
    const item = project.inline ? path : shown;
    const ends = (_: boolean, several: boolean) =>
      `, ${missing ? "which Docker creates for root" : `which belongs to user ${access!.uid}`}, but ${
        several ? "run" : "runs"
      } as user ${uid === undefined ? named : `${uid} (${named})`}, which cannot write there`;
    const fixOf = (items: string[]) =>
      // what is created on the host is not copied
      ownerFix(isEmpty ? undefined : uid, missing, items.map((one) => join(project.folder, one)), project);
    return [{
      status: "warn",
      message: `mounts ${item}${ends(false, false)}`,
      at: [source, shown, `:${target}`],
      text: source,
      fix: fixOf([shown]),
      fold: {
        ...{ kind: `owner ${named} ${uid} ${missing} ${isEmpty} ${access?.uid}`, verb: ["mounts", "mount"], item },
        ...{ rest: ends, fix: fixOf },
      },
    }];
  });
}

function ownerFix(uid: number | undefined, missing: boolean, paths: string[], { inline, folder }: ComposeProject): Fix {
  const volume = "or use a named volume, which gets the owner that the image has there";
  const them = paths.length > 1 ? "them" : "it";
  const words = paths.map(shellWord).join(" ");
  // Windows has neither these commands nor the owners of Linux
  if (inline || uid === undefined || /^[A-Za-z]:/.test(folder)) {
    return manualFix(`Use a named volume, which gets the owner that the image has there`);
  }
  return missing
    ? commandFix(`Create ${them} for user ${uid}, ${volume}`, `install -d -o ${uid} ${words}`, { root: true })
    : commandFix(`Give ${them} to user ${uid}, ${volume}`, `chown -R ${uid} ${words}`, { root: true });
}

/** The user that a service runs as, and what says so; undefined for root, or if it is not known. */
function userOf(
  name: string,
  { user, image, build, entrypoint }: ComposeService,
  { builtUsers = {} }: ComposeProject,
): { uid?: number; writes?: RegExp; named: string } | undefined {
  const row = typeof image === "string" && build === undefined ? imageUser(image) : undefined;
  const written = user === undefined || user === null || user === "" ? undefined : String(user);
  const built = build === undefined || entrypoint !== undefined ? undefined : ownValue(builtUsers, name);
  if (written === undefined && built) return { uid: built.uid, named: `USER in ${built.place}` };
  if (written === undefined) return row && { ...row, named: `the user of ${image}` };
  const uid = /^(\d+)(:\w*)?$/.exec(written)?.[1];
  const word = /^([a-z_][\w-]*)(:[\w-]*)?$/.exec(written)?.[1];
  if (word !== undefined && word !== "root") return { named: word, ...(row ? { writes: row.writes } : {}) };
  if (uid === undefined || Number(uid) === 0) return undefined;
  return { uid: Number(uid), ...(row ? { writes: row.writes } : {}), named: `user: ${written}` };
}

const canWrite = ({ mode, uid: owner }: { mode: number; uid?: number }, uid: number) =>
  owner === uid ? (mode & 0o200) !== 0 : (mode & 0o022) !== 0;

/** The bind mounts of a service into which it may write. */
function bindsOf(service: ComposeService): { source: string; target: string }[] {
  const volumes = Array.isArray(service.volumes) ? service.volumes : [];
  const readOnly = (target: string) =>
    volumes.some((one) =>
      isMap(one)
        ? one.target === target && flagOf(one.read_only) === true
        : typeof one === "string" && /:([^:]*,)?ro(,[^:]*)?$/.test(one) && one.split(":").at(-2) === target
    );
  return mountsOf(service).flatMap(({ type, source, target }) =>
    type === "bind" && source && !source.includes("$") && !readOnly(target) ? [{ source, target }] : []
  );
}

/** Whether another service that mounts the same folder changes its owner or its mode; this one is not root. */
const changesOwner = (source: string, name: string, project: ComposeProject) =>
  enabledOf(project).some(([other, { command, entrypoint, ...body }]) =>
    other !== name &&
    /\b(chown|chmod|install -d)\b/.test([command, entrypoint].flat().join("\n")) &&
    mountsOf(body).some((mount) => mount.source !== undefined && `${source}/`.startsWith(`${mount.source}/`))
  );
