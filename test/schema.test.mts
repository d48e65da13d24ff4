import { Ajv } from "ajv";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config.mts";
import { ConfigError } from "../lib/errors.mts";
import { file, type Shape } from "../lib/keys.mts";
import { schemaOf } from "../lib/schema.mts";
import { own, random } from "./fake.mts";

const test = suite("schema");
const accepts = new Ajv({ strict: false, allErrors: true }).compile(schemaOf());

test("the file beside the templates is the one the keys make", () => {
  assert.equal(JSON.parse(own("templates/homelab-gpu.schema.json")), schemaOf(), "npm run schema writes it anew");
});

test("says what the parser says, of configs made at random, right and wrong", () => {
  const dice = random(20);
  let right = 0;
  for (let i = 0; i < 3000; i++) {
    const config = made(file, dice, i % 3 === 0 ? 0 : 0.03);
    const text = JSON.stringify(config);
    const parsed = parses(text);
    if (parsed === "together") continue; // what needs two keys at once is the parser's alone
    right += Number(parsed === "right");
    assert.is(accepts(config), parsed === "right", text);
  }
  assert.ok(right > 500, `only ${right} were right`);
});

/** `together`: each key is right, and only what they say together is wrong. */
function parses(text: string): "right" | "wrong" | "together" {
  try {
    parseConfig(text);
    return "right";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const both =
      /two machines are named|in two ways|on which machine|no machine of that name|goes with|needs its checksum|is an empty list/;
    return error.problems.every(({ says }) => both.test(says)) ? "together" : "wrong";
  }
}

/** A value of a shape; with some chance of another. */
function made(shape: Shape, dice: ReturnType<typeof random>, wrong: number): unknown {
  const number = shape.kind === "hex" ? 1.5 : 70000000; // how a number is written, a schema cannot see
  if (dice.next() < wrong) {
    return dice.pick<unknown>([null, "", "x y", -1, 1.5, number, true, [], {}, "12345", [1], { a: 1 }]);
  }
  switch (shape.kind) {
    case "text":
      return /^[[{"]/.test(shape.example) || shape.example.includes("…")
        ? dice.pick(["0a:00.0", `sha256:${"0".repeat(64)}`])
        : shape.example;
    case "hex":
      return dice.pick<unknown>(["10de", "1E84", "0042", 2786]);
    case "choice":
      return dice.pick(shape.values());
    case "whole":
      return dice.pick<unknown>([shape.min, shape.max, ...(shape.quoted ? [String(shape.max)] : [])]);
    case "flag":
      return dice.pick([true, false]);
    case "list":
      return Array.from({ length: dice.below(3) }, () => made(shape.of, dice, wrong));
    case "either":
      return made(dice.pick(shape.of), dice, wrong);
    case "map": {
      const names = Object.keys(shape.keys).filter((name) => shape.keys[name]!.required || dice.next() < 0.5);
      const alone = shape.exactlyOne && dice.pick(shape.exactlyOne);
      const kept = shape.exactlyOne ? [alone!] : names;
      if (dice.next() < wrong) kept.push("unknown");
      return Object.fromEntries(kept.map((name) => [name, shape.keys[name] ? made(shape.keys[name], dice, wrong) : 1]));
    }
    case "services":
      return dice.next() < 0.5 ? {} : {
        [dice.next() < wrong ? "a b" : "web"]: {
          image: "x",
          ...(dice.next() < 0.5 ? { gpu: made(shape.keys.gpu!, dice, wrong) } : {}),
        },
      };
  }
}

test.run();
