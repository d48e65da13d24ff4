import process from "node:process";
import { open } from "node:fs/promises";
import { decodeBytes } from "../../encoding.mts";

/** The last bytes of a file, or of standard input for `-`, as text, and how many were before them. */
export async function readEnd(path: string, bytes: number): Promise<{ text: string; skipped: number }> {
  if (path === "-") return await endOf(process.stdin, bytes);
  const handle = await open(path, "r");
  try {
    const found = await handle.stat();
    const from = found.isFile() ? Math.max(0, found.size - bytes) : 0;
    // a pipe has no positions (pread(2), ESPIPE)
    const stream = handle.createReadStream({ ...(found.isFile() ? { start: from } : {}), autoClose: false });
    const { text, skipped } = await endOf(stream, bytes);
    return { text, skipped: from + skipped };
  } finally {
    await handle.close();
  }
}

async function endOf(
  stream: AsyncIterable<Buffer | string>,
  bytes: number,
): Promise<{ text: string; skipped: number }> {
  let chunks: Buffer[] = [];
  let [size, skipped] = [0, 0];
  for await (const part of stream) {
    const chunk = Buffer.from(part as Buffer);
    chunks.push(chunk);
    size += chunk.length;
    if (size < 2 * bytes + 65536) continue;
    const end = Buffer.concat(chunks).subarray(size - bytes);
    skipped += size - bytes;
    [chunks, size] = [[end], bytes];
  }
  const all = Buffer.concat(chunks);
  const from = Math.max(0, size - bytes);
  return { text: decodeBytes(all.subarray(from)), skipped: skipped + from };
}
