// Users' Compose projects before anything boots: the calls of the host's Compose, the built-in
// reader, and the verdicts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { runChecks } from "../lib/checks/index.mts";
import { renderGpuRequests } from "../lib/compose/gpu-render.mts";
import { gpuRequestsOf } from "../lib/compose/gpu-requests.mts";
import { overrideFor, rewrittenFiles } from "../lib/compose/override.mts";
import { findCompose } from "../lib/compose/host-compose.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { mebibytes, mountsOf, publishedPorts } from "../lib/compose/service.mts";
import type { ComposeProject, GuestEngine, ProjectRequest } from "../lib/compose/types.mts";
import { dotEnv, interpolate } from "../lib/compose/variables.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { homeDir } from "../lib/text.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("projects");
const host = savedHost("vm-without-gpu");

/** A project read from files in memory, without a Compose on the host. */
function read(files: Record<string, string>, more: Partial<ProjectRequest> = {}): Promise<ComposeProject> {
  const disk = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path.startsWith("/") ? path : `/p/${path}`, text]),
  );
  return readProject(
    fakeShell(disk).shell,
    { name: "p", machine: "a", folder: "/p", profiles: [], ...more },
    undefined,
  );
}

function judged(
  projects: ComposeProject[],
  config = "machines: [{name: a, box: lab/x, cpus: 4, memory: 4096}]",
  ...ids: string[]
) {
  const resolved = { ...resolveConfig(parseConfig(config), host), projects };
  return runChecks(host, resolved, ids.length > 0 ? ids : ["services.compose"]);
}

/** The flaws of one Compose file, as `status message`. */
async function flaws(text: string, files: Record<string, string> = {}, more: Partial<ProjectRequest> = {}) {
  const found = judged([await read({ "compose.yaml": text, ...files }, more)]);
  return found.filter(({ status }) => status === "fail" || status === "warn").map(({ status, message }) =>
    `${status} ${message}`
  );
}
/** Asserts that one Compose file gets one finding with that status and text. */
async function has(
  status: string,
  about: RegExp,
  text: string,
  files: Record<string, string> = {},
  more: Partial<ProjectRequest> = {},
) {
  const found = await flaws(text, files, more);
  assert.is(found.length, 1, `${text}\n${found.join("\n")}`);
  assert.match(found[0]!, new RegExp(`^${status} `));
  assert.match(found[0]!, about);
}
const service = (keys: string) => `services:\n  web:\n    image: nginx\n    ${keys}\n`;

test("without Compose on the host the result is unknown, with the command that installs it", async () => {
  const [finding] = judged([await read({ "compose.yaml": service("restart: always") })]);
  assert.equal([finding!.check, finding!.status, finding!.machine], ["services.compose", "unknown", "a"]);
  assert.match(finding!.fix[0]!.title, /Install Compose|docs\.docker\.com/);
});

test("Compose 1 is not used", async () => {
  const old = fakeShell({}, { "docker compose": { code: 1 }, "docker-compose version": { out: "1.29.2\n" } });
  assert.is(await findCompose(old.shell), undefined);
  const plugin = fakeShell({}, { "docker compose version": { out: "2.40.3\n" } });
  assert.equal(await findCompose(plugin.shell), { command: ["docker", "compose"], version: "2.40.3" });
});

test("a refusal of Compose is a failure with file and line", async () => {
  const text = "services:\n  web:\n    image: x\n    imagee: y\n";
  const { shell } = fakeShell({ "/p/compose.yaml": text }, {
    "docker compose": {
      code: 15,
      err: "validating /p/compose.yaml: services.web Additional property imagee is not allowed",
    },
  });
  const compose = { command: ["docker", "compose"], version: "2.26.1" };
  const request = { name: "p", machine: "a", folder: "/p", profiles: [] };
  const [finding, ...more] = judged([await readProject(shell, request, compose)]);
  assert.equal([finding!.status, finding!.evidence[0]!.read, more.length], ["fail", "p/compose.yaml:4", 0]);
});

