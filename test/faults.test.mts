// Typing errors, closed streams, hand-edited and missing files must not cost users a machine, a
// file, a verdict or time.
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { getSystemErrorMap } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { isJudged, notLookedAt } from "../lib/checks/unjudged.mts";
import { main } from "../lib/cli/main.mts";
import { formatFinding } from "../lib/cli/print.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { UserError } from "../lib/errors.mts";
import { readLab } from "../lib/host/lab.mts";
import { parseHost } from "../lib/host/parse.mts";
import { parseState } from "../lib/host/state.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { guestWord } from "../lib/render.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { acquireLock } from "../lib/run/lock.mts";
import { realShell, timeoutFactor } from "../lib/run/shell.mts";
import { reasonOf } from "../lib/run/shell/reasons.mts";
import { visible } from "../lib/text.mts";
import { names } from "../lib/plan/assets.mts";
import { up } from "../lib/cli/commands/up.mts";
import { fakeShell, own, root } from "./fake.mts";
import { checkPrepareAdvice } from "./every-host.mts";
import { savedHost, someHosts } from "./hosts.mts";
import { until } from "./until.mts";
import { World } from "./world.mts";

const test = suite<{ folder: string }>("faults");
const two = "machines: [{name: keep, box: lab/x}, {name: scratch, box: lab/x}]\n";

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-faults-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** A lab with two running machines. */
async function running(): Promise<World> {
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  return world;
}

/**
 * Runs the script with these arguments in a lab with two running machines. The user at the terminal
 * answers `answer`; if it is undefined, there is no terminal.
 */
async function typed(
  words: string[],
  { answer, errors = true, world }: { answer?: boolean; errors?: boolean; world?: World } = {},
) {
  world ??= await running();
  const { shell } = world.context([]);
  let asked = 0;
  Object.assign(shell, {
    terminal: { in: answer !== undefined, out: errors, err: errors, columns: 80 },
    confirm: () => Promise.resolve((asked++, answer ?? false)),
  });
  world.output = [];
  world.calls = [];
  const code = await main(words, shell);
  const there = [...world.domains].map(([name, number]) => `${name.split("_")[1]}${number ? "" : " off"}`).sort();
  return { code, asked, there, said: world.output.join("") };
}

const both = ["keep", "scratch"];

for (
  const [words, left] of [
    [["destroy", "scratch", "--yes"], ["keep"]],
    [["destroy", "--yes", "--", "scratch"], ["keep"]],
    [["--yes", "destroy", "--", "scratch"], ["keep"]],
    [["--yes", "--", "destroy", "scratch"], ["keep"]],
    [["destroy", "--yes", "keep", "--", "scratch"], []],
    [["destroy", "--yes"], []],
    [["down", "--", "scratch"], ["keep", "scratch off"]],
    [["down", "scratch"], ["keep", "scratch off"]],
  ] as const
) {
  test(`${words.join(" ")} leaves ${left.join(", ") || "nothing"}`, async () => {
    const { code, there, said } = await typed([...words]);
    assert.equal([code, there], [0, [...left]], said);
  });
}

test("an unknown machine name is refused in any position, and nothing changes", async () => {
  const world = await running();
  for (
    const words of [
      ["destroy", "--yes", "--", "nosuch"],
      ["destroy", "--yes", ""],
      ["destroy", "--yes", "true"],
      ["destroy", "--yes", "false"],
      ["down", "--", "nosuch"],
      ["up", "--", "nosuch"],
      ["verify", "--", "x"],
      ["status", "--", "x"],
      ["doctor", "--", "nosuch"],
      ["help", "nosuch"],
      ["help", "--", "nosuch"],
      ["prepare", "--apply", "--undo"],
      ["destroy", "--yes=no"],
      ["destroy", "--yes=yes", "keep"],
      ["prepare", "--apply=no"],
      ["destroy", "--yes=", "keep"],
      ["--__proto__=x", "destroy"],
      ["destroy", "--constructor"],
      ["up", "--recreate=false"],
    ]
  ) {
    const { code, there, said } = await typed(words, { world });
    assert.equal([code, there], [2, both], `${words.join(" ")}: ${said}`);
    assert.not.match(said, /\n +at /);
  }
});

