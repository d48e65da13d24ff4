// The script's help and errors of usage: exit codes, and which stream each text is written to.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commands } from "../lib/cli/commands.mts";
import type { Options } from "../lib/cli/context.mts";
import { loadConfig } from "../lib/cli/load-config.mts";
import { acceptsOption, options as known } from "../lib/cli/options.mts";
import { main } from "../lib/cli/main.mts";
import type { Shell } from "../lib/shell.mts";
import { realShell } from "../lib/run/shell.mts";
import { checkDoctorJson } from "./every-host.mts";
import { oldestNode, unfitRuntime } from "../lib/run/shell/runtime.mts";
import { fakeShell, own, root } from "./fake.mts";
import { someHosts } from "./hosts.mts";

const test = suite<{ folder: string }>("script");
const saved = `${root}/test/hosts/vm-without-gpu.txt`;

/**
 * The script's output and exit code, with files in memory; copies/script.copies.mts starts the real
 * script.
 */
async function within(words: string[], files: Record<string, string>, terminal?: Partial<Shell["terminal"]>) {
  const assets = ["templates/homelab-gpu.yaml", "scripts/probe-linux.sh"].map((path) => [`${root}/${path}`, own(path)]);
  const { shell, said, printed } = fakeShell({ ...files, ...Object.fromEntries(assets) }, {
    sh: { out: readFileSync(saved, "utf8") },
  });
  const code = await main(words, terminal ? { ...shell, terminal: { ...shell.terminal, ...terminal } } : shell);
  return { code, out: printed.join(""), err: said.filter((text) => !printed.includes(text)).join("") };
}

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test("a wrong config ends the command without waiting for the probe", async () => {
  const { shell } = fakeShell({ "homelab-gpu.yaml": "machines: 1\n", [`${root}/scripts/probe-linux.sh`]: "" });
  let closed = false;
  const answer = new Promise<never>(() => {});
  const code = await main(["doctor"], { ...shell, capture: () => answer, close: () => void (closed = true) });
  assert.equal([code, closed], [2, true]);
});

