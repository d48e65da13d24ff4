// The scripts of a guest with a partition of its host's card, in test trees with stand-ins for the
// guest's programs.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("partition");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu part-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function put(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Lines that install-dxgkrnl.sh changes. */
const source = `int x;
static int map(void) { mmap_read_lock(current->mm); mmap_read_unlock(current->mm); }
static const struct dma_fence_ops ops = {
	.release = dxgdmafence_release,
	.fence_value_str = dxgdmafence_value_str,
	.timeline_value_str = dxgdmafence_timeline_value_str,
};
`;

/** A tree of Ubuntu, and a kernel's source in the form of Microsoft's archive. */
function ubuntu(folder: string, version = "24.04"): { archive: string; sum: string } {
  const kernel = "6.8.0-50-generic";
  put(folder, {
    "etc/os-release": `ID=ubuntu\nVERSION_ID="${version}"\n`,
    [`boot/vmlinuz-${kernel}`]: "",
    [`lib/modules/${kernel}/build/Makefile`]: "",
    "k/WSL2-Linux-Kernel-x/drivers/hv/dxgkrnl/dxgmodule.c": source,
    "k/WSL2-Linux-Kernel-x/drivers/hv/dxgkrnl/dxgkrnl.h": "",
    "k/WSL2-Linux-Kernel-x/drivers/hv/dxgkrnl/Makefile": "",
    "k/WSL2-Linux-Kernel-x/include/uapi/misc/d3dkmthk.h": "",
    "k/WSL2-Linux-Kernel-x/init/main.c": "",
  });
  mkdirSync(join(folder, "usr/src"), { recursive: true });
  const archive = join(folder, "source.tar.gz");
  spawnSync("tar", ["-czf", archive, "-C", join(folder, "k"), "WSL2-Linux-Kernel-x"]);
  return { archive, sum: createHash("sha256").update(readFileSync(archive)).digest("hex") };
}

function install(folder: string, env: Record<string, string>) {
  const log = `echo "\${0##*/} $*" >>'${folder}/calls'`;
  const programs = {
    // $HEADERS: the folder of headers that apt has for a kernel that is not a standard one
    "apt-cache": '[ -n "${HEADERS-}" ]',
    "apt-get": `${log}
case $* in *linux-headers-6.17*) mkdir -p "$HEADERS"; : >"$HEADERS/Makefile" ;; esac`,
    "apt-mark": log,
    // the second is held already, as after an earlier run
    "dpkg-query": 'printf "ii  linux-image-6.8.0-50-generic\\nhi  linux-image-generic\\nun  linux-image-x\\n"',
    "dkms": `${log}
case $1 in
  status) [ ! -e '${folder}/installed' ] || echo 'dxgkrnl/6.6, 6.8.0-50-generic, x86_64: installed' ;;
  install) [ -z "\${BROKEN-}" ] || exit 10; : >'${folder}/installed' ;;
esac`,
    "modinfo": `[ -e '${folder}/installed' ]`,
  };
  rmSync(join(folder, "calls"), { force: true });
  const { status, stdout, stderr } = spawnSync("sh", [`${root}/scripts/install-dxgkrnl.sh`], {
    env: { ...standIns(folder, programs), ROOT: folder, ...env },
    encoding: "utf8",
  });
  const calls = existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];
  return { status, said: stdout + stderr, calls: calls.filter((line) => !line.startsWith("dkms status")) };
}

