// Folders that a service mounts and in which its user cannot write, and devices that its VM does not have.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { inlineProject } from "../lib/checks/compose.mts";
import { deviceFlaws } from "../lib/checks/compose-devices.mts";
import { ownerFlaws } from "../lib/checks/compose-owners.mts";
import { imageUser, imageUsers } from "../lib/compose/image-users.mts";
import { projectOf } from "../lib/compose/project.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { realShell } from "../lib/run/shell.mts";
import { fakeShell, root } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose owners");
const host = savedHost("vm-without-gpu");
const machine = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt}]";

/** Warnings about owners in a stack, as `PLACE message -> title | command`. `access`: its folders' owners and modes. */
async function warnings(
  services: string,
  files: string[] = [],
  access: Record<string, { mode: number; uid?: number }> = {},
  folder = "/lab/p",
): Promise<string[]> {
  const disk = Object.fromEntries(files.map((path) => [`${folder}/${path}`, "x"]));
  const { shell } = fakeShell({ [`${folder}/compose.yaml`]: `services:\n${services}`, ...disk });
  const request = { name: "p", machine: "a", folder, profiles: [], copied: files, access };
  const projects = [await readProject(shell, request, undefined)];
  const resolved = { ...resolveConfig(parseConfig(machine), host), projects };
  return runChecks(host, resolved, ["services.compose"]).filter(({ message }) => /runs as user/.test(message)).map((
    { status, message, evidence, fix },
  ) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title} | ${fix[0]?.command}`);
}

const grafana = '  g:\n    image: grafana/grafana:12.0.0\n    volumes: ["./data:/var/lib/grafana"]\n';

test("a folder that Docker would create for root is reported if the image has another user", async () => {
  assert.equal(await warnings(grafana), [
    "warn p/compose.yaml:4 p: g mounts data, which Docker creates for root, but runs as user 472 (the user of " +
    "grafana/grafana:12.0.0), which cannot write there -> Create it for user 472, or use a named volume, which gets " +
    "the owner that the image has there | install -d -o 472 '/lab/p/data'",
  ]);
  const users = { "prom/prometheus": ["/prometheus", 65534], "docker.n8n.io/n8nio/n8n": ["/home/node/.n8n", 1000] };
  for (const [image, [target, uid]] of Object.entries(users)) {
    const [line = ""] = await warnings(`  s: {image: ${image}, volumes: ["./.state:${target}"]}\n`);
    assert.match(line, new RegExp(`runs as user ${uid} `), image);
  }
});

test("a folder of the stack keeps its owner: it must be the service's user, or others may write", async () => {
  const found = (mode: number, uid?: number) =>
    warnings(grafana, ["data/x"], { data: { mode, ...(uid === undefined ? {} : { uid }) } });
  assert.match(
    (await found(0o755, 1000))[0]!,
    /data, which belongs to user 1000, .* \| chown -R 472 '\/lab\/p\/data'$/,
  );
  assert.equal(await found(0o755, 472), []);
  assert.equal(await found(0o777, 1000), []);
  assert.equal(await found(0o775, 1000), [], "its group may write");
  assert.equal(await found(0o755), [], "Windows has no owners");
  assert.match((await warnings(grafana, [], {}, "C:/lab/p"))[0]!, /-> Use a named volume, .* \| null$/);
});

test("user: decides instead of the image; root, other folders and read-only mounts are not judged", async () => {
  const of = (more: string, mount = "./data:/var/lib/grafana", image = "grafana/grafana") =>
    warnings(`  g: {image: ${image}, ${more}volumes: ["${mount}"]}\n`);
  assert.match((await of('user: "1000:1000", '))[0]!, /runs as user 1000 \(user: 1000:1000\)/);
  assert.match((await of("user: 1000, ", "./x:/y", "me/own"))[0]!, /runs as user 1000/);
  for (const user of ['user: "0", ', "user: root, "]) assert.equal(await of(user), [], user);
  assert.equal(await of("", "./conf:/etc/grafana"), []);
  assert.equal(await of("", "./boards:/var/lib/grafana/dashboards"), []);
  assert.equal(await of("", "./data:/var/lib/grafana:ro"), []);
  assert.equal(await of("", "data:/var/lib/grafana"), []);
  assert.equal(await of("", "./x:/data", "me/own"), []);
  assert.equal(await of("build: ., "), [], "a built image may have another user");
  const init = '  init: {image: busybox, command: chown -R 472 /d, volumes: ["./data:/d"]}\n';
  assert.equal(await warnings(grafana + init), []);
  for (const key of ["command", "entrypoint"]) {
    const own = `${grafana}    ${key}: [sh, -c, "chown -R 472 /var/lib/grafana; /run.sh"]\n`;
    assert.is((await warnings(own)).length, 1, "who is not root gives no folder away");
  }
});

test("a folder of the VM that an inline service mounts belongs to root", () => {
  const body = { image: "grafana/grafana", volumes: ["/srv/grafana:/var/lib/grafana"] };
  const project = inlineProject([{ name: "g", machine: "a", body }], "a");
  assert.match(ownerFlaws("g", body, project)[0]!.message, /mounts \/srv\/grafana, which Docker creates for root/);
});

test("the owner of an entry travels: a changed owner is a change", async () => {
  const stack = { name: "p", machine: "a", path: "/p", profiles: [], env: {} };
  const read = (uid: number) =>
    projectOf(stack, {
      ...{ composeFiles: ["compose.yaml"], dockerignore: "", variables: {} },
      entries: [
        { path: "compose.yaml", kind: "file", mode: 0o644, size: 1, mtime: 1, uid: 1000 },
        { path: "data", kind: "folder", mode: 0o755, size: 0, mtime: 1, uid },
      ],
    });
  assert.equal(read(1000).files, { "compose.yaml": "f0644-1-1", data: "d0755" });
  assert.equal(read(472).files, { "compose.yaml": "f0644-1-1", data: "d0755-u472" });
  assert.equal(read(472).folders, { data: { mode: 0o755, uid: 472 } });
  const [entry] = await realShell().walk(`${root}/test/stacks`, () => false) ?? [];
  assert.is(entry!.uid, (await import("node:fs")).lstatSync(`${root}/test/stacks/${entry!.path}`).uid);
});

test("devices that a VM has are not reported; those that it can get name the way", () => {
  const of = (device: string, libvirt?: string, provision: string[] = [], provider = "libvirt") => {
    const vm = { name: "a", provider, provision, ...(libvirt === undefined ? {} : { libvirt }) };
    return deviceFlaws({ devices: [device] }, vm).map(({ status, message, fix }) =>
      `${status} ${message} -> ${fix?.title}`
    );
  };
  for (const node of ["/dev/fuse", "/dev/net/tun", "/dev/uinput:/dev/uinput", "/dev/uhid", "/dev/dri", "/dev/input"]) {
    assert.equal(of(node), [], node);
  }
  assert.match(
    of("/dev/ttyUSB0")[0]!,
    /^fail uses \/dev\/ttyUSB0 .*, or give a the USB device: libvirt: 'l\.usb vendor/,
  );
  assert.match(
    of("/dev/bus/usb", undefined, [], "virtualbox")[0]!,
    /^warn .* -> Remove \/dev\/bus\/usb from the service$/,
  );
  assert.equal(of("/dev/ttyACM0", 'l.usb vendor: "0x0403", product: "0x6001"'), []);
  assert.is(of("/dev/ttyACM0", '# l.usb vendor: "0x0403"').length, 1, "a comment");
  assert.match(
    of("/dev/snd")[0]!,
    /^warn uses \/dev\/snd \(sound\), but the VM has no sound card, .*l\.sound_type = "ich9"/,
  );
  assert.equal(of("/dev/snd", 'l.sound_type = "ich9"'), []);
  assert.match(of("/dev/nbd0")[0]!, /^fail .*until its kernel loads nbd -> Write provision: for a/);
  assert.equal(of("/dev/nbd0", undefined, ["./nbd.sh"]), []);
  for (const node of ["/dev/apex_0", "/dev/hidraw0", "/dev/zfs", "/dev/nvhost-gpu", "/dev/mapper/vg-data"]) {
    assert.match(of(node)[0]!, /^fail /, node);
  }
});

test("rows of users have a source with a date", () => {
  for (const { source, read, uid } of imageUsers) {
    assert.ok(uid > 0 && source.length > 10 && /^\d{4}-\d\d-\d\d$/.test(read));
  }
  assert.is(imageUser("quay.io/jupyter/pytorch-notebook:cuda12-latest")?.uid, 1000);
  const users = {
    ...{ "prom/prometheus:v3.10.0-distroless": 65532, "quay.io/prometheus/alertmanager:v0.33.0-distroless": 65532 },
    ...{ "prom/prometheus:v3.10.0": 65534, "prom/alertmanager": 65534, "localhost:5000/grafana/grafana": 472 },
    ...{
      "grafana/tempo": 10001,
      "grafana/tempo:2.5.0": 10001,
      "grafana/tempo:2.10.1": 10001,
      "grafana/loki:2.4.0": 10001,
    },
    ...{ "opensearchproject/opensearch:3@sha256:0": 1000, "docker.elastic.co/elasticsearch/elasticsearch:9.1.0": 1000 },
  };
  for (const [image, uid] of Object.entries(users)) assert.is(imageUser(image)?.uid, uid, image);
  for (const image of ["grafana/tempo:2.4.2", "grafana/tempo:1.5.0", "grafana/tempo:2.0"]) {
    assert.is(imageUser(image), undefined, image);
  }
  for (const image of ["ghcr.io/open-webui/open-webui:main", "ollama/ollama", "postgres:16", "my/grafana"]) {
    assert.is(imageUser(image), undefined, image);
  }
});

test.run();
