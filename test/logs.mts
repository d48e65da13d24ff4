// The logs in test/logs with their causes, and the forms in which people paste logs.
import * as assert from "uvu/assert";
import { type Cause, likelyCauses } from "../lib/verify/failures/index.mts";
import { own } from "./fake.mts";

/**
 * The sections of a file, each with a title line that begins with `===`: the title, and the text.
 */
function sections(path: string): [title: string, text: string][] {
  return own(path).split(/^=== /m).slice(1).map((section) => {
    const end = section.indexOf("\n");
    return [section.slice(0, end), section.slice(end + 1).trimEnd()];
  });
}

/** Output of programs that manage VMs, with the checks of its failures, the likely cause first. */
export const vmTexts = sections("test/logs/texts-vm.txt");
/** Output of all programs. */
export const texts = [...sections("test/logs/texts.txt"), ...vmTexts];
/** A line of a file of lines: the check of its likely cause, and the line. */
const expected = (line: string): [check: string, text: string] => {
  const at = line.indexOf(" | ");
  return [line.slice(0, at), line.slice(at + 3)];
};
/** Single lines, with the check of the likely cause of each. */
export const lines = own("test/logs/lines.txt").trimEnd().split("\n").map(expected);
/** The lines of a file. */
const familiesOf = (name: string) => own(`test/logs/${name}.txt`).trimEnd().split("\n").map(expected);
/** Lines of whole families of programs that manage VMs. */
export const vmFamilies = familiesOf("families-vm");
/** Lines of whole families, in the form of the programs' sources. */
export const families = [...familiesOf("families"), ...vmFamilies];
/** Logs of other programs, and of runs without a failure: the name, and the text. */
export const foreign = sections("test/logs/foreign.txt");
/** All logs with a cause. */
export const all = [...texts, ...lines, ...families];

const causes = new Map<string, Cause[]>();
/** The causes of a text, computed once. */
export function causesOf(text: string): Cause[] {
  if (!causes.has(text)) causes.set(text, likelyCauses(text));
  return causes.get(text)!;
}

/** Breaks lines at spaces to this width, as a window does. */
function wrapAt(text: string, width: number): string {
  return text.split("\n").map((line) => {
    const out = [""];
    for (const word of line.split(" ")) {
      const last = out.at(-1)!;
      if (last !== "" && last.length + 1 + word.length > width) out.push(word);
      else out[out.length - 1] = last === "" ? word : `${last} ${word}`;
    }
    return out.join("\n");
  }).join("\n");
}