test("Compose's output is the model with disabled profiles; its warnings are unset variables", async () => {
  const text = 'services:\n  web: {image: x, environment: {PW: "${DB_PASSWORD}"}}\n  db: {image: y, profiles: [db]}\n';
  const web = { image: "x", environment: { PW: "" } };
  const { shell, asked } = fakeShell({ "/p/compose.yaml": text }, {
    "docker compose -p p -f /p/compose.yaml --profile *": {
      out: JSON.stringify({ services: { web, db: { image: "y", profiles: ["db"] } } }),
    },
    "docker compose": {
      out: JSON.stringify({ services: { web } }),
      err: 'time="x" level=warning msg="The \\"DB_PASSWORD\\" variable is not set. Defaulting to a blank string."',
    },
  });
  const request = { name: "p", machine: "a", folder: "/p", profiles: [] };
  const project = await readProject(shell, request, { command: ["docker", "compose"], version: "2.26.1" });
  assert.equal([Object.keys(project.model!.services), project.enabled], [["web", "db"], ["web"]]);
  assert.ok(asked.every((words) => !/ up| pull| create/.test(words)));
  const found = judged([project]);
  assert.equal(found.map(({ status }) => status), ["warn", "pass"]);
  assert.is(found[0]!.evidence[0]!.read, "p/compose.yaml:2");
});

test("ports and container names are unique in a VM, across projects and inline services", async () => {
  const ports = (written: string) => service(`ports: [${written}]`);
  await has(
    "fail",
    /p\/a and p\/b both use port (127\.0\.0\.1:)?8080\/tcp/,
    'services: {a: {image: x, ports: ["8080:80"]}, b: {image: x, ports: ["127.0.0.1:8080:81"]}}',
  );
  assert.equal(await flaws('services: {a: {image: x, ports: ["53:53/udp"]}, b: {image: x, ports: ["53:53/tcp"]}}'), []);
  const own = '"82:82", ';
  assert.equal(
    await flaws(
      `services: {a: {image: x, ports: [${own}"127.0.0.1:80:80"]}, b: {image: x, ports: ["127.0.0.2:80:80"]}}`,
    ),
    [],
  );
  assert.equal(await flaws('services: {a: {image: x, ports: ["80"]}, b: {image: x, ports: ["80"]}}'), []);
  assert.equal(
    await flaws('services: {a: {image: x, ports: ["80:80"]}, b: {image: x, profiles: [z], ports: ["80:80"]}}'),
    [],
  );
  const one = await read({ "compose.yaml": ports('"8000-8010:8000-8010"') });
  const two = { ...await read({ "compose.yaml": ports("{published: 8005, target: 1}") }), name: "q" };
  assert.is(judged([one, two]).filter(({ status }) => status === "fail").length, 1);
  const config = 'machines: [{name: a, box: lab/x}]\nservices: {s: {image: x, ports: ["8005:1"], container_name: web}}';
  assert.is(judged([one], config).filter(({ status }) => status === "fail").length, 1);
  await has(
    "fail",
    /container name one/,
    "services: {a: {image: x, container_name: one}, b: {image: x, container_name: one}}",
  );
});

test("limits beyond the VM: CPUs fail, memory warns", async () => {
  await has("fail", /8 CPUs, but a has 4/, service("cpus: 8"));
  await has("fail", /8 CPUs/, service('deploy: {resources: {limits: {cpus: "8"}}}'));
  await has("warn", /16384 MiB, but a has 4096/, service("mem_limit: 16g"));
  await has("warn", /shared memory/, service("shm_size: 8gb"));
  assert.equal(
    await flaws(service('{cpus: "4", mem_limit: 4g, shm_size: 1gb}'.slice(1, -1).replaceAll(", ", "\n    "))),
    [],
  );
});

