// A run that is killed when its step has started and is not recorded yet. It first prints the id of
// the step's process group. The step creates the file that the argument names.
import { writeSync } from "node:fs";
import process from "node:process";
import { realShell } from "../lib/run/shell.mts";

await realShell().run(["sh", "-c", '>"$1"', "sh", process.argv[2]!], {
  started: (group) => {
    writeSync(1, `${group}\n`);
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => {});
  },
});
