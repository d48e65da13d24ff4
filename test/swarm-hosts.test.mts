// `cluster: swarm` with machines on several hosts: two hosts in memory, whose VMs answer as Docker does.
import process from "node:process";
import { suite } from "uvu";
import { inlineProject } from "../lib/checks/compose.mts";
import { hearing } from "../lib/cli/lanes.mts";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { commands } from "../lib/cli/commands.mts";
import type { Options } from "../lib/cli/context.mts";
import { onEachHost } from "../lib/cli/several-hosts.mts";
import { whileLocked } from "../lib/cli/swarm-guests.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { configOn } from "../lib/config/placed.mts";
import { UserError } from "../lib/errors.mts";
import { parseState, swarmAfter } from "../lib/host/state.mts";
import { joiningWay, nodeFactsIn, ticketIn } from "../lib/plan/swarm-nodes.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { Shell } from "../lib/shell.mts";
import { readStacks } from "../lib/cli/projects.mts";
import { withSwarmModels } from "../lib/cli/swarm-stacks.mts";
import { fakeShell, options } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import { World } from "./world.mts";

const test = suite("a Swarm on several hosts");
const config = `cluster: swarm
hosts: {box: {ssh: me@box}, nas: {ssh: me@nas}}
machines:
  - {name: llm, host: box, box: lab/y, cpus: 2, memory: 1024, network: {lan: br0, address: 192.168.1.50/24}}
  - {name: web, host: nas, box: lab/y, cpus: 2, memory: 1024, network: {lan: br0}}
services:
  site: {image: x/site, ports: ["8080:80"]}
  own: {image: x/own, machine: web}
`;
const token = "SWMTKN-1-secret-word";

/** The Docker Engine of a VM. */
interface Engine {
  /** Its Swarm, and its id there. */
  swarm?: Swarm;
  id?: string;
  cards: number;
}

/** A Swarm, as its manager knows it. */
interface Swarm {
  nodes: Map<string, { labels: string; down?: true }>;
}

/** Two hosts with the VMs of the config, and what was asked and started on them, in order. */
class Hosts {
  readonly worlds: Record<"box" | "nas", World>;
  readonly engines = new Map<string, Engine>();
  /** What runs about the Swarm, as `HOST: VM: WORDS`. */
  calls: string[] = [];
  /** All arguments of programs, messages and files that steps wrote. */
  seen: string[] = [];
  /** Hosts that are not reached. */
  dead: string[] = [];
  /** Words of a command in a VM that fails. */
  refused?: string;
  /** Whether the host box is this machine. */
  isBoxHere = false;
  /** The host whose services end. */
  unproven?: "box" | "nas";
  /** How often the services still end there. */
  unprovenTimes = Infinity;
  /** A person is asked, and says no. */
  isAsked = false;
  /** The files that were written or created. */
  noted: string[] = [];
  #ids = 0;
  /** The nodes that the last ticket named. */
  #known: string[] = [];

  set config(text: string) {
    for (const world of Object.values(this.worlds)) world.config = text;
  }

  /** `nas`: the saved host that nas is. */
  constructor(nas = "vm-without-gpu") {
    this.worlds = { box: new World(config, "vm-without-gpu"), nas: new World(config, nas) };
    this.worlds.nas.disk.set("/proc/sys/kernel/random/boot_id", "boot of nas\n");
    for (const world of Object.values(this.worlds)) {
      world.answers["sh -c for path in /sys"] = {
        out: "interface br0 bridge up -\ninet br0 192.168.1.9/24\naddresses\nend\n",
      };
    }
  }

  swarm(name: "box" | "nas") {
    const world = this.worlds[name];
    return parseState(world.disk.get(`${world.folder}/state.json`) ?? "{}").swarm;
  }

