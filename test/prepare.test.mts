// The files that prepare writes and its two scripts, run below a folder, with stand-ins for the
// programs that rebuild boot files.
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
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { applyScript, leftToDo, ownFiles, preparationOf, undoScript } from "../lib/plan/prepare.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { Host } from "../lib/host/types.mts";
import { golden, own, standIns } from "./fake.mts";

const test = suite<{ folder: string }>("prepare");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-prepare-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function prepared(name: string, gpu: string, change: (host: Host) => void = () => {}) {
  const host = parseHost(own(`test/hosts/${name}.txt`));
  change(host);
  const { machines } = resolveConfig(parseConfig(`machines: [{name: a, box: lab/x, gpu: ${gpu}}]`), host);
  return preparationOf(machines[0]!.assignedFunctions!, host);
}

for (
  const [name, gpu] of [
    ["rtx4070-desktop-debian12", "{}"],
    ["threadripper-two-rtx3090-arch", '{address: "4b:00.0"}'],
    ["rx7900-only-card-fedora", "{vendor_id: 1002}"],
    ["proxmox-rtx2080ti-four-functions", "{device_id: 1e04}"],
  ] as const
) {
  test(`prepares ${name}`, () => {
    const { files, arguments: changes, initramfs } = prepared(name, gpu);
    const text = [
      ...files.map(({ path, text, mode }) => `== ${path} ${mode.toString(8)}\n${text}`),
      ...changes.map(({ change, undo }) => `$ ${change.command}\nundo: ${undo?.command}\n`),
      `$ ${initramfs?.rebuild}\n`,
    ].join("");
    golden(`prepare-${name}.txt`, text);
  });
}

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

const grubWith = (...words: string[]) => [
  { file: "/etc/default/grub", arguments: words, variable: "GRUB_CMDLINE_LINUX_DEFAULT", quote: '"' },
];
const kernelOff = (host: Host) => {
  host.iommu.units = [];
  host.kernel.arguments = [];
  host.kernel.configurations = grubWith();
};

test("does it, finds nothing left to do, and takes all of it back", ({ folder }) => {
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
  host.marks.push("/run/ostree-booted");
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
  test(`on a host of rpm-ostree's the early boot image is its own matter: ${name}`, ({ folder }) => {
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

test("the way back is there before anything changes, and does no harm half way", ({ folder }) => {
  const preparation = prepared("rtx4070-desktop-debian12", "{}");
  mkdirSync(join(folder, "etc"));
  assert.equal(run(undoScript(preparation), folder), ["update-initramfs -u -k all"]);
  assert.equal(snapshot(folder), []);
});

const foreign = (file: string, text: string) => (host: Host) => {
  host.configured = [{ file, text }];
};
for (
  const [name, change] of [
    ["a file after ours", foreign("modprobe.d/vfio.conf", "options vfio-pci ids=1b21:2142 disable_vga=1")],
    ["a file before ours", foreign("modprobe.d/10-vfio.conf", "options vfio_pci ids=1b21:2142")],
    ["the command line", (host: Host) => {
      host.kernel.configurations = grubWith("vfio-pci.ids=1b21:2142");
    }],
    ["the command line, underscore", (host: Host) => {
      host.kernel.configurations = grubWith("vfio_pci.ids=1b21:2142,8086:1533");
    }],
  ] as const
) {
  test(`other ids for vfio-pci keep working, from ${name}: the card is bound by address`, () => {
    const { files, notes, arguments: changes } = prepared("rtx4070-desktop-debian12", "{}", change);
    const text = files.map(({ text }) => text).join("");
    assert.not.match(text, /ids=/);
    for (const bdf of ["0000:01:00.0", "0000:01:00.1"]) {
      assert.ok(text.includes(`KERNEL=="${bdf}"`), bdf);
    }
    assert.match(text, /cp \/etc\/udev\/rules\.d\/70-homelab-gpu\.rules/, "and the initramfs has the rule");
    assert.match(notes[0]!, /1b21:2142/);
    assert.equal(changes, []);
  });
}

test("our own ids are not another's", () => {
  const own = foreign("modprobe.d/homelab-gpu.conf", "options vfio-pci ids=10de:2786,10de:22bc");
  const { files, notes } = prepared("rtx4070-desktop-debian12", "{}", own);
  assert.match(files[0]!.text, /ids=10de:2786,10de:22bc/);
  assert.equal(notes, []);
});

/** The same card with the programs and files of another distribution. */
function on(id: string, programs: string[], change: (host: Host) => void = () => {}) {
  return prepared("rtx4070-desktop-debian12", "{}", (host) => {
    host.os = { ...host.os, id, like: [] };
    delete host.os.version;
    host.programs = Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`]));
    change(host);
  });
}
const paths = ({ files }: ReturnType<typeof on>) => files.map(({ path }) => path.replace(/^\/etc\//, ""));

test("NixOS gets options, and no file", () => {
  const { files, manual } = on("nixos", ["bootctl"], (host) => kernelOff(host));
  assert.equal(files, []);
  const text = manual!.lines.join("\n");
  assert.match(text, /boot\.initrd\.kernelModules = \[ "vfio_pci"/);
  assert.match(text, /boot\.kernelParams = \[ "intel_iommu=on" "vfio-pci\.ids=10de:2786,10de:22bc" \];/);
});

test("SteamOS and Alpine are left to a person", () => {
  for (const [id, programs] of [["steamos", ["mkinitcpio"]], ["alpine", ["mkinitfs"]]] as const) {
    const { files, manual } = on(id, [...programs]);
    assert.equal(files, []);
    assert.ok(manual, id);
  }
});

test("dracut's image has the file of modprobe.d, even with hostonly=no", () => {
  const { files } = on("fedora", ["dracut", "grubby"]);
  const text = files.find(({ path }) => path.includes("dracut"))!.text;
  assert.match(text, /install_items\+=" \/etc\/modprobe\.d\/homelab-gpu\.conf "/);
});

test("a preset that names a configuration reads our file by a line in that one", ({ folder }) => {
  const preparation = on("arch", ["mkinitcpio", "pacman"], (host) => {
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

test("never touches a boot loader that it does not know", () => {
  const { arguments: changes } = prepared("rtx4070-desktop-debian12", "{}", (host) => {
    kernelOff(host);
    host.programs = { "update-initramfs": "/usr/sbin/update-initramfs" };
  });
  assert.equal(changes.map(({ change }) => change.command), [null]);
  assert.is(
    leftToDo({ files: [], appended: [], notes: [], arguments: changes }, {}, true),
    false,
    "that is left to a person",
  );
});

test.run();
