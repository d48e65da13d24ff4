/** Keeps passwords of package repositories out of command lines and of the guest's package sources. */
import { shellWord } from "../render.mts";
import { hasSecret } from "../urls.mts";

/**
 * Takes settings of the install scripts, `NAME=VALUE` each. Returns those without a secret, and the
 * text of a script that gives the guest the rest: the user and password of a repository for apt,
 * whose setting keeps the bare URL, and other settings in a file that only root can read. Without a
 * secret there is no script. apt_auth.conf(5), read 2026-11: an entry without a scheme is only for
 * https.
 */
export function withoutSecrets(settings: string[]): { settings: string[]; script?: string } {
  const [plain, logins, hidden]: string[][] = [[], [], []];
  for (const setting of settings) {
    const [, name, value] = /^([^=]*)=([^]*)$/.exec(setting) ?? ["", "", ""];
    if (!/^https?:/i.test(value!) || !hasSecret(value!)) {
      plain!.push(setting);
      continue;
    }
    const { login, bare } = taken(value!);
    if (login) logins!.push(login);
    if (hasSecret(bare)) hidden!.push(`${name}=${shellWord(bare)}`);
    else plain!.push(`${name}=${bare}`);
  }
  return {
    settings: plain!,
    ...(logins!.length + hidden!.length > 0 ? { script: scriptOf([...new Set(logins)], hidden!) } : {}),
  };
}

/**
 * A URL without its user part, and the line for apt with that part. A password that such a line
 * cannot contain stays in the URL.
 */
function taken(url: string): { bare: string; login?: string } {
  const [, scheme, user, host, path] = /^(https?):\/\/([^/?#]*)@([^/?#@]*)([^?#]*)/i.exec(url) ?? [];
  if (user === undefined) return { bare: url };
  const [name, password] = [user.replace(/:.*/s, ""), user.includes(":") ? user.replace(/^[^:]*:/, "") : ""].map(
    decoded,
  );
  if (!name || !password || /\s/.test(name + password)) return { bare: url };
  // the folder of the file; apt replaces what follows a $
  const folder = path!.replace(/\$.*/s, "").replace(/\/[^/]*\.[a-z]+$/i, "").replace(/\/$/, "");
  const place = `${/^http$/i.test(scheme!) ? "http://" : ""}${host}${folder}`;
  return { bare: url.replace(`${user}@`, ""), login: `machine ${place} login ${name} password ${password}` };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function scriptOf(logins: string[], hidden: string[]): string {
  const file = (path: string, lines: string[]) =>
    lines.length === 0 ? [] : [`cat >${path} <<'END_OF_FILE'`, ...lines, "END_OF_FILE"];
  return [
    "#!/bin/sh",
    "# Passwords of package repositories: for root alone, on no command line.",
    "set -eu",
    "umask 077",
    "install -d -m 755 /etc/apt/auth.conf.d",
    "install -d -m 700 /run/homelab-gpu",
    ...file("/etc/apt/auth.conf.d/homelab-gpu.conf", logins),
    ...file("/run/homelab-gpu/settings", hidden),
    "",
  ].join("\n");
}
