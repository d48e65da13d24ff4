// How a running step is shown: one changing line on a terminal, the program's output elsewhere.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { reporterOf } from "../lib/cli/context.mts";
import type { Step } from "../lib/plan/types.mts";
import type { Lock } from "../lib/run/lock.mts";
import { changingLine, stepLine } from "../lib/run/progress.mts";
import { runSteps } from "../lib/run/steps.mts";
import { describeTransfer, transferOf, withoutMeter } from "../lib/run/transfer.mts";
import type { RunOptions } from "../lib/shell.mts";
import { fakeShell, options } from "./fake.mts";

const test = suite("progress");
const lock = { step: () => Promise.resolve(), ended: () => {}, release: () => Promise.resolve() } as unknown as Lock;
const build: Step = { title: "Build the box lab/x", command: ["packer", "build"] };
const noise = "default: Warning: Connection refused. Retrying...\n";

/** The output of a run whose steps print this and end with that code. */
async function shown(
  steps: Step[],
  printed: string,
  terminal: boolean,
  more: { code?: number; verbose?: boolean } = {},
) {
  const fake = fakeShell({ "/lab/logs/durations.json": `{"Build the box lab/x": 484000}` });
  const shell = {
    ...fake.shell,
    terminal: { ...fake.shell.terminal, err: terminal },
    run: (_: string[], { show }: RunOptions) => {
      show?.(printed);
      return Promise.resolve({ code: more.code ?? 0, tail: printed.trim().split("\n") });
    },
  };
  const context = { shell, options: { ...options, verbose: more.verbose ?? false }, args: [], passthroughArgs: [] };
  const error = await runSteps(reporterOf(context), "/lab", steps, lock).then(() => "", (one: Error) => one.message);
  return { text: fake.said.join(""), error, disk: fake.disk };
}

/** What stays on a terminal: the last state of each line. */
const left = (text: string) => text.split("\n").map((line) => line.split("\r\u001b[K").at(-1)!);

test("on a terminal a step is one line, without its program's output", async () => {
  const { text } = await shown([build, { ...build, title: "Start the VM" }], noise, true);
  assert.equal(left(text).map((line) => line.replace(/[\d.]+ s$/, "N s")), [
    "✓ 1/2 Build the box lab/x, N s",
    "✓ 2/2 Start the VM, N s",
    "",
  ]);
  assert.match(text, /1\/2 Build the box lab\/x, [\d.]+ s, last time 8 min 4 s/);
  assert.not.match(text, /Connection refused/);
});

test("on a terminal a minor step has no number of its own, and leaves a line only if it fails", async () => {
  const minor: Step = { title: "Save the SSH config", minor: true, command: ["vagrant", "ssh-config"] };
  const shorter = (text: string) => left(text).map((line) => line.replace(/[\d.]+ s$/, "N s"));
  const { text } = await shown([minor, build, minor], noise, true);
  assert.match(text, /1\/1 Save the SSH config, /);
  assert.equal(shorter(text), ["✓ 1/1 Build the box lab/x, N s", ""]);
  assert.equal(shorter((await shown([build, minor], "", true, { code: 1 })).text)[0], "✗ 1/1 Build the box lab/x, N s");
  assert.equal(shorter((await shown([minor, build], "", true, { code: 1 })).text)[0], "✗ 1/1 Save the SSH config, N s");
  // beside other steps its title was not shown before
  const queues = [{ ...minor, queue: "a" }, { ...build, queue: "b" }];
  const { text: beside } = await shown(queues, "", true, { code: 1 });
  assert.match(beside, /: 1\/1 Save the SSH config failed after [^\n]*\n/);
  assert.match(beside, /: 1\/1 failed after /);
  assert.match((await shown([minor, build], "", false)).text, /1\/2 Save the SSH config\n[^]*2\/2 Build the box/);
});

test("a failed step keeps its line, and the error has the last lines of its program", async () => {
  const { text, error } = await shown([build], "E: no space left\n", true, { code: 1 });
  assert.match(left(text)[0]!, /^✗ 1\/1 Build the box lab\/x/);
  assert.match(error, /failed with code 1 after .*\n {2}E: no space left\n/);
});

