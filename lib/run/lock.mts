import process from "node:process";
import { UserError } from "../errors.mts";
import type { Shell } from "../shell.mts";

/** Who works in a lab's folder. */
interface Holder {
  pid: number;
  /** When that process began, in the kernel's own count, so that a reused id is no stranger's alibi. */
  began: string | null;
  command: string;
  since: string;
  /** The process groups of the steps that run. */
  steps?: Group[];
}

/** A step's process group, and when its leader began. */
interface Group {
  group: number;
  began: string | null;
}

/** A lock that is held. */
export interface Lock {
  /** Notes the process group of a step that now runs, so that who comes after a kill can end it. */
  step(group: number): Promise<void>;
  /** That step is over. What it left behind, such as a daemon, is nobody's to end. */
  ended(group: number): void;
  release(): Promise<void>;
}

/**
 * Takes the lock of a lab's folder. One whose holder is dead is taken over, and a step that its holder left running is ended first.
 *
 * Throws {@link UserError} that names the holder if it lives, or if the folder is not this user's alone.
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
    pid: process.pid,
    began: await startOf(shell, process.pid),
    command,
    since: new Date().toISOString(),
  };
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await shell.create(path, JSON.stringify(own))) {
      return noting(shell, path, own);
    }
    const holder = parsed(await shell.read(path));
    if (holder && (await alive(shell, holder.pid, holder.began))) {
      throw new UserError(
        `“${holder.command}” is at work in ${folder} (process ${holder.pid}, since ${holder.since}): wait for it`,
        1,
      );
    }
    // Two may find the same dead holder: only what was moved away and is still the dead one's is thrown away
    const aside = `${path}.${process.pid}`;
    if (!(await shell.move(path, aside))) continue;
    const moved = parsed(await shell.read(aside));
    if (moved && (await alive(shell, moved.pid, moved.began))) {
      await shell.move(aside, path);
      continue;
    }
    await shell.remove(aside);
    await Promise.all((moved?.steps ?? []).map((step) => end(shell, step, talk)));
  }
  throw new UserError(`cannot take the lock ${path}: several runs try at once`, 1);
}

/** The lock, in whose file the groups of the steps stand that run. */
function noting(shell: Shell, path: string, own: Holder): Lock {
  let steps: Group[] = [];
  let written = Promise.resolve();
  return {
    async step(group) {
      const began = await startOf(shell, group);
      steps = [...steps, { group, began }];
      const text = JSON.stringify({ ...own, steps });
      // steps that begin at the same time are noted one after the other: the last word is the whole
      written = written.then(() => shell.write(path, text, 0o600));
      await written;
    },
    ended(group) {
      steps = steps.filter((one) => one.group !== group);
    },
    release: () => shell.remove(path),
  };
}

/** Ends a step that outlived the run that started it: asks first, then insists. */
async function end(shell: Shell, { group, began }: Group, talk: (line: string) => void): Promise<void> {
  // as long as a group has members, its number is given to no other process: only a leader that began later is a stranger
  const leader = await startOf(shell, group);
  if ((leader !== null && leader !== began) || !shell.signal(-group, 0)) return;
  talk(`an earlier run was killed and left a step running (process group ${group}): it is ended first`);
  shell.signal(-group, "SIGTERM");
  for (let tenths = 0; tenths < 200 && shell.signal(-group, 0); tenths++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  shell.signal(-group, "SIGKILL");
}

async function alive(shell: Shell, pid: number, since: string | null): Promise<boolean> {
  return shell.signal(pid, 0) && (await startOf(shell, pid)) === since;
}

/** Field 22 of /proc/PID/stat (proc(5)): start time in ticks since boot; null where there is no /proc. */
async function startOf(shell: Shell, pid: number): Promise<string | null> {
  const stat = await shell.read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

function parsed(text: string | undefined): Holder | undefined {
  try {
    const holder = JSON.parse(text ?? "") as Holder;
    return typeof holder.pid === "number" ? holder : undefined;
  } catch {
    return undefined;
  }
}
