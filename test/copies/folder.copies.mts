// The folder, copied to where users keep their scripts: it works there, and all files that it
// writes are next to the config.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { own, root, standIns } from "../fake.mts";
import { type Said, started, starting } from "../start.mts";

const test = suite("copies");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-copies-"));
const host = `${root}/test/hosts/vm-without-gpu.txt`;
const config =
  "machines: [{name: a, box: lab/x, image: debian-13, provision: [./mine.sh]}]\nservices: {s: {image: nginx}}\n";

// fixed answers about the lab, independent of this machine
const { PATH } = standIns(join(work, "programs"), { virsh: "exit 1", vagrant: "exit 1" });
// what Node compiles of the copies is removed with them
const env = { PATH: PATH!, XDG_CACHE_HOME: join(work, "cache") };
/** The same while libvirt says that each VM exists. */
const withVms = {
  ...env,
  PATH: standIns(join(work, "existing"), {
    virsh: 'for words; do :; done; set -- $words; printf "Id: 1\\nName: ${2%%;}\\n"',
    vagrant: "exit 1",
  }).PATH!,
};

const deno = "Deno" in globalThis;

/** The files to copy and the command to type for this runtime, from the README of the scripts. */
const [, listed, typed] = new RegExp(`^\\| ${deno ? "Deno" : "Node"} \\| (.*) \\| (.*) \\|$`, "m").exec(
  own("scripts/README.md"),
)!;

/** Copies what a user copies. Packages are where `npm ci` installs them; Deno uses its cache. */
function copy(folder: string, packages = folder): string {
  mkdirSync(packages, { recursive: true });
  for (const [, name] of listed!.matchAll(/`([^`]+)`/g)) {
    cpSync(`${root}/${name}`, join(folder, name!), { recursive: true });
  }
  if (!deno) symlinkSync(`${root}/node_modules`, join(packages, "node_modules"));
  return folder;
}

/**
 * A user's folder with a config. The tests use the same one after each other where its name does not
 * matter, so that the script's own output in it is computed once.
 */
function lab(name = ""): string {
  const folder = join(work, `${name} lab`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "homelab-gpu.yaml"), config);
  writeFileSync(join(folder, "mine.sh"), "#!/bin/sh\n");
  return folder;
}

/** Every path below a folder with its time of change, without node_modules. */
function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort().flatMap((path) =>
    /(^|\/)node_modules(\/|$)/.test(path) ? [] : [`${path} ${statSync(join(folder, path)).mtimeMs}`]
  );
}

// the copy's own deno.json applies, as for a user who starts it there
const bare = deno ? ["run", "-A"] : starting;

/** The script's own output, by folder, whether it has a state, and command. */
const ownOutput = new Map<string, Promise<Said>>();
function here(folder: string, command: string[]): Promise<Said> {
  const key = JSON.stringify([folder, existsSync(join(folder, ".homelab-gpu")), command]);
  const known = ownOutput.get(key) ?? started([...starting, `${root}/homelab-gpu.mts`, ...command], { folder, env });
  ownOutput.set(key, known);
  return known;
}

/**
 * Checks `doctor`, `plan` and `destroy` of a copy, called from a folder: their output is the same as
 * here, and the copy is unchanged.
 */
async function works(code: string, script: string, folder: string, words: string[] = [], before = bare): Promise<void> {
  const was = treeOf(code);
  const run = (command: string[]) =>
    started([...before, script, ...command, "--host", host, ...words], { folder, env });
  const asked = ["doctor", "plan"];
  const [said, expected] = await Promise.all([
    Promise.all(asked.map((name) => run([name]))),
    Promise.all(asked.map((name) => here(folder, [name, "--host", host, ...words]))),
  ]);
  assert.equal(said, expected);
  assert.match(said[1]!.out, /\.homelab-gpu/);
  const { err } = await started([...before, script, "destroy", "--yes", ...words], { folder, env: withVms });
  assert.match(err, /Remove the VM a\n.*1\/\d done/s);
  assert.equal(treeOf(code), was);
}
const left = (folder: string) => readdirSync(folder).sort();
const withState = [".homelab-gpu", "homelab-gpu.yaml", "mine.sh"];

test.after(() => rmSync(work, { recursive: true }));

test("the files and commands in the README of the scripts are enough", () => {
  const code = copy(join(work, "told"));
  // this runtime comes first in PATH, and the variables of the npm that runs the tests are removed
  const clean = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$)/.test(name));
  const env = { ...Object.fromEntries(clean), PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const says = (line: string, cwd: string) => {
    const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { cwd, env, encoding: "utf8" });
    assert.equal([status, stdout], [0, `${JSON.parse(own("package.json")).version}\n`], `${line}: ${stderr}`);
  };
  const lines = [...typed!.matchAll(/`([^`]+) up`/g)].map(([, line]) => `${line} --version`);
  assert.is(lines.length, deno ? 1 : 3);
  const old = process.version.startsWith("v20.");
  for (const line of lines) {
    if (!line.includes("COPY")) says(line, code);
    else if (deno || old === line.includes("--import")) says(line.replaceAll("COPY", code), work);
  }
});

