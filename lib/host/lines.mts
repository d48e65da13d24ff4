/** Parses the sections of a probe's text. */

/** The KEY:VALUE lines of a section. */
export class Facts {
  /** Each key and value, in the order of the lines. */
  readonly pairs: [string, string][] = [];
  readonly #values = new Map<string, string[]>();

  constructor(lines: string[] = []) {
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      const key = line.slice(0, colon);
      const value = line.slice(colon + 1).trim();
      this.pairs.push([key, value]);
      const values = this.#values.get(key);
      if (values) values.push(value);
      else this.#values.set(key, [value]);
    }
  }

  /** The values of the lines with this key, in their order. */
  all(key: string): string[] {
    return [...this.#values.get(key) ?? []];
  }

  one(key: string): string | undefined {
    return this.#values.get(key)?.[0] || undefined;
  }

  number(key: string): number | undefined {
    return number(this.one(key));
  }

  flag(key: string): boolean | undefined {
    const value = this.one(key);
    if (value === undefined) return undefined;
    return /^(yes|y|1)$/i.test(value) ? true : /^(no|n|0)$/i.test(value) ? false : undefined;
  }

  /** The words of a value that may be empty. */
  words(key: string): string[] | undefined {
    return this.#values.get(key)?.[0]?.split(" ").filter(Boolean);
  }

  under(prefix: string): Record<string, string> {
    const found = this.pairs.filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
  }

  some(keys: string[]): Record<string, string> {
    return Object.fromEntries(this.pairs.filter(([name]) => keys.includes(name)));
  }
}

/**
 * A number in digits, or in the form that awk prints large ones in (`2.14748e+09`); undefined for
 * anything else.
 */
export function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?(e\+\d{2})?$/.test(text) && (/e/.test(text) || !text.includes("."))
    ? Number(text)
    : undefined;
}

/** Converts KiB to MiB, rounded down. */
export function mebibytes(kibibytes: number | undefined): number | undefined {
  return kibibytes === undefined ? undefined : Math.floor(kibibytes / 1024);
}

/** The product of two numbers; undefined if one was not read. */
export function product(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one * other;
}

/** Removes keys without a value: an unknown fact is absent. */
export function compact<T extends object>(facts: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;
}
