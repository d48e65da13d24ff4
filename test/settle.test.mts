import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { acceleratorOf, resolveConfig, withoutGpus } from "../lib/resolve/resolve.mts";

const test = suite("settle");
const host = (lines = "") => parseHost(`homelab-gpu-probe 1 linux\n${lines}`);
const machine = (lines: string, keys = "") =>
  resolveConfig(parseConfig(`machines: [{name: a, box: lab/a${keys}}]`), host(lines)).machines[0]!;

test("finds out whether VMs run on the hardware: /dev/kvm alone proves nothing", () => {
  const kvm = "[os]\nexists:/dev/kvm\n";
  const flags = (names: string[]) => `[cpu]\nflags-read:yes\n${names.map((name) => `flag:${name}\n`).join("")}`;
  assert.is(acceleratorOf(host(kvm + flags(["lm"]))), "tcg");
  assert.is(acceleratorOf(host(kvm + flags(["vmx"]))), "kvm");
  assert.is(acceleratorOf(host(kvm + flags(["svm"]))), "kvm");
  assert.is(acceleratorOf(host(flags(["vmx"]))), "tcg");
  assert.is(acceleratorOf(host(kvm)), "tcg");
});

test("fits CPUs and memory to the host", () => {
  const sized = (cpus: number, mib: number) => machine(`[cpu]\ncount:${cpus}\n[memory]\nMemTotal:${mib * 1024}\n`);
  const pair = ({ cpus, memory }: { cpus: number; memory: number }) => [cpus, memory];
  assert.equal(pair(sized(2, 24105)), [2, 5632]);
  assert.equal(pair(sized(64, 262144)), [4, 8192]);
  assert.equal(pair(sized(1, 2048)), [1, 1024]);
  assert.equal(pair(machine("")), [2, 2048], "a host that shows neither");
});

test("leaves alone what the config says", () => {
  const { cpus, memory, accelerator, provider } = machine(
    "[cpu]\ncount:2\n",
    ", cpus: 7, memory: 3000, accelerator: kvm, provider: libvirt",
  );
  assert.equal([cpus, memory, accelerator, provider], [7, 3000, "kvm", "libvirt"]);
});

test("--no-gpu takes the cards and what needs them, and names it", () => {
  const { config, left } = withoutGpus(
    parseConfig(
      "machines: [{name: a, box: b, gpu: {}, driver: {branch: 580}}]\nservices: {x: {image: y}, w: {image: y, depends_on: [v]}, " +
        "v: {image: y, links: [z]}, z: {image: y, gpu: 1}}",
    ),
  );
  assert.equal(left, ["w", "v", "z"], "with those that need it");
  assert.equal(config.machines[0]!.gpus, []);
  assert.equal(config.machines[0]!.driver, {});
  assert.equal(config.services.map(({ name }) => name), ["x"]);
});

test.run();
