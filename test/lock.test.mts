import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { acquireLock } from "../lib/run/lock.mts";
import { fakeShell } from "./fake.mts";

const test = suite("lock");
const stat = (start: number) => `1 (a) b) ${["S", ...Array(18).fill("0"), start].join(" ")} 0`;
const self = { [`/proc/${process.pid}/stat`]: stat(5) };
const holder = (pid: number, began: string, ...steps: object[]) =>
  JSON.stringify({ pid, began, command: "up", since: "2026-01-01T00:00:00.000Z", steps });

function shellWith(files: Record<string, string>, living: number[]) {
  const made = fakeShell({ ...self, ...files });
  const signals: string[] = [];
  made.shell.signal = (id, signal) => {
    if (signal !== 0) signals.push(`${signal} ${id}`);
    const there = living.includes(id);
    if (signal !== 0) living.splice(living.indexOf(id), there ? 1 : 0);
    return Promise.resolve(there);
  };
  return { ...made, signals };
}

test("is taken, records its steps, and is released", async () => {
  const { shell, disk } = shellWith({ "/proc/77/stat": stat(9) }, []);
  const lock = await acquireLock(shell, "/lab", "up", () => {});
  assert.is(JSON.parse(disk.get("/lab/lock")!).pid, process.pid);
  await lock.step(77);
  assert.equal(JSON.parse(disk.get("/lab/lock")!).steps, [{ group: 77, began: "9" }]);
  await lock.release();
  assert.not.ok(disk.has("/lab/lock"));
});

test("a holder that has ended holds no lock, even if its parent has not noticed", async () => {
  const { shell, disk } = shellWith({ "/lab/lock": holder(50, "8"), "/proc/50/stat": stat(8).replace("S", "Z") }, [50]);
  const lock = await acquireLock(shell, "/lab", "up", () => {});
  assert.is(JSON.parse(disk.get("/lab/lock")!).pid, process.pid);
  await lock.release();
});

test("records steps that start at the same time, while they run", async () => {
  const { shell, disk } = shellWith({}, [-77, -78]);
  // a slow disk on which the first write takes longer than the second: the second text must win
  const write = shell.write;
  let turns = 40;
  shell.write = async (path, text) => {
    for (let left = turns -= 10; left > 0; left--) await Promise.resolve();
    await write(path, text);
  };
  const noted = () => JSON.parse(disk.get("/lab/lock")!).steps.map(({ group }: { group: number }) => group);
  const lock = await acquireLock(shell, "/lab", "up", () => {});
  await Promise.all([lock.step(77), lock.step(78)]);
  assert.equal(noted(), [77, 78]);
  lock.ended(77);
  await lock.step(79);
  assert.equal(noted(), [78, 79], "what the first left running is not the run's");
});

test("names the holder", async () => {
  const { shell } = shellWith({ "/lab/lock": holder(42, "7"), "/proc/42/stat": stat(7) }, [42]);
  try {
    await acquireLock(shell, "/lab", "up", () => {});
    assert.unreachable();
  } catch (error) {
    assert.is(
      (error as Error).message,
      "“up” is running in /lab (process 42, since 2026-01-01T00:00:00.000Z): wait for it",
    );
  }
});

test("is taken over from a dead holder, also if another process has its id", async () => {
  for (const [files, living] of [[{}, []], [{ "/proc/42/stat": stat(8) }, [42]]] as const) {
    const { shell, disk } = shellWith({ "/lab/lock": holder(42, "7"), ...files }, [...living]);
    await acquireLock(shell, "/lab", "up", () => {});
    assert.is(JSON.parse(disk.get("/lab/lock")!).pid, process.pid);
  }
});

test("ends all steps that a killed holder left running", async () => {
  const steps = [77, 78].map((group) => ({ group, began: "9" }));
  const { shell, signals } = shellWith({ "/lab/lock": holder(42, "7", ...steps) }, [-77, -78]);
  await acquireLock(shell, "/lab", "up", () => {});
  assert.equal(signals.filter((one) => one.startsWith("SIGTERM")), ["SIGTERM -77", "SIGTERM -78"]);
});

test("ends the step of a killed holder, and no other process", async () => {
  const step = { group: 77, began: "9" };
  const left = shellWith({ "/lab/lock": holder(42, "7", step), "/proc/77/stat": stat(9) }, [77, -77]);
  await acquireLock(left.shell, "/lab", "up", () => {});
  assert.equal(left.signals, ["SIGTERM -77", "SIGKILL -77"]);

  const leaderless = shellWith({ "/lab/lock": holder(42, "7", step) }, [-77]);
  await acquireLock(leaderless.shell, "/lab", "up", () => {});
  assert.equal(leaderless.signals[0], "SIGTERM -77");

  const stranger = shellWith({ "/lab/lock": holder(42, "7", step), "/proc/77/stat": stat(10) }, [77, -77]);
  await acquireLock(stranger.shell, "/lab", "up", () => {});
  assert.equal(stranger.signals, []);
});

test("is taken over if its text is invalid", async () => {
  const { shell, disk } = shellWith({ "/lab/lock": "half wri" }, []);
  await acquireLock(shell, "/lab", "up", () => {});
  assert.is(JSON.parse(disk.get("/lab/lock")!).pid, process.pid);
});

test.run();
