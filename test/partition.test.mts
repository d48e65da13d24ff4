// A guest with a partition of its host's card (GPU-P): its box, the host's driver in it, its
// containers, and its verification.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { names } from "../lib/plan/assets.mts";
import { composeFile } from "../lib/compose/render.mts";
import type { GuestEngine } from "../lib/compose/types.mts";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { driverState } from "../lib/resolve/partition.mts";
import type { Lab } from "../lib/host/lab.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { servicesHash } from "../lib/plan/proof.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { PartitionedCard } from "../lib/verify/partition.mts";
import { verifyMachine } from "../lib/verify/layers.mts";
import { own } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("partition");
const windows = savedHost("windows-11-pro-rtx4070");
const texts = { ...Object.fromEntries(names.map((name) => [name, own(name)])), "./ubuntu-24.04.box": "1 1" };
const config = (keys = "") =>
  parseConfig(
    `machines: [{name: a, box: lab/x, image: {file: ./ubuntu-24.04.box}, cpus: 2, memory: 1024, gpu: {device_id: 2786}${keys}}]\n` +
      "services: {ml: {image: 'nvidia/cuda:12.4.1-base-ubuntu22.04', command: sleep infinity, gpu: 1}}",
  );
function planned(keys = "", there: Partial<Lab["machines"][string]> = {}, host = windows) {
  const resolved = resolveConfig(config(keys), host);
  const lab: Lab = {
    folder: "/lab/.homelab-gpu",
    prefix: "lab-1_",
    boxes: {},
    orphans: {},
    machines: { a: { domain: "lab-1_a", state: "absent", ...there } },
  };
  return { ...makePlan(resolved, host, lab, texts), resolved };
}
const file = (plan: { files: { path: string; text: string }[] }, path: string) =>
  plan.files.find((one) => one.path === path)?.text ?? "";

test("the box gets dxgkrnl and the toolkit, and no NVIDIA driver for Linux", () => {
  const { scripts, environment } = JSON.parse(file(planned(), "packer/lab~x~hyperv/values.auto.pkrvars.json"));
  assert.equal(scripts, [
    "install-docker.sh",
    "busybox-image.sh",
    "install-dxgkrnl.sh",
    "install-nvidia.sh",
    "install-hyperv.sh",
    "finish-box.sh",
  ]);
  assert.equal(environment, ["NVIDIA_SOURCE=host"]);
  const sum = "0".repeat(64);
  const other = planned(`, driver: {dxgkrnl: {url: "https://x.example/k.tar.gz", checksum: "sha256:${sum}"}}`);
  assert.equal(JSON.parse(file(other, "packer/lab~x~hyperv/values.auto.pkrvars.json")).environment, [
    "NVIDIA_SOURCE=host",
    "DXGKRNL_SOURCE=https://x.example/k.tar.gz",
    `DXGKRNL_SHA256=${sum}`,
  ]);
  assert.throws(() => config(", driver: {dxgkrnl: {url: 'https://x.example/k.tar.gz'}}"), /checksum is missing/);
});

test("up copies the host's driver before the services start, and verifies its layers", () => {
  const { steps, files } = planned();
  assert.equal(steps.map(({ title }) => title).slice(-7), [
    "Create the VM a",
    "Save the SSH config of a",
    "Compare the GPU driver of a with the host's",
    "Set up the GPU driver in a",
    "Copy the Compose file to a",
    "Start the services of a",
    "Prove a",
  ]);
  assert.equal(steps.at(-5)!.command.slice(-4), ["-File", "scripts/copy-driver.ps1", "a", "10de", "2786"].slice(-4));
  assert.match(steps.at(-1)!.command.at(-1)!, /^sudo env NVIDIA=yes PART=yes sh -s/);
  assert.ok(files.some(({ path }) => path === "scripts/receive-driver.sh"));
});

