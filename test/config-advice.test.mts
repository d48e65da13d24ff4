// What errors of a config say to write.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config/parse.mts";
import { ConfigError } from "../lib/errors.mts";
import { file } from "../lib/config/keys.mts";
import type { Shape } from "../lib/config/shape.mts";
import { advice, one, wrong } from "./config-errors.mts";

const test = suite("config advice");

test("shows the line, and what to write instead", () => {
  try {
    parseConfig(one("memmory: 4096"), "my.yaml");
    assert.unreachable();
  } catch (error) {
    assert.is(
      (error as Error).message,
      ["my.yaml:4:5: unknown key “memmory”", "    4 |     memmory: 4096", "      |     ^", "      write  memory: …"]
        .join("\n"),
    );
  }
});

test("a misspelt key, reference or vendor is one error, with what was meant", () => {
  const written = (text: string) => {
    try {
      parseConfig(text);
      return [];
    } catch (error) {
      return (error as ConfigError).problems.map(({ message, instead }) => `${message} | ${instead}`);
    }
  };
  const machine = (more: string) => `machines: [{name: ai, box: lab/x${more}}]\n`;
  const gpu = (value: string) => written(machine(`, gpu: ${value}`));
  assert.equal(written("machnes: [{name: ai, box: lab/x}]"), ["unknown key “machnes” | machines: …"]);
  assert.equal(written("machines: [{nam: ai, box: lab/x}]"), ["unknown key “nam” | name: …"]);
  assert.equal(gpu("{vendr: 10de}"), ["unknown key “vendr” | vendor_id: …"]);
  assert.equal(gpu("{vendor_id: amd}"), ["vendor_id must be 4 hex digits, not “amd” | vendor_id: 1002"]);
  assert.equal(gpu("{vendor_id: Intl}"), ["vendor_id must be 4 hex digits, not “Intl” | vendor_id: 8086"]);
  assert.equal(gpu("yes"), ["gpu must be a mapping or a list, not “yes” | gpu: {vendor_id: 10de}"]);
  assert.equal(
    written(machine(", image: {debotstrap: trixie}")),
    ["unknown key “debotstrap” | debootstrap: …"],
  );
  assert.equal(written(`${machine("")}services: {a: {image: x, depends_on: [olama]}, ollama: {image: x}}`), [
    "service a needs olama, but there is no service of that name | ollama instead of olama",
  ]);
  const two = "machines: [{name: ai, box: lab/x}, {name: web, box: lab/x}]\n";
  assert.equal(written(`${two}services: {a: {image: x, machine: wbe}}`), [
    "service a runs on wbe, but there is no machine of that name | machine: web",
  ]);
});

test("what an error says to write is accepted there, for every key", () => {
  const values = [
    ...["3", '"1"', "x y", "~", "true", "1.5", "-1", "[]", "[3]", "{}", "BLOCK"],
    // forms that are almost right
    ...["0x10", "1e3", "1_024", "16,5 GB", '"1080"', "4090", "50%", "0x1f_", "null!", "日本", "name:ai box:lab/x"],
    ...["192.168.1.0", "0.0.0.0", "1.2.3.4.", "ipv6", "10G", "rtx4090", "enp3s0", "generic/ubuntu2204", "debian:12"],
    ...["/srv/a:/etc", "/", "/proc:/x:rw", "01:00", "[0a:00.0]", "10de:2684", "580.95.05", "a@b:70000", "FOO=bar"],
  ];
  // errors that involve two keys have no single line, and an unknown key has no shape
  const apart =
    /is used with|needs a checksum|needs lan:|needs address:|exactly one|no machine of that name|there is no host|unknown key|is missing/;
  const refused: string[] = [];
  let advised = 0;
  const tryAll = (before: string[], after: string[], indent: string, name: string) => {
    for (const value of values) {
      const own = value === "BLOCK" ? [`${indent}${name}:`, `${indent}  - 3`] : [`${indent}${name}: ${value}`];
      const text = [...before, ...own, ...after];
      for (const { line, message, instead } of advice(text.join("\n"))) {
        const at = line - 1 - before.length;
        if (apart.test(message) || at < 0 || at >= own.length) continue;
        if (instead === undefined) {
          refused.push(`${own.join("\n")}\n${message}: does not say what to write`);
          continue;
        }
        advised++;
        const lead = instead.startsWith("- ") ? `${indent}${name}:\n${indent}  ` : indent;
        const mended = [...before, lead + instead.replace("sha256:…", `sha256:${"0".repeat(64)}`), ...after];
        const still = advice(mended.join("\n")).filter(({ message }) => !apart.test(message));
        if (still.length > 0) refused.push(`${own.join("\n")}\n${message}\n${instead}\n${still[0]!.message}`);
      }
    }
  };
  const walk = (shape: Shape, before: string[], after: string[], indent: string): void => {
    if (shape.kind === "either") { for (const one of shape.of) walk(one, before, after, indent); }
    if (shape.kind !== "map") return;
    for (const [name, key] of Object.entries(shape.keys)) {
      // an error suggests other keys instead
      if (key.kind === "refused") continue;
      const needed = Object.entries(shape.keys).filter(([other, { required }]) => required && other !== name).map((
        [other, { example }],
      ) => `${indent}${other}: ${example.replace("sha256:…", `sha256:${"0".repeat(64)}`)}`);
      tryAll([...before, ...needed], after, indent, name);
      if (name !== "machines") walk(key, [...before, ...needed, `${indent}${name}:`], after, `${indent}  `);
    }
  };
  walk(file, [], [], "");
  const machine = file.kind === "map" && file.keys.machines!.kind === "list" ? file.keys.machines!.of : undefined;
  walk(machine!, ["machines:", "  -"], [], "    ");
  const service = file.kind === "map" && file.keys.services!.kind === "services" ? file.keys.services!.keys : {};
  const lab = ["machines: [{name: devlab, box: lab/x}]", "services:"];
  tryAll(lab, [], "  ", "web");
  walk({ kind: "map", keys: service, example: "" }, [...lab, "  web:", "    image: x"], [], "    ");
  assert.equal(refused, []);
  assert.ok(advised > 150, `only ${advised} had advice`);
});

