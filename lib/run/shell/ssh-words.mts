/** How scripts and words travel to the shells of another host. */
import { Buffer } from "node:buffer";
import { encodeText } from "../../encoding.mts";
import { shellWord } from "../../render.mts";

/**
 * A command for ssh that runs a script of a POSIX shell, whatever the login shell is: the script is
 * one word of letters, digits and octal escapes, which sh(1)'s `printf %b` turns back.
 */
export function remoteCommand(script: string): string {
  const word = [...encodeText(script)].map((byte) =>
    /[A-Za-z0-9_./=-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `\\0${byte.toString(8).padStart(3, "0")}`
  ).join("");
  return `exec sh -c 'eval "$(printf %b "$0")"' '${word}'`;
}

/** The lines that go to a folder, set variables, and put a command into the shell's arguments. */
export function placing(command: string[], cwd?: string, env: Record<string, string> = {}): string {
  return [
    ...(cwd === undefined ? [] : [`cd -- ${shellWord(cwd)} || exit 1`]),
    ...Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}`),
    `set -- ${command.map(shellWord).join(" ")}`,
    'command -v -- "$1" >/dev/null || exit 127',
  ].join("\n");
}

/** A command of a POSIX shell that prints a text, byte for byte. */
export function printing(text: string): string {
  if (!text.includes("\0")) return `printf %s ${shellWord(text)}`;
  return `printf %b ${shellWord(text.replaceAll("\\", "\\\\").replaceAll("\0", "\\0000"))}`;
}

/** A script as bytes. */
export const bytesOf = (script: string): Buffer => Buffer.from(encodeText(script));
