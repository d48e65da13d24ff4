// GPU settings that a Compose project has and does not use: files, profiles, comments. And values
// that go-yaml does not read as text. Messages of Compose are from 2.26.1 and 2.40.3 (tested on
// 2026-11-27).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { isDate, typeOf } from "../lib/config/scalars.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose unused");
const card = savedHost("rtx4070-desktop-debian12");
const nvidia = "gpu: {device_id: 2786}";

/** Doctor's findings for one stack, as `status PLACE message -> fix`. `more`: keys of the machine, and the image. */
async function findings(
  files: Record<string, string>,
  { gpu = nvidia, image = "debian-13", services = "", profiles = [] as string[] } = {},
) {
  const disk = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]));
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles };
  const project = await readProject(fakeShell(disk).shell, request, undefined);
  const text =
    `machines: [{name: a, box: lab/x, image: ${image}, cpus: 4, memory: 4096, provider: libvirt, ${gpu}}]\n${services}`;
  const stack = { ...{ name: "p", machine: "a", path: "/lab/p", profiles: [], env: {}, variables: {}, files: {} } };
  const stacks = [{ ...stack, composeFiles: project.files, size: 0, skipped: [] }];
  const resolved = { ...resolveConfig(parseConfig(text), card, {}, { own: stacks }), projects: [project] };
  return runChecks(card, resolved, ["services.compose"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const reservation = "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}";
const base = `services:
  ollama:
    image: ollama/ollama
    volumes: ["models:/root/.ollama"]
  webui:
    image: ghcr.io/open-webui/open-webui:main
volumes: {models: {}}
`;

/** What is reported of a project that has no GPU settings for the machine's card. */
const onCpu = [
  "warn p/compose.yaml:3 p: no service asks for a GPU: ollama runs ollama/ollama on the CPU -> Add to ollama: " +
  "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}",
];

test("an image for NVIDIA's cards without a request runs on the CPU; others are not reported", async () => {
  const of = async (image: string) => (await findings({ "compose.yaml": base.replace("ollama/ollama", image) })).length;
  const nvidia = ["ghcr.io/huggingface/text-embeddings-inference:1.8", "nvcr.io/nim/meta/llama3:3", "x/y:cuda-13"];
  for (const image of [...nvidia, "r.example.com:5000/ollama/ollama", "vllm/vllm-openai@sha256:0"]) {
    assert.is(await of(image), 1, image);
  }
  const others = [
    "ghcr.io/huggingface/text-embeddings-inference:cpu-1.8",
    "vllm/vllm-openai-rocm",
    "x/y:server-vulkan",
  ];
  for (const image of [...others, "ollama/ollama:rocm", "x/y:1"]) assert.is(await of(image), 0, image);
});

test("an unused override file with the GPU is reported, with COMPOSE_FILE as the fix", async () => {
  for (const name of ["docker-compose.gpu.yaml", "override-gpu.yml", "compose.nvidia.yml", "cards.yaml"]) {
    const [first = "", ...more] = await findings({
      "compose.yaml": base,
      [name]: `services:\n  ollama:\n    ${reservation}\n`,
    });
    assert.match(first, new RegExp(`^warn p/${name} p: ollama asks for no GPU: the GPU is in ${name},`));
    assert.match(first, new RegExp(`-> Write COMPOSE_FILE=compose\\.yaml:${name} into the project's \\.env`));
    assert.is(more.length, 0, more.join("\n"));
  }
});

test("an unused file, profile or comment is reported next to what Compose refuses, unless errors may hide a GPU", async () => {
  const refused = base.replace("    image: ghcr", "    restrat: always\n    image: ghcr");
  const gpu = `services:\n  ollama:\n    ${reservation}\n`;
  const of = async (files: Record<string, string>) =>
    (await findings(files)).map((line) => line.replace(/ ->.*$/, "").slice(0, 120));
  const [first, second, ...more] = await of({ "compose.yaml": refused, "compose.gpu.yaml": gpu });
  assert.match(first!, /restrat/);
  assert.match(second!, /^warn p\/compose\.gpu\.yaml p: ollama asks for no GPU: the GPU is in compose\.gpu\.yaml/);
  assert.is(more.length, 0);
  const profiled = `${refused.replace(/volumes: \{.*\n$/, "")}  fast: {image: x, profiles: [cuda], ${reservation}}\n` +
    "volumes: {models: {}}\n";
  assert.match((await of({ "compose.yaml": profiled })).join("\n"), /fast does, but its profile cuda is off/);
  const comment = refused.replace("  webui:", "    # gpus: all\n  webui:");
  assert.match((await of({ "compose.yaml": comment })).join("\n"), /the GPU settings in compose\.yaml are comments/);
  // a line at the wrong place, a missing file, a file that is not YAML
  const misplaced = refused.replace("volumes: {", "gpus: all\nvolumes: {");
  const missing = `include: [gpu.yaml]\n${base}`;
  for (const text of [misplaced, missing]) {
    const found = await of({ "compose.yaml": text, "compose.gpu.yaml": gpu });
    assert.ok(found.length > 0 && !found.some((line) => / GPU/.test(line)), found.join("\n"));
  }
  const broken = await of({ "compose.yaml": base, "compose.override.yaml": "services: {ollama: [\n" });
  assert.ok(broken.length > 0 && !broken.some((line) => / GPU/.test(line)), broken.join("\n"));
});

test("an unused override file in a subfolder is reported; another project there is not", async () => {
  const [first] = await findings({
    "compose.yaml": base,
    "docker/compose.gpu.yaml": `services: {ollama: {image: 'ollama/ollama:cuda', ${reservation}}}\n`,
  });
  assert.match(first!, /-> Write COMPOSE_FILE=compose\.yaml:docker\/compose\.gpu\.yaml /);
  const other = `services: {comfy: {image: x, ${reservation}}}\n`;
  assert.equal(await findings({ "compose.yaml": base, "docker/compose.yaml": other }), onCpu);
  const whole = `services:\n  ollama:\n    image: ollama/ollama\n    ${reservation}\n  webui: {image: x}\n`;
  const [own] = await findings({ "compose.yaml": base, "nvidia/compose.yaml": whole });
  assert.match(
    own!,
    /nvidia\/compose\.yaml is the same project with one, .* -> Set the stack's path to \/lab\/p\/nvidia$/,
  );
});

test("a file that adds a service with a GPU to the project is meant after the project's own", async () => {
  const more = `services: {webui: {environment: {A: b}}, node: {image: x, ${reservation}}}\n`;
  const [first] = await findings({ "compose.yaml": base, "node.gpu.yml": more });
  assert.match(
    first!,
    /node\.gpu\.yml adds node, which does, and is not used -> Write COMPOSE_FILE=compose\.yaml:node/,
  );
});

test("a project for another vendor's card leads to its file for the machine's card", async () => {
  const rocm = "services: {app: {image: x, devices: [/dev/kfd, /dev/dri]}}\n";
  const cuda = `services: {app: {image: x, ${reservation}}}\n`;
  const found = await findings({ "compose.yaml": rocm, "compose.cuda.yml": cuda });
  assert.match(found.join("\n"), /no service asks for an NVIDIA GPU: compose\.cuda\.yml is the same project with one/);
  const gpu = "gpu: {vendor_id: 1002, device_id: 744c}";
  const back = await findings({ "compose.yaml": cuda, "compose.rocm.yml": rocm }, { gpu });
  assert.match(back.join("\n"), /no service asks for an AMD GPU: compose\.rocm\.yml is the same project with one/);
});

test("the fix keeps the override file that Compose adds by default", async () => {
  const [first] = await findings({
    "compose.yaml": base,
    "compose.override.yaml": "services: {webui: {ports: ['3000:8080']}}\n",
    "compose.gpu.yaml": "services: {ollama: {gpus: all}}\n",
  });
  assert.match(first!, /COMPOSE_FILE=compose\.yaml:compose\.override\.yaml:compose\.gpu\.yaml /);
});

test("a file that is used by COMPOSE_FILE or extends is not reported", async () => {
  const gpu = { "compose.gpu.yaml": `services: {ollama: {${reservation}}}\n` };
  const env = "COMPOSE_FILE=compose.yaml:compose.gpu.yaml\n";
  assert.equal(await findings({ "compose.yaml": base, ...gpu, ".env": env }), []);
  const extended = "services: {ollama: {image: ollama/ollama, extends: {file: hw.yml, service: cuda}}}\n";
  assert.equal(
    await findings({ "compose.yaml": extended, "hw.yml": `services: {cuda: {${reservation}}, cpu: {}}\n` }),
    [],
  );
});

test("the fix for a whole project replaces the file; for parts of services it uses extends", async () => {
  const [whole] = await findings({
    "docker-compose.yml": "services: {app: {image: x/app:cpu}}\n",
    "docker-compose.cuda.yml": `services: {app-cuda: {image: 'x/app:cuda', ${reservation}}}\n`,
  });
  assert.match(whole!, /no service asks for a GPU: docker-compose\.cuda\.yml is the same project with one/);
  assert.match(whole!, /-> Write COMPOSE_FILE=docker-compose\.cuda\.yml into/);
  const [part] = await findings({
    "docker-compose.yml": base,
    "hwaccel.ml.yml": `services: {cpu: {}, cuda: {${reservation}}}\n`,
  });
  assert.match(part!, /hwaccel\.ml\.yml has GPU settings \(service cuda\), which no service extends/);
  assert.match(part!, /-> Add to the service that needs the GPU: extends: \{file: hwaccel\.ml\.yml, service: cuda\}/);
});

test("files for another vendor's card, without a GPU, or of other YAML are not reported", async () => {
  const amd = "services: {ollama: {devices: [/dev/kfd, /dev/dri]}}\n";
  const others = {
    "docker-compose.dev.yml": "services: {ollama: {command: [a]}}\n",
    "values.yaml": "services: [gpu]\n",
    "broken.yaml": "services: {ollama: {gpus: all\n",
  };
  assert.equal(await findings({ "compose.yaml": base, "compose.rocm.yml": amd, ...others }), onCpu);
  const gpu = "gpu: {vendor_id: 1002, device_id: 744c}";
  const [first] = await findings({ "compose.yaml": base, "compose.rocm.yml": amd }, { gpu });
  assert.match(first!, /ollama asks for no GPU: the GPU is in compose\.rocm\.yml/);
  assert.equal(await findings({ "compose.yaml": base, "a.yml": "services: {ollama: {gpus: all}}\n" }, { gpu: "" }), []);
});

test("a disabled profile with the GPU is reported, unless another service has the GPU", async () => {
  const files = {
    "compose.yaml": `services: {n8n: {image: x}, cuda: {image: o, profiles: [gpu-nvidia], ${reservation}}}\n`,
  };
  const [first] = await findings(files);
  assert.match(first!, /no service asks for a GPU: cuda does, but its profile gpu-nvidia is off/);
  assert.match(first!, /-> Turn the profile on for this stack in the config: profiles: \[gpu-nvidia\]/);
  assert.equal(await findings(files, { profiles: ["gpu-nvidia"] }), []);
  const needed = files["compose.yaml"].replace("{image: x}", "{image: x, depends_on: [cuda]}");
  assert.is((await findings({ "compose.yaml": needed })).filter((one) => one.includes("no service asks")).length, 0);
  assert.equal(await findings(files, { services: "services: {other: {image: x, gpu: 1}}\n" }), []);
});

test("commented GPU lines are reported with their line, unless a service has the GPU", async () => {
  const text = "services:\n  a:\n    image: x\n    # runtime: nvidia\n";
  const [first] = await findings({ "compose.yaml": text });
  assert.match(first!, /^warn p\/compose\.yaml:4 p: no service asks for a GPU: the GPU settings in compose\.yaml are/);
  assert.equal(await findings({ "compose.yaml": `${text}  b: {image: y, gpus: all}\n` }), []);
});

test("a service with scale: 0 has no container, so its mounts, ports and GPUs do not count", async () => {
  const idle = (scale: string) =>
    `services:\n  a:\n    image: x\n    ports: ['80:80']\n    volumes: ['./no.conf:/etc/no.conf']\n    ${scale}\n` +
    "  b: {image: y, ports: ['80:80']}\n";
  for (const scale of ["scale: 0", "deploy: {replicas: 0}"]) {
    assert.equal(await findings({ "compose.yaml": idle(scale) }), [], scale);
  }
  const found = await findings({ "compose.yaml": idle("scale: 1") });
  assert.is(found.filter((one) => /no\.conf|both use port 80/.test(one)).length, 2, found.join("\n"));
  const undeclared = "services: {a: {image: x, scale: 0, depends_on: [nobody]}, b: {image: y}}\n";
  assert.match((await findings({ "compose.yaml": undeclared }))[0] ?? "", /^fail .*nobody/);
});

test("HOME and USER have the values of root in the VM, as ~ does", async () => {
  const text = "services: {a: {image: x, user: '${USER}', volumes: ['${HOME}/.cache/hf:/root/.cache/hf']}}\n";
  const found = await findings({ "compose.yaml": text }, { gpu: "" });
  assert.is(found.length, 1, found.join("\n"));
  assert.match(found[0]!, /^warn p\/compose\.yaml:1 .*mounts .*\.cache\/hf, which is an empty folder/);
});

test("a volume name of one letter is a Windows drive to Compose; the fix is a longer name", async () => {
  const [first] = await findings({ "compose.yaml": "services: {a: {image: x, volumes: ['o:/root/.ollama']}}\n" }, {
    gpu: "",
  });
  assert.match(
    first!,
    /^fail .*Compose reads a volume of one letter as a drive of Windows -> .*data:\/root\/\.ollama$/,
  );
});

test("a relative mount outside the folder is on this host, also below /tmp", async () => {
  const disk = {
    "/tmp/x/api/a.py": "",
    "/tmp/x/docker/gpu/compose.yaml": "services: {a: {image: x, volumes: ['../../api:/api']}}\n",
  };
  const request = { name: "p", machine: "a", folder: "/tmp/x/docker/gpu", profiles: [] };
  const projects = [await readProject(fakeShell(disk).shell, request, undefined)];
  const text = "machines: [{name: a, box: lab/x, image: debian-13, provider: libvirt}]\n";
  const found = runChecks(card, { ...resolveConfig(parseConfig(text), card), projects }, ["services.compose"]);
  assert.match(
    found.map(({ status, message }) => `${status} ${message}`).join("\n"),
    /^fail .*mounts \/tmp\/x\/api|^fail .*\.\.\/\.\.\/api/m,
  );
});

const web = (keys: string) => ({ "compose.yaml": `services:\n  web:\n    image: nginx\n    ${keys}\n` });

test("a key that YAML reads as a number, a date, true or null is refused with its line", async () => {
  const keys: Record<string, string> = {
    "environment: {1: x}": "1",
    "labels: {2024-01-01: x}": "2024-01-01",
    "environment: {true: x}": "true",
    "x-mine: {deep: [{0x10: 1}]}": "0x10",
    "1.5: x": "1.5",
  };
  for (const [key, name] of Object.entries(keys)) {
    const found = await findings(web(key), { gpu: "" });
    assert.is(found.length, 1, found.join("\n"));
    assert.match(found[0]!, /^fail p\/compose\.yaml:4 .* and a key must be text -> /, key);
    assert.ok(found[0]!.endsWith(`Write "${name}": with quotes`), found[0]);
  }
  assert.equal(await findings(web("environment: {yes: x, '1': y, on: z}"), { gpu: "" }), []);
});

test("a number, a date or a flag in any notation is refused where Compose needs text", async () => {
  for (const value of ["0x1F", "007", "1_0", "1.0", "1e3", "+5", "0o17", "True", ".inf", "2024-02-01", "!!int '5'"]) {
    const found = await findings(web(`command: [--seed, ${value}]`), { gpu: "" });
    assert.match(found[0] ?? "", /^fail p\/compose\.yaml:4 .*command\.1 must be text/, value);
  }
  for (const value of ["2024-13-45", "12:30", "1.2.3", "yes", "!!str 5", "2024-02-01-preview"]) {
    assert.equal(await findings(web(`command: [--seed, ${value}]`), { gpu: "" }), [], value);
  }
});

test("a date in the environment: Debian 13's Compose changes it, newer versions refuse it", async () => {
  const date = web("environment: {API_VERSION: 2024-02-01}");
  const [old] = await findings(date, { gpu: "" });
  assert.match(old!, /^warn p\/compose\.yaml:4 .*Compose 2\.26\.1, which passes on 2024-02-01 00:00:00 \+0000 UTC/);
  assert.match(old!, /-> Write API_VERSION: "2024-02-01"$/);
  const [recent] = await findings(date, { gpu: "", image: "ubuntu-26.04" });
  assert.match(recent!, /^fail p\/compose\.yaml:4 .*date to YAML, which Compose 2\.37\.2 and later refuse/);
  assert.equal(await findings(web("environment: {API_VERSION: 2024-02-01-preview}"), { gpu: "" }), []);
  assert.equal(await findings(web("x-api: 2024-02-01"), { gpu: "" }), []);
});

test("an infinite number is refused by Compose before 2.37.2", async () => {
  const text = web("environment: {TOP: .inf}");
  assert.match((await findings(text, { gpu: "" }))[0]!, /^fail p\/compose\.yaml:4 .*TOP of web is \.inf/);
  assert.equal(await findings(text, { gpu: "", image: "ubuntu-26.04" }), []);
});

test("dates are recognised by the formats of go-yaml", () => {
  for (const one of ["2024-02-01", "2024-2-1", "2024-02-29", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00"]) {
    assert.ok(isDate(one), one);
  }
  for (const one of ["2024-02-30", "2024-13-01", "24-01-01", "2024-01-01 10:00", "2024-01-01x", "2024-01"]) {
    assert.not(isDate(one), one);
    assert.is(typeOf(one), undefined, one);
  }
});

test.run();
