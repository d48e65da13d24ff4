// Every log of test/logs in every form in which people paste logs, and after logs of other programs.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failures } from "../../lib/verify/failures/index.mts";
import { compiled } from "../../lib/verify/failures/match.mts";
import { readPaste } from "../../lib/verify/failures/paste.mts";
import { squeezed } from "../../lib/verify/failures/shorten.mts";
import { keysOf } from "../../lib/verify/failures/words.mts";
import { all, checkAfter, checkForm, foreign, forms, lines, texts } from "../logs.mts";

const test = suite("logs");

for (const name of Object.keys(forms)) {
  test(`finds 98 of 100 causes in ${name}`, () => checkForm(name, 0.98, [...texts, ...lines], foreign));
}

test("a log after an unrelated one is explained", () => checkAfter(texts.slice(0, 20), foreign));

test("each match of an entry has one of its keys", () => {
  const text = squeezed(readPaste([...all, ...foreign].map(([, log]) => log).join("\n\n")).text);
  let matches = 0;
  for (const { pattern } of failures()) {
    const keys = keysOf(pattern.source);
    for (const [match] of text.matchAll(compiled(pattern))) {
      matches++;
      const folded = match.toLowerCase().replaceAll("\n", " ");
      assert.ok(keys.some((key) => folded.includes(key)), `${pattern} finds ${match} without ${keys}`);
    }
  }
  assert.ok(matches > 5000, `${matches}`);
});

test.run();
