// Compares doctor with the kernel: boots, probes and judges each topology, then binds its card to
// VFIO and asks the kernel.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../../lib/checks/index.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { blockersOf, cardOf } from "../../lib/resolve/cards.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import type { Finding } from "../../lib/findings.mts";
import type { Host } from "../../lib/host/types.mts";
import { root } from "../fake.mts";
import { boot } from "./machine.mts";
import { topologies, type Topology } from "./topologies.mts";

const test = suite("lab");
const built = execFileSync("sh", [`${root}/test/lab/build.sh`], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
}).trim();

/** The result of a topology. */
interface Outcome {
  topology: Topology;
  text: string;
  host: Host;
  /** Findings as root; `modest`: as the user nobody. */
  findings: Finding[];
  modest: Finding[];
  /** The state of the machine before the probe; `after`: after it. */
  before: string[];
  after: string[];
  /** The driver of each function to be passed, after it was bound. */
  bound: string[];
  /**
   * The kernel's answer: viable, not-viable, no-node …; with all assigned functions bound, and
   * (`alone`) with only the display function bound.
   */
  verdict: string;
  alone: string;
  /** Drivers after the card was returned to the host. */
  released: string[];
  seconds: number;
  error?: Error;
}

const judged = (host: Host, { gpu }: Topology) => {
  const config = parseConfig(JSON.stringify({ machines: [{ name: "vm", box: "lab/x", memory: 256, gpu }] }));
  return runChecks(host, resolveConfig(config, host));
};

async function run(topology: Topology): Promise<Outcome> {
  const began = Date.now();
  const machine = await boot(topology, built);
  try {
    if (topology.bound) await machine.tell(`bind ${topology.bound.join(" ")}`);
    const before = await machine.tell("state");
    const text = `${(await machine.tell("probe")).join("\n")}\n`;
    const after = await machine.tell("state");
    const nobody = `${(await machine.tell("probe-as-nobody")).join("\n")}\n`;
    const host = parseHost(text);
    const gpu = host.pci!.find(({ vendor, device, bdf }) =>
      vendor === topology.gpu.vendor_id && device === topology.gpu.device_id && bdf === (topology.gpu.address ?? bdf)
    )!;
    const { assignedFunctions } = cardOf(gpu, host);
    let alone = "";
    if (assignedFunctions.length > 1) {
      await machine.tell(`bind ${gpu.bdf}`);
      alone = (await machine.tell(`verdict ${gpu.group}`))[0]!;
    }
    const functions = assignedFunctions.map(({ bdf }) => bdf).join(" ");
    const bound = await machine.tell(`bind ${functions}`);
    const verdict = (await machine.tell(`verdict ${gpu.group ?? "none"}`))[0]!;
    await machine.tell(`release ${functions}`);
    const released = await machine.tell("state");
    return {
      topology,
      text,
      host,
      findings: judged(host, topology),
      modest: judged(parseHost(nobody), topology),
      before,
      after,
      bound,
      verdict,
      alone,
      released,
      seconds: (Date.now() - began) / 1000,
    };
  } finally {
    await machine.off();
  }
}

const outcomes = new Map<string, Outcome>();
const errors = new Map<string, Error>();

test.before(async () => {
  // in parallel, as many as there are processors
  const waiting = [...topologies];
  const worker = async () => {
    for (let topology = waiting.shift(); topology; topology = waiting.shift()) {
      try {
        outcomes.set(topology.name, await run(topology));
      } catch (error) {
        errors.set(topology.name, error as Error);
      }
    }
  };
  await Promise.all([worker(), worker()]);
});

const of = (findings: Finding[], check: string) => findings.filter((finding) => finding.check === check);

