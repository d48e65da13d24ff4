// What a config means.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config/parse.mts";
import { advice, one, wrong } from "./config-errors.mts";
import { originalExample } from "./fake.mts";

const test = suite("config");

const card = (id: string) => parseConfig(one(`gpu: {device_id: ${id}}`)).machines[0]!.gpus[0]!.deviceId;

test("disk: is in whole GiB", () => {
  assert.is(parseConfig(one("disk: 128 GiB")).machines[0]!.disk, 131072);
  assert.is(parseConfig(one("disk: 32 GiB")).machines[0]!.disk, 32768);
  assert.match(wrong(one("disk: 1.5 GiB"))[0]!, /^4:11 disk is in whole GiB/);
  assert.match(wrong(one("disk: 64")).join(), /^4:11 disk must be /);
});

test("reads the example of the original design", () => {
  const { machines } = parseConfig(`${originalExample}      partition_count: "2"
`);
  assert.equal(machines, [{
    name: "devlab-gpu-worker",
    box: "frenchexdev/alpine-3.21-gpuhost",
    cpus: 8,
    memory: 16384,
    gpus: [{ vendorId: "10de", deviceId: "2786", mode: "passthrough", partitionCount: 2 }],
    driver: {},
    engine: "docker",
    provision: [],
  }]);
});

test("reads ids as they are written, although YAML reads them as numbers", () => {
  assert.is(card("1e84"), "1e84");
  assert.is(card("0042"), "0042");
  assert.is(card("2504"), "2504");
  assert.is(card("'1E84'"), "1e84");
});

test("refuses ids that are not four hex digits", () => {
  for (const id of ["123", "12345", "1e8", "0x12", "xyzw", "-123", "''"]) {
    assert.equal(wrong(one(`gpu: {device_id: ${id}}`)).length, 1, id);
  }
});

test("ignores cards that are not enabled", () => {
  assert.equal(parseConfig(one("gpu: {enabled: false, device_id: 2786}")).machines[0]!.gpus, []);
  assert.equal(parseConfig(one("gpu: [{enabled: false}, {device_id: 2786}]")).machines[0]!.gpus.length, 1);
});

test("completes PCI addresses", () => {
  const { gpus } = parseConfig(one('gpu: [{address: "0A:00.0"}, {address: "0001:0a:00.1"}]')).machines[0]!;
  assert.equal(gpus.map(({ address }) => address), ["0000:0a:00.0", "0001:0a:00.1"]);
});

test("reads every form of an image", () => {
  const image = (text: string) => parseConfig(one(`image: ${text}`)).machines[0]!.image;
  const sum = "sha256:" + "AB".repeat(32);
  assert.equal(image("debian-13"), { kind: "known", name: "debian-13" });
  assert.equal(image("{file: ./a b.qcow2}"), { kind: "file", file: "./a b.qcow2" });
  assert.equal(image(`{url: "https://example.org/x.img", checksum: "${sum}"}`), {
    kind: "url",
    url: "https://example.org/x.img",
    checksum: sum.toLowerCase(),
  });
  assert.equal(image("{debootstrap: trixie}"), { kind: "debootstrap", suite: "trixie" });
  assert.equal(image("{debootstrap: trixie, mirror: http://mirror.example.org/debian}"), {
    kind: "debootstrap",
    suite: "trixie",
    mirror: "http://mirror.example.org/debian",
  });
});

test("reports all mistakes at once, each with its place", () => {
  const problems = wrong(`machines:
  - name: "a; rm -rf ~"
    box: 'x"y#{1}'
    memmory: 12
    cpus: many
  - name: b
    box: lab/b
    image: {url: "https://example.org/x"}
  - name: B
    box: 12
    memory: lots
services:
  "a\\nb": {image: x}
  web: {image: x, machine: nope}
`);
  assert.equal(problems, [
    "2:11 name must be a host name: letters, digits and hyphens, at most 63 of them, not “a; rm -rf ~”",
    '3:10 box must be a box name such as homelab-gpu/debian-13, not “x"y#{1}”',
    "4:5 unknown key “memmory”",
    "5:11 cpus must be a whole number from 1 to 512, not “many”",
    "8:12 a url needs a checksum to verify the download",
    "9:11 two machines are named B",
    "10:10 box must be text (put quotes around it), not “12”",
    "11:13 memory must be a size from 256 MiB to 16 TiB, in MiB or with its unit, not “lots”",
    "13:3 “a·b” is not a valid service name: use letters, digits, dots, hyphens and underscores",
    "14:28 service web runs on nope, but there is no machine of that name",
  ]);
});

