// Checks of what runs in the guest: driver, CUDA, libc, and the services' GPU requests.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { runChecks } from "../lib/checks/index.mts";
import { composeFile } from "../lib/compose/render.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig, withoutGpus } from "../lib/resolve/resolve.mts";
import type { Finding } from "../lib/findings.mts";
import { originalExample, own } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("guest");
// a host with an RTX 4070 (10de:2786)
const host = savedHost("rtx4070-desktop-debian12");

const found = (id: string, yaml: string): Finding[] => runChecks(host, resolveConfig(parseConfig(yaml), host), [id]);
/** A machine with these keys. The config names its card, whatever the host has. */
const machine = (keys: string, device = "2786") =>
  `machines: [{name: a, box: lab/x, gpu: {device_id: "${device}"}, ${keys}}]\n`;
const first = (id: string, yaml: string) => found(id, yaml)[0]!;
const shown = ({ status, message }: Finding) => `${status}: ${message}`;

test("guest.driver: reports what the card needs before anything is built", () => {
  const at = (device: string, keys = "image: debian-13") => shown(first("guest.driver", machine(keys, device)));
  assert.is(at("2786"), "pass: 580 from NVIDIA's repository, open kernel modules for Ada");
  assert.is(at("1b06"), "pass: 580 from NVIDIA's repository, proprietary kernel modules for Pascal");
  assert.is(at("2b85"), "pass: 580 from NVIDIA's repository, open kernel modules for Blackwell");
  assert.is(
    at("2786", "image: debian-12, driver: {source: distro}"),
    "warn: NVIDIA's support for branch 535 ended in June 2026",
  );
});

test("guest.driver: refuses impossible combinations, with what to write instead", () => {
  const wrong: [device: string, keys: string, says: RegExp, write: string][] = [
    ["2b85", "driver: {modules: proprietary}", /^Blackwell works with the open /, "branch: 580, modules: open"],
    ["1b06", "driver: {modules: open}", /^Pascal works with the proprietary /, "branch: 580, modules: proprietary"],
    [
      "1db4",
      "driver: {branch: 590}",
      /^branch 590 no longer supports Volta, 580 /,
      "branch: 580, modules: proprietary",
    ],
    ["2b85", "driver: {branch: 550}", /^branch 550 does not support Blackwell yet, 570 /, "branch: 620, modules: open"],
    [
      "2786",
      "driver: {source: distro, modules: open}",
      /^Debian 13's own open modules do not build .*pci_resize_resource/,
      "{source: distro, branch: 550, modules: proprietary}",
    ],
    [
      "2b85",
      "driver: {source: distro}",
      /^branch 550 does not support Blackwell yet/,
      "{source: nvidia, branch: 620, modules: open}",
    ],
  ];
  for (const [device, keys, says, write] of wrong) {
    const { status, message: said, fix } = first("guest.driver", machine(`image: debian-13, ${keys}`, device));
    assert.is(status, "fail", said);
    assert.match(said, says);
    assert.ok(fix[0]!.title.includes(write), fix[0]!.title);
  }
  const kepler = first("guest.driver", machine("image: debian-13", "1004"));
  assert.equal([kepler.status, kepler.fix[0]!.title], ["fail", "Give the machine a newer card, or none"]);
  const mixed = first(
    "guest.driver",
    "machines: [{name: a, box: lab/x, image: debian-13, gpu: [{device_id: 1b06}, {device_id: 2b85}]}]",
  );
  assert.equal([mixed.status, mixed.fix[0]!.title], ["fail", "Give each of these cards its own machine"]);
});

