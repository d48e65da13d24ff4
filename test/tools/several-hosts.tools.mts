// A config with machines on two other hosts and this machine. The hosts are two OpenSSH servers on 127.0.0.1, each with
// its own port, host key and home folder; Vagrant, libvirt and the VMs' ssh are stand-ins.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Ajv } from "ajv";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { own, root, standIns } from "../fake.mts";
import { freePort, type SshServer, startSshd } from "../sshd.mts";
import { starting } from "../start.mts";
import { letGo, programs } from "../sweep/lab.mts";
import { until } from "../until.mts";
import { connectionOf } from "./far-host.mts";

const test = suite("several hosts over ssh");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-several-"));
const file = (name: string) => join(work, name);
const names = ["one", "two"] as const;
const machines: Record<string, string> = { one: "alpha", two: "beta" };
const servers = new Map<string, SshServer>();
let env: NodeJS.ProcessEnv = process.env;

const machine = (name: string, host = "") => `  - {name: ${name}, ${host}box: lab/x, memory: 1024, cpus: 2}\n`;
const hostLines = "hosts: {one: {ssh: one}, two: {ssh: two}}\nmachines:\n";
const two = `${hostLines}${machine("alpha", "host: one, ")}${machine("beta", "host: two, ")}`;
const config = (text: string) => writeFileSync(file("lab/homelab-gpu.yaml"), text);

/** A stand-in of the ssh to a VM, which also answers with its state and its logs. */
const answering = (machine: string) =>
  `text=$(cat)
case "$*" in *' logs '*) echo "a line of ${machine}"; exit ;; esac
case $text in *homelab-gpu-status*)
  printf '%s\\n' 'homelab-gpu-status 1' engine:answers \
    'service:${machine}-web running 0 0 none always homelab-gpu-${machine}-web-1' end:yes
  exit ;;
esac
${programs.ssh}`;

/** The stand-ins of a host with that machine, whose VM is a file in the host's folder. */
function standInsIn(folder: string, machine: string) {
  for (const name of ["domains", "hold"]) mkdirSync(`${folder}/${name}`, { recursive: true });
  const set = `[ ! -e '${folder}/broken' ] || { echo "$0 is broken" >&2; exit 9; }\n` +
    `DOMAINS='${folder}/domains'; HOLD=$(cat '${folder}/held' 2>/dev/null)\n`;
  const texts = Object.entries({ ...programs, ssh: answering(machine) }).map(([name, text]) => [
    name,
    (name === "vagrant" ? set : set.replace(/.*\n/, "")) +
    text.replace("head -n 3000", "head -n 3").replaceAll("machines/a/", `machines/${machine}/`)
      .replaceAll('$prefix"a', `$prefix"${machine}`).replace("Host a\\n", `Host ${machine}\\n`),
  ]);
  return standIns(folder, Object.fromEntries(texts)).PATH!;
}

/** The client's configuration; `ports` and `known` replace those of a host. */
function client(ports: Record<string, number> = {}, known: Record<string, string> = {}) {
  writeFileSync(
    file("ssh_config"),
    names.map((name) =>
      `Host ${name}\n  HostName 127.0.0.1\n  Port ${ports[name] ?? servers.get(name)!.port}\n` +
      `  IdentityFile ${file(`${name}/user`)}\n  IdentitiesOnly yes\n` +
      `  UserKnownHostsFile ${file(`${name}/${known[name] ?? "known"}`)}\n  GlobalKnownHostsFile none\n`
    ).join(""),
  );
}

