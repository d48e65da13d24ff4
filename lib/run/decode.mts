/** Bytes → text, in the encodings that files of people and programs have. */

/**
 * Reads bytes as text: UTF-16 where they begin with its byte order mark, or every other one of the first is zero (PowerShell's `>`
 * writes UTF-16); UTF-8 otherwise.
 */
export function decoded(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  // readers of UTF-8 decide for themselves about its mark
  return new TextDecoder(encoding, { ignoreBOM: encoding === "utf-8" }).decode(bytes);
}

/** The encoding of bytes, by how they begin. */
export function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const start = bytes.subarray(0, 512);
  if (start.length < 8) return "utf-8";
  const zeros = (from: number) => start.filter((byte, i) => i % 2 === from && byte === 0).length / (start.length / 2);
  if (zeros(1) > 0.7 && zeros(0) < 0.1) return "utf-16le";
  if (zeros(0) > 0.7 && zeros(1) < 0.1) return "utf-16be";
  return "utf-8";
}
