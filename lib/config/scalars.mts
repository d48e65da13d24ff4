/** How YAML readers interpret unquoted scalars. */
import { Verbatim } from "../verbatim.mts";

/** The type of an unquoted scalar in YAML 1.2's core schema (yaml.org/spec/1.2.2, 10.3.2). */
export type ScalarKind = "null" | "flag" | "number" | "text";

const nothing = /^(~|null|Null|NULL|)$/;
const flag = /^(true|True|TRUE|false|False|FALSE)$/;
const integer = /^([-+]?\d+|0o[0-7]+|0x[\da-fA-F]+)$/;
const real = /^([-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

/** The type of an unquoted scalar. */
export function kindOf(source: string): ScalarKind {
  if (nothing.test(source)) return "null";
  if (flag.test(source)) return "flag";
  return integer.test(source) || real.test(source) ? "number" : "text";
}

/**
 * Whether a text needs quotes to stay text: Compose's or podman-compose's YAML reader may read an unquoted
 * scalar as something other than text, by the rules of go-yaml v3 (resolve.go: underscores anywhere in
 * numbers, 0x, 0o, 0b and a leading 0, times) or of YAML 1.2. Sources read on 2026-11-26.
 */
export function needsQuotes(source: string): boolean {
  if (kindOf(source) !== "text") return true;
  if (/^\d{4}-\d{1,2}-\d{1,2}([Tt ]|$)/.test(source)) return true;
  if (!/^[-+.\d]/.test(source)) return false;
  const plain = source.replaceAll("_", "");
  return real.test(plain) || /^[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][\da-fA-F]+|\d+)$/.test(plain);
}

/**
 * Whether go-yaml, which Compose uses, reads an unquoted scalar as a date (go-yaml v3, resolve.go:
 * allowedTimestampFormats; read 2026-11-26).
 */
export function isDate(source: string): boolean {
  const [, year, month, day] =
    /^(\d{4})-(\d{1,2})-(\d{1,2})([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?)?(Z|[-+]\d\d:\d\d)?$/.exec(source) ?? [];
  if (year === undefined || Number(month) < 1 || Number(day) < 1) return false;
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(month) <= 12 && Number(day) <= last && (/[Tt]/.test(source) || !/(Z|[-+]\d\d:\d\d)$/.test(source));
}

/** The type as which go-yaml reads an unquoted scalar; undefined if it reads it as text. */
export function typeOf(source: string): "nothing" | "true or false" | "a date" | "a number" | undefined {
  if (nothing.test(source)) return "nothing";
  if (flag.test(source)) return "true or false";
  if (isDate(source)) return "a date";
  return needsQuotes(source) && !/^\d{4}-/.test(source) ? "a number" : undefined;
}

/**
 * An unquoted scalar as plain data: text, true, false, null, or a number in JavaScript's notation.
 * A scalar that readers may read differently keeps its spelling, as a {@link Verbatim}.
 */
export function plainValue(source: string): unknown {
  const kind = kindOf(source);
  if (kind === "null") return null;
  if (source === "true" || source === "false") return source === "true";
  if (kind === "number" && String(Number(source)) === source) return Number(source);
  return needsQuotes(source) ? new Verbatim(source) : source;
}

/** A text as a value, also in brackets: in quotes where a YAML reader would read it as something else. */
export function quoted(text: string): string {
  const isPlain = /^[\w./~@+-]([\w./~@+= :-]*[\w./~@+=-])?$/.test(text) &&
    !/: |^[-~] |^[-~]$|^[\d:]*:[\d:]*$/.test(text);
  return isPlain && !needsQuotes(text) ? text : JSON.stringify(text);
}
