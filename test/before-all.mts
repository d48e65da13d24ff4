import type { uvu } from "uvu";

/**
 * Runs `prepare` once before the tests of a suite. If it throws, each test fails with its error. uvu's own `before`
 * would run no test, print no error, and exit with 0.
 */
export function beforeAll<T>(test: uvu.Test<T>, prepare: () => unknown): void {
  let failed: { error: unknown } | undefined;
  test.before(async () => {
    try {
      await prepare();
    } catch (error) {
      failed = { error };
    }
  });
  test.before.each(() => {
    if (failed) throw failed.error;
  });
}
