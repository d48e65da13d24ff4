// verify-guest.sh with stand-ins for the programs of a guest with a card: its calls, and its output
// for their answers.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
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
    "inspect "*) printf '%s\\n' "homelab-gpu/web running 0 0 none always 1 /homelab-gpu-web-1" "homelab-gpu/late created 128 0 none no 0 /homelab-gpu-late-1" \\
      "homelab-gpu/ml-worker running 0 0 none always 1 /homelab-gpu-ml-worker-1" ;;
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
  // programs of the test machine itself
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

test("without NVIDIA in the request, nothing of it is read, and no count is part of a name", ({ folder }) => {
  const all = ["homelab-gpu-verify 1", ...plain, ...services, "end:yes", ""];
  assert.equal(verify(folder, ["web", "ml-worker"]), all);
  assert.equal(verify(folder, ["web", "ml-worker=1"]), all);
});

/**
 * Answers of Podman 4.3.1 (Debian 12, run on 2026-11-27): its inspect has no DeviceRequests, and the address of a port
 * on all addresses is empty. CDI names are only in the command that created the container.
 */
const podman = (command: string) =>
  `case "$1 $3" in
    "info {{.Version.Version}}") echo 4.3.1 ;;
    "ps --filter") echo 1 ;;
    "inspect "*DeviceRequests*) echo "can't evaluate field DeviceRequests" >&2; exit 125 ;;
    "inspect "*CreateCommand*) printf '%s\\n' '[] ["/usr/bin/podman","create",${command},"x"]' ;;
    "inspect "*NetworkSettings*)
      printf '%s\\n' ' 53 53/udp' ' 8080 80/tcp' '127.0.0.1 9000 90/tcp' '::1 9001 91/tcp' ;;
    "inspect {{.State.Pid}}") echo 1 ;;
    *State.Error*) ;;
    "inspect "*) printf '%s\\n' "st/ml running 0 0 none no 1 st_ml_1" "another/ml running 0 0 none no 1 another_ml_1" ;;
    "exec nvidia-smi") echo "Error: crun: executable file \\\`nvidia-smi\\\` not found in \\$PATH" >&2; exit 127 ;;
  esac`;

test("Podman: a container asks for the GPUs that its command names; ports without an address count", ({ folder }) => {
  mkdirSync(join(folder, "projects/st"), { recursive: true });
  writeFileSync(join(folder, "projects/st/services"), "ml\n");
  const of = (command: string) => {
    const env = {
      ...standIns(folder, { ...programs, podman: podman(command) }),
      ENGINE: "podman",
      NVIDIA: "yes",
      STACKS_ROOT: folder,
    };
    const { stdout, stderr } = spawnSync("sh", [`${root}/scripts/verify-guest.sh`, "0", "st/"], {
      env,
      encoding: "utf8",
    });
    assert.is(stderr, "");
    return stdout.split("\n").filter((line) => /^(gpu-|port:|service:)/.test(line));
  };
  const ports = ["port:st/ml  53 53/udp", "port:st/ml  8080 80/tcp", "port:st/ml 127.0.0.1 9000 90/tcp"];
  const before = ["service:st/ml running 0 0 none no st_ml_1", ...ports, "port:st/ml ::1 9001 91/tcp"];
  const after = ["gpu-st/ml:127", "gpu-log-st/ml:Error: crun: executable file `nvidia-smi` not found in $PATH"];
  assert.equal(of('"--device","nvidia.com/gpu=all"'), [...before, "gpu-asked-st/ml:all", ...after]);
  const two = '"--device","nvidia.com/gpu=0","--device","nvidia.com/gpu=1"';
  assert.equal(of(two), [...before, "gpu-asked-st/ml:2", ...after]);
  assert.equal(of('"-e","A=\\"nvidia.com/gpu=5\\""'), before, "the value of a variable is no device");
});

