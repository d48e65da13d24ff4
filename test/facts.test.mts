// Outside facts: each has a source and a date, and copies of a fact agree.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { distroDrivers, driverBranches, endOf, supportedBranches, usualBranch } from "../lib/resolve/branches.mts";
import { facts, oldFacts } from "../lib/resolve/facts.mts";
import { systemByName } from "../lib/resolve/image-systems.mts";
import { suites, supportedSystems } from "../lib/resolve/images.mts";
import { supportedFrom } from "../lib/resolve/nvidia.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { vagrantFor } from "../lib/resolve/vagrant-pairs.mts";
import { own } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("facts");
const all = facts();
/** The newest date of all facts: no test reads the clock. */
const newest = all.map(({ checked }) => checked).sort().at(-1)!;

test("every fact has a source and a date", () => {
  assert.ok(all.length > 100, String(all.length));
  for (const { name, source, checked } of all) {
    assert.ok(name && source, name);
    assert.match(checked, /^20\d\d-(0[1-9]|1[0-2])-([0-2]\d|3[01])$/, name);
  }
});

test("no fact is more than a year older than the newest one", () => {
  assert.equal(oldFacts(newest).map(({ name, checked }) => `${name}: ${checked}`), []);
  assert.is(oldFacts("2028-01-01").length, all.length, "a later day finds them");
});

test("a branch's end decides whether it is supported", () => {
  assert.equal(supportedBranches, [580, 595, 620]);
  assert.ok(supportedBranches.includes(usualBranch));
  assert.equal(driverBranches.map(({ branch }) => branch), [...driverBranches.map(({ branch }) => branch)].sort());
  assert.match(endOf(535)!, /ended in June 2026$/);
  assert.match(endOf(575)!, /no longer supports branch 575$/);
  assert.equal([endOf(580), endOf(620), endOf(625)], [undefined, undefined, undefined]);
});

test("advice names the newest supported branch for the cards and the system", () => {
  const known = (name: string) => ({ kind: "known" as const, name });
  assert.is(supportedFrom(560, ["Ada"], known("debian-13")), 620);
  assert.is(supportedFrom(590, ["Ada"], known("debian-13"), "proprietary"), 595, "620 has no such modules");
  assert.is(supportedFrom(610, ["Blackwell"], known("ubuntu-24.04")), 620);
  assert.is(supportedFrom(560, ["Ada"], known("ubuntu-26.04")), 620);
  assert.is(supportedFrom(0, ["Pascal"], known("debian-13")), 580);
  assert.is(supportedFrom(590, ["Pascal"], known("debian-13")), undefined);
});

test("guest.driver: the fix keeps the requested modules, with another source if needed", () => {
  const host = savedHost("rtx4070-desktop-debian12");
  const driver = (device: string, keys: string) => {
    const config = parseConfig(`machines: [{name: a, box: lab/x, gpu: {device_id: ${device}}, ${keys}}]`);
    const changed = { ...host, pci: host.pci!.map((fn) => (fn.device === "2786" ? { ...fn, device } : fn)) };
    const { status, fix } = runChecks(changed, resolveConfig(config, changed), ["guest.driver"])[0]!;
    return `${status} ${fix[0]?.title ?? ""}`;
  };
  const proprietary = "image: debian-13, driver: {branch: 620, modules: proprietary}";
  assert.match(driver("2786", proprietary), /^fail .*branch: 595, modules: proprietary\}, supported until March 2027$/);
  assert.match(driver("1b06", "image: ubuntu-26.04"), /^fail .*\{source: distro, branch: 580, modules: proprietary\}$/);
  assert.is(driver("2786", "image: debian-13, driver: {branch: 700}"), "unknown ", "newer than the table");
});

test("the guest scripts support the systems of the table", () => {
  const names = Object.values(suites).map(({ os, version }) => `${os}${version.replace(".", "")}`).join(" | ");
  const script = own("scripts/install-nvidia.sh");
  assert.ok(script.includes(`  ${names}) ;;`), names);
  assert.ok(script.includes(`${supportedSystems()} are"`), supportedSystems());
  for (const suite of Object.keys(suites)) assert.match(own("scripts/make-image.sh"), new RegExp(`\\b${suite}\\b`));
  const components = new Set(Object.values(distroDrivers).flat().map(({ component }) => component));
  for (const component of components) assert.match(script, new RegExp(`components .*\\b${component}\\b`), component);
});

