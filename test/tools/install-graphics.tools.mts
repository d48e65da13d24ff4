// install-graphics.sh in a tree of files, with stand-ins for apt and the kernel's tools: what it
// installs on each system, and what it refuses.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { own, root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("install-graphics");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "graphics-tree-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** A system's package sources: each package, and its files. */
interface System {
  id: string;
  version: string;
  kernels: string[];
  /** Lines of apt's package sources. */
  sources: Record<string, string>;
  /**
   * Packages by name: files that exist after their installation. A package with `needs` is known
   * only with that file.
   */
  packages: Record<string, { files: string[]; needs?: string }>;
}

const sources = "/etc/apt/sources.list.d";
const firmware = (name: string) => [`lib/firmware/${name}/a.bin`];
const driver = (kernel: string, name: string) => [`modules/${kernel}/${name}`];

const debian = (version: string, kernel: string): System => ({
  ...{ id: "debian", version, kernels: [kernel] },
  sources: {
    [`${sources}/debian.sources`]: "Types: deb\nURIs: http://mirror.example/debian\nSuites: x\nComponents: main\n",
  },
  packages: {
    "firmware-amd-graphics": { files: firmware("amdgpu"), needs: `${sources}/homelab-gpu-components.sources` },
    ...(version === "12" ? {} : {
      "firmware-intel-graphics": { files: firmware("i915"), needs: `${sources}/homelab-gpu-components.sources` },
    }),
    "firmware-misc-nonfree": {
      files: version === "12" ? firmware("i915") : [],
      needs: `${sources}/homelab-gpu-components.sources`,
    },
  },
});

const ubuntu = (version: string, kernel: string): System => ({
  ...{ id: "ubuntu", version, kernels: [kernel], sources: {} },
  packages: {
    ...(version === "26.04"
      ? {
        "linux-firmware-amd-graphics": { files: firmware("amdgpu") },
        "linux-firmware-intel-graphics": { files: firmware("i915") },
        "linux-firmware": { files: [] },
      }
      : { "linux-firmware": { files: [...firmware("amdgpu"), ...firmware("i915")] } }),
    [`linux-modules-extra-${kernel}`]: { files: [...driver(kernel, "amdgpu"), ...driver(kernel, "i915")] },
    "linux-image-generic": { files: [] },
  },
});

function put(folder: string, path: string, text: string) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** Writes the tree of a system, with these drivers in its kernels. */
function made(folder: string, system: System, drivers: string[]) {
  put(folder, "etc/os-release", `ID=${system.id}\nVERSION_ID="${system.version}"\n`);
  for (const kernel of system.kernels) {
    put(folder, `lib/modules/${kernel}/modules.dep`, "");
    for (const name of drivers) put(folder, `modules/${kernel}/${name}`, "");
  }
  for (const [path, text] of Object.entries(system.sources)) put(folder, path, text);
  for (const [name, { files, needs }] of Object.entries(system.packages)) {
    put(folder, `packages/${name}`, files.join("\n"));
    if (needs) put(folder, `needs/${name}`, needs);
  }
}

/** Runs the script; returns the installed packages in order, the groups of the user, and the last line. */
function install(folder: string, graphics: string) {
  const known =
    `known() { [ -e '${folder}/packages/'"$1" ] && { [ ! -e '${folder}/needs/'"$1" ] || [ -e '${folder}'"$(cat '${folder}/needs/'"$1")" ]; }; }`;
  const env = standIns(folder, {
    "id": 'case "$1" in -u) echo 0 ;; -nG) cat "$GROUPS_FILE" 2>/dev/null || echo vagrant ;; *) exit 0 ;; esac',
    "getent": 'case "$2" in video | render) echo "$2:x:1:" ;; *) exit 2 ;; esac',
    "usermod": 'echo "$(cat "$GROUPS_FILE" 2>/dev/null || echo vagrant) $2" >"$GROUPS_FILE"',
    "modinfo": `[ -e '${folder}/modules/'"$2/$3" ]`,
    "apt-cache": `${known}\nknown "$2" && printf '  Candidate: 1\\n'`,
    "apt-get": `${known}
      case "$*" in
        indextargets*) echo '${folder}${sources}/debian.sources:1 main Debian' ;;
        *install*)
          for word; do case $word in -* | install | DPkg* | [0-9]*) continue ;; esac
            known "$word" || { echo "E: Unable to locate package $word" >&2; exit 100; }
            echo "$word" >>'${folder}/installed'
            for file in $(cat '${folder}/packages/'"$word"); do mkdir -p "$(dirname '${folder}/'"$file")"; : >'${folder}/'"$file"; done
          done ;;
      esac`,
  });
  const { status, stderr } = spawnSync("sh", [`${root}/scripts/install-graphics.sh`], {
    env: { ...env, ROOT: folder, GRAPHICS: graphics, GROUPS_FILE: join(folder, "groups") },
    encoding: "utf8",
  });
  const list = join(folder, "installed");
  const installed = existsSync(list) ? readFileSync(list, "utf8").trim().split("\n") : [];
  rmSync(list, { force: true });
  return { status, installed, last: stderr.trim().split("\n").at(-1)!, said: stderr };
}

