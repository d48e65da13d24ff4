// The disk and the seed CD of a box for Hyper-V, by real PowerShell, on a simulated Windows: the real
// qemu-img and curl read and write them, and real programs check the results.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { own } from "../fake.mts";
import { host, vm } from "./hosts.mts";
import { type Entry, plan, type Result } from "./windows.mts";

const test = suite("image");
const folder = mkdtempSync(join(tmpdir(), "homelab-gpu image's-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
const at = (...names: string[]) => join(folder, ...names);
const run = (program: string, ...words: string[]) => execFileSync(program, words, { encoding: "utf8", stdio: "pipe" });

// a disk of 8 MiB: a boot sector, then data
const content = Buffer.alloc(8 << 20);
content.set([0x55, 0xaa], 510);
for (let i = 1 << 20; i < 2 << 20; i++) content[i] = (i * 31) % 251;
writeFileSync(at("disk.raw"), content);
writeFileSync(at("archive.raw"), Buffer.alloc(1 << 20, "x"));
run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", at("disk.raw"), at("debian-13 generic.qcow2"));
run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/hostname", at("part.qcow2"));
const image = at("debian-13 generic.qcow2");
const sumOf = (path: string, kind = "sha512") => createHash(kind).update(readFileSync(path)).digest("hex");
const url = pathToFileURL(image).href;
writeFileSync(at("SHA512SUMS"), `${"0".repeat(128)}  other.qcow2\n${sumOf(image)}  debian-13%20generic.qcow2\n`);
writeFileSync(at("empty-SHA512SUMS"), `${sumOf(image)}  debian-13.qcow2\n`);
const sums = (name: string) => pathToFileURL(at(name)).href;

let count = 0;
/** One run of get-vhdx.ps1 with a cache of its own. */
function disk(words: Record<string, string | number>, more: Record<string, unknown> = {}, times = 1) {
  const n = ++count;
  const out = at(`${n}`, "disk.vhdx");
  mkdirSync(at(`${n}`));
  const state = { ...host(11), env: { XDG_CACHE_HOME: at(`${n}`, "cache"), MAX_IMAGE_GIB: "" }, marks: {}, ...more };
  const entry: Entry = {
    state,
    runs: Array.from(
      { length: times },
      () => ({ script: "scripts/get-vhdx.ps1", words: { Out: out, Gib: 1, ...words } }),
    ),
  };
  return { entry, out, cache: at(`${n}`, "cache", "homelab-gpu", "images") };
}
/** A test of the results of all these runs, in order. */
function on(name: string, disks: ReturnType<typeof disk>[], check: (...results: Result[]) => void): void {
  const results = plan(disks.map(({ entry }) => entry));
  test(name, () => check(...results().flat()));
}
/** Checks that a file is a disk of Hyper-V with the content of the image and 1 GiB. */
function isDisk(path: string, size = 1 << 30): void {
  const info = JSON.parse(run("qemu-img", "info", "--output=json", path));
  assert.equal([info.format, info["virtual-size"]], ["vhdx", size]);
  assert.match(run("qemu-img", "compare", "-f", "vhdx", "-F", "raw", path, at("disk.raw")), /Images are identical/);
  for (const rest of [".new", ".larger"]) assert.not.ok(existsSync(path + rest));
}

const file = disk({ File: image });
const raw = disk({ File: at("disk.raw"), Gib: 0 });
on("a file becomes a disk of Hyper-V: dynamic, larger than the image, with its content", [file, raw], (...all) => {
  assert.equal(all.map(({ code }) => code), [0, 0], all.map(({ error }) => error).join(""));
  isDisk(file.out);
  isDisk(raw.out, 8 << 20);
});

const published = disk({ Url: url, Sums: sums("SHA512SUMS") }, {}, 2);
on("a published image is verified against the publisher's list, and downloaded once", [published], (...all) => {
  assert.equal(all.map(({ code }) => code), [0, 0], all[0]!.error);
  assert.match(all[0]!.error, /fetching file:/);
  assert.match(all[1]!.error, /already downloaded/);
  isDisk(published.out);
  assert.ok(existsSync(join(published.cache, `sha512-${sumOf(image)}`)));
});

const listed = disk({ Url: url, Sums: sums("empty-SHA512SUMS") });
const unlisted = disk({ Url: url, Sums: sums("nowhere-SHA512SUMS") });
const wrong = disk({ Url: url, Checksum: `sha256:${"0".repeat(64)}` });
const form = disk({ Url: url, Checksum: "md5:0" });
// the cache cannot have a file with such a name
const long = disk({ Url: url, Checksum: `sha256:${"0".repeat(300)}` });
on("a lock that cannot be created is an error, not a run to wait for", [long], ({ code, error }) => {
  assert.is(code, 1);
  assert.not.match(error, /waiting for it/);
});

on("an image without the right checksum is refused", [listed, unlisted, wrong, form], (...all) => {
  const errors = [
    /has no checksum of debian-13%20generic\.qcow2/,
    /cannot reach .*nowhere-SHA512SUMS: curl ended with code 37/,
    /is not what it should be: its sha256 is [0-9a-f]{64}, and 0{64} was expected/,
    /the checksum must be sha256/,
  ];
  for (const [i, { code, error }] of all.entries()) {
    assert.is(code, 1);
    assert.match(error, errors[i]!);
  }
  for (const { out } of [listed, unlisted, wrong, form]) assert.not.ok(existsSync(out));
  assert.not.ok(existsSync(join(wrong.cache, `sha256-${"0".repeat(64)}.part`)), "it is not continued");
});

const damaged = disk({ Url: url, Checksum: `sha256:${sumOf(image, "sha256")}` });
mkdirSync(damaged.cache, { recursive: true });
writeFileSync(join(damaged.cache, `sha256-${sumOf(image, "sha256")}`), "half");
const partial = disk({ Url: url, Checksum: `sha256:${sumOf(image, "sha256")}` });
mkdirSync(partial.cache, { recursive: true });
writeFileSync(join(partial.cache, `sha256-${sumOf(image, "sha256")}.part`), readFileSync(image).subarray(0, 5000));
const longer = disk({ Url: url, Checksum: `sha256:${sumOf(image, "sha256")}` });
mkdirSync(longer.cache, { recursive: true });
writeFileSync(
  join(longer.cache, `sha256-${sumOf(image, "sha256")}.part`),
  Buffer.concat([readFileSync(image), Buffer.alloc(9)]),
);
on("a damaged image is fetched again, and a partial download is continued", [damaged, partial, longer], (...all) => {
  assert.match(all[0]!.error, /is damaged: it is removed and fetched again/);
  for (const { code, error } of all) assert.is(code, 0, error);
  for (const { out } of [damaged, partial, longer]) isDisk(out);
});

// curl's exit code for a transfer that is too large
writeFileSync(at("curl"), '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho start >"$2"\nexit 63\n', {
  mode: 0o755,
});
const large = disk({ Url: url, Checksum: `sha256:${"0".repeat(64)}` }, {
  programs: { curl: at("curl"), "qemu-img": "qemu-img" },
});
on("a partial download that is too large is removed", [large], ({ code, error }) => {
  assert.is(code, 1);
  assert.match(error, /is larger than 32 GiB/);
  assert.equal(readdirSync(large.cache).filter((name) => !name.endsWith(".lock")), []);
});

const archive = disk({ File: at("archive.raw") });
const part = disk({ File: at("part.qcow2") });
const missing = disk({ File: at("nothing.qcow2") });
on("a file that is no disk image, or that refers to another file, is refused", [archive, part, missing], (...all) => {
  const errors = [/archive\.raw is not a disk image/, /refers to another file/, /there is no file .*nothing\.qcow2/];
  for (const [i, { code, error }] of all.entries()) {
    assert.is(code, 1);
    assert.match(error, errors[i]!);
  }
});

const sparse = disk({ File: image }, { marks: { "disk.vhdx.new": "Archive, SparseFile" } });
const stays = disk({ File: image }, { marks: { "disk.vhdx.new": "SparseFile" }, keepsSparse: true });
const compressed = disk({ File: image }, { marks: { "disk.vhdx.new": "Compressed" } });
on("the disk is not sparse, and in a compressed folder it is refused", [sparse, stays, compressed], (...all) => {
  assert.equal(all.map(({ code }) => code), [0, 1, 1], all[0]!.error);
  assert.equal(all[0]!.log, ["fsutil sparse setflag disk.vhdx.new 0"]);
  assert.match(all[1]!.error, /sparse file, which Hyper-V refuses/);
  assert.match(all[2]!.error, /attribute Compressed/);
  for (const { out } of [stays, compressed]) assert.not.ok(existsSync(out));
});

writeFileSync(at("image.url"), "ftp://me:hunter2@127.0.0.1:9/debian-13.qcow2?token=hunter3\n");
const secret = disk({ UrlFile: at("image.url"), Checksum: `sha256:${"0".repeat(64)}` });
on("a password in the URL is not printed", [secret], ({ code, error, out }) => {
  assert.is(code, 1);
  assert.match(error, "cannot fetch ftp://...@127.0.0.1:9/debian-13.qcow2?...");
  assert.not.match(error + out.join("\n"), /hunter/);
});

const without = disk({ File: image }, { programs: { curl: "C:\\Windows\\System32\\curl.exe" } });
on("without qemu-img the command that installs it is named", [without], ({ code, error }) => {
  assert.is(code, 1);
  assert.match(error, "winget install --exact --id SoftwareFreedomConservancy.QEMU");
});

const switches = [
  { Id: "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444", Name: "Standardswitch", SwitchType: "Internal" },
  { Id: "77777777-2a3c-4d1f-9a55-0d3c7e1b9f60", Name: "LAN", SwitchType: "External" },
];
/** Runs of prepare-build.ps1 in a folder of its own. */
function build(name: string, Switch: string, vms: unknown[] = [], times = 1) {
  mkdirSync(at(name));
  copyFileSync(new URL("../../scripts/install-hyperv.sh", import.meta.url), at(name, "install-hyperv.sh"));
  const words = { Folder: at(name), Vm: "lab_build_lab-x", Switch };
  const runs = Array.from({ length: times }, () => ({ script: "scripts/prepare-build.ps1", words }));
  return { entry: { state: { ...host(11), marks: {}, switches, vms }, runs }, out: at(name), cache: "" };
}

const first = build("first box", "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444", [], 2);
on("the seed CD has what cloud-init and our own images read; each build has a new key", [first], (...all) => {
  assert.equal(all.map(({ code, error, log }) => [code, error, log.length]), [[0, "", 0], [0, "", 0]]);
  const seed = at("first box", "seed");
  assert.match(run("xorriso", "-indev", join(seed, "seed.iso"), "-pvd_info"), /Volume Id\s*: cidata\n/);
  run("xorriso", "-osirrox", "on", "-indev", join(seed, "seed.iso"), "-extract", "/", join(seed, "cd"));
  const read = (name: string) => readFileSync(join(seed, "cd", name), "utf8");
  const key = run("ssh-keygen", "-y", "-P", "", "-f", join(seed, "key")).trim();
  assert.is(read("authorized_keys").trim(), key);
  assert.is(read("meta-data"), "instance-id: build\n");
  assert.match(read("user-data"), /^#cloud-config\n/);
  const { users: [user], write_files: [script], runcmd } = parse(read("user-data"));
  assert.equal([user.name, user.ssh_authorized_keys], ["vagrant", [key]]);
  assert.is(Buffer.from(script.content, "base64").toString(), own("scripts/install-hyperv.sh"));
  assert.equal(runcmd, [["env", "FIRST_BOOT=yes", "sh", script.path]]);
  assert.equal(JSON.parse(readFileSync(at("first box", "switch.auto.pkrvars.json"), "utf8")), {
    switch_name: "Standardswitch",
  });
});

const named = build("named", "lan");
const none = build("none", "NAT");
on("the switch is looked up, since Packer creates one that does not exist", [named, none], (...all) => {
  assert.equal(all.map(({ code }) => code), [0, 1], all[0]!.error);
  assert.equal(JSON.parse(readFileSync(at("named", "switch.auto.pkrvars.json"), "utf8")), { switch_name: "LAN" });
  assert.is(all[1]!.error, "prepare-build: Hyper-V has no virtual switch NAT");
});

// the first path, read as a pattern, matches the second one
const temp = at("Temp [1]", "hyperv1234567");
const similar = at("Temp 1", "hyperv1234567");
for (const path of [temp, similar]) mkdirSync(join(path, "lab_build_lab-x"), { recursive: true });
const left = build("left [1]", "LAN", [
  vm({ Name: "lab_build_lab-x", State: "Running", Path: join(temp, "lab_build_lab-x") }),
  vm({ Name: "lab_build-lab-x", Id: "other", Path: at("Temp [1]") }),
], 2);
on(
  "the VM of a build that was killed is deleted with its folder, and no other VM",
  [left],
  ({ code, error, log, state }, again) => {
    assert.equal([code, again!.code], [0, 0], error + again!.error);
    assert.equal(log, ["Stop-VM lab_build_lab-x", "Remove-VM lab_build_lab-x"]);
    assert.equal(state.vms.map(({ Name }: { Name: string }) => Name), ["lab_build-lab-x"]);
    assert.equal([temp, at("Temp [1]"), similar].map((path) => existsSync(path)), [false, true, true]);
  },
);

test.run();
