/** Questions before something is removed or changed. */
import { UserError } from "../errors.mts";
import type { Context } from "./context.mts";

/**
 * Whether a person agrees; `--yes` agrees to everything. `action` says what would be done, as part of a sentence.
 *
 * Asks on standard input. Throws {@link UserError} with code 2 if it is not a terminal: no answer is not an agreement.
 */
export async function confirmed({ shell, options }: Context, question: string, action: string): Promise<boolean> {
  if (options.yes) return true;
  if (!shell.terminal.in) {
    throw new UserError(
      `${action} needs your confirmation, and standard input is not a terminal: nothing was changed\n  to ` +
        "confirm in advance: --yes",
    );
  }
  return await shell.confirm(question);
}
