/** What the keys of a config may be, as data. */

/** What a value may be. `example` is what an error tells people to write instead. */
export type Shape =
  | { kind: "text"; pattern: string; says: string; example: string }
  | { kind: "hex"; digits: number; example: string }
  /** `also`: what is known too, and refused later for a reason of its own. */
  | { kind: "choice"; values: () => string[]; also?: () => string[]; example: string }
  /** `quoted`: digits in quotes will do too. */
  /** `size`: MiB, which a text with a unit will do for too. */
  | { kind: "whole"; min: number; max: number; quoted?: true; size?: true; example: string }
  | { kind: "flag"; example: string }
  | { kind: "list"; of: Shape; example: string }
  /** `says`: what it is called, if not just a mapping. */
  | {
    kind: "map";
    keys: Record<string, Key>;
    example: string;
    exactlyOne?: string[];
    says?: string;
    /** Keys that begin with `x-` are ignored, as in a Compose file. */
    extensions?: true;
  }
  | { kind: "either"; of: Shape[]; example: string }
  /** Texts by name, such as variables; `empty`: a name without a value is allowed. */
  | { kind: "texts"; names: string; empty?: true; example: string }
  | { kind: "services"; keys: Record<string, Key>; example: string }
  /** Compose has it, and it cannot be used here, whatever it is. `example`: the whole of what to write instead. */
  | { kind: "refused"; says: string; example: string };

/** A key: what it may be, and what it is for. */
export type Key = Shape & { about: string; required?: true };
