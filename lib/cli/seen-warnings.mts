/** Warnings that a person has seen: `up` shows each in full once. */
import type { Finding } from "../findings.mts";
import type { Shell } from "../shell.mts";

/** In the folder of logs: losing the file does no harm. */
const fileIn = (folder: string) => `${folder}/logs/seen-warnings.json`;

const keyOf = ({ check, machine, message }: Finding) => `${check} ${machine ?? ""} ${message}`;

/**
 * The findings that no earlier run showed, and the number of the others. Records all of them as shown
 * and removes findings that no longer occur. `folder` is the lab's.
 */
export async function unseen(
  shell: Shell,
  folder: string,
  findings: Finding[],
): Promise<{ fresh: Finding[]; seen: number }> {
  const text = await shell.read(fileIn(folder));
  const seenKeys = parsed(text);
  const keys = findings.map(keyOf);
  const now = `${JSON.stringify(keys)}\n`;
  if (now !== (text ?? "[]\n")) await shell.write(fileIn(folder), now);
  const fresh = findings.filter((finding) => !seenKeys.has(keyOf(finding)));
  return { fresh, seen: findings.length - fresh.length };
}

function parsed(text: string | undefined): Set<unknown> {
  try {
    const keys: unknown = JSON.parse(text ?? "[]");
    return new Set(Array.isArray(keys) ? keys : []);
  } catch {
    return new Set();
  }
}
