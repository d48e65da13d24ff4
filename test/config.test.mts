import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config/parse.mts";
import { decodeBytes } from "../lib/encoding.mts";
import { ConfigError } from "../lib/errors.mts";
import { file } from "../lib/config/keys.mts";
import { machine as machineKeys } from "../lib/config/machine-keys.mts";
import type { Shape } from "../lib/config/shape.mts";
import { isUnclear, mistakeOf } from "../lib/config/syntax-mistakes.mts";
import { originalExample, root } from "./fake.mts";

const test = suite("config");

/** The errors in a text, as `line:column text`. */
function wrong(text: string): string[] {
  try {
    parseConfig(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  }
  return [];
}

const one = (keys: string) => `machines:\n  - name: devlab\n    box: lab/box\n${keys.replace(/^(?=.)/gm, "    ")}`;
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

/** All errors in a text, as the user sees them. */
function advice(text: string) {
  try {
    parseConfig(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
  return [];
}

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
    first("machines:\n  -\n"),
    "an item of machines must be a mapping, not empty; write - {name: devlab, box: homelab-gpu/debian-13, image: debian-13}",
  );
});

test("what an error says to write is made of what is written", () => {
  const written = (keys: string) => advice(one(keys)).map(({ instead }) => instead).join("; ");
  const amdCard = (name: string): [string, string] => [`gpu: ${name}`, "gpu: {vendor_id: 1002}"];
  const nvidiaCard = (name: string): [string, string] => [`gpu: ${name}`, "gpu: {vendor_id: 10de}"];
  const keysOfMachine = Object.keys(machineKeys);
  const rows: [string, string][] = [
    ["memory: 16", "memory: 16 GiB"],
    ['memory: "4096"', "memory: 4096"],
    ["memory: 16,5G", "memory: 16.5G"],
    ["memory: 16,384", "memory: 16384"],
    ["memory: 16Go", "memory: 16 GiB"],
    ["memory: 16 gigs", "memory: 16 GiB"],
    ["memory: 8_192", "memory: 8192"],
    ["disk: 64", "disk: 64 GiB"],
    ["disk: 16,5 GB", "disk: 17 GiB"],
    ['data: "1080"', "data: 1080 GiB"],
    ["cpus: 8 cores", "cpus: 8"],
    ["cpus: 1e3", "cpus: 4"],
    ["cpus: 50%", "cpus: 4"],
    ["gpu:", "gpu: {vendor_id: 10de}"],
    ["gpu: amd", "gpu: {vendor_id: 1002}"],
    ["gpu: RTX 4070", "gpu: {vendor_id: 10de}"],
    // the name of a card is no PCI id
    ["gpu: 4090", "gpu: {vendor_id: 10de}"],
    ["gpu: rtx4090", "gpu: {vendor_id: 10de}"],
    ["gpu: rx7900xtx", "gpu: {vendor_id: 1002}"],
    ["gpu: arc a770", "gpu: {vendor_id: 8086}"],
    ...["7900", "9070 XT", "6600", "5700 XT", "MI300X", "Vega 64"].map(amdCard),
    ["gpu: B580", "gpu: {vendor_id: 8086}"],
    ...["1650", "3060 Ti", "750 Ti", "5090", "H100", "A30"].map(nvidiaCard),
    ...["B60", "B50", "A60", "A30M", "A770"].map((
      name,
    ): [string, string] => [`gpu: ${name}`, "gpu: {vendor_id: 8086}"]),
    // makers that have the same number
    ...["580", "480 8GB", "A40"].map((name): [string, string] => [`gpu: ${name}`, "gpu: {vendor_id: …}"]),
    ["gpu: 0x2684", "gpu: {device_id: 2684}"],
    ["gpu: off", "gpu: {enabled: false}"],
    ["gpu: 10de:1e84", "gpu: {vendor_id: 10de, device_id: 1e84}"],
    ["gpu: 01:00.0", 'gpu: {address: "01:00.0"}'],
    ["gpu: {device_id: 0x1e84}", "device_id: 1e84"],
    ['gpu: {device_id: "10de:1e84"}', "device_id: 1e84"],
    ["gpu: {vendor_id: 0x1002}", "vendor_id: 1002"],
    ["gpu: {address: 1:0.0}", 'address: "01:00.0"'],
    ["gpu: {address: pci_0000_0a_00_0}", 'address: "0a:00.0"'],
    ["gpu: {mode: vfio}", "mode: passthrough"],
    ["gpu: {mode: gpu-p}", "mode: partition"],
    ["driver: 550", "driver: {branch: 550}"],
    ["driver: open", "driver: {modules: open}"],
    ["driver: {branch: 550.54.14}", "branch: 550"],
    ["driver: {version: 550}", "branch: …"],
    ["provider: vbox", "provider: virtualbox"],
    ["provider: kvm", "provider: libvirt"],
    ["engine: [docker]", "engine: docker"],
    ["autostart: no", "autostart: false"],
    ["image: ubuntu", "image: ubuntu-24.04"],
    ["image: jammy", "image: ubuntu-22.04"],
    ["image: Ubuntu 22.04", "image: ubuntu-22.04"],
    ["image: debian-12.5", "image: debian-12"],
    ["image: ubuntu2204", "image: ubuntu-22.04"],
    ["image: generic/ubuntu2204", "image: ubuntu-22.04"],
    ["image: bento/ubuntu-24.04", "image: ubuntu-24.04"],
    ["image: debian/bookworm64", "image: debian-12"],
    ["image: ./disk.qcow2", "image: {file: ./disk.qcow2}"],
    ["image: https://example.org/a.qcow2", "image: {url: https://example.org/a.qcow2, checksum: sha256:…}"],
    ["provision: ./gpu.sh", "provision: [./gpu.sh]"],
    ["folders: /srv/music", "folders: [{from: /srv/music, to: /srv/music}]"],
    ['folders: ["/srv/a:/data:rw"]', "- {from: /srv/a, to: /data, read_only: false}"],
    ["folders: ~/models", "folders: [{from: ~/models, to: /mnt/models}]"],
    ["folders: {from: /srv/a, to: /data}", "folders: [{from: /srv/a, to: /data}]"],
    ["folders: [{from: /srv/a, to: /data, ro: true}]", "read_only: true"],
    ["folders: [{from: /srv/a, to: /data, rw: true}]", "read_only: false"],
    ["folders: [{from: /srv/a, to: /data, rw: yes}]", "read_only: false"],
    ["folders: [{from: /srv/a, to: /data, ro: 1}]", "read_only: true"],
    ["folders: [{from: /srv/a, to: /data, mode: rw}]", "read_only: …"],
    ["network: br7", "network: {lan: br7}"],
    ["network: bridge", "network: {lan: br0}"],
    ["network: enp3s0", "network: {lan: enp3s0}"],
    ["network: ipv6", "network: {lan: br0}"],
    ["network: {lan: br7, address: 10.0.0.7}", "address: 10.0.0.7/24"],
    // the network itself is no address of a VM
    ["network: {lan: br7, address: 192.168.1.0}", "address: 192.168.1.50/24"],
    ["network: {lan: br7, gateway: x}", "gateway: 192.168.1.1; address: 192.168.1.50/24"],
    ["ram: 4096", "memory: …"],
    ["memory_mb: 4096", "memory: …"],
    ["cpuCount: 4", "cpus: …"],
    // only what is left of a name says which key is meant
    ["network: {lan: br0, mac_address: x}", "one of switch, lan, address, gateway"],
    ["ram: 4096\nmemory: 4096", "remove it: memory exists already"],
    ["a1: x\nb1: y", `one of ${keysOfMachine.join(", ")}; one of the keys listed above`],
    ["cpus = 4", "cpus: 4"],
    ["cpus:4", "cpus: 4"],
    ["memory: 8GB RAM", "memory: 8GB"],
    ["memory: 2048,", "memory: 2048"],
    ["disk: 100 GiB SSD", "disk: 100 GiB"],
    ["driver: nvidia-driver-580-open", "driver: {branch: 580, modules: open}"],
    ["driver: nvidia-open-570", "driver: {branch: 570, modules: open}"],
    ["driver: nvidia-headless-no-dkms-535-server", "driver: {branch: 535}"],
    ["driver: 550.54.14-1", "driver: {branch: 550}"],
    ["driver: nvidia-open", "driver: {modules: open}"],
    ["driver: libnvidia-compute-550", "driver: {branch: 550}"],
    ["memory: 16.000 MB", "memory: 16000 MB"],
    ["gpu: {driver: 550}", "driver: {branch: 550} next to gpu:, not inside it"],
    ["gpu: {driver: nvidia-550-server}", "driver: {branch: 550} next to gpu:, not inside it"],
    ["network: {lan: br0, gpu: RTX 4090}", "gpu: {vendor_id: 10de} next to network:, not inside it"],
    ["network: {lan: br0, gpu: {vendor_id: 10de}}", "it next to network:, not inside it"],
    ["network: {lan = br0}", "lan: br0"],
    ['ports: ["80:80"]', "it in a service, below services:"],
  ];
  assert.equal(rows.map(([keys]) => [keys, written(keys)]), rows);
  const whole = (text: string) => advice(text).map(({ instead }) => instead);
  assert.equal(whole("machines:\n  - name: my_ai\n    box: lab/x\n"), ["name: my-ai"]);
  assert.equal(whole("machines:\n  - name: 0x1f_\n    box: lab/x\n"), ['name: "0x1f"']);
  assert.equal(whole("machines:\n  - name:ai\n    box:lab/x\n"), ["- {name: ai, box: lab/x}"]);
  assert.equal(whole("machines:\n  name: ai\n  box: lab/x\n"), ["machines: [{name: ai, box: lab/x}]"]);
  assert.equal(whole("machines:\n  - name = ai\n    box = lab/x\n"), ["- {name: ai, box: lab/x}"]);
  assert.equal(whole("machines:\n  ai: {box: lab/x}\n  b: {box: lab/y}\n"), [
    "machines: [{name: ai, box: lab/x}, {name: b, box: lab/y}]",
  ]);
  assert.equal(whole(`${one("")}services: [{name: web, image: nginx}]\n`), ["services: {web: {image: nginx}}"]);
  assert.equal(whole(`${one("")}hosts: [{name: nas, ssh: me@nas}]\n`), ["hosts: {nas: {ssh: me@nas}}"]);
  assert.equal(whole("machines: [ai, web]\n"), [
    "- {name: ai, box: homelab-gpu/debian-13, image: debian-13}",
    "- {name: web, box: homelab-gpu/debian-13, image: debian-13}",
  ]);
  assert.equal(whole("machines: [{name: ai, box: b/x;}]\n"), ["box: b/x"]);
  for (const url of ["https://example.org/me/photos.git", "git@example.org:me/photos"]) {
    assert.equal(whole(`${one("")}stacks: [{path: "${url}"}]\n`), ["path: ./photos"], url);
  }
  for (
    const shown of ["tree/main/deploy", "-/tree/main/deploy/", "blob/main/deploy/compose.yaml", "src/branch/v1/deploy"]
  ) {
    const url = `https://example.org/x/y/${shown}`;
    assert.equal(whole(`${one("")}stacks: [{path: "${url}"}]\n`), ["path: ./y/deploy"], url);
  }
  for (const url of ["https://example.org/x/y.git#main", "https://example.org/x/y?tab=readme"]) {
    assert.equal(whole(`${one("")}stacks: [{path: "${url}"}]\n`), ["path: ./y"], url);
  }
  assert.equal(whole(`${one("")}stacks: [{path: "https://example.org/x/y.git#main:deploy"}]\n`), ["path: ./y/deploy"]);
  assert.equal(whole(`${one("")}stacks: [{path: "https://example.org/"}]\n`), ["path: ./immich"]);
  // the value of the key above, or a key without its space
  assert.equal(whole(one("image:\ndebian:13")), ["more spaces before it, or for a key a space after the colon"]);
  assert.equal(whole(one("image: # a release\n\ndebian = 13")), [
    "more spaces before it, or for a key a colon, not =",
  ]);
  const cloned = ["path: with a folder of this machine, after git clone"];
  assert.equal(whole(`${one("")}stacks: [{git: "https://example.org/x/y"}]\n`), cloned);
  assert.equal(whole("machines: [{name = bi, box: x/y}]\n"), ["name: bi"]);
  assert.equal(whole(`${one("")}stacks: [{path: ./a, git: x}]\n`), [
    "path: with a folder of this machine, after git clone",
  ]);
  assert.equal(whole(`${one("")}hosts: {gpubox: ssh://me@gpubox}\n`), ["gpubox: {ssh: ssh://me@gpubox}"]);
  assert.equal(whole(`${one("")}stacks: ./photos\n`), ["stacks: [{path: ./photos}]"]);
  assert.equal(whole(`${one("")}stacks: [{path: ./a, env: [TAG=v2]}]\n`), ["env: {TAG: v2}"]);
  assert.equal(whole(`${one("")}services: {db: postgres:17}\n`), ["db: {image: postgres:17}"]);
  assert.equal(whole(`${one("")}services: {db: 4090}\n`), ['db: {image: "4090"}']);
  // a service that is not indented, and keys that are not indented further than their service
  assert.equal(whole(`${one("")}services:\nweb:\n  image: nginx\n`), [
    "services: {web: {image: nginx}}",
    "it inside services:, indented further than services",
  ]);
  assert.equal(whole(`${one("")}services:\n  web:\n  image: nginx\n`), [
    "web: {image: nginx}",
    "it inside a service, indented further than the service",
  ]);
  assert.equal(whole(one("network: {lan: br0, vlan: 20}")), ["lan: with the interface of the VLAN, such as br0.20"]);
  assert.equal(whole(one("ip: 192.168.1.5")), ["network: {lan: br0, address: 192.168.1.50/24}"]);
  assert.equal(whole(one("passthrough: true")), ["gpu: …"]);
  assert.equal(whole(one("gpu: {count: 2}")), [
    "a list in gpu: for several cards, or partition_count: for partitions of one card",
  ]);
  assert.equal(whole(one("network: {lan: br0, address: 10.0.0.1/30, gateway: 10.0.1.1}")), ["gateway: 10.0.0.2"]);
  // what is long, has control characters or a password is not repeated
  assert.equal(whole(`${one("")}stacks: "https://me:hunter2@example.org/x"\n`), ["stacks: [{path: ./immich}]"]);
  assert.equal(whole(`${one("")}stacks: "./a\\eb"\n`), ["stacks: [{path: ./immich}]"]);
});

