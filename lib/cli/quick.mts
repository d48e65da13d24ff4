/**
 * Answers `--version` and `--help` before the packages and the commands are loaded, which take most
 * of the start-up time; must be imported first. `main` handles every other command line, and a
 * script of another name, and gives the same answers.
 */
import { basename } from "node:path";
import process from "node:process";
import { isTerminal, outputColumns, writeAll } from "../run/shell/output.mts";
import { version } from "../self.mts";
import { isAscii, toAscii } from "./ascii.mts";
import { help } from "./commands.mts";

const answers: Record<string, () => string> = {
  "--version": () => `${version}\n`,
  "--help": () => help(outputColumns()),
  "-h": () => help(outputColumns()),
  help: () => help(outputColumns()),
};

const [script = "", word = ""] = process.argv.slice(-2);
if (/^homelab-gpu(\.m[tj]s)?$/.test(basename(script)) && Object.hasOwn(answers, word)) {
  const text = answers[word]!();
  await writeAll(isTerminal("stdout") && isAscii(process.env, process.platform) ? toAscii(text) : text);
  process.exit();
}