test("an unchanged host driver is not copied again; a changed one is", () => {
  const { resolved } = planned();
  const machine = resolved.machines[0]!;
  const version = /1\.\d+/.exec(file(planned(), "packer/lab~x~hyperv/metadata.json"))![0];
  const proof = {
    bootId: "/1",
    services: servicesHash(machine, resolved),
    driver: driverState(machine)!,
    at: "2026-01-01T00:00:00Z",
  };
  assert.is(proof.driver, "32.0.15.9174 nv_dispi.inf_amd64_7d2b8a0c5ce04b5f");
  const running = {
    state: "running" as const,
    bootId: "/1",
    provider: "hyperv",
    box: `${version}.0`,
    cpus: 2,
    memory: 1024,
    address: "10.0.0.2",
    proof,
  };
  assert.equal(planned("", running).steps, []);
  const updated = structuredClone(windows);
  updated.windows!.drivers[0]!.version = "32.0.16.1010";
  assert.equal(
    planned("", running, updated).steps.map(({ title }) => title)[0],
    "Compare the GPU driver of a with the host's",
  );
});

test("containers get the partition by its only name, whatever their count", () => {
  const rendered = (service: Record<string, unknown>, gpu?: number | "all") => {
    const all = [{ name: "s", machine: "a", body: { image: "x", ...service }, ...(gpu === undefined ? {} : { gpu }) }];
    return (by: "part" | GuestEngine) => parse(composeFile(all, by)).services.s;
  };
  const part = { driver: "cdi", device_ids: ["nvidia.com/gpu=all"], capabilities: ["gpu"] };
  const reserves = (...devices: unknown[]) => ({ resources: { reservations: { devices } } });
  const nvidia = { driver: "nvidia", count: 1, capabilities: ["gpu"] };
  const ways = [
    rendered({}, 1),
    rendered({}, "all"),
    rendered({ deploy: reserves(nvidia) }),
    rendered({ gpus: "all" }),
  ];
  for (const way of ways) {
    assert.equal(way("part"), { image: "x", deploy: reserves(part) });
    assert.equal(way({ engine: "podman", partition: true }), { image: "x", devices: ["nvidia.com/gpu=all"] });
  }
  assert.equal(rendered({ devices: ["/dev/x:/dev/x"] }, 1)("part").devices, ["/dev/x:/dev/x"]);
  assert.equal(rendered({})("part"), { image: "x" }, "a service without a GPU");
});

