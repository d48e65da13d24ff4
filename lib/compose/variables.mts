/** Compose's variables (`${NAME:-default}`), as far as our own reader needs them where no Compose is there to ask. */

/** How a variable that has no value is written. */
export interface MissingVariable {
  name: string;
  /** The sentence of `${NAME:?sentence}`: Compose refuses the project. Undefined where an empty text takes its place. */
  required?: string;
}

/** The values of a `.env` file (compose-spec, env file syntax): comments, quotes and `export` are understood, variables in it are not. */
export function dotEnv(text: string): Record<string, string> {
  return Object.fromEntries(
    text.replace(/^\uFEFF/, "").split(/\r?\n/).flatMap((line): [string, string][] => {
      const [, name, raw] = /^\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*[=:]\s*(.*)$/.exec(line) ?? [];
      if (name === undefined || raw === undefined) return [];
      const [, quote, quoted] = /^(["'])(.*?)\1\s*(?:#.*)?$/.exec(raw) ?? [];
      return [[name, quote ? quoted! : raw.replace(/(^|\s+)#.*$/, "").trim()]];
    }),
  );
}

const pattern = /\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\})/g;

/** A text with its variables filled in, and those that have no value and no default. */
export function interpolate(
  text: string,
  values: Record<string, string | undefined>,
): { text: string; missing: MissingVariable[] } {
  const missing: MissingVariable[] = [];
  const filled = text.replace(pattern, (whole, bare?: string, braced?: string, how?: string, rest = "") => {
    if (whole === "$$") return "$";
    const name = bare ?? braced!;
    const value = values[name];
    const has = value !== undefined && (value !== "" || !how?.startsWith(":"));
    const inner = () => {
      const found = interpolate(rest, values);
      missing.push(...found.missing);
      return found.text;
    };
    if (how?.endsWith("+")) return has ? inner() : "";
    if (has) return value;
    if (how?.endsWith("-")) return inner();
    missing.push({ name, ...(how?.endsWith("?") ? { required: rest || `${name} has no value` } : {}) });
    return "";
  });
  return { text: filled, missing };
}

/** Whether a variable holds a password, a key or a token, by its name. */
export function isSecretName(name: string): boolean {
  return /(^|_)(PASS|PASSWORD|PASSWD|PWD|SECRET|TOKEN|(API|ACCESS|PRIVATE|ENCRYPTION|MASTER|AUTH)_?KEY|JWT)(_|$)|PASSWORD|SECRET|APIKEY/i
    .test(name);
}
