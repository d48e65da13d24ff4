// Checks the tables of cards, CUDA and drivers against facts from other sources than the tables'.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { suites } from "../lib/resolve/images.mts";
import { distroDrivers } from "../lib/resolve/branches.mts";
import { driverFor } from "../lib/resolve/nvidia.mts";
import { architectureOf, architectures, chips } from "../lib/resolve/architectures.mts";
import { cudaOf, families, fitOf, isCudaImage, releases } from "../lib/resolve/cuda.mts";
import type { DriverRequest, Image } from "../lib/config/types.mts";

const test = suite("nvidia");

/**
 * Ids and names: appendix “Supported NVIDIA GPU Products” of the README of NVIDIA's driver
 * 550.163.01 (in Debian's package nvidia-kernel-dkms); those of Blackwell from lspci and driver
 * logs in users' reports. Architecture: by the product's compute capability on
 * developer.nvidia.com/cuda-gpus.
 */
const cards: [id: string, name: string, architecture: string | undefined][] = [
  ["1346", "GeForce 930M", "Maxwell"],
  ["1381", "GeForce GTX 750", "Maxwell"],
  ["13c2", "GeForce GTX 970", "Maxwell"],
  ["13f2", "Tesla M60", "Maxwell"],
  ["17fd", "Tesla M40", "Maxwell"],
  ["15f8", "Tesla P100-PCIE-16GB", "Pascal"],
  ["1b06", "GeForce GTX 1080 Ti", "Pascal"],
  ["1b38", "Tesla P40", "Pascal"],
  ["1c03", "GeForce GTX 1060 6GB", "Pascal"],
  ["1c8d", "GeForce GTX 1050 (laptop)", "Pascal"],
  ["1d01", "GeForce GT 1030", "Pascal"],
  ["1d81", "TITAN V", "Volta"],
  ["1db4", "Tesla V100-PCIE-16GB", "Volta"],
  ["1e04", "GeForce RTX 2080 Ti", "Turing"],
  ["1eb8", "Tesla T4", "Turing"],
  ["1f91", "GeForce GTX 1650 (laptop)", "Turing"],
  ["2184", "GeForce GTX 1660", "Turing"],
  ["20b5", "A100 80GB PCIe", "Ampere"],
  ["2204", "GeForce RTX 3090", "Ampere"],
  ["2236", "A10", "Ampere"],
  ["249d", "GeForce RTX 3070 Laptop GPU", "Ampere"],
  ["2503", "GeForce RTX 3060", "Ampere"],
  ["2684", "GeForce RTX 4090", "Ada"],
  ["2786", "GeForce RTX 4070", "Ada"],
  ["27b8", "L4", "Ada"],
  ["28e0", "GeForce RTX 4060 Laptop GPU", "Ada"],
  ["2331", "H100 PCIe", "Hopper"],
  ["2335", "H200", "Hopper"],
  ["2342", "GH200 120GB", "Grace Hopper"],
  ["2901", "B200", "Blackwell"],
  ["2b85", "GeForce RTX 5090", "Blackwell"],
  ["2c58", "GeForce RTX 5090 Laptop GPU", "Blackwell"],
  ["2d04", "GeForce RTX 5060 Ti", "Blackwell"],
  ["2f04", "GeForce RTX 5070", "Blackwell"],
  ["1004", "GeForce GTX 780", "Kepler or older"],
  ["0640", "GeForce 9500 GT", "Kepler or older"],
  // a Rubin, an id between two chips, and an unassigned id
  ["3002", "GR100", undefined],
  ["2600", "", undefined],
  ["ffff", "", undefined],
];

test("the architecture is known by a card's id, and unknown for a new one", () => {
  assert.ok(cards.length >= 30);
  for (const [id, name, architecture] of cards) assert.is(architectureOf(id), architecture, `${id} ${name}`);
});

test("chips: hex ids are in order, and none is listed twice", () => {
  const ends = chips.flatMap(([first, last]) => [first, last]);
  for (const id of ends) assert.match(id, /^[0-9a-f]{4}$/);
  for (const [i, [first, last]] of chips.entries()) {
    assert.ok(first <= last && (i === 0 || chips[i - 1]![1] < first), `${first} to ${last}`);
  }
});

