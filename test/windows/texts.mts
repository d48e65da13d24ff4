/** Every PowerShell text that this project contains or prints, with its origin. */
import { readdirSync, readFileSync } from "node:fs";
import { root } from "../fake.mts";

/** Verbs of cmdlets in these texts, to distinguish a command from a sentence. */
const cmdlet =
  /\b(?:Add|Copy|Convert\w*|Disable|Dismount|Enable|Export|Expand|Get|Import|Install|Invoke|Mount|New|Optimize|Out|Read|Remove|Rename|Resize|Restart|Select|Set|Start|Stop|Test|Where|Write)-[A-Z][A-Za-z]+/;

export interface Text {
  name: string;
  text: string;
}

const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");
const files = (folder: string, ends: RegExp) =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" }).filter((name) => ends.test(name)).map((
    name,
  ) => `${folder}/${name}`);

/** The complete scripts. */
export const scripts = (): Text[] =>
  [...files("scripts", /\.ps1$/), ...files("templates", /\.ps1$/)].map((name) => ({ name, text: read(name) }));

/**
 * Commands in the code's strings, except those that are assembled: commands of fixes and checks,
 * and commands in the advice, in parentheses or after a colon.
 */
export const commands = (): Text[] =>
  files("lib", /\.mts$/).filter((name) => name !== "lib/host/hypervisors.mts").flatMap((name) =>
    [...read(name).matchAll(/"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'/g)].map(([, double, single]) =>
      double ?? single!
    )
      .map((text) => text.replace(/\\(.)/g, "$1"))
      .filter((text) => cmdlet.test(text) && !/\(\?[:!]/.test(text)).flatMap(commandsIn).map((text) => ({ name, text }))
  );

/** Commands in documents: in backquotes, and in blocks of PowerShell. */
export const documented = (): Text[] =>
  [
    "README.md",
    "CONTRIBUTING.md",
    "lib/checks/README.md",
    "lib/resolve/README.md",
    "templates/README.md",
    "scripts/README.md",
  ]
    .flatMap((name) => {
      const text = read(name);
      const blocks = [...text.matchAll(/^```(?:powershell|ps1?|pwsh)\n([^]*?)^```/gm)].map(([, block]) => block!);
      // a command in a comment is for another Windows
      const others = blocks.flatMap((block) => [...block.matchAll(/^# [^:\n]*: (.*)$/gm)].map(([, line]) => line!));
      const spans = [...text.replace(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!)
        .filter((span) => cmdlet.test(span) && !/^\w+-\w+$/.test(span));
      return [...blocks, ...others, ...spans].map((text) => ({ name, text }));
    });

/** The commands in a sentence, or the whole text if it is a command. */
function commandsIn(text: string): string[] {
  const at = new RegExp(`^(?:[$(@]\\S* *=? *)*${cmdlet.source}`).test(text);
  if (at) return [text];
  // (New-VMSwitch -Name lab -SwitchType Internal), (Set-VM -HighMemoryMappedIoSpace 32GB, while it is off)
  const found = [...text.matchAll(/[(:] ?([A-Z][a-z]+-[A-Z][A-Za-z]+(?: +-?[\w.]+)*)/g)].map(([, one]) => one!);
  return found.filter((one) => cmdlet.test(one));
}
