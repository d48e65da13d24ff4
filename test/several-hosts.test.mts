// Configs whose machines are on several hosts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commands } from "../lib/cli/commands.mts";
import type { Context } from "../lib/cli/context.mts";
import { partsOf } from "../lib/cli/host-words.mts";
import { loadConfig, requireFiles } from "../lib/cli/load-config.mts";
import { readStacks } from "../lib/cli/projects.mts";
import { Lanes } from "../lib/cli/lanes.mts";
import type { Command } from "../lib/cli/options.mts";
import { onEachHost } from "../lib/cli/several-hosts.mts";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { configOn, type Placed, reaches } from "../lib/config/placed.mts";
import { Interrupted, UserError } from "../lib/errors.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { Shell } from "../lib/shell.mts";
import { fakeShell, options } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("several hosts");
const lan = ", network: {lan: br0}";
/** A config with the machine llm on the host a, web on b, and home on this machine. */
const config = ({ llm = "", web = "", more = "" } = {}) =>
  parseConfig(`hosts: {a: {ssh: me@a}, b: {ssh: "ssh://b:2222"}}
machines:
  - {name: llm, host: a, box: lab/x, memory: 1024, cpus: 2${llm}}
  - {name: web, host: b, box: lab/x, memory: 1024, cpus: 2${web}}
  - {name: home, box: lab/x, memory: 1024, cpus: 2}
stacks: [{path: ./one, machine: web}, {path: ./two, machine: llm}]
${more || "services: {ollama: {image: ollama/ollama, machine: llm}}"}
`);
const chat = (value: string, more = "") =>
  `services: {ollama: {image: ollama/ollama, machine: llm}, ` +
  `chat: {image: x, machine: web, environment: {URL: "${value}"}}${more}}`;

test("each host has its machines, services and stacks, with their places in the file", () => {
  const all = config();
  assert.equal(all.hosts, [{ name: "a", login: "me@a" }, { name: "b", login: "b", port: "2222" }, null]);
  assert.is(all.host, undefined);
  const parts = [["a", ["llm"], ["ollama"], ["two"]], ["b", ["web"], [], ["one"]], [undefined, ["home"], [], []]];
  for (const [name, machines, services, stacks] of parts as [string | undefined, string[], string[], string[]][]) {
    const part = configOn(all, name);
    assert.is(part.host?.name, name);
    assert.equal(part.machines.map((one) => one.name), machines);
    assert.equal(part.services.map((one) => one.name), services);
    assert.equal(part.stacks.map((one) => one.name), stacks);
    assert.equal([...part.machines, ...part.elsewhere!].map((one) => one.name).sort(), ["home", "llm", "web"]);
    assert.is(part.hosts, undefined);
  }
  assert.equal(configOn(all, "a").places, { machines: [0], stacks: [1] });
  const one = parseConfig("hosts: {a: {ssh: a}}\nmachines: [{name: x, host: a, box: lab/x}]");
  assert.is(configOn(one, "a"), one);
});

test("a file that is missing is named with its line, whatever the other hosts have", async () => {
  const { shell } = fakeShell({
    "homelab-gpu.yaml": `hosts: {a: {ssh: a}}
machines:
  - {name: x, box: lab/x}
  - {name: y, host: a, box: lab/y, provision: [./missing.sh]}
stacks:
  - {path: ./one, machine: x}
  - {path: ./two, machine: y}
`,
  });
  const context: Context = { shell, options, args: [], passthroughArgs: [], on: { name: "a" } };
  const loaded = await loadConfig(context);
  const messageOf = (work: Promise<unknown>) => work.then(() => "", (error: Error) => error.message);
  assert.match(
    await messageOf(requireFiles(context, loaded)),
    /homelab-gpu\.yaml:4:\d+: there is no file .*missing\.sh/,
  );
  const stacks = await messageOf(readStacks(shell, loaded));
  assert.match(stacks, /homelab-gpu\.yaml:7:/);
  assert.not.match(stacks, /one/);
  const { on: _, ...plain } = context;
  const withHost = (host: string) => loadConfig({ ...plain, options: { ...options, host } });
  assert.match(
    await messageOf(withHost("probe.txt")),
    /^--host reads one host, but the machines are on this machine and a/,
  );
  assert.equal((await withHost("ssh://a")).config.machines.map(({ name }) => name), ["y"]);
});