/** Publishers' image addresses, and their systems. */
const addresses: [address: string, system: string | undefined, status: string][] = [
  ["https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-generic-amd64.qcow2", "Debian 12", "pass"],
  ["https://cloud.debian.org/images/cloud/trixie/20261101-2/debian-13-genericcloud-amd64.raw", "Debian 13", "pass"],
  ["https://cloud-images.ubuntu.com/jammy/current/jammy-server-cloudimg-amd64.img", "Ubuntu 22.04", "pass"],
  [
    "https://cloud-images.ubuntu.com/releases/24.04/release/ubuntu-24.04-server-cloudimg-amd64.img",
    "Ubuntu 24.04",
    "pass",
  ],
  ["https://cloud-images.ubuntu.com/resolute/current/resolute-server-cloudimg-amd64.img", "Ubuntu 26.04", "pass"],
  ["https://mirror.example.org/noble/current/disk.qcow2", "Ubuntu 24.04", "pass"],
  ["https://cloud.debian.org/images/cloud/bullseye/latest/debian-11-generic-amd64.qcow2", "Debian 11", "fail"],
  [
    "https://cloud.debian.org/images/cloud/sid/daily/latest/debian-sid-generic-amd64-daily.qcow2",
    "Debian unstable",
    "fail",
  ],
  [
    "https://cloud-images.ubuntu.com/focal/current/focal-server-cloudimg-amd64.img",
    "another release of Ubuntu",
    "fail",
  ],
  [
    "https://cloud-images.ubuntu.com/releases/25.10/release/ubuntu-25.10-server-cloudimg-amd64.img",
    "another release of Ubuntu",
    "fail",
  ],
  [
    "https://download.example.org/43/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2",
    "Fedora",
    "fail",
  ],
  [
    "https://dl.rockylinux.org/pub/rocky/10/images/x86_64/Rocky-10-GenericCloud-Base.latest.x86_64.qcow2",
    "Rocky Linux",
    "fail",
  ],
  [
    "https://repo.almalinux.org/almalinux/9/cloud/x86_64/images/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2",
    "AlmaLinux",
    "fail",
  ],
  [
    "https://cloud.centos.org/centos/10-stream/x86_64/images/CentOS-Stream-GenericCloud-10-latest.x86_64.qcow2",
    "CentOS",
    "fail",
  ],
  ["https://geo.mirror.pkgbuild.com/images/latest/Arch-Linux-x86_64-cloudimg.qcow2", "Arch Linux", "fail"],
  [
    "https://download.opensuse.org/distribution/leap/16.0/appliances/openSUSE-Leap-16.0-Minimal-VM.x86_64-Cloud.qcow2",
    "openSUSE",
    "fail",
  ],
  [
    "https://dl-cdn.alpinelinux.org/alpine/v3.22/releases/cloud/generic_alpine-3.22.0-x86_64-bios-cloudinit-r0.qcow2",
    "Alpine",
    "fail",
  ],
  [
    "https://cdn.amazonlinux.com/al2023/os-images/latest/kvm/al2023-kvm-2023.9-kernel-6.1-x86_64.xfs.gpt.qcow2",
    "Amazon Linux",
    "fail",
  ],
  ["https://example.org/my-disk.qcow2", undefined, "unknown"],
  ["https://example.org/golden-image-12.img?x=debian-12", undefined, "unknown"],
];

test("guest.image: an unsupported system is refused before the download", () => {
  const host = savedHost("rtx4070-desktop-debian12");
  for (const [address, system, status] of addresses) {
    assert.is(systemByName(address)?.name, system, address);
    const image = `{url: "${address}", checksum: "sha256:${"0".repeat(64)}"}`;
    const config = parseConfig(`machines: [{name: a, box: lab/x, image: ${image}, gpu: {vendor_id: 10de}}]`);
    const [found] = runChecks(host, resolveConfig(config, host), ["guest.image"]);
    assert.is(found!.status, status, address);
    if (status === "unknown") assert.ok(found!.message.includes(supportedSystems()), found!.message);
  }
});

test("guest.image: without an NVIDIA card any system with apt-get is accepted", () => {
  const host = savedHost("vm-without-gpu");
  const status = (file: string) => {
    const config = parseConfig(`machines: [{name: a, box: lab/x, image: {file: ${file}}}]`);
    return runChecks(host, resolveConfig(config, host), ["guest.image"])[0]!.status;
  };
  assert.equal(["./debian-11.qcow2", "./Fedora-43.qcow2", "./x.qcow2"].map(status), ["pass", "fail", "unknown"]);
});

test("provider.version: Vagrant and VirtualBox are checked as a pair", () => {
  assert.equal(vagrantFor("7.0.20"), { needs: "2.3.2", newer: false });
  assert.equal(vagrantFor("7.1.4r165100"), { needs: "2.4.2", newer: false });
  assert.equal(vagrantFor("7.2.10"), { needs: "2.4.9", newer: false });
  assert.is(vagrantFor("7.3.0").newer, true);
  assert.equal(vagrantFor("6.1.50"), { newer: false });
  const found = (virtualbox: string, vagrant: string) => {
    const host = savedHost("rtx4070-desktop-debian12");
    host.versions = { ...host.versions, virtualbox, vagrant };
    const config = parseConfig("machines: [{name: a, box: lab/x, provider: virtualbox}]");
    const all = runChecks(host, resolveConfig(config, host), ["provider.version"]);
    return all.find(({ message }) => /VirtualBox/.test(message))!.status;
  };
  assert.equal(
    [found("7.2.10", "2.3.4"), found("7.0.20", "2.3.4"), found("7.2.10", "2.4.9"), found("7.3.0", "2.4.9")],
    [
      ...["fail", "pass", "pass", "unknown"],
    ],
  );
});

test("the starter's CUDA works with the usual branch and all its architectures", () => {
  const host = savedHost("rtx4070-desktop-debian12");
  const starter = own("templates/homelab-gpu.yaml");
  for (const device of ["13c2", "1b06", "1db4", "2204", "2786", "2b85"]) {
    const config = parseConfig(starter.replace("vendor_id: 10de", `device_id: ${device}`));
    const found = runChecks(host, resolveConfig(config, host), ["guest.cuda"]);
    assert.equal(found.map(({ status }) => status), ["pass"], device);
  }
});

test.run();
