// Random configs from the table of keys, and random damage to their texts.
import { Ajv } from "ajv";
import { parseConfig } from "../lib/config/parse.mts";
import { ConfigError } from "../lib/errors.mts";
import { file } from "../lib/config/keys.mts";
import type { Shape } from "../lib/config/shape.mts";
import { schemaOf } from "../lib/config/schema.mts";
import { writeYaml } from "../lib/config/write-yaml.mts";
import { random } from "./fake.mts";

/**
 * Compares the schema with the parser on this many configs, right and wrong ones. Returns how many
 * were right, and those on which the two differ.
 */
export function compared(count: number, seed: number): { right: number; differing: string[] } {
  const accepts = new Ajv({ strict: false, allErrors: true }).compile(schemaOf());
  const dice = random(seed);
  const differing: string[] = [];
  let accepted = 0;
  for (let i = 0; i < count; i++) {
    const config = generated(file, dice, i % 3 === 0 ? 0 : 0.03);
    const text = JSON.stringify(config);
    const parsed = parses(text);
    if (parsed === "together") continue; // only the parser checks rules across keys
    accepted += Number(parsed === "right");
    if (accepts(config) !== (parsed === "right")) differing.push(text);
  }
  return { right: accepted, differing };
}

/** `together`: each key is right, and only their combination is wrong. */
function parses(text: string): "right" | "wrong" | "together" {
  try {
    parseConfig(text);
    return "right";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const both =
      /two machines are named|two stacks are named|build the box|does not name its machine|no machine of that name|is used with|needs a checksum|is an empty list|two folders have the same to|needs lan:|needs address:|is for Hyper-V and lan:|two machines have the address|is not in the network of|there is no host|cluster: swarm|docker stack deploy has none|nodes of a Swarm|no machine of the Swarm|are on several hosts|needs its absolute path/;
    return error.problems.every(({ message }) => both.test(message)) ? "together" : "wrong";
  }
}

/** A value of a shape; with this probability (0 to 1) a value of another shape. */
export function generated(shape: Shape, dice: ReturnType<typeof random>, wrong: number): unknown {
  const number = shape.kind === "hex" ? 1.5 : 70000000; // a schema cannot see how a number is written
  if (dice.next() < wrong) {
    return dice.pick<unknown>([null, "", "x y", -1, 1.5, number, true, [], {}, "12345", [1], { a: 1 }]);
  }
  switch (shape.kind) {
    case "text":
      return dice.pick(textsOf(shape));
    case "hex":
      return dice.pick<unknown>(["10de", "1E84", "0042", 2786]);
    case "choice":
      return dice.pick(shape.values());
    case "whole":
      return dice.pick<unknown>([shape.min, shape.max, ...(shape.quoted ? [String(shape.max)] : [])]);
    case "texts":
      return dice.pick<unknown>([{}, { TAG: "v1", N: 1 }, { TOKEN: null }]);
    case "maps":
      return dice.pick<unknown>([{}, { gpubox: generated(shape.of, dice, wrong) }]);
    case "flag":
      return dice.pick([true, false]);
    case "list":
      return Array.from(
        { length: dice.next() < wrong ? 0 : 1 + dice.below(2) },
        () => generated(shape.of, dice, wrong),
      );
    case "either":
      return generated(dice.pick(shape.of), dice, wrong);
    case "map": {
      const names = Object.keys(shape.keys).filter((name) =>
        // a host needs its name in hosts:, and few machines can be the nodes of a cluster
        shape.keys[name]!.required || dice.next() < (name === "host" ? 0.02 : name === "cluster" ? 0.1 : 0.5)
      );
      const alone = shape.exactlyOne && dice.pick(shape.exactlyOne);
      // of the keys of network: only some fit together
      const kept = shape.exactlyOne ? [alone!] : shape.keys.lan ? dice.pick(networks()) : names;
      if (dice.next() < wrong) kept.push("unknown");
      return Object.fromEntries(
        kept.map((name) => [name, shape.keys[name] ? generated(shape.keys[name], dice, wrong) : 1]),
      );
    }
    case "refused":
      return dice.pick<unknown>([["a"], [], null]);
    case "services":
      return dice.next() < 0.5 ? {} : {
        [dice.next() < wrong ? "a b" : "web"]: {
          image: "x",
          ...(dice.next() < 0.5 ? { gpu: generated(shape.keys.gpu!, dice, wrong) } : {}),
          ...(dice.next() < wrong ? { secrets: generated(shape.keys.secrets!, dice, wrong) } : {}),
        },
      };
  }
}

/** The keys that `network:` can have together. */
const networks = () => [["switch"], ["lan"], ["lan", "address"], ["lan", "address", "gateway"]];

/**
 * Texts that a shape accepts: its example, the example with one more letter, or one of a list where
 * the example is not a value.
 */
function textsOf({ pattern, example }: Shape & { kind: "text" }): string[] {
  const candidates = [example, `${example}b`, "0a:00.0", `sha256:${"0".repeat(64)}`];
  const right = candidates.filter((text) => !/^[[{"]|…/.test(text) && new RegExp(pattern).test(text));
  return right.length > 0 ? right.slice(0, 2) : candidates;
}

/** A typical config with a few random changes to its text. */
export function damagedConfig(dice: ReturnType<typeof random>): string {
  const config = generated(file, dice, dice.next() < 0.5 ? 0 : 0.04);
  const whole = dice.next() < 0.3 ? JSON.stringify(config) : writeYaml(config);
  let text = whole;
  for (let times = dice.below(5); times > 0; times--) {
    const at = dice.below(text.length + 1);
    const lines = text.split("\n");
    const line = dice.below(lines.length);
    switch (dice.below(7)) {
      case 0: // insert a text that YAML may treat specially
        text = text.slice(0, at) + dice.pick(odd) + text.slice(at);
        break;
      case 1: // remove a part
        text = text.slice(0, at) + text.slice(at + 1 + dice.below(20));
        break;
      case 2: // cut the text off
        if (dice.next() < 0.3) text = text.slice(0, at);
        break;
      case 3: // repeat lines in another place
        lines.splice(dice.below(lines.length + 1), 0, ...lines.slice(line, line + 1 + dice.below(3)));
        text = lines.join("\n");
        break;
      case 4: // change the indentation of a line
        lines[line] = dice.next() < 0.5 ? ` ${lines[line]}` : lines[line]!.replace(/^ /, "");
        text = lines.join("\n");
        break;
      case 5: // add an anchor to a value, and an alias elsewhere
        text = text.replace(/: /, ": &a ").slice(0, at) +
          text.slice(at).replace(/: .*/, `: ${dice.pick(["*a", "{<<: *a}", "*b"])}`);
        break;
      default: // nest brackets or mappings deeply
        if (dice.next() < 0.1) text = `${"[".repeat(dice.below(2000))}${text}`;
        else text = text.replace(/: (.*)/, (_, value) => `: ${"{a: ".repeat(dice.below(40))}${value}`);
    }
  }
  return text;
}

const odd = [
  ..."&*!|>%@`?-:,[]{}#'\"\\\t\r\n\0\u0085\u2028\ufeff\ud800",
  "<<: ",
  "<<: *a",
  "!!binary ",
  "!vault ",
  "!reset ",
  "!override ",
  "!!str ",
  "!!int ",
  "x-a: ",
  "\udc80",
  "!!set ",
  "!!omap ",
  "!!js/function ",
  "? ",
  "- ",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "__proto__: ",
  "constructor: ",
  "1e999",
  "0x10",
  ".nan",
  "~",
  "\ud83d\ude00",
];
