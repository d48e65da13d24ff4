/** The stack that a new config gets: the Compose project of a folder. */
import { basename, dirname, relative, resolve } from "node:path";
import { projectName } from "../config/raw.mts";
import { composeFilesOf } from "../compose/project.mts";
import { noComposeFile } from "../compose/no-compose-file.mts";
import { dotEnv } from "../compose/variables.mts";
import { inlineProject } from "../plan/stacks.mts";
import { UserError } from "../errors.mts";
import type { Shell } from "../shell.mts";
import { homeDir } from "../text.mts";

/** A stack of a new config. */
export interface StarterStack {
  /** Relative to the folder of the config, or absolute. */
  path: string;
  name: string;
}

/**
 * The stack for a new config in `home`: the project in `folder`, or the one in `home` if no folder is given. Undefined
 * if that has none. A home folder and / are never a project. Throws UserError if the given folder has no Compose file.
 */
export async function starterStack(shell: Shell, home: string, folder?: string): Promise<StarterStack | undefined> {
  const path = resolve(folder ?? home);
  if (folder === undefined && (path === resolve(homeDir()) || path === dirname(path))) return undefined;
  const names = await shell.list(path);
  const env = names.includes(".env") ? dotEnv(await shell.read(`${path}/.env`) ?? "") : {};
  // .env may name Compose files for something else
  const found = composeFilesOf(names, env).length > 0 && (folder !== undefined || composeFilesOf(names, {}).length > 0);
  if (!found) {
    if (folder === undefined) return undefined;
    throw new UserError(await noComposeFile(shell, folder, names), 2);
  }
  const own = projectName(basename(path));
  const from = relative(resolve(home), path).replaceAll("\\", "/");
  return {
    path: from === "" ? "." : /^(\.\.|\/|[A-Za-z]:)/.test(from) ? from : `./${from}`,
    name: own === "" || own === inlineProject ? "stack" : own,
  };
}