  /** Runs a command line on both hosts. */
  async run(name: string, words: string[] = [], set: Partial<Options> = {}) {
    this.calls = [];
    this.seen = [];
    const { shell, printed, said } = fakeShell();
    if (this.isAsked) Object.assign(shell.terminal, { in: true, out: true, err: true });
    const here = this.isBoxHere
      ? this.#shell("box", shell)
      : Object.assign(Object.create(shell) as Shell, { read: this.worlds.box.context([]).shell.read });
    const context = { shell: here, options: { ...options, yes: true, ...set }, args: words, passthroughArgs: [] };
    const file = this.worlds.box.disk.get(`${process.cwd()}/homelab-gpu.yaml`)!;
    const code = await onEachHost(
      commands[name]!,
      name,
      context,
      parseConfig(file),
      ({ name, login }, lane) =>
        this.dead.includes(name)
          ? Promise.reject(new UserError(`ssh cannot reach ${login}`, 1))
          : Promise.resolve(this.#shell(name as "box" | "nas", lane)),
    ).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      said.push(error.message);
      return error.code;
    });
    this.seen.push(...printed, ...said);
    return { code, text: [...printed, ...said].join("") };
  }

  #shell(host: "box" | "nas", lane: Shell): Shell {
    const world = this.worlds[host];
    const { shell } = world.context([], { yes: true });
    const note = (command: string[]) => {
      const words = command.join(" ");
      this.seen.push(words);
      const inVm = /^ssh -F ssh\/(\S+) .*?'?sudo (?:env \S+ )?sh -s -- (.*)$/.exec(words);
      if (
        inVm && /^(runtime|start|ticket|facts|join|label|drain|remove|leave|homelab-gpu-swarm|--keep)/.test(inVm[2]!)
      ) {
        this.calls.push(`${host}: ${inVm[1]}: ${inVm[2]}`);
      }
      if (/remove-vm|join-swarm/.test(words)) {
        this.calls.push(`${host}: ${words.replace(/(remove-vm\.sh \S+).*/, "$1")}`);
      }
      return inVm;
    };
    return {
      ...shell,
      stdout: (text) => lane.stdout(text),
      stderr: (text) => lane.stderr(text),
      confirm: (question) => lane.confirm(question),
      terminal: lane.terminal,
      create: (path, text) => {
        this.noted.push(path);
        return shell.create(path, text);
      },
      write: async (path, text, mode) => {
        this.noted.push(path);
        this.seen.push(text);
        await shell.write(path, text, mode);
      },
      capture: async (command, settings) => {
        const inVm = note(command);
        if (!inVm || command.includes("bash")) return await shell.capture(command, settings);
        assert.is(settings?.cwd, world.folder);
        return this.#docker(inVm[1]!, inVm[2]!, settings?.input ?? "");
      },
      run: async (command, settings) => {
        const inVm = note(command);
        const [, , mode, vm] = command;
        if (command[1] === "scripts/remove-vm.sh") this.#removed(command[2]!);
        if (command[1] === "scripts/join-swarm.sh" && mode === "alone") this.#docker(vm!, "leave", "");
        if (inVm && this.refused !== undefined && inVm[2]!.startsWith(this.refused)) {
          return { code: 1, tail: ["refused"] };
        }
        const result = await shell.run(command, settings);
        const said = settings.output === undefined ? undefined : world.disk.get(settings.output);
        const ended = said?.replace(/^(service:\S+) running 0/gm, "$1 exited 3");
        if (host === this.unproven && ended !== said && this.unprovenTimes-- > 0) {
          world.disk.set(settings.output!, ended!);
        }
        return result;
      },
    };
  }

  #removed(name: string) {
    const { swarm, id } = this.engines.get(name) ?? {};
    if (swarm && id && swarm.nodes.has(id)) swarm.nodes.get(id)!.down = true;
    this.engines.delete(name);
  }

  /** What swarm-node.sh answers in a VM. */
  #docker(name: string, line: string, input: string) {
    const answer = (out = "", err = "") => ({ ok: true, code: 0, out, err });
    const fail = (err: string) => ({ ok: false, code: 1, out: "", err: `swarm-node: ${err}\n` });
    const [mode, ...words] = line.split(" ");
    const engine = this.engines.get(name) ?? { cards: name === "web" ? 1 : 0 };
    this.engines.set(name, engine);
    if (this.refused !== undefined && `${name}: ${line}`.startsWith(this.refused)) return fail("refused");
    if (mode === "start" && !engine.swarm) {
      engine.id = `m${++this.#ids}`;
      engine.swarm = { nodes: new Map([[engine.id, { labels: "" }]]) };
    }
    const nodes = engine.swarm?.nodes;
    if (mode === "ticket") {
      if (!nodes) return fail("this node is not a manager of a Swarm (its state is inactive)");
      this.#known = [...nodes.keys()];
      const ids = this.#known.map((id) => `node:${id}\n`).join("");
      return answer(`address:192.168.1.50\n${ids}token:${token}\n`);
    }
    if (mode === "facts") return answer(`id:${engine.id ?? "-"}\ncards:${engine.cards}\n`);
    if (mode === "join") {
      if (engine.id !== undefined) return fail("this guest is already in another Swarm");
      assert.is(input.split("\n")[0], `token=${token}`);
      const swarm = this.engines.get("llm")!.swarm!;
      assert.equal(words, ["192.168.1.50", ...this.#known]);
      engine.id = `w${++this.#ids}`;
      engine.swarm = swarm;
      swarm.nodes.set(engine.id, { labels: "" });
      return answer("", `swarm-node: joined with ${token}\n`);
    }
    if (mode === "label") {
      if (input.startsWith("KEEP=") && input.split("\n")[0]!.includes("CHECK=yes")) {
        // docker node inspect fails for a node that it does not know
        if (words.some((word) => !nodes!.has(word.split("=")[1]!))) return fail("no such node");
        const isSame = words.every((word) => {
          const [of, id, cards] = word.split("=");
          return nodes!.get(id!)?.labels === `${of} ${cards}`;
        });
        return answer(isSame && [...nodes!.values()].every(({ down }) => !down) ? "" : "change\n");
      }
      for (const word of words) {
        const [of, id, cards] = word.split("=");
        assert.ok(nodes!.has(id!), `${of} is a node`);
        nodes!.get(id!)!.labels = `${of} ${cards}`;
      }
      for (const [id, { down }] of nodes!) {
        if (down && words.every((word) => !word.includes(`=${id}=`))) nodes!.delete(id);
      }
    }
    if (mode === "remove") nodes!.delete(words[0]!);
    if (mode === "leave") {
      delete engine.id;
      delete engine.swarm;
    }
    return answer();
  }
}

