import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Service } from "../lib/config/types.mts";
import type { PciFunction } from "../lib/host/pci-types.mts";
import { type ContextOfGpu, verifyMachine } from "../lib/verify/layers.mts";
import { graphicsGpuLayer } from "../lib/verify/graphics.mts";
import { gpuLayer } from "../lib/verify/nvidia.mts";
import { factsOf } from "../lib/verify/guest-facts.mts";
import { seenServices } from "../lib/verify/services.mts";
import { own, root } from "./fake.mts";

const test = suite("verify");
const said = (lines: string) => `homelab-gpu-verify 1\nkernel:6.12\n${lines}end:yes\n`;
/** A service with a GPU request. */
const wants = (name: string, gpu?: number | "all"): Service => ({
  name,
  machine: "a",
  ...(gpu === undefined ? {} : { gpu }),
  body: {},
});
const verdicts = (text: string | undefined, services: string[] = ["web"]) =>
  verifyMachine("a", text, services.map((name) => wants(name))).findings.map(({ check, status, message }) =>
    `${check} ${status}: ${message}`
  );
const up = "engine-state:running\nengine-version:26.1\n";

test("passes a guest whose services run", () => {
  const text = said(
    `services-file:abc\n${up}service:web running 0 0 none always homelab-gpu-web-1\nservice:db running 0 0 healthy always x\n`,
  );
  assert.equal(verdicts(text, ["web", "db"]), [
    "verify.ssh pass: reached over SSH, kernel 6.12",
    "verify.docker pass: Docker 26.1 answers",
    "verify.service pass: service web runs",
    "verify.service pass: service db runs, healthy",
  ]);
  assert.is(verifyMachine("a", text, []).services, "abc");
});

const fn = (bdf: string, ids: string, code: string): PciFunction => ({
  ...{ bdf, vendor: ids.slice(0, 4), device: ids.slice(5), class: code, driver: "vfio-pci" },
  ...{ bars: [], upstreamBridges: [], drm: [], displays: [], mediated: false },
});

test("a card is on VFIO on the host, and in the guest by its ids, class and address", () => {
  const gpu = { fn: fn("0000:01:00.0", "1002:744c", "030000"), guest: "0000:05:00.0" };
  const audio = { fn: fn("0000:01:00.1", "1002:ab30", "040300") };
  const guest = "pci:0000:05:00.0 030000 1002:744c amdgpu\npci:0000:06:00.0 040300 1002:ab30 none\n";
  const layers = (text: string, passed: ContextOfGpu[]) =>
    verifyMachine("a", said(text), [], passed).findings.map(({ check, status }) => `${check} ${status}`);
  assert.equal(layers(guest + up, [gpu, audio]).slice(1, 3), ["verify.vfio pass", "verify.pci pass"]);
  assert.equal(layers(`${guest.split("\n")[0]}\n${up}`, [gpu, audio]).slice(1), [
    "verify.vfio pass",
    "verify.pci fail",
    "verify.module skip",
    "verify.docker skip",
  ]);
  assert.is(layers(guest + up, [{ ...gpu, guest: "0000:07:01.0" }])[2], "verify.pci fail", "somewhere else");
  const variant = { ...gpu, fn: { ...gpu.fn, driver: "xe-vfio-pci" } };
  assert.is(layers(guest + up, [variant])[1], "verify.vfio pass");
  const held = { ...gpu, fn: { ...gpu.fn, driver: "nouveau" } };
  assert.equal(layers(guest + up, [held]).slice(1, 3), ["verify.vfio fail", "verify.pci skip"]);
  assert.is(layers(guest + up, [{ ...held, viaHypervisor: true }])[1], "verify.pci pass", "it did not go by VFIO");
});

