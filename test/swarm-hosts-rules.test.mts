// `cluster: swarm` with machines on several hosts: checks, and what is read and recorded.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inlineProject } from "../lib/checks/compose.mts";
import { runChecks } from "../lib/checks/index.mts";
import { whileLocked } from "../lib/cli/swarm-guests.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { configOn } from "../lib/config/placed.mts";
import { UserError } from "../lib/errors.mts";
import { parseState, swarmAfter } from "../lib/host/state.mts";
import { joiningWay, nodeFactsIn, ticketIn } from "../lib/plan/swarm-nodes.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { readStacks } from "../lib/cli/projects.mts";
import { withSwarmModels } from "../lib/cli/swarm-stacks.mts";
import { fakeShell, options } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import { config, token } from "./swarm-hosts.mts";

const test = suite("rules of a Swarm on several hosts");

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
