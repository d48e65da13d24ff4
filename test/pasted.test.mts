// Parts of Compose projects that users paste into the config, and sizes in Compose's form.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config/parse.mts";

const test = suite("pasted");
const machine = (keys: string) => parseConfig(`machines: [{name: a, box: lab/x, ${keys}}]`).machines[0]!;

test("memory accepts units: G, GB, GiB, M and MiB are powers of 1024", () => {
  const sizes = ["16G", "16 GiB", '"16GB"', "16384M", "16384MiB", "16g", "16384", "0.5G"];
  assert.equal(sizes.map((size) => machine(`memory: ${size}`).memory), [...Array(7).fill(16384), 512]);
  for (const wrong of ["16X", "G", "-1G", "1K", '"16384"']) {
    assert.throws(() => machine(`memory: ${wrong}`), /memory/, wrong);
  }
});

test("for top-level sections of a Compose file, the error says what to do", () => {
  for (const section of ['version: "3.8"', "name: x", "volumes: {data: }", "networks: {n: }", "secrets: {s: }"]) {
    assert.throws(
      () => parseConfig(`machines: [{name: a, box: lab/x}]\n${section}\n`),
      (error: Error) => /is a section of a Compose file/.test(error.message) && /remove it|a stack/.test(error.message),
      section,
    );
  }
});

test.run();
