// Every form of a GPU request, rendered for each engine and version, in the real Compose programs:
// the request that reaches the daemon.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { overrideFor, rewrittenFiles } from "../../lib/compose/override.mts";
import type { GuestEngine } from "../../lib/compose/types.mts";
import { writeYaml } from "../../lib/config/write-yaml.mts";
import { type CreateRequest, recordingDaemon } from "./recording-daemon.mts";

const test = suite<{ folder: string }>("gpu ways");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu ways-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** The forms as users write them in a service. */
const ways: Record<string, Record<string, unknown>> = {
  reservation: reserves({ driver: "nvidia", count: 1, capabilities: ["gpu"] }),
  "reservation by id": reserves({ driver: "nvidia", device_ids: ["0"], capabilities: ["gpu", "video"] }),
  "reservation without a driver": reserves({ capabilities: ["gpu"] }),
  "reservation of the driver cdi": reserves({
    driver: "cdi",
    device_ids: ["nvidia.com/gpu=0"],
    capabilities: ["gpu"],
  }),
  "gpus all": { gpus: "all" },
  "gpus list": { gpus: [{ driver: "nvidia", count: 1, capabilities: ["gpu", "compute"] }] },
  runtime: { runtime: "nvidia", environment: { NVIDIA_VISIBLE_DEVICES: "all" } },
  "CDI device": { devices: ["nvidia.com/gpu=0", "/dev/fuse:/dev/fuse"] },
  "device nodes": { devices: ["/dev/nvidia0:/dev/nvidia0", "/dev/nvidiactl:/dev/nvidiactl"] },
  "AMD nodes": { devices: ["/dev/kfd:/dev/kfd", "/dev/dri:/dev/dri"] },
  "AMD by CDI": { devices: ["amd.com/gpu=all"] },
  "Intel nodes": { devices: ["/dev/dri:/dev/dri"] },
};

function reserves(device: Record<string, unknown>) {
  return { deploy: { resources: { reservations: { devices: [device] } } } };
}

const older = { "1.29": "docker-compose", "2.26": process.env.COMPOSE_V2! };
const newer = process.env.COMPOSE_CURRENT ? { "2.40": process.env.COMPOSE_CURRENT } : {};
const programs: Record<string, string> = { ...older, ...newer };
const engines: { name: string; program: string; engine: GuestEngine }[] = [
  { name: "Docker 20.10, Compose 1.29", program: "1.29", engine: docker("20.10.24", "1.29.2") },
  { name: "Docker 26.1, Compose 2.26", program: "2.26", engine: docker("26.1.5", "2.26.1") },
  { name: "Docker 26.1 with CDI, Compose 2.26", program: "2.26", engine: { ...docker("26.1.5", "2.26.1"), cdi: true } },
  { name: "Docker 24, Compose 2.40", program: "2.40", engine: docker("24.0.9", "2.40.3") },
  { name: "Docker 27, Compose 2.40", program: "2.40", engine: docker("27.5.1", "2.40.3") },
  { name: "Docker 28.5, Compose 2.40", program: "2.40", engine: docker("28.5.2", "2.40.3") },
];

function docker(version: string, compose: string): GuestEngine {
  return { engine: "docker", version, compose };
}

/** A short form of the request: the driver with a count or ids, devices by path, the runtime. */
function asked({ HostConfig: { DeviceRequests, Devices, Runtime } }: CreateRequest): string {
  return [
    ...(DeviceRequests ?? []).map(({ Driver, Count, DeviceIDs }) =>
      `${Driver || "any"} ${DeviceIDs?.length ? DeviceIDs.join(",") : Count}`
    ),
    ...(Devices ?? []).map(({ PathOnHost }) => PathOnHost),
    ...(Runtime && Runtime !== "runc" ? [`runtime ${Runtime}`] : []),
  ].join(" + ");
}

