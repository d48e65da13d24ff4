import { file } from "./keys.mts";
import type { Key, Shape } from "./shape.mts";
import { sizePattern } from "./sizes.mts";

type Schema = Record<string, unknown>;

/**
 * Returns the JSON schema (draft-07) of `homelab-gpu.yaml`, for editors. It accepts and rejects the
 * same files as the parser, except for rules that involve several keys.
 */
export function schemaOf(): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "homelab-gpu.yaml",
    ...withDescription(file),
  };
}

/** The schema as the text of a file. */
export function schemaText(): string {
  return `${JSON.stringify(schemaOf(), null, 2)}\n`;
}

function withDescription(key: Key): Schema {
  return { description: key.about, ...plain(key) };
}

function plain(shape: Shape): Schema {
  switch (shape.kind) {
    case "text":
      return { type: "string", pattern: shape.pattern };
    case "hex":
      // YAML reads ids such as 2786, 1e84 and 0042 as numbers. The parser keeps them as written; a
      // schema cannot, so it accepts any whole number.
      return {
        anyOf: [{ type: "string", pattern: `^[0-9a-fA-F]{${shape.digits}}$` }, { type: "integer", minimum: 0 }],
      };
    case "choice":
      return { enum: [...shape.values(), ...(shape.also?.() ?? [])] };
    case "whole": {
      const whole = { type: "integer", minimum: shape.min, maximum: shape.max };
      const digits = Array.from({ length: shape.quoted ? shape.max - shape.min + 1 : 0 }, (_, i) => shape.min + i);
      if (shape.size) return { anyOf: [whole, { type: "string", pattern: sizePattern }] };
      return shape.quoted
        ? { anyOf: [whole, { type: "string", pattern: `^0*(${digits.join("|")})$`, maxLength: 9 }] }
        : whole;
    }
    case "flag":
      return { type: "boolean" };
    case "list":
      return { type: "array", items: plain(shape.of) };
    case "map":
      return {
        type: "object",
        properties: Object.fromEntries(Object.entries(shape.keys).map(([name, key]) => [name, withDescription(key)])),
        required: Object.keys(shape.keys).filter((name) => shape.keys[name]!.required),
        ...(shape.extensions ? { patternProperties: { "^x-": {} } } : {}),
        additionalProperties: false,
        ...(shape.exactlyOne ? { oneOf: shape.exactlyOne.map((name) => ({ required: [name] })) } : {}),
      };
    case "either":
      return { anyOf: shape.of.map(plain) };
    case "texts":
      return {
        type: "object",
        patternProperties: {
          [shape.names]: { type: ["string", "number", "boolean", ...(shape.empty ? ["null"] : [])] },
        },
        additionalProperties: false,
      };
    case "maps":
      return { type: "object", patternProperties: { [shape.names]: plain(shape.of) }, additionalProperties: false };
    case "services":
      return {
        type: "object",
        patternProperties: {
          "^[a-zA-Z0-9._-]+$": {
            type: "object",
            properties: Object.fromEntries(
              Object.entries(shape.keys).map(([name, key]) => [name, withDescription(key)]),
            ),
          },
        },
        additionalProperties: false,
      };
    case "refused":
      return { not: {} };
  }
}
