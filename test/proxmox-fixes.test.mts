import { suite } from "uvu";
import * as assert from "uvu/assert";
import { likelyCauses } from "../lib/verify/failures/index.mts";
import { isProxmox } from "../lib/verify/failures/vms/proxmox-fixes.mts";

const test = suite("proxmox fixes");

const error = 'kvm: -drive file=/images/a.qcow2: Failed to get "write" lock';
const fixes = (text: string) =>
  likelyCauses(text)[0]!.fix.map(({ title, command }) => `${title} ${command ?? ""}`).join("\n");

test("a log of Proxmox VE gets no fix by virsh", () => {
  assert.match(fixes(`${error}\nlibvirt: error`), /virsh/);
  const proxmox = fixes(`${error}\nTASK ERROR: start failed: QEMU exited with code 1`);
  assert.match(proxmox, /qm list/);
  assert.not.match(proxmox, /virsh/);
});

test("a log that names libvirt is not Proxmox VE's", () => {
  assert.is(isProxmox("TASK ERROR: start failed"), true);
  assert.is(isProxmox("pvedaemon[812]: start VM 100"), true);
  assert.is(isProxmox("libvirtd: error\nTASK ERROR: start failed"), false);
  assert.is(isProxmox("==> default: Starting domain."), false);
});

test.run();
