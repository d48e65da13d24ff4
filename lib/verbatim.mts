/** Values of Compose's own keys that plain data cannot represent: they are rendered as they were written. */

/**
 * An unquoted scalar that some YAML readers do not read as text (`0x1F`, `1_000`, `2001-01-01`), or
 * a scalar with a tag. The program that reads the rendered file interprets it, as if it read the
 * config itself.
 */
export class Verbatim {
  readonly source: string;
  readonly tag: string | undefined;
  readonly quoted: boolean;

  /**
   * `source`: the scalar's text, without its quotes and escapes; `tag`: such as `!reset` or
   * `!!int`; `quoted`: whether it had quotes.
   */
  constructor(source: string, tag?: string, quoted = false) {
    this.source = source;
    this.tag = tag;
    this.quoted = quoted;
  }

  toString(): string {
    return this.source;
  }

  toJSON(): string {
    return this.tag ? `${this.tag} ${this.source}` : this.source;
  }
}

const tagOf = Symbol("tag");

/**
 * Marks a mapping or a list with a YAML tag (`!override`), which {@link getTag} reads. Copies by
 * spread keep it for mappings.
 */
export function withTag<T extends object>(value: T, tag: string | undefined): T {
  return tag === undefined ? value : Object.assign(value, { [tagOf]: tag });
}

/** The tag from {@link withTag}, if any. */
export function getTag(value: object): string | undefined {
  return (value as { [tagOf]?: string })[tagOf];
}
