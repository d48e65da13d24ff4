/** The part of the shell over ssh that reads and writes files and folders: one question each. */
import { Buffer } from "node:buffer";
import { dirname } from "node:path/posix";
import { decodeBytes } from "../../encoding.mts";
import { UserError } from "../../errors.mts";
import { shellWord } from "../../render.mts";
import type { Entry, Shell } from "../../shell.mts";
import { reasons } from "./reasons.mts";
import type { Answer, Link } from "./ssh-link.mts";
import { printing } from "./ssh-words.mts";

/** The system's messages in the C locale (strerror(3)); and dash's own for a file that it cannot create. */
const codes: Record<string, string> = {
  "Permission denied": "EACCES",
  "Operation not permitted": "EPERM",
  "No space left on device": "ENOSPC",
  "Read-only file system": "EROFS",
  "Is a directory": "EISDIR",
  "Not a directory": "ENOTDIR",
  "File exists": "EEXIST",
  "Disk quota exceeded": "EDQUOT",
  "No such file or directory": "ENOENT",
  "No such process": "ESRCH",
  "Directory nonexistent": "ENOENT",
  "Too many levels of symbolic links": "ELOOP",
  "File name too long": "ENAMETOOLONG",
};

/** The code of a system error in a program's messages; undefined if there is none that is known. */
function codeOf(err: string): string | undefined {
  const message = Object.keys(codes).find((one) => err.trimEnd().endsWith(one));
  return message === undefined ? undefined : codes[message];
}

const missing = (err: string) => ["ENOENT", "ENOTDIR", "ESRCH"].includes(codeOf(err) ?? "");

function refused(verb: string, path: string, { err, code }: Answer): UserError {
  const reason = reasons[codeOf(err) ?? ""] ?? (err.trim().split("\n").at(-1) || `it ended with code ${code}`);
  return new UserError(`cannot ${verb} ${path}: ${reason}`, 1);
}

