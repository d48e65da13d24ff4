/** What a folder without a Compose file of a default name has instead. */
import { basename, dirname, join } from "node:path/posix";
import type { Shell } from "../shell.mts";
import { joinList } from "../text.mts";
import { composeFileNames } from "./project.mts";

const isComposeFile = (name: string) => /compose[^/]*\.ya?ml$|^(docker-)?stack[^/]*\.ya?ml$/i.test(name);

const isForNvidia = (path: string) =>
  /gpu|nvidia|cuda/i.test(basename(path)) && !/amd(?!64)|rocm|intel|nogpu|no-gpu/i.test(basename(path));

/** Whether a word of a file's name is another system, or development: `dev`, but not the one in `devices`. */
const isForOthers = (path: string) =>
  basename(path).split(/[._-]/).some((word) =>
    /^(mac(os)?|darwin|osx|win(dows)?(32|64|10|11)?|dev(el|elop|elopment|container)?|tests?|testing|jetson|arm(hf|64|v\d)?|wsl2?)$/i
      .test(word)
  );

const isForOtherCards = (path: string) => /cpu|amd(?!64)|rocm|intel|vulkan|no-?gpu/i.test(basename(path));

/**
 * The order of files: first one for NVIDIA's cards that runs alone; those that are for another system, for development
 * or for other cards are last. `text`: the file's.
 */
function rank(path: string, text: string): number {
  const name = basename(path);
  if (composeFileNames.includes(name)) return 0;
  if (isForNvidia(path)) {
    return /^\s+["']?(image|build|extends)["']?\s*:/m.test(text) ? 0.5 : 2;
  }
  return isForOthers(path) ? 3 : isForOtherCards(path) ? 2 : 1;
}

/**
 * The sets of files with which comments in a Compose file say to use it, as `docker compose -f a.yml -f b.yml up`:
 * those with this file and other `paths`.
 */
function togetherIn(text: string, path: string, paths: string[]): string[][] {
  // a backslash at the end of a line continues the command in the next comment
  const lines = text.replace(/\\[ \t]*\r?\n[ \t]*#/g, " ").split("\n");
  const commands = lines.filter((line) => /^\s*#/.test(line)).flatMap((line) => line.split(/;|&&|\|/));
  const named = commands.map((command) => [
    ...new Set(
      [...command.matchAll(/(?<=\s)(?:-f[ =]?|--file[ =])\s*["']?([\w./-]+\.ya?ml)/g)].map(([, file]) =>
        join(dirname(path), basename(file!))
      ),
    ),
  ]);
  return named.filter((files) => files.length > 1 && files.includes(path) && files.every((one) => paths.includes(one)));
}

/** The most folders that are looked into. */
const most = 40;

/**
 * The message about a folder in which Compose finds no file: the other Compose files in it and below.
 * `names`: what the folder has.
 */
export async function noComposeFile(shell: Shell, folder: string, names: string[]): Promise<string> {
  if (names.length === 0) return await noFolder(shell, folder);
  const own = names.filter(isComposeFile);
  const listed = async (folders: string[]) =>
    (await Promise.all(
      folders.slice(0, most).map(async (one) => (await shell.list(join(folder, one))).map((name) => `${one}/${name}`)),
    )).flat();
  const isFile = (path: string) => isComposeFile(basename(path));
  const below = own.length > 0 ? [] : await listed(names.filter((name) => !/\.|^node_modules$/.test(name)));
  const deeper = own.length > 0 || below.some(isFile)
    ? []
    : await listed(below.filter((path) => /\/(docker|compose|deploy(ment)?)$/.test(path)));
  const paths = [...own, ...below.filter(isFile), ...deeper.filter(isFile)].slice(0, most);
  const ranked = await Promise.all(paths.map(async (path) => {
    const text = await shell.read(join(folder, path)).catch(() => undefined);
    return { path, rank: rank(path, text ?? ""), together: togetherIn(text ?? "", path, paths) };
  }));
  ranked.sort((a, b) =>
    a.rank - b.rank || (a.rank === 0.5 ? a.path.length - b.path.length : 0) || (a.path < b.path ? -1 : 1)
  );
  const others = ranked.map(({ path }) => path);
  // a set with a file for another system, for development or for other cards is not proposed
  const fits = (files: string[]) => !files.some((one) => isForOthers(one) || isForOtherCards(one));
  const together = ranked.flatMap((one) => one.together).find((files) => fits(files) && files.some(isForNvidia)) ??
    ranked[0]?.together.find(fits);
  const first = together?.join(":") ?? others[0];
  const shown = others.length > 6 ? [...others.slice(0, 6), `${others.length - 6} more`] : others;
  return first === undefined
    ? `${folder} has no Compose file: ${composeFileNames.join(", ")}`
    : `${folder} has no Compose file of a default name, but ${joinList(shown)}: write, for example, ` +
      `COMPOSE_FILE=${first} into ${join(folder, ".env")}`;
}

/** What is wrong with the folder of a Compose project, in which no name was found. */
async function noFolder(shell: Shell, path: string): Promise<string> {
  if (await shell.fingerprint(path) === undefined) return `there is no folder ${path}`;
  // a folder has no text
  const isFile = await shell.read(path).then((text) => text !== undefined, () => false);
  return isFile ? `${path} is a file: write the folder that it is in` : `the folder ${path} is empty`;
}
