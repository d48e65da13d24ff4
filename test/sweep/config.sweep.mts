// Tens of thousands of configs: each is read, or refused with a place, and none causes a stack
// trace.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../../lib/config/parse.mts";
import { ConfigError } from "../../lib/errors.mts";
import { random } from "../fake.mts";
import { compared, damagedConfig } from "../generated.mts";

const test = suite("configs");
const count = 20_000;
const seed = 7;

test(`${count} damaged configs (seed ${seed}): read, or refused with a place`, () => {
  const dice = random(seed);
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const text = damagedConfig(dice);
    try {
      parseConfig(text);
    } catch (error) {
      assert.instance(error, ConfigError, `config ${i}: ${(error as Error).stack}\n${JSON.stringify(text)}`);
      const lines = text.split("\n");
      for (const { line, column, message } of (error as ConfigError).problems) {
        const inside = line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1]!.length + 1;
        assert.ok(inside && message, `config ${i}: ${line}:${column} ${message}\n${JSON.stringify(text)}`);
      }
      refused++;
    }
  }
  assert.ok(refused > count / 4 && refused < count * 0.95, `${refused} were refused`);
});

test(`${count} configs (seed ${seed}): the schema accepts what the parser accepts, and nothing else`, () => {
  const { right, differing } = compared(count, seed);
  assert.equal(differing, []);
  assert.ok(right > count / 6, `only ${right} were right`);
});

test("500 configs (seed 20): the schema accepts what the parser accepts, and nothing else", () => {
  const { right, differing } = compared(500, 20);
  assert.equal(differing, []);
  assert.ok(right > 60, `only ${right} were right`);
});

test("15,000 aliases do not make a text invalid", () => {
  const all = `&all [&a ./x, ${Array(15_000).fill("*a")}]`;
  const { machines, services } = parseConfig(
    `machines: [{name: a, box: lab/x, provision: ${all}}]\nservices: {web: {image: x, command: *all}}`,
  );
  assert.is(machines[0]!.provision.length, 15_001);
  assert.equal(services[0]!.body.command, Array(15_001).fill("./x"));
});

test.run();