const text = (found: { text: string }) => found.text;

test("up joins the machines of all hosts, labels them, and then deploys; a second up changes nothing", async () => {
  const hosts = new Hosts();
  const first = await hosts.run("up");
  assert.is(first.code, 0, text(first));
  assert.equal(hosts.calls, [
    "box: llm: start",
    "box: llm: ticket",
    "box: llm: facts",
    "nas: web: facts",
    "nas: web: join 192.168.1.50 m1",
    "nas: web: facts",
    "box: llm: label llm=m1=0 web=w2=1",
    "box: llm: homelab-gpu-swarm 180",
  ]);
  assert.equal(hosts.swarm("box")?.nodes, ["llm", "web"]);
  assert.equal(hosts.swarm("box")?.ids, { llm: "m1", web: "w2" });
  assert.equal(hosts.swarm("nas"), { manager: "llm", nodes: ["web"], ids: { web: "w2" } });
  assert.match(text(first), /done: box, nas and the Swarm/);
  assert.not.match(hosts.seen.join("\n"), new RegExp(token), "no argument, message or file has the token");
  hosts.noted = [];
  const again = await hosts.run("up");
  assert.is(again.code, 0, text(again));
  assert.equal(hosts.calls.toSorted(), [
    "box: llm: facts",
    "box: llm: label llm=m1=0 web=w2=1",
    "nas: web: facts",
  ]);
  assert.match(text(again), /done: box, nas and the Swarm/);
  assert.equal(hosts.noted, [], "nothing is locked or written");
  assert.is((await hosts.run("up", [], { pull: true })).code, 0);
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180", "newer images are fetched");
  // a card more is another label, and nothing else
  hosts.engines.get("web")!.cards = 2;
  const labelled = await hosts.run("up");
  assert.is(labelled.code, 0, text(labelled));
  assert.is(hosts.engines.get("llm")!.swarm!.nodes.get("w2")!.labels, "web 2");
  assert.not.ok(hosts.calls.some((one) => /homelab-gpu-swarm/.test(one)));
  hosts.config = config.replace("x/site", "x/site:2");
  assert.is((await hosts.run("up")).code, 0);
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180");
});

const third = config.replace(
  "services:",
  "  - {name: db, host: nas, box: lab/y, cpus: 1, network: {lan: br0}}\nservices:",
);

test("two machines join in one up", async () => {
  const hosts = new Hosts();
  hosts.config = third;
  const first = await hosts.run("up");
  assert.is(first.code, 0, text(first));
  assert.equal(hosts.swarm("box")?.ids, { llm: "m1", web: "w2", db: "w3" });
  assert.is(hosts.calls.at(-2), "box: llm: label llm=m1=0 web=w2=1 db=w3=0");
});

test("up finds a node that its manager or a record does not have, or that shows no card", async () => {
  const changed = async (change: (hosts: Hosts) => void, hosts = new Hosts()) => {
    assert.is((await hosts.run("up")).code, 0);
    change(hosts);
    const again = await hosts.run("up");
    assert.is(again.code, 0, text(again));
    return hosts.calls.join("\n");
  };
  const forget = (hosts: Hosts, host: "box" | "nas") => {
    const { disk, folder } = hosts.worlds[host];
    const state = JSON.parse(disk.get(`${folder}/state.json`)!) as { swarm: { ids: Record<string, string> } };
    delete state.swarm.ids.web;
    disk.set(`${folder}/state.json`, JSON.stringify(state));
  };
  assert.not.match(await changed(() => {}), /start|join|leave/);
  // the manager does not know the node
  assert.match(
    await changed((hosts) => void hosts.engines.get("llm")!.swarm!.nodes.delete("w2")),
    /nas: web: leave\nnas: web: join [^]*label llm=m1=0 web=w3=1/,
  );
  // one of the records lacks it: nothing joins, and the record is written again
  for (const host of ["box", "nas"] as const) {
    const hosts = new Hosts();
    assert.is((await hosts.run("up")).code, 0);
    forget(hosts, host);
    await hosts.run("up");
    assert.is(hosts.swarm(host)?.ids?.web, "w2", host);
    assert.ok(hosts.calls.includes("box: llm: start"), host);
  }
  const withCard = new Hosts("rtx4070-desktop-debian12");
  withCard.config = config.replace("host: nas, box: lab/y", "host: nas, box: lab/y, gpu: {}");
  withCard.engines.set("web", { cards: 0 });
  assert.match(await changed(() => {}, withCard), /nas: web: runtime/, "its label is that of no card");
});