test("install-dxgkrnl.sh builds the module from the requested source, and holds the kernel", ({ folder }) => {
  const { archive, sum } = ubuntu(folder);
  const first = install(folder, { DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: sum });
  assert.is(first.status, 0, first.said);
  const name = `6.6.36.6-${sum.slice(0, 8)}`;
  assert.equal(first.calls, [
    "apt-get -q -o DPkg::Lock::Timeout=600 update",
    "apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends linux-image-generic linux-headers-generic dkms make gcc kmod",
    `dkms add dxgkrnl/${name}`,
    `dkms install dxgkrnl/${name} -k 6.8.0-50-generic`,
    "apt-mark hold linux-image-6.8.0-50-generic linux-image-generic",
  ]);
  const tree = join(folder, `usr/src/dxgkrnl-${name}`);
  assert.match(readFileSync(join(tree, "Makefile"), "utf8"), /^obj-m := dxgkrnl\.o$/m);
  assert.is(
    readFileSync(join(tree, "dxgmodule.c"), "utf8"),
    source.replaceAll("mmap_read", "mmap_write").replace(/^\t\.\w+_value_str.*\n/gm, ""),
  );
  assert.match(readFileSync(join(tree, "dkms.conf"), "utf8"), new RegExp(`PACKAGE_VERSION="${name}"`));
  for (const path of ["dxgmodule.c", "dxgkrnl.h", "compat.h", "include/uapi/misc/d3dkmthk.h"]) {
    assert.ok(existsSync(join(tree, path)), path);
  }
  assert.is(readFileSync(join(folder, "etc/ld.so.conf.d/homelab-gpu-wsl.conf"), "utf8"), "/usr/lib/wsl/lib\n");
  const again = install(folder, { DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: sum });
  assert.equal([again.status, again.calls.length], [0, 1], "nothing is built twice");
});

test("install-dxgkrnl.sh installs the kernel packages of each system, and supports no other", ({ folder }) => {
  const { archive, sum } = ubuntu(folder);
  const on = (id: string, version: string) => {
    writeFileSync(join(folder, "etc/os-release"), `ID=${id}\nVERSION_ID="${version}"\n`);
    rmSync(join(folder, "installed"), { force: true });
    return install(folder, { DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: sum });
  };
  const packages = (id: string, version: string) =>
    /linux-image-\S+ linux-headers-\S+/.exec(on(id, version).calls[1]!)?.[0];
  assert.is(packages("ubuntu", "22.04"), "linux-image-generic-hwe-22.04 linux-headers-generic-hwe-22.04");
  assert.is(packages("ubuntu", "26.04"), "linux-image-generic linux-headers-generic");
  for (const version of ["12", "13"]) assert.is(packages("debian", version), "linux-image-amd64 linux-headers-amd64");
  const other = on("debian", "11");
  assert.equal([other.status, /debian-11 is not supported/.test(other.said)], [1, true]);
});

test("install-dxgkrnl.sh refuses a kernel without sync files, before it downloads", ({ folder }) => {
  const { archive, sum } = ubuntu(folder);
  const withConfig = (line: string) => {
    put(folder, { "boot/config-6.8.0-50-generic": `CONFIG_HYPERV=m\n${line}\n` });
    return install(folder, { DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: sum });
  };
  const { status, said, calls } = withConfig("# CONFIG_SYNC_FILE is not set");
  assert.equal([status, calls.filter((line) => line.startsWith("dkms"))], [1, []], said);
  assert.match(said, /does not build for the kernel 6\.8\.0-50-generic, which lacks CONFIG_SYNC_FILE/);
  assert.is(withConfig("CONFIG_SYNC_FILE=y").status, 0);
});

test("install-dxgkrnl.sh installs the headers of the kernel that boots, or names it", ({ folder }) => {
  const { archive, sum } = ubuntu(folder);
  put(folder, { "boot/vmlinuz-6.17.0-14-generic": "" });
  const on = (env: Record<string, string>) => install(folder, { DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: sum, ...env });
  const none = on({});
  assert.equal([none.status, none.calls.filter((line) => line.startsWith("dkms"))], [1, []], none.said);
  assert.match(
    none.said,
    "headers for the kernel 6.17.0-14-generic cannot be found: apt has no linux-headers-6.17.0-14-generic",
  );
  const { calls, said } = on({ HEADERS: join(folder, "lib/modules/6.17.0-14-generic/build") });
  assert.match(calls[2]!, /^apt-get .* linux-headers-6\.17\.0-14-generic$/);
  assert.ok(calls.some((line) => /^dkms install \S+ -k 6\.17\.0-14-generic$/.test(line)), said);
});

