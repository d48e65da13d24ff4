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
  // folders and interfaces of this host are read by modules that are loaded only for them
  writeFileSync(
    join(folder, "lab.yaml"),
    "machines: [{name: a, box: lab/x, folders: [{from: /usr, to: /mnt/usr}], network: {lan: lo}}]\n",
  );
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
  [["doctor", "storage", "network", "--no-gpu", "--config", "lab.yaml"], 1],
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

const here = "Deno" in globalThis ? zx : [];

test("it needs no package: its output is the same without zx", async () => {
  const folder = place("alone", true);
  const env = { XDG_CACHE_HOME: join(work, "cache"), PATH: PATH! };
  for (const words of [["--version"], ["doctor", "gpu"], ["explain", "log.txt"]]) {
    const alone = await started([...here, "homelab-gpu.mjs", ...words], { folder, env });
    const withZx = await started([...zx, "homelab-gpu.mjs", ...words], { folder, env });
    assert.equal(alone, withZx, words.join(" "));
  }
});

test("what it compiled is kept for this very file only, and it works without a place for it", async () => {
  const folder = place("kept", true);
  const cache = join(folder, "cache");
  const places = { ordinary: { XDG_CACHE_HOME: cache }, none: { XDG_CACHE_HOME: "", HOME: "" } };
  const doctor = (env: Record<string, string>, file = "homelab-gpu.mjs") =>
    started([...here, file, "doctor", "--host", card], { folder, env: { PATH: PATH!, ...env } });
  const first = await doctor(places.ordinary);
  assert.match(first.out, /^Ready: /m);
  const compiled = join(cache, "homelab-gpu/compiled");
  const [name, ...more] = readdirSync(compiled);
  assert.ok(name && more.length === 0, `one file: ${[name, ...more]}`);
  assert.equal(await doctor(places.ordinary), first, "with what was kept");
  assert.equal(await doctor(places.none), first, "without a home");
  assert.equal(await doctor({ XDG_CACHE_HOME: "/dev/null" }), first, "without a folder");

  const whole = readFileSync(join(compiled, name));
  const cut = whole.subarray(0, whole.length - 100);
  writeFileSync(join(compiled, name), cut);
  assert.equal(await doctor(places.ordinary), first, "one that was cut off is not used");
  assert.not.ok(cut.equals(readFileSync(join(compiled, name))), "and is made again");
  const damaged = Buffer.from(whole);
  damaged.fill(0, whole.length - 20_000);
  writeFileSync(join(compiled, name), damaged);
  assert.equal(await doctor(places.ordinary), first, "nor one that is damaged");
  writeFileSync(join(folder, "other.mjs"), readFileSync(built, "utf8").replaceAll("Ready", "Reedy"));
  assert.match((await doctor(places.ordinary, "other.mjs")).out, /^Reedy: /m, "an edited file runs as it is");
});

test.run();
