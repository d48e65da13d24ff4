// Configs whose machines are on several hosts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { configOn, unreached } from "../lib/config/placed.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
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

test("machines on several hosts need a card in the LAN to be reached; on one host they need none", () => {
  const names = (all: Parameters<typeof unreached>[0]) => unreached(all).map(({ name }) => name);
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

test.run();