/** See {@link Shell}. `here` has the streams of this process and the files that the user names. */
export function filesOver(link: Link, here: Shell) {
  let made = 0;
  const temporary = (path: string) => `${path}.${link.pid}.${++made}.${Math.random().toString(36).slice(2)}.tmp`;
  /** The output of a script; undefined if the file is missing. */
  const ask = async (verb: string, path: string, script: string): Promise<Buffer | undefined> => {
    if (path.includes("\0")) throw new UserError(`cannot ${verb} ${JSON.stringify(path)}: a name has no zero byte`, 1);
    const answer = await link.ask(script);
    if (answer.code === 0) return answer.out;
    if (missing(answer.err)) return undefined;
    throw refused(verb, path, answer);
  };
  /** Like `ask`, where a missing file is an error too. */
  const must = async (verb: string, path: string, script: string): Promise<Buffer> => {
    const answer = await link.ask(script);
    if (answer.code !== 0) throw refused(verb, path, answer);
    return answer.out;
  };
  const making = (path: string, text: string, mode: number) =>
    `mkdir -p -- ${shellWord(dirname(path))} && (umask 077; set -C; ${printing(text)} >"$t") && ` +
    `chmod ${mode.toString(8)} -- "$t"`;
  return {
    async read(path: string) {
      if (path === "-") return await here.read(path);
      const out = await ask("read", path, `exec cat -- ${shellWord(path)}`);
      return out && decodeBytes(out);
    },

    async readTail(path: string, bytes: number) {
      if (path === "-") return await here.readTail(path, bytes);
      const word = shellWord(path);
      const out = await ask("read", path, `stat -L -c %s -- ${word} && exec tail -c ${bytes} -- ${word}`);
      if (!out) return undefined;
      const at = out.indexOf("\n");
      const end = out.subarray(at + 1);
      const skipped = Number(String(out.subarray(0, at))) - end.length;
      // a line that is cut off could be misread
      const line = skipped > 0 ? end.indexOf("\n") + 1 : 0;
      return { text: decodeBytes(end.subarray(line)), skipped: Math.max(0, skipped) + line };
    },

    save: (path: string, text: string, replaceable: (start: string) => boolean) => here.save(path, text, replaceable),

    async write(path: string, text: string, mode = 0o644) {
      const word = shellWord(path);
      await must(
        "write",
        path,
        `t=${shellWord(temporary(path))}; ${making(path, text, mode)} && if [ -d ${word} ] && [ ! -L ${word} ]; then ` +
          `echo 'Is a directory' >&2; false; else mv -f -T -- "$t" ${word}; fi || { c=$?; rm -f -- "$t"; exit $c; }`,
      );
    },

    async create(path: string, text: string) {
      const word = shellWord(path);
      const out = await must(
        "write",
        path,
        // a file system without hard links gets the file itself
        `t=${shellWord(temporary(path))}; ${making(path, text, 0o600)} || { rm -f -- "$t"; exit 1; }
if ln -T -- "$t" ${word} 2>/dev/null; then echo made; elif [ -e ${word} ] || [ -L ${word} ]; then :
else (umask 077; set -C; cat -- "$t" >${word}) && echo made; fi; c=$?; rm -f -- "$t"; exit $c`,
      );
      return String(out) === "made\n";
    },

    async ensurePrivateDir(path: string) {
      const word = shellWord(path);
      const out = await must(
        "create",
        path,
        `[ -e ${word} ] && old=yes || old=no; (umask 077; mkdir -p -- ${word}) && stat -c %u -- ${word} && ` +
          `stat -L -c '%u %a' -- ${word} && echo $old && find -H ${word} ! -uid ${link.uid} -print -quit`,
      );
      const [, linkUid, uid, octal, old, foreign] =
        /^(\d+)\n(\d+) ([0-7]+)\n(yes|no)\n([^]*)$/.exec(decodeBytes(out)) ?? [];
      const mode = Number.parseInt(octal ?? "", 8);
      const refuse = (why: string) =>
        new UserError(
          `${path} on ${link.login} is not used: ${why}\n  remove it, or move the config to another folder`,
          1,
        );
      if (Number(linkUid) !== link.uid || Number(uid) !== link.uid) throw refuse("another user owns it");
      if ((mode & 0o022) !== 0 && foreign !== "") {
        throw refuse(`other users may write to it, and another user owns ${foreign!.trimEnd()}`);
      }
      if ((mode & 0o077) === 0) return;
      await must("create", path, `chmod go-rwx -- ${word}`);
      if (old === "no") return;
      here.stderr(`homelab-gpu: ${path} on ${link.login} was open to other users: now only you have access to it\n`);
    },

    /** Creates a folder with its parent folders. */
    makeFolder: async (path: string) => void await must("write", path, `exec mkdir -p -- ${shellWord(path)}`),

    async remove(path: string) {
      const answer = await link.ask(`exec rm -rf -- ${shellWord(path)}`);
      if (answer.code !== 0 && !missing(answer.err)) throw refused("remove", path, answer);
    },

    async fingerprint(path: string) {
      const out = await ask("read", path, `exec stat -L -c '%s %y' -- ${shellWord(path)}`);
      return out && String(out).trimEnd();
    },

    async walk(path: string, enters: (folder: string) => boolean) {
      const format = ["%P", "%y", "%m", "%s", "%U", "%T@", "%l"].join("\\0");
      const out = await ask(
        "list",
        path,
        `exec find -H ${shellWord(pathWord(path))} -mindepth 1 -printf '${format}\\0'`,
      );
      if (!out) return undefined;
      const all = entriesOf(decodeBytes(out).split("\0").slice(0, -1));
      const shut: string[] = [];
      return all.filter((entry) => {
        if (shut.some((folder) => entry.path.startsWith(folder))) return false;
        if (entry.kind === "folder" && !enters(entry.path)) shut.push(`${entry.path}/`);
        return true;
      });
    },

    async list(path: string) {
      const word = shellWord(pathWord(path));
      const out = await ask(
        "list",
        path,
        // ls says why a folder cannot be entered
        `CDPATH= cd -- ${word} 2>/dev/null && [ -r . ] || exec ls -- ${shellWord(`${pathWord(path)}/`)}
for f in * .[!.]* ..?*; do [ ! -e "$f" ] && [ ! -L "$f" ] || printf '%s\\0' "$f"; done`,
      );
      return out ? decodeBytes(out).split("\0").slice(0, -1).sort() : [];
    },
  };
}

/** A path that find(1) and cd take for no option. */
const pathWord = (path: string) => (path.startsWith("/") ? path : `./${path}`);

const kinds: Record<string, Entry["kind"]> = { f: "file", d: "folder", l: "link" };

/** The entries that find printed, each as seven fields, in the order of a walk. */
function entriesOf(fields: string[]): Entry[] {
  const entries = Array.from({ length: fields.length / 7 }, (_, i): Entry => {
    const [path = "", type = "", mode = "", size = "", uid = "", time = "", target] = fields.slice(i * 7, i * 7 + 7);
    const kind = kinds[type] ?? "other";
    const entry = { path, kind, mode: Number.parseInt(mode, 8), size: Number(size), uid: Number(uid) };
    return { ...entry, mtime: Math.round(Number(time) * 1000), ...(kind === "link" ? { target: target ?? "" } : {}) };
  });
  const parts = new Map(entries.map(({ path }) => [path, path.split("/")]));
  return entries.sort((a, b) => {
    const [one, other] = [parts.get(a.path)!, parts.get(b.path)!];
    const at = one.findIndex((part, i) => part !== other[i]);
    if (at < 0) return one.length - other.length;
    return other[at] === undefined ? 1 : one[at]! < other[at]! ? -1 : 1;
  });
}
