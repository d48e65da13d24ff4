import { suite } from "uvu";
import * as assert from "uvu/assert";
import { schemaOf } from "../lib/config/schema.mts";
import { own } from "./fake.mts";
import { compared } from "./generated.mts";

const test = suite("schema");

test("the schema file matches the keys", () => {
  assert.equal(JSON.parse(own("templates/homelab-gpu.schema.json")), schemaOf(), "npm run schema writes it");
});

test("the schema and the parser agree about random valid and invalid configs", () => {
  const { right, differing } = compared(60, 20);
  assert.equal(differing, []);
  assert.ok(right > 7, `only ${right} were right`);
});

test.run();