test("two names of one host are refused: both would have the same lab", () => {
  const wrong = (b: string, of = "b") => {
    try {
      parseConfig(
        `hosts: {a: {ssh: me@a}, b: {ssh: "${b}"}}\n` +
          `machines:\n  - {name: x, host: a, box: lab/x}\n  - {name: y, host: ${of}, box: lab/x}\n`,
      );
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(wrong("me@a"), /:4:\d+: a and b are the same host[^]*host: a/);
  assert.match(wrong("ssh://me@a"), /a and b are the same host/);
  for (const other of ["you@a", "me@a:2222", "me@b"]) assert.is(wrong(other), "", other);
  assert.is(wrong("me@a", "a"), "", "b has no machines");
});

test("machines on several hosts need a card in the LAN to be reached; on one host they need none", () => {
  const names = (all: Placed[]) => all.filter((to) => all.some((from) => !reaches(from, to))).map(({ name }) => name);
  const br0 = { lan: "br0" };
  assert.equal(names([{ name: "x" }, { name: "y" }]), []);
  assert.equal(names([{ name: "x", host: "a" }, { name: "y", host: "a" }]), []);
  assert.equal(names([{ name: "x", host: "a" }, { name: "y" }]), ["x", "y"]);
  assert.equal(names([{ name: "x", host: "a", network: br0 }, { name: "y" }]), ["y"]);
  assert.equal(names([{ name: "x", host: "a", network: br0 }, { name: "y", network: br0 }]), []);
});

test("cluster.network warns about a service that refers to a machine on another host without a card in the LAN", () => {
  const host = savedHost("vm-without-gpu");
  const found = (value: string, keys: { llm?: string; web?: string } = {}, more = "") =>
    runChecks(host, resolveConfig(configOn(config({ ...keys, more: chat(value, more) }), "b"), host), [
      "cluster.network",
    ]).map(({ status }) => status);
  for (const value of ["http://llm:11434", "http://llm.lan:11434/v1", "https://me:pw@LLM.home.arpa", "llm:11434"]) {
    assert.equal(found(value), ["warn"], value);
    assert.equal(found(value, { llm: lan }), ["pass"], value);
    assert.equal(found(value, { web: lan }), ["warn"], value);
  }
  for (
    const value of [
      "http://llmx:1",
      "http://my-llm:1",
      "llm",
      "http://a/llm:1",
      "https://llm.com",
      "https://llm.ai/v1",
      "http://web:1",
    ]
  ) {
    assert.equal(found(value), [], value);
  }
  // a service of the same machine has this name
  assert.equal(found("http://llm:1", {}, ", llm: {image: x, machine: web}"), []);
  const single = parseConfig(`machines: [{name: web, box: lab/x}]\nservices: {chat: {image: x, command: "llm:1"}}`);
  assert.equal(runChecks(host, resolveConfig(single, host), ["cluster.network"]), []);
});

/** Runs a fake command on the three hosts of the config; those of `dead` are not reached. */
async function runOn(
  name: string,
  run: (context: Context) => Promise<number>,
  { words = [], set = {}, dead = [], terminal = {}, answer = true }: {
    words?: string[];
    set?: Partial<typeof options>;
    dead?: string[];
    terminal?: Partial<Shell["terminal"]>;
    answer?: boolean;
  } = {},
) {
  const { shell, printed, said } = fakeShell();
  const asked: string[] = [];
  const here = Object.assign(Object.create(shell) as Shell, {
    terminal: { ...shell.terminal, ...terminal },
    confirm: (question: string) => {
      asked.push(question);
      said.push(`[${question}]\n`);
      return Promise.resolve(answer);
    },
  });
  const connected: string[] = [];
  const context = { shell: here, options: { ...options, ...set }, args: words, passthroughArgs: [] };
  const { takes, operands } = commands[name]!;
  const command: Command = { takes, summary: "", run, ...(operands ? { operands } : {}) };
  const code = await onEachHost(command, name, context, config(), ({ name, login }, lane) => {
    connected.push(name);
    if (dead.includes(name)) return Promise.reject(new UserError(`ssh cannot reach ${login}`, 1));
    return Promise.resolve(lane);
  }).catch((error: unknown) => error as Error);
  return { code, connected, asked, out: printed.join(""), said: said.join("") };
}
const nameOn = ({ on }: Context) => on!.name ?? "here";

test("a command runs on each host at the same time, and its data has a section for each, in the order of the config", async () => {
  const order: string[] = [];
  let waiting = 3;
  const { code, out, connected } = await runOn("doctor", async (context) => {
    order.push(nameOn(context));
    waiting--;
    while (waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    context.shell.stdout(`report of ${nameOn(context)}\n`);
    return 0;
  });
  assert.equal([code, connected.sort(), order.sort()], [0, ["a", "b"], ["a", "b", "here"]]);
  assert.is(
    out,
    "── a (ssh://me@a) ──\nreport of a\n\n── b (ssh://b:2222) ──\nreport of b\n\n── this machine ──\nreport of here\n",
  );
});

test("a host that fails stops no other; the last lines name it and the command that goes on", async () => {
  const { code, said } = await runOn("up", ({ on, shell }) => {
    if (on!.name === "b") return Promise.reject(new UserError("no space left", 1));
    shell.stderr("homelab-gpu: 1/1 Create");
    shell.stderr(" the VM\n");
    return Promise.resolve(0);
  }, { dead: ["a"] });
  assert.is(code, 1);
  assert.match(said, /^a {12}\| ssh cannot reach me@a$/m);
  assert.match(said, /^b {12}\| no space left$/m);
  assert.match(said, /^this machine \| 1\/1 Create the VM$/m);
  assert.match(
    said,
    /homelab-gpu: done: this machine; failed: b; not reached: a\n {2}fix what it .*: .* up llm web\n$/,
  );
  const again = await runOn("up", () => Promise.resolve(0), { dead: ["a"], set: { gpu: false, recreate: true } });
  assert.match(again.said, / up llm --no-gpu --recreate\n$/);
});

test("a mistake that is the same on each host is one error, and an interruption ends all", async () => {
  const mistake = await runOn("doctor", () => Promise.reject(new UserError("there is no check x")));
  assert.is((mistake.code as unknown as Error).message, "there is no check x");
  assert.is(mistake.out, "");
  const stopped = await runOn(
    "up",
    ({ on }) => on!.name === "a" ? Promise.reject(new Interrupted()) : Promise.resolve(0),
  );
  assert.instance(stopped.code, Interrupted);
  assert.is((stopped.code as unknown as Interrupted).running, undefined, "no step was begun");
  const midway = await runOn("up", ({ on }) => Promise.reject(new Interrupted(on!.name ? [`vm of ${on!.name}`] : [])));
  assert.equal((midway.code as unknown as Interrupted).running?.sort(), ["vm of a", "vm of b"]);
  const bug = await runOn("up", ({ on }) => on!.name === "a" ? Promise.reject(new TypeError("x")) : Promise.resolve(0));
  assert.instance(bug.code, TypeError);
});

test("one host asks at a time, by its name and below its data, while the lines of the others wait", async () => {
  const { asked, said } = await runOn("destroy", async ({ shell, on }) => {
    shell.stdout(`data of ${on!.name}\n`);
    assert.ok(await shell.confirm("Remove it?"));
    shell.stderr("homelab-gpu: removed\n");
    return 0;
  });
  assert.equal(asked.sort(), ["a: Remove it?", "b: Remove it?", "this machine: Remove it?"]);
  for (const name of ["a", "b"]) {
    assert.match(said, new RegExp(`── ${name} \\(.*\\) ──\ndata of ${name}\n\\[${name}: Remove it\\?\\]`));
  }
});

test("a host whose question was answered with no is not said to have failed", async () => {
  const { code, said } = await runOn("destroy", async ({ shell, on }) => {
    if (on!.name === "b") throw new UserError("no space left", 1);
    return await shell.confirm("Remove it?") ? 0 : 1;
  }, { answer: false });
  assert.is(code, 1);
  assert.match(
    said,
    /homelab-gpu: failed: b; not confirmed: a and this machine\n {2}fix what it says above, then run: .* destroy web\n$/,
  );
  const all = await runOn("destroy", async ({ shell }) => await shell.confirm("Remove it?") ? 0 : 1, { answer: false });
  assert.match(all.said, /homelab-gpu: not confirmed: a, b and this machine\n$/);
});

test("a second question waits for the first, and so do the lines of others", async () => {
  const lanes = new Lanes();
  const seen: string[] = [];
  let answer = () => {};
  const first = lanes.alone(() => {
    seen.push("first");
    return new Promise<void>((resolve) => answer = resolve);
  });
  const second = lanes.alone(() => Promise.resolve(void seen.push("second")));
  await new Promise((resolve) => setImmediate(resolve));
  lanes.write(() => seen.push("line"));
  assert.equal(seen, ["first"]);
  answer();
  await Promise.all([first, second]);
  assert.equal(seen, ["first", "line", "second"]);
  lanes.write(() => seen.push("later"));
  assert.is(seen.at(-1), "later");
});

test("JSON names each host, and has null for the report of one that was not reached", async () => {
  const { code, out } = await runOn("status", ({ shell, on }) => {
    shell.stdout(JSON.stringify({ schema: "homelab-gpu/status/2", on: on!.name ?? null }));
    return Promise.resolve(0);
  }, { set: { json: true }, dead: ["b"] });
  assert.is(code, 1);
  const { hosts, ok } = JSON.parse(out) as { ok: boolean; hosts: Record<string, unknown>[] };
  assert.equal([ok, hosts.map(({ name, reached, code }) => [name, reached, code])], [
    false,
    [["a", true, 0], ["b", false, 1], ["this machine", true, 0]],
  ]);
  assert.equal(hosts.map(({ report }) => report), [
    { schema: "homelab-gpu/status/2", on: "a" },
    null,
    { schema: "homelab-gpu/status/2", on: null },
  ]);
});

test("words go to the hosts of their machines, services and stacks; only these are reached", () => {
  const of = (name: string, ...words: string[]) =>
    partsOf(name, commands[name]!, words, config()).map(({ host, args }) => [host?.name, ...args]);
  assert.equal(of("up"), [["a"], ["b"], [undefined]]);
  assert.equal(of("up", "web", "home"), [["b", "web"], [undefined, "home"]]);
  assert.equal(of("ssh", "llm"), [["a", "llm"]]);
  assert.equal(of("doctor", "iommu"), [["a", "iommu"], ["b", "iommu"], [undefined, "iommu"]]);
  assert.equal(of("logs", "ollama"), [["a", "ollama"]]);
  assert.equal(of("logs", "one/db"), [["b", "one/db"]]);
  assert.is(of("logs", "db").length, 3);
  // any host may have a machine that left the config
  for (const name of ["down", "destroy", "status"]) {
    assert.is(of(name, "ollama").length, 3, "a service, or a machine of that name that left the config");
    assert.equal(of(name, "llm", "old"), [["a", "llm"], ["b"], [undefined]], name);
  }
  assert.equal(of("destroy", "b/llm", "localhost/web", "home"), [["b", "llm"], [undefined, "home", "web"]]);
  assert.throws(() => of("up", "b/llm"), /there is no machine b\/llm/);
  assert.throws(() => of("up", "ollama"), /there is no machine ollama: it runs on the machine llm/);
  assert.throws(() => of("up", "old"), /there is no machine old/);
  assert.throws(() => of("up", "b"), /there is no machine b: it is a host, with the machine web/);
  assert.throws(() => of("ssh"), /name the machine: ssh llm, ssh web, ssh home/);
  assert.throws(() => of("ssh", "llm", "ls"), /put the command after --: ssh llm -- ls/);
});

test("a command about machines of one host runs as with a config of one host", async () => {
  const { code, said, connected } = await runOn("up", ({ shell, on, args }) => {
    assert.is(shell.terminal.shared, undefined);
    shell.stderr(`homelab-gpu: ${nameOn({ on } as Context)} ${args.join()}\n`);
    return Promise.resolve(0);
  }, { words: ["home"] });
  assert.equal([code, said, connected], [0, "homelab-gpu: here home\n", []]);
});

test.run();