test.before(async () => {
  for (const folder of ["home", "lab", ...names]) mkdirSync(file(folder), { recursive: true });
  for (const name of names) {
    const server = await startSshd(
      file(name),
      ["other"],
      `${standInsIn(file(name), machines[name]!)} HOME=${file(name)}`,
    );
    server.known("known", "host");
    server.known("changed", "other");
    servers.set(name, server);
  }
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  mkdirSync(file("here"));
  const path = standInsIn(file("here"), "gamma");
  const vmSsh = readFileSync(`${file("here")}/bin/ssh`, "utf8").replace(/^#!.*\n/, "");
  // the ssh of this machine reaches hosts; to a VM it is a stand-in
  writeFileSync(
    `${file("here")}/bin/ssh`,
    `#!/bin/sh\ncase " $* " in *" -F ssh/"*) ;; *) exec ${ssh} -F '${file("ssh_config")}' "$@" ;; esac\n${vmSsh}`,
    { mode: 0o755 },
  );
  env = { ...process.env, PATH: path, HOME: file("home"), XDG_CONFIG_HOME: file("none") };
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR", "VAGRANT_HOME"]) delete env[name];
});

test.before.each(() => {
  client();
  config(two);
  for (const name of names) rmSync(file(`${name}/broken`), { force: true });
});

test.after(() => {
  for (const { process } of servers.values()) process.kill();
  rmSync(work, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

const run = (...words: string[]): Promise<Ended> => start(...words).ended;

function start(...words: string[]) {
  const child = spawn(process.execPath, [...starting, `${root}/homelab-gpu.mts`, ...words], {
    cwd: file("lab"),
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => out += String(chunk));
  child.stderr.on("data", (chunk) => err += String(chunk));
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  return { child, ended, err: () => err };
}

/** The sections of an output by host. */
function sections(out: string): Record<string, string> {
  const parts = out.split(/^── (.*?)(?: \(.*\))? ──\n/m).slice(1);
  return Object.fromEntries(parts.flatMap((part, i) => i % 2 === 0 ? [[part, parts[i + 1]!]] : []));
}

/** Every read command of the lab, as it is typed. */
const reading = [["doctor", "--no-gpu"], ["plan", "--no-gpu"], ["up", "-n", "--no-gpu"], ["status"]];

/** The JSON of several hosts, whose reports match the schema of the command. */
function reported(out: string, schema: string) {
  const ajv = (name: string) => new Ajv({ strict: false }).compile(JSON.parse(own(`templates/${name}.schema.json`)));
  const all = JSON.parse(out) as { ok: boolean; hosts: { name: string; reached: boolean; report: object | null }[] };
  const [whole, each] = [ajv("hosts"), ajv(schema)];
  assert.ok(whole(all), JSON.stringify(whole.errors));
  for (const { report } of all.hosts) assert.ok(report === null || each(report), JSON.stringify(each.errors));
  return all;
}

test("doctor, plan and status have a section for each host, and JSON that names the host", async () => {
  for (const words of reading) {
    const { code, out, err } = await run(...words);
    assert.is(code, 0, out + err);
    assert.equal(Object.keys(sections(out)), ["one", "two"], words.join(" ") + err);
    assert.match(err, /^homelab-gpu: hosts: one \(ssh:\/\/one\), two \(ssh:\/\/two\)\n/);
    const { ok, hosts } = reported((await run(...words, "--json")).out, words[0] === "up" ? "plan" : words[0]!);
    assert.equal([ok, hosts.map(({ name }) => name)], [true, ["one", "two"]]);
  }
  const { out } = await run("plan", "--no-gpu");
  assert.match(sections(out).one!, /Create the VM alpha/);
  assert.not.match(sections(out).one!, /Create the VM beta/);
  assert.match(sections(out).two!, /Steps, in .*\/two\/homelab-gpu\/lab\/\.homelab-gpu:/);
});

test("a host that is not reached, or has another host key, is reported beside the others", async () => {
  const cases: [prepare: () => void, message: RegExp][] = [
    [() => client({ two: closed }), /ssh cannot reach two: .*Connection refused/],
    [() => client({}, { two: "changed" }), /the host key of two has changed, so ssh refuses it/],
  ];
  const closed = await freePort();
  const before = readFileSync(file("two/changed"), "utf8");
  for (const [prepare, message] of cases) {
    prepare();
    for (const words of reading) {
      const { code, out, err } = await run(...words);
      const parts = sections(out);
      assert.is(code, 1, err);
      assert.match(parts.two!.replaceAll("\n", " "), message, words.join(" "));
      assert.is(parts.two!.trimEnd().split("\n").length, 2, "nothing else is said of it");
      assert.match(parts.one!, words[0] === "doctor" ? /^Ready: /m : /alpha/);
      assert.match(err.trimEnd().split("\n").at(-1)!, /^homelab-gpu: \w+: one; not reached: two$/);
      const { ok, hosts } = reported((await run(...words, "--json")).out, words[0] === "up" ? "plan" : words[0]!);
      assert.equal([ok, hosts.map(({ reached }) => reached)], [false, [true, false]]);
      assert.is(hosts[1]!.report, null);
    }
    // a machine on the other host needs only that one
    assert.is((await run("plan", "alpha", "--no-gpu")).code, 0);
  }
  assert.is(readFileSync(file("two/changed"), "utf8"), before, "no key is accepted");
});

test("mistakes in the command line are one message, and --save needs one host", async () => {
  const refused: [words: string[], message: RegExp][] = [
    [["doctor", "nothing.at-all"], /^homelab-gpu: there is no check nothing\.at-all/m],
    [["up", "gamma"], /^homelab-gpu: there is no machine gamma/m],
    [["ssh"], /^homelab-gpu: name the machine: ssh alpha, ssh beta$/m],
    [["destroy", "gamma", "--yes"], /^homelab-gpu: there is no machine gamma/m],
    [["doctor", "--save", "probe.txt"], /--save saves the probe of one host.*\n.*--host ssh:\/\/one/],
    [["doctor", "--host", `${root}/test/hosts/vm-without-gpu.txt`], /--host reads one host, but .* one and two\n/],
  ];
  for (const [words, message] of refused) {
    const { code, err } = await run(...words);
    assert.is(code, 2, words.join(" ") + err);
    assert.match(err, message);
    assert.is(err.match(/there is no/g)?.length ?? 1, 1, err);
  }
  const saved = await run("doctor", "--no-gpu", "--host", "ssh://one", "--save", "probe.txt");
  assert.match(saved.err, /saved what the probe read: probe\.txt/);
});

test("up fails on one host and goes on with the other; the next one ends it; each host has its own lab", async () => {
  writeFileSync(file("two/broken"), "");
  const first = await run("up", "--no-gpu");
  assert.is(first.code, 1, first.err);
  assert.match(first.err, /^two \| Create the VM beta: failed with code 9/m);
  assert.match(first.err, /^one \| 4\/4 Prove alpha$/m);
  assert.match(
    first.err,
    /\nhomelab-gpu: done: one; failed: two\n {2}fix what it says above, then run: .* up beta --no-gpu\n$/,
  );
  assert.match(sections(first.out).one!, /^alpha is up at /);
  for (const [name, machine] of Object.entries(machines)) {
    assert.ok(existsSync(file(`${name}/homelab-gpu/lab/.homelab-gpu/Vagrantfile`)));
    assert.is(existsSync(file(`${name}/homelab-gpu/lab/.homelab-gpu/verify/${machine}.txt`)), name === "one");
  }
  rmSync(file("two/broken"));
  const second = await run("up", "beta", "--no-gpu");
  assert.is(second.code, 0, second.err);
  assert.match(second.err, /^homelab-gpu: host: two \(ssh:\/\/two\)\n/, "one host has no lanes");
  const idle = await run("up", "--no-gpu");
  assert.match(idle.err, /^two \| nothing to do$/m);
  assert.match(idle.err, /homelab-gpu: done: one and two\n$/);
  assert.not.ok(existsSync(file("lab/.homelab-gpu")), "nothing is written here");
});

test("ssh, verify and ssh-config go to the host of the machine; so do down and destroy", async () => {
  const proven = await run("verify", "--json");
  const { hosts } = reported(proven.out, "verify");
  assert.equal(hosts.map(({ name }) => name), ["one", "two"], proven.err);
  const ssh = await run("ssh", "beta", "-n");
  assert.match(ssh.out, /ssh -F ssh\/beta/, ssh.err);
  const { out } = await run("ssh-config");
  assert.match(out, /^# one \(ssh:\/\/one\)\nHost alpha\n[^]*ProxyJump one\n\n?# two \(ssh:\/\/two\)\nHost beta\n/);
  const down = await run("down", "beta", "-n");
  assert.match(down.out, /Shut beta down/);
  assert.not.match(down.out + down.err, /alpha|one/);
  // a machine that left the config is found on its host
  config(`${hostLines}${machine("alpha", "host: one, ")}${machine("delta", "host: two, ")}`);
  const gone = await run("destroy", "beta", "--yes");
  assert.is(gone.code, 0, gone.err);
  assert.match(gone.err, /^homelab-gpu: .*\n/);
  assert.equal(readdirSync(file("two/domains")), [], gone.err);
  assert.is(readdirSync(file("one/domains")).length, 1);
  const all = await run("destroy", "--yes");
  assert.is(all.code, 0, all.err);
  assert.equal(readdirSync(file("one/domains")), []);
});

test("logs of services on several hosts, and of one, without asking the other", async () => {
  config(
    `${two}services: {alpha-web: {image: x, machine: alpha}, beta-web: {image: x, machine: beta}}\n`,
  );
  await run("up", "--no-gpu");
  const all = await run("logs");
  assert.equal([all.code, all.out], [0, "a line of alpha\na line of beta\n"], all.err);
  client({ two: await freePort() });
  const one = await run("logs", "alpha-web");
  assert.equal([one.code, one.out, one.err], [0, "a line of alpha\n", ""]);
  const both = await run("logs");
  assert.equal([both.code, both.out], [1, "a line of alpha\n"]);
  assert.match(both.err, /^homelab-gpu: two: ssh cannot reach two: /);
});

/** Runs `act` while a step of `up` on the host two waits, and the host one is done. */
async function during(act: (up: ReturnType<typeof start>, step: string) => void) {
  await run("destroy", "--yes");
  writeFileSync(file("two/held"), file("two/hold"));
  const up = start("up", "--no-gpu");
  const id = await until("a step that waits", () => {
    if (up.child.exitCode !== null) throw new Error(up.err());
    const step = /^two \| 1\/\d+ /m.test(up.err());
    const [waiting] = readdirSync(file("two/hold"));
    if (waiting && !step) letGo(file(`two/hold/${waiting}`));
    return step && /^one \| done$/m.test(up.err()) && waiting;
  });
  act(up, id);
  rmSync(file("two/held"));
  const ended = await up.ended;
  await until("the end of the step", () => !existsSync(`/proc/${id}`));
  for (const name of readdirSync(file("two/hold"))) rmSync(file(`two/hold/${name}`));
  return ended;
}

test("a lost connection to one host, and Ctrl-C, end the step there; the next up goes on", async () => {
  const lost = await during(({ child }) => void process.kill(connectionOf(child.pid!, "two"), "SIGKILL"));
  assert.is(lost.code, 1, lost.err);
  assert.match(lost.err, /^two \| the connection to two was lost: the next run continues from here$/m);
  assert.match(lost.err, /homelab-gpu: done: one; failed: two\n/);
  assert.match(lost.out, /^alpha is up at /m);
  const stopped = await during(({ child }) => void child.kill("SIGINT"));
  assert.is(stopped.code, 130, stopped.err);
  assert.match(stopped.err, /\nhomelab-gpu: interrupted; the next run continues from here\n/);
  assert.is((await run("up", "--no-gpu")).code, 0);
});

test("this machine may be one of the hosts", async () => {
  config(`${hostLines}${machine("alpha", "host: one, ")}${machine("gamma")}`);
  const { code, out, err } = await run("up", "--no-gpu");
  assert.is(code, 0, err);
  assert.equal(Object.keys(sections(out)), ["one", "this machine"]);
  assert.match(err, /^this machine \| 4\/4 Prove gamma$/m);
  assert.ok(existsSync(file("lab/.homelab-gpu/Vagrantfile")));
});

test("on a terminal of 80 columns, lines of both hosts are whole, and programs do not fill it", async () => {
  await run("destroy", "--yes");
  writeFileSync(file("two/broken"), "");
  const command = [process.execPath, ...starting, `${root}/homelab-gpu.mts`, "up", "--no-gpu"].join(" ");
  for (const words of ["up --no-gpu", "doctor --no-gpu"]) {
    const typed = `stty cols 80 rows 40; exec ${command.replace("up --no-gpu", words)}`;
    const child = spawn("script", ["-qec", typed, "/dev/null"], {
      cwd: file("lab"),
      env: { ...env, TERM: "xterm", HOMELAB_GPU_COMMAND: "homelab-gpu", NO_COLOR: "1" },
    });
    let out = "";
    child.stdout.on("data", (chunk) => out += String(chunk));
    await new Promise((resolve) => child.on("close", resolve));
    const lines = out.replaceAll("\r\n", "\n").split("\n");
    // a path is not wrapped
    const wide = lines.filter((line) => [...line].length > 80 && /\S \S/.test(line.replace(/^.*? \| +/, "")));
    assert.equal([wide, lines.filter((line) => /[\r\u001b]/.test(line))], [[], []]);
    if (words.startsWith("doctor")) assert.ok(lines.length <= 40, out);
    assert.not.match(out, /a line of what Vagrant says/);
  }
});

test.run();