test("wrong usage is refused in a few lines, with exit code 2 and without a stack", async () => {
  const wrong: [string[], RegExp][] = [
    [["upp"], /there is no command upp: did you mean up\?\n$/],
    [["frobnicate"], /there is no command frobnicate\n {2}commands: up, init, plan/],
    [["help", "docter"], /there is no command docter: did you mean doctor\?/],
    [["upp", "--help"], /there is no command upp: did you mean up\?/],
    [["ps"], /there is no command ps: status shows the machines/],
    [["exec"], /there is no command exec: ssh /],
    [["up", "--confg", "x"], /unknown option --confg: did you mean --config\?/],
    [["up", "--recrate"], /unknown option --recrate: did you mean --recreate\?/],
    [["plan", "devlb"], /there is no machine devlb: did you mean devlab\?/],
    [["doctor", "gpu.presnt"], /there is no check gpu\.presnt: did you mean gpu\.present\?/],
    [["doctor", "iomu"], /there is no check iomu: did you mean iommu\?/],
    [["explain", "gpu.drivr"], /there is no file and no check gpu\.drivr: did you mean gpu\.driver\?/],
    [
      ["explain", "nosuch.check"],
      /there is no file and no check nosuch\.check\n {2}groups of checks: provider, tools, host,/,
    ],
    [["explain", "gpu.nope"], /there is no file and no check gpu\.nope\n {2}its checks: gpu\.present, gpu\.match,/],
    [["completion", "ksh"], /there is no completion for ksh: completion needs one of bash, zsh, fish, powershell\n/],
    [["init", "--service", "olama"], /there is no service olama: did you mean ollama\?/],
    [["up", "--service", "ollama"], /--service is an option of init, not of up/],
    [["explain", "build.log"], /there is no file build\.log\n$/],
    [["explain", "build.out"], /there is no file build\.out\n$/],
    [["up", "--foo"], /unknown option --foo\n {2}help up lists the options of up\n/],
    [["up", "-x"], /unknown option -x\n {2}help up/],
    [["--foo"], /unknown option --foo\n {2}help COMMAND lists the options of a command\n/],
    [["up", "--detach"], /unknown option --detach, which up does not need: it ends when the services run\n/],
    [["up", "-d"], /unknown option -d, which up does not need:/],
    [["destroy", "--force"], /unknown option --force: did you mean --yes\?/],
    [["status", "--force"], /unknown option --force\n/],
    [["init", "--force"], /unknown option --force: init overwrites no file; --config FILE names another\n/],
    [["logs", "--all"], /unknown option --all\n {2}help logs/],
    [["ssh", "-a"], /unknown option -a\n {2}help ssh/],
    [["logs", "--since", "5m"], /unknown option --since: --tail LINES shows the last lines\n/],
    [["plan", "--since"], /unknown option --since\n {2}help plan/],
    [["destroy", "--all"], /unknown option --all: without a name, a command is for every machine\n/],
    [["doctor", "--fix"], /unknown option --fix: up --yes runs the safe fixes\n/],
    [["status", "--format"], /unknown option --format: did you mean --json\?/],
    [["--doctor"], /unknown option --doctor: doctor is a command: it takes no dashes\n/],
    [["prepare", "apply"], /prepare takes no arguments, but got apply: did you mean --apply\?/],
    [["plan", "-f", "x.yaml"], /option of logs, not of plan: did you mean --config x\.yaml\?/],
    [["logs", "-n", "50"], /there is no service 50: did you mean --tail 50\?/],
    [["logs", "devlab"], /there is no service devlab: it is a machine; without a name, logs shows all services/],
    [["ssh", "hello"], /there is no machine hello: it runs on the machine devlab/],
    [["down", "hello"], /there is no machine hello: it runs on the machine devlab/],
    [["down", "all"], /there is no machine all: without a name, a command is for every machine/],
    [["doctor", "--host", "ssh:/gpubox"], /no file ssh:\/gpubox; for a host over ssh: --host ssh:\/\/gpubox\n/],
    [["destroy", "-f"], /-f, --follow is an option of logs, not of destroy/],
    [["prepare", "now"], /prepare takes no arguments, but got now/],
    [["verify", "now"], /there is no machine now; the only machine is devlab/],
    [["status", "devlb"], /there is no machine devlb: did you mean devlab\?/],
    [["plan", "now"], /there is no machine now; the only machine is devlab/],
    [["doctor", "nonsense"], /there is no check nonsense\n {2}groups of checks: provider, tools, host,/],
    [["doctor", "iommu.x"], /there is no check iommu\.x\n {2}its checks: iommu\.enabled, iommu\.group,/],
    [["plan", "--config"], /--config needs a value: --config FILE/],
    [["plan", "--config", "missing.yaml"], /there is no file missing\.yaml/],
    [["doctor", "--host", "missing.txt"], /there is no file missing\.txt/],
    [["doctor", "--host", "bad.txt"], /bad\.txt is not a saved probe/],
    [["doctor", "--host", "me@gpubox"], /no file me@gpubox; for a host over ssh: --host ssh:\/\/me@gpubox\n/],
    [["doctor", "--host", "bad.txt", "--host", "bad.txt"], /--host is given twice, but takes one value/],
    [
      ["--host", "doctor", "bad.txt"],
      /no command bad\.txt: --host takes the word behind it, doctor,[^]* doctor --host bad\.txt\n/,
    ],
    [["-V"], /unknown option -V: did you mean --version\?/],
    [["doctor", "-json"], /unknown option -json: did you mean --json\?/],
    [["-help"], /unknown option -help: did you mean --help\?/],
    [["doctor", "-host=a.txt"], /unknown option -host=a\.txt: did you mean --host\?/],
    [["doctor", "-vx"], /unknown option -x\n/],
    [["-?"], /unknown option -\?: did you mean --help\?/],
    [["/?"], /there is no command \/\?: help COMMAND shows the page of a command/],
    [[""], /the command is empty\n/],
    [["doctor", ""], /an argument is empty: a variable in the command line may have no value\n/],
    [["explain", ""], /an argument is empty/],
    [["logs", "helo"], /there is no service helo: did you mean hello\?/],
    [["toString"], /there is no command toString/],
    [["down", "--json"], /--json is an option of up -n, plan, doctor, [^]*,\s+not\s+of\s+down\n/],
    [["up", "--json"], /--json is an option of up -n, plan, doctor, [^]*,\s+not\s+of\s+up\n/],
    [["up", "--yes", "--host", "bad.txt"], /--host is an option of up -n, init, [^]*,\s+not\s+of\s+up\n/],
    [["prepare", "--apply", "--host", "bad.txt"], /--host is about another machine/],
    [["prepare", "--undo", "--host", "bad.txt"], /--host is about another machine/],
    [["up", "--no-json"], /unknown option --no-json/],
    [["up", "--gpu"], /unknown option --gpu/],
  ];
  for (const [words, text] of wrong) {
    const { code, out, err } = await within(words, { "bad.txt": "hello" });
    assert.match(err, text);
    assert.equal([code, out], [2, ""], err);
  }
});

