// Real stacks in a separate VM: one box, one boot. `up for real` runs the same tests in its VM,
// without another boot.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import { root } from "../fake.mts";
import { stackTests } from "./stacks.mts";

const test = suite("stacks for real");
const home = mkdtempSync(join(tmpdir(), "homelab-gpu-stacks-"));
const machine =
  "machines:\n  - {name: stacks, box: homelab-gpu/stacks-e2e, image: {debootstrap: trixie}, memory: 2048}\n";

function run(...words: string[]) {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    XDG_CONFIG_HOME: join(home, "none"),
    HOMELAB_GPU_TIMEOUT_FACTOR: "20",
  };
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR", "NO_COLOR"]) delete env[name];
  const script = [
    "--import",
    "tsx",
    "node_modules/.bin/zx",
    "homelab-gpu.mts",
    "--config",
    join(home, "homelab-gpu.yaml"),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...script, ...words], {
    ...{ cwd: root, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 },
  });
  return Promise.resolve({ code: status ?? -1, said: stdout + stderr });
}

test.after(async () => {
  await run("destroy", "--yes");
  spawnSync("vagrant", ["box", "remove", "--force", "--all", "homelab-gpu/stacks-e2e"], { stdio: "ignore" });
  rmSync(home, { recursive: true, force: true });
});

stackTests(test, {
  write: (path, text) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  },
  config: (stacks) => machine + stacks,
  run: (...words) => run(...words, ...(words[0] === "up" ? ["--yes"] : [])),
});

test.run();
