import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { asRoot, formatFindings, formatPlan } from "../lib/cli/print.mts";
import { isAscii, toAscii, withMarks } from "../lib/cli/ascii.mts";
import { continued } from "../lib/cli/continued.mts";
import { fakeShell, root } from "./fake.mts";
import { commandLine } from "../lib/plan/command-line.mts";
import { manualFix } from "../lib/fixes.mts";
import { formatDuration, wrap } from "../lib/text.mts";
import type { Finding } from "../lib/findings.mts";

const test = suite("print");
const plain = { color: false, width: 80, verbose: false, root: false };
const finding = (check: string, status: Finding["status"], more: Partial<Finding> = {}): Finding => ({
  check,
  machine: null,
  status,
  message: `says ${check}`,
  evidence: [],
  fix: [],
  ...more,
});

test("shows the worst findings first, and the counts last", () => {
  const findings = [
    finding("a.one", "pass"),
    finding("a.two", "warn"),
    finding("b.one", "fail", {
      machine: "devlab",
      evidence: [{ read: "/sys/x", value: "none" }],
      fix: [{
        title: "Mend it",
        command: "apt-get update && apt-get install -y x",
        root: true,
        reboot: true,
        safe: true,
      }],
    }),
    finding("b.two", "unknown"),
    finding("c", "skip"),
  ];
  assert.equal(formatFindings(findings, plain), [
    "✗ b.one (devlab): says b.one",
    "    /sys/x: none",
    "  → Mend it, then reboot:",
    "      sudo apt-get update && sudo apt-get install -y x",
    "! a.two: says a.two",
    "? b.two: says b.two",
    "",
    "Not ready: 1 passed, 1 warning, 1 unknown, 1 failed.",
  ]);
  assert.is(formatFindings([finding("a", "pass")], plain).at(-1), "Ready: 1 passed.");
});

test("wraps text at 80 columns, but no command", () => {
  const long = "word ".repeat(60).trim();
  const lines = formatFindings([
    finding("a", "fail", {
      message: long,
      fix: [{ title: long, command: long, root: false, reboot: false, safe: false }],
    }),
  ], plain);
  assert.equal(lines.filter((line) => line.length > 80), []);
  const command = lines.slice(lines.findIndex((line) => line.startsWith("      word")), -2);
  assert.is(command.join("\n").replace(/ \\\n +/g, " ").trim(), long);
});

test("breaks a long command only at spaces outside of quotes, so a shell reads the same words", () => {
  const commands = [
    `sudo apt-get update && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap`,
    `sh -ec 'curl -fsSL https://pkgs.example/gpg -o /usr/share/keyrings/x.asc; echo "deb [signed-by=/x] y" >/etc/z.list' && b`,
    String.raw`printf '%s-' "a \" b '   '" one\ word ${"x ".repeat(60)}end`,
  ];
  for (const command of commands) {
    const lines = continued(command, 80, "      ");
    assert.ok(lines.length > 1, command);
    assert.is(lines.map((line) => line.trim()).join(" ").replaceAll(" \\ ", " "), command.replace(/(?<=x) +/g, " "));
    const words = (text: string) => execFileSync("sh", ["-c", `printf '<%s>' ${text}`], { encoding: "utf8" });
    const plain = command.replaceAll(/&&|;|>/g, "_");
    assert.is(words(continued(plain, 80, "  ").join("\n").trim()), words(plain));
  }
  assert.equal(continued("short one", 80, "  "), ["  short one"]);
  assert.equal(continued("x".repeat(100), 80, ""), ["x".repeat(100)], "a word is never broken");
});

test("marks are ASCII on the Linux console and without UTF-8, and appear only on terminals", () => {
  const ascii = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform = "linux") => isAscii(env, platform);
  assert.equal(
    [{ TERM: "linux", LANG: "C.UTF-8" }, { LANG: "C" }, {}, { LANG: "de_DE.ISO-8859-1" }].map((env) => ascii(env)),
    [
      true,
      true,
      true,
      true,
    ],
  );
  assert.equal([{ LANG: "en_US.UTF-8" }, { LC_ALL: "C.utf8", LANG: "C" }].map((env) => ascii(env)), [false, false]);
  assert.equal([ascii({}, "win32"), ascii({}, "darwin"), ascii({ LC_ALL: "C" }, "darwin")], [false, false, true]);
  const { shell, said } = fakeShell();
  const marked = withMarks({ ...shell, terminal: { ...shell.terminal, err: true } }, { TERM: "linux" });
  marked.stdout("✓ ü →\n");
  marked.stderr("✗ “a” → ü … └─ │\n");
  assert.equal(said, ["✓ ü →\n", 'x "a" > ü ... `- |\n']);
});

