// Probes that end early, and probes with any one line missing: no check knows more because of it,
// and no output shows missing values.
import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../../lib/checks/index.mts";
import { topologyLines } from "../../lib/cli/topology.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { UserError } from "../../lib/errors.mts";
import type { Finding } from "../../lib/findings.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { parseState } from "../../lib/host/state.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import { own, random, root } from "../fake.mts";

const test = suite("cut");
const hosts = readdirSync(`${root}/test/hosts`).filter((name) => name.endsWith(".txt")).map((name) => {
  const gpu = /^gpu: (.*)$/m.exec(own(`test/hosts/${name.replace(/\.txt$/, ".findings")}`))![1];
  return { name, gpu, lines: own(`test/hosts/${name}`).split("\n") };
});
const configOf = (gpu: string | undefined) =>
  parseConfig(`machines: [{name: vm, box: lab/x, image: debian-13, memory: 1024, gpu: ${gpu}}]`);
const keyOf = ({ check, machine, status }: Finding) => `${check} ${machine} ${status}`;

test("a probe cut at any line fails for that, and adds nothing to the complete one", () => {
  for (const { name, gpu, lines } of hosts) {
    const config = configOf(gpu);
    const judged = (text: string) => {
      const host = parseHost(text);
      return runChecks(host, resolveConfig(config, host));
    };
    const whole = new Set(judged(lines.join("\n")).map(keyOf));
    for (let length = 1; length < lines.lastIndexOf("[end]"); length++) {
      const [first, ...others] = judged(lines.slice(0, length).join("\n"));
      assert.equal([first?.check, first?.status], ["host.probe", "fail"], `${name}:${length}`);
      const more = others.filter((finding) => finding.status !== "unknown" && !whole.has(keyOf(finding)));
      assert.equal(more.map(keyOf), [], `${name}:${length}`);
    }
  }
});

test("a probe without one of its lines prints nothing that does not exist", () => {
  const found = new Map<string, string>();
  for (const { name, gpu, lines } of hosts) {
    const config = configOf(gpu);
    for (let at = 1; at < lines.length - 1; at++) {
      try {
        const host = parseHost([...lines.slice(0, at), ...lines.slice(at + 1)].join("\n"));
        const resolved = resolveConfig(config, host);
        const findings = runChecks(host, resolved);
        const drawn = resolved.machines.flatMap(({ cards }) => cards).flatMap((card) => topologyLines(card, host, 200));
        const texts = findings.flatMap(({ message, evidence, fix }) => [
          message,
          ...evidence.flatMap(({ read, value }) => [read, value]),
          ...fix.flatMap(({ title, command }) => [title, command ?? ""]),
        ]);
        for (const text of [...texts, ...drawn]) {
          if (/\b(undefined|NaN|Infinity)\b|\[object /.test(text)) found.set(text, `${name}:${at + 1} ${lines[at]}`);
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }
  }
  assert.equal([...found], []);
});

test("50,000 damaged state.json (seed 7): read or ignored part by part, never a crash", () => {
  const dice = random(7);
  const whole = JSON.stringify({
    schema: "homelab-gpu/state/2",
    proofs: { a: { bootId: "b", services: "s", driver: "1", at: "2026-01-01T00:00:00.000Z" } },
    previousDrivers: { a: [{ bdf: "0000:01:00.0", vendor: "10de", device: "2786", driver: null }] },
    removing: true,
  });
  const values = ["null", "[]", "{}", "7", '""', "true", "-1", "1e999"];
  for (let i = 0; i < 50_000; i++) {
    let text = whole;
    for (let times = 1 + dice.below(3); times > 0; times--) {
      const at = dice.below(text.length);
      text = dice.next() < 0.3
        ? text.slice(0, at)
        : dice.next() < 0.5
        ? text.slice(0, at) + text.slice(at + 1 + dice.below(20))
        : text.replace(/(?<=:)("[^"]*"|null|true|\[[^\]]*\]|\{[^{}]*\})/g, (value) =>
          dice.next() < 0.3 ? dice.pick(values) : value);
    }
    const state = parseState(text);
    for (const { bootId, services, at } of Object.values(state.proofs)) {
      assert.ok([bootId, services, at].every((value) => typeof value === "string"), text);
    }
    for (const { bdf } of Object.values(state.previousDrivers).flat()) assert.type(bdf, "string", text);
  }
});

test.run();
