// The whole card on each Windows Server, by real PowerShell: a kill and a refusal at each step of its way to the
// VM and back, what is left, and what the next command does. test/golden/whole-card.txt is the table;
// GOLDEN=write rewrites it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { golden } from "../fake.mts";
import { back, give, names, owner, partitioned, passed, record, returned } from "./card-runs.mts";
import { card, host } from "./hosts.mts";
import { type Entry, plan, type Result, type Run } from "./windows.mts";

const test = suite("whole-card");
const servers = [2016, 2019, 2022, 2025] as const;
type Server = (typeof servers)[number];

/** One step of a card's way, and how it ends. */
interface Case {
  to: "VM" | "host";
  step: string;
  end: "killed" | "refused" | "done";
  /** The state before the step's command, and the runs until its end. */
  before(windows: Server): Omit<Entry, "runs">;
  runs: Run[];
}

const there = ["Set-VM", "Set-VMFirmware", "Disable-PnpDevice", "Dismount-VMHostAssignableDevice"];
const toVm = [...there, "Add-VMAssignableDevice"];
const toHost = ["Remove-VMAssignableDevice", "Mount-VMHostAssignableDevice", "Enable-PnpDevice"];
const atHost = (windows: Server) => ({ state: host(windows) });
const atVm = (windows: Server) => ({ state: passed(windows) });
const words = "Hyper-V refuses this";

const cases: Case[] = [
  ...toVm.flatMap((step, kill): Case[] => [
    { to: "VM", step, end: "killed", before: atHost, runs: [give({ kill })] },
    { to: "VM", step, end: "refused", before: atHost, runs: [give({ fail: { [step]: words } })] },
  ]),
  // Vagrant starts the VM: killed, its VM may run or not
  { to: "VM", step: "Start-VM", end: "killed", before: atHost, runs: [give(), give({ vm: { State: "Running" } })] },
  { to: "VM", step: "Start-VM", end: "refused", before: atHost, runs: [give()] },
  ...toHost.flatMap((step, kill): Case[] => [
    { to: "host", step, end: "killed", before: atVm, runs: [back({ kill })] },
    { to: "host", step, end: "refused", before: atVm, runs: [back({ fail: { [step]: words } })] },
  ]),
  // the host has the card, and the record was not deleted
  { to: "host", step: "delete record", end: "killed", before: atHost, runs: [give({ kill: 2 })] },
];

/** The commands that come next. Vagrant stops a VM before it calls the script for `destroy`. */
const off = { State: "Off" };
const next: { name: string; run: Run; on?: readonly Server[]; owner: string }[] = [
  { name: "up", run: give(), owner: "VM a" },
  { name: "destroy", run: back({ vm: off }), owner: "host" },
  { name: "VM deleted, then destroy", run: returned({ removeVm: true }), owner: "host" },
  // GPU partitions: only where Windows has the cmdlets
  { name: "up, mode: partition", run: { ...partitioned(), vm: off }, on: [2022, 2025], owner: "host" },
];
const again = (run: Run): Run => ({ script: run.script, ...(run.words ? { words: run.words } : {}) });

const planned = servers.flatMap((windows) =>
  cases.flatMap((one) =>
    next.filter(({ on = servers }) => on.includes(windows)).map((then) => ({ windows, one, then }))
  )
);
const results = plan(
  planned.map(({ windows, one, then }) => ({
    ...one.before(windows),
    runs: [...one.runs, then.run, again(then.run)],
  })),
);
const places = () => planned.map((place, i) => ({ ...place, runs: results()[i]! }));
/** The run that ended early, the next command, and the same command once more. */
const parts = (runs: Result[]) => [runs.at(-3)!, runs.at(-2)!, runs.at(-1)!] as const;
/** The state without what only the fake has. */
const stable = ({ state: { vms, devices, cards }, files }: Result) => ({ vms, devices, cards, files });
const title = ({ windows, one, then }: (typeof planned)[number]) =>
  `${windows}: ${one.step} (${one.end}) to the ${one.to}, then ${then.name}`;

test("each case ends at its step", () => {
  for (const place of places()) {
    const [cut] = parts(place.runs);
    const { end, step, to } = place.one;
    if (step === "Start-VM") assert.equal([cut.code, owner(cut)], [0, "VM a"]);
    else if (end === "killed") assert.ok(cut.killed, title(place));
    else {
      assert.is(cut.code, 1, title(place));
      assert.match(cut.error, words);
      assert.is(cut.log.map((line) => line.split(" ")[0]).includes(step), true, title(place));
      // on the way to the VM everything is undone
      if (to === "VM") assert.equal([owner(cut), record(cut)], ["host", false], title(place));
    }
  }
});

test("nobody loses a card: it is with the VM, with the host, or written down", () => {
  for (const place of places()) {
    const [cut] = parts(place.runs);
    assert.ok(/^VM a$|^host$/.test(owner(cut)) || record(cut), title(place));
  }
});

test("the next command ends well: the VM has the card after up, and the host after destroy", () => {
  for (const place of places()) {
    const [, after] = parts(place.runs);
    const vm = place.then.owner === "VM a";
    assert.equal(
      [after.code, owner(after), record(after)],
      [0, place.then.owner, vm],
      `${title(place)}: ${after.error}`,
    );
    assert.equal(after.state.vms.flatMap(({ assigned }: { assigned: string[] }) => assigned), vm ? [card] : []);
    const part = place.then.name === "up, mode: partition";
    assert.is(after.state.vms.flatMap(({ adapters }: { adapters: unknown[] }) => adapters).length, part ? 1 : 0);
  }
});

test("the same command once more changes nothing", () => {
  for (const place of places()) {
    const [, after, twice] = parts(place.runs);
    assert.equal([twice.code, twice.log], [0, []], title(place));
    assert.equal(stable(twice), stable(after), title(place));
  }
});

test("the table is the same on each Windows Server", () => {
  const tables = servers.map((windows) => {
    const of = places().filter((place) => place.windows === windows && place.then.name !== "up, mode: partition");
    return of.map((place) => {
      const [cut, after] = parts(place.runs);
      return [...title(place).split(": ").slice(1), owner(cut), names(after).join(" ")].join(" | ");
    }).join("\n");
  });
  for (const table of tables.slice(1)) assert.is(table, tables[0]);
});

test("the table of steps, of what was left, and of what the next command did", () => {
  const of = places().filter(({ windows }) => windows === 2025);
  const rows = cases.map((one) => {
    const own = of.filter((place) => place.one === one);
    const [cut] = parts(own[0]!.runs);
    return [
      `to the ${one.to}, ${one.step} ${one.end}`,
      `  left: ${owner(cut)}${record(cut) ? ", written down" : ""}`,
      ...own.map(({ then, runs }) => {
        const [, after] = parts(runs);
        return `  ${then.name}: ${names(after).join(", ") || "nothing to do"} -> ${owner(after)}`;
      }),
    ].join("\n");
  });
  golden("whole-card.txt", `${rows.join("\n")}\n`);
});

test.run();
