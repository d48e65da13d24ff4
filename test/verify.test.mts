import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PciFunction } from "../lib/types.mts";
import { type Passed, verified } from "../lib/verify.mts";

const test = suite("verify");
const said = (lines: string) => `homelab-gpu-verify 1\nkernel:6.12\n${lines}end:yes\n`;
const told = (text: string | undefined, services: string[] = ["web"]) =>
  verified("a", text, services).findings.map(({ check, status, says }) => `${check} ${status}: ${says}`);
const up = "docker:running\ndocker-version:26.1\n";

test("passes a guest whose services run", () => {
  const text = said(
    `services-file:abc\n${up}service:web running 0 0 none always homelab-gpu-web-1\nservice:db running 0 0 healthy always x\n`,
  );
  assert.equal(told(text, ["web", "db"]), [
    "verify.ssh pass: reached over SSH, kernel 6.12",
    "verify.docker pass: Docker 26.1 answers",
    "verify.service pass: service web runs",
    "verify.service pass: service db runs, healthy",
  ]);
  assert.is(verified("a", text, []).services, "abc");
});

test("a card: on VFIO on the host, and in the guest by its ids, class and address", () => {
  const fn = (bdf: string, device: string, code: string): PciFunction => ({
    ...{ bdf, vendor: "10de", device, class: code, driver: "vfio-pci" },
    ...{ bars: [], above: [], drm: [], displays: [], mediated: false },
  });
  const gpu = { fn: fn("0000:01:00.0", "2786", "030000"), guest: "0000:05:00.0" };
  const audio = { fn: fn("0000:01:00.1", "22bc", "040300") };
  const guest = "pci:0000:05:00.0 030000 10de:2786 nvidia\npci:0000:06:00.0 040300 10de:22bc none\n";
  const layers = (text: string, passed: Passed[]) =>
    verified("a", said(text), [], passed).findings.map(({ check, status }) => `${check} ${status}`);
  assert.equal(layers(guest + up, [gpu, audio]).slice(1, 3), ["verify.vfio pass", "verify.pci pass"]);
  assert.equal(layers(`${guest.split("\n")[0]}\n${up}`, [gpu, audio]).slice(1), [
    "verify.vfio pass",
    "verify.pci fail",
    "verify.docker skip",
  ]);
  assert.is(layers(guest + up, [{ ...gpu, guest: "0000:07:01.0" }])[2], "verify.pci fail", "somewhere else");
  const held = { ...gpu, fn: { ...gpu.fn, driver: "nouveau" } };
  assert.equal(layers(guest + up, [held]).slice(1, 3), ["verify.vfio fail", "verify.pci skip"]);
});

test("names the first layer that fails, and looks at nothing above it", () => {
  const skipped = "verify.service skip: not looked at: a layer below it fails";
  assert.equal(told(undefined), [
    "verify.ssh fail: cannot be reached over SSH",
    "verify.docker skip: not looked at: a layer below it fails",
    skipped,
  ]);
  assert.equal(
    told("homelab-gpu-verify 1\nkernel:6.12\n")[0],
    "verify.ssh fail: cannot be reached over SSH",
    "cut off half way",
  );
  assert.equal(told(said("docker:missing\n")).slice(1), ["verify.docker fail: Docker is not in this box", skipped]);
  assert.equal(told(said("docker:stopped\ndocker-log:no space\n")).slice(1), [
    "verify.docker fail: Docker does not answer",
    skipped,
  ]);
});

test("tells the ways of a service to fail, with its log", () => {
  const service = (state: string) =>
    verified("a", said(`${up}service:web ${state} homelab-gpu-web-1\nservice-log-web:boom\n`), ["web"]).findings[2]!;
  assert.is(service("running 0 3 none always").says, "service web falls over again and again (restarted 3 times)");
  assert.is(service("restarting 1 9 none always").says, "service web is restarting");
  assert.is(service("exited 7 0 none no").says, "service web is exited with code 7");
  assert.is(service("running 0 0 unhealthy always").says, "service web runs and is unhealthy");
  assert.equal(service("exited 7 0 none no").evidence, [{ read: "log of web", value: "boom" }]);
  assert.is(service("exited 0 0 none no").status, "pass", "a task that ran to its end");
  assert.is(service("exited 0 0 none always").status, "fail", "a server that ended");
  assert.is(verified("a", said(up), ["web"]).findings[2]!.says, "service web is not there");
});

test("asks for no Docker where there are no services", () => {
  assert.equal(told(said("docker:missing\n"), []), [
    "verify.ssh pass: reached over SSH, kernel 6.12",
    "verify.docker skip: no Docker, and no services",
  ]);
});

test.run();
