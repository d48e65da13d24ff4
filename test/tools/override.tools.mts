// The generated override file after a project's files, in the real Compose 2.26: the GPU request is
// there once, and nothing else changes.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { overrideFor } from "../../lib/compose/override.mts";
import { readProjectFiles } from "../../lib/compose/reader.mts";

const test = suite<{ folder: string }>("override");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu override-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

interface Service {
  gpus?: unknown;
  runtime?: string;
  devices?: unknown[];
  deploy?: { resources?: { reservations?: { devices?: unknown[]; memory?: string } } };
}

function config(folder: string, files: string[]): Record<string, Service> {
  const words = ["-p", "p", ...files.flatMap((file) => ["-f", file]), "config", "--format", "json"];
  return JSON.parse(execFileSync(process.env.COMPOSE_V2!, words, { cwd: folder, encoding: "utf8" })).services;
}

const all = { capabilities: ["gpu"], driver: "nvidia", count: -1 };
const common =
  "x-common: &common {image: x, environment: {A: b}, ports: ['80:80']}\nservices:\n  web:\n    <<: *common\n";

/** Projects by their files, and the device requests that they must have with the override file. */
const projects: { name: string; files: Record<string, string>; requests: unknown[]; devices?: number }[] = [
  { name: "gpus with a merge key", files: { "compose.yaml": `${common}    gpus: all\n` }, requests: [all] },
  {
    name: "a list of gpus in an override file with !reset",
    files: {
      "compose.yaml": `${common}    runtime: nvidia\n`,
      "compose.override.yaml": "services:\n  web:\n    runtime: !reset null\n    gpus: [{driver: nvidia, count: 1}]\n",
    },
    requests: [{ ...all, count: 1 }],
  },
  {
    name: "CDI names beside another device and a memory reservation",
    files: {
      "compose.yaml": `${common}    devices: ["nvidia.com/gpu=0", "/dev/fuse:/dev/fuse"]\n` +
        "    deploy: {resources: {reservations: {memory: 1g}}}\n",
    },
    requests: [{ capabilities: ["gpu"], driver: "nvidia", device_ids: ["0"] }],
    devices: 1,
  },
  {
    name: "gpus of a service in an extended file",
    files: {
      "compose.yaml": "services:\n  web:\n    extends: {file: base/gpu.yaml, service: gpu}\n    image: x\n",
      "base/gpu.yaml": "services:\n  gpu:\n    gpus: all\n    volumes: ['./data:/data']\n",
    },
    requests: [all],
  },
];

for (const { name, files, requests, devices = 0 } of projects) {
  test(`${name}: one request, and everything else unchanged`, ({ folder }) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const own = Object.keys(files).filter((path) => path.startsWith("compose"));
    const { model, refusals } = readProjectFiles(own, files, {});
    assert.equal(refusals, []);
    const engine = { engine: "docker", version: "26.1.5", compose: "2.26.1" } as const;
    writeFileSync(join(folder, "gpu.yaml"), overrideFor(model!, engine)!);
    const [before, after] = [config(folder, own).web!, config(folder, [...own, "gpu.yaml"]).web!];
    assert.equal(after.deploy?.resources?.reservations?.devices, requests);
    assert.equal([after.gpus, after.runtime, after.devices?.length ?? 0], [undefined, undefined, devices]);
    assert.is(after.deploy?.resources?.reservations?.memory, before.deploy?.resources?.reservations?.memory);
    const rest = ({ gpus: _, runtime: __, devices: ___, deploy: ____, ...others }: Service) => others;
    assert.equal(rest(after), rest(before));
  });
}

test.run();
