// The question about VMs to Hyper-V, run by real PowerShell on a simulated Windows.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readVms } from "../../lib/host/hypervisors.mts";
import { fakeShell } from "../fake.mts";
import { host, id, vm } from "./hosts.mts";
import { plan } from "./windows.mts";

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

test.run();
