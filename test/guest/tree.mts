// Trees of Debian that replace guests, and the commands in them.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { root } from "../fake.mts";

const trees = process.env.GUEST_TREES!;
const packages = join(dirname(trees), "packages");
/** Settings of install-nvidia.sh that take the toolkit from the stand-in's repository. */
export const distribution = {
  NVIDIA_SOURCE: "distro",
  NVIDIA_TOOLKIT_REPO: "file:///opt/stand-in/toolkit",
  NVIDIA_TOOLKIT_KEY: "/opt/stand-in/key.asc",
};

/** Unpacks a tree from its tarball, with the scripts and the stand-ins in it. */
export function guest(name: string, tarball: string): string {
  const tree = join(trees, name);
  mkdirSync(tree);
  assert.is(spawnSync("tar", ["-C", tree, "-xzf", tarball]).status, 0);
  const made = spawnSync("sh", [`${root}/test/guest/repository.sh`, join(tree, "opt/stand-in")], { encoding: "utf8" });
  assert.is(made.status, 0, made.stderr);
  cpSync(`${root}/scripts`, join(tree, "root"), { recursive: true });
  for (const compiler of ["gcc-12", "gcc-14", "x86_64-linux-gnu-gcc-12", "x86_64-linux-gnu-gcc-14"]) {
    cpSync(`${root}/test/guest/conftest-cc.sh`, join(tree, "usr/local/lib/conftest", compiler));
  }
  return tree;
}

/** Runs a command in a tree. */
export function inside(tree: string, ...command: string[]) {
  const { status, stdout, stderr } = spawnSync("sh", [`${root}/test/guest/inside.sh`, tree, packages, ...command], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return { status, out: stdout, err: stderr };
}