test("a variable outside services is named as such", () => {
  assert.match(wrong(one("cpus: ${CPUS:-4}"))[0]!, /not “\$\{CPUS:-4\}”: variables are replaced only in services$/);
  assert.not.match(wrong(one("cpus: 4$"))[0]!, /variables/);
});

test("names characters that look like those of YAML", () => {
  const found = (text: string) =>
    advice(text).map(({ line, column, message, instead }) => `${line}:${column} ${message} | ${instead}`);
  assert.equal(found("machines:\n\u00a0\u00a0- {name: ai, box: lab/x}\n"), [
    "2:1 U+00A0 is a character that looks like a space, but is none in YAML | a space",
  ]);
  assert.equal(found("machines:\n  - {na\u200bme: ai, box: lab/x}\n"), [
    "2:8 U+200B is an invisible character | the line without it",
  ]);
  assert.equal(found("machines:\n  - {name: “ai”, box: lab/x}\n"), [
    '2:12 U+201C is a typographic quote, which YAML reads as text | "…"',
  ]);
  assert.equal(found("machines：\n  - {name: ai, box: lab/x}\n"), ["1:9 U+FF1A is a full-width colon | key: …"]);
  assert.equal(found("machines:\n  – {name: ai, box: lab/x}\n"), [
    "2:3 U+2013 is a dash, where YAML needs a hyphen | - …",
  ]);
  // the fault is the second colon
  assert.equal(
    found(`${one("")}x-note: bonjour\u00a0: salut: a\n`),
    found(`${one("")}x-note: bonjour_: salut: a\n`),
  );
  assert.equal(found(one("engine: do\u00a0cker")).length, 1);
  assert.match(found(one("engine: do\u00a0cker"))[0]!, /^4:\d+ U\+00A0/);
  // in quotes and comments they are text, as in lines without a mistake
  assert.equal(found(one('memmory: "a\u00a0b" # “so”')), ["4:5 unknown key “memmory” | memory: …"]);
  // quotes without an end in a long line: the time grows with its length, not with its square
  assert.not.equal(found(one(`memmory: ${'"\\'.repeat(400_000)}`)), []);
  assert.equal(found(`${one("")}services: {web: {image: x, labels: [a\u00a0b, “c”]}}\n`), []);
});

