import { file } from "./keys.mts";
import type { Key, Shape } from "./shape.mts";
import { sizePattern } from "./sizes.mts";

type Schema = Record<string, unknown>;

/** The JSON schema (draft-07) of `homelab-gpu.yaml`, for editors: it says of a file what the parser says, save what needs two keys at once. */
export function schemaOf(): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "homelab-gpu.yaml",
    ...withDescription(file),
  };
}

/** The same, as a file. */
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
      // Ids of digits alone are numbers to YAML, as are 1e84 and 0042. The parser reads them as they are written, which a schema
      // cannot, so that it lets any whole number pass
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
