// The commands of the README, as it has them, in a copy of the checkout; those that need a VM, a
// network or another system name the test that runs them.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { own, root, standIns } from "../fake.mts";
import { blocks, typed } from "../readme-commands.mts";

const test = suite("readme");
const home = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
const checkout = join(home, "homelab-gpu");
const zx = `${root}/node_modules/zx/build/cli.js`;

/** `npx zx` with Node's options from .npmrc but without npm's start, and no answers about this machine's VMs and card. */
const { PATH } = standIns(home, {
  npx: `shift; NODE_OPTIONS=$(sed -n s/^node-options=//p .npmrc) exec '${process.execPath}' '${zx}' "$@"`,
  ...Object.fromEntries(["virsh", "vagrant", "packer", "VBoxManage", "sudo"].map((name) => [name, "exit 1"])),
});

/** Runs lines in one bash in the checkout, and returns the exit code and all output. */
function bash(...lines: string[]): { code: number | null; said: string } {
  const { NODE_OPTIONS: _, XDG_CACHE_HOME: __, XDG_CONFIG_HOME: ___, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", lines.join("\n")], {
    cwd: checkout,
    encoding: "utf8",
    env: { ...env, HOME: home, PATH: `${join(home, "bin")}:${dirname(process.execPath)}:${PATH}` },
  });
  return { code: status, said: `${stdout}${stderr}` };
}

beforeAll(test, () => {
  mkdirSync(checkout);
  for (const name of ["homelab-gpu.mts", "lib", "templates", "scripts", "package.json", ".npmrc"]) {
    cpSync(`${root}/${name}`, join(checkout, name), { recursive: true });
  }
  symlinkSync(`${root}/node_modules`, join(checkout, "node_modules"));
});
test.after(() => rmSync(home, { recursive: true }));