test("in a pipe, and with -v, the program's output is shown between two lines", async () => {
  for (const [terminal, verbose] of [[false, false], [true, true]] as const) {
    const { text } = await shown([build], noise, terminal, { verbose });
    assert.match(text, /^homelab-gpu: 1\/1 Build the box lab\/x\n[^]*Connection refused[^]*homelab-gpu: 1\/1 done in /);
    assert.not.match(text, /\r/);
  }
});

test("the duration of a successful step is saved for the next run", async () => {
  const { disk } = await shown([build, { ...build, title: "Other" }], "", false);
  assert.equal(Object.keys(JSON.parse(disk.get("/lab/logs/durations.json")!)), ["Build the box lab/x", "Other"]);
});

// the meter of curl 7.88, as curl writes it to a pipe
const meter = [
  "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n",
  "                                 Dload  Upload   Total   Spent    Left  Speed\n",
  "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0",
  "\r 12  360M   12 44.0M    0     0  10.2M      0  0:00:35  0:00:04  0:00:31 10.5M",
];

test("a download is shown with its bytes, rate and time left", () => {
  const described = (line: string) => {
    const transfer = transferOf(line);
    return transfer && describeTransfer(transfer);
  };
  assert.is(described(meter[3]!.slice(1)), "44.0 MiB of 360 MiB, 10.5 MiB/s, 31 s left");
  assert.is(described(meter[2]!.slice(1)), "0 B, 0 B/s");
  assert.is(
    described("100  9876k    0  9876k    0     0  1234k      0 --:--:--  0:00:08 --:--:-- 1300k"),
    "9876 KiB, 1300 KiB/s",
  );
  assert.is(described("Get:1 12 34 56 of 78"), undefined);
  assert.equal(withoutMeter(`get-image: fetching x\n${meter.join("")}\nE: gone\n`), {
    rest: "get-image: fetching x\n\rE: gone\n",
    last: "44.0 MiB of 360 MiB, 10.5 MiB/s, 31 s left",
  });
  const { shell, said } = fakeShell();
  const line = changingLine(shell, { number: "1/9", title: "Get it", lastTime: undefined }, () => 0);
  for (const piece of meter) line.add(piece);
  line.end(true);
  assert.match(said.join(""), /1\/9 Get it, [^\r]*: 44\.0 MiB of 360 MiB, 10\.5 MiB\/s, 31 s left\r/);
});

test("in a pipe the rows of a download's meter are not printed", async () => {
  const { text } = await shown([build], `one\n${meter.join("")}\ntwo\n`, false);
  assert.match(text, /one\n[^]*two\n/);
  assert.not.match(text, /360M|Dload/);
});

test("the line shows the program's last output within the width, without control characters", () => {
  const about = { number: "1/9", title: "Get the image debian-13", lastTime: undefined };
  assert.is(stepLine(about, 65_000, "  42 %  3.1 MB/s", 80), "1/9 Get the image debian-13, 65 s: 42 %  3.1 MB/s");
  assert.is(stepLine(about, 65_000, "==> qemu.box: Connected", 80), "1/9 Get the image debian-13, 65 s: Connected");
  const again = { ...about, lastTime: 70_000 };
  assert.is(stepLine(again, 65_000, "42 %", 80), "1/9 Get the image debian-13, 65 s, last time 70 s: 42 %");
  assert.is(stepLine(again, 65_000, "4 of 9 MiB", 48), "1/9 Get the image debian-13, 65 s: 4 of 9 MiB");
  const long = stepLine(about, 65_000, `${"x".repeat(200)}\u0007`, 79);
  assert.equal([long.length, long.at(-1)], [77, "…"], "three dots in ASCII");
  let time = 0;
  const { shell, said } = fakeShell();
  const line = changingLine(shell, about, () => time);
  line.add("10 %\r20 %\n");
  time = 5000;
  line.end(true);
  assert.is(said.at(-1), "\r\u001b[K✓ 1/9 Get the image debian-13, 5.0 s\n");
});

test.run();
