import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import type { Lab } from "../lib/host/lab.mts";
import { parseHost } from "../lib/host/parse.mts";
import { names } from "../lib/plan/assets.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { acceleratorOf, resolveConfig, withoutGpus } from "../lib/resolve/resolve.mts";
import { own } from "./fake.mts";

const test = suite("resolve");
const host = (lines = "") => parseHost(`homelab-gpu-probe 1 linux\n${lines}`);
const machine = (lines: string, keys = "") =>
  resolveConfig(parseConfig(`machines: [{name: a, box: lab/a${keys}}]`), host(lines)).machines[0]!;

test("/dev/kvm alone does not prove hardware virtualization", () => {
  const kvm = "[os]\nexists:/dev/kvm\n";
  const flags = (names: string[]) => `[cpu]\nflags-read:yes\n${names.map((name) => `flag:${name}\n`).join("")}`;
  assert.is(acceleratorOf(host(kvm + flags(["lm"]))), "tcg");
  assert.is(acceleratorOf(host(kvm + flags(["vmx"]))), "kvm");
  assert.is(acceleratorOf(host(kvm + flags(["svm"]))), "kvm");
  assert.is(acceleratorOf(host(flags(["vmx"]))), "tcg");
  assert.is(acceleratorOf(host(kvm)), "tcg");
});

test("CPUs and memory fit the host by default", () => {
  const sized = (cpus: number, mib: number) => machine(`[cpu]\ncount:${cpus}\n[memory]\nMemTotal:${mib * 1024}\n`);
  const pair = ({ cpus, memory }: { cpus: number; memory: number }) => [cpus, memory];
  assert.equal(pair(sized(2, 24105)), [2, 5632]);
  assert.equal(pair(sized(64, 262144)), [4, 8192]);
  assert.equal(pair(sized(1, 2048)), [1, 1024]);
  assert.equal(pair(machine("")), [2, 2048], "a host that shows neither");
});

test("values of the config are kept", () => {
  const { cpus, memory, accelerator, provider } = machine(
    "[cpu]\ncount:2\n",
    ", cpus: 7, memory: 3000, accelerator: kvm, provider: libvirt",
  );
  assert.equal([cpus, memory, accelerator, provider], [7, 3000, "kvm", "libvirt"]);
});

test("--no-gpu removes the cards and the services that need them, and lists these", () => {
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

const desktop = own("test/hosts/rtx4070-desktop-debian12.txt");
const wanting = parseConfig(
  "machines: [{name: a, box: lab/x, image: debian-12, gpu: {}}]\n" +
    "services: {ml: {image: 'nvidia/cuda:12.4.1-base-ubuntu22.04', gpus: all}}",
);

test("checks and plan read the card and the driver from the resolved machine", () => {
  const found = parseHost(desktop);
  const resolved = resolveConfig(wanting, found);
  const bare = { ...found, pci: [], pciCount: 0 };
  const ids = ["gpu.match", "gpu.exclusive", "gpu.reset", "gpu.window", "iommu.group", "guest.driver", "guest.cuda"];
  assert.equal(runChecks(bare, resolved, ids), runChecks(found, resolved, ids));
  const lab: Lab = {
    ...{ folder: "/lab/.homelab-gpu", prefix: "lab-1_", boxes: {}, orphans: {} },
    machines: { a: { domain: "lab-1_a", state: "absent" } },
  };
  const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
  const plan = makePlan(resolved, found, lab, texts);
  assert.match(plan.files.find(({ path }) => path === "Vagrantfile")!.text, /l\.pci domain: '0x0000', bus: '0x01'/);
  assert.equal(makePlan(resolved, bare, lab, texts).files, plan.files);
});

test("a card or a driver that was resolved from an incomplete probe never passes", () => {
  const text = desktop.slice(0, desktop.indexOf("\n[display") + 1);
  const cut = parseHost(text);
  assert.ok(cut.cut!.includes("pci"));
  const found = runChecks(cut, resolveConfig(wanting, cut), ["gpu", "iommu", "guest.driver", "guest.cuda"]);
  assert.equal(found.filter(({ status }) => status !== "unknown").map(({ check }) => check), ["host.probe"]);
});

test.run();