test("AMD: reads its render node, and the nodes that a container has and can open", ({ folder }) => {
  const put = (path: string, text = "") => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  put("sys/devices/0000:05:00.0/drm/renderD128/dev");
  put("sys/class/drm/version");
  symlinkSync("../../devices/0000:05:00.0/drm/renderD128", join(folder, "sys/class/drm/renderD128"));
  symlinkSync("../..", join(folder, "sys/devices/0000:05:00.0/drm/renderD128/device"));
  put("dev/kfd");
  put("proc/7/root/dev/kfd");
  put("proc/7/root/dev/dri/renderD128");
  const docker = (exec: string) =>
    `case "$1 $3" in
    "version {{.Server.Version}}") echo 26.1.5 ;;
    "ps --filter") echo 1 ;;
    *State.Error*) ;;
    "inspect {{.State.Pid}}") echo 7 ;;
    "inspect {{json .HostConfig.Devices}}")
      echo '[{"PathOnHost":"/dev/kfd","PathInContainer":"/dev/kfd"},{"PathOnHost":"/dev/dri","PathInContainer":"/dev/dri"}]' ;;
    "inspect "*) echo "homelab-gpu/web running 0 0 none always 7 /homelab-gpu-web-1" ;;
    "exec sh") ${exec} ;;
  esac`;
  const facts = (exec: string) => {
    const env = standIns(folder, {
      ...programs,
      docker: docker(exec),
      dmesg: "echo '[ 1.0] amdgpu 0000:05:00.0: fine'",
    });
    const { stdout, stderr } = spawnSync("sh", [`${root}/scripts/verify-guest.sh`, "0", "web"], {
      env: {
        ...{ ...env, GRAPHICS: "amd", SYS: join(folder, "sys"), DEV: join(folder, "dev"), PROC: join(folder, "proc") },
      },
      encoding: "utf8",
    });
    assert.is(stderr, "");
    return stdout.split("\n").filter((line) => /^(graphics|render|kfd)/.test(line));
  };
  const seen = [
    "graphics:amd",
    "graphics-log:[ 1.0] amdgpu 0000:05:00.0: fine",
    "render:0000:05:00.0 renderD128",
    "kfd:yes",
    "graphics-asked-web:/dev/dri /dev/kfd",
    "graphics-nodes-web:kfd dri/renderD128",
  ];
  assert.equal(facts("exit 0"), [...seen, "graphics-open-web:0"]);
  assert.equal(facts("echo denied; exit 1"), [...seen, "graphics-open-web:1", "graphics-log-web:denied"]);
});

/**
 * Watches services with a test clock, which advances only while the script sleeps. `inspect` is
 * shell code that prints docker's answer about the service: $NOW is the time in seconds since the
 * start, $LOOK the number of the query. `began`: the second in which a process started, by process
 * id.
 */
function watched(folder: string, patience: number, inspect: string, began: Record<number, number> = {}) {
  const boot = 100_000;
  const proc = join(folder, "proc");
  rmSync(proc, { recursive: true, force: true });
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(proc, path)), { recursive: true });
    writeFileSync(join(proc, path), text);
  };
  put("uptime", `${boot}.00 0.00\n`);
  put("looks", "");
  for (const [id, second] of Object.entries(began)) {
    put(`${id}/stat`, `${id} (a) b) ${["S", ...Array(18).fill("0"), (boot + second) * 100].join(" ")} 0\n`);
  }
  const now = `NOW=$(($(cut -d . -f 1 '${proc}/uptime') - ${boot}))`;
  const env = standIns(folder, {
    date: `echo $(cut -d . -f 1 '${proc}/uptime')`,
    sleep:
      `echo $(($(cut -d . -f 1 '${proc}/uptime') + $1)).00 0.00 >'${proc}/uptime.new'; mv '${proc}/uptime.new' '${proc}/uptime'`,
    docker: `${now}
case "$1" in
  ps) echo 1 ;;
  inspect) case "$*" in *State.Error*) exit ;; esac; echo x >>'${proc}/looks'; LOOK=$(wc -l <'${proc}/looks'); ${inspect} ;;
esac`,
  });
  const { stdout } = spawnSync("sh", [`${root}/scripts/verify-guest.sh`, String(patience), "web"], {
    env: { ...env, PROC: proc },
    encoding: "utf8",
  });
  const [uptime] = readFileSync(join(proc, "uptime"), "utf8").split(".");
  return { says: /^service:web (.*)$/m.exec(stdout)?.[1], seconds: Number(uptime) - boot };
}

