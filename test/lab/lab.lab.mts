// Compares doctor with the kernel: boots, probes and judges each topology, then binds its card to
// VFIO and asks the kernel.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { runChecks } from "../../lib/checks/index.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { blockersOf, cardOf } from "../../lib/resolve/cards.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import type { Finding } from "../../lib/findings.mts";
import type { Host } from "../../lib/host/types.mts";
import type { PciFunction } from "../../lib/host/pci-types.mts";
import { root } from "../fake.mts";
import { boot, type Machine } from "./machine.mts";
import { type Request, topologies as all, type Topology } from "./topologies.mts";

const test = suite("lab");
const built = execFileSync("sh", [`${root}/test/lab/build.sh`], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
}).trim();

// LAB_ONLY=PATTERN boots only the topologies with such names
const only = process.env.LAB_ONLY;
const topologies = all.filter(({ name }) => new RegExp(only ?? "").test(name));

/** The result of a topology. */
interface Outcome {
  text: string;
  host: Host;
  /** The state of the machine before the probe; `after`: after it. */
  before: string[];
  after: string[];
  answers: Answer[];
  seconds: number;
}

/** What doctor and the kernel say about one request. */
interface Answer {
  request: Request;
  gpu: PciFunction;
  /** Findings as root; `modest`: as the user nobody. */
  findings: Finding[];
  modest: Finding[];
  /** The driver of each function to be passed, after it was bound. */
  bound: string[];
  /**
   * The kernel's answer on the group: viable, not-viable, no-node …; with all assigned functions
   * bound, and (`alone`) with only the display function bound.
   */
  verdict: string;
  alone: string;
  /**
   * The kernel's answer when the functions of a viable group are opened: `opens` or `refused at …`,
   * and the memory regions of the display function that a VM can map.
   */
  opened: string;
  regions: string[];
  /** Drivers after the card was returned to the host. */
  released: string[];
}

const judged = (host: Host, { gpu }: Request) => {
  const config = parseConfig(JSON.stringify({ machines: [{ name: "vm", box: "lab/x", memory: 256, gpu }] }));
  return runChecks(host, resolveConfig(config, host));
};

async function run(topology: Topology): Promise<Outcome> {
  const began = Date.now();
  const machine = await boot(topology, built);
  try {
    for (const command of topology.before ?? []) await machine.tell(command);
    if (topology.bound) await machine.tell(`bind ${topology.bound.join(" ")}`);
    const before = await machine.tell("state");
    const text = `${(await machine.tell("probe")).join("\n")}\n`;
    const after = await machine.tell("state");
    const nobody = `${(await machine.tell("probe-as-nobody")).join("\n")}\n`;
    const host = parseHost(text);
    const answers: Answer[] = [];
    for (const request of [topology, ...topology.others ?? []]) {
      answers.push(await ask(machine, request, host, parseHost(nobody)));
    }
    return { text, host, before, after, answers, seconds: (Date.now() - began) / 1000 };
  } finally {
    await machine.off();
  }
}

async function ask(machine: Machine, request: Request, host: Host, nobody: Host): Promise<Answer> {
  const { vendor_id, device_id, address } = request.gpu;
  const gpu = host.pci!.find(({ vendor, device, bdf }) =>
    vendor === vendor_id && device === device_id && bdf === (address ?? bdf)
  )!;
  const { assignedFunctions } = cardOf(gpu, host);
  let alone = "";
  if (assignedFunctions.length > 1) {
    await machine.tell(`bind ${gpu.bdf}`);
    alone = (await machine.tell(`verdict ${gpu.group}=${gpu.bdf}`))[0]!;
  }
  const functions = assignedFunctions.map(({ bdf }) => bdf).join(" ");
  const bound = await machine.tell(`bind ${functions}`);
  const asked = assignedFunctions.map(({ bdf, group }) => `${group ?? "none"}=${bdf}`).join(" ");
  const [verdict = "", opened = "", ...lines] = await machine.tell(`verdict ${asked}`);
  await machine.tell(`release ${functions}`);
  return {
    request,
    gpu,
    findings: judged(host, request),
    modest: judged(nobody, request),
    bound,
    verdict,
    alone,
    opened,
    regions: lines.find((line) => line.startsWith(`regions ${gpu.bdf}`))?.split(" ").slice(2) ?? [],
    released: await machine.tell("drivers"),
  };
}

/**
 * Where the kernel refuses a card: `group` if it is not viable, else as in {@link Request};
 * undefined if a VM can have the card.
 */
function refusalOf({ bound, verdict, opened, regions }: Answer): string | undefined {
  // a function that vfio-pci refuses gives its group no node
  if (bound.some((line) => !line.endsWith(" vfio-pci"))) return "binding";
  if (verdict !== "viable") return "group";
  if (opened === "opens") return regions.length > 0 ? undefined : "regions";
  return opened.startsWith("refused at container") ? "domain" : opened;
}

/** Findings whose fail means that the kernel refuses the card. */
const decided = /^(iommu\.(enabled|group|interrupts|reserved)|gpu\.(match|window|power)):fail$/;

const outcomes = new Map<string, Outcome>();
const errors = new Map<string, Error>();