// for each command and way of naming machines, with and without a terminal: whether it asks, and
// what it removes
for (const errors of [true, false]) {
  for (
    const [words, named] of [
      [["destroy"], both],
      [["destroy", "scratch"], ["scratch"]],
      [["destroy", "--", "scratch"], ["scratch"]],
    ] as const
  ) {
    const where = `${words.join(" ")}, other streams ${errors ? "on the terminal" : "elsewhere"}`;
    test(`${where}: asks; no removes nothing, yes removes what was named, no terminal is refused`, async () => {
      const no = await typed([...words], { answer: false, errors });
      assert.equal([no.code, no.asked, no.there], [1, 1, both], no.said);
      const yes = await typed([...words], { answer: true, errors });
      assert.equal([yes.code, yes.asked, yes.there], [0, 1, both.filter((name) => !named.some((one) => one === name))]);
      const nobody = await typed([...words], { errors });
      assert.equal([nobody.code, nobody.asked, nobody.there], [2, 0, both]);
      assert.match(nobody.said, /--yes/);
    });
  }

  test(`up --recreate asks, other streams ${errors ? "on the terminal" : "elsewhere"}`, async () => {
    for (const [answer, code, asked] of [[false, 1, 1], [true, 0, 1], [undefined, 2, 0]] as const) {
      const world = new World(two, "vm-without-gpu");
      assert.is(await world.runCommand(up, world.context([])), 0);
      world.config = two.replace("{name: scratch, box: lab/x}", "{name: scratch, box: lab/other}");
      const { shell } = world.context([]);
      let question = "";
      Object.assign(shell, {
        terminal: { in: answer !== undefined, out: errors, err: errors, columns: 80 },
        confirm: (text: string) => Promise.resolve((question += text, answer ?? false)),
      });
      [world.output, world.calls] = [[], []];
      assert.is(await main(["up", "--recreate"], shell), code, world.output.join(""));
      assert.is(question === "" ? 0 : 1, asked);
      if (asked) assert.match(question, /scratch[^]*system disk is lost/);
      else assert.match(world.output.join(""), /--yes/);
      assert.is(world.calls.some((one) => one.includes("remove-vm.sh scratch")), answer === true);
      assert.not.ok(world.calls.some((one) => one.includes("remove-vm.sh keep")));
    }
  });
}

test("only ssh passes words after -- to a program in the machine", async () => {
  const { said } = await typed(["ssh", "keep", "-n", "--", "ls", "-l"]);
  assert.match(said, /ssh -F ssh\/keep keep ls -l/);
});

const saved = "homelab-gpu-probe 1 linux\n[end]\n";
const isProbe = (start: string) => start.startsWith("homelab-gpu-probe ");

test("a saved probe keeps the mode and the links of the file that it replaces", async ({ folder }) => {
  const shell = realShell();
  const at = (name: string) => join(folder, name);
  writeFileSync(at("old"), saved);
  chmodSync(at("old"), 0o640);
  symlinkSync("old", at("link"));
  await shell.save(at("link"), `${saved}new`, isProbe);
  assert.ok(lstatSync(at("link")).isSymbolicLink());
  assert.equal([readFileSync(at("old"), "utf8"), statSync(at("old")).mode & 0o777], [`${saved}new`, 0o640]);
  linkSync(at("old"), at("other"));
  await shell.save(at("old"), saved, isProbe);
  assert.is(readFileSync(at("other"), "utf8"), saved);
  symlinkSync("made", at("dangling"));
  await shell.save(at("dangling"), saved, isProbe);
  assert.equal([lstatSync(at("dangling")).isSymbolicLink(), readFileSync(at("made"), "utf8")], [true, saved]);
});