test("waits for services that may still start, and not for one that ended", ({ folder }) => {
  const seconds = (state: string) => {
    const { says, seconds } = watched(folder, 20, `echo "homelab-gpu/web ${state} 0 /homelab-gpu-web-1"`);
    assert.is(says, `${state} homelab-gpu-web-1`);
    return seconds;
  };
  assert.ok(seconds("exited 3 0 none no") < 10, "nobody starts it again");
  assert.ok(seconds("exited 0 0 none on-failure") < 10, "it ran to its end");
  assert.ok(seconds("exited 3 0 none on-failure") >= 20, "Docker does");
  assert.ok(seconds("exited 3 0 none always") >= 20, "Docker does");
});

test("accepts a service that starts while it waits, and then stops waiting", ({ folder }) => {
  const { says, seconds } = watched(
    folder,
    20,
    `[ "$NOW" -ge 10 ] && state=running || state=created; echo "homelab-gpu/web $state 0 0 none no 0 /homelab-gpu-web-1"`,
  );
  assert.is(says, "running 0 0 none no homelab-gpu-web-1");
  assert.ok(seconds >= 10 && seconds < 18, `${seconds} s`);
});

test("waits for every container of a service", ({ folder }) => {
  const { seconds } = watched(
    folder,
    20,
    `echo "homelab-gpu/web running 0 0 none no 0 /homelab-gpu-web-1"
    [ "$NOW" -ge 10 ] && state=running || state=created; echo "homelab-gpu/web $state 0 0 none no 0 /homelab-gpu-web-2"`,
  );
  assert.ok(seconds >= 10 && seconds < 18, `${seconds} s`);
});

const restarted = (pid: number | "$LOOK") => `echo "homelab-gpu/web running 0 4 none always ${pid} /homelab-gpu-web-1"`;
/** A different process for each query, which has just started. */
const young = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [i + 1, 2 * i]));
const fine = "running 0 0 none always homelab-gpu-web-1";

test("an old restart does not count once the service has run for long enough", ({ folder }) => {
  const { says, seconds } = watched(folder, 20, restarted(7), { 7: -1000 });
  assert.is(says, fine);
  assert.ok(seconds < 10, `${seconds} s`);
});

test("waits until a service has run for long enough after a restart", ({ folder }) => {
  const { says, seconds } = watched(folder, 20, restarted(7), { 7: 0 });
  assert.is(says, fine, "it fell over when it was started, and no more since");
  assert.ok(seconds > 20 && seconds < 30, `${seconds} s`);
});

test("a service that fails again and again is found", ({ folder }) => {
  const { says, seconds } = watched(folder, 20, restarted("$LOOK"), young);
  assert.is(says, fine.replace("0 0", "0 4"), "each look finds another process");
  assert.ok(seconds >= 40, `${seconds} s: as long again`);
});

test("a service that fails between two reads is found", ({ folder }) => {
  const { says } = watched(
    folder,
    0,
    '[ "$LOOK" = 1 ] && n=0 || n=1; echo "homelab-gpu/web running 0 $n none always $LOOK /x"',
    young,
  );
  assert.is(says, "running 0 1 none always x");
});

test("NVIDIA: reads the driver, the toolkit and the GPUs in containers, without serial numbers", ({ folder }) => {
  assert.equal(verify(folder, ["web", "late=1", "ml-worker=all"], { NVIDIA: "yes" }), [
    ...["homelab-gpu-verify 1", "expected:nvidia"],
    ...["modprobe-log:modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.12", "modules:"],
    ...["dkms:nvidia/580.95.05: added", "kernel-log:[ 3.4] NVRM: loading"],
    ...["smi:0", "smi-gpu:GPU 0: NVIDIA GeForce RTX 4070", "toolkit:1.18.1"],
    ...[...plain, "runtimes:io.containerd.runc.v2 nvidia runc ", "default-runtime:runc", ...services],
    ...["gpu-ml-worker:0", "gpu-found-ml-worker:GPU 0: NVIDIA GeForce RTX 4070", "end:yes", ""],
  ]);
});