test("if the host of the manager fails, no machine joins, and the next up goes on", async () => {
  const hosts = new Hosts();
  hosts.worlds.box.failing = "vagrant up";
  const first = await hosts.run("up");
  assert.is(first.code, 1);
  assert.equal(hosts.calls, []);
  assert.match(text(first), /the Swarm: up failed on box, the host of the manager llm: no machine joins/);
  assert.match(text(first), /done: nas; failed: box and the Swarm\n.* up llm web/);
  delete hosts.worlds.box.failing;
  const again = await hosts.run("up", ["llm", "web"]);
  assert.is(again.code, 0, text(again));
  assert.is(hosts.engines.get("llm")!.swarm!.nodes.size, 2);
});

test("if another host is not reached, nothing is deployed; up of the manager deploys without it", async () => {
  const hosts = new Hosts();
  hosts.dead = ["nas"];
  const first = await hosts.run("up");
  assert.is(first.code, 1);
  assert.is(hosts.calls.at(-1), "box: llm: label llm=m1=0");
  assert.match(text(first), /not deployed: up failed on nas; .* up llm deploys them without it/);
  const alone = await hosts.run("up", ["llm"]);
  assert.is(alone.code, 0, text(alone));
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180");
  hosts.dead = [];
  const all = await hosts.run("up");
  assert.is(all.code, 0, text(all));
  assert.is(hosts.engines.get("llm")!.swarm!.nodes.size, 2);
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180", "the services may run on the new node");
});

test("up of one machine asks the manager on its host, and says so if that is not reached or off", async () => {
  const hosts = new Hosts();
  const early = await hosts.run("up", ["web"]);
  assert.is(early.code, 0, text(early));
  assert.match(text(early), /llm, the manager of the Swarm, does not run; run .* up llm: then the others join/);
  assert.is((await hosts.run("up", ["llm"])).code, 0);
  hosts.dead = ["box"];
  const without = await hosts.run("up", ["web"]);
  assert.is(without.code, 1);
  assert.match(text(without), /the Swarm: the manager llm on box was not asked: ssh cannot reach me@box/);
  hosts.dead = [];
  const joins = await hosts.run("up", ["web"]);
  assert.is(joins.code, 0, text(joins));
  assert.is(hosts.calls.at(-1), "box: llm: label llm=m1=0 web=w2=1");
  assert.not.ok(hosts.calls.includes("box: llm: start"));
});

test("a machine that is not proven keeps no machine out of the Swarm, and nothing from being deployed", async () => {
  const hosts = new Hosts();
  hosts.config = config.replace("machine: web", "machine: llm");
  hosts.unproven = "box";
  const first = await hosts.run("up");
  assert.is(first.code, 1, text(first));
  assert.match(text(first), /done: nas and the Swarm; failed: box\n/);
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180");
});

test("a no to the question of the manager's host is no failure of the Swarm", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  hosts.config = config.replace("name: llm, host: box, box: lab/y", "name: llm, host: box, box: lab/z");
  hosts.isAsked = true;
  for (const words of [[], ["llm"]]) {
    const said = await hosts.run("up", words, { recreate: true, yes: false });
    assert.is(said.code, 1);
    assert.not.match(text(said), /the Swarm:|no machine joins|and the Swarm/);
    assert.equal(hosts.calls, []);
  }
});

test("a no to the question of another host leaves its machines as they are", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  hosts.config = config.replace("host: nas, box: lab/y", "host: nas, box: lab/z").replace("x/site", "x/site:2");
  hosts.isAsked = true;
  const said = await hosts.run("up", [], { recreate: true, yes: false });
  assert.is(said.code, 1);
  assert.match(text(said), /done: box and the Swarm; not confirmed: nas/);
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180");
});

test("only the last answer of a host counts: a no, and then a yes, is no refusal", async () => {
  const { shell } = fakeShell();
  const answers = [false, true, false];
  const heard = hearing(Object.assign(shell, { confirm: () => Promise.resolve(answers.shift()!) }));
  const seen = [heard.declined()];
  for (let i = 0; i < 3; i++) {
    await heard.shell.confirm("?");
    seen.push(heard.declined());
  }
  assert.equal(seen, [false, true, false, true]);
});