test("an error lists every form of a value that has several, and names list items", () => {
  const first = (text: string) => {
    const [{ message, instead } = { message: "nothing", instead: "" }] = advice(text);
    return `${message}; write ${instead}`;
  };
  const gpu = (value: string) => first(`${one("")}services: {web: {image: x, gpu: ${value}}}`);
  assert.is(
    gpu('"1"'),
    "gpu must be a whole number from 1 to 64 (without quotes), or all, not “1”; write gpu: 1",
  );
  assert.is(
    gpu("0"),
    "gpu must be a whole number from 1 to 64, or all, not “0”; write remove it: a service without gpu: gets none",
  );
  assert.match(gpu("false"), /; write remove it: a service without gpu: gets none$/);
  assert.is(gpu("some"), "gpu must be a whole number from 1 to 64, or all, not “some”; write gpu: 1");
  assert.is(
    first(one("image: debian-14")),
    "image must be one of debian-12, debian-13, ubuntu-22.04, ubuntu-24.04, ubuntu-26.04, or {file: …}, {url: …, checksum: …} or " +
      "{debootstrap: …}, not “debian-14”; write image: debian-13",
  );
  const written = (keys: string) => advice(one(keys))[0]?.instead;
  assert.is(written("engine: dockr"), "engine: docker");
  assert.is(written("provider: hyper-v"), "provider: hyperv");
  assert.is(written("image: ubuntu-24"), "image: ubuntu-24.04");
  assert.is(written("engine: containerd"), "engine: docker");
  const twice = "machines: [{name: a, box: b/x}, {name: a, box: b/x}]\nservices: {w: {image: x, machine: b}}";
  assert.is(advice(twice).at(-1)!.instead, "machine: a");
  assert.is(
    first(one("gpu: 3")),
    "gpu must be a mapping or a list, not “3”; write gpu: {vendor_id: 10de}",
  );
  assert.is(first(one("gpu: {device_id: 12}")), "device_id must be 4 hex digits, not “12”; write device_id: 2786");
  assert.is(
    first(one("provision: [./a, 3]")),
    'an item of provision must be text (put quotes around it), not “3”; write - "3"',
  );
  assert.is(
    first(one("network: {lan: true}")),
    "lan must be the name of a bridge or of a wired interface of this host, as ip link shows it, not “true”; write lan: br0",
  );
  assert.is(
    first("machines:\n  -\n"),
    "an item of machines must be a mapping, not empty; write - {name: devlab, box: homelab-gpu/debian-13, image: debian-13}",
  );
});

test("a variable outside services is named as such", () => {
  assert.match(wrong(one("cpus: ${CPUS:-4}"))[0]!, /not “\$\{CPUS:-4\}”: variables are replaced only in services$/);
  assert.not.match(wrong(one("cpus: 4$"))[0]!, /variables/);
});

test("for a key in the wrong mapping, the error names the right one", () => {
  const [, second] = advice("machines:\n  - name: a\n    box: lab/x\n    gpu:\n    device_id: 2786\n") as {
    message: string;
    instead?: string;
  }[];
  assert.equal([second!.message, second!.instead], [
    "unknown key “device_id”",
    "it inside gpu:, indented further than gpu",
  ]);
  const outer = (keys: string) => advice(one(keys)).map(({ instead }) => instead);
  assert.equal(outer("services: {web: {image: x}}"), ["it next to machines:, not inside it"]);
  assert.equal(outer("gpu: {memory: 4096}"), ["it next to gpu:, not inside it"]);
  assert.equal(outer("hosts: gpubox"), ["host: …"], "a text is no list of hosts");
});

test("a key with the name of an object method is unknown, at each level", () => {
  const machine = "machines: [{name: a, box: lab/x}]\n";
  for (const name of ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__"]) {
    const texts = [
      `${machine}${name}: s`,
      `machines: [{name: a, box: lab/x, ${name}: 1}]`,
      `${machine}stacks: [{path: ./x, ${name}: 1}]`,
    ];
    for (const text of texts) {
      try {
        parseConfig(text);
        assert.unreachable(text);
      } catch (error) {
        assert.instance(error, ConfigError, text);
        assert.match((error as ConfigError).problems[0]!.message, new RegExp(`unknown key “${name}”`));
      }
    }
  }
});

test.run();
