import { decodeLog } from "../encoding.mts";
import { plain } from "../lines.mts";

/** The first line of a probe. Before it may be what quotes or indents each line. */
const firstLine = /^([\s>|]*)homelab-gpu-probe \d+ \w+\s*$/;

/**
 * The text of a saved probe, as it was printed. People send it as they copied it: with the prompt, a greeting or a
 * question for a password before it, in a block of Markdown, indented or quoted, with colours, or in the UTF-16 that
 * PowerShell's `>` writes; of several copies the first one with an end counts. Takes a text of decodeBytes;
 * without the first line of a probe, returns all of it.
 */
export function pastedProbe(raw: string): string {
  const lines = plain(decodeLog(raw).replace(/^\ufeff/, "")).replaceAll("\u00a0", " ").split(/\r?\n|\r/);
  const begins = lines.flatMap((line, i) => (firstLine.test(line) ? [i] : []));
  if (begins.length === 0) return raw;
  const copies = begins.map((begin, i) => {
    const mark = firstLine.exec(lines[begin]!)![1]!;
    const own = lines.slice(begin, begins[i + 1]).map((line) =>
      (line.startsWith(mark) ? line.slice(mark.length) : line).trimEnd()
    );
    const end = own.indexOf("[end]");
    return { isWhole: end >= 0, text: `${own.slice(0, end < 0 ? own.length : end + 1).join("\n")}\n` };
  });
  return (copies.find(({ isWhole }) => isWhole) ?? copies[0]!).text;
}
