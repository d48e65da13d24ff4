/** Messages of this program to a person. */
import type { Shell } from "../shell.mts";
import { visible, wrapMessage } from "../text.mts";

/**
 * Writes a message to standard error, after the program's name; wrapped at the columns of a
 * terminal, and nowhere else.
 */
export function sayTo(shell: Shell, text: string): void {
  const { err, columns } = shell.terminal;
  shell.stderr(`${wrapMessage(visible(text), err ? columns : Infinity, "homelab-gpu: ")}\n`);
}