test("a saved probe replaces no other kind of file, no device and no pipe", async ({ folder }) => {
  const shell = realShell();
  const path = join(folder, "thesis.txt");
  writeFileSync(path, "years of work");
  await shell.save(path, saved, isProbe).then(
    () => assert.unreachable(),
    (error) => assert.equal([error instanceof UserError, error.code], [true, 2]),
  );
  assert.is(readFileSync(path, "utf8"), "years of work");
  await shell.save(join(folder, "typo/host.txt"), saved, isProbe).then(
    () => assert.unreachable("no folder is created"),
    (error) => assert.equal([error.message.endsWith(`there is no folder ${folder}/typo`), error.code], [true, 2]),
  );
  // root could replace this machine's own device
  const device = process.getuid?.() === 0 ? join(folder, "null") : "/dev/null";
  if (device !== "/dev/null") execFileSync("mknod", [device, "c", "1", "3"]);
  await shell.save(device, saved, isProbe);
  assert.ok(statSync(device).isCharacterDevice());
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await shell.save(pipe, saved, isProbe).then(() => assert.unreachable(), (error) => assert.instance(error, UserError));
  const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "inherit"] });
  let read = "";
  reader.stdout.on("data", (chunk) => read += chunk);
  const ended = new Promise((resolve) => reader.on("close", resolve));
  await until("the reader of the pipe", () => shell.save(pipe, saved, isProbe).then(() => true, () => false));
  await ended;
  assert.is(read, saved);
});

test("doctor --save - prints only the probe on standard output", async () => {
  const { shell, said, printed } = fakeShell({
    host: own("test/hosts/vm-without-gpu.txt"),
    [`${root}/templates/homelab-gpu.yaml`]: own("templates/homelab-gpu.yaml"),
  });
  assert.is(await main(["doctor", "--host", "host", "--save", "-"], shell), 1);
  assert.is(printed.join(""), own("test/hosts/vm-without-gpu.txt"));
  assert.match(said.join(""), /no NVIDIA GPU detected on host/);
});

const card = parseConfig("machines: [{name: vm, box: lab/x, memory: 1024, gpu: {device_id: 2786}}]");
const wholeProbe = own("test/hosts/rtx4070-desktop-debian12.txt");

test("a probe without its last line fails first, and adds nothing to the complete one", () => {
  const lines = wholeProbe.split("\n");
  for (const length of [1, 40, 100, 200, 269, lines.length - 2]) {
    const host = parseHost(lines.slice(0, length).join("\n"));
    const findings = runChecks(host, resolveConfig(card, host));
    assert.equal([findings[0]?.check, findings[0]?.status], ["host.probe", "fail"], `${length} lines`);
    assert.equal(findings.slice(1).filter(({ status }) => status === "fail"), [], `${length} lines`);
  }
  const host = parseHost(wholeProbe);
  assert.not.ok(runChecks(host, resolveConfig(card, host)).some(({ check }) => check === "host.probe"));
});

test("no check recommends prepare on a host where prepare refuses", () => {
  assert.ok(checkPrepareAdvice(someHosts) > 0, "prepare refuses on one of them");
});

test("checks without a subject say so, name what to run first, and do not pass", () => {
  const host = savedHost("h200-server-ubuntu");
  const config = resolveConfig(parseConfig("machines: [{name: vm, box: lab/x, gpu: {}}]"), host);
  const found = runChecks(host, config, ["iommu"]);
  const skips = notLookedAt(host, config, ["iommu"], found);
  assert.is(isJudged([...found, ...skips]), false);
  assert.equal(skips.map(({ check, status }) => [check, status])[0], ["iommu.enabled", "skip"]);
  assert.match(skips[0]!.fix[0]!.command!, /doctor gpu\.match$/);
});

test("a program without an answer is ended with its children, and reported", async () => {
  const shell = realShell();
  for (const text of ["sleep 60", "trap '' TERM; sleep 60 & wait; sleep 60"]) {
    const { ok, timedOut, err } = await shell.capture(["sh", "-c", `echo $$; ${text}`], { limit: 0.3, about: "it" });
    assert.equal([ok, timedOut], [false, true]);
    assert.match(err, /it did not answer within 0\.3 s/);
  }
});

test("time limits of programs are multiplied by a whole number in the environment", () => {
  for (const [text, factor] of Object.entries({ "4": 4, "999": 999, "0": 1, "-1": 1, "1e3": 1, "1000": 1, "": 1 })) {
    assert.is(timeoutFactor({ HOMELAB_GPU_TIMEOUT_FACTOR: text }), factor, text);
  }
  assert.is(timeoutFactor({}), 1);
});

