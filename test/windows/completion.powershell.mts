// Completion in PowerShell.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checks } from "../../lib/checks/index.mts";
import { commands } from "../../lib/cli/commands.mts";
import { completionFor } from "../../lib/cli/completion.mts";
import { options } from "../../lib/cli/options.mts";
import { programPath } from "./windows.mts";

const test = suite("completion");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu completion-"));
test.after(() => rmSync(work, { recursive: true }));
writeFileSync(join(work, "c.ps1"), completionFor("powershell", commands, options, checks.map(({ id }) => id)));
writeFileSync(
  join(work, "homelab-gpu.yaml"),
  'machines:\n  - name: ai-box # the large one\n    box: lab/x\n  - box: lab/y\n    name: "second"\n',
);
writeFileSync(join(work, "other.yaml"), "machines: [{name: flow-a, box: lab/x}, {box: lab/y, name: flow-b}]\n");
writeFileSync(join(work, "homelab-gpu"), "#!/bin/sh\n", { mode: 0o755 });

/** What PowerShell offers at the end of each line. */
function offered(lines: string[]): string[][] {
  const script = `. ./c.ps1
foreach ($line in ($env:LINES -split '\\|')) {
  $found = (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches
  'LINE ' + (($found | Where-Object { $_.ResultType -eq 'ParameterValue' } | ForEach-Object { $_.CompletionText }) -join ' ')
}`;
  const { stdout, stderr, status } = spawnSync(
    programPath(),
    ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", script],
    {
      cwd: work,
      env: {
        ...process.env,
        PATH: `${work}:${process.env.PATH}`,
        LINES: lines.join("|"),
        POWERSHELL_TELEMETRY_OPTOUT: "1",
      },
      encoding: "utf8",
    },
  );
  assert.equal([status, stderr], [0, ""]);
  return [...stdout.matchAll(/^LINE (.*)$/gm)].map(([, words]) => words!.trim().split(" ").filter(Boolean));
}

test("completes commands, options, machines, checks, shells and values", () => {
  const [all, begun, flags, machines, other, ids, names, services, page] = offered([
    "homelab-gpu ",
    "homelab-gpu de",
    "homelab-gpu up --re",
    "homelab-gpu up ",
    "homelab-gpu up --config other.yaml fl",
    "homelab-gpu doctor iommu.g",
    "homelab-gpu completion p",
    "homelab-gpu init --service o",
    "homelab-gpu help ups",
  ]);
  assert.equal(all, [...Object.keys(commands), "help"]);
  assert.equal(begun, ["destroy"]);
  assert.equal(flags, ["--recreate"]);
  assert.equal(machines, ["ai-box", "second"]);
  assert.equal(other, ["flow-a", "flow-b"]);
  assert.equal(ids, ["iommu.group"]);
  assert.equal([names, services], [["powershell"], ["ollama"]]);
  assert.equal(page, []);
});

test.run();
