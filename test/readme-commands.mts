// The commands of the README.
import { own } from "./fake.mts";

const readme = own("README.md");

/** The code blocks of a language in a text. */
export const blocks = (language: string, text = readme) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, block]) => block!);

/** Every command of the README: lines of its blocks, and code in its sentences. */
export const typed = [
  ...[...blocks("sh"), ...blocks("powershell")].flatMap((block) => block.split("\n")).flatMap((line) =>
    line.replace(/ {2,}#.*/, "").split(" && ")
  ),
  ...[...readme.replace(/^```.*?^```/gms, "").matchAll(/`((?:npx|npm|deno|homelab-gpu) [^`]+)`/g)].flatMap(([, line]) =>
    line!.split(" && ")
  ),
].map((line) => line.trim()).filter(Boolean);