/**
 * Images as users write them: tags seen in Compose files, Dockerfiles and the registries' listings.
 */
const images: [image: string, cuda: string | undefined][] = [
  ["nvidia/cuda:12.4.0-base-ubuntu22.04", "12.4"],
  ["nvidia/cuda:12.4.1-base-ubuntu22.04", "12.4"],
  ["nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", "12.4"],
  ["nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04", "11.8"],
  ["nvidia/cuda:13.3.0-devel-ubuntu24.04", "13.3"],
  ["nvidia/cuda:12.8.1-base-rockylinux9", "12.8"],
  ["nvidia/cuda:10.2-devel", "10.2"],
  ["nvidia/cuda:9.0-base", "9.0"],
  ["nvidia/cuda:12.4.1", "12.4"],
  ["docker.io/nvidia/cuda:12.6.3-base-ubi9", "12.6"],
  ["nvcr.io/nvidia/cuda:12.2.2-base-ubuntu22.04", "12.2"],
  ["registry.lan:5000/nvidia/cuda:12.5.1-runtime-ubuntu24.04", "12.5"],
  ["localhost:5000/cuda:12.1.0-base-ubuntu22.04", "12.1"],
  ["registry.lan/proxy/nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04", "13.0"],
  [`nvidia/cuda:12.4.1-base-ubuntu22.04@sha256:${"0".repeat(64)}`, "12.4"],
  ["nvidia/cudagl:11.4.2-base-ubuntu20.04", "11.4"],
  ["nvidia/cuda-arm64:11.2.0-base", "11.2"],
  ["nvcr.io/nvidia/k8s/cuda-sample:vectoradd-cuda12.5.0-ubuntu22.04", "12.5"],
  ["nvidia/samples:vectoradd-cuda11.6.0", "11.6"],
  ["pytorch/pytorch:2.3.0-cuda12.1-cudnn8-runtime", "12.1"],
  ["pytorch/pytorch:2.9.0-cuda13.0-cudnn9-devel", "13.0"],
  ["example/comfyui:v0.3-cu124", "12.4"],
  ["example/tei:cu118-latest", "11.8"],
  [`nvidia/cuda@sha256:${"0".repeat(64)}`, undefined],
  [`registry.lan:5000/nvidia/cuda@sha256:${"12".repeat(32)}`, undefined],
  ["nvidia/cuda", undefined],
  ["nvidia/cuda:latest", undefined],
  ["registry.lan:5000/nvidia/cuda", undefined],
  ["nvcr.io/nvidia/pytorch:24.05-py3", undefined],
  ["nvcr.io/nvidia/tritonserver:24.05-py3", undefined],
  ["ollama/ollama:0.12.4", undefined],
  ["ubuntu:22.04", undefined],
  ["tensorflow/tensorflow:2.16.1-gpu", undefined],
  ["nvidia/cuda:${TAG}", undefined],
  ["example/app:cu12", undefined],
  ["", undefined],
];

test("the CUDA version is read from an image's name if it is there", () => {
  assert.ok(images.length >= 30);
  for (const [image, cuda] of images) assert.is(cudaOf(image), cuda, image);
});

test("NVIDIA's bare images are distinguished from images with a program", () => {
  for (const image of ["nvidia/cuda:12.4.1-base-ubuntu22.04", "nvcr.io/nvidia/cuda:12.4.1-devel-ubi9", "nvidia/cuda"]) {
    assert.ok(isCudaImage(image), image);
  }
  assert.ok(isCudaImage("registry.lan:5000/cuda:12.1.0-runtime-ubuntu22.04"));
  for (
    const image of ["example/cuda:1.0", "pytorch/pytorch:2.3.0-cuda12.1-cudnn8-runtime", "nvidia/samples:x-cuda11.6"]
  ) {
    assert.not.ok(isCudaImage(image), image);
  }
});

