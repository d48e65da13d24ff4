/**
 * Compose's variables (`${NAME:-default}`), as far as the built-in reader needs them on a host
 * without Compose.
 */

import { ownValue } from "../maps.mts";

/** A reference to a variable that has no value. */
export interface MissingVariable {
  name: string;
  /**
   * The sentence of `${NAME:?sentence}`: Compose refuses the project. Undefined where Compose uses
   * an empty text.
   */
  required?: string;
}

/** The sentence of `${NAME:?}`, which has none of its own. */
export const isRequired = "the project requires it";

/** A line of an env file that Compose refuses. */
export interface EnvFileFlaw {
  /** Line number, from 1. */
  line: number;
  message: string;
}

/**
 * The values of an env file (compose-spec, env file syntax). Supports comments, quotes, `export`
 * and quoted values over several lines. References to variables of earlier lines and of `values`
 * are replaced, except in single quotes.
 */
export function dotEnv(text: string, values: Record<string, string | undefined> = {}): Record<string, string> {
  return readEnvFile(text, values).values;
}

/**
 * The lines of an env file that Compose refuses (compose-go, dotenv/parser.go; read 2026-11-26).
 */
export function envFileFlaws(text: string): EnvFileFlaw[] {
  return readEnvFile(text, {}).flaws;
}

/**
 * The variables without a value that an env file's own values use, with the line of each. `setLater`: the line below
 * it that sets the variable: Compose reads the file from its first line to its last (run with 2.26.1 on 2026-11-28).
 * `within`: as {@link isWithin}.
 */
export function envFileMissing(
  text: string,
  values: Record<string, string | undefined>,
): (MissingVariable & { line: number; setLater?: number; within?: true })[] {
  const { missing, lines } = readEnvFile(text, values);
  const written = text.split(/\r?\n/);
  return missing.map((one) => {
    const later = lines.get(one.name);
    if (later !== undefined && later > one.line) return { ...one, setLater: later };
    return isWithin(one.name, written[one.line - 1] ?? "") ? { ...one, within: true } : one;
  });
}

/** The names of the variables that a text uses, each once: `A` and `B` for `$A-${B:-x}`, none for `$$A`. */
export function variablesIn(text: string): string[] {
  const names = [...text.replaceAll("$$", "").matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name]) => name!);
  return [...new Set(names)];
}

/** The start of a hash of a password (crypt(5), Apache's htpasswd, Argon2's PHC strings). */
const hash = /\$(apr1|1|2[abxy]|5|6|7|y|gy|argon2\w*|scrypt|pbkdf2[\w-]*)\$/;

/**
 * Whether the dollar sign of a `$NAME` may be part of a value: it follows a character of a word, as in `pa$word`,
 * another `$NAME` is directly next to it, or its word is the hash of a password.
 */