test("what was meant as the config, and is not read, is named", async () => {
  const config = "machines: [{name: a, box: lab/x, provision: [scripts]}]\n";
  for (const name of ["homelab-gpu.yml", "homelab-gpu.yaml.txt", "Homelab-GPU.yaml"]) {
    for (const words of [["doctor"], ["status"], ["init"]]) {
      const { code, err } = await within(words, { [`./${name}`]: config });
      assert.is(code, 2, err);
      assert.ok(err.startsWith(`homelab-gpu: ${name} is not read: rename it to homelab-gpu.yaml`), err);
    }
  }
  const here = process.cwd();
  const files = { "homelab-gpu.yaml": config, [`${here}/scripts`]: "", [`${here}/scripts/x.sh`]: "" };
  const folder = await within(["doctor"], files);
  assert.is(folder.code, 2, folder.err);
  assert.match(folder.err, /yaml:1:46: \S+\/scripts is a folder, but must be a file\n/);
});

test("a stack's folder that is a file, empty or missing is named as that", async () => {
  const config = (path: string) => `machines: [{name: a, box: lab/x}]\nstacks: [{path: ${path}}]\n`;
  const compose = { [`${process.cwd()}/web/compose.yaml`]: "services: {a: {image: x}}\n" };
  const said = async (path: string) => (await within(["doctor"], { "homelab-gpu.yaml": config(path), ...compose })).err;
  assert.match(await said("./web/compose.yaml"), /compose\.yaml is a file: write the folder that it is in\n/);
  assert.match(await said("./wep"), /there is no folder \S+\/wep\n/);
});

test("an old Node.js, and Deno without permissions, are refused in one line", () => {
  assert.is(unfitRuntime("20.11.0"), undefined);
  assert.is(unfitRuntime("26.0.0"), undefined);
  assert.match(unfitRuntime("18.20.8")!, /^this is Node\.js 18\.20\.8: install 20\.11 or later from /);
  assert.match(unfitRuntime("20.10.0")!, /^this is Node\.js 20\.10\.0/);
  const { engines } = JSON.parse(own("package.json"));
  assert.is(engines.node, `>=${oldestNode.join(".")}`);
  const deno = (state: string, terminal: boolean) =>
    unfitRuntime("20.11.0", { permissions: { querySync: () => ({ state }) }, stdin: { isTerminal: () => terminal } });
  assert.is(deno("granted", false), undefined);
  assert.is(deno("prompt", true), undefined);
  assert.match(deno("prompt", false)!, /start it with deno run -A$/);
  assert.match(deno("denied", true)!, /start it with deno run -A$/);
});