const each = (text: string, prefix: string) => text.split("\n").map((line) => prefix + line).join("\n");
/** The forms in which people paste logs, by name: each makes the form from a program's output. */
export const forms: Record<string, (text: string) => string> = {
  "wrapped at 80 columns": (text) => wrapAt(text, 80),
  "wrapped at 120 columns": (text) => wrapAt(text, 120),
  "cut at 80 columns": (text) => text.split("\n").flatMap((line) => line.match(/.{1,80}/g) ?? [""]).join("\n"),
  "HTML": (text) =>
    text.replace(/[&<>"']/g, (char) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" }[char]};`),
  "typographic quotes": (text) =>
    text.replace(/"([^"\n]*)"/g, "\u201c$1\u201d").replace(/'([^'\n]*)'/g, "\u2018$1\u2019").replaceAll("'", "\u2019"),
  "escaped quotes": (text) => text.replace(/["]/g, '\\\\"'),
  "a JSON string": (text) => text.split("\n").map((line) => JSON.stringify(line)).join("\n"),
  "the journal": (text) => each(text, "Mar 02 10:11:12 lab.example app[812]: "),
  "the journal with a kernel's time": (text) => each(text, "2026-03-02T10:11:12+0100 lab kernel: "),
  "Compose": (text) => each(text, "ml-worker-1  | "),
  "Vagrant": (text) => each(text, "==> devlab: "),
  "Packer": (text) => each(text, "    qemu.box: "),
  "a quotation": (text) => each(text, "> "),
  "GitHub's log": (text) => each(text, "2026-03-02T10:11:12.1234567Z "),
  "colours": (text) => text.replace(/\w{4,}/g, "\u001b[1;31m$&\u001b[0m"),
  "line ends of Windows": (text) => text.replaceAll("\n", "\r\n"),
  "wrapped at 80 columns behind Compose's prefix": (text) => wrapAt(each(text, "ml-worker-1  | "), 80),
  "wrapped at 120 columns in the journal": (text) => wrapAt(each(text, "Mar 02 10:11:12 lab app[812]: "), 120),
  "HTML wrapped at 80 columns": (text) => wrapAt(forms["HTML"]!(text), 80),
  "a frame": (text) => text.split("\n").map((line) => `app-1  | \u2502 ${line.padEnd(100)} \u2502`).join("\n"),
  "typed with capitals": (text) => text.replace(/(?<=^|[.:] )[a-z]/gm, (letter) => letter.toUpperCase()),
  "Markdown's escapes": (text) => text.replace(/[_*#]/g, "\\$&"),
  "spaces before colons": (text) => text.replace(/(?<=\w): /g, " : "),
  "no spaces after colons": (text) => text.replace(/(?<=\S): /g, ":"),
  "no spaces after commas": (text) => text.replace(/(?<=\S), /g, ","),
  "kubectl logs --prefix": (text) => each(text, "[pod/ml-7d9f8b6c5-x2x9k/ml] "),
  "a service of Swarm": (text) => each(text, "ml_worker.1.k3j4h5@node1    | "),
  "the journal with ISO times": (text) => each(text, "2026-03-02T10:11:12+01:00 lab app[12]: "),
  "the journal in French": (text) => each(text, "ao\u00fbt 25 19:38:05 lab app[12]: "),
  "dmesg with dates": (text) => each(text, "[Mon Mar  2 10:11:12 2026] "),
  "numbered lines": (text) => text.split("\n").map((line, i) => `${String(i + 1).padStart(6)}\t${line}`).join("\n"),
  "a Python logger": (text) => each(text, "2026-03-02 10:11:12,123 - root - ERROR - "),
  "a mark of UTF-8": (text) => `\ufeff${text}`,
};

/**
 * Asserts that this share (0 to 1) of logs has the same likely cause in a form as without it, and
 * that the form adds no cause to these logs of other programs. `pasted`: logs with a cause.
 */
export function checkForm(name: string, share: number, pasted: [string, string][], others: [string, string][]): void {
  const form = forms[name]!;
  const missed = pasted.filter(([, text]) => causesOf(form(text))[0]?.message !== causesOf(text)[0]!.message);
  assert.ok(
    missed.length <= (1 - share) * pasted.length,
    `${missed.length}:\n${missed.map(([, text]) => text).join("\n--\n")}`,
  );
  // with these prefixes, the log can no longer be from another program
  if (name === "Vagrant" || name === "Packer") return;
  // with Compose's, it is a service's: that the service failed may be said, but no cause of it
  const isService = /Compose|a frame/.test(name);
  const wrong = others.filter(([, text]) =>
    causesOf(form(text)).some(({ strength, message }) =>
      !isService || (strength === "cause" && !/^(?:a|the) (?:service|disk|database)\b/.test(message))
    )
  );
  assert.equal(wrong.map(([title]) => title), []);
}

/** Asserts that the causes of these logs stay the same after each of these logs of other programs. */
export function checkAfter(logs: [string, string][], others: [string, string][]): void {
  for (const [name, text] of others) {
    const before = `${text}\n${"...\n".repeat(40)}`;
    for (const [expected, log] of logs) {
      const found = likelyCauses(before + log).map(({ check }) => check).join(" ");
      assert.is(found, expected, `${log} after ${name}`);
    }
  }
}
