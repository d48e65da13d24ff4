/**
 * `.dockerignore`, by the rules of Docker's documentation (docs.docker.com/build/concepts/context,
 * "dockerignore files", read 2026-11) and of moby's package patternmatcher: the last pattern that
 * matches a path or one of its parent folders decides.
 */

/** The rules of a `.dockerignore` for paths. */
export interface IgnoreRules {
  /** Whether a path is excluded. The path is relative to the folder, with `/` as separator. */
  ignores(path: string): boolean;
  /** Whether everything below a folder is excluded, so the folder need not be read. */
  prunes(folder: string): boolean;
}

interface Rule {
  pattern: RegExp;
  /** The pattern without `!` and without slashes at either end. */
  text: string;
  excepts: boolean;
}

/**
 * Parses a `.dockerignore`. Patterns that Docker cannot read are skipped; Docker reports them when
 * it builds.
 */
export function ignoreRules(text: string): IgnoreRules {
  const rules = text.replace(/^\uFEFF/, "").split("\n").flatMap((line): Rule[] => {
    if (line.startsWith("#")) return [];
    const trimmed = line.trim();
    const excepts = trimmed.startsWith("!");
    const pattern = cleaned((excepts ? trimmed.slice(1) : trimmed).trim());
    const compiled = pattern === "" ? undefined : compile(pattern);
    return compiled ? [{ pattern: compiled, text: pattern, excepts }] : [];
  });
  const ignores = (path: string) => {
    const parts = path.split("/");
    // a pattern that matches a folder also matches everything below it
    const above = parts.map((_, i) => parts.slice(0, i + 1).join("/"));
    let ignored = false;
    for (const { pattern, excepts } of rules) {
      if (ignored === excepts && above.some((one) => pattern.test(one))) ignored = !excepts;
    }
    return ignored;
  };
  return {
    ignores,
    prunes: (folder) => ignores(folder) && !rules.some((rule) => rule.excepts && reachesBelow(rule.text, folder)),
  };
}

/** Go's filepath.Clean for a pattern, without a leading slash: `/a//b/./c/` → `a/b/c`. */
function cleaned(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

/**
 * Whether an exception may match something below a folder: the exception's first parts match the
 * folder's parts.
 */
function reachesBelow(exception: string, folder: string): boolean {
  const parts = exception.split("/");
  const above = folder.split("/");
  for (let i = 0; i < above.length; i++) {
    if (i >= parts.length) return false;
    if (parts[i]!.includes("**")) return true;
    if (!compile(parts[i]!)?.test(above[i]!)) return false;
  }
  return parts.length > above.length;
}

/**
 * A pattern as a regular expression (Go's filepath.Match, and `**` for any number of folders);
 * undefined if it is malformed.
 */
function compile(pattern: string): RegExp | undefined {
  let source = "^";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === "*" && pattern[i + 1] === "*") {
      while (pattern[i + 1] === "*") i++;
      if (pattern[i + 1] === "/") i++;
      source += i + 1 >= pattern.length ? ".*" : "(.*/)?";
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "\\") source += escaped(pattern[++i] ?? "\\");
    else if (char === "[") {
      const end = /^\[\^?(?:\\.|[^\]\\])+\]/.exec(pattern.slice(i))?.[0];
      if (end === undefined) return undefined;
      source += end.replace(/(?<!\\)\[(?!\^?)/g, "\\[");
      i += end.length - 1;
    } else source += escaped(char);
  }
  try {
    return new RegExp(`${source}$`, "s");
  } catch {
    return undefined;
  }
}

const escaped = (char: string) => char.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
