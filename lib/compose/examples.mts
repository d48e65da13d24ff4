/** Files of a project that are examples of files that it needs, such as `.env.example`. */
import { basename, dirname, join } from "node:path/posix";
import type { ProjectReads } from "./project-reads.mts";
import type { ComposeProject } from "./types.mts";
import { dotEnv } from "./variables.mts";

/** The files of a folder that look like an example of `.env`, with the variables that each gives a value. */
export async function readEnvExamples(
  reads: ProjectReads,
  folder: string,
  names: string[],
): Promise<NonNullable<ComposeProject["envExamples"]>> {
  const own = await readAll(reads, folder, names.filter((name) => /^(dot)?\.?env[._(-]|\.env$/i.test(name)).sort());
  if (own.length > 0) return own;
  // some projects keep them in a folder
  const folders = names.filter((name) => /^(\.?(envs|config|docker|examples?)|env)$/.test(name));
  const below = await Promise.all(
    folders.map(async (one) =>
      (await reads.list(join(folder, one))).filter((name) => exampleOf(".env", [name])).map((name) => `${one}/${name}`)
    ),
  );
  return await readAll(reads, folder, below.flat().sort());
}

/** The files among some names, with their variables: `env_templates` may be a folder. */
async function readAll(reads: ProjectReads, folder: string, files: string[]) {
  const read = await Promise.all(
    files.slice(0, 10).map(async (file) => {
      const text = await reads.read(join(folder, file));
      const values = dotEnv(text ?? "");
      const names = Object.keys(values).filter((name) => values[name] !== "");
      // an env file that SOPS encrypted (getsops/sops, README: ENC[AES256_GCM,…]; read 2026-11-28)
      const encrypted = /=["']?ENC\[AES256_GCM,/.test(text ?? "") ? { encrypted: true as const } : {};
      return text === undefined ? [] : [{ file, names, ...encrypted }];
    }),
  );
  return read.flat();
}

/** Words in the names of examples. */
const words = /[._-]?(example|sample|template|default|dist|tmpl)s?(?=$|[._-])/i;

/**
 * The name in a folder that looks like an example of a file: `config.json.example`, `config.example.json`,
 * `sample.config.json`. For an env file also `dot.env.example` and `sample.env`. Undefined if there is none.
 */
export function exampleOf(name: string, names: string[]): string | undefined {
  const plain = (one: string) => one.toLowerCase().replace(/[._-]/g, "");
  const found = names.filter((one) => words.test(one) && plain(one.replace(words, "")) === plain(name)).sort();
  const env = name.endsWith(".env")
    ? names.filter((one) => words.test(one) && /^(dot)?env$/.test(plain(one.replace(words, ""))))
    : [];
  return found[0] ?? env.sort()[0];
}

/** Examples of missing files, by their paths; relative to the project's folder. */
export async function readExamples(
  reads: ProjectReads,
  folder: string,
  missing: string[],
): Promise<Record<string, string>> {
  const folders = [...new Set(missing.map((path) => dirname(path)))];
  const listed = new Map(await Promise.all(folders.map(async (one) => [one, await reads.list(one)] as const)));
  // folders of examples, such as env_templates
  const ofExamples = missing.length === 0 ? [] : (await reads.list(folder)).filter((name) => words.test(name)).sort();
  const inside = await Promise.all(
    ofExamples.map(async (one) => ({ one, names: await reads.list(join(folder, one)) })),
  );
  return Object.fromEntries(missing.flatMap((path) => {
    const name = basename(path);
    const beside = listed.get(dirname(path)) ?? [];
    const found = exampleOf(name, beside);
    // the example of .env is for another env file only where the project has no .env
    const isTaken = name !== ".env" && found !== undefined && found === exampleOf(".env", beside) &&
      (beside.includes(".env") || missing.includes(join(dirname(path), ".env")));
    const example = isTaken ? undefined : found;
    if (example !== undefined) return [[path, join(dirname(path), example).slice(folder.length + 1)]];
    const [other] = inside.flatMap(({ one, names }) => {
      const own = names.includes(name) ? name : exampleOf(name, names);
      return own === undefined ? [] : [join(one, own)];
    });
    return other === undefined ? [] : [[path, other]];
  }));
}