async function ask(folder: string, program: string, files: string[]): Promise<string> {
  const socket = join(folder, "docker.sock");
  const daemon = await recordingDaemon(socket);
  const rest = program === "1.29" ? ["--ansi", "never", "up", "--no-start"] : ["create", "--pull", "never"];
  const words = [...files.flatMap((file) => ["-f", file]), "-p", "ways", ...rest];
  const said = await new Promise<string>((resolve) => {
    let text = "";
    const env = { ...process.env, DOCKER_HOST: `unix://${socket}` };
    const child = spawn(programs[program]!, words, {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => text += chunk);
    child.on("close", () => resolve(text));
  });
  await daemon.close();
  rmSync(socket, { force: true });
  return daemon.created.length === 1 ? asked(daemon.created[0]!) : `refused: ${said.trim().split("\n").at(-1)}`;
}

/** A form rendered for an engine, as separate files. */
function rendered(folder: string, way: Record<string, unknown>, engine: GuestEngine): string[] {
  const text = writeYaml({ services: { web: { image: "x", ...way } } });
  writeFileSync(join(folder, "compose.yaml"), text);
  if (engine.compose?.startsWith("1.")) {
    writeFileSync(
      join(folder, "compose.yaml"),
      rewrittenFiles({ "compose.yaml": text }, engine)["compose.yaml"] ?? text,
    );
    return ["compose.yaml"];
  }
  const override = overrideFor({ services: { web: { image: "x", ...way } } }, engine);
  if (override === undefined) return ["compose.yaml"];
  writeFileSync(join(folder, "gpu.yaml"), override);
  return ["compose.yaml", "gpu.yaml"];
}

/** The request that must reach the daemon: by form, for engines without and with CDI names. */
const nodes = "/dev/kfd + /dev/dri";
const expected: Record<string, { plain: string; cdi?: string; gpus?: string; names?: string }> = {
  reservation: { plain: "nvidia 1" },
  "reservation by id": { plain: "nvidia 0" },
  "reservation without a driver": { plain: "any -1" },
  "reservation of the driver cdi": { plain: "nvidia 0", cdi: "cdi nvidia.com/gpu=0" },
  "gpus all": { plain: "nvidia -1", gpus: "any -1" },
  "gpus list": { plain: "nvidia 1" },
  runtime: { plain: "runtime nvidia" },
  "CDI device": { plain: "nvidia 0 + /dev/fuse", names: "cdi nvidia.com/gpu=0 + /dev/fuse" },
  "device nodes": { plain: "nvidia 0" },
  "AMD nodes": { plain: nodes },
  "AMD by CDI": { plain: nodes },
  "Intel nodes": { plain: "/dev/dri" },
};

for (const { name, program, engine } of engines) {
  if (!programs[program]) continue;
  test(`${name}: each form of a request reaches the daemon as one that it understands`, async ({ folder }) => {
    const [cdi, current] = [engine.cdi === true || engine.version === "28.5.2", program === "2.40"];
    for (const [way, body] of Object.entries(ways)) {
      const { plain, ...more } = expected[way]!;
      const wanted = (cdi && current ? more.names : undefined) ?? (cdi ? more.cdi : undefined) ??
        (current ? more.gpus : undefined) ?? plain;
      assert.is(await ask(folder, program, rendered(folder, body, engine)), wanted, way);
    }
  });
}

test("Compose 1.29 and 2.26 ignore gpus: or refuse it, so it is rewritten", async ({ folder }) => {
  writeFileSync(join(folder, "compose.yaml"), "services: {web: {image: x, gpus: all}}\n");
  assert.match(
    await ask(folder, "1.29", ["compose.yaml"]),
    /^refused: Unsupported config option for services.web: 'gpus'/,
  );
  assert.is(await ask(folder, "2.26", ["compose.yaml"]), "", "dropped in silence");
});

test("the override reaches services that extend another file, merge an anchor or are included", async ({ folder }) => {
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  put("hw.yaml", "services: {nvenc: {image: x, gpus: all}}\n");
  put("compose.yaml", "services: {web: {extends: {file: hw.yaml, service: nvenc}, image: x}}\n");
  put("gpu.yaml", overrideFor({ services: { web: { gpus: [{ count: -1 }] } } }, docker("26.1.5", "2.26.1"))!);
  assert.is(await ask(folder, "2.26", ["compose.yaml", "gpu.yaml"]), "nvidia -1");
  put("compose.yaml", "x-gpu: &gpu {gpus: all}\nservices: {web: {<<: *gpu, image: x}}\n");
  assert.is(await ask(folder, "2.26", ["compose.yaml", "gpu.yaml"]), "nvidia -1");
  put("web.yaml", "services: {web: {image: x, gpus: all}}\n");
  put("compose.yaml", "include: [web.yaml]\n");
  assert.is(await ask(folder, "2.26", ["compose.yaml", "gpu.yaml"]), "nvidia -1");
});

test("for Podman every form is a CDI device of the rewritten file", () => {
  for (const compose of ["1.0.3", "1.3.0"]) {
    const engine: GuestEngine = { engine: "podman", version: compose === "1.0.3" ? "4.3.1" : "5.4.2", compose };
    for (const [way, body] of Object.entries(ways)) {
      const text = writeYaml({ services: { web: { image: "x", ...body } } });
      const { devices, gpus, deploy, runtime } =
        parse(rewrittenFiles({ "compose.yaml": text }, engine)["compose.yaml"] ?? text).services.web;
      assert.equal([gpus, deploy, runtime], [undefined, undefined, undefined], way);
      const wanted = /AMD/.test(way) ? /kfd/ : /Intel/.test(way) ? /dri/ : /nvidia\.com\/gpu=(0|all)/;
      assert.match(devices.join(), wanted, way);
    }
  }
});

test.run();
