// verify-guest.sh with programs that answer as those of a guest with a card do: what it asks, and what it prints of the answers.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shellWord } from "../../lib/render.mts";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("verify-guest");
const programs = {
  "nvidia-smi": 'echo "GPU 0: NVIDIA GeForce RTX 4070 (UUID: GPU-0a1b)"',
  "nvidia-ctk": 'printf "NVIDIA Container Toolkit CLI version 1.18.1\\ncommit: 1\\n"',
  "nvidia-container-runtime-hook": "exit 1",
  "modprobe": 'echo "modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.12" >&2; exit 1',
  "modinfo": "exit 1",
  "dkms": 'printf "nvidia/580.95.05: added\\nzfs/2.3, 6.12, x86_64: installed\\n"',
  "dmesg": 'printf "[ 1.0] pci: something\\n[ 3.4] NVRM: loading\\n"',
  "docker": `case "$1 $3" in
    "version {{.Server.Version}}") echo 26.1.5 ;;
    "info {{.DefaultRuntime}}") echo runc ;;
    "info "*) echo "io.containerd.runc.v2 nvidia runc " ;;
    "ps --filter") echo 1 2 3 ;;
    "inspect "*State.Error*) [ "$4" != homelab-gpu-late-1 ] || echo 'unsatisfied condition: cuda>=12.9' ;;
    "inspect "*) printf '%s\\n' "web running 0 0 none always 1 /homelab-gpu-web-1" "late created 128 0 none no 0 /homelab-gpu-late-1" \\
      "ml-worker running 0 0 none always 1 /homelab-gpu-ml-worker-1" ;;
    "logs "*) echo "of $4" ;;
    "exec nvidia-smi") [ "$2" = homelab-gpu-ml-worker-1 ] && exec nvidia-smi -L; echo "no $2" ;;
    *) echo "docker $*" >&2; exit 1 ;;
  esac`,
};

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu verify-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function verify(folder: string, words: string[], env: Record<string, string> = {}) {
  const { stdout, stderr } = spawnSync("sh", [`${root}/scripts/verify-guest.sh`, "0", ...words], {
    env: { ...standIns(folder, programs), ...env },
    encoding: "utf8",
  });
  assert.is(stderr, "");
  // what this machine itself has
  return stdout.split("\n").filter((line) =>
    !/^(kernel|services-file|pci|headers|secure-boot|.*-since|daemon-json):/.test(line)
  );
}
const plain = ["engine:docker", "engine-state:running", "engine-version:26.1.5"];
const services = [
  "service:web running 0 0 none always homelab-gpu-web-1",
  ...["service:late created 128 0 none no homelab-gpu-late-1", "service-log-late:of homelab-gpu-late-1"],
  ...[
    "service-log-late:unsatisfied condition: cuda>=12.9",
    "service:ml-worker running 0 0 none always homelab-gpu-ml-worker-1",
  ],
];

test("without a word of NVIDIA it asks nothing of it, and a count of GPUs is no part of a name", ({ folder }) => {
  const all = ["homelab-gpu-verify 1", ...plain, ...services, "end:yes", ""];
  assert.equal(verify(folder, ["web", "ml-worker"]), all);
  assert.equal(verify(folder, ["web", "ml-worker=1"]), all);
});

test("waits for services that may still come up, and not for one that ended for good", ({ folder }) => {
  const seconds = (state: string) => {
    const began = Date.now();
    const docker = `case "$1" in ps) echo 1 ;; inspect) echo "web ${state} 0 /homelab-gpu-web-1" ;; esac`;
    const words = [`${root}/scripts/verify-guest.sh`, "6", "web"];
    const { stdout } = spawnSync("sh", words, { env: standIns(folder, { docker }), encoding: "utf8" });
    assert.match(stdout, new RegExp(`^service:web ${state} homelab-gpu-web-1$`, "m"));
    return (Date.now() - began) / 1000;
  };
  assert.ok(seconds("exited 3 0 none no") < 5, "nobody starts it again");
  assert.ok(seconds("exited 0 0 none on-failure") < 5, "it ran to its end");
  assert.ok(seconds("exited 3 0 none on-failure") > 5, "Docker does");
  assert.ok(seconds("exited 3 0 none always") > 5, "Docker does");
});

test("a restart counts for nothing once the service has run for long since, and one that falls over again and again is found", async ({ folder }) => {
  const looked = (seconds: string, inspect: string) => {
    const began = Date.now();
    const docker = `case "$1" in ps) echo 1 ;; inspect) ${inspect} ;; esac`;
    const words = [`${root}/scripts/verify-guest.sh`, seconds, "web"];
    const { stdout } = spawnSync("sh", words, { env: standIns(folder, { docker }), encoding: "utf8" });
    return { says: /^service:web (.*)$/m.exec(stdout)?.[1], took: (Date.now() - began) / 1000 };
  };
  const started = (pid: number | "$$") => `echo "web running 0 4 none always ${pid} /homelab-gpu-web-1"`;
  const fine = "running 0 0 none always homelab-gpu-web-1";
  const long = looked("10", started(1));
  assert.is(long.says, fine);
  assert.ok(long.took < 8, `${long.took} s`);

  const child = spawn("sleep", ["30"]);
  await once(child, "spawn");
  const young = looked("2", started(child.pid!));
  child.kill();
  assert.is(young.says, fine, "it fell over when it was started, and no more since");
  assert.ok(young.took > 4, `${young.took} s`);

  const again = looked("2", started("$$"));
  assert.is(again.says, fine.replace("0 0", "0 4"), "each look finds another process");
  assert.ok(again.took > 6, `${again.took} s`);

  const first = looked(
    "0",
    `cd ${shellWord(folder)}; [ ! -e n ] || n=1; touch n; echo "web running 0 \${n:-0} none always $$ /x"`,
  );
  assert.is(first.says, "running 0 1 none always x", "it fell over between two looks");
});

test("told of an NVIDIA card: the driver, the toolkit, and the GPUs in the containers that asked, without their serial numbers", ({ folder }) => {
  assert.equal(verify(folder, ["web", "late=1", "ml-worker=all"], { NVIDIA: "yes" }), [
    ...["homelab-gpu-verify 1", "expected:nvidia"],
    ...["modprobe-log:modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.12", "modules:"],
    ...["dkms:nvidia/580.95.05: added", "kernel-log:[ 3.4] NVRM: loading"],
    ...["smi:0", "smi-gpu:GPU 0: NVIDIA GeForce RTX 4070", "toolkit:1.18.1"],
    ...[...plain, "runtimes:io.containerd.runc.v2 nvidia runc ", "default-runtime:runc", ...services],
    ...["gpu-ml-worker:0", "gpu-found-ml-worker:GPU 0: NVIDIA GeForce RTX 4070", "end:yes", ""],
  ]);
});

test("told of a part of a card: dxgkrnl and the host's driver instead of NVIDIA's module", ({ folder }) => {
  assert.equal(verify(folder, ["ml-worker=1"], { NVIDIA: "yes", PART: "yes" }).slice(0, 12), [
    ...["homelab-gpu-verify 1", "expected:nvidia"],
    ...["modprobe-log:modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.12"],
    ...["dxg:no", "dxgkrnl-loaded:no", "dxgkrnl-built:no"],
    ...["smi:0", "smi-gpu:GPU 0: NVIDIA GeForce RTX 4070", "toolkit:1.18.1", "cdi:"],
    ...["engine:docker", "engine-state:running"],
  ]);
});

test.run();
