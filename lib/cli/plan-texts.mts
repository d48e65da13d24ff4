import type { Config } from "../config/types.mts";
import { allTexts, asset } from "../plan/assets.mts";
import type { Texts } from "../plan/box.mts";
import { UserError } from "../errors.mts";
import { hereOf } from "../shell.mts";
import type { Context } from "./context.mts";

/** Every text that a plan may need: templates, scripts, the user's own scripts. */
export async function readTexts(context: Context, config: Config): Promise<Texts> {
  const shell = hereOf(context.shell);
  const own = [...new Set(config.machines.flatMap(({ provision }) => provision))];
  const files = config.machines.flatMap(({ image }) => (image?.kind === "file" ? [image.file] : []));
  const texts: Texts = await allTexts((name) => asset(shell, name));
  await Promise.all([
    ...own.map(async (path) => {
      const text = await shell.read(path);
      if (text === undefined) throw new UserError(`provision: there is no file ${path}`);
      texts[path] = text;
    }),
    ...files.map(async (path) => {
      const stamp = await shell.fingerprint(path);
      if (stamp === undefined) throw new UserError(`image: there is no file ${path}`);
      texts[path] = stamp;
    }),
  ]);
  return texts;
}
