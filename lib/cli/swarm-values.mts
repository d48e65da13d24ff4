/** Reads what the services of a Swarm take from outside of the config: `.env`, env files, and this environment. */
import process from "node:process";
import { resolve } from "node:path";
import type { Swarm } from "../config/types.mts";
import { configErrorAt, type Flaw } from "../config/parse.mts";
import { inlineVariables } from "../compose/inline.mts";
import { filledService } from "../compose/swarm-values.mts";
import { dotEnv } from "../compose/variables.mts";
import { hereOf, type Shell } from "../shell.mts";
import type { LoadedConfig } from "./load-config.mts";

/**
 * The Swarm of a config, with the values of its services; undefined without one. Throws ConfigError that names every
 * variable without a value and every env file that is missing.
 */
export async function readSwarm(
  there: Shell,
  { config: { swarm }, text, name, home }: Pick<LoadedConfig, "config" | "text" | "name" | "home">,
): Promise<Swarm | undefined> {
  if (!swarm || swarm.services.length === 0) return swarm;
  const shell = hereOf(there);
  const values = { ...dotEnv(await shell.read(`${home}/.env`) ?? ""), ...process.env };
  const flaws: Flaw[] = [];
  const all = await Promise.all(swarm.services.map(async (service) => {
    const path = `services.${service.name}`;
    const texts = await Promise.all(
      inlineVariables([service]).envFiles.map(async ({ file, required }) => {
        const text = await shell.read(resolve(home, file));
        if (text === undefined && required) {
          flaws.push({ path, message: `service ${service.name}: there is no file ${resolve(home, file)}` });
        }
        return text ?? "";
      }),
    );
    const filled = filledService(service, values, texts);
    for (const one of filled.missing) {
      flaws.push({
        path,
        message: `service ${service.name}: ${one.name} has no value: ${
          one.required ?? "neither .env nor the environment of this command sets it"
        }`,
      });
    }
    return filled;
  }));
  if (flaws.length > 0) throw configErrorAt(text, name, flaws);
  return {
    ...swarm,
    services: all.map(({ service }) => service),
    ...(all.some(({ filled }) => filled) ? { filled: true as const } : {}),
  };
}
