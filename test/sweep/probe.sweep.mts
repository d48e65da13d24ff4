// Tens of thousands of damaged probes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHost } from "../../lib/host/parse.mts";
import { examineDamaged } from "../damaged.mts";
import { own, random } from "../fake.mts";

const test = suite("probes");

test("20,000 damaged hosts (seed 7): no crash, no fail of the IOMMU or the group becomes a pass", () => {
  const { refused } = examineDamaged(20_000, 7);
  assert.ok(refused < 2000, `${refused} were refused for their first line`);
});

test("250 damaged hosts (seed 20260101)", () => {
  const { refused } = examineDamaged(250, 20260101);
  assert.ok(refused < 25, `${refused} were refused for their first line`);
});

test("300 hosts of which a tenth of the lines is missing, repeated or cut (seed 1) are read", () => {
  const [first, ...lines] = own("test/hosts/vm-without-gpu.txt").split("\n");
  const dice = random(1);
  for (let i = 0; i < 300; i++) {
    const damaged = lines.filter(() => dice.next() > 0.1).flatMap((line) => dice.next() < 0.1 ? [line, line] : [line])
      .map((line) => dice.next() < 0.1 ? line.slice(dice.below(line.length)) : line);
    parseHost([first, ...damaged].join("\n"));
  }
});

test.run();
