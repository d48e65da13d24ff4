// The report of doctor on a terminal of 80 columns and 24 lines, for every recorded host.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checks } from "../lib/checks/index.mts";
import { plan } from "../lib/cli/commands/plan.mts";
import { fittedLines, rowsOf, subjectOf } from "../lib/cli/screen.mts";
import { wrapMessage } from "../lib/text.mts";
import { checkScreens, doctorWithConfig as doctor } from "./every-host.mts";
import { someHosts } from "./hosts.mts";
import { World } from "./world.mts";

const test = suite("screen");

test("fits 24 lines with the prompt, and names failures", () => checkScreens(someHosts));

test("without room for all failures, shows the first ones and lists the ids of the others", async () => {
  const { out } = await doctor("lab-the-nvme-root-disk-in-the-group", [], 20);
  assert.match(out, /^✗ tools\.present: missing/m);
  assert.match(out, /^✗ 2 more failed: iommu\.group, guest\.firmware \(-v shows all\)$/m);
});

test("begins with one line per subject, with the worst mark and the counts", async () => {
  const { out } = await doctor("old-board-shared-group-debian11");
  assert.equal(out.split("\n").slice(0, 5).map((line) => line.replace(/ +/g, " ")), [
    "✓ Host 11 passed",
    "! Card 8 passed, 1 warning, 1 unknown 01:00.0 NVIDIA GP104 (10de:1b80)",
    "✗ IOMMU 4 passed, 1 failed group 1",
    "? Guest 1 passed, 2 unknown",
    "",
  ]);
});

test("the line of the card names it too where the VM gets a partition", async () => {
  const { out } = await doctor("windows-11-pro-rtx4070");
  assert.match(out, /^. Card .* 01:00\.0 NVIDIA GeForce RTX 4070$/m, out);
});

test("every check has a subject", () => {
  const ids = checks.map(({ id }) => id);
  assert.equal([...new Set(ids.map(subjectOf))].sort(), ["Card", "Guest", "Host", "IOMMU", "Services"]);
  const others = ids.filter((id) => subjectOf(id) === "Host" && !/^(provider|tools|host|network|storage)\./.test(id));
  assert.equal(others, []);
});

test("shows more if there is room: the evidence on a high terminal and in a pipe", async () => {
  const [low, high, pipe] = await Promise.all(
    [24, 60, 0].map((rows) => doctor("old-board-shared-group-debian11", [], rows)),
  );
  const evidence = "    group 1: 0000:02:00.0";
  assert.equal([low!, high!, pipe!].map(({ out }) => out.includes(evidence)), [false, true, true]);
});

test("the failures that stop up are shown with their reasons, or as doctor shows them where that is too long", () => {
  const style = { color: false, width: 80, verbose: false, root: true };
  const failed = ["tools.present", "host.memory", "host.disk"].map((check) => ({
    ...{ check, machine: null, status: "fail" as const, message: `says ${check}` },
    evidence: [{ read: "/proc/x", value: "none" }],
    fix: [{ title: "Mend it", command: "mend", root: false, reboot: false, safe: false }],
  }));
  const lines = (rows: number | undefined, verbose = false) =>
    fittedLines(failed, { ...style, verbose }, rows, { text: "Next: see more with", command: "doctor" });
  const full = lines(undefined);
  assert.equal([lines(24), lines(8, true).length > 8], [full, true]);
  assert.ok(lines(full.length - 1).length < full.length);
  assert.match(lines(full.length - 1).at(-1)!, /doctor/);
  assert.ok(lines(9).length <= 9);
});

test("a failure that stops plan keeps its fixes, however long the plan is", async () => {
  const gpu = "{vendor_id: 10de}";
  const world = new World(
    `machines: [{name: vm, box: lab/x, memory: 1024, gpu: ${gpu}}]\n`,
    "old-board-shared-group-debian11",
  );
  const context = world.context([]);
  const terminal = { in: true, out: true, err: true, columns: 80, rows: 24 };
  const run = () => plan({ ...context, shell: { ...context.shell, terminal } });
  assert.is(await world.runCommand(run, context), 1, world.output.join(""));
  assert.match(world.output.join(""), /\nFix this first:\n[^]*✗ iommu\.group[^]*\n {2}→ /);
});

test("a wrapped line takes the rows that it is wrapped to", () => {
  const head = wrapMessage(`config: x, host: ${"/a".repeat(45)}`, 80, "homelab-gpu: ").split("\n");
  assert.equal([head.length, rowsOf(head, 80), rowsOf(["", "a"], 80)], [2, 3, 2]);
});

test("at 80 columns, the topology keeps what happens to each function", async () => {
  const { out } = await doctor("old-board-shared-group-debian11", [], 60);
  assert.match(out, /0000:02:00\.0 Ethernet controller .*e1000e ← the default route$/m);
  const wide = await doctor("lab-the-nvme-root-disk-in-the-group", ["-v"], 60);
  assert.match(wide.out, /← .*root/);
  assert.not.match(wide.out, /…$/m);
});

test("-q shows only failures, and nothing without one", async () => {
  const bad = await doctor("old-board-shared-group-debian11", ["-q"]);
  assert.match(bad.all[0]!, /^✗ iommu\.group/);
  assert.not.match(bad.all.join("\n"), /gpu\.driver|passed|config:/);
  const good = await doctor("windows-11-pro-rtx4070", ["-q"]);
  assert.equal([good.code, good.all], [0, [""]]);
});

test("-v shows every finding below its subject", async () => {
  const { out } = await doctor("old-board-shared-group-debian11", ["-v"]);
  assert.match(out, /^Card: 01:00\.0 NVIDIA GP104.*\nThe card for vm:\n/m);
  assert.match(out, /^✓ gpu\.present \(vm\): /m);
  assert.match(out, /^ {4}why: devices of one group/m);
});

test("named checks are shown with their evidence, also if they pass", async () => {
  const { out } = await doctor("old-board-shared-group-debian11", ["iommu"]);
  assert.match(
    out,
    /^✗ iommu\.group[^]*^ {4}group 1: [^]*^ {4}why: [^]*^✓ iommu\.enabled \(vm\): .*\n {4}\/sys\/\S+: /m,
  );
  assert.not.match(out, /^✓ (Host|gpu)/m);
});

test("a fact in the message is not repeated below it", async () => {
  const { out } = await doctor("nobara-without-tools", [], 0);
  assert.match(out, /missing: libvirt/);
  assert.not.match(out, /in PATH: not found/);
  assert.match((await doctor("nobara-without-tools", ["-v"], 0)).out, /qemu in PATH: not found/);
});

test("output to a pipe is not wrapped", async () => {
  const { out } = await doctor("old-board-shared-group-debian11", [], 0);
  assert.match(out, /^✗ iommu\.group .* Ethernet controller carries the default route$/m);
});

test.run();
