// Files of this machine that reach VMs on another host: stacks, env files, images, provision scripts.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { programs } from "../sweep/lab.mts";
import { type FarHost, farHost } from "./far-host.mts";

const test = suite("files of this machine for VMs on another host");
let far: FarHost;

/** Keeps what is copied into the VM, in the folder that $HOME is there. */
const ssh = `for last; do :; done
case $last in
  *'cat >/srv/homelab-gpu/projects/'*) name=\${last##*/}; cat >"$HOME/\${name%\\'}" ;;
  *tee*compose.new.yaml*) cat >"$HOME/compose.yaml" ;;
esac
{ ${programs.ssh}
} | sed 's|^end:yes|stack:my-stack 1\\nservice:my-stack/b running 0 0 none always my-stack-b-1\\n&|'`;
const packer = `case $1 in build) cp -L image box.box; cp provision-1.sh "$HOME/ran" ;; esac`;
const vagrant = `${programs.vagrant}
case "$1 $2" in 'box add')
  for json; do :; done
  cp box.box "$HOME/box"
  version=$(sed -n 's/.*"version": "\\(.*\\)",/\\1/p' "$json")
  mkdir -p "$HOME/.vagrant.d/boxes/lab-VAGRANTSLASH-x/$version/libvirt" ;;
esac`;

beforeAll(test, async () => {
  far = await farHost({ ssh, packer, vagrant });
});

test.after(() => far.end());

/** Writes files next to the config. */
function put(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(far.file("lab"), name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Unpacks an archive that reached the VM, and gives its folder. */
function unpacked(name: string): string {
  const folder = far.file(`unpacked-${name}`);
  mkdirSync(folder);
  execFileSync("tar", ["-x", "-p", "-f", far.file(`far/${name}.tar`), "-C", folder]);
  return folder;
}

const host = "hosts: {gpubox: {ssh: root@gpubox}}\n";

test("a stack, an env file and variables reach the VM, and the next up has nothing to do", async () => {
  far.config(
    `${host}machines: [{name: a, host: gpubox, box: lab/x, cpus: 2, memory: 1024}]\n` +
      "services: {web: {image: x, env_file: web.env, environment: {WHO: '${WHO}'}}}\n" +
      "stacks: [{path: ./my-stack, env: {TOKEN: s3cret}}]\n",
  );
  put({
    ...{ "web.env": "A=1\n", ".env": "WHO=me\n", "my-stack/compose.yaml": "services: {b: {image: x}}\n" },
    ...{ "my-stack/odd name ' $x": "odd", "my-stack/sub/-rf": "y\0\n", "my-stack/run.sh": "#!/bin/sh\n" },
  });
  chmodSync(join(far.file("lab"), "my-stack/run.sh"), 0o750);
  const planned = await far.run("plan");
  assert.match(planned.out, /Pack the stack my-stack: 4 of 4 files, \d+ B \(on this machine\)/, planned.said);
  const first = await far.run("up", "--yes");
  assert.is(first.code, 0, first.said);
  const stack = unpacked("my-stack");
  assert.equal(readdirSync(stack).sort(), [".homelab-gpu", "compose.yaml", "odd name ' $x", "run.sh", "sub"]);
  assert.is(readFileSync(join(stack, "sub/-rf"), "utf8"), "y\0\n");
  assert.is(statSync(join(stack, "run.sh")).mode & 0o777, 0o750);
  assert.match(readFileSync(join(stack, ".homelab-gpu/variables"), "utf8"), /^export TOKEN='s3cret'$/m);
  const inline = unpacked("homelab-gpu");
  assert.is(readFileSync(join(inline, ".env"), "utf8"), "WHO=me\n");
  assert.is(readFileSync(join(inline, "web.env"), "utf8"), "A=1\n");
  assert.match(readFileSync(far.file("far/compose.yaml"), "utf8"), /WHO/);
  const variables = join(far.lab, "stacks/a/my-stack/.homelab-gpu/variables");
  assert.is(statSync(variables).mode & 0o777, 0o600);
  assert.not.match(readFileSync(far.file("sshs"), "utf8"), /s3cret/, "a secret is in no command line");
  assert.not.ok(existsSync(join(far.lab, "stacks/a/my-stack.tar")), "the archive is removed");
  assert.not.ok(existsSync(far.file("lab/.homelab-gpu")), "nothing is written here");
  assert.match((await far.run("up", "--yes")).said, /nothing to do/);
  put({ "my-stack/new": "new" });
  const next = await far.run("up", "--yes");
  assert.match(next.said, /Pack the stack my-stack: 1 of 5 files/);
  assert.not.match(next.said, /Pack the variables/, "only what changed");
  far.nothingRanHere();
});

test("a stack that is not there is an error with its line", async () => {
  far.config(`${host}machines: [{name: a, host: gpubox, box: lab/x}]\nstacks: [{path: ./none}]\n`);
  const { code, said } = await far.run("up", "--yes");
  assert.is(code, 2, said);
  assert.match(said, /homelab-gpu\.yaml:3:\d+: there is no folder .*lab\/none/);
});

test("a file name with a line break is refused before anything is copied", async () => {
  far.config(`${host}machines: [{name: a, host: gpubox, box: lab/x}]\nstacks: [{path: ./broken}]\n`);
  put({ "broken/compose.yaml": "services: {b: {image: x}}\n", "broken/new\nline": "" });
  const { code, said } = await far.run("up", "--yes");
  assert.is(code, 2, said);
  assert.match(
    said,
    /homelab-gpu\.yaml:3:\d+: .*broken has a name with a line break, which cannot be copied: "new\\nline"/,
  );
});

test("an image file and a provision script of this machine make the box there", async () => {
  assert.is((await far.run("destroy", "--yes")).code, 0);
  far.config(
    `${host}machines: [{name: a, host: gpubox, box: lab/x, cpus: 2, memory: 1024, image: {file: ./disk.qcow2}, ` +
      "provision: [./own.sh]}]\nservices: {web: {image: x}}\n",
  );
  const disk = Buffer.alloc(3_000_000, "\0\xff\nab");
  writeFileSync(far.file("lab/disk.qcow2"), disk);
  put({ "own.sh": "#!/bin/sh\necho mine\n" });
  const { code, said } = await far.run("up", "--yes");
  assert.is(code, 0, said);
  assert.match(said, /Copy .*lab\/disk\.qcow2 to gpubox/);
  assert.ok(readFileSync(far.file("far/box")).equals(disk));
  assert.is(readFileSync(far.file("far/ran"), "utf8"), "#!/bin/sh\necho mine\n");
  const kept = execFileSync("find", [far.lab, "-name", "copied*"], { encoding: "utf8" });
  assert.is(kept, "", "the copy is removed when the box is there");
  assert.match((await far.run("up", "--yes")).said, /nothing to do/);
  far.nothingRanHere();
});

test("folders are paths of that host, where ~/ is the login's home", async () => {
  far.config(
    `${host}machines: [{name: a, host: gpubox, box: lab/x, folders: [{from: ~/media, to: /mnt/media}]}]\n`,
  );
  const { said } = await far.run("doctor", "-v");
  assert.match(said, new RegExp(`${far.file("far/media")}`));
  assert.not.match(said, new RegExp(`${process.env.HOME}/media`));
});

test.run();
