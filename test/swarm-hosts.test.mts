// `cluster: swarm` with machines on several hosts: `up`, `plan` and `status`.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hearing } from "../lib/cli/lanes.mts";
import { fakeShell } from "./fake.mts";
import { config, Hosts, text, third, token } from "./swarm-hosts.mts";

const test = suite("a Swarm on several hosts");

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

test.run();
