// upgrade and prepare of machines on other hosts: two of them, and one alone.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { root } from "../fake.mts";
import { letGo, programs } from "../sweep/lab.mts";
import { until } from "../until.mts";
import { connectionOf } from "./far-host.mts";
import { hostLines, machine, machines, names, type TwoHosts, twoHosts } from "./two-hosts.mts";

const test = suite("upgrade and prepare on several hosts");
let hosts: TwoHosts;
const file = (name: string) => hosts.file(name);

/** Vagrant with boxes, which are folders: a new VM has the newest one that its Vagrantfile allows. */
const vagrant = `boxes=$HOME/.vagrant.d/boxes/lab-VAGRANTSLASH-x
case "$1 $2" in
  'box add')
    for json; do :; done
    version=$(sed -n 's/.*"version": "\\(.*\\)",/\\1/p' "$json")
    mkdir -p "$boxes/$version/libvirt" ;;
  'box remove') rm -r "$boxes/$5" ;;
  up*)
    version=$(sed -n "s/.*box_version = '\\([0-9.]*\\)'/\\1/p" Vagrantfile 2>/dev/null)
    mkdir -p .vagrant/machines/a/libvirt
    printf '{"name":"lab/x","version":"%s"}' "\${version:-$(ls "$boxes" | sort | tail -n 1)}" \\
      >.vagrant/machines/a/libvirt/box_meta ;;
esac
${programs.vagrant}`;
/** The VM is not proven while the host's file "unproven" is there, and its box is the newest. */
const ssh = `case "$*" in *'sh -s -- '*)
  if [ -e "$HOME/unproven" ] && grep -q "$(ls "$HOME"/.vagrant.d/boxes/*/ | sort | tail -n 1)" .vagrant/machines/a/libvirt/box_meta
  then cat >/dev/null; echo 'homelab-gpu-verify 1'; exit 1; fi ;;
esac
${programs.ssh}`;
/** The probe shows a card of NVIDIA; of the host two, as a login that is not root sees it. */
const sh = (name: string) =>
  `[ "$*" = -s ] || exec /bin/sh "$@"; cat >/dev/null
sed 's/^uid:.*/uid:${name === machines.two ? 1000 : 0}/' '${root}/test/hosts/rtx4070-desktop-debian12.txt'`;
const sudo = `[ -t 0 ] || { echo 'sudo: a terminal is required to read the password' >&2; exit 1; }
exec "$@"`;
const packer = `case $1 in build) echo box >box.box ;; esac`;

beforeAll(test, async () => {
  hosts = await twoHosts({
    more: (name) => ({
      ...{ vagrant, ssh: ssh.replaceAll("machines/a/", `machines/${name}/`), packer, sh: sh(name), sudo },
      "update-initramfs": ":",
      lsinitramfs: "echo vfio-pci.ko",
    }),
    // what prepare --apply changes
    mounts: (folder) => {
      execFileSync("cp", ["-a", "/etc", folder]);
      mkdirSync(`${folder}/var`);
      return { "/etc": `${folder}/etc`, "/var/lib": `${folder}/var` };
    },
  });
  writeFileSync(file("lab/disk.qcow2"), "a disk");
});

test.after(() => hosts.end());

const image = "cpus: 2, image: {file: ./disk.qcow2}";
const two = `${hostLines}${machine("alpha", "host: one, ", image)}${machine("beta", "host: two, ", image)}`;
const boxes = (name: string) => readdirSync(file(`${name}/.vagrant.d/boxes/lab-VAGRANTSLASH-x`));
/** The box that a host's VM has. */
const boxOf = (name: (typeof names)[number]) =>
  JSON.parse(
    readFileSync(
      file(`${name}/homelab-gpu/lab/.homelab-gpu/.vagrant/machines/${machines[name]}/libvirt/box_meta`),
      "utf8",
    ),
  ).version as string;

test("upgrade on two hosts: one is proven with its new box, the other goes back to its old one", async () => {
  hosts.config(two);
  const up = await hosts.run("up", "--yes");
  assert.is(up.code, 0, up.err);
  const before = names.map(boxOf);
  writeFileSync(file("two/unproven"), "");
  const refused = await hosts.run("upgrade");
  assert.is(refused.code, 2, refused.err);
  assert.match(refused.err, /upgrade of .* needs your confirmation/);
  const { code, err } = await hosts.run("upgrade", "--yes");
  assert.is(code, 1, err);
  assert.match(err, /^one \| alpha is upgraded and proven: its box is lab\/x /m);
  assert.match(err, /^two \| beta is not proven with its new box: going back to lab\/x /m);
  assert.match(err, /\nhomelab-gpu: done: one; failed: two\n/);
  assert.is.not(boxOf("one"), before[0]);
  assert.is(boxOf("two"), before[1]);
  assert.equal(names.map((name) => boxes(name).length), [1, 1], "no spare boxes");
  rmSync(file("two/unproven"));
});