test("a command refuses options that it does not use; all commands accept -n", async () => {
  const stray = Object.keys(commands).flatMap((name) =>
    known.filter((option) => !acceptsOption(option, name)).map((option) => [name, option] as const)
  );
  assert.ok(stray.length > 50);
  for (const [name, option] of stray) {
    const { code, out, err } = await within([name, `--${option.name}`, ...(option.takes ? ["x"] : [])], {});
    assert.equal([code, out], [2, ""], `${name} --${option.name}`);
    assert.match(
      err,
      new RegExp(`^homelab-gpu: (-f, )?--${option.name} is\\s+an\\s+option\\s+of [^]*,\\s+not\\s+of\\s+${name}\n$`),
    );
    assert.is(err.trimEnd().split("\n").length, 1, "not wrapped in a pipe");
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

test("all missing files of a config are reported together, each with its place", async () => {
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
  const { code, out } = await within(["doctor", "--host", "host"], saved);
  assert.match(out, /\? guest\.image: not checked: there is no file \/none\/a\.qcow2\n/);
  assert.match(out, /\? guest\.image: not checked: there is no file \/none\/b\.sh\n/);
  assert.match(out, /\nNot everything was checked: .* unknown\.\n/);
  assert.is(code, 1, "what was not checked is not ready");
});

test("doctor names the services that --no-gpu leaves out", async () => {
  const files = {
    host: own("test/hosts/rtx4070-desktop-debian12.txt"),
    "homelab-gpu.yaml":
      "machines: [{name: a, box: lab/x, gpu: {}}]\nservices: {ml: {image: x, gpu: 1}, web: {image: y}}\n" +
      "stacks: [{path: /there/t}]\n",
    "/there/t/compose.yaml": "services: {w: {image: x, gpus: all}, v: {image: x}}\n",
  };
  const { err } = await within(["doctor", "--no-gpu", "--host", "host"], files);
  assert.match(err, /\nhomelab-gpu: without a GPU these services are left out: ml, t\/w\n/);
});

test("the line of a config error is cut only if it is long", async () => {
  const shown = async (line: string) =>
    /^ +4 \| (.*)$/m.exec(
      (await within(["plan"], { "homelab-gpu.yaml": `machines:\n  - name: a\n    box: x\n${line}` })).err,
    )?.[1];
  const short = "    network: {lan: br0, address: 192.168.1.50/24, gatewy: 1.1.1.1}";
  assert.is(await shown(short), short);
  assert.match((await shown(`    network: {lan: br0, ${" ".repeat(60)}gatewy: 1.1.1.1}`))!, /^ +gatewy: 1\.1\.1\.1}$/);
});

test("with a saved host, a missing stack is reported and the others are checked", async () => {
  const files = {
    host: own("test/hosts/vm-without-gpu.txt"),
    "homelab-gpu.yaml": "machines: [{name: a, box: lab/x}]\nstacks:\n  - {path: /there/t}\n  - {path: /none/s}\n",
  };
  const bad = await within(["doctor", "services.compose", "--host", "host"], {
    ...files,
    "/there/t/compose.yaml": "services: {w: {imgae: x}}\n",
  });
  assert.is(bad.code, 1);
  assert.match(bad.out, /\? services\.compose \(a\): s: not checked: there is no folder \/none\/s/);
  assert.match(bad.out, /✗ services\.compose \(a\): t: services\.w: there is no key imgae/);
  const good = { ...files, "/there/t/compose.yaml": "services: {w: {image: x}}\n" };
  const { code, out } = await within(["doctor", "--host", "host"], good);
  assert.match(out, /\nNot everything was checked: /);
  assert.not.match(out, /Ready|\bup\b.*$/);
  assert.is(code, 1);
  assert.match((await within(["doctor", "--host", "host", "-q"], good)).out, /not checked: there is no folder/);
  const json = JSON.parse((await within(["doctor", "--host", "host", "--json"], good)).out);
  assert.is(json.ok, false);
  const unread = json.findings.filter((one: { unread?: true }) => one.unread);
  assert.equal(unread.map((one: { evidence: object[] }) => one.evidence), [[
    { read: "homelab-gpu.yaml:4", value: "there is no folder /none/s" },
  ]]);
  assert.is((await within(["doctor", "provider", "--host", "host"], good)).code, 0, "not asked for");
});

test("a named file that cannot be read is wrong usage", async ({ folder }) => {
  for (const words of [["doctor", "--config", folder], ["doctor", "--host", folder], ["explain", folder]]) {
    let said = "";
    const shell = Object.assign(realShell(), { stderr: (text: string) => void (said += text) });
    assert.is(await main(words, shell), 2, words.join(" "));
    assert.match(said, /^homelab-gpu: cannot read .*: it is a folder\n$/);
  }
});

test("a config from a pipe is read once, and its files are in the current folder", async () => {
  const text = "machines: [{name: ai, box: lab/x}]\n";
  for (const path of ["/dev/fd/63", "/dev/stdin", "/proc/self/fd/9", "-"]) {
    const { shell } = fakeShell({ [path]: text });
    const options = { config: path, gpu: true } as Options;
    const { folder } = await loadConfig({ shell, options, args: [], passthroughArgs: [] });
    assert.is(folder, `${process.cwd()}/.homelab-gpu`, path);
    const { out: verdict } = await within(["doctor", "--config", path], { [path]: text });
    assert.not.match(verdict, /--config (?!FILE\b)/);
  }
});

test("an error is wrapped once, at the columns of the terminal, and not in a pipe", async () => {
  const text = `machines:
  - name: devlab
    box: lab/x
    accelerator: hardware-virtualization
    unknown: 1
    driver: {dxgkrnl: 1}
`;
  for (const words of [["plan"], ["doctor", "nonsense"], ["foo"], ["up", "--json"], ["provision"]]) {
    const piped = await within(words, { "homelab-gpu.yaml": text });
    for (const columns of [80, 60]) {
      const { code, err } = await within(words, { "homelab-gpu.yaml": text }, { err: true, columns });
      assert.is(code, 2);
      const wide = err.split("\n").filter((line) => line.length > columns && !/^ +(\d* \||\S+$)/.test(line));
      assert.equal(wide, [], words.join(" "));
      assert.is(err.replace(/\n +(?!\d* \|)/g, " "), piped.err.replace(/\n +(?!\d* \|)/g, " "));
      // a line that was wrapped twice would end early in the middle of a sentence
      const short = err.split("\n").filter((line, i, all) =>
        !/^ +\d* \|/.test(line) && /^ {2,}[^ ]/.test(all[i + 1] ?? "") &&
        !/^ +(\d* \||write |\w+s?( of checks)?: )/.test(all[i + 1]!) &&
        line.length + 1 + all[i + 1]!.trim().split(" ")[0]!.length <= columns
      );
      assert.equal(short, [], words.join(" "));
    }
  }
});

test("a wrong config is shown with its mistakes, and exits with code 2", async () => {
  const text = 'machines:\n  - name: "a; rm -rf ~"\n    box: \'x"#{1}\'\n';
  const commands = [["up", "--yes"], ["plan"], ["doctor"], ["status"], ["destroy"]];
  const said = await Promise.all(commands.map((words) => within(words, { "homelab-gpu.yaml": text })));
  for (const { code, out, err } of said) {
    assert.equal([code, out], [2, ""]);
    assert.match(err, /^homelab-gpu: homelab-gpu\.yaml:2:11: name must be a host name/);
    assert.match(err, /homelab-gpu\.yaml:3:10: box must be/);
  }
});

test("the examples in the pages of the checks are the output of doctor", async () => {
  const page = "lib/checks/README.md";
  const readme = own(page);
  const shown = [...readme.matchAll(/^\$ npx zx homelab-gpu\.mts doctor --host (\S+)\n(.*?)^```/gms)];
  assert.is(shown.length, 2);
  const said = await Promise.all(
    shown.map(([, host]) =>
      within(["doctor", "--no-color", "--host", host!], { [host!]: own(host!) }, { out: true, columns: 80 })
    ),
  );
  if (process.env.GOLDEN === "write") {
    const text = said.reduce((now, { out }, i) => now.replace(shown[i]![2]!, () => out), readme);
    writeFileSync(`${root}/${page}`, text);
  } else said.forEach(({ out }, i) => assert.is(out, shown[i]![2]));
});

test("doctor --json keeps its shape", () => checkDoctorJson(someHosts));

test.run();