test("guest.driver: is unknown for a card that is too new, and for a box that is not built here", () => {
  const rubin = first("guest.driver", machine("image: debian-13", "3002"));
  assert.is(rubin.status, "unknown");
  assert.match(rubin.message, /^10de:3002 is newer than this program knows \(pci\.ids of 2026-10-24\)/);
  const taken = first("guest.driver", machine("cpus: 1", "1b06"));
  assert.is(taken.status, "unknown");
  assert.match(taken.message, /used unmodified.*: Pascal needs branch 367 to 580, proprietary kernel modules$/);
  const idle = first("guest.driver", machine("driver: {branch: 590}", "1b06"));
  assert.equal([idle.status, idle.message], [
    "warn",
    "driver: is ignored: box lab/x is used unmodified (set image: to build it)",
  ]);
  const foreign = "image: {file: disk.qcow2}, driver: {source: distro}";
  assert.is(first("guest.driver", machine(foreign)).status, "unknown", "its packages are not known");
  assert.is(first("guest.driver", machine("image: {file: disk.qcow2}")).status, "pass");
  const blind = { ...host };
  delete blind.pci;
  const resolved = resolveConfig(parseConfig("machines: [{name: a, box: lab/x, image: debian-13, gpu: {}}]"), blind);
  assert.is(runChecks(blind, resolved, ["guest.driver"])[0]!.status, "unknown", "which card it is was not read");
  assert.is(resolved.machines[0]!.guestDriver?.branch, 580, "and yet the box gets a driver");
});

test("guest.driver: warns of open modules without GeForce support; AMD's driver is in the kernel", () => {
  const picky = first("guest.driver", machine("image: debian-12, driver: {source: distro, modules: open}"));
  assert.is(picky.status, "warn");
  assert.match(picky.message, /open modules of branch 535 do not support GeForce/);
  const of = (gpu: string) =>
    shown(first("guest.driver", `machines: [{name: a, box: lab/x, image: debian-13, gpu: ${gpu}}]`));
  assert.is(of("{vendor_id: 1002}"), "pass: the kernel's amdgpu, and the firmware of AMD in the box");
  assert.is(of("{mode: partition}"), "skip: it gets a GPU partition, which uses the host's driver");
  assert.equal(found("guest.driver", "machines: [{name: a, box: lab/x}]"), []);
});

test("guest.driver: two machines with one box need one driver", () => {
  const two = (more: string) =>
    found(
      "guest.driver",
      `machines: [{name: a, box: lab/x, image: debian-13, gpu: {device_id: 1b06}}, {name: b, box: ${more}, image: debian-13, gpu: {device_id: 2b85}}]`,
    );
  assert.equal(two("lab/x").map(({ machine, status }) => [machine, status]), [["a", "pass"], ["b", "pass"], [
    "b",
    "fail",
  ]]);
  assert.match(two("lab/x")[2]!.message, /^it shares the box lab\/x with a, and their cards need different drivers/);
  assert.is(two("lab/y").length, 2);
});

