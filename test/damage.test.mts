// Damaged texts of saved hosts: doctor never fails on them, and never passes what is missing.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { examineDamaged } from "./damaged.mts";

const test = suite("damage");

test("20 damaged hosts: no crash, and no failure of the IOMMU or the group becomes a pass", () => {
  const { refused } = examineDamaged(20, 20260101);
  assert.ok(refused < 5, `${refused} were refused for their first line`);
});

test.run();