test("newer releases need newer drivers, at least the minimum of their family", () => {
  const order = (a: string, b: string) => Number(a.split(".")[0]) - Number(b.split(".")[0]) || minor(a) - minor(b);
  const minor = (cuda: string) => Number(cuda.split(".")[1]);
  const names = Object.keys(releases).sort(order);
  const drivers = names.map((name) => parseFloat(releases[name]!.linux));
  assert.equal(drivers, [...drivers].sort((a, b) => a - b));
  for (const name of names) {
    const floor = families[Number(name.split(".")[0])];
    if (floor) assert.ok(parseInt(releases[name]!.linux) >= parseInt(floor.linux), name);
  }
});

/**
 * From NVIDIA's guide to CUDA compatibility: a driver's own CUDA, what it runs by compatibility,
 * and what it does not run.
 */
const fits: [cuda: string, driver: string, kind: string][] = [
  ["12.4", "550.54.14", "full"],
  ["12.4", "550.54.13", "minor"],
  ["12.4", "535.261.03", "minor"],
  ["12.4", "525.60.13", "minor"],
  ["12.4", "520.61.05", "too-old"],
  ["11.8", "450.80.02", "minor"],
  ["11.8", "450.51.05", "too-old"],
  ["13.0", "580.65.06", "full"],
  ["13.1", "580.95.05", "minor"],
  ["13.0", "575.57.08", "too-old"],
  ["10.2", "580.65.06", "full"],
  ["10.2", "418.39", "too-old"],
  // these were never released, but drivers of a newer family run older releases
  ["12.7", "580.65.06", "full"],
  ["12.7", "550.163.01", "minor"],
  ["13.9", "610.43.02", "minor"],
  ["13.5", "620.01", "full"],
  ["13.5", "615.71.09", "minor"],
  ["13.4", "615.71.09", "full"],
  ["13.4", "580.95.05", "minor"],
  ["13.9", "550.163.01", "too-old"],
  ["14.0", "610.43.02", "unknown"],
];

test("an image's CUDA is compared with a driver", () => {
  for (const [cuda, version, kind] of fits) {
    assert.is(fitOf(cuda, { branch: parseInt(version), version }).kind, kind, `${cuda} on ${version}`);
  }
  assert.is(fitOf("12.4", { branch: 550 }).kind, "full", "a branch's newest version is newer than its first");
  assert.equal(fitOf("12.4", { branch: 545 }), { kind: "minor", needs: "550.54.14" });
  assert.is(fitOf("12.4", { branch: 551, version: "551.23" }, "windows").kind, "minor");
  assert.is(fitOf("12.4", { branch: 551, version: "551.61" }, "windows").kind, "full");
  assert.is(fitOf("12.4", { branch: 527, version: "527.41" }, "windows").kind, "too-old");
});

const known = (name: string): Image => ({ kind: "known", name });

/**
 * The driver for cards, a request and an image: source, branch or version, modules, and problems.
 */
