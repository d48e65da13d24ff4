// The one-file build in an otherwise empty folder: its output is the script's.
import { spawnSync } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { brotliDecompressSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readByCat } from "../../lib/cli/ssh-probe.mts";
import { beforeAll } from "../before-all.mts";
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

/** One cache for all starts, with the compiled code. */
const env = { XDG_CACHE_HOME: join(work, "cache"), PATH: PATH! };

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

beforeAll(test, async () => {
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
  [["completion", "powershell"], 0],
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
  assert.is(files["probe-seen.sh"], readByCat + readFileSync(`${root}/scripts/probe-linux.sh`, "utf8"));
});

test("the bundle contains every template and every script for other systems", () => {
  const compressed = readFileSync(built, "utf8").match(/(?:^\/\/\|.*\n)+/gm) ?? [];
  const text = compressed.map((lines) =>
    brotliDecompressSync(Buffer.from(lines.replaceAll("//|", ""), "base64")).toString()
  ).join("");
  const there = ["templates", "scripts"].flatMap((folder) =>
    readdirSync(`${root}/${folder}`).map((name) => `${folder}/${name}`)
  );
  assert.equal(there.filter((path) => !/\.(m[tj]s|json|md)$/.test(path) && !text.includes(`get"${path}"()`)), []);
});

test("init writes the editors' schema next to the config", async () => {
  const folder = place("schema", true);
  await started([...zx, "homelab-gpu.mjs", "init", "--host", card], { folder, env });
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
  const [name, text, ...more] = readdirSync(compiled).sort() as [string, string];
  const ends = [name, text, ...more].map((one) => one.replace(/^one-file-.*-(?=doctor|program)/, ""));
  assert.equal(ends, ["doctor-host", "program"]);
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
  const program = readFileSync(join(compiled, text));
  writeFileSync(join(compiled, text), program.subarray(0, program.length - 100));
  assert.equal(await doctor(places.ordinary), first, "nor a text that was cut off");
  assert.ok(program.equals(readFileSync(join(compiled, text))), "and it is made again");
  writeFileSync(join(folder, "other.mjs"), readFileSync(built, "utf8").replaceAll("Ready", "Reedy"));
  assert.match((await doctor(places.ordinary, "other.mjs")).out, /^Reedy: /m, "an edited file runs as it is");
  // of the same size and time
  const { atime, mtime } = statSync(join(folder, "homelab-gpu.mjs"));
  writeFileSync(join(folder, "homelab-gpu.mjs"), readFileSync(built, "utf8").replaceAll("Ready", "Reedy"));
  utimesSync(join(folder, "homelab-gpu.mjs"), atime, mtime);
  assert.match((await doctor(places.ordinary)).out, /^Reedy: /m, "it was edited, and got its old time");
});

test("the first runs of a command, and then one a day, keep what they compiled too", async () => {
  const folder = place("grows", true);
  const cache = join(folder, "cache");
  const doctor = async (host: string) => {
    await started([...here, "homelab-gpu.mjs", "doctor", "--host", host], {
      folder,
      env: { PATH: PATH!, XDG_CACHE_HOME: cache },
    });
    const compiled = join(cache, "homelab-gpu/compiled");
    const path = join(compiled, readdirSync(compiled).find((name) => name.endsWith("doctor-host"))!);
    return { path, ...statSync(path) };
  };
  const first = await doctor(`${root}/test/hosts/vm-without-gpu.txt`);
  const second = await doctor(card);
  assert.ok(second.size > first.size, "another host needs other functions");
  const third = await doctor(card);
  const fourth = await doctor(card);
  assert.is(fourth.ino, third.ino, "it is not kept in each run");
  utimesSync(fourth.path, new Date(), new Date(Date.now() - 48 * 3600_000));
  assert.ok((await doctor(card)).mtimeMs > Date.now() - 24 * 3600_000, "it is kept once a day");
});