test("up of a machine before the Swarm has started names the command that starts it", async () => {
  const hosts = new Hosts();
  hosts.refused = "llm: start";
  assert.is((await hosts.run("up")).code, 1);
  delete hosts.refused;
  const early = await hosts.run("up", ["web"]);
  assert.is(early.code, 1);
  assert.match(text(early), /the Swarm: llm has not started the Swarm yet: .* up llm starts it/);
});

test("a join or a deployment that fails is done again by the next up", async () => {
  const hosts = new Hosts();
  hosts.refused = "web: join";
  const first = await hosts.run("up");
  assert.is(first.code, 1);
  assert.match(text(first), /the Swarm: web: refused/);
  assert.not.match(text(first), new RegExp(token));
  hosts.refused = "homelab-gpu-swarm";
  assert.is((await hosts.run("up")).code, 1);
  assert.is(hosts.swarm("box")?.services, undefined);
  assert.equal(hosts.swarm("box")?.ids, {}, "the manager counts as new until all is deployed");
  delete hosts.refused;
  assert.is((await hosts.run("up")).code, 0);
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180");
  // a change that failed, and is taken back
  hosts.config = config.replace("x/site", "x/site:2");
  hosts.refused = "homelab-gpu-swarm";
  assert.is((await hosts.run("up")).code, 1);
  delete hosts.refused;
  hosts.config = config;
  assert.is((await hosts.run("up")).code, 0);
  assert.is(hosts.calls.at(-1), "box: llm: homelab-gpu-swarm 180");
});

test("destroy of a machine drains it by the manager on the other host, and removes its node", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  const gone = await hosts.run("destroy", ["web"]);
  assert.is(gone.code, 0, text(gone));
  assert.equal(hosts.calls, [
    "box: llm: drain w2",
    "nas: sh scripts/join-swarm.sh alone web",
    "box: llm: remove w2",
    "nas: sh scripts/remove-vm.sh web",
  ]);
  assert.equal([...hosts.engines.get("llm")!.swarm!.nodes.keys()], ["m1"]);
  assert.is(hosts.swarm("nas"), undefined);
  const back = await hosts.run("up");
  assert.is(back.code, 0, text(back));
  assert.ok(hosts.calls.includes("nas: web: join 192.168.1.50 m1"));
});

test("destroy of a machine goes on if the manager's host is not reached; the next up removes its node", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  hosts.dead = ["box"];
  const gone = await hosts.run("destroy", ["web"]);
  assert.is(gone.code, 0, text(gone));
  assert.match(text(gone), /1\/4 not done: ssh cannot reach me@box; the next up does it/);
  assert.equal(hosts.calls, ["nas: sh scripts/join-swarm.sh alone web", "nas: sh scripts/remove-vm.sh web"]);
  hosts.dead = [];
  for (const node of hosts.engines.get("llm")!.swarm!.nodes.values()) {
    if (node.labels.startsWith("web")) node.down = true;
  }
  assert.is((await hosts.run("up")).code, 0);
  assert.equal([...hosts.engines.get("llm")!.swarm!.nodes.keys()], ["m1", "w3"]);
});

test("--recreate of a machine drains it first, and it joins again", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  hosts.config = config.replace("name: web, host: nas, box: lab/y", "name: web, host: nas, box: lab/z");
  const again = await hosts.run("up", [], { recreate: true });
  assert.is(again.code, 0, text(again));
  assert.match(
    hosts.calls.join("\n"),
    /^box: llm: drain w2\nnas: .* alone web\nbox: llm: remove w2\nnas: .*remove-vm\.sh web\n[^]*web: join 192[^]*homelab-gpu-swarm/,
  );
});

test("destroy of the manager takes the machines of other hosts out of the Swarm that has ended", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  const gone = await hosts.run("destroy", ["llm"]);
  assert.is(gone.code, 0, text(gone));
  assert.equal(hosts.calls, ["box: sh scripts/remove-vm.sh llm", "nas: web: leave"]);
  assert.equal([hosts.swarm("box"), hosts.swarm("nas")], [undefined, undefined]);
  const back = await hosts.run("up");
  assert.is(back.code, 0, text(back));
  assert.is(hosts.engines.get("llm")!.swarm!.nodes.size, 2);
});

test("a machine of a Swarm that has ended leaves it with the next up, if its host was not reached before", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  hosts.dead = ["nas"];
  const gone = await hosts.run("destroy", ["llm"]);
  assert.is(gone.code, 1);
  assert.match(
    text(gone),
    /it ended because llm was removed; the machines of these hosts were not asked to leave[^]*nas: ssh cannot/,
  );
  hosts.dead = [];
  const back = await hosts.run("up");
  assert.is(back.code, 0, text(back));
  assert.match(hosts.calls.join("\n"), /nas: web: facts\nnas: web: leave\nnas: web: join 192\.168\.1\.50 m3\n/);
  // its own Swarm is never left
  hosts.engines.set("web", { id: "other", swarm: { nodes: new Map() }, cards: 0 });
  const other = await hosts.run("up");
  assert.is(other.code, 1);
  assert.match(text(other), /the Swarm: web: this guest is already in another Swarm/);
  assert.not.match(hosts.calls.join("\n"), /leave/);
});