test("VMs are unknown, not absent, if virsh does not answer", async () => {
  for (const [provider, words] of [["libvirt", "virsh"], ["virtualbox", "VBoxManage"]] as const) {
    const id = "12345678-1234-1234-1234-123456789abc";
    const files = { [`/lab/.vagrant/machines/a/${provider}/id`]: id };
    const { shell } = fakeShell(files, { [words]: { code: null, ok: false, timedOut: true, err: "no answer" } });
    const lab = await readLab(shell, { machines: [{ name: "a", box: "x/y" }] }, "/lab");
    assert.equal([lab.machines.a!.state, lab.libvirtError], ["unknown", "no answer"], provider);
  }
});

test("started programs check for no updates and ignore the user's shell settings", async () => {
  const kept = { ...process.env };
  try {
    Object.assign(process.env, { CDPATH: "/", ZX_PREFIX: "exit 1;", ZX_SHELL: "/bin/false", BASH_ENV: "/nowhere" });
    const { out } = await realShell().capture(["env"]);
    assert.match(out, /^CHECKPOINT_DISABLE=1$/m);
    assert.match(out, /^VAGRANT_CHECKPOINT_DISABLE=1$/m);
    assert.not.match(out, /^(CDPATH|ZX_\w+|BASH_ENV)=/m);
  } finally {
    Object.assign(process.env, kept);
  }
  for (const name of ["probe-linux.sh", "probe-macos.sh", "add-box.sh", "remove-vm.sh"]) {
    assert.match(own(`scripts/${name}`), /VAGRANT_CHECKPOINT_DISABLE/, name);
  }
});

test("a program that does not read its long input causes no crash", async () => {
  const { ok } = await realShell().capture(["true"], { input: "x".repeat(4_000_000) });
  assert.is(ok, true);
});

test("the user's own open folder is closed to others, despite umask 0", async ({ folder }) => {
  const before = process.umask(0);
  try {
    const shell = realShell();
    const path = join(folder, "lab");
    mkdirSync(path, { mode: 0o777 });
    chmodSync(path, 0o777);
    await shell.ensurePrivateDir(path);
    assert.is(statSync(path).mode & 0o777, 0o700);
    await shell.write(join(path, "deep/er/file"), "x");
    await shell.run(["sh", "-c", "echo x >made"], { cwd: path, log: join(path, "logs/1.log") });
    for (const name of ["deep", "deep/er", "deep/er/file", "made", "logs", "logs/1.log"]) {
      assert.is(statSync(join(path, name)).mode & 0o022, 0, name);
    }
  } finally {
    process.umask(before);
  }
});

test("status, verify and up close an open lab folder, even with nothing to do", async () => {
  for (const command of ["status", "verify", "up"]) {
    const world = new World(two, "vm-without-gpu");
    assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
    const { shell } = world.context([]);
    const closed: string[] = [];
    await main([command], { ...shell, ensurePrivateDir: (path) => Promise.resolve(void closed.push(path)) });
    assert.ok(closed.includes(world.folder), command);
  }
});

test("any error of the file system is a sentence with the path and the reason", async ({ folder }) => {
  const shell = realShell();
  symlinkSync("b", join(folder, "a"));
  symlinkSync("a", join(folder, "b"));
  symlinkSync("nowhere/at/all", join(folder, "dangling"));
  const tries: [string, () => Promise<unknown>][] = [
    ["loop", () => shell.read(join(folder, "a"))],
    ["loop", () => shell.fingerprint(join(folder, "a"))],
    ["loop", () => shell.list(join(folder, "a/x"))],
    ["too long", () => shell.write(join(folder, "x".repeat(300)), "")],
    ["too long", () => shell.read(join(folder, "x".repeat(300)))],
    ["too long", () => shell.ensurePrivateDir(join(folder, "x".repeat(300)))],
    ["it is a link to nowhere/at/all", () => shell.ensurePrivateDir(join(folder, "dangling"))],
    ["loop", () => shell.write(join(folder, "a/x"), "")],
    ["it is a folder", () => shell.read(folder)],
    ["", () => shell.remove("/proc/1/status")],
  ];
  for (const [reason, act] of tries) {
    try {
      await act();
      assert.unreachable(reason);
    } catch (error) {
      assert.instance(error, UserError, String((error as Error).stack));
      assert.match((error as Error).message, /^cannot \w+ \/.*: ./);
      assert.match((error as Error).message, new RegExp(reason));
    }
  }
});