test("upgrade on one host: a lost connection ends the step, and the next upgrade goes on", async () => {
  hosts.config(`${hostLines}${machine("alpha", "host: one, ", image)}`);
  const before = boxOf("one");
  writeFileSync(file("one/held"), file("one/hold"));
  const cut = hosts.start("upgrade", "--yes");
  const id = await until("the new VM, which waits", () => {
    if (cut.child.exitCode !== null) throw new Error(cut.err());
    const creates = /\d+\/\d+ Create the VM alpha$/m.test(cut.err());
    const [waiting] = readdirSync(file("one/hold"));
    if (waiting && !creates) letGo(file(`one/hold/${waiting}`));
    return creates && waiting;
  });
  process.kill(connectionOf(cut.child.pid!, "one"), "SIGKILL");
  rmSync(file("one/held"));
  const lost = await cut.ended;
  assert.is(lost.code, 1, lost.err);
  assert.match(lost.err, /the connection to one was lost: the next run continues from here/);
  await until("the end of the step", () => !existsSync(`/proc/${id}`));
  for (const name of readdirSync(file("one/hold"))) rmSync(file(`one/hold/${name}`));
  assert.match((await hosts.run("status")).out, /^ {2}its upgrade is not finished: .* upgrade alpha continues it$/m);
  const next = await hosts.run("upgrade", "--yes");
  assert.is(next.code, 0, next.err);
  assert.match(next.err, /^homelab-gpu: alpha is upgraded and proven: /m);
  assert.is.not(boxOf("one"), before);
  assert.is(boxes("one").length, 1);
});

/** A config with the card of each host. */
const cards = `${hostLines}${machine("alpha", "host: one, ", "gpu: {}")}${machine("beta", "host: two, ", "gpu: {}")}`;
const own = "etc/modprobe.d/homelab-gpu.conf";

test("prepare --apply and --undo change each host, one question and one password at a time", async () => {
  hosts.config(cards);
  const changes = () => names.filter((name) => existsSync(file(`${name}/${own}`)));
  const planned = await hosts.run("prepare");
  assert.is(planned.code, 0, planned.err);
  assert.is(planned.out.match(/^\/etc\/modprobe.d\/homelab-gpu.conf:$/gm)?.length, 2, planned.out);
  const refused = await hosts.run("prepare", "--apply");
  assert.is(refused.code, 2, refused.err);
  assert.is(refused.err.match(/prepare --apply needs your confirmation/g)?.length, 1, "once for all hosts");
  assert.equal(changes(), []);
  // without a terminal, sudo cannot ask
  const half = await hosts.run("prepare", "--apply", "--yes");
  assert.is(half.code, 1, half.err);
  assert.match(half.err, /^two \| sudo: a terminal is required/m);
  assert.match(half.err, /^two \| {3}the whole log: (.*)$/m);
  assert.match(readFileSync(/the whole log: (.*)/.exec(half.err)![1]!, "utf8"), /^sudo: a terminal is required/);
  assert.equal(changes(), ["one"]);
  assert.ok(existsSync(file("one/var/homelab-gpu/done")));
  const whole = await hosts.typing("y\n", "prepare", "--apply");
  assert.match(whole, /two: Make these changes to two\? \[y\/N\]/);
  assert.match(whole, /^(?:.*\] )?one \| nothing left to do but reboot$/m);
  assert.equal(changes(), ["one", "two"], whole);
  assert.match((await hosts.run("prepare", "--apply", "--yes")).err, /^two \| nothing left to do but reboot$/m);
  const undone = await hosts.typing("y\ny\n", "prepare", "--undo");
  assert.equal(changes(), [], undone);
  for (const name of names) assert.not.ok(existsSync(file(`${name}/var/homelab-gpu`)), undone);
  assert.match((await hosts.run("prepare", "--undo")).err, /^one \| nothing to undo$/m);
  // on one host
  hosts.config(`${hostLines}${machine("alpha", "host: one, ", "gpu: {}")}`);
  const alone = await hosts.run("prepare", "--apply", "--yes");
  assert.is(alone.code, 0, alone.err);
  assert.equal(changes(), ["one"]);
  assert.is((await hosts.run("prepare", "--undo", "--yes")).code, 0);
  assert.equal(changes(), []);
});

test.run();
