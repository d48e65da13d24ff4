/** Long commands on a terminal. */

/**
 * A command line for a POSIX shell, in lines of at most `width` columns: broken at blanks outside
 * of quotes, with a backslash at the end of each line but the last, so that a copy of the lines is
 * the same command. A word is never broken.
 */
export function continued(command: string, width: number, indent: string): string[] {
  if (indent.length + command.length <= width || command.includes("\n")) return [indent + command];
  const lines: string[] = [];
  for (const word of wordsOf(command)) {
    const line = lines.at(-1);
    // two columns for the backslash
    if (line !== undefined && line.length + 1 + word.length + 2 <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`${lines.length === 0 ? indent : `${indent}  `}${word}`);
  }
  return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line));
}

/** The words of a command line, with their quotes: a space within quotes or after a backslash does not end one. */
function wordsOf(command: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let i = 0; i < command.length; i++) {
    const char = command[i]!;
    if (char === " " && quote === "") {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    word += char;
    if (char === "\\" && quote !== "'" && i + 1 < command.length) word += command[++i]!;
    else if (quote === "" ? char === "'" || char === '"' : char === quote) quote = quote === "" ? char : "";
  }
  return word === "" ? words : [...words, word];
}