const both = ["amdgpu", "i915"];
for (
  const [name, system, graphics, drivers, packages] of [
    ["Debian 12, AMD", debian("12", "6.1.0-40-amd64"), "amd", both, ["firmware-amd-graphics"]],
    ["Debian 13, AMD", debian("13", "6.12.48+deb13-amd64"), "amd", both, ["firmware-amd-graphics"]],
    ["Debian 12, Intel", debian("12", "6.1.0-40-amd64"), "intel", both, ["firmware-misc-nonfree"]],
    ["Debian 13, Intel", debian("13", "6.12.48+deb13-amd64"), "intel", both, ["firmware-intel-graphics"]],
    ["Ubuntu 22.04, AMD", ubuntu("22.04", "5.15.0-160-generic"), "amd", [], [
      "linux-firmware",
      "linux-modules-extra-5.15.0-160-generic",
      "linux-image-generic",
    ]],
    ["Ubuntu 26.04, both", ubuntu("26.04", "7.0.0-10-generic"), "amd,intel", [], [
      "linux-firmware-amd-graphics",
      "linux-modules-extra-7.0.0-10-generic",
      "linux-image-generic",
      "linux-firmware-intel-graphics",
    ]],
  ] as [string, System, string, string[], string[]][]
) {
  test(`${name}: installs the firmware and the driver's module; a second run changes nothing`, ({ folder }) => {
    made(folder, system, drivers);
    const first = install(folder, graphics);
    assert.is(first.status, 0, first.said);
    assert.equal(first.installed, packages);
    assert.equal(readFileSync(join(folder, "groups"), "utf8").trim(), "vagrant video render");
    const second = install(folder, graphics);
    assert.equal([second.status, second.installed], [0, []], second.said);
    assert.match(second.last, /nothing was changed$/);
  });
}

test("Debian's sources stay unchanged: non-free-firmware comes from an additional file", ({ folder }) => {
  const system = debian("13", "6.12.48+deb13-amd64");
  made(folder, system, both);
  install(folder, "amd");
  const [[path, text]] = Object.entries(system.sources) as [[string, string]];
  assert.is(readFileSync(join(folder, path), "utf8"), text);
  const ours = readFileSync(join(folder, sources, "homelab-gpu-components.sources"), "utf8");
  assert.match(ours, /^Components: +non-free-firmware$/m);
});

test("a kernel without the driver, no firmware, another system and another vendor are refused", ({ folder }) => {
  const cloud = debian("13", "6.12.48+deb13-cloud-amd64");
  made(folder, cloud, []);
  const { status, last } = install(folder, "amd");
  assert.is(status, 1);
  assert.match(last, /the kernel 6\.12\.48\+deb13-cloud-amd64 has no amdgpu/);
  rmSync(join(folder, "packages"), { recursive: true });
  rmSync(join(folder, "lib/firmware"), { recursive: true });
  assert.match(install(folder, "amd").last, /firmware-amd-graphics|no firmware for cards of amd/);
  assert.match(install(folder, "nvidia").last, /GRAPHICS has nvidia: amd or intel/);
  assert.match(install(folder, "").last, /GRAPHICS is empty/);
  put(folder, "etc/os-release", "ID=fedora\nVERSION_ID=43\n");
  assert.match(install(folder, "amd").last, /fedora43 is not supported/);
});

test("both install scripts add components of the package sources in the same way", () => {
  const part = (name: string) => /^components\(\) \{[^]*?^\}$/m.exec(own(`scripts/${name}`))?.[0];
  assert.ok(part("install-graphics.sh"));
  assert.is(part("install-graphics.sh"), part("install-nvidia.sh"));
});

test.run();