test("what it keeps goes through no link, is its user's own, and is removed when it is old", async () => {
  const folder = place("safe", true);
  const cache = join(folder, "cache");
  const env = { PATH: PATH!, XDG_CACHE_HOME: cache };
  const doctor = () => started([...here, "homelab-gpu.mjs", "doctor", "--host", card], { folder, env });
  const first = await doctor();
  const compiled = join(cache, "homelab-gpu/compiled");
  const names = readdirSync(compiled).sort();
  const [kept, text] = names.map((name) => join(compiled, name)) as [string, string];

  for (const path of [kept, text]) rmSync(path);
  writeFileSync(join(folder, "mine"), "mine");
  // exec keeps the process id, which is in the name of the unfinished file
  const planted = 'ln -s "$1" "$2.$$"; ln -s "$1" "$3.$$"; shift 3; exec "$@"';
  const words = [
    join(folder, "mine"),
    kept,
    text,
    process.execPath,
    ...here,
    "homelab-gpu.mjs",
    "doctor",
    "--host",
    card,
  ];
  const { NODE_OPTIONS: _, ...clean } = process.env;
  const { status } = spawnSync("sh", ["-c", planted, "sh", ...words], { cwd: folder, env: { ...clean, ...env } });
  assert.is(status, 0);
  assert.is(readFileSync(join(folder, "mine"), "utf8"), "mine");
  assert.equal(readdirSync(compiled), []);

  assert.equal(await doctor(), first);
  if (process.getuid?.() === 0) {
    for (const path of [kept, text]) {
      chownSync(path, 12345, 12345);
      assert.equal(await doctor(), first);
      assert.is(statSync(path).uid, 0, "the file of another user is replaced");
    }
  }

  const [old, recent] = ["one-file-9.8.177-x64-others", "one-file-14.9.1-x64-others"].map((one) => join(compiled, one));
  for (const path of [old!, recent!, join(compiled, "other")]) writeFileSync(path, "");
  for (const path of [old!, join(compiled, "other")]) utimesSync(path, 1_700_000_000, 1_700_000_000);
  await started([...here, "homelab-gpu.mjs", "plan", "--host", card], { folder, env });
  const plan = names[0]!.replace("doctor", "plan");
  assert.equal(readdirSync(compiled).sort(), [...names, plan, "one-file-14.9.1-x64-others", "other"].sort());
});

test("a line of a stack trace is the line of the file, with what was kept too", async () => {
  const folder = place("stack", true);
  const lines = readFileSync(built, "utf8").split("\n");
  const at = lines.findIndex((line) => /^\/\/async function main\d*\(/.test(line));
  assert.ok(at > 0 && lines.slice(0, at).some((line) => line.startsWith("//|")), "compressed lines are before it");
  lines.splice(at + 1, 0, '//  throw new Error("here");');
  writeFileSync(join(folder, "homelab-gpu.mjs"), lines.join("\n"));
  for (const start of ["first", "second"]) {
    const { code, err } = await started([...here, "homelab-gpu.mjs", "status"], { folder, env });
    assert.is(code, 1, start);
    assert.ok(stripVTControlCharacters(err).includes(`homelab-gpu.mjs:${at + 2}:9`), `${start}, ${at + 2}: ${err}`);
  }
});

test("from standard input it says that it must be a file", async () => {
  const words = "Deno" in globalThis ? ["run", "-A", "-"] : ["--input-type=module", "-"];
  const { code, err } = await started([...words, "doctor"], { folder: work, env, input: readFileSync(built, "utf8") });
  assert.equal([code, err.split("\n").length], [2, 2]);
  assert.match(err, /reads its own file: save it/);
});

test("another module may import it", async () => {
  const folder = place("imported", true);
  writeFileSync(join(folder, "mine.mjs"), 'import "./homelab-gpu.mjs";\n');
  const words = ["doctor", "--host", card];
  const imported = await started([...here, "mine.mjs", ...words], { folder, env });
  assert.equal(imported, await started([...here, "homelab-gpu.mjs", ...words], { folder, env }));
});

test.run();
