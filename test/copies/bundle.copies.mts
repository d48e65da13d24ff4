// The one-file build in an otherwise empty folder: its output is the script's.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";
import { type Said, started, starting, zx } from "../start.mts";

const test = suite("bundle");
const work = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
const built = join(work, "homelab-gpu.mjs");
const names = ["rtx4070-desktop-debian12", "vm-without-gpu"];
const [card, none] = names.map((name) => `${name}.txt`) as [string, string];

/**
 * Programs with fixed answers for both, independent of this machine. The one that runs the probe
 * saves the script that it was given, and answers with a saved host.
 */
const { PATH } = standIns(work, {
  sh: `[ "$*" = -s ] || exec /bin/sh "$@"\ncat >probe-seen.sh\ncat ${none}`,
  ...Object.fromEntries(["virsh", "vagrant", "packer", "VBoxManage"].map((name) => [name, "exit 1"])),
});

/** A new folder with the bundle in it, or with nothing that the script could use. */
function place(name: string, bundle: boolean): string {
  const folder = join(work, `${name} ${bundle ? "bundle" : "script"}`);
  for (const host of [card, none]) cpSync(`${root}/test/hosts/${host}`, join(folder, host));
  writeFileSync(join(folder, "log.txt"), "vfio: error getting device from group 1: group 1 is not viable\n");
  if (bundle) cpSync(built, join(folder, "homelab-gpu.mjs"));
  return folder;
}

/**
 * All output and files of a command, normalised so that they do not depend on the folder and the
 * script.
 */
async function outputOf(
  name: string,
  words: string[],
  bundle: boolean,
): Promise<Said & { files: Record<string, string> }> {
  const folder = place(name, bundle);
  // one cache for all starts, which Node's compiled code is in
  const env = { XDG_CACHE_HOME: join(work, "cache"), PATH: PATH! };
  const said = await started(
    bundle ? [...zx, "homelab-gpu.mjs", ...words] : [...starting, `${root}/homelab-gpu.mts`, ...words],
    { folder, env },
  );
  const plain = (text: string) =>
    text.replaceAll(folder, "FOLDER").replaceAll("homelab-gpu.mjs", "homelab-gpu.mts").replace(/\$schema=.*/, "SCHEMA")
      .replace(/process \d+|_[0-9a-f]{6}|-[0-9a-f]{6}_/g, "N").replace(/\d+ (MiB|GiB) (of memory )?free/g, "N free");
  const left = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    statSync(join(folder, path)).isFile() &&
    !/homelab-gpu\.mjs$|homelab-gpu\.schema\.json$|\.gitignore$/.test(path)
  );
  const files = Object.fromEntries(left.sort().map((path) => [path, plain(readFileSync(join(folder, path), "utf8"))]));
  return { code: said.code, out: plain(said.out), err: plain(said.err), files };
}

test.before(async () => {
  const { code, err } = await started([...starting, `${root}/scripts/bundle.mts`, built], { folder: root });
  assert.is(code, 0, err);
});
test.after(() => rmSync(work, { recursive: true }));

const commands: [string[], number][] = [
  [["--version"], 0],
  [["--help"], 0],
  [["doctor", "--host", card], 0],
  [["doctor", "--json", "--host", none], 1],
  [["doctor", "provider", "tools", "gpu"], 1],
  [["plan", "--host", card], 0],
  [["plan", "--json", "--no-gpu", "--host", none], 0],
  [["up", "--dry-run", "--host", card], 0],
  [["up", "-n", "--host", none], 1],
  [["up", "--host", none], 2],
  [["up", "--foo"], 2],
  [["init", "--host", card], 0],
  [["init", "--host", none], 0],
  [["prepare", "--host", card], 0],
  [["explain", "log.txt"], 0],
  [["completion", "bash"], 0],
  [["completion", "zsh"], 0],
  [["completion", "fish"], 0],
  [["verify", "--host", none, "--no-gpu"], 1],
  [["status"], 0],
  [["destroy"], 0],
];
for (const [words, code] of commands) {
  test(`${words.join(" ")}: the bundle does the same as the script`, async () => {
    const name = words.join(" ").replace(/\W+/g, "-");
    const [script, bundle] = await Promise.all([outputOf(name, words, false), outputOf(name, words, true)]);
    assert.is(script.code, code, script.err);
    assert.equal(bundle, script);
  });
}

test("the bundle runs the same probe as the script", async () => {
  const { files } = await outputOf("probe", ["doctor", "gpu"], true);
  assert.is(files["probe-seen.sh"], readFileSync(`${root}/scripts/probe-linux.sh`, "utf8"));
});

test("the bundle contains every template and every script for other systems", () => {
  const text = readFileSync(built, "utf8");
  const there = ["templates", "scripts"].flatMap((folder) =>
    readdirSync(`${root}/${folder}`).map((name) => `${folder}/${name}`)
  );
  assert.equal(there.filter((path) => !/\.(m[tj]s|json|md)$/.test(path) && !text.includes(`  "${path}": `)), []);
});

test("init writes the editors' schema next to the config", async () => {
  const folder = place("schema", true);
  await started([...zx, "homelab-gpu.mjs", "init", "--host", card], { folder });
  const schema = /\$schema=(.*)/.exec(readFileSync(join(folder, "homelab-gpu.yaml"), "utf8"))![1]!;
  assert.is(
    readFileSync(join(folder, schema), "utf8"),
    readFileSync(`${root}/templates/homelab-gpu.schema.json`, "utf8"),
  );
  assert.ok(existsSync(join(folder, ".homelab-gpu/.gitignore")));
});

test("without zx, the message says how to install it", async () => {
  if ("Deno" in globalThis) return;
  const folder = place("alone", true);
  const { code, out, err } = await started(["homelab-gpu.mjs", "status"], { folder });
  assert.equal([code, out], [2, ""]);
  assert.match(err, /^homelab-gpu: zx is not installed here\n {2}npx -y zx .*homelab-gpu\.mjs status\n$/);
  const version = await started(["homelab-gpu.mjs", "--version"], { folder });
  assert.equal([version.code, version.err], [0, ""], "which needs none");
});

test.run();
