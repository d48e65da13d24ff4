/** The lab's folder: closed to other users; parts of its state that are not read. */
import type { Lab } from "../host/lab.mts";
import { type Context, log } from "./context.mts";

/** Logs which parts of `state.json` are ignored: once per file and part in a run. */
export function logUnreadState(context: Context, { unreadState = [] }: Lab): void {
  const logged = saidOf.get(context) ?? new Set<string>();
  saidOf.set(context, logged);
  for (const sentence of unreadState.filter((one) => !logged.has(one))) {
    logged.add(sentence);
    log(context, sentence);
  }
}

const saidOf = new WeakMap<Context, Set<string>>();

/**
 * Closes an existing lab's folder to other users; makes none. Throws UserError if another user owns
 * it or something in it.
 */
export async function closeLab({ shell }: Context, folder: string): Promise<void> {
  if ((await shell.list(folder)).length > 0) await shell.ensurePrivateDir(folder);
}
