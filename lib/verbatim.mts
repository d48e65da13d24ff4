/** Values of Compose's own keys that have no equal in plain data: they go into a rendered file as they were written. */

/**
 * A scalar without quotes that readers of YAML may take for something else than text (`0x1F`,
 * `1_000`, `2001-01-01`), or one with a tag: whoever reads the rendered file decides, as if it read
 * the config itself.
 */
export class Verbatim {
  readonly source: string;
  readonly tag: string | undefined;
  readonly quoted: boolean;

  /**
   * `source`: the scalar's text, quotes resolved; `tag`: such as `!reset` or `!!int`; `quoted`:
   * whether it had quotes.
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
 * A mapping or a list with a YAML tag (`!override`), which {@link getTag} reads. Copies by spread
 * keep it for mappings.
 */
export function withTag<T extends object>(value: T, tag: string | undefined): T {
  return tag === undefined ? value : Object.assign(value, { [tagOf]: tag });
}

/** The tag that {@link withTag} gave, if any. */
export function getTag(value: object): string | undefined {
  return (value as { [tagOf]?: string })[tagOf];
}
