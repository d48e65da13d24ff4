import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/**
 * A file that is created if some language executes a value of {@link hostile}; its name is unique
 * to this run.
 */
export const mark = join(tmpdir(), `homelab-gpu-hostile-${process.pid}-${Date.now()}`);

/** Values that some language would interpret as code. */
export const hostile: string[] = [
  "plain",
  "it's",
  '"quoted"',
  "a\\",
  "\\'",
  "#{1+1}",
  `#{\`touch ${mark}\`}`,
  "`id`",
  "$(id)",
  "${HOME}",
  "$HOME",
  "$",
  "${",
  "${}",
  "%{x}",
  "%{if true}x%{endif}",
  "{{ .Vars }}",
  "{{user `x`}}",
  "<%= 1 %>",
  "a\nb",
  "a\r\nb",
  "\ttab",
  " lead",
  "trail ",
  "",
  "yes",
  "null",
  "~",
  "1e3",
  "0042",
  "12:30",
  "0x1f",
  "2001-01-01",
  "- a",
  "a: b",
  "a #b",
  "[a]",
  "{a}",
  "&a",
  "*a",
  "!a",
  "|",
  ">",
  "%",
  "@a",
  "ünïcödé ✓ 日本",
  "; rm -rf ~",
  "a && b",
  "../../etc",
  "\u2028",
];
