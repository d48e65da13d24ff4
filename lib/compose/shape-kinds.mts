/** The kinds of values that a Compose file has, each as a function that says what is wrong with a value. */
import { isMap } from "../maps.mts";
import { unknownName } from "../text.mts";
import { typeOf } from "../config/scalars.mts";
import { Verbatim } from "../verbatim.mts";

/** A value of the wrong form. */
export interface ShapeFlaw {
  /** The keys and indexes that lead to it. */
  path: (string | number)[];
  message: string;
  /** What it must be, such as `a list`. */
  wants?: string;
  /** For a key that does not exist: those that do. */
  keys?: string[];
  /** What to do about it, if it does not follow from the value. */
  mend?: string;
}

type Path = (string | number)[];

/** What is wrong with a value at a path: empty if nothing is. */
export type Shape = (value: unknown, path: Path) => ShapeFlaw[];

/** No flaw. */
export const fine: ShapeFlaw[] = [];

/** Whether a value is a text, or one kept as it is written. */
export const isText = (value: unknown): value is string => typeof value === "string" || value instanceof Verbatim;

const isNumber = (value: unknown) =>
  typeof value === "number" || typeof value === "bigint" || value instanceof Verbatim;

/** A path as errors name it: `services.web.ports.0`. */
export const named = (path: Path) => path.join(".");

/** One flaw: the value at the path must be `what`. */
export const wrong = (path: Path, what: string): ShapeFlaw[] => [{
  path,
  message: `${named(path)} must be ${what}`,
  wants: what,
}];

/** Any value. */
export const any: Shape = () => fine;

/** Whether a value that is kept as it is written is no text to Compose: `0x1F`, `True`, `2024-01-01`, `!!int "5"`. */
const isOtherType = (value: unknown) =>
  value instanceof Verbatim &&
  (value.tag === undefined ? typeOf(value.source) !== undefined : /^!!(int|float|bool|timestamp)$/.test(value.tag));

/** A text. */
export const text: Shape = (value, path) =>
  isText(value) && !isOtherType(value) ? fine : wrong(
    path,
    value === null ? "text, but is empty" : isMap(value) || Array.isArray(value) ? "text" : "text: put it in quotes",
  );

/** A text, or nothing. */
export const optional: Shape = (value, path) => value === null || isText(value) ? fine : wrong(path, "text");

/** true or false, or a text that Compose reads so. */
export const flag: Shape = (value, path) =>
  typeof value === "boolean" || (value instanceof Verbatim && !/^[-+.\d]/.test(value.source)) ||
    (typeof value === "string" && /^(true|false|yes|no|on|off|y|n|t|f|1|0)$/i.test(value))
    ? fine
    : wrong(path, "true or false");

/** A whole number. */
export const whole: Shape = (value, path) =>
  isNumber(value) || (typeof value === "string" && /^-?\d+$/.test(value)) ? fine : wrong(path, "a whole number");

/** A number. */
export const number: Shape = (value, path) =>
  isNumber(value) || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)) ? fine : wrong(path, "a number");

/** A text, a number, a flag, or nothing. */
export const scalar: Shape = (value, path) =>
  value === null || typeof value === "boolean" || isText(value) || isNumber(value)
    ? fine
    : wrong(path, "text, a number, true or false");

/** A text or a number. */
export const textOrNumber: Shape = (value, path) =>
  isText(value) || isNumber(value) ? fine : wrong(path, "text or a number");

/** Sizes (docker/go-units, RAMInBytes). */
export const size: Shape = (value, path) =>
  isNumber(value) || (isText(value) && /^\s*-?\d+(\.\d+)? ?([kmgtp]?(i?b)?)\s*$/i.test(String(value)))
    ? fine
    : wrong(path, "a size, such as 8gb");

/** Durations (Go, time.ParseDuration). */
export const duration: Shape = (value, path) =>
  isText(value) && /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+)$/.test(String(value))
    ? fine
    : wrong(path, "a duration, such as 30s or 1m30s");

/** One of these words. */
export const oneOf = (...words: string[]): Shape => (value, path) =>
  isText(value) && words.includes(String(value)) ? fine : wrong(path, `one of ${words.join(", ")}`);

/** A list of values of one kind. */
export const list = (item: Shape): Shape => (value, path) =>
  Array.isArray(value) ? value.flatMap((one, i) => item(one, [...path, i])) : wrong(path, "a list");

/** A mapping of any keys to values of one kind. */
export const mapOf = (item: Shape): Shape => (value, path) =>
  isMap(value) ? Object.entries(value).flatMap(([key, one]) => item(one, [...path, key])) : wrong(path, "a mapping");

/** A mapping of known keys; `required` must be there, keys with `x-` are ignored. */
export const map = (shapes: Record<string, Shape>, required: string[] = []): Shape => (value, path) => {
  if (!isMap(value)) return wrong(path, "a mapping");
  const flaws = Object.entries(value).flatMap(([key, one]): ShapeFlaw[] => {
    const shape = Object.hasOwn(shapes, key) ? shapes[key] : undefined;
    if (shape) return isReset(one) ? fine : shape(one, [...path, key]);
    if (key.startsWith("x-")) return fine;
    const where = path.length === 0 ? "the file" : named(path);
    const [message = ""] = unknownName("key", key, Object.keys(shapes)).split("\n");
    return [{ path: [...path, key], message: `${where}: ${message}`, keys: Object.keys(shapes) }];
  });
  const missing = required.filter((key) => !Object.hasOwn(value, key));
  return [
    ...flaws,
    ...missing.map((key) => ({
      path,
      message: `${named(path)} needs ${key}`,
      mend: key === "capabilities" ? "Add capabilities: [gpu]" : `Add ${key}:`,
    })),
  ];
};

/** The kind of the first condition that the value meets. */
export const either = (...shapes: [(value: unknown) => boolean, Shape][]): Shape => (value, path) =>
  (shapes.find(([is]) => is(value)) ?? shapes.at(-1)!)[1](value, path);

const isReset = (value: unknown) => value instanceof Verbatim && value.tag === "!reset";

/** Whether a value is null. */
export const isNull = (value: unknown) => value === null;

/** Whether a value is a list. */
export const isList = (value: unknown) => Array.isArray(value);

/** Whether a value is neither a list nor a mapping. */
export const isScalar = (value: unknown) => !isMap(value) && !Array.isArray(value);

/** A value of this kind, or nothing. */
export const orNull = (shape: Shape) => either([isNull, any], [() => true, shape]);

/** A list of texts. */
export const texts = list(text);

/** A text or a list of texts. */
export const oneOrMore = either([isList, texts], [isMap, list(text)], [() => true, text]);

/** A list of `NAME=VALUE`, or a mapping. */
export const pairs = either([isList, texts], [() => true, mapOf(scalar)]);

/** This word or a whole number. */
export function oneOfOrNumber(word: string): Shape {
  return (value, path) =>
    String(value) === word || /^-?\d[\d_]*$/.test(String(value)) ? fine : wrong(path, `${word} or a number`);
}

/** A list without equal items. */
export const unique = (shape: Shape): Shape => (value, path) => {
  const flaws = shape(value, path);
  if (flaws.length > 0 || !Array.isArray(value)) return flaws;
  const texts = value.map((one) => String(one));
  const again = texts.findIndex((one, i) => texts.indexOf(one) < i);
  if (again < 0) return fine;
  return [{
    path: [...path, again],
    message: `${named(path)} has ${texts[again]} twice`,
    mend: "Remove one of the two",
  }];
};
