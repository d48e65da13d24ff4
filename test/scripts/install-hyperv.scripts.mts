// install-hyperv.sh in a tree of files, with stand-ins for apt: the packages by system and kernel.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("the daemon for Hyper-V in a guest");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-hyperv-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

interface Guest {
  id: string;
  /** Its kernels; the first one runs. */
  kernels: string[];
  /** Names of installed kernel packages. */
  installed?: string[];
  /** Packages in its sources. */
  published?: string[];
}

/** The changes that the script makes: packages, and commands of systemctl. */
function install(folder: string, { id, kernels, installed = [], published = [] }: Guest, first = false) {
  mkdirSync(join(folder, "etc"), { recursive: true });
  mkdirSync(join(folder, "boot"), { recursive: true });
  writeFileSync(join(folder, "etc/os-release"), `ID=${id}\n`);
  for (const kernel of kernels) writeFileSync(join(folder, "boot", `vmlinuz-${kernel}`), "");
  const log = join(folder, "log");
  writeFileSync(log, "");
  writeFileSync(join(folder, "published"), `${published.join("\n")}\n`);
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/install-hyperv.sh")], {
    env: {
      ...standIns(folder, {
        "apt-get": `echo "apt-get $*" | sed 's/ -q -o [^ ]*//; s/ -y --no-install-recommends//' >>'${log}'`,
        "apt-cache":
          `if grep -qx "$2" '${folder}/published'; then echo '  Candidate: 1.0'; else echo '  Candidate: (none)'; fi`,
        "dpkg-query": installed.map((name) => `echo 'installed ${name}'`).join("\n") || "exit 1",
        uname: `echo ${kernels[0]}`,
        systemctl: `echo "systemctl $*" >>'${log}'`,
      }),
      ROOT: folder,
      ...(first ? { FIRST_BOOT: "yes" } : {}),
    },
    encoding: "utf8",
  });
  assert.is(status, 0, stderr);
  return readFileSync(log, "utf8").trim().split("\n");
}
const started = "systemctl start hv-kvp-daemon";

test("Debian has one package for every kernel", ({ folder }) => {
  const steps = ["apt-get update", "apt-get install hyperv-daemons", started];
  assert.equal(install(folder, { id: "debian", kernels: ["6.12.41+deb13-amd64"] }, true), steps);
});

const cloud: Guest = {
  id: "ubuntu",
  kernels: ["6.8.0-79-generic"],
  installed: ["linux-image-virtual", "linux-image-6.8.0-79-generic"],
  published: ["linux-cloud-tools-virtual", "linux-cloud-tools-6.8.0-79-generic"],
};

test("Ubuntu: the tools of each kernel, and those of the kernels to come", ({ folder }) => {
  const [update, tools, start] = install(folder, cloud, true);
  assert.equal([update, start], ["apt-get update", started]);
  assert.is(
    tools,
    "apt-get install linux-cloud-tools-common linux-cloud-tools-virtual linux-cloud-tools-6.8.0-79-generic",
  );
  const [, other] = install(folder, {
    ...cloud,
    kernels: ["5.15.0-1-generic", "6.8.0-79-generic"],
    installed: [...cloud.installed!, "linux-image-generic-hwe-22.04"],
    published: [...cloud.published!, "linux-cloud-tools-generic-hwe-22.04", "linux-cloud-tools-5.15.0-1-generic"],
  });
  assert.match(other!, / linux-cloud-tools-generic-hwe-22\.04 .*5\.15\.0-1-generic .*6\.8\.0-79-generic$/);
});

test("Ubuntu: a kernel without tools in the package sources does not stop the build", ({ folder }) => {
  const [, tools] = install(folder, {
    ...cloud,
    kernels: ["6.8.0-79-generic", "6.14.0-1-oem"],
    installed: [...cloud.installed!, "linux-image-oem-24.04"],
  }, true);
  assert.is(
    tools,
    "apt-get install linux-cloud-tools-common linux-cloud-tools-virtual linux-cloud-tools-6.8.0-79-generic",
  );
});

test("Ubuntu: a kernel whose tools are no longer published is replaced, at the first boot only", ({ folder }) => {
  const old = { ...cloud, kernels: ["6.8.0-31-generic"] };
  assert.equal(install(folder, old, true).slice(1), [
    "apt-get install linux-cloud-tools-common linux-cloud-tools-virtual linux-image-virtual",
    "systemctl reboot",
  ]);
  assert.equal(install(folder, old).slice(1), [
    "apt-get install linux-cloud-tools-common linux-cloud-tools-virtual",
    started,
  ]);
});

test.run();
