/** Waits in tests for a certain event, however long it takes on a busy machine. */

/** Timeout, minutes. It only ends what would wait for ever: no test depends on speed. */
const timeout = 5;

/**
 * Waits until `come` returns something other than undefined, null, false, 0 or "", and returns
 * that. `what` names it in the error after the timeout.
 */
export async function until<T>(
  what: string,
  come: () => T | Promise<T>,
): Promise<Exclude<T, undefined | null | false | 0 | "">> {
  const end = Date.now() + timeout * 60_000;
  for (;;) {
    const value = await come();
    if (value) return value as Exclude<T, undefined | null | false | 0 | "">;
    if (Date.now() > end) throw new Error(`waited ${timeout} minutes for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
