// `cluster: swarm` with machines on several hosts: `destroy`, `--recreate` and `upgrade`.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { config, Hosts, text } from "./swarm-hosts.mts";

const test = suite("leaving a Swarm on several hosts");

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

test.run();