test("install-dxgkrnl.sh uses only a source with the right checksum", ({ folder }) => {
  const { archive, sum } = ubuntu(folder);
  const fails = (env: Record<string, string>) => {
    const { status, said, calls } = install(folder, env);
    assert.is(status, 1, said);
    assert.not.ok(calls.some((line) => line.startsWith("dkms")), "nothing is built");
    return said;
  };
  assert.match(fails({ DXGKRNL_SOURCE: archive }), /needs DXGKRNL_SHA256/);
  assert.match(fails({ DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: "abc" }), /is not a SHA-256 checksum/);
  assert.match(fails({ DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: "0".repeat(64) }), /does not have the checksum/);
  mkdirSync(join(folder, "usr/src/nvidia-580.95.05"));
  assert.match(fails({ DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: sum }), /does not work with dxgkrnl/);
});

test("install-dxgkrnl.sh fails with the compiler's log if the module does not build", ({ folder }) => {
  const { archive, sum } = ubuntu(folder);
  put(folder, {
    [`var/lib/dkms/dxgkrnl/6.6.36.6-${sum.slice(0, 8)}/build/make.log`]: `dxgmodule.c:195: error: too many arguments\n${
      "x.c:1: warning: empty body\n".repeat(50)
    }# exit code: 2\n`,
  });
  const { status, said } = install(folder, { DXGKRNL_SOURCE: archive, DXGKRNL_SHA256: sum, BROKEN: "yes" });
  assert.is(status, 1);
  assert.match(
    said,
    /too many arguments\n(x\.c.*\n){2}install-dxgkrnl: dxgkrnl does not build for the kernel 6\.8\.0-50-generic/,
  );
});

function receive(folder: string) {
  const programs = {
    ldconfig: "exit 0",
    modprobe: "exit 1",
    "nvidia-ctk": `echo "$*" >'${folder}/ctk'`,
  };
  const { status, stderr } = spawnSync("sh", [`${root}/scripts/receive-driver.sh`], {
    env: { ...standIns(folder, programs), ROOT: folder },
    encoding: "utf8",
  });
  return { status, stderr };
}

test("receive-driver.sh installs the whole driver of the host, and its CDI specification", ({ folder }) => {
  assert.equal(receive(folder).status, 1, "nothing was brought yet");
  const bring = (version: string, dll: string) => {
    put(folder, {
      "w/FileRepository/nv_dispi.inf_amd64_1/x.so": dll,
      "w/lib/libdxcore.so": "",
      "w/lib/nvidia-smi": "",
      "tmp/homelab-gpu-driver.txt": `${version} abc\n`,
    });
    spawnSync("tar", [
      "-cf",
      join(folder, "tmp/homelab-gpu-driver.tar"),
      "-C",
      join(folder, "w"),
      "FileRepository",
      "lib",
    ]);
  };
  const wsl = join(folder, "usr/lib/wsl");
  for (const version of ["581.15", "591.74"]) {
    bring(version, version);
    const { status, stderr } = receive(folder);
    assert.is(status, 0, stderr);
    assert.is(readFileSync(join(wsl, "homelab-gpu.txt"), "utf8"), `${version} abc\n`);
    assert.is(readFileSync(join(wsl, "drivers/nv_dispi.inf_amd64_1/x.so"), "utf8"), version);
    assert.is(statSync(join(wsl, "lib/nvidia-smi")).mode & 0o111, 0o111, "it can be run");
    assert.not.ok(existsSync(join(folder, "tmp/homelab-gpu-driver.tar")), "what was brought is gone");
  }
  assert.not.ok(existsSync(`${wsl}.old`) || existsSync(`${wsl}.new`));
  assert.is(
    readFileSync(join(folder, "ctk"), "utf8"),
    `cdi generate --mode=wsl --output=${folder}/etc/cdi/nvidia.yaml\n`,
  );
  assert.is(receive(folder).status, 0, "again, with nothing new");
});

test.run();
