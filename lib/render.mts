/** Text from {@link render}. Another template inserts it unchanged; any other value is quoted. */
export class Rendered {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Languages that values can be written in. */
export type Language = "ruby" | "shell";

/**
 * Fills in the {{name}}s of a template. Each value is quoted for the language: text as a string
 * literal, numbers and booleans as they are, lists as lists. A {{name}} alone on its line may
 * become several lines of rendered text, or none, in which case its line is removed.
 *
 * Throws an Error if a {{name}} has no value, or a value has no {{name}}: both are mistakes in this
 * project.
 */
export function render(template: string, values: Record<string, unknown>, language: Language = "ruby"): Rendered {
  const used = new Set<string>();
  const valueOf = (name: string) => {
    if (values[name] === undefined) throw new Error(`no value for {{${name}}}`);
    used.add(name);
    return values[name];
  };
  const lines = template.replace(/\n$/, "").split("\n").flatMap((line) => {
    const alone = /^([ \t]*)\{\{(\w+)\}\}$/.exec(line);
    const value = alone && valueOf(alone[2]!);
    if (value instanceof Rendered) {
      return value.text === "" ? [] : value.text.split("\n").map((text) => (text ? alone![1] + text : text));
    }
    return [line.replace(/\{\{(\w+)\}\}/g, (_, name) => literal(valueOf(name), language))];
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`no {{${unused[0]}}} in the template`);
  return new Rendered(lines.join("\n"));
}

/** Joins rendered texts. */
export function joinBlocks(parts: Rendered[], between = "\n"): Rendered {
  return new Rendered(parts.map(({ text }) => text).join(between));
}

/** An empty rendered text. */
export const nothing = new Rendered("");

function literal(value: unknown, language: Language): string {
  if (value instanceof Rendered) return value.text;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoted[language](value);
  if (Array.isArray(value) && language === "ruby") {
    return `[${value.map((item) => literal(item, language)).join(", ")}]`;
  }
  throw new Error(`a value of type ${typeof value} cannot be written in ${language}`);
}

const hexEscape = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

const quoted: Record<Language, (text: string) => string> = {
  // Ruby's single quotes give meaning only to \\ and \' (doc/syntax/literals.rdoc). A carriage
  // return before a newline would be lost there, so control characters are written as escapes in
  // double quotes
  ruby: (text) =>
    /[\u0000-\u001f\u007f]/.test(text)
      ? `"${text.replace(/[\\"#]/g, "\\$&").replace(/[\u0000-\u001f\u007f]/g, hexEscape)}"`
      : `'${text.replace(/[\\']/g, "\\$&")}'`,
  // a shell's single quotes give meaning to no character (POSIX 2.2.2)
  shell: (text) => `'${text.replaceAll("'", "'\\''")}'`,
};

/** A text as one word of a POSIX shell. */
export const shellWord = quoted.shell;

/** A word as people type it in a POSIX shell: quoted only if necessary. */
export function shellCommand(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : shellWord(word);
}

/**
 * A word of a command that is typed on the host and runs in a guest, `ssh MACHINE -- …`: the host's
 * shell reads it first, then the guest's.
 */
export function guestWord(word: string): string {
  return shellCommand(word) === word ? word : shellWord(shellWord(word));
}
