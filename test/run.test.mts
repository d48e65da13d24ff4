import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Interrupted } from "../lib/errors.mts";
import { scheduleOf } from "../lib/plan/stages.mts";
import type { Lock } from "../lib/run/lock.mts";
import { reporterOf } from "../lib/cli/context.mts";
import { failedStep, rememberFailed } from "../lib/run/failed.mts";
import { runSteps } from "../lib/run/steps.mts";
import type { RunResult } from "../lib/shell.mts";
import type { Step } from "../lib/plan/types.mts";
import { fakeShell, options } from "./fake.mts";

const test = suite("run");
const step = (title: string, queue?: string): Step => ({ title, command: [title], ...(queue ? { queue } : {}) });
const lock: Lock = { step: () => Promise.resolve(), ended: () => {}, release: () => Promise.resolve() };

/** Runs steps that end when the test says so. Records which started and ended, in order, and the output. */
function started(steps: Step[]) {
  const { shell, disk, said } = fakeShell();
  const events: string[] = [];
  const ends = new Map<string, (code: number) => void>();
  shell.run = async ([title], { show }) => {
    events.push(`+${title}`);
    show?.(`${title} says th`);
    show?.("is\n");
    const code = await new Promise<number>((resolve) => ends.set(title!, resolve));
    events.push(`-${title}`);
    if (shell.interrupted) throw new Interrupted();
    return { code, tail: [] } satisfies RunResult;
  };
  const done = runSteps(reporterOf({ shell, options, args: [], passthroughArgs: [] }), "/lab", steps, lock);
  const end = async (title: string, code = 0) => {
    ends.get(title)!(code);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { done, end, events, disk, said, shell };
}

test("queues run in parallel; steps of one queue, and those without one, wait for earlier ones", async () => {
  const { done, end, events, said } = started([
    step("a1", "a"),
    step("a2", "a"),
    step("b1", "b"),
    step("all"),
    step("c"),
  ]);
  assert.equal(events, ["+a1", "+b1"]);
  await end("a1");
  await end("a2");
  assert.equal(events.slice(2), ["-a1", "+a2", "-a2"], "the other queue has not ended");
  await end("b1");
  assert.equal(events.slice(5), ["-b1", "+all"]);
  await end("all");
  await end("c");
  await done;
  const text = said.join("");
  assert.match(text, /homelab-gpu: 1\/5 a1\n/);
  assert.match(text, /^a \| a1 says this$/m, "parallel lines name their queue");
  assert.match(text, /^b \| b1 says this$/m);
  assert.match(text, /^all says this$/m, "alone it says what it says");
  assert.match(text, /homelab-gpu: 3\/5 done in/);
});

test("a failed step ends only its queue; then nothing more starts, and all failures are shown", async () => {
  const { done, end, events, said } = started([
    ...[step("a1", "a"), step("a2", "a"), step("b1", "b"), step("b2", "b"), step("c1", "c")],
    step("all"),
  ]);
  const failure = done.then(() => new Error("it did not fail"), (error: Error) => error);
  await end("a1", 3);
  assert.match(said.join(""), /1\/6 failed after [\d.]+ s; the other steps continue/);
  await end("b1");
  await end("b2");
  await end("c1", 4);
  const { message } = await failure;
  assert.match(
    message,
    /^a1: failed with code 3[^]*\n {2}the whole log: \/lab\/logs\/01-a1\.log\nc1: failed with code 4/,
  );
  assert.equal(events, ["+a1", "+b1", "+c1", "-a1", "-b1", "+b2", "-b2", "-c1"]);
});

test("a signal stops every queue", async () => {
  const { done, end, events, shell } = started([step("a1", "a"), step("a2", "a"), step("b1", "b")]);
  const failure = done.then(() => new Error("it did not fail"), (error: Error) => error);
  Object.assign(shell, { interrupted: true });
  await end("b1");
  await end("a1");
  assert.instance(await failure, Interrupted);
  assert.equal(events, ["+a1", "+b1", "-b1", "-a1"]);
});

test("stages: only consecutive steps with queues share one", () => {
  const steps = [step("1", "a"), step("2"), step("3", "a"), step("4", "b"), step("5", "a"), step("6")];
  assert.equal(scheduleOf(steps).map((lanes) => lanes.map((lane) => lane.map(({ at }) => at))), [
    [[0]],
    [[1]],
    [[2, 4], [3]],
    [[5]],
  ]);
});

test("the last failed step is recorded until all steps of a run succeed", async () => {
  const { done, end, disk, shell } = started([step("a1", "a")]);
  const failure = done.then(() => undefined, (error: Error) => error);
  await end("a1", 3);
  assert.ok(await failure);
  assert.equal(await failedStep(shell, "/lab"), { title: "a1", log: "/lab/logs/01-a1.log", program: "a1" });
  disk.set("/lab/logs/failed.json", "{broken");
  assert.is(await failedStep(shell, "/lab"), undefined);
  await rememberFailed(shell, "/lab", step("a1"), "/lab/logs/01-a1.log");
  await runSteps(reporterOf({ shell, options, args: [], passthroughArgs: [] }), "/lab", [], lock);
  assert.is(await failedStep(shell, "/lab"), undefined);
});

test.run();