const decisions: [
  cards: (keyof typeof architectures)[],
  request: DriverRequest,
  image: string,
  is: string,
  against?: RegExp,
][] = [
  [["Ada"], {}, "debian-13", "nvidia 580 open"],
  [["Blackwell"], {}, "debian-12", "nvidia 580 open"],
  [["Pascal"], {}, "debian-13", "nvidia 580 proprietary"],
  [["Maxwell", "Ada"], {}, "debian-13", "nvidia 580 proprietary"],
  [["Blackwell"], { modules: "proprietary" }, "debian-13", "nvidia 580 proprietary", /Blackwell works with the open/],
  [["Pascal"], { modules: "open" }, "debian-13", "nvidia 580 open", /Pascal works with the proprietary/],
  [["Volta"], { branch: 590 }, "debian-13", "nvidia 590 proprietary", /590 no longer supports Volta, 580 was the last/],
  [
    ["Blackwell"],
    { branch: 550 },
    "debian-13",
    "nvidia 550 open",
    /550 does not support Blackwell yet, 570 is the first/,
  ],
  [["Turing"], { branch: 590 }, "debian-13", "nvidia 590 open"],
  [["Turing"], { branch: 550 }, "debian-13", "nvidia 550 proprietary"],
  [["Turing"], { branch: 510, modules: "open" }, "debian-13", "nvidia 510 open", /no open kernel modules, 515/],
  [["Pascal", "Blackwell"], {}, "debian-13", "nvidia 580 open", /no kernel modules support all its cards: Pascal \(p/],
  [
    ["Kepler or older"],
    {},
    "debian-13",
    "nvidia 580 open",
    /the last branch for these cards was 470 or an earlier one/,
  ],
  [["Ada"], { source: "distro" }, "debian-12", "distro 535.261.03 proprietary"],
  [["Blackwell"], { source: "distro" }, "debian-12", "distro 535.261.03 open", /535 does not support Blackwell yet/],
  [
    ["Ada"],
    { source: "distro", modules: "open" },
    "debian-13",
    "distro 550.163.01 open",
    /Debian 13's own open modules/,
  ],
  [
    ["Ada"],
    { source: "distro", branch: 580 },
    "debian-12",
    "distro 580 open",
    /Debian 12 has branch 535 in its own packages/,
  ],
  [["Ada"], { source: "distro" }, "ubuntu-24.04", "distro 580 open"],
  [
    ["Pascal"],
    { source: "distro", branch: 595 },
    "ubuntu-24.04",
    "distro 595 proprietary",
    /595 no longer supports Pascal/,
  ],
  [[], {}, "debian-13", "nvidia 580 open"],
  [["Ada"], {}, "ubuntu-26.04", "nvidia 595 open"],
  [["Ada"], { branch: 580 }, "ubuntu-26.04", "nvidia 580 open", /Ubuntu 26.04 has no branch 580, 595 is the first/],
  [["Pascal"], {}, "ubuntu-26.04", "nvidia 595 proprietary", /595 no longer supports Pascal/],
  [["Ada"], { branch: 620 }, "ubuntu-24.04", "nvidia 620 open"],
  [
    ["Ada"],
    { branch: 620, modules: "proprietary" },
    "ubuntu-24.04",
    "nvidia 620 proprietary",
    /branch 620 has no proprietary kernel modules/,
  ],
  [["Ada"], { branch: 615, modules: "proprietary" }, "ubuntu-24.04", "nvidia 615 proprietary"],
  [
    ["Ada"],
    { source: "distro", branch: 615, modules: "proprietary" },
    "ubuntu-24.04",
    "distro 615 proprietary",
    /615 has no proprietary/,
  ],
  [["Ada"], { source: "distro", branch: 595 }, "ubuntu-22.04", "distro 595 open"],
  [["Ada"], { source: "distro", branch: 615 }, "ubuntu-24.04", "distro 615 open"],
  [["Ada"], { source: "distro" }, "ubuntu-26.04", "distro 580 open"],
  [
    ["Ada"],
    { source: "distro", branch: 610 },
    "ubuntu-24.04",
    "distro 610 open",
    /580, 595 and 615 in its own packages/,
  ],
];

test("selects source, branch and modules", () => {
  for (const [cards, request, image, is, against] of decisions) {
    const what = JSON.stringify([cards, request, image]);
    const { source, branch, version, modules, problems } = driverFor(cards, request, known(image));
    assert.is(`${source} ${version ?? branch} ${modules}`, is, what);
    if (against) assert.match(problems.join("; "), against, what);
    else assert.equal(problems, [], what);
  }
});

test("warns of cards that the open modules of 535 do not support; unknown stays unknown", () => {
  const picky = driverFor(["Ada"], { source: "distro", modules: "open" }, known("debian-12"));
  assert.match(picky.cautions.join(), /NVreg_OpenRmEnableUnsupportedGpus/);
  const own: Image = { kind: "file", file: "disk.qcow2" };
  assert.is(driverFor(["Ada"], { source: "distro" }, own).branch, undefined);
  assert.is(driverFor(["Ada"], {}, own).branch, 580);
  assert.is(driverFor(["Ada"], { source: "distro" }, { kind: "debootstrap", suite: "noble" }).branch, 580);
});

test("every suite that a box can be built from has its drivers in the table", () => {
  assert.equal(Object.keys(distroDrivers).sort(), Object.keys(suites).sort());
});

test.run();
