/** Mappings of which only the keys are known. */
import { Verbatim } from "./verbatim.mts";

/** Whether a value is a mapping. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Verbatim);
}

/** The map at a key; empty where something else is there, or nothing. */
export function mapAt(value: Record<string, unknown>, key: string): Record<string, unknown> {
  const found = value[key];
  return isMap(found) ? found : {};
}

/** The value at a name that somebody chose: `constructor` is there only where somebody put it. */
export function ownValue<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
