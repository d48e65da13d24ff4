// Tens of thousands of damaged probes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { examineDamaged } from "../damaged.mts";

const test = suite("probes");

test("20,000 damaged hosts (seed 7): no crash, no fail of the IOMMU or the group becomes a pass", () => {
  const { refused } = examineDamaged(20_000, 7);
  assert.ok(refused < 2000, `${refused} were refused for their first line`);
});

test("250 damaged hosts (seed 20260101)", () => {
  const { refused } = examineDamaged(250, 20260101);
  assert.ok(refused < 25, `${refused} were refused for their first line`);
});

test.run();