test("the source of a bind mount is in the project, in the VM, or missing", async () => {
  const mount = (written: string) => service(`volumes: ["${written}"]`);
  assert.equal(await flaws(mount("./data:/data")), [], "Docker creates an empty folder for data");
  assert.equal(await flaws(mount("/var/run/docker.sock:/var/run/docker.sock")), []);
  assert.equal(await flaws(mount("/etc/localtime:/etc/localtime:ro")), []);
  await has("fail", /the file nginx\.conf, which does not exist/, mount("./nginx.conf:/etc/nginx/nginx.conf:ro"));
  assert.equal(await flaws(mount("./nginx.conf:/etc/nginx/nginx.conf:ro"), { "nginx.conf": "" }), []);
  await has("fail", /\/mnt\/media of this host/, mount("/mnt/media:/media"), { "/mnt/media/film.mkv": "" });
  await has("warn", /empty folder in a/, mount("/mnt/media:/media"));
  await has("warn", /empty folder in a/, mount("~/no-such-folder-of-mine:/models"));
  await has("fail", /film of this host/, mount("~/film:/models"), { [`${homeDir()}/film/x`]: "" });
  await has("fail", /path of Windows/, mount("C:\\\\models:/models"));
  await has("fail", /\/shared of this host/, mount("../shared:/s"), { "/shared/x": "" });
});

test("a bind mount of a folder in folders: has the folder of the host", async () => {
  const found = async (source: string, folders: string, files: Record<string, string> = {}) => {
    const project = await read({ "compose.yaml": service(`volumes: ["${source}:/x"]`), ...files });
    const config = `machines: [{name: a, box: lab/x, cpus: 4, memory: 4096, folders: [${folders}]}]`;
    return judged([project], config).filter(({ status }) => status === "fail" || status === "warn")
      .map(({ status, message, fix }) => `${status} ${message} -> ${fix[0]?.title}`);
  };
  const same = "{from: /mnt/media, to: /mnt/media}";
  const other = "{from: /tank, to: /mnt/media}";
  assert.equal(await found("/mnt/media", same, { "/mnt/media/film": "" }), []);
  assert.equal(await found("/mnt/media/film.mkv", same, { "/mnt/media/film.mkv": "" }), [], "a file in it");
  assert.equal(await found("/mnt/media/a", other), [], "a path of the VM");
  assert.match((await found("/mnt/medias", same)).join(), /empty folder in a/, "only a common start of the name");
  assert.match(
    (await found("/tank/a b", other, { "/tank/a b/x": "" })).join(),
    /^fail .* mounts \/tank\/a b, but a has this folder of the host as \/mnt\/media -> Write \/mnt\/media\/a b in the project/,
  );
  // relative to the project, and ~, are other paths in the VM
  assert.match((await found("../tank", "{from: /tank, to: /tank}", { "/tank/x": "" })).join(), /\/tank of this host/);
  const home = `{from: ${homeDir()}, to: ${homeDir() === "/root" ? "/mnt/home" : homeDir()}}`;
  assert.match((await found("~/film", home, { [`${homeDir()}/film/x`]: "" })).join(), /film of this host/);
});

test("a volume that is a folder of the host is in folders:, or Docker does not find it", async () => {
  const text = service("volumes: [media:/media]") +
    "volumes:\n  media: {driver_opts: {type: none, o: bind, device: /mnt/media}}\n";
  const found = async (folders: string) => {
    const project = await read({ "compose.yaml": text });
    return judged([project], `machines: [{name: a, box: lab/x, cpus: 4, memory: 4096${folders}}]`)
      .filter(({ status }) => status === "fail").map(({ fix }) => fix[0]!.title);
  };
  assert.equal(await found(", folders: [{from: /tank, to: /mnt/media}]"), []);
  assert.match((await found("")).join(), /Or, if it is a folder of this host: Share it with a: folders:/);
});

test("missing env files, build contexts and Dockerfiles fail", async () => {
  await has("fail", /env file prod\.env/, service("env_file: prod.env"));
  assert.equal(await flaws(service("env_file: [{path: prod.env, required: false}]")), []);
  await has("fail", /built from \/p\/app|built from app/, "services: {web: {build: ./app}}");
  await has("fail", /Dockerfile/, "services: {web: {build: ./app}}", { "app/main.py": "" });
  assert.equal(await flaws("services: {web: {build: ./app}}", { "app/Dockerfile": "" }), []);
  assert.equal(await flaws("services: {web: {build: https://github.com/a/b.git}}"), []);
});

