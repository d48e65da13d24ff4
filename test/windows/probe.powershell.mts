// probe-windows.ps1 under real PowerShell: on a simulation of each recorded Windows it prints the
// recorded text.
import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { own, root } from "../fake.mts";
import { factsOf, stateOf } from "./recorded.mts";
import { plan } from "./windows.mts";

const test = suite("probe");

const hosts = readdirSync(`${root}/test/hosts`).filter((name) => /^windows-.*\.txt$/.test(name)).sort();
const results = plan(hosts.map((name) => ({
  state: stateOf(own(`test/hosts/${name}`)),
  runs: [{ script: "scripts/probe-windows.ps1" }],
})));

test("there are recorded hosts of each Windows version", () => assert.ok(hosts.length > 10));
for (const [i, name] of hosts.entries()) {
  test(`prints the recorded facts of ${name.slice(0, -4)}`, () => {
    const [{ code, out, error, log }] = results()[i] as [ReturnType<typeof results>[number][number]];
    assert.equal([code, error, log], [0, "", []]);
    assert.is(out[0], "homelab-gpu-probe 1 windows");
    assert.is(out.at(-1), "[end]");
    assert.equal(factsOf(out.join("\n")), factsOf(own(`test/hosts/${name}`)));
  });
}

test.run();