test("destroy of everything drains nothing and leaves no record", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  const gone = await hosts.run("destroy");
  assert.is(gone.code, 0, text(gone));
  assert.equal(hosts.calls.filter((one) => /drain|leave/.test(one)), []);
  assert.equal([hosts.swarm("box"), hosts.swarm("nas")], [undefined, undefined]);
});

test("without cluster: each host takes its machines out of the Swarm", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  hosts.config = config.replace("cluster: swarm\n", "").replace("{image: x/site", "{machine: llm, image: x/site");
  const without = await hosts.run("up");
  assert.is(without.code, 0, text(without));
  assert.equal(hosts.calls.filter((one) => /leave/.test(one)).sort(), ["box: llm: leave", "nas: web: leave"]);
  assert.equal([hosts.swarm("box"), hosts.swarm("nas")], [undefined, undefined]);
});

test("plan and a dry run change nothing and ask no VM about the Swarm", async () => {
  const hosts = new Hosts();
  const planned = await hosts.run("plan");
  assert.is(planned.code, 0, text(planned));
  assert.equal(hosts.calls, []);
  assert.match(text(planned), /join the Swarm of llm/);
  assert.is((await hosts.run("up", [], { dryRun: true })).code, 0);
  assert.equal(hosts.calls, []);
});

test("status: the manager lists the nodes of all hosts, and the others name it", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  hosts.worlds.box.answers["ssh -F ssh/llm"] = {
    out: "homelab-gpu-status 1\nengine:answers\nswarm-node:llm Ready Active\nswarm-node:web Down Active\nend:yes\n",
  };
  const all = await hosts.run("status");
  assert.match(text(all), /── box [^]*Swarm: llm ready, web down[^]*── nas [^]*Swarm: managed by llm on box/);
  hosts.dead = ["box"];
  const without = await hosts.run("status");
  assert.is(without.code, 1);
  assert.not.match(text(without), /web (ready|down)/);
});

test("another first machine is refused on each host while the manager of the Swarm is in the config", async () => {
  const hosts = new Hosts();
  assert.is((await hosts.run("up")).code, 0);
  const [, llm, web] = /(.*name: llm.*\n)(.*name: web.*\n)/.exec(config)!;
  hosts.config = config.replace(`${llm}${web}`, `${web}${llm}`);
  const swapped = await hosts.run("up");
  assert.is(swapped.code, 1);
  assert.equal(hosts.calls, []);
  assert.match(text(swapped), /llm manages the Swarm, and the config now has web as its first machine/);
  assert.match(text(swapped), /the machines here joined the Swarm of llm[^]*Write llm as the first machine/);
});

test("the manager can be on this machine", async () => {
  const hosts = new Hosts();
  hosts.config = config.replace("box: {ssh: me@box}, ", "").replace("host: box, ", "");
  hosts.isBoxHere = true;
  const first = await hosts.run("up");
  assert.is(first.code, 0, text(first));
  assert.match(hosts.calls.join("\n"), /^box: llm: start\n[^]*nas: web: join [^]*box: llm: homelab-gpu-swarm 180$/);
  const gone = await hosts.run("destroy", ["web"]);
  assert.is(gone.code, 0, text(gone));
  assert.match(hosts.calls.join("\n"), /^box: llm: drain w2\nnas: .* alone web\nbox: llm: remove w2\n/);
});

test("upgrade drains a machine, and it joins again", async () => {
  const hosts = new Hosts();
  hosts.config = config.replaceAll("box: lab/y", "box: lab/y, image: debian-13");
  assert.is((await hosts.run("up")).code, 0);
  const upgraded = await hosts.run("upgrade", ["web"]);
  assert.is(upgraded.code, 0, text(upgraded));
  assert.match(
    hosts.calls.join("\n"),
    /^box: llm: drain w2\n[^]*nas: web: join [^]*box: llm: label llm=m1=0 web=w3=1$/,
  );
});

test("a machine that an upgrade takes back to its old box joins again", async () => {
  for (const times of [1, Infinity]) {
    const hosts = new Hosts();
    hosts.config = config.replaceAll("box: lab/y", "box: lab/y, image: debian-13");
    assert.is((await hosts.run("up")).code, 0);
    [hosts.unproven, hosts.unprovenTimes] = ["nas", times];
    const upgraded = await hosts.run("upgrade", ["web"]);
    assert.is(upgraded.code, 1, text(upgraded));
    assert.match(text(upgraded), /going back to lab\/y/);
    assert.match(hosts.calls.join("\n"), /nas: web: join [^]*box: llm: label llm=m1=0 web=w3=1$/, String(times));
  }
});