test("guest.cuda: the host's driver counts", () => {
  const found = (image: string, version = "32.0.15.9174", device = "2786") => {
    const text = JSON.stringify(windows).replaceAll("DEV_2786", `DEV_${device}`);
    const host = { ...structuredClone(windows), windows: (JSON.parse(text) as typeof windows).windows! };
    host.windows.drivers[0]!.version = version;
    const wanted = parseConfig(
      `machines: [{name: a, box: x, gpu: {}}]\nservices: {s: {image: "${image}", command: x, gpu: 1}}`,
    );
    const [finding] = runChecks(host, resolveConfig(wanted, host), ["guest.cuda"]);
    return `${finding!.status}: ${finding!.message}`;
  };
  assert.is(found("nvidia/cuda:12.4.1-base-ubuntu22.04"), "pass: s: CUDA 12.4 runs on the host's driver 591.74");
  assert.match(
    found("nvidia/cuda:13.0.0-base-ubuntu24.04", "31.0.15.5222"),
    /^fail: .* needs driver 580.* host has 552\.22$/,
  );
  assert.match(found("x/y"), /^pass/);
  assert.match(found("x/y", undefined, "1B80"), /^unknown: .*, and Pascal needs CUDA 12 or earlier$/);
  assert.match(found("x/y", undefined, "FFFF"), /^skip/, "a card of an unknown architecture");
  assert.match(found("x/y", "31.0.15.5222"), /^unknown: .*, and driver 552 does not run CUDA 13$/);
  assert.match(found("nvidia/cuda:12.4.1-base-ubuntu22.04", ""), /^unknown: s: could not read the host's driver/);
});

const up = "engine:docker\nengine-state:running\nengine-version:28.2.2\n";
const fine = "expected:nvidia\ndxg:yes\ndxgkrnl-loaded:yes\ndxgkrnl-built:yes\ndriver:591.74\nsmi:0\n" +
  "smi-gpu:GPU 0: NVIDIA GeForce RTX 4070\ntoolkit:1.18.1\ncdi:nvidia.com/gpu=all\n" + up +
  "service:ml running 0 0 none no homelab-gpu-ml-1\ngpu-ml:0\ngpu-found-ml:GPU 0: NVIDIA GeForce RTX 4070\n";
function layers(lines: string, part: PartitionedCard = { driver: "591.74" }): string[] {
  const text = `homelab-gpu-verify 1\nkernel:6.8.0-50-generic\n${lines}end:yes\n`;
  const wanted = [{ name: "ml", machine: "a", gpu: 1, body: {} }];
  return verifyMachine("a", text, wanted, [], part).findings.map(({ check, status, message }) =>
    `${check} ${status}: ${message}`
  );
}
const first = (lines: string, part?: PartitionedCard) =>
  layers(lines, part).find((line) => !/ (pass|skip): /.test(line));

test("verifies a partition of a card, layer by layer", () => {
  assert.equal(layers(fine), [
    "verify.ssh pass: reached over SSH, kernel 6.8.0-50-generic",
    "verify.dxg pass: dxgkrnl has a partition of the card (/dev/dxg)",
    "verify.driver pass: host and guest have driver 591.74",
    "verify.smi pass: nvidia-smi shows NVIDIA GeForce RTX 4070",
    "verify.docker pass: Docker 28.2.2 answers",
    "verify.toolkit pass: NVIDIA Container Toolkit 1.18.1, and CDI names nvidia.com/gpu=all",
    "verify.service pass: service ml runs",
    "verify.gpu pass: service ml has NVIDIA GeForce RTX 4070",
  ]);
});

test("names the first layer that fails", () => {
  const without = (...keys: string[]) =>
    fine.split("\n").filter((line) => !keys.some((key) => line.startsWith(`${key}:`))).join("\n");
  assert.match(first(without("dxg") + "dxg:no\n")!, /^verify\.dxg fail: dxgkrnl is loaded, but finds no GPU partition/);
  const unloaded = `${without("dxg", "dxgkrnl-loaded")}dxg:no\ndxgkrnl-loaded:no\n`;
  assert.match(first(unloaded)!, /^verify\.dxg fail: dxgkrnl cannot be loaded: with Secure Boot/);
  const unbuilt = unloaded.replace("dxgkrnl-built:yes", "dxgkrnl-built:no");
  assert.is(first(unbuilt), "verify.dxg fail: this box has no dxgkrnl");
  assert.match(first(`${unbuilt}dkms:dxgkrnl/6.6: added\n`)!, /was not built for the kernel 6\.8/);
  assert.is(first(without("dxg"))!.split(":")[0], "verify.dxg unknown", "an older script");
  assert.is(
    first(fine, { driver: "595.10" }),
    "verify.driver fail: the host has driver 595.10, but the guest has 591.74",
  );
  assert.match(first(fine, {})!, /^verify\.driver unknown: /);
  assert.match(first(without("driver"))!, /^verify\.driver fail: the VM has no copy of its host/);
  assert.match(first(`${without("smi", "smi-gpu")}smi:missing\n`)!, /^verify\.smi fail/);
  assert.match(first(`${without("cdi")}cdi:\n`)!, /^verify\.toolkit fail: the CDI specification/);
  assert.equal(
    layers(unloaded).filter((line) => line.includes(" skip: ")).length,
    6,
    "what lies above is not looked at",
  );
});

test.run();