test("reports the first layer that fails, and skips those above it", () => {
  const skipped = "verify.service skip: not checked: an earlier layer fails";
  assert.equal(verdicts(undefined), [
    "verify.ssh fail: cannot be reached over SSH",
    "verify.docker skip: not checked: an earlier layer fails",
    skipped,
  ]);
  assert.equal(
    verdicts("homelab-gpu-verify 1\nkernel:6.12\n")[0],
    "verify.ssh fail: cannot be reached over SSH",
    "cut off half way",
  );
  assert.equal(verdicts(said("engine-state:missing\n")).slice(1), [
    "verify.docker fail: Docker is not in this box",
    skipped,
  ]);
  assert.equal(verdicts(said("engine-state:stopped\nengine-log:no space\n")).slice(1), [
    "verify.docker fail: Docker does not answer",
    skipped,
  ]);
});

test("distinguishes the failures of a service, with its log", () => {
  const service = (state: string) =>
    verifyMachine("a", said(`${up}service:web ${state} homelab-gpu-web-1\nservice-log-web:boom\n`), [wants("web")])
      .findings[2]!;
  assert.is(service("running 0 3 none always").message, "service web keeps restarting (3 times)");
  assert.is(service("restarting 1 9 none always").message, "service web is restarting");
  assert.is(service("exited 7 0 none no").message, "service web is exited with code 7");
  assert.is(service("running 0 0 unhealthy always").message, "service web runs, but is unhealthy");
  assert.equal(service("exited 7 0 none no").evidence, [{ read: "log of web", value: "boom" }]);
  assert.is(service("exited 0 0 none no").status, "pass", "a task that ran to its end");
  assert.is(service("exited 0 0 none on-failure").message, "service web ran to its end");
  assert.is(service("exited 0 2 none on-failure").status, "pass", "at the third try");
  assert.is(service("exited 1 3 none on-failure").message, "service web is exited with code 1");
  for (const policy of ["always", "unless-stopped"]) {
    assert.is(service(`exited 0 0 none ${policy}`).status, "fail", "a server that ended");
  }
  assert.is(verifyMachine("a", said(up), [wants("web")]).findings[2]!.message, "service web does not exist");
});

test("checks no service that up does not start", () => {
  const none: Record<string, unknown>[] = [
    ...[{ profiles: ["debug"] }, { scale: 0 }, { scale: "0" }, { deploy: { replicas: 0 } }],
    ...[{ scale: 0, deploy: { replicas: 0 } }, { profiles: ["debug"], scale: 2 }],
  ];
  const started: Record<string, unknown>[] = [{ profiles: [] }, { scale: 1 }, { deploy: { replicas: 2 } }, {
    deploy: {},
  }];
  const layers = (body: Record<string, unknown>) =>
    verifyMachine("a", said(up), [{ ...wants("web", 1), body }], [{ fn: fn("0000:01:00.0", "1002:744c", "030000") }])
      .findings.map(({ check }) => check).filter((check) => /service|gpu/.test(check));
  for (const body of none) assert.equal(layers(body), [], JSON.stringify(body));
  for (const body of started) assert.equal(layers(body), ["verify.service", "verify.gpu"], JSON.stringify(body));
});

test("checks no Docker without services", () => {
  assert.equal(verdicts(said("engine-state:missing\n"), []), [
    "verify.ssh pass: reached over SSH, kernel 6.12",
    "verify.docker skip: no Docker, and no services",
  ]);
});

