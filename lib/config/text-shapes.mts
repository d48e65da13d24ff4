/** Shapes of texts that several keys take. */
import type { Shape } from "./shape.mts";

/** A path; `example`: what an error suggests. */
export const path = (example: string): Shape => ({
  kind: "text",
  pattern: "^[^\\u0000-\\u001f]+$",
  expected: "a path",
  example,
});

/** A URL of a package source. */
export const source = (example: string): Shape => ({
  kind: "text",
  pattern: "^(https?|file)://[^\\s'\"\\u0000-\\u001f]+$",
  expected: "an http, https or file URL",
  example,
});

/** A key of a package source. */
export const key = (example: string): Shape => ({
  kind: "text",
  pattern: "^(https?://|file://|/|base64:)[^\\s'\"\\u0000-\\u001f]+$",
  expected: "a URL, an absolute path in the guest, or base64: and the key",
  example,
});