test("a partition: reads dxgkrnl and the host's driver instead of NVIDIA's module", ({ folder }) => {
  assert.equal(verify(folder, ["ml-worker=1"], { NVIDIA: "yes", PART: "yes" }).slice(0, 12), [
    ...["homelab-gpu-verify 1", "expected:nvidia"],
    ...["modprobe-log:modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.12"],
    ...["dxg:no", "dxgkrnl-loaded:no", "dxgkrnl-built:no"],
    ...["smi:0", "smi-gpu:GPU 0: NVIDIA GeForce RTX 4070", "toolkit:1.18.1", "cdi:"],
    ...["engine:docker", "engine-state:running"],
  ]);
});

test("reads the GPU of each running container; the second one's lines have SERVICE#2", ({ folder }) => {
  const line = (state: string, n: number) => `"homelab-gpu/web ${state} 0 0 none always 1 /web-${n}"`;
  const docker = `case "$1 $3" in
    "version {{.Server.Version}}") echo 26.1.5 ;;
    "info "*) echo nvidia ;;
    "ps --filter") echo 1 2 3 ;;
    "inspect "*State.Error*) ;;
    "inspect "*) printf '%s\\n' ${line("running", 1)} ${line("exited", 2)} ${line("running", 3)} ;;
    "exec nvidia-smi") [ "$2" = web-1 ] && exec nvidia-smi -L; echo 'No devices were found'; exit 6 ;;
  esac`;
  const { stdout } = spawnSync("sh", [`${root}/scripts/verify-guest.sh`, "0", "web=1"], {
    env: { ...standIns(folder, { ...programs, docker }), NVIDIA: "yes" },
    encoding: "utf8",
  });
  assert.equal(stdout.split("\n").filter((one) => one.startsWith("gpu-")), [
    ...["gpu-web:0", "gpu-found-web:GPU 0: NVIDIA GeForce RTX 4070"],
    ...["gpu-web#2:6", "gpu-log-web#2:No devices were found"],
  ]);
});

test("reads the nodes of a card in each running container", ({ folder }) => {
  for (const id of [41, 43]) mkdirSync(join(folder, `proc/${id}/root/dev/dri`), { recursive: true });
  writeFileSync(join(folder, "proc/41/root/dev/dri/renderD128"), "");
  const line = (n: number) => `"homelab-gpu/web running 0 0 none always 1 /web-${n}"`;
  const docker = `case "$1 $3" in
    "version {{.Server.Version}}") echo 26.1.5 ;;
    "ps --filter") echo 1 3 ;;
    "inspect {{.State.Pid}}") echo "4\${4#web-}" ;;
    "inspect {{json .HostConfig.Devices}}") [ "$4" != web-1 ] || echo '[{"PathOnHost":"/dev/dri"}]' ;;
    "inspect "*State.Error*) ;;
    "inspect "*) printf '%s\\n' ${line(1)} ${line(3)} ;;
    "exec sh") exit 0 ;;
  esac`;
  const { stdout } = spawnSync("sh", [`${root}/scripts/verify-guest.sh`, "0", "web=web"], {
    env: { ...standIns(folder, { ...programs, docker }), GRAPHICS: "amd", PROC: join(folder, "proc") },
    encoding: "utf8",
  });
  assert.equal(stdout.split("\n").filter((one) => one.startsWith("graphics-")), [
    ...[
      "graphics-asked-web:/dev/dri",
      "graphics-nodes-web:dri/renderD128",
      "graphics-open-web:0",
      "graphics-nodes-web#2:",
    ],
  ]);
});

test.run();
