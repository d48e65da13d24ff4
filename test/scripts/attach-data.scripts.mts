// An existing VM gets a data disk, with a virsh whose pool and definitions are files; and every step is
// killed before and after it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("a data disk for an existing VM");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-attach-"));
  domain(context.folder);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const disk = (target: string, more = "") => `<disk type='file'>\n<target dev='${target}'/>\n${more}</disk>\n`;

/** The definition of a VM for its next start, and as it runs now. */
function domain(folder: string, next = disk("vda"), now = next): void {
  rmSync(join(folder, "pool"), { recursive: true, force: true });
  mkdirSync(join(folder, "pool"));
  writeFileSync(join(folder, "next"), next);
  writeFileSync(join(folder, "now"), now);
}

const serial = "<serial>homelab-gpu-data</serial>";
const volume = "lab_a-data.qcow2";
/** Kills the script: the parent of the stand-in is timeout, and that one's the script or its subshell. */
const kill = 'kill -9 "$(cat "$FOLDER/pid")"; exit 1';

/** Runs the script; `virsh`: cases before the usual ones. */
function attach(folder: string, virsh = "", words = ["lab_a", volume, "100"]) {
  writeFileSync(join(folder, "log"), "");
  const env = {
    ...standIns(folder, {
      virsh: `while [ "$1" != qemu:///system ]; do shift; done; shift
echo "$*" >>"$FOLDER/log"
create() { echo "$5" >"$FOLDER/pool/$4"; }
attach() { printf '<disk>\\n<source file="%s"/>\\n<target dev="%s"/>\\n${serial}\\n</disk>\\n' "$3" "$4" >>"$FOLDER/next"; }
case "$*" in
${virsh}
'dumpxml --inactive lab_a') cat "$FOLDER/next" ;;
'dumpxml lab_a') cat "$FOLDER/now" ;;
vol-path*) [ -e "$FOLDER/pool/$4" ] || { echo "error: failed to get vol '$4'" >&2; exit 1; }; echo "/pool/$4" ;;
vol-create-as*) create "$@" ;;
attach-disk*) attach "$1" "$2" "$3" "$4" ;;
*) exit 1 ;;
esac`,
    }),
    FOLDER: folder,
  };
  const command = `echo $$ >"$FOLDER/pid"; exec sh '${join(root, "scripts/attach-data.sh")}' "$@"`;
  const { status, signal, stdout, stderr } = spawnSync("sh", ["-c", command, "sh", ...words], {
    env,
    encoding: "utf8",
  });
  const log = readFileSync(join(folder, "log"), "utf8").trim().split("\n");
  return { status, signal, stdout, stderr, log, changes: log.filter((line) => !/^(dumpxml|vol-path)/.test(line)) };
}
const next = (folder: string) => readFileSync(join(folder, "next"), "utf8");

const created = `vol-create-as --pool default ${volume} 100G --format qcow2`;
const attached = (target: string) =>
  `attach-disk lab_a /pool/${volume} ${target} --config --sourcetype file --targetbus virtio --driver qemu ` +
  "--subdriver qcow2 --serial homelab-gpu-data";

test("the disk is created, and is in the VM from its next start on", ({ folder }) => {
  const { status, stderr, changes } = attach(folder);
  assert.is(status, 0, stderr);
  assert.equal(changes, [created, attached("vdb")]);
  const again = attach(folder);
  assert.equal([again.status, again.changes], [0, []]);
});

test("a disk that exists is taken as it is; a name that the VM uses, now or later, is left out", ({ folder }) => {
  domain(folder, disk("vda") + disk("vdc"), disk("vda") + disk("vdb"));
  writeFileSync(join(folder, "pool", volume), "of an earlier VM");
  const { status, stderr, changes } = attach(folder);
  assert.is(status, 0, stderr);
  assert.equal(changes, [attached("vdd")]);
  assert.is(readFileSync(join(folder, "pool", volume), "utf8"), "of an earlier VM");
});

for (
  const [what, virsh] of Object.entries({
    "the VM cannot be read": "'dumpxml lab_a') exit 1 ;;",
    "its definition cannot be read": "'dumpxml --inactive lab_a') exit 1 ;;",
    "libvirt does not answer for the pool": "vol-path*) echo 'error: Disconnected' >&2; exit 1 ;;",
    "libvirt creates no disk": "vol-create-as*) exit 1 ;;",
  })
) {
  test(`the VM stays as it is where ${what}`, ({ folder }) => {
    const { status, log } = attach(folder, virsh);
    assert.is(status, 1);
    assert.not.match(log.join("\n"), /attach-disk/);
    assert.is(next(folder), disk("vda"));
  });
}

test("a disk that libvirt did not add is an error", ({ folder }) => {
  const { status, stderr } = attach(folder, "attach-disk*) ;;");
  assert.is(status, 1);
  assert.match(stderr, /libvirt did not add the disk to the definition of lab_a/);
});

test("killed before or after each step: the next run has one disk, once in the VM", ({ folder }) => {
  for (const step of ["vol-create-as", "attach-disk"]) {
    const act = step === "attach-disk" ? 'attach "$1" "$2" "$3" "$4"' : 'create "$@"';
    for (const cut of [kill, `${act}; ${kill}`]) {
      domain(folder);
      const killed = attach(folder, `${step}*) ${cut} ;;`);
      assert.is(killed.signal, "SIGKILL", `${step}: ${killed.stderr}`);
      const { status, stderr } = attach(folder);
      assert.is(status, 0, `${step}: ${stderr}`);
      assert.is(next(folder).split(serial).length - 1, 1, step);
      assert.ok(existsSync(join(folder, "pool", volume)), step);
    }
  }
});

test.run();