test("every error code of the system has words, for files and for calls", async () => {
  for (const [errno, [code]] of getSystemErrorMap()) {
    const reason = reasonOf(Object.assign(new Error(`${code}: something, open`), { code, errno }))!;
    assert.match(reason, / /, code);
    assert.not.match(reason, /undefined/, code);
    const { shell, said } = fakeShell();
    shell.read = () => Promise.reject(Object.assign(new Error(code), { code, errno, syscall: "uv_cwd" }));
    assert.is(await main(["status"], shell), 1, code);
    assert.match(said.join(""), /^homelab-gpu: the current folder: .+\n$/, code);
  }
});

test("machines and services may have the names of object methods", () => {
  const config = parseConfig(
    "machines: [{name: constructor, box: lab/x, gpu: {device_id: 2786}}, {name: toString, box: lab/y}]\n" +
      "services: {valueOf: {image: x, machine: toString, environment: {__proto__: a}}}",
  );
  const host = parseHost(wholeProbe);
  const resolved = resolveConfig(config, host, {});
  assert.equal(resolved.machines.map(({ running, passedAddresses }) => [running, passedAddresses]), [[false, []], [
    false,
    [],
  ]]);
  assert.ok(runChecks(host, resolved).every(({ message }) => !/broke/.test(message)));
});

test("unreadable parts of state.json are ignored and reported", () => {
  const proof = { bootId: "b", services: "s", at: "2026-01-01T00:00:00.000Z" };
  const read = (value: unknown) => {
    const said: string[] = [];
    return { state: parseState(JSON.stringify(value), (part) => said.push(part)), said };
  };
  const good = {
    schema: "homelab-gpu/state/2",
    proofs: { a: proof },
    previousDrivers: { a: [{ bdf: "0000:01:00.0" }] },
  };
  assert.equal(read(good).state, good);
  assert.equal(read(good).said, []);
  for (const proofs of [null, [], "x", 7, { a: null }, { a: [] }, { a: { ...proof, at: 5 } }, { a: { bootId: "b" } }]) {
    const { state, said } = read({ ...good, proofs });
    assert.equal(
      [state.proofs, state.previousDrivers, said.length],
      [{}, good.previousDrivers, 1],
      JSON.stringify(proofs),
    );
  }
  for (const drivers of [null, { a: null }, { a: {} }, { a: [null] }, { a: [{ bdf: "; reboot" }] }]) {
    const { state, said } = read({ ...good, previousDrivers: drivers });
    assert.equal([state.proofs, state.previousDrivers, said.length], [good.proofs, {}, 1], JSON.stringify(drivers));
  }
  for (const text of ["", "{", "null", "[]", "7", '{"schema":"other"}']) {
    const said: string[] = [];
    assert.equal(parseState(text, (part) => said.push(part)).proofs, {});
    assert.is(said.length, 1, text);
  }
});

test("a lock with an invalid process id is taken over, and no group is signalled", async () => {
  for (const pid of [0, -1, 1.5, null, "7", 1]) {
    const steps = [{ group: 0, began: null }, { group: 1, began: null }, { group: -5, began: null }, null, "x"];
    const { shell, disk } = fakeShell({ "/lab/lock": JSON.stringify({ pid, began: null, command: 7, steps }) });
    const signals: number[] = [];
    shell.signal = (id, signal) => Promise.resolve((signal !== 0 && signals.push(id), true));
    const lock = await acquireLock(shell, "/lab", "up", () => {});
    assert.is(JSON.parse(disk.get("/lab/lock")!).pid, process.pid);
    assert.equal(signals, [], String(pid));
    await lock.release();
    assert.equal([...disk.keys()], []);
  }
});

test("control characters from outside are shown as escapes", () => {
  const evil = "a\u001b]0;x\u0007\u009b2J\r\u202eb\u007f";
  const lines = formatFinding({
    ...{ check: "gpu.in-use", machine: null, status: "fail", message: evil },
    evidence: [{ read: evil, value: evil }],
    fix: [{ title: evil, command: evil, root: false, reboot: false, safe: false }],
  }, { color: false, width: 80, verbose: true, root: true });
  // deno-lint-ignore no-control-regex
  assert.not.match(lines.join("\n"), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.match(lines.join("\n"), /\\x1b\]0;x\\x07/);
  assert.is(visible("ä\t\n“x”"), "ä\t\n“x”");
});

