// The real script, started as users do: its exit codes, and which stream each text is written to.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../fake.mts";
import { started, starting } from "../start.mts";
import { until } from "../until.mts";

const test = suite<{ folder: string }>("script");
const saved = `${root}/test/hosts/vm-without-gpu.txt`;

const script = (words: string[], more: Parameters<typeof started>[1]) =>
  started([...starting, `${root}/homelab-gpu.mts`, ...words], more);

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("--help and --version are answered", async ({ folder }) => {
  const [version, help, none] = await Promise.all(
    [["--version"], ["--help"], []].map((words) => script(words, { folder })),
  );
  assert.equal([version!.code, version!.err], [0, ""]);
  assert.match(version!.out, /^\d+\.\d+\.\d+\n$/);
  assert.is(help!.code, 0);
  assert.is(none!.code, 2);
  assert.is(none!.out, help!.out);
  assert.equal(help!.out.split("\n").filter((line) => line.length > 80), []);
});

test("wrong usage and a wrong config are refused with code 2, without a stack or files", async ({ folder }) => {
  writeFileSync(join(folder, "bad.txt"), "hello");
  writeFileSync(join(folder, "homelab-gpu.yaml"), 'machines:\n  - name: "a; rm -rf ~"\n    box: lab/x\n');
  const wrong = [["upp"], ["doctor", "--host", "bad.txt"], ["up", "--yes"]];
  for (const { code, out, err } of await Promise.all(wrong.map((words) => script(words, { folder })))) {
    assert.equal([code, out, /\n +at /.test(err), err.split("\n").length <= 6], [2, "", false, true], err);
  }
  assert.equal(readdirSync(folder).sort(), ["bad.txt", "homelab-gpu.yaml"]);
});

test("a saved host is examined from a file or from standard input", async ({ folder }) => {
  const [file, piped] = await Promise.all([
    script(["doctor", "--json", "--host", saved], { folder }),
    script(["doctor", "--json", "--host", "-"], { folder, input: readFileSync(saved, "utf8") }),
  ]);
  assert.is(file.code, 1);
  assert.ok(file.out === piped.out, piped.err);
  assert.is(JSON.parse(file.out).ok, false);
});

test("data and messages use different streams, and pipes get no colours", async ({ folder }) => {
  const [plain, forced, refused, off] = await Promise.all([
    script(["doctor", "--host", saved], { folder }),
    script(["doctor", "--host", saved], { folder, env: { FORCE_COLOR: "1" } }),
    script(["doctor", "--host", saved], { folder, env: { FORCE_COLOR: "1", NO_COLOR: "1" } }),
    script(["doctor", "--host", saved], { folder, env: { FORCE_COLOR: "false" } }),
  ]);
  assert.match(plain.err, /^homelab-gpu: config: none yet/);
  assert.match(plain.out, /^✗ gpu\.present \(devlab\): no NVIDIA GPU detected on host/m);
  assert.not.match(plain.out, /\u001b/);
  assert.match(forced.out, /\u001b\[31m✗/);
  assert.is(refused.out, plain.out);
  assert.is(off.out, plain.out);
  assert.match(plain.out, /^! host\.guest: .{80,}/m, "what goes into a pipe is not wrapped");
});

test("init writes a config for the card, or says why there is none; it never overwrites", async ({ folder }) => {
  const at = (name: string) => `${root}/test/hosts/${name}.txt`;
  const good = await script(["init", "--host", at("rtx4070-desktop-debian12")], { folder });
  assert.is(good.code, 0, good.err);
  const text = readFileSync(join(folder, "homelab-gpu.yaml"), "utf8");
  assert.match(text, /vendor_id: 10de\n {6}device_id: 2786\n/);
  assert.not.match(text, /address:/);
  const schema = /\$schema=(.*)/.exec(text)![1]!;
  assert.ok(existsSync(join(folder, schema)), schema);
  const again = await script(["init", "--host", at("rtx4070-desktop-debian12")], { folder });
  assert.equal([again.code, readFileSync(join(folder, "homelab-gpu.yaml"), "utf8")], [1, text]);

  const [twins, amd, none, plain] = await Promise.all([
    script(["init", "-n", "--host", at("threadripper-two-rtx3090-arch")], {
      folder: mkdtempSync(join(folder, "empty")),
    }),
    script(["init", "-n", "--config", "other.yaml", "--host", at("rx7900-only-card-fedora")], { folder }),
    script(["init", "--config", "none.yaml", "--host", saved], { folder }),
    script(["init", "--config", "plain.yaml", "--no-gpu", "--host", saved], { folder }),
  ]);
  assert.match(twins.out, /address: "0000:4b:00\.0" # another card has the same ids/);
  assert.equal([amd.code, /gpu\.display/.test(amd.err)], [0, true], "its only card is on its only display");
  assert.equal([none.code, /this host has no graphics card/.test(none.err)], [0, true]);
  assert.not.match(readFileSync(join(folder, "none.yaml"), "utf8"), /gpu:/);
  assert.is(plain.code, 0, plain.err);
  assert.not.match(readFileSync(join(folder, "plain.yaml"), "utf8"), /gpu:|ml-worker/);
});

test("plan changes nothing", async ({ folder }) => {
  writeFileSync(join(folder, "homelab-gpu.yaml"), "machines: [{name: a, box: lab/x}]\n");
  const { code, out } = await script(["plan", "--json", "--host", saved], { folder });
  const shown = JSON.parse(out);
  assert.is(code, 0);
  assert.is(shown.schema, "homelab-gpu/plan/2");
  assert.equal(Object.keys(shown.files[0]).sort(), ["change", "path", "text"]);
  assert.equal(Object.keys(shown.steps[0]).sort(), ["command", "cwd", "title"]);
  assert.ok(Array.isArray(shown.findings));
  assert.not.ok(existsSync(join(folder, ".homelab-gpu")));
});

test("Ctrl-C ends the running step with its children, which may clean up", async () => {
  const child = spawn(process.execPath, [...starting, `${root}/test/interrupted.mts`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => said += chunk);
  await until("the step", () => /^\d+$/m.test(said) && /^ready$/m.test(said));
  // for a child on which kill() was called, Deno always reports that signal, however the child
  // ended
  process.kill(child.pid!, "SIGINT");
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.is(code, 130);
  assert.match(said, /cleaned/);
  const group = Number(/^\d+$/m.exec(said)![0]);
  const members = () =>
    execFileSync("ps", ["-eo", "pgid=,stat=,args="], { encoding: "utf8" }).split("\n").filter((line) =>
      parseInt(line) === group && !/^ *\d+ +Z/.test(line)
    );
  await until(`the end of process group ${group}`, () => members().length === 0);
});

test.run();
