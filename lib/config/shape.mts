/** The shapes of the config's values, as data. */

/** The shape of a value. `example` is the value that an error suggests instead. */
export type Shape =
  & {
    /** What an error suggests for a text that does not fit, if it can be seen in it. For a list: its one item. */
    meant?: (text: string) => string | undefined;
    /** Whether the rules accept a value of this form alone; an error suggests no other one. Default: each. */
    suits?: (value: unknown) => boolean;
  }
  & Form;

type Form =
  | { kind: "text"; pattern: string; expected: string; example: string }
  /** `named`: what an error suggests for a name in lower case. */
  | { kind: "hex"; digits: number; named?: Record<string, string>; example: string }
  /** `also`: further names that are recognised and refused later, with a reason. */
  | { kind: "choice"; values: () => string[]; also?: () => string[]; example: string }
  /** `quoted`: digits in quotes are accepted too. */
  /** `size`: MiB; a text with a unit is accepted too. */
  | { kind: "whole"; min: number; max: number; quoted?: true; size?: true; example: string }
  | { kind: "flag"; example: string }
  | { kind: "list"; of: Shape; example: string }
  /** `expected`: what errors call the value, if not simply a mapping. */
  | {
    kind: "map";
    keys: Record<string, Key>;
    example: string;
    exactlyOne?: string[];
    expected?: string;
    /** What an error suggests for keys that there are not; default: the keys that there are. */
    others?: string;
    /** What to write for keys that belong to something else. */
    apart?: Record<string, string>;
    /** The key whose value a text in place of the mapping is. */
    short?: string;
    /** Keys by other words that people write from habit for them; `not KEY` has the opposite flag. */
    words?: Record<string, string>;
    /** Keys that begin with `x-` are ignored, as in a Compose file. */
    extensions?: true;
  }
  /** `none`: what an error suggests for a value that means none, such as `0`; default: the example. */
  | { kind: "either"; of: Shape[]; none?: string; example: string }
  /** Texts by name, such as variables. `empty`: a name may have no value. */
  | { kind: "texts"; names: string; empty?: true; example: string }
  /** Mappings by name; `names` is the pattern of the names. */
  | { kind: "maps"; names: string; of: Shape & { kind: "map" }; example: string }
  | { kind: "services"; keys: Record<string, Key>; example: string }
  /**
   * A Compose key that is not supported here, whatever its value. `example`: the whole text that an
   * error suggests instead.
   */
  | { kind: "refused"; message: string; example: string };

/** A key: the shape of its value, and what the key is for. */
export type Key = Shape & { about: string; required?: true };
