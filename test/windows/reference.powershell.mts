// Our PowerShell, read by PowerShell's own parser: no text has an error, and each call is valid on
// every Windows version that has the cmdlet. The reference is Microsoft's (cmdlets.json).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readVms } from "../../lib/host/hypervisors.mts";
import { fakeShell } from "../fake.mts";
import { type Call, refusal, table } from "./cmdlets.mts";
import { commands, documented, scripts, type Text } from "./texts.mts";
import { powershell } from "./windows.mts";

const test = suite("reference");

interface Parsed {
  name: string;
  errors: string[];
  commands: Call[];
}
/** The output of a command that queries a hypervisor. */
async function asked(): Promise<Text[]> {
  const { shell, asked } = fakeShell();
  await readVms(shell, [{ provider: "hyperv", id: "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f" }]);
  return asked.map((command) => ({ name: "lib/host/hypervisors.mts", text: /-Command ([^]*)$/.exec(command)![1]! }));
}
const own = [...scripts(), ...commands(), ...documented(), ...await asked()];
/** Calls that some Windows version refuses, with a word of the reason. */
const wrong: [string, RegExp][] = [
  ["Remove-VMAssignableDevice -VM (Get-VM -Name a) -LocationPath x", /-VM is ambiguous: .*-VMName/],
  ["Get-VM -Nme a", /no parameter -Nme/],
  ["Set-VM -HighMemoryMappedIoSpace 32GB", /no parameter set/],
  ["Set-VM -VM $vm -Name a", /no parameter set/],
  ["Get-VMs", /no Windows has it/],
  ["Add-VMGpuPartitionAdapter -VMName a -InstancePath x", /on 10: it has no parameter -InstancePath/],
  ["ConvertTo-Json -AsArray 1", /on 5\.1: it has no parameter -AsArray/],
  ["Get-VMSwitch -Name a b c", /no parameter set/],
  ["Get-VM -Id", /-Id has no value/],
];
const right = [
  "Get-VM a | Get-VMAssignableDevice",
  "Get-VM | Set-VM -HighMemory 1GB",
  "Remove-VMSavedState a",
  "Get-PnpDevice -PresentOnly -Class Display",
];
const parsed = powershell<Parsed[]>("parse.ps1", [
  ...own,
  ...wrong.map(([text]) => ({ name: "wrong", text })),
  ...right.map((text) => ({ name: "right", text })),
  { name: "broken", text: "if ($a) { 1 } else" },
]);
const of = (name: string) => parsed.filter((one) => one.name === name);

/** Cmdlets that only the scripts of Vagrant's Hyper-V provider call; the tier hyperv runs these. */
const ofVagrant = [
  ...["New-VM", "New-VHD", "Start-VM", "Add-VMHardDiskDrive"],
  ...["Get-VMNetworkAdapter", "Connect-VMNetworkAdapter", "Get-VMMemory"],
];

/** Programs, which are not cmdlets. */
const programs =
  /^(ssh|scp|tar|reg|icacls\.exe|dism|bcdedit|gpupdate|wsl|winget|nvidia-smi|ssh-keygen|fsutil|vagrant|vagrant\.exe|npx|(npm|npx)\.cmd|git|cd|\$\w+|curl)$/;

test("there are texts of every kind", () => {
  assert.ok(scripts().length >= 3);
  assert.ok(commands().length > 30);
  assert.ok(documented().length > 3);
  assert.ok(parsed.flatMap((one) => one.commands).length > 150);
});

test("PowerShell's parser finds no error in the texts, and one in an invalid text", () => {
  assert.equal(
    parsed.slice(0, own.length).flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`)),
    [],
  );
  assert.is(of("broken")[0]!.errors.length > 0, true);
});

test("each call is valid on every Windows version that has the cmdlet", () => {
  const refused = parsed.slice(0, own.length).flatMap(({ name, commands }) =>
    commands.filter((call) => !programs.test(call.name)).flatMap((call) => {
      const why = refusal(call);
      return why ? [`${name}:${call.line}: ${call.text}: ${why}`] : [];
    })
  );
  assert.equal(refused, []);
});

test("an invalid call is found, and a short or piped parameter is not one", () => {
  for (const [i, [text, why]] of wrong.entries()) {
    assert.match(of("wrong")[i]!.commands.map(refusal).join("; "), why, text);
  }
  assert.equal(of("right").flatMap(({ commands }) => commands.flatMap((call) => refusal(call) ?? [])), []);
});

test("the reference has its sources and its date, and no unused cmdlet", () => {
  assert.match(table.date, /^2\d{3}-\d\d-\d\d$/);
  assert.ok(table.source.length > 0);
  const called = parsed.flatMap(({ commands }) => commands.map(({ name }) => name));
  const used = new Set([...called, ...ofVagrant].map((name) => name.toLowerCase()));
  assert.equal(Object.keys(table.cmdlets).filter((name) => !used.has(name.toLowerCase())), []);
});

test.run();
