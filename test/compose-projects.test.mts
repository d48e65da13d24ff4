// What public Compose projects of desktops, robots, media servers and model servers showed: X11 sockets, `${HOME}` in the
// container, `.env` below the project's folder, many secrets, lines that consist of variables. What Compose says of them
// was run with 2.26.1 on 2026-11-27.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { commonFolders } from "../lib/checks/compose-folders.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose projects");
const hosts = { nvidia: "rtx4070-desktop-debian12", intel: "arc-b580-own-switch" } as const;
const ids = { nvidia: "10de", intel: "8086" } as const;

const request = (files: string[] | undefined) => ({
  ...{ name: "p", machine: "a", folder: "/lab/p", profiles: [] },
  ...(files ? { files } : {}),
});
const inFolder = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]));

/** Doctor's failures and warnings for a stack on a machine with a card of this vendor: `status PLACE message -> fix`. */
async function findings(
  files: Record<string, string>,
  vendor: keyof typeof hosts = "nvidia",
  first?: string,
  keys = "",
) {
  const host = savedHost(hosts[vendor]);
  const machine = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, " +
    `${keys}gpu: {vendor_id: "${ids[vendor]}"}}]`;
  const { shell } = fakeShell(inFolder(files));
  const project = await readProject(shell, request(first ? [first] : undefined), undefined);
  const resolved = { ...resolveConfig(parseConfig(machine), host), projects: [project] };
  return runChecks(host, resolved, ["services.compose", "services.gpu"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) =>
      `${status} ${evidence.map(({ read }) => read).join(",")} ${message} -> ${fix[0]?.title ?? ""}`
    );
}
const compose = (body: string) => ({ "compose.yaml": `services:\n  a:\n    image: x\n    gpus: all\n${body}` });

test("the desktop that a service uses is one warning, with DISPLAY", async () => {
  const found = await findings(compose(
    "    environment:\n      - DISPLAY=$DISPLAY\n    volumes:\n      - /tmp/.X11-unix:/tmp/.X11-unix\n" +
      "      - ~/.Xauthority:/root/.Xauthority\n",
  ));
  assert.equal(found, [
    "warn p/compose.yaml:8,p/compose.yaml:9,p/compose.yaml:6 p: a uses /tmp/.X11-unix, ~/.Xauthority and DISPLAY, which " +
    "belong to a desktop: a has none -> Remove them (or write DISPLAY= in the project's .env) if the service works " +
    "without a window; otherwise use an image that has its own desktop",
  ]);
  const alone = await findings(compose("    environment: {DISPLAY: '${DISPLAY}'}\n"));
  assert.match(alone.join("\n"), /^warn p\/compose\.yaml:5 p: the project uses DISPLAY, which belongs to a desktop/);
});

test("sockets of PulseAudio, Wayland and WSLg are of a desktop; an X server's own socket is not", async () => {
  for (const path of ["/run/user/1000/pulse", "/mnt/wslg", "/run/desktop/mnt/host/wslg", "/usr/lib/wsl"]) {
    const found = await findings(compose(`    volumes: ["${path}:/s"]\n`));
    assert.match(found.join("\n"), /^warn p\/compose\.yaml:5 p: a uses .*, which belongs to a desktop/, path);
  }
  // without DISPLAY, nothing looks for it; two services may share the socket of one of them
  assert.equal(await findings(compose('    volumes: ["/tmp/.X11-unix:/tmp/.X11-unix"]\n')), []);
  const mounts = '    environment: {DISPLAY: ":1"}\n    volumes: ["/tmp/.X11-unix:/tmp/.X11-unix"]\n';
  assert.is((await findings(compose(mounts))).length, 1);
  assert.equal(await findings(compose(`${mounts}  xorg:\n    image: y\n${mounts}`)), []);
  assert.equal(await findings(compose('    volumes: ["/run/dbus:/run/dbus", "/var/run/docker.sock:/d"]\n')), []);
});

