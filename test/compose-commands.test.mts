// What public Compose projects of facial recognition, Triton, RAPIDS, Immich and InvokeAI showed: commands with
// backslashes, files that a command reads, $PWD, images without GPU support. What Compose makes of them was run with
// 2.26.1 on 2026-11-28.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sharing } from "../lib/checks/compose-folders.mts";
import { projectServices } from "../lib/checks/placed-services.mts";
import { runChecks } from "../lib/checks/index.mts";
import { isCpuImage, nvidiaImageFor } from "../lib/compose/cpu-images.mts";
import { imageNeed } from "../lib/compose/known-images.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose commands");
const card = savedHost("rtx4070-desktop-debian12");
const machine =
  "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, gpu: {device_id: 2786}}]";

const read = (files: Record<string, string>) =>
  readProject(
    fakeShell(Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]))).shell,
    { name: "p", machine: "a", folder: "/lab/p", profiles: [] },
    undefined,
  );

/** Doctor's findings for one stack, as `status PLACE message -> fix`. */
async function findings(text: string, files: Record<string, string> = {}) {
  const resolved = {
    ...resolveConfig(parseConfig(machine), card),
    projects: [await read({ "compose.yaml": text, ...files })],
  };
  return runChecks(card, resolved, ["services.compose", "services.gpu"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}

test("a backslash at the end of a command's line is a part of the next word", async () => {
  const found = (command: string) => findings(`services:\n  a:\n    image: x\n    command: ${command}\n`);
  for (
    const command of [">\n      serve \\\n      --model x", "|\n      serve \\\n      --b", "serve \\\n      --model x"]
  ) {
    const [first = "", ...others] = await found(command);
    assert.match(first, /^warn p\/compose\.yaml:\d p: a has a backslash at the end of a line of its command/, command);
    assert.match(first, new RegExp(`:${command.startsWith("serve") ? 4 : 5} `), command);
    assert.equal(others, []);
  }
  const quoted = ['bash -c "a && \\\n      b"', "bash -c 'a \\ b'", "[serve, '\\']", "a\\ b\\\\ c"];
  for (const command of quoted.slice(0, 3)) assert.equal(await found(command), [], command);
});

test("a file that a command reads and the project does not have", async () => {
  const of = (rest: string, files = {}) => findings(`services:\n  a:\n    image: x\n    ${rest}\n`, files);
  const llama = 'volumes: ["./models:/models"]\n    command: --model /models/x.gguf';
  assert.equal(await of(llama), [
    "warn p/compose.yaml:5 p: a reads /models/x.gguf (--model), but models/x.gguf does not exist in the project -> " +
    "Put the model at models/x.gguf, or change --model",
  ]);
  assert.equal(await of(llama, { "models/x.gguf": "" }), []);
  assert.match((await of(llama, { "models/y.gguf": "" })).join(), /models\/x\.gguf does not exist/);
  const triton = 'volumes: ["./repo:/models"]\n    command: tritonserver --model-repository=/models';
  assert.match((await of(triton)).join(), /reads \/models \(--model-repository\), but repo does not exist/);
  assert.match(
    (await of(triton, { "repo/.gitkeep": "" })).join(),
    /but repo is empty in the project -> Put its content/,
  );
  const prometheus = 'volumes: ["./conf:/etc/prometheus"]\n    command: [--config.file=/etc/prometheus/p.yml]';
  assert.match((await of(prometheus)).join(), /conf\/p\.yml does not exist/);
  // what may create it
  const fine = [
    llama.replace("--model", "-mu https://x/x.gguf --model"),
    llama.replace("--model", 'sh -c "wget -O /models/x.gguf x && serve --model'),
    llama.replace("./models:", "models:").concat("\nvolumes: {models: }").replace("\nvolumes", "\nvolumes"),
    llama.replace("/models/x.gguf", "/other/x.gguf"),
    'volumes: ["./config:/config"]\n    command: --config /config/settings.json',
    `${llama}\n  b: {image: y, volumes: ["./models:/out"]}`,
  ];
  for (const one of fine) {
    assert.not.match((await of(one.includes('"wget') ? `${one}"` : one)).join(), /reads/, one);
  }
});

test("$PWD is the project's folder in a mount's source, and an absolute path in the container", async () => {
  const text =
    'services:\n  a:\n    image: x\n    working_dir: $PWD\n    volumes: ["$PWD/src:$PWD/src", "${DIR:-$PWD}/.bashrc:/b"]\n';
  assert.equal(await findings(text, { "src/a": "", ".bashrc": "" }), []);
  const { written } = await read({ "compose.yaml": text });
  assert.equal(written!.services.a!.volumes, ["./src:/lab/p/src", "./.bashrc:/b"]);
  assert.match(
    (await findings(text, { "src/a": "" })).join(),
    /^fail p\/compose\.yaml:5 .*the file \.bashrc, which does not/,
  );
  const env =
    "services:\n  a:\n    image: x\n    env_file: $PWD/a.env\n    build: {context: $PWD, dockerfile: $PWD/d/X}\n";
  assert.equal(await findings(env, { "a.env": "A=1", "d/X": "FROM debian\n" }), []);
});

test("a mount's line is found by its anchor", async () => {
  const text = "services:\n  a:\n    image: x\n    volumes:\n    - &rc $D/.bashrc:$H/.bashrc\n    - data:/d\n" +
    "volumes: {data: }\n";
  assert.match((await findings(text, { ".env": "D=./x\nH=/root\n" })).join(), /^fail p\/compose\.yaml:5 /);
});

test("an image without GPU support for a service that asks for a GPU", async () => {
  const of = (image: string, more = "gpus: all") => findings(`services:\n  a:\n    image: "${image}"\n    ${more}\n`);
  assert.equal(await of("ghcr.io/immich-app/immich-machine-learning:release"), [
    "warn p/compose.yaml:3 p/a: asks for a GPU, but its image ghcr.io/immich-app/immich-machine-learning:release has " +
    "no GPU support: it works on the CPU -> Write image: ghcr.io/immich-app/immich-machine-learning:release-cuda",
  ]);
  const instead: Record<string, string | undefined> = {
    "localai/localai:latest-aio-cpu": "localai/localai:latest-aio-gpu-nvidia-cuda-12",
    "ghcr.io/ggml-org/llama.cpp:server": "ghcr.io/ggml-org/llama.cpp:server-cuda",
    "ghcr.io/ggml-org/llama.cpp:server-b4000": "ghcr.io/ggml-org/llama.cpp:server-cuda-b4000",
    "onerahmet/openai-whisper-asr-webservice": "onerahmet/openai-whisper-asr-webservice:latest-gpu",
    "lscr.io/linuxserver/faster-whisper:latest": "lscr.io/linuxserver/faster-whisper:gpu",
    "rhasspy/wyoming-whisper": "lscr.io/linuxserver/faster-whisper:gpu",
    "ghcr.io/open-webui/open-webui:main": "ghcr.io/open-webui/open-webui:cuda",
    "tensorflow/tensorflow:2.15.0-jupyter": "tensorflow/tensorflow:2.15.0-gpu-jupyter",
    "tensorflow/tensorflow": "tensorflow/tensorflow:latest-gpu",
    "tensorflow/serving:2.14.0": "tensorflow/serving:2.14.0-gpu",
    "ghcr.io/remsky/kokoro-fastapi-cpu:v0.2": "ghcr.io/remsky/kokoro-fastapi-gpu:v0.2",
    "me/some-cpu:1": undefined,
    "ghcr.io/huggingface/text-embeddings-inference:cpu-1.8": undefined,
    "libretranslate/libretranslate@sha256:0": undefined,
  };
  for (const [image, other] of Object.entries(instead)) {
    assert.ok(isCpuImage(image), image);
    assert.is(nvidiaImageFor(image), other, image);
    assert.is(imageNeed(image)?.driver, 0, image);
    if (other !== undefined) assert.not(isCpuImage(other), other);
  }
  const others = [
    ...["ollama/ollama", "ghcr.io/open-webui/open-webui:ollama", "ghcr.io/ggml-org/llama.cpp:server-cuda", "me/cpux:1"],
    ...["ghcr.io/immich-app/immich-machine-learning:v2-cuda", "localai/localai:v3-gpu-nvidia-cuda-12", "a/b:v1"],
  ];
  for (const image of others) assert.not(isCpuImage(image), image);
  assert.equal(await of("ghcr.io/open-webui/open-webui:main", "ports: ['1:1']"), []);
});

test("a placeholder for a folder that .env has is to be changed there", async () => {
  const text = "services:\n  a:\n    image: x\n    volumes:\n    - ${D}:${D}\n    - ${D}/in:/in\n";
  const [found, ...more] = await findings(text, { ".env": "D=/YOUR_PATH/photos\n" });
  assert.match(found!, /-> Write your own folder as D in the project's \.env$/);
  assert.equal(more, []);
  const direct = await findings("services:\n  a: {image: x, volumes: ['/YOUR_PATH/photos:/in']}\n", {
    ".env": "D=1\n",
  });
  assert.match(direct.join(), /-> Replace \/YOUR_PATH\/photos with a folder of the project/);
});

test("a made-up value of a key that another company gives out is a placeholder", async () => {
  const of = (value: string) => findings(`services:\n  a: {image: x, environment: {${value}}}\n`);
  for (
    const value of ["GITHUB_CLIENT_ID: changeme", "OPENAI_API_KEY: xxx", "HF_TOKEN: change-me", "TS_AUTHKEY: todo"]
  ) {
    assert.match((await of(value)).join(), /a placeholder|placeholders/, value);
  }
  for (
    const value of ["DB_PASSWORD: changeme", "OPENAI_API_KEY: sk-1", "SECRET_KEY: changeme", "JUPYTER_TOKEN: todo"]
  ) {
    assert.not.match((await of(value)).join(), /placeholder/, value);
  }
});

test("two services in the VM's own network that say the same port", async () => {
  const text = (more: string) =>
    "services:\n  a: {image: x, network_mode: host, ports: ['9090:9090']}\n" + `  b: {image: y, ${more}}\n`;
  const both = (await findings(text("network_mode: host, ports: ['9091:9090']"))).filter((one) => /both use/.test(one));
  assert.match(both.join(), /^warn .*p\/a and p\/b both use port 9090\/tcp -> Start one of them/);
  assert.match((await findings(text("ports: ['9090:80']"))).join(), /warn .*both use port 9090\/tcp/);
  assert.not.match((await findings(text("ports: ['9091:9090']"))).join(), /both use/);
});

test("a folder inside of another one is not shared a second time", () => {
  const { machines: [first] } = resolveConfig(parseConfig(machine), card);
  assert.match(sharing(["/mnt/hdd/media", "/mnt/hdd"], first!), /folders: \[\{from: \/mnt\/hdd, to: \/mnt\/hdd\}\],/);
  assert.match(sharing(["/mnt/hdd", "/mnt/hdd2"], first!), /\{from: \/mnt\/hdd2, /);
});

test("a service whose image another one builds is judged by that image's base", async () => {
  const text = "services:\n  core: {image: 'my/ai:1', build: .}\n  gpu: {image: 'my/ai:1', gpus: all}\n";
  const project = await read({ "compose.yaml": text, Dockerfile: "FROM nvidia/cuda:11.7.1-runtime-ubuntu22.04\n" });
  const [, gpu] = projectServices([project]);
  assert.equal(gpu!.base, { image: "nvidia/cuda:11.7.1-runtime-ubuntu22.04", place: "p/Dockerfile:1" });
  const resolved = { ...resolveConfig(parseConfig(machine), card), projects: [project] };
  const [found] = runChecks(card, resolved, ["guest.cuda"]);
  assert.match(found!.message, /p\/gpu: CUDA 11\.7 runs on driver/);
});

test("a missing file whose name has no ending, and images of TensorFlow and of NVIDIA's older months", async () => {
  const text = "services:\n  a:\n    image: x\n    volumes: ['./config/authorized_keys:/root/keys']\n";
  assert.match((await findings(text)).join(), /^fail p\/compose\.yaml:4 .*the file config\/authorized_keys/);
  assert.is(imageNeed("tensorflow/tensorflow:2.19.0-gpu")?.major, 12);
  assert.is(imageNeed("tensorflow/tensorflow:2.9.1-gpu-jupyter")?.major, 11);
  assert.is(imageNeed("nvcr.io/nvidia/tritonserver:21.05-py3")?.major, 11);
});

test("a script that a command runs and the project does not have", async () => {
  const of = (rest: string, files = {}) => findings(`services:\n  a:\n    image: x\n    ${rest}\n`, files);
  const mounted = 'volumes: [".:/app"]\n    ';
  assert.equal(await of(`${mounted}working_dir: /app\n    command: python train.py --epochs 3`), [
    "warn p/compose.yaml:6 p: a reads /app/train.py (python), but train.py does not exist in the project -> " +
    "Create train.py, or change the command",
  ]);
  assert.match((await of(`${mounted}command: python3 -u /app/x.py`)).join(), /^$/, "an option before the script");
  assert.match((await of(`${mounted}command: [node, /app/s/x.mjs]`)).join(), /reads \/app\/s\/x\.mjs \(node\)/);
  assert.equal(await of(`${mounted}command: python train.py`), [], "the image's folder is unknown");
  assert.equal(await of(`${mounted}command: bash -c "cd /app && python train.py"`), []);
  assert.equal(await of(`${mounted}working_dir: /app\n    command: python train.py`, { "train.py": "x" }), []);
});

test("an env file without a name is one finding, and says which variable", async () => {
  const found = await findings('services:\n  a:\n    image: x\n    env_file: ["${ENV_PATH}"]\n');
  assert.equal(found.filter((one) => one.startsWith("fail")), [
    "fail p/compose.yaml:4 p: a has an empty env_file: Compose finds no file without a name -> " +
    "Write the path of the env file, or give the variable in it a value in .env",
  ]);
  assert.match(found.join("\n"), /ENV_PATH has no value/);
});

test("an external network with fixed addresses also needs a subnet", async () => {
  const of = (networks: string) =>
    findings(`services:\n  a:\n    image: x\n    networks: ${networks}\nnetworks:\n  lan: {external: true}\n`);
  const start = "fail p/compose.yaml:6 p: the network lan is external, and a new VM does not have it -> " +
    "Remove external: from the network lan, or let another project on the machine create it";
  assert.equal(await of("[lan]"), [start]);
  assert.equal(await of("{lan: {ipv4_address: 192.168.13.61}}"), [
    `${start}. Give lan a subnet with 192.168.13.61 (ipam.config)`,
  ]);
});

test.run();