test("a copy works in a repository whose package.json says commonjs", async () => {
  const repository = join(work, "commonjs");
  const code = copy(join(repository, "bin/gpu"), repository);
  if (!deno) rmSync(join(code, "package.json"));
  writeFileSync(join(repository, "package.json"), '{ "type": "commonjs", "dependencies": { "left-pad": "1.0.0" } }');
  const folder = lab();
  await works(code, join(code, "homelab-gpu.mts"), folder);
  assert.equal(left(folder), withState);
});

test("a copy works below another tsconfig", async () => {
  const repository = join(work, "typescript");
  const code = copy(join(repository, "gpu"));
  const options = {
    module: "commonjs",
    target: "es5",
    experimentalDecorators: true,
    jsx: "react",
    baseUrl: ".",
    paths: { "*": ["./nowhere/*"], "./lib/*": ["./nowhere/*"] },
  };
  writeFileSync(join(repository, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["nowhere"] }));
  writeFileSync(join(code, "homelab-gpu.yaml"), config);
  writeFileSync(join(code, "mine.sh"), "");
  const folder = lab();
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  await works(code, join(code, "homelab-gpu.mts"), folder);
  assert.equal(left(folder), [...withState, "tsconfig.json"]);
});

test("a copy works under a path with spaces, quotes, Unicode and URL characters", async () => {
  const name = "ü ñ 日本 #1%20?x=1 'q' \"d\" $HOME;&";
  // tsx, which Node 20 needs, cuts a path at a question mark
  const code = copy(join(work, "dot files", starting.includes("--import") ? name.replace("?", "") : name));
  const folder = lab(name);
  await works(code, join(code, "homelab-gpu.mts"), folder);
  assert.equal(left(folder), withState);
});

test("a copy works through a symbolic link to the script or to its folder", async () => {
  const code = copy(join(work, "linked code"));
  mkdirSync(join(work, "bin"));
  symlinkSync(join(code, "homelab-gpu.mts"), join(work, "bin/gpu.mts"));
  symlinkSync(code, join(work, "link"));
  const folder = lab();
  // Deno resolves the imports of a linked file in the link's folder
  if (!deno) await works(code, join(work, "bin/gpu.mts"), folder);
  await works(code, join(work, "link/homelab-gpu.mts"), folder);
  await works(code, relative(folder, join(work, "link/homelab-gpu.mts")), folder);
  assert.equal(left(folder), withState);
  assert.equal(left(join(work, "bin")), ["gpu.mts"]);
});

test("a copy works in a read-only folder", async () => {
  const code = copy(join(work, "read only"));
  const folder = lab();
  const paths = ["", ...readdirSync(code, { recursive: true, encoding: "utf8" })].filter((path) =>
    !path.includes("node_modules")
  );
  for (const path of paths) chmodSync(join(code, path), statSync(join(code, path)).mode & 0o555);
  await works(code, join(code, "homelab-gpu.mts"), folder);
  // root may write anywhere except on a read-only mount
  const mounted = ["-m", "sh", "-euc", 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"', "sh"];
  if (spawnSync("unshare", [...mounted, code, "true"]).status === 0) {
    const command = [process.execPath, ...bare, join(code, "homelab-gpu.mts"), "plan", "--host", host];
    const { NODE_OPTIONS: _, ...env } = process.env;
    const out = execFileSync("unshare", [...mounted, code, ...command], {
      cwd: folder,
      encoding: "utf8",
      stdio: "pipe",
      env,
    });
    assert.match(out, /\.homelab-gpu/);
  }
  for (const path of paths) chmodSync(join(code, path), 0o755);
  assert.equal(left(folder), withState);
});

test("state is next to the config, or in the current folder without one", async () => {
  const code = copy(join(work, "code"));
  const [folder, elsewhere] = [lab("by the config"), join(work, "elsewhere")];
  mkdirSync(elsewhere);
  await works(code, join(code, "homelab-gpu.mts"), elsewhere, ["--config", join(folder, "homelab-gpu.yaml")]);
  assert.equal(left(folder), withState);
  assert.equal(left(elsewhere), []);
  await works(code, join(code, "homelab-gpu.mts"), elsewhere, [
    "--config",
    relative(elsewhere, join(folder, "homelab-gpu.yaml")),
  ]);
  assert.equal(left(elsewhere), []);
  const { err } = await started([...bare, join(code, "homelab-gpu.mts"), "destroy", "--yes"], {
    folder: elsewhere,
    env: withVms,
  });
  assert.match(err, /Remove the VM devlab\n/);
  assert.equal(left(elsewhere), [".homelab-gpu"]);
  assert.not.ok(left(dirname(code)).includes(".homelab-gpu"));
});

test.run();
