import { suite } from "uvu";
import * as assert from "uvu/assert";
import { diffLines } from "../lib/cli/diff.mts";

const test = suite("diff");
const text = (...lines: (string | number)[]) => lines.map((line) => `${line}\n`).join("");
const numbers = Array.from({ length: 30 }, (_, i) => i + 1);

test("changes that are far apart are separate hunks", () => {
  const after = numbers.map((n) => (n === 5 ? "five" : n === 25 ? "twenty-five" : n));
  assert.equal(diffLines(text(...numbers), text(...after)), [
    ...["  2", "  3", "  4", "- 5", "+ five", "  6", "  7", "  8"],
    "…",
    ...["  22", "  23", "  24", "- 25", "+ twenty-five", "  26", "  27", "  28"],
  ]);
});

test("changes that are close together share a hunk", () => {
  const after = numbers.filter((n) => n !== 10 && n !== 13);
  assert.equal(diffLines(text(...numbers), text(...after)), [
    ...["  7", "  8", "  9", "- 10", "  11", "  12", "- 13", "  14", "  15", "  16"],
  ]);
});

test("a changed line among equal ones is found", () => {
  assert.equal(diffLines(text("a", "b", "a"), text("a", "c", "b", "a")), ["  a", "+ c", "  b", "  a"]);
});

test("an empty text has no lines", () => {
  assert.equal(diffLines("", text("a")), ["+ a"]);
  assert.equal(diffLines(text("a"), ""), ["- a"]);
  assert.equal(diffLines(text("a"), text("a")), []);
});

test("a diff applied to the old text gives the new one", () => {
  const words = ["x", "y", "z"];
  let seed = 7;
  const next = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 300; round++) {
    const make = () => Array.from({ length: next(9) }, () => words[next(3)]!);
    const [a, b] = [make(), make()];
    const rows = diffLines(text(...a), text(...b)).filter((row) => row !== "…");
    const kept = (mark: string) => rows.filter((row) => !row.startsWith(mark)).map((row) => row.slice(2));
    // with so few lines, every line is context
    if (rows.length > 0 && a.length < 4 && b.length < 4) assert.equal([kept("+"), kept("-")], [a, b]);
    assert.is(rows.length === 0, text(...a) === text(...b));
  }
});

test.run();
