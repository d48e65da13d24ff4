import { suite } from "uvu";
import * as assert from "uvu/assert";
import { likelyCauses } from "../lib/verify/failures/index.mts";

const test = suite("named fixes");

/** The commands of the likely cause's fixes. */
const commands = (text: string) => likelyCauses(text)[0]!.fix.map(({ command }) => command ?? "").join("\n");

test("a fix names the storage pool of the message", () => {
  const found = commands("error: Requested operation is not valid: storage pool 'fast-vms' is not active");
  assert.match(found, /pool-start fast-vms/);
  assert.not.match(found, /\bdefault\b/);
});

test("another pool than default is defined in a folder of its own", () => {
  const found = commands("error: Storage pool not found: no storage pool with matching name 'tank'");
  assert.match(found, /pool-define-as tank dir --target \/var\/lib\/libvirt\/tank && .{0,40}pool-build tank/);
  const own = commands("error: Storage pool not found: no storage pool with matching name 'default'");
  assert.match(own, /pool-define-as default dir --target \/var\/lib\/libvirt\/images/);
});

test("a fix names the network, the VM, and the VM of Hyper-V and Proxmox VE", () => {
  assert.match(
    commands("error: Requested operation is not valid: network 'lab-net' is not active"),
    /net-start lab-net/,
  );
  assert.match(
    commands("error: operation failed: domain 'win11' already exists with uuid 9cf5"),
    /undefine --nvram win11/,
  );
  assert.match(
    commands('Unable to find a Gpu partition adapter matching the given criteria. (virtual machine "lab1")'),
    /-VMName lab1/,
  );
});

test("a volume of Proxmox VE is deleted only if no VM or container of any cluster has it", () => {
  const text = 'lvcreate error: Logical Volume "vm-101-disk-0" already exists in volume group "pve"';
  assert.match(commands(text), /grep -rn vm-101-disk-0 \/etc\/pve\/nodes\n/);
  const { title } = likelyCauses(text)[0]!.fix.find((fix) => fix.title.includes("pvesm free"))!;
  assert.match(title, /no line names it, and no other cluster or host uses this storage.*vm-101-disk-0/);
});

test("the files of NVIDIA's old repositories are found, not those of the current one", () => {
  const command = commands("# Unsupported distribution!");
  const pattern = new RegExp(/'(.*)'/.exec(command)![1]!);
  const source = (path: string) => `deb https://nvidia.github.io/libnvidia-container/${path} /`;
  assert.match(source("stable/ubuntu18.04/$(ARCH)"), pattern);
  assert.match("# Unsupported distribution!", pattern);
  for (const path of ["stable/deb/$(ARCH)", "stable/deb/amd64/"]) assert.not.match(source(path), pattern);
});

test("a name that is no single word for a shell stays out of the commands", () => {
  const found = commands("error: operation failed: domain 'a; reboot' already exists with uuid 9cf5");
  assert.not.match(found, /reboot/);
  assert.match(found, /NAME/);
});

test("of several names in a log none is taken, unless the line of the failure has it", () => {
  const others = "error: Failed to start domain 'one'\nerror: Failed to start domain 'two'\n";
  const lock = 'qemu-system-x86_64: -drive file=/a.qcow2: Failed to get "write" lock';
  assert.not.match(commands(others + lock), /\b(?:one|two)\b/);
  const pools =
    "Storage pool 'one' is defined\nerror: Requested operation is not valid: storage pool 'two' is not active";
  assert.match(commands(pools), /pool-start two/);
});

test("the keys and values of JSON are no text that lost its spaces", () => {
  const [cause] = likelyCauses(
    'qemu-system-x86_64: -device {"driver":"virtio-net-pci","id":"n0"}: some bus is odd: no such',
  );
  assert.not.match(cause!.message, /disk, image or pool/);
});

test.run();