for (const topology of topologies) {
  test(topology.name, () => {
    if (errors.has(topology.name)) throw errors.get(topology.name);
    const { findings, modest, verdict, bound, before, after, released, host, alone } = outcomes.get(topology.name)!;
    const [enabled] = of(findings, "iommu.enabled");
    const [group] = of(findings, "iommu.group");

    // doctor finds the cause that was built in
    const causes = {
      on: ["pass", /translates for/],
      firmware: ["fail", /^IOMMU is not enabled in your BIOS: this host is a VM/],
      kernel: ["fail", /switched off in the kernel|off in the kernel/],
      device: ["fail", /is under no IOMMU unit/],
    } as const;
    assert.is(enabled!.status, causes[topology.cause][0], enabled!.message);
    assert.match(enabled!.message, causes[topology.cause][1]);

    // doctor and the kernel agree
    if (topology.cause === "on") {
      assert.ok(bound.every((line) => line.endsWith(" vfio-pci")), bound.join(", "));
      assert.is(group!.status, verdict === "viable" ? "pass" : "fail", `doctor: ${group!.message}; kernel: ${verdict}`);
      assert.ok(["viable", "not-viable"].includes(verdict), verdict);
    } else {
      assert.is(group!.status, "skip");
      assert.match(verdict, /^no-node/);
      assert.ok(bound.every((line) => !line.endsWith(" vfio-pci")), bound.join(", "));
    }
    // with only the display function bound, a companion on its host driver blocks the group for the
    // kernel and for doctor
    if (alone) {
      const [gpu] = findings.length > 0
        ? host.pci!.filter(({ vendor, device }) =>
          vendor === topology.gpu.vendor_id && device === topology.gpu.device_id
        )
        : [];
      const card = cardOf(gpu!, host);
      const hindered = blockersOf({
        ...card,
        groupPeers: [...card.groupPeers, ...card.assignedFunctions.filter((fn) => fn !== gpu)],
      }).length > 0;
      assert.is(alone, hindered ? "not-viable" : "viable");
    }
    if (topology.names) assert.ok(group!.message.includes(topology.names), group!.message);
    for (const [check, status] of Object.entries(topology.findings ?? {})) {
      assert.is(of(findings, check)[0]?.status, status, of(findings, check)[0]?.message);
    }

    // the probe changes nothing, and the host gets its card back
    assert.equal(after, before);
    const driver = (lines: string[]) =>
      lines.filter((line) => /^[0-9a-f]{4}:/.test(line)).map((line) => line.split(" ")[1]);
    if (!topology.bound) assert.equal(driver(released), driver(before));

    // without root, findings may be unknown but never different
    for (const [i, finding] of findings.entries()) {
      const other = modest[i]!;
      assert.is(other.check, finding.check);
      const same = other.status === finding.status || other.status === "unknown" ||
        !["pass", "fail"].includes(other.status) || !["pass", "fail"].includes(finding.status);
      assert.ok(same, `${finding.check}: ${finding.status} as root, ${other.status} as nobody`);
    }
  });
}

test("doctor is right where the usual tests are wrong", () => {
  const absent = outcomes.get("no IOMMU, and intel_iommu=on, which makes dmesg say that it is enabled")!;
  const silent = outcomes.get("Intel, nothing on the command line")!;
  assert.ok(absent.host.iommu.groups, "/sys/kernel/iommu_groups is there without any IOMMU");
  assert.ok(absent.host.kernel.arguments!.includes("intel_iommu=on"), "and so is the argument");
  assert.is(of(absent.findings, "iommu.enabled")[0]!.status, "fail");
  assert.equal(silent.host.kernel.arguments!.filter((word) => word.includes("iommu")), []);
  assert.is(of(silent.findings, "iommu.enabled")[0]!.status, "pass");
  assert.not.match(JSON.stringify(silent.findings), /Add intel_iommu=on/, "nobody is told to add what is not needed");
});

test.after(() => {
  const rows = topologies.map(({ name, cause }) => {
    const outcome = outcomes.get(name);
    const doctor = outcome && of(outcome.findings, "iommu.group")[0]!.status;
    return `${name.slice(0, 72).padEnd(72)} ${cause.padEnd(9)} ${(outcome?.verdict.split(" ")[0] ?? "-").padEnd(11)} ${
      (doctor ?? "-").padEnd(5)
    } ${outcome?.seconds.toFixed(0) ?? "-"} s`;
  });
  process.stdout.write(
    `\n\n${"topology".padEnd(72)} ${"cause".padEnd(9)} ${"kernel".padEnd(11)} doctor\n${rows.join("\n")}\nBoots: ${
      outcomes.size + errors.size
    }\n`,
  );
  // LAB_RECORD=FOLDER saves each probe text
  if (process.env.LAB_RECORD) {
    for (const [name, { text, topology: { gpu } }] of outcomes) {
      const path = `${process.env.LAB_RECORD}/lab-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
      const { vendor_id, device_id, address } = gpu;
      writeFileSync(`${path}.txt`, text.replace("\n", () => `\n# recorded in the lab: ${name}\n`));
      writeFileSync(
        `${path}.findings`,
        `gpu: {vendor_id: ${vendor_id}, device_id: ${device_id}${address ? `, address: "${address}"` : ""}}\n`,
      );
    }
  }
});

test.run();