test("guest.cuda: compares the image's CUDA with the guest's driver and the card", () => {
  const at = (image: string, keys = "image: debian-13", device = "2786") =>
    first("guest.cuda", `${machine(keys, device)}services: {w: {image: "${image}", gpu: 1}}`);
  const cuda = (version: string) => `nvidia/cuda:${version}-base-ubuntu22.04`;
  assert.is(shown(at(cuda("12.4.1"))), "pass: w: CUDA 12.4 runs on driver 580");
  const minor = at(cuda("13.1.0"));
  assert.is(minor.status, "warn");
  assert.match(
    minor.message,
    /^w: CUDA 13\.1 was released with driver 590\.44\.01, but the guest gets 580: .*minor-version/,
  );
  assert.match(minor.fix[1]!.title, /driver: \{source: nvidia, branch: 620\}, supported until September 2029$/);
  const distro = "image: debian-12, driver: {source: distro}";
  assert.match(
    shown(at(cuda("12.4.1"), distro)),
    /^warn: .* was released with driver 550\.54\.14, but the guest gets 535\.261\.03/,
  );
  assert.is(at(cuda("12.2.2"), distro).status, "pass");
  const old = at(cuda("13.0.1"), distro);
  assert.is(shown(old), "fail: w: CUDA 13.0 needs driver 580 or later, but the guest gets 535.261.03");
  assert.match(old.fix[1]!.title, /branch: 620/);
  assert.match(
    shown(at(cuda("13.0.1"), undefined, "1b06")),
    /^warn: w: CUDA 13\.0 no longer has code for Pascal \(CUDA 12 /,
  );
  assert.is(at(cuda("13.1.0"), undefined, "1b06").fix.length, 1, "no newer driver is offered that has no Pascal");
  assert.match(
    shown(at(cuda("12.4.1"), undefined, "2b85")),
    /^warn: w: CUDA 12\.4 has no code for Blackwell \(CUDA 12\.8/,
  );
});

test("guest.cuda: is unknown without a version; skips other vendors' cards", () => {
  const at = (service: string, keys = "image: debian-13") =>
    found("guest.cuda", `${machine(keys)}services: {w: {${service}}}`).map(shown);
  const own = "image: lab/own, gpu: 1";
  assert.match(at('image: "lab/pytorch:24.05", gpu: 1')[0]!, /^pass: w: the image name does not show/);
  assert.match(at(own).join(), /^pass: w: the image name does not show its CUDA version; driver \d+ runs CUDA 13/);
  const asked = (keys: string, device: string) =>
    found("guest.cuda", `${machine(keys, device)}services: {w: {${own}}, v: {${own}}}`).map(shown);
  const names = "unknown: w, v: the image names do not show their CUDA versions, and ";
  assert.equal(asked("image: debian-13", "2b85"), [`${names}Blackwell needs CUDA 12.8 or later`]);
  assert.equal(asked("image: debian-13", "1b06"), [`${names}Pascal needs CUDA 12 or earlier`]);
  assert.match(asked("image: debian-13", "ffff").join(), /^skip: w/, "which CUDA a new card needs is not known");
  const distro = "image: debian-12, driver: {source: distro}";
  assert.equal(asked(distro, "2786"), [`${names}driver 535 does not run CUDA 13`]);
  assert.match(at("image: nvidia/cuda:12.4.1-base, gpu: 1", "cpus: 1")[0]!, /^unknown: .*cannot tell which driver/);
  assert.match(
    at("image: nvidia/cuda:13.9.0-base, gpu: 1")[0]!,
    /^warn: w: CUDA 13\.9 is newer than this program knows: .*minor-version/,
  );
  assert.equal(at("image: nvidia/cuda:12.4.1-base"), [], "it asks for no GPU");
  const other = "machines: [{name: a, box: lab/x, image: debian-13, gpu: {vendor_id: 1002}}]\n";
  assert.is(first("guest.cuda", `${other}services: {w: {image: x, gpu: 1}}`).status, "skip");
});

test("guest.engine: needs a recent Podman; Docker is not checked", () => {
  const podman = (keys: string) => shown(first("guest.engine", machine(`engine: podman, ${keys}`)));
  assert.match(podman("image: debian-12"), /^pass: /);
  assert.match(podman("image: {debootstrap: noble}"), /^pass: /);
  assert.match(podman("image: ubuntu-22.04"), /^fail: Ubuntu 22\.04 has Podman 3\.4/);
  assert.match(podman("cpus: 1"), /^unknown: cannot tell whether the box lab\/x has Podman 4\.1 or later/);
  assert.equal(found("guest.engine", machine("image: ubuntu-22.04")), []);
});

test("guest.libc: judges by the image, or else by the box's name", () => {
  const at = (keys: string, box = "lab/x") =>
    shown(first("guest.libc", `machines: [{name: a, box: ${box}, gpu: {}, ${keys}}]`));
  assert.is(at("image: debian-13", "lab/alpine"), "pass: debian-13 has glibc");
  assert.is(at("image: {debootstrap: trixie}"), "pass: trixie from package sources has glibc");
  assert.match(at("image: {file: ./alpine-3.21.qcow2}"), /^fail: .*alpine-3\.21\.qcow2 has musl, but NVIDIA's driver/);
  assert.match(at("cpus: 1", "frenchexdev/alpine-3.21-gpuhost"), /^warn: by its name frenchexdev\/alpine/);
  assert.is(at("cpus: 1", "generic/debian12"), "pass: by its name generic/debian12 has glibc");
  assert.match(at("cpus: 1"), /^unknown: cannot tell from the name lab\/x/);
  assert.is(
    shown(first("guest.libc", "machines: [{name: a, box: alpine, gpu: {vendor_id: 1002}}]")),
    "skip: it gets no NVIDIA card",
  );
  assert.equal(found("guest.libc", "machines: [{name: a, box: alpine}]"), []);
});

/** The findings about services on a machine with this number of cards. */
const services = (yaml: string, cards = 1) => {
  const gpu = JSON.stringify(Array.from({ length: cards }, () => ({ device_id: "2786" })));
  return found("services.gpu", `machines: [{name: a, box: lab/x, gpu: ${gpu}}]\nservices: {w: {image: x, ${yaml}}}`)
    .map(shown);
};
const reserved = (entry: string) => `deploy: {resources: {reservations: {devices: [${entry}]}}}`;

test("services.gpu: a service cannot have more GPUs than the VM", () => {
  assert.equal(services("gpu: 1"), ["pass: w gets 1 of 1 GPU"]);
  assert.equal(services("gpu: all", 2), ["pass: w gets all of 2 GPUs"]);
  assert.equal(services("gpu: 2"), ["fail: w: it asks for 2 GPUs, but a has 1"]);
  assert.equal(services("gpu: 1", 0), ["fail: w: it asks for a GPU, but a has none"]);
  const other = (service: string) =>
    shown(
      first(
        "services.gpu",
        `machines: [{name: a, box: lab/x, gpu: {vendor_id: 1002}}]\nservices: {w: {image: x, ${service}}}`,
      ),
    );
  assert.is(other("runtime: nvidia"), "fail: w: it asks for a GPU (runtime), but a has no NVIDIA GPU");
  assert.match(other("gpu: 1"), /^unknown: w gets \/dev\/kfd and \/dev\/dri; cannot tell whether the box lab\/x has/);
  assert.equal(services("ports: ['1:1']"), [], "it asks for none");
});

test("services.gpu: a service's own reservation counts", () => {
  const own = (entry: string, more = "") => services(`${reserved(entry)}${more}`);
  assert.equal(own("{driver: nvidia, count: 1, capabilities: [gpu]}"), ["pass: w gets 1 of 1 GPU"]);
  assert.equal(own("{driver: nvidia, capabilities: [gpu]}"), ["pass: w gets all of 1 GPU"]);
  assert.equal(own("{driver: nvidia, count: '2', capabilities: [gpu]}"), ["fail: w: it asks for 2 GPUs, but a has 1"]);
  assert.equal(own("{driver: nvidia, device_ids: ['0'], capabilities: [gpu]}"), ["pass: w gets 1 of 1 GPU"]);
  assert.match(
    own("{driver: nvidia, device_ids: ['3'], capabilities: [gpu]}")[0]!,
    /^fail: .* GPU 3, but the only GPU of a is 0/,
  );
  assert.match(
    own("{driver: nvidia, count: 1, device_ids: ['0'], capabilities: [gpu]}")[0]!,
    /^fail: .*both count and device_ids/,
  );
  assert.match(own("{driver: nvidia, count: 1}")[0]!, /^fail: .*no capabilities/);
  assert.match(own("{driver: nvidia, count: 1, capabilities: []}")[0]!, /^fail: .*no capabilities/);
  assert.equal(own("{driver: nvidia, count: 1}", ", gpu: 1"), ["pass: w gets 1 of 1 GPU"], "gpu: fills that in");
  assert.match(
    own("{driver: nvidia, count: 1, capabilities: [gpu]}", ", gpu: all")[0]!,
    /gpu: all and its own .*\(count: 1\) differ/,
  );
  assert.equal(own("{driver: cdi, device_ids: ['nvidia.com/gpu=all'], capabilities: [gpu]}"), [
    "pass: w gets all of 1 GPU",
  ]);
  const large = "12345678901234567890";
  assert.match(
    own(`{device_ids: [${large}, 0], capabilities: [gpu]}`, ", gpu: 1")[0]!,
    /\(device_ids: .*12345678901234567890.*0/,
  );
  assert.match(
    own(`{device_ids: [${large}], capabilities: [gpu]}`)[0]!,
    /^fail: .* GPU 12345678901234567890, but the only/,
  );
  assert.match(own(`{count: ${large}, capabilities: [gpu]}`)[0]!, /^fail: .* asks for 12345678901234567\d+ GPUs/);
  assert.equal(services("devices: ['nvidia.com/gpu=0']"), ["pass: w gets 1 of 1 GPU"]);
  assert.equal(services("gpus: all"), ["pass: w gets all of 1 GPU"]);
  assert.match(services("gpus: all, gpu: 1")[0]!, /^fail: .*both gpu: and Compose's own gpus:/);
  assert.equal(services(reserved("{driver: nvidia, count: 1, capabilities: [gpu]}"), 0), [
    "fail: w: it asks for a GPU (deploy), but a has none",
  ]);
});

test("services.gpu: NVIDIA's bare image without a command ends at once", () => {
  const at = (more: string) =>
    found(
      "services.gpu",
      `${machine("cpus: 1")}services: {w: {image: "nvidia/cuda:12.4.0-base-ubuntu22.04", gpu: 1${more}}}`,
    ).map(shown);
  const ends = "warn: w: nvidia/cuda:12.4.0-base-ubuntu22.04 runs only a shell, which exits at once";
  assert.equal(at(", restart: always"), [`${ends}: it restarts endlessly`]);
  assert.equal(at(""), [ends]);
  for (const more of [", command: sleep infinity", ", entrypoint: [sleep, infinity]", ", tty: true"]) {
    assert.equal(at(more), ["pass: w gets 1 of 1 GPU"], more);
  }
});

const original = `${originalExample}services:
  ml-worker:
    image: nvidia/cuda:12.4.0-base-ubuntu22.04
    restart: always
    deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}
`;

test("the original's example warns of musl and of a restarting service, and nothing fails", () => {
  const said = [...found("guest", original), ...found("services", original)];
  assert.equal(said.map(({ check, status }) => `${check} ${status}`), [
    "guest.libc warn",
    "guest.firmware pass",
    "guest.driver unknown",
    "guest.cuda unknown",
    "services.gpu warn",
  ]);
  assert.match(said[4]!.message, /restarts endlessly$/);
});

test("the starter causes no failure and no warning of its own", () => {
  const said = [
    ...found("guest", own("templates/homelab-gpu.yaml")),
    ...found("services", own("templates/homelab-gpu.yaml")),
  ];
  assert.equal(said.map(({ check, status }) => `${check} ${status}`), [
    "guest.libc pass",
    "guest.firmware pass",
    "guest.driver pass",
    "guest.cuda pass",
    "services.gpu pass",
  ]);
});

test("--no-gpu leaves out every service that needs a GPU, whatever the form of its request", () => {
  const { left, config } = withoutGpus(parseConfig(`${original}  web: {image: nginx}\n`));
  assert.equal([left, config.services.map(({ name }) => name)], [["ml-worker"], ["web"]]);
});

test("the Compose file has the service's own reservations, and those of gpu:", () => {
  const of = (service: string) =>
    parse(composeFile(parseConfig(`${machine("cpus: 1")}services: {w: {image: x, ${service}}}`).services)).services.w;
  const devices = (service: string) => of(service).deploy.resources.reservations.devices;
  const ours = { driver: "nvidia", count: 1, capabilities: ["gpu"] };
  assert.equal(devices("gpu: 1"), [ours]);
  const tpu = { driver: "tpu", capabilities: ["tpu"] };
  assert.equal(devices(`gpu: 1, ${reserved(JSON.stringify(tpu))}`), [tpu, ours], "another device stays");
  const own = { driver: "nvidia", device_ids: ["0"], capabilities: ["gpu"] };
  assert.equal(devices(reserved(JSON.stringify(own))), [own]);
  assert.equal(devices(`gpu: 1, ${reserved(JSON.stringify(own))}`), [own], "it names its GPU itself");
  assert.equal(devices(`gpu: 1, ${reserved("{capabilities: [compute, video], options: {a: b}}")}`), [
    { driver: "nvidia", options: { a: "b" }, count: 1, capabilities: ["gpu", "compute", "video"] },
  ]);
});

test("NVIDIA_DRIVER_CAPABILITIES is left to the user", () => {
  const text = (service: string) =>
    composeFile(parseConfig(`${machine("cpus: 1")}services: {w: {image: x, ${service}}}`).services);
  assert.not.match(text("gpu: all"), /NVIDIA/);
  assert.match(
    text("gpu: all, environment: {NVIDIA_DRIVER_CAPABILITIES: all}"),
    /NVIDIA_DRIVER_CAPABILITIES: "?all"?\n/,
  );
});

test.run();