test("refuses text that is not YAML, not a mapping, or empty", () => {
  assert.match(wrong("machines: [")[0]!, /^1:\d+ this is not valid YAML: /);
  assert.match(wrong("a: 1\na: 2")[0]!, /^2:1 duplicate key “a”/);
  assert.equal(wrong(""), ["1:1 the file is empty"]);
  assert.equal(wrong("- a"), ["1:1 the file must be a mapping, not a list"]);
  assert.equal(wrong("machines: []"), ["1:11 machines is an empty list"]);
  assert.equal(wrong("machines: 3"), ["1:11 machines must be a list, not “3”"]);
  assert.equal(wrong("machines:\n"), ["1:10 machines must be a list, not empty"]);
  assert.equal(wrong("services: {}"), ["1:1 machines is missing"]);
});

test("shows where YAML is invalid, with what to write instead", () => {
  const problemsOf = (text: string) =>
    advice(text).map(({ line, column, message, instead }) => `${line}:${column} ${message}|${instead}`);
  const no = "this is not valid YAML: ";
  assert.equal(problemsOf('machines:\n  - name: "a\n    box: b\n    cpus: 3\n'), [
    `2:11 ${no}this quote is not closed|"…"`,
  ]);
  assert.equal(problemsOf("a: [b, 'c]\n"), [`1:8 ${no}this quote is not closed|"…"`]);
  assert.equal(problemsOf("machines: [{name: a, box: b}\nservices: {}\n"), [
    `1:11 ${no}this bracket is not closed|[…] or {…}`,
  ]);
  assert.equal(problemsOf("machines: [{name: a}]\n---\na: 1\n"), [
    `2:1 ${no}a second document begins here, but only one is read|remove it, and use another file for the rest`,
  ]);
  assert.equal(problemsOf("a:\n\tb: 1\n"), [`2:1 ${no}a tab cannot indent a line|spaces`]);
  assert.equal(problemsOf("a: [b]#c\n"), [`1:7 ${no}a comment needs a space before it|a space before #`]);
  assert.equal(problemsOf("a: @b\n"), [`1:4 ${no}text that begins with this character needs quotes|"…"`]);
  const conflict = "cpus: 1\n<<<<<<< HEAD\ncpus: 2\n=======\ncpus: 4\n>>>>>>> theirs\n";
  assert.equal(problemsOf(conflict), [
    "2:1 a merge conflict of Git begins here|one of its two versions, without the marks",
  ]);
  for (const below of ["  -box: b/x", "   box: b/x"]) {
    const dashes = problemsOf(`machines:\n  -name: ai\n${below}\n`);
    assert.is(dashes.length, 1);
    assert.match(dashes[0]!, /^2:3 a dash needs a space after it\|- name: /);
  }
  assert.equal(problemsOf('[machines]\nname = "ai"\n'), [`2:1 ${no}a key needs a colon, not =|name: "ai"`]);
  assert.equal(problemsOf("a: &b &c 1\n"), [`1:7 ${no}a value can have only one anchor|one &…`]);
  assert.equal(problemsOf("a: 1\nb: 2\na: 3\n"), ["3:1 duplicate key “a”|it once: line 1 has it already"]);
  assert.match(
    problemsOf(one("image: {file: x, mirror: http://x.y/z}"))[0]!,
    /mirror is used with debootstrap only\|image: \{deb/,
  );
});

test("commas, colons and brackets that are missing are named where they are missing", () => {
  const first = (text: string) => wrong(text).map((one) => one.replace("this is not valid YAML: ", ""));
  const [comma, atEnd] = ["a comma is missing before this", "a comma is missing at the end of this line"];
  const colon = "a key needs a colon and a space after it";
  for (
    const [text, problem] of Object.entries({
      "machines:\n  - {name: ai box: lab/x}\n": `2:15 ${comma}`,
      "machines:\n  - {name: ai, box: lab/x\n     gpu: {vendor_id: 10de}}\n": `2:21 ${atEnd}`,
      "machines: [{name: ai, gpu: {vendor_id: 10de} cpus: 2}]\n": `1:46 ${comma}`,
      'a: ["80:80" "81:81"]\n': `1:13 ${comma}`,
      'a: {"b": "c" "d": "e"}\n': `1:14 ${comma}`,
      "a: [b,, c]\n": "1:7 there is one comma too many",
      "a: [- b]\n": "1:5 a list with dashes cannot be in brackets",
      "machines: [\n  - name: ai\n    box: x/y\n]\n": "2:3 a list with dashes cannot be in brackets",
      "a: {b: c: d}\n": "1:8 text that contains a colon and a space needs quotes",
      "a: [b]]\n": "1:7 there is no opening bracket for this one",
      "a:\n  b: [\nc]\n": "2:6 the lines in these brackets have too few spaces",
      "{a: [b]\n": "1:1 this bracket is not closed",
      "machines\n  - name: ai\n    box: x/y\n": `1:1 ${colon}`,
      "machines:\n  - name ai\n    box: x/y\n": `2:5 ${colon}`,
      "machines:\n  - name: ai\n    box x/y\n    cpus: 2\n": `3:5 ${colon}`,
      'a: "b" c\n': "1:8 text follows a closing quote or bracket",
      "a: | b\n": "1:6 text cannot follow | or > on the same line",
      "a: *\n": "1:4 text that begins with this character needs quotes",
    })
  ) assert.equal(first(text), [problem], text);
});

test("a directive of YAML is named at its own line, once", () => {
  const no = "this is not valid YAML: a line that begins with % is a directive of YAML";
  for (const line of ["%YAM 1.2", "%TAG x", "%TAG ! tag:x,2000:\n# a comment"]) {
    assert.equal(wrong(`${line}\nmachines: [{name: a, box: lab/x}]\n`), [`1:1 ${no}`], line);
  }
});

test("every error of the package yaml has a message of this project", () => {
  const folder = `${root}/node_modules/yaml/dist/compose`;
  const text = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, "utf8")).join("\n");
  const codes = [...text.matchAll(/onError\([^;]*?['"]([A-Z]+_[A-Z_]+|IMPOSSIBLE)['"], ?(?:['"`]([^;]*?)['"`])?[,)]/g)];
  assert.ok(codes.length >= 50, String(codes.length));
  const general = codes.filter(([, code, message = ""]) => isUnclear(mistakeOf(code!, message, false)));
  // these say only that a token is not expected
  assert.equal([...new Set(general.map(([, code]) => code))].sort(), ["IMPOSSIBLE", "UNEXPECTED_TOKEN"]);
  const unexpected = general.filter(([, code]) => code === "UNEXPECTED_TOKEN").map(([, , message]) => message);
  assert.ok(unexpected.every((message) => /^(?:Une|E)xpected .*\$\{/.test(message!)), unexpected.join());
});

