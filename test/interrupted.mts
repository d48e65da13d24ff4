// A run that a test interrupts: prints the id of its step's process group, and "ready" once the
// step's trap is set; then waits for the step.
import process from "node:process";
import { Interrupted } from "../lib/errors.mts";
import { realShell } from "../lib/run/shell.mts";

const shell = realShell();
try {
  await shell.run(["sh", "-c", "trap 'echo cleaned; exit 3' INT; sleep 600 & echo ready; wait"], {
    started: (group) => Promise.resolve(shell.stdout(`${group}\n`)),
    show: (text) => shell.stdout(text),
  });
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  process.exitCode = 130;
}