export function isWithin(name: string, line: string): boolean {
  const one = `\\$${name}(?!\\w)`;
  const next = new RegExp(`[A-Za-z0-9!#%^&*+?]${one}|\\$\\w+${one}|${one}\\$\\w`);
  return line.split(/[\s"']+/).some((word) => next.test(word) || hash.test(word) && new RegExp(one).test(word));
}

function readEnvFile(text: string, outer: Record<string, string | undefined>) {
  // without a prototype, so that a variable named __proto__ is like any other
  const values: Record<string, string> = Object.create(null);
  const flaws: EnvFileFlaw[] = [];
  const missing: (MissingVariable & { line: number })[] = [];
  /** The last line that sets each name. */
  const setAt = new Map<string, number>();
  const filled = (value: string, at: number) => {
    const found = interpolate(value, { ...values, ...outer });
    missing.push(...found.missing.map((one) => ({ ...one, line: at + 1 })));
    return found.text;
  };
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, raw] = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || raw === undefined) {
      // a name without a value takes its value from the environment
      const alone = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*$/.test(line);
      const word = /^\s*(?:export\s+)?([^=:]*)/.exec(line)![1]!.trim();
      if (alone) continue;
      flaws.push({
        line: i + 1,
        message: /\s/.test(word) ? `“${word}” has a space` : `“${word}” is not a variable name`,
      });
      continue;
    }
    setAt.set(name, i + 1);
    const quote = /^["']/.exec(raw)?.[0];
    if (quote === undefined) {
      values[name] = filled(raw.replace(/(^|\s+)#.*$/, "").trim(), i);
      continue;
    }
    let quoted = raw.slice(1);
    const start = i;
    const closing = quote === "'" ? /^((?:[^'\\]|\\.)*)'/s : /^((?:[^"\\]|\\.)*)"/s;
    while (!closing.test(quoted) && i + 1 < lines.length) quoted += `\n${lines[++i]}`;
    const found = closing.exec(quoted)?.[1];
    if (found === undefined) {
      flaws.push({ line: start + 1, message: `the value of ${name} has a quote that is not closed` });
      break;
    }
    values[name] = quote === "'" ? found : filled(unescaped(found), start);
  }
  return { values: { ...values }, flaws, missing, lines: setAt };
}

const unescaped = (text: string) =>
  text.replace(/\\([nrt"\\$])/g, (_, one: string) => ({ n: "\n", r: "\r", t: "\t", $: "$$" })[one] ?? one);

/**
 * What may follow the operator of a variable: braces come in pairs; a default may contain defaults,
 * up to five deep.
 */
const rest = Array.from({ length: 5 }).reduce<string>((inner) => `(?:[^{}]|\\{${inner}\\})*`, "[^{}]*");
const pattern = new RegExp(String.raw`\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])(${rest}))?\})`, "g");

/**
 * Replaces the variables in a text. Also returns the variables without a value and a default.
 * `broken`: a `${` that Compose cannot parse.
 */
export function interpolate(
  text: string,
  values: Record<string, string | undefined>,
): { text: string; missing: MissingVariable[]; broken: boolean } {
  const missing: MissingVariable[] = [];
  const filled = text.replace(pattern, (whole, bare?: string, braced?: string, how?: string, rest = "") => {
    if (whole === "$$") return "$";
    const name = bare ?? braced!;
    const value = ownValue(values, name);
    const has = value !== undefined && (value !== "" || !how?.startsWith(":"));
    const inner = () => {
      const found = interpolate(rest, values);
      missing.push(...found.missing);
      return found.text;
    };
    if (how?.endsWith("+")) return has ? inner() : "";
    if (has) return value;
    if (how?.endsWith("-")) return inner();
    missing.push({ name, ...(how?.endsWith("?") ? { required: rest || isRequired } : {}) });
    return "";
  });
  return { text: filled, missing, broken: text.replace(pattern, "").includes("${") };
}

/**
 * Whether a text uses a variable, and only within its own `${NAME:+…}`: the variable need not have a value. Comments
 * and `$$` do not count.
 */
export function isOptionalIn(text: string, name: string): boolean {
  let found = false;
  const others = text.replace(/(^|\s)#.*$/gm, "").replace(pattern, (whole, _, braced?: string, how = "") => {
    const isOwn = braced === name && how.endsWith("+");
    found ||= isOwn;
    return isOwn ? "" : whole;
  });
  return found && !variablesIn(others).includes(name);
}

/**
 * What to write instead of a `${` that Compose cannot parse. The usual mistakes are a colon without `-`, and spaces.
 */
export function variableFix(value: string): string {
  const [, name, rest] = /\$\{\s*([A-Za-z_]\w*)\s*(?::([^-?+}][^}]*))?\s*\}/.exec(value) ?? [];
  if (name === undefined) return "Write $${ for a literal dollar sign";
  return rest === undefined ? `Write \${${name}}` : `Write \${${name}:-${rest.trim()}}`;
}

/** Whether a variable's name suggests a password, a key or a token. */
export function isSecretName(name: string): boolean {
  return /(^|_)(PASS|PASSWD|PWD|TOKEN|(API|ACCESS|PRIVATE|ENCRYPTION|MASTER|AUTH)_?KEY|JWT|SALT)(_|$)/i.test(name) ||
    /PASSWORD|SECRET|APIKEY/i.test(name);
}
