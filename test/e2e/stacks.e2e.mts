// Real stacks in a separate VM: one box, one boot. `up for real` runs the same tests in its VM,
// without another boot.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import { runScript, startScript } from "./script.mts";
import { stackTests } from "./stacks.mts";

const test = suite("stacks for real");
const home = mkdtempSync(join(tmpdir(), "homelab-gpu-stacks-"));
const machine =
  "machines:\n  - {name: stacks, box: homelab-gpu/stacks-e2e, image: {debootstrap: trixie}, memory: 2048}\n";

const env: NodeJS.ProcessEnv = {
  ...process.env,
  XDG_CONFIG_HOME: join(home, "none"),
  HOMELAB_GPU_TIMEOUT_FACTOR: "20",
};
for (const name of ["NODE_OPTIONS", "FORCE_COLOR", "NO_COLOR"]) delete env[name];
const ofLab = ["--config", join(home, "homelab-gpu.yaml")];
const start = (...words: string[]) => startScript([...ofLab, ...words], env);
async function run(...words: string[]) {
  const { said, ended } = start(...words);
  return { code: await ended, said: said() };
}

function removeRest(): void {
  spawnSync("vagrant", ["box", "remove", "--force", "--all", "homelab-gpu/stacks-e2e"], { stdio: "ignore" });
  rmSync(home, { recursive: true, force: true });
}
// a tier that takes too long is ended: nothing is left
process.once("SIGTERM", () => {
  runScript([...ofLab, "destroy", "--yes"], env);
  removeRest();
  process.exit(143);
});
test.after(async () => {
  await run("destroy", "--yes");
  removeRest();
});

stackTests(test, {
  write: (path, text) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  },
  config: (stacks) => machine + stacks,
  run: (...words) => run(...words, ...(words[0] === "up" ? ["--yes"] : [])),
  up: () => start("up", "--yes"),
});

test.run();
