import { createHash } from "node:crypto";
import { UserError } from "../errors.mts";
import { isMap } from "../maps.mts";
import type { Shell } from "../shell.mts";

/** The lock of a lab's folder. */
interface Holder {
  pid: number;
  /**
   * When that process started, in the kernel's clock ticks, so that a recycled pid is not taken for
   * the same process.
   */
  began: string | null;
  command: string;
  since: string;
  /** Makes this holder unique. */
  id?: string;
  /** The process groups of running steps. */
  steps?: Group[];
}

/** A step's process group, and the start time of its leader. */
interface Group {
  group: number;
  began: string | null;
}

/** A lock that this process holds. */
export interface Lock {
  /**
   * Records the process group of a running step, so that the next run can end it if this one is
   * killed.
   */
  step(group: number): Promise<void>;
  /** Removes a step that has ended. A daemon that it left running is not killed. */
  ended(group: number): void;
  release(): Promise<void>;
}

/**
 * Takes the lock of a lab's folder. If its holder is dead, the lock is taken over, and a step that
 * the holder left running is ended first.
 *
 * Throws {@link UserError} if the holder is alive, with its name, or if the folder does not belong
 * to this user alone.
 */
export async function acquireLock(
  shell: Shell,
  folder: string,
  command: string,
  talk: (line: string) => void,
): Promise<Lock> {
  await shell.ensurePrivateDir(folder);
  const path = `${folder}/lock`;
  const own: Holder = {
    pid: shell.pid,
    began: await startOf(shell, shell.pid),
    command,
    since: new Date().toISOString(),
    // distinguishes two runs of one process, or in the same millisecond
    id: Math.random().toString(36).slice(2),
  };
  const inherited = await take(shell, path, own, (holder) =>
    new UserError(
      `“${holder.command}” is running in ${folder} (process ${holder.pid}, since ${holder.since}): wait for it`,
      1,
    ));
  const lock = noting(shell, path, own);
  if (inherited.length > 0) {
    await Promise.all(inherited.map((step) => end(shell, step, talk)));
    await shell.write(path, JSON.stringify(own), 0o600);
  }
  return lock;
}

/**
 * Takes a lock file and returns the steps that a dead holder left in it; until they are ended, the
 * new holder's file lists them too.
 *
 * A run may replace the file of a dead holder only while it holds the lock `PATH.next-TEXT`, where
 * TEXT is a hash of that file, and only if the file is still the same. So exactly one of several
 * runs takes over from a dead holder, even if any of them is stopped midway. The second lock is taken
 * in the same way.
 */
async function take(shell: Shell, path: string, own: Holder, refusal: (holder: Holder) => Error): Promise<Group[]> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await shell.create(path, JSON.stringify(own))) return [];
    const text = await shell.read(path);
    if (text === undefined) continue;
    const holder = parsed(text);
    if (holder && (await alive(shell, holder.pid, holder.began))) throw refusal(holder);
    const next = `${path}.next-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
    const busy = new Error("another run is taking it over");
    try {
      await take(shell, next, own, () => busy);
    } catch (error) {
      if (error !== busy) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    try {
      if ((await shell.read(path)) !== text) continue;
      const steps = holder?.steps ?? [];
      await shell.write(path, JSON.stringify(steps.length > 0 ? { ...own, steps } : own), 0o600);
      return steps;
    } finally {
      await shell.remove(next);
    }
  }
  throw new UserError(`cannot take the lock ${path}: several runs are trying at the same time`, 1);
}

/** The lock, whose file lists the process groups of the running steps. */
function noting(shell: Shell, path: string, own: Holder): Lock {
  let steps: Group[] = [];
  let written = Promise.resolve();
  return {
    async step(group) {
      const began = await startOf(shell, group);
      steps = [...steps, { group, began }];
      const text = JSON.stringify({ ...own, steps });
      // steps that start at the same time are written one after another: the last write lists all of them
      written = written.then(() => shell.write(path, text, 0o600));
      await written;
    },
    ended(group) {
      steps = steps.filter((one) => one.group !== group);
    },
    release: () => shell.remove(path),
  };
}

/** Ends a step that outlived its run: SIGTERM, then SIGKILL. */
async function end(shell: Shell, { group, began }: Group, talk: (line: string) => void): Promise<void> {
  // the id of a group is not reused while it has members: a leader that started later is another process
  const leader = await startOf(shell, group);
  if ((leader !== null && leader !== began) || !(await shell.signal(-group, 0))) return;
  talk(`an earlier run was killed and left a step running (process group ${group}): stopping it first`);
  await shell.signal(-group, "SIGTERM");
  for (let tenths = 0; tenths < 200 && await shell.signal(-group, 0); tenths++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await shell.signal(-group, "SIGKILL");
}

async function alive(shell: Shell, pid: number, since: string | null): Promise<boolean> {
  if (!(await shell.signal(pid, 0))) return false;
  const values = await valuesOf(shell, pid);
  // a zombie has ended, and waits only until its parent has noticed
  return values[0] !== "Z" && startIn(values) === since;
}

/** Field 22 of /proc/PID/stat (proc(5)): start time in ticks since boot; null where there is no /proc. */
async function startOf(shell: Shell, pid: number): Promise<string | null> {
  return startIn(await valuesOf(shell, pid));
}

const startIn = (values: string[]): string | null => values[19] ?? null;

/** The values of /proc/PID/stat from the third on, the state; none where there is no such file. */
async function valuesOf(shell: Shell, pid: number): Promise<string[]> {
  const stat = await shell.read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
}

/**
 * Parses a holder; undefined if the text names no process: an id below 2 means all processes or
 * init (kill(2)).
 */
function parsed(text: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(text);
    if (!isMap(holder) || !isId(holder.pid)) return undefined;
    const { pid, began, command, since, steps } = holder;
    return {
      pid,
      began: typeof began === "string" ? began : null,
      command: typeof command === "string" ? command : "a run",
      since: typeof since === "string" ? since : "an unknown time",
      steps: Array.isArray(steps) ? steps.flatMap((step: unknown) => groupIn(step)) : [],
    };
  } catch {
    return undefined;
  }
}

function groupIn(step: unknown): Group[] {
  if (!isMap(step) || !isId(step.group)) return [];
  return [{ group: step.group, began: typeof step.began === "string" ? step.began : null }];
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 1;
