/** Steps as command lines. */
import { shellCommand } from "../render.mts";
import type { Step } from "./types.mts";

/** A step as a command line to type in the lab's folder. */
export function commandLine({ command, cwd, input, output }: Step): string {
  const line = command.map(shellCommand).join(" ") + (input ? ` < ${shellCommand(input)}` : "") +
    (output ? ` > ${shellCommand(output)}` : "");
  return cwd ? `cd ${shellCommand(cwd)} && ${line}` : line;
}