test("a word from a guest in a command is one word for both shells", () => {
  const evil = "x'; touch /pwned; echo $(id) `id` \"";
  const inner = execFileSync("sh", ["-c", `printf '%s' ${guestWord(evil)}`], { encoding: "utf8" });
  assert.is(execFileSync("sh", ["-c", `printf '%s' ${inner}`], { encoding: "utf8" }), evil);
  assert.is(guestWord("lab-web-1"), "lab-web-1");
});

test("a URL with a password is in no command line, title or Packer value; {{ stays literal", () => {
  const host = parseHost(wholeProbe);
  const url = "https://anna:hunter2@example.org/a{b}[1-3].qcow2?sig=s3cret";
  const config = resolveConfig(
    parseConfig(JSON.stringify({
      machines: [{
        name: "a",
        ...{ box: "lab/x", image: { url, checksum: `sha256:${"0".repeat(64)}` } },
        gpu: { device_id: "2786" },
        driver: { repository: "https://example.org/{{user}}" },
      }],
    })),
    host,
  );
  const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
  const lab = {
    folder: "/lab",
    prefix: "x_",
    boxes: {},
    orphans: {},
    machines: { a: { domain: "x_a", state: "absent" as const } },
  };
  const { steps, files } = makePlan(config, host, lab, texts);
  assert.not.match(JSON.stringify(steps), /hunter2|s3cret/);
  assert.equal(
    files.filter(({ text }) => /hunter2|s3cret/.test(text)).map(({ path, mode, secret }) => [path, mode, secret]),
    [["packer/lab~x/image.url", 0o600, true]],
  );
  const values = files.find(({ path }) => path.endsWith("pkrvars.json"))!.text;
  assert.match(values, /example\.org\/\{\{`\{\{`\}\}user\}\}/);
});

test("~/ in a path of the config is the home folder", async () => {
  const { HOME } = process.env;
  process.env.HOME = "/home/anna";
  try {
    const { shell, said } = fakeShell({
      "homelab-gpu.yaml": "machines: [{name: a, box: lab/x, image: {file: ~/disk.qcow2}, provision: [~/setup.sh]}]",
      [`${root}/scripts/probe-linux.sh`]: "",
    }, { sh: { out: own("test/hosts/vm-without-gpu.txt") } });
    assert.is(await main(["plan"], shell), 2);
    assert.match(
      said.join(""),
      /there is no file \/home\/anna\/disk\.qcow2[^]*there is no file \/home\/anna\/setup\.sh/,
    );
  } finally {
    process.env.HOME = HOME;
  }
});

test("explain says that it reads the end of a long log, and finds the error there", async () => {
  const { shell, said } = fakeShell();
  shell.readTail = (path, bytes) => {
    assert.equal([path, bytes], ["long.log", 64 * 2 ** 20]);
    return Promise.resolve({
      text: "modprobe: FATAL: Module nvidia not found in directory /lib\n",
      skipped: 536 * 2 ** 20,
    });
  };
  shell.read = (path) => Promise.reject(new UserError(`${path} is read whole`));
  await main(["explain", "long.log"], shell);
  assert.match(said.join("").replace(/\s+/g, " "), /only its last 64 MiB are read, 536 MiB before them are skipped/);
});

test("the end of a long pipe is read", async ({ folder }) => {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const writer = spawn("sh", ["-c", `{ yes 'first line' | head -n 30000; echo last line; } >'${path}'`]);
  const tail = (await realShell().readTail(path, 15))!;
  assert.equal(tail, { text: "last line\n", skipped: 11 * 30_000 });
  await new Promise((resolve) => writer.exitCode === null ? writer.on("exit", resolve) : resolve(0));
});

test("the end of a long file is read, from the start of a line", async ({ folder }) => {
  const path = join(folder, "log");
  writeFileSync(path, `${"first line\n".repeat(1000)}last line\n`);
  const tail = (await realShell().readTail(path, 15))!;
  assert.equal(tail, { text: "last line\n", skipped: 11000 });
  assert.is((await realShell().readTail(path, 1e6))!.skipped, 0);
  assert.is(await realShell().readTail(join(folder, "none"), 5), undefined);
});

test.run();
