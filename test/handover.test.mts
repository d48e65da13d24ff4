import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkGpuReturned, mergePreviousDrivers, previousDriversOf } from "../lib/verify/gpu-return.mts";
import type { Host } from "../lib/host/types.mts";
import { savedHost } from "./hosts.mts";

const test = suite("handover");
const [gpu, audio] = ["0000:01:00.0", "0000:01:00.1"];

function host(drivers: Record<string, string | null | undefined> = {}): Host {
  const made = savedHost("rtx4070-desktop-debian12");
  for (const fn of made.pci!) {
    if (!(fn.bdf in drivers)) continue;
    const driver = drivers[fn.bdf];
    if (driver === undefined) delete fn.driver;
    else fn.driver = driver;
  }
  return made;
}
const functions = (made: Host) => made.pci!.filter(({ bdf }) => bdf === gpu || bdf === audio);
const before = previousDriversOf(functions(host()), [], () => false);
const vfio = host({ [gpu]: "vfio-pci", [audio]: "vfio-pci" });

test("the driver of a card is recorded, and kept while its VM has the card", () => {
  assert.equal(before.map(({ bdf, driver }) => [bdf, driver]), [[gpu, "nouveau"], [audio, "snd_hda_intel"]]);
  assert.equal(previousDriversOf(functions(vfio), before, () => true), before, "an earlier run was killed half way");
  const variant = host({ [gpu]: "xe-vfio-pci", [audio]: "vfio-pci" });
  assert.equal(previousDriversOf(functions(variant), before, () => true), before);
  assert.equal(
    previousDriversOf(functions(vfio), before, () => false).map(({ driver }) => driver),
    ["vfio-pci", "vfio-pci"],
    "no VM has it: it is bound at boot now",
  );
  const other = [{ ...before[0]!, device: "1111" }];
  assert.is(
    previousDriversOf(functions(vfio), other, () => true)[0]!.driver,
    "vfio-pci",
    "another device had that address",
  );
});

test("the record of a function moves with it from its previous machine", () => {
  const both = mergePreviousDrivers({ a: before, c: [{ bdf: "0000:02:00.0" }] }, "b", functions(vfio), [[gpu, audio]]);
  assert.equal(both, { c: [{ bdf: "0000:02:00.0" }], b: before });
  const free = mergePreviousDrivers({ a: before }, "b", functions(vfio), [["0000:02:00.0"]]);
  assert.equal(free.b!.map(({ driver }) => driver), ["vfio-pci", "vfio-pci"], "no VM has it");
  assert.equal(
    mergePreviousDrivers({ a: before }, "a", functions(vfio), [undefined]).a,
    before,
    "a VM that may have any",
  );
});

test("reports whether the host has its card back, and how to give it back", () => {
  assert.equal([checkGpuReturned("a", before, host()).status, checkGpuReturned("a", before, host()).machine], [
    "pass",
    "a",
  ]);
  const { status, message, fix } = checkGpuReturned("a", before, host({ [gpu]: "vfio-pci", [audio]: null }));
  assert.is(status, "fail");
  assert.match(
    message,
    /0000:01:00\.0 .* has vfio-pci, but had nouveau; 0000:01:00\.1 .* has none, but had snd_hda_intel/,
  );
  const at = `/sys/bus/pci/devices/${gpu}`;
  assert.equal(fix.map(({ command }) => command), [
    `sh -c 'echo >${at}/driver_override; echo ${gpu} >${at}/driver/unbind; modprobe nouveau; echo ${gpu} >/sys/bus/pci/drivers_probe'`,
    `sh -c 'echo >/sys/bus/pci/devices/${audio}/driver_override; modprobe snd_hda_intel; echo ${audio} >/sys/bus/pci/drivers_probe'`,
  ]);
  const none = [{ ...before[0]!, driver: null }];
  assert.is(checkGpuReturned("a", none, host({ [gpu]: null })).status, "pass");
  assert.not.match(checkGpuReturned("a", none, host({ [gpu]: "nouveau" })).fix[0]!.command!, /drivers_probe|modprobe/);
  assert.is(checkGpuReturned("a", before, host({ [gpu]: undefined })).status, "unknown");
  const unread = previousDriversOf(functions(host({ [gpu]: undefined })), [], () => false);
  assert.not.ok("driver" in unread[0]!, "what was not read is not none");
  assert.is(checkGpuReturned("a", unread, host()).status, "unknown");
});

test.run();
