/** What a folder without a Compose file of a default name has instead. */
import { join } from "node:path";
import type { Shell } from "../shell.mts";
import { joinList } from "../text.mts";
import { composeFileNames } from "./project.mts";

const isComposeFile = (name: string) => /compose[^/]*\.ya?ml$|^(docker-)?stack[^/]*\.ya?ml$/i.test(name);

/** The most folders that are looked into. */
const most = 40;

/**
 * The message about a folder in which Compose finds no file: the other Compose files in it and one level below.
 * `names`: what the folder has.
 */
export async function noComposeFile(shell: Shell, folder: string, names: string[]): Promise<string> {
  const own = names.filter(isComposeFile).sort();
  const folders = names.filter((name) => !name.includes(".") && name !== "node_modules").slice(0, most);
  const below = own.length > 0 ? [] : await Promise.all(
    folders.map(async (name) =>
      (await shell.list(join(folder, name))).filter(isComposeFile).map((one) => `${name}/${one}`)
    ),
  );
  const others = [...own, ...below.flat().sort()];
  const [first] = others;
  const listed = others.length > 6 ? [...others.slice(0, 6), `${others.length - 6} more`] : others;
  return first === undefined
    ? `${folder} has no Compose file: ${composeFileNames.join(", ")}`
    : `${folder} has no Compose file of a default name, but ${joinList(listed)}: write, for example, ` +
      `COMPOSE_FILE=${first} into ${join(folder, ".env")}`;
}