test("services get their machine", () => {
  const two = "machines: [{name: a, box: lab/x}, {name: b, box: lab/y, gpu: {}}]\n";
  const at = (service: string) => parseConfig(`${two}services: {web: ${service}}`).services[0]!.machine;
  assert.is(at("{image: x, machine: a}"), "a");
  assert.is(at("{image: x, gpu: 1}"), "b", "the only one with a GPU");
  assert.equal(wrong(`${two}services: {web: {image: x}}`), ["2:12 service web does not name its machine"]);
  assert.is(parseConfig(`${one("")}services: {web: {image: x, gpu: all}}`).services[0]!.machine, "devlab");
});

test("Compose's own keys are kept", () => {
  const { services } = parseConfig(
    `${one("")}services: {web: {image: x, ports: ["80:80"], environment: {A: "\${B}", C: 1}, gpu: 1}}`,
  );
  assert.equal(services, [{
    name: "web",
    machine: "devlab",
    gpu: 1,
    body: { image: "x", ports: ["80:80"], environment: { A: "${B}", C: 1 } },
  }]);
});

test("Compose keys that need a top-level declaration are refused", () => {
  const secrets = "web: {image: x, secrets: [password]}";
  assert.equal(wrong(`${one("")}services: {${secrets}}`), [
    "4:28 secrets cannot be used in services of this file: use a stack",
  ]);
  try {
    parseConfig(`${one("")}services: {${secrets}}`);
    assert.unreachable();
  } catch (error) {
    assert.match(
      (error as Error).message.replace(/\s+/g, " "),
      /write stacks: \[\{path: \.\/NAME\}\], with the service in \.\/NAME\/compose\.yaml$/,
    );
  }
  const merged = wrong(`${one("")}services:\n  a: &a\n    image: x\n    configs: []\n  b: {<<: *a}\n`);
  assert.equal(merged.map((says) => says.slice(0, 11)), ["7:5 configs", "7:5 configs"]);
  assert.equal(wrong(`${one("")}services: {secrets: {image: x, environment: {configs: a}}}`), []);
});

test("a service and its dependencies must be on one machine", () => {
  const lab =
    "machines: [{name: vm-1, box: lab/x}, {name: vm-2, box: lab/x}]\nservices:\n  db: {image: x, machine: vm-1}\n";
  const says = (body: string) => wrong(`${lab}  web: {image: x, machine: vm-2, ${body}}\n`);
  const apart = "4:3 service web needs db, but it runs on another machine, which Compose cannot reach";
  for (
    const body of [
      ...["depends_on: [db]", "depends_on: {db: {condition: service_started}}", 'links: ["db:alias"]', "extends: db"],
      ...["network_mode: service:db", "pid: service:db", "volumes_from: [db, 'container:y']", "extends: {service: db}"],
    ]
  ) assert.equal(says(body), [apart], body);
  const [lacking] = advice(`${one("")}services: {web: {image: x, depends_on: [redis]}}\n`);
  assert.is(lacking!.instead, "a service redis in services:, or leave redis out");
  assert.equal(says("depends_on: [bd]"), ["4:3 service web needs bd, but there is no service of that name"]);
  assert.equal(says("depends_on: {other: {condition: service_started, required: false}}"), []);
  assert.equal(says("extends: {file: other.yaml, service: z}, volumes_from: ['container:y'], pid: host"), []);
  assert.equal(wrong(`${lab}  web: {image: x, machine: vm-1, depends_on: [db]}\n`), []);
});

test("two different ways of building one box are refused", () => {
  const text = "machines: [{name: a, box: lab/x, image: debian-12}, {name: b, box: lab/x, image: debian-13}]";
  assert.match(wrong(text)[0]!, /^1:\d+ machines a and b build the box lab\/x from different settings/);
  const ready = "machines: [{name: a, box: lab/x, gpu: {}}, {name: b, box: lab/x}]";
  assert.equal(parseConfig(ready).machines.length, 2, "nothing is built");
});

test.run();