test("variables without a value: required ones fail, others warn, defaults and .env count", async () => {
  await has("fail", /set it/, service('environment: {A: "${A:?set it}"}'));
  await has(
    "warn",
    /DB_PASSWORD has no value: the service starts with an empty password/,
    service('environment: {A: "${DB_PASSWORD}"}'),
  );
  await has("warn", /TZ has no value: Compose replaces/, service('environment: {A: "${TZ}"}'));
  assert.equal(await flaws(service('environment: {A: "${A:-x}", B: "${B}", C: "$$C"}'), { ".env": "B=1\n" }), []);
  await has("fail", /not an image name/, 'services: {web: {image: "x:${TAG-}"}}');
});

test("dependencies on a disabled profile, on a missing service and in a circle are reported", async () => {
  const depends = (more: string) => `services: {web: {image: x, depends_on: [db]}${more}}`;
  await has("fail", /no active profile starts/, depends(", db: {image: y, profiles: [db]}"));
  assert.equal(await flaws(depends(", db: {image: y, profiles: [db]}"), {}, { profiles: ["db"] }), []);
  await has("fail", /the project does not have/, depends(""));
  await has("fail", /web → db → web/, depends(", db: {image: y, depends_on: [web]}"));
  await has("warn", /no service has the profile gpu/, service("restart: always"), {}, { profiles: ["gpu"] });
});

test("fixed addresses, external and undeclared networks and volumes are reported", async () => {
  const fixed = (ipam: string) =>
    `services: {web: {image: x, networks: {n: {ipv4_address: 172.20.0.5}}}}\nnetworks: {n: {${ipam}}}`;
  await has("fail", /no subnet/, fixed(""));
  await has("fail", /not in the network/, fixed("ipam: {config: [{subnet: 10.0.0.0/24}]}"));
  assert.equal(await flaws(fixed("ipam: {config: [{subnet: 172.20.0.0/16}]}")), []);
  await has(
    "fail",
    /network proxy is external/,
    "services: {web: {image: x, networks: [proxy]}}\nnetworks: {proxy: {external: true}}",
  );
  const user = await read({
    "compose.yaml": "services: {web: {image: x, networks: [proxy]}}\nnetworks: {proxy: {external: true}}",
  });
  const maker = {
    ...await read({ "compose.yaml": "services: {t: {image: x, networks: [n]}}\nnetworks: {n: {name: proxy}}" }),
    name: "q",
  };
  assert.is(judged([user, maker]).filter(({ status }) => status === "fail").length, 0);
  await has("fail", /volume data, which the project does not declare/, service('volumes: ["data:/d"]'));
});

test("devices of the host, foreign platforms, restart values and ignored ports are reported", async () => {
  for (const device of ["/dev/video0", "/dev/ttyUSB0", "/dev/apex_0", "/dev/nbd0", "/dev/hidraw1"]) {
    await has("fail", new RegExp(device), service(`devices: ["${device}:${device}"]`));
  }
  await has("warn", /\/dev\/snd .*no sound card/, service('devices: ["/dev/snd:/dev/snd"]'));
  await has("warn", /\/dev\/bus\/usb/, service('devices: ["/dev/bus/usb:/dev/bus/usb"]'));
  assert.equal(await flaws(service('devices: ["/dev/fuse", "/dev/net/tun"]')), []);
  await has("fail", /linux\/arm64/, service("platform: linux/arm64"));
  await has("fail", /restart: sometimes/, service("restart: sometimes"));
  await has("warn", /network_mode: host/, service('network_mode: host\n    ports: ["80:80"]'));
  assert.equal(await flaws(`version: "3.8"\n${service("restart: on-failure:3")}`), []);
});

