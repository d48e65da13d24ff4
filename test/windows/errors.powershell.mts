// The errors of PowerShell 7, which colours them also in a pipe: none of its escape codes reaches our output.
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readVms } from "../../lib/host/hypervisors.mts";
import { plainPowershell } from "../../lib/host/windows.mts";
import { Lines } from "../../lib/lines.mts";
import { fakeShell, root } from "../fake.mts";
import { programPath } from "./windows.mts";

const test = suite("errors");

/** What PowerShell 7 prints for a script or a command that fails on this machine, which has no Hyper-V. */
function printed(...words: string[]): { code: number | null; text: string } {
  const env: NodeJS.ProcessEnv = { ...process.env, TERM: "xterm-256color", POWERSHELL_TELEMETRY_OPTOUT: "1" };
  delete env.NO_COLOR;
  const { status, stdout, stderr } = spawnSync(
    programPath(),
    ["-NoLogo", "-NoProfile", "-NonInteractive", ...words],
    { cwd: tmpdir(), env, encoding: "utf8" },
  );
  return { code: status, text: stdout + stderr };
}
const codes = /\u001b|_x001B_/i;
/** The lines of a step's output, as errors and logs have them. */
function linesOf(text: string): string {
  const lines = new Lines(() => {});
  lines.add(text);
  lines.end();
  return lines.tail.join("\n");
}

const { shell, asked } = fakeShell();
await readVms(shell, [{ provider: "hyperv", id: "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f" }]);
const question = /-Command ([^]*)$/.exec(asked[0]!)![1]!;
const scripts: [string, ...string[]][] = [
  ["templates/hyperv_gpu.ps1", "give", "-Mode", "passthrough", "-Id", "x"],
  ["scripts/prepare-build.ps1", "-Folder", tmpdir(), "-Vm", "a", "-Switch", "b"],
  ["scripts/copy-driver.ps1", "a", "10de"],
  ["scripts/get-vhdx.ps1", "-Out", "x.vhdx", "-Gib", "1", "-UrlFile", "/does-not-exist"],
];

test("a step's script that fails leaves no escape code in the step's error", () => {
  const all = scripts.map(([script, ...words]) => printed("-File", `${root}/${script}`, ...words));
  for (const [i, { code, text }] of all.entries()) {
    const shown = linesOf(text);
    assert.is(code, 1, `${scripts[i]![0]}: ${text}`);
    assert.not.match(shown, codes, scripts[i]![0]);
    assert.ok(shown.trim().length > 20, scripts[i]![0]);
  }
  assert.ok(all.some(({ text }) => codes.test(text)), "PowerShell itself colours its errors");
});

test("a question that fails leaves none in the reason, as text and as CLIXML", () => {
  for (const format of ["Text", "XML"]) {
    const { code, text } = printed("-OutputFormat", format, "-Command", question);
    assert.is(code, 1);
    const reason = plainPowershell(text);
    assert.match(reason, /The term 'Get-VM' is not recognized/, format);
    assert.not.match(reason, codes);
  }
  const error = '#< CLIXML\n<Objs><S S="Error">_x001B_[31;1mGet-VM: _x001B_[31;1mno permission_x001B_[0m</S></Objs>';
  assert.is(plainPowershell(error), "no permission");
  assert.is(linesOf("_x001B_[31;1mno permission_x001B_[0m\n"), "no permission");
});

test.run();
