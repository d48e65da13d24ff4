// The one-file builds for one platform: on hosts of that platform, each has the output of the
// script; on others, it names its platform.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { leftOutOf } from "../../scripts/platforms.mts";
import { root } from "../fake.mts";
import { started, starting, zx } from "../start.mts";

const test = suite("platforms");
const work = mkdtempSync(join(tmpdir(), "homelab gpu ü-"));
const hosts: Record<string, string[]> = {
  linux: ["rtx4070-desktop-debian12"],
  windows: ["windows-11-pro-rtx4070"],
  macos: ["macos-apple-silicon"],
};
const built = (platform: string) => join(work, `${platform}.mjs`);
const bundled = async (file: string, words: string[] = []) => {
  const { code, err } = await started([...starting, `${root}/scripts/bundle.mts`, ...words, file], { folder: root });
  assert.is(code, 0, err);
};

beforeAll(test, async () => {
  const platforms = Object.keys(hosts).map((platform) => bundled(built(platform), ["--for", platform]));
  await Promise.all([bundled(built("whole")), ...platforms]);
});
test.after(() => rmSync(work, { recursive: true }));

/** The output of a build, or of the script, for a saved host. */
async function says(platform: string | undefined, words: string[], config = "") {
  const folder = mkdtempSync(join(work, "folder-"));
  mkdirSync(join(folder, "hosts"));
  for (const name of Object.values(hosts).flat()) {
    cpSync(`${root}/test/hosts/${name}.txt`, join(folder, "hosts", `${name}.txt`));
  }
  if (config) writeFileSync(join(folder, "homelab-gpu.yaml"), config);
  if (platform) cpSync(built(platform), join(folder, "homelab-gpu.mjs"));
  const start = platform ? [...zx, "homelab-gpu.mjs"] : [...starting, `${root}/homelab-gpu.mts`];
  const { code, out, err } = await started([...start, ...words], {
    folder,
    env: { XDG_CACHE_HOME: join(work, "cache") },
  });
  const plain = (text: string) =>
    text.replaceAll(folder, "FOLDER").replaceAll(basename(folder), "NAME").replaceAll(
      "homelab-gpu.mjs",
      "homelab-gpu.mts",
    ).replace(
      /_?-?[0-9a-f]{6}_/g,
      "N",
    );
  return { code, out: plain(out), err: plain(err) };
}

for (const [platform, names] of Object.entries(hosts)) {
  test(`${platform}: the file is smaller than the whole, with the same results for such hosts`, async () => {
    assert.ok(statSync(built(platform)).size < statSync(built("whole")).size);
    const { code, out } = await says(platform, ["--version"]);
    assert.equal([code, /^\d+\.\d+\.\d+\n$/.test(out)], [0, true]);
    for (const name of names) {
      const host = ["--host", `hosts/${name}.txt`];
      for (const words of [["doctor", "--json", ...host], ["plan", "--no-gpu", ...host]]) {
        const [script, build] = [await says(undefined, words), await says(platform, words)];
        assert.equal(build, script, `${name}: ${words.join(" ")}`);
        assert.not.match(script.err, /\n +at /);
      }
    }
  });

  test(`${platform}: hosts of other platforms are refused with what to do`, async () => {
    const other = platform === "linux" ? "windows" : "linux";
    const { code, out, err } = await says(platform, ["doctor", "--host", `hosts/${hosts[other]![0]}.txt`]);
    assert.equal([code, out], [2, ""]);
    const made = `homelab-gpu: this copy is built for ${platform} and has no files for ${other}`;
    assert.equal(err.split("\n").slice(0, 2).map((line) => line.trim()), [
      made,
      "to build a complete one in the checkout: npm run bundle",
    ]);
  });
}

test("linux: a provider of another platform is refused without a stack", async () => {
  const config = "machines: [{name: a, box: lab/x, provider: hyperv}]\n";
  const { code, err } = await says("linux", ["plan", "--host", `hosts/${hosts.linux![0]}.txt`], config);
  assert.is(code, 2);
  assert.match(err, /this copy is built for linux and has no templates\/hyperv\.rb/);
});

test("error texts of one system's programs are left out of the copies for others", () => {
  const platformOf = /^(?:windows|hyperv|packer-hyperv|libvirt|virsh|vfio|qemu|kvm|proxmox|wsl)\b/;
  // what is not a list, and QEMU's machines, which Packer uses elsewhere too
  const kept = ["vms/proxmox-fixes.mts", "vms/qemu-machine.mts"];
  const names = readdirSync(`${root}/lib/verify/failures`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".mts") && platformOf.test(basename(name))).sort();
  const left = new Set([...leftOutOf("linux").lists, ...leftOutOf("windows").lists, ...leftOutOf("macos").lists]);
  assert.equal(names.filter((name) => !left.has(`lib/verify/failures/${name}`)), kept);
});

test("an unknown platform is refused", async () => {
  const words = [...starting, `${root}/scripts/bundle.mts`, "--for", "mac", join(work, "x.mjs")];
  const { code, err } = await started(words, { folder: root });
  assert.equal([code, err], [2, "bundle: --for takes one of linux, windows, macos\n"]);
});

test.run();
