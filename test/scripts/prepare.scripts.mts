// The two scripts of prepare, run below a folder, with stand-ins for the programs that rebuild boot
// files.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { leftToDo, ownFiles } from "../../lib/plan/prepare.mts";
import { applyScript, undoScript } from "../../lib/plan/prepare-scripts.mts";
import type { Host } from "../../lib/host/types.mts";
import { standIns } from "../fake.mts";
import { grubWith, kernelOff, prepared, preparedOn } from "../prepared.mts";

const test = suite<{ folder: string }>("prepare's scripts");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-prepare-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Everything below a folder: paths, modes, texts. */
function snapshot(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    !path.startsWith("bin") && statSync(join(folder, path)).isFile()
  ).map((path) => `${path} ${statSync(join(folder, path)).mode} ${readFileSync(join(folder, path), "utf8")}`).sort();
}

/** Runs one of the scripts below a folder; returns the stand-ins that it ran. */
function run(script: string, folder: string): string[] {
  const env = standIns(folder, {
    "update-grub": 'echo update-grub "$@"',
    "update-initramfs": 'echo update-initramfs "$@"',
  });
  const text = script.replaceAll(/(?<=[\s>=":]|before)\/(etc|var)\//g, (_, top) => `${folder}/${top}/`)
    .replaceAll(`before${folder}`, "before");
  return execFileSync("sh", ["-c", text], { encoding: "utf8", env }).trim().split("\n");
}

test("apply leaves nothing to do, and undo restores everything", ({ folder }) => {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  put("/etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n');
  put("/etc/modprobe.d/homelab-gpu.conf", "# somebody's own file of that name\n");
  const before = snapshot(folder);
  const preparation = prepared("rtx4070-desktop-debian12", "{}", kernelOff);
  const there = () =>
    Object.fromEntries(
      ownFiles.map((
        path,
      ) => [path, existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8") : undefined]),
    );
  assert.is(leftToDo(preparation, there(), false), true);

  assert.equal(run(applyScript(preparation), folder), ["update-grub", "update-initramfs -u -k all"]);
  const own = "/etc/default/grub.d/zz-homelab-gpu.cfg";
  assert.match(readFileSync(join(folder, own), "utf8"), /^GRUB_CMDLINE_LINUX_DEFAULT=.* intel_iommu=on"$/m);
  assert.is(readFileSync(join(folder, "etc/default/grub"), "utf8"), 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n');
  run(applyScript(preparation), folder);
  const refreshes = readFileSync(join(folder, "var/lib/homelab-gpu/refresh"), "utf8");
  assert.is(refreshes, "update-grub\n", "a run that is stopped and made again takes back once");
  assert.is(statSync(join(folder, "etc/initramfs-tools/hooks/homelab-gpu")).mode & 0o777, 0o755);
  const after = prepared("rtx4070-desktop-debian12", "{}", (host) => {
    kernelOff(host);
    host.kernel.configurations = [...grubWith(), {
      ...grubWith("intel_iommu=on")[0]!,
      file: "/etc/default/grub.d/zz-homelab-gpu.cfg",
      adds: true,
    }];
    for (const fn of host.pci!) if (fn.bdf.startsWith("0000:01:00")) fn.driver = "vfio-pci";
  });
  assert.is(leftToDo(after, there(), existsSync(join(folder, "var/lib/homelab-gpu/done"))), false);
  assert.is(leftToDo(after, there(), false), true, "it was stopped before its end");
  assert.equal(
    run(applyScript(after), folder),
    ["update-grub", "update-initramfs -u -k all"],
    "which may have been before update-grub",
  );

  // the IOMMU is active after the reboot: its argument stays
  const on = prepared("rtx4070-desktop-debian12", "{}", (host) => {
    host.kernel.configurations = [{
      ...grubWith("intel_iommu=on")[0]!,
      file: "/etc/default/grub.d/zz-homelab-gpu.cfg",
      adds: true,
    }];
  });
  assert.is(leftToDo(on, there(), true), false);

  // a different card later: the file changes, and undo covers both cards
  run(applyScript(prepared("rtx4070-desktop-debian12", "{}")), folder);
  assert.equal(run(readFileSync(join(folder, "var/lib/homelab-gpu/undo.sh"), "utf8"), folder), [
    "update-grub",
    "update-initramfs -u -k all",
  ]);
  assert.equal(snapshot(folder), before);
});

const ostree = (host: Host) => {
  host.existingPaths.push("/run/ostree-booted");
  host.programs!["rpm-ostree"] = "/usr/bin/rpm-ostree";
};
/**
 * Behaves like rpm-ostree, which fails if the setting is already active
 * (rpmostreed-transaction-types.cxx, initramfs_state_transaction_execute).
 */
const rpmOstree = (state: string) => `
  [ "$1" = initramfs ] || exit 64
  shift
  [ $# -gt 0 ] || { cat ${state}; exit; }
  how=\${1#--}d; shift; args=; for word; do args="$args\${word#--arg=} "; done
  had=$(sed -n 's/^Initramfs args: //p' ${state})
  if [ -z "$had$args" ] && grep -q ": $how" ${state}; then echo "error: initramfs regeneration state is already $how" >&2; exit 1; fi
  { echo "Initramfs regeneration: $how"; [ -z "$args" ] || echo "Initramfs args: $args"; } >${state}.new; mv ${state}.new ${state}`;

for (
  const [name, before] of [
    ["made nowhere before", "Initramfs regeneration: disabled\n"],
    ["made with arguments before", "Initramfs regeneration: enabled\nInitramfs args: -I /etc/crypttab \n"],
  ] as const
) {
  test(`on an rpm-ostree host, rpm-ostree builds the initramfs: ${name}`, ({ folder }) => {
    const state = join(folder, "deployment");
    writeFileSync(state, before);
    mkdirSync(join(folder, "etc"));
    standIns(folder, { "rpm-ostree": rpmOstree(state), dracut: "exit 1" });
    const preparation = prepared("rx7900-only-card-fedora", "{vendor_id: 1002}", ostree);
    assert.not.ok(preparation.files.some(({ path }) => path.includes("dracut")));
    const now = () => readFileSync(state, "utf8");
    for (const _ of [1, 2]) {
      run(applyScript(preparation), folder);
      const args = `--force-drivers vfio-pci -I ${folder}/etc/modprobe.d/homelab-gpu.conf`;
      const kept = before.includes("crypttab") ? "-I /etc/crypttab " : "";
      assert.is(now(), `Initramfs regeneration: enabled\nInitramfs args: ${args} ${kept}\n`);
    }
    run(undoScript(preparation), folder);
    assert.is(now(), before);
    assert.not.ok(existsSync(join(folder, "var/lib/homelab-gpu")));
    run(undoScript(preparation), folder);
    assert.is(now(), before, "and again, where nothing is to be taken back");
    // the run stopped before this point
    mkdirSync(join(folder, "var/lib/homelab-gpu"), { recursive: true });
    writeFileSync(join(folder, "var/lib/homelab-gpu/initramfs"), before);
    run(undoScript(preparation), folder);
    assert.is(now(), before);
  });
}

test("the undo script exists before any change, and works after a partial run", ({ folder }) => {
  const preparation = prepared("rtx4070-desktop-debian12", "{}");
  mkdirSync(join(folder, "etc"));
  assert.equal(run(undoScript(preparation), folder), ["update-initramfs -u -k all"]);
  assert.equal(snapshot(folder), []);
});

const paths = ({ files }: ReturnType<typeof preparedOn>) => files.map(({ path }) => path.replace(/^\/etc\//, ""));

test("a preset with its own configuration file gets a line that reads ours", ({ folder }) => {
  const preparation = preparedOn("arch", ["mkinitcpio", "pacman"], (host) => {
    host.configured = [{ file: "mkinitcpio.d/linux.preset", text: "ALL_config=/etc/mkinitcpio.conf" }];
  });
  assert.ok(paths(preparation).includes("mkinitcpio.conf.d/homelab-gpu.conf"));
  mkdirSync(join(folder, "etc"), { recursive: true });
  const before = "MODULES=()\nHOOKS=(base systemd)";
  writeFileSync(join(folder, "etc/mkinitcpio.conf"), before);
  standIns(folder, { mkinitcpio: "exit 0" });
  run(applyScript(preparation), folder);
  const now = readFileSync(join(folder, "etc/mkinitcpio.conf"), "utf8");
  assert.match(now, /^MODULES=\(\)\nHOOKS=\(base systemd\)\n\. \S*\/etc\/mkinitcpio\.conf\.d\/homelab-gpu\.conf #/);
  run(undoScript(preparation), folder);
  assert.is(readFileSync(join(folder, "etc/mkinitcpio.conf"), "utf8"), before);
});

test.run();
