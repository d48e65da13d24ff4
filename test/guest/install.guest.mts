// The real install-nvidia.sh in trees of Debian, without a card: DKMS builds the distribution's
// driver for the tree's own kernel, and a combination of the two that does not build. Signed local
// repositories (repository.sh) replace NVIDIA's; their nvidia-ctk behaves as the source of the real
// one. This exercises everything except NVIDIA's own programs and modules. It does not test the
// real nvidia-ctk, the real cuda-keyring, and the package names in NVIDIA's repository.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { likelyCauses } from "../../lib/verify/failures/index.mts";
import { distribution, guest, inside } from "./tree.mts";

const test = suite("install-nvidia");
/** The script's own lines, without those of the programs that it runs. */
const own = (err: string) => err.split("\n").flatMap((line) => /^install-nvidia: (.*)$/.exec(line)?.[1] ?? []);

function install(tree: string, settings: Record<string, string>) {
  const words = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const { status, out, err } = inside(tree, ...words, "sh", "/root/install-nvidia.sh");
  return { status, said: own(err), all: `${out.slice(-3000)}\n${err.slice(-3000)}`, err };
}

/** What a run could change: configuration, packages, modules, initramfs images. */
function state(tree: string): string[] {
  const files = inside(
    tree,
    ...[
      "sh",
      "-c",
      "find /etc /boot /lib/modules /var/lib/dkms /usr/src /usr/share/keyrings -type f -printf '%p %s %T@\\n' | sort",
    ],
  ).out;
  return `${files}${readFileSync(join(tree, "var/lib/dpkg/status"), "utf8")}`.split("\n");
}

/** The lines that only one of the two texts has. */
const unlike = (before: string[], after: string[]) => {
  const [one, two] = [new Set(before), new Set(after)];
  return [...before.filter((line) => !two.has(line)), ...after.filter((line) => !one.has(line))];
};

const kernelOf = (tree: string) => inside(tree, "sh", "-c", "ls /boot | sed -n s/^vmlinuz-//p").out.trim();
let debian12 = "";

test("Debian 12's own packages: the module is built for the kernel, with libraries of its version", () => {
  debian12 = guest("debian-12", process.env.DEBIAN_12!);
  const kernel = kernelOf(debian12);
  const { status, said, all } = install(debian12, distribution);
  assert.is(status, 0, all);
  assert.is(kernelOf(debian12), kernel, "the kernel stays");
  assert.match(
    inside(debian12, "dkms", "status").out,
    new RegExp(`^nvidia-current-open/535[0-9.]*, ${kernel}, x86_64: installed`, "m"),
  );
  const version = inside(debian12, "modinfo", "-k", kernel, "-F", "version", "nvidia-current-open").out.trim();
  assert.match(version, /^535\./);
  assert.match(
    inside(debian12, "dpkg-query", "-W", "-f", "${Version}", "libnvidia-ml1").out,
    new RegExp(`^${version}-`),
  );
  assert.is(said.at(-2), `driver ${version}, open modules, built for the kernel ${kernel}`);
  const early = inside(debian12, "lsinitramfs", `/boot/initrd.img-${kernel}`).out;
  assert.ok(/etc\/modprobe.d\/homelab-gpu-nouveau.conf/.test(early), "nouveau is kept out from the start");
  assert.not(readFileSync("/proc/self/mounts", "utf8").includes(debian12), "nothing is mounted in the tree any more");
});

test("a second run changes nothing and says so", () => {
  const before = state(debian12);
  const { status, said, all } = install(debian12, distribution);
  assert.is(status, 0, all);
  assert.is(said.at(-1), "everything is installed: nothing was changed");
  assert.is(said.length, 3, said.join("\n"));
  assert.equal(unlike(before, state(debian12)), []);
});

// the five possible states of a daemon.json, and an image owner's own settings
const nvidia = { runtimes: { nvidia: { args: [], path: "nvidia-container-runtime" } } };
const mirror = {
  "registry-mirrors": ["https://mirror.example"],
  "log-opts": { "max-size": "10m" },
  "max-concurrent-downloads": 3,
};
const crun = { "default-runtime": "crun", runtimes: { crun: { path: "/usr/bin/crun" } } };
const both = { runtimes: { ...crun.runtimes, ...nvidia.runtimes } };
const asked = { NVIDIA_DEFAULT_RUNTIME: "yes" };
const merges: [name: string, before: string | undefined, after: object, settings?: Record<string, string>][] = [
  ["absent", undefined, nvidia],
  ["empty", "", nvidia],
  ["blank", "\n \n", nvidia],
  ["with other keys", JSON.stringify(mirror), { ...mirror, ...nvidia }],
  ["with another default runtime", JSON.stringify(crun), { ...crun, ...both }],
  [
    "with another default runtime, and nvidia asked for",
    JSON.stringify(crun),
    { ...both, "default-runtime": "nvidia" },
    asked,
  ],
  ["absent, and nvidia asked for as the default", undefined, { ...nvidia, "default-runtime": "nvidia" }, asked],
];
for (const [name, before, after, settings] of merges) {
  test(`daemon.json: ${name}`, () => {
    const path = join(debian12, "etc/docker/daemon.json");
    if (before === undefined) rmSync(path, { force: true });
    else writeFileSync(path, before);
    const { status, all } = install(debian12, { ...distribution, ...settings });
    assert.is(status, 0, all);
    assert.equal(JSON.parse(readFileSync(path, "utf8")), after);
    assert.is(statSync(path).mode & 0o777, 0o644);
  });
}

