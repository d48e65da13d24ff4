// Kinds of machines after public listings, each with what a small change of it changes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { nameOf } from "../lib/host/pci.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { own } from "./fake.mts";

const test = suite("real machines");
const text = (name: string) => own(`test/hosts/${name}.txt`);

/** What a check says of machines (their gpu: values) on a host's text. */
function statuses(host: string, check: string, ...gpus: string[]): string[] {
  const machines = gpus.map((gpu, i) => `{name: m${i}, provider: libvirt, box: lab/x, memory: 1024, gpu: ${gpu}}`);
  const parsed = parseHost(host);
  return runChecks(parsed, resolveConfig(parseConfig(`machines: [${machines.join(", ")}]`), parsed), [check]).map((
    { status },
  ) => status);
}

const laptop = "{vendor_id: 10de, device_id: 28e0}";
test("iommu.reserved: kernels since 6.6 refuse a direct region, earlier or unknown ones may", () => {
  const direct = text("amd-ivmd-direct-region-arch");
  assert.equal(statuses(direct, "iommu.reserved", laptop), ["fail"]);
  assert.equal(statuses(direct.replace(/^kernel:.*$/m, "kernel:6.5.0-45-generic"), "iommu.reserved", laptop), ["warn"]);
  assert.equal(statuses(direct.replace(/^kernel:.*$/m, ""), "iommu.reserved", laptop), ["warn"]);
  assert.equal(statuses(direct.replace(/ direct$/m, " direct-relaxable"), "iommu.reserved", laptop), ["pass"]);
});

const part = (more: string) => `{vendor_id: 8086, device_id: 46d3, ${more}}`;
test("gpu.exclusive: two virtual functions go to two machines, one with its physical function does not", () => {
  const host = text("intel-igpu-seven-virtual-functions");
  const at = (n: number) => part(`address: "0000:00:02.${n}"`);
  assert.equal(statuses(host, "gpu.exclusive", at(1), at(2)), ["pass"]);
  assert.equal(statuses(host, "gpu.exclusive", at(1), at(1)), ["fail"]);
  assert.equal(statuses(host, "gpu.exclusive", at(0), at(2)), ["fail"]);
});

test("mode: partition on libvirt gives each machine a virtual function of its own, as long as there are any", () => {
  const host = parseHost(text("intel-igpu-seven-virtual-functions"));
  const gpu = part("mode: partition");
  const config = parseConfig(
    `machines: [${[1, 2].map((n) => `{name: m${n}, provider: libvirt, box: lab/x, gpu: ${gpu}}`).join(", ")}]`,
  );
  const seen = { m2: { running: false, passedAddresses: ["0000:00:02.1"] } };
  const { machines } = resolveConfig(config, host, seen);
  assert.equal(machines.map(({ gpus }) => gpus[0]!.address), ["0000:00:02.2", "0000:00:02.1"], "a VM keeps its own");
  const none = text("sriov-card-without-virtual-functions");
  assert.equal(statuses(none, "provider.mode", "{vendor_id: 8086, device_id: e212, mode: partition}"), ["fail"]);
});

const ada = "{vendor_id: 10de, device_id: 2786}";
test("gpu.in-use: a VM that holds the card through iommufd is seen, and unknown where its node is not told", () => {
  const held = text("card-held-through-iommufd");
  assert.equal(statuses(held, "gpu.in-use", ada), ["fail"]);
  assert.equal(statuses(held.replace(/^.*\/vfio-dev:.*$/m, ""), "gpu.in-use", ada), ["unknown"]);
});

test("gpu.window: a region without an address fails, one that was not read does not", () => {
  const card = "{vendor_id: 10de, device_id: 1b38}";
  const zeros = text("tesla-p40-regions-all-zeros");
  assert.equal(statuses(zeros, "gpu.window", card), ["fail"]);
  assert.equal(statuses(zeros.replace(/^.*\/unset:.*$/gm, ""), "gpu.window", card), ["pass"]);
});

test("iommu.group: no command takes what shows the picture or what the host works with", () => {
  const host = parseHost(text("card-in-the-group-shows-the-picture"));
  const findings = runChecks(
    host,
    resolveConfig(parseConfig(`machines: [{name: m, box: lab/x, gpu: ${ada}}]`), host),
    ["iommu.group"],
  );
  assert.is(findings[0]!.status, "fail");
  assert.not.match(JSON.stringify(findings[0]!.fix), /0000:03:00\.0\/driver/);
});

test("numbers count as awk prints large ones", () => {
  const host = text("rtx4070-desktop-debian12").replace(
    /^MemTotal:.*$/m,
    "MemTotal:2.14748e+09",
  );
  assert.is(parseHost(host).memory.total, Math.floor(2.14748e9 / 1024));
});

test("a card is called what the host's pci.ids calls it, and by its ids where it does not", () => {
  const names = "[pci-names]\n10de:NVIDIA Corporation\n10de/2786:AD104 [GeForce RTX 4070]\n[end]";
  const host = parseHost(text("rtx4070-desktop-debian12").replace("[end]", names));
  const named = host.pci!.map(nameOf);
  assert.ok(named.includes("NVIDIA GeForce RTX 4070 (10de:2786)"), named.join("\n"));
  assert.ok(named.some((name) => name.startsWith("10de:22bc")));
});

test.run();
