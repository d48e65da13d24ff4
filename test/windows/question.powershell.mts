// The question about VMs to Hyper-V, run by real PowerShell on a simulated Windows.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readHost } from "../../lib/cli/host-reading.mts";
import { type HypervQuestion, NoAnswer, readVms } from "../../lib/host/hypervisors.mts";
import { fakeShell, options, own, root } from "../fake.mts";
import { host, id, vm } from "./hosts.mts";
import { factsOf, stateOf } from "./recorded.mts";
import { plan, type Result } from "./windows.mts";

const test = suite("question");
const folder = mkdtempSync(join(tmpdir(), "homelab-gpu question-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
const other = `9${id.slice(1)}`;
const gone = `7${id.slice(1)}`;
const recorded = [id, other, gone].map((one) => ({ provider: "hyperv", id: one }));

const { shell, asked } = fakeShell();
await readVms(shell, recorded);
const script = join(folder, "question.ps1");
writeFileSync(script, /-Command ([^]*)$/.exec(asked[0]!)![1]!);
const more = { ProcessorCount: 4, MemoryStartup: 2048 * 1024 ** 2 };
const adapter = { IPAddresses: ["172.20.1.5", "fe80::1"] };
const running = vm({ ...more, State: "Running", NetworkAdapters: [adapter] });
// WMI also reports the host
const cim = {
  Msvm_ComputerSystem: [
    { Name: "LAB-PC", TimeOfLastStateChange: "2026-11-20T08:00:00Z" },
    { Name: id.toUpperCase(), TimeOfLastStateChange: "2026-11-27T10:00:00Z" },
  ],
};
const state = { ...host(11), cim, marks: {} };
const results = plan([
  {
    state: { ...state, vms: [{ ...running, Id: id.toUpperCase() }, vm({ ...more, Id: other }), vm({ Id: "x" })] },
    runs: [{ script }],
  },
  { state: { ...state, vms: [] }, runs: [{ script }] },
]);

test("it reports all VMs that were asked for, and no other", async () => {
  const [[all], [none]] = results() as [ReturnType<typeof results>[0], ReturnType<typeof results>[0]];
  const read = async (out: string[]) =>
    await readVms(fakeShell({}, { "powershell.exe": { out: out.join("\n") } }).shell, recorded);
  assert.is(all!.code, 0, all!.error);
  const number = String((Date.UTC(2026, 10, 27, 10) + 11644473600000) * 10000);
  assert.equal(await read(all!.out), [
    { number, cpus: 4, memory: 2048, addresses: ["172.20.1.5"] },
    { cpus: 4, memory: 2048 },
    undefined,
  ]);
  assert.equal(await read(none!.out), [undefined, undefined, undefined]);
});

/** The probe and the question as one command has them: `answer` gives PowerShell's output for its standard input. */
async function together(answer: (input: string) => string, ask = recorded) {
  const { shell, asked } = fakeShell();
  Object.assign(shell, {
    platform: "win32",
    read: (path: string) => Promise.resolve(path.startsWith(root) ? own(path.slice(root.length + 1)) : undefined),
    capture: (command: string[], { input = "" }: { input?: string } = {}) => {
      asked.push(command.at(-1)!);
      return Promise.resolve({ ok: true, code: 0, out: answer(input), err: "" });
    },
  });
  const reader = readHost({ shell, options: { ...options }, args: [], passthroughArgs: [] });
  const [text, vms] = await Promise.all([
    reader.probe(),
    reader.beside((askHyperv?: HypervQuestion) => readVms(shell, ask, askHyperv)),
  ]);
  return { text, vms, processes: asked.length };
}

let joint = "";
await together((input) => joint = input);
const jointScript = join(folder, "together.ps1");
writeFileSync(jointScript, joint);
const text = own("test/hosts/windows-11-pro-rtx4070.txt");
const known = { ...stateOf(text), marks: {}, cim: { ...stateOf(text).cim, ...cim } };
const shared = plan([
  { state: { ...known, vms: [{ ...running, Id: id }] }, runs: [{ script: jointScript }] },
  { state: { ...known, vms: [] }, runs: [{ script: jointScript }] },
  // without Hyper-V's cmdlets the question fails, and the probe does not
  {
    state: { ...known, windows: { ...known.windows, hyperv: false }, vms: [] },
    runs: [{ script: jointScript }],
  },
]);

test("one process answers with the probe and the VMs; a question that fails leaves the probe whole", async () => {
  const answers = await Promise.all((shared() as [Result][]).map(async ([{ code, out, error }]) => {
    assert.is(code, 0, error);
    return await together(() => `${out.join("\n")}\n`);
  }));
  assert.equal(answers.map(({ processes }) => processes), [1, 1, 1]);
  const [one, none, refused] = answers as [typeof answers[0], typeof answers[0], typeof answers[0]];
  assert.equal(factsOf(one.text), factsOf(text));
  assert.equal(factsOf(none.text), factsOf(text));
  assert.match(refused.text, /\[end\]\n$/);
  assert.equal(one.vms.map((vm) => vm && "addresses" in vm ? vm.addresses : vm), [
    ["172.20.1.5"],
    undefined,
    undefined,
  ]);
  assert.equal(none.vms, [undefined, undefined, undefined]);
  for (const vm of refused.vms) {
    assert.instance(vm, NoAnswer);
    assert.match((vm as NoAnswer).message, /The term 'Get-VM' is not recognized/);
  }
});

test("without VMs of Hyper-V only the probe runs", async () => {
  const alone = await together(() => text, []);
  assert.equal([alone.text, alone.vms, alone.processes], [text, [], 1]);
});

test.run();