/** Exit codes of commands that run here. A host without a usable card fails the checks. */
const here: Record<string, number[]> = {
  "npx zx homelab-gpu.mts doctor": [0, 1],
  "npx zx homelab-gpu.mts init": [0],
  "npx zx homelab-gpu.mts status": [0],
  "npx zx homelab-gpu.mts doctor --save host.txt": [0, 1],
  "npx zx homelab-gpu.mts destroy": [0],
  "npm run bundle": [0],
};
/** Other commands, with the file that runs them and what that file has. */
const elsewhere: Record<string, [file: string, has: RegExp]> = {
  "npm ci": [".ci/run", /\| npm ci \|/],
  "npm test": [".ci/run", /\| npm test \|/],
  "npm run demo -- --yes": ["test/scripts/demo.scripts.mts", /\["--yes"\]/],
  "npx zx homelab-gpu.mts up": ["test/e2e/stacks.e2e.mts", /"up"/],
  "npx zx homelab-gpu.mts up --yes": ["test/e2e/stacks.e2e.mts", /"up" \? \["--yes"\]/],
  "npx zx homelab-gpu.mts prepare --undo": ["test/e2e/gpu.e2e.mts", /--undo/],
  "npm link": ["test/scripts/package.scripts.mts", /npm links a name/],
};
const unchecked = [
  /^(?:git clone|cd|rm) /, // below, in a folder and a home of the test
  /^scp /, // needs a VM
  /^(?:npm|npx)\.cmd /, // their words are those of the block for Linux
  /^deno task /, // readme.test.mts: such a task exists
  /^homelab-gpu\(\)|^source /, // below, together
  // programs of Windows: the tier powershell reads these lines
  /^(?:(?:"[\w.]+",? )+\|$|ForEach-Object |wsl |Enable-WindowsOptionalFeature |# on Server: )/,
];

test("each command is run by a test", () => {
  const missing = [...new Set(typed)].filter((line) =>
    !(line in here) && !(line in elsewhere) && !unchecked.some((pattern) => pattern.test(line))
  );
  assert.equal(missing, []);
  assert.equal([...Object.keys(here), ...Object.keys(elsewhere)].filter((line) => !typed.includes(line)), []);
  for (const [line, [file, has]] of Object.entries(elsewhere)) assert.match(own(file), has, line);
  const windows = typed.filter((line) => /^(?:npm|npx)\.cmd /.test(line)).map((line) => line.replace(".cmd", ""));
  assert.equal(windows.filter((line) => !typed.includes(line)), []);
});

for (const line of typed.filter((line, i) => line in here && typed.indexOf(line) === i)) {
  test(line, () => {
    const { code, said } = bash(line);
    assert.ok(here[line]!.includes(code!), `${code}: ${said}`);
    assert.not.match(said, /\n +at /);
    if (line.endsWith("init")) assert.ok(existsSync(join(checkout, "homelab-gpu.yaml")));
    if (line.endsWith("--save host.txt")) assert.ok(readFileSync(join(checkout, "host.txt"), "utf8").length > 100);
  });
}

test("its shell function starts the one file, which completes its commands in bash", () => {
  const lines = typed.filter((line) => /^homelab-gpu\(\)|^source /.test(line)).map((line) =>
    line.replace("completion zsh", "completion bash")
  );
  assert.is(lines.length, 2);
  const { code, said } = bash(
    "npm run bundle >/dev/null",
    ...lines,
    "homelab-gpu --version",
    "complete -p homelab-gpu",
  );
  assert.is(code, 0, said);
  assert.match(said, /^\d+\.\d+\.\d+\ncomplete .*homelab-gpu\n$/);
});

/** Whole lines of the README's blocks that begin with a word, without comments. */
const linesWith = (word: string) =>
  ["sh", "powershell"].flatMap((language) => blocks(language)).join("").split("\n")
    .filter((line) => line.startsWith(`${word} `)).map((line) => line.replace(/ {2,}#.*/, ""));

test("its git commands clone the repository, and lead into it", () => {
  const upstream = join(home, "upstream/homelab-gpu");
  mkdirSync(upstream, { recursive: true });
  for (const name of ["homelab-gpu.mts", "package.json", "package-lock.json"]) {
    cpSync(`${root}/${name}`, join(upstream, name));
  }
  const as = "git -c user.name=test -c user.email=test@localhost";
  const made = bash(
    "set -e",
    `cd '${upstream}'`,
    "git init -q",
    "git add .",
    `${as} commit -qm first`,
    // the README names no owner: its address leads to the repository of this test
    `git config --global url.'file://${dirname(upstream)}/'.insteadOf https://github.com/OWNER/`,
  );
  assert.is(made.code, 0, made.said);
  const clones = linesWith("git");
  assert.is(clones.length, 2);
  const entered = linesWith("cd").filter((line) => line.endsWith("homelab-gpu"));
  for (const [i, lines] of [[clones[0]!], [clones[1]!, ...entered]].entries()) {
    const { code, said } = bash(
      `mkdir '${home}/user${i}'`,
      `cd '${home}/user${i}'`,
      ...lines,
      "ls",
      "git status --short",
    );
    assert.is(code, 0, said);
    assert.match(said, /^homelab-gpu\.mts\npackage-lock\.json\npackage\.json$/m);
  }
});

test("its rm command removes the lab's folder and the caches, and nothing else", () => {
  const lines = linesWith("rm");
  assert.is(lines.length, 1);
  const folders = [join(checkout, ".homelab-gpu"), join(home, ".cache/homelab-gpu")];
  // what `up` writes there; some of it can be read only
  for (const folder of folders) {
    mkdirSync(join(folder, "ssh"), { recursive: true });
    writeFileSync(join(folder, ".gitignore"), "*\n");
    writeFileSync(join(folder, "ssh/ai"), "Host ai\n", { mode: 0o600 });
  }
  writeFileSync(join(checkout, "homelab-gpu.yaml"), "machines: []\n");
  writeFileSync(join(home, ".cache/of-others"), "x");
  const { code, said } = bash(...lines);
  assert.equal({ code, said }, { code: 0, said: "" });
  assert.equal(folders.filter((folder) => existsSync(folder)), []);
  assert.ok(existsSync(join(checkout, "homelab-gpu.yaml")) && existsSync(join(home, ".cache/of-others")));
});

test.run();
