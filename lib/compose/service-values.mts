/** The values of a service in which addresses may be: its environment, and the words of its command. */
import { withoutPasswords } from "../urls.mts";
import { environmentOf } from "./service.mts";
import type { ComposeService } from "./types.mts";

/** A value of a service. */
export interface ServiceValue {
  /** How a message shows it: `NAME=VALUE`, or `VALUE in its command`. */
  shown: string;
  value: string;
  /** The name of its variable; undefined for a word of a command. */
  variable?: string;
  /** Texts to find its line by. */
  at: string[];
}

/** Variables whose values name addresses and reach none. */
const onlyNames = /no_?proxy|allow|cors|origin|trusted|redirect|callback|public|external|expose|remote_install/i;

/** The values of a service, without those of variables that only name addresses. */
export function valuesOf(service: ComposeService): ServiceValue[] {
  return [
    ...Object.entries(environmentOf(service)).flatMap(([variable, value]) =>
      value === null || onlyNames.test(variable)
        ? []
        : [{ shown: `${variable}=${withoutPasswords(value)}`, value, variable, at: [variable] }]
    ),
    ...["command", "entrypoint"].flatMap((key) =>
      [service[key] ?? []].flat().flatMap((one) => wordsOf(String(one))).map((value) => ({
        shown: `${withoutPasswords(value)} in its ${key}`,
        value,
        at: [value],
      }))
    ),
  ];
}

/** Commands of a script that run in another container, or that only print their words. */
const elsewhere = /^\s*(echo|printf)\b|\b(docker|podman)([ -]compose)?\s+(exec|run)\b/;

/** The words of a command or a script in which its own program meets addresses. */
function wordsOf(text: string): string[] {
  const lines = text.replace(/\\\n/g, " ").split("\n").filter((line) => !elsewhere.test(line));
  return lines.flatMap((line) => line.split(/\s+/)).filter((word) => {
    const [, option] = /^--?([\w.-]+)=/.exec(word) ?? [];
    return option === undefined || !onlyNames.test(option);
  });
}
