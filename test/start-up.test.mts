// The modules that a start loads, and the programs that it runs.
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../lib/cli/main.mts";
import { fakeShell, own, root } from "./fake.mts";

const test = suite("start-up");
const { dependencies } = JSON.parse(own("package.json"));

/** The modules that a module loads immediately, itself included, and the packages among them. */
function loaded(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, to] of own(path).matchAll(/^(?:import|export) (?!type)(?:[^"]* from )?"([^"]+)";$/gm)) {
    if (to!.startsWith(".")) loaded(join(dirname(path), to!), seen);
    else if (!to!.startsWith("node:")) seen.add(to!);
  }
  return seen;
}

test("--version, --help and the early logins load no package and no command", () => {
  const modules = [...loaded("lib/cli/early-programs.mts"), ...loaded("lib/cli/quick.mts")];
  assert.ok(modules.includes("lib/cli/commands.mts"), modules.join());
  assert.equal(
    modules.filter((path) => path in dependencies || /^lib\/(?:cli\/commands|checks|plan)\//.test(path)),
    [],
  );
  const imports = [...own("homelab-gpu.mts").matchAll(/^import "(.*)";$/gm)].map(([, path]) => path);
  assert.equal(imports, [
    "./lib/run/shell/runtime.mts",
    "./lib/cli/compile-cache.mts",
    "./lib/cli/early-programs.mts",
    "./lib/cli/quick.mts",
  ]);
});

/** The programs that the probe is to run, for the words of a command line. */
async function asked(...words: string[]): Promise<string | undefined> {
  const files = ["templates/homelab-gpu.yaml", "scripts/probe-linux.sh"].map((path) => [`${root}/${path}`, own(path)]);
  const { shell } = fakeShell(Object.fromEntries(files), {});
  let said: string | undefined = "not asked";
  const capture: typeof shell.capture = (_, { env } = {}) => {
    said = env?.HOMELAB_GPU_ASK;
    return Promise.resolve({ ok: true, code: 0, out: own("test/hosts/vm-without-gpu.txt"), err: "" });
  };
  await main(words, { ...shell, platform: "linux", capture });
  return said;
}

test("doctor runs Packer and libvirt's programs only if a check needs them", async () => {
  assert.is(await asked("doctor"), undefined);
  assert.is(await asked("doctor", "iommu", "gpu.present"), "");
  assert.is(await asked("doctor", "provider.version"), "packer");
  assert.is(await asked("doctor", "provider.access"), "libvirt");
  assert.is(await asked("doctor", "host.forwarding"), "libvirt");
  assert.is(await asked("doctor", "tools"), "packer libvirt");
  assert.is(await asked("doctor", "iommu", "--save", "x.txt"), undefined, "what is saved is whole");
});

test.run();