const wrong = (from: string) => {
  try {
    parseConfig(from);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("machines of several hosts need a card in the LAN, each with its line", () => {
  assert.is(wrong(config), "");
  const nat = wrong(config.replace(", network: {lan: br0}}", "}"));
  assert.match(nat, /:5:\d+: the nodes of a Swarm on several hosts need a network card in the LAN: no other host/);
  assert.match(nat, /write\s+network: \{lan: br0\}/);
  const none = wrong(config.replaceAll(/, network: \{[^}]*\}/g, ""));
  assert.match(none, /:4:\d+: the nodes[^]*NAT network of llm[^]*:5:\d+: the nodes[^]*NAT network of web/);
  assert.match(
    wrong(config.replace("{lan: br0}}", "{lan: br0, address: 192.168.1.50/24}}")),
    /two machines have the address 192\.168\.1\.50/,
  );
});

test("cluster.swarm: cards of all hosts, fixed addresses of one network, and ports of the other hosts", () => {
  const host = savedHost("vm-without-gpu");
  const judged = (from: string, on: string, saved = host) =>
    runChecks(saved, resolveConfig(configOn(parseConfig(from), on), saved), ["cluster.swarm"])
      .map(({ status, message }) => `${status} ${message}`);
  assert.equal(judged(config, "box"), ["pass llm and web are in one Swarm, managed by llm, with 1 service"]);
  assert.equal(judged(config, "nas"), ["pass web joins the Swarm of llm on box"]);
  const card = config.replace("name: web,", "name: web, gpu: {device_id: 2786},").replace("x/site,", "x/site, gpu: 1,");
  assert.match(judged(card, "box")[0]!, /^pass/);
  assert.match(judged(card.replace("gpu: 1", "gpu: 2"), "box")[0]!, /^fail site asks for 2 GPUs/);
  const far = config.replace("{lan: br0}}", "{lan: br0, address: 192.168.2.5/24, gateway: 192.168.2.1}}");
  assert.match(judged(far, "box")[0]!, /^fail web and llm are in different networks, and llm has no gateway/);
  assert.match(judged(far.replace(".50/24}", ".50/24, gateway: 192.168.1.1}"), "box")[0]!, /^pass/);
  // the network of web has the address of llm, but that of llm has not the one of web
  const half = config.replace("{lan: br0}}", "{lan: br0, address: 192.168.1.5/24}}").replace(".50/24}", ".200/25}");
  assert.match(judged(half, "box")[0]!, /^fail web and llm are in different networks, and llm has no gateway/);
  assert.match(judged(half.replace(".200/25}", ".200/25, gateway: 192.168.1.129}"), "box")[0]!, /^pass/);
  const port = config.replace("x/own,", 'x/own, ports: ["8080:1"],');
  assert.match(judged(port, "nas")[0]!, /^fail site publishes 8080\/tcp on all nodes, and so does own on web/);
  const found = configOn(parseConfig(port.replace('ports: ["8080:80"]', "x-a: b")), "box");
  const model = { services: { w: { image: "x", ports: ["8080:80"] } } };
  const { inline: _, ...project } = inlineProject([], "llm");
  const stack = { ...project, name: "photos", model, enabled: ["w"] };
  const resolved = resolveConfig(found, host);
  const withStack = { ...resolved, swarm: { ...resolved.swarm!, projects: [stack] } };
  assert.match(
    runChecks(host, withStack, ["cluster.swarm"])[0]!.message,
    /^photos\/w publishes 8080\/tcp on all nodes, and so does own on web/,
  );
  // Docker publishes no ports with these modes, and in the VM's network the program itself may take them
  const mode = (text: string) => judged(port.replace("x/own,", `x/own, network_mode: ${text},`), "nas")[0]!;
  assert.match(mode("none"), /^pass/);
  assert.match(mode("host"), /^pass/);
  const own = (words: string) => port.replace('"8080:1"', words);
  assert.match(
    judged(own('"1:8080"').replace("x/own,", "x/own, network_mode: host,"), "nas")[0]!,
    /^warn site publishes 8080\/tcp on all nodes, and likely so does own/,
  );
  assert.match(judged(own('"8080:1/TCP"'), "nas")[0]!, /^fail site/);
  // each host reads its own stacks
  const stacks = `${config}stacks: [{path: ./a, machine: web}, {path: ./b, machine: llm}, {path: ./c}]\n`;
  assert.match(judged(stacks, "box")[0]!, /^pass .*; the ports of a, which another host reads, were not compared$/);
  assert.match(judged(stacks, "nas")[0]!, /^pass web joins the Swarm of llm on box$/);
  assert.match(
    judged(stacks.replace("x/own,", 'x/own, ports: ["81:1"],'), "nas")[0]!,
    /on box; the ports of c, which another host reads, were not compared$/,
  );
  assert.match(judged(config, "nas", savedHost("windows-11-home"))[0]!, /^fail web cannot be in a Swarm/);
});

test("cluster.swarm: ports of stacks of the Swarm and of another host's stack", async () => {
  const host = savedHost("vm-without-gpu");
  const text = config.replace(/services:[^]*/, "stacks:\n  - {path: /s/photos}\n  - {path: /s/own, machine: web}\n");
  const judged = async (port: string) => {
    const { shell } = fakeShell({
      "/s/photos/compose.yaml": 'services: {w: {image: x, ports: ["8080:80"]}}\n',
      "/s/own/compose.yaml": 'services: {v: {image: x, ports: ["${OWN_PORT}:1"]}}\n',
      "/s/own/.env": `OWN_PORT=${port}\n`,
    });
    const part = { ...configOn(parseConfig(text), "box"), stacks: [] };
    const stacks = await readStacks(shell, { config: part, text, name: "c.yaml", home: "/s" });
    const how = { gpu: true, here: true };
    const { resolved } = await withSwarmModels(shell, resolveConfig(part, host, {}, stacks), how);
    return runChecks(host, resolved, ["cluster.swarm"]).map(({ status, message }) => `${status} ${message}`);
  };
  assert.equal(await judged("8080"), [
    "fail photos/w publishes 8080/tcp on all nodes, and so does own/v on web",
  ]);
  assert.match((await judged("8081")).join("\n"), /^pass [^\n]*$/);
});

test("answers that are cut or have another form count as none", () => {
  const whole = `address:192.168.1.50\nnode:a1\ntoken:${token}\n`;
  assert.equal(ticketIn(whole), { address: "192.168.1.50", nodes: ["a1"], token });
  for (const bad of ["", "address:1\n", whole.replace("token:", "token:$(x)"), whole.replace("a1", "a;b")]) {
    assert.is(ticketIn(bad), undefined, bad);
  }
  assert.equal(nodeFactsIn("id:-\ncards:2\n"), { cards: 2 });
  assert.equal(nodeFactsIn("id:a1\ncards:0\n"), { id: "a1", cards: 0 });
  for (const bad of ["", "id:a1\n", "id:a b\ncards:1\n", "id:a\ncards:x\n", "id:a\ncards:65\n"]) {
    assert.is(nodeFactsIn(bad), undefined);
  }
});

test("every lock is released, and the error of the work is the one that is seen", async () => {
  const contexts = ["one", "two"].map((name) => {
    const { shell, disk } = fakeShell({ "/proc/sys/kernel/random/boot_id": `boot of ${name}\n` });
    return { disk, context: { shell, options, args: [], passthroughArgs: [] } };
  });
  const [one, two] = contexts as [typeof contexts[0], typeof contexts[0]];
  const during = async (end: () => void) =>
    await whileLocked("up", async (take) => {
      for (const { context } of contexts) await take(context, "/lab");
      one.context.shell.remove = () => Promise.reject(new UserError("connection lost"));
      end();
    }).then(() => "", (error: Error) => error.message);
  assert.is(
    await during(() => {
      throw new UserError("refused");
    }),
    "refused",
  );
  assert.not.ok(two.disk.has("/lab/lock"));
  assert.ok(one.disk.delete("/lab/lock"));
  assert.is(await during(() => {}), "connection lost");
  assert.not.ok(two.disk.has("/lab/lock"));
});

test("a machine leaves a Swarm only if it joined it by up, and the manager does not know it", () => {
  assert.equal(joiningWay("a", "a", ["a"]), []);
  assert.equal(joiningWay(undefined, "a", ["b"]), ["join"]);
  assert.equal(joiningWay("a", "a", ["b"]), ["leave", "join"]);
  assert.equal(joiningWay("a", "b", ["c"]), ["join"]);
  assert.equal(joiningWay("a", undefined, ["c"]), ["join"]);
});

test("the record of nodes: ids survive until their machines are removed", () => {
  const swarm = { manager: "llm", nodes: ["web", "db"], ids: { web: "w", db: "d" } };
  assert.equal(swarmAfter(swarm, ["web"]), { manager: "llm", nodes: ["db"], ids: { db: "d" } });
  assert.is(swarmAfter(swarm, ["web", "db"]), undefined);
  const text = JSON.stringify({ schema: "homelab-gpu/state/2", proofs: {}, previousDrivers: {}, swarm });
  assert.equal(parseState(text).swarm, swarm);
  assert.is(parseState(text.replace('"w"', '"$(x)"')).swarm?.ids, undefined);
});

test.run();