test("every mark has an ASCII form", () => {
  const printed = readdirSync(`${root}/lib`, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".mts")
  );
  const text = printed.map((path) =>
    readFileSync(`${root}/lib/${path}`, "utf8").replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, "")
  ).join("");
  const left = new Set(toAscii(text).match(/[\u2010-\u2bff]/g));
  assert.equal([...left].filter((mark) => !["⟨", "⟩"].includes(mark)), []);
});

test("colours are used only if wanted", () => {
  const text = (color: boolean) =>
    formatFindings([finding("a", "fail"), finding("b", "pass")], { ...plain, color }).join("\n");
  assert.not.match(text(false), /\u001b/);
  assert.match(text(true), /\u001b\[31m✗/);
  assert.is(text(true).replace(/\u001b\[\d+m/g, ""), text(false));
});

test("a place in a file is added to a message, unless the fix names it", () => {
  const lines = (fix: string) =>
    formatFindings(
      [finding("a", "fail", {
        evidence: [{ read: "two/compose.yaml:3", value: "says a" }],
        fix: [manualFix(fix)],
      })],
      plain,
    ).filter((line) => line.includes("compose.yaml"));
  assert.equal(lines("Write image"), ["    two/compose.yaml:3"]);
  assert.equal(lines("Correct two/compose.yaml:3"), ["  → Correct two/compose.yaml:3"]);
});

test("why a check matters and how to confirm it is shown once", () => {
  const finding = (message: string): Finding => ({
    ...{ check: "services.compose", machine: "a", status: "fail", message, evidence: [] },
    fix: [manualFix(`Write ${message}`)],
  });
  const style = { ...plain, notes: { "services.compose": { why: "w", confirm: "c" } } };
  assert.equal(formatFindings([finding("x"), finding("y")], style).slice(0, -2), [
    "✗ services.compose (a): x",
    "    why: w",
    "  → Write x",
    "    to confirm: c",
    "✗ services.compose (a): y",
    "  → Write y",
  ]);
});

test("steps are shown as command lines", () => {
  const step = { title: "x", command: ["ssh", "a b", "it's"], input: "in", output: "out", cwd: "sub" };
  assert.is(commandLine(step), "cd sub && ssh 'a b' 'it'\\''s' < in > out");
});

test("changes of a plan are shown as a diff", () => {
  const changes = [
    { path: "a", change: "create" as const, before: "", text: "1\n2\n" },
    { path: "b", change: "update" as const, before: "1\n2\n3\n", text: "1\nx\n3\n" },
    { path: "c", change: "same" as const, before: "", text: "" },
  ];
  assert.equal(formatPlan("/lab", changes, [], plain), [
    "Files in /lab:",
    "  + a (2 lines)",
    "  ~ b",
    "        1",
    "      - 2",
    "      + x",
    "        3",
  ]);
  assert.equal(formatPlan("/lab", [], [], plain), ["Nothing to do."]);
});

test("a brief plan has a line per folder of new files and per step, and each change in full", () => {
  const file = (path: string, before = "") =>
    ({ path, change: before ? "update" : "create", before, text: "1\n2\n" }) as const;
  const paths = ["Vagrantfile", "packer/box/a", "packer/other/a", "scripts/a", "packer/box/inputs/b"];
  const steps = [{ title: "Create the VM ai", command: ["vagrant", "up"] }];
  assert.equal(formatPlan("/lab", [...paths.map((path) => file(path)), file("scripts/b", "1\n")], steps, plain, true), [
    "Files in /lab:",
    "  + Vagrantfile (2 lines)",
    "  + packer/box: 2 files (4 lines)",
    "  + packer/other/a (2 lines)",
    "  + scripts/a (2 lines)",
    "  ~ scripts/b",
    "        1",
    "      + 2",
    "",
    "Steps, in /lab:",
    "  1. Create the VM ai",
  ]);
});

test("lists, counts and durations are formatted", () => {
  assert.equal(wrap("aa bb cc", 6, "> "), ["> aa", "  bb", "  cc"]);
  assert.is(asRoot("a && b"), "sudo a && sudo b");
  assert.is(asRoot("a && b", true), "su -c 'PATH=$PATH:/usr/sbin:/sbin; a && b'");
  assert.equal([400, 58_000, 295_000].map(formatDuration), ["0.4 s", "58 s", "4 min 55 s"]);
});

test.run();
