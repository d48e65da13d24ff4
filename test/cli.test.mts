// The script itself, as people start it: its exit codes, and what goes to which stream.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Ajv } from "ajv";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { doctor } from "../lib/cli/commands/doctor.mts";
import { commands } from "../lib/cli/commands.mts";
import { acceptsOption, options as known } from "../lib/cli/options.mts";
import { main } from "../lib/cli/main.mts";
import { realShell } from "../lib/run/shell.mts";
import { fakeShell, options, own, root } from "./fake.mts";
import { started, starting } from "./start.mts";
import { until } from "./until.mts";

const test = suite<{ folder: string }>("script");
const saved = `${root}/test/hosts/vm-without-gpu.txt`;

const script = (words: string[], more: Parameters<typeof started>[1]) =>
  started([...starting, `${root}/homelab-gpu.mts`, ...words], more);

/** The same within this process, on files in memory: what takes no start of its own. */
async function within(words: string[], files: Record<string, string>) {
  const assets = ["templates/homelab-gpu.yaml", "scripts/probe-linux.sh"].map((path) => [`${root}/${path}`, own(path)]);
  const { shell, said, printed } = fakeShell({ ...files, ...Object.fromEntries(assets) }, {
    sh: { out: readFileSync(saved, "utf8") },
  });
  const code = await main(words, shell);
  return { code, out: printed.join(""), err: said.filter((text) => !printed.includes(text)).join("") };
}

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("answers questions about itself", async ({ folder }) => {
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

test("refuses wrong usage in a few lines, with 2, and no stack", async ({ folder }) => {
  writeFileSync(join(folder, "bad.txt"), "hello");
  const wrong: [string[], RegExp][] = [
    [["upp"], /there is no command upp\n {2}commands: up, init, plan/],
    [["up", "--foo"], /unknown option --foo/],
    [["up", "-x"], /unknown option -x/],
    [["verify", "now"], /verify takes no now/],
    [["plan", "now"], /there is no machine now; there is devlab/],
    [["doctor", "nonsense"], /there is no check nonsense\n {2}checks: provider\.host/],
    [["plan", "--config"], /--config takes one FILE/],
    [["plan", "--config", "missing.yaml"], /there is no file missing\.yaml/],
    [["doctor", "--host", "missing.txt"], /there is no file missing\.txt/],
    [["doctor", "--host", "bad.txt"], /this is no saved probe/],
    [["toString"], /there is no command toString/],
    [["status", "--json"], /--json is for up -n, plan, doctor, explain; not for status\n/],
    [["up", "--json"], /--json is for up -n, plan, doctor, explain; not for up\n/],
    [["up", "--yes", "--host", "bad.txt"], /--host is for up -n, init, [^]*;\s+not\s+for\s+up\n/],
    [["prepare", "--apply", "--host", "bad.txt"], /--host shows what another machine would need/],
    [["prepare", "--undo", "--host", "bad.txt"], /--host shows what another machine would need/],
    [["up", "--no-json"], /unknown option --no-json/],
    [["up", "--gpu"], /unknown option --gpu/],
  ];
  for (const [words, text] of wrong) {
    const { code, out, err } = await within(words, { "bad.txt": "hello" });
    assert.match(err, text);
    assert.equal([code, out], [2, ""], err);
  }
  const [command, file] = await Promise.all([wrong[0]!, wrong[9]!].map(([words]) => script(words, { folder })));
  for (const { code, out, err } of [command!, file!]) {
    assert.equal([code, out, /\n +at /.test(err), err.split("\n").length <= 4], [2, "", false, true], err);
  }
  assert.equal(readdirSync(folder), ["bad.txt"]);
});

test("an option that a command has no use for is refused; -n is taken by all", async () => {
  const stray = Object.keys(commands).flatMap((name) =>
    known.filter((option) => !acceptsOption(option, name)).map((option) => [name, option] as const)
  );
  assert.ok(stray.length > 50);
  for (const [name, option] of stray) {
    const { code, out, err } = await within([name, `--${option.name}`, ...(option.takes ? ["x"] : [])], {});
    assert.equal([code, out], [2, ""], `${name} --${option.name}`);
    assert.match(err, new RegExp(`^homelab-gpu: --${option.name} is for [^]*;\\s+not\\s+for\\s+${name}\n$`));
    assert.equal(err.split("\n").filter((line) => line.length > 80), []);
  }
  for (const name of Object.keys(commands)) {
    assert.ok(known.every((one) => one.name !== "dry-run" || acceptsOption(one, name)));
  }
  const { code, err } = await within(["doctor", "-n", "--save", "x.txt", "--host", "-"], {
    "-": own("test/hosts/vm-without-gpu.txt"),
  });
  assert.is(code, 1);
  assert.match(err, /would save what the probe read: x\.txt/);
});

test("files that a config names and that are not there are told together, each where it is named", async () => {
  const text = `machines:
  - {name: a, box: lab/x, image: {file: /none/a.qcow2}}
  - name: b
    box: lab/y
    provision:
      - /there/b.sh
      - /none/b.sh
`;
  for (const command of ["plan", "up", "verify", "doctor"]) {
    const { code, out, err } = await within([command], { "homelab-gpu.yaml": text, "/there/b.sh": "" });
    assert.equal([code, out], [2, ""], command);
    assert.match(err, /^homelab-gpu: homelab-gpu\.yaml:2:41: there is no file \/none\/a\.qcow2\n/);
    assert.match(err, /\nhomelab-gpu\.yaml:7:9: there is no file \/none\/b\.sh\n/);
  }
  const saved = { host: own("test/hosts/vm-without-gpu.txt"), "homelab-gpu.yaml": text };
  assert.is((await within(["doctor", "--host", "host"], saved)).code, 0, "what a saved host has is not known");
});

test("what was named and cannot be read is wrong usage", async ({ folder }) => {
  for (const words of [["doctor", "--config", folder], ["doctor", "--host", folder], ["explain", folder]]) {
    let said = "";
    const shell = Object.assign(realShell(), { stderr: (text: string) => void (said += text) });
    assert.is(await main(words, shell), 2, words.join(" "));
    assert.match(said, /^homelab-gpu: cannot read .*: it is a folder\n$/);
  }
});

test("no line of an error is wider than 80 columns", async () => {
  const text = `machines:
  - name: devlab
    box: lab/x
    accelerator: hardware-virtualization
    unknown: 1
    driver: {dxgkrnl: 1}
`;
  for (const words of [["plan"], ["doctor", "nonsense"], ["upp"]]) {
    const { code, err } = await within(words, { "homelab-gpu.yaml": text });
    assert.is(code, 2);
    assert.equal(err.split("\n").filter((line) => line.length > 80), [], words.join(" "));
  }
});

test("shows what is wrong with a config, writes nothing, ends with 2", async ({ folder }) => {
  const text = 'machines:\n  - name: "a; rm -rf ~"\n    box: \'x"#{1}\'\n';
  writeFileSync(join(folder, "homelab-gpu.yaml"), text);
  const commands = [["plan"], ["doctor"], ["status"], ["destroy"]];
  const said = await Promise.all(commands.map((words) => within(words, { "homelab-gpu.yaml": text })));
  for (const { code, out, err } of [await script(["up", "--yes"], { folder }), ...said]) {
    assert.equal([code, out], [2, ""]);
    assert.match(err, /^homelab-gpu: homelab-gpu\.yaml:2:11: name must be a host name/);
    assert.match(err, /homelab-gpu\.yaml:3:10: box must be/);
  }
  assert.equal(readdirSync(folder), ["homelab-gpu.yaml"]);
});

test("examines a saved host, from a file or standard input", async ({ folder }) => {
  const [file, piped] = await Promise.all([
    script(["doctor", "--json", "--host", saved], { folder }),
    script(["doctor", "--json", "--host", "-"], { folder, input: readFileSync(saved, "utf8") }),
  ]);
  assert.is(file.code, 1);
  assert.ok(file.out === piped.out, piped.err);
  assert.is(JSON.parse(file.out).ok, false);
});

test("what the README shows is what doctor says", async ({ folder }) => {
  const readme = own("README.md");
  const shown = [...readme.matchAll(/^\$ npx zx homelab-gpu\.mts doctor --host (\S+)\n(.*?)^```/gms)];
  assert.is(shown.length, 2);
  const said = await Promise.all(shown.map(([, host]) => script(["doctor", "--host", `${root}/${host}`], { folder })));
  if (process.env.GOLDEN === "write") {
    const text = said.reduce((now, { out }, i) => now.replace(shown[i]![2]!, () => out), readme);
    writeFileSync(`${root}/README.md`, text);
  } else said.forEach(({ out }, i) => assert.is(out, shown[i]![2]));
});

test("doctor --json keeps its shape, for every recorded host", async () => {
  const fits = new Ajv({ strict: false }).compile(JSON.parse(own("test/doctor.schema.json")));
  const starter = `${root}/templates/homelab-gpu.yaml`;
  const hosts = readdirSync(`${root}/test/hosts`).filter((name) => name.endsWith(".txt"));
  assert.ok(hosts.length > 20);
  for (const name of hosts) {
    const { shell, said } = fakeShell({
      host: own(`test/hosts/${name}`),
      [starter]: own("templates/homelab-gpu.yaml"),
    });
    await doctor({ shell, options: { ...options, json: true, host: "host" }, args: [], passthroughArgs: [] });
    assert.ok(fits(JSON.parse(said.join(""))), `${name}: ${JSON.stringify(fits.errors)}`);
  }
});

test("keeps data and talk apart, and colours out of pipes", async ({ folder }) => {
  const [plain, forced, refused, off] = await Promise.all([
    script(["doctor", "--host", saved], { folder }),
    script(["doctor", "--host", saved], { folder, env: { FORCE_COLOR: "1" } }),
    script(["doctor", "--host", saved], { folder, env: { FORCE_COLOR: "1", NO_COLOR: "1" } }),
    script(["doctor", "--host", saved], { folder, env: { FORCE_COLOR: "false" } }),
  ]);
  assert.match(plain.err, /^homelab-gpu: config: the starter/);
  assert.match(plain.out, /^✗ gpu\.present \(devlab\): no NVIDIA GPU detected on host/);
  assert.not.match(plain.out, /\u001b/);
  assert.match(forced.out, /\u001b\[31m✗/);
  assert.is(refused.out, plain.out);
  assert.is(off.out, plain.out);
  assert.equal(plain.out.split("\n").filter((line) => line.length > 80), []);
});

test("init: a config for the card that is there, or why there is none; never over another", async ({ folder }) => {
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
  assert.equal([amd.code, /✗ gpu\.display/.test(amd.out)], [1, true], "its only card is on its only display");
  assert.equal([none.code, /init --no-gpu/.test(none.err)], [1, true]);
  assert.is(plain.code, 0, plain.err);
  assert.not.match(readFileSync(join(folder, "plain.yaml"), "utf8"), /gpu:|ml-worker/);
});

test("plans without touching anything", async ({ folder }) => {
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

test("Ctrl-C ends the step that runs, with all that it started, and lets it clean up", async () => {
  const child = spawn(process.execPath, [...starting, `${root}/test/interrupted.mts`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => said += chunk);
  await until("the step", () => /^\d+$/m.test(said) && /^ready$/m.test(said));
  // Deno tells of a child that kill() was called on nothing but that signal, however it ended
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
