// What an error of a config says to write, made of what is written.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { machine as machineKeys } from "../lib/config/machine-keys.mts";
import { advice, one } from "./config-errors.mts";

const test = suite("config meant");

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

test.run();