test("services.gpu: finds requests in extends, merges, nodes and runtime", async () => {
  const machine = "machines: [{name: a, box: lab/x, gpu: {}}]";
  const files = {
    "compose.yaml":
      "x-gpu: &gpu {gpus: all}\nservices:\n  one: {<<: *gpu, image: x}\n  two: {extends: {file: hw.yml, service: nvenc}, image: x}\n  three: {image: x}\n",
    "hw.yml": "services: {nvenc: {devices: [nvidia.com/gpu=0]}}\n",
  };
  const project = await read(files);
  const gpu = (config: string) =>
    judged([project], config, "services.gpu").map(({ status, evidence }) => `${status} ${evidence[0]!.read}`);
  assert.equal(gpu(machine), ["pass p/one: gpus", "pass p/two: devices"]);
  assert.equal(gpu("machines: [{name: a, box: lab/x}]"), ["fail p/compose.yaml:1", "fail p/hw.yml:1"]);
});

test("services.gpu: unknown drivers fail, and the advice fits the form of the request", async () => {
  const machine = "machines: [{name: a, box: lab/x, gpu: {}}]";
  const fix = async (device: string) => {
    const text = `services: {web: {image: x, deploy: {resources: {reservations: {devices: [${device}]}}}}}`;
    const [{ status, fix } = { status: "", fix: [] }] = judged(
      [await read({ "compose.yaml": text })],
      machine,
      "services.gpu",
    );
    return `${status} ${fix[0]?.title ?? ""}`;
  };
  for (const driver of ["nvidia.com/gpu", "amdgpu", "nvidea", "gpu"]) {
    assert.match(await fix(`{driver: ${driver}, count: 1, capabilities: [gpu]}`), /^fail Write d/, driver);
  }
  assert.match(await fix("{driver: nvidia, count: 3, capabilities: [gpu]}"), /^fail Write count: 1,/);
  assert.is(await fix('{driver: nvidia, device_ids: ["1"], capabilities: [gpu]}'), 'fail Write device_ids: ["0"]');
  assert.match(await fix("{driver: nvidia, count: all, capabilities: [gpu]}"), /^pass/);
  const alone = await read({
    "compose.yaml": "services: {web: {image: x, environment: [NVIDIA_VISIBLE_DEVICES=all]}}",
  });
  assert.is(judged([alone], machine, "services.gpu")[0]!.status, "warn");
});

test("every form of a GPU is one request, with its vendor", () => {
  const ways: [Record<string, unknown>, string][] = [
    [{ gpus: "all" }, "gpus all any"],
    [{ gpus: [{ count: -1 }] }, "gpus all any"],
    [{ runtime: "nvidia" }, "runtime all nvidia"],
    [{ runtime: "nvidia", environment: ["NVIDIA_VISIBLE_DEVICES=0,1"] }, "runtime 2 nvidia"],
    [{ runtime: "nvidia", environment: { NVIDIA_VISIBLE_DEVICES: "void" } }, ""],
    [{ devices: [{ source: "nvidia.com/gpu=all", target: "nvidia.com/gpu=all" }] }, "devices all nvidia"],
    [{ devices: ["/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm:/dev/nvidia-uvm"] }, "devices 1 nvidia"],
    [{ devices: ["/dev/kfd", "/dev/dri"] }, "devices all amd"],
    [{ devices: ["amd.com/gpu=all"] }, "devices all amd"],
    [{ runtime: "amd" }, "runtime all amd"],
    [{ runtime: "amd", environment: { AMD_VISIBLE_DEVICES: "all" } }, "runtime all amd"],
    [{ runtime: "amd", environment: { AMD_VISIBLE_DEVICES: "0-2, 5" } }, "runtime 4 amd"],
    [{ runtime: "amd", environment: { AMD_VISIBLE_DEVICES: "0xef2c1799a1f3e2ed" } }, "runtime all amd"],
    [{ runtime: "amd", environment: { AMD_VISIBLE_DEVICES: "none" } }, ""],
    [{ devices: ["/dev/dri/renderD128:/dev/dri/renderD128"] }, "devices all drm"],
    [{ volumes: ["/dev/dri:/dev/dri"] }, "volumes all drm"],
    [{ devices: ["/dev/fuse"] }, ""],
  ];
  for (const [body, expected] of ways) {
    assert.is(
      gpuRequestsOf({ body }).map(({ key, count, vendor }) => `${key} ${count} ${vendor}`).join(),
      expected,
      JSON.stringify(body),
    );
  }
});

