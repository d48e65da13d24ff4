/** Helpers for URLs that may contain a password or a token. */

/**
 * Whether a URL may contain a secret, in its user part (also one in which `/` is not escaped) or in
 * its query. Such a URL must not be in a command line, which every user can read.
 */
export const hasSecret = (url: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/.*[@?]/is.test(url);

/** A URL for messages: without user, password and query. */
export const publicUrl = (url: string): string => withoutUser(url, false).replace(/\?.*/s, "?…");

/**
 * Removes the user part from every URL in a text: `https://anna:pw@host/x` → `https://…@host/x`.
 * With schemes other than http and ftp, a user without a password stays, as in `ssh://git@host`.
 * `same`: keep the length, for texts with markers under their columns.
 */
export function withoutPasswords(text: string, same = false): string {
  if (!text.includes("://") || !text.includes("@")) return text;
  return text.split(/([\s"'<>`\\]+)/).map((word) =>
    !word.includes("@") ? word : word.split(urlStart).map((part) => withoutUser(part, same)).join("")
  ).join("");
}

/** Indented JSON in which no URL shows its password. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === "string" ? withoutPasswords(one) : one), 2);
}

/**
 * Passes text on as it arrives, without passwords in URLs. Holds back a URL that may continue in
 * the next piece.
 */
export class Screen {
  #rest = "";
  readonly #show: (text: string) => void;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  add(text: string): void {
    const all = this.#rest + text;
    const last = all.slice(all.length - longestUrl).search(/[^\s"'<>`\\]*$/) + Math.max(0, all.length - longestUrl);
    const open = /:\/(\/|$)/.test(all.slice(last)) && last > all.length - longestUrl;
    this.#rest = open ? all.slice(last) : "";
    const now = open ? all.slice(0, last) : all;
    if (now !== "") this.#show(withoutPasswords(now));
  }

  end(): void {
    if (this.#rest !== "") this.#show(withoutPasswords(this.#rest));
    this.#rest = "";
  }
}

/** The maximum length of a URL that is held back. */
const longestUrl = 4096;

const urlStart = /(?=\b[a-z][a-z0-9+.-]{0,20}:\/\/)/i;

/** Like {@link withoutPasswords}, for a text that contains a URL only at its start. */
function withoutUser(text: string, same: boolean): string {
  const [scheme] = /^[a-z][a-z0-9+.-]{0,20}:\/\//i.exec(text) ?? [];
  if (scheme === undefined) return text;
  const rest = text.slice(scheme.length);
  const authority = rest.slice(0, (/[/?#]/.exec(rest) ?? { index: rest.length }).index);
  // a port follows the colon, or else a password in which / ? or # is not escaped
  const cut = /^[^[:]*:(?!\d*$)/.test(authority);
  const at = (authority.includes("@") ? authority : cut ? rest : "").lastIndexOf("@");
  const user = rest.slice(0, Math.max(at, 0));
  if (user === "" || !(/^(https?|ftps?):/i.test(scheme) || user.includes(":"))) return text;
  return scheme + (same ? "*".repeat(user.length) : "…") + rest.slice(at);
}
