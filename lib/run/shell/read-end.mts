import { Buffer } from "node:buffer";
import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from "node:fs";
import process from "node:process";
import { decodeBytes } from "../../encoding.mts";

/**
 * The last bytes of a file, or of standard input for `-`, as text, and how many were before them. An
 * ordinary file is read without Node's streams, which take long to load.
 */
export async function readEnd(path: string, bytes: number): Promise<{ text: string; skipped: number }> {
  if (path === "-") return await endOf(process.stdin, bytes);
  // to open a pipe that nobody writes to would block
  if (!statSync(path).isFile()) return await endOf(createReadStream(path), bytes);
  const file = openSync(path, "r");
  try {
    const from = Math.max(0, fstatSync(file).size - bytes);
    const { text, skipped } = await endOf(chunksOf(file, from), bytes);
    return { text, skipped: from + skipped };
  } finally {
    closeSync(file);
  }
}

/** The bytes of a file from a position on. A file below /proc has more than its size says. */
function* chunksOf(file: number, from: number): Generator<Buffer> {
  const size = Math.min(1 << 20, Math.max(4096, fstatSync(file).size - from + 1));
  for (let at = from;;) {
    const chunk = Buffer.allocUnsafe(size);
    const read = readSync(file, chunk, 0, size, at);
    if (read === 0) return;
    yield chunk.subarray(0, read);
    at += read;
  }
}

async function endOf(
  stream: AsyncIterable<Buffer | string> | Iterable<Buffer>,
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
