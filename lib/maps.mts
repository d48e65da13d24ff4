/** Helpers for mappings of unknown content. */
import { Verbatim } from "./verbatim.mts";

/** Whether a value is a mapping. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Verbatim);
}

/** The mapping at a key; empty if the key is missing or has another value. */
export function mapAt(value: Record<string, unknown>, key: string): Record<string, unknown> {
  const found = value[key];
  return isMap(found) ? found : {};
}

/** The value at a path of keys and indexes; undefined if there is none. */
export function valueAt(data: unknown, [step, ...rest]: (string | number)[]): unknown {
  if (step === undefined) return data;
  return valueAt(Array.isArray(data) ? data[Number(step)] : isMap(data) ? data[String(step)] : undefined, rest);
}

/** The value of a name that a user chose; names such as `constructor` count only if they were set. */
export function ownValue<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