test("files that every Debian has may be mounted", async () => {
  for (const path of ["/etc/protocols", "/etc/services", "/etc/nsswitch.conf", "/lib64", "/etc/security/limits.conf"]) {
    assert.equal(await findings(compose(`    volumes: ["${path}:${path}:ro"]\n`)), [], path);
  }
  assert.match((await findings(compose('    volumes: ["/etc/app.conf:/c"]\n')))[0]!, /^fail .*mounts \/etc\/app\.conf/);
});

test("${HOME} is an absolute path in the container, ~ is not", async () => {
  const found = await findings(compose('    volumes: ["./hf:${HOME}/.cache/hf:ro"]\n'));
  assert.equal(found, []);
  assert.match((await findings(compose('    volumes: ["./hf:~/.cache/hf"]\n')))[0]!, /^fail .*not an absolute path/);
  const home = await findings(compose('    volumes: ["${HOME}/.ollama:/o"]\n'));
  assert.match(home[0]!, /^warn p\/compose\.yaml:5 p: a mounts .*\/\.ollama, .* -> Move it into the project's folder/);
});

test("a line that consists of variables is found", async () => {
  const files = {
    ...compose("    volumes:\n      - $SESSIONS:$STATE/sessions\n      - $MODELS:$STATE/model:ro\n"),
    ".env": "MODELS=models/llama\nSTATE=/data\nSESSIONS=/srv/sessions\n",
  };
  const found = await findings(files);
  assert.match(found.join("\n"), /fail p\/compose\.yaml:7 p: a mounts models\/llama, .* -> Write \.\/models\/llama/);
  assert.match(found.join("\n"), /warn p\/compose\.yaml:6 p: a mounts \/srv\/sessions/);
});

test("what Compose says of an undefined volume and our advice are one finding", async () => {
  const files = { ...compose("    volumes:\n      - $MODELS:/models\n"), ".env": "MODELS=models/llama\n" };
  const err = 'service "a" refers to undefined volume models/llama: invalid compose project';
  const { shell } = fakeShell(inFolder(files), { "docker compose": { code: 15, err } });
  const host = savedHost(hosts.nvidia);
  const command = { command: ["docker", "compose"], version: "2.26.1" };
  const projects = [await readProject(shell, request(undefined), command)];
  const machine = "machines: [{name: a, box: lab/x, cpus: 4, memory: 4096}]";
  const found = runChecks(host, { ...resolveConfig(parseConfig(machine), host), projects }, ["services.compose"]);
  const fails = found.filter(({ status }) => status === "fail");
  assert.equal(fails.map(({ fix }) => fix[0]?.title), ["Write ./models/llama"]);
});

test("an undeclared volume or service that is like a declared one leads to that name", async () => {
  const service = "    volumes: [modls:/models]\n    depends_on: [redi]\n";
  const found = await findings(compose(`${service}  redis: {image: redis}\nvolumes: {models: }\n`));
  assert.match(found.join("\n"), /uses the volume modls.* -> Write models instead of modls, or add modls: to the top/);
  assert.match(found.join("\n"), /depends on redi,.* -> Write redis instead of redi, or add the service redi/);
});

test("with .env next to a Compose file below the folder, Compose is asked without --env-file", async () => {
  const files = { "docker/compose.yaml": "services: {a: {image: 'x:${TAG}'}}\n", "docker/.env": "TAG=1\n" };
  const namesEnv = async (more: Record<string, string>) => {
    const { shell, asked } = fakeShell(inFolder({ ...files, ...more }));
    await readProject(shell, request(["docker/compose.yaml"]), { command: ["docker", "compose"], version: "2.26.1" });
    return asked.some((one) => one.includes("--env-file"));
  };
  assert.is(await namesEnv({}), false);
  assert.is(await namesEnv({ ".env": "TAG=2\n" }), true);
});

test("the missing files of secrets are one finding; unknown options of a mount too", async () => {
  const secrets = ["s1", "s2"];
  const found = await findings({
    "compose.yaml":
      `services:\n  a: {image: x, gpus: all, secrets: [s1]}\n  b: {image: x, secrets: [s1, s2]}\nsecrets:\n` +
      secrets.map((one) => `  ${one}:\n    file: ./${one}.txt\n`).join(""),
    "s2.txt.example": "",
  });
  assert.equal(found, [
    "fail p/compose.yaml:6,p/compose.yaml:8 p: a and b need s1.txt and s2.txt, which do not exist -> Create s1.txt; Copy " +
    "s2.txt.example to s2.txt, and fill it in",
  ]);
  const [options = "", ...more] = await findings({
    "compose.yaml": "services: {a: {image: x, gpus: all, volumes: ['vol:/v:uid=1,gid=2']}}\nvolumes: {vol: }\n",
  });
  assert.equal(more, []);
  assert.match(
    options,
    /^warn .*: uid=1 and gid=2 are not mount options, .* -> Remove uid=1,gid=2; options of a volume/,
  );
});

test("a network that no service uses is not checked", async () => {
  const lan = "networks: {lan: {driver: macvlan, driver_opts: {parent: eth0}}}\n";
  assert.equal(await findings({ "compose.yaml": `services: {a: {image: x, gpus: all}}\n${lan}` }), []);
  const used = await findings({ "compose.yaml": `services: {a: {image: x, gpus: all, networks: [lan]}}\n${lan}` });
  assert.match(used[0]!, /^warn .*macvlan/);
});

test("many folders of the host are shared by the folders above them", async () => {
  const mounts = ["a", "b", "c", "d"].map((one) => `"/home/me/docker/${one}:/${one}"`).join(", ");
  assert.match(
    (await findings(compose(`    volumes: [${mounts}]\n`))).join("\n"),
    /Share their folders with a: folders: \[\{from: \/home\/me\/docker, to: \/home\/me\/docker\}\]/,
  );
  const of = (...paths: string[]) => commonFolders(paths);
  assert.equal(of("/home/me/docker/a/config", "/home/me/docker/b", "/home/me/data", "/home/me/data/tv"), [
    "/home/me/docker",
    "/home/me/data",
  ]);
  assert.equal(of("/mnt/a", "/mnt/b", "/mnt/media/tv/x", "/mnt/media/tv/y"), ["/mnt/a", "/mnt/b", "/mnt/media/tv"]);
});

test("a folder of .dockerignore to keep is named without the folders in it", async () => {
  const { shell } = fakeShell(inFolder({
    ...compose('    volumes: ["./data:/d", "./data/logs:/l"]\n'),
    "data/x": "",
    "data/logs/y": "",
  }));
  const host = savedHost(hosts.nvidia);
  const project = { ...await readProject(shell, request(undefined), undefined), copied: ["compose.yaml"] };
  const config = parseConfig("machines: [{name: a, box: lab/x, cpus: 4, memory: 4096, gpu: {vendor_id: 10de}}]");
  const found = runChecks(host, { ...resolveConfig(config, host), projects: [project] }, ["services.compose"]);
  const titles = found.flatMap(({ fix }) => fix.map(({ title }) => title));
  assert.ok(titles.includes("Write !data at the end of .dockerignore"), titles.join("\n"));
});

test("of stages with the word of a target, the one for the card is advised", async () => {
  const files = (stages: string) => ({
    "compose.yaml": "services: {a: {gpus: all, build: {context: ., target: default}}}\n",
    Dockerfile: stages.split(" ").map((one) => `FROM x AS ${one}\n`).join(""),
  });
  const fix = async (stages: string) => (await findings(files(stages)))[0]!.split(" -> ")[1];
  assert.is(await fix("base default-cpu default-nvidia default-rocm"), "Write target: default-nvidia");
  assert.is(await fix("base app"), "Write the name of one of them (target:), or remove target: to build the last one");
});

test("/dev/kfd for an Intel card is removed", async () => {
  const found = await findings(
    { "compose.yaml": "services:\n  a:\n    image: x\n    devices:\n      - /dev/kfd\n      - /dev/dri\n" },
    "intel",
  );
  assert.match(
    found.join("\n"),
    /^fail p\/compose\.yaml:5,p\/a: devices p\/a: .* -> Remove \/dev\/kfd, a device of AMD cards/,
  );
});

test("ports of a service in the network of another one are one finding", async () => {
  const text = (ports: string) =>
    "services:\n  vpn: {image: x, ports: ['80:80']}\n  a:\n    image: y\n    gpus: all\n    network_mode: service:vpn\n" +
    `    ports: ["${ports}"]\n`;
  assert.equal(await findings({ "compose.yaml": text("80:80") }), [
    "fail p/compose.yaml:7 p: a has network_mode: service:vpn and ports:, which Docker refuses together -> Remove ports:, " +
    "since vpn publishes them",
  ]);
  assert.match((await findings({ "compose.yaml": text("81:81") })).join(), /-> Write the ports in vpn$/);
});

test("a network of Docker's that network_mode names is not in a new VM", async () => {
  const of = (mode: string) => findings(compose(`    network_mode: ${mode}\n`));
  assert.match(
    (await of("br0")).join("\n"),
    /^fail p\/compose\.yaml:5 p: a has network_mode: br0, a network that a new VM/,
  );
  for (const mode of ["service-net", "containers", "ns1"]) assert.is((await of(mode)).length, 1, mode);
  for (const mode of ["host", "none", "bridge", "p_default"]) assert.equal(await of(mode), [], mode);
});

test("a missing file is known by the ending of a database, a model or a log", async () => {
  for (const name of ["app.db", "best.pt", "model.onnx", "data.sqlite3", "app.log"]) {
    const found = await findings(compose(`    volumes: ["./${name}:/app/${name}"]\n`));
    assert.match(found.join("\n"), /^fail .*which does not exist: Docker would create a folder/, name);
  }
  assert.equal(await findings(compose('    volumes: ["./conf.d:/etc/app/conf.d", "./v1.2:/data"]\n')), []);
});

test("the files of secrets of a build are needed", async () => {
  const found = await findings({
    "compose.yaml": "services: {a: {gpus: all, build: {context: ., secrets: [hf]}}}\nsecrets: {hf: {file: ./hf.txt}}\n",
    Dockerfile: "FROM x\n",
  });
  assert.match(found.join("\n"), /^fail .*a needs the secret hf from hf\.txt, which does not exist -> Create hf\.txt$/);
});

test("variables of a missing .env whose example is to be copied are not reported too", async () => {
  const files = (env: string) => ({
    "compose.yaml": "services: {a: {image: 'x:${TAG}', gpus: all, env_file: .env, environment: [KEY, MORE_TOKEN]}}\n",
    ".env.example": env,
  });
  const all = await findings(files("TAG=1\nKEY=2\nMORE_TOKEN=3\n"));
  assert.equal(all.map((one) => one.split(" -> ")[1]), ["Copy .env.example to .env, and fill it in"]);
  assert.match((await findings(files("TAG=1\nKEY=2\n"))).join("\n"), /warn .* MORE_TOKEN has no value/);
});

test("/dev/disk is in each VM, a disk of the host is not", async () => {
  assert.equal(await findings(compose('    volumes: ["/dev/disk/:/dev/disk:ro"]\n')), []);
  const disk = await findings(compose('    volumes: ["/dev/disk/by-id/ata-x:/d"]\n'));
  assert.match(disk.join("\n"), /^warn .*a disk or drive/);
});

test("folders in which a user cannot write are one finding", async () => {
  const found = await findings(compose("    user: '1000'\n    volumes: ['./in:/in', './out:/out']\n"));
  assert.is(found.length, 1, found.join("\n"));
  assert.match(
    found[0]!,
    /^warn p\/compose\.yaml:6 p: a mounts in and out, which Docker creates .* -> Create them for user/,
  );
});

test("a driver that no engine has is one finding, also without such a card", async () => {
  const found = await findings({
    "compose.yaml": "services:\n  rocm-a:\n    image: x\n    deploy:\n      resources:\n        reservations:\n" +
      "          devices:\n            - driver: rocm\n              count: all\n              capabilities: [gpu]\n",
  }, "intel");
  assert.is(found.length, 1, found.join("\n"));
  assert.match(found[0]!, /^fail p\/compose\.yaml:8,.*names the driver rocm/);
});

test("a GPU by UUID in NVIDIA_VISIBLE_DEVICES is written there", async () => {
  const { shell } = fakeShell(inFolder({
    "compose.yaml":
      "services: {a: {image: x, runtime: nvidia, environment: {NVIDIA_VISIBLE_DEVICES: GPU-1234-5678}}}\n",
  }));
  const host = savedHost(hosts.nvidia);
  const projects = [await readProject(shell, request(undefined), undefined)];
  const config = parseConfig("machines: [{name: a, box: lab/x, cpus: 4, memory: 4096, gpu: {vendor_id: 10de}}]");
  const found = runChecks(host, { ...resolveConfig(config, host), projects }, ["services.gpu"]);
  const titles = found.flatMap(({ fix }) => fix.map(({ title }) => title));
  assert.ok(titles.some((one) => one.startsWith("Write NVIDIA_VISIBLE_DEVICES=0")), titles.join("\n"));
});

test("what Compose says of a misspelt key has our advice", async () => {
  const files = compose("    deploy:\n      resources:\n        reservation: {}\n    enviroment: [A=1]\n");
  const err =
    "validating /lab/p/compose.yaml: services.a.deploy.resources Additional property reservation is not allowed";
  const { shell } = fakeShell(inFolder(files), { "docker compose": { code: 15, err } });
  const command = { command: ["docker", "compose"], version: "2.26.1" };
  const { refusals } = await readProject(shell, request(undefined), command);
  assert.equal(refusals.map(({ line, mend }) => [line, mend]), [[7, "Write reservations"], [8, "Write environment"]]);
});

test("containers, log plugins, profiles and storage of another Docker fail", async () => {
  const of = (keys: string) => findings(compose(keys.split("\n").map((one) => `    ${one}\n`).join("")));
  for (
    const [keys, is] of [
      [
        "network_mode: container:gluetun",
        /:5 p: a names the container gluetun \(network_mode\), .* -> Write service:NAME/,
      ],
      ["volumes_from: ['container:data:ro']", /:5 p: a names the container data \(volumes_from\)/],
      ["external_links: ['db:pg']", /:5 p: a names the container db \(external_links\)/],
      ["logging:\n  driver: loki", /:6 p: a logs with the driver loki, a plugin/],
      ["storage_opt: {size: 50G}", /:5 p: a limits its storage .* -> Remove storage_opt$/],
      ["security_opt: ['apparmor=my-gpu']", /:5 p: a uses the AppArmor profile my-gpu/],
      ["security_opt: ['seccomp:./s.json']", /:5 p: a needs the seccomp profile s\.json, which does not exist/],
    ] as const
  ) {
    const found = await of(keys);
    assert.is(found.length, 1, found.join("\n"));
    assert.match(found[0]!, /^fail p\/compose\.yaml/);
    assert.match(found[0]!, is);
  }
  for (
    const keys of [
      "logging: {driver: journald}",
      "security_opt: [apparmor:unconfined, seccomp=unconfined, label=disable]",
      "pid: host",
    ]
  ) assert.equal(await of(keys), [], keys);
  const sidecar = "    network_mode: container:vpn\n  v: {image: y, container_name: vpn}\n";
  assert.equal(await findings(compose(sidecar)), []);
});

test("IPv6 without a subnet needs Docker 27", async () => {
  const text = (more: string) =>
    `services: {a: {image: x, gpus: all, networks: [n]}}\nnetworks:\n  n:\n    enable_ipv6: true\n${more}`;
  assert.match((await findings({ "compose.yaml": text("") })).join("\n"), /^fail p\/compose\.yaml:4 .*Docker 26\.1\.5/);
  assert.equal(await findings({ "compose.yaml": text("    ipam: {config: [{subnet: 'fd00:1::/64'}]}\n") }), []);
  assert.equal(await findings({ "compose.yaml": text("    ipam: {driver: my/plugin}\n") }), []);
  assert.equal(await findings({ "compose.yaml": text("").replace("true", "false") }), []);
  for (const on of ["'${V6:-true}'", "'yes'"]) {
    assert.is((await findings({ "compose.yaml": text("").replace("true", on) })).length, 1, on);
  }
  // each network at its line, with a subnet of its own
  const two = await findings({
    "compose.yaml": text("    ipam: {config: [{subnet: 172.30.0.0/16}]}\n  m:\n    enable_ipv6: true\n")
      .replace("[n]", "[n, m]"),
  });
  assert.match(two[0]!, /^fail p\/compose\.yaml:4 .* -> Add \{subnet: "fd00:1::\/64"\} to ipam: config: of n, or/);
  assert.match(two[1]!, /^fail p\/compose\.yaml:7 .* -> Add \{subnet: "fd00:2::\/64"\} to ipam: config: of m, or/);
  // a script of the user's may name a pool in daemon.json
  const script = await findings({ "compose.yaml": text("") }, "nvidia", undefined, "provision: [./pools.sh], ");
  assert.match(script.join("\n"), /^warn p\/compose\.yaml:4 /);
});

test("an image that the project builds may have any name", async () => {
  const of = (more: string) =>
    findings({
      "compose.yaml": `services:\n  a:\n    image: x/y:cu124\n    gpus: all\n${more}`,
      Dockerfile: "FROM x\n",
    }, "intel");
  const uses = (found: string[]) => found.filter((line) => line.includes("uses only NVIDIA GPUs")).length;
  assert.equal([uses(await of("")), uses(await of("    build: .\n"))], [1, 0]);
});

test("a render node beyond the machine's cards fails", async () => {
  const of = (node: string, keys = "") => {
    const files = { "compose.yaml": `services:\n  a:\n    image: x\n    devices:\n      - ${node}\n` };
    return findings(files, "intel", undefined, keys);
  };
  const found = await of("/dev/dri/renderD129");
  assert.match(
    found.join("\n"),
    /^fail p\/compose\.yaml:5.* has only \/dev\/dri\/renderD128 -> Write \/dev\/dri\/renderD128$/,
  );
  assert.equal(await of("/dev/dri/renderD128"), []);
  const display = 'libvirt: "l.video_type = :virtio", ';
  assert.equal(await of("/dev/dri/renderD129", display), [], "the user's own display may have the first node");
});

test("runtime: nvidia without NVIDIA_VISIBLE_DEVICES is a warning for images that do not set it", async () => {
  const of = (image: string, more = "") =>
    findings({ "compose.yaml": `services:\n  a:\n    image: ${image}\n    runtime: nvidia\n${more}` });
  const found = await of("lscr.io/linuxserver/plex:latest");
  assert.match(found.join("\n"), /^warn p\/compose\.yaml:4 .* -> Add NVIDIA_VISIBLE_DEVICES=all/);
  assert.equal(await of("plexinc/pms-docker", "    environment: {NVIDIA_VISIBLE_DEVICES: all}\n"), []);
  assert.equal(await of("ghcr.io/haveagitgat/tdarr:2.37.01"), []);
  const file = { "gpu.env": "NVIDIA_VISIBLE_DEVICES=all\n", Dockerfile: "FROM x\n" };
  const built = "services:\n  a:\n    image: plexinc/pms-docker\n    runtime: nvidia\n    build: .\n";
  assert.equal(await findings({ "compose.yaml": built, ...file }), []);
  const text = "services:\n  a:\n    image: plexinc/pms-docker\n    runtime: nvidia\n    env_file: [gpu.env]\n";
  assert.equal(await findings({ "compose.yaml": text, ...file }), []);
});

test("models: without its plugin, generic_resources, and a GPU that is taken away are at most one finding", async () => {
  const models = await findings({
    "compose.yaml": "services: {a: {image: x, gpus: all, models: [m]}}\nmodels: {m: {model: ai/x}}\n",
  });
  assert.is(models.length, 1, models.join("\n"));
  const generic = await findings({
    "compose.yaml": "services:\n  a:\n    image: vllm/vllm-openai:v0.8.5\n    deploy: {resources: {reservations: " +
      "{generic_resources: [{discrete_resource_spec: {kind: GPU, value: 1}}]}}}\n",
  });
  assert.is(generic.length, 1, generic.join("\n"));
  const reset = await findings({
    "compose.yaml": "services: {a: {image: 'ollama/ollama:0.6.5', gpus: all}}\n",
    "compose.override.yaml": "services:\n  a:\n    gpus: !reset null\n",
  });
  assert.equal(reset, []);
});

test("variables of the terminal are not reported; CUDA of the host is not in the VM", async () => {
  assert.equal(await findings(compose("    environment: {TERM: '${TERM}', LANG: '${LANG}'}\n")), []);
  const cuda = await findings(compose('    volumes: ["/usr/local/cuda-12.0:/usr/local/cuda"]\n'));
  assert.match(cuda.join("\n"), /^(warn|fail) p\/compose\.yaml:5 p: a mounts \/usr\/local\/cuda-12\.0/);
  assert.equal(await findings(compose('    volumes: ["/usr/share/zoneinfo:/z:ro", "/usr/local:/l:ro"]\n')), []);
});

test("variables of services that no profile starts are not reported", async () => {
  const text = (more: string) =>
    "services:\n  a:\n    image: x\n    gpus: all\n  b:\n    image: y\n    profiles: [rocm]\n    environment:\n" +
    `      - GROUP=\${RENDER_GROUP_ID}\n${more}`;
  assert.equal(await findings({ "compose.yaml": text("") }), []);
  const used = await findings({ "compose.yaml": text("  c: {image: z, user: '${RENDER_GROUP_ID}:1'}\n") });
  assert.match(used.join("\n"), /RENDER_GROUP_ID (has|have) no value/);
  // an enabled service has what follows the anchor too
  const anchor =
    "services:\n  b: &b\n    image: y\n    profiles: [rocm]\n    environment:\n      - GROUP=${GROUP_ID}\n" +
    "  a:\n    <<: *b\n    profiles: []\n    gpus: all\n";
  assert.match((await findings({ "compose.yaml": anchor })).join("\n"), /GROUP_ID has no value/);
});

test("an env file above the folder leads to the parent folder, as a mount does", async () => {
  const found = await findings(compose("    env_file: ../.env\n"));
  assert.match(
    found.join("\n"),
    /-> Create \.\.\/\.env\. Set the stack's path to \/lab, and add env: \{COMPOSE_FILE: "p\/compose\.yaml"\}$/,
  );
  assert.match(
    (await findings(compose("    env_file: /etc/app.env\n"))).join("\n"),
    /-> Copy it into the project's folder/,
  );
});

test("on a machine without an NVIDIA card, NVIDIA's variables are no fault, and privileged has the card's nodes", async () => {
  const text = "services:\n  a:\n    image: x\n    privileged: true\n    environment: {NVIDIA_VISIBLE_DEVICES: all}\n";
  const other = "services:\n  a:\n    image: x\n    devices: [/dev/dri]\n";
  assert.equal(await findings({ "compose.yaml": text, "compose.intel.yaml": other }, "intel"), []);
  const nvidia = await findings({ "compose.yaml": text });
  assert.match(nvidia.join("\n"), /NVIDIA_VISIBLE_DEVICES alone gives no GPU/);
});

test("the line of a mount with ~ as a default is that of the mount, not of its service", async () => {
  const files = compose("    volumes:\n      - ${HF_HOME:-~/.cache/hf}:/hf\n");
  const found = await findings(files);
  assert.match(found.join("\n"), /^warn p\/compose\.yaml:6 p: a mounts /);
});

test("a name of the environment that consists of variables has its line; many variables are set together", async () => {
  const found = await findings(compose("    environment:\n      - A=1\n      - HTTPS${HTTPS:-false}\n"));
  assert.match(found.join("\n"), /^warn p\/compose\.yaml:7 p: HTTPSfalse has no value/);
  const names = Array.from({ length: 9 }, (_, i) => `N${i}: "\${N${i}}"`).join(", ");
  assert.match(
    (await findings(compose(`    environment: {${names}}\n`))).join("\n"),
    / -> Set them in the project's \.env$/,
  );
});

test("the line of a mount is that of its source, not one that has a part of its target", async () => {
  const text = "services:\n  a:\n    image: x/models:1\n    gpus: all\n    volumes:\n      - ${M:-~/m}:/models\n";
  assert.match((await findings({ "compose.yaml": text })).join("\n"), /^warn p\/compose\.yaml:6 p: a mounts/);
});

test.run();
