// The host's side of a data disk, with a virsh and a vagrant that record what they are asked: a VM
// is removed without its data disk, and only remove-data.sh deletes one.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("the data disk on the host");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-data-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const system = `<disk type='file' device='disk'>
<source file='/pool/lab_a.img'/>
<target dev='vda' bus='virtio'/>
</disk>
`;
const other = `<disk type='file' device='disk'>
<source file='/pool/mine.qcow2'/>
<target dev='vdb' bus='virtio'/>
<serial>mine</serial>
</disk>
`;
const ours = `<disk type='file' device='disk'>
<source file='/pool/lab_a-data.qcow2'/>
<target dev='vdc' bus='virtio'/>
<serial>homelab-gpu-data</serial>
</disk>
`;

/** Runs a script; the domain's XML is a file, from which detach-disk removes the data disk. `virsh`: further cases. */
function host(folder: string, script: string, words: string[], xml: string, virsh = "") {
  writeFileSync(join(folder, "xml"), xml);
  writeFileSync(join(folder, "xml.live"), xml);
  writeFileSync(join(folder, "log"), "");
  mkdirSync(join(folder, "ssh"), { recursive: true });
  writeFileSync(join(folder, "ssh/a"), "Host a\n");
  const env = standIns(folder, {
    vagrant: `echo "vagrant $*" >>'${folder}/log'`,
    virsh: `while [ "$1" != qemu:///system ]; do shift; done; shift
echo "$*" >>'${folder}/log'
case "$*" in
${virsh}
dumpxml*) cat '${folder}/xml' ;;
detach-disk*) sed -i '/lab_a-data/,$d' '${folder}/xml' ;;
domstate*) echo running ;;
list*) echo lab_a; echo ;;
vol-path*) echo /pool/lab_a-data.qcow2 ;;
"vol-info --pool default lab_a.img") exit 1 ;;
domblkinfo*) echo 'Capacity: 2147483648' ;;
esac`,
  });
  const { status, stderr } = spawnSync("sh", [join(root, "scripts", script), ...words], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, stderr, log: readFileSync(join(folder, "log"), "utf8").trim().split("\n") };
}
const removed = (log: string[]) => log.filter((line) => /^(vagrant|destroy|detach|undefine|vol-delete)/.test(line));

test("a running VM is shut down and its data disk taken out, before Vagrant removes the VM", ({ folder }) => {
  const { status, stderr, log } = host(folder, "remove-vm.sh", ["a", "lab_a"], system + other + ours);
  assert.is(status, 0, stderr);
  assert.equal(removed(log).slice(0, 4), [
    "vagrant halt a",
    "destroy lab_a",
    "detach-disk lab_a vdc --config",
    "vagrant destroy -f a",
  ]);
  assert.not.match(log.join("\n"), /vol-delete.*data/);
});

test("a VM without a data disk is removed at once", ({ folder }) => {
  const { status, stderr, log } = host(folder, "remove-vm.sh", ["a", "lab_a"], system + other);
  assert.is(status, 0, stderr);
  assert.is(removed(log)[0], "vagrant destroy -f a");
  assert.not.match(log.join("\n"), /detach-disk|halt/);
});

test("a VM that is off is not shut down", ({ folder }) => {
  const { log } = host(folder, "remove-vm.sh", ["a", "lab_a"], system + ours, "domstate*) echo shut off ;;");
  assert.equal(removed(log).slice(0, 2), ["detach-disk lab_a vdc --config", "vagrant destroy -f a"]);
});

for (
  const [what, virsh] of Object.entries({
    "libvirt refuses": "detach-disk*) echo 'error: no' >&2; exit 1 ;;",
    "the disk is in the VM all the same": "detach-disk*) ;;",
    "the VM runs on with it": "'dumpxml lab_a') cat xml.live ;;",
    "the state of the VM cannot be read, and the disk cannot be taken out": "domstate*|detach-disk*) exit 1 ;;",
  })
) {
  test(`nothing is removed if the data disk cannot be taken out: ${what}`, ({ folder }) => {
    const { status, log } = host(folder, "remove-vm.sh", ["a", "lab_a"], system + ours, virsh);
    assert.is(status, 1);
    assert.equal(removed(log).filter((line) => /vagrant destroy|undefine|vol-delete/.test(line)), []);
    assert.ok(existsSync(join(folder, "ssh/a")));
  });
}

test("grow-disk.sh: the data disk is found by its serial number, and never made smaller", ({ folder }) => {
  const grown = host(folder, "grow-disk.sh", ["lab_a", "4", "data"], system + other + ours);
  assert.is(grown.status, 0, grown.stderr);
  assert.is(grown.log.at(-1), "blockresize lab_a vdc 4294967296B");
  const same = host(folder, "grow-disk.sh", ["lab_a", "2", "data"], system + other + ours);
  assert.is(same.status, 0);
  assert.not.match(same.log.join("\n"), /blockresize/);
  const smaller = host(folder, "grow-disk.sh", ["lab_a", "1", "data"], system + other + ours);
  assert.is(smaller.status, 1);
  assert.match(smaller.stderr, /the disk has 2 GiB, and a disk cannot shrink: write data: 2 GiB/);
  const none = host(folder, "grow-disk.sh", ["lab_a", "4", "data"], system + other);
  assert.is(none.status, 1);
  assert.match(none.stderr, /lab_a has no data disk/);
  const own = host(folder, "grow-disk.sh", ["lab_a", "4"], system + other + ours);
  assert.is(own.log.at(-1), "blockresize lab_a vda 4294967296B");
});

test("grow-disk.sh killed before or after libvirt enlarges the disk: the next run finishes", ({ folder }) => {
  const size = (bytes: number) => `domblkinfo*) echo 'Capacity: ${bytes}' ;;`;
  // its parent is timeout, and that one's parent the script
  const kill = "blockresize*) kill -9 $(ps -o ppid= -p $PPID) ;;";
  const killed = host(folder, "grow-disk.sh", ["lab_a", "4", "data"], system + ours, kill);
  assert.is(killed.status, null, "killed");
  const next = host(folder, "grow-disk.sh", ["lab_a", "4", "data"], system + ours);
  assert.equal([next.status, next.log.at(-1)], [0, "blockresize lab_a vdc 4294967296B"], next.stderr);
  const done = host(folder, "grow-disk.sh", ["lab_a", "4", "data"], system + ours, size(4 * 1024 ** 3));
  assert.is(done.status, 0, done.stderr);
  assert.not.match(done.log.join("\n"), /blockresize|vol-resize/);
});

test("remove-data.sh deletes the disk that no VM has, and one that is gone is no error", ({ folder }) => {
  const { status, stderr, log } = host(folder, "remove-data.sh", ["lab_a-data.qcow2"], system);
  assert.is(status, 0, stderr);
  assert.is(log.at(-1), "vol-delete --pool default lab_a-data.qcow2");
  const gone = "vol-path*) echo \"error: failed to get vol 'x'\" >&2; exit 1 ;;";
  const again = host(folder, "remove-data.sh", ["lab_a-data.qcow2"], system, gone);
  assert.is(again.status, 0, again.stderr);
  assert.not.match(again.log.join("\n"), /vol-delete/);
});

for (
  const [what, xml, virsh] of [
    ["some VM has it", system + ours, ""],
    ["a VM cannot be read", system, "dumpxml*) exit 1 ;;"],
    ["libvirt does not list the VMs", system, "list*) exit 1 ;;"],
    ["libvirt does not answer", system, "vol-path*) echo 'error: failed to connect' >&2; exit 1 ;;"],
  ] as const
) {
  test(`remove-data.sh deletes nothing where ${what}`, ({ folder }) => {
    const { status, stderr, log } = host(folder, "remove-data.sh", ["lab_a-data.qcow2"], xml, virsh);
    assert.is(status, 1);
    assert.match(stderr, /remove-data|^$/);
    assert.not.match(log.join("\n"), /vol-delete/);
  });
}

test.run();
