// A config with machines on two other hosts and this machine.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { Ajv } from "ajv";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { own, root } from "../fake.mts";
import { freePort } from "../sshd.mts";
import { letGo, programs } from "../sweep/lab.mts";
import { until } from "../until.mts";
import { connectionOf } from "./far-host.mts";
import { hostLines, machine, machines, names, two, type TwoHosts, twoHosts } from "./two-hosts.mts";

const test = suite("several hosts over ssh");
let hosts: TwoHosts;
const file = (name: string) => hosts.file(name);
const client: TwoHosts["client"] = (...settings) => hosts.client(...settings);
const config: TwoHosts["config"] = (text) => hosts.config(text);
const run: TwoHosts["run"] = (...words) => hosts.run(...words);
const start: TwoHosts["start"] = (...words) => hosts.start(...words);

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

beforeAll(test, async () => {
  hosts = await twoHosts({ more: (machine) => ({ ssh: answering(machine) }) });
});

test.before.each(() => {
  client();
  config(two);
  for (const name of names) rmSync(file(`${name}/broken`), { force: true });
});

test.after(() => hosts.end());

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

test("two names of one host are refused by what the host says, before anything is made; destroy still works", async () => {
  const port = hosts.servers.get("one")!.port;
  const same = `Host same\n  HostName localhost\n  HostKeyAlias [127.0.0.1]:${port}\n  Port ${port}\n` +
    `  IdentityFile ${file("one/user")}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${file("one/known")}\n`;
  client({}, {}, same);
  config(
    `hosts: {one: {ssh: one}, same: {ssh: root@same}}\nmachines:\n${machine("alpha", "host: one, ")}` +
      machine("beta", "host: same, "),
  );
  const before = readdirSync(file("one"));
  for (const words of [["up", "--yes"], ["doctor"], ["plan"], ["prepare"]]) {
    const { code, out, err } = await run(...words);
    assert.is(code, 2, words.join(" ") + out + err);
    assert.match(err, /homelab-gpu.yaml:4:\d+: one and same are the same host: its boot ID is the same\n/);
    assert.match(err, /\n {6}write {2}host: one\n/);
    assert.is(out, "");
  }
  assert.equal(readdirSync(file("one")), before);
  const destroyed = await run("destroy", "--yes");
  assert.is(destroyed.code, 0, destroyed.err);
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
  for (const name of names) {
    assert.ok(existsSync(file(`${name}/homelab-gpu/lab/.homelab-gpu/Vagrantfile`)));
    assert.is(existsSync(file(`${name}/homelab-gpu/lab/.homelab-gpu/verify/${machines[name]}.txt`)), name === "one");
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

test("a machine that moved to another host leaves its VM, which destroy HOST/MACHINE removes", async () => {
  await run("up", "alpha", "--no-gpu", "--yes");
  config(
    `${hostLines}${machine("alpha", "host: two, ")}${machine("epsilon", "host: one, ").replace("lab/x", "lab/e")}`,
  );
  // the stand-in has no VM for another machine: only what is said first counts
  writeFileSync(file("one/broken"), "");
  const { err } = await run("up", "epsilon", "--no-gpu", "--yes");
  const left =
    /^homelab-gpu: alpha is on two in the config, and its VM still exists on one; to remove it: destroy one\/alpha$/m;
  assert.match(err, left);
  rmSync(file("one/broken"));
  const shown = /^alpha: running · .* · in the config it is on two · to remove it: destroy one\/alpha$/m;
  assert.match((await run("status")).out, shown);
  assert.is((await run("destroy", "alpha", "--yes")).code, 0);
  assert.is(readdirSync(file("one/domains")).length, 1, "alpha is the VM on two");
  const gone = await run("destroy", "one/alpha", "--yes");
  assert.is(gone.code, 0, gone.err);
  assert.equal(readdirSync(file("one/domains")), []);
  assert.is((await run("destroy", "none/alpha", "--yes")).code, 2);
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
  for (const words of ["up --no-gpu", "doctor --no-gpu"]) {
    const out = await hosts.typing("", ...words.split(" "));
    const lines = out.split("\n");
    // a path is not wrapped
    const wide = lines.filter((line) => [...line].length > 80 && /\S \S/.test(line.replace(/^.*? \| +/, "")));
    assert.equal([wide, lines.filter((line) => /[\r\u001b]/.test(line))], [[], []]);
    if (words.startsWith("doctor")) assert.ok(lines.length <= 40, out);
    assert.not.match(out, /a line of what Vagrant says/);
  }
});

test.run();
