// The Linux probe must not print private data, and it must end.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../../lib/checks/index.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import { own, root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("probe's answers");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-privacy-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

test("the probe ends in time if the programs that it runs hang, and names them", ({ folder }) => {
  const env = standIns(folder, {
    packer: "sleep 100",
    libvirtd: "sleep 100",
    timeout: `echo "$*" >>'${folder}/limits'; shift 3; exec /usr/bin/timeout 0.2 "$@"`,
  });
  const probe = (factor: string) =>
    execFileSync("sh", [`${root}/scripts/probe-linux.sh`], {
      env: { ...env, HOME: "~", HOMELAB_GPU_TIMEOUT_FACTOR: factor },
      encoding: "utf8",
    });
  const out = probe("1e3");
  probe("5");
  const limits = readFileSync(join(folder, "limits"), "utf8").trim().split("\n").map((line) => line.split(" ")[2]);
  assert.equal([...new Set(limits)], ["8", "40"]);
  assert.match(out, /^unanswered:packer$/m);
  assert.match(out, /\n\[end\]\n$/);
  const host = parseHost(out);
  const config = resolveConfig(
    parseConfig("machines: [{name: a, box: x/y, image: debian-13, provider: libvirt}]"),
    host,
  );
  const tools = runChecks({ ...host, os: { ...host.os, platform: "linux" } }, config, ["tools.present"]);
  assert.ok(tools.some(({ message }) => /packer|missing/.test(message)), JSON.stringify(tools));
});

test("the probe of a tree prints no name of a boot entry and no MAC address in an interface's name", ({ folder }) => {
  const files: Record<string, string> = {
    "boot/loader/entries/0123456789abcdef0123456789abcdef-6.1.conf": "options intel_iommu=on",
    "boot/loader/entries/annas-laptop.conf": "options quiet",
  };
  for (const name of ["enx001122334455", "wlxAABBCCDDEEFF", "lanaabbccddeeff", "aabbccddeeff"]) {
    mkdirSync(join(folder, "sys/devices/pci0000:00/0000:00:01.0", name), { recursive: true });
    mkdirSync(join(folder, `sys/class/net/${name}`), { recursive: true });
    symlinkSync("../../../devices/pci0000:00/0000:00:01.0", join(folder, `sys/class/net/${name}/device`));
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const out = execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" });
  assert.match(out, /^interface:0000:00:01\.0 enx…$/m);
  assert.match(out, /^entry:intel_iommu=on$/m);
  assert.not.match(out, /0123456789abcdef|annas|001122334455|aabbccddeeff/i);
});

test("the probe prints no password of an encrypted overlay", ({ folder }) => {
  const files: Record<string, string> = {
    "proc/cmdline": "quiet overlayroot=crypt:dev=/dev/vdb,pass=planted",
    "etc/default/grub": 'GRUB_CMDLINE_LINUX="overlayroot=crypt:dev=/dev/vdb,pass=planted"',
    "boot/loader/entries/a.conf": "options overlayroot=tmpfs:swap=1,planted iommu=pt",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  }
  const out = execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" });
  assert.not.match(out, /planted/);
  assert.match(out, /^entry:overlayroot=tmpfs\nentry:iommu=pt$/m);
});

test("the probe prints no program path in a user's folder, and no name of a network or pool", ({ folder }) => {
  const env = standIns(folder, { packer: "echo Packer v1.2.3" });
  const out = execFileSync("sh", [`${root}/scripts/probe-linux.sh`], { env, encoding: "utf8" });
  assert.match(out, /^packer:…\/packer$/m);
  assert.not.ok(out.includes(folder));
  // libvirt's socket cannot be replaced: the part that prints its answer runs alone
  const part = own("scripts/probe-linux.sh").split("  # the path of a user's own socket")[1]!.split(
    "\nfi\necho '[end]'",
  )[0]!;
  const said = execFileSync("sh", [
    "-c",
    `fact() { echo "$1:$2"; }; section() { :; }; text() { :; }; names() { false; }; libvirt='Name State\ndefault active yes\nannas-lan active\n\nName State\nannas-pool active\nerror: cannot open /home/anna/x'\n#${part}`,
  ], { encoding: "utf8" });
  assert.equal(said.split("\n").filter((line) => /anna/.test(line)), []);
  assert.match(said, /^network:default active$/m);
});

test.run();