/** A text's errors, as `line:column message`, without the suggested indentation. */
const indented = (text: string) => wrong(`machines:\n  - name: a\n    box: lab/x\n${text}`);

test("reports a key or item with the wrong indentation, and the column of its siblings", () => {
  assert.equal(indented("     cpus: 3\n    memory: 512\n"), ["4:6 `cpus` is indented by 5, its siblings by 4"]);
  assert.equal(indented("   cpus: 3\n    memory: 512\n"), ["4:4 `cpus` is indented by 3, its siblings by 4"]);
  assert.equal(indented("    gpu:\n      vendor_id: 10de\n       device_id: 2786\n"), [
    "6:8 `device_id` is indented by 7, its siblings by 6",
  ]);
  assert.equal(indented("    gpu:\n      vendor_id: 10de\n     device_id: 2786\n"), [
    "6:6 `device_id` is indented by 5, its siblings by 6 or 4",
  ]);
  assert.equal(indented("   - name: b\n"), ["4:4 this item is indented by 3, its siblings by 2"]);
  assert.equal(indented(" services: {}\n"), ["4:2 `services` is indented by 1, its siblings by 0"]);
  assert.equal(indented("services:\n  web:\n     image: x\n    ports: [1,\n        2]\n"), [
    "7:5 `ports` is indented by 4, its siblings by 5",
  ]);
  assert.equal(
    wrong("machines:\n- name: a\n  box: lab/x\n   cpus: 3\n"),
    ["4:4 `cpus` is indented by 3, its siblings by 2"],
  );
});

