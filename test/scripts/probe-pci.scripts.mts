// The pci section of the Linux probe: links, cards and names of many devices, in every shell here.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../fake.mts";

const test = suite("probe, pci");
const shells = [["dash"], ["bash"], ["busybox", "sh"]].filter(([name]) => !spawnSync(name!, ["-c", "true"]).error);

/** The lines of the sections `pci` and `pci-names` for a tree of files and links. */
function sections(tree: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-pci-"));
  try {
    mkdirSync(join(folder, "sys/bus/pci/devices"), { recursive: true });
    for (const [path, text] of Object.entries(tree)) {
      const full = join(folder, path);
      mkdirSync(dirname(full), { recursive: true });
      if (text.startsWith("-> ")) symlinkSync(text.slice(3), full);
      else writeFileSync(full, `${text}\n`);
    }
    const outputs = shells.map(([name, ...words]) =>
      execFileSync(name!, [...words, `${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" })
    );
    for (const output of outputs) assert.is(output, outputs[0]);
    return /\[pci\]\n([^]*?)\[display\]/.exec(outputs[0]!)![1]!.trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The files of one function on the root bus. */
function device(bdf: string, ids: string, attributes: Record<string, string> = {}): Record<string, string> {
  const [kind, vendor, product] = ids.split(" ");
  const folder = `sys/devices/pci0000:00/${bdf}`;
  const own = { class: `0x${kind}`, vendor: `0x${vendor}`, device: `0x${product}`, ...attributes };
  return {
    [`sys/bus/pci/devices/${bdf}`]: `-> ../../../devices/pci0000:00/${bdf}`,
    ...Object.fromEntries(Object.entries(own).map(([name, text]) => [`${folder}/${name}`, text])),
  };
}
const group = (number: number, ...members: string[]) =>
  Object.fromEntries(members.flatMap((bdf) => [
    [`sys/kernel/iommu_groups/${number}/devices/${bdf}`, `-> ../../../../devices/pci0000:00/${bdf}`],
    [`sys/devices/pci0000:00/${bdf}/iommu_group`, `-> ../../../kernel/iommu_groups/${number}`],
  ]));

test("links of virtual functions, VFIO nodes, drivers and groups", () => {
  const lines = sections({
    ...device("0000:00:02.0", "020000 8086 1572", { driver: "-> ../../../bus/pci/drivers/i40e" }),
    ...device("0000:00:02.1", "020000 8086 154c", {
      physfn: "-> ../0000:00:02.0",
      driver: "-> ../../../bus/pci/drivers/vfio-pci",
      "vfio-dev/vfio3/dev": "243:3",
    }),
    ...group(7, "0000:00:02.1"),
    "sys/bus/pci/drivers/i40e/x": "",
    "sys/bus/pci/drivers/vfio-pci/x": "",
  });
  assert.equal(lines.filter((line) => !/(class|vendor|device):0x/.test(line)), [
    "read:yes",
    "0000:00:02.0/path:devices/pci0000:00/0000:00:02.0",
    "0000:00:02.0/driver:i40e",
    "0000:00:02.1/path:devices/pci0000:00/0000:00:02.1",
    "0000:00:02.1/driver:vfio-pci",
    "0000:00:02.1/iommu_group:7",
    "0000:00:02.0/iommu_group:none",
    "0000:00:02.1/vfio-dev:vfio3",
    "0000:00:02.1/physfn:0000:00:02.0",
    "count:2",
  ]);
});

test("regions without an address, and names of cards and of what shares their groups", () => {
  const region = (start: string, end: string, flags: string) =>
    [start, end, flags].map((text) => `0x${text.padStart(16, "0")}`).join(" ");
  const none = region("0", "0", "0");
  const resource = [
    region("fb000000", "fbffffff", "40200"),
    region("0", "0", "20000000"),
    none,
    none,
    none,
    none,
    none,
  ];
  const lines = sections({
    ...device("0000:00:01.0", "030000 10de 2786", { resource: resource.join("\n"), rom: "x" }),
    ...device("0000:00:01.1", "040300 10de 22bc"),
    ...device("0000:00:03.0", "120000 1002 74a1"),
    ...device("0000:00:04.0", "030000 10de 2786", { resource: Array(7).fill(resource[0]).join("\n") }),
    ...device("0000:00:05.0", "020000 8086 1572"),
    ...group(1, "0000:00:01.0", "0000:00:01.1", "0000:00:04.0"),
    ...group(2, "0000:00:05.0"),
    "usr/share/misc/pci.ids": [
      "1002  AMD",
      "\t74a1  MI300X",
      "\t74a2  other",
      "10de  NVIDIA Corporation",
      "\t22bc  AD104 Audio",
      "\t2786  AD104 [GeForce RTX 4070]",
      "8086  Intel Corporation",
      "\t1572  X710",
    ].join("\n"),
  });
  const after = lines.slice(lines.indexOf("count:5") + 1);
  assert.equal(after, [
    "0000:00:01.0/rom:yes",
    "0000:00:01.0/unset:1 2 3 4 5",
    "0000:00:03.0/rom:none",
    "0000:00:04.0/rom:none",
    "0000:00:04.0/unset:",
    "[pci-names]",
    "1002:AMD",
    "1002/74a1:MI300X",
    "10de:NVIDIA Corporation",
    "10de/22bc:AD104 Audio",
    "10de/2786:AD104 [GeForce RTX 4070]",
  ]);
});

test("a bus without devices has a count of 0, and no names", () => {
  assert.equal(sections({ "usr/share/misc/pci.ids": "10de  NVIDIA Corporation" }), ["read:yes", "count:0"]);
});

test.run();