for (
  const [name, before] of Object.entries({
    "broken": '{"log-driver": "journald",}',
    "a list": "[]",
    "more than one value": '{"debug": true} {"log-level": "info"}',
    "runtimes that are no object": '{"runtimes": []}',
  })
) {
  test(`daemon.json: ${name} is refused and left unchanged`, () => {
    const path = join(debian12, "etc/docker/daemon.json");
    writeFileSync(path, before);
    const { status, said } = install(debian12, distribution);
    assert.is(status, 1);
    assert.match(
      said.at(-1)!,
      /^\/etc\/docker\/daemon.json is not a JSON object that settings can be added to; it is unchanged/,
    );
    assert.is(readFileSync(path, "utf8"), before);
  });
}

test("an nvidia-ctk that loses a key changes nothing", () => {
  const [path, ctk] = ["etc/docker/daemon.json", "usr/bin/nvidia-ctk"].map((name) => join(debian12, name)) as [
    string,
    string,
  ];
  const real = readFileSync(ctk, "utf8");
  writeFileSync(ctk, real.replace("first(inputs)", "{}"));
  writeFileSync(path, JSON.stringify(mirror));
  const { status, said } = install(debian12, distribution);
  writeFileSync(ctk, real);
  assert.is(status, 1);
  assert.match(said.at(-1)!, /changed more than its runtime/);
  assert.is(readFileSync(path, "utf8"), JSON.stringify(mirror));
});

test("a partition gets the toolkit and CDI in Docker, and no driver; other keys stay", () => {
  const path = join(debian12, "etc/docker/daemon.json");
  writeFileSync(path, JSON.stringify(mirror));
  const part = { ...distribution, NVIDIA_SOURCE: "host" };
  const { status, said, all } = install(debian12, part);
  assert.is(status, 0, all);
  assert.ok(said.includes("no driver: the guest uses its host's driver"), said.join("\n"));
  assert.equal(JSON.parse(readFileSync(path, "utf8")), { ...mirror, ...nvidia, features: { cdi: true } });
  assert.is(install(debian12, part).said.at(-1), "everything is installed: nothing was changed");
});

test("invalid settings are refused with a message", () => {
  const refused = (settings: Record<string, string>) => {
    const { status, said } = install(debian12, { ...distribution, ...settings });
    assert.is(status, 1);
    return said.join("\n");
  };
  assert.is(refused({ NVIDIA_SOURCE: "debian" }), "NVIDIA_SOURCE is debian: nvidia, distro or host");
  assert.is(refused({ NVIDIA_BRANCH: "latest" }), "NVIDIA_BRANCH is latest: a number such as 580");
  assert.is(refused({ NVIDIA_MODULES: "both" }), "NVIDIA_MODULES is both: open or proprietary");
});

let debian13 = "";

test("NVIDIA's repository, by stand-in: the key is from the keyring package, the branch as requested", () => {
  debian13 = guest("debian-13", process.env.DEBIAN_13!);
  const settings = {
    ...distribution,
    ...{ NVIDIA_SOURCE: "nvidia", NVIDIA_BRANCH: "570", NVIDIA_DRIVER_REPO: "file:///opt/stand-in/driver" },
    NVIDIA_TOOLKIT_KEY: `base64:${readFileSync(join(debian13, "opt/stand-in/key.asc")).toString("base64")}`,
  };
  const { status, said, all } = install(debian13, settings);
  assert.is(status, 0, all);
  assert.is(said.at(-2), `driver 570.195.03, open modules, built for the kernel ${kernelOf(debian13)}`);
  const before = state(debian13);
  assert.is(install(debian13, settings).said.at(-1), "everything is installed: nothing was changed");
  assert.equal(unlike(before, state(debian13)), []);
  const none = install(debian13, { ...settings, NVIDIA_BRANCH: "999" });
  assert.is(none.status, 1);
  assert.match(none.said.at(-1)!, /no driver of branch 999 with open modules for debian13 in the packages of nvidia/);
});

test("Debian 13's own pair fails with the compiler's line, and Docker's configuration is unchanged", () => {
  const gone = inside(
    debian13,
    ...[
      "sh",
      "-c",
      "apt-get -qq purge -y nvidia-driver-cuda nvidia-kernel-open-dkms >&2; rm -f /etc/apt/sources.list.d/cuda-* /etc/docker/daemon.json",
    ],
  );
  assert.is(gone.status, 0, gone.err);
  const { status, said, err, all } = install(debian13, distribution);
  assert.is(status, 1, all);
  assert.match(
    said.join("\n"),
    /the driver's module does not build for the kernel 6\.\S+: one of the two is too new for the other/,
  );
  assert.match(err, /^\S+\/nv-pci\.c:\d+:\d+: error: too few arguments to function \S*pci_resize_resource/m);
  assert.is(likelyCauses(err)[0]?.check, "guest.driver", "explain knows it too");
  assert.not(existsSync(join(debian13, "etc/docker/daemon.json")));
});

test.run();