test("reports every line with wrong indentation, and other mistakes with them", () => {
  const text = "     cpus: 3\nservices:\n  web:\n    image: x\n     command: y\n    environment: {A: 'b}\n";
  assert.equal(indented(text), [
    "4:6 `cpus` is indented by 5, its siblings by 4",
    "8:6 `command` is indented by 5, its siblings by 4",
    "9:22 this is not valid YAML: this quote is not closed",
  ]);
});

test("an item with one space too many is not read as text of the previous item", () => {
  const ports = (second: string) => indented(`services:\n  web:\n    image: x\n    ports:\n    - 80:80\n${second}`);
  assert.equal(ports("     - 81:81\n"), ["9:6 this item is indented by 5, its siblings by 4"]);
  assert.equal(ports("    - 81:81\n"), []);
});

test("text in blocks, quotes and brackets may have any indentation", () => {
  const text = `services:
  web:
    image: x
    command: |
      a:
       b: c
     # no comment
    environment: {A: b,
        C: "d
       e: f"}
    labels:
    - |
      x
        - y
    -   z:  1
        zz: 2
    # a comment
  # another
    ports:

    - 80:80
`;
  assert.equal(indented(text.replace("     # no comment\n", "")), []);
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

test("Compose's own tags are kept in a service; any other tag is refused with its place", () => {
  const service = (value: string) =>
    `machines: [{name: a, box: lab/x}]\nservices:\n  web:\n    image: x\n    a: ${value}\n`;
  for (const tag of ["!!binary", "!vault", "!include", "!!set", "!!omap", "!!timestamp", "!!python/tuple", "!Ref"]) {
    for (const value of ["x", "[a]", "{a: b}", "|\n      x"]) {
      assert.equal(wrong(service(`${tag} ${value}`)), [`5:8 the tag ${tag} is not supported`], `${tag} ${value}`);
    }
  }
  for (const tag of ["!reset", "!override"]) {
    assert.equal(wrong(service(`${tag} [a]`)), []);
    assert.match(wrong(one(`cpus: ${tag} 3`))[0]!, new RegExp(`^4:\\d+ the tag ${tag} is for Compose keys`));
  }
  assert.equal(wrong(service("!!map [a]")), ["5:8 the tag !!map does not fit this value"]);
  assert.equal(wrong(service("!!str 0042")), []);
  assert.is(parseConfig(`machines: [{name: !!str 42, box: lab/x}]`).machines[0]!.name, "42");
});

test("top-level keys that begin with x- are ignored, and their anchors can be used", () => {
  const text = "x-base: &base {image: nginx}\nmachines: [{name: a, box: lab/x}]\nservices: {web: {<<: *base}}\n";
  assert.equal(parseConfig(text).services[0]!.body, { image: "nginx" });
  assert.match(wrong("machines: [{name: a, box: lab/x, x-own: 1}]")[0]!, /unknown key “x-own”/);
});

test("each of 3,000 duplicate keys is found", () => {
  assert.is(wrong(`${one("")}services:\n  web:\n${"    a: 1\n".repeat(3000)}`).length, 2999);
});

test("for a file that is not UTF-8, the error names the byte, its offset and the encoding", () => {
  const text = "machines:\n  - name: a\n    box: lab/x # größe\n";
  const read = (bytes: Uint8Array) => wrong(decodeBytes(bytes));
  assert.equal(read(Buffer.from(text, "latin1")), [
    "3:20 byte 0xF6 at offset 41 is not UTF-8: the file looks like Latin-1 (ISO 8859-1)",
  ]);
  assert.match(
    read(Buffer.concat([Buffer.from(text), Buffer.of(0x23, 0x96)]))[0]!,
    /^4:2 byte 0x96 at offset 48 is not/,
  );
  assert.match(read(Buffer.from([0x23, 0x80]))[0]!, /^1:2 byte 0x80 at offset 1 .* Windows-1252$/);
  assert.match(read(Buffer.of(0x7f, 0x45, 0xc3, 0xb6, 0, 0xff))[0]!, /^1:\d byte 0xFF at offset 5 .* is not text$/);
  assert.match(read(Buffer.from(text, "utf16le"))[0]!, /^1:1 .* looks like UTF-16LE without a byte order mark$/);
  assert.match(read(Buffer.from([0xff, 0xfe, 0, 0]))[0]!, /^1:1 the file is UTF-32/);
});

test("a byte order mark of UTF-8 or UTF-16 decides the encoding", () => {
  const text = "\ufeffmachines: [{name: a, box: lab/x, provision: [./größe.sh]}]\n";
  for (const bytes of [Buffer.from(text), Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16()]) {
    assert.equal(parseConfig(decodeBytes(bytes)).machines[0]!.provision, ["./größe.sh"]);
  }
  const broken = Buffer.concat([Buffer.from("\ufeffa: 1", "utf16le"), Buffer.of(0x20)]);
  assert.match(wrong(decodeBytes(broken))[0]!, /^1:1 .* is not UTF-16LE$/);
});

test("anchors and merge keys are resolved, within limits", () => {
  const { machines } = parseConfig(
    "machines:\n  - &base {name: a, box: lab/x, cpus: 2}\n  - {<<: *base, name: b, cpus: 3}\n",
  );
  assert.equal(machines.map(({ name, box, cpus }) => [name, box, cpus]), [["a", "lab/x", 2], ["b", "lab/x", 3]]);
  const bomb = `machines: [{name: a, box: lab/x}]
services:
  web:
    image: x
    x-a: &a [1,1,1,1,1,1,1,1,1,1]
    x-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
    x-c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
    x-d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
    x-e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]
    x-f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
`;
  assert.match(wrong(bomb)[0]!, /^3:3 service web cannot be read: its aliases expand to too many values/);
  const shared = (times: number) => {
    const long = `[${Array(2_000).fill(1)}]`;
    const more = Array.from({ length: times }, (_, i) => `  s${i}: {image: x, x-a: *a}\n`).join("");
    return `machines: [{name: a, box: lab/x}]\nservices:\n  web: {image: x, x-a: &a ${long}}\n${more}`;
  };
  assert.equal(wrong(shared(30)), []);
  assert.match(
    wrong(shared(200))[0]!,
    /^\d+:3 service s\d+ cannot be read: its aliases expand to too many values/,
    "of all together",
  );
});

test("the number of aliases alone does not make a text invalid", () => {
  const aliases = Array(4_000).fill("*a");
  const text = `${one(`provision: &all [&a ./x, ${aliases}]\n`)}services: {web: {image: x, command: *all}}`;
  const { machines, services } = parseConfig(text);
  assert.is(machines[0]!.provision.length, 4_001);
  assert.equal(services[0]!.body.command, Array(4_001).fill("./x"));
});

test("anchors, merge keys and nesting have limits, whatever they expand to", () => {
  const sources = (i: number) => Array(30).fill(`*m${i - 1}`).join(", ");
  const levels = [1, 2, 3, 4, 5, 6].map((i) => ` - &m${i} {<<: [${sources(i)}]}\n`).join("");
  assert.match(wrong(`machines:\n - &m0 {name: a, box: lab/x}\n${levels}`)[0]!, /two machines are named a/);
  assert.equal(wrong(`machines: ${"[".repeat(50_000)}`), ["1:111 this is nested too deeply"]);
  assert.match(wrong(`machines: ${" ".repeat(200_000)}`)[0]!, /^1:1 the file is too long: 200010 characters/);
  const itself = `${one("")}services: {web: &a {image: x, environment: `;
  assert.match(wrong(`${itself}*a}}`)[0]!, /^4:44 the alias \*a is inside its own anchor/);
  assert.match(wrong(`${itself}*b}}`)[0]!, /^4:44 there is no anchor &b before this/);
  assert.match(wrong(`${itself}{<<: 1}}}`)[0]!, /^4:45 << needs a mapping/);
  assert.match(wrong("? [a]\n: 1\n")[0]!, /^1:3 a key must be plain text/);
  assert.equal(wrong("machines: [{name: a, name: b, box: c}]"), ["1:22 duplicate key “name”"]);
  const merged = parseConfig("machines: [{name: a, <<: [{box: lab/first}, {box: lab/second, cpus: 3}]}]").machines[0]!;
  assert.equal([merged.box, merged.cpus], ["lab/first", 3], "the earlier source wins (yaml.org/type/merge.html)");
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