test("AMD's runtime becomes device nodes, on Docker and on Podman", () => {
  for (const engine of ["docker", "podman"] as const) {
    const body = { image: "rocm/pytorch", runtime: "amd", environment: { AMD_VISIBLE_DEVICES: "0" } };
    const { runtime, devices } = renderGpuRequests({ body }, { engine, vendor: "amd" });
    assert.equal([runtime, devices], [undefined, ["/dev/kfd", "/dev/dri"]], engine);
  }
  const hidden = { image: "x", runtime: "amd", environment: { AMD_VISIBLE_DEVICES: "none" } };
  const { runtime, devices } = renderGpuRequests({ body: hidden }, { engine: "docker", vendor: "amd" });
  assert.equal([runtime, devices], [undefined, undefined], "no guest has that runtime");
  const other = { image: "x", runtime: "runc", gpus: "all" };
  assert.is(renderGpuRequests({ body: other }, { engine: "docker", vendor: "amd" }).runtime, "runc", "kept");
});

test("the override file changes only what the guest's engine does not understand", () => {
  const engine = (compose: string, version = "26.1.5"): GuestEngine => ({ engine: "docker", compose, version });
  const model = (body: Record<string, unknown>) => ({ services: { web: { image: "x", ...body } } });
  assert.is(overrideFor(model({ gpus: [{ count: -1 }] }), engine("2.40.3")), undefined);
  assert.match(
    overrideFor(model({ gpus: [{ count: -1 }] }), engine("2.26.1"))!,
    /gpus: !reset null[\s\S]*devices: !override .*"count":"all"/,
  );
  assert.is(overrideFor(model({ runtime: "nvidia" }), engine("2.26.1")), undefined);
  assert.is(overrideFor(model({ devices: ["nvidia.com/gpu=all"] }), engine("2.40.3", "28.5.2")), undefined);
  assert.match(
    overrideFor(model({ devices: ["nvidia.com/gpu=all"] }), engine("2.40.3", "27.5.1"))!,
    /devices: !reset null/,
  );
  assert.throws(() => overrideFor(model({}), engine("1.29.2")));
  const text = "x: &g {gpus: all}\nservices:\n  web: {<<: *g, image: 'x:${TAG}'}\n";
  const podman = rewrittenFiles({ "a.yaml": text, "b.yaml": "services: {}\n" }, { engine: "podman", compose: "1.0.3" });
  assert.equal(Object.keys(podman), ["a.yaml"]);
  assert.equal(parse(podman["a.yaml"]!).services.web, { image: "x:${TAG}", devices: ["nvidia.com/gpu=all"] });
});

test("sizes, ports, mounts and variables are read as Compose reads them", () => {
  assert.equal(["512m", "2gb", "1.5GiB", "1073741824", "1k", "x", 1048576].map(mebibytes), [
    512,
    2048,
    1536,
    1024,
    1 / 1024,
    undefined,
    1,
  ]);
  const port = (written: unknown) =>
    publishedPorts({ ports: [written] }).map(({ hostIp, first, protocol }) => `${hostIp} ${first} ${protocol}`)[0];
  assert.equal(["80:80", "127.0.0.1:53:53/udp", "[::1]:80:80", "80", { target: 1, published: "9" }].map(port), [
    " 80 tcp",
    "127.0.0.1 53 udp",
    "::1 80 tcp",
    undefined,
    " 9 tcp",
  ]);
  assert.equal(mountsOf({ volumes: ["data:/d", "./a:/a:ro", "/x", "C:\\a:/b"] }).map(({ type }) => type), [
    "volume",
    "bind",
    "volume",
    "bind",
  ]);
  assert.equal(dotEnv("A=1\n# c\nexport B='x # y'\nC=z # w\n"), { A: "1", B: "x # y", C: "z" });
  const { text, missing } = interpolate("$A ${B:-b} ${C-${D:-d}} ${E:?no} $$F ${A:+set}", { A: "1", B: "" });
  assert.equal([text, missing], ["1 b d  $F set", [{ name: "E", required: "no" }]]);
});

test.run();