// Outputs of verify-guest.sh in guests in which one layer fails: the layer, and the words that name
// the cause. The other layers are those of such a guest.
const guests: Record<string, [layer: string, says: RegExp]> = {
  "cut-off": ["verify.ssh", /cannot be reached/],
  "card-not-there": ["verify.pci", /not on the VM's PCI bus: 0000:01:00.0/],
  "nouveau": ["verify.module", /nouveau has the card/],
  "no-driver": ["verify.module", /this box has no NVIDIA driver/],
  "headers-missing": ["verify.module", /kernel 6.12.107\+deb13-amd64: its headers are missing/],
  "kernel-upgraded": ["verify.module", /built for 6.12.90\+deb13-amd64 before an upgrade, and its headers are missing/],
  "kernel-upgraded-not-built": ["verify.module", /built for 6.12.90\+deb13-amd64 before an upgrade$/],
  "not-built": ["verify.module", /DKMS has its source, but has not built it/],
  "secure-boot": ["verify.module", /Secure Boot is on in the VM/],
  "module-refused": ["verify.module", /NVIDIA's module cannot be loaded/],
  "wrong-modules": [
    "verify.module",
    /580.95.05 \(proprietary modules\) .* works only with NVIDIA's open kernel modules/,
  ],
  "no-devices": ["verify.smi", /nvidia-smi shows no GPU in the VM: the driver could not start the card/],
  "version-mismatch": ["verify.smi", /the driver's libraries and its loaded kernel module are of two releases/],
  "smi-missing": ["verify.smi", /nvidia-smi is not in this box/],
  "smi-hangs": ["verify.smi", /does not answer within a minute/],
  "one-card-of-two": ["verify.smi", /shows 1 of 2 GPUs/],
  "docker-stopped": ["verify.docker", /Docker does not answer/],
  "toolkit-missing": ["verify.toolkit", /the NVIDIA Container Toolkit is not in this box/],
  "docker-not-restarted": ["verify.toolkit", /not restarted after NVIDIA's toolkit was installed/],
  "podman-without-cdi": ["verify.toolkit", /the CDI specification, by which Podman finds GPUs, names none/],
  "image-too-new": ["verify.service", /ml-worker is restarting: the image's CUDA needs a newer driver than the VM has/],
  "service-falls-over": ["verify.service", /ml-worker keeps restarting/],
  "lost-by-daemon-reload": ["verify.gpu", /the container is not allowed to use its GPU: .*systemd reloaded its units/],
  "no-gpu-in-the-container": [
    "verify.gpu",
    /ml-worker has no nvidia-smi: it got no GPU, or not the capability utility/,
  ],
  "podman-no-gpu-in-the-container": ["verify.gpu", /ml-worker has no nvidia-smi: it got no GPU$/],
  "musl-image": ["verify.gpu", /its image has musl/],
  "amd-firmware-missing": [
    "verify.module",
    /no driver has the AMD card at 0000:05:00\.0: AMD's driver lacks the card's firmware/,
  ],
  "amd-no-nodes": ["verify.gpu", /ml-worker has no GPU: its container lacks a render node of \/dev\/dri/],
  "amd-not-allowed": ["verify.gpu", /has \/dev\/kfd and \/dev\/dri\/renderD128, and its user cannot open them/],
  "one-gpu-of-two": ["verify.gpu", /ml-worker has 1 GPUs, but asked for 2/],
};
const fine = ["fine", "podman", "podman-image-without-smi", "no-runtime", "amd", "intel", "h200-without-docker"];
const judged = (name: string) => {
  const two = name.endsWith("-of-two");
  const ids = name.startsWith("amd")
    ? ["1002:744c", "1002:ab30"]
    : name === "intel"
    ? ["8086:56a0", "8086:4f90"]
    : ["10de:2786", "10de:22bc"];
  const passed: ContextOfGpu[] = [
    { fn: fn("0000:01:00.0", ids[0]!, "030000"), guest: "0000:05:00.0" },
    { fn: fn("0000:01:00.1", ids[1]!, "040300"), guest: "0000:06:00.0" },
    ...(two ? [{ fn: fn("0000:02:00.0", ids[0]!, "030000"), guest: "0000:07:00.0" }] : []),
  ];
  const services = [wants("web"), wants("ml-worker", two ? 2 : 1)];
  return verifyMachine("a", own(`test/guests/${name}.txt`), services, passed).findings;
};

for (const [name, [layer, says]] of Object.entries(guests)) {
  test(`recorded guest: ${name}`, () => {
    const findings = judged(name);
    const first = findings.findIndex(({ status }) => status === "fail");
    assert.is(findings[first]?.check, layer);
    assert.match(findings[first]!.message, says);
    assert.ok(
      findings.slice(0, first).every(({ status }) => status === "pass" || status === "warn"),
      JSON.stringify(findings.slice(0, first)),
    );
    assert.ok(findings.slice(first + 1).every(({ status }) => status === "skip"));
    if (layer !== "verify.pci") assert.ok(findings[first]!.fix.length > 0, "says what to do");
  });
}

test("an AMD card without a driver fails only if a service requests it", () => {
  const card = [{ fn: fn("0000:02:00.0", "1002:5046", "030000"), guest: "0000:05:00.0" }];
  const text = said("graphics:amd\npci:0000:05:00.0 030000 1002:5046 none\nengine-state:missing\n");
  const module = (services: ReturnType<typeof wants>[]) =>
    verifyMachine("a", text, services, card).findings.find(({ check }) => check === "verify.module");
  assert.is(module([])!.status, "skip");
  assert.is(module([])!.message, "no driver has the AMD card at 0000:05:00.0, and no service asks for it");
  assert.is(module([wants("ml-worker", 1)])!.status, "fail");
});

test("a correct guest passes, one without the runtime warns, another vendor's card passes", () => {
  assert.equal(judged("fine").map(({ check, status, message }) => `${check} ${status}: ${message}`), [
    "verify.ssh pass: reached over SSH, kernel 6.12.107+deb13-amd64",
    "verify.vfio pass: vfio-pci has 0000:01:00.0, 0000:01:00.1",
    "verify.pci pass: the VM has 0000:01:00.0 [0300] 10de:2786 as 0000:05:00.0, 0000:01:00.1 [0403] 10de:22bc as 0000:06:00.0",
    "verify.module pass: nvidia 580.95.05 (open modules) has the card",
    "verify.smi pass: nvidia-smi shows NVIDIA GeForce RTX 4070",
    "verify.docker pass: Docker 26.1.5 answers",
    "verify.toolkit pass: NVIDIA Container Toolkit 1.18.1, and Docker has the runtime nvidia",
    "verify.service pass: service web runs",
    "verify.service pass: service ml-worker runs",
    "verify.gpu pass: service ml-worker has NVIDIA GeForce RTX 4070",
  ]);
  assert.equal(
    judged("no-runtime").filter(({ status }) => status !== "pass").map(({ check, status }) => [check, status]),
    [
      ["verify.toolkit", "warn"],
    ],
  );
  assert.equal(judged("amd").slice(3).map(({ check, status, message }) => `${check} ${status}: ${message}`), [
    "verify.module pass: amdgpu has the card at 0000:05:00.0 (/dev/dri/renderD128)",
    "verify.docker pass: Docker 26.1.5 answers",
    "verify.service pass: service web runs",
    "verify.service pass: service ml-worker runs",
    "verify.gpu pass: service ml-worker can open /dev/kfd and /dev/dri/renderD128",
  ]);
  assert.is(judged("intel").at(-1)!.status, "pass");
  assert.match(judged("intel").at(-1)!.message, /has \/dev\/dri\/renderD128; it has no shell to open them with/);
});

test("a real H200 passes its driver and nvidia-smi, and has no Docker", () => {
  const card = { fn: fn("0000:00:06.0", "10de:2335", "030200"), guest: "0000:00:06.0" };
  const { findings } = verifyMachine("a", own("test/guests/h200-without-docker.txt"), [wants("web", 1)], [card]);
  assert.equal(findings.map(({ check, status }) => `${check} ${status}`).slice(2, 6), [
    "verify.pci pass",
    "verify.module pass",
    "verify.smi pass",
    "verify.docker fail",
  ]);
});

test("unread facts of host or Docker are unknown; another device with the card's ids is not the card", () => {
  const layer = (check: string, text: string, driver: string | undefined = "vfio-pci") => {
    const { driver: _, ...bare } = fn("0000:01:00.0", "10de:2786", "030000");
    const { findings } = verifyMachine("a", text, [], [{ fn: { ...bare, ...(driver ? { driver } : {}) } }]);
    return findings.find((one) => one.check === check)!.status;
  };
  const text = own("test/guests/fine.txt");
  assert.is(layer("verify.vfio", text), "pass");
  assert.is(layer("verify.vfio", text, ""), "unknown");
  assert.is(layer("verify.pci", text.replace("030000 10de:2786", "040300 10de:2786")), "fail");
  assert.is(layer("verify.toolkit", text.replace(/^runtimes:.*\n/m, "")), "unknown");
});

test("all: a container needs as many GPUs as the VM has", () => {
  const count = (text: string) =>
    verifyMachine("a", text, [wants("ml-worker", "all")], [{ fn: fn("0000:01:00.0", "10de:2786", "030000") }])
      .findings.at(-1)!.status;
  const text = own("test/guests/fine.txt");
  assert.is(count(text), "pass");
  assert.is(count(text.replace("smi-gpu:GPU 0: x", "").replace("smi-gpu:", "smi-gpu:GPU 1: second\nsmi-gpu:")), "fail");
});

test("a guest whose NVIDIA facts were not read leaves these layers unknown", () => {
  const text = own("test/guests/fine.txt").split("\n")
    .filter((line) => !/^(expected|modules|nvidia-|smi|toolkit|gpu-)/.test(line)).join("\n");
  const findings = verifyMachine("a", text, [wants("ml-worker", 1)], [{
    fn: fn("0000:01:00.0", "10de:2786", "030000"),
  }])
    .findings.filter(({ status }) => status !== "pass");
  assert.equal(findings.map(({ check, status }) => [check, status]), [
    ["verify.module", "unknown"],
    ["verify.smi", "unknown"],
    ["verify.toolkit", "unknown"],
    ["verify.gpu", "unknown"],
  ]);
});

test("every recorded guest is in one of these tests", () => {
  const names = readdirSync(`${root}/test/guests`).map((name) => name.slice(0, -4)).sort();
  assert.equal(names, [...Object.keys(guests), ...fine].sort());
});

test("each container of a service needs its GPU: one without it is reported", () => {
  const guest = (second: string) =>
    said(
      `expected:nvidia\n${up}smi-gpu:GPU 0: NVIDIA L4\nservice:web running 0 0 none no p-web-1\n` +
        `service:web exited 0 0 none no p-web-2\nservice:web running 0 0 none no p-web-3\n` +
        `gpu-web:0\ngpu-found-web:GPU 0: NVIDIA L4\n${second}`,
    );
  const facts = (second: string) => factsOf(guest(second));
  const fine = gpuLayer(facts("gpu-web#2:0\ngpu-found-web#2:GPU 0: NVIDIA L4\n"), "a", "web", 1);
  assert.is(fine.status, "pass");
  assert.match(fine.message, /^service web has NVIDIA L4 \(each of its 2 containers\)$/);
  const bad = gpuLayer(facts("gpu-web#2:1\ngpu-log-web#2:No devices were found\n"), "a", "web", 1);
  assert.is(bad.status, "fail");
  assert.match(bad.message, /^service web \(container 2 of 2\) sees no GPU/);
  const seen = seenServices(facts("gpu-web#2:1\n"));
  assert.equal(seen.map(({ gpus }) => gpus), [["NVIDIA L4"], [], []]);
});

test("each container of a service needs the card's nodes: one that cannot open them is reported", () => {
  const facts = (second: string) =>
    factsOf(said(
      `graphics:amd\n${up}service:web running 0 0 none no p-web-1\nservice:web running 0 0 none no p-web-2\n` +
        `graphics-asked-web:/dev/dri\ngraphics-nodes-web:dri/renderD128\ngraphics-open-web:0\n${second}`,
    ));
  const of = (second: string) => graphicsGpuLayer(facts(second), "a", "web");
  const node = "graphics-asked-web#2:/dev/dri\ngraphics-nodes-web#2:dri/renderD128\n";
  assert.equal([of("").status, of("").message], ["pass", "service web can open /dev/dri/renderD128"]);
  const both = of(`${node}graphics-open-web#2:0\n`);
  assert.is(both.message, "service web can open /dev/dri/renderD128 (each of its 2 containers)");
  const closed = of(`${node}graphics-open-web#2:1\n`);
  assert.is(closed.status, "fail");
  assert.match(closed.message, /^service web \(container 2 of 2\) has .*, and its user cannot open them$/);
  const without = of("graphics-nodes-web#2:\n");
  assert.is(without.status, "fail");
  assert.match(without.message, /^service web \(container 2 of 2\) has no GPU: its container lacks a render node/);
  assert.match(without.fix?.[0]?.command ?? "", /inspect p-web-2$/);
});

test.run();
