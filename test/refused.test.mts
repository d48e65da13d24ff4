// Each kind of project that Compose refuses is refused before boot without Compose on the host, with its line.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { accepted, refused, refusedLines } from "./refused.mts";

const test = suite("refused");

for (const one of refused) {
  test(one.rule, async () => {
    const { place, found } = await refusedLines(one);
    assert.ok(found.some((line) => line.startsWith(`p/${place} `)), `${place}: ${found.join("\n")}`);
    for (const line of found) assert.not.match(line, /-> undefined$/, "says what to do");
  });
}

test("what Compose and Docker accept is no failure", async () => {
  for (const keys of accepted) {
    const text = `services:\n  web:\n    image: x/y\n    ${keys}\n`;
    assert.equal((await refusedLines({ rule: "", text })).found, [], keys);
  }
});

test.run();
