// Recorded hosts with doctor's findings for each. GOLDEN=write rewrites the findings: read the
// diff.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { topologyLines } from "../lib/cli/topology.mts";
import { own, root } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("hosts");
const folder = `${root}/test/hosts`;
const names = readdirSync(folder).filter((name) => name.endsWith(".txt")).map((name) => name.slice(0, -4)).sort();

/** The first line of a file of findings: the cards that the config requests. */
const asked = (name: string) => {
  const path = `${folder}/${name}.findings`;
  return (existsSync(path) ? /^gpu: (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined) ?? "{}";
};

function report(name: string): string {
  const gpu = asked(name);
  const host = savedHost(name);
  const resolved = resolveConfig(parseConfig(`machines: [{name: vm, box: lab/x, memory: 1024, gpu: ${gpu}}]`), host);
  const pictures = resolved.machines.flatMap(({ cards }) => cards.flatMap((card) => topologyLines(card, host, 120)));
  const findings = runChecks(host, resolved).flatMap(({ check, status, message, fix }) => [
    `${status.padEnd(7)} ${check}: ${message}`,
    ...fix.flatMap(({ title, command }) => [`          → ${title}`, ...(command ? [`            ${command}`] : [])]),
  ]);
  return [`gpu: ${gpu}`, "", ...pictures, ...(pictures.length > 0 ? [""] : []), ...findings, ""].join("\n");
}

for (const name of names) {
  test(name, () => {
    const path = `${folder}/${name}.findings`;
    const found = report(name);
    if (process.env.GOLDEN === "write") writeFileSync(path, found);
    assert.fixture(found, readFileSync(path, "utf8"));
  });
}

test("there are enough saved hosts, and those written by hand say so", () => {
  assert.ok(names.length >= 12);
  for (const name of names) {
    const [first, second] = own(`test/hosts/${name}.txt`).split("\n");
    assert.match(first!, /^homelab-gpu-probe 1 (linux|windows|macos)$/);
    if (second!.startsWith("#") || !first!.endsWith("linux")) assert.match(second!, /^# (written by hand|recorded)/);
  }
});

test.run();