beforeAll(test, async () => {
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

const requests = topologies.flatMap((topology) =>
  [topology, ...topology.others ?? []].map((request, i) => ({ topology, request, i }))
);

for (const { topology, request, i: index } of requests) {
  test(request.name, () => {
    if (errors.has(topology.name)) throw errors.get(topology.name);
    const { before, after, host, answers } = outcomes.get(topology.name)!;
    const answer = answers[index]!;
    const { findings, modest, verdict, bound, released, alone, gpu } = answer;
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
      const refusal = refusalOf(answer);
      const context = `${bound.join(", ")}; ${verdict}; ${answer.opened}; regions ${answer.regions.join(" ")}`;
      assert.is(group!.status, refusal === "group" ? "fail" : "pass", `doctor: ${group!.message}; kernel: ${context}`);
      assert.ok(refusal === "binding" || ["viable", "not-viable"].includes(verdict), verdict);
      assert.is(refusal, refusal === "group" ? "group" : request.refused, context);
      const fails = findings.filter(({ check, status }) => decided.test(`${check}:${status}`));
      const warning = request.warned && of(findings, request.warned)[0]!.status;
      if (warning) assert.equal([warning, fails], ["warn", []]);
      else assert.is(fails.length > 0, refusal !== undefined, `${context}; doctor: ${JSON.stringify(fails)}`);
    } else {
      assert.is(group!.status, "skip");
      assert.match(verdict, /^no-node/);
      assert.ok(bound.every((line) => !line.endsWith(" vfio-pci")), bound.join(", "));
    }
    // with only the display function bound, a companion on its host driver blocks the group for the
    // kernel and for doctor
    if (alone) {
      const card = cardOf(gpu, host);
      const hindered = blockersOf({
        ...card,
        groupPeers: [...card.groupPeers, ...card.assignedFunctions.filter((fn) => fn !== gpu)]
          .filter(({ group }) => group === gpu.group),
      }).length > 0;
      assert.is(alone, hindered ? "not-viable" : "viable");
    }
    if (request.passes) assert.equal(bound.map((line) => line.split(" ")[0]), request.passes);
    if (request.names) assert.ok(group!.message.includes(request.names), group!.message);
    for (const [check, status] of Object.entries(request.findings ?? {})) {
      assert.is(of(findings, check)[0]?.status, status, of(findings, check)[0]?.message);
    }

    // the probe changes nothing, and the host gets its card back
    assert.ok(before.some((line) => /^[0-9a-f]{32} +\/bin\/busybox$/.test(line)), "files are compared");
    assert.equal(after, before);
    const drivers = (lines: string[]) =>
      lines.filter((line) => /^[0-9a-f]{4}:/.test(line) && !topology.bound?.some((bdf) => line.startsWith(bdf)))
        .map((line) => line.split(" ").slice(0, 2).join(" "));
    assert.equal(drivers(released), drivers(before));

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
  if (only !== undefined) return;
  const absent = outcomes.get("no IOMMU, and intel_iommu=on, which makes dmesg say that it is enabled")!;
  const silent = outcomes.get("Intel, nothing on the command line")!;
  assert.ok(absent.host.iommu.groups, "/sys/kernel/iommu_groups is there without any IOMMU");
  assert.ok(absent.host.kernel.arguments!.includes("intel_iommu=on"), "and so is the argument");
  assert.is(of(absent.answers[0]!.findings, "iommu.enabled")[0]!.status, "fail");
  assert.equal(silent.host.kernel.arguments!.filter((word) => word.includes("iommu")), []);
  assert.is(of(silent.answers[0]!.findings, "iommu.enabled")[0]!.status, "pass");
  assert.not.match(
    JSON.stringify(silent.answers[0]!.findings),
    /Add intel_iommu=on/,
    "nobody is told to add what is not needed",
  );
});

test.after(() => {
  const rows = requests.map(({ topology, request, i }) => {
    const outcome = outcomes.get(topology.name);
    const answer = outcome?.answers[i];
    const kernel = answer && (topology.cause === "on" ? refusalOf(answer) ?? "takes it" : "no group");
    const fails = answer?.findings.filter(({ check, status }) => decided.test(`${check}:${status}`)) ?? [];
    const doctor = fails[0]?.check ?? (request.warned && `warns: ${request.warned}`) ?? "nothing fails";
    const seconds = i === 0 && outcome ? `${outcome.seconds.toFixed(0)} s` : "";
    return [
      request.name.slice(0, 76).padEnd(76),
      topology.cause.padEnd(9),
      (kernel ?? "-").padEnd(9),
      doctor.padEnd(18),
      seconds,
    ].join(" ");
  });
  process.stdout.write(
    `\n\n${"topology".padEnd(76)} ${"cause".padEnd(9)} ${"kernel".padEnd(9)} doctor\n${rows.join("\n")}\nBoots: ${
      outcomes.size + errors.size
    }\n`,
  );
  // LAB_RECORD=FOLDER saves each probe text
  if (process.env.LAB_RECORD) {
    for (const { topology, request: { name, gpu: { vendor_id, device_id, address } } } of requests) {
      const path = `${process.env.LAB_RECORD}/lab-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
      const text = outcomes.get(topology.name)?.text;
      if (text === undefined) continue;
      writeFileSync(`${path}.txt`, text.replace("\n", () => `\n# recorded in the lab: ${name}\n`));
      writeFileSync(
        `${path}.findings`,
        `gpu: {vendor_id: ${vendor_id}, device_id: ${device_id}${address ? `, address: "${address}"` : ""}}\n`,
      );
    }
  }
});

test.run();
