import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatFindings, formatPlan, withSudo } from "../lib/cli/print.mts";
import { commandLine } from "../lib/plan/command-line.mts";
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

test("shows the worst first, counts at the end", () => {
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

test("fits 80 columns, but breaks no command", () => {
  const long = "word ".repeat(60).trim();
  const lines = formatFindings([
    finding("a", "fail", {
      message: long,
      fix: [{ title: long, command: long, root: false, reboot: false, safe: false }],
    }),
  ], plain);
  assert.equal(lines.filter((line) => line.length > 80), [`      ${long}`]);
});

test("paints only where colours are wanted", () => {
  const text = (color: boolean) =>
    formatFindings([finding("a", "fail"), finding("b", "pass")], { ...plain, color }).join("\n");
  assert.not.match(text(false), /\u001b/);
  assert.match(text(true), /\u001b\[31m✗/);
  assert.is(text(true).replace(/\u001b\[\d+m/g, ""), text(false));
});

test("shows steps as one would type them", () => {
  const step = { title: "x", command: ["ssh", "a b", "it's"], input: "in", output: "out", cwd: "sub" };
  assert.is(commandLine(step), "cd sub && ssh 'a b' 'it'\\''s' < in > out");
});

test("shows what a plan would change", () => {
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

test("helps with words and times", () => {
  assert.equal(wrap("aa bb cc", 6, "> "), ["> aa", "  bb", "  cc"]);
  assert.is(withSudo("a && b"), "sudo a && sudo b");
  assert.equal([400, 58_000, 295_000].map(formatDuration), ["0.4 s", "58 s", "4 min 55 s"]);
});

test.run();
