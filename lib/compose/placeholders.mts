/** Words in place of a user's own value, such as `<PATH_TO_CONFIG>` and `YOUR_TOKEN_HERE`. */

/** Whether a whole value is such a word. */
export const isPlaceholder = (value: string): boolean =>
  /^<[^<>\s/][^<>]*>$/.test(value) ||
  /^YOUR[-_ ]([A-Z0-9]+[-_ ]?)+$/.test(value) ||
  /^your[-_ ]([a-z0-9]+[-_ ])*(key|token|secret|password|value|id|email|here|ip|name)$/
    .test(value) ||
  /^[A-Z0-9_]+_HERE$/.test(value);
